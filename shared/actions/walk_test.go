package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The walk goes through the life of each kind of resource by actions alone. A
// line of testdata/walk.txt is
//
//	action {arguments} [=> check]... [as name]
//
// $name in the arguments stands for a result or a field of it ($net.network.id).
// A check is `path = JSON`, `has JSON` (a list holds a dictionary with these
// fields), `lacks JSON`, `error Name`, or `null`. Lines of a block share names; a blank
// line ends a block.

type walker struct {
	t      *testing.T
	runner *actions.Runner
	target openstack.Request
	names  map[string]any
	line   string
}

func TestWalk(t *testing.T) {
	s, err := sandbox.Start(context.Background(), sandbox.Options{Progress: sandbox.Progress{Reads: -1}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	clouds, err := openstack.ParseClouds([]byte(s.AllCloudsYAML()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	manager, err := openstack.New(openstack.Config{Clouds: clouds})
	if err != nil {
		t.Fatal(err)
	}
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/walk.txt")
	if err != nil {
		t.Fatal(err)
	}
	regions := s.Regions("alpha")[:2]
	runner := actions.NewRunner(registry, manager, actions.RunnerOptions{})
	for _, region := range regions {
		for block := range strings.SplitSeq(string(text), "\n\n") {
			title, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(block), "# "), "\n")
			t.Run(region+"/"+title, func(t *testing.T) {
				w := &walker{t: t, runner: runner, names: map[string]any{"region": region},
					target: openstack.Request{Cloud: "alpha-admin", Region: region}}
				w.walk(block)
			})
		}
	}
}

func (w *walker) walk(block string) {
	for line := range strings.SplitSeq(block, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		w.line = line
		line, as, _ := strings.Cut(line, " as ")
		parts := strings.Split(line, " => ")
		action, args, _ := strings.Cut(strings.TrimSpace(parts[0]), " ")
		out, err := w.runner.Run(context.Background(), actions.Call{Action: action, Input: w.input(args), Target: w.target})
		w.check(out.Result, err, parts[1:])
		if as != "" {
			w.names[strings.TrimSpace(as)] = out.Result
		}
	}
}

// input reads arguments and puts results in the place of $names.
func (w *walker) input(args string) *value.Map {
	if args == "" {
		return nil
	}
	v, err := value.Decode([]byte(args))
	if err != nil {
		w.t.Fatalf("%s: %v", w.line, err)
	}
	return w.fill(v).(*value.Map)
}

func (w *walker) fill(v any) any {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			return w.lookup(name)
		}
	case []any:
		for i := range v {
			v[i] = w.fill(v[i])
		}
	case *value.Map:
		for _, k := range v.Keys() {
			e, _ := v.Get(k)
			v.Set(k, w.fill(e))
		}
	}
	return v
}

func (w *walker) lookup(path string) any {
	name, rest, _ := strings.Cut(path, ".")
	return w.field(w.names[name], rest)
}

func (w *walker) field(v any, path string) any {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		if list, ok := v.([]any); ok {
			i := 0
			fmt.Sscan(name, &i)
			if i >= len(list) {
				w.t.Fatalf("%s: nothing at %s", w.line, name)
			}
			v = list[i]
			continue
		}
		m, ok := v.(*value.Map)
		if !ok {
			w.t.Fatalf("%s: %v has no field %s", w.line, v, name)
		}
		v, _ = m.Get(name)
	}
	return v
}

func (w *walker) check(result any, err error, checks []string) {
	w.t.Helper()
	for _, check := range checks {
		if name, ok := strings.CutPrefix(strings.TrimSpace(check), "error "); ok {
			if got := strings.TrimPrefix(fmt.Sprintf("%T", err), "openstack."); got != name {
				w.t.Fatalf("%s: %T %v", w.line, err, err)
			}
			return
		}
	}
	if err != nil {
		w.t.Fatalf("%s: %T %v", w.line, err, err)
	}
	for _, check := range checks {
		check = strings.TrimSpace(check)
		if err := w.holds(result, check); err != nil {
			text, _ := value.Encode(result)
			w.t.Errorf("%s: %v; the result is %.600s", w.line, err, text)
		}
	}
}

func (w *walker) holds(result any, check string) error {
	word, rest, _ := strings.Cut(check, " ")
	switch word {
	case "null":
		if result != nil {
			return errors.New("it is not null")
		}
		return nil
	case "has", "lacks":
		if w.holdsAny(result, rest) != (word == "has") {
			return fmt.Errorf("%s %s is not so", word, rest)
		}
		return nil
	}
	path, want, _ := strings.Cut(check, " = ")
	got := w.field(result, strings.TrimPrefix(path, "."))
	if !value.Equal(got, w.json(want)) {
		return fmt.Errorf("%s is %v", path, got)
	}
	return nil
}

func (w *walker) json(text string) any {
	if !json.Valid([]byte(text)) {
		w.t.Fatalf("%s: %s is no JSON", w.line, text)
	}
	v, _ := value.Decode([]byte(text))
	return w.fill(v)
}

// holdsAny reports whether a list, or the first list in a dictionary, has an
// item with the fields.
func (w *walker) holdsAny(result any, fields string) bool {
	if m, ok := result.(*value.Map); ok {
		for _, v := range m.All() {
			if list, ok := v.([]any); ok {
				result = list
				break
			}
		}
	}
	want := w.json(fields).(*value.Map)
	list, ok := result.([]any)
	if !ok {
		w.t.Fatalf("%s: the result is no list", w.line)
	}
	for _, item := range list {
		m, _ := item.(*value.Map)
		all := true
		for k, v := range want.All() {
			got, ok := m.Get(k)
			all = all && ok && value.Equal(got, v)
		}
		if all {
			return true
		}
	}
	return false
}
