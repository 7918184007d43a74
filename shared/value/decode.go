package value

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep [Decode] nests, so that hostile input costs an
// error and not the stack.
const maxDepth = 1000

// Decode reads exactly one JSON document. A number without fraction and
// exponent becomes an integer, any other a float64. The last of several equal
// keys wins, as in Python. A document that ends too early is an
// [io.ErrUnexpectedEOF]. What is no UTF-8 becomes U+FFFD, as in encoding/json.
//
// It is a scanner of its own because encoding/json either loses the order of
// keys or, token by token, takes five times as long.
func Decode(data []byte) (any, error) {
	d := decoder{data: data}
	v, err := d.value(0)
	if err != nil {
		return nil, err
	}
	if d.space(); d.at < len(data) {
		return nil, fmt.Errorf("data after the JSON document at byte %d", d.at)
	}
	return v, nil
}

type decoder struct {
	data []byte
	at   int
}

// space skips blanks and returns the byte behind them, 0 at the end.
func (d *decoder) space() byte {
	for ; d.at < len(d.data); d.at++ {
		switch c := d.data[d.at]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// unexpected is the error for the byte at the current place.
func (d *decoder) unexpected(wanted string) error {
	if d.at >= len(d.data) {
		return io.ErrUnexpectedEOF
	}
	r, _ := utf8.DecodeRune(d.data[d.at:])
	return fmt.Errorf("invalid character %q at byte %d, where %s is expected", r, d.at, wanted)
}

func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("JSON nested deeper than %d levels", maxDepth)
	}
	switch c := d.space(); {
	case c == '{':
		return d.object(depth)
	case c == '[':
		return d.list(depth)
	case c == '"':
		return d.text()
	case c == '-' || c >= '0' && c <= '9':
		return d.number()
	case c == 't':
		return true, d.word("true")
	case c == 'f':
		return false, d.word("false")
	case c == 'n':
		return nil, d.word("null")
	default:
		return nil, d.unexpected("a value")
	}
}

func (d *decoder) word(w string) error {
	for i := range len(w) {
		if d.at >= len(d.data) || d.data[d.at] != w[i] {
			return d.unexpected(w)
		}
		d.at++
	}
	return nil
}

func (d *decoder) list(depth int) (any, error) {
	list := []any{}
	d.at++
	if d.space() == ']' {
		d.at++
		return list, nil
	}
	for {
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
		switch d.space() {
		case ',':
			d.at++
		case ']':
			d.at++
			return list, nil
		default:
			return nil, d.unexpected("a comma or ]")
		}
	}
}

func (d *decoder) object(depth int) (any, error) {
	m := NewMap(0)
	d.at++
	if d.space() == '}' {
		d.at++
		return m, nil
	}
	for {
		if d.space() != '"' {
			return nil, d.unexpected("a key")
		}
		key, err := d.text()
		if err != nil {
			return nil, err
		}
		if d.space() != ':' {
			return nil, d.unexpected("a colon")
		}
		d.at++
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		m.Set(key, v)
		switch d.space() {
		case ',':
			d.at++
		case '}':
			d.at++
			return m, nil
		default:
			return nil, d.unexpected("a comma or }")
		}
	}
}

// number checks the grammar, which is narrower than what strconv reads.
func (d *decoder) number() (any, error) {
	start := d.at
	if d.data[d.at] == '-' {
		d.at++
	}
	switch {
	case d.at < len(d.data) && d.data[d.at] == '0':
		d.at++
	case !d.digits():
		return nil, d.unexpected("a digit")
	}
	if d.at < len(d.data) && d.data[d.at] == '.' {
		if d.at++; !d.digits() {
			return nil, d.unexpected("a digit")
		}
	}
	if d.at < len(d.data) && (d.data[d.at] == 'e' || d.data[d.at] == 'E') {
		d.at++
		if d.at < len(d.data) && (d.data[d.at] == '+' || d.data[d.at] == '-') {
			d.at++
		}
		if !d.digits() {
			return nil, d.unexpected("a digit")
		}
	}
	return number(json.Number(d.data[start:d.at]))
}

// digits skips digits and reports whether there was one.
func (d *decoder) digits() bool {
	start := d.at
	for d.at < len(d.data) && d.data[d.at] >= '0' && d.data[d.at] <= '9' {
		d.at++
	}
	return d.at > start
}

// text reads a string; the common one without escapes is taken as it stands.
func (d *decoder) text() (string, error) {
	d.at++
	start := d.at
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c == '"':
			s := string(d.data[start:d.at])
			d.at++
			return s, nil
		case c == '\\' || c >= utf8.RuneSelf:
			return d.escaped(start)
		case c < ' ':
			return "", d.unexpected("no control character")
		default:
			d.at++
		}
	}
	return "", io.ErrUnexpectedEOF
}

// escaped reads the rest of a string that has escapes or is not plain ASCII.
func (d *decoder) escaped(start int) (string, error) {
	out := append(make([]byte, 0, d.at-start+64), d.data[start:d.at]...)
	for d.at < len(d.data) {
		switch c := d.data[d.at]; {
		case c == '"':
			d.at++
			return string(out), nil
		case c == '\\':
			r, err := d.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
		case c < ' ':
			return "", d.unexpected("no control character")
		case c < utf8.RuneSelf:
			out = append(out, c)
			d.at++
		default:
			r, size := utf8.DecodeRune(d.data[d.at:])
			out = utf8.AppendRune(out, r) // U+FFFD for what is no UTF-8
			d.at += size
		}
	}
	return "", io.ErrUnexpectedEOF
}

// escape reads one escape; two \u that are a surrogate pair are one rune.
func (d *decoder) escape() (rune, error) {
	if d.at++; d.at >= len(d.data) {
		return 0, io.ErrUnexpectedEOF
	}
	c := d.data[d.at]
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'u':
		return d.unicode()
	default:
		return 0, d.unexpected("an escape")
	}
	d.at++
	return rune(c), nil
}

func (d *decoder) unicode() (rune, error) {
	r, err := d.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if d.at+1 < len(d.data) && d.data[d.at] == '\\' && d.data[d.at+1] == 'u' {
		before := d.at
		d.at++
		low, err := d.hex()
		if err != nil {
			return 0, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, nil
		}
		d.at = before // the second stands for itself
	}
	return utf8.RuneError, nil
}

// hex reads the four digits behind the u that the decoder is at.
func (d *decoder) hex() (rune, error) {
	var r rune
	for range 4 {
		if d.at++; d.at >= len(d.data) {
			return 0, io.ErrUnexpectedEOF
		}
		c := d.data[d.at]
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, d.unexpected("a hexadecimal digit")
		}
	}
	d.at++
	return r, nil
}
