package storetest

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// result is a JSON document as an action gives it, of at least n bytes.
func result(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`[`)
	for i := 0; b.Len() < n; i++ {
		if i > 0 {
			b.WriteString(`,`)
		}
		fmt.Fprintf(&b, `{"id":"%x","name":"server-%d","status":"ACTIVE"}`, noise(uint64(i), 16), i)
	}
	b.WriteString(`]`)
	return b.Bytes()
}

func wantBody(t *testing.T, table store.Table, k store.Key, version int64, body []byte) {
	t.Helper()
	got := get(t, table, k)
	if got.Version != version || !bytes.Equal(got.Body, body) {
		t.Errorf("%s: version %d, %d bytes (equal: %v), want version %d, %d bytes",
			k, got.Version, len(got.Body), bytes.Equal(got.Body, body), version, len(body))
	}
}

func testLargeResult(t *testing.T, table store.Table) {
	body := result(20 << 20)
	k := key("x", "result")
	write(t, table, store.Put(store.Item{Key: k, Body: body}, store.IfAbsent()))
	wantBody(t, table, k, 1, body)
	write(t, table, store.Delete(k, store.IfVersion(1)))
	wantAbsent(t, table, k)
}

func testLargeReplaced(t *testing.T, table store.Table) {
	k := key("x", "grows")
	sizes := []int{10, 3 << 20, 900 << 10, 0, 400<<10 - 1, 400 << 10, 2 << 20, 100}
	for i, n := range sizes {
		body := noise(uint64(i), n)
		cond := store.Always()
		if i%3 > 0 {
			cond = store.IfVersion(int64(i))
		}
		writes := []store.Write{store.Put(store.Item{Key: k, Body: body}, cond)}
		if i%2 == 1 {
			writes = append(writes, store.Put(item("x", "beside", "1"), store.Always()))
		}
		write(t, table, writes...)
		wantBody(t, table, k, int64(i+1), body)
		// A write that fails leaves the old value whole.
		failing := store.Put(store.Item{Key: k, Body: noise(99, 1<<20)}, store.IfVersion(77))
		wantConflict(t, table.Write(t.Context(), failing), k, 0)
		wantConflict(t, table.Write(t.Context(), store.Put(item("x", "new", ""), store.IfAbsent()), failing), k, 1)
		wantBody(t, table, k, int64(i+1), body)
	}
	for _, i := range collect(t, table, store.Query{PK: "x"}) {
		if i.SK != "grows" && i.SK != "beside" {
			t.Errorf("the query shows %s", i.Key)
		}
	}
	wantAbsent(t, table, key("x", "new"))
}

// testLargeSet has more in one set than DynamoDB takes in one transaction.
func testLargeSet(t *testing.T, table store.Table) {
	var writes []store.Write
	for i := range 20 {
		writes = append(writes, store.Put(store.Item{Key: key("set", fmt.Sprint(i)), Body: noise(uint64(i), 300<<10)}, store.IfAbsent()))
	}
	writes = append(writes, store.Put(store.Item{Key: key("set", "huge"), Body: noise(77, 2<<20)}, store.IfAbsent()))
	write(t, table, writes...)
	for _, w := range writes {
		wantBody(t, table, w.Item.Key, 1, w.Item.Body)
	}
	for i := range writes {
		writes[i] = store.Delete(writes[i].Item.Key, store.IfVersion(1))
	}
	write(t, table, writes...)
	if left := collect(t, table, store.Query{PK: "set"}); len(left) > 0 {
		t.Errorf("left: %v", keysOf(left))
	}
}

func testLargeInQuery(t *testing.T, table store.Table) {
	bodies := map[string][]byte{}
	for i := range 5 {
		sk := fmt.Sprint(i)
		bodies[sk] = noise(uint64(i), 10+i*400<<10)
		write(t, table, store.Put(store.Item{Key: key("q", sk), Index: store.Index{PK: "iq", SK: sk}, Body: bodies[sk]}, store.IfAbsent()))
	}
	for _, q := range []store.Query{{PK: "q"}, {PK: "q", Limit: 2, Descending: true}, {PK: "iq", Index: true}} {
		items := collect(t, table, q)
		if len(items) != len(bodies) {
			t.Errorf("%+v: %d items, want %d", q, len(items), len(bodies))
		}
		for _, i := range items {
			if !bytes.Equal(i.Body, bodies[i.SK]) {
				t.Errorf("%+v: the body of %s has %d bytes and is not the one put", q, i.Key, len(i.Body))
			}
		}
	}
	found, err := table.BatchGet(t.Context(), []store.Key{key("q", "4"), key("q", "0"), key("q", "3")})
	if err != nil || len(found) != 3 {
		t.Fatalf("BatchGet: %d items, %v", len(found), err)
	}
	for _, i := range found {
		if !bytes.Equal(i.Body, bodies[i.SK]) {
			t.Errorf("BatchGet: the body of %s is not the one put", i.Key)
		}
	}
}
