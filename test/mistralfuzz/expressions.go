package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// expressions compares the values of one random expression.
func expressions(ctx context.Context, m *mistral, seed uint64) (verdict, error) {
	e := "<% " + generate.Expression(seed) + " %>"
	v, err := compareExpression(ctx, m, e)
	if err != nil || !v.differs() {
		return v, err
	}
	for again := true; again; {
		again = false
		for _, s := range simpler(e) {
			if w, err := compareExpression(ctx, m, s); err == nil && w.kind == v.kind {
				e, v, again = s, w, true
				break
			}
		}
	}
	return verdict{v.kind, e + "\n" + v.text}, nil
}

func compareExpression(ctx context.Context, m *mistral, e string) (verdict, error) {
	data := generate.Variables()
	results, err := m.evaluate([]string{e}, data)
	if err != nil {
		return verdict{}, err
	}
	theirs := results[0].(*value.Map)
	ours, ourErr := expr.EvalTree(ctx, e, &expr.Scope{Data: data})
	want, ok := theirs.Get("value")
	switch {
	case !ok && ourErr != nil:
		return verdict{}, nil //nolint:nilerr // both fail: that is what is asked
	case !ok:
		return verdict{"only Mistral fails", text(theirs, "error") + "\nsirocco: " + encode(ours)}, nil
	case ourErr != nil:
		if strings.Contains(ourErr.Error(), "toList()") {
			return verdict{kind: "known: 19"}, nil
		}
		return verdict{"only Sirocco fails", fmt.Sprint(ourErr) + "\nmistral: " + encode(want)}, nil
	}
	ours, err = value.Decode([]byte(encode(ours)))
	if err != nil {
		return verdict{}, err
	}
	if value.Equal(want, ours) {
		return verdict{}, nil
	}
	if listed(want, ours) {
		return verdict{kind: "known: 19"}, nil
	}
	return verdict{"the values differ", "-mistral +sirocco:\n" + cmp.Diff(value.Plain(want), value.Plain(ours))}, nil
}

var address = regexp.MustCompile(`^<[^<>]+ at 0x[0-9a-f]+>$`)

// listed reports whether two values, or what two JSON texts hold, differ only in
// that ours have a list where Mistral's have an iterator's address, 19.
func listed(theirs, ours any) bool {
	switch a := theirs.(type) {
	case string:
		if _, ok := ours.([]any); ok {
			return address.MatchString(a)
		}
		b, ok := ours.(string)
		if !ok || a == b {
			return ok
		}
		x, err := value.Decode([]byte(a))
		y, ourErr := value.Decode([]byte(b))
		return err == nil && ourErr == nil && strings.Contains(a, " at 0x") && listed(x, y)
	case []any:
		b, ok := ours.([]any)
		return ok && slices.EqualFunc(a, b, listed)
	case *value.Map:
		b, ok := ours.(*value.Map)
		if !ok || !slices.Equal(a.Keys(), b.Keys()) {
			return false
		}
		for k, v := range a.All() {
			if w, _ := b.Get(k); !listed(v, w) {
				return false
			}
		}
		return true
	default:
		return value.Equal(theirs, ours)
	}
}
