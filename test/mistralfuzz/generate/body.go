package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// scope is what a task's expressions may name.
func (w *workflow) scope(t *task) []variable { return slices.Concat(w.known, t.sees) }

// fill gives a task an action or a sub-workflow, and what it publishes.
func (w *workflow) fill(t *task) {
	switch n := w.IntN(100); {
	case len(w.acts) > 0 && w.chance(50):
		w.callAdhoc(t, w.scope(t))
	case n < 18:
		t.body.Set("action", "std.noop")
	case n < 21: // without an action it is a noop
		t.body.Set("description", "does nothing")
	case n < 29:
		t.fails = true
		t.body.Set("action", "std.fail")
	case n < 46 && len(w.subs) > 0:
		w.call(t)
	case n < 60:
		w.items(t)
	default:
		w.echo(t, w.scope(t))
	}
	w.policies(t)
	w.publish(t)
}

// echo answers with a value, written on one line or as a dictionary.
func (w *workflow) echo(t *task, scope []variable) {
	k := w.anyKind(2)
	if w.chance(40) {
		t.body.Set("action", "std.echo output="+w.inline(k, scope))
		return
	}
	t.body.Set("action", "std.echo")
	if w.chance(6) {
		t.body.Set("action", "<% concat('std.', echo) %>")
	}
	t.body.Set("input", value.MapOf("output", w.templated(k, scope)))
}

// inline is a value as a parameter on the line of the action.
func (w *workflow) inline(k kind, scope []variable) string {
	switch {
	case k == intKind && w.chance(30):
		return fmt.Sprint(w.IntN(10))
	case k == strKind && w.chance(50):
		return `"` + pick(w.gen, "x", "abc", "a b", "it") + `"`
	}
	return "<% " + w.expression(k, scope, 2) + " %>"
}

func (w *workflow) items(t *task) {
	scope := slices.Concat(w.scope(t), []variable{{"i_int", intKind, true}})
	first := "i_int in " + w.list(w.scope(t))
	t.body.Set("with-items", any(first))
	if w.chance(15) {
		t.body.Set("with-items", []any{first, "j_int in " + w.list(w.scope(t))})
	}
	if w.chance(20) {
		t.body.Set("concurrency", int64(1+w.IntN(3)))
	}
	switch n := w.IntN(10); {
	case n == 0:
		t.fails = true
		t.body.Set("action", "std.fail")
	case n == 1:
		t.body.Set("action", "std.noop")
	case n < 4 && len(w.subs) > 0:
		w.callWith(t, scope)
	case n < 7 && len(w.acts) > 0:
		w.callAdhoc(t, scope)
	default:
		w.echo(t, scope)
	}
}

func (w *workflow) list(scope []variable) string {
	if w.chance(40) {
		return pick(w.gen, "[1, 2]", "[1, 2, 3]", "[5]", "[1, 2, 3, 4]")
	}
	return "<% " + w.expression(listKind, scope, 2) + " %>"
}

// call calls a sub-workflow.
func (w *workflow) call(t *task) { w.callWith(t, w.scope(t)) }

func (w *workflow) callWith(t *task, scope []variable) {
	sub := pick(w.gen, w.subs...)
	t.body.Set("workflow", sub.name)
	switch {
	case w.book != "" && w.chance(30):
		t.body.Set("workflow", w.book+"."+sub.name)
	case w.chance(10):
		t.body.Set("workflow", "<% "+sub.name+" %>")
	}
	in := value.NewMap(0)
	for _, name := range sub.input {
		if !w.chance(3) {
			in.Set(name, w.templated(kindOf(name), scope))
		}
	}
	if len(sub.tasks) > 0 {
		target := pick(w.gen, sub.tasks...)
		in.Set("task_name", pick(w.gen, target, "<% concat("+target+") %>"))
	}
	if in.Len() > 0 {
		t.body.Set("input", in)
	}
}

func (w *workflow) policies(t *task) {
	if w.chance(8) {
		t.body.Set("retry", w.retry(t))
	}
	for _, p := range []struct {
		key     string
		percent int
		value   any
	}{
		{"keep-result", 4, w.chance(50)},
		{"timeout", 3, int64(60)},
		{"wait-before", 3, pick(w.gen, any(int64(0)), "<% 0 %>")},
		{"safe-rerun", 2, true},
		{"fail-on", 2, "<% " + w.guard(t) + " %>"},
		{"pause-before", 1, true},
	} {
		if w.chance(p.percent) {
			t.body.Set(p.key, p.value)
		}
	}
}

func (w *workflow) retry(t *task) *value.Map {
	out := value.MapOf("count", any(int64(1+w.IntN(2))), "delay", int64(0))
	if w.chance(20) {
		out.Set("count", "<% 1 + 1 %>")
	}
	if w.chance(20) {
		out.Set("break-on", "<% "+w.guard(t)+" %>")
	}
	if w.chance(20) {
		out.Set("continue-on", "<% "+w.guard(t)+" %>")
	}
	return out
}

// publish sets variables: mostly such as no other task publishes, sometimes
// shared ones and dictionaries, which merge at joins.
func (w *workflow) publish(t *task) {
	if w.chance(55) {
		t.body.Set("publish", w.publication(t))
	}
	if t.fails && w.chance(40) || w.chance(5) {
		t.body.Set("publish-on-error", w.publication(t))
	}
}

func (w *workflow) publication(t *task) *value.Map {
	out := value.NewMap(0)
	scope := w.scope(t)
	for range 1 + w.IntN(3) {
		k := w.anyKind(2)
		name := strings.Replace(t.name, "t", "v", 1) + "_" + string(k)
		if w.chance(25) {
			name = "s_" + string(k)
		}
		v := any("<% task().result %>")
		switch n := w.IntN(10); {
		case n < 2:
			name = strings.Replace(t.name, "t", "r", 1) + "_any"
		case n == 2:
			name = "deep_dict"
			v = value.MapOf(t.name, w.templated(anyKind, scope), "inner", value.MapOf(t.name, w.templated(intKind, scope)))
		default:
			v = w.templated(k, scope)
		}
		out.Set(name, v)
	}
	for name := range out.All() {
		v := variable{name, kindOf(name), false}
		t.sees = append(t.sees, v)
		w.published = append(w.published, v)
	}
	return out
}
