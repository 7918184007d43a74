package compile

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// task is a task with the workflow's task-defaults applied and all references
// resolved.
type task struct {
	src    *dsl.Task
	name   string
	index  int // in the definition
	action *actions.Action
	adhoc  []step.Adhoc // between the task and the action, outermost first
	sub    *source
	// dynamic is set instead of action or sub where the name is an expression.
	dynamic *dynamic

	success, failure, complete []step.Route
	skip                       []step.Route // of a task that somebody skips: no run does by itself
	input                      any          // templates: a dictionary, one expression, or nil
	items                      []step.Iterator
	show                       []string // item variables that the definition shows
	region                     any      // what it shows as the region, or nil

	inbound []*task // that may lead here, or that this one requires; in the definition's order
	join    *step.JoinSpec
	// requires are the names of the inbound tasks of a reverse workflow's task
	requires []string

	timeout, waitBefore, waitAfter seconds
	concurrency                    any // a number, or a template
	retry                          *step.Retry
	failOn, pauseBefore            any // templates, or nil
	keepResult, safeRerun          bool
	publish, publishOnError        published
}

// tasks resolves all tasks of a workflow.
func (c *compiler) tasks(s *source) []*task {
	byName := map[string]*task{}
	var out []*task
	for i, src := range s.wf.Tasks {
		t := c.resolve(s.wf, src)
		t.index = i
		byName[t.name] = t
		out = append(out, t)
	}
	if s.wf.Type == dsl.Reverse {
		resolveRequires(s.wf, out, byName)
		return out
	}
	for _, t := range out {
		for _, name := range t.targets() {
			to := byName[name]
			if to != nil { // targets has each once
				to.inbound = append(to.inbound, t)
			}
		}
	}
	for _, t := range out {
		byOrder(t.inbound)
		c.resolveJoin(t)
	}
	return out
}

func (c *compiler) resolveJoin(t *task) {
	j := t.src.Join
	if j == nil || len(t.inbound) == 0 {
		return // a join that nothing leads to runs like any start task
	}
	t.join = &step.JoinSpec{}
	for _, in := range t.inbound {
		t.join.Inbound = append(t.join.Inbound, in.name)
	}
	if !j.All {
		t.join.Count = j.Count
		if j.Count > len(t.inbound) && !c.checkOnly { // else package dsl may have said so
			c.errorf("join-count", j.Span, fmt.Sprintf("write join: %d or join: all", len(t.inbound)),
				"task %q can never start: it waits for %d tasks, but only %d lead to it", t.name, j.Count, len(t.inbound))
		}
	}
}

func (c *compiler) resolve(wf *dsl.Workflow, src *dsl.Task) *task {
	d := defaultsOf(wf)
	t := &task{src: src, name: src.Name, keepResult: true}
	t.success = c.routes(t.name, src.OnSuccess, d.OnSuccess)
	t.failure = c.routes(t.name, src.OnError, d.OnError)
	t.complete = c.routes(t.name, src.OnComplete, d.OnComplete)
	t.skip = c.routes(t.name, src.OnSkip, d.OnSkip)
	t.publish = publishes(src.Publish, src.OnSuccess, src.OnComplete)
	t.publishOnError = publishes(src.PublishOnError, src.OnError, src.OnComplete)
	t.timeout = secondsOf(src.Timeout, d.Timeout)
	t.waitBefore = secondsOf(src.WaitBefore, d.WaitBefore)
	t.waitAfter = secondsOf(src.WaitAfter, d.WaitAfter)
	if n := effective(src.Concurrency, d.Concurrency); n != nil {
		t.concurrency = n.Value()
	}
	t.keepResult = flag(src.KeepResult, nil, true)
	t.safeRerun = flag(src.SafeRerun, d.SafeRerun, false)
	t.pauseBefore = condition(src.PauseBefore, d.PauseBefore)
	t.failOn = condition(src.FailOn, d.FailOn)
	for _, it := range src.WithItems {
		t.items = append(t.items, step.Iterator{Var: it.Var, In: value.Any{V: it.Expr.Value()}})
	}
	c.resolveInput(t)
	c.resolveCall(t)
	c.resolveRetry(t, cmp.Or(src.Retry, d.Retry))
	return t
}

func (c *compiler) resolveInput(t *task) {
	params, whole := t.src.Arguments()
	switch {
	case whole != nil:
		t.input = whole.Value()
	case len(params) > 0:
		m := value.NewMap(len(params))
		for _, p := range params {
			m.Set(p.Name, p.Value.Value())
		}
		t.input = m
	}
}

// resolveCall finds what the task calls.
func (c *compiler) resolveCall(t *task) {
	call := t.src.Action
	if t.src.Workflow != nil {
		call = t.src.Workflow
	}
	if isExpression(call.Name) {
		c.resolveDynamic(t, call)
		return
	}
	if t.src.Workflow != nil {
		if t.sub = c.findWorkflow(call.Name); t.sub == nil {
			c.unknownWorkflow(call)
		} else {
			c.checkSubInput(t, call)
			c.checkSubTarget(t, call)
		}
		return
	}
	if a := c.findAdhoc(c.current.book, call.Name); a != nil {
		c.resolveAdhoc(t, a)
		return
	}
	a, ok := c.registry.Lookup(call.Name)
	if !ok {
		c.unknownAction(call)
		return
	}
	t.action = a
	c.checkAsync(a, call)
	c.checkInput(t, call)
	c.shownRegion(t)
}

