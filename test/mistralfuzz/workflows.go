package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// workflow compares the outcomes of one random workflow.
func (o options) workflow(ctx context.Context, m *mistral, seed uint64) (verdict, error) {
	return o.workflowOf(ctx, m, generate.Workflow(seed, generate.Options{}))
}

// reverse compares the outcomes of one random reverse workflow.
func (o options) reverse(ctx context.Context, m *mistral, seed uint64) (verdict, error) {
	return o.workflowOf(ctx, m, generate.Workflow(seed, generate.Options{Reverse: true}))
}

// workbook compares the outcomes of one random workbook.
func (o options) workbook(ctx context.Context, m *mistral, seed uint64) (verdict, error) {
	return o.workflowOf(ctx, m, generate.Workbook(seed, generate.Options{}))
}

func (o options) workflowOf(ctx context.Context, m *mistral, c generate.Case) (verdict, error) {
	v, err := o.compare(ctx, m, c, o.orders)
	if err != nil || !v.differs() {
		return v, err
	}
	// While it shrinks, fewer orders do; what is left is looked at again with all.
	until := time.Now().Add(shrinkTime)
	small := shrink(c, func(c generate.Case) bool {
		if time.Now().After(until) {
			return false
		}
		w, err := o.compare(ctx, m, c, min(o.orders, 3))
		return err == nil && w.kind == v.kind
	})
	w, err := o.compare(ctx, m, small, o.orders)
	if err != nil {
		return v, err
	}
	if !w.differs() {
		small, w = c, v // too much was taken away
	}
	v.text = string(bytes.Join(small.Files(), []byte("---\n"))) + "input: " + encode(small.Input) + " params: " + encode(small.Params) + "\n" + w.text
	return v, nil
}

// shrinkTime is how long a case is made smaller at most.
const shrinkTime = 90 * time.Second

// compare runs a case on both sides, in Mistral also in other orders where the
// outcomes differ.
func (o options) compare(ctx context.Context, m *mistral, c generate.Case, orders int) (verdict, error) {
	ours, err := runOurs(ctx, c)
	if err != nil {
		return verdict{}, err
	}
	var first verdict
	for order := range uint64(orders + 1) {
		theirs, err := m.run(c, order)
		if err != nil {
			return verdict{}, err
		}
		v := compareOutcomes(c, theirs, ours)
		if v.differs() && text(ours, "id") == "expression" {
			return certain(m, c, v)
		}
		if !v.differs() {
			if order > 0 && v.kind == "" {
				v.kind = "known: Mistral's outcome depends on the order"
			}
			return v, nil
		}
		if order == 0 {
			first = v
		}
	}
	return first, nil
}

// certain looks at an expression that is refused here when it is compiled and
// that Mistral did not come to (15): it, or the part of it that is refused, must
// fail there too.
func certain(m *mistral, c generate.Case, v verdict) (verdict, error) {
	all := texts(c.Doc)
	for _, doc := range c.Before {
		all = append(all, texts(doc)...)
	}
	for _, text := range all {
		problems := expr.Check(text).Problems
		if len(problems) == 0 {
			continue
		}
		results, err := m.evaluate([]string{text, refusedPart(text, problems)}, generate.Variables())
		if err != nil || !slices.ContainsFunc(results, func(r any) bool { return !r.(*value.Map).Has("value") }) {
			return v, err
		}
	}
	return verdict{kind: "known: 15"}, nil
}

// refusedPart is the shortest call in an expression that is refused for the same
// reason: Mistral may have no need of it to evaluate the whole.
func refusedPart(text string, problems []expr.Problem) string {
	shortest := text
	for end, r := range text {
		for start := end; r == ')' && start >= 0; start-- {
			part := "<% " + text[start:end+1] + " %>"
			if len(part) >= len(shortest) || !balanced(text[start:end+1]) {
				continue
			}
			if sameProblems(problems, expr.Check(part).Problems) {
				shortest = part
			}
		}
	}
	return shortest
}

// sameProblems reports whether an expression is refused for what a part of it is.
func sameProblems(all, part []expr.Problem) bool {
	return len(part) > 0 && !slices.ContainsFunc(part, func(p expr.Problem) bool {
		return p.Kind == expr.Syntax || !slices.ContainsFunc(all, func(a expr.Problem) bool { return a.Kind == p.Kind && a.Message == p.Message })
	})
}

// texts are all texts of a tree.
func texts(v any) []string {
	var out []string
	switch v := v.(type) {
	case *value.Map:
		for _, e := range v.All() {
			out = append(out, texts(e)...)
		}
	case []any:
		for _, e := range v {
			out = append(out, texts(e)...)
		}
	case string:
		out = append(out, v)
	}
	return out
}

func files(c generate.Case) []outcome.File {
	var out []outcome.File
	for i, text := range c.Files() {
		out = append(out, outcome.File{Name: fmt.Sprintf("file%d.yaml", i+1), Data: text})
	}
	return out
}

func runOurs(ctx context.Context, c generate.Case) (*value.Map, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	ours, err := outcome.Of(ctx, outcome.Case{Files: files(c), Input: c.Input, Params: c.Params})
	if err != nil {
		return value.MapOf("crashed", err.Error()), nil
	}
	return ours, nil
}
