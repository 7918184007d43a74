package interp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// template is a field of a definition in which strings may be expressions.
type template struct {
	path   string // of the field in its state: Arguments/Payload
	fixed  any    // what has no expressions in it, as it is
	expr   *expression
	list   []*template
	keys   []string // of a dictionary, with list the values
	object bool
}

// compileTemplate returns nil for an absent field.
func (c *compiler) template(path string, field any) *template {
	if field == nil {
		return nil
	}
	return c.tree(path, asl.Value(field))
}

func (c *compiler) tree(path string, v any) *template {
	t := &template{path: path}
	static := true
	switch v := v.(type) {
	case string:
		if src, ok := asl.Expression(v); ok {
			t.expr = c.expression(path, src)
			return t
		}
	case []any:
		for _, e := range v {
			t.list = append(t.list, c.tree(path, e))
		}
	case *value.Map:
		t.object = true
		for k, e := range v.All() {
			t.keys = append(t.keys, k)
			t.list = append(t.list, c.tree(path+"/"+k, e))
		}
	}
	for _, e := range t.list {
		static = static && e.static()
	}
	if static {
		return &template{path: path, fixed: v}
	}
	return t
}

func (t *template) static() bool {
	return t.expr == nil && t.list == nil
}

// evaluationError says which expression failed, and where.
type evaluationError struct {
	StateError
	location string
}

// eval gives the field's value.
func (t *template) eval(env *environment) (any, *evaluationError) {
	switch {
	case t.expr != nil:
		v, err := t.expr.eval(env)
		if err != nil {
			return nil, t.failed(err)
		}
		return v, nil
	case t.object:
		out := value.NewMap(len(t.keys))
		for i, k := range t.keys {
			v, err := t.list[i].eval(env)
			if err != nil {
				return nil, err
			}
			out.Set(k, v)
		}
		return out, nil
	case t.list != nil:
		out := make([]any, len(t.list))
		for i, e := range t.list {
			v, err := e.eval(env)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	default:
		return t.fixed, nil
	}
}

func (t *template) failed(err error) *evaluationError {
	what := fmt.Sprintf("threw an error during evaluation. %s", strings.TrimPrefix(err.Error(), "JSONata error "))
	if errors.Is(err, errUndefined) {
		what = "returned nothing (undefined)."
	}
	return &evaluationError{location: t.path, StateError: StateError{Name: ErrQueryEvaluation,
		Cause: fmt.Sprintf("The JSONata expression '%s' specified for the field '%s' %s", t.expr.src, t.path, what)}}
}

// wrong is the error of a field whose value has not the type that it needs.
func (t *template) wrong(v any, want string) *evaluationError {
	text := "value"
	if t.expr != nil {
		text = fmt.Sprintf("JSONata expression '%s'", t.expr.src)
	}
	return &evaluationError{location: t.path, StateError: StateError{Name: ErrQueryEvaluation,
		Cause: fmt.Sprintf("The %s specified for the field '%s' returned an unexpected result type. Expected %s, but was %s.",
			text, t.path, want, typeName(v))}}
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case *value.Map:
		return "object"
	default:
		return "number"
	}
}
