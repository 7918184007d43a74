package yaql

import (
	"math/big"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// queryFunctions are the methods of collections. Most give iterators: nothing
// happens until somebody takes their elements.
func queryFunctions() []spec {
	const coll, pred = "collection iterable", "collection iterable, predicate lambda"
	limit := func(c *frame, a []any) (any, error) { return take(c, a[0], a[1]) }
	sel := func(c *frame, a []any) (any, error) { return mapIter(c.st, a[0], fnArg(a, 1)), nil }
	out := []spec{
		{"where", method, pred, where}, {"filter", method, pred, where},
		{"select", method, "collection iterable, selector lambda", sel}, {"map", method, "collection iterable, selector lambda", sel},
		{"#operator_.", function, "collection iterable, attribute word", attribute},
		{"limit", method, "collection iterable, count int", limit}, {"take", method, "collection iterable, count int", limit},
		{"skip", method, "collection iterable, count int", skip},
		{"append", extension, "collection iterable, *args any", func(c *frame, a []any) (any, error) { return c.st.chain(a[0], a[1:]), nil }},
		{"distinct", extension, "collection iterable, keySelector lambda = null", func(c *frame, a []any) (any, error) {
			return distinct(c.st, a[0], fnArg(a, 1)), nil
		}},
		{"enumerate", extension, "collection iterable, start int? = 0", enumerate},
		{"concat", extension, "*collections iterable", func(c *frame, a []any) (any, error) { return c.st.chain(a...), nil }},
		{"memorize", method, coll, func(_ *frame, a []any) (any, error) { return memorize(a[0]), nil }},
		{"selectMany", method, "collection iterable, selector lambda", selectMany},
		{"range", function, "stop int", func(_ *frame, a []any) (any, error) { return rangeIter(int64(0), a[0], int64(1)) }},
		{"range", function, "start int, stop int, step int = 1", func(_ *frame, a []any) (any, error) { return rangeIter(a[0], a[1], a[2]) }},
		{"sequence", function, "start int = 0, step int = 1", sequence},
		{"zip", method, "*collections iterable", func(c *frame, a []any) (any, error) { return zip(c.st, a, false, nil) }},
		{"zipLongest", method, "*collections iterable, **kwargs any", func(c *frame, a []any) (any, error) {
			var fill any
			if k := kwIndex(c.kw, "default"); k >= 0 {
				fill = c.kw[k].val
			}
			return zip(c.st, a, true, fill)
		}},
		{"join", method, "collection1 iterable, collection2 iterable, predicate lambda, selector lambda", join},
		{"repeat", method, "value any, times int = -1", repeat},
		{"cycle", method, coll, cycle},
		{"takeWhile", method, pred, takeWhile},
		{"skipWhile", method, pred, skipWhile},
		{"slice", method, "collection iterable, length int", sliceParts},
		{"splitWhere", method, pred, splitWhere},
		{"sliceWhere", method, pred, sliceWhere},
		{"splitAt", method, "collection iterable, index int", splitAt},
		{"reverse", method, coll, reverse},
		{"accumulate", method, "collection iterable, selector lambda, seed any = none", accumulate},
		{"generate", function, "initial any, predicate lambda, producer lambda, selector lambda = null, decycle bool = false", generate},
		{"generateMany", function, "initial any, producer lambda, selector lambda = null, decycle bool = false, depthFirst bool = false", generateMany},
		{"defaultIfEmpty", method, "collection iterable, default iterable", defaultIfEmpty},
	}
	return append(out, scalarQueries()...)
}

func mapIter(st *state, coll any, l *lambda) iterator {
	return st.lazily(coll, func(it iterator) (any, bool, error) {
		v, ok, err := st.pull(it)
		if err != nil || !ok {
			return nil, false, err
		}
		v, err = l.call(v)
		return v, true, err
	})
}

func filterIter(st *state, coll any, keep func(v any) (bool, error)) iterator {
	return st.lazily(coll, func(it iterator) (any, bool, error) {
		for {
			v, ok, err := st.pull(it)
			if err != nil || !ok {
				return nil, false, err
			}
			if ok, err = keep(v); err != nil || ok {
				return v, true, err
			}
		}
	})
}

func where(c *frame, a []any) (any, error) {
	l := fnArg(a, 1)
	return filterIter(c.st, a[0], func(v any) (bool, error) {
		if l == nil {
			return truth(v), nil
		}
		return l.truth(v)
	}), nil
}

// attribute is `collection.name`: the attribute of each element.
func attribute(c *frame, a []any) (any, error) {
	st, sc := c.st, c.outer()
	word := a[1].(*constant)
	return st.lazily(a[0], func(it iterator) (any, bool, error) {
		v, ok, err := st.pull(it)
		if err != nil || !ok {
			return nil, false, err
		}
		if !st.defined && isA(v, clsMapping) {
			v, err = dictAccess(v, word.val)
		} else {
			v, err = st.operator("#operator_.", sc, v, word)
		}
		return v, true, err
	}), nil
}

func nonNegative(v any) (int, error) {
	n := clampInt(v)
	if n < 0 {
		return 0, valueErrorf("count must be zero or more")
	}
	return n, nil
}

func take(c *frame, coll, count any) (any, error) {
	n, err := nonNegative(count)
	if err != nil {
		return nil, err
	}
	return takeIter(c.st, coll, n), nil
}

func takeIter(st *state, coll any, n int) iterator {
	return st.lazily(coll, func(it iterator) (any, bool, error) {
		if n == 0 {
			return nil, false, nil
		}
		n--
		return st.pull(it)
	})
}

func skip(c *frame, a []any) (any, error) {
	n, err := nonNegative(a[1])
	if err != nil {
		return nil, err
	}
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		for ; n > 0; n-- {
			if _, ok, err := c.st.pull(it); err != nil || !ok {
				return nil, false, err
			}
		}
		return c.st.pull(it)
	}), nil
}

