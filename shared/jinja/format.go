package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// formatFloat writes a float in one of the forms e, f, g (or E, F, G) with
// Python's exponents; with alt a point is kept.
func formatFloat(f float64, verb byte, prec int, alt bool) string {
	switch {
	case math.IsNaN(f):
		return upperIf("nan", verb)
	case math.IsInf(f, 1):
		return upperIf("inf", verb)
	case math.IsInf(f, -1):
		return upperIf("-inf", verb)
	}
	var s string
	switch verb | 0x20 {
	case 'g':
		s = formatG(f, max(prec, 1), alt)
	case 'e':
		s = strconv.FormatFloat(f, 'e', prec, 64)
	default:
		s = strconv.FormatFloat(f, 'f', prec, 64)
	}
	if alt && prec == 0 && verb|0x20 != 'g' {
		if i := strings.IndexByte(s, 'e'); i >= 0 {
			s = s[:i] + "." + s[i:]
		} else {
			s += "."
		}
	}
	return upperIf(s, verb)
}

func upperIf(s string, verb byte) string {
	if verb >= 'A' && verb <= 'Z' {
		return strings.ToUpper(s)
	}
	return s
}

func formatG(f float64, prec int, alt bool) string {
	e := strconv.FormatFloat(f, 'e', prec-1, 64)
	i := strings.IndexByte(e, 'e')
	exp, _ := strconv.Atoi(e[i+1:])
	tail := ""
	s := e[:i]
	if exp < -4 || exp >= prec {
		tail = e[i:]
	} else {
		s = strconv.FormatFloat(f, 'f', prec-1-exp, 64)
	}
	if !alt && strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s + tail
}

// truncated is int(f).
func truncated(f float64) (*big.Int, error) {
	if math.IsNaN(f) {
		return nil, valueErrorf("cannot convert float NaN to integer")
	}
	if math.IsInf(f, 0) {
		return nil, failf(kindOverflow, "cannot convert float infinity to integer")
	}
	i, _ := big.NewFloat(f).Int(nil)
	return i, nil
}

// format is str.format(): args by position, kwargs (a mapping) by name.
func (st *state) format(of any, args []any, kwargs any) (any, error) {
	s, _ := textOf(of)
	f := formatter{st: st, args: args, kwargs: kwargs, safe: isMarkup(of)}
	out, err := f.run(s, 2)
	return wrapText(out, f.safe), err
}

type formatter struct {
	st     *state
	args   []any
	kwargs any
	auto   int // next number, -1 once numbers were written
	safe   bool
}

func (f *formatter) run(s string, depth int) (string, error) {
	if depth < 0 {
		return "", valueErrorf("Max string recursion exceeded")
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		j := strings.IndexAny(s[i:], "{}")
		if j < 0 {
			b.WriteString(s[i:])
			break
		}
		b.WriteString(s[i : i+j])
		i += j
		switch {
		case i+1 < len(s) && s[i+1] == s[i]:
			b.WriteByte(s[i])
			i += 2
			continue
		case s[i] == '}':
			return "", valueErrorf("Single '}' encountered in format string")
		}
		end, err := fieldEnd(s, i)
		if err != nil {
			return "", err
		}
		text, err := f.field(s[i+1:end], depth)
		if err != nil {
			return "", err
		}
		if err := f.st.grow(len(text)); err != nil {
			return "", err
		}
		b.WriteString(text)
		i = end + 1
	}
	return b.String(), nil
}

// fieldEnd finds the bracket that closes the one at i.
func fieldEnd(s string, i int) (int, error) {
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return j, nil
			}
		case '[':
			if k := strings.IndexByte(s[j:], ']'); k >= 0 && depth == 1 {
				j += k
			}
		}
	}
	if i+1 == len(s) {
		return 0, valueErrorf("Single '{' encountered in format string")
	}
	return 0, valueErrorf("expected '}' before end of string")
}

// field formats what stands between brackets.
func (f *formatter) field(s string, depth int) (string, error) {
	end := 0
	for end < len(s) && s[end] != '!' && s[end] != ':' {
		if s[end] == '[' {
			if k := strings.IndexByte(s[end:], ']'); k >= 0 {
				end += k
			}
		}
		end++
	}
	name, rest := s[:end], s[end:]
	conv := ""
	if strings.HasPrefix(rest, "!") {
		var after string
		conv, after, _ = strings.Cut(rest[1:], ":")
		if rest = ""; len(after) > 0 {
			rest = ":" + after
		}
		if runeLen(conv) != 1 {
			return "", valueErrorf("expected ':' after conversion specifier")
		}
	}
	v, err := f.lookup(name)
	if err != nil {
		return "", err
	}
	spec := strings.TrimPrefix(rest, ":")
	if strings.ContainsAny(spec, "{}") {
		if spec, err = f.run(spec, depth-1); err != nil {
			return "", err
		}
	}
	switch conv {
	case "":
	case "s":
		v, err = f.st.str0(v)
	case "r":
		v, err = f.st.repr(v)
	case "a":
		var r string
		r, err = f.st.repr(v)
		v = asciiRepr(r)
	default:
		return "", valueErrorf("Unknown conversion specifier %s", conv)
	}
	if err != nil {
		return "", err
	}
	return f.value(v, spec)
}

