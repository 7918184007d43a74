package yaql

import (
	"math"
	"math/big"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func bigOf(v any) *big.Int {
	switch v := asNumber(v).(type) {
	case int64:
		return big.NewInt(v)
	case *big.Int:
		return v
	}
	return new(big.Int)
}

// floatOf is float(v) for a number; an integer too big for one is an error.
func floatOf(v any) (float64, error) {
	switch v := asNumber(v).(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case *big.Int:
		f, _ := new(big.Float).SetInt(v).Float64()
		if math.IsInf(f, 0) {
			return 0, failf("OverflowError", "int too large to convert to float")
		}
		return f, nil
	}
	return 0, typeErrorf("must be real number, not %s", typeName(v))
}

func isInt(v any) bool { return isA(v, clsInt) }

// arith applies an operator: in 64 bits where that holds, else in big
// integers, and in floats if one of the operands is one.
func arith(a, b any, small func(x, y int64) (int64, bool), large func(x, y *big.Int) *big.Int, floats func(x, y float64) float64) (any, error) {
	a, b = asNumber(a), asNumber(b)
	if isInt(a) && isInt(b) {
		if x, ok := a.(int64); ok {
			if y, ok := b.(int64); ok {
				if z, ok := small(x, y); ok {
					return z, nil
				}
			}
		}
		z := large(bigOf(a), bigOf(b))
		if z.BitLen() > value.MaxBits {
			return nil, failf("OverflowError", "integer with more than %d bits", value.MaxBits)
		}
		return value.Int(z), nil
	}
	x, err := floatOf(a)
	if err != nil {
		return nil, err
	}
	y, err := floatOf(b)
	if err != nil {
		return nil, err
	}
	return floats(x, y), nil
}

func add(a, b any) (any, error) {
	return arith(a, b, func(x, y int64) (int64, bool) {
		z := x + y
		return z, (z > x) == (y > 0)
	}, func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) },
		func(x, y float64) float64 { return x + y })
}

func sub(a, b any) (any, error) {
	return arith(a, b, func(x, y int64) (int64, bool) {
		z := x - y
		return z, (z < x) == (y > 0)
	}, func(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) },
		func(x, y float64) float64 { return x - y })
}

func mul(a, b any) (any, error) {
	return arith(a, b, func(x, y int64) (int64, bool) {
		if x == 0 || y == 0 {
			return 0, true
		}
		z := x * y
		return z, x != math.MinInt64 && y != math.MinInt64 && z/y == x
	}, func(x, y *big.Int) *big.Int { return new(big.Int).Mul(x, y) },
		func(x, y float64) float64 { return x * y })
}

func zeroDivision(msg string) error { return failf("ZeroDivisionError", "%s", msg) }

func isZero(v any) bool { return compareNumbers(v, int64(0)) == 0 }

// div is // of integers, rounding down, and / of floats.
func div(a, b any) (any, error) {
	if isZero(b) {
		if isInt(a) && isInt(b) {
			return nil, zeroDivision("integer division or modulo by zero")
		}
		return nil, zeroDivision("float division by zero")
	}
	return arith(a, b, func(x, y int64) (int64, bool) {
		if y == -1 {
			return -x, x != math.MinInt64
		}
		q := x / y
		if (x%y != 0) && ((x < 0) != (y < 0)) {
			q--
		}
		return q, true
	}, func(x, y *big.Int) *big.Int { q, _ := floorDivMod(x, y); return q },
		func(x, y float64) float64 { return x / y })
}

// mod is Python's %, whose result has the divisor's sign.
func mod(a, b any) (any, error) {
	if isZero(b) {
		if isInt(a) && isInt(b) {
			return nil, zeroDivision("integer modulo by zero")
		}
		return nil, zeroDivision("float modulo")
	}
	return arith(a, b, func(x, y int64) (int64, bool) {
		if y == -1 {
			return 0, true
		}
		r := x % y
		if r != 0 && (r < 0) != (y < 0) {
			r += y
		}
		return r, true
	}, func(x, y *big.Int) *big.Int { _, r := floorDivMod(x, y); return r }, floatMod)
}

func floatMod(x, y float64) float64 {
	r := math.Mod(x, y)
	if r == 0 {
		return math.Copysign(0, y)
	}
	if (r < 0) != (y < 0) {
		r += y
	}
	return r
}

func floorDivMod(x, y *big.Int) (*big.Int, *big.Int) {
	q, r := new(big.Int), new(big.Int)
	q.QuoRem(x, y, r)
	if r.Sign() != 0 && (r.Sign() < 0) != (y.Sign() < 0) {
		q.Sub(q, big.NewInt(1))
		r.Add(r, y)
	}
	return q, r
}

func less(a, b any) (any, error)      { return compareNumbers(a, b) == -1, nil }
func greater(a, b any) (any, error)   { return compareNumbers(a, b) == 1, nil }
func lessEqual(a, b any) (any, error) { c := compareNumbers(a, b); return c == -1 || c == 0, nil }
func greaterEqual(a, b any) (any, error) {
	c := compareNumbers(a, b)
	return c == 1 || c == 0, nil
}

// truth is Python's bool().
func truth(v any) bool {
	switch v := v.(type) {
	case nil, bool, string, int64, float64, *big.Int:
		return value.Truth(v)
	case timespan:
		return v.us.Sign() != 0
	}
	if n, ok := sizeOf(v); ok {
		return n > 0
	}
	return true // iterators among them: nobody knows yet what they hold
}
