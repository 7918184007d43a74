package jinja

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// strRepr is repr() of a string.
func strRepr(s string) string { return yaql.Repr(s) }

// isSpace is str.isspace() of one character.
func isSpace(r rune) bool {
	switch {
	case r >= 0x09 && r <= 0x0d, r >= 0x1c && r <= 0x20, r == 0x85, r == 0xa0, r == 0x1680, r >= 0x2000 && r <= 0x200a,
		r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
		return true
	}
	return false
}

func isAlpha(r rune) bool { return unicode.IsLetter(r) }

func isDecimal(r rune) bool { return unicode.Is(unicode.Nd, r) }

// otherDigits are the characters with the property Numeric_Type=Digit.
var otherDigits = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0xb2, Hi: 0xb3, Stride: 1}, {Lo: 0xb9, Hi: 0xb9, Stride: 1}, {Lo: 0x1369, Hi: 0x1371, Stride: 1}, {Lo: 0x19da, Hi: 0x19da, Stride: 1},
		{Lo: 0x2070, Hi: 0x2070, Stride: 1}, {Lo: 0x2074, Hi: 0x2079, Stride: 1}, {Lo: 0x2080, Hi: 0x2089, Stride: 1},
		{Lo: 0x2460, Hi: 0x2468, Stride: 1}, {Lo: 0x2474, Hi: 0x247c, Stride: 1}, {Lo: 0x2488, Hi: 0x2490, Stride: 1},
		{Lo: 0x24ea, Hi: 0x24ea, Stride: 1}, {Lo: 0x24f5, Hi: 0x24fd, Stride: 1}, {Lo: 0x24ff, Hi: 0x24ff, Stride: 1},
		{Lo: 0x2776, Hi: 0x277e, Stride: 1}, {Lo: 0x2780, Hi: 0x2788, Stride: 1}, {Lo: 0x278a, Hi: 0x2792, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0x10a40, Hi: 0x10a43, Stride: 1}, {Lo: 0x1f100, Hi: 0x1f10a, Stride: 1}},
}

func isDigitRune(r rune) bool { return isDecimal(r) || unicode.Is(otherDigits, r) }

// ideographs that are numbers.
const numberIdeographs = "〇一二三四五六七八九十百千万億兆零壱弐参肆伍陸漆捌玖拾佰仟萬"

func isNumericRune(r rune) bool {
	return unicode.Is(unicode.N, r) || strings.ContainsRune(numberIdeographs, r)
}

func isAlnum(r rune) bool { return isAlpha(r) || isNumericRune(r) }

func isIdentifier(s string) bool {
	for i, r := range s {
		start := r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r)
		if !start && (i == 0 || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc)) {
			return false
		}
	}
	return s != ""
}

// asciiEscape is the backslash escape of a character.
func asciiEscape(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// asciiRepr is ascii() of a text that is a repr already.
func asciiRepr(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else {
			b.WriteString(asciiEscape(r))
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runeLen is len() of a string.
func runeLen(s string) int { return utf8.RuneCountInString(s) }

// slicable gives access to characters by index.
func substr(s string, from, to int) string {
	if isASCII(s) {
		return s[from:to]
	}
	return string([]rune(s)[from:to])
}
