package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// prepare evaluates what has to be known before the task's own states: its
// waiting times and its timeout. It begins the task; the time of a timeout runs
// from here, as in Mistral, so a wait takes of it. What comes out is stored, and
// a repeated call answers the same even if the expressions would not.
func (c *call) prepare(ctx context.Context) (*step.Answer, error) {
	p, err := c.prepared()
	if err != nil {
		return nil, err
	}
	if p == nil || !c.found(p) && !c.settled() {
		if p == nil {
			p, err = c.policies(ctx)
		} else {
			p.Wait, p.Pause = 0, false // only the name is evaluated again
		}
		if err != nil {
			return nil, err
		}
		if err := c.finds(ctx, p); err != nil {
			return nil, err
		}
		err := c.savePrepared(ctx, p)
		if isConflict(err) {
			p, err = c.earlierPrepared(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	if p.Pause {
		if err := c.pauseHere(ctx); err != nil {
			return nil, err
		}
	}
	a := c.answer(Running)
	a.From, a.Nth, a.Prepared = append([]string{}, c.t.From...), c.t.Nth, p.answered()
	return a, nil
}

// settled reports whether the task has ended: the call is one that is repeated.
func (c *call) settled() bool { return len(c.task.Answer) > 0 }

// prepared is what an earlier state of the task has evaluated; nil without.
func (c *call) prepared() (*preparedRecord, error) {
	if len(c.task.Prepared) == 0 {
		return nil, nil
	}
	p := &preparedRecord{}
	if err := json.Unmarshal(c.task.Prepared, p); err != nil {
		return nil, fmt.Errorf("task execution %s: %w", c.task.ID, err)
	}
	return p, nil
}

// policies evaluates in Mistral's order. A join that can't be satisfied any more
// fails for that, unless the expressions themselves are wrong: Mistral
// evaluates them then, too.
func (c *call) policies(ctx context.Context) (*preparedRecord, error) {
	blocked := c.joinable()
	spec := c.t.Policies
	if spec == nil {
		spec = &step.Policies{}
	}
	h := c.host(nil)
	pause, err := c.pauseBefore(ctx, spec.PauseBefore.V, h)
	if err != nil {
		return nil, err
	}
	wait, err := c.seconds(ctx, spec.WaitBefore.V, "wait-before", h)
	if err != nil {
		return nil, err
	}
	if _, err := c.seconds(ctx, spec.WaitAfter.V, "wait-after", h); err != nil {
		return nil, err
	}
	timeout, err := c.seconds(ctx, spec.Timeout.V, "timeout", h)
	if err != nil {
		return nil, err
	}
	if blocked != nil {
		return nil, blocked
	}
	p := &preparedRecord{Prepared: step.Prepared{Pause: pause, Wait: wait, Timeout: timeout, Left: step.MaxSeconds}}
	if timeout > 0 {
		p.Wait, p.Left, p.Expired = min(wait, timeout), max(timeout-wait, 1), timeout <= wait
	}
	return p, nil
}

// policyNames are Mistral's names of the policies in its errors.
var policyNames = map[string]string{"wait-before": "WaitBeforePolicy", "wait-after": "WaitAfterPolicy", "timeout": "TimeoutPolicy"}

// seconds evaluates a policy's number of seconds; without one it is 0.
func (c *call) seconds(ctx context.Context, template any, part string, h *host) (int64, error) {
	return c.wholeNumber(ctx, template, part, policyNames[part], c.data(c.in), h)
}

// wholeNumber evaluates a number of a policy; without one it is 0.
func (c *call) wholeNumber(ctx context.Context, template any, part, policy string, data *value.Map, h *host) (int64, error) {
	if template == nil {
		return 0, nil
	}
	v, err := c.eval(ctx, template, part, data, h)
	if err != nil {
		return 0, err
	}
	n, problem := natural(v)
	if problem != "" {
		return 0, c.exprError(part, c.t.At, fmt.Errorf("Invalid data type in %s: %s", policy, problem))
	}
	return n, nil
}

// natural takes what Mistral's schema takes for an integer from 0: also a float
// without a fraction, but no truth value.
func natural(v any) (n int64, problem string) {
	switch v := v.(type) {
	case int64:
		n = v
	case float64:
		if v != math.Trunc(v) || math.IsInf(v, 0) {
			return 0, expr.Repr(v) + " is not of type 'integer'"
		}
		n = int64(max(min(v, step.MaxSeconds+1), -1))
	case *big.Int:
		n = int64(v.Sign()) * (step.MaxSeconds + 1)
	default:
		return 0, expr.Repr(v) + " is not of type 'integer'"
	}
	switch {
	case n < 0:
		return 0, expr.Repr(v) + " is less than the minimum of 0"
	case n > step.MaxSeconds:
		return 0, fmt.Sprintf("%s is more than %d", expr.Repr(v), step.MaxSeconds)
	}
	return n, ""
}

// savePrepared stores that the task has begun, and with what.
func (c *call) savePrepared(ctx context.Context, p *preparedRecord) error {
	var err error
	if c.task.Prepared, err = p.encode(); err != nil {
		return err
	}
	c.begin()
	if p.Pause {
		info := "Set by 'pause-before' policy"
		c.task.State, c.task.StateInfo = Idle, &info
	}
	return c.e.opts.Records.Save(c.saving(ctx), c.task)
}

// earlierPrepared is what another call of the same step has stored meanwhile.
func (c *call) earlierPrepared(ctx context.Context) (*preparedRecord, error) {
	c.task = &store.Task{ID: c.task.ID, Execution: c.t.Execution, Name: c.t.Name}
	if err := c.e.opts.Records.Load(ctx, c.task); err != nil {
		return nil, err
	}
	p, err := c.prepared()
	if p == nil && err == nil {
		err = fmt.Errorf("engine: task %q was begun by another call, but not prepared", c.t.Name)
	}
	return p, err
}

// startable says whether the task's own first state may begin: it may not if it
// is a join that can't be satisfied any more, or timed out while it waited.
func (c *call) startable() error {
	if err := c.joinable(); err != nil {
		return err
	}
	p, err := c.prepared()
	if err != nil {
		return err
	}
	if p != nil && p.Expired {
		return &TaskError{Name: timeoutName, Message: c.timeoutMessage()}
	}
	return nil
}

// waitAfter evaluates how long the end of the task is held back, where the
// engine has to say that.
func (c *call) waitAfter(ctx context.Context, o *outcome, h *host) (err error) {
	o.wait, err = c.seconds(ctx, c.t.WaitAfter.V, "wait-after", h)
	if o.late && err == nil {
		o.wait = max(c.timeLeft(), 0)
	}
	return err
}

// timeLeft is how many seconds of its timeout a task has left.
func (c *call) timeLeft() int64 {
	gone := c.e.now().Sub(c.task.StartedAt)
	return int64(math.Ceil((time.Duration(c.t.Timeout)*time.Second - gone).Seconds()))
}

// late reports whether the task reaches its timeout while it waits afterwards.
// Only its first round is timed. A task that was cut off by its timeout waits
// as long as any other.
func (c *call) late(o *outcome) bool {
	if o.late || o.wait == 0 || c.t.Timeout == 0 || c.t.Round > 0 || c.t.Error != nil && c.t.Error.Error == timeoutName {
		return false
	}
	return o.wait >= c.timeLeft()
}

// timesOutWaiting makes the outcome of a task that is late a failure. One that
// ended well is settled behind Catch; what it published and came to is kept. One
// that did not fails for this reason now.
func (c *call) timesOutWaiting(ctx context.Context, o *outcome, h *host, called string) error {
	info := c.timeoutMessage()
	if called == Success {
		if err := c.saveRound(ctx, o); err != nil {
			return err
		}
		return TimedOutWaiting{info}
	}
	o.info = &info
	if left := c.timeLeft(); left > 0 {
		o.wait = left
	}
	return c.publish(ctx, o, h)
}
