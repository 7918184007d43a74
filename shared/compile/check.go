package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func (c *compiler) errorf(id string, at dsl.Span, advice, format string, args ...any) {
	c.diags = append(c.diags, dsl.Diagnostic{
		ID: id, Severity: dsl.Error, Summary: fmt.Sprintf(format, args...), Advice: advice, Subject: at,
	})
}

// checkWorkflow reports what is not supported of a workflow, and checks all
// its expressions.
func (c *compiler) checkWorkflow(wf *dsl.Workflow) {
	for _, n := range []*dsl.Node{wf.Vars, wf.Output, wf.OutputOnError} {
		c.checkExpressions(n)
	}
	if wf.TaskDefaults != nil {
		c.checkTask(wf.TaskDefaults)
	}
	for _, t := range wf.Tasks {
		c.checkTask(t)
	}
	if wf.Type == dsl.Reverse {
		c.checkRequires(wf)
	}
}

func (c *compiler) checkTask(t *dsl.Task) {
	c.checkExpressions(t.Target) // it has no effect, of which package lint warns
	for _, r := range []*dsl.Routes{t.OnSuccess, t.OnError, t.OnComplete, t.OnSkip} {
		c.checkRoutes(r)
	}
	c.checkLost(t.Publish, t.OnSuccess, t.OnComplete)
	c.checkLost(t.PublishOnError, t.OnError, t.OnComplete)
	c.checkExpressions(t.Publish)
	c.checkExpressions(t.PublishOnError)
	c.checkExpressions(t.PublishOnSkip)
	c.checkPolicies(t)
	for _, it := range t.WithItems {
		c.checkExpressions(it.Expr)
	}
	params, whole := t.Arguments()
	c.checkExpressions(whole)
	for _, p := range params {
		c.checkExpressions(p.Value)
	}
}

func (c *compiler) checkRoutes(r *dsl.Routes) {
	if r == nil {
		return
	}
	if r.Publish != nil {
		c.checkPublish(r.Publish)
	}
	for _, e := range r.Entries {
		c.checkExpressions(e.Guard)
		for _, p := range e.Params {
			c.checkExpressions(p.Value)
		}
	}
}

func (c *compiler) checkPolicies(t *dsl.Task) {
	for _, n := range []*dsl.Node{t.Concurrency, t.FailOn, t.PauseBefore, t.WaitBefore, t.WaitAfter, t.Timeout} {
		c.checkExpressions(n)
	}
	for _, n := range []*dsl.Node{t.KeepResult, t.SafeRerun} {
		if n != nil && n.Kind == yaml.String {
			c.warnf("not-evaluated", n.Span, "write true or false", "the expression is not evaluated, as in Mistral: it counts as true")
		}
	}
	if r := t.Retry; r != nil {
		for _, n := range []*dsl.Node{r.Count, r.Delay, r.BreakOn, r.ContinueOn} {
			c.checkExpressions(n)
		}
	}
}

// checkPublish checks the advanced form of publishing.
func (c *compiler) checkPublish(p *dsl.Publish) {
	for _, n := range []*dsl.Node{p.Branch, p.Global, p.Atomic} {
		c.checkExpressions(n)
	}
	if p.Atomic != nil {
		c.warnf("publish-atomic", p.Atomic.Span, "use global", "atomic variables are not published, as in Mistral")
	}
}

// checkLost warns of scopes that are not published (see publishes).
func (c *compiler) checkLost(own *dsl.Node, on, onComplete *dsl.Routes) {
	result := publishes(own, on, onComplete)
	lost := func(scope *value.Map, kept *value.Map, at dsl.Span, what string) {
		if scope.Len() > 0 && kept == nil {
			c.warnf("publish-lost", at, "publish it in the same clause",
				"%s variables are not published here, as in Mistral: another publish of the task, which counts first, has none", what)
		}
	}
	if own != nil {
		lost(mapOf(own), result.branch, own.Span, "branch")
	}
	for _, r := range []*dsl.Routes{on, onComplete} {
		if r != nil && r.Publish != nil {
			lost(scopes(r).branch, result.branch, r.Publish.Span, "branch")
			lost(scopes(r).global, result.global, r.Publish.Span, "global")
		}
	}
}

// checkExpressions checks the syntax of all templates below a node.
func (c *compiler) checkExpressions(n *dsl.Node) {
	if n == nil {
		return
	}
	for _, p := range expr.Check(n.Value()).Problems {
		at := n.At(p.Path)
		start := at.PosAt(p.Offset)
		span := dsl.Span{File: at.Span.File, Start: start, End: at.Span.End}
		if p.Name != "" {
			span = at.SpanOf(p.Offset, p.Offset+len(p.Name))
		}
		advice := ""
		if p.Suggestion != "" {
			advice = "did you mean " + p.Suggestion + "?"
		}
		c.errorf("expression", span, advice, "%s", p.Message)
	}
}

func (c *compiler) unknownAction(call *dsl.Call) {
	advice := "see sirocco action list"
	if isExpression(call.Name) {
		advice = "write the name itself: the base of an ad-hoc action is not evaluated"
	}
	if s := c.registry.Suggest(call.Name); len(s) > 0 {
		advice = "did you mean " + strings.Join(s, " or ") + "?"
	}
	c.errorf("unknown-action", call.NameNode.Span, advice, "unknown action %q", call.Name)
}

// checkAsync refuses an action that somebody else completes: as an ordinary one
// its task would succeed too early.
func (c *compiler) checkAsync(a *actions.Action, call *dsl.Call) {
	if a.Async {
		c.errorf("asynchronous", call.NameNode.Span, "call it by itself, with sirocco action run; in a workflow std.http waits for the answer",
			"%s is completed from outside, and tasks can't wait for that yet", a.Name)
	}
}

func (c *compiler) unknownWorkflow(call *dsl.Call) {
	var names []string
	for name := range c.known {
		names = append(names, name)
	}
	slices.Sort(names)
	advice := "give the file that has it as a further argument"
	if s := spell.Nearest(call.Name, names); s != "" {
		advice = "did you mean " + s + "?"
	}
	c.errorf("unknown-workflow", call.NameNode.Span, advice, "unknown workflow %q", call.Name)
}

// checkInput holds the parameters that a task writes against the action's.
// Where the whole input is one expression there is nothing to check yet.
func (c *compiler) checkInput(t *task, call *dsl.Call) {
	params, whole := t.src.Arguments()
	if whole != nil {
		return
	}
	at := t.src.NameSpan
	if !call.Implied {
		at = call.NameNode.Span
	}
	c.checkParams(t.action, params, at, c.envDefaults(t.action.Name))
}

// checkSubInput finds inputs that a sub-workflow requires and is not given; what
// it does not know it ignores, as in Mistral.
func (c *compiler) checkSubInput(t *task, call *dsl.Call) {
	given, ok := t.input.(*value.Map)
	if !ok && t.input != nil {
		return
	}
	for _, p := range t.sub.wf.Input {
		if !p.HasDefault && !given.Has(p.Name) {
			c.warnf("sub-workflow-input", call.NameNode.Span, "give it a value or a default; on-error of the task handles the failure",
				"workflow %q requires the input %q", call.Name, p.Name)
		}
	}
}

func (c *compiler) warnf(id string, at dsl.Span, advice, format string, args ...any) {
	c.errorf(id, at, advice, format, args...)
	c.diags[len(c.diags)-1].Severity = dsl.Warning
}
