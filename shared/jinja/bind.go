package jinja

import (
	"slices"
	"strings"
)

// builtin is a filter, test, method or function: arguments as they were given.
type builtin func(st *state, args []any, kwargs []kwarg) (any, error)

// params are the parameters of a builtin.
type params struct {
	name     string
	names    []string
	required int
	// byPosition says that none can be given by name.
	byPosition bool
}

// newParams reads a list of names, optional ones with a question mark; a
// slash in front says that none can be given by name.
func newParams(name, spec string) *params {
	p := &params{name: name}
	for _, n := range strings.Fields(spec) {
		if n == "/" {
			p.byPosition = true
			continue
		}
		if n, optional := strings.CutSuffix(n, "?"); optional {
			p.names = append(p.names, n)
			continue
		}
		p.names = append(p.names, n)
		p.required = len(p.names)
	}
	return p
}

// bind gives each parameter its argument; one that is missing is absent.
func (p *params) bind(args []any, kwargs []kwarg) ([]any, error) {
	if len(args) > len(p.names) {
		return nil, p.tooMany(len(args))
	}
	out := make([]any, len(p.names))
	for i := range out {
		out[i] = absent
		if i < len(args) {
			out[i] = args[i]
		}
	}
	for _, kw := range kwargs {
		i := slices.Index(p.names, kw.name)
		switch {
		case p.byPosition:
			return nil, typeErrorf("%s() takes no keyword arguments", p.name)
		case i < 0:
			return nil, typeErrorf("%s() got an unexpected keyword argument '%s'", p.name, kw.name)
		case !isAbsent(out[i]):
			return nil, typeErrorf("%s() got multiple values for argument '%s'", p.name, kw.name)
		}
		out[i] = kw.val
	}
	return out, p.missing(out, len(args))
}

func (p *params) tooMany(n int) error {
	switch {
	case len(p.names) == 0:
		return typeErrorf("%s() takes no arguments (%d given)", p.name, n)
	case p.required == len(p.names):
		return typeErrorf("%s() takes %d positional argument%s but %d were given", p.name, p.required, plural(p.required), n)
	}
	return typeErrorf("%s() takes from %d to %d positional arguments but %d were given", p.name, p.required, len(p.names), n)
}

func (p *params) missing(args []any, given int) error {
	var names []string
	for i := range p.required {
		if isAbsent(args[i]) {
			names = append(names, "'"+p.names[i]+"'")
		}
	}
	switch n := len(names); {
	case n == 0:
		return nil
	case p.byPosition:
		return typeErrorf("%s expected at least %d argument%s, got %d", p.name, p.required, plural(p.required), given)
	case n == 1:
		return typeErrorf("%s() missing 1 required positional argument: %s", p.name, names[0])
	case n == 2:
		return typeErrorf("%s() missing 2 required positional arguments: %s and %s", p.name, names[0], names[1])
	default:
		return typeErrorf("%s() missing %d required positional arguments: %s, and %s", p.name, n, strings.Join(names[:n-1], ", "), names[n-1])
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// fn makes a builtin of a function over bound arguments.
func fn(name, spec string, f func(st *state, a []any) (any, error)) builtin {
	p := newParams(name, spec)
	return func(st *state, args []any, kwargs []kwarg) (any, error) {
		a, err := p.bind(args, kwargs)
		if err != nil {
			return nil, err
		}
		return f(st, a)
	}
}

// bound makes a method of a value: f gets the value first.
func bound(v any, name string, f builtin) *callable {
	return method(name, func(st *state, args []any, kwargs []kwarg) (any, error) {
		return f(st, append([]any{v}, args...), kwargs)
	})
}

// needText is an argument that must be a string.
func needText(v any) (string, error) {
	s, ok := textOf(v)
	if ok {
		return s, nil
	}
	if err := defined(v); err != nil {
		return "", err
	}
	return "", typeErrorf("must be str, not %s", typeName(v))
}

// indexOr is an argument that is an index, or def without one.
func indexOr(v any, def int) (int, error) {
	if isAbsent(v) {
		return def, nil
	}
	return index(v)
}

// flag is an argument that counts as true or false.
func (st *state) flag(v any, def bool) (bool, error) {
	if isAbsent(v) {
		return def, nil
	}
	return st.truth(v)
}
