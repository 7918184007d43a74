package yaql

// dictFunctions and listFunctions make, look into and change collections.
func collectionFunctions() []spec { return append(dictFunctions(), listFunctions()...) }

func dictFunctions() []spec {
	const d = "dict mapping"
	viewOf := func(kind viewKind) body {
		return func(_ *frame, a []any) (any, error) { return &view{a[0], kind}, nil }
	}
	return []spec{
		{"dict", function | noKwargs, "*args ruleval", dictOfRules},
		{"#map", function | noKwargs, "*args ruleval", dictOfRules},
		{"dict", function | noKwargs, "items iterable", dictOfPairs},
		{"toDict", method, "collection iterable, keySelector lambda, valueSelector lambda = null", toDict},
		{"#operator_.", function, d + ", key keyword", func(_ *frame, a []any) (any, error) { return dictAccess(a[0], a[1]) }},
		{"get", method, d + ", key any, default any = null", func(_ *frame, a []any) (any, error) {
			v, ok, err := lookup(a[0], a[1])
			if !ok {
				v = a[2]
			}
			return v, err
		}},
		{"set", method | noKwargs, d + ", key any, value any", func(c *frame, a []any) (any, error) {
			return withEntries(c, a[0], func(out *dict) error { return out.set(a[1], a[2]) })
		}},
		{"set", method | noKwargs, d + ", replacements mapping", func(c *frame, a []any) (any, error) {
			return withEntries(c, a[0], func(out *dict) error { return entries(a[1], out.set) })
		}},
		{"set", method | noKwargs, d + ", *args ruleval", func(c *frame, a []any) (any, error) {
			return withEntries(c, a[0], func(out *dict) error { return setRules(out, a[1:]) })
		}},
		{"keys", method, d, viewOf(keysView)},
		{"values", method, d, viewOf(valuesView)},
		{"items", method, d, viewOf(itemsView)},
		{"containsKey", method, d + ", key any", func(_ *frame, a []any) (any, error) {
			_, ok, err := lookup(a[0], a[1])
			return ok, err
		}},
		{"containsValue", method, d + ", value any", func(c *frame, a []any) (any, error) {
			return c.st.contains(&view{a[0], valuesView}, a[1])
		}},
		{"#operator_+", function, "left mapping, right mapping", func(c *frame, a []any) (any, error) {
			return withEntries(c, a[0], func(out *dict) error { return entries(a[1], out.set) })
		}},
		{"isDict", function, "arg any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsMapping), nil }},
		{"len", extension, d, length},
		{"delete", method, d + ", *keys any", func(c *frame, a []any) (any, error) { return deleteKeys(c, a[0], a[1:]) }},
		{"deleteAll", method, d + ", keys iterable", func(c *frame, a []any) (any, error) { return deleteKeys(c, a[0], a[1]) }},
	}
}

func listFunctions() []spec {
	return []spec{
		{"list", function, "*args any", func(c *frame, a []any) (any, error) {
			items, err := spread(c, nil, a)
			if err != nil {
				return nil, err
			}
			return c.st.tuple(items)
		}},
		{"flatten", method, "collection iterable", func(c *frame, a []any) (any, error) { return flatten(c.st, a[0]), nil }},
		{"toList", method, "collection iterable", toList},
		{"#operator_in", function, "value any, collection iterable", func(c *frame, a []any) (any, error) { return c.st.contains(a[1], a[0]) }},
		{"contains", method, "collection iterable, value any", func(c *frame, a []any) (any, error) { return c.st.contains(a[0], a[1]) }},
		{"#operator_+", function, "left iterable, right iterable", combine},
		{"#operator_*", function, "left sequence, right int", func(c *frame, a []any) (any, error) { return repeatList(c, a[0], a[1]) }},
		{"#operator_*", function, "left int, right sequence", func(c *frame, a []any) (any, error) { return repeatList(c, a[1], a[0]) }},
		{"isList", function, "arg any", func(_ *frame, a []any) (any, error) { return isSequence(a[0]), nil }},
		{"len", extension, "sequence sequence", length},
		{"delete", method, "collection iterable, position int, count int = 1", func(c *frame, a []any) (any, error) {
			return edit(c, a[0], a[1], a[2], nil), nil
		}},
		{"replace", method, "collection iterable, position int, value any, count int = 1", func(c *frame, a []any) (any, error) {
			return edit(c, a[0], a[1], a[3], []any{a[2]}), nil
		}},
		{"replaceMany", method, "collection iterable, position int, values iterable, count int = 1", func(c *frame, a []any) (any, error) {
			return edit(c, a[0], a[1], a[3], a[2]), nil
		}},
		{"insert", method, "collection noset, position int, value any", func(c *frame, a []any) (any, error) {
			return insert(c, a[0], a[1], []any{a[2]}, false), nil
		}},
		{"insert", method, "collection sequence, position int, value any", insertList},
		{"insertMany", method, "collection iterable, position int, values iterable", func(c *frame, a []any) (any, error) {
			return insert(c, a[0], a[1], a[2], true), nil
		}},
	}
}

func dictOfRules(c *frame, a []any) (any, error) {
	d := newDict(true)
	if err := c.st.grow(32 * len(a)); err != nil {
		return nil, err
	}
	return d, setRules(d, a)
}

func setRules(d *dict, rules []any) error {
	for _, r := range rules {
		m := r.(*mappingRule)
		if err := d.set(m.src, m.dst); err != nil {
			return err
		}
	}
	return nil
}

func dictOfPairs(c *frame, a []any) (any, error) {
	d := newDict(true)
	return d, c.st.each(a[0], func(pair any) error {
		it, err := c.st.iterate(pair)
		if err != nil {
			return err
		}
		var kv [2]any
		for i := range kv {
			v, ok, err := c.st.pull(it)
			if err != nil {
				return err
			}
			if !ok {
				return stopIteration("a pair of key and value is too short")
			}
			kv[i] = v
		}
		if err := c.st.grow(32); err != nil {
			return err
		}
		return d.set(kv[0], kv[1])
	})
}

func toDict(c *frame, a []any) (any, error) {
	d := newDict(false)
	keyOf, valueOf := fnArg(a, 1), fnArg(a, 2)
	return d, c.st.each(a[0], func(e any) error {
		k, err := keyOf.call(e)
		if err != nil {
			return err
		}
		if valueOf != nil {
			if e, err = valueOf.call(e); err != nil {
				return err
			}
		}
		if err := c.st.grow(32); err != nil {
			return err
		}
		return d.set(k, e)
	})
}

func withEntries(c *frame, m any, f func(out *dict) error) (any, error) {
	n, _ := sizeOf(m)
	if err := c.st.grow(32 * n); err != nil {
		return nil, err
	}
	out, err := copyMapping(m, true)
	if err != nil {
		return nil, err
	}
	return out, f(out)
}

func length(_ *frame, a []any) (any, error) {
	n, _ := sizeOf(a[0])
	return int64(n), nil
}

// deleteKeys asks no more for the keys' hashes once nothing is left, as
// Python's dict does not.
func deleteKeys(c *frame, m, keys any) (any, error) {
	all, err := copyMapping(m, false)
	if err != nil {
		return nil, err
	}
	gone := map[hashKey]bool{}
	err = c.st.each(keys, func(k any) error {
		if len(gone) == len(all.keys) {
			return nil
		}
		h, err := hashOf(k)
		if _, ok := all.index[h]; ok && err == nil {
			gone[h] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := newDict(false)
	for i, k := range all.keys {
		if h, _ := hashOf(k); !gone[h] {
			_ = out.set(k, all.vals[i]) // it has a hash
		}
	}
	return out, nil
}

// spread appends arguments to items, iterators element by element.
func spread(c *frame, items []any, args []any) ([]any, error) {
	for _, v := range args {
		if !isA(v, clsIterator) {
			items = append(items, v)
			continue
		}
		err := c.st.each(v, func(e any) (err error) {
			items, err = spread(c, items, []any{e})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return items, nil
}

func flatten(st *state, coll any) iterator {
	var stack []iterator
	started := false
	return newIter(func() (any, bool, error) {
		if !started {
			started = true
			it, err := st.iterate(coll)
			if err != nil {
				return nil, false, err
			}
			stack = append(stack, it)
		}
		for len(stack) > 0 {
			v, ok, err := st.pull(stack[len(stack)-1])
			switch {
			case err != nil:
				return nil, false, err
			case !ok:
				stack = stack[:len(stack)-1]
			case !isIterable(v):
				return v, true, nil
			default:
				if len(stack) >= maxNesting {
					return nil, false, failf(kindRecursion, "values nested too deeply")
				}
				it, err := st.iterate(v)
				if err != nil {
					return nil, false, err
				}
				stack = append(stack, it)
			}
		}
		return nil, false, nil
	})
}

func toList(c *frame, a []any) (any, error) {
	if t, ok := a[0].([]any); ok {
		return t, nil
	}
	items, err := c.st.collect(a[0])
	if err != nil {
		return nil, err
	}
	return items, nil
}

// combine is `+`: two tuples give a tuple, two sets a set, others an iterator.
func combine(c *frame, a []any) (any, error) {
	if x, ok := a[0].([]any); ok {
		if y, ok := a[1].([]any); ok {
			if err := c.st.grow(16 * (len(x) + len(y))); err != nil {
				return nil, err
			}
			out := make([]any, 0, len(x)+len(y))
			return append(append(out, x...), y...), nil
		}
	}
	if x, ok := a[0].(*set); ok {
		if y, ok := a[1].(*set); ok {
			return union(c, x, y)
		}
	}
	return c.st.chain(a[0], a[1]), nil
}

func repeatList(c *frame, seq, times any) (any, error) {
	items, _ := itemsOf(seq)
	n := max(clampInt(times), 0)
	if len(items) > 0 && n > maxLen/16/len(items) {
		return nil, c.st.grow(-1)
	}
	if err := c.st.grow(16 * len(items) * n); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(items)*n)
	if len(items) > 0 {
		for range n {
			out = append(out, items...)
		}
	}
	if _, ok := seq.([]any); !ok {
		return &list{out}, nil
	}
	return out, nil
}

// edit gives the collection with count elements from position on (all to the
// end, if it is negative) replaced by values.
func edit(c *frame, coll, position, count, values any) iterator {
	st := c.st
	i, from, n := -1, clampInt(position), clampInt(count)
	replaced := false
	var inner iterator
	return st.lazily(coll, func(it iterator) (any, bool, error) {
		for {
			if inner != nil {
				v, ok, err := st.pull(inner)
				if err != nil || ok {
					return v, ok, err
				}
				inner = nil
			}
			v, ok, err := st.pull(it)
			if err != nil || !ok {
				return nil, false, err
			}
			i++
			if in := i >= from && (n < 0 || i < from+n); !in {
				return v, true, nil
			}
			if !replaced && values != nil {
				replaced = true
				if inner, err = st.iterate(values); err != nil {
					return nil, false, err
				}
			}
		}
	})
}

// insert gives the collection with values before the element at position, or
// after the last one. A negative position is the start, if atStart, and else
// nowhere.
func insert(c *frame, coll, position, values any, atStart bool) iterator {
	st := c.st
	i, at := -1, clampInt(position)
	var queue []any // collections to give before going on
	var held any    // the element after them
	holding, done := false, false
	if at < 0 && atStart {
		queue = []any{values}
	}
	var inner iterator
	return st.lazily(coll, func(it iterator) (any, bool, error) {
		for {
			if len(queue) > 0 && inner == nil {
				var err error
				if inner, err = st.iterate(queue[0]); err != nil {
					return nil, false, err
				}
				queue = nil
			}
			if inner != nil {
				v, ok, err := st.pull(inner)
				if err != nil || ok {
					return v, ok, err
				}
				inner = nil
			}
			if holding {
				holding = false
				return held, true, nil
			}
			if done {
				return nil, false, nil
			}
			v, ok, err := st.pull(it)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				done = true
				if at > i {
					queue = []any{values}
				}
				continue
			}
			if i++; i == at {
				queue, held, holding = []any{values}, v, true
				continue
			}
			return v, true, nil
		}
	})
}

func insertList(c *frame, a []any) (any, error) {
	items, _ := itemsOf(a[0])
	at := clampInt(a[1])
	if at < 0 {
		at += len(items)
	}
	at = min(max(at, 0), len(items))
	if err := c.st.grow(16 * (len(items) + 1)); err != nil {
		return nil, err
	}
	out := make([]any, 0, len(items)+1)
	out = append(append(append(out, items[:at]...), a[2]), items[at:]...)
	return &list{out}, nil
}
