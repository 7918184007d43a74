package jinja

import (
	"context"
	"errors"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Template is a compiled text. It is immutable and safe for concurrent use.
type Template struct {
	src    string
	lone   bool // it is one expression
	expr   expr
	body   []stmt
	blocks map[string]*blockNode
	// mutates says that it may change lists or dictionaries.
	mutates bool
}

// Env is what a template is evaluated in. The zero value is an empty one.
type Env struct {
	// Root is `_`: value data, or a [Lazy].
	Root any
	// Library has functions that are callable besides Jinja2's own.
	Library *Library
	// Limits bound the evaluation; zero fields take their defaults.
	Limits Limits
}

// Library is a set of functions of the host. It is immutable and safe for
// concurrent use; what a function needs to know of the one evaluation, it finds
// in the context that is given to [Template.Eval].
type Library struct {
	fns map[string]*hostFunction
}

// Function is a function of the host. It is callable by its name, and is a
// filter too, as all of Mistral's functions are: a filter's value is then the
// context that the function looks at, `_` as a rule. Arguments and results are
// value data.
type Function struct {
	Name   string
	Params []Param
	// NeedsContext says that as a filter its value must be a dictionary.
	NeedsContext bool
	Call         func(ctx context.Context, args []any) (any, error)
}

// Param is one parameter of a [Function], given by position or by name. args
// has one element per parameter, a missing one is its Default.
type Param struct {
	Name     string
	Default  any
	Optional bool
}

type hostFunction struct {
	f      Function
	params *params
}

// NewLibrary makes a library.
func NewLibrary(functions ...Function) *Library {
	l := &Library{make(map[string]*hostFunction, len(functions))}
	for _, f := range functions {
		p := &params{name: f.Name + "_"}
		for _, q := range f.Params {
			p.names = append(p.names, q.Name)
			if !q.Optional {
				p.required = len(p.names)
			}
		}
		l.fns[f.Name] = &hostFunction{f, p}
	}
	return l
}

func (l *Library) get(name string) (*hostFunction, bool) {
	if l == nil {
		return nil, false
	}
	f, ok := l.fns[name]
	return f, ok
}

func (h *hostFunction) global(*state) any { return function(h.f.Name, h.call) }

func (h *hostFunction) call(st *state, args []any, kwargs []kwarg) (any, error) {
	a, err := h.params.bind(args, kwargs)
	if err != nil {
		return nil, err
	}
	for i := range a {
		if isAbsent(a[i]) {
			a[i] = h.f.Params[i].Default
			continue
		}
		if a[i], err = st.export(a[i]); err != nil {
			return nil, err
		}
	}
	v, err := h.f.Call(st.ctx, a)
	if err == nil && st.t.mutates {
		v = thaw(v)
	}
	return v, err
}

func (h *hostFunction) filter(st *state, args []any, kwargs []kwarg) (any, error) {
	if err := defined(args[0]); err != nil {
		return nil, err
	}
	if h.f.NeedsContext && !isMapping(args[0]) {
		return nil, typeErrorf("the filter %s takes the context (_), not %s", h.f.Name, typeName(args[0]))
	}
	return h.call(st, args[1:], kwargs)
}

// Compile reads a text with `{{ }}`, `{% %}` and `{# #}` in it. The error is a
// [*SyntaxError].
func Compile(src string) (*Template, error) {
	t := &Template{src: src, lone: isLone(src), blocks: map[string]*blockNode{}}
	var err error
	if t.lone {
		t.expr, err = parseExpr(src[2:len(src)-2], 2)
		t.body = []stmt{&outputNode{[]expr{t.expr}}}
	} else {
		t.body, err = parseTemplate(src)
	}
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		syntax.Template = src
		return nil, syntax
	} else if err != nil {
		return nil, err
	}
	t.collect(t.body)
	t.mutates = !walk(t.body, func(x expr) bool { return !mayChange(x) })
	if t.lone {
		t.body = nil
	}
	return t, nil
}

// isLone says whether a text is one expression and nothing else. It ends at
// its first `}}`, and does not go over a line's end.
func isLone(src string) bool {
	return strings.HasPrefix(src, "{{") && len(src) >= 4 && strings.Index(src[2:], "}}") == len(src)-4 && !strings.Contains(src, "\n")
}

