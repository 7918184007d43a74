package jinja

import (
	"bytes"
	"cmp"
	"math"
	"math/big"
	"strings"
)

// compareOp is one comparison of a chain.
func (st *state) compareOp(op string, l, r any) (any, error) {
	switch op {
	case "in":
		return st.contains(r, l)
	case "not in":
		in, err := st.contains(r, l)
		return !in, err
	case "==":
		return st.equal(l, r)
	case "!=":
		eq, err := st.equal(l, r)
		return !eq, err
	}
	c, err := st.order(op, l, r)
	if err != nil || c == unordered {
		return false, err
	}
	return holds(op, c), nil
}

func holds(op string, c int) bool {
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// equal is l == r.
func (st *state) equal(l, r any) (bool, error) {
	a, missing := l.(*undefined)
	b, bothMissing := r.(*undefined)
	if missing || bothMissing {
		if missing && !a.soft {
			return false, a.err()
		}
		if bothMissing && !b.soft {
			return false, b.err()
		}
		return missing && bothMissing, nil
	}
	if isNumeric(l) && isNumeric(r) {
		return compareNumbers(l, r) == 0, nil
	}
	if a, ok := textOf(l); ok {
		b, ok := textOf(r)
		return ok && a == b, nil
	}
	if xs, ok := sequence(l); ok {
		ys, ok := sequence(r)
		if !ok || isTuple(l) != isTuple(r) || len(xs) != len(ys) {
			return false, nil
		}
		return st.equalItems(xs, ys)
	}
	if isMapping(l) {
		return st.equalMaps(l, r)
	}
	switch a := l.(type) {
	case nil:
		return r == nil, nil
	case bool, int64, *big.Int, float64:
		return false, nil
	case rawText:
		b, ok := r.(rawText)
		return ok && a == b, nil
	case *rng:
		b, ok := r.(*rng)
		return ok && a.n == b.n && (a.n == 0 || a.start == b.start && (a.n == 1 || a.step == b.step)), nil
	case *view:
		return st.equalViews(a, r)
	case slice:
		b, ok := r.(slice)
		if !ok {
			return false, nil
		}
		return st.equalItems([]any{a.from, a.to, a.step}, []any{b.from, b.to, b.step})
	}
	return same(l, r), nil
}

func (st *state) equalItems(xs, ys []any) (bool, error) {
	if err := st.enter(); err != nil {
		return false, err
	}
	defer st.leave()
	for i := range xs {
		if err := st.step(); err != nil {
			return false, err
		}
		if same(xs[i], ys[i]) {
			continue
		}
		if eq, err := st.equal(xs[i], ys[i]); err != nil || !eq {
			return false, err
		}
	}
	return true, nil
}

func (st *state) equalMaps(l, r any) (bool, error) {
	if !isMapping(r) || mapLen(l) != mapLen(r) {
		return false, nil
	}
	equal := true
	err := mapEach(l, func(k, v any) error {
		if !equal {
			return nil
		}
		w, ok, err := mapGet(r, k)
		if err != nil || !ok {
			equal = false
			return err
		}
		equal, err = st.equalItems([]any{v}, []any{w})
		return err
	})
	return equal && err == nil, err
}

func (st *state) equalViews(a *view, r any) (bool, error) {
	b, ok := r.(*view)
	if !ok || a.kind == "dict_values" || b.kind == "dict_values" {
		return ok && a == b, nil
	}
	if mapLen(a.of) != mapLen(b.of) {
		return false, nil
	}
	all := true
	err := st.each(a, func(e any) error {
		in, err := st.contains(b, e)
		all = all && in
		return err
	})
	return all, err
}

// same is `l is r`, for what has an identity.
func same(l, r any) bool {
	switch l := l.(type) {
	case nil:
		return r == nil
	case bool:
		b, ok := r.(bool)
		return ok && l == b
	case []any:
		b, ok := r.([]any)
		return ok && len(l) == len(b) && (len(l) > 0 && &l[0] == &b[0])
	case tuple:
		b, ok := r.(tuple)
		return ok && len(l) == len(b) && (len(l) == 0 || &l[0] == &b[0])
	case int64:
		b, ok := r.(int64)
		return ok && l == b
	case string:
		b, ok := r.(string)
		return ok && l == b
	case float64, *big.Int, markup, rawText, slice:
		return false
	}
	switch r.(type) {
	case []any, tuple, slice:
		return false
	}
	return l == r
}

// contains is `x in coll`.
func (st *state) contains(coll, x any) (bool, error) {
	if s, ok := textOf(coll); ok {
		if err := defined(x); err != nil {
			return false, err
		}
		sub, ok := textOf(x)
		if !ok {
			return false, typeErrorf("'in <string>' requires string as left operand, not %s", typeName(x))
		}
		return strings.Contains(s, sub), nil
	}
	if isMapping(coll) {
		_, ok, err := mapGet(coll, x)
		return ok, err
	}
	switch c := coll.(type) {
	case *undefined:
		return false, c.firm()
	case *view:
		if c.kind == "dict_keys" {
			_, ok, err := mapGet(c.of, x)
			return ok, err
		}
	case *rng:
		if i, ok := integer(x); ok {
			return i.IsInt64() && c.has(i.Int64()), nil
		}
	}
	it, err := st.iterate(coll)
	if isKind(err, kindType) {
		return false, typeErrorf("argument of type '%s' is not iterable", typeName(coll))
	} else if err != nil {
		return false, err
	}
	for {
		e, ok, err := st.pull(it)
		if err != nil || !ok {
			return false, err
		}
		if same(e, x) {
			return true, nil
		}
		if eq, err := st.equal(e, x); err != nil || eq {
			return eq, err
		}
	}
}

func (r *rng) has(i int64) bool {
	d := i - r.start
	return r.n > 0 && d%r.step == 0 && d/r.step >= 0 && d/r.step < r.n
}

// unordered is what order gives when NaN is compared.
const unordered = 2

// order compares two values for <, <=, > or >=.
func (st *state) order(op string, l, r any) (int, error) {
	if err := defined(l, r); err != nil {
		return 0, err
	}
	if isNumeric(l) && isNumeric(r) {
		return compareNumbers(l, r), nil
	}
	a, ok := textOf(l)
	b, ok2 := textOf(r)
	if ok && ok2 {
		return strings.Compare(a, b), nil
	}
	xs, ok := sequence(l)
	ys, ok2 := sequence(r)
	if ok && ok2 && isTuple(l) == isTuple(r) {
		return st.orderItems(op, xs, ys)
	}
	if x, ok := l.(rawText); ok {
		if y, ok := r.(rawText); ok {
			return bytes.Compare([]byte(x), []byte(y)), nil
		}
	}
	return 0, typeErrorf("'%s' not supported between instances of '%s' and '%s'", op, typeName(l), typeName(r))
}

func (st *state) orderItems(op string, xs, ys []any) (int, error) {
	if err := st.enter(); err != nil {
		return 0, err
	}
	defer st.leave()
	for i := range min(len(xs), len(ys)) {
		if err := st.step(); err != nil {
			return 0, err
		}
		if same(xs[i], ys[i]) {
			continue
		}
		eq, err := st.equal(xs[i], ys[i])
		if err != nil {
			return 0, err
		}
		if !eq {
			return st.order(op, xs[i], ys[i])
		}
	}
	return cmp.Compare(len(xs), len(ys)), nil
}

// compareNumbers orders two numbers exactly; booleans are 0 and 1.
func compareNumbers(a, b any) int {
	a, b = asNumber(a), asNumber(b)
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return cmp.Compare(x, y)
		}
	}
	x, xf := a.(float64)
	y, yf := b.(float64)
	switch {
	case xf && math.IsNaN(x), yf && math.IsNaN(y):
		return unordered
	case xf && yf:
		return cmp.Compare(x, y)
	case xf:
		return compareFloatInt(x, b)
	case yf:
		return -compareFloatInt(y, a)
	}
	i, _ := integer(a)
	j, _ := integer(b)
	return i.Cmp(j)
}

