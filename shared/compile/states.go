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
	case t.sub != nil:
		e = b.emitSub(states, t, failedName)
	default:
		e = b.emitAction(states, t, failedName)
	}
	if t.retry != nil && (len(t.items) > 0 || t.sub != nil) && len(t.inbound) == 0 && !b.threads {
		// The state machine's own input is the user's: it is no place to look
		// for the round.
		name := b.name(t.name, "start")
		states.Add(name, &asl.State{Type: asl.TypePass, Output: value.MapOf("from", []any{}, "round", 0), Next: e.entry})
		e.entry = name
	}
	if t.waitBefore > 0 {
		name := b.name(t.name, "wait-before")
		states.Add(name, &asl.State{Type: asl.TypeWait, Seconds: t.waitBefore, Next: e.entry})
		e.entry = name
	}
	if !b.plainFailure(t) {
		e.failed = b.settleState(t)
		states.Add(failedName, e.failed)
	}
	if t.waitAfter > 0 {
		e.success = b.waitAfter(states, t, e.success)
		e.failed = b.waitAfter(states, t, e.failed)
	}
	return e
}

// plainFailure reports whether nothing is to be done about the task's failure
// but to record it; one state does that for all such tasks of a scope.
func (b *builder) plainFailure(t *task) bool {
	return !b.threads && len(t.failure) == 0 && len(t.complete) == 0 && t.publishOnError.Len() == 0 && t.waitAfter == 0
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
	w := &asl.State{Type: asl.TypeWait, Seconds: t.waitAfter}
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
	return m
}

// addStart gives a task that may be the first what an execution's record is
// made of, in case the state machine was started directly.
func (b *builder) addStart(m *value.Map, t *task) {
	if len(t.inbound) > 0 {
		return
	}
	m.Set("workflow", workflowValue(b.src.spec))
	m.Set("start", query(b.startInput()))
}

func (b *builder) addJoin(m *value.Map, t *task) {
	if t.join == nil {
		return
	}
	m.Set("join", value.Of(t.join))
	if b.threads {
		m.Set("blocked", query("$states.input.blocked"))
	}
}

// addPolicies adds what the function itself performs.
func addPolicies(m *value.Map, t *task) {
	if t.retry != nil {
		m.Set("retry", value.Of(t.retry))
	}
	if t.timeout > 0 {
		m.Set("timeout", t.timeout)
	}
	if !t.keepResult {
		m.Set("drop-result", true)
	}
	if t.safeRerun {
		m.Set("safe-rerun", true)
	}
}

func addSuccess(m *value.Map, t *task) {
	if t.publish.Len() > 0 {
		m.Set("publish", literal(t.publish))
	}
	addRoutes(m, "on-success", t.success)
	addRoutes(m, "on-complete", t.complete)
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
	if t.retry == nil {
		return nil
	}
	never, count := int64(0), t.retry.Count
	if t.retry.Delay == 0 {
		return []*asl.Retrier{{ErrorEquals: []string{"States.Timeout"}, IntervalSeconds: 1, MaxAttempts: &count, BackoffRate: 1}}
	}
	return []*asl.Retrier{
		{ErrorEquals: structural, MaxAttempts: &never},
		{ErrorEquals: []string{"States.ALL"}, IntervalSeconds: t.retry.Delay, MaxAttempts: &count, BackoffRate: 1},
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
	if b.plainFailure(t) {
		action := ""
		if t.action != nil {
			action = t.action.Name
		}
		for _, kv := range [][2]any{{"name", t.name}, {"at", t.at()}, {"action", action}, {"timeout", t.timeout}, {"has-items", len(t.items) > 0}} {
			out.Set(kv[0].(string), kv[1])
		}
	}
	return []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: out, Next: next}}
}

func (b *builder) emitAction(states *asl.States, t *task, failed string) emitted {
	part := b.taskPart(t, step.Run)
	part.Set("attempt", query("$states.context.State.RetryCount"))
	b.addStart(part, t)
	b.addJoin(part, t)
	addPolicies(part, t)
	addSuccess(part, t)
	s := call(functionName(t.action.Service), b.payload(t, part, t.region))
	if t.timeout > 0 {
		s.TimeoutSeconds = t.timeout
	}
	s.Retry = append(s.Retry, retriers(t)...)
	s.Catch = b.catch(t, failed)
	name := stateName(t.name)
	states.Add(name, s)
	return emitted{entry: name, success: s}
}

