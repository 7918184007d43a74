package actions

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// What a table says of a call's result:
//
//	(nothing)   the whole answer; null if it has no body
//	null        null, whatever comes back
//	found       true, or false if the answer is 404
//	text        the answer's bytes as text
//	any         the whole answer: data if it is JSON, else text
//	key         the value under that key of the answer
//	key.*       the values of the dictionary under that key, each with its key as name
const (
	resultWhole = ""
	resultNull  = "null"
	resultFound = "found"
	resultText  = "text"
	resultAny   = "any"
)

// decode is the data of an answer, as far as the call's result needs it.
func (c *call) decode(answer *openstack.APIResponse) (any, error) {
	switch c.result {
	case resultNull, resultFound:
		return nil, nil
	case resultText:
		return asUTF8(answer.Body), nil
	}
	body, err := answer.Value()
	switch {
	case err == nil:
		return body, nil
	case c.result == resultAny:
		return asUTF8(answer.Body), nil
	case c.method == http.MethodDelete:
		return nil, nil // a deletion's answer is nothing that a workflow waits for
	default:
		return nil, err
	}
}

// asUTF8 is bytes as text, with a mark for each that can't be.
func asUTF8(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

// unwrap takes from a decoded answer what the table calls the result.
func unwrap(result string, body any) (any, error) {
	switch result {
	case resultWhole, resultText, resultAny:
		return body, nil
	case resultNull:
		return nil, nil
	case resultFound:
		return true, nil
	}
	if body == nil {
		return nil, nil
	}
	m, ok := body.(*value.Map)
	if !ok {
		return nil, fmt.Errorf("the answer is %s and not a dictionary with %q", value.Kind(body), result)
	}
	key, named := strings.CutSuffix(result, ".*")
	v, ok := m.Get(key)
	if !ok {
		return nil, fmt.Errorf("the answer has no %q", key)
	}
	if named {
		return namedList(v)
	}
	return v, nil
}

// namedList turns a dictionary of resources by name into a list of them.
func namedList(v any) (any, error) {
	m, ok := v.(*value.Map)
	if !ok {
		return nil, fmt.Errorf("the answer has %s and not a dictionary of resources", value.Kind(v))
	}
	list := make([]any, 0, m.Len())
	for name, e := range m.All() {
		if r, ok := e.(*value.Map); ok {
			r.Set("name", name)
		}
		list = append(list, e)
	}
	return list, nil
}

// merge adds the fields of a follow-up answer to a first one. The first keeps
// what only it has, such as the password of a new server.
func merge(first, more any) any {
	a, ok := first.(*value.Map)
	b, ok2 := more.(*value.Map)
	if !ok || !ok2 {
		return first
	}
	out := value.NewMap(a.Len() + b.Len())
	_ = spread(out, a) // dictionaries spread without error
	_ = spread(out, b)
	return out
}

// dropField leaves a field out of a resource, or of each of a list.
func dropField(v any, field string) any {
	if field == "" {
		return v
	}
	switch v := v.(type) {
	case *value.Map:
		if v.Has(field) {
			v.Delete(field) // just decoded, so nobody else has it
		}
	case []any:
		for _, e := range v {
			dropField(e, field)
		}
	}
	return v
}
