package yaql

import "github.com/sirocco-workflows/sirocco/shared/value"

// lookup returns what a mapping has under a key.
func lookup(m, key any) (any, bool, error) {
	switch m := m.(type) {
	case *value.Map:
		if s, ok := key.(string); ok {
			v, ok := m.Get(s)
			return v, ok, nil
		}
	case *rawMap:
		if s, ok := key.(string); ok {
			v, ok := m.data.Get(s)
			return raw(v), ok, nil
		}
	case Lazy:
		if s, ok := key.(string); ok {
			return m.Get(s)
		}
	case *dict:
		h, err := hashOf(key)
		if err != nil {
			return nil, false, err
		}
		i, ok := m.index[h]
		if !ok {
			return nil, false, nil
		}
		return m.vals[i], true, nil
	}
	_, err := hashOf(key) // a key without hash is an error, not a missing key
	return nil, false, err
}

// entries calls f for all keys and values of a mapping, in order.
func entries(m any, f func(k, v any) error) error {
	switch m := m.(type) {
	case *value.Map:
		for k, v := range m.All() {
			if err := f(k, v); err != nil {
				return err
			}
		}
	case *rawMap:
		return entries(m.data, func(k, v any) error { return f(k, raw(v)) })
	case Lazy:
		for _, k := range m.Keys() {
			v, ok, err := m.Get(k)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := f(k, v); err != nil {
				return err
			}
		}
	case *dict:
		for i, k := range m.keys {
			if err := f(k, m.vals[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyMapping returns a new dictionary with the mapping's entries.
func copyMapping(m any, frozen bool) (*dict, error) {
	d := newDict(frozen)
	return d, entries(m, d.set)
}

// viewItems lists what a view shows.
func viewItems(v *view) ([]any, error) {
	n, _ := sizeOf(v.of)
	out := make([]any, 0, n)
	if lazy, ok := v.of.(Lazy); ok && v.kind == keysView {
		for _, k := range lazy.Keys() {
			out = append(out, k)
		}
		return out, nil
	}
	err := entries(v.of, func(k, e any) error {
		switch v.kind {
		case keysView:
			out = append(out, k)
		case valuesView:
			out = append(out, e)
		default:
			out = append(out, []any{k, e})
		}
		return nil
	})
	return out, err
}

// viewHas is Python's `in` for a view of keys or items.
func viewHas(st *state, v *view, x any) (bool, error) {
	if v.kind == keysView {
		_, ok, err := lookup(v.of, x)
		return ok, err
	}
	pair, err := st.collect(x)
	if err != nil {
		return false, err
	}
	if len(pair) != 2 {
		return false, valueErrorf("not a pair of key and value")
	}
	e, ok, err := lookup(v.of, pair[0])
	if err != nil || !ok {
		return false, err
	}
	return st.equal(e, pair[1])
}
