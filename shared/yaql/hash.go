package yaql

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A hashKey is equal for values that are equal keys in Python: 1, 1.0 and
// true are one key. Scalars are their own, others a canonical text.
type hashKey any

type (
	noneKey      struct{}
	compositeKey string
	identityKey  struct{ p any }
)

// maxNesting bounds how deep values nest when something walks them whole.
const maxNesting = 900

func unhashable(v any) error { return typeErrorf("unhashable type: '%s'", typeName(v)) }

func hashOf(v any) (hashKey, error) {
	switch v := v.(type) {
	case nil:
		return noneKey{}, nil
	case string:
		return v, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int64:
		return v, nil
	case float64:
		return floatKey(v), nil
	}
	b, err := appendHash(nil, v, 0)
	return compositeKey(b), err
}

// floatKey gives a float that is a whole number the key of that integer.
func floatKey(f float64) hashKey {
	switch {
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return int64(f)
	case f == math.Trunc(f) && !math.IsInf(f, 0):
		i, _ := big.NewFloat(f).Int(nil)
		return compositeKey("i" + i.String())
	case math.IsNaN(f):
		return identityKey{new(float64)} // equal to nothing
	}
	return f
}

func appendHash(b []byte, v any, depth int) ([]byte, error) {
	if depth > maxNesting {
		return nil, failf(kindRecursion, "values nested too deeply")
	}
	switch v := v.(type) {
	case *big.Int:
		return append(b, "i"+v.String()...), nil
	case []any:
		return appendHashes(b, '(', v, depth)
	case *value.Map, Lazy:
		return hashEntries(b, v, depth)
	case *dict:
		if !v.frozen {
			return nil, unhashable(v)
		}
		return hashEntries(b, v, depth)
	case *set:
		return hashUnordered(b, v.items, depth)
	case *list, *rawList, *rawMap, *view:
		return nil, unhashable(v)
	case datetime:
		return strconv.AppendInt(append(b, 'd'), v.t.UnixMicro(), 10), nil
	case timespan:
		return append(b, "t"+v.us.String()...), nil
	case iterator, *ordering, *regex, *scope, *mappingRule, *lambda:
		return fmt.Appendf(b, "p%p", v), nil // equal to itself only
	case nil, string, bool, int64, float64:
	default:
		return nil, unhashable(v)
	}
	h, err := hashOf(v)
	if err != nil {
		return nil, err
	}
	return appendScalar(b, h), nil
}

func appendScalar(b []byte, h hashKey) []byte {
	switch h := h.(type) {
	case noneKey:
		return append(b, 'n')
	case string:
		b = binary.AppendUvarint(append(b, 's'), uint64(len(h)))
		return append(b, h...)
	case int64:
		return strconv.AppendInt(append(b, 'i'), h, 10)
	case float64:
		return strconv.AppendFloat(append(b, 'f'), h, 'g', -1, 64)
	case compositeKey:
		return append(b, h...)
	}
	return append(b, 'N') // NaN inside a tuple
}

func appendHashes(b []byte, open byte, items []any, depth int) ([]byte, error) {
	var err error
	b = append(b, open)
	for _, e := range items {
		if b, err = appendHash(b, e, depth+1); err != nil {
			return nil, err
		}
		b = append(b, ',')
	}
	return append(b, ')'), nil
}

func hashEntries(b []byte, m any, depth int) ([]byte, error) {
	var all []any
	err := entries(m, func(k, v any) error {
		all = append(all, []any{k, v})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return hashUnordered(append(b, 'm'), all, depth)
}

func hashUnordered(b []byte, items []any, depth int) ([]byte, error) {
	parts := make([]string, len(items))
	for i, e := range items {
		h, err := appendHash(nil, e, depth+1)
		if err != nil {
			return nil, err
		}
		parts[i] = string(h)
	}
	slices.Sort(parts)
	b = append(b, '{')
	for _, p := range parts {
		b = append(append(b, p...), ',')
	}
	return append(b, '}'), nil
}
