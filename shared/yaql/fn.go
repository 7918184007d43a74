package yaql

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// fn is one overload of a function.
type fn struct {
	name     string
	params   []fparam
	rest     *ptype // of *args, nil if there are none
	kwRest   *ptype // of **kwargs
	method   bool   // callable as x.f()
	function bool   // callable as f(x)
	noKwargs bool   // `a => b` is an argument, not an argument's name
	run      body
}

// body computes a call. a has the parameters in order, then the rest.
type body func(c *frame, a []any) (any, error)

type fparam struct {
	name string
	t    *ptype
	def  any // noDefault if it must be given
}

type noDefaultType struct{}

var noDefault = noDefaultType{}

// overloads are all overloads of one name in one scope.
type overloads struct{ functions, methods []*fn }

func (o *overloads) of(method bool) []*fn {
	switch {
	case o == nil:
		return nil
	case method:
		return o.methods
	}
	return o.functions
}

// spec is a line in the tables of the standard library. sig lists the
// parameters as `name type` or `name type = default`, `*name type` for any
// number of positional and `**name type` for any other named ones.
type spec struct {
	name string
	how  calling
	sig  string
	run  body
}

// calling says how a function can be called.
type calling int

const (
	function calling = 1 << iota
	method
	noKwargs
	extension = function | method
)

var typeNames = map[string]*ptype{
	"any": tAny, "notnull": tNotNull, "null": tNull, "bool": tBool, "bool?": tBoolNull,
	"int": tInt, "int?": tIntNull, "integer": tInteger, "number": tNumber, "number?": tNumNull,
	"str": tStr, "str?": tStrNull, "iterable": tIterable, "noset": tNotSet, "iterator": tIterator,
	"sequence": tSequence, "set": tSet, "mapping": tMapping, "ordering": tOrdering, "ruleval": tRuleVal,
	"regex": tRegex, "scope": tScope, "datetime": tDatetime, "timespan": tTimespan, "timespan?": tSpanNull,
	"lambda": tLambda, "method": tMethod, "inscope": tInScope, "rule": tRule, "expr": tExpr,
	"keyword": tKeyword, "word": tWord,
}

func (s spec) fn() *fn {
	f := &fn{name: s.name, run: s.run, method: s.how&method != 0, function: s.how&function != 0, noKwargs: s.how&noKwargs != 0}
	if s.sig == "" {
		return f
	}
	for _, part := range strings.Split(s.sig, ",") {
		head, def, hasDef := strings.Cut(part, "=")
		words := strings.Fields(head)
		t, ok := typeNames[words[1]]
		if !ok {
			panic(fmt.Sprintf("yaql: %s: unknown type %s", s.name, words[1]))
		}
		switch name := words[0]; {
		case strings.HasPrefix(name, "**"):
			f.kwRest = t
		case strings.HasPrefix(name, "*"):
			f.rest = t
		default:
			p := fparam{name: name, t: t, def: noDefault}
			if hasDef {
				p.def = defaultOf(strings.TrimSpace(def))
			}
			f.params = append(f.params, p)
		}
	}
	return f
}

func defaultOf(s string) any {
	switch s {
	case "null":
		return nil
	case "true", "false":
		return s == "true"
	case "none":
		return noValue
	case "zero":
		return timespan{zeroSpan}
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i
	}
	return strings.Trim(s, "'")
}

// library is the standard library by name; functions of one name are
// overloads of each other.
var library = sync.OnceValue(func() map[string]*overloads {
	lib := map[string]*overloads{}
	for _, table := range [][]spec{
		systemFunctions(), commonFunctions(), mathFunctions(), stringFunctions(), collectionFunctions(),
		setFunctions(), queryFunctions(), orderFunctions(), groupFunctions(), regexFunctions(), timeFunctions(), spanFunctions(),
	} {
		for _, s := range table {
			register(lib, s.fn())
		}
	}
	return lib
})

// fallback has the overloads that are tried when no other matches.
var fallback = sync.OnceValue(func() map[string]*overloads {
	lib := map[string]*overloads{}
	register(lib, spec{"#operator_.", function, "obj any, name keyword", property}.fn())
	return lib
})

func register(lib map[string]*overloads, f *fn) {
	o := lib[f.name]
	if o == nil {
		o = &overloads{}
		lib[f.name] = o
	}
	if f.function {
		o.functions = append(o.functions, f)
	}
	if f.method {
		o.methods = append(o.methods, f)
	}
}

// hostFunction makes an overload of a host's function.
func hostFunction(h *Function) *fn {
	f := &fn{name: h.Name, function: true}
	for _, p := range h.Params {
		fp := fparam{name: p.Name, t: tAny, def: noDefault}
		if p.Bool {
			fp.t = tBoolNull
		}
		if p.Optional {
			fp.def = p.Default
		}
		f.params = append(f.params, fp)
	}
	f.run = func(c *frame, a []any) (any, error) {
		data := make([]any, len(a))
		for i, v := range a {
			var err error
			if data[i], err = c.st.argument(v); err != nil {
				return nil, err
			}
		}
		v, err := h.Call(c.st.ctx, data)
		if err != nil {
			return nil, err
		}
		return raw(v), nil
	}
	return f
}

// camelCase is how yaql names what Python calls with_underscores.
func camelCase(name string) string {
	name = strings.TrimRight(name, "_")
	var b strings.Builder
	upper := false
	for i, r := range name {
		if r == '_' && i > 0 && !upper {
			upper = true
			continue
		}
		if upper {
			r = unicode.ToUpper(r)
			upper = false
		}
		b.WriteRune(r)
	}
	return b.String()
}
