package jinja

import (
	"math"
	"math/big"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func isNumeric(v any) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64:
		return true
	}
	return false
}

// asNumber gives booleans as 0 and 1.
func asNumber(v any) any {
	if b, ok := v.(bool); ok {
		if b {
			return int64(1)
		}
		return int64(0)
	}
	return v
}

// integer gives an integer, booleans among them, as a big one.
func integer(v any) (*big.Int, bool) {
	switch v := asNumber(v).(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// floatOf is float(v) of a number.
func floatOf(v any) (float64, error) {
	switch v := asNumber(v).(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			return 0, failf(kindOverflow, "int too large to convert to float")
		}
		return f, nil
	}
	return 0, typeErrorf("must be real number, not %s", typeName(v))
}

// index is what Python takes as an index or count: an integer that fits.
func index(v any) (int, error) {
	switch v := asNumber(v).(type) {
	case int64:
		return int(v), nil
	case *big.Int:
		return 0, failf(kindOverflow, "Python int too large to convert to C ssize_t")
	case *undefined:
		return 0, v.err()
	}
	return 0, typeErrorf("'%s' object cannot be interpreted as an integer", typeName(v))
}

func negate(v any) any {
	switch v := asNumber(v).(type) {
	case int64:
		if v != math.MinInt64 {
			return -v
		}
		return new(big.Int).Neg(big.NewInt(v))
	case *big.Int:
		return value.Int(new(big.Int).Neg(v))
	case float64:
		return -v
	}
	return v
}

// binary computes l op r.
func (st *state) binary(op string, l, r any) (any, error) {
	if s, ok := textOf(l); ok && op == "%" {
		return st.percent(l, s, r)
	}
	if err := defined(l, r); err != nil {
		return nil, err
	}
	if isNumeric(l) && isNumeric(r) {
		return numeric(op, asNumber(l), asNumber(r))
	}
	switch op {
	case "+":
		return st.add(l, r)
	case "*":
		if _, ok := integer(r); ok {
			return st.repeat(l, r)
		}
		if _, ok := integer(l); ok {
			return st.repeat(r, l)
		}
		if _, ok := repeatable(l); ok {
			return nil, typeErrorf("can't multiply sequence by non-int of type '%s'", typeName(r))
		}
		if _, ok := repeatable(r); ok {
			return nil, typeErrorf("can't multiply sequence by non-int of type '%s'", typeName(l))
		}
	}
	return nil, unsupported(op, l, r)
}

func unsupported(op string, l, r any) error {
	if op == "**" {
		op = "** or pow()"
	}
	return typeErrorf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(l), typeName(r))
}

func (st *state) add(l, r any) (any, error) {
	a, isText := textOf(l)
	b, bothText := textOf(r)
	switch {
	case isText && bothText:
		if isMarkup(l) || isMarkup(r) {
			v := markup(escapeUnlessSafe(l) + escapeUnlessSafe(r))
			return v, st.grow(len(v))
		}
		if err := st.grow(len(a) + len(b)); err != nil {
			return nil, err
		}
		return a + b, nil
	case isText && !isMarkup(l):
		return nil, typeErrorf("can only concatenate str (not \"%s\") to str", typeName(r))
	}
	xs, isSeq := sequence(l)
	ys, bothSeq := sequence(r)
	if isSeq && isTuple(l) == isTuple(r) && bothSeq {
		if err := st.grow(16 * (len(xs) + len(ys))); err != nil {
			return nil, err
		}
		all := append(append(make([]any, 0, len(xs)+len(ys)), xs...), ys...)
		if isTuple(l) {
			return tuple(all), nil
		}
		return &list{all}, nil
	}
	if isSeq && isTuple(l) {
		return nil, typeErrorf("can only concatenate tuple (not \"%s\") to tuple", typeName(r))
	}
	if isSeq {
		return nil, typeErrorf("can only concatenate list (not \"%s\") to list", typeName(r))
	}
	return nil, unsupported("+", l, r)
}

