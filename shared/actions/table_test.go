package actions

import (
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func newRegistry(t testing.TB) *Registry {
	r, err := NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTables decodes every entry and holds it to what a reader may expect.
func TestTables(t *testing.T) {
	r := newRegistry(t)
	for _, service := range r.Services() {
		tab, err := r.table(service)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(tab.order) {
			t.Errorf("%s: the entries are not in alphabetical order", service)
		}
		for _, name := range tab.order {
			a, err := tab.action(name)
			if err != nil {
				t.Error(err)
				continue
			}
			checkEntry(t, a)
		}
	}
}

func checkEntry(t *testing.T, a *Action) {
	if a.Doc == "" || !strings.HasSuffix(a.Doc, ".") || strings.ToUpper(a.Doc[:1]) != a.Doc[:1] {
		t.Errorf("%s: doc %q is no sentence", a.Name, a.Doc)
	}
	if b := a.spec.base; a.spec.hook == nil && b.method == "" && b.refuse == "" && !b.nothing {
		t.Errorf("%s: neither a request, a hook nor a reason why there is none", a.Name)
	}
	known := map[string]bool{"@item": true}
	if a.spec.varkw != "" {
		known[a.spec.varkw] = true
	}
	for _, p := range a.Params {
		if known[p.Name] {
			t.Errorf("%s: parameter %s twice", a.Name, p.Name)
		}
		known[p.Name] = true
		if p.Default != nil && !isType(p.Default, p.Type) {
			t.Errorf("%s: the default of %s is not of its type", a.Name, p.Name)
		}
	}
	calls := []call{a.spec.base}
	for _, c := range a.spec.cases {
		calls = append(calls, c.call)
		for _, term := range c.when {
			checkName(t, a, known, term.name)
		}
	}
	for _, c := range calls {
		for _, name := range namesIn(&c) {
			checkName(t, a, known, name)
		}
	}
}

// checkName reports a placeholder that stands for no argument.
func checkName(t *testing.T, a *Action, known map[string]bool, name string) {
	if known[name] || strings.HasPrefix(name, "@") {
		return
	}
	if catchAll, _, ok := strings.Cut(name, "."); ok && catchAll == a.spec.varkw {
		return
	}
	t.Errorf("%s: {%s} is no parameter", a.Name, name)
}

// namesIn lists the arguments that a call's templates name.
func namesIn(c *call) []string {
	var names []string
	var walkPath func([]pathNode)
	walkPath = func(nodes []pathNode) {
		for _, n := range nodes {
			if n.name != "" {
				names = append(names, n.name)
			}
			walkPath(n.inner)
		}
	}
	var walk func(node)
	walk = func(n node) {
		switch n := n.(type) {
		case placeholder:
			names = append(names, n.name)
		case text:
			for _, p := range n {
				walk(p)
			}
		case listOf:
			for _, p := range n {
				walk(p)
			}
		case objNode:
			for _, e := range n {
				if e.key != nil {
					walk(e.key)
				}
				walk(e.value)
			}
		}
	}
	walkPath(c.path)
	for _, n := range []node{c.query, c.body, c.headers} {
		walk(n)
	}
	for _, f := range []*follow{c.before, c.then} {
		if f != nil {
			walkPath(f.path)
		}
	}
	return names
}

// TestTablesAreWhatYAMLReads holds the splitting of a table into entries to a
// YAML parser's reading of the whole file.
func TestTablesAreWhatYAMLReads(t *testing.T) {
	r := newRegistry(t)
	for _, service := range r.Services() {
		text, err := tableFiles.ReadFile("tables/" + service + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var whole struct {
			Actions map[string]entryYAML `yaml:"actions"`
		}
		if err := yaml.Unmarshal(text, &whole); err != nil {
			t.Fatal(service, err)
		}
		tab, err := splitTable(service, text)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range whole.Actions {
			var got entryYAML
			if err := yaml.Unmarshal(tab.entries[name], &got); err != nil {
				t.Errorf("%s.%s: %v", service, name, err)
			}
			if got.Doc != want.Doc || got.Params != want.Params || got.Request != want.Request || len(got.Cases) != len(want.Cases) {
				t.Errorf("%s.%s: split %+v, whole %+v", service, name, got, want)
			}
		}
		if len(tab.entries) != len(whole.Actions) {
			t.Errorf("%s: %d entries split, %d in the file", service, len(tab.entries), len(whole.Actions))
		}
	}
}

func TestSplitTableErrors(t *testing.T) {
	for text, want := range map[string]string{
		"type: x\n":                                                             "no actions",
		"type: [\nactions:\n  a:\n    doc: A.\n":                                "x",
		"type: x\nactions:\n  a:\n    nonsense: 1\n":                            "nonsense",
		"type: x\nactions:\n  a:\n    params: a:what\n":                         "unknown type",
		"type: x\nactions:\n  a:\n    params: a=1x\n":                           "default",
		"type: x\nactions:\n  a:\n    hook: none\n":                             "no hook",
		"type: x\nactions:\n  a:\n    request: GET /{a\n":                       "braces",
		"type: x\nactions:\n  a:\n    request: GET /{a|b}\n":                    "unknown filter",
		"type: x\nactions:\n  a:\n    body: {a: \"{b\"}\n":                      "unclosed",
		"type: x\nactions:\n  a:\n    then: POST /x\n":                          "not GET",
		"type: x\nactions:\n  a:\n    cases: [{when: a or b}]\n":                "not understood",
		"type: x\nactions:\n  a:\n    about: {b: x}\n":                          "no parameter",
		"type: x\nactions:\n  a:\n    body: {a: &x 1, b: *x}\n":                 "plain data",
		"type: x\nactions:\n  a:\n    query: {limit: \"{n:1x}\"}\n":             "{n:1x}",
		"type: x\nactions:\n  a:\n    before: GET\n":                            "not GET",
		"type: x\nactions:\n  a:\n    cases: [{request: 'GET /{x', when: a}]\n": "braces",
	} {
		tab, err := splitTable("x", []byte(text))
		if err == nil {
			_, err = tab.action("a")
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want an error with %q", text, err, want)
		}
	}
}

func BenchmarkNewRegistryAndLookup(b *testing.B) {
	for b.Loop() {
		r := newRegistry(b)
		if _, ok := r.Lookup("nova.servers_list"); !ok {
			b.Fatal("not found")
		}
	}
}

func FuzzSplitTable(f *testing.F) {
	f.Add("type: x\nactions:\n  a:\n    doc: A.\n    params: a, b:int=1, **c\n    request: GET /x/{a}{b?/y}\n    body: {\"**\": \"{c|nonull}\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := splitTable("x", []byte(text))
		if err != nil {
			return
		}
		for _, name := range tab.order {
			_, _ = tab.action(name)
		}
	})
}
