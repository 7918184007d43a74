package embedded_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
	"github.com/sirocco-workflows/sirocco/shared/store/storetest"
)

// open opens a store that is closed at the end of the test.
func open(t testing.TB, path string, opts embedded.Options) *embedded.Table {
	t.Helper()
	table, err := embedded.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	})
	return table
}

func TestContract(t *testing.T) {
	storetest.Run(t, func() store.Table {
		return open(t, filepath.Join(t.TempDir(), "store.db"), embedded.Options{})
	})
}

func put(sk string, cond store.Condition) store.Write {
	return store.Put(store.Item{Key: store.Key{PK: "p", SK: sk}, Body: []byte(sk)}, cond)
}

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "sirocco", "store.db")
	table := open(t, path, embedded.Options{})
	if err := table.Write(t.Context(), put("1", store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{"": 0o600, "-wal": 0o600, "-shm": 0o600} {
		if info, err := os.Stat(path + name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("store.db%s: %v, %v, want mode %o", name, info, err, mode)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v, want mode 700", info, err)
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(path + "-*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	table = open(t, path, embedded.Options{MustExist: true})
	if item, err := table.Get(t.Context(), store.Key{PK: "p", SK: "1"}); err != nil || item.Version != 1 {
		t.Errorf("after reopening: version %d, %v", item.Version, err)
	}
	if table.Path() != path {
		t.Errorf("Path() = %s, want %s", table.Path(), path)
	}
}

func TestOddPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?c#d%20&e=é", "s;t?mode=ro.db")
	table := open(t, path, embedded.Options{})
	if err := table.Write(t.Context(), put("1", store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestMustExist(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if _, err := embedded.Open(t.Context(), path, embedded.Options{MustExist: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open = %v, want os.ErrNotExist", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was made")
	}
}

func TestFormat(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database := func(name string, statements ...string) string {
		path := filepath.Join(dir, name)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	for name, path := range map[string]string{
		"text":          write("text", []byte(strings.Repeat("version: '2.0'\n", 100))),
		"short":         write("short", []byte("x")),
		"another's":     database("another", "CREATE TABLE t (a)"),
		"another's, id": database("id", "PRAGMA application_id = 7", "CREATE TABLE t (a)"),
		"a later one":   database("later", "PRAGMA application_id = 0x53697263", "PRAGMA user_version = 2", "CREATE TABLE t (a)"),
	} {
		var format *embedded.FormatError
		if _, err := embedded.Open(t.Context(), path, embedded.Options{}); !errors.As(err, &format) || format.Path != path {
			t.Errorf("%s: Open = %v, want a *FormatError", name, err)
		}
	}
	// An empty file is one that was made and not filled before a kill.
	open(t, write("empty", nil), embedded.Options{})
}

// lock holds the file's write lock, as another process would.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		db.Close()
	}
}

func TestBusy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	table := open(t, path, embedded.Options{BusyTimeout: 20 * time.Millisecond})
	if err := table.Write(t.Context(), put("1", store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	unlock := lock(t, path)
	var busy *store.BusyError
	if err := table.Write(t.Context(), put("2", store.IfAbsent())); !errors.As(err, &busy) || !strings.Contains(err.Error(), path) {
		t.Errorf("Write = %v, want a *BusyError that names the file", err)
	}
	if _, err := table.Get(t.Context(), store.Key{PK: "p", SK: "1"}); err != nil {
		t.Errorf("reading meanwhile: %v", err)
	}
	unlock()
	if err := table.Write(t.Context(), put("2", store.IfAbsent())); err != nil {
		t.Errorf("Write afterwards: %v", err)
	}
}

// TestGiveUp ends a call's context while the file is locked: the call ends at
// once, and nothing of it is written later.
func TestGiveUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	table := open(t, path, embedded.Options{BusyTimeout: time.Minute})
	unlock := lock(t, path)
	first := make(chan error, 1) // is with the writer, which waits for the file
	ctx, cancel := context.WithCancel(t.Context())
	go func() { first <- table.Write(ctx, put("1", store.IfAbsent())) }()
	second := make(chan error, 1) // waits for the writer
	go func() { second <- table.Write(ctx, put("2", store.IfAbsent())) }()
	cancel()
	for _, c := range []chan error{first, second} {
		if err := <-c; !errors.Is(err, context.Canceled) {
			t.Errorf("Write = %v, want context.Canceled", err)
		}
	}
	unlock()
	if err := table.Write(t.Context(), put("3", store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	page, err := table.Query(t.Context(), store.Query{PK: "p"})
	if err != nil || len(page.Items) != 1 || page.Items[0].SK != "3" {
		t.Errorf("written: %v, %v, want 3 only", page.Items, err)
	}
}

func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	table := open(t, path, embedded.Options{})
	const writers = 8
	var acknowledged [writers]int
	var wg sync.WaitGroup
	started := make(chan struct{}, writers)
	for i := range writers {
		wg.Go(func() {
			for n := 0; ; n++ {
				err := table.Write(t.Context(), put(fmt.Sprintf("%d-%d", i, n), store.IfAbsent()))
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Errorf("Write = %v, want ErrClosed", err)
					}
					return
				}
				acknowledged[i]++
				if n == 0 {
					started <- struct{}{}
				}
			}
		})
	}
	for range writers {
		<-started
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if _, err := table.Get(t.Context(), store.Key{PK: "p", SK: "1"}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Get = %v, want ErrClosed", err)
	}
	if _, err := table.Query(t.Context(), store.Query{PK: "p"}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Query = %v, want ErrClosed", err)
	}
	if err := table.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	sum, n := 0, 0
	for _, a := range acknowledged {
		sum += a
	}
	for _, err := range store.All(t.Context(), open(t, path, embedded.Options{}), store.Query{PK: "p"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != sum {
		t.Errorf("%d items are there, %d were acknowledged", n, sum)
	}
}

// TestExpired checks that expired items are removed and not only hidden.
func TestExpired(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	var offset atomic.Int64
	now := func() time.Time { return time.Unix(2e9+offset.Load(), 0) }
	table := open(t, path, embedded.Options{Now: now})
	old := put("old", store.IfAbsent())
	old.Item.Expires = time.Unix(2e9+10, 0)
	if err := table.Write(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		at    int64
		there bool
	}{{9, true}, {10, false}} {
		offset.Store(step.at)
		if _, err := table.Get(t.Context(), old.Item.Key); (err == nil) != step.there {
			t.Errorf("after %d s: Get = %v, want it there: %v", step.at, err, step.there)
		}
	}
	offset.Store(3600)
	if err := table.Write(t.Context(), put("new", store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	if got := rows(t, path); got != 1 {
		t.Errorf("%d rows, want 1", got)
	}
}

func rows(t *testing.T, path string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow("SELECT count(*) FROM items").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCorrupt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	table := open(t, path, embedded.Options{})
	big := store.Put(store.Item{Key: store.Key{PK: "p", SK: "1"}, Body: bytes.Repeat([]byte("a long body "), 1000)}, store.IfAbsent())
	if err := table.Write(t.Context(), big); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE items SET body = substr(body, 1, length(body) - 5) || x'0102030405'"); err != nil {
		t.Fatal(err)
	}
	var corrupt *store.CorruptError
	if _, err := table.Get(t.Context(), big.Item.Key); !errors.As(err, &corrupt) || corrupt.Key != big.Item.Key {
		t.Errorf("Get = %v, want a *CorruptError", err)
	}
	if _, err := table.Query(t.Context(), store.Query{PK: "p"}); !errors.As(err, &corrupt) {
		t.Errorf("Query = %v, want a *CorruptError", err)
	}
}

// TestNoSecretInFile looks for a secret in all bytes that lie on the disk, while
// the store is open and after it is closed.
func TestNoSecretInFile(t *testing.T) {
	dir := t.TempDir()
	table := open(t, filepath.Join(dir, "store.db"), embedded.Options{})
	cipher, err := keyfile.Open(filepath.Join(dir, "credentials.key"))
	if err != nil {
		t.Fatal(err)
	}
	creds := store.NewCredentials(table, cipher)
	const secret = "hunter2-hunter2"
	for _, plaintext := range []string{strings.Repeat(secret, 5000), secret} {
		if err := creds.Put(t.Context(), "prod", []byte(plaintext)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := creds.Get(t.Context(), "prod"); err != nil || string(got) != secret {
		t.Errorf("Get = %q, %v", got, err)
	}
	for _, state := range []string{"open", "closed"} {
		found := false
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || bytes.Contains(data, []byte("credential#prod"))
			if bytes.Contains(data, []byte("hunter2")) {
				t.Errorf("%s: the secret is in %s", state, f)
			}
		}
		if !found {
			t.Errorf("%s: no file has the credential", state)
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
