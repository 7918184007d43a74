package compile_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/test/golden"
)

var update = flag.Bool("update", false, "write the out/ sections of testdata anew")

// TestGolden compiles the files of each case and compares the definitions, or
// what is wrong with the files, with the case's out/ sections.
func TestGolden(t *testing.T) {
	golden.Run(t, *update, func(t *testing.T, in *txtar.Archive) []txtar.File { return compiled(t, in.Files) })
}

func compiled(t *testing.T, in []txtar.File) []txtar.File {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	var files []*dsl.File
	var diags dsl.Diagnostics
	sources := map[string][]byte{}
	for _, f := range in {
		sources[f.Name] = f.Data
		file, ds := dsl.Parse(f.Name, f.Data, dsl.Options{})
		diags = append(diags, ds...)
		files = append(files, file)
	}
	var out []txtar.File
	var all []*compile.Workflow
	if !diags.HasErrors() {
		var ds dsl.Diagnostics
		all, ds = compile.Files(files, compile.Options{Registry: registry})
		diags = append(diags, ds...)
	}
	if len(diags) > 0 {
		var buf bytes.Buffer
		if err := dsl.Render(&buf, diags, sources, dsl.RenderOptions{Width: 120}); err != nil {
			t.Fatal(err)
		}
		out = append(out, txtar.File{Name: "out/diagnostics.txt", Data: buf.Bytes()})
	}
	for _, w := range all {
		text, err := asl.Format(w.Definition)
		if err != nil {
			t.Fatal(err)
		}
		if err := asl.Check(w.Definition); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
		out = append(out, txtar.File{Name: "out/" + w.Name + "." + w.Form() + ".asl.json", Data: text})
	}
	return out
}

// TestStable compiles the same file again and again: the bytes must not depend
// on the order of any map.
func TestStable(t *testing.T) {
	data, err := os.ReadFile("testdata/structured.txtar")
	if err != nil {
		t.Fatal(err)
	}
	in := txtar.Parse(data).Files[:1]
	first := compiled(t, in)
	for range 20 {
		if diff := cmp.Diff(first, compiled(t, in)); diff != "" {
			t.Fatal(diff)
		}
	}
}
