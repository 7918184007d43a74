package yaql

import (
	"slices"
	"strings"
)

// ordering is a collection with fields to sort it by, sorted when somebody
// takes its elements.
type ordering struct {
	coll   any
	sc     *scope
	fields []orderField
	sorted []any
	done   bool
}

type orderField struct {
	selector *lambda
	down     bool
}

func orderFunctions() []spec {
	const sig, then = "collection iterable, selector lambda", "collection ordering, selector lambda"
	order := func(down bool) body {
		return func(c *frame, a []any) (any, error) {
			return &ordering{coll: a[0], sc: c.outer(), fields: []orderField{{fnArg(a, 1), down}}}, nil
		}
	}
	thenBy := func(down bool) body {
		return func(_ *frame, a []any) (any, error) {
			o := a[0].(*ordering)
			o.fields = append(o.fields, orderField{fnArg(a, 1), down})
			return o, nil
		}
	}
	return []spec{
		{"orderBy", method, sig, order(false)},
		{"orderByDescending", method, sig, order(true)},
		{"thenBy", method, then, thenBy(false)},
		{"thenByDescending", method, then, thenBy(true)},
	}
}

// keyed is an element with what its fields gave, as far as they were asked.
type keyed struct {
	item any
	keys []any
}

func (k *keyed) key(o *ordering, i int) (any, error) {
	for len(k.keys) <= i {
		v, err := o.fields[len(k.keys)].selector.call(k.item)
		if err != nil {
			return nil, err
		}
		k.keys = append(k.keys, v)
	}
	return k.keys[i], nil
}

func (o *ordering) sort(st *state) ([]any, error) {
	if o.done {
		return o.sorted, nil
	}
	items, err := st.collect(o.coll)
	if err != nil {
		return nil, err
	}
	all := make([]*keyed, len(items))
	for i, e := range items {
		all[i] = &keyed{item: e}
	}
	var failed error
	slices.SortStableFunc(all, func(x, y *keyed) int {
		if failed != nil {
			return 0
		}
		var n int
		n, failed = o.compare(st, x, y)
		return n
	})
	if failed != nil {
		return nil, failed
	}
	o.sorted = make([]any, len(all))
	for i, k := range all {
		o.sorted[i] = k.item
	}
	o.done = true
	return o.sorted, nil
}

func (o *ordering) compare(st *state, x, y *keyed) (int, error) {
	for i, f := range o.fields {
		a, err := x.key(o, i)
		if err != nil {
			return 0, err
		}
		b, err := y.key(o, i)
		if err != nil {
			return 0, err
		}
		n, err := o.compareKeys(st, a, b)
		if err != nil || n != 0 {
			if f.down {
				n = -n
			}
			return n, err
		}
	}
	return 0, nil
}

func (o *ordering) compareKeys(st *state, a, b any) (int, error) {
	if err := st.step(); err != nil {
		return 0, err
	}
	if !st.defined && isNumber(a) && isNumber(b) {
		if n := compareNumbers(a, b); n != unordered {
			return n, nil
		}
		return 0, nil
	}
	x, isString := a.(string)
	if y, ok := b.(string); ok && isString && !st.defined {
		return strings.Compare(x, y), nil
	}
	lt, err := st.operator("#operator_<", o.sc, a, b)
	if err != nil {
		return 0, err
	}
	if truth(lt) {
		return -1, nil
	}
	gt, err := st.operator("#operator_>", o.sc, a, b)
	if err != nil || !truth(gt) {
		return 0, err
	}
	return 1, nil
}

// groupFunctions group and merge.
func groupFunctions() []spec {
	return []spec{
		{"groupBy", method, "collection iterable, keySelector lambda, valueSelector lambda = null, aggregator lambda = null", groupBy},
		{"mergeWith", method, "dict mapping, another mapping, listMerger lambda = null, itemMerger lambda = null, maxLevels int = 0", mergeWith},
	}
}

