package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The methods of strings. Those of markup give markup again, as markupsafe's
// do, and escape what they are given.

type strFunc func(st *state, s string, a []any) (any, error)

// stringMethod makes a method; results of a markup's method are markup if
// safe is set.
func stringMethod(name, spec string, safe bool, f strFunc) builtin {
	return fn(name, "self "+spec, func(st *state, a []any) (any, error) {
		s, _ := textOf(a[0])
		v, err := f(st, s, a[1:])
		if err == nil {
			if text, ok := v.(string); ok {
				err = st.grow(len(text))
			}
		}
		if err == nil && safe && isMarkup(a[0]) {
			v = asMarkup(v)
		}
		return v, err
	})
}

func asMarkup(v any) any {
	switch v := v.(type) {
	case string:
		return markup(v)
	case *list:
		for i := range v.items {
			v.items[i] = asMarkup(v.items[i])
		}
	case tuple:
		for i := range v {
			v[i] = asMarkup(v[i])
		}
	}
	return v
}

func makeStringMethods() map[string]builtin {
	t := map[string]builtin{}
	plain := func(name string, f func(s string) any) {
		t[name] = stringMethod(name, "/", true, func(_ *state, s string, _ []any) (any, error) { return f(s), nil })
	}
	addCases(plain)
	addClasses(plain)
	addSplits(t)
	addSearches(t)
	addPadding(t)
	addOther(t)
	return t
}

func addCases(plain func(string, func(string) any)) {
	plain("upper", func(s string) any { return upper(s) })
	plain("lower", func(s string) any { return lower(s) })
	plain("capitalize", func(s string) any { return capitalize(s) })
	plain("title", func(s string) any { return titleCase(s) })
	plain("swapcase", func(s string) any {
		var b strings.Builder
		for _, r := range s {
			if unicode.IsUpper(r) {
				b.WriteString(lower(string(r)))
			} else {
				b.WriteString(upper(string(r)))
			}
		}
		return b.String()
	})
	plain("casefold", func(s string) any { return casefold(s) })
}

func addClasses(plain func(string, func(string) any)) {
	all := func(f func(r rune) bool) func(string) any {
		return func(s string) any { return s != "" && strings.IndexFunc(s, func(r rune) bool { return !f(r) }) < 0 }
	}
	plain("isalpha", all(isAlpha))
	plain("isalnum", all(isAlnum))
	plain("isdecimal", all(isDecimal))
	plain("isdigit", all(isDigitRune))
	plain("isnumeric", all(isNumericRune))
	plain("isspace", all(isSpace))
	plain("isprintable", func(s string) any {
		return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	})
	plain("isascii", func(s string) any { return isASCII(s) })
	plain("isidentifier", func(s string) any { return isIdentifier(s) })
	plain("islower", func(s string) any { return isLower(s) })
	plain("isupper", func(s string) any { return isUpper(s) })
	plain("istitle", func(s string) any { return isTitle(s) })
	plain("striptags", func(s string) any { return stripTags(s) })
}

func addSplits(t map[string]builtin) {
	strip := func(name string, left, right bool) {
		t[name] = stringMethod(name, "/ chars?", true, func(_ *state, s string, a []any) (any, error) {
			chars := or(a[0], nil)
			if chars == nil {
				return trim(s, isSpace, left, right), nil
			}
			set, ok := textOf(chars)
			if !ok {
				return nil, typeErrorf("%s arg must be None or str", name)
			}
			return trim(s, func(r rune) bool { return strings.ContainsRune(set, r) }, left, right), nil
		})
	}
	strip("strip", true, true)
	strip("lstrip", true, false)
	strip("rstrip", false, true)
	t["split"] = stringMethod("split", "sep? maxsplit?", true, func(st *state, s string, a []any) (any, error) { return st.split(s, a, false) })
	t["rsplit"] = stringMethod("rsplit", "sep? maxsplit?", true, func(st *state, s string, a []any) (any, error) { return st.split(s, a, true) })
	t["splitlines"] = stringMethod("splitlines", "keepends?", true, func(st *state, s string, a []any) (any, error) {
		keep, err := st.flag(a[0], false)
		if err != nil {
			return nil, err
		}
		return &list{texts(splitLines(s, keep))}, nil
	})
	partition := func(name string, find func(s, sep string) int, last bool) {
		t[name] = stringMethod(name, "/ sep", true, func(_ *state, s string, a []any) (any, error) {
			sep, err := needText(a[0])
			if err != nil {
				return nil, err
			}
			if sep == "" {
				return nil, valueErrorf("empty separator")
			}
			i := find(s, sep)
			switch {
			case i >= 0:
				return tuple{s[:i], sep, s[i+len(sep):]}, nil
			case last:
				return tuple{"", "", s}, nil
			}
			return tuple{s, "", ""}, nil
		})
	}
	partition("partition", strings.Index, false)
	partition("rpartition", strings.LastIndex, true)
	t["join"] = fn("join", "/ self iterable", func(st *state, a []any) (any, error) { return st.join(a[0], a[1]) })
}

