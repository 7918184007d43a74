package yaml

import (
	"math/big"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Pos is a place in a text. Line and Col count from 1, Col in runes; Offset
// counts bytes from 0.
type Pos struct {
	Line, Col int
	Offset    int
}

// Span is the stretch of a file from Start up to, not including, End.
type Span struct {
	File       string
	Start, End Pos
}

// IsZero reports whether the span names no place.
func (s Span) IsZero() bool { return s.Start.Line == 0 }

// Kind says what a node is once its scalars are resolved as YAML 1.1 does.
type Kind int

// The kinds of nodes.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	Time   // a date, or a date with a time of day
	Binary // !!binary
	List
	Map
)

var kindNames = [...]string{"null", "boolean", "integer", "number", "string", "timestamp", "binary", "list", "dictionary"}

// String names the kind as a message would.
func (k Kind) String() string { return kindNames[k] }

// Style is how a node is written.
type Style int

// The styles of scalars and collections.
const (
	Plain Style = iota
	SingleQuoted
	DoubleQuoted
	Literal // |
	Folded  // >
	Block   // a collection by indentation
	Flow    // a collection in brackets
)

// Node is a YAML value with its place in the source.
type Node struct {
	Kind  Kind
	Style Style
	Span  Span
	// Text is a scalar's text with quotes, escapes and folding undone. For a
	// string it is the value.
	Text string
	// Items are the elements of a list.
	Items []*Node
	// Entries are the pairs of a dictionary in the order that Python gives them:
	// merged ones (`<<`) first. No key occurs twice.
	Entries []Entry

	scalar   any
	segments []segment
}

// Entry is one pair of a dictionary.
type Entry struct {
	Key, Value *Node
}

// segment says that the bytes of Text from off on stand in the source from pos
// on, one to one on one line, until the next segment begins.
type segment struct {
	off int
	pos Pos
}

// NewString makes a string node that stands where the bytes from..to of parent's text
// stand: a part of a scalar that has a grammar of its own.
func NewString(parent *Node, from, to int, text string) *Node {
	n := &Node{Kind: String, Style: parent.Style, Text: text, scalar: text}
	n.cut(parent, from, to)
	return n
}

// NewData makes a node for data that was written inside the text of a scalar (a
// JSON literal, say). Every node of it has the place of that text.
func NewData(parent *Node, from, to int, v any) *Node {
	n := &Node{}
	n.cut(parent, from, to)
	n.setData(v)
	return n
}

func (n *Node) cut(parent *Node, from, to int) {
	n.Span = parent.SpanOf(from, to)
	if from == 0 && to >= len(parent.Text) {
		n.Span = parent.Span
	}
	n.segments = append(n.segments, segment{0, parent.PosAt(from)})
	first := sort.Search(len(parent.segments), func(i int) bool { return parent.segments[i].off > from })
	for _, s := range parent.segments[first:] {
		if s.off > to {
			break
		}
		n.segments = append(n.segments, segment{s.off - from, s.pos})
	}
}

func (n *Node) setData(v any) {
	child := func(v any) *Node {
		c := &Node{Span: n.Span, segments: n.segments[:1]}
		c.setData(v)
		return c
	}
	switch v := v.(type) {
	case nil:
		n.Kind = Null
	case bool:
		n.Kind, n.Text = Bool, strconv.FormatBool(v)
	case int64:
		n.Kind, n.Text = Int, strconv.FormatInt(v, 10)
	case *big.Int:
		n.Kind, n.Text = Int, v.String()
	case float64:
		n.Kind, n.Text = Float, strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		n.Kind, n.Text = String, v
	case []any:
		n.Kind, n.Style = List, Flow
		for _, e := range v {
			n.Items = append(n.Items, child(e))
		}
		return
	case *value.Map:
		n.Kind, n.Style = Map, Flow
		for k, e := range v.All() {
			n.Entries = append(n.Entries, Entry{child(k), child(e)})
		}
		return
	}
	n.scalar = v
}

// IsScalar reports whether the node is neither a list nor a dictionary.
func (n *Node) IsScalar() bool { return n != nil && n.Kind != List && n.Kind != Map }

