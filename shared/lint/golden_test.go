package lint_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/lint"
)

// TestGolden checks the files of each testdata/*.txtar together and compares the
// findings as they are shown, after those that comments silence.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	seen := map[string]bool{}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path, seen) })
	}
	for id := range idsIn(t, ".") {
		if !seen[id] {
			t.Errorf("no case has %q", id)
		}
	}
}

func golden(t *testing.T, path string, seen map[string]bool) {
	ar, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string][]byte{}
	var files []*dsl.File
	want := ""
	kept := ar.Files[:0:0]
	for _, f := range ar.Files {
		if f.Name == "out" {
			want = string(f.Data)
			continue
		}
		kept = append(kept, f)
		file, diags := dsl.Parse(f.Name, f.Data, dsl.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		files, sources[f.Name] = append(files, file), f.Data
	}
	found := lint.Silence(lint.Check(files), sources, nil)
	for _, d := range found {
		seen[d.ID] = true
	}
	var out bytes.Buffer
	if err := dsl.Render(&out, found, sources, dsl.RenderOptions{Width: 110}); err != nil {
		t.Fatal(err)
	}
	if *update {
		ar.Files = append(kept, txtar.File{Name: "out", Data: out.Bytes()})
		if err := os.WriteFile(path, txtar.Format(ar), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