func distinct(st *state, coll any, key *lambda) iterator {
	seen := newSet()
	return filterIter(st, coll, func(v any) (bool, error) {
		if key != nil {
			var err error
			if v, err = key.call(v); err != nil {
				return false, err
			}
		}
		n := len(seen.items)
		if err := seen.add(v); err != nil {
			return false, err
		}
		return len(seen.items) > n, st.grow(16)
	})
}

func enumerate(c *frame, a []any) (any, error) {
	i := a[1]
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		if !isA(i, clsInt) {
			return nil, false, typeErrorf("'%s' object cannot be interpreted as an integer", typeName(i))
		}
		v, ok, err := c.st.pull(it)
		if err != nil || !ok {
			return nil, false, err
		}
		pair := &list{[]any{asNumber(i), v}}
		i, err = add(i, int64(1))
		return pair, true, err
	}), nil
}

func selectMany(c *frame, a []any) (any, error) {
	st, l := c.st, fnArg(a, 1)
	var inner iterator
	return st.lazily(a[0], func(it iterator) (any, bool, error) {
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
			if v, err = l.call(v); err != nil {
				return nil, false, err
			}
			if !isIterable(v) {
				return v, true, nil
			}
			if inner, err = st.iterate(v); err != nil {
				return nil, false, err
			}
		}
	}), nil
}

func rangeIter(start, stop, step any) (any, error) {
	next, end, by := bigOf(start), bigOf(stop), bigOf(step)
	if by.Sign() == 0 {
		return nil, valueErrorf("range() arg 3 must not be zero")
	}
	return newIter(func() (any, bool, error) {
		if c := next.Cmp(end); c == 0 || c == by.Sign() {
			return nil, false, nil
		}
		v := value.Int(next)
		next = new(big.Int).Add(next, by)
		return v, true, nil
	}), nil
}

func sequence(_ *frame, a []any) (any, error) {
	next, step := asNumber(a[0]), asNumber(a[1])
	return newIter(func() (any, bool, error) {
		v := next
		var err error
		next, err = add(next, step)
		return v, true, err
	}), nil
}

func zip(st *state, colls []any, longest bool, fill any) (any, error) {
	its := make([]iterator, len(colls))
	for i, coll := range colls {
		var err error
		if its[i], err = st.iterate(coll); err != nil {
			return nil, err
		}
	}
	return newIter(func() (any, bool, error) {
		row := make([]any, len(its))
		more := false
		for i, it := range its {
			v, ok, err := st.pull(it)
			switch {
			case err != nil:
				return nil, false, err
			case ok:
				more = true
			case !longest:
				return nil, false, nil
			default:
				v = fill
			}
			row[i] = v
		}
		return row, more, nil
	}), nil
}

func join(c *frame, a []any) (any, error) {
	st, right := c.st, memorize(a[1])
	pred, sel := fnArg(a, 2), fnArg(a, 3)
	var left any
	var inner iterator
	return st.lazily(a[0], func(it iterator) (any, bool, error) {
		for {
			if inner == nil {
				var ok bool
				var err error
				if left, ok, err = st.pull(it); err != nil || !ok {
					return nil, false, err
				}
				if inner, err = st.iterate(right); err != nil {
					return nil, false, err
				}
			}
			v, ok, err := st.pull(inner)
			if err != nil {
				return nil, false, err
			}
			if !ok {
				inner = nil
				continue
			}
			if ok, err = pred.truth(left, v); err != nil {
				return nil, false, err
			}
			if ok {
				v, err = sel.call(left, v)
				return v, true, err
			}
		}
	}), nil
}

