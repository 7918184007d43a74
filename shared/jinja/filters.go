package jinja

import (
	"strconv"
	"strings"
)

// filter finds a filter: Jinja2's own, or a function that is one.
func (st *state) filter(name string) (builtin, bool) {
	if f, ok := st.lib.get(name); ok {
		return f.filter, true
	}
	f, ok := filters()[name]
	return f, ok
}

func makeFilters() map[string]builtin {
	t := map[string]builtin{}
	add := func(name, spec string, f func(st *state, a []any) (any, error)) { t[name] = fn("do_"+name, spec, f) }
	addTextFilters(add)
	addWrapFilters(add)
	addHTMLFilters(add)
	addNumberFilters(add)
	addSequenceFilters(add)
	addOrderFilters(add)
	addLazyFilters(t)
	t["format"] = formatFilter
	t["d"], t["e"], t["count"] = t["default"], t["escape"], t["length"]
	return t
}

type addFilter func(name, spec string, f func(st *state, a []any) (any, error))

// soft is soft_str(v): a string as it is, else its text.
func (st *state) soft(v any) (any, string, error) {
	if s, ok := textOf(v); ok {
		return v, s, nil
	}
	s, err := st.str0(v)
	return s, s, err
}

func addTextFilters(add addFilter) {
	text := func(name string, f func(s string) string) {
		add(name, "s", func(st *state, a []any) (any, error) {
			v, s, err := st.soft(a[0])
			if err != nil {
				return nil, err
			}
			s = f(s)
			return wrapText(s, isMarkup(v)), st.grow(len(s))
		})
	}
	text("upper", upper)
	text("lower", lower)
	text("capitalize", capitalize)
	add("title", "s", func(st *state, a []any) (any, error) {
		_, s, err := st.soft(a[0])
		return titleFilter(s), err
	})
	add("string", "s", func(st *state, a []any) (any, error) {
		v, _, err := st.soft(a[0])
		return v, err
	})
	add("trim", "value chars?", func(st *state, a []any) (any, error) {
		v, _, err := st.soft(a[0])
		if err != nil {
			return nil, err
		}
		return stringMethods()["strip"](st, []any{v, or(a[1], nil)}, nil)
	})
	add("center", "value width?", func(st *state, a []any) (any, error) {
		v, _, err := st.soft(a[0])
		if err != nil {
			return nil, err
		}
		return stringMethods()["center"](st, []any{v, or(a[1], int64(80))}, nil)
	})
	add("replace", "s old new count?", replaceFilter)
	add("wordcount", "s", func(st *state, a []any) (any, error) {
		_, s, err := st.soft(a[0])
		return int64(len(strings.FieldsFunc(s, func(r rune) bool { return r != '_' && !isAlnum(r) }))), err
	})
	add("pprint", "value", func(st *state, a []any) (any, error) {
		s, err := st.pprint(a[0])
		if err != nil {
			return nil, err
		}
		return st.str(s)
	})
}

// titleFilter capitalizes words as Jinja2's filter does, which other than
// str.title() begins one behind blanks, hyphens and opening brackets only.
func titleFilter(s string) string {
	var b strings.Builder
	begin := true
	for _, r := range s {
		switch {
		case r == '-' || isSpace(r) || strings.ContainsRune("({[<", r):
			b.WriteRune(r)
			begin = true
		case begin:
			b.WriteString(upper(string(r)))
			begin = false
		default:
			b.WriteString(lower(string(r)))
		}
	}
	return b.String()
}

func replaceFilter(st *state, a []any) (any, error) {
	count := or(a[3], nil)
	if count == nil {
		count = int64(-1)
	}
	n, err := index(count)
	if err != nil {
		return nil, err
	}
	var s [3]string
	for i, v := range a[:3] {
		if s[i], err = st.str0(v); err != nil {
			return nil, err
		}
	}
	if !st.autoescape {
		out, err := st.replace(s[0], s[1], s[2], n)
		return out, err
	}
	safe := isMarkup(a[0])
	if isMarkup(a[1]) || isMarkup(a[2]) && !safe {
		if !safe {
			s[0] = escapeHTML(s[0])
		}
		safe = true
	}
	if safe && !isMarkup(a[2]) {
		s[2] = escapeHTML(s[2])
	}
	out, err := st.replace(s[0], s[1], s[2], n)
	return wrapText(out, safe), err
}

func formatFilter(st *state, args []any, kwargs []kwarg) (any, error) {
	if len(args) > 1 && len(kwargs) > 0 {
		return nil, failf(kindArgument, "can't handle positional and keyword arguments at the same time")
	}
	v, s, err := st.soft(args[0])
	if err != nil {
		return nil, err
	}
	if len(kwargs) == 0 {
		return st.percent(v, s, tuple(args[1:]))
	}
	d := newDict(len(kwargs))
	for _, kw := range kwargs {
		_ = d.set(kw.name, kw.val)
	}
	return st.percent(v, s, d)
}

// getter reads an attribute argument ("a.b.0" or a number) and gives what
// finds that of an item.
func (st *state) getter(attribute any, def any, post func(any) any) (func(item any) (any, error), error) {
	var path []any
	switch a := attribute.(type) {
	case nil:
	case *undefined:
		return nil, a.err()
	default:
		if s, ok := textOf(a); ok {
			path = attributePath(s)
		} else {
			path = []any{a}
		}
	}
	return func(item any) (any, error) {
		for _, part := range path {
			var err error
			if item, err = st.item(item, part); err != nil {
				return nil, err
			}
			if _, missing := item.(*undefined); missing && def != nil {
				item = def
			}
		}
		if post != nil {
			item = post(item)
		}
		return item, nil
	}, nil
}

func attributePath(s string) []any {
	var path []any
	for _, part := range strings.Split(s, ".") {
		if i, err := strconv.ParseInt(part, 10, 64); err == nil && isDigit(part[0]) {
			path = append(path, i)
		} else {
			path = append(path, part)
		}
	}
	return path
}

// ignoreCase is what sorting and grouping compare.
func ignoreCase(v any) any {
	if s, ok := textOf(v); ok {
		return lower(s)
	}
	return v
}

func (st *state) caseRule(sensitive any) (func(any) any, error) {
	yes, err := st.flag(sensitive, false)
	if yes || err != nil {
		return nil, err
	}
	return ignoreCase, nil
}
