package interp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/recolabs/gnata"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// expression is one compiled JSONata expression.
type expression struct {
	src  string // trimmed, for messages
	code *gnata.Expression
	// path is the whole expression if it only walks fields from a variable,
	// `$states.input.a`: most do, and then nothing needs converting.
	path  []string
	roots []root
	own   []string // functions of Step Functions that it calls
	loops bool     // may take long: bounded in time
}

// root is a variable that an expression reads and the fields of it that it
// needs; no paths means all of it.
type root struct {
	name  string
	paths [][]string
}

// maxEvaluation bounds an expression that has loops of its own.
const maxEvaluation = 30 * time.Second

func compileExpression(src string) (*expression, error) {
	code, err := gnata.Compile(src)
	if err != nil {
		return nil, err
	}
	e := &expression{src: strings.TrimSpace(src), code: code}
	refs := asl.References(src)
	if len(refs) == 1 && !refs[0].Call && isPlainPath(e.src, refs[0]) {
		e.path = append([]string{refs[0].Name}, refs[0].Path...)
	}
	// The parent operator % and the binding @ look at what lies beside a path.
	whole := strings.ContainsAny(src, "%@")
	for _, r := range refs {
		if slices.Contains(ownFunctions, r.Name) && !slices.Contains(e.own, r.Name) {
			e.own = append(e.own, r.Name)
		}
		if r.Name != "" && r.Name != "$" && !r.Call { // a variable may have a function's name
			e.need(r, whole)
		}
	}
	e.loops = strings.Contains(src, "function") || strings.Contains(src, "λ") || strings.Contains(src, "..")
	return e, nil
}

// isPlainPath reports whether an expression consists of nothing but r.
func isPlainPath(src string, r asl.Reference) bool {
	if r.Name == "" || r.Name == "$" {
		return false
	}
	plain := "$" + r.Name
	for _, p := range r.Path {
		plain += "." + p
	}
	return src == plain
}

func (e *expression) need(r asl.Reference, whole bool) {
	i := slices.IndexFunc(e.roots, func(x root) bool { return x.name == r.Name })
	if i < 0 {
		e.roots = append(e.roots, root{name: r.Name})
		i = len(e.roots) - 1
	} else if e.roots[i].paths == nil {
		return // all of it already
	}
	if whole || len(r.Path) == 0 {
		e.roots[i].paths = nil
		return
	}
	e.roots[i].paths = append(e.roots[i].paths, r.Path)
}

// errUndefined is the result of an expression that has none.
var errUndefined = errors.New("undefined")

// eval evaluates the expression. The error errUndefined says that there is no
// value.
func (e *expression) eval(env *environment) (any, error) {
	if e.path != nil {
		if v, ok := walk(env, e.path); ok {
			return v, nil
		}
	}
	vars := make(map[string]any, len(e.roots)+len(e.own))
	for _, name := range e.own {
		vars[name] = env.function(name)
	}
	for _, r := range e.roots {
		if v, ok := e.bind(env, r); ok {
			vars[r.name] = v
		}
	}
	ctx := context.Background()
	if e.loops {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, maxEvaluation)
		defer cancel()
	}
	result, err := e.code.EvalWithVars(ctx, nil, vars)
	if err != nil {
		return nil, err
	}
	if result == nil {
		return nil, errUndefined
	}
	return fromJSONata(result)
}

// walk follows a plain path through dictionaries. It gives up (ok is false)
// where JSONata would do more than that, and where there is nothing.
func walk(env *environment, path []string) (any, bool) {
	var v any
	var ok bool
	rest := path[1:]
	if path[0] == "states" && len(path) > 1 {
		v, ok = env.states(path[1])
		rest = path[2:]
	} else {
		v, _, ok = env.variable(path[0])
	}
	if !ok {
		return nil, false
	}
	for _, key := range rest {
		m, isMap := v.(*value.Map)
		if !isMap {
			return nil, false
		}
		if v, ok = m.Get(key); !ok {
			return nil, false
		}
	}
	return v, ok
}

