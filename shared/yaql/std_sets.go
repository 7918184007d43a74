package yaql

func setFunctions() []spec {
	const two = "left set, right set"
	return []spec{
		{"isSet", function, "arg any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsSet), nil }},
		{"set", function, "*args any", func(c *frame, a []any) (any, error) {
			items, err := spread(c, nil, a)
			if err != nil {
				return nil, err
			}
			return setOf(items)
		}},
		{"toSet", method, "collection iterable", func(c *frame, a []any) (any, error) {
			s := newSet()
			return s, c.st.each(a[0], s.add)
		}},
		{"len", extension, "set set", length},
		{"union", method, two, func(c *frame, a []any) (any, error) { return union(c, a[0], a[1]) }},
		{"intersect", method, two, func(c *frame, a []any) (any, error) { return filterSet(c, a[0], a[1], true) }},
		{"difference", method, two, func(c *frame, a []any) (any, error) { return filterSet(c, a[0], a[1], false) }},
		{"#operator_-", function, two, func(c *frame, a []any) (any, error) { return filterSet(c, a[0], a[1], false) }},
		{"symmetricDifference", method, two, func(c *frame, a []any) (any, error) {
			x, err := filterSet(c, a[0], a[1], false)
			if err != nil {
				return nil, err
			}
			y, err := c.st.collect(a[1])
			if err != nil {
				return nil, err
			}
			for _, e := range y {
				in, err := c.st.contains(a[0], e)
				if err != nil {
					return nil, err
				}
				if !in {
					if err := x.(*set).add(e); err != nil {
						return nil, err
					}
				}
			}
			return x, nil
		}},
		{"#operator_<", function, two, compareSets(false, true)},
		{"#operator_<=", function, two, compareSets(false, false)},
		{"#operator_>", function, two, compareSets(true, true)},
		{"#operator_>=", function, two, compareSets(true, false)},
		{"add", method, "set set, *values any", func(c *frame, a []any) (any, error) { return union(c, a[0], a[1:]) }},
		{"remove", method, "set set, *values any", func(c *frame, a []any) (any, error) {
			gone, err := setOf(a[1:])
			if err != nil {
				return nil, err
			}
			return filterSet(c, a[0], gone, false)
		}},
	}
}

func setOf(items []any) (*set, error) {
	s := newSet()
	for _, e := range items {
		if err := s.add(e); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// realSet refuses the views of dictionaries: they are sets to overloads, but
// have none of a set's methods.
func realSet(v any) error {
	if _, ok := v.(*view); ok {
		return failf("AttributeError", "'%s' object has no such method", typeName(v))
	}
	return nil
}

func union(c *frame, x, y any) (any, error) {
	if err := realSet(x); err != nil {
		return nil, err
	}
	s := newSet()
	if err := c.st.each(x, s.add); err != nil {
		return nil, err
	}
	return s, c.st.each(y, s.add)
}

// filterSet keeps what is in the other set too, or what is not.
func filterSet(c *frame, x, y any, keep bool) (any, error) {
	if err := realSet(x); err != nil {
		return nil, err
	}
	s := newSet()
	return s, c.st.each(x, func(e any) error {
		in, err := c.st.contains(y, e)
		if err != nil || in != keep {
			return err
		}
		return s.add(e)
	})
}

func compareSets(swap, strict bool) body {
	return func(c *frame, a []any) (any, error) {
		x, y := a[0], a[1]
		if swap {
			x, y = y, x
		}
		n, _ := sizeOf(x)
		m, _ := sizeOf(y)
		if n > m || strict && n == m {
			return false, nil
		}
		return subset(c.st, x, y)
	}
}
