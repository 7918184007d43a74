package yaml

import (
	"encoding/base64"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The implicit types of plain scalars, tried in this order.
var (
	boolForm  = regexp.MustCompile(`^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`)
	floatForm = regexp.MustCompile(`^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|` +
		`[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$`)
	intForm = regexp.MustCompile(`^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|` +
		`[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$`)
	nullForm = regexp.MustCompile(`^(?:~|null|Null|NULL|)$`)
	timeForm = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?` +
		`(?:[ \t]*(?:(Z)|([-+])(\d\d?)(?::(\d\d))?))?)?$`)
	dateForm = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
)

// resolve gives a node the type that its tag or, for a plain scalar, its text says.
func (p *parser) resolve(n *Node, tag string) {
	tag = shortTag(tag)
	switch n.Kind {
	case Map:
		p.finishMap(n)
		if tag != "" && tag != "!" && tag != "map" {
			p.reportTag(n, tag)
		}
		return
	case List:
		if tag != "" && tag != "!" && tag != "seq" {
			p.reportTag(n, tag)
		}
		return
	}
	if tag == "" && n.Style != Plain {
		n.scalar = n.Text
		return
	}
	if tag == "" || tag == "!" {
		tag = implicitTag(n.Text)
	}
	p.setScalar(n, tag)
}

func (p *parser) reportTag(n *Node, tag string) {
	p.report(n.Span, "leave the tag out", "the tag %q has no meaning here", tag)
}

func shortTag(tag string) string {
	tag = strings.TrimSuffix(strings.TrimPrefix(tag, "!<"), ">")
	for _, prefix := range []string{"!!", "tag:yaml.org,2002:"} {
		if s, ok := strings.CutPrefix(tag, prefix); ok {
			return s
		}
	}
	return tag
}

func implicitTag(text string) string {
	if len(text) > 0 && strings.IndexByte("=<~.+-0123456789&*yYnNtTfFoO", text[0]) < 0 {
		return "str"
	}
	switch {
	case boolForm.MatchString(text):
		return "bool"
	case floatForm.MatchString(text):
		return "float"
	case intForm.MatchString(text):
		return "int"
	case text == "<<":
		return "merge"
	case nullForm.MatchString(text):
		return "null"
	case dateForm.MatchString(text):
		return "timestamp"
	case text == "=":
		return "value"
	case text == "&" || text == "*":
		return "yaml"
	}
	if m := timeForm.FindStringSubmatch(text); m != nil && m[4] != "" {
		return "timestamp"
	}
	return "str"
}

func (p *parser) setScalar(n *Node, tag string) {
	ok := true
	n.Kind, n.scalar = String, n.Text
	switch tag {
	case "str":
	case "merge", "value", "yaml":
		// As a key, << merges and = is text; p.finishMap sees to it. As a value
		// neither means anything to Python.
		n.scalar = unresolved(tag)
	case "null":
		n.Kind, n.scalar = Null, nil
	case "bool":
		b := strings.ToLower(n.Text)
		n.Kind, n.scalar = Bool, b == "yes" || b == "true" || b == "on"
		ok = boolForm.MatchString(n.Text)
	case "int":
		n.Kind = Int
		n.scalar, ok = parseInt(n.Text)
	case "float":
		n.Kind = Float
		n.scalar, ok = parseFloat(n.Text)
	case "timestamp":
		n.Kind = Time
		n.scalar, ok = parseTime(n.Text)
	case "binary":
		n.Kind = Binary
		var raw []byte
		raw, ok = decodeBase64(n.Text)
		n.scalar = string(raw)
	default:
		p.reportTag(n, tag)
	}
	if !ok {
		p.report(n.Span, "put it in quotes if it is text", "%.60q is not a valid %s", n.Text, kindNames[n.Kind])
		n.Kind, n.scalar = String, n.Text
	}
}

// unresolved is a plain scalar with a meaning only as a key.
type unresolved string

// Special reports whether the node is `<<`, `=`, `&` or `*` written plain, which
// Mistral's loader refuses as a value.
func (n *Node) special() bool {
	_, ok := n.scalar.(unresolved)
	return ok
}

func decodeBase64(text string) ([]byte, bool) {
	text = strings.Join(strings.Fields(text), "")
	raw, err := base64.StdEncoding.DecodeString(text)
	return raw, err == nil
}

// maxDigits is how many digits Python reads or writes of an integer.
const maxDigits = 4300

func parseInt(text string) (any, bool) {
	s := strings.ReplaceAll(text, "_", "")
	digits := strings.TrimLeft(s, "+-")
	neg := strings.HasPrefix(s, "-")
	i := new(big.Int)
	ok := digits != "" && len(digits) <= maxDigits
	switch {
	case !ok || digits == "0":
	case strings.HasPrefix(digits, "0b"):
		_, ok = i.SetString(digits[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		_, ok = i.SetString(digits[2:], 16)
	case digits[0] == '0':
		_, ok = i.SetString(digits, 8)
	case strings.Contains(digits, ":"):
		for _, part := range strings.Split(digits, ":") {
			d, good := new(big.Int).SetString(part, 10)
			if !good {
				return nil, false
			}
			i.Mul(i, big.NewInt(60)).Add(i, d)
		}
	default:
		_, ok = i.SetString(digits, 10)
	}
	if !ok {
		return nil, false
	}
	if neg {
		i.Neg(i)
	}
	if i.IsInt64() {
		return i.Int64(), true
	}
	return i, true
}

func parseFloat(text string) (any, bool) {
	s := strings.ToLower(strings.ReplaceAll(text, "_", ""))
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = strings.TrimLeft(s, "+-")
	switch s {
	case ".inf":
		return math.Inf(int(sign)), true
	case ".nan":
		return math.NaN(), true
	}
	f := 0.0
	for _, part := range strings.Split(s, ":") {
		d, err := strconv.ParseFloat(part, 64)
		if err != nil && !math.IsInf(d, 0) {
			return nil, false
		}
		f = f*60 + d
	}
	return sign * f, true
}

// parseTime reads a timestamp; one that no calendar has is refused, as Python does.
func parseTime(text string) (any, bool) {
	m := timeForm.FindStringSubmatch(text)
	if m == nil {
		return nil, false
	}
	num := func(s string) int {
		n, _ := strconv.Atoi(s) // digits, or "" for 0
		return n
	}
	year, month, day := num(m[1]), num(m[2]), num(m[3])
	hour, minute, second := num(m[4]), num(m[5]), num(m[6])
	micro := num((m[7] + "000000")[:6])
	loc := unzoned
	switch {
	case m[9] != "":
		offset := num(m[10])*3600 + num(m[11])*60
		if m[9] == "-" {
			offset = -offset
		}
		loc = time.FixedZone("zone", offset)
	case m[8] != "":
		loc = time.FixedZone("zone", 0)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, micro*1000, loc)
	ok := year > 0 && t.Month() == time.Month(month) && t.Day() == day && hour < 24 && minute < 60 && second < 60
	return t, ok
}
