package expr

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf16"

	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// parseJSON is json_parse.
func parseJSON(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("json_parse() takes a string, not %s", clip(yaql.Repr(v)))
	}
	return value.Decode([]byte(s))
}

// dumpJSON is json_dump: Python's json.dumps(indent=4), which writes ASCII.
func dumpJSON(v any) (any, error) {
	var b strings.Builder
	if err := writeJSON(&b, v, 0); err != nil {
		return nil, err
	}
	return b.String(), nil
}

func writeJSON(b *strings.Builder, v any, depth int) error {
	switch v := v.(type) {
	case string:
		writeASCII(b, v)
	case float64:
		switch {
		case math.IsNaN(v):
			b.WriteString("NaN")
		case math.IsInf(v, 1):
			b.WriteString("Infinity")
		case math.IsInf(v, -1):
			b.WriteString("-Infinity")
		default:
			b.WriteString(yaql.Repr(v))
		}
	case []any:
		if len(v) == 0 {
			b.WriteString("[]")
			return nil
		}
		for i, e := range v {
			openItem(b, i, '[', depth)
			if err := writeJSON(b, e, depth+1); err != nil {
				return err
			}
		}
		closeItems(b, ']', depth)
	case *value.Map:
		if v.Len() == 0 {
			b.WriteString("{}")
			return nil
		}
		i := 0
		for k, e := range v.All() {
			openItem(b, i, '{', depth)
			i++
			writeASCII(b, k)
			b.WriteString(": ")
			if err := writeJSON(b, e, depth+1); err != nil {
				return err
			}
		}
		closeItems(b, '}', depth)
	default:
		text, err := value.Encode(v)
		if err != nil {
			return err
		}
		b.Write(text)
	}
	return nil
}

func openItem(b *strings.Builder, i int, open byte, depth int) {
	if i == 0 {
		b.WriteByte(open)
	} else {
		b.WriteByte(',')
	}
	b.WriteString("\n" + strings.Repeat("    ", depth+1))
}

func closeItems(b *strings.Builder, closing byte, depth int) {
	b.WriteString("\n" + strings.Repeat("    ", depth))
	b.WriteByte(closing)
}

func writeASCII(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r >= 0x20 && r < 0x7f:
			b.WriteRune(r)
		case r >= 0x10000:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
}

// parseYAML is yaml_parse: the YAML that workflows are written in.
func parseYAML(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("yaml_parse() takes a string, not %s", clip(yaql.Repr(v)))
	}
	n, errs := yaml.Parse("text", []byte(s), yaml.Options{})
	if err := yaml.Join(errs); err != nil {
		return nil, err
	}
	return n.Value(), nil
}
