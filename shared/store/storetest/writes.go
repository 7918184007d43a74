package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

func testConditions(t *testing.T, table store.Table) {
	there, absent := key("c", "there"), key("c", "absent")
	ok := func(name string, w store.Write) {
		t.Helper()
		if err := table.Write(t.Context(), w); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	conflict := func(name string, w store.Write) {
		t.Helper()
		err := table.Write(t.Context(), w)
		if err == nil {
			t.Errorf("%s: no conflict", name)
			return
		}
		wantConflict(t, err, w.Item.Key, 0)
	}
	put := func(k store.Key, c store.Condition) store.Write {
		return store.Put(store.Item{Key: k, Body: []byte(c.String())}, c)
	}
	ok("create", put(there, store.IfAbsent()))
	conflict("create again", put(there, store.IfAbsent()))
	conflict("put if version 2 of 1", put(there, store.IfVersion(2)))
	conflict("put if version of an absent one", put(absent, store.IfVersion(1)))
	wantAbsent(t, table, absent)
	want(t, table, store.Item{Key: there, Version: 1, Body: []byte("if absent")})

	ok("put if version 1", put(there, store.IfVersion(1)))
	conflict("put if version 1 again", put(there, store.IfVersion(1)))
	ok("put always", put(there, store.Always()))
	want(t, table, store.Item{Key: there, Version: 3, Body: []byte("always")})

	conflict("delete if version 2 of 3", store.Delete(there, store.IfVersion(2)))
	conflict("delete if version of an absent one", store.Delete(absent, store.IfVersion(1)))
	ok("delete always of an absent one", store.Delete(absent, store.Always()))
	ok("delete if version 3", store.Delete(there, store.IfVersion(3)))
	wantAbsent(t, table, there)
	conflict("delete if version 3 again", store.Delete(there, store.IfVersion(3)))

	ok("put always of an absent one", put(there, store.Always()))
	want(t, table, store.Item{Key: there, Version: 1, Body: []byte("always")})
	ok("delete always", store.Delete(there, store.Always()))
	wantAbsent(t, table, there)
}

func testVersions(t *testing.T, table store.Table) {
	k := key("v", "1")
	for n := int64(1); n <= 12; n++ {
		cond := store.Always()
		if n%2 == 0 {
			cond = store.IfVersion(n - 1)
		}
		// What Version the item says is of no meaning.
		write(t, table, store.Put(store.Item{Key: k, Version: 99, Body: fmt.Append(nil, n)}, cond))
		want(t, table, store.Item{Key: k, Version: n, Body: fmt.Append(nil, n)})
	}
	write(t, table, store.Delete(k, store.Always()))
	write(t, table, store.Put(store.Item{Key: k, Version: 99}, store.IfAbsent()))
	want(t, table, store.Item{Key: k, Version: 1})
}

func testPutReplacesWhole(t *testing.T, table store.Table) {
	full := store.Item{
		Key: key("w", "1"), Index: store.Index{PK: "i", SK: "s"},
		Expires: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), Body: []byte("body"),
	}
	empty := store.Item{Key: full.Key}
	write(t, table, store.Put(full, store.IfAbsent()))
	write(t, table, store.Put(empty, store.IfVersion(1)))
	empty.Version = 2
	want(t, table, empty)
	if found := collect(t, table, store.Query{PK: "i", Index: true}); len(found) > 0 {
		t.Errorf("the index still finds %v", keysOf(found))
	}
	// The same in a set.
	other := store.Put(item("w", "2", ""), store.Always())
	write(t, table, store.Put(full, store.IfVersion(2)), other)
	full.Version = 3
	want(t, table, full)
	write(t, table, other, store.Put(empty, store.IfVersion(3)))
	empty.Version = 4
	want(t, table, empty)
}

