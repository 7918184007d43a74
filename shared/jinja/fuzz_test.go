package jinja

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// seed adds the templates of all recordings.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		r, err := os.Open(file)
		if err != nil {
			f.Fatal(err)
		}
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<22)
		for lines.Scan() {
			var rec struct{ Template string }
			if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
				f.Fatal(err)
			}
			f.Add(rec.Template)
		}
		r.Close()
	}
}

// FuzzParse holds that no text makes the parser panic or point outside of it,
// and that what parses can be checked.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, src string) {
		tpl, err := Compile(src)
		var syntax *SyntaxError
		if err != nil {
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > len(src) {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		_, refs := tpl.Check(nil)
		for _, r := range refs {
			if r.Offset < 0 || r.Offset > len(src) {
				t.Fatalf("%q: reference at %d", src, r.Offset)
			}
		}
	})
}

// FuzzEval holds that no template makes the evaluator panic or run away, or
// changes the data.
func FuzzEval(f *testing.F) {
	seed(f)
	data := value.MapOf("i", 7, "f", 2.5, "s", "abc é", "n", nil, "l", []any{3, 1, 2}, "x", []any{}, "m", []any{"b", "A"},
		"d", map[string]any{"a": 1, "b": []any{1, 2}}, "rows", []any{map[string]any{"n": "web", "c": 5}, map[string]any{"n": "db", "c": 5}})
	before := string(value.MustEncode(data))
	f.Fuzz(func(t *testing.T, src string) {
		tpl, err := Compile(src)
		if err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		v, err := tpl.Eval(ctx, &Env{Root: data, Limits: Limits{Steps: 20_000, Memory: 1 << 20}})
		if ctx.Err() != nil {
			t.Fatalf("%q runs away", src)
		}
		if err == nil {
			if _, err := value.Encode(v); err != nil && !hasNaN(v) {
				t.Fatalf("%q: %v is no value: %v", src, v, err)
			}
		}
		if string(value.MustEncode(data)) != before {
			t.Fatalf("%q changed the data", src)
		}
	})
}

// hasNaN says whether a value has a float that JSON has not.
func hasNaN(v any) bool {
	switch v := v.(type) {
	case float64:
		return v != v || v-v != 0
	case []any:
		for _, e := range v {
			if hasNaN(e) {
				return true
			}
		}
	case *value.Map:
		for _, e := range v.All() {
			if hasNaN(e) {
				return true
			}
		}
	}
	return false
}
