package yaql

import (
	"fmt"
	"strings"
)

// frame is one call of a function.
type frame struct {
	st   *state
	data *scope // of the caller
	own  *scope // of the call, made when it is asked for
	recv any
	fn   *fn
	kw   []binding // the **kwargs
}

// scope returns the call's own scope.
func (c *frame) scope() *scope {
	if c.own == nil {
		c.own = c.data.child()
	}
	return c.own
}

func (c *frame) outer() *scope {
	if c.own != nil {
		return c.own
	}
	return c.data
}

// lambda is an argument that the function evaluates itself.
type lambda struct {
	body any // an expression, or a value
	c    *frame
}

// call evaluates the body with the arguments as $1, $2, ...
func (l *lambda) call(args ...any) (any, error) {
	if l == nil {
		return nil, typeErrorf("'NoneType' object is not callable")
	}
	return l.in(l.c.outer().child(), args...)
}

// in evaluates the body in a scope, which gets the arguments.
func (l *lambda) in(sc *scope, args ...any) (any, error) {
	if l == nil {
		return nil, typeErrorf("'NoneType' object is not callable")
	}
	if len(args) > 0 {
		if len(sc.vars) == 0 {
			sc.setArgs(args)
		} else {
			for i, a := range args {
				sc.set(fmt.Sprint(i+1), a)
			}
		}
	}
	switch b := l.body.(type) {
	case node:
		return l.c.st.eval(b, noValue, sc)
	case *lambda:
		return b.call(args...)
	default:
		return b, nil
	}
}

// truth is a call as a condition.
func (l *lambda) truth(args ...any) (bool, error) {
	v, err := l.call(args...)
	if err != nil {
		return false, err
	}
	return truth(v), nil
}

// rule is a `a => b` whose sides are evaluated on request.
type rule struct{ src, dst *lambda }

// invoke calls a function by name. args and kw are expressions of the scope
// data, or values. A receiver makes it a call of a method.
func (st *state) invoke(name string, sc *scope, recv any, args []any, kw []binding) (any, error) {
	if err := st.step(); err != nil {
		return nil, err
	}
	r := resolver{st: st, name: strings.TrimRight(name, "_"), sc: sc, recv: recv, kw: kw}
	isMethod := recv != noValue
	r.args = args
	if isMethod {
		r.args = append([]any{recv}, args...)
	}
	r.levels(isMethod)
	if r.err != nil {
		return nil, r.err
	}
	if !r.known {
		return nil, r.unknown(isMethod)
	}
	if len(r.found) == 0 {
		return nil, r.noMatch()
	}
	return r.choose()
}

// resolver finds the overload for one call.
type resolver struct {
	st   *state
	name string
	sc   *scope
	recv any
	args []any
	kw   []binding

	known      bool // there is a function of that name
	translated bool
	noKwargs   bool
	lazy       []bool // of args and then kw: not evaluated before the call
	found      []match
	err        error
}

// match is an overload that the arguments may fit.
type match struct {
	f     *fn
	types []*ptype // of args and then kw
	level int
}

func (r *resolver) levels(isMethod bool) {
	level := 0
	try := func(fns []*fn) {
		if len(fns) == 0 || r.err != nil {
			return
		}
		r.known = true
		level++
		for _, f := range fns {
			if r.err = r.consider(f, level); r.err != nil {
				return
			}
		}
	}
	if r.st.defined {
		for s := r.sc; s != nil; s = s.parent {
			var fns []*fn
			for _, f := range s.fns[r.name] {
				if !isMethod {
					fns = append(fns, f)
				}
			}
			try(fns)
		}
	}
	try(r.st.host[r.name].of(isMethod))
	try(r.st.lib[r.name].of(isMethod))
	try(r.st.fallback[r.name].of(isMethod))
}

