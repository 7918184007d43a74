package yaql

import (
	"strconv"
	"strings"

	"github.com/dlclark/regexp2/v2"
)

func regexFunctions() []spec {
	matches := func(re, str int, want bool) body {
		return func(c *frame, a []any) (any, error) { return matchesAny(c, a[re], a[str].(string), want) }
	}
	return []spec{
		{"regex", function, "pattern str, ignoreCase bool? = false, multiLine bool? = false, dotAll bool? = false", compileRegex},
		{"matches", method, "regexp regex, string str", matches(0, 1, true)},
		{"matches", method, "string str, regexp str", matches(1, 0, true)},
		{"#operator_=~", function, "string str, regexp regex", matches(1, 0, true)},
		{"#operator_=~", function, "string str, pattern str", matches(1, 0, true)},
		{"#operator_!~", function, "string str, regexp regex", matches(1, 0, false)},
		{"#operator_!~", function, "string str, pattern str", matches(1, 0, false)},
		{"search", method, "regexp regex, string str, selector inscope = null", search},
		{"searchAll", method, "regexp regex, string str, selector inscope = null", searchAll},
		{"split", method, "regexp regex, string str, maxSplit int = 0", func(c *frame, a []any) (any, error) {
			return splitRegex(c, a[0].(*regex), a[1].(string), clampInt(a[2]))
		}},
		{"split", method, "string str, regexp regex, maxSplit int = 0", func(c *frame, a []any) (any, error) {
			return splitRegex(c, a[1].(*regex), a[0].(string), clampInt(a[2]))
		}},
		{"replace", method, "regexp regex, string str, repl str, count int = 0", func(c *frame, a []any) (any, error) {
			return replaceTemplate(c, a[0].(*regex), a[1].(string), a[2].(string), clampInt(a[3]))
		}},
		{"replace", method, "string str, regexp regex, repl str, count int = 0", func(c *frame, a []any) (any, error) {
			return replaceTemplate(c, a[1].(*regex), a[0].(string), a[2].(string), clampInt(a[3]))
		}},
		{"replaceBy", method, "regexp regex, string str, repl inscope, count int = 0", func(c *frame, a []any) (any, error) {
			return replaceBy(c, a[0].(*regex), a[1].(string), fnArg(a, 2), clampInt(a[3]))
		}},
		{"replaceBy", method, "string str, regexp regex, repl inscope, count int = 0", func(c *frame, a []any) (any, error) {
			return replaceBy(c, a[1].(*regex), a[0].(string), fnArg(a, 2), clampInt(a[3]))
		}},
		{"escapeRegex", function, "string str", func(c *frame, a []any) (any, error) { return c.st.str(escapePattern(a[0].(string))) }},
		{"isRegex", function, "value any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsRegex), nil }},
	}
}

func compileRegex(c *frame, a []any) (any, error) {
	var flags regexp2.RegexOptions
	for i, f := range []regexp2.RegexOptions{regexp2.IgnoreCase, regexp2.Multiline, regexp2.Singleline} {
		if truth(a[i+1]) {
			flags |= f
		}
	}
	return c.st.regex(a[0].(string), flags)
}

func matchesAny(c *frame, re any, s string, want bool) (any, error) {
	r, ok := re.(*regex)
	if !ok {
		var err error
		if r, err = c.st.regex(re.(string), 0); err != nil {
			return nil, err
		}
	}
	m, err := r.re.MatchString(s)
	if err != nil {
		return nil, failf("TimeoutError", "the regular expression took too long")
	}
	return m == want, nil
}

// found is one match: bounds in characters of the whole and of each group,
// negative where a group took no part.
type found struct {
	text  []rune
	spans [][2]int
}

func (f *found) group(i int) any {
	s := f.spans[i]
	if s[0] < 0 {
		return nil
	}
	return string(f.text[s[0]:s[1]])
}

// finder goes from match to match.
func (r *regex) finder(st *state, s string) func() (*found, error) {
	text := []rune(s)
	var m *regexp2.Match
	started := false
	return func() (*found, error) {
		if err := st.step(); err != nil {
			return nil, err
		}
		var err error
		if !started {
			started = true
			m, err = r.re.FindRunesMatch(text)
		} else {
			m, err = r.re.FindNextMatch(m)
		}
		if err != nil {
			return nil, failf("TimeoutError", "the regular expression took too long")
		}
		if m == nil {
			return nil, nil
		}
		f := &found{text: text, spans: make([][2]int, r.groups+1)}
		for i := range f.spans {
			f.spans[i] = [2]int{-1, -1}
			if g := m.GroupByNumber(i); g != nil && len(g.Captures) > 0 {
				f.spans[i] = [2]int{g.RuneIndex, g.RuneIndex + g.RuneLength}
			}
		}
		return f, nil
	}
}

// publish makes the match visible as $ (or $1), its groups as $2 and so on,
// and named groups by their names.
func (r *regex) publish(sc *scope, f *found) {
	rec := func(i int) any {
		d := newDict(false)
		_ = d.set("value", f.group(i)) // strings always have a hash
		_ = d.set("start", int64(f.spans[i][0]))
		_ = d.set("end", int64(f.spans[i][1]))
		return d
	}
	for i := range f.spans {
		sc.set(strconv.Itoa(i+1), rec(i))
	}
	for name, i := range r.names {
		sc.set(name, rec(i))
	}
}

func search(c *frame, a []any) (any, error) {
	r := a[0].(*regex)
	f, err := r.finder(c.st, a[1].(string))()
	if err != nil || f == nil {
		return nil, err
	}
	return r.selected(c, f, fnArg(a, 2))
}

func (r *regex) selected(c *frame, f *found, l *lambda) (any, error) {
	if l == nil {
		return f.group(0), nil
	}
	sc := c.scope().child()
	r.publish(sc, f)
	return l.in(sc)
}

func searchAll(c *frame, a []any) (any, error) {
	r := a[0].(*regex)
	next := r.finder(c.st, a[1].(string))
	return newIter(func() (any, bool, error) {
		f, err := next()
		if err != nil || f == nil {
			return nil, false, err
		}
		v, err := r.selected(c, f, fnArg(a, 2))
		return v, true, err
	}), nil
}

func splitRegex(c *frame, r *regex, s string, limit int) (any, error) {
	text := []rune(s)
	next := r.finder(c.st, s)
	var items []any
	pos := 0
	for n := 0; limit == 0 || n < limit; n++ {
		f, err := next()
		if err != nil {
			return nil, err
		}
		if f == nil {
			break
		}
		items = append(items, string(text[pos:f.spans[0][0]]))
		for i := 1; i < len(f.spans); i++ {
			items = append(items, f.group(i))
		}
		pos = f.spans[0][1]
		if err := c.st.grow(32 * len(f.spans)); err != nil {
			return nil, err
		}
	}
	return &list{append(items, string(text[pos:]))}, nil
}

// replaceAll replaces count matches, or all, by what f gives for them.
func replaceAll(c *frame, r *regex, s string, count int, f func(m *found) (string, error)) (any, error) {
	text := []rune(s)
	next := r.finder(c.st, s)
	var b strings.Builder
	pos := 0
	for n := 0; count == 0 || n < count; n++ {
		m, err := next()
		if err != nil {
			return nil, err
		}
		if m == nil {
			break
		}
		repl, err := f(m)
		if err != nil {
			return nil, err
		}
		b.WriteString(string(text[pos:m.spans[0][0]]))
		b.WriteString(repl)
		pos = m.spans[0][1]
		if err := c.st.grow(len(repl)); err != nil {
			return nil, err
		}
	}
	b.WriteString(string(text[pos:]))
	return c.st.str(b.String())
}

func replaceBy(c *frame, r *regex, s string, l *lambda, count int) (any, error) {
	return replaceAll(c, r, s, count, func(m *found) (string, error) {
		v, err := r.selected(c, m, l)
		if err != nil {
			return "", err
		}
		text, ok := v.(string)
		if !ok && v != nil {
			return "", typeErrorf("expected str instance, %s found", typeName(v))
		}
		return text, nil
	})
}

func replaceTemplate(c *frame, r *regex, s, template string, count int) (any, error) {
	parts, err := r.template(template)
	if err != nil {
		return nil, err
	}
	return replaceAll(c, r, s, count, func(m *found) (string, error) {
		var b strings.Builder
		for _, p := range parts {
			if p.group < 0 {
				b.WriteString(p.text)
			} else if t, ok := m.group(p.group).(string); ok {
				b.WriteString(t)
			}
		}
		return b.String(), nil
	})
}

// templatePart is text, or a group if that is not negative.
type templatePart struct {
	text  string
	group int
}

// template reads a replacement: \1 and \g<name> are groups.
func (r *regex) template(s string) ([]templatePart, error) {
	var parts []templatePart
	text := func(t string) { parts = append(parts, templatePart{t, -1}) }
	for s != "" {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			text(s)
			break
		}
		text(s[:i])
		s = s[i+1:]
		if s == "" {
			return nil, reErrorf("bad escape (end of pattern)")
		}
		group, n, err := r.reference(s)
		if err != nil {
			return nil, err
		}
		switch {
		case n > 0 && group >= 0:
			parts = append(parts, templatePart{"", group})
		case n > 0: // octal, negated
			text(string(rune(-group - 1)))
		default:
			n = 1
			switch c := s[0]; {
			case strings.IndexByte("abfnrtv", c) >= 0 || c == '\\':
				e, _, _ := escape(s)
				text(string(e))
			case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
				return nil, reErrorf("bad escape \\%c", c)
			default:
				text("\\" + s[:1])
			}
		}
		s = s[n:]
	}
	return parts, nil
}

