package yaql

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Str is Python's str() of value data: None, True, 1.0, [1, 'x'], {'a': 1}.
func Str(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return Repr(v)
}

// Repr is Python's repr() of value data.
func Repr(v any) string {
	var b strings.Builder
	p := printer{b: &b, data: true}
	_ = p.repr(v, 0) // value data always has one
	return b.String()
}

// finalStr is str() of a finalized result.
func finalStr(v any) (string, error) {
	switch v.(type) {
	case string, datetime, timespan:
		return pyStr(v)
	}
	var b strings.Builder
	p := printer{b: &b, data: true}
	err := p.repr(v, 0)
	return b.String(), err
}

// pyStr is str() of anything in an evaluation.
func pyStr(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case datetime:
		return v.String(), nil
	case timespan:
		return v.String(), nil
	}
	return pyRepr(v)
}

// pyRepr is repr() of anything in an evaluation, tuples in round brackets.
func pyRepr(v any) (string, error) {
	var b strings.Builder
	p := printer{b: &b}
	err := p.repr(v, 0)
	return b.String(), err
}

// printer writes values as Python does. With data set, a []any is a list, as
// outside of evaluations.
type printer struct {
	b    *strings.Builder
	data bool
}

func (p *printer) repr(v any, depth int) error {
	if depth > 2*maxNesting {
		return failf(kindRecursion, "values nested too deeply")
	}
	switch v := v.(type) {
	case nil:
		p.b.WriteString("None")
	case bool:
		if v {
			p.b.WriteString("True")
		} else {
			p.b.WriteString("False")
		}
	case int64:
		p.b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		p.b.WriteString(v.String())
	case float64:
		p.b.WriteString(floatRepr(v))
	case string:
		writeStringRepr(p.b, v)
	case []any:
		if p.data {
			return p.items("[", v, "]", depth)
		}
		if len(v) == 1 {
			return p.items("(", v, ",)", depth)
		}
		return p.items("(", v, ")", depth)
	case *list:
		return p.items("[", v.items, "]", depth)
	case *rawList:
		return p.items("[", v.items(), "]", depth)
	case *set:
		return p.set(v, depth)
	case *value.Map, *dict, *rawMap, Lazy:
		return p.mapping(v, depth)
	case datetime:
		p.b.WriteString(v.repr())
	case timespan:
		p.b.WriteString(v.repr())
	default:
		return typeErrorf("a %s has no text; toList() makes a list of it", typeName(v))
	}
	return nil
}

func (p *printer) items(open string, items []any, closing string, depth int) error {
	p.b.WriteString(open)
	for i, e := range items {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.repr(e, depth+1); err != nil {
			return err
		}
	}
	p.b.WriteString(closing)
	return nil
}

func (p *printer) set(s *set, depth int) error {
	open, closing := "frozenset({", "})"
	if p.data {
		open, closing = "{", "}"
	}
	if len(s.items) == 0 {
		open = strings.TrimSuffix(open, "{")
		closing = strings.TrimPrefix(closing, "}")
		if p.data {
			open, closing = "set(", ")"
		}
	}
	return p.items(open, s.items, closing, depth)
}

func (p *printer) mapping(m any, depth int) error {
	p.b.WriteByte('{')
	first := true
	err := entries(m, func(k, v any) error {
		if !first {
			p.b.WriteString(", ")
		}
		first = false
		if err := p.repr(k, depth+1); err != nil {
			return err
		}
		p.b.WriteString(": ")
		return p.repr(v, depth+1)
	})
	p.b.WriteByte('}')
	return err
}

// floatRepr is repr() of a float: the shortest digits that read back.
func floatRepr(f float64) string {
	switch {
	case math.IsNaN(f):
		return "nan"
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// writeStringRepr writes a string in single quotes, or in double ones if
// that saves escaping, with what can't be printed escaped.
func writeStringRepr(b *strings.Builder, s string) {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteByte(quote)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(b, `\x%02x`, s[i])
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
		i += size
	}
	b.WriteByte(quote)
}
