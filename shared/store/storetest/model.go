package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// model is the contract as a map.
type model map[store.Key]store.Item

// write does what Table.Write does; the result is the position of the first
// condition that does not hold, or -1.
func (m model) write(writes []store.Write) int {
	for i, w := range writes {
		if !w.Cond.Holds(m[w.Item.Key].Version) {
			return i
		}
	}
	for _, w := range writes {
		switch w.Op {
		case store.OpPut:
			w.Item.Version = m[w.Item.Key].Version + 1
			m[w.Item.Key] = w.Item
		case store.OpDelete:
			delete(m, w.Item.Key)
		}
	}
	return -1
}

// query returns all items of a query. Ties in the index are in no order here.
func (m model) query(q store.Query) []store.Item {
	var out []store.Item
	sk := func(i store.Item) string {
		if q.Index {
			return i.Index.SK
		}
		return i.SK
	}
	for _, i := range m {
		if (q.Index && i.Index.PK == q.PK || !q.Index && i.PK == q.PK) && strings.HasPrefix(sk(i), q.SKPrefix) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b store.Item) int {
		if q.Descending {
			a, b = b, a
		}
		return cmp.Compare(sk(a), sk(b))
	})
	return out
}

// testModel does random calls on the table and on the model. Each round has
// partitions of its own, so that it starts from nothing.
func testModel(t *testing.T, table store.Table) {
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := player{rt: rt, t: t, table: table, model: model{}, prefix: fmt.Sprintf("r%d-", round)}
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			switch rapid.IntRange(0, 4).Draw(rt, "call") {
			case 0, 1:
				p.write()
			case 2:
				p.get()
			case 3:
				p.batchGet()
			case 4:
				p.query()
			}
		}
		p.all()
	})
}

// player plays one sequence of calls.
type player struct {
	rt     *rapid.T
	t      *testing.T
	table  store.Table
	model  model
	prefix string
}

var (
	somePKs  = []string{"a", "b", "é"}
	someSKs  = []string{"1", "2", "10", "1#", "\U0001f32c", "x"}
	prefixes = []string{"", "1", "2", "\U0001f32c", "y"}
)

func (p *player) key() store.Key {
	return key(p.prefix+rapid.SampledFrom(somePKs).Draw(p.rt, "pk"), rapid.SampledFrom(someSKs).Draw(p.rt, "sk"))
}

func (p *player) item(k store.Key) store.Item {
	i := store.Item{Key: k}
	if rapid.Bool().Draw(p.rt, "indexed") {
		i.Index = store.Index{PK: p.prefix + rapid.SampledFrom(somePKs).Draw(p.rt, "gpk"), SK: rapid.SampledFrom(someSKs).Draw(p.rt, "gsk")}
	}
	if rapid.IntRange(0, 3).Draw(p.rt, "expires") == 0 {
		i.Expires = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	size := rapid.SampledFrom([]int{0, 1, 20, 1500, 2000, 50, 0, 7, 3000, 500 << 10}).Draw(p.rt, "size")
	if size > 0 {
		i.Body = noise(uint64(rapid.IntRange(0, 9).Draw(p.rt, "content")), size)
	}
	return i
}

// condition is most often one that holds.
func (p *player) condition(k store.Key) store.Condition {
	version := p.model[k].Version
	return rapid.SampledFrom([]store.Condition{
		store.IfVersion(version), store.IfVersion(version), store.IfVersion(version), store.Always(), store.Always(),
		store.IfAbsent(), store.IfVersion(version + 1),
	}).Draw(p.rt, "condition")
}

func (p *player) write() {
	keys := map[store.Key]bool{}
	var writes []store.Write
	for range rapid.SampledFrom([]int{1, 1, 2, 3, 5}).Draw(p.rt, "writes") {
		k := p.key()
		if keys[k] {
			continue
		}
		keys[k] = true
		cond := p.condition(k)
		switch op := rapid.IntRange(0, 6).Draw(p.rt, "op"); {
		case op == 0 && cond != store.IfAbsent():
			writes = append(writes, store.Delete(k, cond))
		case op == 1 && cond != store.Always():
			writes = append(writes, store.Check(k, cond))
		default:
			writes = append(writes, store.Put(p.item(k), cond))
		}
	}
	err := p.table.Write(p.t.Context(), writes...)
	at := p.model.write(writes)
	var conflict *store.ConflictError
	switch {
	case at < 0 && err != nil:
		p.rt.Fatalf("Write: %v", err)
	case at >= 0 && (!errors.As(err, &conflict) || conflict.At != at || conflict.Key != writes[at].Item.Key):
		p.rt.Fatalf("Write = %v, want a conflict at %d", err, at)
	}
}

func (p *player) get() {
	k := p.key()
	got, err := p.table.Get(p.t.Context(), k)
	want, there := p.model[k]
	if there != (err == nil) || err != nil && !errors.Is(err, store.ErrNotFound) {
		p.rt.Fatalf("Get(%s): %v, want it there: %v", k, err, there)
	}
	p.same([]store.Item{want}, []store.Item{got})
}

func (p *player) batchGet() {
	keys := []store.Key{p.key(), p.key(), p.key(), p.key()}
	got, err := p.table.BatchGet(p.t.Context(), keys)
	if err != nil {
		p.rt.Fatalf("BatchGet: %v", err)
	}
	var want []store.Item
	seen := map[store.Key]bool{}
	for _, k := range keys {
		if i, ok := p.model[k]; ok && !seen[k] {
			want = append(want, i)
		}
		seen[k] = true
	}
	p.same(want, got)
}

func (p *player) query() {
	p.compare(store.Query{
		PK:         p.prefix + rapid.SampledFrom(somePKs).Draw(p.rt, "pk"),
		SKPrefix:   rapid.SampledFrom(prefixes).Draw(p.rt, "prefix"),
		Index:      rapid.Bool().Draw(p.rt, "index"),
		Limit:      rapid.IntRange(0, 4).Draw(p.rt, "limit"),
		Descending: rapid.Bool().Draw(p.rt, "descending"),
	})
}

func (p *player) all() {
	for _, pk := range somePKs {
		p.compare(store.Query{PK: p.prefix + pk})
		p.compare(store.Query{PK: p.prefix + pk, Index: true})
	}
}

func (p *player) compare(q store.Query) {
	want, got := p.model.query(q), []store.Item(nil)
	for item, err := range store.All(p.t.Context(), p.table, q) {
		if err != nil {
			p.rt.Fatalf("Query(%+v): %v", q, err)
		}
		got = append(got, item)
	}
	if q.Index {
		for i := range got {
			if i < len(want) && got[i].Index.SK != want[i].Index.SK {
				p.rt.Fatalf("Query(%+v): item %d has %q, want %q", q, i, got[i].Index.SK, want[i].Index.SK)
			}
		}
		for _, items := range [][]store.Item{want, got} {
			slices.SortFunc(items, func(a, b store.Item) int {
				return cmp.Or(cmp.Compare(a.PK, b.PK), cmp.Compare(a.SK, b.SK))
			})
		}
	}
	p.same(want, got)
}

func (p *player) same(want, got []store.Item) {
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if d := diff(want, got); d != "" {
		p.rt.Fatalf("(-want +got):\n%s", d)
	}
}