func (f *formatter) value(v any, spec string) (string, error) {
	text, err := f.st.formatValue(v, spec)
	if err == nil && f.safe && !isMarkup(v) {
		text = escapeHTML(text)
	}
	return text, err
}

// lookup finds a field: a name or number, then attributes and elements.
func (f *formatter) lookup(name string) (any, error) {
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		end = len(name)
	}
	var v any
	var err error
	if name == "" {
		v, err = f.numbered()
	} else {
		v, err = f.first(name[:end])
	}
	for rest := name[end:]; err == nil && rest != ""; {
		if rest[0] == '.' {
			n := strings.IndexAny(rest[1:], ".[")
			if n < 0 {
				n = len(rest) - 1
			}
			attr := rest[1 : 1+n]
			if attr == "" {
				return nil, valueErrorf("Empty attribute in format string")
			}
			v, err = f.st.attr(v, attr)
			rest = rest[1+n:]
			continue
		}
		n := strings.IndexByte(rest, ']')
		switch {
		case rest[0] != '[':
			return nil, valueErrorf("Only '.' or '[' may follow ']' in format field specifier")
		case n < 0:
			return nil, valueErrorf("Missing ']' in format string")
		case n == 1:
			return nil, valueErrorf("Empty attribute in format string")
		}
		var key any = rest[1:n]
		if i, err := strconv.ParseInt(rest[1:n], 10, 64); err == nil && isDigit(rest[1]) {
			key = i
		}
		v, err = f.st.item(v, key)
		rest = rest[n+1:]
	}
	return v, err
}

// numbered is the next argument.
func (f *formatter) numbered() (any, error) {
	if f.auto < 0 {
		return nil, valueErrorf("cannot switch from manual field specification to automatic field numbering")
	}
	f.auto++
	return f.arg(f.auto - 1)
}

func (f *formatter) first(name string) (any, error) {
	if i, err := strconv.Atoi(name); err == nil && isDigit(name[0]) {
		if f.auto > 0 {
			return nil, valueErrorf("cannot switch from manual field specification to automatic field numbering")
		}
		f.auto = -1
		return f.arg(i)
	}
	if !isMapping(f.kwargs) {
		return nil, typeErrorf("'%s' object is not subscriptable", typeName(f.kwargs))
	}
	v, ok, err := mapGet(f.kwargs, name)
	if err == nil && !ok {
		err = failf(kindKey, "%s", strRepr(name))
	}
	return v, err
}

func (f *formatter) arg(i int) (any, error) {
	if i >= len(f.args) {
		return nil, failf(kindIndex, "Replacement index %d out of range for positional args tuple", i)
	}
	return f.args[i], nil
}

// spec is a format specification.
type spec struct {
	fill     string
	align    byte
	sign     byte
	alt      bool
	zero     bool
	width    int
	group    byte
	prec     int // -1 without one
	verb     byte
	explicit bool // align was written
}

func parseSpec(s, typ string) (*spec, error) {
	f := &spec{fill: " ", prec: -1}
	if s == "" {
		return f, nil
	}
	_, n := utf8.DecodeRuneInString(s)
	switch {
	case len(s) > n && strings.IndexByte("<>=^", s[n]) >= 0:
		f.fill, f.align, s = s[:n], s[n], s[n+1:]
	case strings.IndexByte("<>=^", s[0]) >= 0:
		f.align, s = s[0], s[1:]
	}
	f.explicit = f.align != 0
	take := func(set string) byte {
		if s != "" && strings.IndexByte(set, s[0]) >= 0 {
			c := s[0]
			s = s[1:]
			return c
		}
		return 0
	}
	f.sign = take("+- ")
	f.alt = take("#") != 0
	if take("0") != 0 {
		f.zero = true
		if !f.explicit {
			f.fill, f.align = "0", '='
		}
	}
	var err error
	if f.width, s, err = leadingInt(s, 0); err != nil {
		return nil, err
	}
	f.group = take(",_")
	if f.group != 0 && s != "" && (s[0] == ',' || s[0] == '_') {
		return nil, valueErrorf("Cannot specify both ',' and '_'.")
	}
	if take(".") != 0 {
		if s == "" || !isDigit(s[0]) {
			return nil, valueErrorf("Format specifier missing precision")
		}
		if f.prec, s, err = leadingInt(s, 0); err != nil {
			return nil, err
		}
	}
	if len(s) > 1 {
		return nil, valueErrorf("Invalid format specifier '%s' for object of type '%s'", s, typ)
	}
	if s != "" {
		f.verb = s[0]
	}
	return f, nil
}

func leadingInt(s string, def int) (int, string, error) {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 {
		return def, s, nil
	}
	v, err := strconv.ParseInt(s[:n], 10, 32)
	if err != nil {
		return 0, s, valueErrorf("Too many decimal digits in format string")
	}
	return int(v), s[n:], nil
}
