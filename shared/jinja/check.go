package jinja

import (
	"slices"
)

// Issue is something in a template that can't work.
type Issue struct {
	Kind    IssueKind
	Name    string // of the filter, test or function
	Offset  int    // of the name, in bytes within the template
	Message string
}

// IssueKind tells issues apart.
type IssueKind string

// The kinds of issue.
const (
	UnknownFilter   IssueKind = "unknown-filter"
	UnknownTest     IssueKind = "unknown-test"
	UnknownFunction IssueKind = "unknown-function"
	WrongArguments  IssueKind = "wrong-arguments"
)

// Ref is a name that a template asks for by a constant.
type Ref struct {
	// Function is empty for `_.name`, `env()` for a name of its result, else
	// the function that is called with the name.
	Function string
	Name     string
	Offset   int // of the name, in bytes within the template
	// Optional says that a missing name is no error: a default or a test looks
	// at it.
	Optional bool
	// Lazy says that it may not be evaluated: it stands behind `or`, or in a
	// branch, a loop, a macro.
	Lazy bool
}

// missing is a filter or test that does not exist.
type missing struct {
	what        string // filter or test
	name        string
	off         int
	conditional bool // in a branch that may not be taken
}

// unknownNames lists the filters and tests of a template that do not exist.
func unknownNames(t *Template, lib *Library) []missing {
	var found []missing
	var visit func(x expr, soft bool)
	visit = func(x expr, soft bool) {
		switch x := x.(type) {
		case *filterNode:
			if _, ok := lib.get(x.name); !ok && filters()[x.name] == nil {
				found = append(found, missing{"filter", x.name, x.off, soft})
			}
		case *testNode:
			if tests()[x.name] == nil {
				found = append(found, missing{"test", x.name, x.off, soft})
			}
		case *condNode:
			soft = true
		}
		children(x, func(c expr) { visit(c, soft) })
	}
	var body func(b []stmt, soft bool)
	body = func(b []stmt, soft bool) {
		for _, s := range b {
			xs, bodies := parts(s)
			_, isIf := s.(*ifNode)
			for _, x := range xs {
				visit(x, isIf || soft)
			}
			for _, inner := range bodies {
				body(inner, isIf)
			}
		}
	}
	body(t.statements(), false)
	return found
}

func (t *Template) statements() []stmt {
	if t.lone {
		return []stmt{&outputNode{[]expr{t.expr}}}
	}
	return t.body
}

// Check finds what can't work whatever the data are, and the names that the
// template asks for.
func (t *Template) Check(lib *Library) ([]Issue, []Ref) {
	c := checker{lib: lib, assigned: map[string]bool{}, tested: map[string]bool{}}
	c.assignments(t.statements())
	walk(t.statements(), func(x expr) bool {
		if n, ok := x.(*testNode); ok && (n.name == "filter" || n.name == "test") {
			if k, ok := n.x.(*constNode); ok {
				name, _ := k.val.(string)
				c.tested[name] = true
			}
		}
		return true
	})
	for _, n := range unknownNames(t, lib) {
		if n.conditional && c.tested[n.name] {
			continue
		}
		kind := UnknownFilter
		if n.what == "test" {
			kind = UnknownTest
		}
		c.issues = append(c.issues, Issue{kind, n.name, n.off, "No " + n.what + " named " + strRepr(n.name) + "."})
	}
	c.body(t.statements(), false)
	slices.SortStableFunc(c.issues, func(a, b Issue) int { return a.Offset - b.Offset })
	slices.SortStableFunc(c.refs, func(a, b Ref) int { return a.Offset - b.Offset })
	return c.issues, c.refs
}

type checker struct {
	lib      *Library
	assigned map[string]bool // names that the template sets anywhere
	tested   map[string]bool // names that `is filter` or `is test` ask for
	optional map[expr]bool
	lazy     bool
	issues   []Issue
	refs     []Ref
}

// assignments finds the names that a template sets.
func (c *checker) assignments(body []stmt) {
	target := func(x expr) {
		walkExpr(x, func(x expr) bool {
			if n, ok := x.(*nameNode); ok {
				c.assigned[n.name] = true
			}
			return true
		})
	}
	for _, s := range body {
		for _, t := range targets(s) {
			target(t)
		}
		switch s := s.(type) {
		case *forNode:
			c.assigned["loop"] = true
		case *macroNode:
			c.macro(s)
			c.assigned[s.name] = true
		case *callBlockNode:
			c.macro(s.macro)
		case *loaderNode:
			for _, n := range s.targets {
				c.assigned[n] = true
			}
		}
		_, bodies := parts(s)
		for _, b := range bodies {
			c.assignments(b)
		}
	}
}

func (c *checker) macro(m *macroNode) {
	for _, n := range append([]string{"caller", "kwargs", "varargs"}, m.params...) {
		c.assigned[n] = true
	}
}

func (c *checker) isRoot(x expr) bool {
	n, ok := x.(*nameNode)
	return ok && n.name == "_" && !c.assigned["_"]
}

