package jinja

import (
	"math/big"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Besides value data, an evaluation has these values. Lists and dictionaries
// of the data are []any and *value.Map, which nothing changes; those that an
// expression makes are *list and *dict.
type (
	tuple []any
	list  struct{ items []any }
	// markup is text that is safe as HTML (markupsafe.Markup).
	markup  string
	rawText string // bytes
	rng     struct{ start, stop, step, n int64 }
	// view is what keys(), values() or items() of a dictionary give.
	view struct {
		kind string // dict_keys, dict_values, dict_items
		of   any
	}
	// iter gives its elements once.
	iter struct {
		typ  string
		next func() (any, bool, error)
	}
	// group is an element of groupby's result.
	group struct {
		key   any
		items *list
	}
	// undefined stands for what does not exist; using it is an error.
	undefined struct {
		hint string
		of   any
		has  bool // of is set
		name any
		kind string // of the error, UndefinedError if empty
		// soft is set on what an `if` without `else` gives: it is empty text, an
		// empty sequence and false, as Jinja2's default kind of undefined is.
		soft bool
	}
	// callable is a function, a method, or a type.
	callable struct {
		name string
		typ  string
		call func(st *state, args []any, kwargs []kwarg) (any, error)
		attr func(name string) (any, bool)
	}
	kwarg struct {
		name string
		val  any
	}
	namespace struct{ attrs *dict }
	cycler    struct {
		items []any
		pos   int
	}
	joiner struct {
		sep  any
		used bool
	}
	// self is the template as an object: its blocks are its attributes.
	self struct{}
)

// Lazy is a dictionary whose values are found when they are asked for. The
// root of an evaluation may be one, so that `_.x` loads x and nothing else.
type Lazy interface {
	// Keys returns the keys in order.
	Keys() []string
	// Get returns the value under key, which is value data, and whether
	// there is one.
	Get(key string) (any, bool, error)
}

// absent stands for an argument that was not given.
type absentType struct{}

var absent any = absentType{}

// or is a if it was given, else def.
func or(a, def any) any {
	if a == absent {
		return def
	}
	return a
}

func isAbsent(a any) bool { _, ok := a.(absentType); return ok }

// root is `_` in templates that may change it: what is asked for is copied
// once, so that a change of it is seen and the data stay as they are.
type root struct {
	of   any
	seen map[string]any
	full *dict // all of it, once the dictionary itself is changed
}

func (r *root) get(key string) (any, bool, error) {
	if v, ok := r.seen[key]; ok {
		return v, true, nil
	}
	v, ok, err := dataGet(r.of, key)
	if err != nil || !ok {
		return nil, false, err
	}
	v = thaw(v)
	r.seen[key] = v
	return v, true, nil
}

// open makes the whole of it a dictionary that can be changed.
func (r *root) open() (*dict, error) {
	if r.full != nil {
		return r.full, nil
	}
	d := newDict(8)
	for _, k := range dataKeys(r.of) {
		v, ok, err := r.get(k)
		if err != nil {
			return nil, err
		}
		if ok {
			_ = d.set(k, v)
		}
	}
	r.full = d
	return d, nil
}

func dataGet(m any, key string) (any, bool, error) {
	switch m := m.(type) {
	case *value.Map:
		v, ok := m.Get(key)
		return v, ok, nil
	case Lazy:
		return m.Get(key)
	}
	return nil, false, nil
}

func dataKeys(m any) []string {
	switch m := m.(type) {
	case *value.Map:
		return m.Keys()
	case Lazy:
		return m.Keys()
	}
	return nil
}

// thaw copies data so that an expression can change them.
func thaw(v any) any {
	switch v := v.(type) {
	case []any:
		out := &list{make([]any, len(v))}
		for i, e := range v {
			out.items[i] = thaw(e)
		}
		return out
	case *value.Map:
		out := newDict(v.Len())
		for k, e := range v.All() {
			_ = out.set(k, thaw(e))
		}
		return out
	}
	return v
}

func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case string:
		return "str"
	case markup:
		return "Markup"
	case rawText:
		return "bytes"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case []any, *list:
		return "list"
	case tuple:
		return "tuple"
	case *group:
		return "_GroupTuple"
	case *value.Map, *dict, *root, Lazy:
		return "dict"
	case *rng:
		return "range"
	case *view:
		return v.kind
	case *iter:
		return v.typ
	case *undefined:
		return "StrictUndefined"
	case *callable:
		return v.typ
	case *macro:
		return "Macro"
	case *loop:
		return "LoopContext"
	case *namespace:
		return "Namespace"
	case *cycler:
		return "Cycler"
	case *joiner:
		return "Joiner"
	case *self:
		return "TemplateReference"
	}
	return "object"
}

