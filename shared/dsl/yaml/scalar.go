package yaml

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// startsPlain reports whether a plain scalar can begin here. '&', '*' and '@' can,
// unlike in other YAML: Mistral's loader knows neither anchors nor aliases and
// reads them as text.
func (s *scanner) startsPlain(c byte) bool {
	switch c {
	case '&', '*', '@':
		return true
	case '-':
		return !s.blankAt(1)
	case '?', ':':
		return s.flow == 0 && !s.blankAt(1)
	case ' ', '\t', ',', '[', ']', '{', '}', '#', '!', '|', '>', '\'', '"', '%', '`':
		return false
	}
	return true
}

func (s *scanner) fetchPlain() {
	start := s.pos
	end := s.pos
	indent := s.indent + 1
	var b builder
	var gap builder // blanks and folded breaks, added if text follows
	for s.byteAt(0) != '#' || s.atEnd() {
		n := s.plainLen()
		if n == 0 {
			break
		}
		s.keyAllowed = false
		b.join(&gap)
		b.copy(s.src[s.pos.Offset:s.pos.Offset+n], s.pos)
		s.advance(n)
		end = s.pos
		gap = builder{end: -1}
		if !s.plainGap(&gap) || s.byteAt(0) == '#' || s.flow == 0 && s.column() < indent {
			break
		}
	}
	s.emitScalar(&b, Plain, start, end, end)
}

// join adds what o has collected.
func (b *builder) join(o *builder) {
	for i, seg := range o.segments {
		to := len(o.text)
		if i+1 < len(o.segments) {
			to = o.segments[i+1].off
		}
		text := string(o.text[seg.off:to])
		if text == "\n" || o.end == -1 {
			b.put(text, seg.pos)
		} else {
			b.copy(text, seg.pos)
		}
	}
}

// plainLen returns the length of the run of text here that has no blank in it.
func (s *scanner) plainLen() int {
	n := 0
	for !s.blankAt(n) {
		c := s.byteAt(n)
		if c == ':' && (s.blankAt(n+1) || s.flow > 0 && isFlowMark(s.byteAt(n+1))) {
			break
		}
		if s.flow > 0 && (c == '?' || isFlowMark(c)) {
			break
		}
		n++
	}
	return n
}

func isFlowMark(c byte) bool {
	return c == ',' || c == '[' || c == ']' || c == '{' || c == '}'
}

// plainGap collects the blanks and folded line breaks after a run of plain text.
// It reports whether the scalar may go on.
func (s *scanner) plainGap(gap *builder) bool {
	start := s.pos
	n := 0
	for s.byteAt(n) == ' ' {
		n++
	}
	s.advance(n)
	if s.breakLen(s.pos.Offset) == 0 {
		gap.copy(s.src[start.Offset:s.pos.Offset], start)
		return n > 0
	}
	at := s.pos
	first := s.takeBreak()
	s.keyAllowed = true
	if s.separatorHere() != "" {
		return false
	}
	var breaks builder
	for {
		if s.byteAt(0) == ' ' {
			s.advance(1)
			continue
		}
		pos := s.pos
		br := s.takeBreak()
		if br == "" {
			break
		}
		breaks.put(br, pos)
		if s.separatorHere() != "" {
			return false
		}
	}
	gap.fold(first, at, &breaks)
	return true
}

// fold adds a folded line break: one break is a blank, several are one less.
func (b *builder) fold(first string, at Pos, breaks *builder) {
	if first != "\n" {
		b.put(first, at)
	} else if len(breaks.text) == 0 {
		b.put(" ", at)
	}
	breaks.end = -1
	b.join(breaks)
	b.end = -1
}

func (s *scanner) fetchQuoted(quote byte) {
	start := s.pos
	style := DoubleQuoted
	if quote == '\'' {
		style = SingleQuoted
	}
	var b builder
	s.advance(1)
	for {
		s.quotedRun(&b, quote, start)
		if s.byteAt(0) == quote {
			break
		}
		s.quotedGap(&b, start)
	}
	textEnd := s.pos
	s.advance(1)
	s.emitScalar(&b, style, start, s.pos, textEnd)
}

// quotedRun takes text up to a blank, a line break or the closing quote.
func (s *scanner) quotedRun(b *builder, quote byte, start Pos) {
	for !s.blankAt(0) {
		at := s.pos
		c := s.byteAt(0)
		switch {
		case c == '\'' && quote == '\'' && s.byteAt(1) == '\'':
			s.advance(2)
			b.put("'", at)
		case c == quote:
			return
		case c == '\\' && quote == '"':
			s.escape(b)
		default:
			_, n := s.runeAt(at.Offset)
			s.advance(n)
			b.copy(s.src[at.Offset:s.pos.Offset], at)
		}
	}
	if s.atEnd() {
		panic(&Error{
			Msg: "this quote is never closed", Span: Span{s.file, start, Pos{start.Line, start.Col + 1, start.Offset + 1}},
		})
	}
}

// quotedGap takes blanks, or a line break with what surrounds it.
func (s *scanner) quotedGap(b *builder, start Pos) {
	at := s.pos
	n := 0
	for s.byteAt(n) == ' ' || s.byteAt(n) == '\t' {
		n++
	}
	s.advance(n)
	if s.atEnd() {
		return // quotedRun reports it
	}
	if s.breakLen(s.pos.Offset) == 0 {
		b.copy(s.src[at.Offset:s.pos.Offset], at)
		return
	}
	at = s.pos
	first := s.takeBreak()
	breaks := s.quotedBreaks(start)
	b.fold(first, at, breaks)
}