func repeatable(v any) (int, bool) {
	if s, ok := textOf(v); ok {
		return len(s), true
	}
	items, ok := sequence(v)
	return 16 * len(items), ok
}

// repeat is v * n.
func (st *state) repeat(v, n any) (any, error) {
	size, ok := repeatable(v)
	if !ok {
		return nil, unsupported("*", v, n)
	}
	times, err := index(n)
	if err != nil {
		return nil, failf(kindOverflow, "cannot fit 'int' into an index-sized integer")
	}
	times = max(times, 0)
	if size > 0 && times > math.MaxInt32 {
		return nil, st.grow(-1)
	}
	if err := st.grow(size * times); err != nil {
		return nil, err
	}
	if s, ok := textOf(v); ok {
		if size == 0 {
			times = 0
		}
		return wrapText(strings.Repeat(s, times), isMarkup(v)), nil
	}
	items, _ := sequence(v)
	out := make([]any, 0, len(items)*min(times, math.MaxInt32))
	for range times {
		if len(items) == 0 {
			break
		}
		out = append(out, items...)
	}
	if isTuple(v) {
		return tuple(out), nil
	}
	return &list{out}, nil
}

// numeric computes on two numbers, neither a boolean.
func numeric(op string, l, r any) (any, error) {
	a, aInt := integer(l)
	b, bInt := integer(r)
	switch {
	case op == "/":
		return divide(l, r)
	case op == "**":
		return power(l, r)
	case aInt && bInt:
		if v, ok := small(op, l, r); ok {
			return v, nil
		}
		return integers(op, a, b)
	}
	x, err := floatOf(l)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(r)
	if err != nil {
		return nil, err
	}
	switch op {
	case "+":
		return x + y, nil
	case "-":
		return x - y, nil
	case "*":
		return x * y, nil
	}
	if y == 0 {
		if op == "%" {
			return nil, failf(kindZero, "float modulo")
		}
		return nil, failf(kindZero, "float floor division by zero")
	}
	mod := floatMod(x, y)
	if op == "%" {
		return mod, nil
	}
	return floatFloorDiv(x, y), nil
}

// small computes in 64 bits where that holds.
func small(op string, l, r any) (any, bool) {
	x, ok := l.(int64)
	y, ok2 := r.(int64)
	if !ok || !ok2 {
		return nil, false
	}
	switch op {
	case "+":
		z := x + y
		return z, (z > x) == (y > 0)
	case "-":
		z := x - y
		return z, (z < x) == (y > 0)
	case "*":
		const half = 1 << 31
		return x * y, x < half && x > -half && y < half && y > -half
	}
	if y == 0 || y == -1 {
		return nil, false
	}
	q, m := x/y, x%y
	if m != 0 && (m < 0) != (y < 0) {
		q--
		m += y
	}
	if op == "%" {
		return m, true
	}
	return q, true
}

func integers(op string, a, b *big.Int) (any, error) {
	z := new(big.Int)
	switch op {
	case "+":
		z.Add(a, b)
	case "-":
		z.Sub(a, b)
	case "*":
		if a.BitLen()+b.BitLen() > value.MaxBits+1 {
			return nil, tooManyBits()
		}
		z.Mul(a, b)
	default:
		if b.Sign() == 0 && op == "%" {
			return nil, failf(kindZero, "integer modulo by zero")
		} else if b.Sign() == 0 {
			return nil, failf(kindZero, "integer division or modulo by zero")
		}
		q, m := floorDivMod(a, b)
		if z = q; op == "%" {
			z = m
		}
	}
	if z.BitLen() > value.MaxBits {
		return nil, tooManyBits()
	}
	return value.Int(z), nil
}

func tooManyBits() error { return failf(kindOverflow, "integer with more than %d bits", value.MaxBits) }

