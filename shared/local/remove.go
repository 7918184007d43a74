package local

import (
	"context"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/local/interp"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Tree is an execution that no other one started, and its sub-workflows'.
type Tree struct {
	Root *store.Execution
	Subs []*store.Execution
}

// Trees returns all executions that a table holds, the latest first.
func Trees(ctx context.Context, records *store.Records) ([]Tree, error) {
	var roots []Tree
	subs := map[string][]*store.Execution{}
	for cursor := ""; ; {
		heads, next, err := records.Executions(ctx, store.MaxLimit, cursor)
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			if h.Root == "" {
				roots = append(roots, Tree{Root: h})
			} else {
				subs[h.Root] = append(subs[h.Root], h)
			}
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	for i := range roots {
		roots[i].Subs = subs[roots[i].Root.ID]
	}
	return roots, nil
}

// Remove removes executions with all that is kept of them, those of
// sub-workflows first, and what is left of earlier removals that were cut off.
// Definitions stay, because other executions run them too.
func Remove(ctx context.Context, table store.Table, trees []Tree) error {
	records := store.NewRecords(table)
	for _, t := range trees {
		for _, x := range append(slices.Clone(t.Subs), t.Root) {
			if err := records.Delete(ctx, x.ID); err != nil {
				return err
			}
		}
	}
	return sweep(ctx, newJournal(table), records)
}

// sweep removes the interpreter's state of executions that have no record any
// more, and of the threads that these had started.
func sweep(ctx context.Context, j *journal, records *store.Records) error {
	names, err := j.List(ctx)
	if err != nil {
		return err
	}
	starters := map[string]string{}
	for _, name := range names {
		if starters[name], err = interp.StartedBy(ctx, j, name); err != nil {
			return err
		}
		j.release(name)
	}
	known := map[string]bool{}
	for _, name := range names {
		ok, err := recorded(ctx, records, starters, name, known)
		if err != nil {
			return err
		}
		if !ok {
			if err := j.remove(ctx, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// recorded reports whether an execution, or the first above it that is one of a
// workflow, has a record.
func recorded(ctx context.Context, records *store.Records, starters map[string]string, name string, known map[string]bool) (bool, error) {
	if ok, seen := known[name]; seen {
		return ok, nil
	}
	head := &store.Execution{ID: name}
	if err := records.Load(ctx, head); err != nil {
		return false, err
	}
	ok := head.Version > 0
	if by := starters[name]; !ok && by != "" {
		var err error
		if ok, err = recorded(ctx, records, starters, by, known); err != nil {
			return false, err
		}
	}
	known[name] = ok
	return ok, nil
}
