package actions

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestEveryActionTakesTargets: where an action goes can be said to each of a
// cloud's, but by a parameter of that name that it has itself.
func TestEveryActionTakesTargets(t *testing.T) {
	registry := newRegistry(t)
	n := 0
	for _, name := range registry.Names() {
		a := lookupIn(t, registry, name)
		for _, target := range TargetParams() {
			_, own := a.Param(target)
			input := rightArguments(a)
			if !own {
				input.Set(target, "x")
			}
			err := a.CheckValues(input)
			if takes := a.IsOpenStack() || own; takes != (err == nil) && !a.VarKW {
				t.Errorf("%s with %s: %v", name, target, err)
			}
			if own || !a.IsOpenStack() {
				continue
			}
			n++
			if !a.IsTargetParam(target) {
				t.Errorf("%s: %s is not where it goes", name, target)
			}
			input.Set(target, int64(5))
			checkRefusal(t, a, target, a.CheckValues(input))
		}
	}
	if n < 7000 {
		t.Errorf("only %d were looked at", n)
	}
}

// TestTargetsOfEveryService: they are not only taken, they lead there.
func TestTargetsOfEveryService(t *testing.T) {
	runner := newStubCloud(t).runner()
	for _, name := range runner.Registry().Names() {
		a := lookupIn(t, runner.Registry(), name)
		input := rightArguments(a)
		want := map[string]string{}
		for _, target := range []string{"action_region", "cloud", "auth_url", "interface"} {
			if a.IsTargetParam(target) {
				input.Set(target, "https://x.invalid/v3")
				want[target] = "https://x.invalid/v3"
			}
		}
		got := runner.target(a, Call{Input: input})
		if got.Region != want["action_region"] || got.Cloud != want["cloud"] || got.AuthURL != want["auth_url"] || got.Interface != want["interface"] || got.Trusted {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestWrongArguments gives every action every kind of wrong argument, one at a
// time: each is refused by name, before any request.
func TestWrongArguments(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	tried := 0
	for _, name := range runner.Registry().Names() {
		a := lookupIn(t, runner.Registry(), name)
		refused := func(parameter string, change func(*value.Map)) string {
			tried++
			input := rightArguments(a)
			change(input)
			_, err := runner.Run(context.Background(), Call{Action: name, Input: input})
			checkRefusal(t, a, parameter, err)
			return errText(err)
		}
		for _, p := range a.Params {
			if p.Required {
				refused(p.Name, func(m *value.Map) { m.Delete(p.Name) })
			}
			for _, wrong := range wrongFor(p.Type) {
				refused(p.Name, func(m *value.Map) { m.Set(p.Name, wrong) })
			}
			misspelt := p.Name[:max(len(p.Name)-1, 0)] + "q"
			if _, is := a.Param(misspelt); len(p.Name) < 4 || is || a.takesKeyword(misspelt) || a.IsTargetParam(misspelt) {
				continue
			}
			text := refused(misspelt, func(m *value.Map) { m.Set(misspelt, "x") })
			if _, near, ok := strings.Cut(text, "did you mean "); !ok || !suggests(a, near) {
				t.Errorf("%s(%s): %s", name, misspelt, text)
			}
		}
		if !a.takesKeyword("zzqqxxyyww") {
			refused("zzqqxxyyww", func(m *value.Map) { m.Set("zzqqxxyyww", "x") })
		}
	}
	if sent := cloud.take(); len(sent) != 0 {
		t.Errorf("%d requests were sent, the first %+v", len(sent), sent[0])
	}
	if t.Logf("%d wrong arguments", tried); tried < 6000 {
		t.Errorf("only %d were tried", tried)
	}
}

func suggests(a *Action, near string) bool {
	near = strings.TrimSuffix(near, "?")
	_, own := a.Param(near)
	return own || slices.Contains(a.keywords, near) || a.IsTargetParam(near)
}

func lookupIn(t *testing.T, r *Registry, name string) *Action {
	t.Helper()
	a, err := r.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rightArguments gives each required parameter a value of its type.
func rightArguments(a *Action) *value.Map {
	right := map[string]any{"any": "x", "string": "x", "bool": true, "int": int64(1), "number": 1.5, "list": []any{}, "dict": value.NewMap(0)}
	input := value.NewMap(0)
	for _, p := range a.Params {
		if p.Required {
			input.Set(p.Name, right[p.Type])
		}
	}
	return input
}

// wrongFor are values that are not of the type.
func wrongFor(typ string) []any {
	list, dict := []any{"x"}, value.MapOf("a", "b")
	return map[string][]any{
		"string": {int64(5), true, list, dict},
		"bool":   {"x", int64(2), 1.5, list, dict},
		"int":    {"x", "1.5", 1.5, list, dict},
		"number": {"x", true, list, dict},
		"list":   {"x", int64(5), true, dict},
		"dict":   {"x", int64(5), true, list},
	}[typ]
}

// checkRefusal holds an error to name the action and the parameter.
func checkRefusal(t *testing.T, a *Action, parameter string, err error) {
	t.Helper()
	var invalid InvalidInput
	if !errors.As(err, &invalid) || invalid.Action != a.Name || invalid.Parameter != parameter ||
		!strings.Contains(err.Error(), a.Name) || !strings.Contains(err.Error(), parameter) {
		t.Errorf("%s(%s): %T %v", a.Name, parameter, err, err)
	}
}
