package compile

import (
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// seconds is a policy's length of time: a number, or the template of one.
type seconds struct {
	n        int64
	template any // nil = the number
}

func secondsOf(own, byDefault *dsl.Node) seconds {
	n := effective(own, byDefault)
	if n == nil {
		return seconds{}
	}
	if v, ok := n.Value().(int64); ok {
		return seconds{n: v}
	}
	return seconds{template: n.Value()}
}

// effective is the node of a policy that counts. What a task says of it counts
// only if it is not 0 or false, as in Mistral; nil if none does.
func effective(nodes ...*dsl.Node) *dsl.Node {
	for _, n := range nodes {
		if n != nil && value.Truth(n.Value()) {
			return n
		}
	}
	return nil
}

// condition is a policy that holds or does not: nil if it surely doesn't.
func condition(nodes ...*dsl.Node) any {
	if n := effective(nodes...); n != nil {
		return n.Value()
	}
	return nil
}

func (s seconds) given() bool { return s.n > 0 || s.template != nil }

// value is the number or the template; nil for none.
func (s seconds) value() any {
	switch {
	case s.template != nil:
		return s.template
	case s.n > 0:
		return s.n
	default:
		return nil
	}
}

// prepares reports whether the task has a state in front that evaluates what
// its own states need: its policies with expressions. So does a task that times
// out while it waits, and one whose items must know how long it has waited. The
// name of an action is evaluated there, too; that of a workflow or of an action
// with with-items in the task's first own state.
func (t *task) prepares() bool {
	if t.timeout.given() && t.waitBefore.given() && t.waitAfter.given() {
		return true // how much of its time is gone counts when it waits afterwards
	}
	if t.namesFunction() || t.pauseBefore != nil || t.waitBefore.template != nil || t.waitAfter.template != nil || t.timeout.template != nil {
		return true
	}
	return t.timeout.n > 0 && t.waitBefore.n > 0 && (t.waitBefore.n >= t.timeout.n || len(t.items) > 0)
}

// waitsByAnswer reports whether the engine says how long the task waits
// afterwards: that is an expression, or ends with a timeout.
func (t *task) waitsByAnswer() bool {
	return t.waitAfter.template != nil || t.waitAfter.given() && t.timeout.given()
}

// variable is what the answer of the prepare state is kept in, for all states of
// the task. Its name is the task's own, as a machine may not assign a variable
// of the one around it.
func (t *task) variable() string { return "prepared" + strconv.Itoa(t.index+1) }

// prepared is an expression for a member of that answer.
func (t *task) prepared(member string) string { return query("$" + t.variable() + "." + member) }

// timeoutValue is the timeout in an event: the number, or where it is kept.
func (t *task) timeoutValue() any {
	if t.prepares() && t.timeout.given() {
		return t.prepared("timeout")
	}
	return t.timeout.n
}

// stateTimeout is TimeoutSeconds of a task's state; nil for none. The time that
// the task waits before it counts, as in Mistral.
func (t *task) stateTimeout() any {
	switch {
	case !t.timeout.given():
		return nil
	case t.prepares():
		return t.prepared("left")
	default:
		return t.timeout.n - t.waitBefore.n
	}
}

// before writes what stands in front of a task's own states, and returns where
// the task begins.
func (b *builder) before(states *asl.States, t *task, entry, failed string) string {
	if t.waitBefore.given() {
		name := b.name(t.name, "wait-before")
		wait := &asl.State{Type: asl.TypeWait, Seconds: t.waitBefore.n, Next: entry}
		if t.prepares() {
			wait.Seconds = t.prepared("wait")
		}
		states.Add(name, wait)
		entry = name
	}
	if t.pauseBefore != nil {
		name := b.name(t.name, "pause?")
		states.Add(name, &asl.State{
			Type:    asl.TypeChoice,
			Choices: []*asl.Choice{{Condition: t.prepared("pause"), Next: b.end}},
			Default: entry,
		})
		entry = name
	}
	if t.prepares() {
		name := b.name(t.name, "prepare")
		states.Add(name, b.prepareState(t, entry, failed))
		entry = name
	}
	return entry
}

// prepareState evaluates the policies, and passes on what it was given.
func (b *builder) prepareState(t *task, next, failed string) *asl.State {
	part := b.taskPart(t, step.Prepare)
	b.addStart(part, t, step.Prepare)
	b.addJoin(part, t, step.Prepare)
	addSub(part, t, t.namesFunction())
	part.Set("policies", literal(value.Of(step.Policies{
		PauseBefore: value.Any{V: t.pauseBefore},
		WaitBefore:  value.Any{V: t.waitBefore.value()},
		WaitAfter:   value.Any{V: t.waitAfter.template},
		Timeout:     value.Any{V: t.timeout.value()},
	})))
	if t.namesFunction() {
		t.addRound(part)
	}
	s := call(engineFunction, value.MapOf("task", part))
	s.Output = query("$states.input")
	s.Assign = value.MapOf(t.variable(), query("$states.result.Payload.prepared"))
	s.Next = next
	s.Catch = b.catch(t, failed)
	none := value.Of(step.Prepared{Left: step.MaxSeconds})
	s.Catch[0].Assign = value.MapOf(t.variable(), none)
	if out := s.Catch[0].Output.(*value.Map); out.Has("timeout") {
		out.Set("timeout", int64(0)) // the variable is not there yet
	}
	return s
}
