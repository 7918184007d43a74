package main

import (
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

const formSeeds = 300

// structured reports whether the workflow that is started takes that form.
func structured(all []*compile.Workflow) bool { return all[0].Form() == "structured" }

// byTiming reports whether an outcome depends on what is sooner: see
// TestOutcomesAreStable.
func byTiming(c generate.Case, got *value.Map) bool {
	s := text(got, "state_info")
	return s != "" && !strings.HasPrefix(s, "Failure caused") || early.Match(c.YAML()) || strings.Contains(encode(got), "Failed by tasks")
}

func outcomeIn(t *testing.T, c generate.Case, threads bool) *value.Map {
	t.Helper()
	got, err := outcome.Of(t.Context(), outcome.Case{Files: files(c), Input: c.Input, Params: c.Params, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestFormsAgree: a workflow that takes the structured form ends as it does in the
// threads form, which is written and runs otherwise.
func TestFormsAgree(t *testing.T) {
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for seed := range uint64(formSeeds) {
		c := generate.Workflow(seed, generate.Options{})
		if seed%2 == 1 {
			c = generate.Workbook(seed, generate.Options{})
		}
		all, diags := outcome.Compile(registry, files(c), nil)
		if diags.HasErrors() || !structured(all) {
			continue
		}
		a := outcomeIn(t, c, false)
		if byTiming(c, a) {
			continue
		}
		b := outcomeIn(t, c, true)
		compared++
		outcome.Normalize(a)
		outcome.Normalize(b)
		if v := diff(a, b); v.kind != "" {
			t.Errorf("seed %d: %s\n%s%s", seed, v.kind, c.YAML(), strings.Replace(v.text, "-mistral +sirocco", "-structured +threads", 1))
		}
	}
	if compared < formSeeds/10 {
		t.Errorf("of %d workflows only %d were compared", formSeeds, compared)
	}
}
