package jinja

import (
	"slices"
	"strings"
)

func (n *constNode) eval(*state) (any, error) { return n.val, nil }

func (n *textNode) eval(*state) (any, error) { return n.text, nil }

func (n *nsNode) eval(*state) (any, error) { return nil, nil }

func (n *nameNode) eval(st *state) (any, error) {
	if v, ok := st.scope.get(n.name); ok {
		return v, nil
	}
	if v, ok, err := st.global(n.name); ok || err != nil {
		return v, err
	}
	return &undefined{name: n.name}, nil
}

func (st *state) evalAll(xs []expr) ([]any, error) {
	out := make([]any, len(xs))
	for i, x := range xs {
		var err error
		if out[i], err = st.eval(x); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (n *tupleNode) eval(st *state) (any, error) {
	items, err := st.evalAll(n.items)
	return tuple(items), err
}

func (n *listNode) eval(st *state) (any, error) {
	return st.newList(st.evalAll(n.items))
}

func (n *dictNode) eval(st *state) (any, error) {
	entries := make([]any, 0, 2*len(n.keys))
	for i := range n.keys {
		for _, x := range []expr{n.keys[i], n.vals[i]} {
			v, err := st.eval(x)
			if err != nil {
				return nil, err
			}
			entries = append(entries, v)
		}
	}
	d := newDict(len(n.keys))
	for i := 0; i < len(entries); i += 2 {
		if err := d.set(entries[i], entries[i+1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (st *state) evalTruth(x expr) (bool, error) {
	v, err := st.eval(x)
	if err != nil {
		return false, err
	}
	return st.truth(v)
}

func (n *condNode) eval(st *state) (any, error) {
	yes, err := st.evalTruth(n.test)
	switch {
	case err != nil:
		return nil, err
	case yes:
		return st.eval(n.then)
	case n.other != nil:
		return st.eval(n.other)
	}
	return &undefined{hint: "the inline if-expression on line 1 evaluated to false and no else section was defined.", soft: true}, nil
}

func (n *andNode) eval(st *state) (any, error) {
	v, err := st.eval(n.l)
	if err != nil {
		return nil, err
	}
	if yes, err := st.truth(v); err != nil || !yes {
		return v, err
	}
	return st.eval(n.r)
}

func (n *orNode) eval(st *state) (any, error) {
	v, err := st.eval(n.l)
	if err != nil {
		return nil, err
	}
	if yes, err := st.truth(v); err != nil || yes {
		return v, err
	}
	return st.eval(n.r)
}

func (n *notNode) eval(st *state) (any, error) {
	yes, err := st.evalTruth(n.x)
	return !yes, err
}

func (n *cmpNode) eval(st *state) (any, error) {
	l, err := st.eval(n.first)
	if err != nil {
		return nil, err
	}
	var last any = true
	for _, op := range n.ops {
		r, err := st.eval(op.x)
		if err != nil {
			return nil, err
		}
		if last, err = st.compareOp(op.op, l, r); err != nil || last == false {
			return last, err
		}
		l = r
	}
	return last, nil
}

func (n *binNode) eval(st *state) (any, error) {
	l, err := st.eval(n.l)
	if err != nil {
		return nil, err
	}
	r, err := st.eval(n.r)
	if err != nil {
		return nil, err
	}
	return st.binary(n.op, l, r)
}

func (n *unaryNode) eval(st *state) (any, error) {
	v, err := st.eval(n.x)
	if err != nil {
		return nil, err
	}
	if err := defined(v); err != nil {
		return nil, err
	}
	if !isNumeric(v) {
		return nil, typeErrorf("bad operand type for unary %s: '%s'", n.op, typeName(v))
	}
	if n.op == "-" {
		return negate(v), nil
	}
	return asNumber(v), nil
}

// concat is `~`.
func (n *concatNode) eval(st *state) (any, error) {
	items, err := st.evalAll(n.items)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	safe := st.autoescape && slices.ContainsFunc(items, isMarkup)
	for _, v := range items {
		s, err := st.strEscaped(v, safe)
		if err != nil {
			return nil, err
		}
		if err := st.grow(len(s)); err != nil {
			return nil, err
		}
		b.WriteString(s)
	}
	return wrapText(b.String(), safe), nil
}

func (n *attrNode) eval(st *state) (any, error) {
	v, err := st.eval(n.x)
	if err != nil {
		return nil, err
	}
	return st.attr(v, n.name)
}

func (n *itemNode) eval(st *state) (any, error) {
	v, err := st.eval(n.x)
	if err != nil {
		return nil, err
	}
	arg, err := st.eval(n.arg)
	if err != nil {
		return nil, err
	}
	if s, ok := arg.(slice); ok {
		return st.slice(v, s)
	}
	return st.item(v, arg)
}

// slice is the value of a sliceNode.
type slice struct{ from, to, step any }

func (n *sliceNode) eval(st *state) (any, error) {
	var out [3]any
	for i, x := range []expr{n.from, n.to, n.step} {
		if x != nil {
			var err error
			if out[i], err = st.eval(x); err != nil {
				return nil, err
			}
		}
	}
	return slice{out[0], out[1], out[2]}, nil
}

// arguments evaluates the arguments of a call.
func (st *state) arguments(a *callArgs) ([]any, []kwarg, error) {
	args, err := st.evalAll(a.args)
	if err != nil {
		return nil, nil, err
	}
	if a.star != nil {
		v, err := st.eval(a.star)
		if err != nil {
			return nil, nil, err
		}
		more, err := st.collect(v)
		if isKind(err, kindType) {
			return nil, nil, typeErrorf("Value after * must be an iterable, not %s", typeName(v))
		} else if err != nil {
			return nil, nil, err
		}
		args = append(args, more...)
	}
	kwargs := make([]kwarg, 0, len(a.kwargs))
	for _, kw := range a.kwargs {
		v, err := st.eval(kw.x)
		if err != nil {
			return nil, nil, err
		}
		kwargs = append(kwargs, kwarg{kw.name, v})
	}
	if a.dstar == nil {
		return args, kwargs, nil
	}
	v, err := st.eval(a.dstar)
	if err != nil {
		return nil, nil, err
	}
	kwargs, err = st.spread(kwargs, v)
	return args, kwargs, err
}

// spread adds the entries of a mapping to keyword arguments.
func (st *state) spread(kwargs []kwarg, v any) ([]kwarg, error) {
	if err := defined(v); err != nil {
		return nil, err
	}
	if !isMapping(v) {
		return nil, typeErrorf("Value after ** must be a mapping, not %s", typeName(v))
	}
	err := mapEach(v, func(k, e any) error {
		name, ok := textOf(k)
		if !ok {
			return typeErrorf("keywords must be strings")
		}
		if slices.ContainsFunc(kwargs, func(kw kwarg) bool { return kw.name == name }) {
			return typeErrorf("got multiple values for keyword argument '%s'", name)
		}
		kwargs = append(kwargs, kwarg{name, e})
		return nil
	})
	return kwargs, err
}

func (n *callNode) eval(st *state) (any, error) {
	f, err := st.eval(n.fn)
	if err != nil {
		return nil, err
	}
	args, kwargs, err := st.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	return st.call(f, args, kwargs)
}

func (st *state) call(f any, args []any, kwargs []kwarg) (any, error) {
	if err := st.enter(); err != nil {
		return nil, err
	}
	defer st.leave()
	switch f := f.(type) {
	case *callable:
		return f.call(st, args, kwargs)
	case *macro:
		return f.call(st, args, kwargs)
	case *loop:
		return f.recurse(st, args)
	case *joiner:
		if f.used {
			return f.sep, nil
		}
		f.used = true
		return "", nil
	case *undefined:
		return nil, f.err()
	}
	return nil, typeErrorf("'%s' object is not callable", typeName(f))
}

func (n *filterNode) eval(st *state) (any, error) {
	v, err := st.eval(n.x)
	if err != nil {
		return nil, err
	}
	return st.applyFilter(n, v)
}

// applyFilter applies a filter with the arguments that are written.
func (st *state) applyFilter(n *filterNode, v any) (any, error) {
	args, kwargs, err := st.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	f, ok := st.filter(n.name)
	if !ok {
		return nil, failf(kindRuntime, "No filter named %s found.", strRepr(n.name))
	}
	return f(st, append([]any{v}, args...), kwargs)
}

func (n *testNode) eval(st *state) (any, error) {
	v, err := st.eval(n.x)
	if err != nil {
		return nil, err
	}
	args, kwargs, err := st.arguments(&n.args)
	if err != nil {
		return nil, err
	}
	f, ok := tests()[n.name]
	if !ok {
		return nil, failf(kindRuntime, "No test named %s found.", strRepr(n.name))
	}
	return f(st, append([]any{v}, args...), kwargs)
}