func testCheck(t *testing.T, table store.Table) {
	a, b, c := key("ch", "a"), key("ch", "b"), key("ch", "c")
	write(t, table, store.Put(store.Item{Key: a}, store.IfAbsent()))
	write(t, table, store.Check(a, store.IfVersion(1)))
	write(t, table, store.Check(b, store.IfAbsent()))
	wantConflict(t, table.Write(t.Context(), store.Check(a, store.IfAbsent())), a, 0)
	wantConflict(t, table.Write(t.Context(), store.Check(b, store.IfVersion(1))), b, 0)

	write(t, table, store.Check(a, store.IfVersion(1)), store.Put(store.Item{Key: c}, store.IfAbsent()))
	want(t, table, store.Item{Key: a, Version: 1}) // a check changes no version
	want(t, table, store.Item{Key: c, Version: 1})
	err := table.Write(t.Context(), store.Put(store.Item{Key: c}, store.Always()), store.Check(a, store.IfVersion(2)))
	wantConflict(t, err, a, 1)
	want(t, table, store.Item{Key: c, Version: 1})
	wantAbsent(t, table, b)
}

func testIllegal(t *testing.T, table store.Table) {
	put := func(i store.Item) []store.Write { return []store.Write{store.Put(i, store.Always())} }
	ok := item("ill", "ok", "")
	many := make([]store.Write, store.MaxWrites+1)
	for i := range many {
		many[i] = store.Put(item("ill", fmt.Sprint(i), ""), store.IfAbsent())
	}
	cases := map[string][]store.Write{
		"no partition key":        put(item("", "a", "")),
		"no sort key":             put(item("a", "", "")),
		"long partition key":      put(item(strings.Repeat("a", store.MaxPK+1), "a", "")),
		"long sort key":           put(item("a", strings.Repeat("a", store.MaxSK+1), "")),
		"reserved partition key":  put(item("~a", "a", "")),
		"not UTF-8":               put(item("a\xff", "a", "")),
		"sort key not UTF-8":      put(item("a", "a\xc3", "")),
		"half an index":           put(store.Item{Key: ok.Key, Index: store.Index{PK: "a"}}),
		"other half of an index":  put(store.Item{Key: ok.Key, Index: store.Index{SK: "a"}}),
		"long index":              put(store.Item{Key: ok.Key, Index: store.Index{PK: "a", SK: strings.Repeat("a", store.MaxSK+1)}}),
		"expiry before 1970":      put(store.Item{Key: ok.Key, Expires: time.Unix(-5, 0)}),
		"a body too large":        put(store.Item{Key: ok.Key, Body: make([]byte, store.MaxBody+1)}),
		"condition below all":     {store.Put(ok, store.IfVersion(-2))},
		"delete if absent":        {store.Delete(ok.Key, store.IfAbsent())},
		"check without condition": {store.Check(ok.Key, store.Always())},
		"unknown operation":       {{Op: 7, Item: ok}},
		"a key twice":             {store.Put(ok, store.Always()), store.Delete(ok.Key, store.Always())},
		"too many writes":         many,
	}
	for name, writes := range cases {
		var invalid *store.InvalidError
		if err := table.Write(t.Context(), writes...); !errors.As(err, &invalid) {
			t.Errorf("%s: Write = %v, want an *InvalidError", name, err)
		}
	}
	wantAbsent(t, table, ok.Key)
	wantAbsent(t, table, key("ill", "0"))
	var invalid *store.InvalidError
	if _, err := table.Get(t.Context(), key("", "a")); !errors.As(err, &invalid) {
		t.Errorf("Get without a key: %v", err)
	}
	if _, err := table.BatchGet(t.Context(), []store.Key{ok.Key, key("a", "")}); !errors.As(err, &invalid) {
		t.Errorf("BatchGet without a key: %v", err)
	}
	for _, q := range []store.Query{{}, {PK: "a", Limit: -1}, {PK: "a\xff"}, {PK: "a", SKPrefix: "\xff"}, {PK: "a", Cursor: "x"}} {
		if _, err := table.Query(t.Context(), q); !errors.As(err, &invalid) {
			t.Errorf("Query(%+v): %v", q, err)
		}
	}
	if err := table.Write(t.Context()); err != nil {
		t.Errorf("Write of nothing: %v", err)
	}
}

