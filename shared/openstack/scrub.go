package openstack

import (
	"net/url"
	"regexp"
	"strings"
)

var (
	// Keystone's own forms of tokens, and what a message may quote of headers.
	tokenLike = regexp.MustCompile(`gAAAA[A-Za-z0-9_=-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
	headerish = regexp.MustCompile(`(?i)((?:x-[a-z-]*token|authorization|x-[a-z-]*secret)["']?\s*[:=]\s*["']?)((?:bearer |basic )?[^\s"',;}]+)`)
	urlish    = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>]+`)
	secretKey = regexp.MustCompile(`(?i)(token|secret|passw|signature|credential|api_?key|temp_url_sig|^sig$|^key$|^auth)`)
)

// minSecret is the length from which a known secret is cut out of texts. A
// shorter one ("a") would tear words apart and give itself away by that.
const minSecret = 4

// scrub takes secrets out of a text that is to be shown: the ones given, what
// looks like a token, and the parts of URLs that hold credentials.
func scrub(s string, secrets ...string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			s = strings.ReplaceAll(s, secret, hidden)
		}
	}
	s = tokenLike.ReplaceAllString(s, hidden)
	s = headerish.ReplaceAllString(s, "${1}"+hidden)
	return urlish.ReplaceAllStringFunc(s, scrubURL)
}

// scrubURL removes userinfo, and the values of query parameters that are named
// like secrets. What is no URL is cut to nothing that could hold one.
func scrubURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		if i := strings.LastIndexByte(s, '@'); i >= 0 {
			s = hidden + s[i:]
		}
		s, _, _ = strings.Cut(s, "?")
		return s
	}
	if u.User != nil {
		u.User = url.User(hidden)
	}
	if u.RawQuery != "" {
		pairs := strings.Split(u.RawQuery, "&")
		for i, pair := range pairs {
			if key, _, ok := strings.Cut(pair, "="); ok && secretKey.MatchString(key) {
				pairs[i] = key + "=" + hidden
			}
		}
		u.RawQuery = strings.Join(pairs, "&")
	}
	u.Fragment, u.RawFragment = "", ""
	if u.User == nil && u.RawQuery == "" {
		return u.String()
	}
	return strings.ReplaceAll(u.String(), "%2A%2A%2A", hidden)
}