func floorDivMod(x, y *big.Int) (*big.Int, *big.Int) {
	q, r := new(big.Int), new(big.Int)
	q.QuoRem(x, y, r)
	if r.Sign() != 0 && (r.Sign() < 0) != (y.Sign() < 0) {
		q.Sub(q, big.NewInt(1))
		r.Add(r, y)
	}
	return q, r
}

func divide(l, r any) (any, error) {
	a, aInt := integer(l)
	b, bInt := integer(r)
	if aInt && bInt {
		if b.Sign() == 0 {
			return nil, failf(kindZero, "division by zero")
		}
		if a.Sign() == 0 && b.Sign() < 0 {
			return math.Copysign(0, -1), nil
		}
		f, _ := new(big.Rat).SetFrac(a, b).Float64()
		if math.IsInf(f, 0) {
			return nil, failf(kindOverflow, "integer division result too large for a float")
		}
		return f, nil
	}
	x, err := floatOf(l)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(r)
	if err != nil {
		return nil, err
	}
	if y == 0 {
		return nil, failf(kindZero, "float division by zero")
	}
	return x / y, nil
}

func power(l, r any) (any, error) {
	a, aInt := integer(l)
	b, bInt := integer(r)
	if aInt && bInt && b.Sign() >= 0 {
		if a.BitLen() > 1 && (!b.IsInt64() || b.Int64() > value.MaxBits || int64(a.BitLen()-1)*b.Int64() > value.MaxBits) {
			return nil, tooManyBits()
		}
		if a.BitLen() <= 1 { // -1, 0, 1
			b = new(big.Int).And(b, big.NewInt(3))
			if b.Sign() == 0 && r != any(int64(0)) {
				b.SetInt64(4)
			}
		}
		return value.Int(new(big.Int).Exp(a, b, nil)), nil
	}
	x, err := floatOf(l)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(r)
	if err != nil {
		return nil, err
	}
	switch {
	case x == 0 && y < 0:
		return nil, failf(kindZero, "0.0 cannot be raised to a negative power")
	case x < 0 && y != math.Trunc(y) && !math.IsInf(x, 0):
		return nil, valueErrorf("complex numbers are not supported")
	}
	z := pow(x, y)
	if math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0) {
		return nil, failf(kindOverflow, "(34, 'Numerical result out of range')")
	}
	return z, nil
}

// pow is C's pow(), which rounds better than math.Pow: exponents that are
// multiples of 1/16 are computed with many digits.
func pow(x, y float64) float64 {
	z := math.Pow(x, y)
	n := math.Abs(y) * 16
	if n != math.Trunc(n) || n > 16*1024 || x == 0 || z == 0 || math.IsNaN(z) || math.IsInf(z, 0) || math.IsInf(x, 0) {
		return z
	}
	const precision = 400
	exact := big.NewFloat(1).SetPrec(precision)
	base := new(big.Float).SetPrec(precision).SetFloat64(math.Abs(x))
	if n != 16*math.Trunc(n/16) {
		for range 4 {
			base.Sqrt(base)
		}
	} else {
		n /= 16
	}
	for e := int(n); e > 0; e >>= 1 {
		if e&1 == 1 {
			exact.Mul(exact, base)
		}
		base.Mul(base, base)
	}
	if y < 0 {
		exact.Quo(big.NewFloat(1).SetPrec(precision), exact)
	}
	f, _ := exact.Float64()
	return math.Copysign(f, z)
}

func floatMod(x, y float64) float64 {
	m := math.Mod(x, y)
	if m == 0 {
		return math.Copysign(0, y)
	}
	if (m < 0) != (y < 0) {
		m += y
	}
	return m
}

func floatFloorDiv(x, y float64) float64 {
	m := math.Mod(x, y)
	d := (x - m) / y
	if m != 0 && (m < 0) != (y < 0) {
		d--
	}
	if d == 0 {
		return math.Copysign(0, x/y)
	}
	f := math.Floor(d)
	if d-f > 0.5 {
		f++
	}
	return f
}
