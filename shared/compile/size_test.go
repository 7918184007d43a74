package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
)

// graphs are workflows of n tasks of shapes that are hard in their own ways.
var graphs = []struct {
	name string
	make func(n int) string
}{
	{"chain", func(n int) string {
		return tasks(n, func(i int) string { return fmt.Sprintf("action: std.noop, on-success: t%d", i+1) }, "t%d: {action: std.noop}")
	}},
	{"fork", func(n int) string {
		var to []string
		for i := range n {
			to = append(to, fmt.Sprintf("t%d", i))
		}
		return "    start: {on-success: [" + strings.Join(to, ", ") + "]}\n" +
			tasks(n, func(int) string { return "action: std.noop, on-success: j" }, "") + "    j: {join: all}\n"
	}},
	{"ladder", func(n int) string { // forks of two and their joins, one behind the other
		var b strings.Builder
		for i := range n / 3 {
			fmt.Fprintf(&b, "    j%d: {join: all, on-success: [a%d, b%d]}\n", i, i, i)
			fmt.Fprintf(&b, "    a%d: {on-success: j%d}\n    b%d: {on-success: j%d}\n", i, i+1, i, i+1)
		}
		fmt.Fprintf(&b, "    j%d: {join: all}\n", n/3)
		return strings.Replace(b.String(), "j0: {join: all, ", "j0: {", 1)
	}},
	{"nest", func(n int) string { // forks in forks
		var b strings.Builder
		for i := range n / 3 {
			fmt.Fprintf(&b, "    f%d: {on-success: [f%d, s%d]}\n", i, i+1, i)
			fmt.Fprintf(&b, "    s%d: {on-success: j%d}\n    j%d: {join: all%s}\n", i, i, i, map[bool]string{true: "", false: fmt.Sprintf(", on-success: j%d", i-1)}[i == 0])
		}
		fmt.Fprintf(&b, "    f%d: {on-success: j%d}\n", n/3, n/3-1)
		return b.String()
	}},
	{"choices", func(n int) string {
		return "    first: {action: std.noop}\n" + tasks(n, func(i int) string {
			return fmt.Sprintf("action: std.noop, on-success: [{t%d: <%% 1 = 1 %%>}], on-error: e%d}\n    e%d: {action: std.noop", i+1, i, i)
		}, "t%d: {action: std.noop}")
	}},
	{"grid", func(n int) string { // crossing: no structured form
		return tasks(n, func(i int) string { return fmt.Sprintf("join: all, on-success: [t%d, t%d]", i+1, i+2) }, "t%d: {join: all}\n    t"+fmt.Sprint(n+1)+": {join: all}")
	}},
}

func tasks(n int, body func(i int) string, last string) string {
	var b strings.Builder
	for i := range n {
		text := body(i)
		if i == 0 {
			text = strings.Replace(text, "join: all, ", "", 1)
		}
		fmt.Fprintf(&b, "    t%d: {%s}\n", i, text)
	}
	if strings.Contains(last, "%d") {
		fmt.Fprintf(&b, "    "+last+"\n", n)
	}
	return b.String()
}

func built(tb testing.TB, registry *actions.Registry, text string) *compile.Workflow {
	tb.Helper()
	f, diags := dsl.Parse("w.yaml", []byte("version: '2.0'\nw:\n  tasks:\n"+text), dsl.Options{})
	if diags.HasErrors() {
		tb.Fatal(diags)
	}
	all, diags := compile.Files([]*dsl.File{f}, compile.Options{Registry: registry})
	if diags.HasErrors() {
		tb.Fatal(diags)
	}
	return all[0]
}

// TestDefinitionSize holds how large definitions are: Step Functions takes 1 MB,
// of which 33 forks in each other alone take more for their indentation.
func TestDefinitionSize(t *testing.T) {
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range graphs {
		w := built(t, registry, g.make(100))
		text, err := asl.Format(w.Definition)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s of 100: %d KB, %s", g.name, len(text)>>10, w.Form())
		if len(text) > 1<<20 && g.name != "nest" {
			t.Errorf("%s of 100 tasks: %d bytes", g.name, len(text))
		}
	}
}

// BenchmarkGraphs compiles workflows of 1,000 and 2,000 tasks.
func BenchmarkGraphs(b *testing.B) {
	registry, err := actions.NewRegistry()
	if err != nil {
		b.Fatal(err)
	}
	for _, g := range graphs {
		for _, n := range []int{1000, 2000} {
			text := g.make(n)
			b.Run(fmt.Sprintf("%s/%d", g.name, n), func(b *testing.B) {
				for b.Loop() {
					built(b, registry, text)
				}
			})
		}
	}
}
