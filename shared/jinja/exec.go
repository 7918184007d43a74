package jinja

import (
	"strings"
)

func (n *outputNode) exec(st *state) error {
	for _, x := range n.parts {
		if t, ok := x.(*textNode); ok {
			if err := st.write(t.text); err != nil {
				return err
			}
			continue
		}
		v, err := st.eval(x)
		if err != nil {
			return err
		}
		s, err := st.strEscaped(v, st.autoescape)
		if err != nil {
			return err
		}
		if err := st.write(s); err != nil {
			return err
		}
	}
	return nil
}

func (n *ifNode) exec(st *state) error {
	for i, test := range n.tests {
		yes, err := st.evalTruth(test)
		if err != nil {
			return err
		}
		if yes {
			return st.run(n.bodies[i])
		}
	}
	return st.run(n.other)
}

// assign gives a target its value.
func (st *state) assign(target expr, v any) error {
	switch t := target.(type) {
	case *nameNode:
		st.scope.set(t.name, v)
		return nil
	case *nsNode:
		of, err := (&nameNode{name: t.name}).eval(st)
		if err != nil {
			return err
		}
		ns, ok := of.(*namespace)
		if !ok {
			return failf(kindRuntime, "cannot assign attribute on non-namespace object")
		}
		return ns.attrs.set(t.attr, v)
	}
	targets := target.(*tupleNode).items
	vals, err := st.unpack(v, len(targets))
	if err != nil {
		return err
	}
	for i, t := range targets {
		if err := st.assign(t, vals[i]); err != nil {
			return err
		}
	}
	return nil
}

func (st *state) unpack(v any, n int) ([]any, error) {
	it, err := st.iterate(v)
	if isKind(err, kindType) {
		return nil, typeErrorf("cannot unpack non-iterable %s object", typeName(v))
	} else if err != nil {
		return nil, err
	}
	var vals []any
	for {
		e, ok, err := st.pull(it)
		switch {
		case err != nil:
			return nil, err
		case !ok && len(vals) < n:
			return nil, valueErrorf("not enough values to unpack (expected %d, got %d)", n, len(vals))
		case !ok:
			return vals, nil
		case len(vals) == n:
			return nil, valueErrorf("too many values to unpack (expected %d)", n)
		}
		vals = append(vals, e)
	}
}

func (n *setNode) exec(st *state) error {
	v, err := st.eval(n.x)
	if err != nil {
		return err
	}
	return st.assign(n.target, v)
}

func (n *setBlockNode) exec(st *state) error {
	s, err := st.capture(n.body)
	if err != nil {
		return err
	}
	v := wrapText(s, st.autoescape)
	if n.filter != nil {
		if v, err = st.filtered(n.filter, v); err != nil {
			return err
		}
	}
	return st.assign(n.target, v)
}

// filtered applies a chain of filters that has no value at its start.
func (st *state) filtered(f *filterNode, v any) (any, error) {
	if inner, ok := f.x.(*filterNode); ok {
		var err error
		if v, err = st.filtered(inner, v); err != nil {
			return nil, err
		}
	}
	return st.applyFilter(f, v)
}

func (n *filterBlockNode) exec(st *state) error {
	s, err := st.capture(n.body)
	if err != nil {
		return err
	}
	v, err := st.filtered(n.filter, wrapText(s, st.autoescape))
	if err != nil {
		return err
	}
	text, err := st.strEscaped(v, st.autoescape)
	if err != nil {
		return err
	}
	return st.write(text)
}

// within runs f in a new scope below parent.
func (st *state) within(parent *scope, f func() error) error {
	old := st.scope
	st.scope = &scope{parent: parent}
	err := f()
	st.scope = old
	return err
}

func (n *withNode) exec(st *state) error {
	vals, err := st.evalAll(n.vals)
	if err != nil {
		return err
	}
	return st.within(st.scope, func() error {
		for i, t := range n.targets {
			if err := st.assign(t, vals[i]); err != nil {
				return err
			}
		}
		return st.run(n.body)
	})
}

func (n *blockNode) exec(st *state) error {
	if n.required {
		return failf(kindRuntime, "Required block %s not found", strRepr(n.name))
	}
	parent := st.top
	if n.scoped {
		parent = st.scope
	}
	return st.within(parent, func() error {
		st.scope.set("super", &undefined{hint: "there is no parent block called " + strRepr(n.name) + ".", name: "super"})
		return st.run(n.body)
	})
}

func (n *autoescapeNode) exec(st *state) error {
	on, err := st.evalTruth(n.on)
	if err != nil {
		return err
	}
	old := st.autoescape
	st.autoescape = on
	err = st.within(st.scope, func() error { return st.run(n.body) })
	st.autoescape = old
	return err
}

