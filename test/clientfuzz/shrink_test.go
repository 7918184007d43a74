package main

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestShrink: what remains is what the difference needs, and required arguments.
func TestShrink(t *testing.T) {
	a := lookup(t, "nova.servers_create")
	input := value.MapOf("name", "größe", "image", "i", "flavor", "f", "meta", value.MapOf("a", "b", "c", []any{int64(5), nil, "long text"}),
		"max_count", int64(7), "key_name", "k")
	tries := 0
	got := shrink(call{a.Name, input}, a, func(c call) bool {
		tries++
		meta, _ := c.Input.Get("meta")
		m, _ := meta.(*value.Map)
		list, _ := m.Get("c")
		l, _ := list.([]any)
		return len(l) >= 1 && l[0] != nil
	})
	want := value.MapOf("name", "x", "image", "x", "flavor", "x", "meta", value.MapOf("c", []any{"x"}))
	if !value.Equal(got.Input, want) {
		t.Errorf("%s", value.MustEncode(got.Input))
	}
	if tries > 200 {
		t.Errorf("%d tries", tries)
	}
	if v, _ := input.Get("max_count"); v != int64(7) {
		t.Error("the call itself was changed")
	}
}

// TestSimplerEnds: every way of making a value simpler comes to an end.
func TestSimplerEnds(t *testing.T) {
	for seed := range uint64(300) {
		g := newGenerator(lookup(t, "heat.stacks_create"), nil)
		v := any(g.call(seed).Input)
		for steps := 0; ; steps++ {
			s := simpler(v)
			if len(s) == 0 {
				break
			}
			v = s[len(s)-1]
			if steps > 1000 {
				t.Fatalf("seed %d does not end: %s", seed, value.MustEncode(v))
			}
		}
	}
}
