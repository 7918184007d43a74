package main

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// call is one call of an action, the same for both sides.
type call struct {
	Action string
	Input  *value.Map
}

// generator makes random calls of one action, out of its parameters and of
// arguments that it was recorded with.
type generator struct {
	action   *actions.Action
	examples map[string][]any // by parameter, in the recordings' order
	keywords []string         // of the catch-all, that were recorded
}

// newGenerator makes the generator of an action with the inputs of its
// recordings.
func newGenerator(a *actions.Action, inputs []*value.Map) *generator {
	g := &generator{action: a, examples: map[string][]any{}}
	for _, in := range inputs {
		for k, v := range in.All() {
			if v != nil && !slices.ContainsFunc(g.examples[k], func(e any) bool { return value.Equal(e, v) }) {
				g.examples[k] = append(g.examples[k], v)
			}
			if _, own := a.Param(k); v != nil && !own && a.VarKW && !slices.Contains(g.keywords, k) {
				g.keywords = append(g.keywords, k)
			}
		}
	}
	return g
}

// call makes the call of a seed.
func (g *generator) call(seed uint64) call {
	v := values{rand.New(rand.NewPCG(seed, 0x5170cc0))}
	input := value.NewMap(len(g.action.Params))
	chosen := g.choose(v)
	for _, p := range g.action.Params {
		if p.Required || chosen[p.Name] {
			input.Set(p.Name, v.argument(p, g.examples[p.Name]))
		}
	}
	for _, k := range g.keywords {
		if chosen[k] {
			if len(g.examples[k]) == 0 { // it was only ever null
				input.Set(k, v.any(1))
				continue
			}
			input.Set(k, v.like(v.oneOf(g.examples[k])))
		}
	}
	if g.action.VarKW && v.Float64() < 0.25 {
		name := v.pick("x_extra", "name", "größe", "fields", "sort_key", "with-dash")
		if !input.Has(name) && !g.action.IsTargetParam(name) {
			input.Set(name, v.any(1))
		}
	}
	return call{g.action.Name, input}
}

// choose draws which of the optional arguments are given: none, one alone, all,
// or any.
func (g *generator) choose(v values) map[string]bool {
	var optional []string
	for _, p := range g.action.Params {
		if !p.Required {
			optional = append(optional, p.Name)
		}
	}
	optional = append(optional, g.keywords...)
	chosen := map[string]bool{}
	if len(optional) == 0 {
		return chosen
	}
	switch how := v.Float64(); {
	case how < 0.1:
	case how < 0.4:
		chosen[optional[v.IntN(len(optional))]] = true
	case how < 0.55:
		for _, name := range optional {
			chosen[name] = true
		}
	default:
		for _, name := range optional {
			chosen[name] = v.IntN(2) == 0
		}
	}
	return chosen
}

// argument makes a value for a parameter.
func (v values) argument(p actions.Param, examples []any) any {
	switch how := v.Float64(); {
	case how < 0.02, !p.Required && how < 0.08:
		return nil
	case how < 0.11:
		return v.any(0)
	}
	if len(examples) > 0 {
		return v.like(v.oneOf(examples))
	}
	switch p.Type {
	case "bool":
		return v.like(true)
	case "int", "number":
		return v.like(int64(7))
	case "list":
		return v.like([]any{"a", "b"})
	case "dict":
		return v.like(value.MapOf("k", "v"))
	}
	switch {
	case strings.HasPrefix(p.Name, "is_"), strings.HasPrefix(p.Name, "force"), strings.HasPrefix(p.Name, "all_"):
		return v.like(true)
	case p.Name == "limit":
		return v.like(int64(7))
	case strings.HasPrefix(p.Name, "meta"), p.Name == "properties", p.Name == "filters", strings.HasSuffix(p.Name, "_opts"):
		return v.like(value.MapOf("k", "v"))
	default:
		return v.like("x-" + p.Name)
	}
}
