package jinja

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func addNumberFilters(add addFilter) {
	add("abs", "x", func(_ *state, a []any) (any, error) {
		if err := defined(a[0]); err != nil {
			return nil, err
		}
		if !isNumeric(a[0]) {
			return nil, typeErrorf("bad operand type for abs(): '%s'", typeName(a[0]))
		}
		v := asNumber(a[0])
		if f, ok := v.(float64); ok {
			return math.Abs(f), nil
		}
		if compareNumbers(v, int64(0)) < 0 {
			v = negate(v)
		}
		return v, nil
	})
	add("int", "value default? base?", intFilter)
	add("float", "value default?", func(_ *state, a []any) (any, error) {
		f, err := toFloat(a[0])
		if isKind(err, kindType, kindValue) {
			return or(a[1], 0.0), nil
		}
		return f, err
	})
	add("round", "value precision? method?", roundFilter)
	add("filesizeformat", "value binary?", fileSizeFilter)
}

// toFloat is float(v).
func toFloat(v any) (float64, error) {
	if err := defined(v); err != nil {
		return 0, err
	}
	s, ok := textOf(v)
	if !ok {
		if !isNumeric(v) {
			return 0, typeErrorf("float() argument must be a string or a real number, not '%s'", typeName(v))
		}
		return floatOf(v)
	}
	text := asciiDigits(strings.TrimFunc(s, isSpace))
	low := strings.ToLower(strings.TrimLeft(text, "+-"))
	bad := valueErrorf("could not convert string to float: %s", strRepr(s))
	switch {
	case low == "inf" || low == "infinity" || low == "nan":
	case strings.ContainsAny(low, "xpni") || !underscoresFit(text):
		return 0, bad
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(text, "_", ""), 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, bad
	}
	return f, nil
}

// underscoresFit says that underscores stand between digits only.
func underscoresFit(s string) bool {
	for i := range len(s) {
		if s[i] == '_' && (i == 0 || i+1 == len(s) || !isAlnumByte(s[i-1]) || !isAlnumByte(s[i+1])) {
			return false
		}
	}
	return true
}

func isAlnumByte(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

// asciiDigits gives decimal digits of other scripts as ASCII's.
func asciiDigits(s string) string {
	if isASCII(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r > 0x7f && isDecimal(r) {
			zero := r
			for isDecimal(zero-1) && r-zero < 9 {
				zero--
			}
			return '0' + (r - zero)
		}
		return r
	}, s)
}

// toInt is int(s, base).
func toInt(s string, base int) (any, error) {
	bad := valueErrorf("invalid literal for int() with base %d: %s", base, strRepr(s))
	if base != 0 && (base < 2 || base > 36) {
		return nil, valueErrorf("int() base must be >= 2 and <= 36, or 0")
	}
	text := asciiDigits(strings.TrimFunc(s, isSpace))
	sign := ""
	if text != "" && (text[0] == '-' || text[0] == '+') {
		sign, text = text[:1], text[1:]
	}
	prefixes := map[string]int{"0x": 16, "0o": 8, "0b": 2}
	if len(text) > 2 {
		if b, ok := prefixes[strings.ToLower(text[:2])]; ok && (base == 0 || base == b) {
			base, text = b, strings.TrimPrefix(text[2:], "_")
		}
	}
	if base == 0 {
		base = 10
		if len(text) > 1 && text[0] == '0' && strings.Trim(text, "0_") != "" {
			return nil, bad
		}
	}
	if text == "" || !underscoresFit(text) || strings.ContainsAny(text, "+-") {
		return nil, bad
	}
	digits := strings.ReplaceAll(text, "_", "")
	if len(digits) > value.MaxBits/3 {
		return nil, valueErrorf("Exceeds the limit (%d digits) for integer string conversion", value.MaxBits/3)
	}
	i, ok := new(big.Int).SetString(sign+digits, base)
	if !ok {
		return nil, bad
	}
	return value.Int(i), nil
}

func intFilter(_ *state, a []any) (any, error) {
	if err := defined(a[0]); err != nil {
		return nil, err
	}
	if s, ok := textOf(a[0]); ok {
		base, err := indexOr(a[2], 10)
		if err == nil {
			var v any
			if v, err = toInt(s, base); err == nil {
				return v, nil
			}
		}
		if !isKind(err, kindType, kindValue) {
			return nil, err
		}
	}
	if i, ok := integer(a[0]); ok {
		return value.Int(i), nil
	}
	f, err := toFloat(a[0])
	if err == nil {
		var i *big.Int
		if i, err = truncated(f); err == nil {
			return value.Int(i), nil
		}
		if _, isNumber := a[0].(float64); isNumber && isKind(err, kindOverflow) {
			return nil, err
		}
	}
	if isKind(err, kindType, kindValue, kindOverflow) {
		return or(a[1], int64(0)), nil
	}
	return nil, err
}

