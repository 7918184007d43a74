// Package storetest is the contract of store.Table as tests: one case for each
// clause, independent of the implementation, and a property test that holds a
// table to a model small enough to be seen right.
//
//	func TestContract(t *testing.T) {
//	    storetest.Run(t, func() store.Table { return memory.New(nil) })
//	}
package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Run holds the tables that open returns to the contract. Each call of open must
// return an empty one; closing is for the caller to arrange.
func Run(t *testing.T, open func() store.Table) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Table)
	}{
		{"RoundTrip", testRoundTrip},
		{"Keys", testKeys},
		{"Bodies", testBodies},
		{"Ownership", testOwnership},
		{"NotFound", testNotFound},
		{"Conditions", testConditions},
		{"Versions", testVersions},
		{"PutReplacesWhole", testPutReplacesWhole},
		{"Check", testCheck},
		{"Illegal", testIllegal},
		{"AllOrNothing", testAllOrNothing},
		{"ManyWrites", testManyWrites},
		{"Expiry", testExpiry},
		{"Context", testContext},
		{"BatchGet", testBatchGet},
		{"BatchGetMany", testBatchGetMany},
		{"QueryOrder", testQueryOrder},
		{"QueryPrefix", testQueryPrefix},
		{"QueryPages", testQueryPages},
		{"QueryManyBytes", testQueryManyBytes},
		{"QueryWhileChanging", testQueryWhileChanging},
		{"Cursor", testCursor},
		{"Index", testIndex},
		{"IndexTies", testIndexTies},
		{"LargeResult", testLargeResult},
		{"LargeReplaced", testLargeReplaced},
		{"LargeSet", testLargeSet},
		{"LargeInQuery", testLargeInQuery},
		{"RaceCreate", testRaceCreate},
		{"RaceCount", testRaceCount},
		{"RaceTransfer", testRaceTransfer},
		{"RaceAlways", testRaceAlways},
		{"RaceLargeRead", testRaceLargeRead},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open()) })
	}
	t.Run("Model", func(t *testing.T) { testModel(t, open()) })
}

func key(pk, sk string) store.Key { return store.Key{PK: pk, SK: sk} }

func item(pk, sk, body string) store.Item {
	return store.Item{Key: key(pk, sk), Body: []byte(body)}
}

func write(t *testing.T, table store.Table, writes ...store.Write) {
	t.Helper()
	if err := table.Write(t.Context(), writes...); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func get(t *testing.T, table store.Table, k store.Key) store.Item {
	t.Helper()
	got, err := table.Get(t.Context(), k)
	if err != nil {
		t.Fatalf("Get(%s): %v", k, err)
	}
	return got
}

// want compares an item with what the table has under its key.
func want(t *testing.T, table store.Table, w store.Item) {
	t.Helper()
	if d := diff(w, get(t, table, w.Key)); d != "" {
		t.Errorf("Get(%s) (-want +got):\n%s", w.Key, d)
	}
}

func wantAbsent(t *testing.T, table store.Table, k store.Key) {
	t.Helper()
	if got, err := table.Get(t.Context(), k); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(%s) = version %d, %v, want ErrNotFound", k, got.Version, err)
	}
}

func wantConflict(t *testing.T, err error, k store.Key, at int) {
	t.Helper()
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) {
		t.Errorf("Write = %v, want a conflict on %s", err, k)
		return
	}
	if conflict.Key != k || conflict.At != at {
		t.Errorf("conflict on %s at %d, want %s at %d", conflict.Key, conflict.At, k, at)
	}
}

// collect reads all pages and checks what holds of each.
func collect(t *testing.T, table store.Table, q store.Query) []store.Item {
	t.Helper()
	var all []store.Item
	for pages := 0; ; pages++ {
		if pages > 2000 {
			t.Fatalf("%+v never ends", q)
		}
		page, err := table.Query(t.Context(), q)
		if err != nil {
			t.Fatalf("Query(%+v): %v", q, err)
		}
		if q.Limit > 0 && len(page.Items) > q.Limit {
			t.Fatalf("a page of %d items with limit %d", len(page.Items), q.Limit)
		}
		all = append(all, page.Items...)
		if page.Cursor == "" {
			return all
		}
		q.Cursor = page.Cursor
	}
}

func keysOf(items []store.Item) []store.Key {
	var keys []store.Key
	for _, i := range items {
		keys = append(keys, i.Key)
	}
	return keys
}

// noise is bytes that no compression makes smaller.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b) // never fails
	return b
}

// diff compares items. Bodies are not compared byte by byte, for speed.
func diff[T store.Item | []store.Item](want, got T) string {
	d := cmp.Diff(want, got, cmp.Comparer(bytes.Equal))
	if len(d) > 2000 {
		d = d[:2000] + "..."
	}
	return d
}

func testRoundTrip(t *testing.T, table store.Table) {
	i := store.Item{
		Key:     key("x#1", "task#7"),
		Index:   store.Index{PK: "all", SK: "2026-01-01"},
		Expires: time.Date(2100, 2, 3, 4, 5, 6, 0, time.UTC),
		Body:    []byte(`{"state":"RUNNING"}`),
	}
	write(t, table, store.Put(i, store.IfAbsent()))
	i.Version = 1
	want(t, table, i)

	i.Expires = i.Expires.Add(time.Nanosecond)
	write(t, table, store.Put(i, store.IfVersion(1)))
	i.Version, i.Expires = 2, time.Date(2100, 2, 3, 4, 5, 7, 0, time.UTC)
	want(t, table, i)

	write(t, table, store.Delete(i.Key, store.IfVersion(2)))
	wantAbsent(t, table, i.Key)
}

