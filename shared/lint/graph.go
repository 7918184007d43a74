package lint

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// outcome is how a task ends.
type outcome int

const (
	success outcome = iota
	failure
	skipped
	outcomes = 3
)

// clausesOf are the clauses that an outcome looks at, in the order in which
// their entries are tried.
var clausesOf = [outcomes][]dsl.Clause{
	success: {dsl.OnSuccess, dsl.OnComplete},
	failure: {dsl.OnError, dsl.OnComplete},
	skipped: {dsl.OnSkip},
}

// edge is a way from one task to another, taken at an outcome of the former.
type edge struct {
	from, to int
	out      outcome
	guarded  bool
	dead     bool // nothing can take it
}

// graph is how the tasks of a direct workflow hang together.
type graph struct {
	wf    *dsl.Workflow
	tasks []*dsl.Task
	index map[string]int
	edges []edge
	in    [][]int // numbers of edges
	next  [][]int
	order []int // of the tasks: as they may run, as far as there are no cycles
	cycle []bool
	// live says that some way of edges that are not dead leads there.
	live []bool
	// stopped is the command that ends the workflow at an outcome for sure, or "".
	stopped [][outcomes]string
}

func newGraph(w *dsl.Workflow) *graph {
	n := len(w.Tasks)
	g := &graph{
		wf: w, tasks: w.Tasks, index: make(map[string]int, n), in: make([][]int, n), next: make([][]int, n),
		cycle: make([]bool, n), live: make([]bool, n), stopped: make([][outcomes]string, n),
	}
	for i, t := range w.Tasks {
		g.index[t.Name] = i
	}
	for i, t := range w.Tasks {
		for out := range outcome(outcomes) {
			g.outcome(i, t, out)
		}
	}
	for i, e := range g.edges {
		g.in[e.to] = append(g.in[e.to], i)
		g.next[e.from] = append(g.next[e.from], i)
	}
	g.sort()
	g.findLive()
	return g
}

// outcome adds the edges of one outcome of a task.
func (g *graph) outcome(i int, t *dsl.Task, out outcome) {
	clauses := clausesOf[out]
	if out == skipped && len(g.wf.Routes(t, dsl.OnSkip)) == 0 {
		clauses = []dsl.Clause{dsl.OnSuccess}
	}
	stop := ""
	for _, c := range clauses {
		for _, r := range g.wf.Routes(t, c) {
			never := stop != "" || out == success && alwaysFails(t) || constantGuard(r) == guardFalse
			guarded := r.Guard != nil && constantGuard(r) != guardTrue
			if to, ok := g.index[r.To]; ok && r.Command == "" {
				g.edges = append(g.edges, edge{from: i, to: to, out: out, guarded: guarded, dead: never})
			}
			if !never && !guarded && (r.Command == "fail" || r.Command == "succeed") {
				stop = r.Command
			}
		}
	}
	g.stopped[i][out] = stop
}

// alwaysFails reports whether the task can't succeed.
func alwaysFails(t *dsl.Task) bool {
	return t.Action != nil && t.Action.Name == "std.fail" && len(t.WithItems) == 0
}

// The truth of a guard that does not depend on any data.
const (
	guardOpen = iota // it depends
	guardTrue
	guardFalse
)

// constantGuard says what is certain about a guard. Truth is Python's.
func constantGuard(r *dsl.Route) int {
	if r.Guard == nil {
		return guardOpen
	}
	text, ok := r.Guard.Str()
	if !ok {
		return guardOpen
	}
	f := expr.Inspect(text)
	switch {
	case f.Filled && f.Text, f.Constant && value.Truth(f.Value):
		return guardTrue
	case f.Constant:
		return guardFalse
	}
	return guardOpen
}

// sort finds an order in which every task comes after those that lead to it,
// and the tasks that are part of a cycle (Tarjan's algorithm, without recursion).
func (g *graph) sort() {
	n := len(g.tasks)
	number, low := make([]int, n), make([]int, n)
	onStack := make([]bool, n)
	var stack []int
	count := 0
	type frame struct{ task, edge int }
	for root := range n {
		if number[root] != 0 {
			continue
		}
		frames := []frame{{root, 0}}
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			v := f.task
			if f.edge == 0 && number[v] == 0 {
				count++
				number[v], low[v] = count, count
				stack, onStack[v] = append(stack, v), true
			}
			if f.edge < len(g.next[v]) {
				to := g.edges[g.next[v][f.edge]].to
				f.edge++
				switch {
				case to == v:
					g.cycle[v] = true
				case number[to] == 0:
					frames = append(frames, frame{to, 0})
				case onStack[to]:
					low[v] = min(low[v], number[to])
				}
				continue
			}
			frames = frames[:len(frames)-1]
			if len(frames) > 0 {
				up := frames[len(frames)-1].task
				low[up] = min(low[up], low[v])
			}
			if low[v] == number[v] {
				stack = g.component(v, stack, onStack)
			}
		}
	}
	slices.Reverse(g.order)
}

// component takes one strongly connected component off the stack.
func (g *graph) component(root int, stack []int, onStack []bool) []int {
	at := len(stack) - 1
	for stack[at] != root {
		at--
	}
	for _, v := range stack[at:] {
		onStack[v] = false
		g.cycle[v] = g.cycle[v] || len(stack)-at > 1
		g.order = append(g.order, v)
	}
	return stack[:at]
}

// start reports whether a task begins with the workflow: nothing leads to it.
func (g *graph) start(i int) bool { return len(g.in[i]) == 0 }

// findLive follows the edges that are not dead from the first tasks on.
func (g *graph) findLive() {
	var queue []int
	for i := range g.tasks {
		if g.start(i) {
			g.live[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, n := range g.next[i] {
			if e := g.edges[n]; !e.dead && !g.live[e.to] {
				g.live[e.to] = true
				queue = append(queue, e.to)
			}
		}
	}
}

// usable reports whether an edge may be taken in some run.
func (g *graph) usable(n int) bool { return !g.edges[n].dead && g.live[g.edges[n].from] }

// inbound are the tasks that lead to a task, each once.
func (g *graph) inbound(i int) []int {
	var out []int
	for _, n := range g.in[i] {
		if from := g.edges[n].from; len(out) == 0 || out[len(out)-1] != from { // edges go by their tasks
			out = append(out, from)
		}
	}
	return out
}

// handlesError reports whether a failure of the task does not fail the workflow.
func (g *graph) handlesError(i int) bool {
	return len(g.wf.Routes(g.tasks[i], dsl.OnError)) > 0 && g.stopped[i][failure] != "fail"
}
