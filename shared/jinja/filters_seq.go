package jinja

import (
	"slices"
)

func addSequenceFilters(add addFilter) {
	add("length", "obj", func(st *state, a []any) (any, error) {
		n, err := st.length(a[0])
		return int64(n), err
	})
	add("list", "value", func(st *state, a []any) (any, error) { return st.newList(st.collect(a[0])) })
	add("first", "seq", func(st *state, a []any) (any, error) {
		it, err := st.iterate(a[0])
		if err != nil {
			return nil, err
		}
		v, ok, err := st.pull(it)
		if err == nil && !ok {
			return &undefined{hint: "No first item, sequence was empty."}, nil
		}
		return v, err
	})
	add("last", "seq", func(st *state, a []any) (any, error) {
		it, err := st.reversed(a[0])
		if err != nil {
			return nil, err
		}
		v, ok, err := st.pull(it)
		if err == nil && !ok {
			return &undefined{hint: "No last item, sequence was empty."}, nil
		}
		return v, err
	})
	add("reverse", "value", reverseFilter)
	add("random", "seq", randomFilter)
	add("join", "value d? attribute?", joinFilter)
	add("default", "value default_value? boolean?", defaultFilter)
	add("attr", "obj name", func(st *state, a []any) (any, error) {
		if err := defined(a[0]); err != nil {
			return nil, err
		}
		name, err := needText(a[1])
		if err != nil {
			return nil, err
		}
		v, ok, err := st.getAttr(a[0], name)
		if err == nil && !ok {
			return &undefined{of: a[0], has: true, name: name}, nil
		}
		return v, err
	})
	add("sum", "iterable attribute? start?", sumFilter)
}

func defaultFilter(st *state, a []any) (any, error) {
	def := or(a[1], "")
	if _, missing := a[0].(*undefined); missing {
		return def, nil
	}
	falsy, err := st.flag(a[2], false)
	if err != nil || !falsy {
		return a[0], err
	}
	yes, err := st.truth(a[0])
	if err == nil && !yes {
		return def, nil
	}
	return a[0], err
}

// reversed is reversed(v).
func (st *state) reversed(v any) (*iter, error) {
	var items []any
	switch seq, ok := sequence(v); {
	case ok:
		items = slices.Clone(seq)
	case isMapping(v):
		items = slices.Clone(mapKeys(v))
	default:
		switch v := v.(type) {
		case *undefined:
			return over("reversed", fixed(nil)), v.firm()
		case *rng, *view, string, markup:
			var err error
			if items, err = st.collect(v); err != nil {
				return nil, err
			}
		default:
			return nil, typeErrorf("'%s' object is not reversible", typeName(v))
		}
	}
	slices.Reverse(items)
	typ := "reversed"
	if isList(v) {
		typ = "list_reverseiterator"
	}
	return over(typ, fixed(items)), nil
}

func reverseFilter(st *state, a []any) (any, error) {
	if s, ok := textOf(a[0]); ok {
		r := []rune(s)
		slices.Reverse(r)
		return wrapText(string(r), isMarkup(a[0])), nil
	}
	it, err := st.reversed(a[0])
	if !isKind(err, kindType) {
		return it, err
	}
	items, err := st.collect(a[0])
	if isKind(err, kindType) {
		return nil, failf(kindArgument, "argument must be iterable")
	}
	slices.Reverse(items)
	return st.newList(items, err)
}

func randomFilter(st *state, a []any) (any, error) {
	n, err := st.length(a[0])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return &undefined{hint: "No random item, sequence was empty."}, nil
	}
	i := int64(randomInt(n))
	v, ok, err := st.element(a[0], i)
	if err == nil && !ok {
		if isMapping(a[0]) {
			return nil, keyError(st, i)
		}
		return nil, typeErrorf("'%s' object is not subscriptable", typeName(a[0]))
	}
	return v, err
}

func joinFilter(st *state, a []any) (any, error) {
	get, err := st.getter(or(a[2], nil), nil, nil)
	if err != nil {
		return nil, err
	}
	sep := or(a[1], "")
	d, err := st.str0(sep)
	if err != nil {
		return nil, err
	}
	var parts []any
	safe := st.autoescape && isMarkup(sep)
	err = st.each(a[0], func(e any) error {
		v, err := get(e)
		if err != nil {
			return err
		}
		safe = safe || st.autoescape && isMarkup(v)
		if !st.autoescape || !isMarkup(v) {
			if v, err = st.str0(v); err != nil {
				return err
			}
		}
		parts = append(parts, v)
		return st.grow(16)
	})
	if err != nil {
		return nil, err
	}
	if safe {
		d = escapeUnlessSafe(wrapText(d, isMarkup(sep)))
	}
	return st.join(wrapText(d, safe), &list{parts})
}

