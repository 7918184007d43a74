package local_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/engine"
)

// forms are workflows around a place for tasks between first and last, one for
// each form that a definition takes.
var forms = map[string]string{
	"structured": `
version: '2.0'
wf:
  tasks:
    first: {action: std.noop, on-success: [%s]}
%s
    last: {action: std.noop}
%s`,
	"threads": `
version: '2.0'
wf:
  tasks:
    one: {action: std.noop, on-success: first}
    two: {action: std.noop, on-success: first}
    first: {join: one, action: std.noop, on-success: [%s]}
%s
    last: {action: std.noop}
%s`,
}

// TestTransitions holds what a part of a workflow costs: how many more states
// are entered with it than without. Step Functions charges for each.
func TestTransitions(t *testing.T) {
	for _, c := range []struct {
		name, entry, tasks, more string
		structured, threads      int
	}{
		// The task, and in threads the choice that finds it.
		{name: "task", entry: "x", structured: 1, threads: 2,
			tasks: `    x: {action: std.noop, on-success: last}`},
		{name: "two tasks", entry: "x", structured: 2, threads: 4, tasks: `    x: {action: std.noop, on-success: y}
    y: {action: std.noop, on-success: last}`},
		// The task, its choice, and how the workflow ended, as it may end there.
		{name: "guard", entry: "x", structured: 2 + 2, threads: 2,
			tasks: `    x: {action: std.noop, on-success: [last: <% true %>]}`},
		{name: "handled error", entry: "x", structured: 2, threads: 3,
			tasks: `    x: {action: std.fail, on-error: last}`},
		// Besides the items: to evaluate the list, the Map, to judge them.
		{name: "no items", entry: "x", structured: 3, threads: 4, tasks: items(0)},
		{name: "one item", entry: "x", structured: 1 + 3, threads: 1 + 4, tasks: items(1)},
		{name: "40 items", entry: "x", structured: 40 + 3, threads: 40 + 4, tasks: items(40)},
		// An item that fails costs no more; that the task fails is one more state.
		{name: "40 failing items", entry: "x", structured: 40 + 4, threads: 40 + 5,
			tasks: `    x: {with-items: i in <% range(40) %>, action: std.fail, on-error: last}`},
		// To create its execution, to run it, and to take its outcome; and its task.
		{name: "sub-workflow", entry: "x", structured: 3 + 1, threads: 4 + 1,
			tasks: `    x: {workflow: sub, on-success: last}`,
			more:  "sub:\n  tasks:\n    x: {action: std.noop}\n"},
		// Three tasks, the fork, whether the join was reached, and how it ended; in
		// threads three tasks, the fork, six for each thread, and the choice for z.
		{name: "fork and join", entry: "x, y", structured: 3 + 4, threads: 3 + 1 + 2*6 + 1,
			tasks: `    x: {action: std.noop, on-success: z}
    y: {action: std.noop, on-success: z}
    z: {join: all, action: std.noop, on-success: last}`},
	} {
		for form, want := range map[string]int{"structured": c.structured, "threads": c.threads} {
			t.Run(c.name+"/"+form, func(t *testing.T) {
				t.Parallel()
				without := entered(t, form, fmt.Sprintf(forms[form], "last", "", ""))
				with := entered(t, form, fmt.Sprintf(forms[form], c.entry, c.tasks, c.more))
				if got := len(with) - len(without); got != want {
					t.Errorf("%d more states are entered, not %d: %s", got, want, strings.Join(with, ", "))
				}
			})
		}
	}
}

// items is a with-items task of so many.
func items(n int) string {
	return fmt.Sprintf("    x: {with-items: i in <%% range(%d) %%>, action: std.echo output=<%% $.i %%>, on-success: last}", n)
}

// TestTransitionsOfManyItems: more than 1,000 items share calls, so that they
// cost less than one each.
func TestTransitionsOfManyItems(t *testing.T) {
	for form := range forms {
		without := entered(t, form, fmt.Sprintf(forms[form], "last", "", ""))
		with := entered(t, form, fmt.Sprintf(forms[form], "x", items(2000), ""))
		if got := len(with) - len(without); got > 1004 {
			t.Errorf("%s: 2000 items cost %d transitions", form, got)
		}
	}
}

// entered are the names of the states that a workflow enters.
func entered(t *testing.T, form, text string) []string {
	t.Helper()
	s := newSimulation(t)
	if got := s.compiled(text)[0].Form(); got != form {
		t.Fatalf("the form is %s, not %s", got, form)
	}
	if head, _ := s.run(text); head.State != engine.Success {
		t.Fatalf("%s: %s", head.State, *head.StateInfo)
	}
	var names []string
	for _, e := range s.events {
		if strings.HasSuffix(e.Type, "StateEntered") {
			names = append(names, e.Details.Name)
		}
	}
	return names
}
