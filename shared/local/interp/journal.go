package interp

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Change puts a record under a key of an execution, or deletes it if Value is
// nil. Keys are printable ASCII.
type Change struct {
	Key   string
	Value []byte
}

// Journal keeps the records of executions. Records are small (a frame's state,
// an item's result, a run of history events), and each save has only those that
// changed. An implementation must apply the changes of one Save together or not
// at all; the interpreter has one Save of an execution under way at a time.
type Journal interface {
	// Save applies changes, in order, to the records of an execution.
	Save(ctx context.Context, execution string, changes []Change) error
	// Load returns the records of an execution whose keys begin with prefix,
	// by key. An execution without records gives none, and no error.
	Load(ctx context.Context, execution, prefix string) ([]Change, error)
	// List returns the names of the executions that have records, sorted.
	List(ctx context.Context) ([]string, error)
}

// MemoryJournal is a [Journal] in memory.
type MemoryJournal struct {
	mu   sync.Mutex
	runs map[string]map[string][]byte
}

var _ Journal = (*MemoryJournal)(nil)

// NewMemoryJournal returns an empty journal.
func NewMemoryJournal() *MemoryJournal {
	return &MemoryJournal{runs: map[string]map[string][]byte{}}
}

// Save implements [Journal].
func (j *MemoryJournal) Save(_ context.Context, execution string, changes []Change) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	records := j.runs[execution]
	if records == nil {
		records = make(map[string][]byte, len(changes))
		j.runs[execution] = records
	}
	for _, c := range changes {
		if c.Value == nil {
			delete(records, c.Key)
		} else {
			records[c.Key] = c.Value
		}
	}
	if len(records) == 0 {
		delete(j.runs, execution)
	}
	return nil
}

// Load implements [Journal].
func (j *MemoryJournal) Load(_ context.Context, execution, prefix string) ([]Change, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Change
	for k, v := range j.runs[execution] {
		if strings.HasPrefix(k, prefix) {
			out = append(out, Change{Key: k, Value: v})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}

// List implements [Journal].
func (j *MemoryJournal) List(context.Context) ([]string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	names := make([]string, 0, len(j.runs))
	for n := range j.runs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, nil
}
