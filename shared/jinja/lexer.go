package jinja

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// lexer cuts a template into tokens on demand: as in Jinja2, what is wrong
// further on is not seen before what is wrong here.
type lexer struct {
	src  string // with line ends normalized
	base int    // of src in the template that the user wrote
	pos  int
	// mode is where the lexer is: "" in text, or the kind that ends it.
	mode string
	// balance has the closing brackets that are awaited; a tag does not end
	// inside of brackets.
	balance []byte
	// lineStart says that the last match ended a line.
	lineStart bool
	queue     []token
}

func newLexer(src string) *lexer {
	src = normalizeNewlines(src)
	return &lexer{src: strings.TrimSuffix(src, "\n"), lineStart: true}
}

// newExprLexer begins inside of an expression at base of the template.
func newExprLexer(src string, base int) *lexer {
	return &lexer{src: normalizeNewlines(src), base: base, mode: tokVariableEnd}
}

func (l *lexer) fail(off int, format string, args ...any) error {
	return &SyntaxError{Offset: l.base + off, Message: fmt.Sprintf(format, args...)}
}

func (l *lexer) next() (token, error) {
	for len(l.queue) == 0 {
		if l.pos >= len(l.src) {
			return token{kind: tokEOF, off: l.base + len(l.src), end: l.base + len(l.src)}, nil
		}
		var err error
		if l.mode == "" {
			err = l.text()
		} else {
			err = l.tag()
		}
		if err != nil {
			return token{}, err
		}
	}
	t := l.queue[0]
	l.queue = l.queue[1:]
	return t, nil
}

func (l *lexer) push(kind, text string, from, to int) {
	l.queue = append(l.queue, token{kind: kind, text: text, off: l.base + from, end: l.base + to})
}

// text reads up to the next tag and goes behind what opens it.
func (l *lexer) text() error {
	rest := l.src[l.pos:]
	at := -1
	for i := 0; ; {
		j := strings.IndexByte(rest[i:], '{')
		if j < 0 {
			break
		}
		i += j
		if i+1 < len(rest) && (rest[i+1] == '{' || rest[i+1] == '%' || rest[i+1] == '#') {
			at = i
			break
		}
		i++
	}
	if at < 0 {
		l.push(tokData, rest, l.pos, len(l.src))
		l.pos = len(l.src)
		return nil
	}
	open := l.pos + at
	if end, sign, ok := l.rawBegin(open); ok {
		l.data(rest[:at], sign, false)
		return l.raw(end)
	}
	kind, end := rest[at+1], open+2
	sign := byte(0)
	if end < len(l.src) && (l.src[end] == '-' || l.src[end] == '+') {
		sign = l.src[end]
		end++
	}
	l.data(rest[:at], sign, kind == '{')
	l.lineStart = false
	l.pos = end
	switch kind {
	case '#':
		return l.comment(open)
	case '{':
		l.push(tokVariableBegin, "", open, end)
		l.mode = tokVariableEnd
	default:
		l.push(tokBlockBegin, "", open, end)
		l.mode = tokBlockEnd
	}
	return nil
}

// data pushes the text before a tag, stripped as the tag's sign says, or of
// blanks before a tag that begins its line.
func (l *lexer) data(text string, sign byte, variable bool) {
	switch {
	case sign == '-':
		text = strings.TrimRightFunc(text, isSpace)
	case sign != '+' && !variable:
		from := strings.LastIndexByte(text, '\n') + 1
		if (from > 0 || l.lineStart) && strings.TrimLeftFunc(text[from:], isSpace) == "" {
			text = text[:from]
		}
	}
	if text != "" {
		l.push(tokData, text, l.pos, l.pos+len(text))
	}
}

// skipSpace returns the position behind blanks.
func (l *lexer) skipSpace(pos int) int {
	return len(l.src) - len(strings.TrimLeftFunc(l.src[pos:], isSpace))
}