// objectName is how messages on undefined names call what they are asked of.
func objectName(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case markup:
		return "markupsafe.Markup object"
	case *group:
		return "jinja2.filters._GroupTuple object"
	case *macro, *loop, *self:
		return "jinja2.runtime." + typeName(v) + " object"
	case *namespace, *cycler, *joiner:
		return "jinja2.utils." + typeName(v) + " object"
	}
	return typeName(v) + " object"
}

func (u *undefined) err() error {
	kind := u.kind
	if kind == "" {
		kind = kindUndefined
	}
	switch name, isText := u.name.(string); {
	case u.hint != "":
		return failf(kind, "%s", u.hint)
	case !u.has:
		return failf(kind, "%s is undefined", strRepr(name))
	case isText:
		return failf(kind, "%s has no attribute %s", strRepr(objectName(u.of)), strRepr(name))
	}
	return failf(kind, "%s has no element %s", objectName(u.of), reprOr(u.name, "?"))
}

// firm fails unless u is soft.
func (u *undefined) firm() error {
	if u.soft {
		return nil
	}
	return u.err()
}

// defined fails for what is undefined.
func defined(vs ...any) error {
	for _, v := range vs {
		if u, ok := v.(*undefined); ok {
			return u.err()
		}
	}
	return nil
}

// text gives a string's text.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case markup:
		return string(v), true
	}
	return "", false
}

// sequence gives the elements of what has them by index and is no string.
func sequence(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *list:
		return v.items, true
	case tuple:
		return v, true
	case *group:
		return []any{v.key, v.items}, true
	}
	return nil, false
}

func isList(v any) bool {
	switch v.(type) {
	case []any, *list:
		return true
	}
	return false
}

func isTuple(v any) bool {
	switch v.(type) {
	case tuple, *group:
		return true
	}
	return false
}

func isCallable(v any) bool {
	switch v.(type) {
	case *callable, *macro, *loop, *joiner, *undefined:
		return true
	}
	return false
}

// length is len(v).
func (st *state) length(v any) (int, error) {
	if s, ok := textOf(v); ok {
		return runeLen(s), nil
	}
	if items, ok := sequence(v); ok {
		return len(items), nil
	}
	if isMapping(v) {
		return mapLen(v), nil
	}
	switch v := v.(type) {
	case *undefined:
		return 0, v.firm()
	case rawText:
		return len(v), nil
	case *rng:
		return int(v.n), nil
	case *view:
		return mapLen(v.of), nil
	case *loop:
		return v.length(st)
	}
	return 0, typeErrorf("object of type '%s' has no len()", typeName(v))
}

// truth is bool(v).
func (st *state) truth(v any) (bool, error) {
	switch v := v.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case int64:
		return v != 0, nil
	case *big.Int:
		return v.Sign() != 0, nil
	case float64:
		return v != 0, nil
	case *undefined:
		return false, v.firm()
	case string:
		return v != "", nil
	case markup:
		return v != "", nil
	}
	n, err := st.length(v)
	if isKind(err, kindType) {
		return true, nil
	}
	return n != 0, err
}

// function makes a function of the template's surroundings.
func function(name string, call func(st *state, args []any, kwargs []kwarg) (any, error)) *callable {
	return &callable{name: name, typ: "function", call: call}
}

// typeObject makes a type, which is called to make values of it.
func typeObject(name string, call func(st *state, args []any, kwargs []kwarg) (any, error)) *callable {
	return &callable{name: name, typ: "type", call: call}
}

// method makes a bound method.
func method(name string, call func(st *state, args []any, kwargs []kwarg) (any, error)) *callable {
	return &callable{name: name, typ: "builtin_function_or_method", call: call}
}
