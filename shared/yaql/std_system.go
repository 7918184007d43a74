package yaql

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fnArg is the i-th argument, which the signature says is a lambda; nil if it
// was not given.
func fnArg(a []any, i int) *lambda { return a[i].(*lambda) }

func systemFunctions() []spec {
	return []spec{
		{"#operator_.", function, "receiver any, expr method", dotCall},
		{"#operator_?.", function, "receiver any, expr expr", elvis},
		{"#operator_->", function, "left scope, right inscope", func(_ *frame, a []any) (any, error) {
			return fnArg(a, 1).in(a[0].(*scope))
		}},
		{"unpack", method, "sequence iterable, *args str", unpack},
		{"with", function, "*args any", with},
		{"let", function, "*args any, **kwargs any", func(c *frame, a []any) (any, error) {
			if _, err := with(c, a); err != nil {
				return nil, err
			}
			for _, b := range c.kw {
				c.scope().set(b.name, b.val)
			}
			return c.scope(), nil
		}},
		{"def", function, "name str, func lambda", define},
		{"assert", method, "obj any, condition lambda, message str = 'Assertion failed'", assert},
		{"call", function, "name str, args sequence, kwargs mapping, receiver any = none", callByName},
		{"#list", function, "*args any", func(c *frame, a []any) (any, error) { return c.st.tuple(a) }},
		{"#indexer", function, "dict mapping, key any", func(_ *frame, a []any) (any, error) { return dictAccess(a[0], a[1]) }},
		{"#indexer", function, "dict mapping, key any, default any", func(_ *frame, a []any) (any, error) {
			v, ok, err := lookup(a[0], a[1])
			if !ok {
				v = a[2]
			}
			return v, err
		}},
		{"#indexer", function, "list sequence, index int", func(_ *frame, a []any) (any, error) {
			items, _ := itemsOf(a[0])
			return itemAt(items, a[1])
		}},
		{"switch", function | noKwargs, "*args rule", switchRules},
		{"selectCase", function, "*args lambda", selectCase},
		{"selectAllCases", function, "*args lambda", selectAllCases},
		{"examine", function, "*args lambda", examine},
		{"switchCase", method, "case int, *args lambda", switchCase},
		{"coalesce", function, "*args lambda", coalesce},
	}
}

func dotCall(c *frame, a []any) (any, error) {
	l := fnArg(a, 1)
	if n, ok := l.body.(node); ok {
		return c.st.eval(n, a[0], c.outer().child())
	}
	return l.body, nil
}

func elvis(c *frame, a []any) (any, error) {
	if a[0] == nil {
		return nil, nil
	}
	return c.st.operator("#operator_.", c.outer(), a[0], a[1])
}

// property is `obj.name` of what is neither dictionary nor collection.
func property(c *frame, a []any) (any, error) {
	return c.st.invoke("#property#"+a[1].(string), c.outer(), noValue, []any{a[0]}, nil)
}

func with(c *frame, a []any) (any, error) {
	for i, v := range a {
		c.scope().set(fmt.Sprint(i+1), v)
	}
	return c.scope(), nil
}

func unpack(c *frame, a []any) (any, error) {
	names := a[1:]
	it, err := c.st.iterate(a[0])
	if err != nil {
		return nil, err
	}
	var items []any
	for len(items) <= len(names) {
		v, ok, err := c.st.pull(it)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		items = append(items, v)
	}
	if len(names) > 0 {
		if len(names) != len(items) {
			return nil, valueErrorf("Cannot unpack %d elements into %d", len(items), len(names))
		}
		for i, n := range names {
			c.scope().set(n.(string), items[i])
		}
		return c.scope(), nil
	}
	i := 0
	return c.scope(), c.st.each(a[0], func(v any) error {
		i++
		c.scope().set(fmt.Sprint(i), v)
		return nil
	})
}

