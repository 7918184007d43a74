package generate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// plain are the texts that need no quotes in YAML.
var plain = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_.-]*( [a-zA-Z_][a-zA-Z0-9_.-]*)*$`)

// reserved are those that YAML 1.1 reads as something else.
var reserved = regexp.MustCompile(`(?i)^(y|n|yes|no|on|off|true|false|null|none)$`)

// YAML writes a tree in block style.
func YAML(v any) []byte {
	var b bytes.Buffer
	write(&b, v, "")
	return b.Bytes()
}

func write(b *bytes.Buffer, v any, indent string) {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			b.WriteString(indent + text(k) + ":")
			below(b, e, indent+"  ")
		}
	case []any:
		for _, e := range v {
			b.WriteString(indent + "-")
			below(b, e, indent+"  ")
		}
	default:
		b.WriteString(indent + scalar(v) + "\n")
	}
}

// below writes what follows a key or a dash.
func below(b *bytes.Buffer, v any, indent string) {
	switch e := v.(type) {
	case *value.Map:
		if e.Len() == 0 {
			b.WriteString(" {}\n")
			return
		}
	case []any:
		if len(e) == 0 {
			b.WriteString(" []\n")
			return
		}
	default:
		b.WriteString(" " + scalar(v) + "\n")
		return
	}
	b.WriteByte('\n')
	write(b, v, indent)
}

func scalar(v any) string {
	if s, ok := v.(string); ok {
		return text(s)
	}
	if v == nil {
		return "null"
	}
	return fmt.Sprint(v)
}

func text(s string) string {
	if plain.MatchString(s) && !reserved.MatchString(s) {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
