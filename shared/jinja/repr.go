package jinja

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// str is str(v).
func (st *state) str0(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case markup:
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case *undefined:
		return "", v.firm()
	}
	return st.repr(v)
}

// strEscaped is str(v), escaped for HTML if that is asked for.
func (st *state) strEscaped(v any, escaping bool) (string, error) {
	s, err := st.str0(v)
	if err == nil && escaping && !isMarkup(v) {
		s = escapeHTML(s)
	}
	return s, err
}

// repr is repr(v).
func (st *state) repr(v any) (string, error) {
	p := printer{st: st}
	err := p.repr(v)
	return p.b.String(), err
}

// reprOr is repr of a scalar, for a message.
func reprOr(v any, other string) string {
	switch v := v.(type) {
	case nil, bool, string, int64, *big.Int, float64:
		return yaql.Repr(v)
	case markup:
		return "Markup(" + strRepr(string(v)) + ")"
	case slice:
		return "slice(" + reprOr(v.from, other) + ", " + reprOr(v.to, other) + ", " + reprOr(v.step, other) + ")"
	case tuple:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = reprOr(e, other)
		}
		if len(v) == 1 {
			return "(" + parts[0] + ",)"
		}
		return "(" + strings.Join(parts, ", ") + ")"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = reprOr(e, other)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *list:
		return reprOr(v.items, other)
	case *undefined:
		return "Undefined"
	}
	return other
}

type printer struct {
	st *state
	b  strings.Builder
}

func (p *printer) repr(v any) error {
	if err := p.st.step(); err != nil {
		return err
	}
	if p.b.Len() > p.st.limits.Memory {
		return &TooLarge{p.st.limits.Memory}
	}
	switch v := v.(type) {
	case nil, bool, string, int64, *big.Int, float64:
		p.b.WriteString(yaql.Repr(v))
		return nil
	case markup:
		p.b.WriteString("Markup(" + strRepr(string(v)) + ")")
		return nil
	case rawText:
		p.b.WriteString(bytesRepr(string(v)))
		return nil
	case *rng:
		fmt.Fprintf(&p.b, "range(%d, %d", v.start, v.stop)
		if v.step != 1 {
			fmt.Fprintf(&p.b, ", %d", v.step)
		}
		p.b.WriteByte(')')
		return nil
	case *undefined:
		p.b.WriteString("Undefined")
		return nil
	}
	if err := p.st.enter(); err != nil {
		return err
	}
	defer p.st.leave()
	return p.container(v)
}

func (p *printer) container(v any) error {
	switch v := v.(type) {
	case []any:
		return p.items("[", v, "]")
	case *list:
		return p.items("[", v.items, "]")
	case tuple:
		if len(v) == 1 {
			return p.items("(", v, ",)")
		}
		return p.items("(", v, ")")
	case *group:
		return p.items("(", []any{v.key, v.items}, ")")
	case *value.Map, *dict, *root, Lazy:
		return p.mapping(v)
	case *view:
		items, err := p.st.collect(v)
		if err != nil {
			return err
		}
		return p.items(v.kind+"([", items, "])")
	case *macro:
		p.b.WriteString("<Macro " + strRepr(v.node.name) + ">")
	case *namespace:
		p.b.WriteString("<Namespace ")
		err := p.mapping(v.attrs)
		p.b.WriteByte('>')
		return err
	case *loop:
		n, err := v.length(p.st)
		fmt.Fprintf(&p.b, "<LoopContext %d/%d>", v.index0+1, n)
		return err
	case *self:
		p.b.WriteString("<TemplateReference None>")
	case slice:
		p.b.WriteString("slice(")
		err := p.items("", []any{v.from, v.to, v.step}, ")")
		return err
	case *callable:
		if v.typ == "type" {
			p.b.WriteString("<class '" + v.name + "'>")
			return nil
		}
		return typeErrorf("a function has no text")
	default:
		return typeErrorf("a %s has no text; the filter list makes a list of it", typeName(v))
	}
	return nil
}

func (p *printer) items(open string, items []any, closing string) error {
	p.b.WriteString(open)
	for i, e := range items {
		if i > 0 {
			p.b.WriteString(", ")
		}
		if err := p.repr(e); err != nil {
			return err
		}
	}
	p.b.WriteString(closing)
	return nil
}

func (p *printer) mapping(m any) error {
	p.b.WriteByte('{')
	first := true
	err := mapEach(m, func(k, v any) error {
		if !first {
			p.b.WriteString(", ")
		}
		first = false
		if err := p.repr(k); err != nil {
			return err
		}
		p.b.WriteString(": ")
		return p.repr(v)
	})
	p.b.WriteByte('}')
	return err
}

func bytesRepr(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteString("b" + string(quote))
	for i := range len(s) {
		switch c := s[i]; {
		case c == quote || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte(quote)
	return b.String()
}
