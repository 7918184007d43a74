package yaql

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func commonFunctions() []spec {
	constant := func(v bool) body { return func(*frame, []any) (any, error) { return v, nil } }
	var out []spec
	for _, o := range []struct {
		op                            string
		leftNull, rightNull, bothNull bool // what null op x, x op null and null op null are
	}{
		{"<", true, false, false}, {"<=", true, false, true}, {">", false, true, false}, {">=", false, true, true},
	} {
		name := "#operator_" + o.op
		out = append(out,
			spec{name, function, "left null, right notnull", constant(o.leftNull)},
			spec{name, function, "left notnull, right null", constant(o.rightNull)},
			spec{name, function, "left null, right null", constant(o.bothNull)})
	}
	return append(out,
		spec{"*equal", function, "left any, right any", func(c *frame, a []any) (any, error) { return c.st.equal(a[0], a[1]) }},
		spec{"*not_equal", function, "left any, right any", func(c *frame, a []any) (any, error) {
			eq, err := c.st.equal(a[0], a[1])
			return !eq, err
		}},
		spec{"#operator_and", function, "left lambda, right lambda", func(_ *frame, a []any) (any, error) {
			v, err := fnArg(a, 0).call()
			if err != nil || !truth(v) {
				return v, err
			}
			return fnArg(a, 1).call()
		}},
		spec{"#operator_or", function, "left lambda, right lambda", func(_ *frame, a []any) (any, error) {
			v, err := fnArg(a, 0).call()
			if err != nil || truth(v) {
				return v, err
			}
			return fnArg(a, 1).call()
		}},
		spec{"#unary_operator_not", function, "arg any", func(_ *frame, a []any) (any, error) { return !truth(a[0]), nil }},
		spec{"bool", function, "value any", func(_ *frame, a []any) (any, error) { return truth(a[0]), nil }},
		spec{"isBoolean", function, "value any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsBool), nil }},
	)
}

func mathFunctions() []spec {
	two := func(f func(a, b any) (any, error)) body {
		return func(_ *frame, a []any) (any, error) { return f(a[0], a[1]) }
	}
	one := func(f func(a any) (any, error)) body {
		return func(_ *frame, a []any) (any, error) { return f(a[0]) }
	}
	const numbers, ints = "left number, right number", "left int, right int"
	return []spec{
		{"#operator_+", function, numbers, two(add)},
		{"#operator_-", function, numbers, two(sub)},
		{"#operator_*", function, numbers, two(mul)},
		{"#operator_/", function, numbers, two(div)},
		{"#operator_mod", function, numbers, two(mod)},
		{"#operator_<", function, numbers, two(less)},
		{"#operator_<=", function, numbers, two(lessEqual)},
		{"#operator_>", function, numbers, two(greater)},
		{"#operator_>=", function, numbers, two(greaterEqual)},
		{"#unary_operator_+", function, "op number", one(func(a any) (any, error) { return a, nil })},
		{"#unary_operator_-", function, "op number", one(negate)},
		{"abs", function, "op number", one(func(a any) (any, error) {
			if f, ok := a.(float64); ok {
				return math.Abs(f), nil
			}
			if compareNumbers(a, int64(0)) < 0 {
				return negate(a)
			}
			return a, nil
		})},
		{"int", function, "value any", one(toInt)},
		{"float", function, "value any", one(toFloat)},
		{"random", function, "", func(*frame, []any) (any, error) { return rand.Float64(), nil }},
		{"random", function, "from any, to any", two(randomInt)},
		{"bitwiseAnd", function, ints, two(bitwise(func(x, y *big.Int) *big.Int { return x.And(x, y) }))},
		{"bitwiseOr", function, ints, two(bitwise(func(x, y *big.Int) *big.Int { return x.Or(x, y) }))},
		{"bitwiseXor", function, ints, two(bitwise(func(x, y *big.Int) *big.Int { return x.Xor(x, y) }))},
		{"bitwiseNot", function, "arg int", one(func(a any) (any, error) { return value.Int(new(big.Int).Not(bigOf(a))), nil })},
		{"shiftBitsRight", function, "value int, bitsNumber int", two(func(a, b any) (any, error) { return shift(a, b, false) })},
		{"shiftBitsLeft", function, "value int, bitsNumber int", two(func(a, b any) (any, error) { return shift(a, b, true) })},
		{"max", function, "a any, b any", func(c *frame, a []any) (any, error) { return pick(c, a[0], a[1], true) }},
		{"min", function, "a any, b any", func(c *frame, a []any) (any, error) { return pick(c, a[0], a[1], false) }},
		{"pow", function, "a number, b number, c number? = null", func(_ *frame, a []any) (any, error) { return power(a[0], a[1], a[2]) }},
		{"sign", function, "num number", one(func(a any) (any, error) {
			if c := compareNumbers(a, int64(0)); c != unordered {
				return int64(c), nil
			}
			return int64(0), nil
		})},
		{"round", function, "number number, ndigits int = 0", two(round)},
		{"isInteger", function, "value any", one(func(a any) (any, error) { return isInt(a) && notBool(a), nil })},
		{"isNumber", function, "value any", one(func(a any) (any, error) { return isNumber(a), nil })},
	}
}

func negate(a any) (any, error) {
	switch a := a.(type) {
	case float64:
		return -a, nil
	default:
		return value.Int(new(big.Int).Neg(bigOf(a))), nil
	}
}

// pick is max and min: b if it is greater, or a.
func pick(c *frame, a, b any, greatest bool) (any, error) {
	v, err := c.st.operator("#operator_>", c.outer(), b, a)
	if err != nil {
		return nil, err
	}
	if truth(v) == greatest {
		return b, nil
	}
	return a, nil
}

func randomInt(from, to any) (any, error) {
	lo, ok1 := asNumber(from).(int64)
	hi, ok2 := asNumber(to).(int64)
	if !ok1 || !ok2 {
		return nil, valueErrorf("random takes integers")
	}
	if hi < lo {
		return nil, valueErrorf("empty range for randrange() (%d, %d, %d)", lo, hi+1, hi+1-lo)
	}
	return lo + int64(rand.Uint64N(uint64(hi-lo)+1)), nil
}

func bitwise(f func(x, y *big.Int) *big.Int) func(a, b any) (any, error) {
	return func(a, b any) (any, error) {
		z := value.Int(f(new(big.Int).Set(bigOf(a)), bigOf(b)))
		_, bool1 := a.(bool)
		_, bool2 := b.(bool)
		if bool1 && bool2 {
			return z != int64(0), nil
		}
		return z, nil
	}
}

func shift(a, b any, left bool) (any, error) {
	n, ok := asNumber(b).(int64)
	switch {
	case ok && n < 0:
		return nil, valueErrorf("negative shift count")
	case left && isZero(a):
		return int64(0), nil
	case left && (!ok || n+int64(bigOf(a).BitLen()) > value.MaxBits):
		return nil, failf("OverflowError", "integer with more than %d bits", value.MaxBits)
	case left:
		return value.Int(new(big.Int).Lsh(bigOf(a), uint(n))), nil
	case !ok || n > value.MaxBits:
		n = value.MaxBits
	}
	return value.Int(new(big.Int).Rsh(bigOf(a), uint(n))), nil
}

func power(a, b, m any) (any, error) {
	if !isInt(a) || !isInt(b) || (m != nil && !isInt(m)) {
		if m != nil {
			return nil, typeErrorf("pow() 3rd argument not allowed unless all arguments are integers")
		}
		return floatPower(a, b)
	}
	x, y := bigOf(a), bigOf(b)
	if m != nil {
		return modPower(x, y, bigOf(m))
	}
	if y.Sign() < 0 {
		return floatPower(a, b)
	}
	if x.BitLen() > 1 && (!y.IsInt64() || float64(x.BitLen()-1)*float64(y.Int64()) > value.MaxBits) {
		return nil, failf("OverflowError", "integer with more than %d bits", value.MaxBits)
	}
	if x.BitLen() <= 1 { // -1, 0 or 1: the exponent may be of any size
		y = big.NewInt(int64(y.Bit(0)) + 2*int64(y.Sign()))
	}
	return value.Int(new(big.Int).Exp(x, y, nil)), nil
}

func modPower(x, y, m *big.Int) (any, error) {
	if m.Sign() == 0 {
		return nil, valueErrorf("pow() 3rd argument cannot be 0")
	}
	abs := new(big.Int).Abs(m)
	if y.Sign() < 0 && new(big.Int).ModInverse(x, abs) == nil {
		return nil, valueErrorf("base is not invertible for the given modulus")
	}
	z := new(big.Int).Exp(new(big.Int).Mod(x, abs), y, abs)
	_, z = floorDivMod(z, m)
	return value.Int(z), nil
}

func floatPower(a, b any) (any, error) {
	x, err := floatOf(a)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(b)
	if err != nil {
		return nil, err
	}
	if x == 0 && y < 0 {
		return nil, zeroDivision("0.0 cannot be raised to a negative power")
	}
	z := pow(x, y)
	switch {
	case math.IsNaN(z) && !math.IsNaN(x) && !math.IsNaN(y):
		return nil, typeErrorf("the result is a complex number, not data")
	case math.IsInf(z, 0) && !math.IsInf(x, 0) && !math.IsInf(y, 0):
		return nil, failf("OverflowError", "(34, 'Numerical result out of range')")
	}
	return z, nil
}

// pow is math.Pow, exact to the last digit for whole exponents of ordinary
// size, as the C library's is.
func pow(x, y float64) float64 {
	z := math.Pow(x, y)
	n := math.Abs(y)
	switch {
	case y == 0.5 && x > 0:
		return math.Sqrt(x)
	case n != math.Trunc(n) || n > 1024 || z == 0 || math.IsInf(z, 0) || math.IsNaN(z) || math.IsInf(x, 0):
		return z
	}
	res, base := big.NewFloat(1).SetPrec(2200), big.NewFloat(x).SetPrec(2200)
	for k := int(n); k > 0; k >>= 1 {
		if k&1 == 1 {
			res.Mul(res, base)
		}
		base.Mul(base, base)
	}
	if y < 0 {
		res.Quo(big.NewFloat(1).SetPrec(2200), res)
	}
	z, _ = res.Float64()
	return z
}

// round is Python's: half to even, of the exact value.
func round(a, digits any) (any, error) {
	n, ok := asNumber(digits).(int64)
	if f, isFloat := a.(float64); isFloat {
		return roundFloat(f, n, ok)
	}
	switch {
	case ok && n >= 0, !ok && bigOf(digits).Sign() > 0:
		return a, nil
	case !ok || n < -maxIntDigits:
		return int64(0), nil
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(-n), nil)
	q, r := floorDivMod(bigOf(a), unit)
	switch c := new(big.Int).Lsh(r, 1).Cmp(unit); {
	case c > 0, c == 0 && q.Bit(0) == 1:
		q.Add(q, big.NewInt(1))
	}
	return value.Int(q.Mul(q, unit)), nil
}

func roundFloat(f float64, n int64, ok bool) (any, error) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0) || !ok || n > 323:
		return f, nil
	case n >= 0:
		z, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', int(n), 64), 64)
		if err != nil {
			return nil, failf("OverflowError", "rounded value too large to represent")
		}
		return z, nil
	case n < -308:
		return math.Copysign(0, f), nil
	}
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(-n), nil))
	q := new(big.Rat).Quo(new(big.Rat).SetFloat64(math.Abs(f)), unit)
	i := new(big.Int).Quo(q.Num(), q.Denom())
	rest := new(big.Rat).Sub(q, new(big.Rat).SetInt(i))
	if c := rest.Cmp(big.NewRat(1, 2)); c > 0 || c == 0 && i.Bit(0) == 1 {
		i.Add(i, big.NewInt(1))
	}
	z, _ := new(big.Rat).Mul(new(big.Rat).SetInt(i), unit).Float64()
	return math.Copysign(z, f), nil
}

