package yaql

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// zeroSpan is never changed, as no number in an evaluation is.
var zeroSpan = new(big.Int)

func spanOf(d time.Duration) timespan { return timespan{big.NewInt(d.Microseconds())} }

// spanLimit is Python's limit of a difference in time, in microseconds.
var spanLimit = new(big.Int).Mul(big.NewInt(999_999_999+1), big.NewInt(86_400_000_000))

func checkedSpan(us *big.Int) (any, error) {
	if new(big.Int).Abs(us).Cmp(spanLimit) >= 0 {
		return nil, failf("OverflowError", "days=%s; must have magnitude <= 999999999", new(big.Int).Quo(us, big.NewInt(86_400_000_000)))
	}
	return timespan{us}, nil
}

func spanFunctions() []spec {
	const two = "ts1 timespan, ts2 timespan"
	us := func(a []any, i int) *big.Int { return a[i].(timespan).us }
	out := []spec{
		{"timespan", function, "days int = 0, hours int = 0, minutes int = 0, seconds integer = 0, milliseconds integer = 0, microseconds integer = 0", buildSpan},
		{"#operator_+", function, two, func(_ *frame, a []any) (any, error) { return checkedSpan(new(big.Int).Add(us(a, 0), us(a, 1))) }},
		{"#operator_-", function, two, func(_ *frame, a []any) (any, error) { return checkedSpan(new(big.Int).Sub(us(a, 0), us(a, 1))) }},
		{"#operator_*", function, "ts timespan, n number", func(_ *frame, a []any) (any, error) { return scaleSpan(us(a, 0), a[1], mul) }},
		{"#operator_*", function, "n number, ts timespan", func(_ *frame, a []any) (any, error) { return scaleSpan(us(a, 1), a[0], mul) }},
		{"#operator_/", function, two, func(_ *frame, a []any) (any, error) {
			x, _ := new(big.Float).SetInt(us(a, 0)).Float64()
			return div(x, value.Int(us(a, 1)))
		}},
		{"#operator_/", function, "ts timespan, n number", func(_ *frame, a []any) (any, error) {
			n, err := floatOf(a[1])
			if err != nil {
				return nil, err
			}
			return scaleSpan(us(a, 0), n, div)
		}},
		{"#unary_operator_-", function, "ts timespan", func(_ *frame, a []any) (any, error) { return checkedSpan(new(big.Int).Neg(us(a, 0))) }},
		{"#unary_operator_+", function, "ts timespan", func(_ *frame, a []any) (any, error) { return a[0], nil }},
		{"#property#microseconds", function, "obj timespan", func(_ *frame, a []any) (any, error) { return value.Int(us(a, 0)), nil }},
	}
	for name, unit := range map[string]float64{"milliseconds": 1e3, "seconds": 1e6, "minutes": 6e7, "hours": 3.6e9, "days": 8.64e10} {
		out = append(out, spec{"#property#" + name, function, "obj timespan", func(_ *frame, a []any) (any, error) {
			f, err := floatOf(value.Int(us(a, 0)))
			return f / unit, err
		}})
	}
	for op, ok := range comparisons() {
		out = append(out, spec{"#operator_" + op, function, two, func(_ *frame, a []any) (any, error) { return ok(us(a, 0).Cmp(us(a, 1))), nil }})
	}
	return out
}

func buildSpan(_ *frame, a []any) (any, error) {
	sum := new(big.Int)
	for i, unit := range []int64{86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000, 1000, 1} {
		sum.Add(sum, new(big.Int).Mul(bigOf(a[i]), big.NewInt(unit)))
	}
	return checkedSpan(sum)
}

// scaleSpan multiplies or divides, rounding to whole microseconds.
func scaleSpan(us *big.Int, n any, op func(a, b any) (any, error)) (any, error) {
	v, err := op(value.Int(us), n)
	if err != nil {
		return nil, err
	}
	if f, ok := v.(float64); ok {
		if math.IsNaN(f) {
			return nil, valueErrorf("cannot convert float NaN to integer")
		}
		if math.IsInf(f, 0) {
			return nil, failf("OverflowError", "cannot convert float infinity to integer")
		}
		i, _ := big.NewFloat(math.RoundToEven(f)).Int(nil)
		return checkedSpan(i)
	}
	return checkedSpan(bigOf(v))
}

// parts are days, seconds and microseconds, the last two never negative.
func (s timespan) parts() (days *big.Int, seconds, micros int64) {
	days, rest := floorDivMod(s.us, big.NewInt(86_400_000_000))
	return days, rest.Int64() / 1_000_000, rest.Int64() % 1_000_000
}

// String is Python's str() of a timedelta.
func (s timespan) String() string {
	days, secs, us := s.parts()
	out := fmt.Sprintf("%d:%02d:%02d", secs/3600, secs/60%60, secs%60)
	if us != 0 {
		out += fmt.Sprintf(".%06d", us)
	}
	switch {
	case days.Sign() == 0:
		return out
	case new(big.Int).Abs(days).Cmp(big.NewInt(1)) == 0:
		return days.String() + " day, " + out
	}
	return days.String() + " days, " + out
}

func (s timespan) repr() string {
	days, secs, us := s.parts()
	var parts []string
	if days.Sign() != 0 {
		parts = append(parts, "days="+days.String())
	}
	if secs != 0 {
		parts = append(parts, fmt.Sprintf("seconds=%d", secs))
	}
	if us != 0 {
		parts = append(parts, fmt.Sprintf("microseconds=%d", us))
	}
	if parts == nil {
		parts = []string{"0"}
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")"
}
