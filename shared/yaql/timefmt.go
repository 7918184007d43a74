package yaql

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func offsetText(t time.Time, colon string) string {
	_, off := t.Zone()
	sign := '+'
	if off < 0 {
		sign, off = '-', -off
	}
	s := fmt.Sprintf("%c%02d%s%02d", sign, off/3600, colon, off/60%60)
	if off%60 != 0 {
		s += fmt.Sprintf("%s%02d", colon, off%60)
	}
	return s
}

func (d datetime) text(sep string) string {
	s := d.t.Format("2006-01-02") + sep + d.t.Format("15:04:05")
	if us := d.t.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	return s
}

// String is Python's str() of a datetime.
func (d datetime) String() string { return d.text(" ") + offsetText(d.t, ":") }

// iso is what Mistral keeps of a datetime in JSON.
func (d datetime) iso() string {
	return fmt.Sprintf("%s.%06d", d.t.Format("2006-01-02T15:04:05"), d.t.Nanosecond()/1000)
}

func (d datetime) repr() string {
	t := d.t
	zone := "tzutc()"
	if _, off := t.Zone(); off != 0 {
		zone = fmt.Sprintf("tzoffset(None, %d)", off)
	}
	s := fmt.Sprintf("datetime.datetime(%d, %d, %d, %d, %d", t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute())
	if us := t.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(", %d, %d", t.Second(), us)
	} else if t.Second() != 0 {
		s += fmt.Sprintf(", %d", t.Second())
	}
	return s + ", tzinfo=" + zone + ")"
}

// directive is a letter of strftime as a layout of Go, where there is one.
var directives = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'H': "15", 'M': "04", 'S': "05", 'y': "06", 'I': "03", 'p': "PM", 'j': "002",
	'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04",
	'D': "01/02/06", 'x': "01/02/06", 'X': "15:04:05", 'c': "Mon Jan _2 15:04:05 2006", 'e': "_2", 'r': "03:04:05 PM",
}

func strftime(t time.Time, format string) (string, error) {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			b.WriteByte('%')
		case 'f':
			fmt.Fprintf(&b, "%06d", t.Nanosecond()/1000)
		case 'z':
			b.WriteString(offsetText(t, ""))
		case 'Z':
			if _, off := t.Zone(); off == 0 {
				b.WriteString("UTC")
			}
		case 'w':
			b.WriteString(strconv.Itoa(int(t.Weekday())))
		case 'u':
			b.WriteString(strconv.Itoa(int(t.Weekday()+6)%7 + 1))
		case 's':
			b.WriteString(strconv.FormatInt(t.Unix(), 10))
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'G', 'V':
			year, week := t.ISOWeek()
			if c == 'G' {
				fmt.Fprintf(&b, "%04d", year)
			} else {
				fmt.Fprintf(&b, "%02d", week)
			}
		case 'U':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-int(t.Weekday()))/7)
		case 'W':
			fmt.Fprintf(&b, "%02d", (t.YearDay()+6-int(t.Weekday()+6)%7)/7)
		case 'C':
			fmt.Fprintf(&b, "%02d", t.Year()/100)
		default:
			layout, ok := directives[c]
			if !ok {
				b.WriteString("%" + string(c))
				continue
			}
			b.WriteString(t.Format(layout))
		}
	}
	return b.String(), nil
}

// strptimeLayouts are the directives that strptime reads, as Go's layouts
// that take numbers with and without leading zeros.
var strptimeLayouts = map[byte]string{
	'Y': "2006", 'm': "1", 'd': "2", 'H': "15", 'M': "4", 'S': "5", 'y': "06", 'I': "3", 'p': "PM", 'j': "002",
	'b': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'f': "999999999", 'z': "-0700", 'Z': "MST",
}

// strptime reads a date in a format; without a zone it is UTC.
func strptime(s, format string) (any, error) {
	mismatch := valueErrorf("time data %s does not match format %s", Repr(s), Repr(format))
	layout := ""
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c != '%' || i+1 == len(format) {
			if c >= '0' && c <= '9' || c == '_' {
				return nil, valueErrorf("format %s with figures of its own is not supported", Repr(format))
			}
			layout += string(c)
			continue
		}
		i++
		if format[i] == '%' {
			layout += "%"
			continue
		}
		l, ok := strptimeLayouts[format[i]]
		if !ok {
			return nil, valueErrorf("'%c' is a bad directive in format %s", format[i], Repr(format))
		}
		if format[i] == 'f' && !strings.HasSuffix(layout, ".") && !strings.HasSuffix(layout, ",") {
			return nil, valueErrorf("%%f is supported after a point only, in format %s", Repr(format))
		}
		layout += l
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return nil, mismatch
	}
	if !strings.Contains(format, "%Y") && !strings.Contains(format, "%y") {
		t = t.AddDate(1900, 0, 0)
	}
	return datetime{inOffset(t)}, nil
}

// inOffset keeps of a zone only its offset.
func inOffset(t time.Time) time.Time {
	if _, off := t.Zone(); off != 0 {
		return t.In(time.FixedZone("", off))
	}
	return t.UTC()
}

// layouts are the forms of dates that datetime() reads without a format, a
// part of what dateutil guesses at.
var (
	dateLayouts = []string{
		"2006-1-2", "20060102", "2006/1/2", "2006.1.2", "1/2/2006", "1-2-2006", "2 Jan 2006", "Jan 2 2006", "Jan 2, 2006", "2 January 2006",
		"January 2 2006", "January 2, 2006", "Mon, 2 Jan 2006", "Mon Jan 2 2006", "2006-01", "2006-Jan-2", "2-Jan-2006",
	}
	timeLayouts = []string{"", "15:04:05", "15:04", "15:04:05.999999999", "150405", "3:04 PM", "3:04:05 PM", "3PM"}
	zoneLayouts = []string{"", "Z07:00", "Z0700", "-07", " Z07:00", " Z0700", " UTC", " GMT", "UTC"}
)

func parseDatetime(s string) (any, error) {
	s = strings.TrimSpace(s)
	if len(s) > 100 {
		return nil, valueErrorf("Unknown string format: a text of %d bytes", len(s))
	}
	for _, d := range dateLayouts {
		for _, clock := range timeLayouts {
			seps := []string{"T", " ", "t"}
			if clock == "" {
				seps = []string{""}
			}
			for _, sep := range seps {
				for _, z := range zoneLayouts {
					if t, err := time.Parse(d+sep+clock+z, s); err == nil && (clock != "" || z == "") {
						return datetime{inOffset(t.Truncate(time.Microsecond))}, nil
					}
				}
			}
		}
	}
	if t, err := time.Parse("Mon Jan _2 15:04:05 2006", s); err == nil {
		return datetime{t}, nil
	}
	return nil, valueErrorf("Unknown string format: %s", s)
}
