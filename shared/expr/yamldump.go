package expr

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// dumpYAML is yaml_dump: what Python's yaml.safe_dump writes in block style,
// with its rules for quoting and its line width.
func dumpYAML(v any) (any, error) {
	w := yamlWriter{blank: true, indented: true}
	w.node(v, 0, false)
	if w.openEnded {
		w.lineBreak()
		w.b.WriteString("...")
	}
	w.b.WriteByte('\n')
	return w.b.String(), nil
}

const yamlWidth = 80

// yamlWriter follows the emitter of PyYAML: where a line is broken depends on
// the column and on what was written last.
type yamlWriter struct {
	b         strings.Builder
	column    int
	blank     bool // the last thing written is a blank or a line's start
	indented  bool // only indentation and indicators are on the line
	openEnded bool // a plain scalar is all there is
}

func (w *yamlWriter) write(s string) {
	w.b.WriteString(s)
	w.column += len([]rune(s))
}

func (w *yamlWriter) lineBreak() {
	w.b.WriteByte('\n')
	w.column, w.blank, w.indented = 0, true, true
}

func (w *yamlWriter) indent(n int) {
	if !w.indented || w.column > n || w.column == n && !w.blank {
		w.lineBreak()
	}
	if w.column < n {
		w.blank = true
		w.write(strings.Repeat(" ", n-w.column))
	}
}

// indicator writes punctuation, after a blank if it needs one.
func (w *yamlWriter) indicator(s string, spaced, keepsIndent bool) {
	if spaced && !w.blank {
		s = " " + s
	}
	w.blank = false
	w.indented = w.indented && keepsIndent
	w.write(s)
}

// node writes a value whose items stand at an indentation. inMap is set for
// the value of a key, whose list is not indented further.
func (w *yamlWriter) node(v any, level int, inMap bool) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			w.indicator("[]", true, false)
			return
		}
		if inMap && !w.indented {
			level -= 2
		}
		for _, e := range v {
			w.indent(level)
			w.indicator("-", true, true)
			w.node(e, level+2, false)
		}
	case *value.Map:
		if v.Len() == 0 {
			w.indicator("{}", true, false)
			return
		}
		keys := v.Keys()
		slices.Sort(keys)
		for _, k := range keys {
			e, _ := v.Get(k)
			w.indent(level)
			w.entry(k, e, level)
		}
	default:
		w.scalar(v, level, false)
	}
}

func (w *yamlWriter) entry(k string, v any, level int) {
	a := analyze(k)
	if simple := len([]rune(k))+len("!!str") < 128 && k != "" && !a.lineBreaks; simple {
		w.scalar(k, level+2, true)
		w.indicator(":", false, false)
	} else {
		w.indicator("?", true, true)
		w.scalar(k, level+2, false)
		w.indent(level)
		w.indicator(":", true, true)
	}
	w.node(v, level+2, true)
}

func (w *yamlWriter) scalar(v any, level int, key bool) {
	root := w.b.Len() == 0 && !key
	fold := level
	if root {
		fold = 2 // PyYAML folds a lone scalar as if it were one level down
	}
	s, isString := v.(string)
	if !isString {
		w.plain(scalarText(v), fold, !key)
		w.openEnded = root
		return
	}
	a := analyze(s)
	switch {
	case a.plain && !resolves(s) && s != "":
		w.plain(s, fold, !key)
		w.openEnded = root
	case a.single && (!key || !a.lineBreaks):
		w.single(s, fold, !key)
	default:
		w.double(s, fold, !key)
	}
}

func scalarText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case *big.Int:
		return v.String()
	case float64:
		switch {
		case math.IsNaN(v):
			return ".nan"
		case math.IsInf(v, 1):
			return ".inf"
		case math.IsInf(v, -1):
			return "-.inf"
		}
		s := yaql.Repr(v)
		if !strings.Contains(s, ".") && strings.Contains(s, "e") {
			s = strings.Replace(s, "e", ".0e", 1)
		}
		return s
	}
	return yaql.Repr(v)
}

// resolves reports whether a plain scalar would be read as something else
// than a string.
func resolves(s string) bool { return yamlImplicit.MatchString(s) }

