package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/expr"
)

// checker looks through one workflow.
type checker struct {
	*linter
	file *dsl.File
	wf   *dsl.Workflow
	flow *flow
	g    *graph // nil for a reverse workflow
	// sure says for each task that a run either comes to it or ends in ERROR.
	sure []bool
	// tasks are the names of all, globals the variables published for all.
	tasks, globals []string
	isTask         map[string]bool
}

func (l *linter) workflow(f *dsl.File, w *dsl.Workflow) {
	c := &checker{linter: l, file: f, wf: w, flow: newFlow(w), sure: make([]bool, len(w.Tasks)), isTask: map[string]bool{}}
	for _, t := range w.Tasks {
		c.tasks = append(c.tasks, t.Name)
		c.isTask[t.Name] = true
	}
	for i, name := range c.flow.names {
		if c.flow.globals.has(i) {
			c.globals = append(c.globals, name)
		}
	}
	if w.Type == dsl.Reverse {
		c.flow.require()
	} else {
		c.g = newGraph(w)
		c.flow.follow(c.g)
		c.findSure()
		c.routes()
		c.joins()
	}
	c.defaults(w.Input)
	c.ends()
	for i, t := range w.Tasks {
		c.task(i, t)
	}
	if d := w.TaskDefaults; d != nil {
		c.policies(d, site{may: c.flow.all})
		c.clauses(-1, d)
	}
}

// findSure finds the tasks that a run comes to unless it ends in ERROR before:
// from the first ones on, by ways without a guard, past failures that nobody
// handles. A command that ends or stops the workflow elsewhere may be sooner.
func (c *checker) findSure() {
	if c.called[c.wf] || c.mayStop() {
		return
	}
	for _, i := range c.g.order {
		c.sure[i] = c.sure[i] || c.g.start(i)
		if !c.sure[i] {
			continue
		}
		for _, n := range c.g.next[i] {
			e := c.g.edges[n]
			if e.dead || e.guarded || e.out != success || c.g.handlesError(i) && !c.both(i, e.to) {
				continue
			}
			if c.g.tasks[e.to].Join == nil || !c.g.handlesError(e.to) {
				c.sure[e.to] = true
			}
		}
	}
}

// both reports whether a task leads to another one whether it succeeds or fails.
func (c *checker) both(from, to int) bool {
	return slices.ContainsFunc(c.g.next[from], func(n int) bool {
		e := c.g.edges[n]
		return e.to == to && e.out == failure && !e.dead && !e.guarded
	})
}

// mayStop reports whether the workflow may end or stop otherwise than by its
// tasks' ends.
func (c *checker) mayStop() bool {
	for _, t := range append(slices.Clone(c.wf.Tasks), c.wf.TaskDefaults) {
		if t == nil {
			continue
		}
		if t.PauseBefore != nil && t.PauseBefore.Value() != false {
			return true
		}
		for _, cl := range dsl.Clauses() {
			rs := t.Clause(cl)
			if rs != nil && slices.ContainsFunc(rs.Entries, func(r *dsl.Route) bool { return r.Command == "succeed" || r.Command == "pause" }) {
				return true
			}
		}
	}
	return false
}

// ends checks what belongs to no task: vars and the outputs.
func (c *checker) ends() {
	top := !c.called[c.wf]
	first := newSet(len(c.flow.names))
	for _, name := range reserved {
		first.add(c.flow.index[name])
	}
	for _, p := range c.wf.Input {
		first.add(c.flow.index[p.Name])
	}
	c.expressions(c.wf.Vars, site{may: first, sure: top, same: keys(c.wf.Vars), what: "vars", siblings: "vars"})
	last := c.flow.all.clone()
	if i := c.flow.index[taskExecution]; !c.flow.all.has(i) || !c.publishes(taskExecution) {
		last = c.without(last, i)
	}
	out := site{may: last, sure: top, what: "the output"}
	if c.g != nil && !c.mayStop() && len(c.g.tasks) > 0 {
		out.must = c.flow.guaranteed(c.g)
	}
	c.expressions(c.wf.Output, out)
	c.expressions(c.wf.OutputOnError, site{may: last, what: "the output"})
}

func (c *checker) without(s set, i int) set {
	s[i/64] &^= 1 << (i % 64)
	return s
}

// publishes reports whether some task or the workflow gives a variable itself.
func (c *checker) publishes(name string) bool {
	for _, t := range c.wf.Tasks {
		for _, p := range publishedBy(t) {
			if slices.Contains(slices.Concat(p.sure, p.maybe, p.global), name) {
				return true
			}
		}
	}
	return slices.Contains(keys(c.wf.Vars), name)
}

