package yaml

import "fmt"

// tokenKind is what a token is.
type tokenKind int

const (
	tokEnd tokenKind = iota // end of the stream
	tokDirective
	tokDocStart
	tokDocEnd
	tokBlockList // a block list begins, by indentation
	tokBlockMap
	tokBlockEnd
	tokListOpen // [
	tokListClose
	tokMapOpen // {
	tokMapClose
	tokDash  // "- "
	tokComma // ,
	tokKey
	tokValue
	tokTag
	tokScalar
)

var tokenNames = [...]string{
	"the end of the text", "a directive", "'---'", "'...'", "a list", "a dictionary",
	"the end of a block", "'['", "']'", "'{'", "'}'", "'-'", "','", "a key", "':'", "a tag", "a scalar",
}

type token struct {
	kind       tokenKind
	start, end Pos
	scalar     *Node  // of a tokScalar
	tag        string // of a tokTag
}

// simpleKey is a place where a key without '?' may have begun.
type simpleKey struct {
	index    int // of the token that begins it, counted from the first of all
	pos      Pos
	required bool
}

// scanner makes tokens of text. Indentation becomes tokens too, and a key is
// known only once its ':' is seen: then its token is put in before what was
// already scanned, which is why tokens wait in a queue.
type scanner struct {
	file string
	src  string
	pos  Pos

	queue      []token
	taken      int // tokens handed out
	done       bool
	flow       int // depth of [] and {}
	indent     int // current column, -1 outside
	indents    []int
	keyAllowed bool
	keys       map[int]simpleKey // possible simple keys by flow depth
	maxKeyLen  int
}

// Error is text that is not YAML as Mistral reads it.
type Error struct {
	// Msg says what is wrong, Advice what to write instead (may be empty).
	Msg, Advice string
	// Span is the place. Context, where it is not zero, is where the construct
	// began that could not be finished.
	Span, Context Span
}

// Error returns "file:line:col: message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Span.File, e.Span.Start.Line, e.Span.Start.Col, e.Msg)
}

func newScanner(file, src string) *scanner {
	return &scanner{
		file: file, src: src, pos: Pos{Line: 1, Col: 1},
		indent: -1, keyAllowed: true, keys: map[int]simpleKey{}, maxKeyLen: 1024,
	}
}

// fail stops the scan; [Parse] recovers the error.
func (s *scanner) fail(at Pos, advice, format string, args ...any) {
	end := at
	if at.Offset < len(s.src) && s.breakLen(at.Offset) == 0 {
		_, n := s.runeAt(at.Offset)
		end.Offset += n
		end.Col++
	}
	panic(&Error{Msg: fmt.Sprintf(format, args...), Advice: advice, Span: Span{s.file, at, end}})
}

func (s *scanner) column() int { return s.pos.Col - 1 }

// need reports whether the queue has no token that is certain yet.
func (s *scanner) need() bool {
	if s.done {
		return false
	}
	if len(s.queue) == 0 {
		return true
	}
	s.dropStaleKeys()
	for _, k := range s.keys {
		if k.index == s.taken {
			return true
		}
	}
	return false
}

func (s *scanner) peek() token {
	for s.need() {
		s.fetch()
	}
	return s.queue[0]
}

func (s *scanner) next() token {
	t := s.peek()
	if t.kind != tokEnd {
		s.queue = s.queue[1:]
		s.taken++
	}
	return t
}

func (s *scanner) emit(kind tokenKind, start Pos) {
	s.queue = append(s.queue, token{kind: kind, start: start, end: s.pos})
}

// insert puts a token before the one with the given index.
func (s *scanner) insert(index int, t token) {
	i := index - s.taken
	s.queue = append(s.queue, token{})
	copy(s.queue[i+1:], s.queue[i:])
	s.queue[i] = t
}