// IsNull reports whether there is no node or it is null.
func (n *Node) IsNull() bool { return n == nil || n.Kind == Null }

// Str returns the node's string, and whether it is one.
func (n *Node) Str() (string, bool) {
	if n == nil || n.Kind != String {
		return "", false
	}
	return n.Text, true
}

// Get returns the value under a string key of a dictionary, or nil.
func (n *Node) Get(key string) *Node {
	if e := n.Entry(key); e != nil {
		return e.Value
	}
	return nil
}

// At follows a path of keys and indexes as far as it goes, and returns where it
// came to.
func (n *Node) At(path []any) *Node {
	for _, step := range path {
		var next *Node
		switch step := step.(type) {
		case string:
			next = n.Get(step)
		case int:
			if step < len(n.Items) {
				next = n.Items[step]
			}
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// Entry returns the pair with a string key of a dictionary, or nil.
func (n *Node) Entry(key string) *Entry {
	if n == nil {
		return nil
	}
	for i := range n.Entries {
		if k := n.Entries[i].Key; k.Kind == String && k.Text == key {
			return &n.Entries[i]
		}
	}
	return nil
}

// Value returns the node as package value's data. A nil node is null. A key that
// is no string becomes what JSON would make of it; a timestamp becomes its text
// in ISO 8601, as Python prints it.
func (n *Node) Value() any {
	if n == nil {
		return nil
	}
	switch n.Kind {
	case List:
		list := make([]any, len(n.Items))
		for i, e := range n.Items {
			list[i] = e.Value()
		}
		return list
	case Map:
		m := value.NewMap(len(n.Entries))
		for _, e := range n.Entries {
			m.Set(e.Key.keyText(), e.Value.Value())
		}
		return m
	case Time:
		return n.timeText()
	default:
		return n.scalar
	}
}

func (n *Node) keyText() string {
	switch n.Kind {
	case String, Binary:
		return n.Text
	case Time:
		return n.timeText()
	default:
		b, err := value.Encode(n.scalar)
		if err != nil { // an infinity or NaN
			return n.Text
		}
		return string(b)
	}
}

func (n *Node) timeText() string {
	t, ok := n.scalar.(time.Time)
	if !ok {
		return n.Text
	}
	if len(n.Text) == len("2006-01-02") {
		return t.Format("2006-01-02")
	}
	layout := "2006-01-02T15:04:05"
	if t.Nanosecond() != 0 {
		layout += ".000000"
	}
	if t.Location() != unzoned {
		layout += "-07:00"
	}
	return t.Format(layout)
}

// PosAt returns the place in the source of the byte at offset off of a scalar's
// text. It is exact in every style: an escape or a fold gives the place where it
// begins. An offset past the end gives the end of the text.
func (n *Node) PosAt(off int) Pos {
	if n == nil {
		return Pos{}
	}
	if len(n.segments) == 0 || off < 0 {
		return n.Span.Start
	}
	off = min(off, len(n.Text))
	i := sort.Search(len(n.segments), func(i int) bool { return n.segments[i].off > off }) - 1
	if i < 0 {
		return n.Span.Start
	}
	s := n.segments[i]
	d := min(off, len(n.Text)) - s.off
	p := s.pos
	p.Offset += d
	for _, r := range n.Text[s.off : s.off+d] {
		_ = r
		p.Col++
	}
	return p
}

// SpanOf returns the span of the bytes from..to of a scalar's text. It ends where
// the last of them ends, not where the next one begins: that may be lines below.
func (n *Node) SpanOf(from, to int) Span {
	if n == nil {
		return Span{}
	}
	s := Span{File: n.Span.File, Start: n.PosAt(from), End: n.PosAt(to)}
	if to <= from || to > len(n.Text) || len(n.segments) == 0 {
		return s
	}
	_, size := utf8.DecodeLastRuneInString(n.Text[:to])
	last := n.PosAt(to - size)
	if s.End.Line != last.Line {
		s.End = Pos{last.Line, last.Col + 1, last.Offset + size}
	}
	return s
}

var unzoned = time.FixedZone("", 0)
