package yaql_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// seeds are the expressions of the recorded cases.
func seeds(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	var out []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "<%") {
				out = append(out, strings.TrimSpace(strings.Trim(strings.TrimSpace(line), "<%>")))
			}
		}
	}
	return out
}

func FuzzParse(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		e, err := yaql.Parse(src)
		var syntax *yaql.SyntaxError
		if err != nil {
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(src) {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		e.Check(nil)
	})
}

func FuzzEval(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	root := value.MapOf("a", 1, "s", "text", "l", []int{3, 1, 2}, "d", map[string]any{"k": "v"}, "n", nil, "t", true)
	limits := yaql.Limits{Iterations: 1000, Memory: 1 << 20, Steps: 20_000}
	f.Fuzz(func(t *testing.T, src string) {
		e, err := yaql.Parse(src)
		if err != nil || strings.Contains(src, "=~") || strings.Contains(src, "!~") || strings.Contains(src, "egex") || strings.Contains(src, "matches") {
			return // a regular expression may take its two seconds
		}
		before := value.MustEncode(root)
		v, err := e.Eval(context.Background(), &yaql.Env{Root: root, Limits: limits})
		if err == nil && !strings.Contains(yaql.Repr(v), "nan") && !strings.Contains(yaql.Repr(v), "inf") && utf8.ValidString(src) {
			if _, err := value.Encode(v); err != nil {
				t.Fatalf("%q gave no data: %v", src, err)
			}
		}
		if string(value.MustEncode(root)) != string(before) {
			t.Fatalf("%q changed its data", src)
		}
	})
}
