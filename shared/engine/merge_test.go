package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"pgregory.net/rapid"
)

// after is the task that publishes something behind others.
func after(published *value.Map, from ...*store.Task) *store.Task {
	in, versions := mergeContexts(from)
	t := &store.Task{Published: published}
	t.Context, t.Versions = outbound(in, versions, published)
	return t
}

func m(pairs ...any) *value.Map { return value.MapOf(pairs...) }

func TestMergeContexts(t *testing.T) {
	base := after(m("x", 1, "d", m("a", 1, "b", 1)))
	unchanged := after(nil, base)
	changed := after(m("x", 2), base)
	other := after(m("x", 3), base)
	twice := after(m("x", 4), after(m("x", 0), base))
	deepA := after(m("d", m("a", 2, "b", 1)), base)
	deepC := after(m("d", m("c", 3)), base)
	for _, c := range []struct {
		name  string
		tasks []*store.Task
		want  any
	}{
		{"nothing", nil, map[string]any{}},
		{"one", []*store.Task{changed}, map[string]any{"x": int64(2), "d": map[string]any{"a": int64(1), "b": int64(1)}}},
		{"the change wins, first", []*store.Task{changed, unchanged}, map[string]any{"x": int64(2), "d": map[string]any{"a": int64(1), "b": int64(1)}}},
		{"the change wins, last", []*store.Task{unchanged, changed}, map[string]any{"x": int64(2), "d": map[string]any{"a": int64(1), "b": int64(1)}}},
		{"of two changes the later task's", []*store.Task{changed, other}, map[string]any{"x": int64(3), "d": map[string]any{"a": int64(1), "b": int64(1)}}},
		{"more changes win", []*store.Task{twice, other}, map[string]any{"x": int64(4), "d": map[string]any{"a": int64(1), "b": int64(1)}}},
		{"dictionaries merge deeply", []*store.Task{deepA, deepC}, map[string]any{"x": int64(1), "d": map[string]any{"a": int64(2), "b": int64(1), "c": int64(3)}}},
	} {
		got, _ := mergeContexts(c.tasks)
		if diff := cmp.Diff(c.want, value.Plain(got)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// TestMergeLeavesItsInputAlone merges the same tasks twice: contexts are shared
// between calls and must not be written to.
func TestMergeLeavesItsInputAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tasks []*store.Task
		for range rapid.IntRange(1, 4).Draw(t, "tasks") {
			pub := value.NewMap(0)
			for _, k := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3).Draw(t, "keys") {
				if rapid.Bool().Draw(t, "deep") {
					pub.Set(k, m(k, rapid.Int64().Draw(t, "v"), "z", 1))
				} else {
					pub.Set(k, rapid.Int64().Draw(t, "v"))
				}
			}
			tasks = append(tasks, after(pub, tasks...))
		}
		before := make([]string, len(tasks))
		for i, task := range tasks {
			before[i] = string(value.MustEncode(task.Context))
		}
		one, _ := mergeContexts(tasks)
		two, _ := mergeContexts(tasks)
		if !value.Equal(one, two) {
			t.Fatalf("%s then %s", value.MustEncode(one), value.MustEncode(two))
		}
		for i, task := range tasks {
			if got := string(value.MustEncode(task.Context)); got != before[i] {
				t.Fatalf("task %d: %s became %s", i, before[i], got)
			}
		}
	})
}
