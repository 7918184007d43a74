package expr

import (
	"errors"
	"slices"
	"sync"

	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// Problem is something that [Check] found in a template.
type Problem struct {
	Path       []any  // keys (string) and indexes (int) from the tree's root to the string
	Template   string // the string
	Offset     int    // in bytes, within the string
	Kind       ProblemKind
	Message    string
	Name       string // the function that is unknown or wrongly called
	Suggestion string // the name that may be meant, or empty
}

// ProblemKind tells problems apart.
type ProblemKind string

// The kinds of problem.
const (
	Syntax          ProblemKind = "syntax"
	UnknownFunction ProblemKind = "unknown-function"
	UnknownFilter   ProblemKind = "unknown-filter" // of Jinja2
	UnknownTest     ProblemKind = "unknown-test"   // of Jinja2
	WrongArguments  ProblemKind = "wrong-arguments"
)

// Ref is a name that a template refers to by a constant.
type Ref struct {
	Path     []any
	Template string
	Offset   int // of the name, in bytes within the string
	Kind     RefKind
	Name     string
	Optional bool // a missing name is no error: $.get(name), or _.name with a default
	Lazy     bool // it may not be evaluated: it stands behind `or`, in a switch, in a lambda, in a branch
}

// RefKind tells references apart.
type RefKind string

// The kinds of reference.
const (
	Variable   RefKind = "variable"    // $.name or _.name, where $ and _ are the whole context
	TaskName   RefKind = "task"        // task(name)
	GlobalName RefKind = "global"      // global(name)
	EnvName    RefKind = "environment" // env().name
)

// Report is what [Check] finds, in the order of the tree.
type Report struct {
	Problems []Problem
	Refs     []Ref
}

// Check reads all templates of a tree of value data without evaluating them.
// A call is a problem only if it fails whatever the data are.
func Check(v any) Report {
	var c checker
	c.tree(v)
	return c.report
}

// Functions lists the functions, or the methods, that expressions can call.
func Functions(methods bool) []string { return slices.Clone(names(methods)) }

type checker struct {
	path   []any
	report Report
}

func (c *checker) tree(v any) {
	switch v := v.(type) {
	case string:
		c.template(v)
	case []any:
		for i, e := range v {
			c.under(i, e)
		}
	case *value.Map:
		for k, e := range v.All() {
			c.under(k, e)
		}
	}
}

func (c *checker) under(step, v any) {
	c.path = append(c.path, step)
	c.tree(v)
	c.path = c.path[:len(c.path)-1]
}

func (c *checker) problem(p Problem) {
	p.Path = slices.Clone(c.path)
	c.report.Problems = append(c.report.Problems, p)
}

func (c *checker) template(src string) {
	t, err := Compile(src)
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		c.problem(Problem{Template: src, Offset: syntax.Offset, Kind: Syntax, Message: syntax.Message})
		return
	}
	if t.jinja != nil {
		c.jinja(src, t.jinja)
		return
	}
	for i := range t.parts {
		if t.parts[i].expr != nil {
			c.expression(src, &t.parts[i])
		}
	}
}

func (c *checker) expression(src string, p *part) {
	issues, refs := p.expr.Check(library())
	for _, is := range issues {
		out := Problem{Template: src, Offset: p.off + is.Offset, Kind: WrongArguments, Message: is.Message, Name: is.Name}
		if is.Kind == yaql.UnknownFunction {
			out.Kind = UnknownFunction
			out.Suggestion = spell.Nearest(is.Name, names(is.Method))
		}
		c.problem(out)
	}
	for _, r := range refs {
		c.ref(src, r.Function, Ref{Offset: p.off + r.Offset, Name: r.Name, Optional: r.Optional, Lazy: r.Lazy})
	}
}

// jinja checks a text of Jinja2. Mistral takes no text that has both languages.
func (c *checker) jinja(src string, t *jinja.Template) {
	if from, _ := nextExpr(src, 0); from >= 0 {
		c.problem(Problem{Template: src, Offset: from, Kind: Syntax, Message: "YAQL and Jinja2 in one text"})
		return
	}
	issues, refs := t.Check(jinjaLibrary())
	for _, is := range issues {
		p := Problem{Template: src, Offset: is.Offset, Kind: WrongArguments, Message: is.Message, Name: is.Name}
		switch is.Kind {
		case jinja.UnknownFilter:
			p.Kind, p.Suggestion = UnknownFilter, spell.Nearest(is.Name, jinja.Filters(jinjaLibrary()))
		case jinja.UnknownTest:
			p.Kind, p.Suggestion = UnknownTest, spell.Nearest(is.Name, jinja.Tests())
		case jinja.UnknownFunction:
			p.Kind, p.Suggestion = UnknownFunction, spell.Nearest(is.Name, jinja.Functions(jinjaLibrary()))
		}
		c.problem(p)
	}
	for _, r := range refs {
		c.ref(src, r.Function, Ref{Offset: r.Offset, Name: r.Name, Optional: r.Optional, Lazy: r.Lazy})
	}
}

// ref adds a reference of a kind that the function tells.
func (c *checker) ref(src, function string, r Ref) {
	kind, ok := refKinds[function]
	if !ok {
		return
	}
	r.Path, r.Template, r.Kind = slices.Clone(c.path), src, kind
	c.report.Refs = append(c.report.Refs, r)
}

var refKinds = map[string]RefKind{"": Variable, "task": TaskName, "global": GlobalName, "env()": EnvName}

var functionNames, methodNames = sync.OnceValue(func() []string { return library().Names(false) }),
	sync.OnceValue(func() []string { return library().Names(true) })

func names(methods bool) []string {
	if methods {
		return methodNames()
	}
	return functionNames()
}
