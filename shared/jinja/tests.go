package jinja

// tests are the names after `is`.
func makeTests() map[string]builtin {
	t := map[string]builtin{}
	is := func(f func(v any) bool, names ...string) {
		for _, n := range names {
			t[n] = fn("test_"+n, "value", func(_ *state, a []any) (any, error) { return f(a[0]), nil })
		}
	}
	is(func(v any) bool { _, ok := v.(*undefined); return !ok }, "defined")
	is(func(v any) bool { _, ok := v.(*undefined); return ok }, "undefined")
	is(func(v any) bool { return v == nil }, "none")
	is(func(v any) bool { _, ok := v.(bool); return ok }, "boolean")
	is(func(v any) bool { return v == true }, "true")
	is(func(v any) bool { return v == false }, "false")
	is(func(v any) bool { _, ok := integer(v); _, b := v.(bool); return ok && !b }, "integer")
	is(func(v any) bool { _, ok := v.(float64); return ok }, "float")
	is(isNumeric, "number")
	is(func(v any) bool { _, ok := textOf(v); return ok }, "string")
	is(isMapping, "mapping")
	is(isCallable, "callable")
	is(isMarkup, "escaped")
	addComparisons(t)
	addPredicates(t)
	return t
}

func addComparisons(t map[string]builtin) {
	for op, names := range map[string][]string{
		"==": {"==", "eq", "equalto"}, "!=": {"!=", "ne"}, ">": {">", "gt", "greaterthan"}, ">=": {">=", "ge"},
		"<": {"<", "lt", "lessthan"}, "<=": {"<=", "le"},
	} {
		f := fn(names[0], "/ a b", func(st *state, a []any) (any, error) { return st.compareOp(op, a[0], a[1]) })
		for _, n := range names {
			t[n] = f
		}
	}
	t["in"] = fn("test_in", "value seq", func(st *state, a []any) (any, error) { return st.contains(a[1], a[0]) })
	t["sameas"] = fn("test_sameas", "value other", func(_ *state, a []any) (any, error) { return same(a[0], a[1]), nil })
}

func addPredicates(t map[string]builtin) {
	rest := func(name, spec string, want int64) {
		t[name] = fn("test_"+name, spec, func(st *state, a []any) (any, error) {
			by := any(int64(2))
			if len(a) > 1 {
				by = a[1]
			}
			m, err := st.binary("%", a[0], by)
			if err != nil {
				return nil, err
			}
			return st.equal(m, want)
		})
	}
	rest("odd", "value", 1)
	rest("even", "value", 0)
	rest("divisibleby", "value num", 0)
	text := func(name string, f func(s string) bool) {
		t[name] = fn("test_"+name, "value", func(st *state, a []any) (any, error) {
			s, err := st.str0(a[0])
			return f(s), err
		})
	}
	text("lower", isLower)
	text("upper", isUpper)
	t["iterable"] = fn("test_iterable", "value", func(st *state, a []any) (any, error) {
		_, err := st.iterate(a[0])
		if isKind(err, kindType) {
			return false, nil
		}
		return err == nil, err
	})
	t["sequence"] = fn("test_sequence", "value", func(st *state, a []any) (any, error) {
		switch v := a[0].(type) {
		case *view, *loop:
			return false, nil
		case *undefined:
			return v.soft, nil
		}
		_, err := st.length(a[0])
		return err == nil, nil
	})
	named := func(name string, has func(st *state, n string) bool) {
		t[name] = fn("test_"+name, "value", func(st *state, a []any) (any, error) {
			if _, err := hashOf(a[0]); err != nil {
				return nil, err
			}
			s, ok := textOf(a[0])
			return ok && has(st, s), nil
		})
	}
	named("filter", func(st *state, n string) bool { _, ok := st.filter(n); return ok })
	named("test", func(_ *state, n string) bool { _, ok := tests()[n]; return ok })
}