// reference reads what follows a backslash as a group's number or name: the
// group, or -1-c for the octal number of a character, and its length.
func (r *regex) reference(s string) (int, int, error) {
	if strings.HasPrefix(s, "g") {
		end := strings.IndexByte(s, '>')
		if !strings.HasPrefix(s, "g<") || end < 3 {
			return 0, 0, reErrorf("missing group name")
		}
		id := s[2:end]
		n, err := strconv.Atoi(id)
		if err != nil {
			var ok bool
			if n, ok = r.names[id]; !ok {
				return 0, 0, failf(kindIndex, "unknown group name %s", Repr(id))
			}
		}
		if n < 0 || n > r.groups {
			return 0, 0, reErrorf("invalid group reference %d", n)
		}
		return n, end + 1, nil
	}
	digits := 0
	for digits < 3 && digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
		digits++
	}
	if digits == 0 {
		return 0, 0, nil
	}
	octal := 0
	for octal < digits && s[octal] <= '7' {
		octal++
	}
	if s[0] == '0' || octal == 3 {
		if s[0] == '0' {
			octal = min(octal, 3)
		}
		v, _ := strconv.ParseUint(s[:octal], 8, 16)
		if v > 0o377 {
			return 0, 0, reErrorf("octal escape value \\%s outside of range 0-0o377", s[:octal])
		}
		return -1 - int(v), octal, nil
	}
	digits = min(digits, 2)
	n, _ := strconv.Atoi(s[:digits])
	if n > r.groups {
		return 0, 0, reErrorf("invalid group reference %d", n)
	}
	return n, digits, nil
}

// escapePattern is re.escape.
func escapePattern(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
