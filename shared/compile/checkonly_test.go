package compile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
)

// TestCheckOnly checks files that are wrong already, whole and cut off at every
// line: nothing of what a parser leaves of them may be too little.
func TestCheckOnly(t *testing.T) {
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("../dsl/testdata/errors/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	checked := 0
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for chunk := range bytes.SplitSeq(data, []byte("\n----\n")) {
			lines := bytes.SplitAfter(chunk, []byte("\n"))
			for n := range lines {
				f, ds := dsl.Parse(path, bytes.Join(lines[:n+1], nil), dsl.Options{})
				if f == nil || !ds.HasErrors() {
					continue
				}
				checked++
				out, _ := compile.Files([]*dsl.File{f}, compile.Options{Registry: registry, CheckOnly: true})
				if out != nil {
					t.Fatalf("%s: %d workflows were compiled", path, len(out))
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("%d files were checked, too few to say anything", checked)
	}
}

// TestCheckOnlyFinds holds that a file with an error of the language shows the
// unknown action and the broken expression too.
func TestCheckOnlyFinds(t *testing.T) {
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	src := []byte("version: '2.0'\nw:\n  tasks:\n    a:\n      action: std.ecko\n      publish: {x: <% $.( %>}\n      on-succes: b\n")
	f, ds := dsl.Parse("w.yaml", src, dsl.Options{})
	_, more := compile.Files([]*dsl.File{f}, compile.Options{Registry: registry, CheckOnly: true})
	got := map[string]bool{}
	for _, d := range append(ds, more...) {
		got[d.ID] = true
	}
	for _, id := range []string{"unknown-key", "unknown-action", "expression"} {
		if !got[id] {
			t.Errorf("no %s among %v", id, append(ds, more...))
		}
	}
}
