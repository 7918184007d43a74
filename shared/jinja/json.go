package jinja

import (
	"fmt"
	"math"
	"math/big"
	"sort"
	"strings"
	"unicode/utf16"

	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// jsonWriter writes JSON as Python's json.dumps does, in ASCII.
type jsonWriter struct {
	st     *state
	b      strings.Builder
	unit   string // of indentation
	indent int    // how deep, negative for one line
	sorted bool   // keys are sorted
}

func (j *jsonWriter) write(v any) error {
	if err := j.st.step(); err != nil {
		return err
	}
	if j.b.Len() > j.st.limits.Memory {
		return &TooLarge{j.st.limits.Memory}
	}
	if s, ok := textOf(v); ok {
		j.text(s)
		return nil
	}
	switch v := v.(type) {
	case nil:
		j.b.WriteString("null")
		return nil
	case bool:
		fmt.Fprint(&j.b, v)
		return nil
	case int64, *big.Int:
		j.b.WriteString(yaql.Repr(v))
		return nil
	case float64:
		j.b.WriteString(jsonFloat(v))
		return nil
	}
	if err := j.st.enter(); err != nil {
		return err
	}
	defer j.st.leave()
	if items, ok := sequence(v); ok {
		return j.list(items)
	}
	if isMapping(v) {
		return j.dict(v)
	}
	if _, missing := v.(*undefined); missing {
		return typeErrorf("Object of type StrictUndefined is not JSON serializable")
	}
	return typeErrorf("Object of type %s is not JSON serializable", typeName(v))
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return yaql.Repr(f)
}

func (j *jsonWriter) text(s string) {
	j.b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			j.b.WriteByte('\\')
			j.b.WriteRune(r)
		case r == '\n':
			j.b.WriteString(`\n`)
		case r == '\r':
			j.b.WriteString(`\r`)
		case r == '\t':
			j.b.WriteString(`\t`)
		case r == '\b':
			j.b.WriteString(`\b`)
		case r == '\f':
			j.b.WriteString(`\f`)
		case r >= 0x20 && r < 0x7f:
			j.b.WriteRune(r)
		case r >= 0x10000:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&j.b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&j.b, `\u%04x`, r)
		}
	}
	j.b.WriteByte('"')
}

func (j *jsonWriter) line() error {
	if j.b.Len()+len(j.unit)*j.indent > j.st.limits.Memory {
		return &TooLarge{j.st.limits.Memory}
	}
	j.b.WriteByte('\n')
	j.b.WriteString(strings.Repeat(j.unit, j.indent))
	return nil
}

// items writes n elements between brackets.
func (j *jsonWriter) items(open, closing byte, n int, item func(i int) error) error {
	j.b.WriteByte(open)
	if j.indent >= 0 && n > 0 {
		j.indent++
	}
	for i := range n {
		switch {
		case i > 0 && j.indent < 0:
			j.b.WriteString(", ")
		case i > 0:
			j.b.WriteByte(',')
		}
		if j.indent >= 0 {
			if err := j.line(); err != nil {
				return err
			}
		}
		if err := item(i); err != nil {
			return err
		}
	}
	if j.indent >= 0 && n > 0 {
		j.indent--
		if err := j.line(); err != nil {
			return err
		}
	}
	j.b.WriteByte(closing)
	return nil
}

func (j *jsonWriter) list(items []any) error {
	return j.items('[', ']', len(items), func(i int) error { return j.write(items[i]) })
}

func (j *jsonWriter) dict(m any) error {
	keys := append([]any(nil), mapKeys(m)...)
	if j.sorted {
		var err error
		if keys, err = j.st.sortBy(keys, keys, false); err != nil {
			return err
		}
	}
	return j.items('{', '}', len(keys), func(i int) error {
		name, ok := jsonKey(keys[i])
		if !ok {
			return typeErrorf("keys must be str, int, float, bool or None, not %s", typeName(keys[i]))
		}
		j.text(name)
		j.b.WriteString(": ")
		v, _, err := mapGet(m, keys[i])
		if err != nil {
			return err
		}
		return j.write(v)
	})
}

// jsonKey is the text of a key in JSON.
func jsonKey(k any) (string, bool) {
	if s, ok := textOf(k); ok {
		return s, true
	}
	switch k := k.(type) {
	case nil:
		return "null", true
	case bool:
		return fmt.Sprint(k), true
	case int64, *big.Int:
		return yaql.Repr(k), true
	case float64:
		return jsonFloat(k), true
	}
	return "", false
}

// pprint is pprint.pformat(v): what does not fit into a line of 80 goes over
// several, keys are sorted.
func (st *state) pprint(v any) (string, error) {
	p := pretty{st: st}
	err := p.format(v, 0, 0)
	return p.b.String(), err
}

type pretty struct {
	st *state
	b  strings.Builder
}

