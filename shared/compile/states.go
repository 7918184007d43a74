package compile

import (
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// goTo ends a state: it goes to another one, or the machine ends there.
func goTo(s *asl.State, next string) {
	s.Next, s.End = next, next == ""
}

// emitted are a task's states: where it begins, and the two ways out of it.
type emitted struct {
	entry           string
	success, failed *asl.State // the states whose Next is open
}

// emit writes the states of a task; the caller sets where its ways out go.
func (b *builder) emit(states *asl.States, t *task) emitted {
	var e emitted
	failedName := b.failedName(states, t)
	switch {
	case len(t.items) > 0:
		e = b.emitItems(states, t, failedName)
	case t.callsWorkflow():
		e = b.emitSub(states, t, failedName)
	default:
		e = b.emitAction(states, t, failedName)
	}
	first := e.entry
	if t.namesFunction() { // each round evaluates the name
		e.entry = b.before(states, t, e.entry, failedName)
		first = e.entry
		e.entry = b.firstRound(states, t, e.entry)
	} else {
		e.entry = b.firstRound(states, t, e.entry)
		e.entry = b.before(states, t, e.entry, failedName)
	}
	if !b.plainFailure(t) {
		e.failed = b.settleState(t)
		states.Add(failedName, e.failed)
	}
	if t.loops() {
		b.again(states, t, &e, first)
	}
	if t.waitAfter.given() {
		e.success = b.waitAfter(states, t, e.success)
		e.failed = b.waitAfter(states, t, e.failed)
	}
	b.parts = append(b.parts, part{t, states, e.entry, e.success})
	return e
}

// firstRound begins the rounds of a start task that loops: the state machine's
// own input is the user's, and no place to look for the round.
func (b *builder) firstRound(states *asl.States, t *task, next string) string {
	if !t.loops() || len(t.inbound) > 0 || b.threads {
		return next
	}
	name := b.name(t.name, "start")
	states.Add(name, &asl.State{Type: asl.TypePass, Output: value.MapOf("from", []any{}, "round", 0), Next: next})
	return name
}

// plainFailure reports whether nothing is to be done about the task's failure
// but to record it; one state does that for all such tasks of a scope.
func (b *builder) plainFailure(t *task) bool {
	return !b.threads && t.keepResult && !t.loops() && t.failOn == nil &&
		len(t.failure) == 0 && len(t.complete) == 0 && !t.publishOnError.given && !t.waitAfter.given()
}

// failedName is the state that a task's failure is caught by.
func (b *builder) failedName(states *asl.States, t *task) string {
	if !b.plainFailure(t) {
		return b.name(t.name, "failed")
	}
	if b.shared[states] == "" {
		b.shared[states] = b.name("task failed")
	}
	return b.shared[states]
}

// sharedFailure is the state that records a failure nobody handles. Catch says
// whose it is.
func (b *builder) sharedFailure() *asl.State {
	part := value.MapOf("op", string(step.Settle), "execution", b.executionID())
	for _, k := range []string{"name", "at", "from", "timeout", "error", "has-items"} {
		part.Set(k, query("$states.input.`"+k+"`"))
	}
	return call(engineFunction, value.MapOf("action", query("$states.input.action"), "task", part))
}

func (b *builder) waitAfter(states *asl.States, t *task, after *asl.State) *asl.State {
	name := b.name(t.name, "wait-after")
	goTo(after, name)
	w := &asl.State{Type: asl.TypeWait, Seconds: t.waitAfter.n}
	if t.waitsByAnswer() {
		w.Seconds = query("$exists($states.input.wait) ? $states.input.wait : 0")
	}
	states.Add(name, w)
	return w
}

// taskPart is the "task" member of a payload, with what every operation needs.
func (b *builder) taskPart(t *task, op step.Op) *value.Map {
	m := value.NewMap(0)
	if op != step.Run {
		m.Set("op", string(op))
	}
	m.Set("execution", b.executionID())
	m.Set("name", t.name)
	m.Set("at", t.at())
	if len(t.inbound) > 0 || b.threads {
		m.Set("from", query("$states.input.from"))
	}
	if b.threads {
		m.Set("nth", query("$states.input.nth"))
		m.Set("threads", true)
	}
	if t.action == nil && !t.callsWorkflow() && (op == step.Run || op == step.Item) {
		m.Set("dynamic", true)
	}
	return m
}

// addStart gives a task that may be the first what an execution's record is
// made of, in case the state machine was started directly. Where a task has a
// prepare state, that one is the first.
func (b *builder) addStart(m *value.Map, t *task, op step.Op) {
	if len(t.inbound) > 0 || b.reverse() || op != step.Prepare && t.prepares() {
		return
	}
	if b.spec == nil { // many tasks may be first ones
		b.spec = workflowValue(b.src.spec)
	}
	m.Set("workflow", b.spec)
	m.Set("start", query(b.startInput()))
}

func (b *builder) addJoin(m *value.Map, t *task, op step.Op) {
	if t.join == nil || op != step.Prepare && t.prepares() {
		return
	}
	m.Set("join", value.Of(t.join))
	if b.threads {
		m.Set("blocked", query("$exists($states.input.blocked) ? $states.input.blocked : ''"))
	}
}

// addPolicies adds what the function itself performs.
func addPolicies(m *value.Map, t *task) {
	addRetry(m, t)
	addFailOn(m, t)
	if t.timeout.given() {
		m.Set("timeout", t.timeoutValue())
	}
	if !t.keepResult {
		m.Set("drop-result", true)
	}
	if t.safeRerun {
		m.Set("safe-rerun", true)
	}
}

func addFailOn(m *value.Map, t *task) {
	if t.failOn != nil {
		m.Set("fail-on", literal(t.failOn))
	}
}

func addSuccess(m *value.Map, t *task) {
	addWaitAfter(m, t)
	addPublished(m, t.publish, "publish", "publish-global")
	addRoutes(m, "on-success", t.success)
	addRoutes(m, "on-complete", t.complete)
}

func addWaitAfter(m *value.Map, t *task) {
	if t.waitsByAnswer() {
		m.Set("wait-after", literal(t.waitAfter.value()))
	}
}

func addPublished(m *value.Map, p published, branch, global string) {
	if p.branch.Len() > 0 {
		m.Set(branch, literal(p.branch))
	}
	if p.global.Len() > 0 {
		m.Set(global, literal(p.global))
	} else if p.given && p.branch == nil {
		m.Set(global, value.NewMap(0)) // nothing for the branch, which is not the same as no publish
	}
}

func addRoutes(m *value.Map, clause string, routes []step.Route) {
	if len(routes) > 0 {
		m.Set(clause, literal(value.Of(routes)))
	}
}

// call is a Task state that invokes a function.
func call(function string, payload *value.Map) *asl.State {
	return &asl.State{
		Type: asl.TypeTask, Resource: lambdaInvoke,
		Arguments: value.MapOf("FunctionName", function, "Payload", payload),
		Output:    query("$states.result.Payload"),
		Retry:     []*asl.Retrier{platformRetrier()},
	}
}

// platformRetrier repeats calls that Lambda itself could not deliver, as AWS
// recommends for Task states that invoke functions. A call that did reach the
// function is not performed twice: see package engine.
func platformRetrier() *asl.Retrier {
	attempts := int64(3)
	return &asl.Retrier{
		ErrorEquals: []string{
			"Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException", "Lambda.TooManyRequestsException",
		},
		IntervalSeconds: 1, MaxAttempts: &attempts, BackoffRate: 2, JitterStrategy: "FULL",
	}
}

// structural are the errors that no retry policy repeats: those of the workflow
// itself.
var structural = []string{
	"ExpressionError", "ActionNotFound", "InvalidInput", "ExecutionUnknown", "JoinFailed", "OutcomeUnknown", "SubWorkflowInput",
}

// retriers are a task's retry policy. One without delay is the function's; here
// stands only what the function can't repeat, being cut off.
func retriers(t *task) []*asl.Retrier {
	if t.retry == nil || t.retry.Loop {
		return nil
	}
	count, _ := t.retry.Count.V.(int64)
	delay, _ := t.retry.Delay.V.(int64)
	if delay == 0 {
		return []*asl.Retrier{{ErrorEquals: []string{"States.Timeout"}, IntervalSeconds: 1, MaxAttempts: &count, BackoffRate: 1}}
	}
	return []*asl.Retrier{
		{ErrorEquals: structural, MaxAttempts: new(int64)},
		{ErrorEquals: []string{"States.ALL"}, IntervalSeconds: delay, MaxAttempts: &count, BackoffRate: 1},
	}
}

// caught sends every failure to the state of that name, with what it needs.
func (b *builder) catch(t *task, next string) []*asl.Catcher {
	out := value.MapOf("from", query("$states.input.from"), "error", query("$states.errorOutput"))
	if len(t.inbound) == 0 && !b.threads {
		out.Set("from", []any{})
	}
	if b.threads {
		out.Set("nth", query("$states.input.nth"))
	}
	if t.loops() {
		out.Set("round", query(roundOf))
	}
	if b.plainFailure(t) {
		action := ""
		if t.action != nil {
			action = t.action.Name
		}
		for _, kv := range [][2]any{{"name", t.name}, {"at", t.at()}, {"action", action}, {"timeout", t.timeoutValue()}, {"has-items", len(t.items) > 0}} {
			out.Set(kv[0].(string), kv[1])
		}
	}
	return []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: out, Next: next}}
}

