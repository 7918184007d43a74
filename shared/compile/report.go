package compile

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
)

// Report says what a workflow became: how large its definition is, and how many
// state transitions a run takes that goes well. Step Functions charges for each.
type Report struct {
	Workflow string
	// Form is structured or threads.
	Form string
	// States counts all states, those of branches and items too; Bytes is the
	// size of the definition's text.
	States, Bytes int
	// Transitions are those of the straight path, on which every task that a
	// success can lead to succeeds and runs once. PerItem more are taken for each
	// item of all with-items. Those of sub-workflows are their own.
	Transitions, PerItem int
	Tasks                []TaskReport
}

// TaskReport says what a task became.
type TaskReport struct {
	Name string
	// Kind is action, with-items, sub-workflow, or with-items over sub-workflow.
	Kind string
	// Within is the fork of whose branches the task is in one, "" for none; in the
	// threads form always "".
	Within string
	// Transitions are the task's own if it succeeds at once, and PerItem those of
	// each item. Choice is set if a choice behind it costs one more.
	Transitions, PerItem int
	Choice               bool
}

// part is what one task became: the states of its way through to success.
type part struct {
	task    *task
	states  *asl.States
	entry   string
	success *asl.State
}

// Report counts what the definition costs, from the definition itself.
func (w *Workflow) Report() (Report, error) {
	text, err := asl.Format(w.Definition)
	if err != nil {
		return Report{}, err
	}
	r := Report{Workflow: w.Name, Form: w.Form(), States: countStates(w.Definition), Bytes: len(text)}
	forks := map[*asl.States]string{}
	findForks(w.Definition, forks)
	costs := map[string]cost{}
	for _, p := range w.parts {
		c := p.cost()
		costs[p.task.name] = c
		next := p.states.Get(p.success.Next)
		r.Tasks = append(r.Tasks, TaskReport{
			Name: p.task.name, Kind: p.task.kind(), Within: forks[p.states],
			Transitions: c.fixed, PerItem: c.perItem, Choice: next != nil && next.Type == asl.TypeChoice,
		})
	}
	total := cost{}
	if w.Spec.Threads {
		total = w.threadsPath(costs)
	} else {
		walkPath(w.Definition, &total)
	}
	r.Transitions, r.PerItem = total.fixed, total.perItem
	return r, nil
}

func (t *task) kind() string {
	switch {
	case len(t.items) > 0 && t.callsWorkflow():
		return "with-items over sub-workflow"
	case len(t.items) > 0:
		return "with-items"
	case t.callsWorkflow():
		return "sub-workflow"
	}
	return "action"
}

// cost is a number of transitions: so many, and so many more for each item.
type cost struct{ fixed, perItem int }

func (c *cost) add(o cost) { c.fixed, c.perItem = c.fixed+o.fixed, c.perItem+o.perItem }

// cost is what the shortest way from the part's entry to its success takes.
func (p part) cost() cost {
	var c cost
	for _, s := range shortest(p.states, p.entry, func(s *asl.State) bool { return s == p.success }) {
		c.add(stateCost(s))
	}
	return c
}

// stateCost is what it costs to enter a state, with the items of a Map.
func stateCost(s *asl.State) cost {
	c := cost{fixed: 1}
	if s.Type == asl.TypeMap && s.ItemProcessor != nil {
		end := func(s *asl.State) bool { return s.End && len(s.Catch) > 0 || s.End && s.Type == asl.TypeTask }
		c.perItem = len(shortest(s.ItemProcessor.States, s.ItemProcessor.StartAt, end))
	}
	return c
}

// shortest is the way with the fewest states from one to another one, both
// included, on which nothing fails.
func shortest(states *asl.States, from string, to func(*asl.State) bool) []*asl.State {
	type way struct {
		state *asl.State
		back  int
	}
	ways := []way{{states.Get(from), -1}}
	seen := map[string]bool{from: true}
	for i := 0; i < len(ways); i++ {
		s := ways[i].state
		if s == nil {
			continue
		}
		if to(s) {
			var out []*asl.State
			for k := i; k >= 0; k = ways[k].back {
				out = append(out, ways[k].state)
			}
			slices.Reverse(out)
			return out
		}
		for _, next := range onward(s) {
			if next != "" && !seen[next] {
				seen[next] = true
				ways = append(ways, way{states.Get(next), i})
			}
		}
	}
	return nil
}

