package jinja

import (
	"unicode/utf8"
)

func generator(next func() (any, bool, error)) *iter { return &iter{"generator", next} }

// over iterates over elements that may still grow.
func over(typ string, get func() []any) *iter {
	i := 0
	return &iter{typ, func() (any, bool, error) {
		items := get()
		if i >= len(items) {
			return nil, false, nil
		}
		i++
		return items[i-1], true, nil
	}}
}

func fixed(items []any) func() []any { return func() []any { return items } }

// iterate is iter(v).
func (st *state) iterate(v any) (*iter, error) {
	switch v := v.(type) {
	case *undefined:
		return over("generator", fixed(nil)), v.firm()
	case *iter:
		return v, nil
	case *list:
		return over("list_iterator", func() []any { return v.items }), nil
	case *rng:
		i := int64(0)
		return &iter{"range_iterator", func() (any, bool, error) {
			if i >= v.n {
				return nil, false, nil
			}
			i++
			return v.start + (i-1)*v.step, true, nil
		}}, nil
	case *view:
		return viewIter(v), nil
	case rawText:
		items := make([]any, len(v))
		for i := range len(v) {
			items[i] = int64(v[i])
		}
		return over("bytes_iterator", fixed(items)), nil
	case *loop:
		return generator(func() (any, bool, error) {
			item, ok, err := v.advance(st)
			return tuple{item, v}, ok, err
		}), nil
	}
	if s, ok := textOf(v); ok {
		return chars(v, s), nil
	}
	if items, ok := sequence(v); ok {
		return over("tuple_iterator", fixed(items)), nil
	}
	if isMapping(v) {
		return guarded(v, "dict_keyiterator", mapKeys(v), func(k any) (any, error) { return k, nil }), nil
	}
	return nil, typeErrorf("'%s' object is not iterable", typeName(v))
}

func chars(v any, s string) *iter {
	_, safe := v.(markup)
	return &iter{"str_iterator", func() (any, bool, error) {
		if s == "" {
			return nil, false, nil
		}
		_, n := utf8.DecodeRuneInString(s)
		c := s[:n]
		s = s[n:]
		return wrapText(c, safe), true, nil
	}}
}

// guarded iterates over a dictionary's keys and notices when it grows.
func guarded(m any, typ string, keys []any, f func(k any) (any, error)) *iter {
	i, n := 0, mapLen(m)
	return &iter{typ, func() (any, bool, error) {
		if mapLen(m) != n {
			return nil, false, failf("RuntimeError", "dictionary changed size during iteration")
		}
		if i >= len(keys) {
			return nil, false, nil
		}
		i++
		v, err := f(keys[i-1])
		return v, true, err
	}}
}

func viewIter(v *view) *iter {
	return guarded(v.of, v.kind[:len(v.kind)-1]+"iterator", mapKeys(v.of), func(k any) (any, error) {
		if v.kind == "dict_keys" {
			return k, nil
		}
		e, _, err := mapGet(v.of, k)
		if v.kind == "dict_items" {
			return tuple{k, e}, err
		}
		return e, err
	})
}

// each calls f for the elements of v.
func (st *state) each(v any, f func(e any) error) error {
	it, err := st.iterate(v)
	if err != nil {
		return err
	}
	for {
		e, ok, err := st.pull(it)
		if err != nil || !ok {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
}

// pull gives the next element of an iterator.
func (st *state) pull(it *iter) (any, bool, error) {
	if err := st.step(); err != nil {
		return nil, false, err
	}
	if err := st.enter(); err != nil {
		return nil, false, err
	}
	defer st.leave()
	return it.next()
}

// collect is list(v) as a slice of its own.
func (st *state) collect(v any) ([]any, error) {
	var out []any
	if items, ok := sequence(v); ok {
		out = make([]any, 0, len(items))
	}
	err := st.each(v, func(e any) error {
		out = append(out, e)
		return st.grow(16)
	})
	return out, err
}

func (st *state) newList(items []any, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return &list{items}, nil
}
