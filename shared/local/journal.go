package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/sirocco-workflows/sirocco/shared/local/interp"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// journal keeps the interpreter's state in the table: each save is one item, so
// that it is all there or not at all, however many frames it touches. When an
// execution has many of them they are replaced by one item with what counts.
type journal struct {
	table store.Table

	mu   sync.Mutex
	logs map[string]*journalLog
}

// journalLog is what is known of one execution's items.
type journalLog struct {
	mu   sync.Mutex
	live map[string][]byte // the records as they are after all items
	next int               // number of the next item
	old  int               // number of the first item that is still there
}

// compactAfter is how many items an execution has before they are replaced by
// one. They must fit in one write with it.
const compactAfter = 64

var _ interp.Journal = (*journal)(nil)

func newJournal(table store.Table) *journal {
	return &journal{table: table, logs: map[string]*journalLog{}}
}

const journalIndex = "journal"

func journalKey(execution string, n int) store.Key {
	return store.Key{PK: journalPK(execution), SK: fmt.Sprintf("%08d", n)}
}

func journalPK(execution string) string { return "j#" + execution }

// entry is the body of an item. A full one starts over.
type entry struct {
	Full    bool            `json:"full,omitempty"`
	Changes []interp.Change `json:"changes"`
}

// Save implements [interp.Journal].
func (j *journal) Save(ctx context.Context, execution string, changes []interp.Change) error {
	log, err := j.log(ctx, execution)
	if err != nil {
		return err
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	for _, c := range changes {
		if c.Value == nil {
			delete(log.live, c.Key)
		} else {
			log.live[c.Key] = c.Value
		}
	}
	e := entry{Changes: changes}
	var writes []store.Write
	if log.next-log.old >= compactAfter {
		e = entry{Full: true, Changes: sorted(log.live, "")}
		for n := log.old; n < log.next; n++ {
			writes = append(writes, store.Delete(journalKey(execution, n), store.Always()))
		}
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	item := store.Item{Key: journalKey(execution, log.next), Body: body}
	if log.next == 0 || e.Full {
		item.Index = store.Index{PK: journalIndex, SK: execution}
	}
	ctx = store.WithDurability(ctx, store.Relaxed) // the engine answers again what is lost
	if err := j.table.Write(ctx, append(writes, store.Put(item, store.IfAbsent()))...); err != nil {
		j.forget(execution)
		return err
	}
	if e.Full {
		log.old = log.next
	}
	log.next++
	return nil
}

// forget drops what is known of an execution, so that it is read again.
func (j *journal) forget(execution string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.logs, execution)
}

func (j *journal) log(ctx context.Context, execution string) (*journalLog, error) {
	j.mu.Lock()
	log := j.logs[execution]
	j.mu.Unlock()
	if log != nil {
		return log, nil
	}
	log, err := j.read(ctx, execution)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if known := j.logs[execution]; known != nil {
		return known, nil
	}
	j.logs[execution] = log
	return log, nil
}

func (j *journal) read(ctx context.Context, execution string) (*journalLog, error) {
	log := &journalLog{live: map[string][]byte{}}
	first := true
	for item, err := range store.All(ctx, j.table, store.Query{PK: journalPK(execution)}) {
		if err != nil {
			return nil, err
		}
		var n int
		if _, err := fmt.Sscanf(item.SK, "%d", &n); err != nil {
			return nil, fmt.Errorf("journal of %s: %q is no number", execution, item.SK)
		}
		if first {
			log.old, first = n, false
		}
		log.next = n + 1
		if err := log.apply(item.Body); err != nil {
			return nil, fmt.Errorf("journal of %s, item %d: %w", execution, n, err)
		}
	}
	return log, nil
}

func (l *journalLog) apply(body []byte) error {
	var e entry
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	if e.Full {
		clear(l.live)
	}
	for _, c := range e.Changes {
		if c.Value == nil {
			delete(l.live, c.Key)
		} else {
			l.live[c.Key] = c.Value
		}
	}
	return nil
}

// Load implements [interp.Journal].
func (j *journal) Load(ctx context.Context, execution, prefix string) ([]interp.Change, error) {
	log, err := j.log(ctx, execution)
	if err != nil {
		return nil, err
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	return sorted(log.live, prefix), nil
}

func sorted(live map[string][]byte, prefix string) []interp.Change {
	var out []interp.Change
	for k, v := range live {
		if strings.HasPrefix(k, prefix) {
			out = append(out, interp.Change{Key: k, Value: v})
		}
	}
	slices.SortFunc(out, func(a, b interp.Change) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// List implements [interp.Journal].
func (j *journal) List(ctx context.Context) ([]string, error) {
	var names []string
	for item, err := range store.All(ctx, j.table, store.Query{PK: journalIndex, Index: true}) {
		if err != nil {
			return nil, err
		}
		names = append(names, strings.TrimPrefix(item.PK, journalPK("")))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// remove removes all that is kept of an execution.
func (j *journal) remove(ctx context.Context, execution string) error {
	var writes []store.Write
	for item, err := range store.All(ctx, j.table, store.Query{PK: journalPK(execution)}) {
		if err != nil {
			return err
		}
		writes = append(writes, store.Delete(item.Key, store.Always()))
	}
	slices.Reverse(writes) // the first is the one by which it is found
	for batch := range slices.Chunk(writes, store.MaxWrites) {
		if err := j.table.Write(ctx, batch...); err != nil {
			return err
		}
	}
	return nil
}

// release drops the memory that an ended execution takes.
func (j *journal) release(execution string) { j.forget(execution) }

var errNoMachines = errors.New("the store has no definitions of this execution")
