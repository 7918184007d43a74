package compile

import (
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// addSubSpec adds what a sub-workflow's execution is made of.
func addSubSpec(m *value.Map, t *task) {
	if t.sub != nil {
		m.Set("sub-spec", workflowValue(t.sub.spec))
	}
}

func (b *builder) startSub(t *task) *asl.State {
	name, input := query("$states.input.child"), any(value.NewMap(0))
	if b.src.pauses {
		const resumed = "$exists($states.input.start) ? $states.input.start."
		name, input = query(resumed+"name : $states.input.child"), query(resumed+"input : {}")
	}
	s := &asl.State{
		Type: asl.TypeTask, Resource: startExecution,
		Arguments: value.MapOf(
			"StateMachineArn", b.stateMachine(t),
			"Name", name,
			"Input", input),
	}
	s.TimeoutSeconds = t.stateTimeout()
	return s
}

// emitSub writes a sub-workflow task: its execution is created, its state
// machine runs under that name, and the outcome is taken from its record.
func (b *builder) emitSub(states *asl.States, t *task, failed string) emitted {
	inputName, resultName, name := b.name(t.name, "input"), b.name(t.name, "result"), stateName(t.name)
	part := b.taskPart(t, step.Child)
	b.addStart(part, t, step.Child)
	b.addJoin(part, t, step.Child)
	addSub(part, t, true)
	addSubSpec(part, t)
	t.addRound(part)
	addRetry(part, t)
	create := call(engineFunction, b.payload(t, part, nil))
	t.keeps(create)
	create.Catch, create.Next = b.catch(t, failed), name
	states.Add(inputName, create)

	run := b.startSub(t)
	carry := value.MapOf("from", query("$states.input.from"), "id", query("$states.input.id"), "error", nil)
	if b.threads {
		carry.Set("nth", query("$states.input.nth"))
	}
	if t.loops() {
		carry.Set("round", query("$states.input.round"))
	}
	run.Output, run.Next = carry, resultName
	lost := value.Clone(carry).(*value.Map)
	lost.Set("error", query("$states.errorOutput"))
	run.Catch = []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: lost, Next: resultName}}
	states.Add(name, run)

	result := b.taskPart(t, step.Result)
	result.Set("id", query("$states.input.id"))
	addSub(result, t, false)
	result.Set("error", query("$states.input.error"))
	addPolicies(result, t)
	t.addRound(result)
	addSuccess(result, t)
	r := call(engineFunction, value.MapOf("task", result))
	r.Catch = b.catch(t, failed)
	states.Add(resultName, r)
	return emitted{entry: inputName, success: r}
}
