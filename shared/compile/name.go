package compile

import (
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// dynamic is what a task may call whose name is an expression. The engine
// evaluates the name and answers the service or the workflow that it came to;
// the definition looks the function or the state machine up by that.
type dynamic struct {
	name     string // the template
	book     string
	workflow bool // the name of a workflow
	actions  map[string]step.Chain
	services []string
	subs     []*source
}

// isExpression reports whether a name is to be evaluated.
func isExpression(name string) bool {
	t, err := expr.Compile(name)
	return err != nil || t.HasExpressions()
}

// literalPrefix is the text in front of a name's first expression.
func literalPrefix(name string) string {
	end := len(name)
	for _, open := range []string{"<%", "{{", "{%"} {
		if i := strings.Index(name, open); i >= 0 {
			end = min(end, i)
		}
	}
	return name[:end]
}

// resolveDynamic finds what a task may call: what begins with the text in front
// of the name's expression.
func (c *compiler) resolveDynamic(t *task, call *dsl.Call) {
	c.checkExpressions(call.NameNode)
	d := &dynamic{name: call.Name, book: c.current.book, workflow: t.src.Workflow != nil}
	t.dynamic = d
	prefix := literalPrefix(call.Name)
	if d.workflow {
		for _, s := range c.sources {
			if c.reachable(s.book, s.wf.QualifiedName, prefix) {
				d.subs = append(d.subs, s)
			}
		}
		if len(d.subs) == 0 {
			c.errorf("unknown-workflow", call.NameNode.Span, "give the file that has it as a further argument",
				"there is no workflow whose name begins with %q", prefix)
		}
		return
	}
	c.dynamicActions(d, prefix)
	if len(d.services) == 0 {
		c.errorf("unknown-action", call.NameNode.Span, "see sirocco action list", "there is no action whose name begins with %q", prefix)
	}
}

// reachable reports whether a name with that prefix may come to a qualified
// name: as it is, or short within the same workbook.
func (c *compiler) reachable(book, name, prefix string) bool {
	short, own := strings.CutPrefix(name, book+".")
	own = own && book != "" && book == c.current.book
	return strings.HasPrefix(name, prefix) || own && strings.HasPrefix(short, prefix)
}

// dynamicActions finds the ad-hoc actions that may be meant, and the services
// of all actions.
func (c *compiler) dynamicActions(d *dynamic, prefix string) {
	may := map[string]bool{}
	d.actions = map[string]step.Chain{}
	for name, a := range c.adhoc {
		if !c.reachable(bookOf(a), name, prefix) {
			continue
		}
		if base, levels, _ := c.descend(a); base != nil {
			d.actions[name] = step.Chain{Action: base.Name, Adhoc: levels}
			may[base.Service] = true
		}
	}
	for _, name := range c.registry.Names() {
		if !strings.HasPrefix(name, prefix) {
			continue
		}
		if a, ok := c.registry.Lookup(name); ok {
			may[a.Service] = true
		}
	}
	for _, service := range c.registry.Services() {
		if may[service] {
			d.services = append(d.services, service)
		}
	}
}

// callsWorkflow reports whether the task calls a workflow.
func (t *task) callsWorkflow() bool { return t.sub != nil || t.dynamic != nil && t.dynamic.workflow }

// namesFunction reports whether the prepare state has to say which function the
// task's own state calls.
func (t *task) namesFunction() bool {
	return t.dynamic != nil && !t.dynamic.workflow && len(t.items) == 0
}

// addSub adds what the engine has to know of the workflow that a task calls. One
// whose name is an expression stands there with all that it may come to, in the
// state that evaluates it.
func addSub(m *value.Map, t *task, evaluates bool) {
	switch {
	case t.sub != nil:
		m.Set("sub", t.sub.spec.Name)
	case t.callsWorkflow():
		m.Set("sub", literal(t.dynamic.name))
	}
	if evaluates {
		addCall(m, t)
	}
}

// addCall adds what a name that is an expression may come to.
func addCall(m *value.Map, t *task) {
	d := t.dynamic
	if d == nil {
		return
	}
	spec := step.Call{Name: value.Any{V: d.name}, Book: d.book, Actions: d.actions}
	if len(d.subs) > 0 {
		spec.Workflows = map[string]*step.Workflow{}
		for _, s := range d.subs {
			spec.Workflows[s.spec.Name] = s.spec
		}
	}
	m.Set("call", literal(value.Of(spec)))
}

// keeps makes a state keep what the engine has found in the task's variable.
func (t *task) keeps(s *asl.State) {
	if t.dynamic == nil {
		return
	}
	s.Assign = value.MapOf(t.variable(), query("$states.result.Payload.prepared"))
}

// function is the function that performs the task's action.
func (t *task) function() string {
	if t.dynamic == nil {
		return functionName(t.action.Service)
	}
	if len(t.dynamic.services) == 1 {
		return functionName(t.dynamic.services[0])
	}
	var of []string
	for _, service := range t.dynamic.services {
		of = append(of, str(service)+": "+str(functionName(service)))
	}
	return query("$lookup({" + strings.Join(of, ", ") + "}, $" + t.variable() + ".service)")
}

// stateMachine is the state machine of the workflow that a task calls. A
// workflow's own is not a placeholder: a template can't name what it defines.
func (b *builder) stateMachine(t *task) string {
	const own = "$states.context.StateMachine.Id"
	if t.sub != nil {
		if t.sub == b.src {
			return query(own)
		}
		return "${" + machineName(t.sub.spec.Name) + "}"
	}
	var of []string
	for _, s := range t.dynamic.subs {
		arn := own
		if s != b.src {
			arn = str("${" + machineName(s.spec.Name) + "}")
		}
		of = append(of, str(s.spec.Name)+": "+arn)
	}
	slices.Sort(of)
	return query("$lookup({" + strings.Join(of, ", ") + "}, $" + t.variable() + ".workflow)")
}
