package jinja

import (
	"math/big"
	"slices"
	"strings"
)

// attr is `v.name`: an attribute, or else an element of that key.
func (st *state) attr(v any, name string) (any, error) {
	a, ok, err := st.getAttr(v, name)
	if err != nil {
		return nil, err
	}
	if ok {
		return a, nil
	}
	if e, ok, err := st.element(v, name); ok || err != nil {
		return e, err
	}
	return &undefined{of: v, has: true, name: name}, nil
}

// item is `v[arg]`: an element, or else an attribute of that name.
func (st *state) item(v, arg any) (any, error) {
	if err := defined(v); err != nil {
		return nil, err
	}
	if e, ok, err := st.element(v, arg); ok || err != nil {
		return e, err
	}
	if name, ok := textOf(arg); ok {
		if a, ok, err := st.getAttr(v, name); ok || err != nil {
			return a, err
		}
	}
	return &undefined{of: v, has: true, name: arg}, nil
}

// getAttr looks up an attribute. What begins with an underscore is refused by
// the sandbox if Python has it, so that nothing of Python's insides is seen.
func (st *state) getAttr(v any, name string) (any, bool, error) {
	if u, ok := v.(*undefined); ok {
		if strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__") {
			return nil, false, nil
		}
		return nil, false, u.err()
	}
	if strings.HasPrefix(name, "_") {
		if ns, ok := v.(*namespace); ok {
			a, ok, err := ns.attrs.get(name)
			if ok {
				return a, ok, err
			}
		}
		if hasInternal(v, name) {
			hint := "access to attribute " + strRepr(name) + " of " + strRepr(typeName(v)) + " object is unsafe."
			return &undefined{hint: hint, name: name, kind: kindSecurity}, true, nil
		}
		return nil, false, nil
	}
	return st.publicAttr(v, name)
}

func (st *state) publicAttr(v any, name string) (any, bool, error) {
	switch v := v.(type) {
	case *macro:
		a, ok := v.attr(name)
		return a, ok, nil
	case *loop:
		return v.attr(st, name)
	case *namespace:
		return v.attrs.get(name)
	case *cycler:
		a, ok := v.attr(name)
		return a, ok, nil
	case *joiner:
		switch name {
		case "sep":
			return v.sep, true, nil
		case "used":
			return v.used, true, nil
		}
		return nil, false, nil
	case *self:
		return st.blockFunction(name)
	case *group:
		switch name {
		case "grouper":
			return v.key, true, nil
		case "list":
			return v.items, true, nil
		}
	case *callable:
		if v.attr != nil {
			a, ok := v.attr(name)
			return a, ok, nil
		}
		return nil, false, nil
	}
	return methodOf(v, name)
}

// blockFunction gives what `self.name` calls.
func (st *state) blockFunction(name string) (any, bool, error) {
	b, ok := st.t.blocks[name]
	if !ok {
		return nil, false, nil
	}
	return function(name, func(st *state, _ []any, _ []kwarg) (any, error) {
		var out strings.Builder
		old := st.out
		st.out = &out
		err := b.exec(st)
		st.out = old
		return wrapText(out.String(), st.autoescape), err
	}), true, nil
}

// internals are attributes that all objects of Python have.
var internals = []string{
	"__class__", "__delattr__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getstate__", "__gt__",
	"__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__ne__", "__new__", "__reduce__", "__reduce_ex__", "__repr__",
	"__setattr__", "__sizeof__", "__str__", "__subclasshook__",
}

func hasInternal(v any, name string) bool {
	if slices.Contains(internals, name) {
		return true
	}
	switch v.(type) {
	case string, markup, []any, *list, tuple:
		return slices.Contains([]string{"__add__", "__contains__", "__getitem__", "__iter__", "__len__", "__mul__", "__rmul__"}, name)
	}
	if isMapping(v) {
		return slices.Contains([]string{"__contains__", "__getitem__", "__iter__", "__len__", "__setitem__", "__delitem__", "__or__"}, name)
	}
	if isCallable(v) {
		return slices.Contains([]string{"__call__", "__name__", "__self__", "__code__", "__globals__", "__module__", "__qualname__"}, name)
	}
	return false
}

