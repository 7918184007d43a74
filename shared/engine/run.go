package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// run performs a task's one action and settles the task.
func (c *call) run(ctx context.Context) (*step.Answer, error) {
	if err := c.startable(); err != nil {
		return nil, err
	}
	if err := c.checkRetry(ctx); err != nil {
		return nil, err
	}
	action, input, err := c.actionInput(ctx, c.in)
	if err != nil {
		return nil, err
	}
	if err := c.perform(ctx, c.act, action, input); err != nil {
		return nil, err
	}
	return c.complete(ctx, outcome{
		state: Success, result: c.act.Output.V, publish: c.t.Publish, global: c.t.Global,
		records: []store.Record{c.act},
	})
}

// joinable says whether a join may run: all that it waits for must have arrived.
// (In the threads form the graph has decided, and only a blocked join comes
// with a reason.)
func (c *call) joinable() error {
	if c.t.Blocked != "" {
		return JoinFailed{Message: c.t.Blocked}
	}
	if c.t.Join == nil || c.t.Threads {
		return nil
	}
	var missing []string
	for _, name := range c.t.Join.Inbound {
		if !slices.ContainsFunc(c.from, func(t *store.Task) bool { return t.Name == name }) {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return JoinFailed{Message: joinMessage(missing)}
	}
	return nil
}

// actionInput finds the action and evaluates its input against the context with
// the given published part.
func (c *call) actionInput(ctx context.Context, published *value.Map) (*actions.Action, *value.Map, error) {
	action, ok := c.e.opts.Registry.Lookup(c.ev.Action)
	if !ok {
		return nil, nil, actions.ActionNotFound{Name: c.ev.Action, Suggestions: c.e.opts.Registry.Suggest(c.ev.Action)}
	}
	if action.Async { // by a name that is an expression; else the compiler has refused it
		return nil, nil, actions.InvalidInput{Action: action.Name, Message: action.Name + " is completed from outside, and tasks can't wait for that yet"}
	}
	input, err := c.input(ctx, published)
	if err != nil {
		return nil, nil, err
	}
	c.actionDefaults(input)
	if input, err = c.baseInput(ctx, input, published); err != nil {
		return nil, nil, err
	}
	err = action.CheckInput(input.Keys())
	if err != nil && len(c.ev.Adhoc) > 0 {
		err = InvalidAction{c.ev.Adhoc[0].Name, err}
	}
	if err != nil {
		return nil, nil, err
	}
	return action, input, nil
}

func (c *call) input(ctx context.Context, published *value.Map) (*value.Map, error) {
	if c.ev.Input.V == nil {
		return value.NewMap(0), nil
	}
	v, err := c.eval(ctx, c.ev.Input.V, "input", c.data(published), c.host(nil))
	if err != nil {
		return nil, err
	}
	m, ok := v.(*value.Map)
	if !ok {
		return nil, c.exprError("input", c.t.At, fmt.Errorf("the input must be a dictionary, not %s", value.Kind(v)))
	}
	return overlay(m), nil // actionDefaults may add to it
}

// actionDefaults adds what the execution's own environment gives an action by default:
// {"__actions": {name: {parameter: value}}}.
func (c *call) actionDefaults(input *value.Map) {
	if c.t.Dynamic {
		return // Mistral looks for the expression, not for what it comes to
	}
	name := c.ev.Action
	if len(c.ev.Adhoc) > 0 {
		// Its base gets none.
		name = cmp.Or(c.ev.Adhoc[0].As, c.ev.Adhoc[0].Name)
	}
	for k, v := range c.own.Map("__actions").Map(name).All() {
		if !input.Has(k) {
			input.Set(k, v)
		}
	}
}

// perform calls the action unless its outcome is recorded already, and leaves
// the outcome in act. A success is not stored yet: that is one write with the
// task. A failure is stored and returned.
func (c *call) perform(ctx context.Context, act *store.Action, action *actions.Action, input *value.Map) error {
	done, err := c.earlier(act, action)
	if done {
		return err
	}
	if act.StartedAt.IsZero() {
		act.StartedAt = c.e.now()
	}
	act.Name, act.State, act.Attempt = c.ev.Action, Running, c.t.Attempt
	c.nextAttempt(act)
	act.Input = value.Any{V: action.Redact(input)}
	if !action.ReadOnly {
		c.lasting = true
		if err := c.saveStarted(ctx, act); isConflict(err) {
			return c.overtaken(ctx, act, action)
		} else if err != nil {
			return err
		}
	}
	out, err := c.attempts(ctx, act, input)
	act.FinishedAt = c.e.now()
	act.Region, act.AuthURL = out.Target.Region, out.Target.AuthURL
	c.region = out.Target.Region
	if err == nil {
		act.State, act.Output = Success, value.Any{V: out.Result}
		return c.adhocOutput(ctx, act)
	}
	if ctx.Err() != nil {
		return ctx.Err() // stopped, not failed: nothing is known of the outcome
	}
	err = runError(c.named(err))
	act.State, act.ErrorName, act.Output = Error, errorName(err), value.Any{V: failureResult(err)}
	if saveErr := c.e.opts.Records.Save(c.saving(ctx), act); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	return err
}

// overtaken looks at what another call of the same step has made of the action
// between our reading of its record and our own start.
func (c *call) overtaken(ctx context.Context, act *store.Action, action *actions.Action) error {
	now := store.Action{ID: act.ID, Execution: act.Execution, Task: act.Task, Index: act.Index, Round: act.Round}
	if err := c.e.opts.Records.Load(ctx, &now); err != nil {
		return err
	}
	*act = now
	if done, err := c.earlier(act, action); done {
		return err
	}
	return OutcomeUnknown{Action: c.ev.Action, Task: c.t.Name} // the other one is at it
}

// nextAttempt keeps what a failed try came to, so that none is lost.
func (c *call) nextAttempt(act *store.Action) {
	if act.ErrorName != "" {
		act.Earlier = append(act.Earlier, store.Attempt{ID: act.ID, Output: act.Output})
		act.ID = derivedID(act.ID)
	}
	act.Output, act.ErrorName = value.Any{}, ""
}

// failureResult is a failed action's result: its text, or the data that it
// failed with.
func failureResult(err error) any {
	var failed actions.ActionFailed
	if errors.As(err, &failed) && failed.Data != nil {
		return failed.Data
	}
	return err.Error()
}

// attempts calls the action, and again at once as often as a retry policy
// without delay says. What is slower is the definition's Retry.
func (c *call) attempts(ctx context.Context, act *store.Action, input *value.Map) (actions.Outcome, error) {
	retries := int64(0)
	if r := c.t.Retry; r != nil && !r.Loop && r.Delay.V == int64(0) {
		retries, _ = r.Count.V.(int64)
	}
	for n := int64(0); ; n++ {
		out, err := c.once(ctx, act, input)
		if err == nil || n >= retries || ctx.Err() != nil || isStructural(errorName(err)) {
			return out, err
		}
		act.ErrorName, act.Output = errorName(err), value.Any{V: failureResult(err)}
		c.nextAttempt(act)
	}
}

func (c *call) once(ctx context.Context, act *store.Action, input *value.Map) (actions.Outcome, error) {
	inner, cancel := ctx, context.CancelFunc(func() {})
	if c.t.Timeout > 0 {
		inner, cancel = context.WithTimeout(ctx, time.Duration(c.t.Timeout)*time.Second)
	}
	defer cancel()
	out, err := c.e.opts.Actions.Run(inner, actions.Call{
		Action: c.ev.Action, Input: input, Target: c.target(), Microversion: c.ev.Microversion,
		Context: actions.ExecContext{WorkflowName: c.spec.Name, ExecutionID: c.t.Execution, TaskID: c.task.ID, ActionID: act.ID},
	})
	if err != nil && ctx.Err() == nil && inner.Err() != nil {
		err = &TaskError{Name: timeoutName, Message: c.timeoutMessage(), Err: err}
	}
	return out, err
}

// runError renames what an action says of its arguments once it runs: their
// values, other than their names, are data, and on-error is asked about those.
func runError(err *TaskError) *TaskError {
	if err.Name == "InvalidInput" {
		return &TaskError{Name: "InvalidArguments", Message: err.Message, Err: err.Err}
	}
	return err
}

// timeoutName is the name that Step Functions gives a state that ran too long.
const timeoutName = store.TimedOut

func (c *call) timeoutMessage() string {
	return fmt.Sprintf("Task timed out [timeout(s)=%d].", c.t.Timeout)
}

// target is where the action goes unless its input says otherwise.
func (c *call) target() openstack.Request {
	req := c.started.target.request()
	if c.ev.Region != "" {
		req.Region = c.ev.Region
	}
	if c.ev.Interface != "" {
		req.Interface = c.ev.Interface
	}
	return req
}

// earlier looks at what is recorded of the action: an outcome of this attempt
// is given again; one that was started is run again only where that is safe.
func (c *call) earlier(act *store.Action, action *actions.Action) (done bool, err error) {
	if act.Version == 0 || (act.State != Success && act.Attempt < c.t.Attempt) {
		return false, nil
	}
	c.region = act.Region
	switch act.State {
	case Success:
		if act.ErrorName != "" { // of its output, as an ad-hoc action makes it
			return true, &TaskError{Name: act.ErrorName, Message: act.Info}
		}
		return true, nil
	case Error:
		return true, &TaskError{Name: act.ErrorName, Message: expr.Str(act.Output.V)}
	default:
		if action.ReadOnly || c.t.SafeRerun {
			return false, nil
		}
		return true, OutcomeUnknown{Action: c.ev.Action, Task: c.t.Name}
	}
}

// saveStarted records that the action is about to be called.
func (c *call) saveStarted(ctx context.Context, act *store.Action) error {
	records := []store.Record{act}
	if c.task.Version == 0 && c.t.Op != step.Item { // that of an item is there, but not loaded
		c.begin()
		records = append(records, c.task)
	}
	return c.e.opts.Records.Save(c.saving(ctx), records...)
}

// begin fills in a task execution that starts now.
func (c *call) begin() {
	now := c.began
	if c.act != nil && !c.act.StartedAt.IsZero() {
		now = c.act.StartedAt // an earlier call began it
	}
	t := c.task
	t.State, t.StateInfo, t.From = Running, nil, c.t.From
	if info := c.started.task(t.Name); info != nil {
		t.Type = info.Type
	}
	t.DropResult = c.t.DropResult
	if t.CreatedAt.IsZero() {
		t.CreatedAt, t.StartedAt = now, now
	}
}