func (b *builder) emitAction(states *asl.States, t *task, failed string) emitted {
	part := b.taskPart(t, step.Run)
	part.Set("attempt", query("$states.context.State.RetryCount"))
	t.addRound(part)
	b.addStart(part, t, step.Run)
	b.addJoin(part, t, step.Run)
	addPolicies(part, t)
	addSuccess(part, t)
	s := call(t.function(), b.payload(t, part, t.region))
	s.TimeoutSeconds = t.stateTimeout()
	s.Retry = append(s.Retry, retriers(t)...)
	s.Catch = b.catch(t, failed)
	name := stateName(t.name)
	states.Add(name, s)
	return emitted{entry: name, success: s}
}

// payload is the event that a task's function gets.
func (b *builder) payload(t *task, part *value.Map, region any) *value.Map {
	p := value.NewMap(4)
	switch {
	case t.action != nil:
		p.Set("action", t.action.Name)
	case !t.callsWorkflow():
		p.Set("action", t.prepared("action"))
		if len(t.dynamic.actions) > 0 {
			p.Set("adhoc", t.prepared("adhoc"))
		}
	}
	if region != nil {
		p.Set("region", region)
	}
	if t.input != nil {
		p.Set("input", literal(t.input))
	}
	if len(t.adhoc) > 0 {
		p.Set("adhoc", literal(value.Of(t.adhoc)))
	}
	p.Set("task", part)
	return p
}

