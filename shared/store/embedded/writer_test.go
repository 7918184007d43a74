package embedded

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// startWriter returns a writer that the test drives itself.
func startWriter(t *testing.T) *writer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	table := &Table{path: path, now: time.Now}
	w, err := table.openWriter(t.Context(), Options{BusyTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.close() })
	return w
}

func group(t *testing.T, w *writer, sets ...[]store.Write) []*request {
	t.Helper()
	var reqs []*request
	for _, writes := range sets {
		req, err := w.table.newRequest(t.Context(), writes)
		if err != nil {
			t.Fatal(err)
		}
		reqs = append(reqs, req)
	}
	return reqs
}

func put(sk string, cond store.Condition) store.Write {
	return store.Put(store.Item{Key: store.Key{PK: "p", SK: sk}, Body: []byte(sk)}, cond)
}

// TestGroup puts calls that depend on each other into one transaction: each sees
// what those before it did, and a conflict of one leaves the others alone.
func TestGroup(t *testing.T) {
	w := startWriter(t)
	gaveUp := 4
	reqs := group(t, w,
		[]store.Write{put("a", store.IfAbsent())},
		[]store.Write{put("a", store.IfVersion(1)), put("b", store.IfAbsent())},
		[]store.Write{put("c", store.IfAbsent()), put("a", store.IfVersion(1)), put("d", store.IfAbsent())}, // a is 2 by now
		[]store.Write{store.Delete(store.Key{PK: "p", SK: "b"}, store.IfVersion(1))},
		[]store.Write{put("e", store.IfAbsent())},
		[]store.Write{put("b", store.IfAbsent()), put("a", store.Always())},
	)
	reqs[gaveUp].taken.Store(true)
	w.serve(reqs)
	for i, req := range reqs {
		if i == gaveUp {
			continue
		}
		err := <-req.result
		var conflict *store.ConflictError
		if i == 2 {
			if !errors.As(err, &conflict) || conflict.At != 1 {
				t.Errorf("call %d: %v, want a conflict at 1", i, err)
			}
		} else if err != nil {
			t.Errorf("call %d: %v", i, err)
		}
	}
	for sk, want := range map[string]int64{"a": 3, "b": 1, "c": 0, "d": 0, "e": 0} {
		got, err := w.versionOf(t.Context(), store.Key{PK: "p", SK: sk}, time.Now())
		if err != nil || got != want {
			t.Errorf("%s has version %d, %v, want %d", sk, got, err, want)
		}
	}
}

// TestGroupFails breaks the transaction in its middle: no call of it may be told
// that it succeeded, and the writer goes on.
func TestGroupFails(t *testing.T) {
	w := startWriter(t)
	if _, err := w.conn.ExecContext(t.Context(), `CREATE TRIGGER refuse BEFORE INSERT ON items
		WHEN NEW.sk = x'62' BEGIN SELECT RAISE(ABORT, 'refused'); END`); err != nil {
		t.Fatal(err)
	}
	reqs := group(t, w,
		[]store.Write{put("a", store.IfAbsent())},
		[]store.Write{put("b", store.IfAbsent())},
		[]store.Write{put("c", store.IfAbsent())},
	)
	w.serve(reqs)
	for i, req := range reqs {
		if err := <-req.result; err == nil {
			t.Errorf("call %d succeeded", i)
		}
	}
	reqs = group(t, w, []store.Write{put("a", store.IfAbsent())})
	w.serve(reqs)
	if err := <-reqs[0].result; err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestGather(t *testing.T) {
	queue := make(chan *request, groupWrites+10)
	for range cap(queue) {
		queue <- &request{bytes: 1}
	}
	got, next := gather([]*request{{}}, queue)
	if len(got) != groupWrites || next != nil {
		t.Errorf("%d requests in a group and %v behind it, want %d", len(got), next, groupWrites)
	}
	queue = make(chan *request, 4)
	big := &request{bytes: groupBytes}
	queue <- &request{bytes: 10}
	queue <- big
	got, next = gather([]*request{{bytes: 1}}, queue)
	if len(got) != 2 || next != big {
		t.Errorf("%d requests in a group, want 2 and the large one behind it", len(got))
	}
	close(queue)
	if got, next := gather([]*request{big}, queue); len(got) != 1 || next != nil {
		t.Errorf("%d requests from a closed queue", len(got))
	}
}

// TestDurability watches how the connection syncs.
func TestDurability(t *testing.T) {
	w := startWriter(t)
	synchronous := func() (level int) {
		if err := w.conn.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&level); err != nil {
			t.Fatal(err)
		}
		return level
	}
	const normal, full = 1, 2
	relaxed := func(sk string) *request {
		req, err := w.table.newRequest(store.WithDurability(t.Context(), store.Relaxed), []store.Write{put(sk, store.IfAbsent())})
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	durable := func(sk string) *request { return group(t, w, []store.Write{put(sk, store.IfAbsent())})[0] }
	for i, step := range []struct {
		reqs []*request
		want int
	}{
		{[]*request{durable("a")}, full},
		{[]*request{relaxed("b"), relaxed("c")}, normal},
		{[]*request{relaxed("d"), durable("e"), relaxed("f")}, full},
		{[]*request{relaxed("g")}, normal},
	} {
		w.serve(step.reqs)
		for _, r := range step.reqs {
			if err := <-r.result; err != nil {
				t.Errorf("step %d: %v", i, err)
			}
		}
		if got := synchronous(); got != step.want {
			t.Errorf("step %d: synchronous = %d, want %d", i, got, step.want)
		}
	}
}
