package lint

import (
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
)

// Check looks through files that package dsl found no errors in. The workflows
// of all of them may call each other. The diagnostics are sorted.
func Check(files []*dsl.File) dsl.Diagnostics {
	l := &linter{known: map[string]*dsl.Workflow{}}
	for _, f := range files {
		for _, w := range f.Workflows {
			l.known[w.QualifiedName] = w
		}
	}
	l.findCalled(files)
	for _, f := range files {
		for _, w := range f.Workflows {
			l.workflow(f, w)
		}
		for _, a := range f.Actions {
			l.keysOf(a.BaseInput)
			l.keysOf(a.Output)
			l.defaults(a.Input)
		}
	}
	l.diags.Sort()
	return l.diags
}

type linter struct {
	known map[string]*dsl.Workflow // by qualified name
	// called are the workflows whose failure another one may handle.
	called map[*dsl.Workflow]bool
	// compared is how many names unknown ones have been compared with.
	compared int
	diags    dsl.Diagnostics
}

// note is what a diagnostic says besides its id and place.
type note struct {
	detail, advice string
	// in is the whole text that the subject is a part of.
	in *dsl.Node
	// certain makes an error of it.
	certain bool
}

func (l *linter) report(id string, at dsl.Span, n note, format string, args ...any) {
	d := dsl.Diagnostic{
		ID: id, Severity: dsl.Warning, Summary: fmt.Sprintf(format, args...), Detail: n.detail, Advice: n.advice, Subject: at,
	}
	if n.certain {
		d.Severity = dsl.Error
	}
	if n.in != nil {
		d.Context = &n.in.Span
	}
	l.diags = append(l.diags, d)
}

// findCalled finds the workflows that others call. One called by a name that is
// computed may be any.
func (l *linter) findCalled(files []*dsl.File) {
	l.called = map[*dsl.Workflow]bool{}
	for _, f := range files {
		for _, w := range f.Workflows {
			for _, t := range w.Tasks {
				if t.Workflow == nil {
					continue
				}
				if sub := l.callee(f, t.Workflow.Name); sub != nil {
					l.called[sub] = true
				}
				if !isComputed(t.Workflow.Name) {
					continue
				}
				for _, any := range l.known {
					l.called[any] = l.called[any] || any != w
				}
			}
		}
	}
}

// callee finds a workflow as Mistral does: in the workbook first.
func (l *linter) callee(f *dsl.File, name string) *dsl.Workflow {
	if f.Workbook != nil {
		if w := l.known[f.Workbook.Name+"."+name]; w != nil {
			return w
		}
	}
	return l.known[name]
}

// didYouMean is the advice for an unknown name. As it looks through all known
// ones it ends when that has taken long: nobody reads so much advice.
func (l *linter) didYouMean(word string, known []string) string {
	const most = 1 << 17
	if l.compared += len(known) * (1 + len(word)*len(word)/256); l.compared > most {
		return ""
	}
	if s := spell.Nearest(word, known); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return ""
}
