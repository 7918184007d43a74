package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

type executionDeleteCmd struct {
	IDs    []string `arg:"" name:"id" help:"Ids of finished executions."`
	DryRun bool     `help:"Only say what would be deleted."`
	storeFlag
}

// Run deletes executions.
func (c *executionDeleteCmd) Run(ctx context.Context, a *app) (err error) {
	table, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing(table, &err)
	records := store.NewRecords(table)
	trees, err := local.Trees(ctx, records)
	if err != nil {
		return err
	}
	byID := map[string]local.Tree{}
	for _, t := range trees {
		byID[t.Root.ID] = t
	}
	var chosen []local.Tree
	for _, id := range c.IDs {
		head, err := records.Execution(ctx, id)
		if err != nil {
			return unknownExecution(err, table, id)
		}
		if head.Root != "" {
			return usage("execution %s is a sub-workflow of %s: delete that", id, head.Root)
		}
		if !head.Finished {
			return usage("execution %s is %s: only finished ones can be deleted (sirocco run --resume %s goes on with it)", id, head.State, id)
		}
		if t, ok := byID[id]; ok {
			chosen = append(chosen, t)
			delete(byID, id) // named twice is once
		}
	}
	return a.remove(ctx, table, chosen, c.DryRun)
}

type executionPruneCmd struct {
	OlderThan age  `required:"" help:"Only those that ended so long ago, like 90m, 12h or 30d." placeholder:"DURATION"`
	DryRun    bool `help:"Only say what would be deleted."`
	storeFlag
}

// Run deletes the executions that ended long ago.
func (c *executionPruneCmd) Run(ctx context.Context, a *app) (err error) {
	table, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing(table, &err)
	trees, err := local.Trees(ctx, store.NewRecords(table))
	if err != nil {
		return err
	}
	before := time.Now().Add(-time.Duration(c.OlderThan))
	var chosen []local.Tree
	for _, t := range trees {
		if t.Root.Finished && !t.Root.UpdatedAt.After(before) {
			chosen = append(chosen, t)
		}
	}
	return a.remove(ctx, table, chosen, c.DryRun)
}

// remove removes executions and says which.
func (a *app) remove(ctx context.Context, table store.Table, trees []local.Tree, dryRun bool) error {
	verb, subs := "deleted", 0
	if dryRun {
		verb = "would be deleted"
	} else if err := local.Remove(ctx, table, trees); err != nil {
		return err
	}
	t := newTable("ID", "WORKFLOW", "STATE", "CREATED")
	for _, x := range trees {
		subs += len(x.Subs)
		t.row(x.Root.ID, x.Root.Workflow, x.Root.State, x.Root.CreatedAt.Local().Format(time.DateTime))
	}
	if len(trees) > 0 {
		if err := t.print(a.out); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	with := ""
	if subs > 0 {
		with = ", with " + count(subs, "sub-execution")
	}
	fmt.Fprintf(a.out, "%s %s%s\n", count(len(trees), "execution"), verb, with)
	return nil
}

// age is a duration that may be in days.
type age time.Duration

// UnmarshalText implements [encoding.TextUnmarshaler].
func (a *age) UnmarshalText(text []byte) error {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * 24 * float64(time.Hour))
	} else {
		d, err = time.ParseDuration(string(text))
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration: write it like 90m, 12h or 30d", text)
	}
	*a = age(d)
	return nil
}
