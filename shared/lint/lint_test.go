package lint_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/lint"
)

// TestRecorded holds that nothing is an error that Mistral was recorded to run
// to SUCCESS.
func TestRecorded(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/mistral/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		ar, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var files []*dsl.File
		var outcome struct{ State string }
		for _, f := range ar.Files {
			if strings.HasSuffix(f.Name, ".yaml") {
				file, diags := dsl.Parse(filepath.Base(path)+":"+f.Name, f.Data, dsl.Options{})
				if !diags.HasErrors() {
					files = append(files, file)
				}
			}
			if f.Name == "out/mistral.json" {
				if err := json.Unmarshal(f.Data, &outcome); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
			}
		}
		for _, d := range lint.Check(files) {
			t.Logf("%s %v: %s %s | %s | %s", outcome.State, d.Error(), d.Severity, d.ID, d.Detail, d.Advice)
			if outcome.State == "SUCCESS" && d.Severity == dsl.Error {
				t.Errorf("%s succeeds in Mistral: %v [%s]", path, d.Error(), d.ID)
			}
		}
	}
}
