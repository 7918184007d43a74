package yaql_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// differs lists expressions of the recordings that are evaluated otherwise
// here, with the reason.
var differs = map[string]string{
	`'\xzz'`:               "a malformed escape is a syntax error, and not Python's UnicodeDecodeError",
	`[,1]`:                 "an element left out of a list literal is an error at once, not when the list is stored",
	`datetime('nonsense')`: "a ValueError, of which dateutil's ParserError is one",
}

var recording = flag.String("recording", "", "a recording to check instead of those in testdata")

// TestRecorded holds the evaluator to what Mistral's gave; see
// scripts/record_yaql.py.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if *recording != "" {
		runRecording(t, *recording)
		return
	}
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	n := 0
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".jsonl"), func(t *testing.T) { n += runRecording(t, name) })
	}
	if n < 600 {
		t.Errorf("only %d recorded expressions", n)
	}
}

func runRecording(t *testing.T, name string) int {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := map[string]any{}
	n := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		v, err := value.Decode(lines.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		rec := v.(*value.Map)
		if key, ok := rec.Get("data"); ok {
			data[key.(string)], _ = rec.Get("value")
			continue
		}
		use, _ := rec.Get("use")
		n++
		checkRecord(t, rec, data[use.(string)])
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func field(m *value.Map, key string) string {
	v, _ := m.Get(key)
	s, _ := v.(string)
	return s
}

func checkRecord(t *testing.T, rec *value.Map, data any) {
	src := strings.TrimSpace(strings.Trim(field(rec, "template"), "<%>"))
	if _, ok := differs[src]; ok {
		return
	}
	if strings.Contains(field(rec, "text"), " object at 0x") {
		return // Python's text for an iterator, an error here
	}
	got, kind := evaluate(src, data)
	if want := field(rec, "error"); want != "" || kind != "" {
		if kind != want && !sameLimit[[2]string{want, kind}] {
			t.Errorf("%s\n\tgot %q, error %q\n\twant %s, error %q: %s", src, yaql.Str(got), kind, recorded(rec), want, field(rec, "message"))
		}
		return
	}
	want, _ := rec.Get("result")
	if !same(got, want) {
		t.Errorf("%s\n\tgot %s\n\twant %s", src, yaql.Repr(got), yaql.Repr(want))
	}
	if strings.Contains(string(value.MustEncode(want)), "__set__") {
		return // in no order that could be compared
	}
	e, _ := yaql.Parse(src)
	text, err := e.EvalText(context.Background(), &yaql.Env{Root: data})
	if err != nil || text != field(rec, "text") {
		t.Errorf("%s\n\ttext %q, %v\n\twant %q", src, text, err, field(rec, "text"))
	}
}

// sameLimit has pairs of Mistral's and our error where both give up.
var sameLimit = map[[2]string]bool{
	{"TooSlow", "CollectionTooLargeException"}:      true,
	{"TooSlow", "MemoryQuotaExceededException"}:     true,
	{"MemoryError", "MemoryQuotaExceededException"}: true,
	{"ValueError", "OverflowError"}:                 true, // integers too big to be printed
}

func recorded(rec *value.Map) string {
	v, _ := rec.Get("result")
	return yaql.Repr(v)
}

// evaluate gives the result, or the name of Python's exception.
func evaluate(src string, data any) (any, string) {
	e, err := yaql.Parse(src)
	var syntax *yaql.SyntaxError
	if errors.As(err, &syntax) {
		if strings.HasPrefix(syntax.Message, "Lexical") {
			return nil, "YaqlLexicalException"
		}
		return nil, "YaqlGrammarException"
	}
	v, err := e.Eval(context.Background(), &yaql.Env{Root: data})
	var failed *yaql.EvalError
	if errors.As(err, &failed) {
		if failed.Kind == "re.error" {
			return nil, "error"
		}
		return nil, failed.Kind
	}
	return v, ""
}

// same compares with a recorded value, types and the order of keys included.
func same(got, want any) bool {
	switch w := want.(type) {
	case *value.Map:
		if set, ok := w.Get("__set__"); ok {
			return sameSet(got, set)
		}
		if f, ok := w.Get("__float__"); ok {
			g, ok := got.(float64)
			return ok && (math.IsNaN(g) || math.IsInf(g, 0)) && yaql.Repr(g) == f
		}
		g, ok := got.(*value.Map)
		if !ok || g.Len() != w.Len() {
			return false
		}
		for i, k := range w.Keys() {
			gv, _ := g.Get(k)
			wv, _ := w.Get(k)
			if g.Keys()[i] != k || !same(gv, wv) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range w {
			if !same(g[i], w[i]) {
				return false
			}
		}
		return true
	case float64:
		g, ok := got.(float64)
		return ok && g == w
	case int64:
		g, ok := got.(int64)
		return ok && g == w
	}
	return value.Equal(got, want)
}

func sameSet(got, want any) bool {
	g, ok1 := got.([]any)
	w, ok2 := want.([]any)
	if !ok1 || !ok2 || len(g) != len(w) {
		return false
	}
	used := make([]bool, len(w))
next:
	for _, e := range g {
		for i := range w {
			if !used[i] && same(e, w[i]) {
				used[i] = true
				continue next
			}
		}
		return false
	}
	return true
}
