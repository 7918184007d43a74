package yaml

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Options bounds what [Parse] takes. The zero value means the defaults.
type Options struct {
	// MaxSize is the most bytes a text may have; 0 means 8 MiB.
	MaxSize int
	// MaxDepth is how deep lists and dictionaries may nest; 0 means 100.
	MaxDepth int
}

const (
	defaultMaxSize  = 8 << 20
	defaultMaxDepth = 100
)

// Parse reads a text that holds one document. The node is nil if there is none
// or if the text is no YAML; then the last of the errors says why. The other
// errors are about a single key or value, which the node then has as far as it
// can be understood.
func Parse(file string, src []byte, opts Options) (root *Node, errs []*Error) {
	if opts.MaxSize == 0 {
		opts.MaxSize = defaultMaxSize
	}
	if opts.MaxDepth == 0 {
		opts.MaxDepth = defaultMaxDepth
	}
	if err := checkText(file, src, opts.MaxSize); err != nil {
		return nil, []*Error{err}
	}
	p := &parser{scanner: newScanner(file, string(src)), maxDepth: opts.MaxDepth}
	defer func() {
		if r := recover(); r != nil {
			err, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			root, errs = nil, append(p.errs, err)
		}
	}()
	root = p.document()
	return root, p.errs
}

func checkText(file string, src []byte, maxSize int) *Error {
	if len(src) > maxSize {
		return &Error{Msg: fmt.Sprintf("the text has %d bytes; %d are allowed", len(src), maxSize), Span: spanAt(file, src, 0)}
	}
	if i := printable(string(src)); i >= 0 {
		return &Error{
			Msg: fmt.Sprintf("byte 0x%02x can't stand in YAML", src[i]), Advice: "save the file as UTF-8, without control characters",
			Span: spanAt(file, src, i),
		}
	}
	return nil
}

// spanAt finds the place of a byte, which may be none that YAML allows.
func spanAt(file string, src []byte, offset int) Span {
	line := bytes.Count(src[:offset], []byte("\n")) + 1
	start := bytes.LastIndexByte(src[:offset], '\n') + 1
	at := Pos{Line: line, Col: utf8.RuneCount(src[start:offset]) + 1, Offset: offset}
	return Span{file, at, at}
}

// parser builds nodes of the scanner's tokens by recursive descent.
type parser struct {
	*scanner
	depth, maxDepth int
	errs            []*Error
}

