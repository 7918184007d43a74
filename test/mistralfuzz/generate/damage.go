package generate

import (
	"math/rand/v2"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Damaged makes a workflow with one to three random damages: values of other
// types, keys that are not known or twice elsewhere, parts that are missing.
func Damaged(seed uint64) Case {
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 3)), opts: Options{MaxTasks: 3}, wild: 4}
	c := g.file()
	for range 1 + g.IntN(3) {
		c.Doc = g.damage(c.Doc, 0).(*value.Map)
	}
	return c
}

// unusual are values that stand where others are expected.
var unusual = []any{
	nil, true, int64(0), int64(-1), int64(3), 1.5, "", "x", "<% 1 %>", "<% $.x %>", "a b", "<% %>", "<% 1 + %>", "noop", "t1", "t99",
	[]any{}, []any{"x"}, []any{int64(1)}, []any{nil}, []any{[]any{}}, value.NewMap(0), value.MapOf("x", int64(1)), value.MapOf("x", nil),
	value.MapOf("t1", "<% true %>"), value.MapOf("next", "t1"), value.MapOf("publish", value.MapOf("x", int64(1))), "one", "all", "{{ 1 }}",
	value.MapOf("count", int64(1)), value.MapOf("count", "x", "delay", int64(1)), "count=1 delay=2", "i in <% $.x %>", "i in", "std.noop", "std.echo output",
}

// moved are keys of the language, for where they do not belong.
var moved = []string{
	"version", "name", "type", "tasks", "input", "output", "vars", "description", "tags", "task-defaults", "output-on-error", "action", "workflow",
	"with-items", "publish", "publish-on-error", "on-success", "on-error", "on-complete", "join", "retry", "concurrency", "timeout", "wait-before",
	"wait-after", "pause-before", "keep-result", "target", "requires", "safe-rerun", "fail-on", "next", "unknown", "count", "delay", "break-on", "continue-on", "on-skip",
	"publish-on-skip", "a b", "1", "",
}

// damage changes one place below v.
func (g *gen) damage(v any, depth int) any {
	switch v := v.(type) {
	case *value.Map:
		if v.Len() > 0 && (depth == 0 || g.chance(80)) {
			k := pick(g, v.Keys()...)
			if depth == 0 && k == "version" && g.chance(90) {
				k = "wf"
			}
			out := value.Clone(v).(*value.Map)
			switch {
			case depth > 0 && g.chance(6):
				out.Delete(k)
			case depth > 0 && g.chance(15):
				out.Set(pick(g, moved...), pick(g, unusual...))
			default:
				e, _ := v.Get(k)
				out.Set(k, g.damage(e, depth+1))
			}
			return out
		}
	case []any:
		if len(v) > 0 && g.chance(70) {
			i := g.IntN(len(v))
			out := append([]any{}, v...)
			out[i] = g.damage(v[i], depth+1)
			return out
		}
	}
	return value.Clone(pick(g, unusual...))
}