func testAllOrNothing(t *testing.T, table store.Table) {
	old := item("set", "old", "old")
	write(t, table, store.Put(old, store.IfAbsent()))
	old.Version = 1
	writes := []store.Write{
		store.Put(item("set", "a", "1"), store.IfAbsent()),
		store.Put(item("set", "old", "new"), store.IfVersion(1)),
		store.Put(item("other", "b", "1"), store.IfVersion(5)), // does not hold
		store.Delete(key("set", "z"), store.Always()),
		store.Put(item("set", "c", "1"), store.IfAbsent()),
		store.Put(item("set", "d", "1"), store.IfVersion(9)), // nor does this
	}
	wantConflict(t, table.Write(t.Context(), writes...), key("other", "b"), 2)
	want(t, table, old)
	for _, k := range []store.Key{key("set", "a"), key("other", "b"), key("set", "c"), key("set", "d")} {
		wantAbsent(t, table, k)
	}
	writes = append(writes[:2:2], store.Delete(key("set", "z"), store.Always()), writes[4])
	write(t, table, writes...)
	want(t, table, store.Item{Key: old.Key, Version: 2, Body: []byte("new")})
	want(t, table, store.Item{Key: key("set", "c"), Version: 1, Body: []byte("1")})
}

func testManyWrites(t *testing.T, table store.Table) {
	writes := make([]store.Write, store.MaxWrites)
	for i := range writes {
		writes[i] = store.Put(item(fmt.Sprint("pk", i%7), fmt.Sprintf("%03d", i), strings.Repeat("x", i)), store.IfAbsent())
	}
	write(t, table, writes...)
	for i := range writes {
		got := get(t, table, writes[i].Item.Key)
		if got.Version != 1 || len(got.Body) != i {
			t.Fatalf("item %d: version %d, %d bytes", i, got.Version, len(got.Body))
		}
	}
	for i := range writes {
		writes[i] = store.Delete(writes[i].Item.Key, store.IfVersion(1))
	}
	writes[99].Cond = store.IfVersion(2)
	wantConflict(t, table.Write(t.Context(), writes...), writes[99].Item.Key, 99)
	writes[99].Cond = store.IfVersion(1)
	write(t, table, writes...)
	wantAbsent(t, table, writes[0].Item.Key)
}

func testBatchGet(t *testing.T, table store.Table) {
	for _, sk := range []string{"a", "b", "c"} {
		write(t, table, store.Put(item("bg", sk, sk), store.IfAbsent()))
	}
	if found, err := table.BatchGet(t.Context(), nil); err != nil || len(found) > 0 {
		t.Errorf("BatchGet of nothing = %v, %v", found, err)
	}
	keys := []store.Key{key("bg", "c"), key("bg", "no"), key("bg", "a"), key("bg", "c"), key("no", "b"), key("bg", "b")}
	found, err := table.BatchGet(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range found {
		got = append(got, fmt.Sprint(i.SK, i.Version, string(i.Body)))
	}
	if s := strings.Join(got, " "); s != "c1c a1a b1b" {
		t.Errorf("BatchGet = %s, want c a b", s)
	}
}

func testBatchGetMany(t *testing.T, table store.Table) {
	const n = 257
	var keys []store.Key
	var writes []store.Write
	for i := range n {
		k := key(fmt.Sprint("p", i%3), fmt.Sprint(i))
		keys = append(keys, k)
		if i%5 == 0 {
			continue // not there
		}
		writes = append(writes, store.Put(store.Item{Key: k, Body: noise(uint64(i), 200*i)}, store.IfAbsent()))
		if len(writes) == 50 || i == n-1 {
			write(t, table, writes...)
			writes = nil
		}
	}
	found, err := table.BatchGet(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for i := range n {
		if i%5 == 0 {
			continue
		}
		if next == len(found) || found[next].Key != keys[i] || len(found[next].Body) != 200*i {
			t.Fatalf("item %d is missing, out of order or not whole", i)
		}
		next++
	}
	if next != len(found) {
		t.Errorf("%d items, want %d", len(found), next)
	}
}