// onward are the states that may follow if nothing fails.
func onward(s *asl.State) []string {
	var out []string
	for _, c := range s.Choices {
		out = append(out, c.Next)
	}
	return append(out, s.Default, s.Next)
}

// walkPath adds what the straight path through a machine costs: at a choice it goes
// on to what has not been yet and does not fail.
func walkPath(m *asl.Machine, total *cost) {
	seen := map[string]bool{}
	for name := m.StartAt; name != "" && !seen[name]; {
		seen[name] = true
		s := m.States.Get(name)
		if s == nil {
			return
		}
		total.add(stateCost(s))
		for _, b := range s.Branches {
			walkPath(b, total)
		}
		name = ""
		for _, next := range onward(s) {
			if to := m.States.Get(next); to != nil && !seen[next] && to.Type != asl.TypeFail {
				name = next
				break
			}
		}
	}
}

// threadsPath walks the tasks as the engine starts them, each once, in a
// definition of the threads form.
func (w *Workflow) threadsPath(costs map[string]cost) cost {
	m := w.Definition
	before := shortest(m.States, m.StartAt, func(s *asl.State) bool { return s.Type == asl.TypeChoice })
	if len(before) == 0 {
		return cost{}
	}
	choice := before[len(before)-1]
	end := shortest(m.States, choice.Choices[0].Next, func(s *asl.State) bool { return s.Type == asl.TypeSucceed })
	run := threadsRun{
		costs: costs, started: map[string]bool{}, arrived: map[string]int{},
		begin: len(before) - 1, end: len(end), next: map[string][]string{}, need: map[string]int{},
	}
	var first []string
	for _, p := range w.parts {
		run.add(p.task, w.Spec.Type == step.Reverse)
		if len(p.task.inbound) == 0 && len(p.task.requires) == 0 {
			run.started[p.task.name] = true
			first = append(first, p.task.name)
		}
	}
	run.total.fixed = run.begin
	run.thread(first)
	return run.total
}

// threadsRun is a run of the straight path in the threads form.
type threadsRun struct {
	costs      map[string]cost
	next       map[string][]string // tasks that a success leads to
	need       map[string]int      // how many arrivals a task waits for
	started    map[string]bool
	arrived    map[string]int
	begin, end int // states before the choice of the next task, and at the end
	total      cost
}

func (r *threadsRun) add(t *task, reverse bool) {
	need := 1
	if t.join != nil {
		if need = t.join.Count; need == 0 {
			need = len(t.inbound)
		}
	}
	if reverse {
		need = len(t.requires)
		for _, name := range t.requires {
			r.next[name] = append(r.next[name], t.name)
		}
	}
	r.need[t.name] = need
	for _, routes := range [][]step.Route{t.success, t.complete} {
		for _, route := range routes {
			if !route.Command {
				r.next[t.name] = append(r.next[t.name], route.To)
			}
		}
	}
}

// thread runs the tasks that are ready, until none is.
func (r *threadsRun) thread(ready []string) {
	for {
		r.total.fixed++ // the choice of the next task
		switch len(ready) {
		case 0:
			r.total.fixed += r.end
			return
		case 1:
			r.total.add(r.costs[ready[0]])
			ready = r.done(ready[0])
		default:
			r.total.fixed++ // the fork
			for _, name := range ready {
				r.total.fixed += 1 + r.begin // the item that starts the thread
				r.thread([]string{name})
			}
			r.total.fixed += r.end
			return
		}
	}
}

// done returns the tasks that are ready behind one.
func (r *threadsRun) done(name string) []string {
	var ready []string
	for _, to := range r.next[name] {
		r.arrived[to]++
		if !r.started[to] && r.arrived[to] >= r.need[to] {
			r.started[to] = true
			ready = append(ready, to)
		}
	}
	return ready
}

func countStates(m *asl.Machine) int {
	n := 0
	for _, s := range m.States.All() {
		n++
		for _, b := range s.Branches {
			n += countStates(b)
		}
		if s.ItemProcessor != nil {
			n += countStates(s.ItemProcessor)
		}
	}
	return n
}

// findForks finds the fork that each branch belongs to.
func findForks(m *asl.Machine, forks map[*asl.States]string) {
	for name, s := range m.States.All() {
		for _, b := range s.Branches {
			forks[b.States] = name
			findForks(b, forks)
		}
	}
}
