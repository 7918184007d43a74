package actions

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The filters here check what a client checks, and make text of values as
// Python does.

// commas joins a list of texts with commas. Text stays as it is.
func commas(v any) (any, error) {
	list, ok := v.([]any)
	if _, isText := v.(string); isText || v == nil {
		return v, nil
	}
	if !ok {
		return nil, errors.New("must be a list of strings, not " + value.Kind(v))
	}
	parts := make([]string, len(list))
	for i, e := range list {
		if parts[i], ok = e.(string); !ok {
			return nil, fmt.Errorf("must be a list of strings; its item %d is %s", i, value.Kind(e))
		}
	}
	return strings.Join(parts, ","), nil
}

// count passes a number above 0. Other numbers, and what is not true, are left out.
func count(v any) (any, error) {
	switch n := v.(type) {
	case bool, int64, float64, *big.Int:
		if f, err := strconv.ParseFloat(pythonRepr(n), 64); err == nil && f <= 0 || n == false {
			return nil, nil
		}
		return v, nil
	}
	if value.Truth(v) {
		return nil, errors.New("must be a number, not " + value.Kind(v))
	}
	return nil, nil
}

// headerLine passes what a header can hold as it is.
func headerLine(v any) (any, error) {
	s, ok := v.(string)
	if v != nil && (!ok || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })) {
		return nil, fmt.Errorf("must be text of one line in ASCII, not %s", pythonRepr(v))
	}
	return v, nil
}

// notEmpty refuses null and empty text.
func notEmpty(v any) (any, error) {
	if v == nil || v == "" {
		return nil, errors.New("must not be empty")
	}
	return v, nil
}

// dictionaries refuses what is no list of dictionaries.
func dictionaries(v any) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("must be a list of dictionaries, not " + value.Kind(v))
	}
	for i, e := range list {
		if _, ok := e.(*value.Map); !ok {
			return nil, fmt.Errorf("must be a list of dictionaries; its item %d is %s", i, value.Kind(e))
		}
	}
	return v, nil
}

// ifUUID passes what is a UUID, and null for what is not; unlessUUID is its
// counterpart.
func ifUUID(v any) (any, error) {
	if s, ok := v.(string); ok && isUUID(s) {
		return v, nil
	}
	return nil, nil
}

func unlessUUID(v any) (any, error) {
	if s, ok := v.(string); ok && isUUID(s) {
		return nil, nil
	}
	return v, nil
}

// asJSON is a value as JSON text, as Python's json.dumps writes it.
func asJSON(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	var b strings.Builder
	dumpJSON(&b, v)
	return b.String(), nil
}

// textOrJSON is [asJSON] of what is not text already.
func textOrJSON(v any) (any, error) {
	if s, ok := v.(string); ok {
		return s, nil
	}
	return asJSON(v)
}

// dictAsJSON is [asJSON] of dictionaries; other values stay as they are.
func dictAsJSON(v any) (any, error) {
	if _, ok := v.(*value.Map); ok {
		return asJSON(v)
	}
	return v, nil
}

// dumpJSON writes JSON in ASCII, a blank after each comma and colon.
func dumpJSON(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		dumpText(b, v)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			dumpJSON(b, e)
		}
		b.WriteByte(']')
	case *value.Map:
		b.WriteByte('{')
		sep := ""
		for k, e := range v.All() {
			b.WriteString(sep)
			dumpText(b, k)
			b.WriteString(": ")
			dumpJSON(b, e)
			sep = ", "
		}
		b.WriteByte('}')
	default:
		b.WriteString(pythonRepr(v)) // numbers
	}
}

var jsonEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\b", `\b`, "\f", `\f`)

func dumpText(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range jsonEscapes.Replace(s) {
		switch {
		case r >= ' ' && r <= '~':
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
		}
	}
	b.WriteByte('"')
}
