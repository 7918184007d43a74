package local_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local/interp/simclock"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// errKilled is what everything says to a process that is no more.
var errKilled = errors.New("killed")

// mortal is a table whose process dies at one of its writes: before it is
// done, or after it and before anybody hears of it. The table itself lives on.
type mortal struct {
	store.Table
	mu    sync.Mutex
	left  int // writes until the end; it never comes with 0
	done  bool
	dead  bool
	count int
}

func (m *mortal) alive() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errKilled
	}
	return nil
}

// Get implements [store.Table].
func (m *mortal) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if err := m.alive(); err != nil {
		return store.Item{}, err
	}
	return m.Table.Get(ctx, key)
}

// BatchGet implements [store.Table].
func (m *mortal) BatchGet(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	if err := m.alive(); err != nil {
		return nil, err
	}
	return m.Table.BatchGet(ctx, keys)
}

// Query implements [store.Table].
func (m *mortal) Query(ctx context.Context, q store.Query) (store.Page, error) {
	if err := m.alive(); err != nil {
		return store.Page{}, err
	}
	return m.Table.Query(ctx, q)
}

// Write implements [store.Table].
func (m *mortal) Write(ctx context.Context, writes ...store.Write) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return errKilled
	}
	m.count++
	m.left--
	if m.left == 0 {
		m.dead = true
		if m.done {
			_ = m.Table.Write(ctx, writes...)
		}
		return errKilled
	}
	return m.Table.Write(ctx, writes...)
}

// cloud performs the actions; it outlives the processes that call it, and hears
// nothing of those that are dead.
type cloud struct {
	mu    sync.Mutex
	made  map[string]int // how often each thing was made
	tries map[string]int // of what fails at first
}

// process is one process's way to the cloud.
type process struct {
	*cloud
	table *mortal
	std   engine.Runner
}

// Run implements [engine.Runner].
func (p process) Run(ctx context.Context, c actions.Call) (actions.Outcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.table.alive(); err != nil {
		return actions.Outcome{}, err
	}
	arg := func(name string) string {
		v, _ := c.Input.Get(name)
		return v.(string)
	}
	switch c.Action {
	case "nova.servers_create", "nova.keypairs_create":
		name := arg("name")
		if c.Action == "nova.keypairs_create" && p.failsAt(name, 2) {
			return actions.Outcome{}, actions.ActionFailed{Action: c.Action, Message: "not yet"}
		}
		p.made[name]++
		return actions.Outcome{Result: value.MapOf("id", "id-"+name, "name", name)}, nil
	case "nova.servers_get":
		if p.failsAt(arg("server"), 1) {
			return actions.Outcome{}, actions.ActionFailed{Action: c.Action, Message: "not yet"}
		}
		return actions.Outcome{Result: value.MapOf("status", "ACTIVE "+arg("server"))}, nil
	case "nova.servers_list":
		return actions.Outcome{Result: value.Of(slices.Sorted(maps.Keys(p.made)))}, nil
	default:
		return p.std.Run(ctx, c)
	}
}

// failsAt says whether this is one of the first n tries.
func (c *cloud) failsAt(what string, n int) bool {
	c.tries[what]++
	return c.tries[what] <= n
}

// killing is one execution and the processes that drive it.
type killing struct {
	*simulation
	cloud   *cloud
	all     []*compile.Workflow
	id      string
	unknown bool // a process died between the start of a change and its record
}

func newKilling(t *testing.T, registry *actions.Registry, all []*compile.Workflow) *killing {
	t.Helper()
	k := &killing{simulation: simulate(t, registry), all: all, id: engine.NewID()}
	k.cloud = &cloud{made: map[string]int{}, tries: map[string]int{}}
	return k
}

// live starts or resumes the execution in a process of its own, which dies at
// its n-th write, or not at all with 0. The head is nil then.
func (k *killing) live(n int, done bool) (*store.Execution, *mortal) {
	k.t.Helper()
	ctx, cancel := context.WithTimeout(k.t.Context(), time.Minute)
	defer cancel()
	k.clock = simclock.New(k.clock.Now())
	kept, table := k.table, &mortal{Table: k.table, left: n, done: done}
	k.table, k.actions = table, process{k.cloud, table, k.std()}
	defer func() { k.table, k.actions = kept, nil }()
	r := k.runner()
	head, err := r.Resume(ctx, k.id)
	if errors.Is(err, store.ErrNoExecution) {
		head, err = k.start(ctx, r, k.all, k.id)
	}
	for err == nil && head.State == engine.Paused {
		head, err = r.Resume(ctx, k.id)
	}
	if table.dead {
		k.autopsy(kept)
		return nil, table
	}
	if err != nil {
		k.t.Fatalf("%v; %v", err, k.clock)
	}
	return head, table
}