func trim(s string, f func(r rune) bool, left, right bool) string {
	if left {
		s = strings.TrimLeftFunc(s, f)
	}
	if right {
		s = strings.TrimRightFunc(s, f)
	}
	return s
}

func (st *state) split(s string, a []any, fromRight bool) (any, error) {
	most, err := indexOr(a[1], -1)
	if err != nil {
		return nil, err
	}
	if err := st.grow(16 * (len(s) + 1)); err != nil {
		return nil, err
	}
	if or(a[0], nil) == nil {
		return &list{texts(splitBlanks(s, most, fromRight))}, nil
	}
	sep, err := needText(a[0])
	if err != nil {
		return nil, err
	}
	if sep == "" {
		return nil, valueErrorf("empty separator")
	}
	if !fromRight || most < 0 {
		n := -1
		if most >= 0 {
			n = most + 1
		}
		return &list{texts(strings.SplitN(s, sep, n))}, nil
	}
	var parts []string
	for ; most > 0; most-- {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
	}
	return &list{texts(reversed(append(parts, s)))}, nil
}

func reversed(parts []string) []string {
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

func splitBlanks(s string, most int, fromRight bool) []string {
	if most < 0 {
		return strings.FieldsFunc(s, isSpace)
	}
	parts := []string{}
	for {
		s = trim(s, isSpace, !fromRight, fromRight)
		if s == "" {
			break
		}
		var i int
		if fromRight {
			i = strings.LastIndexFunc(s, isSpace)
		} else {
			i = strings.IndexFunc(s, isSpace)
		}
		if i < 0 || most == 0 {
			parts = append(parts, trim(s, isSpace, !fromRight, fromRight))
			break
		}
		most--
		if fromRight {
			_, n := utf8.DecodeRuneInString(s[i:])
			parts = append(parts, s[i+n:])
			s = s[:i]
		} else {
			parts = append(parts, s[:i])
			s = s[i:]
		}
	}
	if fromRight {
		return reversed(parts)
	}
	return parts
}

// splitLines is str.splitlines().
func splitLines(s string, keep bool) []string {
	lines := []string{}
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool {
			return r >= 0x0a && r <= 0x0d || r >= 0x1c && r <= 0x1e || r == 0x85 || r == 0x2028 || r == 0x2029
		})
		if i < 0 {
			return append(lines, s)
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		if strings.HasPrefix(s[i:], "\r\n") {
			n = 2
		}
		if keep {
			lines = append(lines, s[:i+n])
		} else {
			lines = append(lines, s[:i])
		}
		s = s[i+n:]
	}
	return lines
}

// join is sep.join(iterable).
func (st *state) join(sep, of any) (any, error) {
	d, _ := textOf(sep)
	safe := isMarkup(sep)
	var b strings.Builder
	i := 0
	err := st.each(of, func(e any) error {
		if i > 0 {
			b.WriteString(d)
		}
		i++
		s, ok := textOf(e)
		if !ok && safe {
			var err error
			if s, err = st.strEscaped(e, true); err != nil {
				return err
			}
		} else if !ok {
			return typeErrorf("sequence item %d: expected str instance, %s found", i-1, typeName(e))
		} else if safe {
			s = escapeUnlessSafe(e)
		}
		if err := st.grow(len(s) + len(d)); err != nil {
			return err
		}
		b.WriteString(s)
		return nil
	})
	if isKind(err, kindType) && i == 0 {
		err = typeErrorf("can only join an iterable")
	}
	return wrapText(b.String(), safe), err
}
