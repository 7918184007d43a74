package engine

import (
	"context"
	"errors"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// baseInput turns the input of an ad-hoc action into that of the action at the
// bottom: each level's base-input is evaluated with the level's input over the
// task's data, of which the workflow's own input is no part, as in Mistral.
func (c *call) baseInput(ctx context.Context, input, published *value.Map) (*value.Map, error) {
	data := overlay(shared(c.started, c.globals), published, value.MapOf("__env", c.envOrEmpty()))
	for i, a := range c.ev.Adhoc {
		own, err := checkInput(a.Name, a.Input, input, false)
		if err != nil && i == 0 {
			return nil, err // of what the task itself gives
		}
		if err != nil {
			return nil, InvalidAction{c.ev.Adhoc[0].Name, err}
		}
		input = value.NewMap(0)
		if a.BaseInput.V == nil {
			continue
		}
		v, err := expr.EvalTree(ctx, a.BaseInput.V, &expr.Scope{Data: overlay(data, own), Host: baseHost{c.host(nil)}})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			return nil, InvalidAction{c.ev.Adhoc[0].Name, err}
		}
		input, _ = v.(*value.Map)
	}
	return input, nil
}

// baseHost is the host of a base-input: it has no current task yet.
type baseHost struct{ *host }

// Task implements [expr.Host].
func (h baseHost) Task(ctx context.Context, name string) (any, error) {
	if name == "" {
		return nil, nil
	}
	return h.host.Task(ctx, name)
}

// resultHost is the host of an ad-hoc action's output, which has the base's
// result in place of the workflow's data: what asks for these finds nothing.
type resultHost struct {
	expr.NoHost
	host *host
}

// Env implements [expr.Host].
func (resultHost) Env(context.Context) (any, error) { return nil, nil }

// Tasks implements [expr.Host].
func (h resultHost) Tasks(ctx context.Context, f expr.TaskFilter) (any, error) {
	return h.host.Tasks(ctx, f)
}

// Executions implements [expr.Host].
func (h resultHost) Executions(ctx context.Context, f expr.ExecutionFilter) (any, error) {
	return h.host.Executions(ctx, f)
}

// adhocOutput turns the result of the action at the bottom into that of the
// ad-hoc action on top. If that fails, what the action gave is kept: the record
// says that it succeeded, and has the error of the output.
func (c *call) adhocOutput(ctx context.Context, act *store.Action) error {
	result := act.Output.V
	for _, a := range slices.Backward(c.ev.Adhoc) {
		if a.Output.V == nil {
			continue
		}
		v, err := expr.EvalTree(ctx, a.Output.V, &expr.Scope{Data: result, Host: resultHost{host: c.host(nil)}})
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			err = ExpressionError{
				Workflow: c.spec.Name, Task: c.t.Name, Action: c.ev.Adhoc[0].Name,
				Part: "output of " + a.Name, At: c.t.At, Doing: converting, Err: err,
			}
			act.ErrorName, act.Info = errorName(err), err.Error()
			if saveErr := c.e.opts.Records.Save(c.saving(ctx), act); saveErr != nil {
				return errors.Join(c.named(err), saveErr)
			}
			return err
		}
		result = v
	}
	act.Output.V = result
	return nil
}
