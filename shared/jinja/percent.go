package jinja

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// percent is `text % args`, as Python's printf-style formatting.
func (st *state) percent(of any, format string, args any) (any, error) {
	p := percenter{st: st, safe: isMarkup(of), args: args}
	if t, ok := args.(tuple); ok {
		p.rest, p.isTuple = t, true
	} else {
		p.rest = []any{args}
	}
	switch args.(type) {
	case *rng, rawText, *undefined:
		p.mapping = true
	default:
		p.mapping = isMapping(args) || isList(args)
	}
	if err := p.run(format); err != nil {
		return nil, err
	}
	if len(p.rest) > 0 && (p.isTuple || !p.used) && !p.mapping {
		if err := defined(args); err != nil && !p.isTuple {
			return nil, err
		}
		return nil, typeErrorf("not all arguments converted during string formatting")
	}
	return wrapText(p.b.String(), p.safe), st.grow(p.b.Len())
}

type percenter struct {
	st      *state
	b       strings.Builder
	args    any
	rest    []any
	isTuple bool
	mapping bool // args may be left over
	used    bool
	safe    bool
}

// conversion is one %-specifier.
type conversion struct {
	alt, zero, left, space, plus bool
	width, prec                  int  // prec is -1 without one
	plain                        bool // nothing stands before the verb
	verb                         rune
	at                           int
}

func (p *percenter) next() (any, error) {
	if len(p.rest) == 0 {
		return nil, typeErrorf("not enough arguments for format string")
	}
	v := p.rest[0]
	p.rest = p.rest[1:]
	p.used = true
	return v, nil
}

func (p *percenter) run(format string) error {
	for i := 0; i < len(format); {
		j := strings.IndexByte(format[i:], '%')
		if j < 0 {
			p.b.WriteString(format[i:])
			return nil
		}
		p.b.WriteString(format[i : i+j])
		n, err := p.one(format, i+j+1)
		if err != nil {
			return err
		}
		i = n
		if p.b.Len() > p.st.limits.Memory {
			return &TooLarge{p.st.limits.Memory}
		}
	}
	return nil
}

// one handles the specifier whose percent sign is before at, and returns
// where it ends.
func (p *percenter) one(f string, at int) (int, error) {
	i := at
	arg := absent
	if i < len(f) && f[i] == '(' {
		end, err := p.named(f, i, &arg)
		if err != nil {
			return 0, err
		}
		i = end
	}
	c := conversion{prec: -1}
flags:
	for ; i < len(f); i++ {
		switch f[i] {
		case '#':
			c.alt = true
		case '0':
			c.zero = true
		case '-':
			c.left = true
		case ' ':
			c.space = true
		case '+':
			c.plus = true
		default:
			break flags
		}
	}
	i, err := p.number(f, i, &c.width)
	if err != nil {
		return 0, err
	}
	if c.width < 0 {
		c.left, c.width = true, -c.width
	}
	if i < len(f) && f[i] == '.' {
		c.prec = 0
		if i, err = p.number(f, i+1, &c.prec); err != nil {
			return 0, err
		}
		c.prec = max(c.prec, 0)
	}
	for i < len(f) && strings.IndexByte("hlL", f[i]) >= 0 {
		i++
	}
	if i >= len(f) {
		return 0, valueErrorf("incomplete format")
	}
	verb, n := utf8.DecodeRuneInString(f[i:])
	c.verb, c.at, c.plain = verb, runeLen(f[:i]), i == at
	return i + n, p.convert(&c, arg)
}

// named reads a mapping key.
func (p *percenter) named(f string, i int, arg *any) (int, error) {
	if !isMapping(p.args) {
		if err := defined(p.args); err != nil {
			return 0, err
		}
		return 0, typeErrorf("format requires a mapping")
	}
	depth := 0
	for j := i; j < len(f); j++ {
		switch f[j] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth > 0 {
			continue
		}
		key := f[i+1 : j]
		v, ok, err := mapGet(p.args, key)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, failf(kindKey, "%s", strRepr(key))
		}
		*arg = v
		p.rest, p.used = nil, true
		return j + 1, nil
	}
	return 0, valueErrorf("incomplete format key")
}

// number reads a width or precision, of which `*` is an argument.
func (p *percenter) number(f string, i int, n *int) (int, error) {
	if i < len(f) && f[i] == '*' {
		v, err := p.next()
		if err != nil {
			return 0, err
		}
		if *n, err = index(v); err != nil {
			return 0, typeErrorf("* wants int")
		}
		return i + 1, p.wide(*n)
	}
	from := i
	for i < len(f) && isDigit(f[i]) {
		i++
	}
	if i == from {
		return i, nil
	}
	v, err := strconv.Atoi(f[from:i])
	if err != nil {
		return 0, valueErrorf("width too big")
	}
	*n = v
	return i, p.wide(v)
}