func sumFilter(st *state, a []any) (any, error) {
	get, err := st.getter(or(a[1], nil), nil, nil)
	if err != nil {
		return nil, err
	}
	total := or(a[2], int64(0))
	if _, ok := textOf(total); ok {
		return nil, typeErrorf("sum() can't sum strings [use ''.join(seq) instead]")
	}
	err = st.each(a[0], func(e any) error {
		v, err := get(e)
		if err == nil {
			total, err = st.binary("+", total, v)
		}
		return err
	})
	return total, err
}

// addLazyFilters adds those whose results are generators.
func addLazyFilters(t map[string]builtin) {
	t["map"] = mapFilter
	t["select"] = selecting(false, true)
	t["reject"] = selecting(false, false)
	t["selectattr"] = selecting(true, true)
	t["rejectattr"] = selecting(true, false)
	t["items"] = fn("do_items", "value", func(st *state, a []any) (any, error) {
		return st.lazily(func() (*iter, error) {
			if _, missing := a[0].(*undefined); missing {
				return over("generator", fixed(nil)), nil
			}
			if !isMapping(a[0]) {
				return nil, typeErrorf("Can only get item pairs from a mapping.")
			}
			return viewIter(&view{"dict_items", a[0]}), nil
		}), nil
	})
	t["batch"] = fn("do_batch", "value linecount fill_with?", batchFilter)
	t["slice"] = fn("do_slice", "value slices fill_with?", sliceFilter)
	t["unique"] = fn("do_unique", "value case_sensitive? attribute?", uniqueFilter)
}

// lazily makes a generator that is set up when its first element is asked
// for, as Python's generators are.
func (st *state) lazily(start func() (*iter, error)) *iter {
	var it *iter
	return generator(func() (any, bool, error) {
		if it == nil {
			var err error
			if it, err = start(); err != nil {
				it = over("generator", fixed(nil))
				return nil, false, err
			}
		}
		return it.next()
	})
}

func mapFilter(st *state, args []any, kwargs []kwarg) (any, error) {
	return st.lazily(func() (*iter, error) {
		if yes, err := st.truth(args[0]); err != nil || !yes {
			return over("generator", fixed(nil)), err
		}
		f, err := st.mapper(args[1:], kwargs)
		if err != nil {
			return nil, err
		}
		it, err := st.iterate(args[0])
		if err != nil {
			return nil, err
		}
		return generator(func() (any, bool, error) {
			e, ok, err := st.pull(it)
			if err != nil || !ok {
				return nil, false, err
			}
			v, err := f(e)
			return v, true, err
		}), nil
	}), nil
}

// mapper is what map applies: an attribute, or a filter by its name.
func (st *state) mapper(args []any, kwargs []kwarg) (func(any) (any, error), error) {
	var attribute, def any
	has := false
	for _, kw := range kwargs {
		if kw.name == "attribute" {
			attribute, has = kw.val, true
		}
		if kw.name == "default" {
			def = kw.val
		}
	}
	if len(args) == 0 && has {
		for _, kw := range kwargs {
			if kw.name != "attribute" && kw.name != "default" {
				return nil, failf(kindArgument, "Unexpected keyword argument %s", strRepr(kw.name))
			}
		}
		return st.getter(attribute, def, nil)
	}
	if len(args) == 0 {
		return nil, failf(kindArgument, "map requires a filter argument")
	}
	f, err := named(args[0], st.filter, "filter")
	if err != nil {
		return nil, err
	}
	return func(e any) (any, error) { return f(st, append([]any{e}, args[1:]...), kwargs) }, nil
}

// named finds a filter or test by a name that is a value.
func named(v any, find func(string) (builtin, bool), what string) (builtin, error) {
	name, ok := textOf(v)
	if !ok {
		if _, err := hashOf(v); err != nil {
			return nil, err
		}
	}
	f, ok := find(name)
	if !ok {
		return nil, failf(kindRuntime, "No %s named %s.", what, reprOr(v, "?"))
	}
	return f, nil
}

