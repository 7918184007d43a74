package generate

import (
	"fmt"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// workflow is a workflow in the making.
type workflow struct {
	*gen
	known     []variable // input and vars
	published []variable // by any task
	required  []string
	all       []*task
	reverse   bool
}

// task is a task in the making.
type task struct {
	name    string
	body    *value.Map
	before  []*task // tasks that lead here, also more than once
	after   []*task
	runs    int // how often it runs at most
	fails   bool
	sees    []variable
	clauses map[string][]any
	mark    bool
}

const maxRuns = 6

func (w *workflow) tasks(n int) *value.Map {
	for i := range n {
		t := &task{name: fmt.Sprintf("t%d", i+1), body: value.NewMap(0), clauses: map[string][]any{}}
		if w.reverse {
			w.require(t)
		} else {
			w.link(t)
		}
		w.fill(t)
		w.all = append(w.all, t)
	}
	if !w.reverse {
		w.leads()
	}
	order := slices.Clone(w.all)
	if w.chance(30) {
		w.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	out := value.NewMap(0)
	for _, t := range order {
		out.Set(t.name, t.body)
	}
	return out
}

// leads adds what tasks of a direct workflow lead to besides.
func (w *workflow) leads() {
	if w.chance(12) {
		w.cycle()
	}
	for _, t := range w.all {
		w.commands(t)
		w.writeClauses(t)
	}
}

// link makes clauses of earlier tasks lead to t.
func (w *workflow) link(t *task) {
	t.runs = 1
	if len(w.all) == 0 || w.chance(10) {
		return // a start task
	}
	n := pick(w.gen, 1, 1, 1, 1, 2, 2, 2, 3, 4)
	t.runs = 0
	for range n {
		p := w.all[len(w.all)-1-w.IntN(min(len(w.all), 5))]
		if slices.Contains(t.before, p) && !w.chance(15) || t.runs+p.runs > maxRuns && t.runs > 0 {
			continue
		}
		w.lead(p, t)
		t.runs += p.runs
	}
	distinct := map[*task]bool{}
	for _, p := range t.before {
		distinct[p] = true
	}
	if len(t.before) > 1 && w.chance(75) || w.chance(4) {
		join := any("all")
		switch {
		case w.chance(12):
			join = "one"
		case w.chance(12):
			join = int64(1 + w.IntN(len(distinct)))
		}
		t.body.Set("join", join)
		t.runs = 1
	}
}

// lead adds a route from p to t, guarded or not.
func (w *workflow) lead(p, t *task) {
	clause := pick(w.gen, "on-success", "on-success", "on-success", "on-success", "on-success", "on-error", "on-complete", "on-complete")
	if p.fails && w.chance(60) {
		clause = "on-error"
	}
	route := w.route(t.name, p)
	if slices.ContainsFunc(p.clauses[clause], func(r any) bool { return value.Equal(r, route) }) {
		return // a clause has no entry twice
	}
	t.before = append(t.before, p)
	p.after = append(p.after, t)
	p.clauses[clause] = append(p.clauses[clause], route)
	for _, v := range p.sees {
		if !slices.Contains(t.sees, v) {
			t.sees = append(t.sees, v)
		}
	}
}

func (w *workflow) route(to string, from *task) any {
	if w.chance(70) {
		return to
	}
	return value.MapOf(to, "<% "+w.guard(from)+" %>")
}

// guard is mostly of two kinds that can't both hold, so that joins meet ways
// that are not taken.
func (w *workflow) guard(from *task) string {
	if w.chance(30) {
		return pick(w.gen, "true", "false", "1 = 1", "$.get(missing) != null", "task().state = SUCCESS", "''", "[0]")
	}
	return w.expression(boolKind, w.scope(from), 2)
}

// commands adds engine commands to some clauses.
func (w *workflow) commands(t *task) {
	if !w.chance(8) {
		return
	}
	command := any(pick(w.gen, "noop", "noop", "fail", "fail", "succeed", "pause", `fail msg="stopped here"`, `succeed msg="enough"`))
	if w.chance(60) {
		command = value.MapOf(command.(string), "<% "+w.guard(t)+" %>")
	}
	clause := pick(w.gen, "on-success", "on-success", "on-error", "on-complete")
	at := w.IntN(len(t.clauses[clause]) + 1)
	t.clauses[clause] = slices.Insert(t.clauses[clause], at, command)
}

// cycle leads from a task back to one before it, as often as a counter says.
func (w *workflow) cycle() {
	from := pick(w.gen, w.all...)
	to := from
	for len(to.before) > 0 && w.chance(60) {
		to = pick(w.gen, to.before...)
	}
	for _, t := range w.all {
		t.mark = false
	}
	if len(to.before) == 0 || from.runs > 2 || joins(to) {
		return
	}
	counter := "n_" + from.name
	if _, ok := from.body.Get("publish"); ok {
		return
	}
	from.body.Set("publish", value.MapOf(counter, "<% $.get("+counter+", 0) + 1 %>"))
	from.clauses["on-success"] = append(from.clauses["on-success"],
		value.MapOf(to.name, fmt.Sprintf("<%% $.%s < %d %%>", counter, 1+w.IntN(3))))
}

// joins reports whether a join can be reached.
func joins(t *task) bool {
	if t.mark {
		return false
	}
	t.mark = true
	return t.body.Has("join") || slices.ContainsFunc(t.after, joins)
}

func (w *workflow) writeClauses(t *task) {
	for _, clause := range []string{"on-success", "on-error", "on-complete"} {
		list := t.clauses[clause]
		switch {
		case w.chance(5):
			t.body.Set(clause, w.advanced(t, list))
		case len(list) == 0:
		case len(list) == 1 && w.chance(30):
			t.body.Set(clause, list[0])
			if _, ok := list[0].(*value.Map); ok {
				t.body.Set(clause, list)
			}
		case w.chance(5):
			t.body.Set(clause, value.MapOf("next", list))
		default:
			t.body.Set(clause, list)
		}
	}
}

// advanced is a clause that publishes.
func (w *workflow) advanced(t *task, list []any) *value.Map {
	publish := value.NewMap(0)
	if w.chance(70) {
		publish.Set("branch", w.publication(t))
	}
	if w.chance(60) || publish.Len() == 0 {
		k := w.anyKind(2)
		publish.Set("global", value.MapOf("g_"+string(k), w.templated(k, w.scope(t))))
	}
	out := value.MapOf("publish", publish)
	if len(list) > 0 {
		out.Set("next", list)
	}
	return out
}

// defaults are task-defaults which lead nowhere but to the last task.
func (w *workflow) defaults() *value.Map {
	out := value.NewMap(0)
	if w.reverse && w.chance(50) {
		out.Set("requires", []any{w.all[0].name}) // which requires none itself
		return out
	}
	last := w.all[len(w.all)-1]
	switch w.IntN(4) {
	case 0:
		out.Set("retry", value.MapOf("count", int64(1), "delay", int64(0)))
	case 1:
		out.Set("on-error", []any{"noop"})
	case 2:
		if len(last.after) == 0 && !last.body.Has("join") {
			out.Set("on-error", []any{last.name})
		}
	case 3:
		out.Set("on-complete", []any{value.MapOf("fail", "<% $.get(p_int, 0) > 4 %>")})
	}
	if out.Len() == 0 {
		out.Set("safe-rerun", true)
	}
	return out
}
