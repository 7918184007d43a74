package generate

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// require makes t require some of the tasks before it, whose variables it sees.
func (w *workflow) require(t *task) {
	var names []any
	for range pick(w.gen, 0, 1, 1, 1, 2, 2, 3) {
		if len(w.all) == 0 {
			break
		}
		before := pick(w.gen, w.all...)
		if slices.Contains(names, any(before.name)) {
			continue
		}
		names = append(names, before.name)
		for _, v := range before.sees {
			if !slices.Contains(t.sees, v) {
				t.sees = append(t.sees, v)
			}
		}
	}
	if w.chance(3) {
		names = append(names, t.name) // which means nothing
	}
	switch {
	case len(names) == 1 && w.chance(30):
		t.body.Set("requires", names[0])
	case len(names) > 0:
		t.body.Set("requires", names)
	}
}

// targets are the tasks of a reverse workflow; none of a direct one.
func targets(wf *value.Map) []string {
	if !wf.Has("type") {
		return nil
	}
	tasks, _ := wf.Get("tasks")
	return tasks.(*value.Map).Keys()
}
