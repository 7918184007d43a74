package engine

import (
	"math/big"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// startedEngine is an engine with an execution of a workflow of one task.
func startedEngine(t *testing.T, input *value.Map) (*Engine, string) {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Options{
		Records: store.NewRecords(memory.New(nil)), Registry: registry,
		Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	spec := &step.Workflow{Name: "book.wf", Tasks: []step.TaskInfo{{Name: "a"}}}
	for k := range input.All() {
		spec.Input = append(spec.Input, step.Input{Name: k})
	}
	head, err := e.Start(t.Context(), StartRequest{Workflow: spec, Input: input})
	if err != nil {
		t.Fatal(err)
	}
	return e, head.ID
}

func prepareEvent(execution string, p step.Policies, call *step.Call) *step.Event {
	return &step.Event{Task: &step.Task{Op: step.Prepare, Execution: execution, Name: "a", Policies: &p, Call: call}}
}

// TestPrepareAgain repeats the step with expressions that give another value each
// time, also while the first call is still at it: all answer the same.
func TestPrepareAgain(t *testing.T) {
	ctx := t.Context()
	e, id := startedEngine(t, nil)
	const random = "<% int(random() * 90000000) %>"
	policies := step.Policies{WaitBefore: value.Any{V: random}, Timeout: value.Any{V: random}}
	slow, err := e.open(ctx, prepareEvent(id, policies, nil))
	if err != nil {
		t.Fatal(err)
	}
	first, err := e.Handle(ctx, prepareEvent(id, policies, nil))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		again, err := e.Handle(ctx, prepareEvent(id, policies, nil))
		if err != nil || !value.Equal(value.Of(again.Prepared), value.Of(first.Prepared)) {
			t.Fatalf("%+v, %v; first %+v", again.Prepared, err, first.Prepared)
		}
	}
	overtaken, err := slow.prepare(ctx)
	if err != nil || !value.Equal(value.Of(overtaken.Prepared), value.Of(first.Prepared)) {
		t.Fatalf("overtaken: %+v, %v; first %+v", overtaken.Prepared, err, first.Prepared)
	}
}

// TestPrepareSettled repeats the step after the task has ended: it stays so.
func TestPrepareSettled(t *testing.T) {
	ctx := t.Context()
	e, id := startedEngine(t, value.MapOf("name", "std.noop"))
	call := &step.Call{Name: value.Any{V: "<% $.name %>"}}
	if _, err := e.Handle(ctx, prepareEvent(id, step.Policies{}, call)); err != nil {
		t.Fatal(err)
	}
	run := &step.Event{Task: &step.Task{Execution: id, Name: "a", Dynamic: true}}
	if a, err := e.Handle(ctx, run); err != nil || a.State != Success {
		t.Fatalf("%+v, %v", a, err)
	}
	late := prepareEvent(id, step.Policies{}, call)
	late.Task.Round = 1
	if _, err := e.Handle(ctx, late); err != nil {
		t.Fatal(err)
	}
	task := &store.Task{ID: late.Task.ID, Execution: id}
	if err := e.opts.Records.Load(ctx, task); err != nil || task.State != Success {
		t.Errorf("%s, %v", task.State, err)
	}
}

// TestExpired runs a task whose timeout was over before its wait was.
func TestExpired(t *testing.T) {
	ctx := t.Context()
	e, id := startedEngine(t, nil)
	a, err := e.Handle(ctx, prepareEvent(id, step.Policies{WaitBefore: value.Any{V: int64(7)}, Timeout: value.Any{V: int64(3)}}, nil))
	if err != nil || a.Prepared.Wait != 3 || !a.Prepared.Expired {
		t.Fatalf("%+v, %v", a.Prepared, err)
	}
	_, err = e.Handle(ctx, &step.Event{Action: "std.noop", Task: &step.Task{Execution: id, Name: "a", Timeout: 3}})
	if err == nil || errorName(err) != timeoutName || err.Error() != "Task timed out [timeout(s)=3]." {
		t.Errorf("%v", err)
	}
}

func TestNatural(t *testing.T) {
	for _, c := range []struct {
		v       any
		n       int64
		problem string
	}{
		{int64(0), 0, ""},
		{2.0, 2, ""},
		{int64(-1), 0, "-1 is less than the minimum of 0"},
		{1.5, 0, "1.5 is not of type 'integer'"},
		{true, 0, "True is not of type 'integer'"},
		{nil, 0, "None is not of type 'integer'"},
		{"5", 0, "'5' is not of type 'integer'"},
		{int64(step.MaxSeconds), step.MaxSeconds, ""},
		{int64(step.MaxSeconds + 1), 0, "100000000 is more than 99999999"},
		{1e300, 0, "1e+300 is more than 99999999"},
		{new(big.Int).Lsh(big.NewInt(-1), 70), 0, "-1180591620717411303424 is less than the minimum of 0"},
	} {
		n, problem := natural(c.v)
		if n != c.n || problem != c.problem {
			t.Errorf("%v: %d, %q", c.v, n, problem)
		}
	}
}

// TestFinds finds what a name comes to: the workbook's own first, nothing being
// std.noop, and what may be meant of an unknown one.
func TestFinds(t *testing.T) {
	chain := func(action string) step.Chain {
		return step.Chain{Action: action, Adhoc: []step.Adhoc{{Name: action + "'s"}}}
	}
	call := &step.Call{
		Name: value.Any{V: "<% $.name %>"}, Book: "book",
		Actions: map[string]step.Chain{"book.say": chain("std.echo"), "say": chain("std.fail"), "std.noop": chain("std.fail")},
	}
	for _, c := range []struct {
		name   any
		action string
		err    string
	}{
		{"say", "std.echo", ""},
		{"book.say", "std.echo", ""},
		{"nova.servers_list", "nova.servers_list", ""},
		{"std.noop", "std.fail", ""},
		{nil, "std.fail", ""},
		{"sai", "", "did you mean say"},
		{"nova.server_list", "", "did you mean nova.servers_list"},
		{int64(5), "", `no action "5"`},
	} {
		e, id := startedEngine(t, value.MapOf("name", c.name))
		a, err := e.Handle(t.Context(), prepareEvent(id, step.Policies{}, call))
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || errorName(err) != "ActionNotFound" {
				t.Errorf("%v: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%v: %v", c.name, err)
		case a.Prepared.Action != c.action || a.Prepared.Service == "" || a.Prepared.Adhoc == nil:
			t.Errorf("%v: %+v", c.name, a.Prepared)
		}
	}
}
