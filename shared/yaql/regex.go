package yaql

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2/v2"
)

// regex is a compiled regular expression of Python's kind. The engine
// backtracks, as Python's does, but for no longer than matchTimeout.
type regex struct {
	re     *regexp2.Regexp
	src    string
	flags  regexp2.RegexOptions
	groups int            // number of capturing groups
	names  map[string]int // of groups
}

const (
	matchTimeout = 2 * time.Second
	maxPattern   = 10_000
)

func (r *regex) same(o *regex) bool { return r.src == o.src && r.flags == o.flags }

// regex compiles a pattern, once per evaluation.
func (st *state) regex(src string, flags regexp2.RegexOptions) (*regex, error) {
	key := regexKey{src, flags}
	if r, ok := st.regexes[key]; ok {
		return r, nil
	}
	if len(src) > maxPattern {
		return nil, failf("re.error", "pattern longer than %d bytes", maxPattern)
	}
	t := patternTranslator{src: src, names: map[string]int{}}
	pattern, err := t.translate()
	if err != nil {
		return nil, err
	}
	re, err := regexp2.Compile(pattern, flags|t.flags)
	if err != nil {
		return nil, failf("re.error", "%s", err)
	}
	re.MatchTimeout = matchTimeout
	r := &regex{re: re, src: src, flags: flags, groups: t.groups, names: t.names}
	if st.regexes == nil {
		st.regexes = map[regexKey]*regex{}
	}
	st.regexes[key] = r
	return r, nil
}

type regexKey struct {
	src   string
	flags regexp2.RegexOptions
}

// patternTranslator rewrites a pattern of Python's re for the engine: all
// groups get their number as name, since the engine numbers named ones last.
type patternTranslator struct {
	src    string
	pos    int
	out    strings.Builder
	groups int
	names  map[string]int
	refs   []int
	flags  regexp2.RegexOptions
}

func reErrorf(format string, args ...any) error { return failf("re.error", format, args...) }

func (t *patternTranslator) translate() (string, error) {
	for t.pos < len(t.src) {
		var err error
		switch c := t.src[t.pos]; c {
		case '\\':
			err = t.escape(false)
		case '[':
			err = t.class()
		case '(':
			err = t.group()
		case '{':
			t.brace()
		case '*', '+', '?', '}':
			t.out.WriteByte(c)
			t.pos++
			if t.pos < len(t.src) && t.src[t.pos] == '+' && c != '}' {
				return "", reErrorf("possessive quantifiers are not supported")
			}
		default:
			t.out.WriteByte(c)
			t.pos++
		}
		if err != nil {
			return "", err
		}
	}
	for _, n := range t.refs {
		if n > t.groups {
			return "", reErrorf("invalid group reference %d", n)
		}
	}
	return t.out.String(), nil
}

// brace copies a brace; {,n} is {0,n} to Python.
func (t *patternTranslator) brace() {
	t.out.WriteByte('{')
	t.pos++
	rest := t.src[t.pos:]
	if end := strings.IndexByte(rest, '}'); end > 1 && rest[0] == ',' && strings.Trim(rest[1:end], "0123456789") == "" {
		t.out.WriteByte('0')
	}
}

func (t *patternTranslator) escape(inClass bool) error {
	if t.pos+1 == len(t.src) {
		return reErrorf("bad escape (end of pattern)")
	}
	c := t.src[t.pos+1]
	t.pos += 2
	switch {
	case c == 'Z' && !inClass:
		t.out.WriteString(`\z`)
	case c == 'w' && inClass:
		t.out.WriteString(`\p{L}\p{N}_`)
	case c == 'w':
		t.out.WriteString(`[\p{L}\p{N}_]`)
	case c == 'W' && !inClass:
		t.out.WriteString(`[^\p{L}\p{N}_]`)
	case c == 'U':
		return t.longEscape()
	case c >= '0' && c <= '9':
		return t.digits(inClass)
	case c == 'A' || c == 'B' || c == 'Z' || c == 'W' || strings.IndexByte("abdDfnrsStuvxb", c) >= 0:
		if inClass && (c == 'A' || c == 'B' || c == 'Z') {
			return reErrorf("bad escape \\%c", c)
		}
		t.out.WriteByte('\\')
		t.out.WriteByte(c)
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
		return reErrorf("bad escape \\%c", c)
	default:
		t.out.WriteByte('\\')
		t.out.WriteByte(c)
	}
	return nil
}

func (t *patternTranslator) longEscape() error {
	if len(t.src) < t.pos+8 {
		return reErrorf("incomplete escape \\U")
	}
	v, err := strconv.ParseUint(t.src[t.pos:t.pos+8], 16, 32)
	if err != nil || v > utf8.MaxRune {
		return reErrorf("bad escape \\U%s", t.src[t.pos:t.pos+8])
	}
	t.pos += 8
	if v < utf8.RuneSelf {
		t.out.WriteByte('\\')
	}
	t.out.WriteRune(rune(v))
	return nil
}