func (n *loaderNode) exec(st *state) error {
	if _, err := st.eval(n.x); err != nil {
		return err
	}
	return typeErrorf("no loader for this environment specified")
}

func (n *callBlockNode) exec(st *state) error {
	caller := &macro{node: n.macro, scope: st.scope, autoescape: st.autoescape}
	f, err := st.eval(n.call.fn)
	if err != nil {
		return err
	}
	args, kwargs, err := st.arguments(&n.call.args)
	if err != nil {
		return err
	}
	v, err := st.call(f, args, append(kwargs, kwarg{"caller", caller}))
	if err != nil {
		return err
	}
	s, err := st.strEscaped(v, st.autoescape)
	if err != nil {
		return err
	}
	return st.write(s)
}

func (n *macroNode) exec(st *state) error {
	st.scope.set(n.name, &macro{node: n, scope: st.scope})
	return nil
}

// macro is a macro, or the body of a call block, with what it sees.
type macro struct {
	node       *macroNode
	scope      *scope
	autoescape bool
}

// bind distributes arguments over the macro's parameters and what its body
// asks for besides.
func (m *macro) bind(args []any, kwargs []kwarg) (params []any, caller any, rest []any, more []kwarg, err error) {
	n := m.node
	take := func(name string) any {
		for i, kw := range kwargs {
			if kw.name == name {
				kwargs = append(append([]kwarg{}, kwargs[:i]...), kwargs[i+1:]...)
				return kw.val
			}
		}
		return absent
	}
	params = append(params, args[:min(len(args), len(n.params))]...)
	found := false
	for _, name := range n.params[len(params):] {
		found = found || name == "caller"
		params = append(params, take(name))
	}
	for _, name := range n.params {
		found = found || name == "caller" && len(args) >= len(n.params)
	}
	caller = absent
	if n.caller && !found {
		if caller = take("caller"); caller == absent || caller == nil {
			caller = &undefined{hint: "No caller defined", name: "caller"}
		}
	}
	if len(kwargs) > 0 && !n.kwargs {
		for _, kw := range kwargs {
			if kw.name == "caller" {
				return nil, nil, nil, nil, typeErrorf("macro %s was invoked with two values for the special caller argument. This is most likely a bug.", strRepr(n.name))
			}
		}
		return nil, nil, nil, nil, typeErrorf("macro %s takes no keyword argument %s", strRepr(n.name), strRepr(kwargs[0].name))
	}
	if len(args) > len(n.params) {
		if !n.varargs {
			return nil, nil, nil, nil, typeErrorf("macro %s takes not more than %d argument(s)", strRepr(n.name), len(n.params))
		}
		rest = args[len(n.params):]
	}
	return params, caller, rest, kwargs, nil
}

func (m *macro) call(st *state, args []any, kwargs []kwarg) (any, error) {
	params, caller, rest, more, err := m.bind(args, kwargs)
	if err != nil {
		return nil, err
	}
	n := m.node
	auto := st.autoescape
	var b strings.Builder
	out := st.out
	st.out = &b
	err = st.within(m.scope, func() error {
		if n.caller && caller != absent {
			st.scope.set("caller", caller)
		}
		if n.kwargs {
			d := newDict(len(more))
			for _, kw := range more {
				_ = d.set(kw.name, kw.val)
			}
			st.scope.set("kwargs", d)
		}
		if n.varargs {
			st.scope.set("varargs", tuple(rest))
		}
		if err := m.setParams(st, params); err != nil {
			return err
		}
		return st.run(n.body)
	})
	st.out = out
	return wrapText(b.String(), auto), err
}

func (m *macro) setParams(st *state, params []any) error {
	n := m.node
	for i, name := range n.params {
		v := params[i]
		if v == absent {
			v = &undefined{hint: "parameter " + strRepr(name) + " was not provided", name: name}
			if j := i - (len(n.params) - len(n.defaults)); j >= 0 {
				var err error
				if v, err = st.eval(n.defaults[j]); err != nil {
					return err
				}
			}
		}
		st.scope.set(name, v)
	}
	return nil
}

// attr gives the attributes of a macro.
func (m *macro) attr(name string) (any, bool) {
	switch name {
	case "name":
		return m.node.name, true
	case "arguments":
		return tuple(texts(m.node.params)), true
	case "catch_kwargs":
		return m.node.kwargs, true
	case "catch_varargs":
		return m.node.varargs, true
	case "caller":
		return m.node.caller, true
	case "explicit_caller":
		for _, p := range m.node.params {
			if p == "caller" {
				return true, true
			}
		}
		return false, true
	}
	return nil, false
}
