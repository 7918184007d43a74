package yaml

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// find returns the value under a path of keys.
func find(t *testing.T, src string, path ...string) *Node {
	t.Helper()
	n, errs := Parse("in.yaml", []byte(src), Options{})
	if len(errs) > 0 {
		t.Fatalf("%q: %v", src, Join(errs))
	}
	for _, key := range path {
		if n = n.Get(key); n == nil {
			t.Fatalf("%q has no %s", src, key)
		}
	}
	return n
}

// TestPosAt looks for '@' in the value and says where it must stand in the source.
func TestPosAt(t *testing.T) {
	for name, src := range map[string]string{
		"plain":                "k: some text @",
		"plain, wide runes":    "k: 漢字 é @",
		"plain, folded":        "k: some\n  text\n\n\n  more @ x",
		"plain, fold at blank": "k: a   \n   @",
		"single quotes":        "k: 'it''s it''s @'",
		"single, folded":       "k: 'it''s\n   it''s\n\n  @'",
		"double quotes":        "k: \"a\\tb\\u00e9\\\\ @\"",
		"double, folded":       "k: \"a \\\n   b\n   @\"",
		"literal":              "k: |\n  one\n   two @\n",
		"literal, indented":    "k: |2\n    one\n  two @\n",
		"literal, blank lines": "k: |\n\n\n  one\n\n  two @\n",
		"folded":               "k: >\n  one\n  two\n\n  three @\n",
		"folded, more indent":  "k: >-\n  one\n    two @\n  three\n",
		"in a list":            "k: [1, 2, x @]",
		"carriage returns":     "k: |\r\n  one\r\n  two @\r\n",
		"in a deep block":      "a:\n  b:\n    - c: >\n        x\n        @\nk: '@'",
	} {
		n := find(t, src, "k")
		if n.Kind == List {
			n = n.Items[2]
		}
		off := strings.IndexByte(n.Text, '@')
		got := n.PosAt(off)
		i := strings.LastIndexByte(src, '@')
		line := strings.Count(src[:i], "\n") + 1
		col := len([]rune(src[strings.LastIndexByte(src[:i], '\n')+1:i])) + 1
		if want := (Pos{line, col, i}); off < 0 || got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
}

func TestPosAtBounds(t *testing.T) {
	n := find(t, "k: abc", "k")
	if got, want := n.PosAt(100), (Pos{1, 7, 6}); got != want {
		t.Errorf("past the end: %+v, want %+v", got, want)
	}
	if got := n.PosAt(-1); got != n.Span.Start {
		t.Errorf("before the start: %+v", got)
	}
	if got := (*Node)(nil).PosAt(3); got != (Pos{}) {
		t.Errorf("of no node: %+v", got)
	}
	n = find(t, "k: >\n  ab\n  cd", "k")
	if got, want := n.SpanOf(0, 3).End, (Pos{2, 6, 10}); got.Line != want.Line {
		t.Errorf("a span that ends with a fold ends at %+v, not on its line", got)
	}
}

func TestParts(t *testing.T) {
	n := find(t, "k: 'a ''b'' c'", "k")
	sub := NewString(n, 2, 5, n.Text[2:5])
	if got, want := sub.PosAt(1), (Pos{1, 9, 8}); sub.Text != "'b'" || got != want {
		t.Errorf("%q at %+v, want %+v", sub.Text, got, want)
	}
	data := NewData(n, 2, 5, value.MapOf("x", []any{int64(1), nil, true, 1.5, "s"}))
	if diff := cmp.Diff(`{"x":[1,null,true,1.5,"s"]}`, string(value.MustEncode(data.Value()))); diff != "" {
		t.Error(diff)
	}
	if s := data.Get("x").Items[4].Span; s.Start.Col != 7 {
		t.Errorf("data stands at %+v", s)
	}
}

func TestSpans(t *testing.T) {
	src := "a: {b: [1, 'x y']}\nc:\n  - d\n  - e: f\n"
	n := find(t, src)
	for _, c := range []struct {
		node *Node
		want string
	}{
		{n, "{b: [1, 'x y']}"}, // the last entry's end bounds the block, see below
		{n.Get("a"), "{b: [1, 'x y']}"},
		{n.Get("a").Get("b").Items[1], "'x y'"},
		{n.Get("c"), "- d\n  - e: f"},
		{n.Get("c").Items[1], "e: f"},
	} {
		got := src[c.node.Span.Start.Offset:c.node.Span.End.Offset]
		if c.node == n {
			if got != strings.TrimSuffix(src, "\n") {
				t.Errorf("the whole is %q", got)
			}
		} else if got != c.want {
			t.Errorf("span holds %q, want %q", got, c.want)
		}
	}
}

func TestValue(t *testing.T) {
	n := find(t, "2: a\nyes: b\n~: c\n2020-01-01: 2020-01-01 1:02:03.5\n1.5: 0x10\n? !!binary aGk=\n: !!binary aGk=")
	want := `{"2":"a","true":"b","null":"c","2020-01-01":"2020-01-01T01:02:03.500000","1.5":16,"aGk=":"hi"}`
	if got := string(value.MustEncode(n.Value())); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestBombs holds that hostile texts cost an error or nothing, never time.
func TestBombs(t *testing.T) {
	aliases := "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]\n"
	if n := find(t, aliases, "c"); n.Items[0].Text != "*b" {
		t.Errorf("an alias is %q", n.Items[0].Text)
	}
	for name, src := range map[string]string{
		"brackets":  strings.Repeat("[", 200_000),
		"braces":    strings.Repeat("{a: ", 100_000),
		"dashes":    strings.Repeat("- ", 100_000),
		"keys":      strings.Repeat("? ", 100_000),
		"nesting":   nested(5000),
		"too large": strings.Repeat("a", 9<<20),
	} {
		if n, errs := Parse("in.yaml", []byte(src), Options{}); n != nil || len(errs) == 0 {
			t.Errorf("%s: no error", name)
		}
	}
	long := "k: " + strings.Repeat("word ", 200_000) + "\nl: \"" + strings.Repeat("\\t", 200_000) + "\"\nm: |\n" + strings.Repeat("  x\n\n", 100_000)
	if n := find(t, long, "l"); len(n.Text) != 200_000 {
		t.Error("a long text is cut")
	}
	var keys strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&keys, "k: %d\n", i)
	}
	if _, errs := Parse("in.yaml", []byte(keys.String()), Options{}); len(errs) != 49_999 {
		t.Errorf("%d errors", len(errs))
	}
}

