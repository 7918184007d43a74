package dsl

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

func ExampleParse() {
	src := []byte("version: '2.0'\nhello:\n  tasks:\n    greet:\n      action: std.echo output=\"Hello\"\n      on-succes: done\n")
	file, diags := Parse("hello.yaml", src, Options{})
	if err := Render(os.Stdout, diags, map[string][]byte{"hello.yaml": src}, RenderOptions{}); err != nil {
		panic(err)
	}
	fmt.Println(file.Workflows[0].Tasks[0].Action.Name)
	// Output:
	// hello.yaml:6:7: error: unknown key "on-succes" in task "greet" [unknown-key]
	// 6 |       on-succes: done
	//   |       ^^^^^^^^^
	//   help: did you mean "on-success"?
	// std.echo
}

func TestDiagnosticsAsError(t *testing.T) {
	_, diags := Parse("f.yaml", []byte("version: 2\nwf:\n  x-y: 1\n  tasks: {a: {actoin: x}}\n"), Options{})
	var list Diagnostics
	if err := diags.Err(); !errors.As(err, &list) || len(list) != 2 {
		t.Fatalf("Err gives %v", err)
	}
	want := "f.yaml:3:3: key \"x-y\" in workflow \"wf\" is ignored\nf.yaml:4:15: unknown key \"actoin\" in task \"a\""
	if got := diags.Error(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := diags[:1].Err(); err != nil {
		t.Errorf("a warning is the error %v", err)
	}
	if diags[0].Severity.String() != "warning" || diags[1].Severity.String() != "error" {
		t.Error("severities are misnamed")
	}
}

func TestRenderWithoutSource(t *testing.T) {
	_, diags := Parse("f.yaml", []byte("version: 2\nwf: 5\n"), Options{})
	var b strings.Builder
	if err := Render(&b, diags, nil, RenderOptions{}); err != nil {
		t.Fatal(err)
	}
	want := "f.yaml:2:5: error: workflow \"wf\" must be a dictionary, not an integer [wrong-type]\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestRenderReportsWriteErrors(t *testing.T) {
	_, diags := Parse("f.yaml", []byte("x"), Options{})
	if err := Render(brokenWriter{}, diags, nil, RenderOptions{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// TestKinds holds that a file is taken for what it is, and that a caller can say.
func TestKinds(t *testing.T) {
	for src, want := range map[string]string{
		"version: 2\nwf: {tasks: {a: {action: x}}}":                                     "0 book, 1 workflows, 0 actions",
		"version: 2\nworkflows: {tasks: {a: {action: x}}}":                              "0 book, 1 workflows, 0 actions",
		"version: 2\nname: b\nworkflows: {wf: {tasks: {a: {action: x}}}}":               "1 book, 1 workflows, 0 actions",
		"version: 2\nname: b":                                                           "1 book, 0 workflows, 0 actions",
		"version: 2\nname: b\nactions: {a: {base: x}}":                                  "1 book, 0 workflows, 1 actions",
		"version: 2\na: {base: x}\nb: {base: y}":                                        "0 book, 0 workflows, 2 actions",
		"version: 2\nactions: {base: x}":                                                "0 book, 0 workflows, 1 actions",
		"version: 2\nname: {tasks: {a: {action: x}}}\nb: {tasks: {a: {input: {a: 1}}}}": "0 book, 2 workflows, 0 actions",
	} {
		f, diags := Parse("f.yaml", []byte(src), Options{})
		books := 0
		if f != nil && f.Workbook != nil {
			books = 1
		}
		if got := fmt.Sprintf("%d book, %d workflows, %d actions", books, len(f.Workflows), len(f.Actions)); got != want || diags.HasErrors() {
			t.Errorf("%q: %s, want %s; %v", src, got, want, diags)
		}
	}
	f, diags := Parse("f.yaml", []byte("version: 2\na: {base: x}"), Options{Kind: WorkflowFile})
	if len(f.Workflows) != 1 || !diags.HasErrors() {
		t.Errorf("as a workflow file: %d workflows, %v", len(f.Workflows), diags)
	}
}

// TestGraph covers what compile asks of a workflow.
func TestGraph(t *testing.T) {
	src := `
version: 2
wf:
  task-defaults: {on-error: [h, noop], on-success: h}
  tasks:
    a: {action: x, on-success: [b, fail], on-complete: b}
    b: {action: x, on-error: a}
    h: {action: x}
`
	f, diags := Parse("f.yaml", []byte(src), Options{})
	if diags.HasErrors() && len(diags) != 1 {
		t.Fatal(diags)
	}
	w := f.Workflows[0]
	routes := func(task string, c Clause) string {
		var out []string
		for _, r := range w.Routes(w.Task(task), c) {
			out = append(out, r.To+r.Command)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		task   string
		clause Clause
		want   string
	}{
		{"a", OnSuccess, "b fail"}, {"a", OnError, "h noop"}, {"b", OnSuccess, "h"}, {"b", OnError, "a"},
		{"h", OnError, "noop"}, {"h", OnSuccess, ""}, {"a", OnSkip, ""},
	} {
		if got := routes(c.task, c.clause); got != c.want {
			t.Errorf("%s of %s leads to %q, want %q", c.clause, c.task, got, c.want)
		}
	}
	in := w.Inbound()
	if len(in["b"]) != 1 || len(in["h"]) != 2 || len(in["a"]) != 1 {
		t.Errorf("inbound: %v", in)
	}
	if w.Task("none") != nil || len(w.StartTasks()) != 0 {
		t.Error("there is a start task, or a task without a name")
	}
}

// TestPlaceOfExpression is what compile does with an error inside a string.
func TestPlaceOfExpression(t *testing.T) {
	src := "version: 2\nwf:\n  tasks:\n    a:\n      action: std.echo\n      input:\n        output: >\n          first\n          then <% $.x + %>\n"
	f, diags := Parse("f.yaml", []byte(src), Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	params, _ := f.Workflows[0].Tasks[0].Arguments()
	n := params[0].Value
	if p := n.PosAt(strings.Index(n.Text, "+")); p.Line != 9 || p.Col != 23 {
		t.Errorf("the operator stands at %+v", p)
	}
}

// TestLargeWorkflow holds that a workflow of many tasks parses in reasonable time:
// a quadratic step would take minutes.
func TestLargeWorkflow(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 2\nwf:\n  tasks:\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "    t%d:\n      action: std.echo output=<%% $.x %%>\n      on-success: [t%d, t%d]\n", i, i+1, i+2)
	}
	b.WriteString("    t5000: {action: x}\n    t5001: {action: x}\n")
	f, diags := Parse("f.yaml", []byte(b.String()), Options{})
	if diags.HasErrors() || len(f.Workflows[0].Tasks) != 5002 {
		t.Fatal(diags)
	}
}
