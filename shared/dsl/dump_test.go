package dsl

import (
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// dump writes a file's tree as indented text, with the place of each part.
func dump(f *File) string {
	d := &dumper{}
	if f == nil {
		return "nothing\n"
	}
	if b := f.Workbook; b != nil {
		d.line(0, b.Span, "workbook %q", b.Name)
		d.about(1, b.Description, b.Tags)
	}
	for _, a := range f.Actions {
		d.action(a)
	}
	for _, w := range f.Workflows {
		d.workflow(w)
	}
	return d.String()
}

type dumper struct{ strings.Builder }

func at(s Span) string {
	if s.IsZero() {
		return "-"
	}
	return fmt.Sprintf("%d:%d-%d:%d", s.Start.Line, s.Start.Col, s.End.Line, s.End.Col)
}

func (d *dumper) line(depth int, s Span, format string, args ...any) {
	fmt.Fprintf(d, "%s%s  @%s\n", strings.Repeat("  ", depth), fmt.Sprintf(format, args...), at(s))
}

func (d *dumper) node(depth int, name string, n *Node) {
	if n != nil {
		d.line(depth, n.Span, "%s %s %s", name, n.Kind, encode(n.Value()))
	}
}

func encode(v any) string {
	b, err := value.Encode(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func (d *dumper) about(depth int, description string, tags []string) {
	if description != "" {
		fmt.Fprintf(d, "%sdescription %q\n", strings.Repeat("  ", depth), description)
	}
	if len(tags) > 0 {
		fmt.Fprintf(d, "%stags %q\n", strings.Repeat("  ", depth), tags)
	}
}

func (d *dumper) inputs(params []InputParam) {
	for _, p := range params {
		d.line(1, p.Span, "input %q", p.Name)
		if p.HasDefault {
			d.node(2, "default", p.Default)
		}
	}
}

func (d *dumper) action(a *AdhocAction) {
	d.line(0, a.Span, "action %q (%s)", a.Name, a.QualifiedName)
	d.about(1, a.Description, a.Tags)
	d.inputs(a.Input)
	d.call("base", a.Base)
	for _, p := range a.Arguments() {
		d.node(2, "argument "+p.Name, p.Value)
	}
	d.node(1, "output", a.Output)
}

func (d *dumper) call(what string, c *Call) {
	if c == nil {
		return
	}
	if c.Implied {
		fmt.Fprintf(d, "    %s %q implied\n", what, c.Name)
		return
	}
	d.line(1, c.NameNode.Span, "  %s %q", what, c.Name)
	for _, p := range c.Params {
		d.line(3, p.NameSpan, "param %s", p.Name)
		d.node(4, "value", p.Value)
	}
}

func (d *dumper) workflow(w *Workflow) {
	d.line(0, w.Span, "%s workflow %q (%s)", w.Type, w.Name, w.QualifiedName)
	d.about(1, w.Description, w.Tags)
	d.inputs(w.Input)
	d.node(1, "vars", w.Vars)
	d.node(1, "output", w.Output)
	d.node(1, "output-on-error", w.OutputOnError)
	if w.TaskDefaults != nil {
		d.line(1, w.TaskDefaults.Span, "task-defaults")
		d.taskBody(w.TaskDefaults)
	}
	for _, t := range w.Tasks {
		d.line(1, t.Span, "task %q", t.Name)
		d.taskBody(t)
	}
	if w.Type == Direct {
		for _, t := range w.StartTasks() {
			fmt.Fprintf(d, "  starts with %q\n", t.Name)
		}
	}
}

func (d *dumper) taskBody(t *Task) {
	d.about(2, t.Description, t.Tags)
	d.call("action", t.Action)
	d.call("workflow", t.Workflow)
	params, whole := t.Arguments()
	d.node(2, "input", whole)
	for _, p := range params {
		d.node(2, "argument "+p.Name, p.Value)
	}
	for _, w := range t.WithItems {
		d.line(2, w.VarSpan, "with-items %q", w.Var)
		d.node(3, "in", w.Expr)
	}
	if t.Join != nil {
		d.line(2, t.Join.Span, "join all=%v count=%d", t.Join.All, t.Join.Count)
	}
	if r := t.Retry; r != nil {
		d.line(2, r.Span, "retry")
		for _, n := range []struct {
			name string
			node *Node
		}{{"count", r.Count}, {"delay", r.Delay}, {"break-on", r.BreakOn}, {"continue-on", r.ContinueOn}} {
			d.node(3, n.name, n.node)
		}
	}
	for _, n := range []struct {
		name string
		node *Node
	}{
		{"publish", t.Publish}, {"publish-on-error", t.PublishOnError}, {"publish-on-skip", t.PublishOnSkip},
		{"timeout", t.Timeout}, {"wait-before", t.WaitBefore}, {"wait-after", t.WaitAfter}, {"concurrency", t.Concurrency},
		{"pause-before", t.PauseBefore}, {"fail-on", t.FailOn}, {"keep-result", t.KeepResult}, {"safe-rerun", t.SafeRerun},
		{"target", t.Target},
	} {
		d.node(2, n.name, n.node)
	}
	for _, ref := range t.Requires {
		d.line(2, ref.Span, "requires %q", ref.Name)
	}
	for _, c := range Clauses() {
		d.routes(string(c), t.Clause(c))
	}
}

func (d *dumper) routes(name string, rs *Routes) {
	if rs == nil {
		return
	}
	d.line(2, rs.Span, "%s advanced=%v", name, rs.Advanced)
	if p := rs.Publish; p != nil {
		d.line(3, p.Span, "publish")
		d.node(4, "branch", p.Branch)
		d.node(4, "global", p.Global)
		d.node(4, "atomic", p.Atomic)
	}
	for _, r := range rs.Entries {
		d.line(3, r.NameSpan, "to %q command %q", r.To, r.Command)
		for _, p := range r.Params {
			d.node(4, "param "+p.Name, p.Value)
		}
		d.node(4, "guard", r.Guard)
	}
}
