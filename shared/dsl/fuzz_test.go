package dsl

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzParse feeds any text. Whatever comes, Parse returns, in bounded time, with
// findings whose places lie in the text, and they can be rendered.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.txtar", "../../testdata/mistral/*.txtar"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(ar.Files[0].Data)
		}
	}
	errs, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range errs {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, chunk := range bytes.Split(src, []byte("\n----\n")) {
			f.Add(chunk)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		start := time.Now()
		file, diags := Parse("in.yaml", src, Options{})
		if d := time.Since(start); d > 10*time.Second {
			t.Fatalf("took %v", d)
		}
		if file == nil && !diags.HasErrors() {
			t.Fatal("neither file nor error")
		}
		for _, d := range diags {
			s := d.Subject
			if s.Start.Line < 1 || s.Start.Col < 1 || s.Start.Offset < 0 || s.End.Offset < s.Start.Offset || s.End.Offset > len(src) {
				t.Fatalf("%s at %+v", d.Summary, s)
			}
			if d.ID == "" || d.Summary == "" {
				t.Fatalf("an empty finding: %+v", d)
			}
		}
		var out bytes.Buffer
		if err := Render(&out, diags, map[string][]byte{"in.yaml": src}, RenderOptions{Width: 60}); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(out.Bytes(), "\x00\x07\x1b") {
			t.Fatalf("control characters in %q", out.String())
		}
		dump(file)
	})
}