// body looks at all expressions of a body.
func (c *checker) body(b []stmt, lazy bool) {
	for _, s := range b {
		xs, bodies := parts(s)
		inside := lazy
		switch s.(type) {
		case *ifNode, *forNode, *macroNode, *callBlockNode:
			inside = true
		}
		_, isMacro := s.(*macroNode)
		for i, x := range xs {
			c.expr(x, lazy || isMacro || i > 0 && inside)
		}
		for _, inner := range bodies {
			c.body(inner, inside)
		}
	}
}

// expr looks at an expression and what is in it.
func (c *checker) expr(x expr, lazy bool) {
	c.lazy = lazy
	c.look(x)
	switch x := x.(type) {
	case *andNode:
		c.expr(x.l, lazy)
		c.expr(x.r, true)
	case *orNode:
		c.expr(x.l, lazy)
		c.expr(x.r, true)
	case *condNode:
		c.expr(x.test, lazy)
		c.expr(x.then, true)
		if x.other != nil {
			c.expr(x.other, true)
		}
	case *cmpNode:
		c.expr(x.first, lazy)
		for i, op := range x.ops {
			c.expr(op.x, lazy || i > 0)
		}
	default:
		children(x, func(e expr) { c.expr(e, lazy) })
	}
}

func (c *checker) look(x expr) {
	switch x := x.(type) {
	case *testNode:
		if x.name == "defined" || x.name == "undefined" {
			c.forgive(x.x)
		}
	case *filterNode:
		if x.name == "default" || x.name == "d" {
			c.forgive(x.x)
		}
	case *attrNode:
		c.attr(x, x.x, x.name, x.off)
	case *itemNode:
		if k, ok := x.arg.(*constNode); ok {
			if name, ok := k.val.(string); ok {
				c.attr(x, x.x, name, k.off)
			}
		}
	case *callNode:
		c.call(x)
	}
}

// forgive marks names as optional that a test or a default looks at.
func (c *checker) forgive(x expr) {
	if c.optional == nil {
		c.optional = map[expr]bool{}
	}
	for {
		c.optional[x] = true
		switch n := x.(type) {
		case *attrNode:
			x = n.x
		case *itemNode:
			x = n.x
		default:
			return
		}
	}
}

func (c *checker) attr(at, of expr, name string, off int) {
	if c.isRoot(of) {
		if _, method := dictMethods()[name]; !method {
			c.refs = append(c.refs, Ref{Name: name, Offset: off, Optional: c.optional[at], Lazy: c.lazy})
		}
		return
	}
	call, ok := of.(*callNode)
	if !ok {
		return
	}
	if f, ok := call.fn.(*nameNode); ok && f.name == "env" && !c.assigned["env"] {
		if _, method := dictMethods()[name]; !method {
			c.refs = append(c.refs, Ref{Function: "env()", Name: name, Offset: off, Optional: c.optional[at], Lazy: c.lazy})
		}
	}
}

func (c *checker) call(x *callNode) {
	switch f := x.fn.(type) {
	case *nameNode:
		c.callName(x, f)
	case *attrNode:
		if c.isRoot(f.x) && f.name == "get" && len(x.args.args) > 0 {
			if name, off, ok := constText(x.args.args[0]); ok {
				c.refs = append(c.refs, Ref{Name: name, Offset: off, Optional: true, Lazy: c.lazy})
			}
		}
	}
}

// constText gives the text of a string literal and where it is.
func constText(x expr) (text string, off int, ok bool) {
	k, ok := x.(*constNode)
	if !ok {
		return "", 0, false
	}
	s, ok := k.val.(string)
	return s, k.off, ok
}

func (c *checker) callName(x *callNode, f *nameNode) {
	if c.assigned[f.name] {
		return
	}
	h, ok := c.lib.get(f.name)
	if !ok {
		_, isGlobal := globals()[f.name]
		if !isGlobal && !slices.Contains([]string{"_", "self", "super", "__env", "__execution", "__task_execution"}, f.name) {
			c.issues = append(c.issues, Issue{UnknownFunction, f.name, f.off, "Unknown function " + strRepr(f.name)})
		}
		return
	}
	if x.args.star == nil && x.args.dstar == nil {
		kwargs := make([]kwarg, len(x.args.kwargs))
		for i, kw := range x.args.kwargs {
			kwargs[i].name = kw.name
		}
		if _, err := h.params.bind(make([]any, len(x.args.args)), kwargs); err != nil {
			c.issues = append(c.issues, Issue{WrongArguments, f.name, f.off, err.Error()})
		}
	}
	var first expr
	switch {
	case len(x.args.args) > 0:
		first = x.args.args[0]
	case len(x.args.kwargs) > 0 && len(h.params.names) > 0 && x.args.kwargs[0].name == h.params.names[0]:
		first = x.args.kwargs[0].x
	default:
		return
	}
	if name, off, ok := constText(first); ok {
		c.refs = append(c.refs, Ref{Function: f.name, Name: name, Offset: off, Lazy: c.lazy})
	}
}

// Filters lists the names of all filters, those of the library among them.
func Filters(lib *Library) []string { return names(filters(), lib) }

// Tests lists the names of all tests.
func Tests() []string { return names(tests(), nil) }

// Functions lists the names of all functions that can be called.
func Functions(lib *Library) []string { return names(globals(), lib) }

func names[T any](table map[string]T, lib *Library) []string {
	var out []string
	for n := range table {
		out = append(out, n)
	}
	if lib != nil {
		for n := range lib.fns {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
