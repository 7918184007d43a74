package dsl

import (
	"flag"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/test/golden"
)

var update = flag.Bool("update", false, "write the out/ sections of testdata anew")

// TestGolden parses in.yaml of each testdata/*.txtar and compares its tree
// (out/tree), its findings as rendered (out/findings) and, with sections width or
// color in the comment, how they are rendered.
func TestGolden(t *testing.T) {
	golden.Run(t, *update, func(t *testing.T, in *txtar.Archive) []txtar.File {
		var out []txtar.File
		for _, f := range in.Files {
			tree, findings := goldenOf(t, f, string(in.Comment))
			name := strings.TrimSuffix(f.Name, ".yaml")
			out = append(out, txtar.File{Name: "out/" + name + ".tree", Data: []byte(tree)},
				txtar.File{Name: "out/" + name + ".findings", Data: []byte(findings)})
		}
		return out
	})
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