// keyword reads `{%`, a sign, and a word, each with blanks around.
func (l *lexer) keyword(open int, word string) (end int, sign byte, ok bool) {
	if !strings.HasPrefix(l.src[open:], "{%") {
		return 0, 0, false
	}
	pos := open + 2
	if pos < len(l.src) && (l.src[pos] == '-' || l.src[pos] == '+') {
		sign = l.src[pos]
		pos++
	}
	pos = l.skipSpace(pos)
	if !strings.HasPrefix(l.src[pos:], word) {
		return 0, 0, false
	}
	return l.skipSpace(pos + len(word)), sign, true
}

func (l *lexer) rawBegin(open int) (end int, sign byte, ok bool) {
	if end, sign, ok = l.keyword(open, "raw"); !ok {
		return
	}
	switch rest := l.src[end:]; {
	case strings.HasPrefix(rest, "-%}"):
		return l.skipSpace(end + 3), sign, true
	case strings.HasPrefix(rest, "%}"):
		return end + 2, sign, true
	}
	return 0, 0, false
}

// closing returns the position behind the end of a tag at pos, with what its
// sign and trimming take of the text behind.
func (l *lexer) closing(pos int, mark string) (int, bool) {
	switch rest := l.src[pos:]; {
	case strings.HasPrefix(rest, "+"+mark):
		return pos + 1 + len(mark), true
	case strings.HasPrefix(rest, "-"+mark):
		return l.skipSpace(pos + 1 + len(mark)), true
	case strings.HasPrefix(rest, mark+"\n"):
		return pos + len(mark) + 1, true
	case strings.HasPrefix(rest, mark):
		return pos + len(mark), true
	}
	return 0, false
}

// raw reads the text from pos to `{% endraw %}`.
func (l *lexer) raw(pos int) error {
	from := pos
	l.lineStart = l.src[pos-1] == '\n'
	for {
		i := strings.Index(l.src[pos:], "{%")
		if i < 0 && from == len(l.src) {
			l.pos = from // as in Jinja2, an end that nothing follows is no error
			return nil
		} else if i < 0 {
			return l.fail(from, "Missing end of raw directive")
		}
		pos += i
		if end, sign, ok := l.keyword(pos, "endraw"); ok {
			if end, ok = l.closing(end, "%}"); ok {
				l.pos = from
				l.data(l.src[from:pos], sign, false)
				l.goTo(end)
				return nil
			}
		}
		pos += 2
	}
}

func (l *lexer) goTo(pos int) {
	l.pos = pos
	l.lineStart = pos > 0 && l.src[pos-1] == '\n'
}

func (l *lexer) comment(open int) error {
	i := strings.Index(l.src[l.pos:], "#}")
	if i < 0 && l.pos == len(l.src) {
		return nil
	} else if i < 0 {
		return l.fail(open, "Missing end of comment tag")
	}
	at := l.pos + i
	if at > l.pos && (l.src[at-1] == '-' || l.src[at-1] == '+') {
		at--
	}
	end, _ := l.closing(at, "#}")
	l.goTo(end)
	return nil
}

// tag reads one token inside of a tag, or its end.
func (l *lexer) tag() error {
	if len(l.balance) == 0 && l.tagEnd() {
		return nil
	}
	rest := l.src[l.pos:]
	if trimmed := strings.TrimLeftFunc(rest, isSpace); len(trimmed) < len(rest) {
		l.pos += len(rest) - len(trimmed)
		return nil
	}
	if n, v := l.number(rest); n > 0 {
		kind := tokInteger
		if _, ok := v.(float64); ok {
			kind = tokFloat
		}
		l.queue = append(l.queue, token{kind: kind, num: v, off: l.base + l.pos, end: l.base + l.pos + n})
		l.pos += n
		return nil
	}
	if n := wordLen(rest); n > 0 {
		if !isIdentifier(rest[:n]) {
			return l.fail(l.pos, "Invalid character in identifier")
		}
		l.push(tokName, rest[:n], l.pos, l.pos+n)
		l.pos += n
		return nil
	}
	if n := stringLen(rest); n > 0 {
		v, msg := unescape(rest[1 : n-1])
		if msg != "" {
			return l.fail(l.pos, "%s", msg)
		}
		l.push(tokString, v, l.pos, l.pos+n)
		l.pos += n
		return nil
	}
	return l.operator(rest)
}

