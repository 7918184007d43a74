package asl_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestCheck runs the cases of testdata/check: each file of an archive is a
// definition, the file of the same name with .want its problems, one a line.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{}
		for _, f := range archive.Files {
			if name, ok := strings.CutSuffix(f.Name, ".want"); ok {
				want[name] = strings.TrimSpace(string(f.Data))
			}
		}
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".want") {
				continue
			}
			t.Run(filepath.Base(file)+"/"+f.Name, func(t *testing.T) {
				got := ""
				m, err := asl.Decode(f.Data)
				if err == nil {
					err = asl.Check(m)
				}
				if err != nil {
					got = err.Error()
				}
				if diff := cmp.Diff(strings.Split(want[f.Name], "\n"), strings.Split(got, "\n")); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
	}
}

func TestFormatIsStableAndInOrder(t *testing.T) {
	const text = `{
  "Comment": "a <b> & c",
  "QueryLanguage": "JSONata",
  "StartAt": "Z",
  "States": {
    "Z": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Arguments": {
        "z": 1.5,
        "a": [
          null,
          "{% $states.input.x < 3 %}"
        ]
      },
      "Output": null,
      "Assign": {
        "v": null
      },
      "Retry": [
        {
          "ErrorEquals": [
            "States.ALL"
          ],
          "MaxAttempts": 0
        }
      ],
      "Next": "A"
    },
    "A": {
      "Type": "Succeed"
    }
  }
}
`
	m, err := asl.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	got, err := asl.Format(m)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text, string(got)); diff != "" {
		t.Error(diff)
	}
	z := m.States.Get("Z")
	if z.Output != asl.Null || asl.Value(z.Output) != nil {
		t.Errorf("Output is %v", z.Output)
	}
	if keys := z.Arguments.(*value.Map).Keys(); !cmp.Equal(keys, []string{"z", "a"}) {
		t.Errorf("Arguments has %v", keys)
	}
}

func TestExpression(t *testing.T) {
	for _, c := range []struct {
		in, src string
		ok      bool
	}{
		{"{% 1 %}", " 1 ", true},
		{" {% 1 %}", "", false},
		{"{%}", "", false},
		{"text", "", false},
	} {
		if src, ok := asl.Expression(c.in); src != c.src || ok != c.ok {
			t.Errorf("Expression(%q) = %q, %v", c.in, src, ok)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{" $states.input.a + $x ", "states/input/a x"},
		{" $states.`input`.`a b` ", "states/input/a b"},
		{` "$no" & '$no' & $sum([1]) `, "sum()"},
		{" /* $no */ $x ", "x"},
		{" $map($l, function($v, $i){ $v * $i }) ", "map() l"},
		{" ( $y := 1; $y + $z ) ", "z"},
		{" $l#$i.$i ", "l"},
		{" $match('a', /$no/) ", "match()"},
		{" $a / $b / $c ", "a b c"},
		{" $.a ~> $f ", "/a f"},
		{" $$.a ", "$/a"},
		{" $states.context.$keys() ", "states/context keys()"},
		{" $states.input.name() ", "states/input"},
	} {
		var got []string
		for _, r := range asl.References(c.in) {
			s := strings.Join(append([]string{r.Name}, r.Path...), "/")
			if r.Call {
				s += "()"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("References(%q) = %q, want %q", c.in, s, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","Output":"{% $states.input %}","End":true}}}`))
	f.Add([]byte(`{"StartAt":"A","States":{"A":{"Type":"Map","ItemProcessor":{"StartAt":"B","States":{"B":{"Type":"Task","Retry":[{}],"Catch":[{}]}}}}}}`))
	f.Add([]byte(`{"StartAt":1,"States":{"A":{"Type":"Choice","Choices":[{"Condition":"{% /a/ %}"}]},"A":null}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := asl.Decode(data)
		if err != nil {
			return
		}
		_ = asl.Check(m)
		first, err := asl.Format(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := asl.Decode(first)
		if err != nil {
			t.Fatalf("%s does not decode: %v", first, err)
		}
		second, err := asl.Format(again)
		if err != nil || string(first) != string(second) {
			t.Fatalf("%s formats again as %s (%v)", first, second, err)
		}
	})
}
