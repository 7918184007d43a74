package yaql

// Functions that cut a collection into parts or turn it round.

func sliceParts(c *frame, a []any) (any, error) {
	n := clampInt(a[1])
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		if n < 0 {
			return nil, false, valueErrorf("count must be zero or more")
		}
		part, err := c.st.collect(takeIter(c.st, it, n))
		return part, len(part) > 0, err
	}), nil
}

func splitWhere(c *frame, a []any) (any, error) {
	return cuts(c, a[0], func(items []any, i int) (bool, error) { return fnArg(a, 1).truth(items[i]) }, 1)
}

func sliceWhere(c *frame, a []any) (any, error) {
	var last any = noValue
	return cuts(c, a[0], func(items []any, i int) (bool, error) {
		v, err := fnArg(a, 1).call(items[i])
		if err != nil {
			return false, err
		}
		cut := false
		if last != noValue {
			if cut, err = c.st.equal(v, last); err != nil {
				return false, err
			}
			cut = !cut
		}
		last = v
		return cut, nil
	}, 0)
}

// cuts gives the parts of a list between the elements where cut says so, of
// which drop elements are left out.
func cuts(c *frame, coll any, cut func(items []any, i int) (bool, error), drop int) (any, error) {
	var items []any
	start, end, opened := 0, 0, false
	return newIter(func() (any, bool, error) {
		if !opened {
			var err error
			opened = true
			if items, err = c.st.collect(coll); err != nil {
				return nil, false, err
			}
		}
		for end < len(items) {
			here, err := cut(items, end)
			if err != nil {
				return nil, false, err
			}
			end++
			if here {
				part := items[start : end-1]
				start = end - 1 + drop
				return part, true, nil
			}
		}
		if start != end {
			part := items[start:end]
			start = end
			return part, true, nil
		}
		return nil, false, nil
	}), nil
}

func splitAt(c *frame, a []any) (any, error) {
	items, err := c.st.collect(a[0])
	if err != nil {
		return nil, err
	}
	at := clampInt(a[1])
	if at < 0 {
		at += len(items)
	}
	at = min(max(at, 0), len(items))
	return &list{[]any{items[:at:at], items[at:]}}, nil
}

func reverse(c *frame, a []any) (any, error) {
	items, err := c.st.collect(a[0])
	if err != nil {
		return nil, err
	}
	i := len(items)
	return newIter(func() (any, bool, error) {
		if i == 0 {
			return nil, false, nil
		}
		i--
		return items[i], true, nil
	}), nil
}
