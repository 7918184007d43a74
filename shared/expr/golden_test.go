package expr_test

import (
	"bufio"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// differs lists templates of the recording that are evaluated otherwise here,
// with the reason.
var differs = map[string]string{
	"<% yaml_parse('2020-01-01T00:00:00Z') %>": "a date in YAML is its text, with the zone that Mistral loses when it stores it",
	"{% if %}": "a text of statements only always fails in Mistral; this one is wrong anyway",
}

// TestRecorded holds templates to what Mistral gave; see
// scripts/record_yaql.py and scripts/record_jinja.py.
func TestRecorded(t *testing.T) {
	for file, least := range map[string]int{"testdata/templates.jsonl": 90, "testdata/jinja.jsonl": 60} {
		t.Run(file, func(t *testing.T) { checkFile(t, file, least) })
	}
}

func checkFile(t *testing.T, file string, least int) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data := map[string]any{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	n := 0
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
		n++
		use, _ := rec.Get("use")
		checkRecord(t, rec, data[use.(string)])
	}
	if n < least {
		t.Errorf("only %d recorded templates", n)
	}
}

func checkRecord(t *testing.T, rec *value.Map, data any) {
	v, _ := rec.Get("template")
	template := v.(string)
	if _, ok := differs[template]; ok {
		return
	}
	got, err := expr.EvalTree(context.Background(), template, &expr.Scope{Data: data})
	if want, failed := rec.Get("error"); failed || err != nil {
		if !failed || err == nil {
			t.Errorf("%s\n\tgot %s, %v\n\twant error %v", template, expr.Repr(got), err, want)
		}
		return
	}
	want, _ := rec.Get("result")
	if strings.Contains(string(value.MustEncode(want)), "__set__") {
		t.Fatalf("%s: compare sets with the expressions of package yaql", template)
	}
	if string(value.MustEncode(got)) != string(value.MustEncode(want)) {
		t.Errorf("%s\n\tgot  %s\n\twant %s", template, value.MustEncode(got), value.MustEncode(want))
	}
}
