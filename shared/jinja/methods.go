package jinja

import (
	"math/big"
	"math/bits"
	"slices"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// methodOf looks up an attribute of data.
func methodOf(v any, name string) (any, bool, error) {
	var table map[string]builtin
	switch v := v.(type) {
	case string, markup:
		table = stringMethods()
	case []any, *list:
		table = listMethods()
		if raw, ok := v.([]any); ok && changes[name] {
			return bound(thaw(raw), name, table[name]), true, nil
		}
	case tuple, *group:
		table = tupleMethods()
	case bool, int64, *big.Int, float64:
		return numberAttr(v, name)
	case *rng:
		return rangeAttr(v, name)
	case rawText:
		if name == "decode" {
			return bound(v, name, decodeBytes), true, nil
		}
		return nil, false, nil
	case *iter, *undefined:
		return nil, false, nil
	default:
		if !isMapping(v) {
			return nil, false, nil
		}
		table = dictMethods()
	}
	f, ok := table[name]
	if !ok {
		return nil, false, nil
	}
	return bound(v, name, f), true, nil
}

// changes are the methods that change lists and dictionaries.
var changes = map[string]bool{
	"append": true, "clear": true, "extend": true, "insert": true, "pop": true, "popitem": true, "remove": true,
	"reverse": true, "setdefault": true, "sort": true, "update": true,
}

var decodeBytes = fn("decode", "self encoding? errors?", func(_ *state, a []any) (any, error) {
	return string(a[0].(rawText)), nil
})

func numberAttr(v any, name string) (any, bool, error) {
	give := func(x any) (any, bool, error) {
		return method(name, fn(name, "", func(*state, []any) (any, error) { return x, nil })), true, nil
	}
	v = asNumber(v)
	i, isInt := integer(v)
	switch name {
	case "real":
		return v, true, nil
	case "imag":
		if isInt {
			return int64(0), true, nil
		}
		return 0.0, true, nil
	case "conjugate":
		return give(v)
	case "as_integer_ratio":
		r := new(big.Rat)
		if isInt {
			r.SetInt(i)
		} else if f, _ := v.(float64); r.SetFloat64(f) == nil {
			return method(name, func(*state, []any, []kwarg) (any, error) {
				return nil, failf(kindOverflow, "cannot convert Infinity to integer ratio")
			}), true, nil
		}
		return give(tuple{value.Int(new(big.Int).Set(r.Num())), value.Int(new(big.Int).Set(r.Denom()))})
	}
	if !isInt {
		f := v.(float64)
		switch name {
		case "is_integer":
			return give(f == float64(int64(f)) || new(big.Float).SetFloat64(f).IsInt())
		case "hex":
			return give(floatHex(f))
		}
		return nil, false, nil
	}
	switch name {
	case "numerator":
		return v, true, nil
	case "denominator":
		return int64(1), true, nil
	case "bit_length":
		return give(int64(i.BitLen()))
	case "bit_count":
		n := 0
		for _, w := range i.Bits() {
			n += bits.OnesCount(uint(w))
		}
		return give(int64(n))
	}
	return nil, false, nil
}

// floatHex is float.hex().
func floatHex(f float64) string {
	s := strconv.FormatFloat(f, 'x', 13, 64)
	at := slices.Index([]byte(s), 'p')
	exp, err := strconv.Atoi(s[min(at+1, len(s)):])
	if at < 0 || err != nil {
		return s
	}
	sign := "+"
	if exp < 0 {
		sign = ""
	}
	if f == 0 {
		return s[:slices.Index([]byte(s), '.')] + ".0p+0"
	}
	return s[:at+1] + sign + strconv.Itoa(exp)
}

func rangeAttr(r *rng, name string) (any, bool, error) {
	switch name {
	case "start":
		return r.start, true, nil
	case "stop":
		return r.stop, true, nil
	case "step":
		return r.step, true, nil
	case "index", "count":
		return bound(tuple(r.items()), name, tupleMethods()[name]), true, nil
	}
	return nil, false, nil
}

func (r *rng) items() []any {
	out := make([]any, r.n)
	for i := range out {
		out[i] = r.start + int64(i)*r.step
	}
	return out
}

func makeTupleMethods() map[string]builtin {
	return map[string]builtin{
		"count": fn("count", "/ self x", func(st *state, a []any) (any, error) {
			items, _ := sequence(a[0])
			n := int64(0)
			for _, e := range items {
				eq, err := st.equalItems([]any{e}, a[1:2])
				if err != nil {
					return nil, err
				}
				if eq {
					n++
				}
			}
			return n, nil
		}),
		"index": fn("index", "/ self x start? stop?", func(st *state, a []any) (any, error) {
			items, _ := sequence(a[0])
			from, to, err := span(a[2], a[3], len(items))
			if err != nil {
				return nil, err
			}
			for i := from; i < to; i++ {
				eq, err := st.equalItems(items[i:i+1], a[1:2])
				if err != nil {
					return nil, err
				}
				if eq {
					return int64(i), nil
				}
			}
			if isTuple(a[0]) {
				return nil, valueErrorf("tuple.index(x): x not in tuple")
			}
			return nil, valueErrorf("%s is not in list", reprOr(a[1], "it"))
		}),
	}
}

// span resolves start and stop arguments.
func span(start, stop any, n int) (int, int, error) {
	s := slice{or(start, nil), or(stop, nil), nil}
	from, to, _, err := s.bounds(n)
	return from, to, err
}

func makeListMethods() map[string]builtin {
	self := func(a []any) *list { return a[0].(*list) }
	return map[string]builtin{
		"count": tupleMethods()["count"],
		"index": tupleMethods()["index"],
		"copy": fn("copy", "/ self", func(_ *state, a []any) (any, error) {
			items, _ := sequence(a[0])
			return &list{slices.Clone(items)}, nil
		}),
		"append": fn("append", "/ self x", func(st *state, a []any) (any, error) {
			self(a).items = append(self(a).items, a[1])
			return nil, st.grow(16)
		}),
		"extend": fn("extend", "/ self x", func(st *state, a []any) (any, error) {
			more, err := st.collect(a[1])
			self(a).items = append(self(a).items, more...)
			return nil, err
		}),
		"insert": fn("insert", "/ self i x", func(st *state, a []any) (any, error) {
			i, err := index(a[1])
			if err != nil {
				return nil, err
			}
			l := self(a)
			if i < 0 {
				i += len(l.items)
			}
			l.items = slices.Insert(l.items, min(max(i, 0), len(l.items)), a[2])
			return nil, st.grow(16)
		}),
		"pop":    fn("pop", "/ self i?", listPop),
		"remove": fn("remove", "/ self x", listRemove),
		"clear": fn("clear", "/ self", func(_ *state, a []any) (any, error) {
			self(a).items = nil
			return nil, nil
		}),
		"reverse": fn("reverse", "/ self", func(_ *state, a []any) (any, error) {
			slices.Reverse(self(a).items)
			return nil, nil
		}),
		"sort": fn("sort", "self key? reverse?", listSort),
	}
}

func listSort(st *state, a []any) (any, error) {
	reverse, err := indexOr(a[2], 0)
	if err != nil {
		return nil, err
	}
	l := a[0].(*list)
	keys := l.items
	if key := or(a[1], nil); key != nil {
		keys = make([]any, len(l.items))
		for i, e := range l.items {
			if keys[i], err = st.call(key, []any{e}, nil); err != nil {
				return nil, err
			}
		}
	}
	sorted, err := st.sortBy(l.items, keys, reverse != 0)
	if err == nil {
		l.items = sorted
	}
	return nil, err
}

func listPop(_ *state, a []any) (any, error) {
	l := a[0].(*list)
	i, err := indexOr(a[1], -1)
	if err != nil {
		return nil, err
	}
	if len(l.items) == 0 {
		return nil, failf(kindIndex, "pop from empty list")
	}
	at, ok := position(int64(i), len(l.items))
	if !ok {
		return nil, failf(kindIndex, "pop index out of range")
	}
	v := l.items[at]
	l.items = slices.Delete(l.items, at, at+1)
	return v, nil
}

func listRemove(st *state, a []any) (any, error) {
	l := a[0].(*list)
	for i, e := range l.items {
		eq, err := st.equalItems([]any{e}, a[1:2])
		if err != nil {
			return nil, err
		}
		if eq {
			l.items = slices.Delete(l.items, i, i+1)
			return nil, nil
		}
	}
	return nil, valueErrorf("list.remove(x): x not in list")
}
