package jinja

import (
	"html"
	"regexp"
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

var comments = regexp.MustCompile(`(?s)<!--.*?-->`)

// stripTags removes comments and tags, gathers blanks, and resolves entities.
func stripTags(s string) string {
	s = comments.ReplaceAllString(s, "")
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '<')
		if i < 0 {
			break
		}
		i += from
		j := strings.IndexByte(s[i:], '>')
		if j < 0 {
			break
		}
		s = s[:i] + s[i+j+1:]
		from = i
	}
	return html.UnescapeString(strings.Join(strings.FieldsFunc(s, isSpace), " "))
}