// payload is the event that a task's function gets.
func (b *builder) payload(t *task, part *value.Map, region any) *value.Map {
	p := value.NewMap(4)
	if t.action != nil {
		p.Set("action", t.action.Name)
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
	if t.timeout > 0 {
		part.Set("timeout", t.timeout)
	}
	if t.publishOnError.Len() > 0 {
		part.Set("publish-on-error", literal(t.publishOnError))
	}
	addRoutes(part, "on-error", t.failure)
	addRoutes(part, "on-complete", t.complete)
	if len(t.items) > 0 {
		part.Set("has-items", true)
	}
	part.Set("error", query("$states.input.error"))
	p := value.NewMap(2)
	if t.action != nil {
		p.Set("action", t.action.Name)
	}
	p.Set("task", part)
	return call(engineFunction, p)
}

func iterators(t *task) any { return literal(value.Of(t.items)) }

// round counts the runs of a task that its retry policy runs again as a whole.
func (t *task) addRound(m *value.Map) {
	if t.retry != nil {
		m.Set("round", query("$exists($states.input.round) ? $states.input.round : 0"))
	}
}

// emitItems writes a with-items task: the lists are evaluated, a Map runs the
// items, all of them, and the task is judged.
func (b *builder) emitItems(states *asl.States, t *task, failed string) emitted {
	itemsName, resultName := b.name(t.name, "items"), b.name(t.name, "result")
	part := b.taskPart(t, step.Items)
	b.addStart(part, t)
	b.addJoin(part, t)
	part.Set("with-items", iterators(t))
	if len(t.show) > 0 {
		part.Set("show", value.Of(t.show))
	}
	if t.sub != nil {
		part.Set("sub", t.sub.spec.Name)
	}
	if t.concurrency != nil {
		part.Set("concurrency", literal(t.concurrency))
	}
	t.addRound(part)
	plan := call(engineFunction, value.MapOf("task", part))
	plan.Catch, plan.Next = b.catch(t, failed), stateName(t.name)
	states.Add(itemsName, plan)

	states.Add(stateName(t.name), b.mapState(t, resultName))

	judge := b.taskPart(t, step.Judge)
	judge.Set("id", query("$states.input.id"))
	judge.Set("with-items", iterators(t))
	addPolicies(judge, t)
	t.addRound(judge)
	addSuccess(judge, t)
	j := call(engineFunction, b.payload(t, judge, nil))
	j.Arguments.(*value.Map).Set("Payload", actionOnly(t, judge))
	j.Catch = b.catch(t, failed)
	states.Add(resultName, j)
	return emitted{entry: itemsName, success: b.again(states, t, j, itemsName)}
}

// actionOnly is a payload without the input's templates.
func actionOnly(t *task, part *value.Map) *value.Map {
	p := value.NewMap(2)
	if t.action != nil {
		p.Set("action", t.action.Name)
	}
	p.Set("task", part)
	return p
}

// again leads back to the task's beginning while its retry policy wants so.
func (b *builder) again(states *asl.States, t *task, after *asl.State, entry string) *asl.State {
	if t.retry == nil {
		return after
	}
	name, on := b.name(t.name, "again?"), b.name(t.name, "over")
	goTo(after, name)
	back := entry
	if t.retry.Delay > 0 {
		back = b.name(t.name, "retry delay")
		states.Add(back, &asl.State{Type: asl.TypeWait, Seconds: t.retry.Delay, Next: entry})
	}
	states.Add(name, &asl.State{
		Type:    asl.TypeChoice,
		Choices: []*asl.Choice{{Condition: query("$exists($states.input.again) and $states.input.again"), Next: back}},
		Default: on,
	})
	s := &asl.State{Type: asl.TypePass}
	states.Add(on, s)
	return s
}

// mapState runs the items; each one's failure is caught, so that all run.
func (b *builder) mapState(t *task, next string) *asl.State {
	carry := value.MapOf("from", query("$states.input.from"), "id", query("$states.input.id"))
	select_ := value.MapOf("chunk", query("$states.context.Map.Item.Value"), "id", query("$states.input.id"), "from", query("$states.input.from"))
	for _, m := range []*value.Map{carry, select_} {
		if b.threads {
			m.Set("nth", query("$states.input.nth"))
		}
		if t.retry != nil {
			m.Set("round", query("$states.input.round"))
		}
	}
	s := &asl.State{
		Type: asl.TypeMap, Items: query("$states.input.items"), ItemSelector: select_,
		ItemProcessor: b.itemProcessor(t), Output: carry, Next: next,
	}
	if t.concurrency != nil {
		select_.Set("concurrency", query("$states.input.concurrency"))
		s.MaxConcurrency = query("$states.input.concurrency")
	}
	return s
}

func (b *builder) itemProcessor(t *task) *asl.Machine {
	states := &asl.States{}
	over := b.name(t.name, "item over")
	part := b.taskPart(t, step.Item)
	if t.sub != nil {
		part.Set("op", string(step.Child))
	}
	part.Set("id", query("$states.input.id"))
	part.Set("with-items", iterators(t))
	part.Set("chunk", value.MapOf("first", query("$states.input.chunk.first"), "count", query("$states.input.chunk.count")))
	if t.retry != nil {
		part.Set("round", query("$states.input.round"))
	}
	if t.concurrency != nil {
		part.Set("concurrency", query("$states.input.concurrency"))
	}
	if t.timeout > 0 {
		part.Set("timeout", t.timeout)
	}
	if t.safeRerun {
		part.Set("safe-rerun", true)
	}
	itemName := b.name(t.name, "item")
	if t.sub != nil {
		b.subItem(states, t, part, itemName, over)
	} else {
		region := t.region
		if len(t.show) > 0 {
			region = query("$exists($states.input.chunk.show_" + t.show[0] + ") ? $states.input.chunk.show_" + t.show[0] + " : ''")
		}
		s := call(functionName(t.action.Service), b.payload(t, part, region))
		s.Output = query("{'region': $states.result.Payload.region}")
		s.Catch = []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: query("{'error': $states.errorOutput.Error}"), Next: over}}
		s.End = true
		if t.timeout > 0 {
			s.TimeoutSeconds = t.timeout
		}
		states.Add(itemName, s)
	}
	states.Add(over, &asl.State{Type: asl.TypePass, Comment: "the item failed; the task is judged when all have run", End: true})
	return &asl.Machine{ProcessorConfig: &asl.ProcessorConfig{Mode: "INLINE"}, StartAt: itemName, States: states}
}

