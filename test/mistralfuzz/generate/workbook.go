package generate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// adhoc is an ad-hoc action that tasks and others may call.
type adhoc struct {
	names  []string   // which it can be called by
	params []variable // those without a default are sure
	empty  bool       // its result is null
	fails  bool
}

// Workbook makes a case of a workbook with ad-hoc actions, some of them over one
// another, and mostly a file of further ones.
func Workbook(seed uint64, opts Options) Case {
	if opts.MaxTasks == 0 {
		opts.MaxTasks = 6
	}
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 4)), opts: opts, wild: 4}
	g.book = pick(g, "wb", "my.book", "b-1")
	c := Case{Input: value.NewMap(0), Params: value.NewMap(0)}
	g.environment(c)
	if g.chance(60) {
		c.Before = []*value.Map{value.MapOf("version", "2.0")}
		for i := range 1 + g.IntN(2) {
			name := fmt.Sprintf("plain%d", i+1)
			c.Before[0].Set(name, g.adhoc(name))
		}
	}
	actions := value.NewMap(0)
	for i := range 1 + g.IntN(4) {
		name := fmt.Sprintf("act%d", i+1)
		if i == 0 && g.chance(20) {
			name = "plain1" // which hides the one outside from what follows
			g.acts = slices.DeleteFunc(g.acts, func(a *adhoc) bool { return a.names[0] == name })
		}
		actions.Set(name, g.adhoc(name, g.book+"."+name))
	}
	workflows := g.workflows(c)
	c.Doc = value.MapOf("version", "2.0", "name", g.book, "actions", actions, "workflows", workflows)
	return c
}

// adhoc makes an ad-hoc action and keeps it. Its result is never empty but null:
// over an empty one Mistral does not evaluate an output.
func (g *gen) adhoc(names ...string) *value.Map {
	out, a := value.NewMap(0), &adhoc{names: names}
	var input []any
	for _, v := range g.variables("q", 3) {
		if v.sure = !g.chance(35); v.sure {
			input = append(input, v.name)
		} else {
			input = append(input, value.MapOf(v.name, g.withoutComma(v.kind)))
		}
		a.params = append(a.params, v)
	}
	if g.chance(85) {
		out.Set("input", input)
	} else {
		a.params = nil
	}
	known := slices.Clone(a.params)
	for i := range known {
		known[i].sure = true
	}
	g.base(out, a, known)
	if !a.empty && g.chance(50) {
		out.Set("output", g.adhocOutput())
	}
	if g.chance(10) {
		out.Set("description", "an action")
	}
	g.acts = append(g.acts, a)
	return out
}

// withoutComma is data that Mistral can take for the default of an ad-hoc action's
// input, which it writes with the others into one text, parted by commas.
func (g *gen) withoutComma(k kind) any {
	for {
		v := g.data(k, 1)
		if !strings.Contains(string(value.MustEncode(v)), ",") {
			return v
		}
	}
}

// base gives an ad-hoc action what it calls: an action of the catalog or another
// ad-hoc one, which a workbook's action finds by its full name only.
func (g *gen) base(out *value.Map, a *adhoc, known []variable) {
	switch n := g.IntN(100); {
	case n < 8:
		a.empty = true
		out.Set("base", "std.noop")
	case n < 14:
		a.fails = true
		out.Set("base", "std.fail")
	case n < 45 && len(g.acts) > 0:
		on := pick(g, g.acts...)
		a.empty, a.fails = on.empty, on.fails
		out.Set("base", on.names[len(on.names)-1])
		if in := g.arguments(on, known); in.Len() > 0 {
			out.Set("base-input", in)
		}
	case n < 60:
		out.Set("base", "std.echo output=<% ["+g.expression(anyKind, known, 2)+"] %>")
	default:
		out.Set("base", "std.echo")
		out.Set("base-input", value.MapOf("output", g.filled(known)))
	}
}

// filled is a value that is not empty.
func (g *gen) filled(known []variable) any {
	switch g.IntN(3) {
	case 0:
		return value.MapOf("a", g.templated(anyKind, known), "b", g.templated(intKind, known))
	case 1:
		return []any{g.templated(anyKind, known)}
	default:
		return "got <% " + g.expression(anyKind, known, 1) + " %>"
	}
}

// adhocOutput is an output, over a result of which only is known that it is not empty.
func (g *gen) adhocOutput() any {
	return pick[any](g, "<% [$, 1] %>", "<% {v => $} %>", "got <% $ %>", "<% [len($)] %>", "{{ [_, 2] }}", "text",
		[]any{"<% $ %>", int64(1)}, value.MapOf("v", "<% $ %>", "w", []any{"<% str($) %>"}), "<% [isList($), isDict($), isString($)] %>",
		"<% [env(), $] %>")
}

// arguments are what an ad-hoc action is called with.
func (g *gen) arguments(a *adhoc, scope []variable) *value.Map {
	in := value.NewMap(0)
	for _, p := range a.params {
		if p.sure || g.chance(40) {
			in.Set(p.name, g.templated(p.kind, scope))
		}
	}
	return in
}

// callAdhoc gives a task an ad-hoc action.
func (w *workflow) callAdhoc(t *task, scope []variable) {
	a := pick(w.gen, w.acts...)
	t.fails = a.fails
	name := pick(w.gen, a.names...)
	if w.chance(5) {
		t.body.Set("action", "<% '"+name+"' %>")
	} else if w.chance(30) {
		var line strings.Builder
		line.WriteString(name)
		for _, p := range a.params {
			if p.sure || w.chance(40) {
				line.WriteString(" " + p.name + "=" + w.inline(p.kind, scope))
			}
		}
		t.body.Set("action", line.String())
		return
	} else {
		t.body.Set("action", name)
	}
	if in := w.arguments(a, scope); in.Len() > 0 {
		t.body.Set("input", in)
	}
}
