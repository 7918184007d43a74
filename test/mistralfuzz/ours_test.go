package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// TestRandomWorkflowsEnd runs random workflows on our side only, and holds what
// must be true of any of them.
func TestRandomWorkflowsEnd(t *testing.T) {
	states := map[any]int{}
	for seed := range uint64(300) {
		c := generate.Workflow(seed, generate.Options{})
		got, err := runOurs(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		state, ended := got.Get("state")
		states[state]++
		if !ended {
			if !got.Has("rejected") && !got.Has("error") {
				t.Fatalf("seed %d: %s\n%s", seed, encode(got), c.YAML())
			}
			continue
		}
		if problem := invariant(got); problem != "" {
			t.Errorf("seed %d: %s\n%s%s", seed, problem, c.YAML(), encode(got))
		}
	}
	if states[engine.Success] < 80 || states[engine.Error] < 20 {
		t.Errorf("of 300 workflows %v ended so", states)
	}
}

// invariant says what is wrong with an outcome, whatever the workflow is.
func invariant(got *value.Map) string {
	state, _ := got.Get("state")
	info, _ := got.Get("state_info")
	output, _ := got.Get("output")
	switch {
	case state == engine.Paused:
		return ""
	case state != engine.Success && state != engine.Error:
		return "it did not end"
	case value.Kind(output) != value.Kind(value.NewMap(0)):
		return "the output is no dictionary"
	}
	if s, _ := info.(string); state == engine.Error && strings.HasPrefix(s, "Failure caused") {
		if r, _ := output.(*value.Map).Get("result"); r != info {
			return "the output's result is not the state_info"
		}
	}
	list, _ := got.Get("tasks")
	for _, t := range list.([]any) {
		task := t.(*value.Map)
		if s, _ := task.Get("state"); !slices.Contains([]any{engine.Success, engine.Error, "IDLE"}, s) {
			return "a task neither ended nor waits for a resume"
		}
		subs, _ := task.Get("executions")
		execs, _ := subs.([]any)
		for _, e := range execs {
			if problem := invariant(e.(*value.Map)); problem != "" {
				return "of a sub-workflow: " + problem
			}
		}
	}
	return ""
}

// TestOutcomesAreStable: what runs at the same time does not decide how a
// workflow ends, unless a command or a fault of the workflow ends it early, or a
// join takes what comes first or fails with the first of its inbounds.
func TestOutcomesAreStable(t *testing.T) {
	for seed := range uint64(60) {
		c := generate.Workflow(seed, generate.Options{})
		first, err := runOurs(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if byTiming(c, first) {
			continue
		}
		outcome.Normalize(first)
		for range 2 {
			again, err := runOurs(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			outcome.Normalize(again)
			if v := diff(first, again); v.kind != "" {
				t.Fatalf("seed %d: %s\n%s%s", seed, v.kind, c.YAML(), v.text)
			}
		}
	}
}

var early = regexp.MustCompile(`succeed|join: (one|\d)|[ "]fail|pause|global`)

// TestShrink: what is left still shows what was looked for, and nothing else.
func TestShrink(t *testing.T) {
	for seed := range uint64(20) {
		c := generate.Workflow(seed, generate.Options{})
		if !strings.Contains(string(c.YAML()), "std.fail") {
			continue
		}
		small := shrink(c, func(c generate.Case) bool { return strings.Contains(string(c.YAML()), "std.fail") })
		text := string(small.YAML())
		if !strings.Contains(text, "std.fail") || strings.Count(text, "\n") > 4 {
			t.Errorf("seed %d shrank to\n%s", seed, text)
		}
	}
}
