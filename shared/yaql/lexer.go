package yaql

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

type tokenKind int

const (
	tokEnd      tokenKind = iota
	tokConst              // a literal; its value is in val
	tokKeyword            // a bare word; text
	tokFunc               // name( ; text is the name
	tokVariable           // $name ; text is the name without the dollar
	tokOperator           // text
	tokPunct              // one of ( ) [ ] { } , =>
)

type token struct {
	kind tokenKind
	text string
	val  any
	off  int
}

// symbols are the operators and punctuation, longer before shorter ones that
// begin alike.
var symbols = []struct {
	text string
	kind tokenKind
}{
	{"?.", tokOperator}, {"=~", tokOperator}, {"!~", tokOperator}, {"->", tokOperator},
	{">=", tokOperator}, {"<=", tokOperator}, {"!=", tokOperator}, {"=>", tokPunct},
	{".", tokOperator}, {"+", tokOperator}, {"-", tokOperator}, {"*", tokOperator},
	{"/", tokOperator}, {">", tokOperator}, {"<", tokOperator}, {"=", tokOperator},
	{"(", tokPunct}, {")", tokPunct}, {"[", tokPunct}, {"]", tokPunct},
	{"{", tokPunct}, {"}", tokPunct}, {",", tokPunct},
}

// lexer cuts an expression into tokens, as the regular expressions of yaql's
// lexer do.
type lexer struct {
	src string
	pos int
}

func (l *lexer) errorf(off int, msg string) error {
	return &SyntaxError{Expression: l.src, Offset: off, Message: msg}
}

func (l *lexer) illegal() error {
	r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
	return l.errorf(l.pos, "Lexical error: illegal character '"+string(r)+"'")
}

func (l *lexer) next() (token, error) {
	for l.pos < len(l.src) && strings.IndexByte(" \t\r\n", l.src[l.pos]) >= 0 {
		l.pos++
	}
	if l.pos == len(l.src) {
		return token{kind: tokEnd, off: l.pos}, nil
	}
	start := l.pos
	r, size := utf8.DecodeRuneInString(l.src[start:])
	switch {
	case r == '$':
		l.pos += size
		name := l.word()
		return token{kind: tokVariable, text: name, off: start}, nil
	case unicode.Is(unicode.Nd, r):
		return l.number()
	case isWord(r):
		return l.name()
	case r == '\'' || r == '"' || r == '`':
		return l.quoted(byte(r))
	}
	for _, s := range symbols {
		if strings.HasPrefix(l.src[start:], s.text) {
			l.pos += len(s.text)
			return token{kind: s.kind, text: s.text, off: start}, nil
		}
	}
	return token{}, l.illegal()
}

// isWord is \w of Python's regular expressions.
func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r)
}

func (l *lexer) word() string {
	start := l.pos
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !isWord(r) {
			break
		}
		l.pos += size
	}
	return l.src[start:l.pos]
}

func (l *lexer) name() (token, error) {
	start := l.pos
	name := l.word()
	if strings.HasPrefix(l.src[l.pos:], "(") {
		l.pos++
		return token{kind: tokFunc, text: name, off: start}, nil
	}
	if strings.HasPrefix(name, "__") {
		l.pos = start
		return token{}, l.illegal()
	}
	switch name {
	case "and", "or", "not", "in", "mod":
		return token{kind: tokOperator, text: name, off: start}, nil
	case "true":
		return token{kind: tokConst, text: name, val: true, off: start}, nil
	case "false":
		return token{kind: tokConst, text: name, val: false, off: start}, nil
	case "null":
		return token{kind: tokConst, text: name, off: start}, nil
	}
	return token{kind: tokKeyword, text: name, off: start}, nil
}

// digits reads a run of decimal digits, of any script, as ASCII.
func (l *lexer) digits() string {
	var b strings.Builder
	for l.pos < len(l.src) {
		r, size := utf8.DecodeRuneInString(l.src[l.pos:])
		if !unicode.Is(unicode.Nd, r) {
			break
		}
		b.WriteByte('0' + digitValue(r))
		l.pos += size
	}
	return b.String()
}

