package main

import (
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// shrink makes a call smaller while it still differs: arguments are left out,
// values are made simpler.
func shrink(c call, a *actions.Action, stillDiffers func(call) bool) call {
	for again := true; again; {
		again = false
		for _, smaller := range smallerCalls(c, a) {
			if stillDiffers(smaller) {
				c, again = smaller, true
				break
			}
		}
	}
	return c
}

// smallerCalls are the calls that are one step simpler.
func smallerCalls(c call, a *actions.Action) []call {
	var out []call
	for k := range c.Input.All() {
		if p, own := a.Param(k); own && p.Required {
			continue
		}
		input := value.Clone(c.Input).(*value.Map)
		input.Delete(k)
		out = append(out, call{c.Action, input})
	}
	for k, v := range c.Input.All() {
		for _, simple := range simpler(v) {
			input := value.Clone(c.Input).(*value.Map)
			input.Set(k, simple)
			out = append(out, call{c.Action, input})
		}
	}
	return out
}

// simpler are values that are one step simpler.
func simpler(v any) []any {
	var out []any
	switch v := v.(type) {
	case nil, bool:
	case string:
		if v != "x" && v != "" {
			out = append(out, "x")
		}
	case []any:
		for i := range v {
			out = append(out, append(append([]any{}, v[:i]...), v[i+1:]...))
		}
		for i, e := range v {
			for _, s := range simpler(e) {
				list := append([]any{}, v...)
				list[i] = s
				out = append(out, list)
			}
		}
	case *value.Map:
		for k := range v.All() {
			m := value.Clone(v).(*value.Map)
			m.Delete(k)
			out = append(out, m)
		}
		for k, e := range v.All() {
			for _, s := range simpler(e) {
				m := value.Clone(v).(*value.Map)
				m.Set(k, s)
				out = append(out, m)
			}
		}
	default: // numbers
		if !value.Equal(v, int64(1)) {
			out = append(out, int64(1))
		}
	}
	return out
}
