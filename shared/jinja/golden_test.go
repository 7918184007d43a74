package jinja_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

var recording = flag.String("recording", "", "a recording of random templates to hold the evaluator to")

// differs lists templates of the recordings that are evaluated otherwise here
// on purpose, with the reason.
var differs = map[string]string{
	"{{ '\\N{BULLET}' }}": "characters by name are an error",
	"{{ 'inf' | float }}": "Jinja2 can't compile a constant that is infinite",
	"{{ 1e400 }}":         "Jinja2 can't compile a constant that is infinite",
}

// sameMessage are the errors whose texts are Jinja2's own and not Python's;
// these are compared as well.
var sameMessage = map[string]bool{
	"UndefinedError": true, "TemplateSyntaxError": true, "TemplateAssertionError": true, "TemplateRuntimeError": true,
	"FilterArgumentError": true, "SecurityError": true, "ZeroDivisionError": true,
}

// TestRecorded holds templates to what Mistral gave; see
// scripts/record_jinja.py.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if *recording != "" {
		files = []string{*recording}
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) { checkFile(t, file) })
	}
}

func checkFile(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := map[string]any{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<22)
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
		checkRecord(t, rec, data[use.(string)])
	}
}

// evaluate does what Mistral does with a text.
func evaluate(src string, data any) (any, error) {
	if _, ok := jinja.Is(src); !ok {
		return src, nil
	}
	tpl, err := jinja.Compile(src)
	if err != nil {
		return nil, err
	}
	return tpl.Eval(context.Background(), &jinja.Env{Root: data})
}

func checkRecord(t *testing.T, rec *value.Map, data any) {
	v, _ := rec.Get("template")
	template := v.(string)
	if _, ok := differs[template]; ok {
		return
	}
	before := string(value.MustEncode(data))
	got, err := evaluate(template, data)
	if string(value.MustEncode(data)) != before {
		t.Fatalf("%q changed the data", template)
	}
	if text, _ := rec.Get("text"); text != nil && strings.Contains(text.(string), " at 0x") {
		checkAddress(t, template, got, err)
		return
	}
	kind, failed := rec.Get("error")
	msg, _ := rec.Get("message")
	// A text of statements only fails in Mistral; here it is evaluated.
	if failed && msg == "list index out of range" && kind == "IndexError" && !printed.MatchString(template) {
		return
	}
	if failed || err != nil {
		if !failed || err == nil {
			want, _ := rec.Get("result")
			t.Errorf("%q\n\tgot %v, %v\n\twant %v %v %v", template, got, err, want, kind, msg)
			return
		}
		gotKind, gotMsg := kindOf(err)
		if gotKind == "UndefinedError" && strings.Contains(msg.(string), "Undefined") {
			return // ours says what is undefined
		}
		if gotKind == "UndefinedError" && kind == gotKind && *recording != "" {
			return // which of several is found first depends on what Jinja2 computes when it compiles
		}
		if gotKind == "MemoryError" && kind == "OverflowError" {
			return
		}
		if kind == "TemplateAssertionError" && gotKind == "TemplateSyntaxError" {
			gotKind = kind.(string) // it is one, too
		}
		if gotKind != kind || sameMessage[gotKind] && gotMsg != lineNote.ReplaceAllString(msg.(string), "") {
			t.Errorf("%q\n\tgot  %s: %s\n\twant %s: %s", template, gotKind, gotMsg, kind, msg)
		}
		return
	}
	want, _ := rec.Get("result")
	if string(value.MustEncode(plain(got))) != string(value.MustEncode(want)) {
		t.Errorf("%q\n\tgot  %s\n\twant %s", template, value.MustEncode(plain(got)), value.MustEncode(want))
	}
}

// printed is what Mistral looks for in a text of Jinja2.
var printed = regexp.MustCompile(`\{\{.*\}\}`)

// lineNote is what Jinja2 adds to some messages.
var lineNote = regexp.MustCompile(`\n  line \d+$`)

// checkAddress checks what has an address for a text in Python: an iterator is
// a list here, anything else an error.
func checkAddress(t *testing.T, template string, got any, err error) {
	if _, isList := got.([]any); err == nil && !isList {
		t.Errorf("%q\n\tgot %v, want a list or an error", template, got)
	}
}

func kindOf(err error) (string, string) {
	var eval *jinja.EvalError
	if errors.As(err, &eval) {
		return eval.Kind, eval.Cause.Error()
	}
	var syntax *jinja.SyntaxError
	if errors.As(err, &syntax) {
		return "TemplateSyntaxError", syntax.Message
	}
	return "?", err.Error()
}

// plain gives floats that JSON has not as the recorder does.
func plain(v any) any {
	if f, ok := v.(float64); ok && (f != f || f > 1e308*1.7976931348623157 || f < -1e308*1.7976931348623157) {
		s := map[bool]string{true: "inf", false: "-inf"}[f > 0]
		if f != f {
			s = "nan"
		}
		return value.MapOf("__float__", s)
	}
	return v
}
