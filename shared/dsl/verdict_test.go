package dsl

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// stricter are the findings about what Mistral's validator lets through: what it
// then drops, or what must fail when it runs.
var stricter = []string{
	"duplicate", "guard-not-in-list", "inline-lost", "input-twice", "not-a-number", "timestamp", "yaml-value", "unknown-parameter",
}

// lenient are texts that Mistral's validator refuses by a slip.
var lenient = []string{"on-success: fail(msg='x')"}

// TestVerdicts compares with what Mistral's validator says of the workflows of
// testdata/verdicts (see scripts/mistral/language.py).
func TestVerdicts(t *testing.T) {
	paths, err := filepath.Glob("testdata/verdicts/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no verdicts: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Src      string
			Rejected *string
		}
		if err := json.Unmarshal(data, &cases); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			_, diags := Parse("in.yaml", []byte(c.Src), Options{})
			checkVerdict(t, c.Src, c.Rejected, diags)
		}
	}
}

func checkVerdict(t *testing.T, src string, rejected *string, diags Diagnostics) {
	t.Helper()
	if rejected != nil {
		if !diags.HasErrors() && !slices.ContainsFunc(lenient, func(s string) bool { return strings.Contains(src, s) }) {
			t.Errorf("accepted, but Mistral says %s:\n%s", *rejected, src)
		}
		return
	}
	for _, d := range diags {
		textInput := d.ID == "wrong-type" && strings.Contains(d.Summary, "expression, not text")
		if d.Severity == Error && !slices.Contains(stricter, d.ID) && !textInput {
			t.Errorf("Mistral accepts it, but %v [%s]:\n%s", d.Error(), d.ID, src)
		}
	}
}

// TestMistralCases holds that the cases of the engine parse, but for those whose
// definition Mistral rejects.
func TestMistralCases(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/mistral/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var rejected struct{ Rejected string }
		var all Diagnostics
		for _, f := range ar.Files {
			switch {
			case f.Name == "out/mistral.json":
				if err := json.Unmarshal(f.Data, &rejected); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
			case filepath.Ext(f.Name) == ".yaml":
				_, diags := Parse(f.Name, f.Data, Options{})
				all = append(all, diags...)
			}
		}
		// Whoever compiles the expressions sees that one does not parse, or that a
		// line has them in two languages.
		expression := strings.HasPrefix(rejected.Rejected, "Parse error") || strings.Contains(rejected.Rejected, "Mixing expression types")
		if rejected.Rejected != "" && !all.HasErrors() && !expression {
			t.Errorf("%s is accepted; Mistral: %s", path, rejected.Rejected)
		}
		for _, d := range all {
			if rejected.Rejected == "" && d.Severity == Error && !slices.Contains(stricter, d.ID) {
				t.Errorf("%s: %v, but Mistral accepts it", path, d.Error())
			}
		}
	}
}
