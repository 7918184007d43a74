package yaql

import (
	"math"
	"math/big"
	"time"
)

func timeFunctions() []spec {
	out := []spec{
		{"datetime", function, "year int, month int, day int, hour int = 0, minute int = 0, second int = 0, " +
			"microsecond int = 0, offset timespan = zero", buildDatetime},
		{"datetime", function, "timestamp number, offset timespan = zero", datetimeFromTimestamp},
		{"datetime", function, "string str, format str? = null", func(_ *frame, a []any) (any, error) {
			if f, _ := a[1].(string); f != "" {
				return strptime(a[0].(string), f)
			}
			return parseDatetime(a[0].(string))
		}},
		{"now", function, "offset timespan = zero", func(_ *frame, a []any) (any, error) {
			zone, err := zoneOf(a[0].(timespan))
			if err != nil {
				return nil, err
			}
			return datetime{time.Now().Truncate(time.Microsecond).In(zone)}, nil
		}},
		{"localtz", function, "", func(*frame, []any) (any, error) {
			_, off := time.Now().Zone()
			return spanOf(time.Duration(off) * time.Second), nil
		}},
		{"utctz", function, "", func(*frame, []any) (any, error) { return timespan{zeroSpan}, nil }},
		{"#operator_+", function, "dt datetime, ts timespan", func(_ *frame, a []any) (any, error) { return a[0].(datetime).add(a[1].(timespan), 1) }},
		{"#operator_+", function, "ts timespan, dt datetime", func(_ *frame, a []any) (any, error) { return a[1].(datetime).add(a[0].(timespan), 1) }},
		{"#operator_-", function, "dt datetime, ts timespan", func(_ *frame, a []any) (any, error) { return a[0].(datetime).add(a[1].(timespan), -1) }},
		{"#operator_-", function, "dt1 datetime, dt2 datetime", func(_ *frame, a []any) (any, error) {
			return timespan{microsBetween(a[0].(datetime), a[1].(datetime))}, nil
		}},
		{"replace", method, "dt datetime, year int? = null, month int? = null, day int? = null, hour int? = null, " +
			"minute int? = null, second int? = null, microsecond int? = null, offset timespan? = null", replaceFields},
		{"format", method, "dt datetime, format str", func(_ *frame, a []any) (any, error) {
			return strftime(a[0].(datetime).t, a[1].(string))
		}},
		{"isDatetime", function, "value any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsDatetime), nil }},
		{"isTimespan", function, "value any", func(_ *frame, a []any) (any, error) { return isA(a[0], clsTimespan), nil }},
	}
	for op, ok := range comparisons() {
		out = append(out, spec{"#operator_" + op, function, "dt1 datetime, dt2 datetime", func(_ *frame, a []any) (any, error) {
			return ok(a[0].(datetime).t.Compare(a[1].(datetime).t)), nil
		}})
	}
	return append(out, datetimeProperties()...)
}

func comparisons() map[string]func(c int) bool {
	return map[string]func(c int) bool{
		"<": func(c int) bool { return c < 0 }, "<=": func(c int) bool { return c <= 0 },
		">": func(c int) bool { return c > 0 }, ">=": func(c int) bool { return c >= 0 },
	}
}

func datetimeProperties() []spec {
	var out []spec
	prop := func(name string, f func(t time.Time) any) {
		out = append(out, spec{"#property#" + name, function, "obj datetime", func(_ *frame, a []any) (any, error) {
			return f(a[0].(datetime).t), nil
		}})
	}
	prop("year", func(t time.Time) any { return int64(t.Year()) })
	prop("month", func(t time.Time) any { return int64(t.Month()) })
	prop("day", func(t time.Time) any { return int64(t.Day()) })
	prop("hour", func(t time.Time) any { return int64(t.Hour()) })
	prop("minute", func(t time.Time) any { return int64(t.Minute()) })
	prop("second", func(t time.Time) any { return int64(t.Second()) })
	prop("microsecond", func(t time.Time) any { return int64(t.Nanosecond() / 1000) })
	prop("date", func(t time.Time) any { return datetime{dayOf(t)} })
	prop("time", func(t time.Time) any { return timespan{microsBetween(datetime{t}, datetime{dayOf(t)})} })
	prop("weekday", func(t time.Time) any { return int64(t.Weekday()+6) % 7 })
	prop("utc", func(t time.Time) any { return datetime{t.UTC()} })
	prop("offset", func(t time.Time) any {
		_, off := t.Zone()
		return spanOf(time.Duration(off) * time.Second)
	})
	prop("timestamp", func(t time.Time) any {
		f, _ := new(big.Rat).SetFrac64(t.UnixMicro(), 1_000_000).Float64()
		return f
	})
	return out
}

func dayOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

func microsBetween(x, y datetime) *big.Int {
	return new(big.Int).Sub(big.NewInt(x.t.UnixMicro()), big.NewInt(y.t.UnixMicro()))
}

func (d datetime) add(s timespan, sign int64) (any, error) {
	us := new(big.Int).Mul(s.us, big.NewInt(sign))
	us.Add(us, big.NewInt(d.t.UnixMicro()))
	if us.IsInt64() {
		t := time.UnixMicro(us.Int64()).In(d.t.Location())
		if t.Year() >= 1 && t.Year() <= 9999 {
			return datetime{t}, nil
		}
	}
	return nil, failf("OverflowError", "date value out of range")
}

func zoneOf(offset timespan) (*time.Location, error) {
	if offset.us.Sign() == 0 {
		return time.UTC, nil
	}
	if new(big.Int).Abs(offset.us).Cmp(big.NewInt(24*3600*1_000_000)) >= 0 {
		return nil, valueErrorf("offset must be strictly between -24 and 24 hours")
	}
	return time.FixedZone("", int(offset.us.Int64()/1_000_000)), nil
}

func buildDatetime(_ *frame, a []any) (any, error) {
	zone, err := zoneOf(a[7].(timespan))
	if err != nil {
		return nil, err
	}
	var n [7]int
	for i := range n {
		n[i] = clampInt(a[i])
	}
	return makeDatetime(n, zone)
}

// makeDatetime checks year to microsecond, which Go's time would normalise.
func makeDatetime(n [7]int, zone *time.Location) (any, error) {
	limits := [7]struct {
		lo, hi int
		what   string
	}{{1, 9999, "year"}, {1, 12, "month"}, {1, 31, "day"}, {0, 23, "hour"}, {0, 59, "minute"}, {0, 59, "second"}, {0, 999999, "microsecond"}}
	for i, l := range limits {
		if n[i] < l.lo || n[i] > l.hi {
			return nil, valueErrorf("%s %d is out of range", l.what, n[i])
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1000, zone)
	if t.Day() != n[2] {
		return nil, valueErrorf("day is out of range for month")
	}
	return datetime{t}, nil
}

func datetimeFromTimestamp(_ *frame, a []any) (any, error) {
	zone, err := zoneOf(a[1].(timespan))
	if err != nil {
		return nil, err
	}
	f, err := floatOf(a[0])
	if err != nil || math.IsNaN(f) || f < -62135596800 || f >= 253402300800 {
		return nil, valueErrorf("timestamp out of range")
	}
	us := int64(math.RoundToEven(f * 1e6))
	if i, ok := a[0].(int64); ok {
		us = i * 1_000_000
	}
	return datetime{time.UnixMicro(us).In(zone)}, nil
}

func replaceFields(_ *frame, a []any) (any, error) {
	t := a[0].(datetime).t
	n := [7]int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}
	for i := range n {
		if a[i+1] != nil {
			n[i] = clampInt(a[i+1])
		}
	}
	zone := t.Location()
	if a[8] != nil {
		var err error
		if zone, err = zoneOf(a[8].(timespan)); err != nil {
			return nil, err
		}
	}
	return makeDatetime(n, zone)
}
