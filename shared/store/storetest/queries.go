package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// fill stores items of one partition with these sort keys, each in the index
// partition "i-"+pk under the same sort key.
func fill(t *testing.T, table store.Table, pk string, sks ...string) {
	t.Helper()
	for chunk := range slices.Chunk(sks, store.MaxWrites) {
		var writes []store.Write
		for _, sk := range chunk {
			i := item(pk, sk, sk)
			i.Index = store.Index{PK: "i-" + pk, SK: sk}
			writes = append(writes, store.Put(i, store.IfAbsent()))
		}
		write(t, table, writes...)
	}
}

func sortKeys(items []store.Item) []string {
	sks := []string{}
	for _, i := range items {
		sks = append(sks, i.SK)
	}
	return sks
}

// wantQuery compares the sort keys of all pages, both directions, both indexes
// and page sizes from 1 on.
func wantQuery(t *testing.T, table store.Table, pk, prefix string, sks []string) {
	t.Helper()
	for _, index := range []bool{false, true} {
		for _, descending := range []bool{false, true} {
			for _, limit := range []int{0, 1, 2, 7} {
				q := store.Query{PK: pk, SKPrefix: prefix, Index: index, Limit: limit, Descending: descending}
				if index {
					q.PK = "i-" + pk
				}
				expect := slices.Clone(sks)
				if descending {
					slices.Reverse(expect)
				}
				if diff := cmp.Diff(expect, sortKeys(collect(t, table, q))); diff != "" {
					t.Errorf("%+v (-want +got):\n%s", q, diff)
				}
			}
		}
	}
}

func testQueryOrder(t *testing.T, table store.Table) {
	// Order is that of the UTF-8 bytes, not of any language nor of UTF-16.
	sks := []string{"é", "z", "Z", "10", "9", "a", "aa", "a#", "日", "\uffff", "\U00010000", "~", "\x01", "A"}
	fill(t, table, "o", sks...)
	fill(t, table, "o2", "x")
	fill(t, table, "O", "x")
	slices.Sort(sks)
	wantQuery(t, table, "o", "", sks)
	wantQuery(t, table, "none", "", []string{})
	got := collect(t, table, store.Query{PK: "o", Limit: 3})
	if len(got) == 0 || got[0].Version != 1 || string(got[0].Body) != got[0].SK || got[0].Index.SK != got[0].SK {
		t.Errorf("a query gives incomplete items: %+v", got)
	}
}

func testQueryPrefix(t *testing.T, table store.Table) {
	fill(t, table, "p", "a", "a#1", "a#2", "a$", "b#1", "é1", "é2", "\U0010ffff", "\U0010ffff\U0010ffff", "%", "_")
	for prefix, sks := range map[string][]string{
		"a": {"a", "a#1", "a#2", "a$"}, "a#": {"a#1", "a#2"}, "a#1": {"a#1"}, "a#11": {}, "c": {},
		"é": {"é1", "é2"}, "\U0010ffff": {"\U0010ffff", "\U0010ffff\U0010ffff"}, "%": {"%"}, "_": {"_"}, "A": {},
	} {
		wantQuery(t, table, "p", prefix, sks)
	}
}

func testQueryPages(t *testing.T, table store.Table) {
	var sks []string
	for i := range 230 {
		sks = append(sks, fmt.Sprintf("t#%03d", i))
	}
	fill(t, table, "pg", sks...)
	for _, index := range []bool{false, true} {
		q := store.Query{PK: "pg", Index: index}
		if index {
			q.PK = "i-pg"
		}
		page, err := table.Query(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) > store.DefaultLimit || page.Cursor == "" {
			t.Errorf("a page without limit has %d items, cursor %q", len(page.Items), page.Cursor)
		}
		for _, limit := range []int{0, 64, 229, 230, 231, 5000} {
			q.Limit = limit
			if got := sortKeys(collect(t, table, q)); !slices.Equal(got, sks) {
				t.Errorf("limit %d: %d items, want %d", limit, len(got), len(sks))
			}
		}
	}
	n := 0
	for i, err := range store.All(t.Context(), table, store.Query{PK: "pg", SKPrefix: "t#1", Limit: 30}) {
		if err != nil || i.SK != sks[100+n] {
			t.Fatalf("All: item %d is %q, %v", n, i.SK, err)
		}
		n++
	}
	if n != 100 {
		t.Errorf("All: %d items, want 100", n)
	}
}

// testQueryManyBytes is about answers over what one answer of DynamoDB holds.
func testQueryManyBytes(t *testing.T, table store.Table) {
	var sks []string
	for i := range 24 {
		sk := fmt.Sprintf("%02d", i)
		sks = append(sks, sk)
		b := store.Item{Key: key("mb", sk), Index: store.Index{PK: "i-mb", SK: sk}, Body: noise(uint64(i), 120<<10)}
		write(t, table, store.Put(b, store.IfAbsent()))
	}
	wantQuery(t, table, "mb", "", sks)
}

func testQueryWhileChanging(t *testing.T, table store.Table) {
	fill(t, table, "wc", "a", "b", "c", "d", "e")
	for _, index := range []bool{false, true} {
		q := store.Query{PK: "wc", Limit: 2, Index: index}
		if index {
			q.PK = "i-wc"
		}
		page, err := table.Query(t.Context(), q)
		if err != nil || len(page.Items) != 2 {
			t.Fatalf("%d items, %v", len(page.Items), err)
		}
		last := page.Items[1]
		// The item that the cursor stands on may go and come back.
		write(t, table, store.Delete(last.Key, store.Always()))
		q.Cursor, q.Limit = page.Cursor, 9
		if got := sortKeys(collect(t, table, q)); !slices.Equal(got, []string{"c", "d", "e"}) {
			t.Errorf("index %v: after the item was deleted: %v", index, got)
		}
		write(t, table, store.Put(last, store.IfAbsent()))
	}
}