func nested(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"a: 1", "- [x, {y: z}]", "k: |\n  text\n", "k: >-\n  a\n  b\n", "'a': \"b\\n\"", "? a\n: b", "<<: {a: 1}",
		"x: 2020-01-01", "--- !!str a\n...", "k: it's\n  folded\n\n text",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		start := time.Now()
		n, _ := Parse("in.yaml", src, Options{})
		if d := time.Since(start); d > 5*time.Second {
			t.Fatalf("took %v", d)
		}
		checkPlaces(t, n, src)
	})
}

// checkPlaces holds that spans nest and that each byte of a scalar stands where
// PosAt says, unless an escape or a fold stands there.
func checkPlaces(t *testing.T, n *Node, src []byte) {
	if n == nil {
		return
	}
	if s, e := n.Span.Start.Offset, n.Span.End.Offset; s < 0 || e < s || e > len(src) {
		t.Fatalf("span %+v of %q", n.Span, src)
	}
	for _, item := range n.Items {
		checkPlaces(t, item, src)
	}
	for _, e := range n.Entries {
		checkPlaces(t, e.Key, src)
		checkPlaces(t, e.Value, src)
	}
	if !n.IsScalar() {
		return
	}
	for off := range len(n.Text) {
		p := n.PosAt(off)
		if p.Offset < 0 || p.Offset > len(src) {
			t.Fatalf("place %+v of %q", p, src)
		}
		c := n.Text[off]
		if c == ' ' || c == '\n' || n.Style == DoubleQuoted || n.Style == SingleQuoted {
			continue
		}
		if p.Offset == len(src) || src[p.Offset] != c {
			t.Fatalf("%q at %+v of %q", n.Text[off:], p, src)
		}
	}
}
