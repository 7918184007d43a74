package openstack

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// authURL is an auth URL in its one canonical spelling: what the policy
// compares and what is spoken to are the same string, so that no two readers
// can understand it differently.
type authURL struct {
	base string // scheme://host[:port][/path], no slash at the end, no version
	host string // canonical host without port: a name in ASCII, or an address
	// versioned says that the spelling had a version (/v3): no discovery is
	// needed to find it.
	versioned bool
}

// v3 is the URL that Keystone's v3 paths are relative to.
func (u authURL) v3() string { return u.base + "/v3" }

var (
	versionSegment = regexp.MustCompile(`^v[0-9]+(\.[0-9]+)?$`)
	numericLabel   = regexp.MustCompile(`^(0[xX][0-9a-fA-F]*|[0-9]+)$`)
	errAuthURL     = errors.New("an auth URL is http(s)://host[:port][/path]")
)

const maxURL = 2048 // bytes; IDN labels take quadratic time

// idnaProfile maps names as browsers and Python's clients look them up, and
// lets the underscores of internal names through.
var idnaProfile = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(false),
	idna.BidiRule(),
	idna.VerifyDNSLength(true),
)

// parseAuthURL normalises an auth URL. Equal results mean the same Keystone:
//
//   - scheme and host in lower case, a name in ASCII (punycode), without the
//     root's dot; the scheme's own port dropped
//   - an IPv4 address only in its dotted decimal form: 0x7f.1, 2130706433,
//     127.1 and 010.0.0.1 are refused; IPv6 in its shortest form, without zone;
//     an IPv4-mapped one becomes the IPv4 address that it is
//   - the path without dot segments, doubled slashes, a slash at the end, or a
//     version (/v3, /v2.0) at the end; percent-encoding only where it has to be
//
// Userinfo, a query and a fragment are refused, as are control characters,
// spaces, backslashes and encoded slashes: no auth URL needs them, and readers
// differ on what they mean. The error never repeats the URL.
func parseAuthURL(raw string) (authURL, error) {
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c == 0x7f || c == '\\' {
			return authURL{}, errors.New("has a blank, a control character or a backslash")
		}
	}
	if len(raw) > maxURL || !utf8.ValidString(raw) {
		return authURL{}, errors.New("is no text of a reasonable length")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return authURL{}, errAuthURL // url.Parse's text repeats the URL, which may hold a password
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return authURL{}, errAuthURL
	case u.User != nil || strings.Contains(u.Host, "@"):
		return authURL{}, errors.New("has a user or password in it; credentials go into their own fields")
	case strings.ContainsRune(raw, '?'):
		return authURL{}, errors.New("has a query")
	case strings.ContainsRune(raw, '#'):
		return authURL{}, errors.New("has a fragment")
	case u.Opaque != "" || u.Host == "":
		return authURL{}, errAuthURL
	}
	host, err := canonicalHost(u.Host)
	if err != nil {
		return authURL{}, err
	}
	port, err := canonicalPort(u)
	if err != nil {
		return authURL{}, err
	}
	path, err := canonicalPath(u.EscapedPath())
	if err != nil {
		return authURL{}, err
	}
	out := authURL{host: host}
	if i := strings.LastIndexByte(path, '/'); i >= 0 && versionSegment.MatchString(strings.ToLower(path[i+1:])) {
		out.versioned, path = true, path[:i]
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	out.base = u.Scheme + "://" + host + port + path
	return out, nil
}

// canonicalHost returns the host of a URL's authority in its one spelling.
func canonicalHost(authority string) (string, error) {
	host := authority
	if strings.HasPrefix(host, "[") {
		end := strings.IndexByte(host, ']')
		if end < 0 {
			return "", errAuthURL
		}
		a, err := netip.ParseAddr(host[1:end])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return "", errors.New("has a host that is no plain IPv6 address")
		}
		return a.Unmap().String(), nil
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	if strings.ContainsRune(host, '%') {
		return "", errors.New("has a percent sign in its host")
	}
	host, err := idnaProfile.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || host == "" || strings.HasSuffix(host, ".") {
		return "", errors.New("has a host that is no valid name")
	}
	if again, err := idnaProfile.ToASCII(host); err != nil || again != host {
		return "", errors.New("has a host that is no valid name") // punycode of what no name may have
	}
	for i := range len(host) {
		c := host[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return "", errors.New("has a host that is no valid name")
		}
	}
	if numericLabel.MatchString(host[strings.LastIndexByte(host, '.')+1:]) {
		a, err := netip.ParseAddr(host)
		if err != nil {
			return "", errors.New("has an IPv4 address that is not in dotted decimal form")
		}
		return a.String(), nil
	}
	return host, nil
}

// canonicalPort returns ":port", or "" for the scheme's own.
func canonicalPort(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("has a port that is not between 1 and 65535")
	}
	if u.Scheme == "http" && n == 80 || u.Scheme == "https" && n == 443 {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

// canonicalPath decodes what needs no encoding, then resolves dot segments.
func canonicalPath(escaped string) (string, error) {
	var kept []string
	for segment := range strings.SplitSeq(escaped, "/") {
		s, err := url.PathUnescape(segment)
		if err != nil {
			return "", errors.New("has a percent-encoding that is not one")
		}
		for i := range len(s) {
			if c := s[i]; c == '/' || c == '\\' || c < ' ' || c == 0x7f || c == '%' {
				return "", errors.New("has an encoded slash, percent sign or control character in its path")
			}
		}
		switch s {
		case "", ".":
		case "..":
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
		default:
			kept = append(kept, "/"+url.PathEscape(s))
		}
	}
	return strings.Join(kept, ""), nil
}
