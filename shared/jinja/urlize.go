package jinja

import (
	"regexp"
	"slices"
	"strings"
)

// urlizer makes links of addresses in escaped text.
type urlizer struct {
	limit   int // of the shown address, negative for none
	attrs   string
	schemes []string
}

var (
	urlPattern = regexp.MustCompile(`(?i)^((https?://|www\.)(([\pL\pN_%-]+\.)+)?([a-z]{2,63}|xn--[\pL\pN_%]{2,59})|([\pL\pN_%-]{2,63}\.)+(com|net|int|edu|gov|org|info|mil)|` +
		`(https?://)((([\d]{1,3})(\.[\d]{1,3}){3})|(\[([\da-f]{0,4}:){2}([\da-f]{0,4}:?){1,6}])))(?::[\d]{1,5})?(?:[/?#][^\s\v\x{1c}-\x{1f}\x{85}\pZ]*)?$`)
	mailPattern = regexp.MustCompile(`^[^\s\v\x{1c}-\x{1f}\x{85}\pZ]+@[\pL\pN_][\pL\pN_.-]*\.[\pL\pN_]+$`)
	urlHead     = regexp.MustCompile(`^([(<]|&lt;)+`)
	urlTail     = regexp.MustCompile(`([)>.,\n]|&gt;)+$`)
)

func (u *urlizer) run(s string) string {
	var b strings.Builder
	for s != "" {
		word := s
		if i := strings.IndexFunc(s, isSpace); i >= 0 {
			word = s[:i]
		}
		b.WriteString(u.word(word))
		s = s[len(word):]
		rest := strings.TrimLeftFunc(s, isSpace)
		b.WriteString(s[:len(s)-len(rest)])
		s = rest
	}
	return b.String()
}

func (u *urlizer) word(word string) string {
	head := urlHead.FindString(word)
	middle := word[len(head):]
	tail := urlTail.FindString(middle)
	middle = middle[:len(middle)-len(tail)]
	// Brackets that the address opens belong to it.
	for _, pair := range [][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		opened := strings.Count(middle, pair[0])
		if opened <= strings.Count(middle, pair[1]) {
			continue
		}
		end := 0
		for range min(opened, strings.Count(tail, pair[1])) {
			end += strings.Index(tail[end:], pair[1]) + len(pair[1])
		}
		middle, tail = middle+tail[:end], tail[end:]
	}
	return head + u.link(middle) + tail
}

func (u *urlizer) link(s string) string {
	switch {
	case urlPattern.MatchString(s):
		href := s
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			href = "https://" + s
		}
		shown := s
		if u.limit >= 0 && runeLen(s) > u.limit {
			shown = substr(s, 0, u.limit) + "..."
		}
		return `<a href="` + href + `"` + u.attrs + `>` + shown + `</a>`
	case strings.HasPrefix(s, "mailto:") && mailPattern.MatchString(s[7:]):
		return `<a href="` + s + `">` + s[7:] + `</a>`
	case strings.Contains(s, "@") && !strings.HasPrefix(s, "www.") && !strings.HasPrefix(s, "@") && !strings.Contains(s, ":") && mailPattern.MatchString(s):
		return `<a href="mailto:` + s + `">` + s + `</a>`
	case slices.ContainsFunc(u.schemes, func(scheme string) bool { return s != scheme && strings.HasPrefix(s, scheme) }):
		return `<a href="` + s + `"` + u.attrs + `>` + s + `</a>`
	}
	return s
}