// settleState is where a task's failure goes: it is recorded and on-error asked.
func (b *builder) settleState(t *task) *asl.State {
	part := b.taskPart(t, step.Settle)
	if t.timeout.given() {
		part.Set("timeout", t.timeoutValue())
	}
	if !t.keepResult {
		part.Set("drop-result", true)
	}
	addFailOn(part, t)
	addWaitAfter(part, t)
	addPublished(part, t.publishOnError, "publish-on-error", "publish-global-on-error")
	addRoutes(part, "on-error", t.failure)
	addRoutes(part, "on-complete", t.complete)
	if len(t.items) > 0 {
		part.Set("has-items", true)
	}
	part.Set("error", query("$states.input.error"))
	if t.loops() {
		addRetry(part, t)
		part.Set("round", query("$states.input.round"))
	}
	return call(engineFunction, actionOnly(t, part))
}

func iterators(t *task) any { return literal(value.Of(t.items)) }

// round counts the runs of a task that its retry policy runs again as a whole.
func (t *task) addRound(m *value.Map) {
	if t.loops() {
		m.Set("round", query(roundOf))
	}
}

const roundOf = "$exists($states.input.round) ? $states.input.round : 0"

func addRetry(m *value.Map, t *task) {
	if t.retry != nil {
		m.Set("retry", literal(value.Of(t.retry)))
	}
}

// again leads back to the task's beginning while its retry policy wants so: the
// engine's answer says, for a failed task and where it may be for one that did
// not fail.
func (b *builder) again(states *asl.States, t *task, e *emitted, first string) {
	back := first
	wait := &asl.State{Type: asl.TypeWait, Seconds: query("$exists($states.input.delay) ? $states.input.delay : 0"), Next: first}
	if delay, ok := t.retry.Delay.V.(int64); ok {
		wait.Seconds = delay
	}
	if wait.Seconds != int64(0) {
		back = b.name(t.name, "retry delay")
		states.Add(back, wait)
	}
	e.failed = b.unlessAgain(states, t, e.failed, back, "failed")
	if t.repeatsSuccess() {
		e.success = b.unlessAgain(states, t, e.success, back, "done")
	}
}

func (b *builder) unlessAgain(states *asl.States, t *task, after *asl.State, back, outcome string) *asl.State {
	name, over := b.name(t.name, outcome, "again?"), b.name(t.name, outcome, "for good")
	goTo(after, name)
	states.Add(name, &asl.State{
		Type:    asl.TypeChoice,
		Choices: []*asl.Choice{{Condition: query("$exists($states.input.again) and $states.input.again"), Next: back}},
		Default: over,
	})
	s := &asl.State{Type: asl.TypePass}
	states.Add(over, s)
	return s
}
