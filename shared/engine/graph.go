package engine

import (
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The threads form: a definition that starts a thread for each task that
// becomes ready, and leaves it to the engine to say which do. What follows is a
// pure function over the graph's state, so that concurrent settlements can
// repeat it.

// newGraph is the graph of an execution that begins: the tasks that nothing
// leads to are under way. params say where a reverse workflow is to lead.
func newGraph(spec *step.Workflow, execution string, params *value.Map) *store.Graph {
	if target, err := targetTask(spec, params); target != "" && err == nil {
		g, _ := newReverseGraph(spec, execution, target)
		return g
	}
	g := &store.Graph{Execution: execution, Tasks: map[string]*store.GraphTask{}, Joins: map[string]bool{}}
	in := inboundOf(spec)
	for _, t := range spec.Tasks {
		if len(in[t.Name]) == 0 {
			g.Tasks[t.Name] = &store.GraphTask{}
			g.Running++
		}
	}
	return g
}

// advance notes that the task execution id of task name ended with the given
// routes, and returns the tasks that start now. next are the tasks that the
// routes name, also those behind a command.
func advance(spec *step.Workflow, g *store.Graph, name, id string, hits []hit, next []string) []step.Arrival {
	writable(g)
	ended(g, name, id, next)
	g.Running--
	return dispatch(spec, g, id, hits)
}

// writable makes the maps of a graph that are not there, being empty.
func writable(g *store.Graph) {
	if g.Tasks == nil {
		g.Tasks = map[string]*store.GraphTask{}
	}
	if g.Waiting == nil {
		g.Waiting = map[string]bool{}
	}
	if g.Joins == nil {
		g.Joins = map[string]bool{}
	}
}

// began notes that a task starts, perhaps beside another execution of it.
func began(g *store.Graph, name string) {
	t := g.Tasks[name]
	if t == nil || t.Runs == 0 {
		t = &store.GraphTask{}
		g.Tasks[name] = t
	}
	t.Runs++
	t.Done = false
}

// ended notes where a task execution led. Of several at the same time all are
// remembered: a join behind them gets the contexts of them all.
func ended(g *store.Graph, name, id string, next []string) {
	t := g.Tasks[name]
	if t == nil {
		t = &store.GraphTask{}
		g.Tasks[name] = t
	}
	t.ID, t.Runs = id, max(t.Runs-1, 0)
	t.Done = t.Runs == 0
	if t.Runs > 0 || len(t.Led) > 0 {
		t.Led = append(t.Led, store.Led{ID: id, Next: next})
		next = append(slices.Clone(t.Next), next...)
	}
	t.Next = next
}

// ledTo are the executions of a task that led to a join.
func ledTo(t *store.GraphTask, join string) []string {
	if len(t.Led) == 0 {
		return []string{t.ID}
	}
	var out []string
	for _, l := range t.Led {
		if slices.Contains(l.Next, join) {
			out = append(out, l.ID)
		}
	}
	return out
}

// dispatch takes routes that lead on from a task execution, and returns the
// tasks that start now.
func dispatch(spec *step.Workflow, g *store.Graph, id string, hits []hit) []step.Arrival {
	joins := joinsOf(spec)
	var out []step.Arrival
	times := map[string]int{}
	for _, h := range hits {
		if h.Command {
			continue
		}
		if joins[h.To] != nil {
			g.Waiting[h.To] = true
			continue
		}
		out = append(out, step.Arrival{Task: h.To, From: []string{id}, Nth: times[h.To]})
		times[h.To]++
		began(g, h.To)
	}
	out = append(out, readyJoins(spec, g, joins)...)
	g.Running += len(out)
	return out
}

// readyJoins starts the joins of which it is decided that they run or fail. One
// that fails does so when it is known of all that lead to it, as in the
// structured form: it has what they published whichever was sooner.
func readyJoins(spec *step.Workflow, g *store.Graph, joins map[string]*step.JoinSpec) []step.Arrival {
	var out []step.Arrival
	in := inboundOf(spec)
	for _, t := range spec.Tasks {
		j := joins[t.Name]
		if j == nil || g.Joins[t.Name] {
			continue
		}
		if !g.Waiting[t.Name] {
			continue // nothing has led to it: the join does not exist yet
		}
		from, arrived, failed := inducedStates(in, g, t.Name, j)
		need := j.Count
		if need == 0 {
			need = len(j.Inbound)
		}
		switch {
		case arrived >= need:
			out = append(out, step.Arrival{Task: t.Name, From: from})
		case arrived+len(failed) == len(j.Inbound):
			out = append(out, step.Arrival{Task: t.Name, From: from, Blocked: joinMessage(failed)})
		default:
			continue
		}
		g.Joins[t.Name] = true
		g.Tasks[t.Name] = &store.GraphTask{}
	}
	return out
}

// inducedStates looks at what a join waits for: the task executions that have
// arrived, of how many tasks they are, and the names of the tasks that never will.
func inducedStates(in map[string][]string, g *store.Graph, join string, j *step.JoinSpec) (from []string, arrived int, failed []string) {
	for _, name := range j.Inbound {
		t := g.Tasks[name]
		switch {
		case t == nil:
			if !possible(g, in, name, map[string]bool{}) {
				failed = append(failed, name)
			}
		case !t.Done && (j.Count == 0 || !slices.Contains(t.Next, join)): // it may still arrive
		case slices.Contains(t.Next, join):
			from = append(from, ledTo(t, join)...)
			arrived++
		default:
			failed = append(failed, name)
		}
	}
	return from, arrived, failed
}

// possible reports whether a task that has not run yet may still be reached.
func possible(g *store.Graph, in map[string][]string, name string, seen map[string]bool) bool {
	if seen[name] {
		return false
	}
	seen[name] = true
	for _, before := range in[name] {
		t := g.Tasks[before]
		switch {
		case t == nil:
			if possible(g, in, before, seen) {
				return true
			}
		case !t.Done || slices.Contains(t.Next, name):
			return true
		}
	}
	return false
}

func inboundOf(spec *step.Workflow) map[string][]string {
	in := map[string][]string{}
	for _, t := range spec.Tasks {
		for _, to := range t.To {
			in[to] = append(in[to], t.Name)
		}
	}
	return in
}

func joinsOf(spec *step.Workflow) map[string]*step.JoinSpec {
	out := map[string]*step.JoinSpec{}
	for _, t := range spec.Tasks {
		if t.Join != nil {
			out[t.Name] = t.Join
		}
	}
	return out
}

func joinMessage(tasks []string) string {
	return "Failed by tasks: " + pythonList(tasks)
}

// pythonList writes names as Mistral's texts do.
func pythonList(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + n + "'"
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