var yamlImplicit = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF` +
	`|[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?` +
	`|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)` +
	`|[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+` +
	`|<<|~|null|Null|NULL|=` +
	`|[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?(?:[Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?` +
	`(?:[ \t]*(?:Z|[-+][0-9][0-9]?(?::[0-9]{2})?))?)$`)

// analysis says how a string can be written.
type analysis struct{ plain, single, lineBreaks bool }

func isBreak(r rune) bool { return r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029 }

func isYAMLBlank(r rune) bool { return r == 0 || r == ' ' || r == '\t' || r == '\r' || isBreak(r) }

func analyze(s string) analysis {
	a := analysis{plain: true, single: true}
	if strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		a.plain = false
	}
	text := []rune(s)
	last := len(text) - 1
	for i, r := range text {
		before := i == 0 || isYAMLBlank(text[i-1])
		after := i == last || isYAMLBlank(text[i+1])
		switch {
		case i == 0 && strings.ContainsRune("#,[]{}&*!|>'\"%@`", r),
			i == 0 && strings.ContainsRune("?-", r) && after,
			r == ':' && after, r == '#' && before:
			a.plain = false
		}
		edge := i == 0 || i == last
		switch {
		case isBreak(r):
			a.plain, a.lineBreaks = false, true
			if i > 0 && text[i-1] == ' ' || r != '\n' {
				a.single = false
			}
		case r == ' ':
			if edge {
				a.plain = false
			}
			if i > 0 && isBreak(text[i-1]) {
				a.plain, a.single = false, false
			}
		case r < 0x20 || r > 0x7e:
			a.plain, a.single = false, false
		}
	}
	return a
}

func (w *yamlWriter) plain(s string, level int, split bool) {
	if s == "" {
		return
	}
	if !w.blank {
		w.write(" ")
	}
	w.blank, w.indented = false, false
	w.words(s, level, split, false)
}

// words writes text that may be folded at single blanks; quoted text doubles
// its quotes and keeps its line breaks.
func (w *yamlWriter) words(s string, level int, split, quoted bool) {
	for i := 0; i < len(s); {
		n := i
		switch c := s[i]; {
		case c == ' ':
			for n < len(s) && s[n] == ' ' {
				n++
			}
			if inner := !quoted || i != 0 && n != len(s); n-i == 1 && w.column > yamlWidth && split && inner {
				w.indent(level)
				w.blank, w.indented = quoted && w.blank, quoted && w.indented
			} else {
				w.write(s[i:n])
			}
		case c == '\n':
			for n < len(s) && s[n] == '\n' {
				n++
			}
			w.lineBreak()
			for range n - i {
				w.lineBreak()
			}
			w.indent(level)
		case c == '\'' && quoted:
			n++
			w.write("''")
		default:
			for n < len(s) && s[n] != ' ' && s[n] != '\n' && (!quoted || s[n] != '\'') {
				n++
			}
			w.write(s[i:n])
		}
		i = n
	}
}

func (w *yamlWriter) single(s string, level int, split bool) {
	w.indicator("'", true, false)
	w.words(s, level, split, true)
	w.indicator("'", false, false)
}

var yamlEscapes = map[rune]string{
	0: "0", 7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 27: "e", '"': `"`, '\\': `\`, 0x85: "N", 0xa0: "_", 0x2028: "L", 0x2029: "P",
}

func escapeYAML(r rune) string {
	if e, ok := yamlEscapes[r]; ok {
		return `\` + e
	}
	switch {
	case r >= 0x20 && r <= 0x7e:
		return ""
	case r <= 0xff:
		return fmt.Sprintf(`\x%02X`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

func (w *yamlWriter) double(s string, level int, split bool) {
	w.indicator(`"`, true, false)
	text := []rune(s)
	start := 0
	for end := 0; end <= len(text); end++ {
		esc := ""
		if end < len(text) {
			esc = escapeYAML(text[end])
		}
		if end == len(text) || esc != "" {
			if start < end {
				w.write(string(text[start:end]))
				start = end
			}
			if esc != "" {
				w.write(esc)
				start = end + 1
			}
		}
		if end > 0 && end < len(text)-1 && (text[end] == ' ' || start >= end) && w.column+end-start > yamlWidth && split {
			if start < end {
				w.write(string(text[start:end]))
				start = end
			}
			w.write(`\`)
			w.indent(level)
			w.blank, w.indented = false, false
			if text[start] == ' ' {
				w.write(`\`)
			}
		}
	}
	w.indicator(`"`, false, false)
}
