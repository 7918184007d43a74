package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
)

// The test binary is also the other process of some tests: it then does what
// these variables say.
const (
	roleVar = "STORE_TEST_ROLE"
	pathVar = "STORE_TEST_PATH"
)

func TestMain(m *testing.M) {
	role := map[string]func(context.Context, *embedded.Table) error{
		"append": appendForever, "append relaxed": appendRelaxed, "count": countOther,
	}[os.Getenv(roleVar)]
	if role == nil {
		os.Exit(m.Run())
	}
	table, err := embedded.Open(context.Background(), os.Getenv(pathVar), embedded.Options{})
	if err == nil {
		err = errors.Join(role(context.Background(), table), table.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// other starts another process on the same file.
func other(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), roleVar+"="+role, pathVar+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

func pair(n int) []store.Write {
	body := []byte(strings.Repeat(fmt.Sprint(n, " "), 500))
	return []store.Write{
		store.Put(store.Item{Key: store.Key{PK: "left", SK: fmt.Sprintf("%06d", n)}, Body: body}, store.IfAbsent()),
		store.Put(store.Item{Key: store.Key{PK: "right", SK: fmt.Sprintf("%06d", n)}, Body: body}, store.IfAbsent()),
	}
}

// appendForever writes pairs of items and prints the number of each pair once
// it is acknowledged.
func appendForever(ctx context.Context, table *embedded.Table) error {
	for n := 0; ; n++ {
		if err := table.Write(ctx, pair(n)...); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func appendRelaxed(ctx context.Context, table *embedded.Table) error {
	return appendForever(store.WithDurability(ctx, store.Relaxed), table)
}

func TestKilled(t *testing.T) {
	for _, role := range []string{"append", "append relaxed"} {
		for _, kill := range []int{0, 1, 37, 300} {
			t.Run(fmt.Sprint(role, kill), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "store.db")
				cmd, acks := other(t, role, path)
				last := -1
				for last < kill && acks.Scan() {
					last, _ = strconv.Atoi(acks.Text())
				}
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
				for acks.Scan() { // acknowledged before the kill too
					last, _ = strconv.Atoi(acks.Text())
				}
				_ = cmd.Wait() // killed
				if last < kill {
					t.Fatalf("the process ended after %d pairs", last+1)
				}
				checkPairs(t, path, last)
			})
		}
	}
}

// checkPairs wants all pairs up to the last acknowledged one, and no half one.
func checkPairs(t *testing.T, path string, last int) {
	t.Helper()
	table := open(t, path, embedded.Options{MustExist: true})
	var sides [2][]string
	for i, pk := range []string{"left", "right"} {
		for item, err := range store.All(t.Context(), table, store.Query{PK: pk}) {
			if err != nil {
				t.Fatal(err)
			}
			sides[i] = append(sides[i], item.SK+string(item.Body))
		}
	}
	if strings.Join(sides[0], "|") != strings.Join(sides[1], "|") {
		t.Errorf("%d left items and %d right ones, not pairs", len(sides[0]), len(sides[1]))
	}
	for n := range last + 1 {
		if n >= len(sides[0]) || !strings.HasPrefix(sides[0][n], fmt.Sprintf("%06d", n)) {
			t.Fatalf("acknowledged up to %d, but pair %d is not there", last, n)
		}
	}
	if err := table.Write(t.Context(), pair(999999)...); err != nil {
		t.Errorf("writing after the kill: %v", err)
	}
}

const increments = 60

// count adds to a counter, as often as increments, by read and conditional
// write.
func count(ctx context.Context, table *embedded.Table) error {
	k := store.Key{PK: "count", SK: "1"}
	for range increments {
		for {
			item, err := table.Get(ctx, k)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			n, _ := strconv.Atoi(string(item.Body))
			put := store.Put(store.Item{Key: k, Body: strconv.AppendInt(nil, int64(n+1), 10)}, store.IfVersion(item.Version))
			err = table.Write(ctx, put)
			var conflict *store.ConflictError
			if err == nil {
				break
			}
			if !errors.As(err, &conflict) {
				return err
			}
		}
	}
	return nil
}

// countOther counts once its input says so.
func countOther(ctx context.Context, table *embedded.Table) error {
	fmt.Println("ready")
	return count(ctx, table)
}

func TestProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "store.db")
	// Both make the file.
	first, ready1 := other(t, "count", path)
	second, ready2 := other(t, "count", path)
	table := open(t, path, embedded.Options{})
	ready1.Scan()
	ready2.Scan()
	if err := count(t.Context(), table); err != nil {
		t.Error(err)
	}
	for _, p := range []struct {
		cmd *exec.Cmd
		out *bufio.Scanner
	}{{first, ready1}, {second, ready2}} {
		for p.out.Scan() {
		}
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("the other process: %v", err)
		}
	}
	got, err := table.Get(t.Context(), store.Key{PK: "count", SK: "1"})
	if err != nil || string(got.Body) != fmt.Sprint(3*increments) || got.Version != 3*increments {
		t.Errorf("the counter is %s in version %d, %v, want %d", got.Body, got.Version, err, 3*increments)
	}
}

// TestListWhileRunning reads, as a second command would, while a process writes.
func TestListWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	cmd, acks := other(t, "append", path)
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	if !acks.Scan() {
		t.Fatal("the other process does not write")
	}
	for range 5 {
		table, err := embedded.Open(t.Context(), path, embedded.Options{MustExist: true})
		if err != nil {
			t.Fatal(err)
		}
		if !acks.Scan() {
			t.Fatal(io.ErrUnexpectedEOF)
		}
		page, err := table.Query(t.Context(), store.Query{PK: "left", Limit: 1, Descending: true})
		if err != nil || len(page.Items) != 1 || page.Items[0].SK < fmt.Sprintf("%06s", acks.Text()) {
			t.Errorf("after pair %s was acknowledged the last one is %v, %v", acks.Text(), page.Items, err)
		}
		if err := table.Close(); err != nil {
			t.Error(err)
		}
	}
}
