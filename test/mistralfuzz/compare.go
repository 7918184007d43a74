package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
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
		if _, ok := earlier[text(ours, "id")]; ok && (text(theirs, "state") == engine.Error || neverRan(c, theirs)) {
			return verdict{kind: "known: 15"}
		}
		return verdict{"only Sirocco rejects it: " + position.ReplaceAllString(firstLine(ourText), ""), ourText + "\n" + encode(theirs)}
	case theirText != "":
		return verdict{"only Mistral rejects it", theirText + "\n" + encode(ours)}
	}
	return compareEnds(c, theirs, ours)
}

// earlier are the ids of the diagnostics of what fails for sure when it runs;
// true for those that are errors also where nothing may come to it, 15.
var earlier = map[string]bool{
	"expression": true, "unknown-action": true, "unknown-workflow": true, "action-input": true,
	"join-never": false, "not-a-list": false, "lists-differ": false, "unknown-variable": false,
}

// neverRan reports whether all errors are in tasks that Mistral did not come to.
func neverRan(c generate.Case, theirs *value.Map) bool {
	registry, err := actions.NewRegistry()
	if err != nil {
		return false
	}
	file := c.YAML()
	_, diags := outcome.Compile(registry, []outcome.File{{Name: "wf.yaml", Data: file}}, nil)
	return !slices.ContainsFunc(diags, func(d dsl.Diagnostic) bool {
		if d.Severity != dsl.Error {
			return false
		}
		wf, task := taskAt(file, d.Subject.Start.Line)
		return !earlier[d.ID] || task == "" || ofTasks(theirs, func(workflow string, t *value.Map) bool {
			return workflow == wf && text(t, "name") == task
		})
	})
}

// taskAt names the workflow and the task that a line of a generated file is in.
func taskAt(file []byte, line int) (workflow, task string) {
	inTasks := false
	for i, l := range strings.Split(string(file), "\n") {
		name := strings.TrimSuffix(strings.TrimSpace(l), ":")
		switch indent := len(l) - len(strings.TrimLeft(l, " ")); {
		case i >= line || l == "":
			return workflow, task
		case indent == 0:
			workflow, task, inTasks = name, "", false
		case indent == 2:
			inTasks, task = name == "tasks", ""
		case indent == 4 && inTasks:
			task = name
		}
	}
	return workflow, task
}

var position = regexp.MustCompile(`^\S+:\d+:\d+: `)

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func compareEnds(c generate.Case, theirs, ours *value.Map) verdict {
	o := outcomes{Case: c, raw: ours, theirs: withoutTarget(value.Clone(theirs)).(*value.Map)}
	o.ours = replaced(withoutTarget(value.Clone(ours)), func(s string) string { return stamps.ReplaceAllString(s, "<time>") }).(*value.Map)
	o.overrun = overrunIn(c, "wf", theirs)
	without(o.theirs, "arrivals")
	without(o.theirs, "backlog") // what a resume would start
	outcome.Normalize(o.theirs)
	outcome.Normalize(o.ours)
	v := diff(o.theirs, o.ours)
	if v.kind == "" {
		return v
	}
	var numbers []string
	for _, d := range differences {
		if !d.reconcile(&o) {
			continue
		}
		numbers = append(numbers, d.number)
		if diff(o.theirs, o.ours).kind == "" {
			return verdict{kind: "known: " + strings.Join(numbers, " and ")}
		}
	}
	return v
}

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

var stamps = regexp.MustCompile(`\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b`)

// without takes a member of an outcome, and of those of its sub-workflows, away.
func without(m *value.Map, member string) {
	m.Delete(member)
	list, _ := m.Get("tasks")
	tasks, _ := list.([]any)
	for _, t := range tasks {
		v, _ := t.(*value.Map).Get("executions")
		execs, _ := v.([]any)
		for _, e := range execs {
			without(e.(*value.Map), member)
		}
	}
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