// task checks the expressions of one task.
func (c *checker) task(i int, t *dsl.Task) {
	what := fmt.Sprintf("task %q", t.Name)
	live := c.g == nil || c.g.live[i]
	in := site{may: c.flow.may[i], must: c.flow.must[i], what: what, task: i, sure: c.sure[i] && live}
	if !live {
		in.must = nil // it says enough that nothing leads here
	}
	for _, it := range t.WithItems {
		in.gone = append(in.gone, it.Var)
	}
	filled := true
	for _, it := range t.WithItems {
		c.expressions(it.Expr, in)
		list, ok := it.Expr.Value().([]any)
		filled = filled && ok && len(list) > 0
	}
	input := in
	for _, it := range t.WithItems {
		input.items = append(input.items, it.Var)
	}
	input.sure = in.sure && filled
	named := input
	named.sure = in.sure && len(t.WithItems) == 0 // else it may have no items, and on-error is asked
	for _, call := range []*dsl.Call{t.Action, t.Workflow} {
		if call != nil && !call.Implied {
			c.expressions(call.NameNode, named)
		}
	}
	params, whole := t.Arguments()
	c.expressions(whole, input)
	for _, p := range params {
		c.expressions(p.Value, input)
	}
	c.keysOf(t.Input)
	c.withItems(i, t, in.sure)
	c.meaningless(t)
	c.subInput(t, params, whole)
	policy := in
	policy.sure = false
	c.policies(t, policy)
	c.publish(i, t, in)
	c.clauses(i, t)
}

// policies checks the expressions of a task's policies. Those that are looked
// at when the task has ended see what it publishes.
func (c *checker) policies(t *dsl.Task, before site) {
	for _, n := range []*dsl.Node{t.WaitBefore, t.Timeout, t.Concurrency, t.PauseBefore, t.KeepResult, t.SafeRerun} {
		c.expressions(n, before)
	}
	after := before
	after.may, after.must = before.may.clone(), nil
	if before.what != "" {
		for _, p := range publishedBy(t) {
			for _, name := range slices.Concat(p.sure, p.maybe, p.global) {
				after.may.add(c.flow.index[name])
			}
		}
	}
	c.expressions(t.WaitAfter, after)
	for _, n := range []*dsl.Node{t.FailOn, t.PauseBefore} {
		c.condition(n)
	}
	c.expressions(t.FailOn, after)
	if r := t.Retry; r != nil {
		for _, n := range []*dsl.Node{r.Count, r.Delay, r.BreakOn, r.ContinueOn} {
			c.expressions(n, after)
		}
		c.condition(r.BreakOn)
		c.condition(r.ContinueOn)
	}
}

// publish checks what a task publishes. It is not evaluated at the other outcome.
func (c *checker) publish(i int, t *dsl.Task, in site) {
	handled := c.g != nil && c.g.handlesError(i)
	onSuccess, onFailure, both := in, in, in
	onSuccess.sure = in.sure && !handled
	onFailure.sure = in.sure && alwaysFails(t)
	for _, p := range []struct {
		n *dsl.Node
		s site
	}{{t.Publish, onSuccess}, {t.PublishOnError, onFailure}, {t.PublishOnSkip, site{may: in.may, what: in.what, task: i, gone: in.gone}}} {
		c.published(p.n, p.s)
	}
	for _, r := range []struct {
		r *dsl.Routes
		s site
	}{{t.OnSuccess, onSuccess}, {t.OnError, onFailure}, {t.OnComplete, both}, {t.OnSkip, site{may: in.may, what: in.what, task: i, gone: in.gone}}} {
		if r.r != nil && r.r.Publish != nil {
			for _, n := range []*dsl.Node{r.r.Publish.Branch, r.r.Publish.Global} {
				c.published(n, r.s)
			}
		}
	}
}

func (c *checker) published(n *dsl.Node, s site) {
	s.same, s.siblings = keys(n), "publish"
	c.expressions(n, s)
	c.keysOf(n)
}

// clauses checks the guards of a task's routes and what its commands say; those
// of task-defaults, with i -1, in a context that has everything.
func (c *checker) clauses(i int, t *dsl.Task) {
	for _, cl := range dsl.Clauses() {
		rs := t.Clause(cl)
		if rs == nil {
			continue
		}
		s := site{may: c.flow.all}
		if i >= 0 && c.g != nil {
			s = c.behind(i, t, cl)
		}
		for _, r := range rs.Entries {
			c.expressions(r.Guard, s)
			message := s
			message.sure = s.sure && r.Guard == nil
			for _, p := range r.Params {
				c.expressions(p.Value, message)
			}
		}
	}
}

// behind is where the guards of a clause are evaluated.
func (c *checker) behind(i int, t *dsl.Task, cl dsl.Clause) site {
	s := site{what: fmt.Sprintf("task %q", t.Name), task: i}
	switch cl {
	case dsl.OnSuccess:
		s.may, s.must = c.flow.after(i, success)
		s.sure = c.sure[i] && c.g.live[i] && !c.g.handlesError(i) && !alwaysFails(t)
	case dsl.OnError:
		s.may, s.must = c.flow.after(i, failure)
	case dsl.OnComplete:
		s.may, s.must = c.flow.after(i, success, failure)
		s.sure = c.sure[i] && c.g.live[i]
	default:
		s.may, _ = c.flow.after(i, skipped)
	}
	if !c.g.live[i] {
		s.must = nil
	}
	for _, it := range t.WithItems {
		s.gone = append(s.gone, it.Var)
	}
	return s
}

