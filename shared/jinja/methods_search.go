package jinja

import (
	"strings"
	"unicode/utf8"
)

func addSearches(t map[string]builtin) {
	find := func(name string, search func(s, sub string) int, must bool) {
		t[name] = stringMethod(name, "/ sub start? end?", false, func(_ *state, s string, a []any) (any, error) {
			sub, part, from, err := searched(s, a)
			if err != nil {
				return nil, err
			}
			i := -1
			if from >= 0 {
				i = search(part, sub)
			}
			if i >= 0 {
				return int64(from + runeLen(part[:i])), nil
			}
			if must {
				return nil, valueErrorf("substring not found")
			}
			return int64(-1), nil
		})
	}
	find("find", strings.Index, false)
	find("index", strings.Index, true)
	find("rfind", strings.LastIndex, false)
	find("rindex", strings.LastIndex, true)
	t["count"] = stringMethod("count", "/ sub start? end?", false, func(_ *state, s string, a []any) (any, error) {
		sub, part, from, err := searched(s, a)
		if err != nil || from < 0 {
			return int64(0), err
		}
		return int64(strings.Count(part, sub)), nil
	})
	addAffixes(t)
}

func addAffixes(t map[string]builtin) {
	affix := func(name string, has func(s, affix string) bool) {
		t[name] = stringMethod(name, "/ affix start? end?", false, func(_ *state, s string, a []any) (any, error) {
			affixes, isTuple := a[0].(tuple)
			if !isTuple {
				affixes = tuple{a[0]}
			}
			for _, e := range affixes {
				if _, ok := textOf(e); !ok {
					if err := defined(e); err != nil {
						return nil, err
					}
					if isTuple {
						return nil, typeErrorf("tuple for %s must only contain str, not %s", name, typeName(e))
					}
					return nil, typeErrorf("%s first arg must be str or a tuple of str, not %s", name, typeName(e))
				}
				sub, part, from, err := searched(s, append([]any{e}, a[1:]...))
				if err != nil {
					return nil, err
				}
				if from >= 0 && has(part, sub) {
					return true, nil
				}
			}
			return false, nil
		})
	}
	affix("startswith", strings.HasPrefix)
	affix("endswith", strings.HasSuffix)
	remove := func(name string, cut func(s, affix string) string) {
		t[name] = stringMethod(name, "/ affix", true, func(_ *state, s string, a []any) (any, error) {
			affix, err := needText(a[0])
			return cut(s, affix), err
		})
	}
	remove("removeprefix", strings.TrimPrefix)
	remove("removesuffix", strings.TrimSuffix)
}

// searched gives what to look for, the part of s between start and end, and
// where it begins, negative if start is behind the string's end.
func searched(s string, a []any) (sub, part string, from int, err error) {
	if sub, err = needText(a[0]); err != nil {
		return "", "", 0, err
	}
	if isAbsent(a[1]) && isAbsent(a[2]) {
		return sub, s, 0, nil
	}
	n := runeLen(s)
	if start, ok := integer(or(a[1], nil)); ok && start.IsInt64() && start.Int64() > int64(n) {
		return sub, "", -1, nil
	}
	from, to, err := span(a[1], a[2], n)
	if err != nil {
		return "", "", 0, err
	}
	if from > to {
		return sub, "", -1, nil
	}
	return sub, substr(s, from, to), from, nil
}

func addPadding(t map[string]builtin) {
	pad := func(name string, left func(fill, width int) int) {
		t[name] = stringMethod(name, "/ width fill?", true, func(st *state, s string, a []any) (any, error) {
			width, err := index(a[0])
			if err != nil {
				return nil, err
			}
			fill := " "
			if f := or(a[1], nil); f != nil {
				if fill, err = needText(f); err != nil {
					return nil, err
				}
				if runeLen(fill) != 1 {
					return nil, typeErrorf("The fill character must be exactly one character long")
				}
			}
			return st.pad(s, width, fill, left)
		})
	}
	pad("center", centerLeft)
	pad("ljust", func(int, int) int { return 0 })
	pad("rjust", func(fill, _ int) int { return fill })
	t["zfill"] = stringMethod("zfill", "/ width", true, func(st *state, s string, a []any) (any, error) {
		width, err := index(a[0])
		if err != nil {
			return nil, err
		}
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		v, err := st.pad(s, width-len(sign), "0", func(fill, _ int) int { return fill })
		if err != nil {
			return nil, err
		}
		return sign + v.(string), nil
	})
}

// centerLeft is how many of fill characters str.center() puts to the left.
func centerLeft(fill, width int) int { return fill/2 + fill&width&1 }

func (st *state) pad(s string, width int, fill string, left func(fill, width int) int) (any, error) {
	n := width - runeLen(s)
	if n <= 0 {
		return s, nil
	}
	if n > st.limits.Memory {
		return nil, &TooLarge{st.limits.Memory}
	}
	if err := st.grow(n * len(fill)); err != nil {
		return nil, err
	}
	l := left(n, width)
	return strings.Repeat(fill, l) + s + strings.Repeat(fill, n-l), nil
}

