package yaml

import "unicode/utf8"

// The scanner's view of the text: bytes, runes, line breaks, positions.

func (s *scanner) atEnd() bool { return s.pos.Offset >= len(s.src) }

// byteAt returns the byte n after the current one, 0 past the end.
func (s *scanner) byteAt(n int) byte {
	if i := s.pos.Offset + n; i < len(s.src) {
		return s.src[i]
	}
	return 0
}

func (s *scanner) runeAt(offset int) (rune, int) {
	return utf8.DecodeRuneInString(s.src[offset:])
}

// breakLen returns the length in bytes of the line break at offset, 0 if there is
// none. YAML 1.1 breaks lines at five characters and CR LF.
func (s *scanner) breakLen(offset int) int {
	if offset >= len(s.src) {
		return 0
	}
	switch s.src[offset] {
	case '\n':
		return 1
	case '\r':
		if offset+1 < len(s.src) && s.src[offset+1] == '\n' {
			return 2
		}
		return 1
	case 0xC2:
		if offset+1 < len(s.src) && s.src[offset+1] == 0x85 {
			return 2
		}
	case 0xE2:
		if offset+2 < len(s.src) && s.src[offset+1] == 0x80 && (s.src[offset+2] == 0xA8 || s.src[offset+2] == 0xA9) {
			return 3
		}
	}
	return 0
}

// blankAt reports whether n bytes on there is a blank, a tab, a line break or the end.
func (s *scanner) blankAt(n int) bool {
	i := s.pos.Offset + n
	return i >= len(s.src) || s.src[i] == ' ' || s.src[i] == '\t' || s.breakLen(i) > 0
}

// lineLen returns how many bytes are left on the line.
func (s *scanner) lineLen() int {
	i := s.pos.Offset
	for i < len(s.src) && s.breakLen(i) == 0 {
		i++
	}
	return i - s.pos.Offset
}

// advance moves n bytes on, which must not cross a line break.
func (s *scanner) advance(n int) {
	s.pos.Col += utf8.RuneCountInString(s.src[s.pos.Offset : s.pos.Offset+n])
	s.pos.Offset += n
}

// takeBreak moves over a line break and returns it, normalised.
func (s *scanner) takeBreak() string {
	n := s.breakLen(s.pos.Offset)
	if n == 0 {
		return ""
	}
	text := s.src[s.pos.Offset : s.pos.Offset+n]
	s.pos.Offset += n
	s.pos.Line++
	s.pos.Col = 1
	if n == 3 { // U+2028 and U+2029 stay
		return text
	}
	return "\n"
}

// skipToToken moves over blanks, comments and line breaks.
func (s *scanner) skipToToken() {
	if s.pos.Offset == 0 && len(s.src) >= 3 && s.src[:3] == "\uFEFF" {
		s.pos.Offset = 3
	}
	for {
		for s.byteAt(0) == ' ' {
			s.advance(1)
		}
		if s.byteAt(0) == '#' {
			s.advance(s.lineLen())
		}
		if s.takeBreak() == "" {
			return
		}
		if s.flow == 0 {
			s.keyAllowed = true
		}
	}
}

// builder collects a scalar's text and where its parts stand.
type builder struct {
	text     []byte
	segments []segment
	end      int // source offset at which text that follows on is contiguous, or -1
}

// stride is how long a segment gets, so that a place in a long one is found soon.
const stride = 1 << 10

// copy adds source text that stands at pos, on one line.
func (b *builder) copy(text string, pos Pos) {
	for text != "" {
		if len(b.segments) == 0 || b.end != pos.Offset || len(b.text)-b.segments[len(b.segments)-1].off >= stride {
			b.segments = append(b.segments, segment{len(b.text), pos})
		}
		part := text
		if len(part) > stride {
			n := stride
			for !utf8.RuneStart(part[n]) {
				n--
			}
			part = part[:n]
		}
		b.text = append(b.text, part...)
		text = text[len(part):]
		pos.Offset += len(part)
		pos.Col += utf8.RuneCountInString(part)
		b.end = pos.Offset
	}
}

// put adds text that stands for something else in the source at pos.
func (b *builder) put(text string, pos Pos) {
	if text == "" {
		return
	}
	b.segments = append(b.segments, segment{len(b.text), pos})
	b.text = append(b.text, text...)
	b.end = -1
}

// node makes the scalar. end is where its text ends: the place of an offset past it.
func (s *scanner) emitScalar(b *builder, style Style, start, end Pos, textEnd Pos) {
	b.segments = append(b.segments, segment{len(b.text), textEnd})
	n := &Node{
		Kind: String, Style: style, Text: string(b.text), segments: b.segments,
		Span: Span{s.file, start, end},
	}
	s.queue = append(s.queue, token{kind: tokScalar, start: start, end: end, scalar: n})
}
