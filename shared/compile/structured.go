package compile

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// scope is a list of states with one token in it: the definition itself, or a
// branch of a Parallel. Its ways end, or arrive at the join `to` of the fork
// that it is a branch of.
type scope struct {
	states  *asl.States
	top     bool
	to      *task
	entries map[*task]string
	// notTaken is the state of a branch's ways that lead nowhere, once it is there.
	notTaken string
}

// structured builds the structured form; false if the graph does not have it.
func (b *builder) structured() (*asl.Machine, bool) {
	if b.unstructured() {
		return nil, false
	}
	top := &scope{states: &asl.States{}, top: true, entries: map[*task]string{}}
	var startAt string
	var ok bool
	if len(b.start) == 1 {
		startAt, ok = b.enter(top, b.start[0])
	} else {
		var routes []route
		for _, t := range b.start {
			routes = append(routes, route{to: t})
		}
		startAt, ok = b.fork(top, "start", routes)
	}
	if !ok {
		return nil, false
	}
	b.finishTop(top)
	return b.machine(startAt, top.states), true
}

// unstructured finds what only the threads form can do.
func (b *builder) unstructured() bool {
	if b.src.pauses || len(b.start) == 0 || b.cyclic() {
		return true
	}
	for _, t := range b.tasks {
		if t.join != nil && t.join.Count > 0 {
			return true
		}
		if twice(t.success, t.complete) || twice(t.failure, t.complete) {
			return true
		}
	}
	return false
}

// twice reports whether a task may be started twice by the same outcome.
func twice(a, b []step.Route) bool {
	seen := map[string]bool{}
	for _, r := range slices.Concat(a, b) {
		if !r.Command && seen[r.To] {
			return true
		}
		seen[r.To] = true
	}
	return false
}

// route is one way on from a task: surely taken, or only if the answer's routes
// name it.
type route struct {
	to    *task
	maybe bool
}

// ways are the routes that an outcome of a task may take. Behind a command
// that ends the workflow nothing is sure any more.
func (b *builder) ways(first, second []step.Route) []route {
	var out []route
	sure := true
	for _, r := range slices.Concat(first, second) {
		if r.Command {
			sure = sure && r.To == "noop"
			continue
		}
		out = append(out, route{to: b.byName[r.To], maybe: r.If.V != nil || !sure})
	}
	return out
}

// enter returns the state at which a task begins, writing its states if this is
// the first way to it. False if the task has states in another scope already.
func (b *builder) enter(sc *scope, t *task) (string, bool) {
	if name, ok := sc.entries[t]; ok {
		return name, true
	}
	if b.where[t] != nil {
		return "", false
	}
	b.where[t] = sc
	e := b.emit(sc.states, t)
	sc.entries[t] = e.entry
	if !b.leave(sc, t, e.success, b.ways(t.success, t.complete), false) {
		return "", false
	}
	if e.failed == nil {
		b.addSharedFailure(sc)
		return e.entry, true
	}
	return e.entry, b.leave(sc, t, e.failed, b.ways(t.failure, t.complete), true)
}

func (b *builder) addSharedFailure(sc *scope) {
	name := b.shared[sc.states]
	if sc.states.Get(name) != nil {
		return
	}
	s := b.sharedFailure()
	goTo(s, b.ending(sc, true))
	sc.states.Add(name, s)
}

// leave sets where a way out of a task goes.
func (b *builder) leave(sc *scope, t *task, from *asl.State, ways []route, failed bool) bool {
	next, ok := b.follow(sc, t, ways, failed)
	goTo(from, next)
	return ok
}

// follow returns the state that the ways lead to, "" for the scope's end.
func (b *builder) follow(sc *scope, t *task, ways []route, failed bool) (string, bool) {
	label := t.name
	if failed {
		label += " failed"
	}
	switch {
	case len(ways) == 0:
		return b.ending(sc, failed && len(t.failure) == 0 && len(t.complete) == 0), true
	case len(ways) > 1:
		return b.fork(sc, label, ways)
	case ways[0].to == sc.to && sc.to != nil:
		return b.ending(sc, false), true // the answer's routes say whether it arrives
	}
	w := ways[0]
	if w.to.join != nil && len(w.to.inbound) > 1 {
		return "", false // a join is entered behind its fork only
	}
	entry, ok := b.enter(sc, w.to)
	if !ok || !w.maybe {
		return entry, ok
	}
	return b.choose(sc, label, w.to, entry), true
}

// choose goes to a task if the answer's routes name it, else to the end.
func (b *builder) choose(sc *scope, label string, to *task, entry string) string {
	name := b.name(label, "next")
	rule := &asl.Choice{Condition: query(str(to.name) + " in $states.input.routes"), Next: entry}
	sc.states.Add(name, &asl.State{Type: asl.TypeChoice, Choices: []*asl.Choice{rule}, Default: b.stop(sc)})
	return name
}

