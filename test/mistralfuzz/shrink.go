package main

import (
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// shrink takes parts of a case away for as long as still says that what is left
// shows the same.
func shrink(c generate.Case, still func(generate.Case) bool) generate.Case {
	for {
		smaller, ok := shrinkOnce(c, still)
		if !ok {
			return c
		}
		c = smaller
	}
}

// shrinkOnce tries all reductions, taking each that holds.
func shrinkOnce(c generate.Case, still func(generate.Case) bool) (generate.Case, bool) {
	any := false
	for i := 0; ; {
		r := reductions(c)
		if i >= len(r) {
			return c, any
		}
		if next := r[i](); still(next) {
			c, any = next, true
			continue // what comes next is another one now
		}
		i++
	}
}

// reductions are the ways to make a case smaller by one step, the larger steps first.
func reductions(c generate.Case) []func() generate.Case {
	var out []func() generate.Case
	if c.Before != nil {
		out = append(out, func() generate.Case { d := c; d.Before = nil; return d })
	}
	for _, wf := range generate.Workflows(c.Doc).Keys() {
		for _, t := range tasksOf(c.Doc, wf).Keys() {
			out = append(out, func() generate.Case { return withoutTask(c, wf, t) })
		}
	}
	for _, part := range []func(*generate.Case) **value.Map{
		func(c *generate.Case) **value.Map { return &c.Doc },
		func(c *generate.Case) **value.Map { return &c.Input },
		func(c *generate.Case) **value.Map { return &c.Params },
	} {
		for _, edit := range edits(*part(&c)) {
			out = append(out, func() generate.Case {
				d := c
				*part(&d) = edit().(*value.Map)
				return d
			})
		}
	}
	return out
}

func tasksOf(doc *value.Map, wf string) *value.Map {
	v, _ := generate.Workflows(doc).Get(wf)
	m, _ := v.(*value.Map)
	tasks, _ := m.Get("tasks")
	list, _ := tasks.(*value.Map)
	return list
}

// withoutTask leaves out a task with the routes that lead to it.
func withoutTask(c generate.Case, wf, name string) generate.Case {
	c.Doc = value.Clone(c.Doc).(*value.Map)
	tasks := tasksOf(c.Doc, wf)
	tasks.Delete(name)
	for _, t := range tasks.All() {
		body, ok := t.(*value.Map)
		if !ok {
			continue
		}
		for _, clause := range []string{"on-success", "on-error", "on-complete"} {
			v, ok := body.Get(clause)
			if list, isList := v.([]any); isList {
				list = slices.DeleteFunc(slices.Clone(list), func(r any) bool { return leadsTo(r, name) })
				body.Set(clause, list)
				if len(list) == 0 {
					body.Delete(clause)
				}
			} else if ok && leadsTo(v, name) {
				body.Delete(clause)
			}
		}
	}
	return c
}

func leadsTo(route any, name string) bool {
	if m, ok := route.(*value.Map); ok {
		return m.Has(name)
	}
	return route == name
}

// edits are the trees that come of a tree by one small step.
func edits(v any) []func() any {
	var out []func() any
	switch v := v.(type) {
	case *value.Map:
		for _, k := range v.Keys() {
			out = append(out, func() any { m := value.Clone(v).(*value.Map); m.Delete(k); return m })
		}
		for k, e := range v.All() {
			for _, edit := range edits(e) {
				out = append(out, func() any { m := value.Clone(v).(*value.Map); m.Set(k, edit()); return m })
			}
		}
	case []any:
		for i := range v {
			out = append(out, func() any { return slices.Delete(slices.Clone(v), i, i+1) })
		}
		for i, e := range v {
			for _, edit := range edits(e) {
				out = append(out, func() any { l := slices.Clone(v); l[i] = edit(); return l })
			}
		}
	case string:
		for _, s := range simpler(v) {
			out = append(out, func() any { return s })
		}
	case int64:
		if v > 1 {
			out = append(out, func() any { return v - 1 })
		}
	}
	return out
}

// simpler are texts that may do as well: an expression by a part of it.
func simpler(s string) []string {
	var out []string
	open := strings.Index(s, "<%")
	end := strings.LastIndex(s, "%>")
	if open < 0 || end < open {
		return nil
	}
	before, inner, after := s[:open], strings.TrimSpace(s[open+2:end]), s[end+2:]
	for _, part := range append([]string{"1", "true", "x"}, parts(inner)...) {
		if len(part) < len(inner) {
			out = append(out, before+"<% "+part+" %>"+after)
		}
	}
	return out
}

// parts are what stands in brackets in an expression, what stands before a
// method and what stands beside an operator.
func parts(e string) []string {
	var out, stack []string
	var starts []int
	depth := 0
	for i, r := range e {
		switch r {
		case '(', '[', '{':
			starts = append(starts, i+1)
			if depth == 0 && i > 0 {
				out = append(out, e[:i])
			}
			depth++
		case ')', ']', '}':
			depth--
			if len(starts) > 0 {
				out = append(out, e[starts[len(starts)-1]:i])
				starts = starts[:len(starts)-1]
				stack = append(stack, e[:i+1])
			}
		case ' ', ',', '.':
			if i > 0 {
				out = append(out, strings.TrimSpace(e[:i]), strings.TrimSpace(e[i+1:]))
			}
		}
	}
	return slices.DeleteFunc(append(out, stack...), func(s string) bool { return s == "" || !balanced(s) })
}

// balanced reports whether the brackets and quotes of an expression are closed.
func balanced(e string) bool {
	depth := 0
	for _, r := range e {
		switch r {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth < 0 {
			return false
		}
	}
	return depth == 0 && strings.Count(e, "'")%2 == 0 && !strings.Contains(e, "%>")
}
