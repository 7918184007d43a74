package engine

import (
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// mergeContexts merges the outbound contexts of tasks, which are in the
// definition's order. Dictionaries merge deeply. Where two contexts have
// different values for a leaf, the one wins whose leaf was published more often
// (so a branch that changed it wins over one that only inherited it); of equals
// the task that is later in the definition wins.
func mergeContexts(tasks []*store.Task) (ctx, versions *value.Map) {
	if len(tasks) == 0 {
		return value.NewMap(0), value.NewMap(0)
	}
	last := tasks[len(tasks)-1]
	if len(tasks) == 1 {
		return orEmpty(last.Context), orEmpty(last.Versions)
	}
	ctx = cloneMap(last.Context)
	versions = cloneMap(last.Versions)
	for i := len(tasks) - 2; i >= 0; i-- {
		mergeInto(ctx, versions, tasks[i].Context, tasks[i].Versions, "")
		for path, v := range tasks[i].Versions.All() {
			if version(versions, path) < v.(int64) {
				versions.Set(path, v)
			}
		}
	}
	return ctx, versions
}

func mergeInto(left, leftVersions, right, rightVersions *value.Map, prefix string) {
	for k, rv := range right.All() {
		lv, ok := left.Get(k)
		if !ok {
			left.Set(k, value.Clone(rv))
			continue
		}
		path := join(prefix, k)
		lm, lok := lv.(*value.Map)
		rm, rok := rv.(*value.Map)
		switch {
		case lok && rok:
			mergeInto(lm, leftVersions, rm, rightVersions, path)
		case version(rightVersions, path) > version(leftVersions, path):
			left.Set(k, value.Clone(rv))
		}
	}
}

// outbound is a task's context with what it published itself.
func outbound(in, versions, published *value.Map) (ctx, vers *value.Map) {
	if published.Len() == 0 {
		return in, versions
	}
	vers = overlay(versions)
	countLeaves(vers, published, "")
	return overlay(in, published), vers
}

func countLeaves(versions, published *value.Map, prefix string) {
	for k, v := range published.All() {
		path := join(prefix, k)
		if m, ok := v.(*value.Map); ok {
			countLeaves(versions, m, path)
			continue
		}
		versions.Set(path, version(versions, path)+1)
	}
}

func version(versions *value.Map, path string) int64 {
	v, _ := versions.Get(path)
	n, _ := v.(int64)
	return n
}

func join(prefix, key string) string {
	if prefix == "" {
		return key
	}
	return prefix + "." + key
}

func orEmpty(m *value.Map) *value.Map {
	if m == nil {
		return value.NewMap(0)
	}
	return m
}

func cloneMap(m *value.Map) *value.Map { return value.Clone(orEmpty(m)).(*value.Map) }
