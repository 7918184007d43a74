package main

import (
	"context"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
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
	switch {
	case diags.HasErrors() == (theirs != ""):
		return verdict{}, nil
	case theirs != "":
		return verdict{"only Mistral rejects it", theirs}, nil
	default:
		return verdict{"only Sirocco rejects it", diags.Error()}, nil
	}
}