func (p *parser) is(kinds ...tokenKind) bool {
	kind := p.peek().kind
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

func (p *parser) report(span Span, advice, format string, args ...any) {
	p.errs = append(p.errs, &Error{Msg: fmt.Sprintf(format, args...), Advice: advice, Span: span})
}

// failToken stops at a token that can't stand where it does.
func (p *parser) failToken(t token, advice, format string, args ...any) {
	end := t.end
	if end.Line != t.start.Line { // keep to the line
		end = t.start
	}
	panic(&Error{Msg: fmt.Sprintf(format, args...), Advice: advice, Span: Span{p.file, t.start, end}})
}

func (p *parser) document() *Node {
	directives, started := false, false
	for p.is(tokDirective) {
		p.directive(p.next())
		directives = true
	}
	if p.is(tokDocStart) {
		p.next()
		started = true
	} else if directives {
		p.failToken(p.peek(), "", "expected '---' after a directive")
	}
	if p.is(tokEnd) {
		return nil
	}
	var root *Node
	if started && p.is(tokDirective, tokDocStart, tokDocEnd) {
		root = p.empty(p.peek().start)
	} else {
		root = p.node(true, false)
		p.checkValue(root)
	}
	for p.is(tokDocEnd) {
		p.next()
	}
	if t := p.peek(); t.kind != tokEnd {
		if t.kind == tokDocStart || t.kind == tokDirective {
			p.failToken(t, "put each document in a file of its own", "a second document")
		}
		p.failToken(t, "", "expected the end of the text, but found %s", tokenNames[t.kind])
	}
	return root
}

func (p *parser) directive(t token) {
	var major, minor int
	if n, err := fmt.Sscanf(t.tag, "%%YAML %d.%d", &major, &minor); err == nil && n == 2 && major != 1 {
		p.failToken(t, "", "YAML %d.%d is not known", major, minor)
	}
}

func (p *parser) empty(at Pos) *Node {
	return &Node{Kind: Null, Span: Span{p.file, at, at}}
}

// node parses a value. block says that it may be a block; dashes that a list may
// begin at the column of the key before it.
func (p *parser) node(block, dashes bool) *Node {
	p.depth++
	if p.depth > p.maxDepth {
		p.failToken(p.peek(), "", "nested deeper than %d levels", p.maxDepth)
	}
	defer func() { p.depth-- }()
	tag, tagStart, tagged := "", Pos{}, false
	if p.is(tokTag) {
		t := p.next()
		tag, tagStart, tagged = t.tag, t.start, true
	}
	n := p.content(block, dashes, tagged)
	if tagged {
		n.Span.Start = tagStart
	}
	p.resolve(n, tag)
	return n
}

func (p *parser) content(block, dashes, tagged bool) *Node {
	t := p.peek()
	switch {
	case t.kind == tokDash && dashes:
		return p.blockList(false)
	case t.kind == tokScalar:
		return p.next().scalar
	case t.kind == tokListOpen:
		return p.flowList()
	case t.kind == tokMapOpen:
		return p.flowMap()
	case t.kind == tokBlockList && block:
		return p.blockList(true)
	case t.kind == tokBlockMap && block:
		return p.blockMap()
	case tagged:
		return p.empty(t.start)
	}
	p.failToken(t, "", "expected a value, but found %s", tokenNames[t.kind])
	return nil
}

// blockList parses the items behind dashes. opened says that the list has an
// indentation of its own, and so an end token.
func (p *parser) blockList(opened bool) *Node {
	n := &Node{Kind: List, Style: Block, Span: Span{File: p.file, Start: p.peek().start}}
	if opened {
		p.next()
	}
	for p.is(tokDash) {
		t := p.next()
		var item *Node
		if p.is(tokDash, tokBlockEnd) || !opened && p.is(tokKey, tokValue) {
			item = p.empty(t.end)
		} else {
			item = p.node(true, false)
		}
		n.Items = append(n.Items, item)
		n.Span.End = item.Span.End
	}
	if opened {
		p.blockEnd("an item of the list ('- ...')")
	}
	return n
}

func (p *parser) blockEnd(expected string) {
	t := p.next()
	if t.kind != tokBlockEnd {
		p.failToken(t, "check the indentation, and quotes that close too early",
			"expected %s or the end of its block, but found %s", expected, tokenNames[t.kind])
	}
}

func (p *parser) blockMap() *Node {
	n := &Node{Kind: Map, Style: Block, Span: Span{File: p.file, Start: p.peek().start}}
	p.next()
	for p.is(tokKey) {
		t := p.next()
		key := p.empty(t.end)
		if !p.is(tokKey, tokValue, tokBlockEnd) {
			key = p.node(true, true)
		}
		val := p.empty(key.Span.End)
		if p.is(tokValue) {
			t = p.next()
			val = p.empty(t.end)
			if !p.is(tokKey, tokValue, tokBlockEnd) {
				val = p.node(true, true)
			}
		}
		n.Entries = append(n.Entries, Entry{key, val})
		n.Span.End = val.Span.End
	}
	p.blockEnd("'key: value'")
	return n
}

func (p *parser) flowList() *Node {
	open := p.next()
	n := &Node{Kind: List, Style: Flow, Span: Span{File: p.file, Start: open.start}}
	for first := true; !p.is(tokListClose); first = false {
		p.comma(first, open, "]")
		switch {
		case p.is(tokKey):
			n.Items = append(n.Items, p.pair())
		case !p.is(tokListClose):
			n.Items = append(n.Items, p.node(false, false))
		}
	}
	n.Span.End = p.next().end
	return n
}

// comma takes the comma between two elements.
func (p *parser) comma(first bool, open token, closer string) {
	if first {
		return
	}
	t := p.peek()
	if t.kind == tokComma {
		p.next()
		return
	}
	if t.kind == tokEnd {
		p.failToken(open, "", "this bracket is never closed")
	}
	p.failToken(t, "put the text in quotes if the brackets belong to it",
		"expected ',' or '%s', but found %s", closer, tokenNames[t.kind])
}

// pair parses `key: value` inside brackets: a dictionary of one entry.
func (p *parser) pair() *Node {
	t := p.next()
	key := p.empty(t.end)
	if !p.is(tokValue, tokComma, tokListClose) {
		key = p.node(false, false)
	}
	val := p.flowValue(key, tokListClose)
	n := &Node{
		Kind: Map, Style: Flow, Entries: []Entry{{key, val}},
		Span: Span{p.file, key.Span.Start, val.Span.End},
	}
	p.resolve(n, "")
	return n
}

func (p *parser) flowValue(key *Node, closer tokenKind) *Node {
	if !p.is(tokValue) {
		return p.empty(key.Span.End)
	}
	t := p.next()
	if p.is(tokComma, closer) {
		return p.empty(t.end)
	}
	return p.node(false, false)
}

func (p *parser) flowMap() *Node {
	open := p.next()
	n := &Node{Kind: Map, Style: Flow, Span: Span{File: p.file, Start: open.start}}
	for first := true; !p.is(tokMapClose); first = false {
		p.comma(first, open, "}")
		switch {
		case p.is(tokKey):
			t := p.next()
			key := p.empty(t.end)
			if !p.is(tokValue, tokComma, tokMapClose) {
				key = p.node(false, false)
			}
			n.Entries = append(n.Entries, Entry{key, p.flowValue(key, tokMapClose)})
		case !p.is(tokMapClose):
			key := p.node(false, false)
			n.Entries = append(n.Entries, Entry{key, p.empty(key.Span.End)})
		}
	}
	n.Span.End = p.next().end
	return n
}

// Join returns the errors as one, nil if there are none.
func Join(errs []*Error) error {
	list := make([]error, len(errs))
	for i, e := range errs {
		list[i] = e
	}
	return errors.Join(list...)
}