func define(c *frame, a []any) (any, error) {
	sc, l := c.scope(), fnArg(a, 1)
	f := &fn{name: definedName(a[0].(string)), function: true, rest: tAny, kwRest: tAny}
	f.run = func(c *frame, args []any) (any, error) {
		if l == nil {
			return l.call()
		}
		sc := l.c.outer().child()
		sc.setArgs(args)
		for _, b := range c.kw {
			sc.set(b.name, b.val)
		}
		return l.in(sc)
	}
	if sc.fns == nil {
		sc.fns = map[string][]*fn{}
	}
	sc.fns[f.name] = append(sc.fns[f.name], f)
	c.st.defined = true
	return sc, nil
}

// definedName is the name under which yaql keeps a function: in camel case,
// but for a first part between two equal symbols.
func definedName(name string) string {
	name = strings.TrimRight(name, "_")
	if name == "" || isWord(rune(name[0])) && name[0] != '_' {
		return camelCase(name)
	}
	end := strings.IndexByte(name[1:], name[0]) + 1
	if end <= 1 {
		return name
	}
	return name[:end+1] + camelCase(name[end+1:])
}

func assert(c *frame, a []any) (any, error) {
	obj := memorize(a[0])
	ok, err := fnArg(a, 1).truth(obj)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, failf("AssertionError", "%s", a[2])
	}
	return obj, nil
}

func callByName(c *frame, a []any) (any, error) {
	args, _ := itemsOf(a[1])
	var kw []binding
	err := entries(a[2], func(k, v any) error {
		name, ok := k.(string)
		if !ok || !isKeyword(name) {
			return failf("RuntimeError", "the name of a keyword argument is not a word")
		}
		kw = append(kw, binding{name, v})
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.st.invoke(a[0].(string), c.outer(), a[3], args, kw)
}

func isKeyword(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && isWord(r) && !unicode.Is(unicode.Nd, r) && !strings.HasPrefix(s, "__")
}

// itemAt is list[index], from the end if negative.
func itemAt(items []any, index any) (any, error) {
	i, ok := asNumber(index).(int64)
	if ok && i < 0 {
		i += int64(len(items))
	}
	if !ok || i < 0 || i >= int64(len(items)) {
		return nil, failf(kindIndex, "tuple index out of range")
	}
	return items[i], nil
}

func switchRules(_ *frame, a []any) (any, error) {
	for _, e := range a {
		r := e.(*rule)
		ok, err := r.src.truth()
		if err != nil {
			return nil, err
		}
		if ok {
			return r.dst.call()
		}
	}
	return nil, nil
}

func selectCase(_ *frame, a []any) (any, error) {
	for i := range a {
		ok, err := fnArg(a, i).truth()
		if err != nil {
			return nil, err
		}
		if ok {
			return int64(i), nil
		}
	}
	return int64(len(a)), nil
}

func selectAllCases(_ *frame, a []any) (any, error) {
	i := 0
	return newIter(func() (any, bool, error) {
		for i < len(a) {
			ok, err := fnArg(a, i).truth()
			i++
			if err != nil || ok {
				return int64(i - 1), ok, err
			}
		}
		return nil, false, nil
	}), nil
}

func examine(_ *frame, a []any) (any, error) {
	i := 0
	return newIter(func() (any, bool, error) {
		if i == len(a) {
			return nil, false, nil
		}
		ok, err := fnArg(a, i).truth()
		i++
		return ok, true, err
	}), nil
}

func switchCase(_ *frame, a []any) (any, error) {
	cases := a[1:]
	if len(cases) == 0 {
		return nil, nil
	}
	i, ok := asNumber(a[0]).(int64)
	if !ok || i < 0 || i >= int64(len(cases)) {
		i = int64(len(cases) - 1)
	}
	return cases[i].(*lambda).call()
}

func coalesce(_ *frame, a []any) (any, error) {
	for i := range a {
		v, err := fnArg(a, i).call()
		if err != nil || v != nil {
			return v, err
		}
	}
	return nil, nil
}
