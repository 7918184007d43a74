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
// task's data.
func (c *call) baseInput(ctx context.Context, input, published *value.Map) (*value.Map, error) {
	for _, a := range c.ev.Adhoc {
		own, err := checkInput(a.Name, a.Input, input, false)
		if err != nil {
			return nil, err
		}
		input = value.NewMap(0)
		if a.BaseInput.V == nil {
			continue
		}
		v, err := c.eval(ctx, a.BaseInput.V, "input", overlay(c.data(published), own), c.host(nil))
		if err != nil {
			return nil, err
		}
		input, _ = v.(*value.Map)
	}
	return input, nil
}

// adhocOutput turns the result of the action at the bottom into that of the
// ad-hoc action on top. If that fails, what the action gave is kept.
func (c *call) adhocOutput(ctx context.Context, act *store.Action) error {
	result := act.Output.V
	for _, a := range slices.Backward(c.ev.Adhoc) {
		if a.Output.V == nil {
			continue
		}
		v, err := expr.EvalTree(ctx, a.Output.V, &expr.Scope{Data: result, Host: c.host(nil)})
		if err != nil {
			err = c.exprError("output of "+a.Name, c.t.At, err)
			return errors.Join(err, c.e.opts.Records.Save(c.saving(ctx), act))
		}
		result = v
	}
	act.Output.V = result
	return nil
}
