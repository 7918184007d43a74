package engine

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestSettleBesideTheFunction settles a task that timed out while its function,
// cut off, still stores what its action came to: the task is settled, and the
// action's outcome stays.
func TestSettleBesideTheFunction(t *testing.T) {
	for _, state := range []string{Running, Success, Error} {
		ctx := t.Context()
		registry, err := actions.NewRegistry()
		if err != nil {
			t.Fatal(err)
		}
		records := store.NewRecords(memory.New(nil))
		e, err := New(Options{Records: records, Registry: registry, Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{})})
		if err != nil {
			t.Fatal(err)
		}
		head, err := e.Start(ctx, StartRequest{Workflow: &step.Workflow{Name: "wf", Tasks: []step.TaskInfo{{Name: "a"}}}})
		if err != nil {
			t.Fatal(err)
		}
		c, err := e.open(ctx, &step.Event{Action: "std.sleep", Task: &step.Task{
			Op: step.Settle, Execution: head.ID, Name: "a", Timeout: 1, Error: &step.Failure{Error: timeoutName},
		}})
		if err != nil {
			t.Fatal(err)
		}
		theirs := &store.Action{ID: c.act.ID, Execution: head.ID, Task: c.task.ID, Name: "std.sleep", State: state, Output: value.Any{V: "theirs"}}
		if err := records.Save(ctx, theirs); err != nil {
			t.Fatal(err)
		}
		answer, err := c.settle(ctx)
		if err != nil || answer.State != Error {
			t.Fatalf("beside %s: %+v, %v", state, answer, err)
		}
		stored := &store.Action{Execution: head.ID, Task: c.task.ID}
		if err := records.Load(ctx, stored); err != nil {
			t.Fatal(err)
		}
		if kept := stored.Output.V == "theirs"; kept != (state != Running) {
			t.Errorf("beside %s: the action is %s, %v", state, stored.State, stored.Output.V)
		}
	}
}
