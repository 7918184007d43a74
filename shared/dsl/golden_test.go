package dsl

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the out/ sections of testdata anew")

// TestGolden parses in.yaml of each testdata/*.txtar and compares its tree
// (out/tree), its findings as rendered (out/findings) and, with sections width or
// color in the comment, how they are rendered.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			files := ar.Files[:0:0]
			for _, f := range ar.Files {
				if strings.HasPrefix(f.Name, "out/") {
					want[f.Name] = string(f.Data)
				} else {
					files = append(files, f)
				}
			}
			var out []txtar.File
			for _, f := range files {
				tree, findings := goldenOf(t, f, string(ar.Comment))
				name := strings.TrimSuffix(f.Name, ".yaml")
				out = append(out, txtar.File{Name: "out/" + name + ".tree", Data: []byte(tree)},
					txtar.File{Name: "out/" + name + ".findings", Data: []byte(findings)})
			}
			if *update {
				ar.Files = append(files, out...)
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, f := range out {
				w, ok := want[f.Name]
				if !ok {
					t.Errorf("%s is missing; run with -update", f.Name)
				} else if diff := cmp.Diff(w, string(txtar.Format(&txtar.Archive{Comment: f.Data}))); diff != "" {
					t.Errorf("%s (-want +got):\n%s", f.Name, diff)
				}
			}
		})
	}
}

func goldenOf(t *testing.T, f txtar.File, comment string) (tree, findings string) {
	t.Helper()
	file, diags := Parse(f.Name, f.Data, Options{})
	opts := RenderOptions{Color: strings.Contains(comment, "color")}
	if strings.Contains(comment, "narrow") {
		opts.Width = 48
	}
	var b strings.Builder
	if err := Render(&b, diags, map[string][]byte{f.Name: f.Data}, opts); err != nil {
		t.Fatal(err)
	}
	rendered := strings.ReplaceAll(b.String(), "\x1b", "ESC")
	return dump(file), rendered
}
