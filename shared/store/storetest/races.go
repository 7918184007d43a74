package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// together runs n functions at the same time and reports their errors.
func together(t *testing.T, n int, run func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			if err := run(i); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
}

// retry repeats what a conflict, or a store too busy, made fail.
func retry(ctx context.Context, attempt func() error) error {
	for {
		err := busyAgain(ctx, attempt)
		var conflict *store.ConflictError
		if !errors.As(err, &conflict) || ctx.Err() != nil {
			return err
		}
	}
}

// busyAgain repeats what a store too busy made fail.
func busyAgain(ctx context.Context, attempt func() error) error {
	for {
		err := attempt()
		var busy *store.BusyError
		if !errors.As(err, &busy) || ctx.Err() != nil {
			return err
		}
	}
}

func testRaceCreate(t *testing.T, table store.Table) {
	var winners [10]atomic.Int32
	together(t, 6, func(worker int) error {
		for n := range winners {
			i := item("create", fmt.Sprint(n), fmt.Sprint(worker))
			writes := []store.Write{store.Put(i, store.IfAbsent())}
			if worker%2 == 1 { // one half as a set
				writes = append(writes, store.Put(item("mark", fmt.Sprint(n, worker), ""), store.IfAbsent()))
			}
			err := busyAgain(t.Context(), func() error { return table.Write(t.Context(), writes...) })
			var conflict *store.ConflictError
			switch {
			case err == nil:
				winners[n].Add(1)
			case !errors.As(err, &conflict):
				return err
			}
		}
		return nil
	})
	for n := range winners {
		if got := winners[n].Load(); got != 1 {
			t.Errorf("item %d was created by %d workers", n, got)
		}
	}
}

func testRaceCount(t *testing.T, table store.Table) {
	const workers, rounds = 6, 15
	k := key("count", "1")
	write(t, table, store.Put(store.Item{Key: k, Body: []byte("0")}, store.IfAbsent()))
	together(t, workers, func(int) error {
		for range rounds {
			err := retry(t.Context(), func() error {
				i, err := table.Get(t.Context(), k)
				if err != nil {
					return err
				}
				n, err := strconv.Atoi(string(i.Body))
				if err != nil {
					return err
				}
				i.Body = strconv.AppendInt(nil, int64(n+1), 10)
				return table.Write(t.Context(), store.Put(i, store.IfVersion(i.Version)))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	want(t, table, store.Item{Key: k, Version: workers*rounds + 1, Body: []byte(fmt.Sprint(workers * rounds))})
}

// testRaceTransfer moves units between accounts: the sum stays, and so no set
// was ever done by half or on what another had changed.
func testRaceTransfer(t *testing.T, table store.Table) {
	const accounts, workers, rounds = 4, 4, 10
	keys := make([]store.Key, accounts)
	for i := range keys {
		keys[i] = key("account", fmt.Sprint(i))
		write(t, table, store.Put(store.Item{Key: keys[i], Body: []byte("100")}, store.IfAbsent()))
	}
	together(t, workers, func(worker int) error {
		for n := range rounds {
			from, to := keys[(worker+n)%accounts], keys[(worker+2*n+1)%accounts]
			if from == to {
				continue
			}
			err := retry(t.Context(), func() error {
				found, err := table.BatchGet(t.Context(), []store.Key{from, to})
				if err != nil || len(found) != 2 {
					return fmt.Errorf("%d accounts: %w", len(found), err)
				}
				return table.Write(t.Context(), move(found[0], -1), move(found[1], 1))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	sum := 0
	for _, k := range keys {
		n, err := strconv.Atoi(string(get(t, table, k).Body))
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 100*accounts {
		t.Errorf("the sum is %d, want %d", sum, 100*accounts)
	}
}

func move(i store.Item, by int) store.Write {
	n, _ := strconv.Atoi(string(i.Body))
	i.Body = fmt.Append(nil, n+by)
	return store.Put(i, store.IfVersion(i.Version))
}

// testRaceAlways overwrites without a condition: each write counts one version.
func testRaceAlways(t *testing.T, table store.Table) {
	const workers, rounds = 5, 10
	together(t, workers, func(worker int) error {
		for n := range rounds {
			err := busyAgain(t.Context(), func() error {
				return table.Write(t.Context(), store.Put(item("always", "1", fmt.Sprint(worker, n)), store.Always()))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if got := get(t, table, key("always", "1")); got.Version != workers*rounds {
		t.Errorf("version %d after %d writes", got.Version, workers*rounds)
	}
}

// testRaceLargeRead reads a large value while it is overwritten: each read gives
// one whole value, in the version that it was put as.
func testRaceLargeRead(t *testing.T, table store.Table) {
	k := key("large", "1")
	values := make([][]byte, 9)
	for v := range values {
		values[v] = noise(uint64(v+1), 900<<10+v)
	}
	values[4] = []byte("small")
	write(t, table, store.Put(store.Item{Key: k, Body: values[0]}, store.IfAbsent()))
	var done atomic.Bool
	together(t, 3, func(worker int) error {
		if worker == 0 {
			defer done.Store(true)
			for v := 1; v < len(values); v++ {
				put := store.Put(store.Item{Key: k, Body: values[v]}, store.IfVersion(int64(v)))
				if err := table.Write(t.Context(), put); err != nil {
					return err
				}
			}
			return nil
		}
		for !done.Load() {
			got, err := table.Get(t.Context(), k)
			if err != nil {
				return err
			}
			if v := got.Version - 1; v < 0 || !bytes.Equal(got.Body, values[v]) {
				return fmt.Errorf("version %d has a body of %d bytes that was not put", got.Version, len(got.Body))
			}
		}
		return nil
	})
}
