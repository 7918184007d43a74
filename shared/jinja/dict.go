package jinja

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// dict is a dictionary that an expression made; keys may be whatever has a
// hash. It keeps the order of its keys.
type dict struct {
	keys, vals []any
	index      map[any]int
}

func newDict(n int) *dict {
	return &dict{make([]any, 0, n), make([]any, 0, n), make(map[any]int, n)}
}

func (d *dict) get(key any) (any, bool, error) {
	h, err := hashOf(key)
	if err != nil {
		return nil, false, err
	}
	i, ok := d.index[h]
	if !ok {
		return nil, false, nil
	}
	return d.vals[i], true, nil
}

func (d *dict) set(key, val any) error {
	h, err := hashOf(key)
	if err != nil {
		return err
	}
	if i, ok := d.index[h]; ok {
		d.vals[i] = val
		return nil
	}
	d.index[h] = len(d.keys)
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, val)
	return nil
}

func (d *dict) remove(key any) error {
	h, err := hashOf(key)
	if err != nil {
		return err
	}
	at, ok := d.index[h]
	if !ok {
		return nil
	}
	keys, vals := d.keys, d.vals
	*d = *newDict(len(keys))
	for i := range keys {
		if i != at {
			_ = d.set(keys[i], vals[i]) // it has a hash: it was a key
		}
	}
	return nil
}

func isMapping(v any) bool {
	switch v.(type) {
	case *value.Map, *dict, *root, Lazy:
		return true
	}
	return false
}

func mapLen(m any) int {
	switch m := m.(type) {
	case *value.Map:
		return m.Len()
	case *dict:
		return len(m.keys)
	case *root:
		if m.full != nil {
			return len(m.full.keys)
		}
		return len(dataKeys(m.of))
	case Lazy:
		return len(m.Keys())
	}
	return 0
}

// mapGet looks a key up in any mapping.
func mapGet(m, key any) (any, bool, error) {
	if d, ok := m.(*dict); ok {
		return d.get(key)
	}
	if r, ok := m.(*root); ok && r.full != nil {
		return r.full.get(key)
	}
	name, ok := textOf(key)
	if !ok {
		_, err := hashOf(key)
		return nil, false, err
	}
	if r, ok := m.(*root); ok {
		return r.get(name)
	}
	return dataGet(m, name)
}

func mapKeys(m any) []any {
	switch m := m.(type) {
	case *dict:
		return m.keys
	case *root:
		if m.full != nil {
			return m.full.keys
		}
		return texts(dataKeys(m.of))
	}
	return texts(dataKeys(m))
}

func texts(names []string) []any {
	out := make([]any, len(names))
	for i, n := range names {
		out[i] = n
	}
	return out
}

// mapEach calls f for each entry in order.
func mapEach(m any, f func(k, v any) error) error {
	for _, k := range mapKeys(m) {
		v, ok, err := mapGet(m, k)
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
	return nil
}

type (
	noneKey      struct{}
	undefinedKey struct{}
	otherKey     string
	objKey       struct{ p any }
)

// hashOf gives a Go key that is equal for equal keys of Python: 1, 1.0 and
// true are one.
func hashOf(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return noneKey{}, nil
	case string:
		return v, nil
	case markup:
		return string(v), nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int64:
		return v, nil
	case *big.Int:
		return otherKey("i" + v.String()), nil
	case float64:
		return hashFloat(v), nil
	case rawText:
		return otherKey("b" + string(v)), nil
	case tuple:
		return hashItems(v)
	case *group:
		return hashItems([]any{v.key, v.items})
	case *undefined:
		return undefinedKey{}, v.firm()
	case *rng:
		return otherKey(fmt.Sprint("r", v.start, v.n, v.step)), nil
	case []any, *list, *value.Map, *dict, *root, Lazy, *view:
		return nil, typeErrorf("unhashable type: '%s'", typeName(v))
	}
	return objKey{v}, nil
}

func hashFloat(f float64) any {
	switch {
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return int64(f)
	case f == math.Trunc(f) && !math.IsInf(f, 0):
		i, _ := big.NewFloat(f).Int(nil)
		return otherKey("i" + i.String())
	case math.IsNaN(f):
		return objKey{new(float64)} // equal to nothing
	}
	return f
}

func hashItems(items []any) (any, error) {
	b := []byte{'('}
	for _, e := range items {
		h, err := hashOf(e)
		if err != nil {
			return nil, err
		}
		switch h := h.(type) {
		case noneKey:
			b = append(b, 'n')
		case undefinedKey:
			b = append(b, 'u')
		case string:
			b = append(binary.AppendUvarint(append(b, 's'), uint64(len(h))), h...)
		case int64:
			b = strconv.AppendInt(append(b, 'i'), h, 10)
		case float64:
			b = strconv.AppendFloat(append(b, 'f'), h, 'g', -1, 64)
		case otherKey:
			b = append(binary.AppendUvarint(append(b, 'o'), uint64(len(h))), h...)
		default:
			b = fmt.Appendf(b, "p%p", h.(objKey).p)
		}
		b = append(b, ',')
	}
	return otherKey(append(b, ')')), nil
}
