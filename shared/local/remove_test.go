package local_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// ledger is a table that knows all keys that were ever written.
type ledger struct {
	store.Table
	mu   sync.Mutex
	keys []store.Key
}

// Write implements [store.Table].
func (l *ledger) Write(ctx context.Context, writes ...store.Write) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range writes {
		l.keys = append(l.keys, w.Item.Key)
	}
	return l.Table.Write(ctx, writes...)
}

// TestRemove removes executions with sub-workflows, of both forms, cut off at
// every write and done again: nothing is left but the definitions, and what was
// not to be removed is whole.
func TestRemove(t *testing.T) {
	ctx := t.Context()
	for cut := 1; ; cut++ {
		s := newSimulation(t)
		table := &ledger{Table: s.table}
		s.table = table
		for _, text := range killable {
			s.actions = process{&cloud{made: map[string]int{}, tries: map[string]int{}}, &mortal{Table: table}, s.std()}
			for head, r := s.run(text); head.State == engine.Paused; {
				var err error
				if head, err = r.Resume(ctx, head.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		s.actions = nil
		gone := len(table.keys)
		kept, _ := s.run(killableKept)
		records := store.NewRecords(table)
		trees, err := local.Trees(ctx, records)
		if err != nil || len(trees) != len(killable)+1 || trees[0].Root.ID != kept.ID || len(trees[1].Subs) == 0 {
			t.Fatalf("%d trees, %v", len(trees), err)
		}
		killed := &mortal{Table: table, left: cut, done: cut%2 == 0}
		err = local.Remove(ctx, killed, trees[1:])
		if killed.dead != errors.Is(err, errKilled) || !killed.dead && err != nil {
			t.Fatal(err)
		}
		if trees, err = local.Trees(ctx, records); err != nil {
			t.Fatal(err)
		}
		if err := local.Remove(ctx, table, trees[1:]); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, table, gone)
		if !killed.dead {
			break
		}
	}
}

const killableKept = `
version: '2.0'
kept:
  tasks:
    one: {action: std.noop, on-success: three}
    two: {action: std.noop, on-success: three}
    three: {action: std.noop}
`

// wantKeys checks that of the first keys only definitions are left, and all
// that were live of the others.
func wantKeys(t *testing.T, table *ledger, gone int) {
	t.Helper()
	for i, key := range table.keys {
		_, err := table.Get(t.Context(), key)
		if i < gone && !strings.HasPrefix(key.PK, "def#") && !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%v is left (%v)", key, err)
		}
	}
	heads, _, err := store.NewRecords(table).Executions(t.Context(), 0, "")
	if err != nil || len(heads) != 1 {
		t.Fatalf("%d executions are left, %v", len(heads), err)
	}
	for _, key := range table.keys[gone:] {
		if strings.HasPrefix(key.PK, "x#"+heads[0].ID) {
			if _, err := table.Get(t.Context(), key); err != nil {
				t.Fatalf("%v: %v", key, err)
			}
		}
	}
}