func groupBy(c *frame, a []any) (any, error) {
	keyOf, valueOf := fnArg(a, 1), fnArg(a, 2)
	groups := newDict(false)
	err := c.st.each(a[0], func(v any) error {
		e := v
		if valueOf != nil {
			var err error
			if e, err = valueOf.call(v); err != nil {
				return err
			}
		}
		k, err := keyOf.call(v)
		if err != nil {
			return err
		}
		g, ok, err := lookup(groups, k)
		if err != nil {
			return err
		}
		if !ok {
			g = &list{}
			if err := groups.set(k, g); err != nil {
				return err
			}
		}
		g.(*list).items = append(g.(*list).items, e)
		return c.st.grow(16)
	})
	if err != nil {
		return nil, err
	}
	agg := groupAggregator{st: c.st, f: fnArg(a, 3), fallback: true}
	i := 0
	return newIter(func() (any, bool, error) {
		if i == len(groups.keys) {
			return nil, false, nil
		}
		i++
		v, err := agg.apply(groups.keys[i-1], groups.vals[i-1].(*list))
		return v, true, err
	}), nil
}

// groupAggregator applies an aggregator to each group's values, or, for
// expressions written for old versions, to pairs of key and values, if the
// former fails at the first groups.
type groupAggregator struct {
	st       *state
	f        *lambda
	fallback bool
	failure  error
}

func (g *groupAggregator) apply(key any, values *list) (any, error) {
	pair := []any{key, values}
	if g.f == nil {
		return pair, nil
	}
	if g.failure == nil {
		v, err := g.f.call(values)
		if err == nil {
			old, err := g.ambiguous(values, v)
			g.fallback = g.fallback && old
			return []any{key, v}, err
		}
		if k := kindOf(err); k != kindNoMethod && k != kindNoFunction && k != kindIndex {
			return nil, err
		}
		g.failure = err
	}
	if g.fallback {
		if v, err := g.f.call(pair); err == nil {
			if n, ok := sizeOf(v); ok && n == 2 {
				return v, nil
			}
			if s, ok := v.(string); ok && len([]rune(s)) == 2 {
				return v, nil
			}
		}
	}
	return nil, g.failure
}

// ambiguous reports whether a result could be of an old aggregator.
func (g *groupAggregator) ambiguous(values *list, result any) (bool, error) {
	items, ok := itemsOf(result)
	if !ok || len(values.items) != 2 || len(items) != 2 {
		return false, nil
	}
	return g.st.equal(items[0], values.items[0])
}

func mergeWith(c *frame, a []any) (any, error) {
	m := merger{c.st, fnArg(a, 2), fnArg(a, 3)}
	return m.merge(a[0], a[1], clampInt(a[4]), 0)
}

type merger struct {
	st          *state
	lists, item *lambda
}

func (m merger) merge(x, y any, levels, depth int) (any, error) {
	if depth > maxNesting {
		return nil, failf(kindRecursion, "values nested too deeply")
	}
	out := newDict(false)
	err := entries(x, func(k, v any) error {
		w, ok, err := lookup(y, k)
		if err != nil {
			return err
		}
		if ok {
			if v, err = m.both(v, w, levels, depth); err != nil {
				return err
			}
		}
		return out.set(k, v)
	})
	if err != nil {
		return nil, err
	}
	return out, entries(y, func(k, v any) error {
		if _, ok, err := lookup(out, k); err != nil || ok {
			return err
		}
		return out.set(k, v)
	})
}

func (m merger) both(v, w any, levels, depth int) (any, error) {
	switch {
	case levels != 1 && isA(w, clsMapping):
		if !isA(v, clsMapping) {
			return nil, typeErrorf("Cannot merge %s with %s", typeName(v), typeName(w))
		}
		if levels != 0 {
			levels--
		}
		return m.merge(v, w, levels, depth+1)
	case levels != 1 && isSequence(w):
		if !isSequence(v) {
			return nil, typeErrorf("Cannot merge %s with %s", typeName(v), typeName(w))
		}
		return m.both2(v, w)
	case m.item != nil:
		return m.item.call(v, w)
	}
	return w, nil
}

func (m merger) both2(v, w any) (any, error) {
	if m.lists != nil {
		return m.lists.call(v, w)
	}
	if typeName(v) != typeName(w) {
		return nil, typeErrorf("can only concatenate %s (not \"%s\") to %s", typeName(v), typeName(w), typeName(v))
	}
	items, err := m.st.collect(distinct(m.st, m.st.chain(v, w), nil))
	if err != nil {
		return nil, err
	}
	return m.st.tuple(items)
}