func testKeys(t *testing.T, table store.Table) {
	long := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = 'a' + byte(i%26)
		}
		return string(b)
	}
	keys := []store.Key{
		key("a", "b"), key("a", "b "), key(" a", "b"), key("A", "b"), key("a", "B"),
		key("ab", "c"), key("a", "bc"), key("é", "e"), key("e\u0301", "e"),
		key("日本", "東京#1"), key("\U0001f32c", "\U0010ffff"), key("a\x00b", "\x00"), key("a", "\x00b"),
		key("%", "_"), key(`"'\`, "a/b#c:d"), key("\n", "\t"), key("\ufffd", "\ufeff"), key("parts", "00000"),
		key(long(store.MaxPK), long(store.MaxSK)), key(long(store.MaxPK), long(store.MaxSK-1)),
	}
	for i, k := range keys {
		write(t, table, store.Put(store.Item{Key: k, Index: store.Index(k), Body: fmt.Append(nil, i)}, store.IfAbsent()))
	}
	for i, k := range keys {
		want(t, table, store.Item{Key: k, Index: store.Index(k), Version: 1, Body: fmt.Append(nil, i)})
		for _, index := range []bool{false, true} {
			found := collect(t, table, store.Query{PK: k.PK, SKPrefix: k.SK, Index: index})
			if len(found) == 0 || found[0].Key != k {
				t.Errorf("a query (index %v) for %s finds %v", index, k, keysOf(found))
			}
		}
	}
}

func testBodies(t *testing.T, table store.Table) {
	for n, body := range map[string][]byte{
		"nil": nil, "empty": {}, "zero": {0}, "one": {1}, "binary": {0, 1, 2, 0xff, 0xfe},
		"text": []byte("héllo"), "1023": noise(1, 1023), "1024": noise(2, 1024), "zeros": make([]byte, 5000),
		"zstd magic": {0x28, 0xb5, 0x2f, 0xfd},
	} {
		i := store.Item{Key: key("bodies", n), Body: body}
		write(t, table, store.Put(i, store.IfAbsent()))
		i.Version = 1
		want(t, table, i)
		if got := get(t, table, i.Key); len(body) == 0 && got.Body != nil {
			t.Errorf("%s: an empty body reads back as %#v", n, got.Body)
		}
	}
}

func testOwnership(t *testing.T, table store.Table) {
	i := item("own", "1", "mine")
	write(t, table, store.Put(i, store.IfAbsent()))
	i.Body[0] = 'X'
	got := get(t, table, i.Key)
	if string(got.Body) != "mine" {
		t.Errorf("the table kept a reference to what was put: %q", got.Body)
	}
	got.Body[0] = 'X'
	if got := get(t, table, i.Key); string(got.Body) != "mine" {
		t.Errorf("the table gave a reference to what it holds: %q", got.Body)
	}
}

func testNotFound(t *testing.T, table store.Table) {
	wantAbsent(t, table, key("a", "b"))
	write(t, table, store.Put(item("a", "b", "1"), store.IfAbsent()))
	wantAbsent(t, table, key("a", "c"))
	wantAbsent(t, table, key("b", "b"))
}

func testExpiry(t *testing.T, table store.Table) {
	past, future := time.Now().Add(-time.Minute), time.Now().Add(time.Hour)
	i := item("exp", "1", "old")
	i.Index = store.Index{PK: "exp", SK: "1"}
	i.Expires = past
	write(t, table, store.Put(i, store.IfAbsent()))
	wantAbsent(t, table, i.Key)
	if found, err := table.BatchGet(t.Context(), []store.Key{i.Key}); err != nil || len(found) > 0 {
		t.Errorf("BatchGet finds %v, %v after the expiry", keysOf(found), err)
	}
	for _, index := range []bool{false, true} {
		if found := collect(t, table, store.Query{PK: "exp", Index: index}); len(found) > 0 {
			t.Errorf("Query (index %v) finds %v after the expiry", index, keysOf(found))
		}
	}
	wantConflict(t, table.Write(t.Context(), store.Put(i, store.IfVersion(1))), i.Key, 0)
	wantConflict(t, table.Write(t.Context(), store.Delete(i.Key, store.IfVersion(1))), i.Key, 0)
	wantConflict(t, table.Write(t.Context(), store.Put(item("exp", "2", ""), store.IfAbsent()), store.Check(i.Key, store.IfVersion(1))), i.Key, 1)
	write(t, table, store.Put(item("exp", "3", ""), store.IfAbsent()), store.Check(i.Key, store.IfAbsent()))

	i.Expires = future
	write(t, table, store.Put(i, store.IfAbsent()))
	if got := get(t, table, i.Key); got.Version != 1 || !got.Expires.After(time.Now()) {
		t.Errorf("after the item came back: version %d, expires %s", got.Version, got.Expires)
	}
}

func testContext(t *testing.T, table store.Table) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	k := key("ctx", "1")
	_, getErr := table.Get(ctx, k)
	_, batchErr := table.BatchGet(ctx, []store.Key{k})
	_, queryErr := table.Query(ctx, store.Query{PK: "ctx"})
	for name, err := range map[string]error{
		"Get": getErr, "BatchGet": batchErr, "Query": queryErr,
		"Write": table.Write(ctx, store.Put(store.Item{Key: k}, store.IfAbsent())),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: %v", name, err)
		}
	}
	wantAbsent(t, table, k)
}