func toInt(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return int64(0), nil
	case bool, int64, *big.Int:
		return asNumber(v), nil
	case float64:
		if math.IsNaN(v) {
			return nil, valueErrorf("cannot convert float NaN to integer")
		}
		if math.IsInf(v, 0) {
			return nil, failf("OverflowError", "cannot convert float infinity to integer")
		}
		i, _ := big.NewFloat(v).Int(nil)
		return value.Int(i), nil
	case string:
		return parseInt(v)
	}
	return nil, typeErrorf("int() argument must be a string, a bytes-like object or a real number, not '%s'", typeName(v))
}

func parseInt(s string) (any, error) {
	text, ok := numberText(s)
	digits := strings.TrimLeft(text, "+-")
	if !ok || len(text)-len(digits) > 1 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return nil, valueErrorf("invalid literal for int() with base 10: %s", Repr(s))
	}
	if len(digits) > maxIntDigits {
		return nil, valueErrorf("Exceeds the limit (%d digits) for integer string conversion", maxIntDigits)
	}
	i, _ := new(big.Int).SetString(text, 10)
	return value.Int(i), nil
}

// numberText strips what Python allows around and inside of numbers in text:
// blanks, single underscores between digits, digits of other scripts.
func numberText(s string) (string, bool) {
	s = strings.TrimFunc(s, isSpace)
	var b strings.Builder
	var prev rune
	for i, r := range s {
		if r == '_' {
			next := s[i+1:]
			if prev < '0' || prev > '9' || next == "" || !unicode.Is(unicode.Nd, []rune(next)[0]) {
				return s, false
			}
		} else {
			if unicode.Is(unicode.Nd, r) {
				r = rune('0' + digitValue(r))
			}
			b.WriteRune(r)
		}
		prev = r
	}
	return b.String(), true
}

func toFloat(v any) (any, error) {
	switch v := v.(type) {
	case nil:
		return 0.0, nil
	case string:
		text, ok := numberText(v)
		word := strings.ToLower(strings.TrimLeft(text, "+-"))
		isWord := word == "inf" || word == "infinity" || word == "nan"
		if !ok || strings.ContainsAny(text, "xXpP") || strings.ContainsAny(text, "iInN") && !isWord {
			return nil, valueErrorf("could not convert string to float: %s", Repr(v))
		}
		if word == "nan" {
			text = "nan"
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(f, 0) {
			return nil, valueErrorf("could not convert string to float: %s", Repr(v))
		}
		return f, nil
	case bool, int64, *big.Int, float64:
		return floatOf(v)
	}
	return nil, typeErrorf("float() argument must be a string or a real number, not '%s'", typeName(v))
}