func (l *lexer) tagEnd() bool {
	end, ok := 0, false
	if l.mode == tokVariableEnd {
		switch rest := l.src[l.pos:]; {
		case strings.HasPrefix(rest, "-}}"):
			end, ok = l.skipSpace(l.pos+3), true
		case strings.HasPrefix(rest, "}}"):
			end, ok = l.pos+2, true
		}
	} else {
		end, ok = l.closing(l.pos, "%}")
	}
	if ok {
		l.push(l.mode, "", l.pos, end)
		l.mode = ""
		l.goTo(end)
	}
	return ok
}

func (l *lexer) operator(rest string) error {
	for _, op := range operators {
		if !strings.HasPrefix(rest, op) {
			continue
		}
		switch op {
		case "{":
			l.balance = append(l.balance, '}')
		case "(":
			l.balance = append(l.balance, ')')
		case "[":
			l.balance = append(l.balance, ']')
		case "}", ")", "]":
			if len(l.balance) == 0 {
				return l.fail(l.pos, "unexpected '%s'", op)
			}
			want := l.balance[len(l.balance)-1]
			l.balance = l.balance[:len(l.balance)-1]
			if want != op[0] {
				return l.fail(l.pos, "unexpected '%s', expected '%c'", op, want)
			}
		}
		l.push(op, "", l.pos, l.pos+len(op))
		l.pos += len(op)
		return nil
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return l.fail(l.pos, "unexpected char %s at %d", strRepr(string(r)), utf8.RuneCountInString(l.src[:l.pos]))
}

// number reads a number; without one n is 0.
func (l *lexer) number(s string) (n int, v any) {
	if s[0] < '0' || s[0] > '9' {
		return 0, nil
	}
	if l.pos == 0 || l.src[l.pos-1] != '.' {
		if n := floatLen(s); n > 0 {
			f, _ := strconv.ParseFloat(strings.ReplaceAll(s[:n], "_", ""), 64)
			return n, f
		}
	}
	n = intLen(s)
	i, _ := new(big.Int).SetString(strings.ReplaceAll(s[:n], "_", ""), 0)
	return n, value.Int(i)
}

// digitsLen is the length of digits with single underscores between them.
func digitsLen(s string, digit func(byte) bool) int {
	n := 0
	for n < len(s) {
		switch {
		case digit(s[n]):
			n++
		case s[n] == '_' && n+1 < len(s) && digit(s[n+1]) && n > 0:
			n += 2
		default:
			return n
		}
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func floatLen(s string) int {
	n := digitsLen(s, isDigit)
	m, fraction := n, false
	if m < len(s) && s[m] == '.' {
		if d := digitsLen(s[m+1:], isDigit); d > 0 {
			m += 1 + d
			fraction = true
		}
	}
	if m < len(s) && (s[m] == 'e' || s[m] == 'E') {
		k := m + 1
		if k < len(s) && (s[k] == '+' || s[k] == '-') {
			k++
		}
		if d := digitsLen(s[k:], isDigit); d > 0 {
			return k + d
		}
	}
	if fraction {
		return m
	}
	return 0
}

func intLen(s string) int {
	if s[0] != '0' {
		return digitsLen(s, isDigit)
	}
	if len(s) > 2 {
		var digit func(byte) bool
		switch s[1] | 0x20 {
		case 'b':
			digit = func(c byte) bool { return c == '0' || c == '1' }
		case 'o':
			digit = func(c byte) bool { return c >= '0' && c <= '7' }
		case 'x':
			digit = func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
		}
		if digit != nil {
			rest := strings.TrimPrefix(s[2:], "_")
			if n := digitsLen(rest, digit); n > 0 {
				return len(s) - len(rest) + n
			}
		}
	}
	return digitsLen(s, func(c byte) bool { return c == '0' })
}

func wordLen(s string) int {
	for i, r := range s {
		if r != '_' && !isAlnum(r) {
			return i
		}
	}
	return len(s)
}

// stringLen is the length of the string literal at the start of s, or 0.
func stringLen(s string) int {
	q := s[0]
	if q != '\'' && q != '"' {
		return 0
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case q:
			return i + 1
		}
	}
	return 0
}
