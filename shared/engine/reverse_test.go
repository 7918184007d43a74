package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"pgregory.net/rapid"
)

// reverseSpec reads "a: b c" as: a requires b and c.
func reverseSpec(lines ...string) *step.Workflow {
	spec := &step.Workflow{Name: "wf", Type: step.Reverse, Threads: true}
	for _, line := range lines {
		name, requires, _ := strings.Cut(line, ":")
		spec.Tasks = append(spec.Tasks, step.TaskInfo{Name: name, Requires: strings.Fields(requires)})
	}
	return spec
}

func TestReverse(t *testing.T) {
	diamond := reverseSpec("end: left right", "left: base", "right: base", "base:", "aside: base")
	type end struct {
		task   string
		ok     bool
		starts []string
		from   []string // of the first that starts
	}
	for _, c := range []struct {
		name, target string
		spec         *step.Workflow
		first        []string
		ends         []end
	}{
		{"all that the target requires", "end", diamond, []string{"base"}, []end{
			{"base", true, []string{"left", "right"}, []string{"id-base"}},
			{"right", true, nil, nil},
			{"left", true, []string{"end"}, []string{"id-left", "id-right"}},
			{"end", true, nil, nil},
		}},
		{"no more than that", "left", diamond, []string{"base"}, []end{
			{"base", true, []string{"left"}, []string{"id-base"}}, {"left", true, nil, nil}}},
		{"nothing follows a failure", "end", diamond, []string{"base"}, []end{
			{"base", true, []string{"left", "right"}, []string{"id-base"}},
			{"left", false, nil, nil},
			{"right", true, nil, nil},
		}},
		{"several to begin with", "c", reverseSpec("a:", "b:", "c: a b"), []string{"a", "b"}, []end{
			{"b", true, nil, nil}, {"a", true, []string{"c"}, []string{"id-a", "id-b"}}, {"c", true, nil, nil}}},
		{"other ways go on after a failure", "e", reverseSpec("a:", "b:", "c: b", "d: c", "e: a d"), []string{"a", "b"}, []end{
			{"a", false, nil, nil}, {"b", true, []string{"c"}, []string{"id-b"}}, {"c", true, []string{"d"}, []string{"id-c"}}, {"d", true, nil, nil}}},
	} {
		g, first := newReverseGraph(c.spec, "x", c.target)
		if diff := cmp.Diff(c.first, starts(first)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		for i, e := range c.ends {
			got := advanceReverse(c.spec, g, c.target, e.task, "id-"+e.task, e.ok, false)
			if diff := cmp.Diff(e.starts, starts(got)); diff != "" {
				t.Errorf("%s, end %d: -want +got:\n%s", c.name, i, diff)
			}
			if len(got) > 0 {
				if diff := cmp.Diff(e.from, got[0].From); diff != "" {
					t.Errorf("%s, end %d: continues from: -want +got:\n%s", c.name, i, diff)
				}
			}
		}
		if g.Running != 0 {
			t.Errorf("%s: %d tasks are left running", c.name, g.Running)
		}
	}
}

// TestReverseHalted: what could start while the execution is paused starts with
// what ends after that; once it has ended, nothing does.
func TestReverseHalted(t *testing.T) {
	spec := reverseSpec("a:", "b:", "c: a", "d: b c")
	g, _ := newReverseGraph(spec, "x", "d")
	if got := advanceReverse(spec, g, "d", "a", "id-a", true, true); got != nil {
		t.Errorf("%v starts in a paused execution", got)
	}
	if diff := cmp.Diff([]string{"c"}, starts(advanceReverse(spec, g, "d", "b", "id-b", true, false))); diff != "" {
		t.Errorf("when it goes on: -want +got:\n%s", diff)
	}
}

// TestReverseEnds runs random graphs to their end: of the tasks that the target
// requires, and only of those, each runs once if all that it requires has
// succeeded, after these, and not otherwise.
func TestReverseEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(t, "tasks")
		order := rapid.Permutation(indexes(n)).Draw(t, "order") // no task requires one that is later in it
		spec := &step.Workflow{Type: step.Reverse, Tasks: make([]step.TaskInfo, n)}
		for pos, i := range order {
			spec.Tasks[i].Name = fmt.Sprint("t", i)
			for _, j := range order[:pos] {
				if rapid.IntRange(0, 2).Draw(t, "requires") == 0 {
					spec.Tasks[i].Requires = append(spec.Tasks[i].Requires, fmt.Sprint("t", j))
				}
			}
		}
		target := fmt.Sprint("t", rapid.IntRange(0, n-1).Draw(t, "target"))
		g, running := newReverseGraph(spec, "x", target)
		succeeded, ran := map[string]bool{}, map[string]bool{}
		for len(running) > 0 {
			i := rapid.IntRange(0, len(running)-1).Draw(t, "next")
			a := running[i]
			running = slices.Delete(running, i, i+1)
			checkStart(t, spec, a, ran, succeeded)
			ran[a.Task] = true
			succeeded[a.Task] = rapid.IntRange(0, 4).Draw(t, "outcome") > 0
			running = append(running, advanceReverse(spec, g, target, a.Task, "id-"+a.Task, succeeded[a.Task], false)...)
			if g.Running != len(running) {
				t.Fatalf("the graph counts %d running tasks, there are %d", g.Running, len(running))
			}
		}
		checkRan(t, spec, target, ran, succeeded)
	})
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func checkStart(t *rapid.T, spec *step.Workflow, a step.Arrival, ran, succeeded map[string]bool) {
	if ran[a.Task] {
		t.Fatalf("%s starts again", a.Task)
	}
	from := []string{}
	for _, name := range spec.Tasks[number(a.Task)].Requires {
		if !succeeded[name] {
			t.Fatalf("%s starts without %s", a.Task, name)
		}
		from = append(from, "id-"+name)
	}
	if diff := cmp.Diff(from, a.From); diff != "" {
		t.Fatalf("%s continues from: -want +got:\n%s", a.Task, diff)
	}
}

