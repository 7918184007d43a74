// Package value holds the data that workflows pass around: JSON values whose
// dictionaries keep the order of their keys, as Python's do and so as Mistral's
// results, `keys()` and printed dictionaries show it.
//
// A value is one of
//
//	nil, bool, string, int64, *big.Int, float64, []any, *Map
//
// and nothing else. An integer that fits is always an int64; *big.Int is only
// for what does not. [Decode] and [Of] produce values, [Encode] writes one as
// JSON, [Plain] turns one into Go's ordinary map[string]any for code that does
// not care about order (a request body, say). Values that several goroutines
// may see are not changed after they are made; [Clone] gives a copy to change.
package value

import (
	"fmt"
	"iter"
	"math/big"
	"slices"
)

// Map is a dictionary with string keys in insertion order. The zero value is
// empty and ready to use. A nil *Map reads as empty.
type Map struct {
	keys   []string
	values map[string]any
}

// NewMap returns an empty dictionary with room for n keys.
func NewMap(n int) *Map {
	return &Map{keys: make([]string, 0, n), values: make(map[string]any, n)}
}

// MapOf builds a dictionary from alternating keys and values; it panics when a
// key is not a string or a value is missing. It is for literals in code.
func MapOf(pairs ...any) *Map {
	if len(pairs)%2 != 0 {
		panic("value.MapOf: odd number of arguments")
	}
	m := NewMap(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		m.Set(pairs[i].(string), Of(pairs[i+1]))
	}
	return m
}

// Len returns the number of keys.
func (m *Map) Len() int {
	if m == nil {
		return 0
	}
	return len(m.keys)
}

// Get returns the value under key and whether there is one.
func (m *Map) Get(key string) (any, bool) {
	if m == nil {
		return nil, false
	}
	v, ok := m.values[key]
	return v, ok
}

// Map returns the dictionary under a key, or nil if there is none.
func (m *Map) Map(key string) *Map {
	v, _ := m.Get(key)
	in, _ := v.(*Map)
	return in
}

// Has reports whether key is present.
func (m *Map) Has(key string) bool {
	_, ok := m.Get(key)
	return ok
}

// Set puts v under key. A new key goes to the end; a known one keeps its place.
func (m *Map) Set(key string, v any) {
	if m.values == nil {
		m.values = make(map[string]any)
	}
	if _, ok := m.values[key]; !ok {
		m.keys = append(m.keys, key)
	}
	m.values[key] = v
}

// Delete removes key, if present.
func (m *Map) Delete(key string) {
	if !m.Has(key) {
		return
	}
	delete(m.values, key)
	m.keys = slices.DeleteFunc(m.keys, func(k string) bool { return k == key })
}

// Keys returns the keys in order, as a slice that the caller owns.
func (m *Map) Keys() []string {
	if m == nil {
		return nil
	}
	return slices.Clone(m.keys)
}

// All iterates over keys and values in order.
func (m *Map) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if m == nil {
			return
		}
		for _, k := range m.keys {
			if !yield(k, m.values[k]) {
				return
			}
		}
	}
}

// Merge merges right into left, which it changes: dictionaries deeply, of
// anything else the right one counts. left holds copies of what it takes.
func Merge(left, right *Map) {
	for k, rv := range right.All() {
		lv, _ := left.Get(k)
		lm, lok := lv.(*Map)
		rm, rok := rv.(*Map)
		if lok && rok {
			Merge(lm, rm)
			continue
		}
		left.Set(k, Clone(rv))
	}
}

// Clone returns a deep copy of v.
func Clone(v any) any {
	switch v := v.(type) {
	case *Map:
		out := NewMap(v.Len())
		for k, e := range v.All() {
			out.Set(k, Clone(e))
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Clone(e)
		}
		return out
	default:
		return v
	}
}

// Equal reports whether two values are the same data. Numbers compare by
// value (1 equals 1.0, as in Python), booleans only with booleans, and
// dictionaries without regard to order.
func Equal(a, b any) bool {
	switch a := a.(type) {
	case *Map:
		b, ok := b.(*Map)
		if !ok || a.Len() != b.Len() {
			return false
		}
		for k, av := range a.All() {
			bv, ok := b.Get(k)
			if !ok || !Equal(av, bv) {
				return false
			}
		}
		return true
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, Equal)
	case int64, float64, *big.Int:
		return numbersEqual(a, b)
	default:
		return a == b
	}
}

func numbersEqual(a, b any) bool {
	if x, ok := a.(int64); ok {
		if y, ok := b.(int64); ok {
			return x == y
		}
	}
	x, ok := ratOf(a)
	if !ok {
		return false
	}
	y, ok := ratOf(b)
	return ok && x.Cmp(y) == 0
}

func ratOf(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case *big.Int:
		return new(big.Rat).SetInt(v), true
	case float64:
		r := new(big.Rat).SetFloat64(v)
		return r, r != nil
	default:
		return nil, false
	}
}

// MaxBits is how long an integer may become in an expression, so that none
// computes for hours on one.
const MaxBits = 1 << 16

// Int is an integer in the form that values have: an int64 if it fits.
func Int(i *big.Int) any {
	if i.IsInt64() {
		return i.Int64()
	}
	return i
}

// Truth is Python's truth of a value: nil, false, 0, "", [] and {} are false.
func Truth(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case []any:
		return len(v) > 0
	case *Map:
		return v.Len() > 0
	default:
		panic(fmt.Sprintf("value.Truth: %T is not a value", v))
	}
}

// Plain converts a value to Go's ordinary JSON types, dictionaries becoming
// map[string]any. Integers stay int64 or *big.Int, so that none loses digits.
func Plain(v any) any {
	switch v := v.(type) {
	case *Map:
		out := make(map[string]any, v.Len())
		for k, e := range v.All() {
			out[k] = Plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Plain(e)
		}
		return out
	default:
		return v
	}
}

// Of converts ordinary Go data to a value: any integer, float or string kind,
// json.Number, maps with string keys (sorted), slices and, by way of their
// JSON form, structs. It panics on what JSON can't say (a channel, a function,
// NaN), which is a mistake in the calling code.
func Of(v any) any {
	out, err := convert(v)
	if err != nil {
		panic("value.Of: " + err.Error())
	}
	return out
}

// Kind is how a message calls the kind of a value: "null", "a list", ...
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case []any:
		return "a list"
	case *Map:
		return "a dictionary"
	default:
		return "a number"
	}
}
