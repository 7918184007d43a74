package jinja

import (
	"html"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// upper, lower and title follow Unicode's full mappings, as Python does (ß
// becomes SS).

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func casefold(s string) string { return cases.Fold().String(s) }

// titleRune is the title case of one character.
func titleRune(r rune) string {
	if r < utf8.RuneSelf {
		return string(unicode.ToUpper(r))
	}
	return cases.Title(language.Und, cases.NoLower).String(string(r))
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return titleRune(r) + lower(s[n:])
}

func isCased(r rune) bool {
	return unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r) || unicode.In(r, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// titleCase is str.title(): what follows a character without case begins a
// word.
func titleCase(s string) string {
	var b strings.Builder
	inWord := false
	for _, r := range s {
		if inWord {
			b.WriteString(lower(string(r)))
		} else {
			b.WriteString(titleRune(r))
		}
		inWord = isCased(r)
	}
	return b.String()
}

func isLowerRune(r rune) bool { return unicode.IsLower(r) || unicode.Is(unicode.Other_Lowercase, r) }
func isUpperRune(r rune) bool { return unicode.IsUpper(r) || unicode.Is(unicode.Other_Uppercase, r) }

func isLower(s string) bool {
	return strings.IndexFunc(s, isLowerRune) >= 0 && strings.IndexFunc(s, func(r rune) bool { return isUpperRune(r) || unicode.IsTitle(r) }) < 0
}

func isUpper(s string) bool {
	return strings.IndexFunc(s, isUpperRune) >= 0 && strings.IndexFunc(s, func(r rune) bool { return isLowerRune(r) || unicode.IsTitle(r) }) < 0
}

func isTitle(s string) bool {
	cased, inWord := false, false
	for _, r := range s {
		switch {
		case isUpperRune(r) || unicode.IsTitle(r):
			if inWord {
				return false
			}
			cased, inWord = true, true
		case isLowerRune(r):
			if !inWord {
				return false
			}
			cased = true
		default:
			inWord = false
		}
	}
	return cased
}

func unescapeHTML(s string) string { return html.UnescapeString(s) }

func randomInt(n int) int { return rand.IntN(n) }
