package local_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/local/interp"
	"github.com/sirocco-workflows/sirocco/shared/local/interp/simclock"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// simulation runs workflows in simulated time: a wait takes none of the test's,
// and what comes first is certain.
type simulation struct {
	t        *testing.T
	registry *actions.Registry
	clock    *simclock.Clock
	table    store.Table
	actions  engine.Runner // nil = the std actions
	interval time.Duration // of the interpreter's saves

	mu     sync.Mutex
	events []interp.Event
}

// epoch is when simulated time begins.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func newSimulation(t *testing.T) *simulation {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return simulate(t, registry)
}

func simulate(t *testing.T, registry *actions.Registry) *simulation {
	return &simulation{t: t, registry: registry, clock: simclock.New(epoch), table: memory.New(nil)}
}

// std performs the std actions on the simulation's clock.
func (s *simulation) std() *actions.Runner {
	clock := s.clock
	return actions.NewRunner(s.registry, nil, actions.RunnerOptions{Sleep: func(ctx context.Context, d time.Duration) error {
		clock.Sleep(d, ctx.Done())
		return ctx.Err()
	}})
}

// compiled compiles a text; the first of its workflows is the one to run.
func (s *simulation) compiled(text string) []*compile.Workflow {
	s.t.Helper()
	all, diags := outcome.Compile(s.registry, []outcome.File{{Name: "wf.yaml", Data: []byte(text)}}, nil)
	if diags.HasErrors() {
		s.t.Fatal(diags)
	}
	return all
}

// runner is a process of its own over the simulation's table.
func (s *simulation) runner() *local.Runner {
	s.t.Helper()
	perform := s.actions
	if perform == nil {
		perform = s.std()
	}
	r, err := local.New(local.Options{
		Table: s.table, Registry: s.registry, Actions: perform, Clock: s.clock, SaveInterval: s.interval,
		Events: func(e interp.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// start runs the first of the workflows to its end; a reverse one for its last
// task.
func (s *simulation) start(ctx context.Context, r *local.Runner, all []*compile.Workflow, id string) (*store.Execution, error) {
	machines := local.Machines{}
	for _, w := range all {
		machines[w.Machine] = w.Definition
	}
	p, err := r.Load(ctx, machines)
	if err != nil {
		return nil, err
	}
	req := engine.StartRequest{ID: id, Workflow: all[0].Spec, Input: value.NewMap(0)}
	if req.Workflow.Type == step.Reverse {
		req.Task = req.Workflow.Tasks[len(req.Workflow.Tasks)-1].Name
	}
	return r.Run(ctx, p, all[0].Machine, req)
}

// run runs a text and returns what became of it.
func (s *simulation) run(text string) (*store.Execution, *local.Runner) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	r := s.runner()
	head, err := s.start(ctx, r, s.compiled(text), "")
	if err != nil {
		s.t.Fatalf("%v; %v", err, s.clock)
	}
	return head, r
}

// TestJoinOne: the join starts when the first branch arrives, and the other
// branch goes on to its end.
func TestJoinOne(t *testing.T) {
	s := newSimulation(t)
	head, r := s.run(`
version: '2.0'
wf:
  output: {first: <% $.first %>}
  tasks:
    quick: {action: std.sleep seconds=1, on-success: before}
    before: {action: std.echo output="quick", publish: {first: <% task().result %>}, on-success: joined}
    slow: {action: std.sleep seconds=10, on-success: after}
    after: {action: std.echo output="slow", publish: {slow: <% task().result %>}, on-success: joined}
    joined: {join: one, action: std.sleep seconds=2}
`)
	if head.State != engine.Success {
		t.Fatalf("%s: %s", head.State, *head.StateInfo)
	}
	tasks, err := r.Records().Tasks(t.Context(), head.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]time.Duration{
		"quick": {0, time.Second}, "before": {time.Second, time.Second}, "joined": {time.Second, 3 * time.Second},
		"slow": {0, 10 * time.Second}, "after": {10 * time.Second, 10 * time.Second},
	}
	for _, task := range tasks {
		got := [2]time.Duration{task.StartedAt.Sub(epoch), task.FinishedAt.Sub(epoch)}
		if got != want[task.Name] || task.State != engine.Success {
			t.Errorf("%s: %s, from and to %v, not %v", task.Name, task.State, got, want[task.Name])
		}
		delete(want, task.Name)
		if slow, _ := task.Published.Get("slow"); task.Name == "after" && slow != "slow" {
			t.Errorf("the other branch published %v", slow)
		}
	}
	if len(want) > 0 {
		t.Errorf("no tasks %v", want)
	}
	out := &store.Output{ID: head.ID}
	if err := r.Records().Load(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	if got := string(value.MustEncode(out.Output.V)); got != `{"first":"quick"}` {
		t.Errorf("output %s", got)
	}
}