func (r *resolver) consider(f *fn, level int) error {
	switch {
	case !r.translated:
		r.translated, r.noKwargs = true, f.noKwargs
		if err := r.translate(); err != nil {
			return err
		}
	case r.noKwargs != f.noKwargs:
		return r.ambiguous()
	}
	types, ok := f.mapArgs(r.args, r.kw)
	if !ok {
		return nil
	}
	if r.lazy == nil {
		r.lazy = make([]bool, len(types))
		for i, t := range types {
			r.lazy[i] = t.lazy()
		}
	} else {
		for i, t := range types {
			if r.lazy[i] != t.lazy() {
				return r.ambiguous()
			}
		}
	}
	r.found = append(r.found, match{f, types, level})
	return nil
}

// translate takes `name => value` arguments for what they are to this
// function: named arguments, or plain ones.
func (r *resolver) translate() error {
	var pos []any
	changed := false
	for i, a := range r.args {
		switch n := a.(type) {
		case *mapping:
			if r.noKwargs {
				break
			}
			key, ok := n.src.(*constant)
			if !ok || !key.keyword {
				return failf("MappingTranslationException", "Cannot convert mapping to keyword argument")
			}
			if !changed {
				pos, changed = append(pos, r.args[:i]...), true
			}
			r.setKw(key.val.(string), n.dst)
			continue
		case *omitted:
			a = noValue
			if !changed {
				pos, changed = append(pos, r.args[:i]...), true
			}
		}
		if changed {
			pos = append(pos, a)
		}
	}
	if changed {
		r.args = pos
	}
	return nil
}

func (r *resolver) setKw(name string, v any) {
	for i := range r.kw {
		if r.kw[i].name == name {
			r.kw[i].val = v
			return
		}
	}
	r.kw = append(r.kw, binding{name, v})
}

// mapArgs finds the parameter of each argument, as far as that can be told
// before arguments are evaluated. The result has the types for args and kw.
func (f *fn) mapArgs(args []any, kw []binding) ([]*ptype, bool) {
	types := make([]*ptype, len(args)+len(kw))
	for i := range args {
		types[i] = f.rest
	}
	for i := range f.params {
		p := &f.params[i]
		k := kwIndex(kw, p.name)
		switch {
		case i < len(args) && args[i] != noValue:
			if k >= 0 {
				return nil, false
			}
			types[i] = p.t
		case k >= 0:
			types[len(args)+k] = p.t
		case p.def == noDefault:
			return nil, false
		case i < len(args):
			types[i] = p.t
		}
	}
	for k := range kw {
		if t := &types[len(args)+k]; *t == nil {
			if *t = f.kwRest; f.kwRest == nil || !f.kwRest.check(kw[k].val) {
				return nil, false
			}
		}
	}
	for i, a := range args {
		if types[i] == nil {
			return nil, false
		}
		if a == noValue {
			if i >= len(f.params) {
				return nil, false // one of *args can't be left out
			}
			a = f.params[i].def
		}
		if !types[i].check(a) {
			return nil, false
		}
	}
	return types, true
}

func kwIndex(kw []binding, name string) int {
	for i := range kw {
		if kw[i].name == name {
			return i
		}
	}
	return -1
}

// choose evaluates the arguments and calls the one overload that fits them.
func (r *resolver) choose() (any, error) {
	if err := r.evalArgs(); err != nil {
		return nil, err
	}
	var best *match
	var bound []any
	for i := range r.found {
		m := &r.found[i]
		if best != nil && m.level > best.level {
			break
		}
		b, ok := m.f.bind(r.args, r.kw)
		if !ok {
			continue
		}
		if best != nil {
			if narrower(best.types, m.types) {
				continue
			}
			if !narrower(m.types, best.types) {
				return nil, r.ambiguous()
			}
		}
		best, bound = m, b
	}
	if best == nil {
		return nil, r.noMatch()
	}
	c := &frame{st: r.st, data: r.sc, recv: r.recv, fn: best.f}
	if best.f.kwRest != nil {
		for _, b := range r.kw {
			if !best.f.hasParam(b.name) {
				v, err := best.f.kwRest.convert(c, b.val)
				if err != nil {
					return nil, err
				}
				c.kw = append(c.kw, binding{b.name, v})
			}
		}
	}
	for i := range bound {
		t := best.f.rest
		if i < len(best.f.params) {
			t = best.f.params[i].t
		}
		var err error
		if bound[i], err = t.convert(c, bound[i]); err != nil {
			return nil, err
		}
	}
	return r.st.counted(best.f.run(c, bound))
}

