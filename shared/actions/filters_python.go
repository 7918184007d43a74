package actions

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The filters here read values, and put them into queries, in the ways of Python's libraries,
// which differ in what they make of lists, dictionaries and null.

// flagged sends a truth as the text true, and nothing for what is not true.
func flagged(v any) (any, error) {
	if value.Truth(v) {
		return "true", nil
	}
	return nil, nil
}

// trueText sends what is not null as the text true or false.
func trueText(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return strconv.FormatBool(value.Truth(v)), nil
}

// unquote takes quotes around a text away.
func unquote(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return strings.Trim(pythonStr(v), `"`), nil
}

// asText is Python's str of what is not null.
func asText(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return pythonStr(v), nil
}

// unlessDict leaves a dictionary out, which goes into the body instead.
func unlessDict(v any) (any, error) {
	if _, ok := v.(*value.Map); ok {
		return nil, nil
	}
	return v, nil
}

// texts makes each value of a dictionary text, lists and null too, as
// urllib.parse.urlencode does.
func texts(v any) (any, error) {
	m, ok := v.(*value.Map)
	if !ok {
		return v, nil
	}
	out := value.NewMap(m.Len())
	for k, e := range m.All() {
		out.Set(k, pythonStr(e))
	}
	return out, nil
}

// param is a value as the library requests puts it into a query: the items of a
// list that are not null, one by one, and the keys of a dictionary.
func param(v any) (any, error) {
	switch v := v.(type) {
	case []any:
		out := []any{}
		for _, e := range v {
			switch e := e.(type) {
			case nil:
			case []any:
				out = append(out, e...)
			case *value.Map:
				out = append(out, keys(e)...)
			default:
				out = append(out, e)
			}
		}
		return out, nil
	case *value.Map:
		return keys(v), nil
	default:
		return v, nil
	}
}

func keys(m *value.Map) []any {
	out := make([]any, 0, m.Len())
	for k := range m.All() {
		out = append(out, k)
	}
	return out
}

// params makes each value of a dictionary what [param] does; what is null is
// left out.
func params(v any) (any, error) {
	m, ok := v.(*value.Map)
	if !ok {
		return v, nil
	}
	out := value.NewMap(m.Len())
	for k, e := range m.All() {
		if e, _ = param(e); e != nil {
			out.Set(k, e)
		}
	}
	return out, nil
}

// criteria are the fields that a list is filtered by, as aodh takes them: the
// parameters q.field, q.op and q.value, each once per field.
func criteria(v any) (any, error) {
	if v == nil {
		return value.NewMap(0), nil
	}
	m, ok := v.(*value.Map)
	if !ok {
		return nil, errors.New("must be a dictionary, not " + value.Kind(v))
	}
	fields, ops, values := []any{}, []any{}, []any{}
	for _, k := range slices.Sorted(maps.Keys(maps.Collect(m.All()))) {
		e, _ := m.Get(k)
		fields, ops, values = append(fields, k), append(ops, "eq"), append(values, pythonStr(e))
	}
	return value.MapOf("q.field", fields, "q.op", ops, "q.value", values), nil
}

// unique leaves out the items of a list that were there before.
func unique(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return v, nil
	}
	out := make([]any, 0, len(list))
	for _, e := range list {
		switch e.(type) {
		case []any, *value.Map:
			return nil, errors.New("must be a list of ids, not of what is " + value.Kind(e))
		}
		if !slices.ContainsFunc(out, func(o any) bool { return value.Equal(o, e) }) {
			out = append(out, e)
		}
	}
	return out, nil
}

// asList makes a list of what is none.
func asList(v any) (any, error) {
	if list, ok := v.([]any); ok {
		return list, nil
	}
	return []any{v}, nil
}

// uuidOnly passes a UUID, or a list of them. It is for what may be a name only
// where its resource is given.
func uuidOnly(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		if s, ok := e.(string); !ok || !isUUID(s) {
			return nil, fmt.Errorf("must be an id and not %q: a name is understood only together with the resource", pythonStr(e))
		}
	}
	return v, nil
}

// isUUID reports whether Python's uuid.UUID takes the text.
func isUUID(s string) bool {
	s = strings.NewReplacer("urn:", "", "uuid:", "").Replace(s)
	s = strings.ReplaceAll(strings.Trim(s, "{}"), "-", "")
	return len(s) == 32 && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// some refuses an id that is not true, without which a client would name another
// resource.
func some(v any) (any, error) {
	if !value.Truth(v) {
		return nil, fmt.Errorf("must be an id or a name, not %s", pythonRepr(v))
	}
	return v, nil
}

// integer is the text that Python's int reads.
var integer = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)

// pythonInt is Python's int of a value: a truth is 1 or 0, a text is read, a
// fraction is cut off.
func pythonInt(v any) (any, error) {
	switch v := v.(type) {
	case nil, int64, *big.Int:
		return v, nil
	case bool:
		return bit(v)
	case float64:
		if !math.IsInf(v, 0) && !math.IsNaN(v) {
			n, _ := big.NewFloat(v).Int(nil)
			return value.Int(n), nil
		}
	case string:
		if s := strings.TrimSpace(v); integer.MatchString(s) {
			n, _ := new(big.Int).SetString(strings.ReplaceAll(s, "_", ""), 10)
			return value.Int(n), nil
		}
	}
	return nil, fmt.Errorf("must be an integer, not %s", pythonRepr(v))
}

// fromJSON is what a JSON text says.
func fromJSON(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("must be JSON as text, not %s", value.Kind(v))
	}
	out, err := value.Decode([]byte(s))
	if err != nil {
		return nil, fmt.Errorf("must be JSON as text: %w", err)
	}
	return out, nil
}

// parsed is what a text says if it is JSON, else the value itself.
func parsed(v any) (any, error) {
	if s, ok := v.(string); ok {
		if out, err := value.Decode([]byte(s)); err == nil {
			return out, nil
		}
	}
	return v, nil
}

// notFalse sends true for all but false, null too.
func notFalse(v any) (any, error) {
	if v == false {
		return nil, nil
	}
	return true, nil
}

// notTrue sends the text False for what is given and not true.
func notTrue(v any) (any, error) {
	if v == nil || value.Truth(v) {
		return nil, nil
	}
	return "False", nil
}

// headerEscaped escapes a header as glance's client does.
func headerEscaped(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("must be a string, not %s", value.Kind(v))
	}
	return escapeAll(s, "/:"), nil
}

// queueName passes what zaqar takes as the name of a queue.
func queueName(v any) (any, error) {
	s := pythonStr(v)
	if s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != "" {
		return nil, fmt.Errorf("must be of ASCII letters, digits, underscores and dashes, not %q", s)
	}
	return v, nil
}