func (p *pretty) format(v any, indent, allowance int) error {
	if err := p.st.enter(); err != nil {
		return err
	}
	defer p.st.leave()
	v, err := p.ordered(v)
	if err != nil {
		return err
	}
	s, err := p.st.repr(v)
	if err != nil {
		return err
	}
	if runeLen(s) <= 80-indent-allowance {
		p.b.WriteString(s)
		return p.st.grow(len(s))
	}
	if items, ok := sequence(v); ok {
		open, closing := "[", "]"
		if isTuple(v) {
			open, closing = "(", ")"
			if len(items) == 1 {
				closing = ",)"
			}
		}
		p.b.WriteString(open)
		err := p.lines(len(items), indent+1, allowance+len(closing), func(i, room int) error { return p.format(items[i], indent+1, room) })
		p.b.WriteString(closing)
		return err
	}
	if isMapping(v) {
		return p.mapping(v, indent, allowance)
	}
	if text, ok := textOf(v); ok && len(text) > 0 {
		return p.text(text, indent, allowance)
	}
	p.b.WriteString(s)
	return nil
}

// lines writes elements one a line.
func (p *pretty) lines(n, indent, allowance int, item func(i, room int) error) error {
	for i := range n {
		room := 1
		if i == n-1 {
			room = allowance
		}
		if err := item(i, room); err != nil {
			return err
		}
		if i < n-1 {
			p.b.WriteString(",\n" + strings.Repeat(" ", indent))
		}
	}
	return nil
}

func (p *pretty) mapping(m any, indent, allowance int) error {
	p.b.WriteByte('{')
	keys := mapKeys(m)
	err := p.lines(len(keys), indent+1, allowance+1, func(i, room int) error {
		k, err := p.st.repr(keys[i])
		if err != nil {
			return err
		}
		p.b.WriteString(k + ": ")
		v, _, err := mapGet(m, keys[i])
		if err != nil {
			return err
		}
		return p.format(v, indent+1+runeLen(k)+2, room)
	})
	p.b.WriteByte('}')
	return err
}

// text breaks a long string between words and behind line ends.
func (p *pretty) text(s string, indent, allowance int) error {
	lines := splitLines(s, true)
	top := indent == 0
	if top {
		indent, allowance = indent+1, allowance+1
	}
	var chunks []string
	width := 80 - indent
	for i, line := range lines {
		limit := width
		if i == len(lines)-1 {
			limit -= allowance
		}
		if r := strRepr(line); runeLen(r) <= limit {
			chunks = append(chunks, r)
			continue
		}
		chunks = append(chunks, p.words(line, width, limit, i == len(lines)-1)...)
	}
	if len(chunks) == 1 {
		p.b.WriteString(chunks[0])
		return nil
	}
	if top {
		p.b.WriteByte('(')
	}
	p.b.WriteString(strings.Join(chunks, "\n"+strings.Repeat(" ", indent)))
	if top {
		p.b.WriteByte(')')
	}
	return nil
}

func (p *pretty) words(line string, width, last int, isLast bool) []string {
	var chunks []string
	current := ""
	for rest := line; rest != ""; {
		word := rest
		if i := strings.IndexFunc(rest, isSpace); i >= 0 {
			blanks := strings.TrimLeftFunc(rest[i:], isSpace)
			word = rest[:len(rest)-len(blanks)]
		}
		rest = rest[len(word):]
		limit := width
		if rest == "" && isLast {
			limit = last
		}
		if current != "" && runeLen(strRepr(current+word)) > limit {
			chunks = append(chunks, strRepr(current))
			current = ""
		}
		current += word
	}
	if current != "" {
		chunks = append(chunks, strRepr(current))
	}
	return chunks
}

// ordered gives dictionaries with their keys sorted, where these can be.
func (p *pretty) ordered(v any) (any, error) {
	if items, ok := sequence(v); ok {
		out := make([]any, len(items))
		for i, e := range items {
			var err error
			if out[i], err = p.ordered(e); err != nil {
				return nil, err
			}
		}
		if isTuple(v) {
			return tuple(out), nil
		}
		return &list{out}, nil
	}
	if !isMapping(v) {
		return v, nil
	}
	if err := p.st.enter(); err != nil {
		return nil, err
	}
	defer p.st.leave()
	keys := append([]any(nil), mapKeys(v)...)
	sorted, err := p.st.sortBy(keys, keys, false)
	if isKind(err, kindType) {
		sorted = keys
		sort.SliceStable(sorted, func(i, j int) bool { return typeName(sorted[i]) < typeName(sorted[j]) })
	} else if err != nil {
		return nil, err
	}
	d := newDict(len(sorted))
	for _, k := range sorted {
		e, _, err := mapGet(v, k)
		if err != nil {
			return nil, err
		}
		if e, err = p.ordered(e); err != nil {
			return nil, err
		}
		_ = d.set(k, e)
	}
	return d, nil
}
