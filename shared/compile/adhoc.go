package compile

import (
	"errors"
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

// resolveAdhoc follows a chain of ad-hoc actions down to the action underneath.
// It returns false if there is no such chain, having said why.
func (c *compiler) resolveAdhoc(t *task, a *dsl.AdhocAction) bool {
	seen := map[*dsl.AdhocAction]bool{}
	params, whole := t.src.Arguments()
	if whole == nil {
		c.checkAdhocInput(a, params, t.src.Action)
	}
	for {
		if seen[a] {
			c.errorf("action-cycle", a.Base.NameNode.Span, "base one of them on another action", "ad-hoc action %q is based on itself", a.Name)
			return false
		}
		seen[a] = true
		book := strings.TrimSuffix(strings.TrimSuffix(a.QualifiedName, a.Name), ".")
		args := a.Arguments()
		level := step.Adhoc{Name: a.QualifiedName, Input: inputs(a.Input)}
		if len(args) > 0 {
			base := value.NewMap(len(args))
			for _, p := range args {
				base.Set(p.Name, p.Value.Value())
			}
			level.BaseInput.V = base
		}
		if a.Output != nil {
			level.Output.V = a.Output.Value()
		}
		t.adhoc = append(t.adhoc, level)
		if next := c.findAdhoc(book, a.Base.Name); next != nil {
			c.checkAdhocInput(next, args, a.Base)
			a = next
			continue
		}
		base, ok := c.registry.Lookup(a.Base.Name)
		if !ok {
			c.unknownAction(a.Base)
			return false
		}
		t.action = base
		c.checkParams(base, args, a.Base.NameNode.Span)
		return true
	}
}

// checkAdhocInput holds parameters against those that an ad-hoc action declares.
func (c *compiler) checkAdhocInput(a *dsl.AdhocAction, params []dsl.Param, call *dsl.Call) {
	given := map[string]bool{}
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

// checkParams holds parameters against an action's.
func (c *compiler) checkParams(a *actions.Action, params []dsl.Param, at dsl.Span) {
	names := make([]string, len(params))
	for i, p := range params {
		names[i] = p.Name
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