// bind converts what an expression needs of a variable.
func (e *expression) bind(env *environment, r root) (any, bool) {
	if r.name == "states" && r.paths != nil {
		out := newObject()
		for _, p := range r.paths {
			graft(env.fr, out, env.states, p)
		}
		return out, true
	}
	v, owner, ok := env.variable(r.name)
	if !ok {
		return nil, false
	}
	m, isMap := v.(*value.Map)
	if r.paths == nil || !isMap {
		return owner.convert(v), true
	}
	out := newObject()
	for _, p := range r.paths {
		graft(owner, out, m.Get, p)
	}
	return out, true
}

// graft copies the value at a path into the object to, which is a part of the
// same structure as what get looks into.
func graft(owner *frame, to object, get func(string) (any, bool), path []string) {
	v, ok := get(path[0])
	if !ok {
		return
	}
	m, isMap := v.(*value.Map)
	if len(path) == 1 || !isMap {
		to.Set(path[0], owner.convert(v))
		return
	}
	have, _ := to.Get(path[0])
	sub, isObject := have.(object)
	if !isObject {
		sub = newObject()
		to.Set(path[0], sub)
	} else if owner.converted(m) == have {
		return // all of it is there, and shared
	}
	graft(owner, sub, m.Get, path[1:])
}

// object is gnata's ordered dictionary, whose type it does not export.
type object interface {
	Set(key string, v any)
	Get(key string) (any, bool)
	Keys() []string
	Len() int
}

func newObject() object {
	v, err := gnata.DecodeJSON(json.RawMessage("{}"))
	if err != nil {
		panic(err) // {} is JSON
	}
	return v.(object)
}

// jsonNull is gnata's null; Go's nil is JSONata's undefined.
var jsonNull = func() any {
	v, err := gnata.DecodeJSON(json.RawMessage("null"))
	if err != nil {
		panic(err)
	}
	return v
}()

// maxExact is the largest integer up to which every one is a float64.
const maxExact = 1 << 53

// toJSONata converts value data to what gnata computes with.
func toJSONata(v any) any {
	switch v := v.(type) {
	case nil:
		return jsonNull
	case int64:
		if v > maxExact || v < -maxExact {
			return json.Number(strconv.FormatInt(v, 10))
		}
		return float64(v)
	case *big.Int:
		return json.Number(v.String())
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = toJSONata(e)
		}
		return out
	case *value.Map:
		out := newObject()
		for k, e := range v.All() {
			out.Set(k, toJSONata(e))
		}
		return out
	default:
		return v
	}
}

// fromJSONata converts a result of gnata to value data. A whole number becomes
// an integer, as its JSON text would be.
func fromJSONata(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no number in JSON", v)
		}
		if v == math.Trunc(v) && math.Abs(v) <= maxExact {
			return int64(v), nil
		}
		return v, nil
	case json.Number:
		return value.Decode([]byte(v))
	case []any:
		return fromList(v)
	case object:
		out := value.NewMap(v.Len())
		for _, k := range v.Keys() {
			e, _ := v.Get(k)
			c, err := fromJSONata(e)
			if err != nil {
				return nil, err
			}
			out.Set(k, c)
		}
		return out, nil
	case map[string]any:
		out := newObject()
		for _, k := range slices.Sorted(func(yield func(string) bool) {
			for k := range v {
				if !yield(k) {
					return
				}
			}
		}) {
			out.Set(k, v[k])
		}
		return fromJSONata(out)
	default:
		return fromOther(v)
	}
}

func fromList(list []any) (any, error) {
	out := make([]any, len(list))
	for i, e := range list {
		c, err := fromJSONata(e)
		if err != nil {
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

// fromOther converts what gnata's own types hold: its null, its sequences; all
// else are functions.
func fromOther(v any) (any, error) {
	if gnata.IsNull(v) {
		return nil, nil
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Pointer && r.Elem().Kind() == reflect.Struct {
		if values, ok := r.Elem().FieldByName("Values").Interface().([]any); ok {
			return fromList(values)
		}
	}
	return nil, errors.New("the result is or has a function")
}
