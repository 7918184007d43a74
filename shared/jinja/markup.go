package jinja

import (
	"html"
	"strings"
)

func isMarkup(v any) bool {
	_, ok := v.(markup)
	return ok
}

// wrapText gives text, as markup if it is safe.
func wrapText(s string, safe bool) any {
	if safe {
		return markup(s)
	}
	return s
}

var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

func escapeHTML(s string) string { return htmlEscaper.Replace(s) }

// escapeUnlessSafe is the text of a string, escaped unless it is markup.
func escapeUnlessSafe(v any) string {
	s, _ := textOf(v)
	if isMarkup(v) {
		return s
	}
	return escapeHTML(s)
}

// stripTags removes comments and tags, gathers blanks, and resolves entities.
func stripTags(s string) string {
	s = cutBetween(cutBetween(s, "<!--", "-->"), "<", ">")
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}

// cutBetween removes what stands between two marks, with them.
func cutBetween(s, open, closing string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, open)
		if i < 0 {
			break
		}
		j := strings.Index(s[i:], closing)
		if j < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i+j+len(closing):]
	}
	return b.String() + s
}