func roundFilter(_ *state, a []any) (any, error) {
	method, _ := textOf(or(a[2], "common"))
	if method != "common" && method != "ceil" && method != "floor" {
		return nil, failf(kindArgument, "method must be common, ceil or floor")
	}
	if err := defined(a[0]); err != nil {
		return nil, err
	}
	precision := or(a[1], int64(0))
	if method == "common" {
		if !isNumeric(a[0]) {
			return nil, typeErrorf("type %s doesn't define __round__ method", typeName(a[0]))
		}
		return roundTo(asNumber(a[0]), precision)
	}
	scale, err := numericArg("**", int64(10), precision)
	if err != nil {
		return nil, err
	}
	v, err := numericArg("*", a[0], scale)
	if err != nil {
		return nil, err
	}
	f, err := floatOf(v)
	if err != nil {
		return nil, err
	}
	if f = math.Floor(f); method == "ceil" {
		g, _ := floatOf(v)
		f = math.Ceil(g)
	}
	i, err := truncated(f)
	if err != nil {
		return nil, err
	}
	return divide(value.Int(i), scale)
}

func numericArg(op string, l, r any) (any, error) {
	if err := defined(l, r); err != nil {
		return nil, err
	}
	if !isNumeric(l) || !isNumeric(r) {
		return nil, unsupported(op, l, r)
	}
	return numeric(op, asNumber(l), asNumber(r))
}

// roundTo is round(v, digits): halves go to the even neighbour, decimally
// exact.
func roundTo(v, digits any) (any, error) {
	if digits == nil {
		digits = int64(0)
		if f, ok := v.(float64); ok {
			i, err := truncated(math.RoundToEven(f))
			if err != nil {
				return nil, err
			}
			return value.Int(i), nil
		}
	}
	n, err := index(digits)
	if err != nil {
		return nil, err
	}
	if f, ok := v.(float64); ok {
		return roundFloat(f, n), nil
	}
	if n >= 0 {
		return v, nil
	}
	i, _ := integer(v)
	if -n > i.BitLen() {
		return int64(0), nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-n)), nil)
	q, m := floorDivMod(i, unit)
	switch twice := new(big.Int).Lsh(m, 1).Cmp(unit); {
	case twice > 0, twice == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return value.Int(q.Mul(q, unit)), nil
}

func roundFloat(f float64, n int) float64 {
	switch {
	case f == 0 || math.IsInf(f, 0) || math.IsNaN(f) || n > 330:
		return f
	case n < -310:
		return math.Copysign(0, f)
	case n >= 0:
		// FormatFloat rounds the exact value, halves to even.
		g, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', n, 64), 64)
		return g
	}
	exact := new(big.Rat).SetFloat64(f)
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(-n)), nil))
	q := new(big.Rat).Quo(exact, unit)
	floor, rem := floorDivMod(q.Num(), q.Denom())
	switch twice := new(big.Int).Lsh(rem, 1).Cmp(q.Denom()); {
	case twice > 0, twice == 0 && floor.Bit(0) == 1:
		floor.Add(floor, big.NewInt(1))
	}
	g, _ := new(big.Rat).Mul(new(big.Rat).SetInt(floor), unit).Float64()
	return math.Copysign(math.Abs(g), f)
}

func fileSizeFilter(st *state, a []any) (any, error) {
	size, err := toFloat(a[0])
	if err != nil {
		return nil, err
	}
	binary, err := st.flag(a[1], false)
	if err != nil {
		return nil, err
	}
	base, names := 1000.0, []string{"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"}
	if binary {
		base, names = 1024, []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
	}
	if size == 1 {
		return "1 Byte", nil
	}
	if size < base {
		i, err := truncated(size)
		if err != nil {
			return nil, err
		}
		return i.String() + " Bytes", nil
	}
	unit, name := base*base, ""
	for i, n := range names {
		if name = n; size < unit || i == len(names)-1 {
			break
		}
		unit *= base
	}
	return formatFloat(base*size/unit, 'f', 1, false) + " " + name, nil
}