// element is v[arg]; without one, or where v has none at all, ok is false.
func (st *state) element(v, arg any) (any, bool, error) {
	if isMapping(v) {
		if u, ok := arg.(*undefined); ok {
			return nil, false, u.err()
		}
		e, ok, err := mapGet(v, arg)
		if isKind(err, kindType) {
			return nil, false, nil
		}
		return e, ok, err
	}
	switch v := v.(type) {
	case *undefined:
		return nil, false, v.err()
	case *rng:
		return v.element(arg)
	case *self:
		return nil, false, nil
	}
	s, isText := textOf(v)
	items, isSeq := sequence(v)
	if !isText && !isSeq {
		return nil, false, nil
	}
	i, ok := integer(arg)
	if !ok || !i.IsInt64() {
		return nil, false, nil
	}
	if isText {
		return charAt(v, s, i)
	}
	at, ok := position(i.Int64(), len(items))
	if !ok {
		return nil, false, nil
	}
	return items[at], true, nil
}

// position resolves an index that may count from the end.
func position(i int64, n int) (int, bool) {
	if i < 0 {
		i += int64(n)
	}
	return int(i), i >= 0 && i < int64(n)
}

func charAt(v any, s string, i *big.Int) (any, bool, error) {
	if isASCII(s) {
		at, ok := position(i.Int64(), len(s))
		if !ok {
			return nil, false, nil
		}
		return wrapText(s[at:at+1], isMarkup(v)), true, nil
	}
	runes := []rune(s)
	at, ok := position(i.Int64(), len(runes))
	if !ok {
		return nil, false, nil
	}
	return wrapText(string(runes[at]), isMarkup(v)), true, nil
}

func (r *rng) element(arg any) (any, bool, error) {
	i, ok := integer(arg)
	if !ok || !i.IsInt64() {
		return nil, false, nil
	}
	at, ok := position(i.Int64(), int(r.n))
	return r.start + int64(at)*r.step, ok, nil
}

func newRange(start, stop, step int64) *rng {
	n := int64(0)
	switch {
	case step > 0 && start < stop:
		n = (stop-start-1)/step + 1
	case step < 0 && start > stop:
		n = (start-stop-1)/-step + 1
	}
	return &rng{start, stop, step, n}
}

// bounds resolves a slice for a length, as slice.indices() does.
func (s slice) bounds(n int) (from, to, step int, err error) {
	one := func(v any, def, low, high int) int {
		if v == nil || err != nil {
			return def
		}
		i, ok := integer(v)
		if !ok {
			if err = defined(v); err == nil {
				err = typeErrorf("slice indices must be integers or None or have an __index__ method")
			}
			return def
		}
		at := int64(high)
		if i.IsInt64() {
			if at = i.Int64(); at < 0 {
				at += int64(n)
			}
		} else if i.Sign() < 0 {
			at = -1
		}
		return int(min(max(at, int64(low)), int64(high)))
	}
	step = 1
	if s.step != nil {
		if step, err = index(s.step); err != nil {
			if u := defined(s.step); u != nil {
				err = u
			} else {
				err = typeErrorf("slice indices must be integers or None or have an __index__ method")
			}
			return 0, 0, 1, err
		}
	}
	switch {
	case step == 0:
		return 0, 0, 1, valueErrorf("slice step cannot be zero")
	case step > 0:
		from, to = one(s.from, 0, 0, n), one(s.to, n, 0, n)
	default:
		from, to = one(s.from, n-1, -1, n-1), one(s.to, -1, -1, n-1)
	}
	return from, to, step, err
}

// slice is v[from:to:step].
func (st *state) slice(v any, s slice) (any, error) {
	text, isText := textOf(v)
	var runes []rune
	items, isSeq := sequence(v)
	switch r, isRange := v.(*rng); {
	case isRange:
		from, to, step, err := s.bounds(int(r.n))
		return newRange(r.start+int64(from)*r.step, r.start+int64(to)*r.step, r.step*int64(step)), err
	case isMapping(v):
		return nil, typeErrorf("unhashable type: 'slice'")
	case !isText && !isSeq:
		if err := defined(v); err != nil {
			return nil, err
		}
		return nil, typeErrorf("'%s' object is not subscriptable", typeName(v))
	}
	n := len(items)
	if isText {
		runes = []rune(text)
		n = len(runes)
	}
	from, to, step, err := s.bounds(n)
	if err != nil {
		return nil, err
	}
	var outText []rune
	out := []any{}
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		if isText {
			outText = append(outText, runes[i])
		} else {
			out = append(out, items[i])
		}
		if step > n || -step > n {
			break
		}
	}
	if err := st.grow(16*len(out) + len(outText)); err != nil {
		return nil, err
	}
	switch {
	case isText:
		return wrapText(string(outText), isMarkup(v)), nil
	case isTuple(v):
		return tuple(out), nil
	}
	return &list{out}, nil
}
