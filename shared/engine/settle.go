package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// settle settles a task whose function failed, after the definition's retries.
// A fault of the workflow itself ends the execution at once; any other failure
// is the task's, and on-error and on-complete are asked.
func (c *call) settle(ctx context.Context) (*step.Answer, error) {
	if c.t.Error == nil {
		return nil, fmt.Errorf("engine: nothing to settle of task %q: the event has no error", c.t.Name)
	}
	name, info := c.t.Error.Error, message(c.t.Error)
	if name == timeoutName && c.t.Timeout > 0 {
		info = c.timeoutMessage()
	}
	if isStructural(name) {
		return c.endWith(ctx, name, info)
	}
	o := outcome{state: Error, info: &info, result: info, publish: c.t.PublishOnError, global: c.t.GlobalOnError, records: c.recordFailure(name, info)}
	if act := c.act; act.Version > 0 && act.State == Error {
		o.result = act.Output.V
		if out, ok := o.result.(*value.Map); ok && act.Workflow != "" {
			if why, ok := out.Get("result"); ok && why == nil {
				o.info = nil // the sub-workflow says nothing of the reason
			}
		}
	}
	if name == timeoutName || name == subWorkflowInputName || slices.Contains(notCalled, name) {
		o.result = []any{}
	}
	switch name {
	case "FailedOn":
		return c.settleDone(ctx, outcome{info: &info, decided: true})
	case "TimedOutWaiting":
		return c.settleDone(ctx, outcome{info: &info, late: true, publish: c.t.PublishOnError, global: c.t.GlobalOnError})
	}
	if c.t.HasItems {
		r, err := c.itemsResult(ctx)
		if err != nil {
			return nil, err
		}
		o.result = r.Result.V
		if r.Version == 0 || c.t.DropResult {
			o.records = append(o.records, r)
		}
		if name == "ItemsFailed" {
			o.info = c.task.StateInfo
		}
	}
	return c.complete(ctx, o)
}

// settleDone settles a task that its own policies made fail: what it called did
// not, and that is recorded already, as is what it published.
func (c *call) settleDone(ctx context.Context, o outcome) (*step.Answer, error) {
	done := *c.task
	done.FinishedAt = c.e.now()
	result, err := c.e.opts.Records.TaskResult(ctx, &done)
	if err != nil {
		return nil, err
	}
	o.state, o.result = Error, result
	return c.complete(ctx, o)
}

// itemsResult is the result of a with-items task that failed: an empty list if
// its items never ran.
func (c *call) itemsResult(ctx context.Context) (*store.Result, error) {
	r := &store.Result{Execution: c.t.Execution, Task: c.task.ID}
	if err := c.e.opts.Records.Load(ctx, r); err != nil {
		return nil, err
	}
	if r.Version == 0 {
		r.Result.V = []any{}
	}
	c.task.WithItems = true
	return r, nil
}

// notCalled are the failures of tasks that have not called anything.
var notCalled = []string{"JoinFailed", "InvalidAction"}

// recordFailure makes the action execution say what happened, where its
// function did not come to it (it was cut off, or refused the call).
func (c *call) recordFailure(name, info string) []store.Record {
	act := c.act
	if act == nil || (act.Version > 0 && act.State == Error) || slices.Contains(notCalled, name) {
		return nil
	}
	if c.t.HasItems || c.task.Type == "WORKFLOW" || c.ev.Action == "" {
		return nil
	}
	if act.StartedAt.IsZero() {
		act.StartedAt = c.e.now()
	}
	act.Name, act.State, act.ErrorName, act.FinishedAt = c.ev.Action, Error, name, c.e.now()
	act.Output = value.Any{V: info}
	return []store.Record{act}
}

// endWith ends the execution in ERROR for a fault of the workflow itself.
func (c *call) endWith(ctx context.Context, name, info string) (*step.Answer, error) {
	if name != "ExpressionError" {
		info = taskFault(info, c.spec.Name, c.t.Name, c.t.At)
	}
	if c.task.CreatedAt.IsZero() {
		c.begin()
	}
	if c.task.Context == nil { // else what was published before the fault stays, be it nothing
		c.task.Published, c.task.Context, c.task.Versions = value.NewMap(0), c.in, c.vers
	}
	o := outcome{state: Error, info: &info}
	if c.t.HasItems {
		r, err := c.itemsResult(ctx)
		if err != nil {
			return nil, err
		}
		if r.Version == 0 {
			o.records = append(o.records, r)
		}
	}
	hits := []hit{{Route: step.Route{To: "fail", Command: true}, message: &info}}
	return c.storeSettled(ctx, o, hits)
}
