package yaql

// scalarQueries are the methods of collections that give one value.
func scalarQueries() []spec {
	const coll, pred = "collection iterable", "collection iterable, predicate lambda"
	return []spec{
		{"any", extension, "collection iterable, predicate lambda = null", func(c *frame, a []any) (any, error) {
			i, err := indexWhere(c, a[0], fnArg(a, 1), true, false)
			return i >= 0, err
		}},
		{"all", extension, "collection iterable, predicate lambda = null", func(c *frame, a []any) (any, error) {
			l := fnArg(a, 1)
			if l == nil {
				l = &lambda{body: &variable{leaf(0), "1"}, c: c}
			}
			i, err := indexWhere(c, a[0], l, false, false)
			return i < 0, err
		}},
		{"len", extension, "collection iterator", count},
		{"count", method, coll, count},
		{"sum", method, "collection iterable, initial any = none", func(c *frame, a []any) (any, error) {
			return reduce(c, a[0], a[1], operatorFold(c, "#operator_+"))
		}},
		{"max", method, "collection iterable, initial any = none", func(c *frame, a []any) (any, error) {
			return reduce(c, a[0], a[1], operatorFold(c, "max"))
		}},
		{"min", method, "collection iterable, initial any = none", func(c *frame, a []any) (any, error) {
			return reduce(c, a[0], a[1], operatorFold(c, "min"))
		}},
		{"first", method, "collection iterable, default any = none", first},
		{"single", method, coll, single},
		{"last", method, "collection iterable, default any = none", last},
		{"indexOf", method, "collection iterable, item any", func(c *frame, a []any) (any, error) { return indexOf(c, a, false) }},
		{"lastIndexOf", method, "collection iterable, item any", func(c *frame, a []any) (any, error) { return indexOf(c, a, true) }},
		{"indexWhere", method, pred, func(c *frame, a []any) (any, error) { return indexWhere(c, a[0], fnArg(a, 1), true, false) }},
		{"lastIndexWhere", method, pred, func(c *frame, a []any) (any, error) { return indexWhere(c, a[0], fnArg(a, 1), true, true) }},
		{"aggregate", method, "collection iterable, selector lambda, seed any = none", aggregate},
		{"reduce", method, "collection iterable, selector lambda, seed any = none", aggregate},
		{"isIterable", function, "value any", func(_ *frame, a []any) (any, error) { return isIterable(a[0]), nil }},
	}
}

func count(c *frame, a []any) (any, error) {
	n := int64(0)
	return n, c.st.eachCount(a[0], &n)
}

func first(c *frame, a []any) (any, error) {
	it, err := c.st.iterate(a[0])
	if err != nil {
		return nil, err
	}
	v, ok, err := c.st.pull(it)
	switch {
	case err != nil || ok:
		return v, err
	case a[1] == noValue:
		return nil, stopIteration("the collection is empty")
	}
	return a[1], nil
}

func single(c *frame, a []any) (any, error) {
	it, err := c.st.iterate(a[0])
	if err != nil {
		return nil, err
	}
	v, ok, err := c.st.pull(it)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, stopIteration("the collection is empty")
	}
	if _, ok, err = c.st.pull(it); err != nil {
		return nil, err
	}
	if ok {
		return nil, stopIteration("Collection contains more than one item")
	}
	return v, nil
}

func last(c *frame, a []any) (any, error) {
	v := a[1]
	if items, ok := itemsOf(a[0]); ok {
		if len(items) > 0 {
			v = items[len(items)-1]
		}
	} else if err := c.st.each(a[0], func(e any) error { v = e; return nil }); err != nil {
		return nil, err
	}
	if v == noValue {
		return nil, stopIteration("the collection is empty")
	}
	return v, nil
}

func indexOf(c *frame, a []any, wantLast bool) (any, error) {
	return indexBy(c.st, a[0], wantLast, func(v any) (bool, error) { return c.st.equal(v, a[1]) })
}

// indexWhere gives the first, or last, index of an element for which the
// predicate is want; without a predicate, of any element.
func indexWhere(c *frame, coll any, l *lambda, want, wantLast bool) (int64, error) {
	return indexBy(c.st, coll, wantLast, func(v any) (bool, error) {
		if l == nil {
			return true, nil
		}
		ok, err := l.truth(v)
		return ok == want, err
	})
}

func indexBy(st *state, coll any, wantLast bool, match func(v any) (bool, error)) (int64, error) {
	it, err := st.iterate(coll)
	if err != nil {
		return 0, err
	}
	found := int64(-1)
	for i := int64(0); ; i++ {
		v, ok, err := st.pull(it)
		if err != nil || !ok {
			return found, err
		}
		if ok, err = match(v); err != nil {
			return 0, err
		}
		if ok {
			found = i
			if !wantLast {
				return found, nil
			}
		}
	}
}

func operatorFold(c *frame, name string) func(x, y any) (any, error) {
	sc := c.outer()
	fast := arithmetic(name)
	return func(x, y any) (any, error) {
		if fast != nil && !c.st.defined && isNumber(x) && isNumber(y) {
			return c.st.counted(fast(x, y))
		}
		return c.st.operator(name, sc, x, y)
	}
}

func aggregate(c *frame, a []any) (any, error) {
	return reduce(c, a[0], a[2], func(x, y any) (any, error) { return fnArg(a, 1).call(x, y) })
}

func reduce(c *frame, coll, seed any, f func(x, y any) (any, error)) (any, error) {
	total := seed
	err := c.st.each(coll, func(v any) (err error) {
		if total == noValue {
			total = v
			return nil
		}
		total, err = f(total, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	if total == noValue {
		return nil, typeErrorf("reduce() of empty iterable with no initial value")
	}
	return total, nil
}