func addOther(t map[string]builtin) {
	t["replace"] = fn("replace", "/ self old new count?", func(st *state, a []any) (any, error) {
		count, err := indexOr(a[3], -1)
		if err != nil {
			return nil, err
		}
		s, _ := textOf(a[0])
		old, err := needText(a[1])
		if err != nil {
			return nil, argumentError("replace", 1, err)
		}
		var with string
		if isMarkup(a[0]) {
			with, err = st.strEscaped(a[2], true)
		} else {
			with, err = needText(a[2])
		}
		if err != nil {
			return nil, argumentError("replace", 2, err)
		}
		out, err := st.replace(s, old, with, count)
		return wrapText(out, isMarkup(a[0])), err
	})
	t["expandtabs"] = stringMethod("expandtabs", "tabsize?", true, func(st *state, s string, a []any) (any, error) {
		size, err := indexOr(a[0], 8)
		if err != nil {
			return nil, err
		}
		return st.expandTabs(s, size)
	})
	t["encode"] = stringMethod("encode", "encoding? errors?", false, func(_ *state, s string, a []any) (any, error) {
		name, err := needText(or(a[0], "utf-8"))
		if err != nil {
			return nil, err
		}
		return encode(s, name)
	})
	t["translate"] = stringMethod("translate", "/ table", true, translate)
	t["format"] = func(st *state, args []any, kwargs []kwarg) (any, error) {
		d := newDict(len(kwargs))
		for _, kw := range kwargs {
			_ = d.set(kw.name, kw.val)
		}
		return st.format(args[0], args[1:], d)
	}
	t["format_map"] = func(st *state, args []any, kwargs []kwarg) (any, error) {
		if len(kwargs) > 0 {
			return nil, typeErrorf("format_map() takes no keyword arguments")
		}
		if len(args) != 2 {
			return nil, typeErrorf("format_map() takes exactly one argument (%d given)", len(args)-1)
		}
		return st.format(args[0], nil, args[1])
	}
	t["unescape"] = stringMethod("unescape", "/", false, func(_ *state, s string, _ []any) (any, error) { return unescapeHTML(s), nil })
}

// argumentError says which argument is wrong.
func argumentError(name string, n int, err error) error {
	if !isKind(err, kindType) {
		return err
	}
	return typeErrorf("%s() argument %d %s", name, n, err)
}

// replace is str.replace() with a bound on what comes out.
func (st *state) replace(s, old, with string, count int) (string, error) {
	n := strings.Count(s, old)
	if count >= 0 {
		n = min(n, count)
	}
	if len(with) > 0 && n > st.limits.Memory/len(with) {
		return "", &TooLarge{st.limits.Memory}
	}
	if err := st.grow(len(s) + n*len(with)); err != nil {
		return "", err
	}
	return strings.Replace(s, old, with, n), nil
}

func (st *state) expandTabs(s string, size int) (any, error) {
	var b strings.Builder
	col := 0
	for _, r := range s {
		switch {
		case r == '\t' && size > 0:
			n := size - col%size
			if err := st.grow(n); err != nil {
				return nil, err
			}
			b.WriteString(strings.Repeat(" ", n))
			col += n
		case r == '\t':
		default:
			b.WriteRune(r)
			if col++; r == '\n' || r == '\r' {
				col = 0
			}
		}
	}
	return b.String(), nil
}

func encode(s, name string) (any, error) {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "utf-8", "utf8":
		return rawText(s), nil
	case "ascii", "us-ascii":
		for i, r := range s {
			if r >= utf8.RuneSelf {
				return nil, failf("UnicodeEncodeError", "'ascii' codec can't encode character '%s' in position %d: ordinal not in range(128)", asciiEscape(r), runeLen(s[:i]))
			}
		}
		return rawText(s), nil
	case "latin-1", "latin1", "iso-8859-1":
		out := make([]byte, 0, len(s))
		for i, r := range s {
			if r > 0xff {
				return nil, failf("UnicodeEncodeError", "'latin-1' codec can't encode character '%s' in position %d: ordinal not in range(256)", asciiEscape(r), runeLen(s[:i]))
			}
			out = append(out, byte(r))
		}
		return rawText(out), nil
	}
	return nil, failf("LookupError", "unknown encoding: %s", name)
}

func translate(st *state, s string, a []any) (any, error) {
	if !isMapping(a[0]) {
		return nil, typeErrorf("'%s' object is not subscriptable", typeName(a[0]))
	}
	var b strings.Builder
	for _, r := range s {
		v, ok, err := mapGet(a[0], int64(r))
		if err != nil {
			return nil, err
		}
		to, isText := textOf(v)
		code, isInt := integer(v)
		switch {
		case !ok:
			b.WriteRune(r)
		case v == nil:
		case isText:
			if err := st.grow(len(to)); err != nil {
				return nil, err
			}
			b.WriteString(to)
		case isInt && code.IsInt64() && code.Int64() >= 0 && code.Int64() <= utf8.MaxRune:
			b.WriteRune(rune(code.Int64()))
		case isInt:
			return nil, valueErrorf("character mapping must be in range(0x110000)")
		default:
			return nil, typeErrorf("character mapping must return integer, None or str")
		}
	}
	return b.String(), nil
}
