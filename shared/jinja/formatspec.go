package jinja

import (
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// formatValue is format(v, spec).
func (st *state) formatValue(v any, text string) (string, error) {
	if u, ok := v.(*undefined); ok {
		if err := u.firm(); err != nil || text == "" {
			return "", err
		}
	}
	if b, ok := v.(bool); ok && text == "" {
		return yaql.Repr(b), nil
	}
	_, isText := textOf(v)
	if !isText && !isNumeric(v) {
		if text != "" {
			return "", typeErrorf("unsupported format string passed to %s.__format__", typeName(v))
		}
		return st.str0(v)
	}
	f, err := parseSpec(text, typeName(v))
	if err != nil {
		return "", err
	}
	if f.width > st.limits.Memory || f.prec > st.limits.Memory {
		return "", &TooLarge{st.limits.Memory}
	}
	if err := st.grow(f.width + max(f.prec, 0)); err != nil {
		return "", err
	}
	if isText {
		s, _ := textOf(v)
		return f.text(s)
	}
	return f.number(v)
}

func (f *spec) unknown(v any) error {
	return valueErrorf("Unknown format code '%c' for object of type '%s'", f.verb, typeName(v))
}

func (f *spec) text(s string) (string, error) {
	switch {
	case f.verb != 0 && f.verb != 's':
		return "", f.unknown(s)
	case f.sign == ' ':
		return "", valueErrorf("Space not allowed in string format specifier")
	case f.sign != 0:
		return "", valueErrorf("Sign not allowed in string format specifier")
	case f.alt:
		return "", valueErrorf("Alternate form (#) not allowed in string format specifier")
	case f.group != 0:
		return "", valueErrorf("Cannot specify '%c' with 's'.", f.group)
	case f.align == '=' && f.explicit:
		return "", valueErrorf("'=' alignment not allowed in string format specifier")
	}
	if f.prec >= 0 && runeLen(s) > f.prec {
		s = substr(s, 0, f.prec)
	}
	align := f.align
	if align == 0 || align == '=' {
		align = '<'
	}
	return f.padded("", s, align), nil
}

// padded fills up to the width.
func (f *spec) padded(head, s string, align byte) string {
	n := f.width - runeLen(head) - runeLen(s)
	if n <= 0 {
		return head + s
	}
	fill := func(n int) string { return strings.Repeat(f.fill, n) }
	switch align {
	case '<':
		return head + s + fill(n)
	case '^':
		return fill(n/2) + head + s + fill(n-n/2)
	case '=':
		return head + fill(n) + s
	}
	return fill(n) + head + s
}

func (f *spec) number(v any) (string, error) {
	i, isInt := integer(v)
	if isInt && !strings.ContainsRune("eEfFgG%", rune(f.verb)) || f.verb == 0 && isInt {
		return f.integer(v, i)
	}
	x, err := floatOf(v)
	if err != nil {
		return "", err
	}
	verb, prec := f.verb, f.prec
	if prec < 0 {
		prec = 6
	}
	tail := ""
	var s string
	switch verb {
	case 0:
		if f.prec < 0 {
			s = yaql.Repr(x)
			break
		}
		if s = formatFloat(x, 'g', f.prec, f.alt); !strings.ContainsAny(s, ".einf") {
			if len(strings.TrimLeft(s, "-")) >= f.prec {
				s = formatFloat(x, 'e', max(f.prec-1, 0), f.alt)
				s = trimExponent(s)
			} else {
				s += ".0"
			}
		}
	case 'n':
		s = formatFloat(x, 'g', prec, f.alt)
	case '%':
		s, tail = formatFloat(x*100, 'f', prec, f.alt), "%"
	case 'e', 'E', 'f', 'F', 'g', 'G':
		s = formatFloat(x, verb, prec, f.alt)
	default:
		return "", f.unknown(v)
	}
	head, s := splitSign(s, f.sign)
	return f.grouped(head, s+tail, 3), nil
}

// trimExponent drops zeros before an exponent: 1.20e+03 is 1.2e+03.
func trimExponent(s string) string {
	i := strings.IndexByte(s, 'e')
	if i < 0 || !strings.Contains(s[:i], ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s[:i], "0"), ".") + s[i:]
}

func splitSign(s string, sign byte) (string, string) {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return "-", rest
	}
	if sign == '+' || sign == ' ' {
		return string(sign), s
	}
	return "", s
}

func (f *spec) integer(v any, i *big.Int) (string, error) {
	if f.prec >= 0 {
		return "", valueErrorf("Precision not allowed in integer format specifier")
	}
	base, prefix, every := 10, "", 3
	switch f.verb {
	case 0, 'd', 'n':
	case 'b':
		base, prefix, every = 2, "0b", 4
	case 'o':
		base, prefix, every = 8, "0o", 4
	case 'x', 'X':
		base, prefix, every = 16, "0"+string(f.verb), 4
	case 'c':
		return f.char(i)
	default:
		return "", f.unknown(v)
	}
	if f.group == ',' && base != 10 {
		return "", valueErrorf("Cannot specify ',' with '%c'.", f.verb)
	}
	head, s := splitSign(i.Text(base), f.sign)
	if f.verb == 'X' {
		s = strings.ToUpper(s)
	}
	if f.alt {
		head += prefix
	}
	return f.grouped(head, s, every), nil
}

func (f *spec) char(i *big.Int) (string, error) {
	switch {
	case f.sign != 0:
		return "", valueErrorf("Sign not allowed with integer format specifier 'c'")
	case f.alt:
		return "", valueErrorf("Alternate form (#) not allowed with integer format specifier 'c'")
	case !i.IsInt64() || i.Int64() < 0 || i.Int64() > utf8.MaxRune:
		return "", failf(kindOverflow, "%%c arg not in range(0x110000)")
	}
	align := f.align
	if align == 0 {
		align = '<'
	}
	return f.padded("", string(rune(i.Int64())), align), nil
}

// grouped puts separators between digits and pads; zeros that pad are
// grouped as well.
func (f *spec) grouped(head, s string, every int) string {
	align := f.align
	if align == 0 {
		align = '>'
	}
	if f.group == 0 {
		return f.padded(head, s, align)
	}
	n := len(s)
	if i := strings.IndexAny(s, ".e%"); i >= 0 && every == 3 {
		n = i
	}
	digits, tail := s[:n], s[n:]
	if f.fill == "0" && align == '=' {
		for len(head)+len(separate(digits, f.group, every))+len(tail) < f.width {
			digits = "0" + digits
		}
		return head + separate(digits, f.group, every) + tail
	}
	return f.padded(head, separate(digits, f.group, every)+tail, align)
}

func separate(digits string, sep byte, every int) string {
	var parts []string
	for len(digits) > every {
		parts = append(parts, digits[len(digits)-every:])
		digits = digits[:len(digits)-every]
	}
	return strings.Join(reversed(append(parts, digits)), string(sep))
}
