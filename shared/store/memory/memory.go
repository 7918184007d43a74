// Package memory is a store.Table in maps, for tests: nothing is kept when the
// process ends, and a query sorts the whole table.
package memory

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Table is a table in memory. Make it with [New].
type Table struct {
	now   func() time.Time
	mu    sync.RWMutex
	items map[store.Key]store.Item
}

var _ store.Table = (*Table)(nil)

// New returns an empty table. now is the clock that items expire by; nil is
// the system's.
func New(now func() time.Time) *Table {
	if now == nil {
		now = time.Now
	}
	return &Table{now: now, items: map[store.Key]store.Item{}}
}

// Get implements [store.Table].
func (t *Table) Get(ctx context.Context, key store.Key) (store.Item, error) {
	return store.One(t.BatchGet(ctx, []store.Key{key}))
}

// BatchGet implements [store.Table].
func (t *Table) BatchGet(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	keys, err := store.CheckKeys(keys...)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var out []store.Item
	for _, k := range keys {
		if item, ok := t.live(k); ok {
			out = append(out, clone(item))
		}
	}
	return out, nil
}

// Query implements [store.Table].
func (t *Table) Query(ctx context.Context, q store.Query) (store.Page, error) {
	q, after, err := q.Check()
	if err != nil {
		return store.Page{}, err
	}
	if err := ctx.Err(); err != nil {
		return store.Page{}, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	var page store.Page
	size := 0
	for _, item := range t.matching(q, after) {
		if len(page.Items) == q.Limit || size > store.PageBytes {
			last := page.Items[len(page.Items)-1]
			page.Cursor = q.EncodeCursor(q.PositionOf(last))
			break
		}
		page.Items = append(page.Items, clone(item))
		size += len(item.Body)
	}
	return page, nil
}

// matching returns the query's items behind the position, in order.
func (t *Table) matching(q store.Query, after *store.Position) []store.Item {
	var out []store.Item
	for k := range t.items {
		item, ok := t.live(k)
		if !ok || !matches(q, item) {
			continue
		}
		if after == nil || compare(q, q.PositionOf(item), *after) > 0 {
			out = append(out, item)
		}
	}
	slices.SortFunc(out, func(a, b store.Item) int {
		return compare(q, q.PositionOf(a), q.PositionOf(b))
	})
	return out
}

func matches(q store.Query, item store.Item) bool {
	pk, sk := item.PK, item.SK
	if q.Index {
		pk, sk = item.Index.PK, item.Index.SK
	}
	return pk == q.PK && strings.HasPrefix(sk, q.SKPrefix)
}

// compare orders positions as the query meets them.
func compare(q store.Query, a, b store.Position) int {
	c := strings.Compare(a.Index.SK, b.Index.SK)
	if c == 0 {
		c = strings.Compare(a.Key.PK, b.Key.PK)
	}
	if c == 0 {
		c = strings.Compare(a.Key.SK, b.Key.SK)
	}
	if q.Descending {
		return -c
	}
	return c
}

// Write implements [store.Table].
func (t *Table) Write(ctx context.Context, writes ...store.Write) error {
	if err := store.CheckWrites(writes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, w := range writes {
		item, _ := t.live(w.Item.Key)
		if !w.Cond.Holds(item.Version) {
			return &store.ConflictError{Key: w.Item.Key, At: i, Cond: w.Cond}
		}
	}
	for _, w := range writes {
		switch w.Op {
		case store.OpPut:
			item := clone(w.Item)
			old, _ := t.live(item.Key)
			item.Version = old.Version + 1
			item.Expires = store.ExpiresAt(item.ExpiresUnix())
			t.items[item.Key] = item
		case store.OpDelete:
			delete(t.items, w.Item.Key)
		}
	}
	return nil
}

// live returns an item that has not expired.
func (t *Table) live(key store.Key) (store.Item, bool) {
	item, ok := t.items[key]
	if !ok || store.Expired(item.ExpiresUnix(), t.now()) {
		return store.Item{}, false
	}
	return item, true
}

func clone(item store.Item) store.Item {
	item.Body = bytes.Clone(item.Body)
	if len(item.Body) == 0 {
		item.Body = nil
	}
	return item
}
