package dsl

import (
	"fmt"
	"slices"
)

// Clause names an on-* clause.
type Clause string

// The clauses of a task.
const (
	OnSuccess  Clause = "on-success"
	OnError    Clause = "on-error"
	OnComplete Clause = "on-complete"
	OnSkip     Clause = "on-skip"
)

// Clauses lists the four clauses in the order of the language's documentation.
func Clauses() []Clause { return []Clause{OnSuccess, OnError, OnComplete, OnSkip} }

// Clause returns the task's own clause, nil if it has none.
func (t *Task) Clause(c Clause) *Routes {
	switch c {
	case OnSuccess:
		return t.OnSuccess
	case OnError:
		return t.OnError
	case OnComplete:
		return t.OnComplete
	case OnSkip:
		return t.OnSkip
	}
	return nil
}

// Routes returns where task t goes by clause c: its own entries or, where it has
// none, those of task-defaults that do not lead back to t itself.
func (w *Workflow) Routes(t *Task, c Clause) []*Route {
	if own := t.Clause(c); own != nil && len(own.Entries) > 0 {
		return own.Entries
	}
	if w.TaskDefaults == nil {
		return nil
	}
	defaults := w.TaskDefaults.Clause(c)
	if defaults == nil {
		return nil
	}
	var out []*Route
	for _, r := range defaults.Entries {
		if r.To != t.Name {
			out = append(out, r)
		}
	}
	return out
}

// Required returns the names of the tasks that t of a reverse workflow needs:
// its own and those of task-defaults, each once, never t itself.
func (w *Workflow) Required(t *Task) []Ref {
	refs := slices.Clone(t.Requires)
	if w.TaskDefaults != nil {
		refs = append(refs, w.TaskDefaults.Requires...)
	}
	var out []Ref
	seen := map[string]bool{t.Name: true}
	for _, ref := range refs {
		if !seen[ref.Name] {
			seen[ref.Name] = true
			out = append(out, ref)
		}
	}
	return out
}

// Inbound returns for each task the tasks with a transition to it, in order of
// definition, each once.
func (w *Workflow) Inbound() map[string][]*Task {
	in := map[string][]*Task{}
	for _, t := range w.Tasks {
		for _, c := range Clauses() {
			for _, r := range w.Routes(t, c) {
				if from := in[r.To]; r.To != "" && (len(from) == 0 || from[len(from)-1] != t) {
					in[r.To] = append(from, t)
				}
			}
		}
	}
	return in
}

// inboundCounts returns for each task how many tasks have a transition to it. It
// takes time linear in the text also where task-defaults lead all tasks to many.
func (w *Workflow) inboundCounts() map[string]int {
	clauses := Clauses()
	in := map[string]int{}
	byDefault := map[string]int{} // which clauses' defaults lead there, as bits
	if w.TaskDefaults != nil {
		for bit, c := range clauses {
			for _, r := range w.Routes(&Task{}, c) {
				byDefault[r.To] |= 1 << bit
			}
		}
	}
	var using [1 << 4]int // how many tasks take the defaults of these clauses
	for _, t := range w.Tasks {
		takes := 0
		own := map[string]bool{}
		for bit, c := range clauses {
			rs := t.Clause(c)
			if rs == nil || len(rs.Entries) == 0 {
				takes |= 1 << bit
				continue
			}
			for _, r := range rs.Entries {
				own[r.To] = true
			}
		}
		using[takes]++
		for to := range own {
			if to == t.Name || byDefault[to]&takes == 0 { // else it is counted below
				in[to]++
			}
		}
		if byDefault[t.Name]&takes != 0 {
			in[t.Name]-- // a default does not lead a task to itself
		}
	}
	for to, clauses := range byDefault {
		for takes, n := range using {
			if takes&clauses != 0 {
				in[to] += n
			}
		}
	}
	delete(in, "")
	return in
}

// StartTasks returns the tasks of a direct workflow that nothing leads to.
func (w *Workflow) StartTasks() []*Task {
	in := w.inboundCounts()
	var out []*Task
	for _, t := range w.Tasks {
		if in[t.Name] == 0 {
			out = append(out, t)
		}
	}
	return out
}