func testCursor(t *testing.T, table store.Table) {
	fill(t, table, "cu", "a1", "a2", "a3", "b1")
	fill(t, table, "cx", "a1", "a2", "a3", "b1")
	base := store.Query{PK: "cu", SKPrefix: "a", Limit: 1}
	page, err := table.Query(t.Context(), base)
	if err != nil || page.Cursor == "" {
		t.Fatalf("cursor %q, %v", page.Cursor, err)
	}
	cursor := page.Cursor
	reject := func(name string, q store.Query) {
		t.Helper()
		var invalid *store.InvalidError
		if _, err := table.Query(t.Context(), q); !errors.As(err, &invalid) {
			t.Errorf("%s: Query = %v, want an *InvalidError", name, err)
		}
	}
	with := func(change func(*store.Query)) store.Query {
		q := base
		q.Cursor = cursor
		change(&q)
		return q
	}
	reject("another partition", with(func(q *store.Query) { q.PK = "cx" }))
	reject("another prefix", with(func(q *store.Query) { q.SKPrefix = "" }))
	reject("another direction", with(func(q *store.Query) { q.Descending = true }))
	reject("another index", with(func(q *store.Query) { q.Index = true }))
	for i := range cursor {
		c := byte('A')
		if cursor[i] == c {
			c = 'B'
		}
		reject(fmt.Sprintf("byte %d changed", i), with(func(q *store.Query) { q.Cursor = cursor[:i] + string(c) + cursor[i+1:] }))
	}
	reject("cut", with(func(q *store.Query) { q.Cursor = cursor[:len(cursor)-4] }))
	reject("longer", with(func(q *store.Query) { q.Cursor += "AAAA" }))
	if strings.ContainsAny(cursor, "+/=&? ") {
		t.Errorf("cursor %q does not fit a URL", cursor)
	}
	rest := collect(t, table, with(func(q *store.Query) { q.Limit = 50 }))
	if got := sortKeys(rest); !slices.Equal(got, []string{"a2", "a3"}) {
		t.Errorf("with another limit: %v", got)
	}
}

func testIndex(t *testing.T, table store.Table) {
	put := func(pk, sk string, index store.Index, cond store.Condition) {
		t.Helper()
		write(t, table, store.Put(store.Item{Key: key(pk, sk), Index: index, Body: []byte(pk)}, cond))
	}
	find := func(want ...string) {
		t.Helper()
		got := []string{}
		for _, i := range collect(t, table, store.Query{PK: "all", Index: true, Descending: true}) {
			got = append(got, i.PK+"="+i.Index.SK+string(i.Body))
		}
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			t.Errorf("index (-want +got):\n%s", diff)
		}
	}
	find()
	put("x1", "meta", store.Index{PK: "all", SK: "2026-01"}, store.IfAbsent())
	put("x2", "meta", store.Index{PK: "all", SK: "2026-03"}, store.IfAbsent())
	put("x3", "meta", store.Index{PK: "all", SK: "2026-02"}, store.IfAbsent())
	put("x4", "meta", store.Index{PK: "other", SK: "2026-02"}, store.IfAbsent())
	put("x5", "meta", store.Index{}, store.IfAbsent())
	find("x2=2026-03x2", "x3=2026-02x3", "x1=2026-01x1")
	put("x1", "meta", store.Index{PK: "all", SK: "2026-04"}, store.IfVersion(1)) // moves
	put("x2", "meta", store.Index{PK: "other", SK: "2026-03"}, store.Always())   // moves away
	put("x5", "meta", store.Index{PK: "all", SK: "2026-05"}, store.Always())     // enters
	find("x5=2026-05x5", "x1=2026-04x1", "x3=2026-02x3")
	put("x3", "meta", store.Index{}, store.IfVersion(1)) // leaves
	write(t, table, store.Delete(key("x5", "meta"), store.Always()))
	find("x1=2026-04x1")
	if got := collect(t, table, store.Query{PK: "all", Index: true, SKPrefix: "2026-01"}); len(got) > 0 {
		t.Errorf("the index still has an old key: %v", keysOf(got))
	}
}

func testIndexTies(t *testing.T, table store.Table) {
	const n = 23
	for i := range n {
		it := item(fmt.Sprint("x", i%4), fmt.Sprint(i), "")
		it.Index = store.Index{PK: "tie", SK: fmt.Sprint(i / 20)}
		write(t, table, store.Put(it, store.IfAbsent()))
	}
	var reference []store.Key
	for _, limit := range []int{100, 1, 2, 5, 20} {
		for _, descending := range []bool{false, true} {
			items := collect(t, table, store.Query{PK: "tie", Index: true, Limit: limit, Descending: descending})
			seen := map[store.Key]bool{}
			for _, i := range items {
				seen[i.Key] = true
			}
			if len(items) != n || len(seen) != n {
				t.Fatalf("limit %d: %d items, %d different, want %d", limit, len(items), len(seen), n)
			}
			keys := keysOf(items)
			if descending {
				continue
			}
			if reference == nil {
				reference = keys
			}
			if diff := cmp.Diff(reference, keys); diff != "" {
				t.Errorf("limit %d: another order (-before +now):\n%s", limit, diff)
			}
		}
	}
}
