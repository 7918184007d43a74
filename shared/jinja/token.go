package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The kinds of token that have no text of their own in operators.
const (
	tokData          = "data"
	tokVariableBegin = "variable_begin"
	tokVariableEnd   = "variable_end"
	tokBlockBegin    = "block_begin"
	tokBlockEnd      = "block_end"
	tokName          = "name"
	tokString        = "string"
	tokInteger       = "integer"
	tokFloat         = "float"
	tokEOF           = "eof"
)

// token is one token. The kind of an operator is its text.
type token struct {
	kind string
	text string // the name, the string's value, the data
	num  any    // of a number
	off  int    // in bytes
	end  int
}

// operators, longest first.
var operators = []string{
	"//", "**", "==", "!=", ">=", "<=",
	"+", "-", "/", "*", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";",
}

// describe is how a message calls a token.
func (t *token) describe() string {
	if t.kind == tokName {
		return t.text
	}
	return describeKind(t.kind)
}

func describeKind(kind string) string {
	switch kind {
	case tokVariableBegin:
		return "begin of print statement"
	case tokVariableEnd:
		return "end of print statement"
	case tokBlockBegin:
		return "begin of statement block"
	case tokBlockEnd:
		return "end of statement block"
	case tokData:
		return "template data / text"
	case tokEOF:
		return "end of template"
	}
	return kind
}

// unescape gives the value of a string literal's inside, as Python's
// unicode-escape codec does; the message is for the first wrong escape.
func unescape(s string) (string, string) {
	s = normalizeNewlines(s)
	if !strings.Contains(s, `\`) {
		return s, ""
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		n, msg := unescapeOne(&b, s[i+1:])
		if msg != "" {
			return "", msg
		}
		i += 1 + n
	}
	return b.String(), ""
}

// unescapeOne writes what the escape stands for whose backslash is before s
// and returns how much of s it takes.
func unescapeOne(b *strings.Builder, s string) (int, string) {
	const plain, values = `\'"abfnrtv`, "\\'\"\a\b\f\n\r\t\v"
	c := s[0]
	if i := strings.IndexByte(plain, c); i >= 0 {
		b.WriteByte(values[i])
		return 1, ""
	}
	switch {
	case c == '\n':
		return 1, ""
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		r, _ := strconv.ParseInt(s[:n], 8, 32)
		b.WriteRune(rune(r))
		return n, ""
	case c == 'x':
		return unescapeHex(b, s, 2, `truncated \xXX escape`)
	case c == 'u':
		return unescapeHex(b, s, 4, `truncated \uXXXX escape`)
	case c == 'U':
		return unescapeHex(b, s, 8, `truncated \UXXXXXXXX escape`)
	case c == 'N':
		return 0, `characters by name (\N{...}) are not supported`
	case c >= utf8.RuneSelf:
		// The codec sees the character as an escape of its own, so that the
		// backslash before it escapes that one's.
		r, n := utf8.DecodeRuneInString(s)
		b.WriteString(strings.ReplaceAll(asciiEscape(r), `\`, ""))
		return n, ""
	}
	b.WriteByte('\\')
	b.WriteByte(c)
	return 1, ""
}

func unescapeHex(b *strings.Builder, s string, digits int, short string) (int, string) {
	if len(s) < 1+digits {
		return 0, short
	}
	r, err := strconv.ParseUint(s[1:1+digits], 16, 32)
	if err != nil {
		return 0, short
	}
	if r > utf8.MaxRune {
		return 0, "illegal Unicode character"
	}
	b.WriteRune(rune(r))
	return 1 + digits, ""
}

func normalizeNewlines(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}