// autopsy looks for changes that were begun and of which nothing more is known.
func (k *killing) autopsy(table store.Table) {
	k.t.Helper()
	records := store.NewRecords(table)
	heads, _, err := records.Executions(k.t.Context(), 0, "")
	if err != nil {
		k.t.Fatal(err)
	}
	for _, head := range heads {
		tasks, err := records.Tasks(k.t.Context(), head.ID)
		if err != nil {
			k.t.Fatal(err)
		}
		for _, task := range tasks {
			acts, err := records.AllActions(k.t.Context(), task)
			if err != nil {
				k.t.Fatal(err)
			}
			for _, a := range acts {
				if action, ok := k.registry.Lookup(a.Name); ok && !action.ReadOnly && a.State == engine.Running {
					k.unknown = true
				}
			}
		}
	}
}

// describe is how the execution ended. How many sub-workflows the retries of
// calls needed is left out: a try that was cut off may be one more.
func (k *killing) describe(head *store.Execution) *value.Map {
	k.t.Helper()
	m, err := outcome.Describe(k.t.Context(), store.NewRecords(k.table), head)
	if err != nil {
		k.t.Fatal(err)
	}
	tasks, _ := m.Get("tasks")
	for _, task := range tasks.([]any) {
		if name, _ := task.(*value.Map).Get("name"); name == "calls" {
			task.(*value.Map).Delete("executions")
		}
	}
	outcome.Normalize(m)
	return m
}

// TestKilledAtWrites kills runs at random writes to the store, once or twice,
// and resumes them. They end as if nothing had happened, and nothing is made
// twice. Only where a change was begun and its outcome is not in the store
// nobody can know: that is the error then.
func TestKilledAtWrites(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	for form, most := range map[string]int{"structured": 50, "threads": 20, "reverse": 20, "pauses": 20} {
		if testing.Short() {
			most /= 10
		}
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			t.Logf("seed %d", seed)
			random := rand.New(rand.NewPCG(seed, uint64(len(form))))
			compiler := newSimulation(t)
			all := compiler.compiled(killable[form])
			whole := newKilling(t, compiler.registry, all)
			head, table := whole.live(0, false)
			if got := all[0].Form(); (got == "structured") != (form == "structured") || head.State != engine.Success {
				t.Fatalf("%s, %s: %s", got, head.State, value.MustEncode(whole.describe(head)))
			}
			want := whole.describe(head)
			points := random.Perm(2 * table.count)
			same, unknown := 0, 0
			for _, point := range points {
				if same == most {
					break
				}
				k := newKilling(t, compiler.registry, all)
				k.interval = time.Duration(1 + random.IntN(2)*int(50*time.Millisecond))
				if !k.killed(1+point/2, point%2 == 1, random, want) {
					continue
				}
				if k.unknown {
					unknown++
				} else {
					same++
				}
			}
			t.Logf("%d points of %d writes: %d the same, %d unknown", same+unknown, table.count, same, unknown)
			if same < most {
				t.Errorf("only %d of the kill points had one possible outcome", same)
			}
		})
	}
}

// killed kills the execution at the n-th write, and perhaps once more, and
// checks how it ends. It reports whether it was killed at all.
func (k *killing) killed(n int, done bool, random *rand.Rand, want *value.Map) bool {
	k.t.Helper()
	head, _ := k.live(n, done)
	if head != nil {
		return false // it had fewer writes this time
	}
	if random.IntN(2) == 0 {
		head, _ = k.live(1+random.IntN(n+5), random.IntN(2) == 0)
	}
	if head == nil {
		head, _ = k.live(0, false)
	}
	what := fmt.Sprintf("killed at write %d (done: %v)", n, done)
	got := k.describe(head)
	for name, times := range k.cloud.made {
		if times != 1 {
			k.t.Errorf("%s: %s was made %d times", what, name, times)
		}
	}
	if !k.unknown {
		if diff := cmp.Diff(value.Plain(want), value.Plain(got)); diff != "" {
			k.t.Errorf("%s: -without +with:\n%s", what, diff)
		}
		return true
	}
	if text := string(value.MustEncode(got)); head.State != engine.Error || !strings.Contains(text, "was started before and its outcome is not known") {
		k.t.Errorf("%s when nobody can know the outcome: %s", what, text)
	}
	return true
}
