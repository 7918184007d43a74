package compile

import (
	"errors"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// addAdhoc takes up an ad-hoc action and checks its expressions.
func (c *compiler) addAdhoc(a *dsl.AdhocAction) {
	if other := c.adhoc[a.QualifiedName]; other != nil {
		c.errorf("duplicate-action", a.NameSpan, "give one of them another name",
			"action %q is defined in %s too", a.QualifiedName, place(other.NameSpan))
		return
	}
	c.adhoc[a.QualifiedName] = a
	for _, p := range a.Arguments() {
		c.checkExpressions(p.Value)
	}
	c.checkExpressions(a.Output)
}

// findAdhoc finds an ad-hoc action as Mistral does: first in the same workbook,
// then by the name as it is.
func (c *compiler) findAdhoc(book, name string) *dsl.AdhocAction {
	if book != "" {
		if a := c.adhoc[book+"."+name]; a != nil {
			return a
		}
	}
	return c.adhoc[name]
}

// resolveAdhoc follows a chain of ad-hoc actions down to the action underneath,
// and says what is wrong on the way.
func (c *compiler) resolveAdhoc(t *task, a *dsl.AdhocAction) {
	params, whole := t.src.Arguments()
	if whole == nil {
		c.checkAdhocInput(a, params, t.src.Action, c.envDefaults(t.src.Action.Name))
	}
	var last *dsl.AdhocAction
	t.action, t.adhoc, last = c.descend(a)
	if t.src.Action.Name != a.QualifiedName {
		t.adhoc[0].As = t.src.Action.Name
	}
	for n := a; n != last; {
		next := c.based(n)
		c.checkAdhocInput(next, n.Arguments(), n.Base, nil)
		n = next
	}
	switch {
	case t.action != nil:
		c.checkAsync(t.action, last.Base)
		c.checkParams(t.action, last.Arguments(), last.Base.NameNode.Span, nil)
	case c.based(last) != nil:
		c.errorf("action-cycle", last.Base.NameNode.Span, "base one of them on another action", "ad-hoc action %q is based on itself", last.Name)
	default:
		c.unknownAction(last.Base)
	}
}

// based is the ad-hoc action that another one is based on, if it is on one.
func (c *compiler) based(a *dsl.AdhocAction) *dsl.AdhocAction {
	return c.findAdhoc(bookOf(a), a.Base.Name)
}

func bookOf(a *dsl.AdhocAction) string {
	return strings.TrimSuffix(strings.TrimSuffix(a.QualifiedName, a.Name), ".")
}

// descend follows a chain of ad-hoc actions: the action underneath, the levels
// above it, and the last of them. There is no action if the last one's base is
// unknown or above it already.
func (c *compiler) descend(a *dsl.AdhocAction) (base *actions.Action, levels []step.Adhoc, last *dsl.AdhocAction) {
	seen := map[*dsl.AdhocAction]bool{}
	for {
		seen[a] = true
		levels = append(levels, level(a))
		next := c.based(a)
		if next == nil {
			base, _ = c.registry.Lookup(a.Base.Name)
			return base, levels, a
		}
		if seen[next] {
			return nil, levels, a
		}
		a = next
	}
}

// level is an ad-hoc action as the engine knows it.
func level(a *dsl.AdhocAction) step.Adhoc {
	out := step.Adhoc{Name: a.QualifiedName, Input: inputs(a.Input)}
	if args := a.Arguments(); len(args) > 0 {
		base := value.NewMap(len(args))
		for _, p := range args {
			base.Set(p.Name, p.Value.Value())
		}
		out.BaseInput.V = base
	}
	if a.Output != nil {
		out.Output.V = a.Output.Value()
	}
	return out
}

// envDefaults are the parameters that the environment gives an action.
func (c *compiler) envDefaults(action string) []string {
	return c.env.Map("__actions").Map(action).Keys()
}

// checkAdhocInput holds parameters against those that an ad-hoc action declares.
// defaults are those that it gets besides.
func (c *compiler) checkAdhocInput(a *dsl.AdhocAction, params []dsl.Param, call *dsl.Call, defaults []string) {
	given := map[string]bool{}
	for _, name := range defaults {
		given[name] = true
	}
	for _, p := range params {
		given[p.Name] = true
		known := false
		for _, in := range a.Input {
			known = known || in.Name == p.Name
		}
		if !known {
			c.errorf("action-input", p.NameSpan, "see where it is defined: "+place(a.NameSpan), "%s: unknown parameter %q", a.Name, p.Name)
		}
	}
	for _, in := range a.Input {
		if !in.HasDefault && !given[in.Name] {
			c.errorf("action-input", call.NameNode.Span, "see where it is defined: "+place(a.NameSpan), "%s: missing parameter %q", a.Name, in.Name)
		}
	}
}

// checkParams holds parameters against an action's. defaults are those that it
// gets besides.
func (c *compiler) checkParams(a *actions.Action, params []dsl.Param, at dsl.Span, defaults []string) {
	names := slices.Clone(defaults)
	for _, p := range params {
		names = append(names, p.Name)
	}
	err := a.CheckInput(names)
	if err == nil {
		return
	}
	if invalid := (actions.InvalidInput{}); errors.As(err, &invalid) {
		for _, p := range params {
			if p.Name == invalid.Parameter {
				at = p.NameSpan
			}
		}
	}
	c.errorf("action-input", at, "see sirocco action show "+a.Name, "%s", err.Error())
}
