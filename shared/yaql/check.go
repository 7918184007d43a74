package yaql

import (
	"fmt"
	"slices"
	"strings"
)

// Issue is a call that fails whatever the data are, if it is reached.
type Issue struct {
	Offset  int // in bytes, of the function's name or the operator
	Kind    IssueKind
	Name    string // the function's, empty for an operator
	Method  bool   // it is called as x.f()
	Message string
}

// IssueKind tells issues apart.
type IssueKind int

// The kinds of issue.
const (
	UnknownFunction IssueKind = iota
	WrongArguments
)

// Ref is a name of the data, or of something that the host knows, that an
// expression asks for by a constant.
type Ref struct {
	Offset int // in bytes, of the name
	// Function is the function that is called with it (`task` in task(name)),
	// or whose result has it as a key (`env()` in env().name); empty if it is
	// a key of the root (`$.name`).
	Function string
	Name     string
	// Optional is set if a missing name is no error: $.get(name).
	Optional bool
	// Lazy is set if it may not be asked for at all: it stands in an argument
	// that its function evaluates itself, if it does.
	Lazy bool
}

// Names lists what can be called besides operators, as a function or as a
// method, in alphabetical order. A nil library has the standard functions only.
func (l *Library) Names(methods bool) []string {
	var out []string
	add := func(fns map[string]*overloads) {
		for name, o := range fns {
			if len(o.of(methods)) > 0 && !strings.ContainsAny(name, "#*") {
				out = append(out, name)
			}
		}
	}
	add(library())
	if l != nil {
		add(l.fns)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Check looks for calls that can't work, and lists the names that are asked
// for, each in the order of the text.
func (e *Expr) Check(l *Library) ([]Issue, []Ref) {
	c := &checker{st: &state{lib: library(), fallback: fallback()}, defined: map[string]bool{}}
	if l != nil {
		c.st.host = l.fns
	}
	walk(e.root, c.define)
	c.node(e.root, nil, true)
	slices.SortStableFunc(c.issues, func(a, b Issue) int { return a.Offset - b.Offset })
	slices.SortStableFunc(c.refs, func(a, b Ref) int { return a.Offset - b.Offset })
	return c.issues, c.refs
}

type checker struct {
	st      *state
	defined map[string]bool // functions of the expression's own
	dynamic bool            // it defines functions under computed names
	lazy    bool            // what is looked at may not be evaluated
	issues  []Issue
	refs    []Ref
}

// text is a constant string, bare or quoted.
func text(n node) (string, bool) {
	c, ok := n.(*constant)
	if !ok {
		return "", false
	}
	s, ok := c.val.(string)
	return s, ok
}

func (c *checker) define(n node) {
	d, ok := n.(*call)
	if !ok || !d.fn || strings.TrimRight(d.name, "_") != "def" || len(d.args) == 0 {
		return
	}
	if name, ok := text(d.args[0]); ok {
		c.defined[definedName(name)] = true
	} else {
		c.dynamic = true
	}
}

// node checks what is under n. recv is what a call is a method of, and root
// says that `$` still is the root.
func (c *checker) node(n node, recv node, root bool) {
	switch n := n.(type) {
	case *wrap:
		c.node(n.x, nil, root)
	case *mapping:
		c.node(n.src, nil, root)
		c.node(n.dst, nil, root)
	case *call:
		c.call(n, recv, root)
	}
}

func (c *checker) call(n *call, recv node, root bool) {
	switch n.name {
	case "#operator_.", "#operator_?.":
		c.node(n.args[0], nil, root)
		c.key(n.args[0], n.args[1], root, false)
		outer := c.lazy
		defer func() { c.lazy = outer }()
		c.lazy = outer || n.name == "#operator_?." // nothing is asked of null
		if left, ok := n.args[0].(*constant); ok && left.val == nil && n.name == "#operator_?." {
			return
		}
		if right, ok := n.args[1].(*call); ok && right.fn {
			c.call(right, n.args[0], root)
			return
		}
		c.resolve(n, nil)
		c.node(n.args[1], nil, root)
		return
	case "#operator_->":
		c.node(n.args[0], nil, root)
		c.node(n.args[1], nil, root && keepsRoot(n.args[0]))
		return
	case "#indexer":
		if len(n.args) > 1 {
			c.key(n.args[0], n.args[1], root, len(n.args) > 2)
		}
	}
	c.named(n, recv, root)
	lazy := c.resolve(n, recv)
	for i, a := range n.args {
		k := i
		if recv != nil {
			k++
		}
		inner := root
		if k < len(lazy) && lazy[k] && !callsBare(n.name) {
			inner = false
		}
		outer := c.lazy
		c.lazy = outer || k < len(lazy) && lazy[k] && !evaluatedFirst(n.name, i)
		c.node(a, nil, inner)
		c.lazy = outer
	}
}

// evaluatedFirst reports whether an argument that its function evaluates itself
// is evaluated in any case.
func evaluatedFirst(name string, arg int) bool {
	return arg == 0 && (name == "#operator_and" || name == "#operator_or")
}

// keepsRoot reports whether the left side of `->` leaves `$` as it is.
func keepsRoot(n node) bool {
	left, ok := n.(*call)
	if !ok || !left.fn {
		return false
	}
	switch strings.TrimRight(left.name, "_") {
	case "def":
		return true
	case "let":
		return !slices.ContainsFunc(left.args, func(a node) bool { _, named := a.(*mapping); return !named })
	}
	return false
}

// callsBare reports whether a function evaluates its lambdas without
// arguments, so that `$` stays what it was.
func callsBare(name string) bool {
	switch strings.TrimRight(name, "_") {
	case "#operator_and", "#operator_or", "switch", "selectCase", "selectAllCases", "examine", "switchCase", "coalesce":
		return true
	}
	return false
}

// key records `x.name` where x is the root or a call such as env().
func (c *checker) key(x, name node, root, optional bool) {
	s, ok := text(name)
	if !ok {
		return
	}
	c.ref(x, s, name.offset(), root, optional)
}

func (c *checker) ref(x node, name string, off int, root, optional bool) {
	for {
		w, ok := x.(*wrap)
		if !ok {
			break
		}
		x = w.x
	}
	switch x := x.(type) {
	case *variable:
		if root && x.name == "1" {
			c.refs = append(c.refs, Ref{Offset: off, Name: name, Optional: optional, Lazy: c.lazy})
		}
	case *call:
		if x.fn && len(x.args) == 0 {
			c.refs = append(c.refs, Ref{Offset: off, Function: x.name + "()", Name: name, Optional: optional, Lazy: c.lazy})
		}
	}
}

// named records f('name') and x.get(name).
func (c *checker) named(n *call, recv node, root bool) {
	if !n.fn || len(n.args) == 0 {
		return
	}
	s, ok := text(n.args[0])
	if m, isNamed := n.args[0].(*mapping); isNamed {
		s, ok = text(m.dst)
	}
	switch {
	case !ok:
	case recv == nil:
		if _, host := c.st.host[n.name]; host {
			c.refs = append(c.refs, Ref{Offset: n.args[0].offset(), Function: n.name, Name: s, Lazy: c.lazy})
		}
	case n.name == "get":
		c.ref(recv, s, n.args[0].offset(), root, true)
	}
}

// resolve searches for overloads as the evaluator does before it knows any
// value, and says which arguments the function evaluates itself.
func (c *checker) resolve(n *call, recv node) []bool {
	r := resolver{st: c.st, name: strings.TrimRight(n.name, "_"), recv: noValue, args: nodesOf(n.args)}
	if recv != nil {
		r.args = append([]any{recv}, r.args...)
	}
	if c.dynamic || recv == nil && c.defined[r.name] {
		return make([]bool, len(r.args))
	}
	r.levels(recv != nil)
	issue := Issue{Offset: n.offset(), Method: recv != nil}
	if n.fn {
		issue.Name = r.name
	}
	switch {
	case r.err != nil:
		issue.Kind, issue.Message = WrongArguments, r.err.Error()
	case !r.known:
		issue.Kind, issue.Message = UnknownFunction, c.unknown(r.name, recv != nil)
	case len(r.found) == 0:
		issue.Kind, issue.Message = WrongArguments, c.wrong(n, r.name, recv != nil)
	default:
		return r.lazy
	}
	c.issues = append(c.issues, issue)
	return make([]bool, len(r.args))
}

func (c *checker) overloads(name string, isMethod bool) []*fn {
	return append(slices.Clone(c.st.host[name].of(isMethod)), c.st.lib[name].of(isMethod)...)
}

func (c *checker) unknown(name string, isMethod bool) string {
	switch {
	case isMethod && len(c.overloads(name, false)) > 0:
		return fmt.Sprintf("%s() is a function, not a method: write %s(x)", name, name)
	case isMethod:
		return fmt.Sprintf("there is no method %s()", name)
	case len(c.overloads(name, true)) > 0:
		return fmt.Sprintf("%s() is a method, not a function: write x.%s()", name, name)
	}
	return fmt.Sprintf("there is no function %s()", name)
}

func (c *checker) wrong(n *call, name string, isMethod bool) string {
	if !n.fn {
		op := name[strings.LastIndexAny(name, "_*")+1:]
		return fmt.Sprintf("%q does not take these operands", op)
	}
	var forms []string
	for _, f := range c.overloads(name, isMethod) {
		forms = append(forms, f.usage(isMethod))
	}
	return fmt.Sprintf("%s() does not take these arguments; it is %s", name, strings.Join(forms, " or "))
}

// usage shows how an overload is called.
func (f *fn) usage(isMethod bool) string {
	var args []string
	for _, p := range f.params {
		s := p.name
		switch d := p.def.(type) {
		case noDefaultType:
		case noValueType, timespan:
			s += " => ..."
		default:
			t, _ := yaqlStr(d)
			s += " => " + t
		}
		args = append(args, s)
	}
	if f.rest != nil {
		args = append(args, "...")
	}
	if isMethod && len(args) > 0 {
		return args[0] + "." + f.name + "(" + strings.Join(args[1:], ", ") + ")"
	}
	return f.name + "(" + strings.Join(args, ", ") + ")"
}
