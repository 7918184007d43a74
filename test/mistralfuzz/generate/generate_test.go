package generate

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestWorkflowsAreAccepted: what is not damaged has no error, and the text says
// what the tree says.
func TestWorkflowsAreAccepted(t *testing.T) {
	tasks := 0
	for seed := range uint64(1000) {
		opts := Options{Reverse: seed%2 == 1}
		c := Workflow(seed, opts)
		text := c.YAML()
		file, diags := dsl.Parse("wf.yaml", text, dsl.Options{})
		if diags.HasErrors() {
			t.Fatalf("seed %d: %v\n%s", seed, diags, text)
		}
		tasks += len(file.Workflows[0].Tasks)
		if again := Workflow(seed, opts); !bytes.Equal(again.YAML(), text) {
			t.Fatalf("seed %d gives two cases", seed)
		}
	}
	if tasks < 3000 {
		t.Errorf("only %d tasks in 1000 workflows", tasks)
	}
}

// TestWorkbooksAreAccepted: the same of workbooks, which have all kinds of ad-hoc
// actions.
func TestWorkbooksAreAccepted(t *testing.T) {
	over, called := 0, 0
	for seed := range uint64(500) {
		c := Workbook(seed, Options{})
		for i, text := range c.Files() {
			file, diags := dsl.Parse("wf.yaml", text, dsl.Options{})
			if diags.HasErrors() {
				t.Fatalf("seed %d: %v\n%s", seed, diags, text)
			}
			if i < len(c.Before) {
				continue
			}
			for _, a := range file.Actions {
				if strings.HasPrefix(a.Base.Name, "plain") || strings.Contains(a.Base.Name, ".act") {
					over++
				}
			}
			called += bytes.Count(text, []byte("action: act")) + bytes.Count(text, []byte("action: plain"))
		}
		if again := Workbook(seed, Options{}); !bytes.Equal(again.YAML(), c.YAML()) {
			t.Fatalf("seed %d gives two cases", seed)
		}
	}
	if over < 100 || called < 500 {
		t.Errorf("of 500 workbooks %d actions are over another one, %d tasks call one", over, called)
	}
}

// TestDamageIsDamage: most of the damaged files have an error, and not all, so
// that both verdicts can be compared.
func TestDamageIsDamage(t *testing.T) {
	bad := 0
	for seed := range uint64(500) {
		if _, diags := dsl.Parse("wf.yaml", Damaged(seed).YAML(), dsl.Options{}); diags.HasErrors() {
			bad++
		}
	}
	if bad < 200 || bad > 490 {
		t.Errorf("%d of 500 damaged files have an error", bad)
	}
}

func TestYAML(t *testing.T) {
	tree := value.MapOf("a", []any{int64(1), nil, 1.5, true, "yes", "a: b", "", "x y", "\t", "ä", value.NewMap(0), []any{}},
		"no", value.MapOf("", "on", "1", []any{[]any{"x"}, value.MapOf("k", "v")}))
	doc, errs := yaml.Parse("tree.yaml", YAML(tree), yaml.Options{})
	if err := yaml.Join(errs); err != nil {
		t.Fatal(err)
	}
	if got := doc.Value(); !value.Equal(got, tree) {
		t.Errorf("got %s, want %s", value.MustEncode(got), value.MustEncode(tree))
	}
}