// checkRan compares what ran with what the target requires, found from the other
// end.
func checkRan(t *rapid.T, spec *step.Workflow, target string, ran, succeeded map[string]bool) {
	needed := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		needed[name] = true
		for _, before := range spec.Tasks[number(name)].Requires {
			visit(before)
		}
	}
	visit(target)
	for _, task := range spec.Tasks {
		ready := !slices.ContainsFunc(task.Requires, func(name string) bool { return !succeeded[name] })
		if want := needed[task.Name] && ready; ran[task.Name] != want {
			t.Fatalf("target %s: task %s ran: %v, should: %v", target, task.Name, ran[task.Name], want)
		}
	}
}

func TestTargetTask(t *testing.T) {
	spec := reverseSpec("a:", "b: c", "c: d", "d: c", "e: a")
	for _, c := range []struct {
		params *value.Map
		want   string // the target, or the error
	}{
		{value.MapOf("task_name", "e"), "e"},
		{value.MapOf(), "Invalid task name [workflow=wf, task_name=None]: its tasks are a, b, c, d, e"},
		{nil, "Invalid task name [workflow=wf, task_name=None]: its tasks are a, b, c, d, e"},
		{value.MapOf("task_name", ""), "Invalid task name [workflow=wf, task_name=]: its tasks are a, b, c, d, e"},
		{value.MapOf("task_name", "x"), "Invalid task name [workflow=wf, task_name=x]: its tasks are a, b, c, d, e"},
		{value.MapOf("task_name", int64(1)), "Invalid task name [workflow=wf, task_name=1]: its tasks are a, b, c, d, e"},
		{value.MapOf("task_name", "b"), "Invalid task name [workflow=wf, task_name=b]: it can never run, as c requires d requires c"},
	} {
		got, err := targetTask(spec, c.params)
		if invalid := (InvalidTask{}); err != nil && !errors.As(err, &invalid) {
			t.Errorf("%v: %T", c.params, err)
		} else if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c.params, got, c.want)
		}
	}
	if got, err := targetTask(&step.Workflow{Tasks: spec.Tasks}, value.MapOf("task_name", "x")); got != "" || err != nil {
		t.Errorf("of a direct workflow: %q, %v", got, err)
	}
}