func repeat(_ *frame, a []any) (any, error) {
	n := clampInt(a[1])
	return newIter(func() (any, bool, error) {
		if n == 0 {
			return nil, false, nil
		}
		if n > 0 {
			n--
		}
		return a[0], true, nil
	}), nil
}

func cycle(c *frame, a []any) (any, error) {
	var seen []any
	pos, again := 0, false
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		if !again {
			v, ok, err := c.st.pull(it)
			if err != nil || ok {
				seen = append(seen, v)
				return v, ok, err
			}
			again = true
		}
		if len(seen) == 0 {
			return nil, false, nil
		}
		v := seen[pos%len(seen)]
		pos++
		return v, true, nil
	}), nil
}

func takeWhile(c *frame, a []any) (any, error) {
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		v, ok, err := c.st.pull(it)
		if err != nil || !ok {
			return nil, false, err
		}
		ok, err = fnArg(a, 1).truth(v)
		return v, ok, err
	}), nil
}

func skipWhile(c *frame, a []any) (any, error) {
	dropping := true
	return filterIter(c.st, a[0], func(v any) (bool, error) {
		if dropping {
			drop, err := fnArg(a, 1).truth(v)
			if err != nil {
				return false, err
			}
			dropping = drop
		}
		return !dropping, nil
	}), nil
}

func accumulate(c *frame, a []any) (any, error) {
	total, started := a[2], false
	return c.st.lazily(a[0], func(it iterator) (any, bool, error) {
		if !started {
			started = true
			if total != noValue {
				return total, true, nil
			}
			v, ok, err := c.st.pull(it)
			if err == nil && !ok {
				err = typeErrorf("accumulate() of empty sequence with no initial value")
			}
			total = v
			return v, true, err
		}
		v, ok, err := c.st.pull(it)
		if err != nil || !ok {
			return nil, false, err
		}
		total, err = fnArg(a, 1).call(total, v)
		return total, true, err
	}), nil
}

func generate(c *frame, a []any) (any, error) {
	item, first := a[0], true
	past := newSet()
	return newIter(func() (any, bool, error) {
		if err := c.st.step(); err != nil {
			return nil, false, err
		}
		var err error
		if !first {
			if item, err = fnArg(a, 2).call(item); err != nil {
				return nil, false, err
			}
		}
		first = false
		ok, err := fnArg(a, 1).truth(item)
		if err != nil || !ok {
			return nil, false, err
		}
		if truth(a[4]) {
			known, err := past.has(item)
			if err != nil || known {
				return nil, false, err
			}
			if err := past.add(item); err != nil {
				return nil, false, err
			}
		}
		if l := fnArg(a, 3); l != nil {
			v, err := l.call(item)
			return v, true, err
		}
		return item, true, nil
	}), nil
}

func generateMany(c *frame, a []any) (any, error) {
	queue := []any{a[0]}
	past := newSet()
	var last any
	expand := false
	return newIter(func() (any, bool, error) {
		for {
			if expand {
				produced, err := fnArg(a, 1).call(last)
				if err != nil {
					return nil, false, err
				}
				items, err := c.st.collect(produced)
				if err != nil {
					return nil, false, err
				}
				if err := c.st.grow(16 * len(items)); err != nil {
					return nil, false, err
				}
				if truth(a[4]) {
					queue = append(append([]any{}, items...), queue...)
				} else {
					queue = append(queue, items...)
				}
				expand = false
			}
			if len(queue) == 0 {
				return nil, false, nil
			}
			item := queue[0]
			queue = queue[1:]
			if truth(a[3]) {
				known, err := past.has(item)
				if err != nil {
					return nil, false, err
				}
				if known {
					continue
				}
				if err := past.add(item); err != nil {
					return nil, false, err
				}
			}
			last, expand = item, true
			if l := fnArg(a, 2); l != nil {
				v, err := l.call(item)
				return v, true, err
			}
			return item, true, nil
		}
	}), nil
}

func defaultIfEmpty(c *frame, a []any) (any, error) {
	coll := memorize(a[0])
	it, err := c.st.iterate(coll)
	if err != nil {
		return nil, err
	}
	_, ok, err := c.st.pull(it)
	if err != nil {
		return nil, err
	}
	if !ok {
		return a[1], nil
	}
	return coll, nil
}
