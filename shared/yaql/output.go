package yaql

import (
	"math/big"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// finalize is yaql's conversion of results: tuples become lists, iterators
// are read to their end. What is left is value data, and where something is not
// that, *list, *dict, *set, datetime and timespan.
func (st *state) finalize(v any, depth int) (any, error) {
	if depth > maxNesting {
		return nil, failf(kindRecursion, "values nested too deeply")
	}
	if err := st.step(); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, bool, int64, *big.Int, float64, string, datetime, timespan:
		return v, nil
	case *rawList:
		return &list{v.data}, nil
	case *rawMap:
		return v.data, nil
	case *value.Map:
		return v, nil // data all through
	case *dict, Lazy:
		return st.finalMapping(v, depth)
	case *set:
		return st.finalSet(v.items, depth)
	case *view:
		items, err := viewItems(v)
		if err != nil {
			return nil, err
		}
		if v.kind == valuesView {
			return st.finalItems(items, depth)
		}
		return st.finalSet(items, depth)
	}
	if items, ok := v.([]any); ok {
		if plain(v, depth) {
			return v, nil
		}
		return st.finalItems(items, depth)
	}
	if isA(v, clsIterable) {
		return st.finalIterable(v, depth)
	}
	return nil, typeErrorf("the result is a %s, not data", typeName(v))
}

func (st *state) finalItems(items []any, depth int) (any, error) {
	out := make([]any, len(items))
	for i, e := range items {
		var err error
		if out[i], err = st.finalize(e, depth+1); err != nil {
			return nil, err
		}
	}
	return &list{out}, st.grow(16 * len(items))
}

// finalIterable finalizes each element before it takes the next.
func (st *state) finalIterable(v any, depth int) (any, error) {
	out := []any{}
	err := st.each(v, func(e any) error {
		f, err := st.finalize(e, depth+1)
		if err != nil {
			return err
		}
		out = append(out, f)
		return st.grow(16)
	})
	return &list{out}, err
}

// finalSet keeps a set, whose elements must still have a hash after
// tuples became lists.
func (st *state) finalSet(items []any, depth int) (any, error) {
	if st.listSets {
		return st.finalItems(items, depth)
	}
	out := newSet()
	for _, e := range items {
		f, err := st.finalize(e, depth+1)
		if err != nil {
			return nil, err
		}
		if err := finalKey(f); err != nil {
			return nil, err
		}
		if err := out.add(f); err != nil {
			return nil, err
		}
	}
	return out, st.grow(48 * len(items))
}

// finalKey refuses what has no hash once it is converted.
func finalKey(f any) error {
	switch f.(type) {
	case []any, *list:
		return typeErrorf("unhashable type: 'list'")
	case *value.Map, *dict:
		return typeErrorf("unhashable type: 'dict'")
	case *set:
		return typeErrorf("unhashable type: 'set'")
	}
	return nil
}

func (st *state) finalMapping(m any, depth int) (any, error) {
	out := newDict(false)
	err := entries(m, func(k, v any) error {
		fk, err := st.finalize(k, depth+1)
		if err != nil {
			return err
		}
		if err := finalKey(fk); err != nil {
			return err
		}
		fv, err := st.finalize(v, depth+1)
		if err != nil {
			return err
		}
		if err := st.grow(64); err != nil {
			return err
		}
		return out.set(fk, fv)
	})
	return out, err
}

// output turns a result into value data, as Mistral does when it keeps it as
// JSON.
func (st *state) output(v any) (any, error) {
	switch r := v.(type) {
	case *rawList:
		return r.data, nil
	case *rawMap:
		return r.data, nil
	}
	if plain(v, 0) {
		return v, nil // most results are pieces of the data
	}
	f, err := st.finalize(v, 0)
	if err != nil {
		return nil, err
	}
	return toData(f)
}

// argument turns an argument of a host's function into value data. It never
// goes back to the expression, so sets may become lists at once.
func (st *state) argument(v any) (any, error) {
	st.listSets = true
	defer func() { st.listSets = false }()
	return st.output(v)
}

// plain reports whether v is value data already, all through. It looks at no
// more than a bounded number of elements; data itself is known to be plain.
func plain(v any, depth int) bool {
	switch v := v.(type) {
	case nil, bool, int64, *big.Int, float64, string, *value.Map:
		return true
	case []any:
		if depth > maxNesting {
			return false
		}
		for _, e := range v {
			if !plain(e, depth+1) {
				return false
			}
		}
		return true
	}
	return false
}

func toData(v any) (any, error) {
	switch v := v.(type) {
	case *list:
		return itemsData(v.items)
	case *set:
		return itemsData(v.items)
	case *dict:
		m := value.NewMap(len(v.keys))
		for i, k := range v.keys {
			key, err := jsonKey(k)
			if err != nil {
				return nil, err
			}
			e, err := toData(v.vals[i])
			if err != nil {
				return nil, err
			}
			m.Set(key, e)
		}
		return m, nil
	case datetime:
		return v.iso(), nil
	case timespan:
		return nil, valueErrorf("the result is a timespan, not data")
	}
	return v, nil
}

func itemsData(items []any) (any, error) {
	out := make([]any, len(items))
	for i, e := range items {
		var err error
		if out[i], err = toData(e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// jsonKey is the key that Python's json module writes.
func jsonKey(k any) (string, error) {
	switch k := k.(type) {
	case string:
		return k, nil
	case nil:
		return "null", nil
	case bool:
		if k {
			return "true", nil
		}
		return "false", nil
	case int64, *big.Int, float64:
		return Repr(k), nil
	case datetime:
		return k.iso(), nil
	}
	return "", typeErrorf("keys must be str, int, float, bool or None, not %s", typeName(k))
}