// subItem runs a sub-workflow for one item.
func (b *builder) subItem(states *asl.States, t *task, part *value.Map, itemName, over string) {
	part.Set("sub", t.sub.spec.Name)
	part.Set("sub-spec", subSpec(t))
	create := call(engineFunction, b.payload(t, part, nil))
	run := b.name(t.name, "item run")
	create.Next = run
	create.Catch = []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: query("{'error': $states.errorOutput.Error}"), Next: over}}
	states.Add(itemName, create)
	s := startSub(t)
	s.Output = query("{'execution': $states.input.child}")
	s.Catch = []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: query("{'error': $states.errorOutput.Error}"), Next: over}}
	s.End = true
	states.Add(run, s)
}

// subSpec is what a sub-workflow's execution is made of.
func subSpec(t *task) any { return workflowValue(t.sub.spec) }

func startSub(t *task) *asl.State {
	s := &asl.State{
		Type: asl.TypeTask, Resource: startExecution,
		Arguments: value.MapOf(
			"StateMachineArn", "${"+machineName(t.sub.spec.Name)+"}",
			"Name", query("$states.input.child"),
			"Input", value.NewMap(0)),
	}
	if t.timeout > 0 {
		s.TimeoutSeconds = t.timeout
	}
	return s
}

// emitSub writes a sub-workflow task: its execution is created, its state
// machine runs under that name, and the outcome is taken from its record.
func (b *builder) emitSub(states *asl.States, t *task, failed string) emitted {
	inputName, resultName, name := b.name(t.name, "input"), b.name(t.name, "result"), stateName(t.name)
	part := b.taskPart(t, step.Child)
	b.addStart(part, t)
	b.addJoin(part, t)
	part.Set("sub", t.sub.spec.Name)
	part.Set("sub-spec", subSpec(t))
	t.addRound(part)
	create := call(engineFunction, b.payload(t, part, nil))
	create.Catch, create.Next = b.catch(t, failed), name
	states.Add(inputName, create)

	run := startSub(t)
	carry := value.MapOf("from", query("$states.input.from"), "id", query("$states.input.id"), "error", nil)
	if b.threads {
		carry.Set("nth", query("$states.input.nth"))
	}
	if t.retry != nil {
		carry.Set("round", query("$states.input.round"))
	}
	run.Output, run.Next = carry, resultName
	lost := value.Clone(carry).(*value.Map)
	lost.Set("error", query("$states.errorOutput"))
	run.Catch = []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: lost, Next: resultName}}
	states.Add(name, run)

	result := b.taskPart(t, step.Result)
	result.Set("id", query("$states.input.id"))
	result.Set("sub", t.sub.spec.Name)
	result.Set("error", query("$states.input.error"))
	addPolicies(result, t)
	t.addRound(result)
	addSuccess(result, t)
	r := call(engineFunction, value.MapOf("task", result))
	r.Catch = b.catch(t, failed)
	states.Add(resultName, r)
	return emitted{entry: inputName, success: b.again(states, t, r, inputName)}
}