func (s *scanner) quotedBreaks(start Pos) *builder {
	breaks := &builder{}
	for {
		if s.separatorHere() != "" {
			s.fail(s.pos, "", "the text in quotes that began at line %d is cut by a document separator", start.Line)
		}
		for s.byteAt(0) == ' ' || s.byteAt(0) == '\t' {
			s.advance(1)
		}
		at := s.pos
		br := s.takeBreak()
		if br == "" {
			return breaks
		}
		breaks.put(br, at)
	}
}

var escapes = map[byte]string{
	'0': "\x00", 'a': "\a", 'b': "\b", 't': "\t", '\t': "\t", 'n': "\n", 'v': "\v", 'f': "\f", 'r': "\r",
	'e': "\x1b", ' ': " ", '"': "\"", '\\': "\\", '/': "/", 'N': "\u0085", '_': "\u00a0", 'L': "\u2028", 'P': "\u2029",
}

var escapeDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// escape takes a backslash and what follows it in double quotes.
func (s *scanner) escape(b *builder) {
	at := s.pos
	c := s.byteAt(1)
	if text, ok := escapes[c]; ok && at.Offset+1 < len(s.src) {
		s.advance(2)
		b.put(text, at)
		return
	}
	if n, ok := escapeDigits[c]; ok {
		end := min(at.Offset+2+n, len(s.src))
		code, err := strconv.ParseUint(s.src[at.Offset+2:end], 16, 32)
		if err != nil || end-at.Offset != 2+n || !utf8.ValidRune(rune(code)) {
			s.fail(at, "", "'\\%c' needs %d hexadecimal digits that name a character", c, n)
		}
		s.advance(2 + n)
		b.put(string(rune(code)), at)
		return
	}
	if s.breakLen(at.Offset+1) > 0 { // an escaped line break joins the lines
		s.advance(1)
		s.takeBreak()
		breaks := s.quotedBreaks(at)
		breaks.end = -1
		b.join(breaks)
		b.end = -1
		return
	}
	s.fail(at, "double the backslash, or use single quotes", "an escape that YAML does not know")
}

// header is what stands behind | or >.
type header struct {
	keep, strip bool
	indent      int // 0: as the first line shows
}

func (s *scanner) blockHeader() header {
	var h header
	for range 2 {
		switch c := s.byteAt(0); {
		case c == '+' && !h.strip && !h.keep:
			h.keep = true
			s.advance(1)
		case c == '-' && !h.strip && !h.keep:
			h.strip = true
			s.advance(1)
		case '1' <= c && c <= '9' && h.indent == 0:
			h.indent = int(c - '0')
			s.advance(1)
		}
	}
	if !s.blankAt(0) {
		s.fail(s.pos, "begin the text on the next line", "only +, - and an indentation can stand behind | or >")
	}
	for s.byteAt(0) == ' ' {
		s.advance(1)
	}
	if s.byteAt(0) == '#' {
		s.advance(s.lineLen())
	}
	if !s.atEnd() && s.takeBreak() == "" {
		s.fail(s.pos, "begin the text on the next line", "only +, - and an indentation can stand behind | or >")
	}
	return h
}

func (s *scanner) fetchBlockScalar(folded bool) {
	start := s.pos
	style := Literal
	if folded {
		style = Folded
	}
	s.advance(1)
	h := s.blockHeader()
	var b, breaks builder
	minIndent := max(s.indent+1, 1)
	indent := minIndent + h.indent - 1
	if h.indent == 0 {
		indent = max(minIndent, s.blockIndent(&breaks))
	} else {
		s.blockBreaks(&breaks, indent)
	}
	end := s.pos
	last, lastAt := "", s.pos
	for s.column() == indent && !s.atEnd() {
		breaks.end = -1
		b.join(&breaks)
		text := s.byteAt(0) != ' ' && s.byteAt(0) != '\t'
		at := s.pos
		s.advance(s.lineLen())
		b.copy(s.src[at.Offset:s.pos.Offset], at)
		end, lastAt = s.pos, s.pos
		last = s.takeBreak()
		breaks = builder{}
		s.blockBreaks(&breaks, indent)
		if s.column() != indent || s.atEnd() {
			break
		}
		next := s.byteAt(0) != ' ' && s.byteAt(0) != '\t'
		if !folded || last != "\n" || !text || !next {
			b.put(last, lastAt)
		} else if len(breaks.text) == 0 {
			b.put(" ", lastAt)
		}
		last = ""
	}
	if !h.strip {
		b.put(last, lastAt)
	}
	if h.keep {
		breaks.end = -1
		b.join(&breaks)
	}
	s.emitScalar(&b, style, start, end, end)
}

// blockIndent takes the empty lines before the text and returns its column.
func (s *scanner) blockIndent(breaks *builder) int {
	indent := 0
	for {
		if s.byteAt(0) == ' ' {
			s.advance(1)
			indent = max(indent, s.column())
			continue
		}
		at := s.pos
		br := s.takeBreak()
		if br == "" {
			return indent
		}
		breaks.put(br, at)
	}
}

// blockBreaks takes empty lines and the indentation of the next one.
func (s *scanner) blockBreaks(breaks *builder, indent int) {
	for {
		for s.column() < indent && s.byteAt(0) == ' ' {
			s.advance(1)
		}
		at := s.pos
		br := s.takeBreak()
		if br == "" {
			return
		}
		breaks.put(br, at)
	}
}

// printable reports the offset of the first byte that YAML does not allow, or -1.
func printable(src string) int {
	for i, r := range src {
		switch {
		case r == '\t' || r == '\n' || r == '\r' || r == 0x85:
		case r < 0x20 || 0x7f <= r && r < 0xa0 || r == 0xfffe || r == 0xffff:
			return i
		case r == utf8.RuneError && !strings.HasPrefix(src[i:], "\uFFFD"):
			return i
		}
	}
	return -1
}