func compareFloatInt(f float64, i any) int {
	if math.IsInf(f, 0) {
		return int(math.Copysign(1, f))
	}
	n, _ := integer(i)
	return new(big.Rat).SetFloat64(f).Cmp(new(big.Rat).SetInt(n))
}

// sortBy sorts stably by keys, as sorted() does; the first comparison that
// fails is the error.
func (st *state) sortBy(items, keys []any, reverse bool) ([]any, error) {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	less := func(i, j int) (bool, error) {
		if err := st.step(); err != nil {
			return false, err
		}
		c, err := st.order("<", keys[i], keys[j])
		return c < 0, err
	}
	if reverse { // stable in the other direction
		for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
			order[i], order[j] = order[j], order[i]
		}
	}
	order, err := mergeSort(order, less)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(items))
	for i, at := range order {
		if reverse {
			i = len(order) - 1 - i
		}
		out[i] = items[at]
	}
	return out, nil
}

func mergeSort(order []int, less func(i, j int) (bool, error)) ([]int, error) {
	if len(order) < 2 {
		return order, nil
	}
	half := len(order) / 2
	l, err := mergeSort(order[:half:half], less)
	if err != nil {
		return nil, err
	}
	r, err := mergeSort(order[half:], less)
	if err != nil {
		return nil, err
	}
	out := make([]int, 0, len(order))
	for len(l) > 0 && len(r) > 0 {
		second, err := less(r[0], l[0])
		if err != nil {
			return nil, err
		}
		if second {
			out, r = append(out, r[0]), r[1:]
		} else {
			out, l = append(out, l[0]), l[1:]
		}
	}
	return append(append(out, l...), r...), nil
}