// checkGraph reports what is wrong with how the tasks hang together.
func (r *reader) checkGraph(w *Workflow) {
	names := make([]string, len(w.Tasks))
	known := map[string]bool{}
	for i, t := range w.Tasks {
		names[i] = t.Name
		known[t.Name] = true
	}
	if w.Type == Reverse {
		r.checkRequires(w, names, known)
		return
	}
	targets := slices.Concat(names, commands)
	for _, t := range w.Tasks {
		r.checkLinks(t, targets, known)
		if slices.Contains(commands, t.Name) {
			r.warnf("command-name", t.NameSpan, "choose another name", "task %q is named as a command; no clause can lead to it", t.Name)
		}
	}
	if w.TaskDefaults != nil {
		r.checkLinks(w.TaskDefaults, targets, known)
	}
	if len(w.Tasks) == 0 {
		return
	}
	in := w.inboundCounts()
	r.checkJoins(w, in)
	start := slices.DeleteFunc(slices.Clone(w.Tasks), func(t *Task) bool { return in[t.Name] > 0 })
	if len(start) == 0 {
		r.errorf("no-start-task", w.NameSpan, "one task must have none before it",
			"no task of workflow %q can be the first: each has one that leads to it", w.Name)
		return
	}
	r.checkReachable(w, start)
}

func (r *reader) checkLinks(t *Task, targets []string, known map[string]bool) {
	for _, c := range Clauses() {
		rs := t.Clause(c)
		if rs == nil {
			continue
		}
		for _, route := range rs.Entries {
			if route.To == "" || known[route.To] {
				continue
			}
			r.errorf("unknown-task", route.NameSpan, r.nearTask(route.To, targets), "there is no task %q", route.To)
		}
	}
}

func (r *reader) checkRequires(w *Workflow, names []string, known map[string]bool) {
	lists := [][]Ref{}
	for _, t := range w.Tasks {
		lists = append(lists, t.Requires)
	}
	if w.TaskDefaults != nil {
		lists = append(lists, w.TaskDefaults.Requires)
	}
	for _, refs := range lists {
		for _, ref := range refs {
			if ref.Name != "" && !known[ref.Name] {
				r.errorf("unknown-task", ref.Span, r.nearTask(ref.Name, names), "there is no task %q", ref.Name)
			}
		}
	}
}

func (r *reader) checkJoins(w *Workflow, in map[string]int) {
	for _, t := range w.Tasks {
		if t.Join == nil {
			continue
		}
		n := in[t.Name]
		switch {
		case t.Join.All && n == 0:
			r.errorf("join-without-inbound", t.Join.Span, "", "no task leads to %q, so there is nothing to join", t.Name)
		case n < t.Join.Count:
			advice := "leave join out, or add tasks that lead here"
			if n > 0 {
				advice = fmt.Sprintf("write join: %d or join: all", n)
			}
			r.errorf("join-without-inbound", t.Join.Span, advice,
				"%q waits for %d tasks, but only %d lead to it", t.Name, t.Join.Count, n)
		}
	}
}

// checkReachable warns of tasks that no start task leads to.
func (r *reader) checkReachable(w *Workflow, start []*Task) {
	reached := make(map[string]bool, len(w.Tasks))
	byName := make(map[string]*Task, len(w.Tasks))
	for _, t := range w.Tasks {
		byName[t.Name] = t
	}
	for _, t := range start {
		reached[t.Name] = true
	}
	expanded := map[Clause]bool{} // defaults that have been followed: they lead all tasks to the same
	for queue := slices.Clone(start); len(queue) > 0; {
		t := queue[0]
		queue = queue[1:]
		for _, c := range Clauses() {
			own := t.Clause(c)
			if own == nil || len(own.Entries) == 0 {
				if expanded[c] {
					continue
				}
				expanded[c] = true
			}
			for _, route := range w.Routes(t, c) {
				if next := byName[route.To]; next != nil && !reached[route.To] {
					reached[route.To] = true
					queue = append(queue, next)
				}
			}
		}
	}
	for _, t := range w.Tasks {
		if !reached[t.Name] {
			r.report(Warning, t.NameSpan, finding{
				id: "unreachable-task", summary: fmt.Sprintf("task %q is never reached", t.Name),
				detail: "Only tasks that are themselves never reached lead to it.",
			})
		}
	}
}