// fetch scans the next token, or the tokens that it implies.
func (s *scanner) fetch() {
	s.skipToToken()
	s.dropStaleKeys()
	s.unwind(s.column())
	if s.atEnd() {
		s.fetchEnd()
		return
	}
	c := s.src[s.pos.Offset]
	if s.pos.Col == 1 && s.fetchAtLineStart(c) {
		return
	}
	switch {
	case c == '[':
		s.fetchOpen(tokListOpen)
	case c == '{':
		s.fetchOpen(tokMapOpen)
	case c == ']':
		s.fetchClose(tokListClose)
	case c == '}':
		s.fetchClose(tokMapClose)
	case c == ',':
		s.fetchComma()
	case c == '-' && s.blankAt(1):
		s.fetchDash()
	case c == '?' && (s.flow > 0 || s.blankAt(1)):
		s.fetchKey()
	case c == ':' && (s.flow > 0 || s.blankAt(1)):
		s.fetchValue()
	default:
		s.fetchContent(c)
	}
}

func (s *scanner) fetchContent(c byte) {
	switch {
	case c == '!':
		s.saveKey()
		s.keyAllowed = false
		s.fetchTag()
	case (c == '|' || c == '>') && s.flow == 0:
		s.keyAllowed = true
		s.dropKey()
		s.fetchBlockScalar(c == '>')
	case c == '\'' || c == '"':
		s.saveKey()
		s.keyAllowed = false
		s.fetchQuoted(c)
	case s.startsPlain(c):
		s.saveKey()
		s.keyAllowed = false
		s.fetchPlain()
	default:
		s.failCharacter(c)
	}
}

func (s *scanner) failCharacter(c byte) {
	if c == '\t' {
		s.fail(s.pos, "use blanks", "a tab can't stand here")
	}
	s.fail(s.pos, "put the text in quotes", "a value can't begin with '%c'", c)
}

func (s *scanner) fetchAtLineStart(c byte) bool {
	if c == '%' {
		s.unwind(-1)
		s.dropKey()
		s.keyAllowed = false
		s.fetchDirective()
		return true
	}
	sep := s.separatorHere()
	if sep == "" {
		return false
	}
	s.unwind(-1)
	s.dropKey()
	s.keyAllowed = false
	start := s.pos
	s.advance(3)
	if sep == "---" {
		s.emit(tokDocStart, start)
	} else {
		s.emit(tokDocEnd, start)
	}
	return true
}

// separatorHere returns "---" or "..." if the line begins with one.
func (s *scanner) separatorHere() string {
	if s.pos.Col != 1 || len(s.src)-s.pos.Offset < 3 {
		return ""
	}
	sep := s.src[s.pos.Offset : s.pos.Offset+3]
	if (sep == "---" || sep == "...") && s.blankAt(3) {
		return sep
	}
	return ""
}

func (s *scanner) fetchEnd() {
	s.unwind(-1)
	s.dropKey()
	s.keyAllowed = false
	s.emit(tokEnd, s.pos)
	s.done = true
}

func (s *scanner) fetchDirective() {
	start := s.pos
	s.advance(s.lineLen())
	s.emit(tokDirective, start)
	s.queue[len(s.queue)-1].tag = s.src[start.Offset:s.pos.Offset]
}

func (s *scanner) fetchOpen(kind tokenKind) {
	s.saveKey()
	s.flow++
	s.keyAllowed = true
	s.indicator(kind)
}

func (s *scanner) fetchClose(kind tokenKind) {
	s.dropKey()
	if s.flow > 0 {
		s.flow--
	}
	s.keyAllowed = false
	s.indicator(kind)
}

// indicator emits a token of one character.
func (s *scanner) indicator(kind tokenKind) {
	start := s.pos
	s.advance(1)
	s.emit(kind, start)
}

// openBlock begins a block at an indicator that is indented further than the one
// around it; between brackets there are none.
func (s *scanner) openBlock(kind tokenKind, advice, problem string) {
	if s.flow > 0 {
		return
	}
	if !s.keyAllowed {
		s.fail(s.pos, advice, "%s", problem)
	}
	if s.push(s.column()) {
		s.queue = append(s.queue, token{kind: kind, start: s.pos, end: s.pos})
	}
}

func (s *scanner) fetchComma() {
	s.keyAllowed = true
	s.dropKey()
	s.indicator(tokComma)
}