// shownRegion finds a region that the definition can show: a literal, or the
// variable of with-items as it is.
func (c *compiler) shownRegion(t *task) {
	m, ok := t.input.(*value.Map)
	if !ok {
		return
	}
	for _, name := range []string{"action_region", "region"} {
		if !t.action.IsTargetParam(name) {
			continue
		}
		v, _ := m.Get(name)
		s, ok := v.(string)
		if !ok || s == "" {
			continue
		}
		if !strings.Contains(s, "<%") && !strings.Contains(s, "{{") && !strings.Contains(s, "{%") {
			t.region = s
			return
		}
		for _, it := range t.items {
			if isVariable(s, it.Var) {
				t.show = []string{it.Var}
				t.region = it.Var
				return
			}
		}
	}
}

// isVariable reports whether a template is exactly the variable: <% $.name %>.
func isVariable(template, name string) bool {
	s, ok := strings.CutPrefix(template, "<%")
	if !ok {
		return false
	}
	s, ok = strings.CutSuffix(s, "%>")
	return ok && strings.TrimSpace(s) == "$."+name
}

func (c *compiler) routes(name string, own, byDefault *dsl.Routes) []step.Route {
	r := own
	if own == nil || len(own.Entries) == 0 {
		r = byDefault
	}
	if r == nil {
		return nil
	}
	var out []step.Route
	for _, e := range r.Entries {
		if r == byDefault && e.To == name {
			continue // a default does not lead a task to itself
		}
		route := step.Route{To: e.To, At: place(e.Span)}
		if e.Command != "" {
			route.To, route.Command = e.Command, true
			if m := e.Message(); m != nil {
				route.Message.V = m.Value()
			}
		}
		if e.Guard != nil {
			route.If.V = e.Guard.Value()
		}
		out = append(out, route)
	}
	return out
}

// flag is a policy that Mistral does not evaluate: an expression is true, being
// text that is not empty.
func flag(own, byDefault *dsl.Node, otherwise bool) bool {
	n := own
	if n == nil {
		n = byDefault
	}
	if n == nil {
		return otherwise
	}
	return value.Truth(n.Value())
}

// resolveRetry finds who performs the retry policy. Where it takes more than to
// repeat a call that failed, the definition goes round and the engine decides.
func (c *compiler) resolveRetry(t *task, r *dsl.Retry) {
	if r == nil {
		return
	}
	out := &step.Retry{}
	for _, m := range []struct {
		to   *value.Any
		from *dsl.Node
	}{{&out.Count, r.Count}, {&out.Delay, r.Delay}, {&out.BreakOn, r.BreakOn}, {&out.ContinueOn, r.ContinueOn}} {
		if m.from != nil {
			m.to.V = m.from.Value()
		}
	}
	count, counted := out.Count.V.(int64)
	_, delayed := out.Delay.V.(int64)
	if counted && count == 0 {
		return
	}
	out.Loop = len(t.items) > 0 || t.callsWorkflow() || t.dynamic != nil || !counted || !delayed || t.failOn != nil ||
		out.BreakOn.V != nil || out.ContinueOn.V != nil || t.publishOnError.given || t.waitAfter.given() && t.timeout.given()
	t.retry = out
}

// loops reports whether the definition goes round for the task's retry policy.
func (t *task) loops() bool { return t.retry != nil && t.retry.Loop }

// repeatsSuccess reports whether the task may run again although it succeeded.
func (t *task) repeatsSuccess() bool {
	return t.loops() && (t.retry.ContinueOn.V != nil || t.failOn != nil)
}

// targets are the tasks that this one may go on to, each once.
func (t *task) targets() []string {
	var out []string
	seen := map[string]bool{}
	for _, routes := range [][]step.Route{t.success, t.failure, t.complete, t.skip} {
		for _, r := range routes {
			if !r.Command && !seen[r.To] {
				seen[r.To] = true
				out = append(out, r.To)
			}
		}
	}
	return out
}

func (t *task) info() step.TaskInfo {
	kind := "ACTION"
	if t.callsWorkflow() {
		kind = "WORKFLOW"
	}
	return step.TaskInfo{
		Name: t.name, Type: kind, To: t.targets(), Join: t.join, Requires: t.requires, HandlesError: len(t.failure) > 0,
	}
}

func (t *task) at() string { return place(t.src.NameSpan) }

// place is file:line:col, the file by its name alone so that a definition does
// not depend on where it was compiled.
func place(s dsl.Span) string {
	return fmt.Sprintf("%s:%d:%d", filepath.Base(s.File), s.Start.Line, s.Start.Col)
}

func mapOf(n *dsl.Node) *value.Map {
	if n == nil {
		return nil
	}
	m, _ := n.Value().(*value.Map)
	return m
}