// digits translates \0, \012 (octal) and \1 (a group).
func (t *patternTranslator) digits(inClass bool) error {
	start := t.pos - 1
	n := 1
	for n < 3 && start+n < len(t.src) && t.src[start+n] >= '0' && t.src[start+n] <= '7' {
		n++
	}
	text := t.src[start : start+n]
	if text[0] == '0' || n == 3 || inClass {
		v, err := strconv.ParseUint(text, 8, 16)
		if err != nil || v > 0o377 {
			return reErrorf("bad octal escape \\%s", text)
		}
		t.pos = start + n
		t.out.WriteString(`\x` + strconv.FormatUint(0x100+v, 16)[1:])
		return nil
	}
	n = 1
	if start+1 < len(t.src) && t.src[start+1] >= '0' && t.src[start+1] <= '9' {
		n = 2
	}
	t.pos = start + n
	ref, _ := strconv.Atoi(t.src[start:t.pos])
	t.refs = append(t.refs, ref)
	t.out.WriteString(`\k<` + strconv.Itoa(ref) + `>`)
	return nil
}

func (t *patternTranslator) class() error {
	t.out.WriteByte('[')
	t.pos++
	for first := true; ; first = false {
		if t.pos == len(t.src) {
			return reErrorf("unterminated character set")
		}
		switch c := t.src[t.pos]; {
		case c == '^' && first:
			t.out.WriteByte(c)
			t.pos++
			if strings.HasPrefix(t.src[t.pos:], "]") {
				t.out.WriteString(`\]`)
				t.pos++
			}
		case c == ']' && first:
			t.out.WriteString(`\]`)
			t.pos++
		case c == ']':
			t.out.WriteByte(c)
			t.pos++
			return nil
		case c == '[':
			t.out.WriteString(`\[`)
			t.pos++
		case c == '\\':
			if err := t.escape(true); err != nil {
				return err
			}
		default:
			t.out.WriteByte(c)
			t.pos++
		}
	}
}

func (t *patternTranslator) open() {
	t.groups++
	t.out.WriteString("(?<" + strconv.Itoa(t.groups) + ">")
}

func (t *patternTranslator) group() error {
	rest := t.src[t.pos:]
	for _, same := range []string{"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"} {
		if strings.HasPrefix(rest, same) {
			t.out.WriteString(same)
			t.pos += len(same)
			return nil
		}
	}
	switch {
	case !strings.HasPrefix(rest, "(?"):
		t.pos++
		t.open()
		return nil
	case strings.HasPrefix(rest, "(?P<"):
		name, err := t.name(4, '>')
		if err != nil {
			return err
		}
		if _, ok := t.names[name]; ok {
			return reErrorf("redefinition of group name %s", Repr(name))
		}
		t.open()
		t.names[name] = t.groups
		return nil
	case strings.HasPrefix(rest, "(?P="):
		name, err := t.name(4, ')')
		if err != nil {
			return err
		}
		n, ok := t.names[name]
		if !ok {
			return reErrorf("unknown group name %s", Repr(name))
		}
		t.out.WriteString(`\k<` + strconv.Itoa(n) + `>`)
		return nil
	case strings.HasPrefix(rest, "(?#"):
		end := strings.IndexByte(rest, ')')
		if end < 0 {
			return reErrorf("missing ), unterminated comment")
		}
		t.pos += end + 1
		return nil
	case strings.HasPrefix(rest, "(?("):
		return t.conditional()
	}
	return t.inlineFlags()
}

func (t *patternTranslator) name(skip int, end byte) (string, error) {
	t.pos += skip
	n := strings.IndexByte(t.src[t.pos:], end)
	if n <= 0 {
		return "", reErrorf("missing group name")
	}
	name := t.src[t.pos : t.pos+n]
	if !isKeyword(name) && name[0] != '_' || strings.IndexFunc(name, func(r rune) bool { return !isWord(r) }) >= 0 {
		return "", reErrorf("bad character in group name %s", Repr(name))
	}
	t.pos += n + 1
	return name, nil
}

func (t *patternTranslator) conditional() error {
	t.pos += 3
	n := strings.IndexByte(t.src[t.pos:], ')')
	if n <= 0 {
		return reErrorf("missing group name")
	}
	id := t.src[t.pos : t.pos+n]
	t.pos += n + 1
	ref, err := strconv.Atoi(id)
	if err != nil {
		var ok bool
		if ref, ok = t.names[id]; !ok {
			return reErrorf("unknown group name %s", Repr(id))
		}
	}
	t.refs = append(t.refs, ref)
	t.out.WriteString("(?(" + strconv.Itoa(ref) + ")")
	return nil
}

// inlineFlags translates (?i) at the start and (?i:...) anywhere.
func (t *patternTranslator) inlineFlags() error {
	start := t.pos
	t.pos += 2
	var on, off string
	minus := false
	for ; t.pos < len(t.src); t.pos++ {
		switch c := t.src[t.pos]; c {
		case 'i', 'm', 's', 'x':
			if minus {
				off += string(c)
			} else {
				on += string(c)
			}
		case 'a', 'u', 'L':
		case '-':
			minus = true
		case ':':
			t.pos++
			t.out.WriteString("(?" + on)
			if off != "" {
				t.out.WriteString("-" + off)
			}
			t.out.WriteByte(':')
			return nil
		case ')':
			if start != 0 {
				return reErrorf("global flags not at the start of the expression")
			}
			t.pos++
			t.setFlags(on)
			return nil
		default:
			return reErrorf("unknown extension ?%c", c)
		}
	}
	return reErrorf("unexpected end of pattern")
}

func (t *patternTranslator) setFlags(on string) {
	for _, f := range on {
		t.flags |= map[rune]regexp2.RegexOptions{
			'i': regexp2.IgnoreCase, 'm': regexp2.Multiline, 's': regexp2.Singleline, 'x': regexp2.IgnorePatternWhitespace,
		}[f]
	}
}