func isComputed(s string) bool { return strings.Contains(s, "<%") || strings.Contains(s, "{{") }

// site is where expressions stand.
type site struct {
	may, must set // names that the context may have, and has; no must asks for none
	items     []string
	sure      bool // it is evaluated, or the run ends in ERROR anyway
	task      int
	what      string   // "task \"a\"", "" where there is no one place
	same      []string // names that come to be with it, and are not there yet
	siblings  string   // what those stand in
	gone      []string // names of with-items, which only the input sees
}

// expressions checks the names that the expressions below n ask for.
func (c *checker) expressions(n *dsl.Node, s site) {
	if n == nil {
		return
	}
	for _, r := range expr.Check(n.Value()).Refs {
		at := n.At(r.Path)
		span := at.SpanOf(r.Offset, r.Offset+len(r.Name))
		switch r.Kind {
		case expr.Variable:
			c.variable(r, at, span, s)
		case expr.TaskName:
			if !c.isTask[r.Name] {
				c.report("unknown-task-result", span, note{detail: "task() of it gives null.", advice: c.didYouMean(r.Name, c.tasks), in: at},
					"there is no task %q", r.Name)
			}
		case expr.GlobalName:
			if !slices.Contains(c.globals, r.Name) && !slices.Contains(keys(c.wf.Vars), r.Name) {
				c.report("unknown-global", span, note{advice: c.didYouMean(r.Name, c.globals), in: at}, "no task publishes a global variable %q", r.Name)
			}
		}
	}
}

func (c *checker) variable(r expr.Ref, at *dsl.Node, span dsl.Span, s site) {
	if r.Optional || slices.Contains(s.items, r.Name) {
		return
	}
	i, ok := c.flow.index[r.Name]
	if ok && s.may.has(i) {
		if s.must != nil && !s.must.has(i) && !c.flow.globals.has(i) && !r.Lazy {
			c.report("maybe-unset", span, note{
				detail: fmt.Sprintf("%s but not on every way to %s.", c.publishers(r.Name), s.what),
				advice: "publish it on every way, or write " + optional(r), in: at,
			}, "variable %q may not be there", r.Name)
		}
		return
	}
	detail, advice := c.explain(r.Name, s, ok)
	c.report("unknown-variable", span, note{detail: detail, advice: advice, in: at, certain: s.sure && !r.Lazy}, "unknown variable %q", r.Name)
}

// optional is how to ask for a variable that may not be there.
func optional(r expr.Ref) string {
	if strings.LastIndex(r.Template[:r.Offset], "{{") > strings.LastIndex(r.Template[:r.Offset], "<%") {
		return fmt.Sprintf("_.get('%s')", r.Name)
	}
	return fmt.Sprintf("$.get(%s)", r.Name)
}

// explain says why a variable is not there.
func (c *checker) explain(name string, s site, elsewhere bool) (detail, advice string) {
	switch {
	case slices.Contains(s.gone, name):
		return fmt.Sprintf("Only the input of %s sees its items.", s.what), "the results of all items are task().result"
	case slices.Contains(s.same, name):
		return fmt.Sprintf("The entries of %s are evaluated before any of them is there.", s.siblings), ""
	case elsewhere && s.what != "":
		return fmt.Sprintf("%s but on no way to %s.", c.publishers(name), s.what), ""
	case c.isTask[name]:
		return "A task's name is no variable.", fmt.Sprintf("the result of the task is task(%s).result", name)
	}
	if len(name) == 1 {
		return noSource, "" // it is like any other letter
	}
	known := slices.Clone(s.items)
	for i, n := range c.flow.names {
		if s.may.has(i) {
			known = append(known, n)
		}
	}
	return noSource, c.didYouMean(name, known)
}

const noSource = "No input, variable or publish gives it."

// publishers names the tasks that publish a variable: "It is published by
// task \"a\",".
func (c *checker) publishers(name string) string {
	var tasks []string
	for _, t := range c.wf.Tasks {
		for _, p := range publishedBy(t) {
			if slices.Contains(slices.Concat(p.sure, p.maybe, p.global), name) {
				tasks = append(tasks, fmt.Sprintf("%q", t.Name))
				break
			}
		}
	}
	const shown = 3
	if len(tasks) > shown {
		tasks = append(tasks[:shown], "others")
	}
	switch len(tasks) {
	case 0:
		return "It is there for tasks,"
	case 1:
		return "Task " + tasks[0] + " publishes it,"
	}
	return "Tasks " + strings.Join(tasks, ", ") + " publish it,"
}
