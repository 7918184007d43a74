package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type executionCmd struct {
	List   executionListCmd   `cmd:"" help:"List executions, the latest first."`
	Show   executionShowCmd   `cmd:"" help:"Show one execution with its tasks and its output."`
	Delete executionDeleteCmd `cmd:"" help:"Delete finished executions and their sub-executions."`
	Prune  executionPruneCmd  `cmd:"" help:"Delete all executions that ended long ago."`
}

type executionListCmd struct {
	Limit int  `default:"50" help:"Show at most so many."`
	JSON  bool `name:"json" help:"Print one JSON document."`
	storeFlag
}

// Run lists executions.
func (c *executionListCmd) Run(ctx context.Context, a *app) (err error) {
	table, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing(table, &err)
	records := store.NewRecords(table)
	heads, _, err := records.Executions(ctx, c.Limit, "")
	if err != nil {
		return err
	}
	if c.JSON {
		list := make([]any, len(heads))
		for i, h := range heads {
			list[i] = value.MapOf("id", h.ID, "workflow", h.Workflow, "state", h.State, "state_info", nullable(h.StateInfo),
				"created_at", stamp(h.CreatedAt), "updated_at", stamp(h.UpdatedAt))
		}
		return a.printJSON(list)
	}
	t := newTable("ID", "WORKFLOW", "STATE", "CREATED")
	for _, h := range heads {
		t.row(h.ID, h.Workflow, h.State, h.CreatedAt.Local().Format(time.DateTime))
	}
	return t.print(a.out)
}

type executionShowCmd struct {
	ID   string `arg:"" help:"The execution's id."`
	JSON bool   `name:"json" help:"Print one JSON document."`
	storeFlag
}

// Run shows an execution.
func (c *executionShowCmd) Run(ctx context.Context, a *app) (err error) {
	table, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing(table, &err)
	records := store.NewRecords(table)
	head, err := records.Execution(ctx, c.ID)
	if err != nil {
		return unknownExecution(err, table, c.ID)
	}
	return a.showExecution(ctx, records, head, c.JSON)
}

// unknownExecution says where an execution was looked for, if that is the error.
func unknownExecution(err error, table *embedded.Table, id string) error {
	if errors.Is(err, store.ErrNoExecution) {
		return fmt.Errorf("the store %s has no execution %s (see sirocco execution list)", table.Path(), id)
	}
	return err
}

// showExecution prints an execution: the document with --json, else tables.
func (a *app) showExecution(ctx context.Context, records *store.Records, head *store.Execution, asJSON bool) error {
	doc, err := document(ctx, records, head)
	if err != nil {
		return err
	}
	if asJSON {
		return a.printJSON(doc)
	}
	fmt.Fprintf(a.out, "%s  %s  %s\n", head.Workflow, head.ID, head.State)
	info := ""
	if head.StateInfo != nil && *head.StateInfo != "" {
		info = *head.StateInfo
		fmt.Fprintf(a.out, "\n%s\n", printable(strings.TrimSpace(info)))
	}
	tasks, _ := doc.Get("tasks")
	if list, _ := tasks.([]any); len(list) > 0 {
		fmt.Fprintln(a.out)
		if err := taskTable(list).print(a.out); err != nil {
			return err
		}
	}
	output, _ := doc.Get("output")
	m, _ := output.(*value.Map)
	if result, _ := m.Get("result"); head.State == engine.Error && result == info {
		m = value.Clone(m).(*value.Map) // it has been printed
		m.Delete("result")
	}
	return a.printOutput(m)
}

func taskTable(list []any) *table {
	t := newTable("TASK", "STATE", "STARTED", "TOOK")
	for _, e := range list {
		m := e.(*value.Map)
		name, _ := m.Get("name")
		state, _ := m.Get("state")
		from, to := timeOf(m, "started_at"), timeOf(m, "finished_at")
		took := ""
		if !from.IsZero() && !to.IsZero() {
			took = to.Sub(from).Round(time.Millisecond).String()
		}
		t.row(name.(string), state.(string), from.Local().Format(time.TimeOnly), took)
	}
	return t
}

func timeOf(m *value.Map, key string) time.Time {
	v, _ := m.Get(key)
	s, _ := v.(string)
	t, _ := time.Parse(time.RFC3339Nano, s)
	return t
}

// document is an execution as `run --json` prints it.
func document(ctx context.Context, records *store.Records, head *store.Execution) (*value.Map, error) {
	tasks, err := records.Tasks(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	list := make([]any, len(tasks))
	for i, t := range tasks {
		result, err := records.TaskResult(ctx, t)
		if err != nil {
			return nil, err
		}
		list[i] = value.MapOf("name", t.Name, "state", t.State, "state_info", nullable(t.StateInfo),
			"published", t.PublishedValue(), "result", result, "started_at", stamp(t.StartedAt), "finished_at", stamp(t.FinishedAt))
	}
	output, err := records.OutputOf(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	return value.MapOf("id", head.ID, "workflow", head.Workflow, "state", head.State, "state_info", nullable(head.StateInfo),
		"output", output, "tasks", list), nil
}

func nullable(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

// stamp is RFC 3339 in UTC, or null for no time.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}
