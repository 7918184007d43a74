package compile

import (
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// threadsForm builds the general form. "next" looks at the tasks that the
// engine says are ready: none ends the thread, one is run, and for several a
// Map starts this state machine again once for each, and waits for them all. So
// a task costs its own state and that one choice.
func (b *builder) threadsForm() *asl.Machine {
	b.threads = true
	start, nextName, fork, lost := b.name("start"), b.name("next"), b.name("fork"), b.name("lost")
	states := &asl.States{}
	if b.reverse() {
		b.plan(states, start, nextName)
	} else {
		states.Add(start, &asl.State{Type: asl.TypePass, Output: b.firstArrivals(), Next: nextName})
	}
	next := &asl.State{Type: asl.TypeChoice, Default: lost, Choices: []*asl.Choice{
		{Condition: query("$not($exists($states.input.next)) or $count($states.input.next) = 0"), Next: b.end},
		{Condition: query("$count($states.input.next) > 1"), Next: fork},
	}}
	states.Add(nextName, next)
	for _, t := range b.tasks {
		e := b.emit(states, t)
		goTo(e.success, nextName)
		goTo(e.failed, nextName)
		next.Choices = append(next.Choices, &asl.Choice{
			Condition: query("$states.input.next[0].task = " + str(t.name)), Next: e.entry,
			Output: value.MapOf(
				"from", query("$states.input.next[0].from"),
				"nth", query("$exists($states.input.next[0].nth) ? $states.input.next[0].nth : 0"),
				"blocked", query("$exists($states.input.next[0].blocked) ? $states.input.next[0].blocked : ''"),
			),
		})
	}
	states.Add(fork, b.forkThreads())
	states.Add(b.end, &asl.State{Type: asl.TypeChoice, Default: b.done, Choices: []*asl.Choice{{
		Condition: query("$not($exists($states.context.Execution.Input.sirocco)) and $exists($states.input.failed) and $states.input.failed"),
		Next:      b.failed,
	}}})
	states.Add(lost, &asl.State{Type: asl.TypeFail, Error: "UnknownTask", Cause: "the engine named a task that this definition does not have"})
	states.Add(b.failed, &asl.State{
		Type: asl.TypeFail, Error: "WorkflowFailed", Cause: query("$exists($states.input.info) and $states.input.info != '' ? $states.input.info : 'a task failed; the execution record says which and why'"),
	})
	states.Add(b.done, &asl.State{Type: asl.TypeSucceed,
		Output: query("{'failed': $exists($states.input.failed) and $states.input.failed}")})
	return b.machine(start, states)
}

// firstArrivals are the tasks that nothing leads to, or what a further thread
// was started with.
func (b *builder) firstArrivals() any {
	first := ""
	for i, t := range b.start {
		if i > 0 {
			first += ", "
		}
		first += "{'task': " + str(t.name) + ", 'from': []}"
	}
	return value.MapOf("next", query("$exists($states.context.Execution.Input.sirocco) ? $states.context.Execution.Input.sirocco.next : ["+first+"]"))
}

// forkThreads starts a thread for each task that is ready. The names of their
// executions follow from the tasks, so a repeated start is the same start.
func (b *builder) forkThreads() *asl.State {
	states := &asl.States{}
	thread, lost := b.name("thread"), b.name("thread lost")
	start := &asl.State{
		Type: asl.TypeTask, Resource: startExecution,
		Arguments: value.MapOf(
			"StateMachineArn", query("$states.context.StateMachine.Id"),
			"Name", query("$hash($string([$states.context.Execution.Name, $states.input.next]), 'SHA-1')"),
			"Input", value.MapOf("sirocco", query("$states.input")),
		),
		Output: query("{'failed': $states.result.Output.failed}"),
		Catch:  []*asl.Catcher{{ErrorEquals: []string{"States.ALL"}, Output: query("{'failed': true, 'error': $states.errorOutput}"), Next: lost}},
		End:    true,
	}
	states.Add(thread, start)
	states.Add(lost, &asl.State{Type: asl.TypePass, End: true})
	return &asl.State{
		Type: asl.TypeMap, Items: query("$states.input.next"),
		ItemSelector: value.MapOf(
			"execution", b.executionID(),
			"input", query(b.startInput()),
			"next", query("[$states.context.Map.Item.Value]"),
		),
		ItemProcessor: &asl.Machine{ProcessorConfig: &asl.ProcessorConfig{Mode: "INLINE"}, StartAt: thread, States: states},
		Output: value.MapOf(
			"next", []any{},
			"failed", query("true in $states.result.failed"),
			"info", query("$count($states.result.error) > 0 ? ($states.result.error.Cause)[0] : ''"),
		),
		Next: b.end,
	}
}
