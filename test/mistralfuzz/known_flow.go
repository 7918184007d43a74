package main

import (
	"maps"
	"regexp"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// overrunJoins is 1: more tasks led to a join than it waits for, or one of them
// several times. There it runs again, or has seen what all of them published, by
// chance; so the runs of the join and of all that follows from it may differ, and
// what comes of them.
func overrunJoins(o *outcomes) bool {
	affected := map[string]bool{}
	for _, name := range o.overrun {
		follow(o.Case, name, affected)
	}
	return withoutTasks(o, affected, slices.Collect(maps.Keys(affected)))
}

// staleTasks is 75: a guard of a task asks for task() after another clause of it
// did, and has its answer in Mistral. So what the task leads to may differ, and
// whether its error is handled; the task itself may not.
func staleTasks(o *outcomes) bool {
	affected := map[string]bool{}
	var stale []string
	for name := range tasksOf(o.Doc, "wf").All() {
		asking, guarded := 0, false
		for key, clause := range bodyOf(o.Case, "wf", name).All() {
			if asksTask.MatchString(encode(clause)) {
				asking++
				guarded = guarded || slices.Contains(clauses, key)
			}
		}
		if asking > 1 && guarded {
			followers(o.Case, name, affected)
			stale = append(stale, name)
		}
	}
	return withoutTasks(o, affected, slices.AppendSeq(stale, maps.Keys(affected)))
}

var asksTask = regexp.MustCompile(`\btasks?\(`)

var clauses = []string{"on-success", "on-error", "on-complete"}

// withoutTasks takes the affected tasks out of both outcomes, and what comes of
// them: the output, and the state where one of those that may decide it does.
func withoutTasks(o *outcomes, affected map[string]bool, may []string) bool {
	if len(may) == 0 {
		return false
	}
	decides := false
	for _, name := range may {
		decides = decides || fails(o.theirs, name) || fails(o.ours, name) || commands.MatchString(encode(bodyOf(o.Case, "wf", name)))
	}
	for _, m := range []*value.Map{o.theirs, o.ours} {
		list, _ := m.Get("tasks")
		tasks, _ := list.([]any)
		m.Set("tasks", slices.DeleteFunc(tasks, func(t any) bool { return affected[text(t.(*value.Map), "name")] }))
		m.Delete("output")
		if decides {
			m.Delete("state")
			m.Delete("state_info")
		}
	}
	return true
}

// overrunIn names the tasks of an outcome of Mistral's that are joins to which
// more led than they wait for, or call a sub-workflow with such a join.
func overrunIn(c generate.Case, workflow string, m *value.Map) []string {
	v, _ := m.Get("arrivals")
	arrivals, _ := v.(*value.Map)
	var out []string
	for name := range tasksOf(c.Doc, workflow).All() {
		if overrun(bodyOf(c, workflow, name), arrivals, name) {
			out = append(out, name)
		}
	}
	list, _ := m.Get("tasks")
	tasks, _ := list.([]any)
	for _, t := range tasks {
		v, _ := t.(*value.Map).Get("executions")
		execs, _ := v.([]any)
		if slices.ContainsFunc(execs, func(e any) bool { return len(overrunIn(c, text(e.(*value.Map), "workflow"), e.(*value.Map))) > 0 }) {
			out = append(out, text(t.(*value.Map), "name"))
		}
	}
	return out
}

// overrun reports whether more led to a join of some than it waits for; to one
// of all, a task more than once.
func overrun(body, arrivals *value.Map, name string) bool {
	v, _ := arrivals.Get(name)
	came, _ := v.([]any)
	switch join, _ := body.Get("join"); join := join.(type) {
	case string:
		distinct := map[any]bool{}
		for _, from := range came {
			distinct[from] = true
		}
		return len(came) > len(distinct) || join == "one" && len(came) > 1
	case int64:
		return int64(len(came)) > join
	}
	return false
}

// follow marks a task and all that its clauses lead to.
func follow(c generate.Case, name string, marked map[string]bool) {
	if marked[name] {
		return
	}
	marked[name] = true
	followers(c, name, marked)
}

// followers marks all that the clauses of a task lead to.
func followers(c generate.Case, name string, marked map[string]bool) {
	wf, _ := generate.Workflows(c.Doc).Get("wf")
	d, _ := wf.(*value.Map).Get("task-defaults")
	for next := range tasksOf(c.Doc, "wf").All() {
		for _, clause := range clauses {
			v, _ := bodyOf(c, "wf", name).Get(clause)
			if mentions(v, next) || mentions(d, next) {
				follow(c, next, marked)
			}
		}
	}
}

// mentions reports whether a tree has a text or a key.
func mentions(v any, name string) bool {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			if k == name || mentions(e, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return mentions(e, name) })
	}
	return v == any(name)
}
