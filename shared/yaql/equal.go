package yaql

import (
	"math"
	"math/big"
)

// equal is Python's ==, over all kinds of values: numbers and booleans by
// value, tuples only with tuples, dictionaries without regard to order.
func (st *state) equal(a, b any) (bool, error) {
	if err := st.enter(); err != nil {
		return false, err
	}
	defer st.leave()
	if isNumeric(a) && isNumeric(b) {
		return compareNumbers(a, b) == 0, nil
	}
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case string:
		y, ok := b.(string)
		return ok && x == y, nil
	case []any:
		y, ok := b.([]any)
		return equalItems(st, x, y, ok)
	case *list, *rawList:
		xs, _ := itemsOf(x)
		if _, isTuple := b.([]any); isTuple {
			return false, nil
		}
		ys, ok := itemsOf(b)
		return equalItems(st, xs, ys, ok)
	case datetime:
		y, ok := b.(datetime)
		return ok && x.t.Equal(y.t), nil
	case timespan:
		y, ok := b.(timespan)
		return ok && x.us.Cmp(y.us) == 0, nil
	case *regex:
		y, ok := b.(*regex)
		return ok && x.same(y), nil
	}
	switch {
	case isA(a, clsMapping):
		return equalMappings(st, a, b)
	case isA(a, clsSet):
		return equalSets(st, a, b)
	case isNumeric(a):
		return false, nil
	}
	return identical(a, b), nil
}

func equalItems(st *state, x, y []any, same bool) (bool, error) {
	if !same || len(x) != len(y) {
		return false, nil
	}
	for i := range x {
		if err := st.step(); err != nil {
			return false, err
		}
		if eq, err := st.equal(x[i], y[i]); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func equalMappings(st *state, a, b any) (bool, error) {
	if !isA(b, clsMapping) {
		return false, nil
	}
	n, _ := sizeOf(a)
	if m, _ := sizeOf(b); m != n {
		return false, nil
	}
	same := true
	err := entries(a, func(k, v any) error {
		if !same {
			return nil
		}
		if err := st.step(); err != nil {
			return err
		}
		w, ok, err := lookup(b, k)
		if err != nil || !ok {
			same = false
			return err
		}
		same, err = st.equal(v, w)
		return err
	})
	return same && err == nil, err
}

func equalSets(st *state, a, b any) (bool, error) {
	if !isA(b, clsSet) {
		return false, nil
	}
	n, _ := sizeOf(a)
	if m, _ := sizeOf(b); m != n {
		return false, nil
	}
	return subset(st, a, b)
}

// subset reports whether all of a is in b; both are sets or views.
func subset(st *state, a, b any) (bool, error) {
	items, err := st.collect(a)
	if err != nil {
		return false, err
	}
	for _, e := range items {
		if in, err := st.contains(b, e); err != nil || !in {
			return false, err
		}
	}
	return true, nil
}

func identical(a, b any) bool {
	switch a.(type) {
	case iterator, *ordering, *scope, *mappingRule, *lambda, *view:
		return a == b
	}
	return false
}

// contains is Python's `in` for a collection.
func (st *state) contains(coll, x any) (bool, error) {
	switch c := coll.(type) {
	case *set:
		return c.has(x)
	case *view:
		if c.kind != valuesView {
			return viewHas(st, c, x)
		}
	}
	it, err := st.iterate(coll)
	if err != nil {
		return false, err
	}
	for {
		e, ok, err := st.pull(it)
		if err != nil || !ok {
			return false, err
		}
		if eq, err := st.equal(e, x); err != nil || eq {
			return eq, err
		}
	}
}

func isNumeric(v any) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64:
		return true
	}
	return false
}

// unordered is what compareNumbers gives when one is NaN.
const unordered = 2

// compareNumbers orders two numbers (booleans are 0 and 1) exactly.
func compareNumbers(a, b any) int {
	a, b = asNumber(a), asNumber(b)
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	x, xf := a.(float64)
	y, yf := b.(float64)
	switch {
	case xf && math.IsNaN(x), yf && math.IsNaN(y):
		return unordered
	case xf && yf:
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	case xf:
		return compareFloatInt(x, b)
	case yf:
		return -compareFloatInt(y, a)
	}
	return bigOf(a).Cmp(bigOf(b))
}

func compareFloatInt(f float64, i any) int {
	if math.IsInf(f, 0) {
		if f > 0 {
			return 1
		}
		return -1
	}
	return new(big.Rat).SetFloat64(f).Cmp(new(big.Rat).SetInt(bigOf(i)))
}

func asNumber(v any) any {
	if b, ok := v.(bool); ok {
		if b {
			return int64(1)
		}
		return int64(0)
	}
	return v
}
