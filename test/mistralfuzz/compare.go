package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// verdict is what a comparison comes to.
type verdict struct {
	// kind is "" for equal, "known: ..." for a difference that is described in
	// docs/differences.md or cannot be compared, else what differs.
	kind string
	text string
}

func (v verdict) differs() bool { return v.kind != "" && !strings.HasPrefix(v.kind, "known") }

// compareOutcomes holds our outcome of a case against one of Mistral's. Numbers
// are those of docs/differences.md.
func compareOutcomes(c generate.Case, theirs, ours *value.Map) verdict {
	if theirs.Has("hangs") {
		return compareHanging(c, theirs, ours)
	}
	ourText := text(ours, "rejected") + text(ours, "error")
	theirText := text(theirs, "rejected") + text(theirs, "refused")
	switch {
	case ourText != "" && theirText != "":
		return verdict{}
	case ourText != "":
		if state, _ := theirs.Get("state"); state == engine.Error && earlier[text(ours, "id")] {
			return verdict{kind: "known: 15"}
		}
		return verdict{"only Sirocco rejects it: " + position.ReplaceAllString(firstLine(ourText), ""), ourText + "\n" + encode(theirs)}
	case theirText != "":
		return verdict{"only Mistral rejects it", theirText + "\n" + encode(ours)}
	}
	return compareEnds(c, theirs, ours)
}

// earlier are the ids of the diagnostics of what fails for sure when it runs.
var earlier = map[string]bool{
	"expression": true, "unknown-action": true, "unknown-workflow": true, "unknown-parameter": true, "missing-parameter": true,
}

var position = regexp.MustCompile(`^\S+:\d+:\d+: `)

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func compareEnds(c generate.Case, theirs, ours *value.Map) verdict {
	theirs, ours = withoutTarget(value.Clone(theirs)).(*value.Map), withoutTarget(value.Clone(ours)).(*value.Map)
	arrivals, _ := theirs.Get("arrivals")
	theirs.Delete("arrivals")
	raw := value.Clone(ours)
	outcome.Normalize(theirs)
	outcome.Normalize(ours)
	v := diff(theirs, ours)
	if v.kind == "" {
		return v
	}
	// 12: an error whose on-error guards are all false is not named in Mistral.
	unnamed := guardedOnError(c.Doc)
	if unnamed {
		theirs, ours = maskFailures(theirs), maskFailures(ours)
		if w := diff(theirs, ours); w.kind == "" {
			return verdict{kind: "known: 12"}
		}
	}
	if strings.Contains(encode(raw), "toList()") {
		return verdict{kind: "known: 19"}
	}
	if state, _ := ours.Get("state"); state == engine.Paused && pausingJoin(c.Doc) {
		return verdict{kind: "known: 37"}
	}
	if overrun(c.Doc, arrivals) {
		return verdict{kind: "known: 1"}
	}
	if hasUnfinished(theirs) || commands.Match(c.YAML()) || structural.MatchString(text(theirs, "state_info")) {
		// 8: what ran when the workflow was ended stays as it was in Mistral, and
		// how much had run by then depends on timing. What a clause starts before
		// its command may fail at its start there, which is sooner.
		w := compareHeads(theirs, ours)
		if w.kind == "" || commands.Match(c.YAML()) && structural.MatchString(text(theirs, "state_info")) {
			return verdict{kind: "known: 8"}
		}
	}
	return v
}

var (
	commands   = regexp.MustCompile(`[ "](fail|succeed|pause)( msg|:|"|\n)|pause-before`)
	structural = regexp.MustCompile(`^Failed to (run|handle)`)
)

// withoutTarget is a value without what `$` has here only, 13.
func withoutTarget(v any) any {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			if t, ok := e.(*value.Map); ok && k == "openstack" && t.Has("auth_url") {
				v.Delete(k)
				continue
			}
			v.Set(k, withoutTarget(e))
		}
	case []any:
		for i, e := range v {
			v[i] = withoutTarget(e)
		}
	}
	return v
}