func selecting(byAttr, want bool) builtin {
	return func(st *state, args []any, kwargs []kwarg) (any, error) {
		return st.lazily(func() (*iter, error) {
			if yes, err := st.truth(args[0]); err != nil || !yes {
				return over("generator", fixed(nil)), err
			}
			holds, err := st.predicate(args[1:], kwargs, byAttr)
			if err != nil {
				return nil, err
			}
			it, err := st.iterate(args[0])
			if err != nil {
				return nil, err
			}
			return generator(func() (any, bool, error) {
				for {
					e, ok, err := st.pull(it)
					if err != nil || !ok {
						return nil, false, err
					}
					if yes, err := holds(e); err != nil || yes == want {
						return e, true, err
					}
				}
			}), nil
		}), nil
	}
}

// predicate is what select and its like ask of each element.
func (st *state) predicate(args []any, kwargs []kwarg, byAttr bool) (func(any) (bool, error), error) {
	get := func(e any) (any, error) { return e, nil }
	if byAttr {
		if len(args) == 0 {
			return nil, failf(kindArgument, "Missing parameter for attribute name")
		}
		var err error
		if get, err = st.getter(args[0], nil, nil); err != nil {
			return nil, err
		}
		args = args[1:]
	}
	test := func(v any) (any, error) { return v, nil }
	if len(args) > 0 {
		f, err := named(args[0], func(n string) (builtin, bool) { f, ok := tests()[n]; return f, ok }, "test")
		if err != nil {
			return nil, err
		}
		test = func(v any) (any, error) { return f(st, append([]any{v}, args[1:]...), kwargs) }
	}
	return func(e any) (bool, error) {
		v, err := get(e)
		if err != nil {
			return false, err
		}
		if v, err = test(v); err != nil {
			return false, err
		}
		return st.truth(v)
	}, nil
}

func batchFilter(st *state, a []any) (any, error) {
	return st.lazily(func() (*iter, error) {
		it, err := st.iterate(a[0])
		if err != nil {
			return nil, err
		}
		var row []any
		done := false
		return generator(func() (any, bool, error) {
			for !done {
				e, ok, err := st.pull(it)
				if err != nil {
					return nil, false, err
				}
				if done = !ok; done {
					break
				}
				full, err := st.equal(int64(len(row)), a[1])
				if err != nil {
					return nil, false, err
				}
				if full {
					out := &list{row}
					row = []any{e}
					return out, true, nil
				}
				row = append(row, e)
			}
			if len(row) == 0 {
				return nil, false, nil
			}
			out, err := st.filled(row, a[1], or(a[2], nil))
			row = nil
			return out, true, err
		}), nil
	}), nil
}

// filled fills a row up to a size.
func (st *state) filled(row []any, size, fill any) (any, error) {
	if fill == nil {
		return &list{row}, nil
	}
	n, err := index(size)
	if err != nil {
		return nil, err
	}
	if n > st.limits.Memory {
		return nil, &TooLarge{st.limits.Memory}
	}
	for len(row) < n {
		row = append(row, fill)
	}
	return &list{row}, st.grow(16 * len(row))
}

func sliceFilter(st *state, a []any) (any, error) {
	return st.lazily(func() (*iter, error) {
		items, err := st.collect(a[0])
		if err != nil {
			return nil, err
		}
		n, err := index(a[1])
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, failf(kindZero, "integer division or modulo by zero")
		}
		if n < 0 {
			return over("generator", fixed(nil)), nil
		}
		each, extra := len(items)/n, len(items)%n
		i, from := 0, 0
		return generator(func() (any, bool, error) {
			if i >= n {
				return nil, false, st.step()
			}
			size := each
			if i < extra {
				size++
			}
			row := slices.Clone(items[from : from+size])
			if fill := or(a[2], nil); fill != nil && i >= extra {
				row = append(row, fill)
			}
			from += size
			i++
			return &list{row}, true, st.grow(16 * (len(row) + 1))
		}), nil
	}), nil
}

func uniqueFilter(st *state, a []any) (any, error) {
	return st.lazily(func() (*iter, error) {
		post, err := st.caseRule(a[1])
		if err != nil {
			return nil, err
		}
		get, err := st.getter(or(a[2], nil), nil, post)
		if err != nil {
			return nil, err
		}
		it, err := st.iterate(a[0])
		if err != nil {
			return nil, err
		}
		seen := map[any]bool{}
		return generator(func() (any, bool, error) {
			for {
				e, ok, err := st.pull(it)
				if err != nil || !ok {
					return nil, false, err
				}
				k, err := get(e)
				if err != nil {
					return nil, false, err
				}
				h, err := hashOf(k)
				if err != nil {
					return nil, false, err
				}
				if !seen[h] {
					seen[h] = true
					return e, true, st.grow(32)
				}
			}
		}), nil
	}), nil
}
