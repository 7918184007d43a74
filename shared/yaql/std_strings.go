package yaql

import (
	"fmt"
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func stringFunctions() []spec {
	const two = "left str, right str"
	out := []spec{
		{"#operator_<", function, two, func(_ *frame, a []any) (any, error) { return a[0].(string) < a[1].(string), nil }},
		{"#operator_<=", function, two, func(_ *frame, a []any) (any, error) { return a[0].(string) <= a[1].(string), nil }},
		{"#operator_>", function, two, func(_ *frame, a []any) (any, error) { return a[0].(string) > a[1].(string), nil }},
		{"#operator_>=", function, two, func(_ *frame, a []any) (any, error) { return a[0].(string) >= a[1].(string), nil }},
		{"#operator_in", function, two, func(_ *frame, a []any) (any, error) { return strings.Contains(a[1].(string), a[0].(string)), nil }},
		{"#operator_+", function, "*args str", concatStrings},
		{"concat", function, "*args str", concatStrings},
		{"#operator_*", function, "left str, right int", func(c *frame, a []any) (any, error) { return repeatString(c, a[0], a[1]) }},
		{"#operator_*", function, "left int, right str", func(c *frame, a []any) (any, error) { return repeatString(c, a[1], a[0]) }},
		{"len", extension, "string str", func(_ *frame, a []any) (any, error) { return int64(utf8.RuneCountInString(a[0].(string))), nil }},
		{"toUpper", method, "string str", func(c *frame, a []any) (any, error) {
			return c.st.str(cases.Upper(language.Und).String(a[0].(string)))
		}},
		{"toLower", method, "string str", func(c *frame, a []any) (any, error) {
			return c.st.str(cases.Lower(language.Und).String(a[0].(string)))
		}},
		{"split", method, "string str, separator str? = null, maxSplits int = -1", func(c *frame, a []any) (any, error) {
			return splitString(c, a[0].(string), a[1], clampInt(a[2]), false)
		}},
		{"rightSplit", method, "string str, separator str? = null, maxSplits int = -1", func(c *frame, a []any) (any, error) {
			return splitString(c, a[0].(string), a[1], clampInt(a[2]), true)
		}},
		{"join", method, "sequence iterable, separator str", func(c *frame, a []any) (any, error) { return joinStrings(c, a[0], a[1].(string)) }},
		{"join", method, "separator str, sequence iterable", func(c *frame, a []any) (any, error) { return joinStrings(c, a[1], a[0].(string)) }},
		{"str", function, "value any", func(c *frame, a []any) (any, error) {
			s, err := yaqlStr(a[0])
			if err != nil {
				return nil, err
			}
			return c.st.str(s)
		}},
		{"trim", method, "string str, chars str? = null", trimmer(true, true)},
		{"trimLeft", method, "string str, chars str? = null", trimmer(true, false)},
		{"trimRight", method, "string str, chars str? = null", trimmer(false, true)},
		{"norm", extension, "string str?, chars str? = null", func(_ *frame, a []any) (any, error) {
			if a[0] == nil {
				return nil, nil
			}
			if s := trim(a[0].(string), a[1], true, true); s != "" {
				return s, nil
			}
			return nil, nil
		}},
		{"isEmpty", extension, "string str?, trim bool = true, chars str? = null", func(_ *frame, a []any) (any, error) {
			s, _ := a[0].(string)
			if a[1].(bool) {
				s = trim(s, a[2], true, true)
			}
			return s == "", nil
		}},
		{"isString", function, "arg any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsStr), nil }},
		{"hex", function, "num number?", hex},
	}
	return append(out, substringFunctions()...)
}

func substringFunctions() []spec {
	return []spec{
		{"replace", method, "string str, old str, new str, count int = -1", func(c *frame, a []any) (any, error) {
			return replaceString(c, a[0].(string), a[1].(string), a[2].(string), clampInt(a[3]))
		}},
		{"replace", method, "string str, replacements mapping, count int = -1", replaceMany},
		{"substring", method, "string str, start int, length int = -1", substring},
		{"indexOf", method, "string str, sub str, start int = 0", func(_ *frame, a []any) (any, error) {
			return find(a[0].(string), a[1].(string), clampInt(a[2]), maxLen, strings.Index), nil
		}},
		{"indexOf", method, "string str, sub str, start int, length int", func(_ *frame, a []any) (any, error) {
			start, end := window(a)
			return find(a[0].(string), a[1].(string), start, end, strings.Index), nil
		}},
		{"lastIndexOf", method, "string str, sub str, start int = 0", func(_ *frame, a []any) (any, error) {
			return find(a[0].(string), a[1].(string), clampInt(a[2]), maxLen, strings.LastIndex), nil
		}},
		{"lastIndexOf", method, "string str, sub str, start int, length int", func(_ *frame, a []any) (any, error) {
			start, end := window(a)
			return find(a[0].(string), a[1].(string), start, end, strings.LastIndex), nil
		}},
		{"toCharArray", method, "string str", func(c *frame, a []any) (any, error) {
			items, err := c.st.collect(runesIter(a[0].(string)))
			if err != nil {
				return nil, err
			}
			return c.st.tuple(items)
		}},
		{"characters", function, "digits bool? = false, hexdigits bool? = false, asciiLowercase bool? = false, " +
			"asciiUppercase bool? = false, asciiLetters bool? = false, letters bool? = false, octdigits bool? = false, " +
			"punctuation bool? = false, printable bool? = false, lowercase bool? = false, uppercase bool? = false, " +
			"whitespace bool? = false", characters},
		{"startsWith", method, "string str, *prefixes str", func(_ *frame, a []any) (any, error) {
			for _, p := range a[1:] {
				if strings.HasPrefix(a[0].(string), p.(string)) {
					return true, nil
				}
			}
			return false, nil
		}},
		{"endsWith", method, "string str, *suffixes str", func(_ *frame, a []any) (any, error) {
			for _, p := range a[1:] {
				if strings.HasSuffix(a[0].(string), p.(string)) {
					return true, nil
				}
			}
			return false, nil
		}},
	}
}

const maxLen = 1 << 40 // more than any length

// clampInt brings an integer into a range where sums don't overflow.
func clampInt(v any) int {
	switch v := asNumber(v).(type) {
	case int64:
		return int(min(max(v, -maxLen), maxLen))
	case *big.Int:
		return v.Sign() * maxLen
	}
	return 0
}

func concatStrings(c *frame, a []any) (any, error) {
	var b strings.Builder
	for _, s := range a {
		if err := c.st.grow(len(s.(string))); err != nil {
			return nil, err
		}
		b.WriteString(s.(string))
	}
	return b.String(), nil
}

func repeatString(c *frame, s, n any) (any, error) {
	k := max(clampInt(n), 0)
	text := s.(string)
	if k > 0 && len(text) > maxLen/k {
		return nil, c.st.grow(-1)
	}
	if err := c.st.grow(len(text) * k); err != nil || text == "" {
		return "", err
	}
	return strings.Repeat(text, k), nil
}

// isSpace is Python's notion of a blank.
func isSpace(r rune) bool {
	return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f
}

func splitString(c *frame, s string, sep any, limit int, fromRight bool) (any, error) {
	var parts []string
	switch {
	case sep == nil && fromRight:
		parts = splitBlanksRight(s, limit)
	case sep == nil:
		parts = splitBlanks(s, limit)
	case sep == "":
		return nil, valueErrorf("empty separator")
	case fromRight:
		parts = splitRight(s, sep.(string), limit)
	case limit < 0:
		parts = strings.Split(s, sep.(string))
	default:
		parts = strings.SplitN(s, sep.(string), limit+1)
	}
	if err := c.st.grow(32 * len(parts)); err != nil {
		return nil, err
	}
	items := make([]any, len(parts))
	for i, p := range parts {
		items[i] = p
	}
	return &list{items}, nil
}

func splitRight(s, sep string, limit int) []string {
	var parts []string
	for limit != 0 {
		i := strings.LastIndex(s, sep)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(sep):])
		s = s[:i]
		limit--
	}
	return reversed(append(parts, s))
}

