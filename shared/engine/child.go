package engine

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// child makes the execution of a sub-workflow, whose state machine the
// definition then starts under the execution's id.
func (c *call) child(ctx context.Context) (*step.Answer, error) {
	if err := c.startable(); err != nil {
		return nil, err
	}
	if err := c.checkRetry(ctx); err != nil {
		return nil, err
	}
	index, published := 0, c.in
	if c.t.Chunk != nil {
		index = c.t.Chunk.First
		row, err := c.row(ctx, index)
		if err != nil {
			return nil, err
		}
		published = c.itemContext(row)
	}
	act := &store.Action{
		ID: derivedID(c.task.ID, strconv.Itoa(c.t.Round), strconv.Itoa(index)), Execution: c.t.Execution,
		Task: c.task.ID, Index: index, Round: c.t.Round,
	}
	input, err := c.input(ctx, published)
	if err != nil {
		return nil, c.childFault(ctx, act, err)
	}
	named, err := c.childNamed(ctx)
	if err != nil {
		return nil, c.childFault(ctx, act, err)
	}
	act.Name, act.State, act.StartedAt = c.t.Sub, Running, c.e.now()
	act.Workflow = derivedID("sub", act.ID)
	if err := c.startChild(ctx, act, input); err != nil {
		return nil, err
	}
	if c.t.Chunk == nil {
		c.observe(Progress{State: Running, Item: -1})
	} else {
		c.observeItem(index, Running, "")
	}
	start, err := c.resumeChild(ctx, act.Workflow)
	if err != nil {
		return nil, err
	}
	a := c.answer(Running)
	a.Start = start
	a.From, a.Child, a.Round, a.Nth = append([]string{}, c.t.From...), act.Workflow, c.t.Round, c.t.Nth
	a.Prepared = named.answered()
	return a, nil
}

// childFault returns the fault of the workflow itself for which a sub-workflow
// can't be called. That of an item is recorded, as its task is judged by what
// its items came to.
func (c *call) childFault(ctx context.Context, act *store.Action, err error) error {
	if c.t.Chunk == nil || !isStructural(errorName(err)) {
		return err
	}
	c.itemFault(act, err)
	if saveErr := c.saveItem(ctx, act); saveErr != nil {
		return saveErr
	}
	return err
}

// startChild records the call of the sub-workflow and its execution.
func (c *call) startChild(ctx context.Context, act *store.Action, input *value.Map) error {
	root := c.head.Root
	if root == "" {
		root = c.head.ID
	}
	_, startErr := c.e.Start(ctx, StartRequest{
		ID: act.Workflow, Workflow: c.t.SubSpec, Description: "sub-workflow execution", Input: input, Env: c.env,
		Target: c.started.target, OpenStack: c.names(),
		ParentTask: c.task.ID, ParentExecution: c.t.Execution, Root: root, Index: act.Index,
	})
	if startFault(startErr) {
		startErr = SubWorkflowInput{startErr}
		if c.t.Chunk == nil {
			return startErr // there is no execution to keep
		}
		act.State, act.ErrorName, act.FinishedAt = Error, subWorkflowInputName, c.e.now()
		act.Output, act.Workflow = value.Any{V: startErr.Error()}, ""
	} else if startErr != nil {
		return startErr
	}
	records := []store.Record{act}
	if c.t.Chunk == nil {
		fresh := c.task.Version == 0
		if fresh {
			c.begin()
		}
		if fresh || c.task.Round != c.t.Round && len(c.task.Answer) == 0 {
			c.task.Round = c.t.Round
			records = append(records, c.task)
		}
	}
	if err := c.e.opts.Records.Save(c.saving(ctx), records...); err != nil && !isConflict(err) {
		return errors.Join(startErr, err)
	}
	return startErr
}

// result settles a sub-workflow task from what its execution came to.
func (c *call) result(ctx context.Context) (*step.Answer, error) {
	act := &store.Action{Execution: c.t.Execution, Task: c.task.ID, Round: c.t.Round}
	if err := c.e.opts.Records.Load(ctx, act); err != nil {
		return nil, err
	}
	if c.task.Version == 0 {
		c.begin()
	}
	if act.Version > 0 && act.Workflow != "" {
		if err := c.subOutcome(ctx, act); err != nil {
			return nil, err
		}
	}
	if act.State == Paused {
		return c.wait(ctx)
	}
	if act.State == Success {
		return c.complete(ctx, outcome{
			state: Success, result: act.Output.V, publish: c.t.Publish, global: c.t.Global, records: []store.Record{act},
		})
	}
	if c.t.Error != nil && isStructural(c.t.Error.Error) && act.Version == 0 {
		return c.endWith(ctx, c.t.Error.Error, message(c.t.Error))
	}
	if act.Version == 0 {
		return nil, SubWorkflowFailed{c.lost("the sub-workflow was not started: ")}
	}
	if err := c.e.opts.Records.Put(c.saving(ctx), act); err != nil {
		return nil, err
	}
	if act.Info == "" {
		act.Info, _ = act.Output.V.(string)
	}
	return nil, SubWorkflowFailed{act.Info}
}

// subOutcome brings a sub-workflow's outcome into the action execution that
// stands for it, finishing the sub-workflow's record if nobody has yet.
func (c *call) subOutcome(ctx context.Context, act *store.Action) error {
	head, err := c.e.Finish(ctx, act.Workflow, c.t.Error)
	if err != nil {
		return err
	}
	if head.State == Paused {
		act.State = Paused
		return nil
	}
	out := &store.Output{ID: act.Workflow}
	if err := c.e.opts.Records.Load(ctx, out); err != nil {
		return err
	}
	act.State, act.FinishedAt = head.State, c.e.now()
	if head.State == Success {
		act.Output = out.Output
		return nil
	}
	info := expr.Str(text(head.StateInfo))
	if c.t.Error != nil && c.t.Error.Error == timeoutName {
		info = c.timeoutMessage()
	}
	act.ErrorName, act.Info, act.Output = "SubWorkflowFailed", info, out.Output
	return nil
}

// names is `$.openstack` of this execution, which a sub-workflow inherits.
func (c *call) names() (t openstack.Target) {
	v, _ := c.record.Context.Get("openstack")
	if m, ok := v.(*value.Map); ok {
		_ = json.Unmarshal(value.MustEncode(m), &t) // it was made of one
	}
	return t
}
