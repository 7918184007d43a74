package dsl

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// paramScanner finds the parameters of a one-line form as Mistral's pattern does:
//
//	([-\w]+)=("[^"]*"\s*|'[^']*'\s*|{{.*?}}|<%.*?%>|\[.*\]\s*|true|false|null|\d+)
//
// A regular expression would look through the whole rest of the text again and
// again for the ends of values that have none. This remembers where the ends are.
type paramScanner struct {
	text string
	// found says where a text occurs next: at `at`, len(text) for nowhere, as seen
	// from `from`.
	found map[string]struct{ from, at int }
	// bracket is the last ']' of the line that ends at lineEnd.
	bracket, lineEnd int
}

// paramMatch is a parameter: its name, the '=', and the end of its value with the
// blanks behind it.
type paramMatch struct{ name, equals, end int }

// next finds the first parameter from offset from on.
func (s *paramScanner) next(from int) (paramMatch, bool) {
	for pos := from; ; {
		i := strings.IndexByte(s.text[pos:], '=')
		if i < 0 {
			return paramMatch{}, false
		}
		equals := pos + i
		name := equals
		for name > pos {
			r, size := utf8.DecodeLastRuneInString(s.text[pos:name])
			if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				break
			}
			name -= size
		}
		if name < equals {
			if end, ok := s.value(equals + 1); ok {
				return paramMatch{name, equals, end}, true
			}
		}
		pos = equals + 1
	}
}

// value finds the end of the value at offset at.
func (s *paramScanner) value(at int) (int, bool) {
	rest := s.text[at:]
	switch {
	case rest == "":
		return 0, false
	case rest[0] == '"' || rest[0] == '\'':
		end := s.find(rest[:1], at+1)
		return s.blanks(end + 1), end < len(s.text)
	case strings.HasPrefix(rest, "{{"):
		end := s.find("}}", at+2)
		return end + 2, end < s.find("\n", at)
	case strings.HasPrefix(rest, "<%"):
		end := s.find("%>", at+2)
		return end + 2, end < s.find("\n", at)
	case rest[0] == '[':
		end := s.lastBracket(at)
		return s.blanks(end + 1), end > at
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(rest, word) {
			return at + len(word), true
		}
	}
	digits := at
	for digits < len(s.text) && s.text[digits] >= '0' && s.text[digits] <= '9' {
		digits++
	}
	return digits, digits > at
}

// find returns where what occurs from offset from on, or the text's length.
func (s *paramScanner) find(what string, from int) int {
	if f, ok := s.found[what]; ok && f.from <= from && from <= f.at {
		return f.at
	}
	at := len(s.text)
	if from < at {
		if i := strings.Index(s.text[from:], what); i >= 0 {
			at = from + i
		}
	}
	if s.found == nil {
		s.found = map[string]struct{ from, at int }{}
	}
	s.found[what] = struct{ from, at int }{from, at}
	return at
}

// lastBracket returns where the last ']' of the line is that at stands in, if it
// is behind at.
func (s *paramScanner) lastBracket(at int) int {
	if end := s.find("\n", at); s.lineEnd != end {
		s.lineEnd = end
		s.bracket = at + strings.LastIndexByte(s.text[at:end], ']')
	}
	return s.bracket
}

// blanks skips white space.
func (s *paramScanner) blanks(at int) int {
	for at < len(s.text) && strings.IndexByte(" \t\n\f\r", s.text[at]) >= 0 {
		at++
	}
	return at
}