func reversed(parts []string) []string {
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

func splitBlanks(s string, limit int) []string {
	var parts []string
	for {
		if s = strings.TrimLeftFunc(s, isSpace); s == "" {
			return parts
		}
		i := strings.IndexFunc(s, isSpace)
		if i < 0 {
			return append(parts, s)
		}
		if limit == 0 {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = s[i:]
		limit--
	}
}

func splitBlanksRight(s string, limit int) []string {
	var parts []string
	for {
		if s = strings.TrimRightFunc(s, isSpace); s == "" {
			return reversed(parts)
		}
		i := strings.LastIndexFunc(s, isSpace)
		if i < 0 || limit == 0 {
			return reversed(append(parts, s))
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		parts = append(parts, s[i+size:])
		s = s[:i]
		limit--
	}
}

func joinStrings(c *frame, seq any, sep string) (any, error) {
	var b strings.Builder
	first := true
	err := c.st.each(seq, func(v any) error {
		s, err := c.st.invoke("str", c.outer(), noValue, []any{v}, nil)
		if err != nil {
			return err
		}
		text, ok := s.(string)
		if !ok {
			return typeErrorf("sequence item: expected str instance, %s found", typeName(s))
		}
		if !first {
			b.WriteString(sep)
		}
		first = false
		b.WriteString(text)
		return c.st.grow(len(sep) + len(text))
	})
	return b.String(), err
}

// yaqlStr is the function str(): null, true and false as YAQL writes them,
// all else as Python does.
func yaqlStr(v any) (string, error) {
	switch v {
	case nil:
		return "null", nil
	case true:
		return "true", nil
	case false:
		return "false", nil
	}
	return pyStr(v)
}

func trimmer(left, right bool) body {
	return func(_ *frame, a []any) (any, error) { return trim(a[0].(string), a[1], left, right), nil }
}

func trim(s string, chars any, left, right bool) string {
	cut := isSpace
	if set, ok := chars.(string); ok {
		cut = func(r rune) bool { return strings.ContainsRune(set, r) }
	}
	if left {
		s = strings.TrimLeftFunc(s, cut)
	}
	if right {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

func replaceString(c *frame, s, from, to string, count int) (any, error) {
	n := strings.Count(s, from)
	if count >= 0 {
		n = min(n, count)
	}
	if len(to) > 0 && n > maxLen/len(to) {
		return nil, c.st.grow(-1)
	}
	if err := c.st.grow(len(s) + n*len(to)); err != nil {
		return nil, err
	}
	return strings.Replace(s, from, to, count), nil
}

func replaceMany(c *frame, a []any) (any, error) {
	s := a[0]
	err := entries(a[1], func(k, v any) error {
		from, err := yaqlStr(k)
		if err != nil {
			return err
		}
		to, err := yaqlStr(v)
		if err != nil {
			return err
		}
		s, err = replaceString(c, s.(string), from, to, clampInt(a[2]))
		return err
	})
	return s, err
}

// slice is s[start:end] in characters, with Python's rules for negative and
// too big bounds.
func slice(s string, start, end int) (string, int) {
	n := utf8.RuneCountInString(s)
	bound := func(i int) int {
		if i < 0 {
			i += n
		}
		return min(max(i, 0), n)
	}
	start, end = bound(start), bound(end)
	if start >= end {
		return "", start
	}
	if n == len(s) {
		return s[start:end], start
	}
	from := byteIndex(s, start)
	return s[from : from+byteIndex(s[from:], end-start)], start
}

func byteIndex(s string, chars int) int {
	i := 0
	for ; chars > 0; chars-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i
}

func substring(_ *frame, a []any) (any, error) {
	s, start, length := a[0].(string), clampInt(a[1]), clampInt(a[2])
	n := utf8.RuneCountInString(s)
	if length < 0 {
		length = n
	}
	if start < 0 {
		start += n
	}
	out, _ := slice(s, start, start+length)
	return out, nil
}

// window turns a start and a length into bounds.
func window(a []any) (int, int) {
	n := utf8.RuneCountInString(a[0].(string))
	start, length := clampInt(a[2]), clampInt(a[3])
	if start < 0 {
		start += n
	}
	if length < 0 {
		length = n - start
	}
	return start, start + length
}

// find looks for sub in s[start:end] and gives its index in s, or -1.
func find(s, sub string, start, end int, search func(s, sub string) int) any {
	n := utf8.RuneCountInString(s)
	if start < 0 {
		start = max(start+n, 0)
	}
	if start > n {
		return int64(-1)
	}
	part, from := slice(s, start, end)
	if from < start || sub == "" && part == "" && boundOf(end, n) < start {
		return int64(-1)
	}
	i := search(part, sub)
	if i < 0 {
		return int64(-1)
	}
	return int64(from + utf8.RuneCountInString(part[:i]))
}

func boundOf(end, n int) int {
	if end < 0 {
		return max(end+n, 0)
	}
	return min(end, n)
}

const (
	lowercase   = "abcdefghijklmnopqrstuvwxyz"
	uppercase   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digitChars  = "0123456789"
	punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	whitespace  = " \t\n\r\v\f"
)

func characters(_ *frame, a []any) (any, error) {
	sets := [...]string{digitChars, digitChars + "abcdefABCDEF", lowercase, uppercase, lowercase + uppercase, "", "01234567",
		punctuation, digitChars + lowercase + uppercase + punctuation + whitespace, "", "", whitespace}
	var out []any
	seen := map[rune]bool{}
	for i, chars := range sets {
		if !truth(a[i]) {
			continue
		}
		if chars == "" {
			return nil, failf("AttributeError", "module 'string' has no such characters")
		}
		for _, r := range chars {
			if !seen[r] {
				seen[r] = true
				out = append(out, string(r))
			}
		}
	}
	return out, nil
}

func hex(_ *frame, a []any) (any, error) {
	if a[0] == nil || !isInt(a[0]) {
		return nil, typeErrorf("'%s' object cannot be interpreted as an integer", typeName(a[0]))
	}
	return fmt.Sprintf("%#x", bigOf(a[0])), nil
}
