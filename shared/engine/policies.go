package engine

import (
	"context"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// FailedOn says that a task ended well but its fail-on policy held.
type FailedOn struct{}

func (FailedOn) Error() string { return failOnInfo }

// TimedOutWaiting says that a task ended well, but reaches its timeout while it
// waits by its wait-after policy.
type TimedOutWaiting struct{ Message string }

func (e TimedOutWaiting) Error() string { return e.Message }

const failOnInfo = "Failed by 'fail-on' policy"

// checkRetry fails a task before it does anything if its retry policy has
// values that it can't have.
func (c *call) checkRetry(ctx context.Context) error {
	_, _, err := c.retryNumbers(ctx, "retry", c.data(c.in), c.host(nil))
	return err
}

// retryNumbers evaluates a retry policy's count and delay. part says where an
// error in them shows.
func (c *call) retryNumbers(ctx context.Context, part string, data *value.Map, h *host) (count, delay int64, err error) {
	if c.t.Retry == nil {
		return 0, 0, nil
	}
	if count, err = c.wholeNumber(ctx, c.t.Retry.Count.V, part, "RetryPolicy", data, h); err != nil {
		return 0, 0, err
	}
	delay, err = c.wholeNumber(ctx, c.t.Retry.Delay.V, part, "RetryPolicy", data, h)
	return count, delay, err
}

// failOn makes an outcome a failure if the task's fail-on policy holds. It is
// evaluated after a failure too, where only an error in it counts.
func (c *call) failOn(ctx context.Context, o *outcome, h *host) error {
	if c.t.FailOn.V == nil {
		return nil
	}
	v, err := c.eval(ctx, c.t.FailOn.V, "fail-on", c.data(c.in), h)
	if err != nil || o.state != Success || !value.Truth(v) {
		return err
	}
	info := failOnInfo
	o.state, o.info = Error, &info
	return nil
}

// unrepeatable are the errors that no further round would mend.
var unrepeatable = []string{"JoinFailed", "OutcomeUnknown", "SubWorkflowInput"}

// again answers that the retry policy wants another round of the task; nil if
// it does not.
func (c *call) again(ctx context.Context, o *outcome, h *host) (*step.Answer, error) {
	r := c.t.Retry
	if r == nil || !r.Loop {
		return nil, nil
	}
	count, delay, err := c.retryNumbers(ctx, "retry after a round", c.data(c.in), h)
	if err != nil || count == 0 {
		return nil, err
	}
	more, err := c.wantsMore(ctx, r, o, h)
	if err != nil || !more || int64(c.t.Round) >= count || c.t.Error != nil && slices.Contains(unrepeatable, c.t.Error.Error) {
		return nil, err
	}
	a := c.answer(Running)
	a.From, a.Again, a.Delay, a.Round, a.Nth = append([]string{}, c.t.From...), true, delay, c.t.Round+1, c.t.Nth
	c.task.Round = a.Round
	// The result is that of the last round.
	o.records = slices.DeleteFunc(slices.Clone(o.records), func(r store.Record) bool { _, ok := r.(*store.Result); return ok })
	if err := c.saveRound(ctx, o); err != nil {
		return nil, err
	}
	return a, nil
}

// saveRound stores what a task came to that is not settled yet.
func (c *call) saveRound(ctx context.Context, o *outcome) error {
	for {
		all, err := c.withGlobals(ctx, o, append(slices.Clone(o.records), c.task))
		if err != nil {
			return err
		}
		if err = c.e.opts.Records.Save(c.saving(ctx), all...); !isConflict(err) {
			return err
		}
		now := &store.Task{ID: c.task.ID, Execution: c.task.Execution}
		if err := c.e.opts.Records.Load(ctx, now); err != nil {
			return err
		}
		if now.Version != c.task.Version {
			return nil // another call of the same step has stored it
		}
		if err := c.reloadRecords(ctx, o); err != nil {
			return err
		}
	}
}

// wantsMore is the retry policy's judgement of an outcome, as Mistral's: a task
// that failed is repeated unless break-on holds, one that did not only if there
// is a continue-on; and where there is one, it must hold.
func (c *call) wantsMore(ctx context.Context, r *step.Retry, o *outcome, h *host) (bool, error) {
	data := c.data(c.task.Context)
	holds := func(v value.Any, part string) (bool, error) {
		if v.V == nil {
			return false, nil
		}
		got, err := c.eval(ctx, v.V, part, data, h)
		return value.Truth(got), err
	}
	goOn, err := holds(r.ContinueOn, "continue-on")
	if err != nil {
		return false, err
	}
	stop, err := holds(r.BreakOn, "break-on")
	if err != nil {
		return false, err
	}
	if r.ContinueOn.V != nil && !goOn || r.ContinueOn.V == nil && o.state == Success {
		return false, nil
	}
	return o.state != Error || !stop, nil
}