// Is says whether a text has Jinja2 in it, by Mistral's rule: an expression or
// a statement that begins and ends on one line. at is where.
func Is(src string) (at int, ok bool) {
	for base := 0; base < len(src); {
		line, _, _ := strings.Cut(src[base:], "\n")
		expression, statement := strings.LastIndex(line, "}}"), strings.LastIndex(line, "%}")
		for i := 0; i+2 <= max(expression, statement); i++ {
			if line[i] == '{' && (line[i+1] == '{' && i+2 <= expression || line[i+1] == '%' && i+2 <= statement) {
				return base + i, true
			}
		}
		base += len(line) + 1
	}
	return 0, false
}

// collect finds the template's blocks.
func (t *Template) collect(body []stmt) {
	for _, s := range body {
		if b, ok := s.(*blockNode); ok {
			t.blocks[b.name] = b
		}
		_, bodies := parts(s)
		for _, b := range bodies {
			t.collect(b)
		}
	}
}

// mayChange says whether a node may change a list or a dictionary.
func mayChange(x expr) bool {
	switch x := x.(type) {
	case *attrNode:
		return changes[x.name]
	case *itemNode:
		if c, ok := x.arg.(*constNode); ok {
			name, _ := c.val.(string)
			return changes[name]
		}
	case *filterNode:
		return x.name == "attr"
	}
	return false
}

// Source returns the template's text.
func (t *Template) Source() string { return t.src }

// Eval computes the template: a lone expression keeps its type, any other
// template gives text. The error is an [*EvalError].
func (t *Template) Eval(ctx context.Context, env *Env) (any, error) {
	v, err := t.evaluate(ctx, env)
	if err != nil {
		return nil, t.wrap(err)
	}
	return v, nil
}

func (t *Template) wrap(err error) error {
	kind := kindOf(err)
	var steps *TooManySteps
	var large *TooLarge
	var deep *TooDeep
	switch {
	case errors.As(err, &steps):
		kind = "TimeoutError"
	case errors.As(err, &large):
		kind = "MemoryError"
	case errors.As(err, &deep):
		kind = "RecursionError"
	case kind == "":
		kind = "Error"
	}
	return &EvalError{Template: t.src, Kind: kind, Cause: err}
}

func (t *Template) evaluate(ctx context.Context, env *Env) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	st := newState(ctx, t, env)
	if err := t.names(st); err != nil {
		return nil, err
	}
	if !t.lone {
		var b strings.Builder
		st.out = &b
		err := st.run(t.body)
		return b.String(), err
	}
	v, err := st.eval(t.expr)
	if err != nil {
		return nil, err
	}
	if err := defined(v); err != nil {
		return nil, err
	}
	return st.export(v)
}

// names fails for filters and tests that do not exist, unless they stand
// where a condition may leave them out.
func (t *Template) names(st *state) error {
	for _, n := range unknownNames(t, st.lib) {
		if !n.conditional {
			return failf(kindAssertion, "No %s named %s.", n.what, strRepr(n.name))
		}
	}
	return nil
}

// export gives a result as value data.
func (st *state) export(v any) (any, error) {
	if err := st.step(); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case markup:
		return string(v), nil
	case rawText:
		return string(v), nil
	case []any, *value.Map:
		return v, nil
	case *undefined:
		return nil, v.err()
	case *list, tuple, *group, *rng, *view, *iter, *dict, *root, Lazy:
	case *callable, *macro, *loop, *namespace, *cycler, *joiner, *self, slice:
		return nil, typeErrorf("a %s is no data", typeName(v))
	default:
		return v, nil
	}
	if err := st.enter(); err != nil {
		return nil, err
	}
	defer st.leave()
	if !isMapping(v) {
		items, err := st.collect(v)
		if err != nil {
			return nil, err
		}
		out := make([]any, len(items))
		for i, e := range items {
			if out[i], err = st.export(e); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out := value.NewMap(mapLen(v))
	err := mapEach(v, func(k, e any) error {
		name, ok := jsonKey(k)
		if !ok {
			return typeErrorf("keys must be str, int, float, bool or None, not %s", typeName(k))
		}
		x, err := st.export(e)
		out.Set(name, x)
		return err
	})
	return out, err
}
