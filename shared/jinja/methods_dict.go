package jinja

import (
	"slices"
)

// opened gives a dictionary that can be changed.
func opened(v any) (*dict, error) {
	switch v := v.(type) {
	case *dict:
		return v, nil
	case *root:
		return v.open()
	}
	return thaw(v).(*dict), nil
}

// keyError is the error for a key that is not there.
func keyError(st *state, key any) error {
	s, err := st.repr(key)
	if err != nil {
		return err
	}
	return failf(kindKey, "%s", s)
}

func makeDictMethods() map[string]builtin {
	views := func(kind string) builtin {
		return fn(kind, "/ self", func(_ *state, a []any) (any, error) { return &view{"dict_" + kind, a[0]}, nil })
	}
	return map[string]builtin{
		"keys": views("keys"), "values": views("values"), "items": views("items"),
		"get": fn("get", "/ self key default?", func(_ *state, a []any) (any, error) {
			v, ok, err := mapGet(a[0], a[1])
			if err == nil && !ok {
				v = or(a[2], nil)
			}
			return v, err
		}),
		"copy": fn("copy", "/ self", func(_ *state, a []any) (any, error) { return copied(a[0]) }),
		"fromkeys": fn("fromkeys", "/ self keys value?", func(st *state, a []any) (any, error) {
			d := newDict(4)
			err := st.each(a[1], func(k any) error { return d.set(k, or(a[2], nil)) })
			return d, err
		}),
		"pop":     fn("pop", "/ self key default?", dictPop),
		"popitem": fn("popitem", "/ self", dictPopItem),
		"clear": fn("clear", "/ self", func(_ *state, a []any) (any, error) {
			d, err := opened(a[0])
			if err == nil {
				*d = *newDict(0)
			}
			return nil, err
		}),
		"setdefault": fn("setdefault", "/ self key default?", func(st *state, a []any) (any, error) {
			d, err := opened(a[0])
			if err != nil {
				return nil, err
			}
			if v, ok, err := d.get(a[1]); ok || err != nil {
				return v, err
			}
			v := or(a[2], nil)
			if err := d.set(a[1], v); err != nil {
				return nil, err
			}
			return v, st.grow(32)
		}),
		"update": func(st *state, args []any, kwargs []kwarg) (any, error) {
			if len(args) > 2 {
				return nil, typeErrorf("update expected at most 1 argument, got %d", len(args)-1)
			}
			d, err := opened(args[0])
			if err != nil {
				return nil, err
			}
			return nil, st.update(d, args[1:], kwargs)
		},
	}
}

func copied(m any) (*dict, error) {
	d := newDict(mapLen(m))
	return d, mapEach(m, d.set)
}

func dictPop(st *state, a []any) (any, error) {
	d, err := opened(a[0])
	if err != nil {
		return nil, err
	}
	v, ok, err := d.get(a[1])
	switch {
	case err != nil:
		return nil, err
	case ok:
		return v, d.remove(a[1])
	case isAbsent(a[2]):
		return nil, keyError(st, a[1])
	}
	return a[2], nil
}

func dictPopItem(_ *state, a []any) (any, error) {
	d, err := opened(a[0])
	if err != nil {
		return nil, err
	}
	n := len(d.keys)
	if n == 0 {
		return nil, failf(kindKey, "'popitem(): dictionary is empty'")
	}
	k, v := d.keys[n-1], d.vals[n-1]
	return tuple{k, v}, d.remove(k)
}

// update is dict.update(): from a mapping or pairs, and from keywords.
func (st *state) update(d *dict, args []any, kwargs []kwarg) error {
	if len(args) == 1 {
		if err := st.updateFrom(d, args[0]); err != nil {
			return err
		}
	}
	for _, kw := range kwargs {
		if err := d.set(kw.name, kw.val); err != nil {
			return err
		}
	}
	return st.grow(32 * len(kwargs))
}

func (st *state) updateFrom(d *dict, v any) error {
	if err := defined(v); err != nil {
		return err
	}
	if isMapping(v) {
		if err := st.grow(32 * mapLen(v)); err != nil {
			return err
		}
		keys := slices.Clone(mapKeys(v))
		for _, k := range keys {
			e, _, err := mapGet(v, k)
			if err != nil {
				return err
			}
			if err := d.set(k, e); err != nil {
				return err
			}
		}
		return nil
	}
	if ns, ok := v.(*namespace); ok {
		return st.updateFrom(d, ns.attrs)
	}
	i := -1
	return st.each(v, func(e any) error {
		i++
		pair, err := st.collect(e)
		if isKind(err, kindType) {
			return typeErrorf("cannot convert dictionary update sequence element #%d to a sequence", i)
		} else if err != nil {
			return err
		}
		if len(pair) != 2 {
			return valueErrorf("dictionary update sequence element #%d has length %d; 2 is required", i, len(pair))
		}
		if err := d.set(pair[0], pair[1]); err != nil {
			return err
		}
		return st.grow(32)
	})
}

// newMapping is dict(...).
func newMapping(st *state, args []any, kwargs []kwarg) (any, error) {
	if len(args) > 1 {
		return nil, typeErrorf("dict expected at most 1 argument, got %d", len(args))
	}
	d := newDict(len(kwargs))
	return d, st.update(d, args, kwargs)
}
