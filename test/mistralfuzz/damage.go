package main

import (
	"context"
	"regexp"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// damaged compares what the two validators say of one damaged workflow.
func damaged(_ context.Context, m *mistral, seed uint64) (verdict, error) {
	c := generate.Damaged(seed)
	v, err := compareVerdicts(m, c)
	if err != nil || !v.differs() {
		return v, err
	}
	small := shrink(c, func(c generate.Case) bool {
		w, err := compareVerdicts(m, c)
		return err == nil && w.kind == v.kind
	})
	w, err := compareVerdicts(m, small)
	w.text = string(small.YAML()) + w.text
	return w, err
}

func compareVerdicts(m *mistral, c generate.Case) (verdict, error) {
	text := c.YAML()
	theirs, err := m.rejected(text)
	if err != nil {
		return verdict{}, err
	}
	_, diags := dsl.Parse("wf.yaml", text, dsl.Options{})
	if theirs != "" && !diags.HasErrors() {
		// Expressions are checked when it is compiled.
		registry, err := actions.NewRegistry()
		if err != nil {
			return verdict{}, err
		}
		_, diags = outcome.Compile(registry, []outcome.File{{Name: "wf.yaml", Data: text}}, nil)
	}
	switch {
	case diags.HasErrors() == (theirs != ""):
		return verdict{}, nil
	case theirs == "" && onPurpose(diags) != "":
		return verdict{kind: "known: " + onPurpose(diags)}, nil
	case theirs != "":
		return verdict{"only Mistral rejects it: " + reason(theirs), theirs}, nil
	default:
		return verdict{"only Sirocco rejects it: " + firstID(diags), diags.Error()}, nil
	}
}

// reason is the beginning of a text of Mistral's, which says what it is about.
func reason(text string) string {
	line := firstLine(text)
	return line[:min(len(line), 60)]
}

// onPurpose is the number in docs/differences.md of what only Sirocco refuses.
func onPurpose(diags dsl.Diagnostics) string {
	number := ""
	for _, d := range diags {
		if d.Severity != dsl.Error {
			continue
		}
		switch {
		case d.ID == "inline-lost":
			number = "4"
		case d.ID == "version":
			number = "33"
		case d.ID == "guard-not-in-list", lenient.MatchString(d.Summary):
			number = "34"
		default:
			return ""
		}
	}
	return number
}

// lenient are the mistakes that Mistral's schema has no eye for.
var lenient = regexp.MustCompile(`^unknown key ".*" in (workflow|task "version")|^"description" of workflow|^"input" of task .* must be a dictionary or one`)

func firstID(diags dsl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == dsl.Error {
			return d.ID
		}
	}
	return ""
}