func (r *resolver) evalArgs() error {
	args := make([]any, len(r.args))
	for i, a := range r.args {
		v, err := r.evalArg(a, r.lazy[i])
		if err != nil {
			return err
		}
		args[i] = v
	}
	for k := range r.kw {
		v, err := r.evalArg(r.kw[k].val, r.lazy[len(args)+k])
		if err != nil {
			return err
		}
		r.kw[k].val = v
	}
	r.args = args
	return nil
}

func (r *resolver) evalArg(a any, lazy bool) (any, error) {
	n, ok := a.(node)
	if _, isConst := a.(*constant); !ok || isConst || lazy {
		return a, nil
	}
	return r.st.eval(n, noValue, r.sc)
}

func (f *fn) hasParam(name string) bool {
	for i := range f.params {
		if f.params[i].name == name {
			return true
		}
	}
	return false
}

// bind puts evaluated arguments in the order of the parameters.
func (f *fn) bind(args []any, kw []binding) ([]any, bool) {
	out := make([]any, len(f.params), max(len(f.params), len(args)))
	for i := range f.params {
		p := &f.params[i]
		k := kwIndex(kw, p.name)
		switch {
		case i < len(args) && args[i] != noValue:
			if k >= 0 {
				return nil, false
			}
			out[i] = args[i]
		case k >= 0:
			out[i] = kw[k].val
		case p.def != noDefault:
			out[i] = p.def
		default:
			return nil, false
		}
		if !p.t.check(out[i]) {
			return nil, false
		}
	}
	for i := len(f.params); i < len(args); i++ {
		if f.rest == nil || !f.rest.check(args[i]) {
			return nil, false
		}
		out = append(out, args[i])
	}
	return out, true
}

// narrower reports whether one mapping asks for narrower types than another
// and nowhere for wider ones.
func narrower(a, b []*ptype) bool {
	res := false
	for i := range min(len(a), len(b)) {
		if b[i].narrower(a[i]) {
			return false
		}
		res = res || a[i].narrower(b[i])
	}
	return res
}

// convert makes of a bound argument what the function gets.
func (t *ptype) convert(c *frame, v any) (any, error) {
	switch t.kind {
	case lazyLambda, methodCall, contextExpr:
		if v == nil {
			return (*lambda)(nil), nil
		}
		if l, ok := v.(*lambda); ok {
			v = l.body
		}
		return &lambda{body: v, c: c}, nil
	case lazyRule:
		m := v.(*mapping)
		return &rule{&lambda{body: m.src, c: c}, &lambda{body: m.dst, c: c}}, nil
	case rawExpr, keywordNode:
		return v, nil
	}
	if k, ok := v.(*constant); ok {
		v = k.val
	}
	if t.class == clsIterable {
		v = c.st.generator(v)
	}
	return v, nil
}

func (r *resolver) ambiguous() error {
	if r.recv != noValue {
		return failf("AmbiguousMethodException", "Ambiguous method \"%s\" for receiver %s", r.name, r.shown(r.recv))
	}
	return failf("AmbiguousFunctionException", "Ambiguous function \"%s\"", r.name)
}

func (r *resolver) unknown(isMethod bool) error {
	if isMethod {
		return failf("NoMethodRegisteredException", "Unknown method \"%s\" for receiver %s", r.name, r.shown(r.recv))
	}
	return failf("NoFunctionRegisteredException", "Unknown function \"%s\"", r.name)
}

func (r *resolver) noMatch() error {
	if r.recv != noValue {
		return failf(kindNoMethod, "No method \"%s\" for receiver %s matches supplied arguments", r.name, r.shown(r.recv))
	}
	return failf(kindNoFunction, "No function \"%s\" matches supplied arguments", r.name)
}

// shown is a receiver in a message, which must not hold a whole context.
func (r *resolver) shown(v any) string {
	switch v := v.(type) {
	case nil, bool, int64, float64:
		s, _ := pyRepr(v)
		return s
	case string:
		if len(v) <= 40 {
			s, _ := pyRepr(v)
			return s
		}
	}
	return "of type " + typeName(v)
}