func (s *scanner) fetchDash() {
	s.openBlock(tokBlockList, "begin the list on a line of its own", "a list can't begin here")
	s.keyAllowed = true
	s.dropKey()
	s.indicator(tokDash)
}

func (s *scanner) fetchKey() {
	s.openBlock(tokBlockMap, "", "a key can't stand here")
	s.keyAllowed = s.flow == 0
	s.dropKey()
	s.indicator(tokKey)
}

func (s *scanner) fetchValue() {
	if k, ok := s.keys[s.flow]; ok {
		delete(s.keys, s.flow)
		s.insert(k.index, token{kind: tokKey, start: k.pos, end: k.pos})
		if s.flow == 0 && s.push(k.pos.Col-1) {
			s.insert(k.index, token{kind: tokBlockMap, start: k.pos, end: k.pos})
		}
		s.keyAllowed = false
	} else {
		s.openBlock(tokBlockMap, "put the text in quotes if the colon belongs to it", "a second ': ' on one line")
		s.keyAllowed = s.flow == 0
		s.dropKey()
	}
	s.indicator(tokValue)
}

// saveKey notes that the token which begins here may turn out to be a key.
func (s *scanner) saveKey() {
	required := s.flow == 0 && s.indent == s.column()
	if s.keyAllowed {
		s.dropKey()
		s.keys[s.flow] = simpleKey{s.taken + len(s.queue), s.pos, required}
	}
}

func (s *scanner) dropKey() {
	if k, ok := s.keys[s.flow]; ok {
		if k.required {
			s.failKey(k)
		}
		delete(s.keys, s.flow)
	}
}

func (s *scanner) dropStaleKeys() {
	for level, k := range s.keys {
		if k.pos.Line == s.pos.Line && s.pos.Offset-k.pos.Offset <= s.maxKeyLen {
			continue
		}
		if k.required {
			s.failKey(k)
		}
		delete(s.keys, level)
	}
}

func (s *scanner) failKey(k simpleKey) {
	end := k.pos
	for end.Offset < len(s.src) && s.breakLen(end.Offset) == 0 {
		_, n := s.runeAt(end.Offset)
		end.Offset += n
		end.Col++
	}
	panic(&Error{
		Msg: "expected 'key: value'", Advice: "write ': ' after the key, or indent the line if it continues the text above",
		Span: Span{s.file, k.pos, end},
	})
}

// push begins a block at column if it is deeper than the one around it.
func (s *scanner) push(column int) bool {
	if s.indent >= column {
		return false
	}
	s.indents = append(s.indents, s.indent)
	s.indent = column
	return true
}

// unwind ends the blocks that are deeper than column.
func (s *scanner) unwind(column int) {
	if s.flow > 0 {
		return
	}
	for s.indent > column {
		s.indent = s.indents[len(s.indents)-1]
		s.indents = s.indents[:len(s.indents)-1]
		s.queue = append(s.queue, token{kind: tokBlockEnd, start: s.pos, end: s.pos})
	}
}

func (s *scanner) fetchTag() {
	start := s.pos
	n := 1
	if s.byteAt(1) == '<' {
		for n = 2; !s.blankAt(n) && s.byteAt(n) != '>'; n++ {
		}
		if s.byteAt(n) != '>' {
			s.fail(s.pos, "", "a tag without its '>'")
		}
		n++
	} else {
		for ; isTagChar(s.byteAt(n)); n++ {
		}
		if n == 2 && s.byteAt(1) == '!' {
			s.fail(s.pos, "put the text in quotes", "a tag without a name")
		}
	}
	if !s.blankAt(n) && (s.flow == 0 || s.byteAt(n) != ',') {
		s.fail(s.pos, "put the text in quotes", "a value can't begin with '!'")
	}
	text := s.src[s.pos.Offset : s.pos.Offset+n]
	s.advance(n)
	s.emit(tokTag, start)
	s.queue[len(s.queue)-1].tag = text
}

func isTagChar(c byte) bool {
	switch {
	case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		return true
	}
	for i := range len("-;/?:@&=+$,_.!~*'()[]%") {
		if "-;/?:@&=+$,_.!~*'()[]%"[i] == c {
			return true
		}
	}
	return false
}