// digitValue is the value of a rune of the category Nd, whose ranges all
// begin with a zero and come in tens.
func digitValue(r rune) byte {
	if r < utf8.RuneSelf {
		return byte(r - '0')
	}
	n := 0
	for unicode.Is(unicode.Nd, r-1) {
		r--
		n++
	}
	return byte(n % 10)
}

func (l *lexer) atWordEnd() bool {
	r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
	return l.pos == len(l.src) || !isWord(r)
}

func (l *lexer) number() (token, error) {
	start := l.pos
	whole := l.digits()
	end := l.pos
	if strings.HasPrefix(l.src[l.pos:], ".") {
		l.pos++
		if frac := l.digits(); frac != "" && l.atWordEnd() {
			f, _ := strconv.ParseFloat(whole+"."+frac, 64) // out of range is infinite, as in Python
			return token{kind: tokConst, text: l.src[start:l.pos], val: f, off: start}, nil
		}
		l.pos = end
	}
	if !l.atWordEnd() {
		l.pos = start
		return token{}, l.illegal()
	}
	if len(whole) > maxIntDigits {
		return token{}, l.errorf(start, "Parse error: number with more than "+strconv.Itoa(maxIntDigits)+" digits")
	}
	i, ok := new(big.Int).SetString(whole, 10)
	if !ok {
		return token{}, l.errorf(start, "Parse error: not a number")
	}
	return token{kind: tokConst, text: l.src[start:end], val: value.Int(i), off: start}, nil
}

// maxIntDigits is Python's limit on integers in text.
const maxIntDigits = 4300

func (l *lexer) quoted(quote byte) (token, error) {
	start := l.pos
	for i := start + 1; i < len(l.src); i++ {
		switch l.src[i] {
		case '\\':
			i++
			if i < len(l.src) && l.src[i] == '\n' {
				return token{}, l.illegal() // yaql's pattern doesn't escape a line's end
			}
		case quote:
			body := l.src[start+1 : i]
			l.pos = i + 1
			if quote == '`' {
				body = strings.ReplaceAll(body, "\\`", "`")
			} else {
				var bad int
				if body, bad = unescape(body); bad >= 0 {
					return token{}, l.errorf(start+1+bad, "Parse error: bad escape sequence")
				}
			}
			return token{kind: tokConst, text: l.src[start:l.pos], val: body, off: start}, nil
		}
	}
	return token{}, l.illegal()
}

const simpleEscapes = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v"

// unescape decodes Python's escape sequences; others stay as they are. The
// second result is the offset of a malformed one, or -1.
func unescape(s string) (string, int) {
	if strings.IndexByte(s, '\\') < 0 {
		return s, -1
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			i++
			continue
		}
		r, n, ok := escape(s[i+1:])
		switch {
		case !ok:
			return "", i
		case n == 0:
			b.WriteByte(s[i])
			i++
		default:
			b.WriteRune(r)
			i += 1 + n
		}
	}
	return b.String(), -1
}

// escape decodes what follows a backslash: the character and the length of
// its sequence, 0 if it is none; false if it is malformed.
func escape(s string) (rune, int, bool) {
	for i := 0; i+1 < len(simpleEscapes); i += 2 {
		if s[0] == simpleEscapes[i] {
			return rune(simpleEscapes[i+1]), 1, true
		}
	}
	switch c := s[0]; {
	case c >= '0' && c <= '7':
		n := 1
		for n < 3 && n < len(s) && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(s[:n], 8, 32)
		return rune(v), n, true
	case c == 'x':
		return hexEscape(s, 2)
	case c == 'u':
		return hexEscape(s, 4)
	case c == 'U':
		return hexEscape(s, 8)
	case c == 'N' && strings.HasPrefix(s, "N{") && strings.IndexByte(s, '}') > 2:
		return 0, 0, false // characters by name are not supported
	}
	return 0, 0, true
}

func hexEscape(s string, digits int) (rune, int, bool) {
	n := 1
	for i := 0; i < digits; i++ {
		r, size := utf8.DecodeRuneInString(s[n:])
		if size == 0 || r == '\n' {
			return 0, 0, true // too short to be an escape sequence
		}
		n += size
	}
	v, err := strconv.ParseUint(s[1:n], 16, 32)
	if err != nil || v > unicode.MaxRune || strings.ContainsAny(s[1:n], "_+") {
		return 0, 0, false
	}
	return rune(v), n, true
}
