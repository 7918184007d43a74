package compile

import (
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// emitItems writes a with-items task: the lists are evaluated, a Map runs the
// items, all of them, and the task is judged.
func (b *builder) emitItems(states *asl.States, t *task, failed string) emitted {
	itemsName, resultName := b.name(t.name, "items"), b.name(t.name, "result")
	part := b.taskPart(t, step.Items)
	b.addStart(part, t, step.Items)
	b.addJoin(part, t, step.Items)
	part.Set("with-items", iterators(t))
	if len(t.show) > 0 {
		part.Set("show", value.Of(t.show))
	}
	addSub(part, t, true)
	if t.concurrency != nil {
		part.Set("concurrency", literal(t.concurrency))
	}
	t.addRound(part)
	addRetry(part, t)
	plan := call(engineFunction, value.MapOf("task", part))
	t.keeps(plan)
	plan.Catch, plan.Next = b.catch(t, failed), stateName(t.name)
	states.Add(itemsName, plan)

	states.Add(stateName(t.name), b.mapState(t, resultName))

	judge := b.taskPart(t, step.Judge)
	judge.Set("id", query("$states.input.id"))
	judge.Set("with-items", iterators(t))
	addPolicies(judge, t)
	t.addRound(judge)
	addSuccess(judge, t)
	j := call(engineFunction, actionOnly(t, judge))
	j.Catch = b.catch(t, failed)
	states.Add(resultName, j)
	return emitted{entry: itemsName, success: j}
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

// mapState runs the items, all of them: an item that fails answers so, and one
// that can't answer is caught.
func (b *builder) mapState(t *task, next string) *asl.State {
	carry := value.MapOf("from", query("$states.input.from"), "id", query("$states.input.id"))
	selector := value.MapOf("chunk", query("$states.context.Map.Item.Value"), "id", query("$states.input.id"), "from", query("$states.input.from"))
	for _, m := range []*value.Map{carry, selector} {
		if b.threads {
			m.Set("nth", query("$states.input.nth"))
		}
		if t.loops() {
			m.Set("round", query("$states.input.round"))
		}
	}
	s := &asl.State{
		Type: asl.TypeMap, Items: query("$states.input.items"), ItemSelector: selector,
		ItemProcessor: b.itemProcessor(t), Output: carry, Next: next,
	}
	if t.concurrency != nil {
		selector.Set("concurrency", query("$states.input.concurrency"))
		s.MaxConcurrency = query("$states.input.concurrency")
	}
	return s
}

func (b *builder) itemProcessor(t *task) *asl.Machine {
	states := &asl.States{}
	over := b.name(t.name, "item over")
	part := b.taskPart(t, step.Item)
	if t.callsWorkflow() {
		part.Set("op", string(step.Child))
	}
	part.Set("id", query("$states.input.id"))
	part.Set("with-items", iterators(t))
	part.Set("chunk", value.MapOf("first", query("$states.input.chunk.first"), "count", query("$states.input.chunk.count")))
	if t.loops() {
		part.Set("round", query("$states.input.round"))
	}
	if t.concurrency != nil {
		part.Set("concurrency", query("$states.input.concurrency"))
	}
	if t.timeout.given() {
		part.Set("timeout", t.timeoutValue())
	}
	if t.safeRerun {
		part.Set("safe-rerun", true)
	}
	itemName := b.name(t.name, "item")
	if t.callsWorkflow() {
		b.subItem(states, t, part, itemName, over)
	} else {
		region := t.region
		if len(t.show) > 0 {
			region = query("$exists($states.input.chunk.show_" + t.show[0] + ") ? $states.input.chunk.show_" + t.show[0] + " : ''")
		}
		s := call(t.function(), b.payload(t, part, region))
		s.Output = query("{'region': $states.result.Payload.region, 'error': $states.result.Payload.error}")
		s.Catch = itemCatch(over)
		s.End = true
		s.TimeoutSeconds = t.stateTimeout()
		states.Add(itemName, s)
	}
	states.Add(over, &asl.State{Type: asl.TypePass, Comment: "the item's state failed; the task is judged when all have run", End: true})
	return &asl.Machine{ProcessorConfig: &asl.ProcessorConfig{Mode: "INLINE"}, StartAt: itemName, States: states}
}

// itemCatch sends an item whose state fails to where it ends: the task is judged
// by its records. The function answers the failure of an action, so that costs no
// further state; a sub-workflow's is the failure of its state.
func itemCatch(over string) []*asl.Catcher {
	return []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: query("{'error': $states.errorOutput.Error}"), Next: over}}
}

// subItem runs a sub-workflow for one item.
func (b *builder) subItem(states *asl.States, t *task, part *value.Map, itemName, over string) {
	addSub(part, t, false)
	addSubSpec(part, t)
	create := call(engineFunction, b.payload(t, part, nil))
	run := b.name(t.name, "item run")
	create.Next = run
	create.Catch = itemCatch(over)
	states.Add(itemName, create)
	s := b.startSub(t)
	s.Output = query("{'execution': $states.input.child}")
	s.Catch = itemCatch(over)
	s.End = true
	states.Add(run, s)
}
