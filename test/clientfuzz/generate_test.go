package main

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func lookup(t *testing.T, name string) *actions.Action {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	a, err := registry.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestCallsAreSeeded: a seed gives the same call again, different seeds different
// ones, and each call is one that the action's parameters allow.
func TestCallsAreSeeded(t *testing.T) {
	inputs, err := recordedInputs("../../shared/actions/testdata/recordings")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nova.servers_create", "neutron.list_networks", "glance.images_create"} {
		a := lookup(t, name)
		g := newGenerator(a, inputs[name])
		texts := map[string]bool{}
		for seed := range uint64(200) {
			c := g.call(seed)
			again := newGenerator(a, inputs[name]).call(seed)
			if !value.Equal(c.Input, again.Input) {
				t.Fatalf("%s, seed %d: %s, then %s", name, seed, value.MustEncode(c.Input), value.MustEncode(again.Input))
			}
			if err := a.CheckInput(c.Input.Keys()); err != nil {
				t.Fatalf("%s, seed %d: %v", name, seed, err)
			}
			texts[string(value.MustEncode(c.Input))] = true
		}
		if len(texts) < 50 {
			t.Errorf("%s: only %d different calls", name, len(texts))
		}
	}
}

// TestChoice: optional arguments come alone, all together, and not at all.
func TestChoice(t *testing.T) {
	a := lookup(t, "cinder.volumes_create")
	g := newGenerator(a, nil)
	counts := map[int]int{}
	for seed := range uint64(300) {
		counts[g.call(seed).Input.Len()]++
	}
	required := 0
	for _, p := range a.Params {
		if p.Required {
			required++
		}
	}
	for _, n := range []int{required, required + 1, len(a.Params)} {
		if counts[n] == 0 {
			t.Errorf("no call has %d of %d arguments: %v", n, len(a.Params), counts)
		}
	}
}
