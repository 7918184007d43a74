package value

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func number(n json.Number) (any, error) {
	s := n.String()
	if !strings.ContainsAny(s, ".eE") {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i, nil
		}
		if b, ok := new(big.Int).SetString(s, 10); ok {
			return b, nil
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("number %s: %w", s, err)
	}
	return f, nil
}

// Encode writes a value as compact JSON, keys in their order, without the
// escaping of <, > and & that encoding/json does for HTML. A float64 always
// shows that it is one (1.0, not 1), as Python writes it, so that a value that
// is encoded and decoded keeps its type.
func Encode(v any) ([]byte, error) {
	return appendValue(nil, v)
}

// MustEncode is [Encode] for what is known to be a value.
func MustEncode(v any) []byte {
	b, err := Encode(v)
	if err != nil {
		panic(err)
	}
	return b
}

// MarshalJSON implements [json.Marshaler].
func (m *Map) MarshalJSON() ([]byte, error) {
	return Encode(m)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Map) UnmarshalJSON(data []byte) error {
	v, err := Decode(data)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		*m = Map{}
	case *Map:
		*m = *v
	default:
		return fmt.Errorf("JSON is %T, not an object", v)
	}
	return nil
}

func appendValue(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case *big.Int:
		return v.Append(b, 10), nil
	case float64:
		return appendFloat(b, v)
	case string:
		return appendString(b, v), nil
	case []any:
		return appendList(b, v)
	case *Map:
		return appendMap(b, v)
	default:
		c, err := convert(v)
		if err != nil {
			return nil, err
		}
		return appendValue(b, c)
	}
}

func appendList(b []byte, list []any) ([]byte, error) {
	var err error
	b = append(b, '[')
	for i, e := range list {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, e); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMap(b []byte, m *Map) ([]byte, error) {
	if m == nil {
		return append(b, "null"...), nil
	}
	var err error
	b = append(b, '{')
	for i, k := range m.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		if b, err = appendValue(b, m.values[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%v has no JSON form", f)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		format = 'e'
	}
	n := len(b)
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if !bytes.ContainsAny(b[n:], ".e") {
		b = append(b, ".0"...)
	}
	return b, nil
}

func appendString(b []byte, s string) []byte {
	plain := true
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

func convert(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64, *big.Int, *Map:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v has no JSON form", v)
		}
		return v, nil
	case int:
		return int64(v), nil
	case json.Number:
		return number(v)
	case []any:
		return convertList(v)
	case map[string]any:
		return convertMap(v)
	default:
		data, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		return Decode(data)
	}
}

func convertList(list []any) (any, error) {
	out := make([]any, len(list))
	for i, e := range list {
		c, err := convert(e)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func convertMap(m map[string]any) (any, error) {
	out := NewMap(len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		c, err := convert(m[k])
		if err != nil {
			return nil, err
		}
		out.Set(k, c)
	}
	return out, nil
}

// Any is a value inside of a struct that encoding/json reads and writes: it
// keeps the order of keys and the kind of numbers, which a field of type any
// would lose. Tag such a field with omitzero to leave null out.
type Any struct{ V any }

// IsZero reports whether the value is null.
func (a Any) IsZero() bool { return a.V == nil }

// MarshalJSON implements [json.Marshaler].
func (a Any) MarshalJSON() ([]byte, error) { return Encode(a.V) }

// UnmarshalJSON implements [json.Unmarshaler].
func (a *Any) UnmarshalJSON(data []byte) (err error) {
	a.V, err = Decode(data)
	return err
}
