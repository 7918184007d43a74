package lint

import (
	"fmt"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// routes checks the entries of all clauses: guards that are always or never
// true, and entries behind a command that ends the workflow.
func (c *checker) routes() {
	lists := slices.Clone(c.wf.Tasks)
	if c.wf.TaskDefaults != nil {
		lists = append(lists, c.wf.TaskDefaults)
	}
	for _, t := range lists {
		for _, cl := range dsl.Clauses() {
			rs := t.Clause(cl)
			if rs == nil {
				continue
			}
			stop := ""
			for _, r := range rs.Entries {
				c.condition(r.Guard)
				if stop != "" {
					c.report("route-never-taken", r.NameSpan, note{detail: fmt.Sprintf("%q, which stands before it, ends the workflow.", stop)},
						"this entry of %s is never taken", cl)
				} else if r.Guard == nil && (r.Command == "fail" || r.Command == "succeed") {
					stop = r.Command
				}
			}
		}
	}
	for i, t := range c.g.tasks {
		// What only tasks lead to that are never reached, package dsl reports.
		if !c.g.live[i] && slices.ContainsFunc(c.g.in[i], func(n int) bool { return c.g.live[c.g.edges[n].from] }) {
			c.report("unreachable-task", t.NameSpan, note{detail: "Every way to it begins with an entry that is never taken."}, "task %q is never reached", t.Name)
		}
	}
}

// condition checks a guard or another condition.
func (c *checker) condition(n *dsl.Node) {
	text, ok := n.Str()
	if n == nil || !ok {
		return
	}
	f := expr.Inspect(text)
	switch {
	case f.Text && f.Expressions > 1:
		c.report("always-true", n.Span, note{
			detail: "Several expressions in one text give text, and text that is not empty is true.",
			advice: "write and, or, not inside of one expression: <% $.a and $.b %>",
		}, "this condition is always true")
	case f.Text && f.Filled:
		c.report("always-true", n.Span, note{
			detail: "With anything beside it, even a blank, an expression gives text, and text that is not empty is true.",
			advice: "write the expression alone",
		}, "this condition is always true")
	case f.Constant && value.Truth(f.Value):
		advice := "leave the condition out"
		detail := ""
		if word, ok := f.Value.(string); ok {
			detail, advice = fmt.Sprintf("%q is a text, and a text that is not empty is true.", word), fmt.Sprintf("a variable is $.%s", word)
		}
		c.report("always-true", n.Span, note{detail: detail, advice: advice}, "this condition is always true")
	case f.Constant:
		c.report("always-false", n.Span, note{}, "this condition is never true")
	}
}

// withItems checks the lists of a task's with-items.
func (c *checker) withItems(i int, t *dsl.Task, sure bool) {
	length, of := -1, ""
	for _, it := range t.WithItems {
		c.hidden(i, t, it)
		v, ok := literal(it.Expr)
		if !ok {
			continue
		}
		var n int
		switch v := v.(type) {
		case []any:
			n = len(v)
		case *value.Map:
			n = v.Len()
		case string:
			n = len([]rune(v))
			c.report("items-of-text", it.Expr.Span, note{detail: "The items of a text are its characters.", advice: "write a list: [...]"},
				"%q runs over the characters of a text", it.Var)
		default:
			c.report("not-a-list", it.Expr.Span, note{advice: "write a list: [...]", certain: sure}, "with-items needs a list for %q, not %s", it.Var, value.MustEncode(v))
			continue
		}
		if length >= 0 && n != length {
			c.report("lists-differ", it.Span, note{detail: "All lists of with-items must have the same length.", certain: sure},
				"the list for %q has %d items, the one for %q has %d", it.Var, n, of, length)
		}
		length, of = n, it.Var
	}
}

// literal is the value of a with-items list that needs no data.
func literal(n *dsl.Node) (any, bool) {
	text, ok := n.Str()
	if !ok {
		return n.Value(), n.Kind == yaml.List
	}
	f := expr.Inspect(text)
	return f.Value, f.Constant && !f.Text
}

// hidden warns of an item's variable that a published one hides.
func (c *checker) hidden(i int, t *dsl.Task, it dsl.WithItem) {
	k, ok := c.flow.index[it.Var]
	if !ok || c.flow.base.has(k) || c.flow.globals.has(k) || !c.flow.may[i].has(k) {
		return
	}
	c.report("item-hidden", it.VarSpan, note{
		detail: c.publishers(it.Var) + " and a published variable goes before the item.", advice: "give the item another name",
	}, "a published variable hides the item %q in task %q", it.Var, t.Name)
}

// meaningless warns of what has no effect on a task like this.
func (c *checker) meaningless(t *dsl.Task) {
	if t.Target != nil {
		c.report("target-ignored", t.Target.Span, note{
			detail: "In Mistral it names the executor that runs the action. A function has no executors to choose from.",
		}, "\"target\" has no effect")
	}
	if t.Concurrency != nil && len(t.WithItems) == 0 {
		c.report("policy-ignored", t.Concurrency.Span, note{advice: "leave it out"}, "\"concurrency\" has no effect without with-items")
	}
	if t.SafeRerun != nil && t.SafeRerun.Value() != false && t.Workflow != nil {
		c.report("policy-ignored", t.SafeRerun.Span, note{advice: "give it to the actions of the sub-workflow"}, "\"safe-rerun\" has no effect on a sub-workflow")
	}
}

// parameters are what a sub-workflow takes besides its input: Mistral makes
// parameters of its execution of them.
var parameters = []string{"task_name", "env", "evaluate_env", "namespace", "notify"}

// subInput warns of inputs that a sub-workflow does not know: it ignores them.
func (c *checker) subInput(t *dsl.Task, params []dsl.Param, whole *dsl.Node) {
	if t.Workflow == nil || whole != nil {
		return
	}
	sub := c.callee(c.file, t.Workflow.Name)
	if sub == nil {
		return
	}
	var known []string
	for _, p := range sub.Input {
		known = append(known, p.Name)
	}
	for _, p := range params {
		if !slices.Contains(known, p.Name) && !slices.Contains(parameters, p.Name) {
			c.report("sub-workflow-unknown-input", p.NameSpan, note{advice: c.didYouMean(p.Name, known)}, "workflow %q has no input %q and ignores it", sub.QualifiedName, p.Name)
		}
	}
}

// keysOf warns of expressions in the keys of dictionaries, which nothing evaluates.
func (l *linter) keysOf(n *dsl.Node) {
	if n == nil {
		return
	}
	for _, item := range n.Items {
		l.keysOf(item)
	}
	for _, e := range n.Entries {
		if text, ok := e.Key.Str(); ok && expr.Inspect(text).Expressions > 0 {
			l.report("expression-in-key", e.Key.Span, note{advice: "make the dictionary by an expression: <% dict(...) %>"}, "a key is taken as it is, not evaluated")
		}
		l.keysOf(e.Value)
	}
}

// defaults warns of expressions in the default values of inputs.
func (l *linter) defaults(params []dsl.InputParam) {
	for _, p := range params {
		if p.HasDefault && hasExpression(p.Default) {
			l.report("default-not-evaluated", p.Default.Span, note{advice: "compute it under \"vars\", or in the task"}, "the default of %q is taken as it is, not evaluated", p.Name)
		}
	}
}

func hasExpression(n *dsl.Node) bool {
	if text, ok := n.Str(); ok && expr.Inspect(text).Expressions > 0 {
		return true
	}
	return slices.ContainsFunc(n.Items, hasExpression) ||
		slices.ContainsFunc(n.Entries, func(e yaml.Entry) bool { return hasExpression(e.Value) })
}