// ending is where a way ends: "" ends the scope, a name is a state to go to.
// failed says that the execution has failed for sure.
func (b *builder) ending(sc *scope, failed bool) string {
	switch {
	case !sc.top:
		return ""
	case failed && !b.choosy:
		return b.failed
	case b.choosy:
		return b.end
	default:
		return ""
	}
}

// stop is like ending, for a Choice, which must name a state.
func (b *builder) stop(sc *scope) string {
	if name := b.ending(sc, false); name != "" {
		return name
	}
	name := b.done
	if !sc.top {
		if sc.notTaken == "" { // every branch has its own
			sc.notTaken = b.name("not taken")
			sc.states.Add(sc.notTaken, &asl.State{Type: asl.TypePass, Comment: notTaken, Output: query(nowhere), End: true})
		}
		name = sc.notTaken
	}
	return name
}

const (
	notTaken = "no route leads on from here"
	// nowhere is what a branch comes to that arrives nowhere.
	nowhere = "{'from': [], 'routes': [], 'failed': $exists($states.input.failed) and $states.input.failed}"
)

// finishTop adds the ends of a definition that are used.
func (b *builder) finishTop(sc *scope) {
	used := map[string]bool{}
	for _, s := range sc.states.All() {
		used[s.Next], used[s.Default] = true, true
		for _, c := range s.Choices {
			used[c.Next] = true
		}
	}
	if used[b.end] {
		sc.states.Add(b.end, &asl.State{
			Type:    asl.TypeChoice,
			Choices: []*asl.Choice{{Condition: query("$exists($states.input.failed) and $states.input.failed"), Next: b.failed}},
			Default: b.done,
		})
		used[b.failed], used[b.done] = true, true
	}
	if used[b.failed] {
		sc.states.Add(b.failed, &asl.State{
			Type: asl.TypeFail, Error: "WorkflowFailed",
			Cause: query("$exists($states.input.info) ? $states.input.info : 'a task failed; the execution record says which and why'"),
		})
	}
	if used[b.done] {
		sc.states.Add(b.done, &asl.State{Type: asl.TypeSucceed})
	}
}

// fork writes a Parallel for several ways that may all be taken, and the join
// behind it, if they meet in one.
func (b *builder) fork(sc *scope, label string, ways []route) (string, bool) {
	join, ok := b.meeting(ways, sc.to)
	if !ok {
		return "", false
	}
	to := join
	if join == nil {
		to = sc.to
	}
	p := &asl.State{Type: asl.TypeParallel}
	name := b.name(label, "fork")
	if label == "start" {
		name = b.name("start")
	}
	sc.states.Add(name, p)
	for _, w := range ways {
		m, ok := b.branch(w, to)
		if !ok {
			return "", false
		}
		p.Branches = append(p.Branches, m)
	}
	p.Output = forkOutput(to)
	if join == nil {
		goTo(p, b.ending(sc, false))
		return name, true
	}
	entry, ok := b.enter(sc, join)
	if !ok {
		return "", false
	}
	p.Next = b.name(join.name, "reached?")
	sc.states.Add(p.Next, &asl.State{
		Type:    asl.TypeChoice,
		Choices: []*asl.Choice{{Condition: query("$count($states.input.from) > 0"), Next: entry}},
		Default: b.stop(sc),
	})
	return name, true
}

// forkOutput collects what the branches came to: the task executions that
// arrive at the join, and whether a branch failed.
func forkOutput(to *task) any {
	failed := query("'SUCCESS' in $states.result.ended ? false : true in $states.result.failed")
	if to == nil {
		return value.MapOf("from", []any{}, "routes", []any{}, "failed", failed)
	}
	name := str(to.name)
	arrived := "[$states.result[" + name + " in routes].from]"
	return value.MapOf("from", query(arrived), "routes", query("$count("+arrived+") > 0 ? ["+name+"] : []"), "failed", failed)
}

// branch writes one way of a fork as a machine of its own.
func (b *builder) branch(w route, to *task) (*asl.Machine, bool) {
	sc := &scope{states: &asl.States{}, to: to, entries: map[*task]string{}}
	if w.to == to {
		name := b.name("to", to.name)
		sc.states.Add(name, &asl.State{Type: asl.TypePass, End: true, Output: query("{'from': " + str(to.name) +
			" in $states.input.routes ? $states.input.from : [], 'routes': [" + str(to.name) + "], 'failed': $states.input.failed}")})
		return &asl.Machine{StartAt: name, States: sc.states}, true
	}
	if w.to.join != nil && len(w.to.inbound) > 1 {
		return nil, false
	}
	entry, ok := b.enter(sc, w.to)
	if ok && w.maybe {
		name := b.name("to", w.to.name)
		rule := &asl.Choice{Condition: query(str(w.to.name) + " in $states.input.routes"), Next: entry}
		sc.states.Add(name, &asl.State{Type: asl.TypeChoice, Choices: []*asl.Choice{rule}, Default: b.stop(sc)})
		entry = name
	}
	return &asl.Machine{StartAt: entry, States: sc.states}, ok
}
