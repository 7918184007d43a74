package e2e_test

import (
	"sync"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// steps is an engine as a Lambda function has it, with an execution whose
// first task makes a keypair.
type steps struct {
	*world
	engine *engine.Engine
	id     string
}

func newSteps(t *testing.T, w *world) *steps {
	t.Helper()
	s := &steps{world: w}
	s.engine = s.another()
	all := w.compiled("version: '2.0'\nw:\n  tasks:\n    t:\n      action: nova.keypairs_create name=\"k\" public_key=<% null %> region=\"RegionTwo\"\n")
	head, err := s.engine.Start(t.Context(), engine.StartRequest{
		Workflow: all[0].Spec, Target: engine.Target{Cloud: "alpha", Trusted: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.id = head.ID
	return s
}

// another is an engine on the same store, as another function's.
func (s *steps) another() *engine.Engine {
	s.t.Helper()
	e, err := engine.New(engine.Options{Records: store.NewRecords(s.table), Registry: s.registry, Actions: s.actions})
	if err != nil {
		s.t.Fatal(err)
	}
	return e
}

// event is what a state machine sends for the task.
func (s *steps) event() *step.Event {
	return &step.Event{
		Action: "nova.keypairs_create",
		Input:  value.Any{V: value.MapOf("name", "k", "public_key", nil, "region", "RegionTwo")},
		Task: &step.Task{
			Execution: s.id, Name: "t",
			Publish: value.MapOf("key", "<% task().result.name %>"), OnSuccess: []step.Route{{To: "next"}},
		},
	}
}

func (s *steps) posts() int {
	return s.sandbox.Count(sandbox.RequestKey{Service: "compute", Method: "POST"})
}

// TestCalledAgain: the same event again is answered from the record, by the
// same function and by another one, and nothing is done twice.
func TestCalledAgain(t *testing.T) {
	t.Parallel()
	s := newSteps(t, newWorld(t, settings{}))
	var first string
	for i, e := range []*engine.Engine{s.engine, s.engine, s.another()} {
		a, err := e.Handle(t.Context(), s.event())
		if err != nil {
			t.Fatal(err)
		}
		got := string(value.MustEncode(value.Of(a)))
		if first == "" {
			first = got
		}
		if got != first {
			t.Errorf("call %d was answered %s, the first one %s", i+1, got, first)
		}
	}
	if n := s.posts(); n != 1 {
		t.Errorf("%d keypairs were made", n)
	}
}

// TestFailedCalledAgain: a failure is answered again too.
func TestFailedCalledAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{sandbox: sandbox.Options{Faults: []sandbox.Fault{{Service: "compute", Method: "POST", Status: 409, Message: "taken"}}}})
	s := newSteps(t, w)
	for range 3 {
		_, err := s.engine.Handle(t.Context(), s.event())
		if err == nil || err.(*engine.TaskError).Name != "Conflict" {
			t.Errorf("error %v, not a Conflict", err)
		}
	}
	if n := s.posts(); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestCalledAtOnce: many calls of the same event at once make one request. Who
// was too late learns the same answer, or that somebody else is at it.
func TestCalledAtOnce(t *testing.T) {
	t.Parallel()
	s := newSteps(t, newWorld(t, settings{}))
	engines := []*engine.Engine{s.engine, s.another(), s.another()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	answers, start := map[string]int{}, make(chan struct{})
	for i := range 30 {
		wg.Go(func() {
			<-start
			a, err := engines[i%3].Handle(t.Context(), s.event())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				answers[string(value.MustEncode(value.Of(a)))]++
				return
			}
			if te, ok := err.(*engine.TaskError); !ok || te.Name != "OutcomeUnknown" {
				t.Errorf("error %v, not OutcomeUnknown", err)
			}
		})
	}
	close(start)
	wg.Wait()
	if n := s.posts(); n != 1 {
		t.Errorf("%d keypairs were made", n)
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
	a, err := s.engine.Handle(t.Context(), s.event())
	if err != nil || answers[string(value.MustEncode(value.Of(a)))] == 0 {
		t.Errorf("afterwards: %v, %v", a, err)
	}
}