// pausingJoin reports whether a join task has pause-before.
func pausingJoin(doc *value.Map) bool {
	for _, wf := range doc.Keys() {
		for _, t := range tasksOf(doc, wf).All() {
			if body, ok := t.(*value.Map); ok && body.Has("join") && body.Has("pause-before") {
				return true
			}
		}
	}
	return false
}

// overrun reports whether more tasks led to a join than it waits for, 1.
func overrun(doc *value.Map, arrivals any) bool {
	counts, _ := arrivals.(*value.Map)
	for name, t := range tasksOf(doc, "wf").All() {
		body, ok := t.(*value.Map)
		if !ok {
			continue
		}
		n, _ := counts.Get(name)
		came, _ := n.(int64)
		join, _ := body.Get("join")
		switch join := join.(type) {
		case string:
			if join == "one" && came > 1 {
				return true
			}
		case int64:
			if came > join {
				return true
			}
		}
	}
	return false
}

// compareHanging is 3: a workflow that waits forever in Mistral must end here.
func compareHanging(_ generate.Case, theirs, ours *value.Map) verdict {
	if state, _ := ours.Get("state"); state == engine.Error {
		return verdict{kind: "known: 3"}
	}
	return verdict{"Mistral waits forever", encode(theirs) + "\n" + encode(ours)}
}

// compareHeads compares only how the execution itself ended.
func compareHeads(theirs, ours *value.Map) verdict {
	a, b := value.NewMap(2), value.NewMap(2)
	for _, k := range []string{"state", "state_info"} {
		x, _ := theirs.Get(k)
		y, _ := ours.Get(k)
		a.Set(k, x)
		b.Set(k, y)
	}
	return diff(a, b)
}

// diff names the first part that differs.
func diff(theirs, ours *value.Map) verdict {
	a, b := value.Plain(theirs), value.Plain(ours)
	d := cmp.Diff(a, b)
	if d == "" || value.Equal(theirs, ours) {
		return verdict{}
	}
	for _, part := range []string{"state", "state_info", "output", "tasks"} {
		x, _ := theirs.Get(part)
		y, _ := ours.Get(part)
		if !value.Equal(x, y) {
			return verdict{part + " differs" + gist(theirs) + " and" + gist(ours), "-mistral +sirocco:\n" + d}
		}
	}
	return verdict{"something differs", d}
}

// gist is how an execution ended in a few words, so that a case is not shrunk to
// one that shows something else.
func gist(m *value.Map) string {
	info := text(m, "state_info")
	if i := strings.IndexAny(info, "[:"); i >= 0 {
		info = info[:i]
	}
	return " (" + strings.TrimSpace(text(m, "state")+" "+info) + ")"
}

func hasUnfinished(m *value.Map) bool {
	list, _ := m.Get("tasks")
	tasks, _ := list.([]any)
	return slices.ContainsFunc(tasks, func(t any) bool {
		task := t.(*value.Map)
		if state, _ := task.Get("state"); state != engine.Success && state != engine.Error {
			return true
		}
		subs, _ := task.Get("executions")
		execs, _ := subs.([]any)
		return slices.ContainsFunc(execs, func(e any) bool { return hasUnfinished(e.(*value.Map)) })
	})
}

// guardedOnError reports whether some on-error has a guard.
func guardedOnError(v any) bool {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			if k == "on-error" && strings.Contains(encode(e), "<%") || guardedOnError(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, guardedOnError)
	}
	return false
}

var failures = regexp.MustCompile(`(?s)Failure caused by error in tasks: .*`)

func maskFailures(m *value.Map) *value.Map { return masked(m).(*value.Map) }

func masked(v any) any {
	switch v := v.(type) {
	case string:
		return failures.ReplaceAllString(v, "Failure caused by error in tasks")
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = masked(e)
		}
		return out
	case *value.Map:
		out := value.NewMap(v.Len())
		for k, e := range v.All() {
			out.Set(k, masked(e))
		}
		return out
	default:
		return v
	}
}

func text(m *value.Map, key string) string {
	v, ok := m.Get(key)
	if !ok || v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func encode(v any) string {
	b, err := value.Encode(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
