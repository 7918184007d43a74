package jinja

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

func addHTMLFilters(add addFilter) {
	add("escape", "s", func(st *state, a []any) (any, error) {
		s, err := st.strEscaped(a[0], true)
		return markup(s), err
	})
	add("forceescape", "value", func(st *state, a []any) (any, error) {
		s, err := st.str0(a[0])
		return markup(escapeHTML(s)), err
	})
	add("safe", "value", func(st *state, a []any) (any, error) {
		s, err := st.str0(a[0])
		return markup(s), err
	})
	add("striptags", "value", func(st *state, a []any) (any, error) {
		s, err := st.str0(a[0])
		return stripTags(s), err
	})
	add("xmlattr", "d autospace?", xmlAttrFilter)
	add("tojson", "value indent?", toJSONFilter)
	add("urlencode", "value", urlEncodeFilter)
	add("urlize", "value trim_url_limit? nofollow? target? rel? extra_schemes?", urlizeFilter)
}

func xmlAttrFilter(st *state, a []any) (any, error) {
	if !isMapping(a[0]) {
		if err := defined(a[0]); err != nil {
			return nil, err
		}
		return nil, failf(kindAttribute, "'%s' object has no attribute 'items'", typeName(a[0]))
	}
	var items []string
	err := mapEach(a[0], func(k, v any) error {
		if _, missing := v.(*undefined); missing || v == nil {
			return nil
		}
		key, ok := textOf(k)
		if !ok {
			return typeErrorf("expected string or bytes-like object, got '%s'", typeName(k))
		}
		if strings.ContainsAny(key, " \t\n\r\f\v/>=") {
			return valueErrorf("Invalid character in attribute name: %s", strRepr(key))
		}
		s, err := st.strEscaped(v, true)
		items = append(items, escapeUnlessSafe(k)+`="`+s+`"`)
		return err
	})
	if err != nil {
		return nil, err
	}
	space, err := st.flag(a[1], true)
	s := strings.Join(items, " ")
	if space && s != "" {
		s = " " + s
	}
	return wrapText(s, st.autoescape), err
}

func toJSONFilter(st *state, a []any) (any, error) {
	j := jsonWriter{st: st, indent: -1, sorted: true}
	if v := or(a[1], nil); v != nil {
		if s, ok := textOf(v); ok {
			j.unit, j.indent = s, 0
		} else {
			n, err := index(v)
			if err != nil {
				return nil, err
			}
			if err := st.grow(max(n, 0)); err != nil {
				return nil, err
			}
			j.unit, j.indent = strings.Repeat(" ", max(n, 0)), 0
		}
	}
	if err := j.write(a[0]); err != nil {
		return nil, err
	}
	s := strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(j.b.String())
	return markup(s), st.grow(len(s))
}

const unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"

// urlQuote is Jinja2's url_quote; of a query, a slash is escaped and a blank
// is a plus.
func (st *state) urlQuote(v any, query bool) (string, error) {
	s, err := st.str0(v)
	if err != nil {
		return "", err
	}
	if b, ok := v.(rawText); ok {
		s = string(b)
	}
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case strings.IndexByte(unreserved, c) >= 0 || c == '/' && !query:
			b.WriteByte(c)
		case c == ' ' && query:
			b.WriteByte('+')
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String(), st.grow(b.Len())
}

func urlEncodeFilter(st *state, a []any) (any, error) {
	v := a[0]
	if _, isText := textOf(v); !isText {
		switch v := v.(type) {
		case *undefined:
			return "", v.firm()
		case []any, *list, tuple, *group, *rng, *view, *iter:
			return st.urlPairs(v)
		}
		if isMapping(v) {
			return st.urlPairs(&view{"dict_items", v})
		}
	}
	return st.urlQuote(v, false)
}

func (st *state) urlPairs(v any) (any, error) {
	var parts []string
	err := st.each(v, func(e any) error {
		pair, err := st.unpack(e, 2)
		if err != nil {
			return err
		}
		k, err := st.urlQuote(pair[0], true)
		if err != nil {
			return err
		}
		q, err := st.urlQuote(pair[1], true)
		parts = append(parts, k+"="+q)
		return err
	})
	return strings.Join(parts, "&"), err
}

var uriScheme = regexp.MustCompile(`^([\pL\pN_.+-]{2,}:(/){0,2})$`)

func urlizeFilter(st *state, a []any) (any, error) {
	s, err := st.strEscaped(a[0], true)
	if err != nil {
		return nil, err
	}
	u := urlizer{limit: -1}
	if v := or(a[1], nil); v != nil {
		if u.limit, err = index(v); err != nil {
			return nil, err
		}
	}
	nofollow, err := st.flag(a[2], false)
	if err != nil {
		return nil, err
	}
	rel := []string{"noopener"}
	if v := or(a[4], nil); v != nil {
		text, err := needText(v)
		if err != nil {
			return nil, err
		}
		rel = append(rel, strings.FieldsFunc(text, isSpace)...)
	}
	if nofollow {
		rel = append(rel, "nofollow")
	}
	slices.Sort(rel)
	u.attrs = ` rel="` + escapeHTML(strings.Join(slices.Compact(rel), " ")) + `"`
	if v := or(a[3], nil); v != nil {
		target, err := st.strEscaped(v, true)
		if err != nil {
			return nil, err
		}
		u.attrs += ` target="` + target + `"`
	}
	if v := or(a[5], nil); v != nil {
		if err := st.schemes(&u, v); err != nil {
			return nil, err
		}
	}
	out := u.run(s)
	return wrapText(out, st.autoescape), st.grow(len(out))
}

func (st *state) schemes(u *urlizer, v any) error {
	return st.each(v, func(e any) error {
		s, err := needText(e)
		if err != nil {
			return err
		}
		if !uriScheme.MatchString(s) {
			return failf(kindArgument, "%s is not a valid URI scheme prefix.", strRepr(s))
		}
		u.schemes = append(u.schemes, s)
		return nil
	})
}
