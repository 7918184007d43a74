package asl

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Expression reports whether the string s is a JSONata expression, "{% ... %}",
// and returns the expression within. As in Step Functions only a string that
// begins with {% and ends with %} is one.
func Expression(s string) (src string, ok bool) {
	if len(s) < 4 || !strings.HasPrefix(s, "{%") || !strings.HasSuffix(s, "%}") {
		return "", false
	}
	return s[2 : len(s)-2], true
}

// Reference is one use of a `$name` in an expression.
type Reference struct {
	Name string   // without the $; "" is the context `$`, "$" is the root `$$`
	Path []string // the plain field names that follow: `$states.input.a` has input, a
	Call bool     // `$name(`: a function is called
}

// References lists the variables and functions that a JSONata expression uses,
// in order, without those that the expression itself binds (`$x := 1`,
// parameters of a function, `@$x` and `#$i`). It reads tokens, not the grammar,
// so a name counts as bound in the whole expression once it is bound anywhere.
func References(src string) []Reference {
	s := scanner{src: src, bound: map[string]bool{}}
	s.run()
	return slices.DeleteFunc(s.refs, func(r Reference) bool { return s.bound[r.Name] })
}

type scanner struct {
	src   string
	pos   int
	bound map[string]bool
	refs  []Reference
	// operand says that the token before ended an operand, so that a / divides
	// and does not begin a regular expression.
	operand bool
	prev    byte // the last significant byte before the token, for @$x and #$i
	params  bool // within the parameter list of a function
	lambda  bool // the word function or λ was just read
}

func (s *scanner) run() {
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			s.pos++
		case strings.HasPrefix(s.src[s.pos:], "/*"):
			s.skipPast("*/", 2)
		case c == '"' || c == '\'' || c == '`':
			s.quoted(c)
			s.token(c, true)
		case c == '/' && !s.operand:
			s.quoted(c)
			s.word() // the flags
			s.token(c, true)
		case c == '$':
			s.variable()
		case c == '<' && s.params:
			// A signature `function($x)<n:n>` stands after the parameters, so
			// this is none; taken as the operator.
			s.pos++
			s.token(c, false)
		case isWord(s.peek()):
			s.name()
		default:
			s.punctuation(c)
		}
	}
}

func (s *scanner) token(c byte, operand bool) {
	s.prev, s.operand, s.lambda = c, operand, false
}

func (s *scanner) peek() rune {
	r, _ := utf8.DecodeRuneInString(s.src[s.pos:])
	return r
}

func isWord(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

func (s *scanner) word() string {
	start := s.pos
	for s.pos < len(s.src) {
		r, n := utf8.DecodeRuneInString(s.src[s.pos:])
		if !isWord(r) {
			break
		}
		s.pos += n
	}
	return s.src[start:s.pos]
}

func (s *scanner) name() {
	switch w := s.word(); w {
	case "function", "λ":
		s.token('f', false)
		s.lambda = true
	case "and", "or", "in":
		// These are also field names; after them a / would divide only then,
		// which nobody writes.
		s.token('a', false)
	default:
		s.token('n', true)
	}
}

func (s *scanner) punctuation(c byte) {
	s.pos++
	switch c {
	case '(':
		if s.lambda {
			s.params = true
		}
		s.token(c, false)
	case ')':
		s.params = false
		s.token(c, true)
	case ']', '}', '%', '*':
		// % and * may be operators or operands; a regular expression follows
		// neither in practice.
		s.token(c, true)
	default:
		s.token(c, false)
	}
}

// quoted skips a string, a quoted name or a regular expression.
func (s *scanner) quoted(end byte) {
	s.pos++
	for s.pos < len(s.src) {
		switch s.src[s.pos] {
		case '\\':
			if end != '`' {
				s.pos++
			}
		case end:
			s.pos++
			return
		}
		s.pos++
	}
	s.pos = min(s.pos, len(s.src))
}

func (s *scanner) skipPast(end string, from int) {
	if i := strings.Index(s.src[s.pos+from:], end); i >= 0 {
		s.pos += from + i + len(end)
	} else {
		s.pos = len(s.src)
	}
}

func (s *scanner) variable() {
	before := s.prev
	s.pos++
	if s.pos < len(s.src) && s.src[s.pos] == '$' {
		s.pos++
		s.refs = append(s.refs, Reference{Name: "$", Path: s.path()})
		s.token('$', true)
		return
	}
	ref := Reference{Name: s.word()}
	rest := strings.TrimLeft(s.src[s.pos:], " \t\r\n")
	if s.params || before == '@' || before == '#' || strings.HasPrefix(rest, ":=") {
		s.bound[ref.Name] = true
	}
	ref.Call = strings.HasPrefix(rest, "(")
	ref.Path = s.path()
	s.refs = append(s.refs, ref)
	s.token('$', true)
}

// path reads the plain field names that follow a variable.
func (s *scanner) path() []string {
	var path []string
	for {
		i := s.pos + len(s.src[s.pos:]) - len(strings.TrimLeft(s.src[s.pos:], " \t\r\n"))
		if i >= len(s.src) || s.src[i] != '.' {
			return path
		}
		i++
		for i < len(s.src) && strings.IndexByte(" \t\r\n", s.src[i]) >= 0 {
			i++
		}
		save := s.pos
		s.pos = i
		var name string
		if i < len(s.src) && s.src[i] == '`' {
			s.quoted('`')
			name = strings.Trim(s.src[i:s.pos], "`")
		} else if i < len(s.src) && isWord(s.peek()) && !unicode.IsDigit(s.peek()) {
			name = s.word()
		}
		if name == "" {
			s.pos = save
			return path
		}
		if rest := strings.TrimLeft(s.src[s.pos:], " \t\r\n"); strings.HasPrefix(rest, "(") {
			s.pos = save // .function(...): not a field
			return path
		}
		path = append(path, name)
	}
}