func (p *percenter) wide(n int) error {
	if n > p.st.limits.Memory || -n > p.st.limits.Memory {
		return &TooLarge{p.st.limits.Memory}
	}
	return nil
}

func (p *percenter) convert(c *conversion, arg any) error {
	if c.verb == '%' && c.plain {
		p.b.WriteByte('%')
		return nil
	}
	if arg == absent {
		var err error
		if arg, err = p.next(); err != nil {
			return err
		}
	}
	s, number, err := p.text(c, arg)
	if err != nil {
		return err
	}
	if n := c.width - runeLen(s); n > 0 {
		switch {
		case c.left:
			s += strings.Repeat(" ", n)
		case c.zero && number:
			head := numberHead(s, c.alt)
			s = s[:head] + strings.Repeat("0", n) + s[head:]
		default:
			s = strings.Repeat(" ", n) + s
		}
	}
	p.b.WriteString(s)
	return nil
}

// numberHead is the length of a number's sign and prefix.
func numberHead(s string, prefix bool) int {
	n := 0
	if s != "" && strings.IndexByte("+- ", s[0]) >= 0 {
		n = 1
	}
	if prefix && len(s) > n+1 && s[n] == '0' && strings.IndexByte("xXob", s[n+1]) >= 0 {
		n += 2
	}
	return n
}

// text converts one argument, without padding.
func (p *percenter) text(c *conversion, arg any) (s string, number bool, err error) {
	switch c.verb {
	case 's', 'r', 'a':
		switch c.verb {
		case 's':
			s, err = p.st.strEscaped(arg, p.safe)
		default:
			s, err = p.st.repr(arg)
			if p.safe {
				s = escapeHTML(s)
			}
		}
		if c.verb == 'a' {
			s = asciiRepr(s)
		}
		if c.prec >= 0 && runeLen(s) > c.prec {
			s = substr(s, 0, c.prec)
		}
		return s, false, err
	case 'c':
		return p.char(arg)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		s, err = p.integer(c, arg)
		return s, true, err
	case 'e', 'E', 'f', 'F', 'g', 'G':
		f, err := p.float(arg)
		if err != nil {
			return "", false, err
		}
		prec := c.prec
		if prec < 0 {
			prec = 6
		}
		return signed(formatFloat(f, byte(c.verb), prec, c.alt), c), true, nil
	}
	return "", false, valueErrorf("unsupported format character '%c' (0x%x) at index %d", c.verb, c.verb, c.at)
}

func (p *percenter) float(arg any) (float64, error) {
	if err := defined(arg); err != nil {
		return 0, err
	}
	return floatOf(arg)
}

func (p *percenter) char(arg any) (string, bool, error) {
	if err := defined(arg); err != nil {
		return "", false, err
	}
	if s, ok := textOf(arg); ok {
		if runeLen(s) != 1 {
			return "", false, typeErrorf("%%c requires int or char")
		}
		if p.safe {
			s = escapeUnlessSafe(arg)
		}
		return s, false, nil
	}
	i, ok := integer(arg)
	if !ok {
		return "", false, typeErrorf("%%c requires int or char")
	}
	if !i.IsInt64() || i.Int64() < 0 || i.Int64() > utf8.MaxRune {
		return "", false, failf(kindOverflow, "%%c arg not in range(0x110000)")
	}
	return string(rune(i.Int64())), false, nil
}

func (p *percenter) integer(c *conversion, arg any) (string, error) {
	if err := defined(arg); err != nil {
		return "", err
	}
	i, ok := integer(arg)
	if f, isFloat := arg.(float64); isFloat && strings.ContainsRune("diu", c.verb) {
		var err error
		if i, err = truncated(f); err != nil {
			return "", err
		}
	} else if !ok {
		if strings.ContainsRune("diu", c.verb) {
			return "", typeErrorf("%%%c format: a real number is required, not %s", c.verb, typeName(arg))
		}
		return "", typeErrorf("%%%c format: an integer is required, not %s", c.verb, typeName(arg))
	}
	base, prefix := 10, ""
	switch c.verb {
	case 'x', 'X':
		base, prefix = 16, "0"+string(c.verb)
	case 'o':
		base, prefix = 8, "0o"
	}
	digits := new(big.Int).Abs(i).Text(base)
	if c.verb == 'X' {
		digits = strings.ToUpper(digits)
	}
	if n := c.prec - len(digits); n > 0 {
		digits = strings.Repeat("0", n) + digits
	}
	if c.alt {
		digits = prefix + digits
	}
	if i.Sign() < 0 {
		return "-" + digits, nil
	}
	return signed(digits, c), nil
}

func signed(s string, c *conversion) string {
	switch {
	case strings.HasPrefix(s, "-"):
		return s
	case c.plus:
		return "+" + s
	case c.space:
		return " " + s
	}
	return s
}
