package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// authenticate gets a token with its catalog: by POST /v3/auth/tokens, or, for
// a token that was given to us and fits as it is, by GET.
func (id *identity) authenticate(ctx context.Context) (*token, error) {
	base, err := id.discover(ctx)
	if err != nil {
		return nil, err
	}
	if id.creds.Kind() == "token" {
		return id.adopt(ctx, base)
	}
	return id.login(ctx, base)
}

func (id *identity) login(ctx context.Context, base string) (*token, error) {
	request, err := authBody(id.creds)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	c := id.call(http.MethodPost, base, "/auth/tokens")
	c.header.Set("Content-Type", "application/json")
	c.body = body
	resp, err := id.m.send(ctx, c)
	if err != nil {
		return nil, err
	}
	return id.read(resp, resp.Header.Get("X-Subject-Token"), c.detail)
}

// adopt looks at the token that we were given. It is used as it is if no other
// scope is asked for; else it is exchanged for one of that scope, which ends
// when the first one does.
func (id *identity) adopt(ctx context.Context, base string) (*token, error) {
	c := id.call(http.MethodGet, base, "/auth/tokens")
	c.header.Set("X-Auth-Token", id.creds.Token)
	c.header.Set("X-Subject-Token", id.creds.Token)
	resp, err := id.m.send(ctx, c)
	var (
		unauthorized Unauthorized
		notFound     NotFound
		forbidden    Forbidden
	)
	switch {
	case errors.As(err, &unauthorized):
		return nil, expiredToken(unauthorized.Detail)
	case errors.As(err, &notFound):
		return nil, expiredToken(notFound.Detail)
	case errors.As(err, &forbidden) && id.creds.hasScope():
		// Some policies let nobody look at a token; exchanging it may still do.
		return id.exchange(ctx, base)
	case err != nil:
		return nil, err
	}
	t, err := id.read(resp, id.creds.Token, c.detail)
	if err != nil {
		return nil, err
	}
	if id.fits(t) {
		return t, nil
	}
	return id.exchange(ctx, base)
}

func (id *identity) exchange(ctx context.Context, base string) (*token, error) {
	t, err := id.login(ctx, base)
	var unauthorized Unauthorized
	if errors.As(err, &unauthorized) {
		return nil, expiredToken(unauthorized.Detail)
	}
	return t, err
}

// fits says that a token already has the scope that is asked for.
func (id *identity) fits(t *token) bool {
	c := id.creds
	switch {
	case !c.hasScope():
		return true
	case c.TrustID != "" || c.SystemScope != "":
		return false
	case c.ProjectID != "":
		return c.ProjectID == t.projectID
	default:
		return false
	}
}

func expiredToken(d Detail) error {
	words := d.Message
	d.Message = "the token has expired or is not valid, and a token alone can't be renewed"
	if words != "" {
		d.Message += " (" + words + ")"
	}
	d.Status = http.StatusUnauthorized
	return Unauthorized{d}
}

// call prepares a request to Keystone that may carry credentials.
func (id *identity) call(method, base, path string) *call {
	d := id.names
	d.Method, d.Path = method, path
	return &call{
		detail:     d,
		zone:       id.zone,
		url:        base + path,
		header:     http.Header{"Accept": {"application/json"}, "User-Agent": {id.m.cfg.UserAgent}},
		safe:       true, // a second token does no harm
		checkLogin: id.checkLogin,
		secrets:    id.creds.secrets(),
		maxBody:    id.m.cfg.MaxBody,
		timeout:    id.m.cfg.Retry.AttemptTimeout,
	}
}

// checkLogin decides on a redirect of Keystone: on the same host the path may
// change between spellings of the same Keystone and http become https; anything
// else is another auth URL.
func (id *identity) checkLogin(next *url.URL) error {
	own, err := url.Parse(id.url.base)
	if err != nil {
		return err
	}
	plain := *next
	plain.RawQuery, plain.ForceQuery, plain.Fragment = "", false, ""
	d := id.names
	d.Message = "Keystone redirects to " + scrub(plain.Redacted(), id.creds.secrets()...) + ", which is not its auth URL"
	if !sameHost(own, next) {
		return AuthURLNotAllowed{d}
	}
	u, err := parseAuthURL(strings.TrimSuffix(strings.TrimRight(plain.String(), "/"), "/auth/tokens"))
	if err != nil || pathOf(u.base) != own.EscapedPath() {
		return AuthURLNotAllowed{d}
	}
	return nil
}

func pathOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// tokenJSON is what is read of a token. It is not gophercloud's tokens.Token and
// its fellows: those know no issued_at and no endpoints of the older form, and
// refuse the whole answer for a time without a zone or for one region, name or
// URL of a catalog that is no string.
type tokenJSON struct {
	Token *struct {
		Expires text        `json:"expires_at"`
		Issued  text        `json:"issued_at"`
		Project namedJSON   `json:"project"`
		User    namedJSON   `json:"user"`
		Catalog catalogJSON `json:"catalog"`
	} `json:"token"`
}

type namedJSON struct {
	ID   text `json:"id"`
	Name text `json:"name"`
}

// read makes a token of an answer. Its life is measured on our clock from now,
// so that a Keystone whose clock is off does no harm; only where the answer
// does not tell the length (a token that is older than this answer) is the
// time that it names taken as it is.
func (id *identity) read(resp *APIResponse, subject string, d Detail) (*token, error) {
	d.Status, d.RequestID = resp.Status, requestID(resp.Header)
	var answer tokenJSON
	if err := json.Unmarshal(resp.Body, &answer); err != nil || answer.Token == nil {
		d.Message = "the answer is no token: " + errorMessage(resp.Header.Get("Content-Type"), resp.Body)
		d.Message = cut(scrub(d.Message, append(id.creds.secrets(), subject)...), maxMessage)
		return nil, BadAnswer{d}
	}
	if subject == "" {
		d.Message = "the answer has no X-Subject-Token"
		return nil, BadAnswer{d}
	}
	t := answer.Token
	out := &token{
		id: subject, issued: id.m.cfg.Now(), endpoints: readCatalog(t.Catalog),
		projectID: string(t.Project.ID), projectName: string(t.Project.Name),
		userID: string(t.User.ID), userName: string(t.User.Name),
	}
	expires, ok := parseTime(string(t.Expires))
	if !ok {
		return out, nil
	}
	out.expires = expires
	if issued, ok := parseTime(string(t.Issued)); ok && d.Method == http.MethodPost && id.creds.Kind() != "token" {
		out.expires = out.issued.Add(expires.Sub(issued))
	}
	return out, nil
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999", "2006-01-02T15:04:05.999999-0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// discover finds Keystone's v3 URL. An auth URL that ends in a version needs
// no question; another one is asked for its versions, and where it does not
// say, /v3 is behind it.
func (id *identity) discover(ctx context.Context) (string, error) {
	if id.url.versioned {
		return id.url.v3(), nil
	}
	id.mu.Lock()
	known := id.v3
	id.mu.Unlock()
	if known != "" {
		return known, nil
	}
	c := id.call(http.MethodGet, id.url.base, "/")
	resp, err := id.m.send(ctx, c)
	found := id.url.v3()
	switch d, ok := DetailOf(err); {
	case err == nil:
		if found, err = id.version3(resp.Body, c.detail); err != nil {
			return "", err
		}
	case ok && d.Status >= 400 && d.Status < 500:
		// It has no document of its versions.
	default:
		return "", err
	}
	id.mu.Lock()
	id.v3 = found
	id.mu.Unlock()
	return found, nil
}

type versionJSON struct {
	ID    text `json:"id"`
	Links []struct {
		Rel  text `json:"rel"`
		Href text `json:"href"`
	} `json:"links"`
}

// version3 finds v3 in a version document. Only the path of its link is
// followed, and only below the auth URL's own: the host that a Keystone believes
// to have is often an inner one, and what lies elsewhere is another auth URL.
func (id *identity) version3(body []byte, d Detail) (string, error) {
	var doc struct {
		Versions json.RawMessage `json:"versions"`
		Version  *versionJSON    `json:"version"`
	}
	_ = json.Unmarshal(body, &doc) // what can't be read has no versions
	var versions []versionJSON
	var wrapped struct {
		Values []versionJSON `json:"values"`
	}
	if json.Unmarshal(doc.Versions, &wrapped) == nil && wrapped.Values != nil {
		versions = wrapped.Values
	} else if json.Unmarshal(doc.Versions, &versions) != nil && doc.Version != nil {
		versions = []versionJSON{*doc.Version}
	}
	var ids []string
	for _, v := range versions {
		ids = append(ids, string(v.ID))
		if strings.HasPrefix(string(v.ID), "v3") {
			return id.link(v), nil
		}
	}
	if len(ids) == 0 {
		return id.url.v3(), nil
	}
	d.Message = "this Keystone has no v3 API, only " + cut(strings.Join(ids, ", "), 100)
	return "", BadRequest{d}
}

func (id *identity) link(v versionJSON) string {
	own, err := url.Parse(id.url.base)
	if err != nil {
		return id.url.v3()
	}
	for _, l := range v.Links {
		href, err := own.Parse(string(l.Href))
		if l.Rel != "self" || err != nil || !strings.EqualFold(href.Host, own.Host) {
			continue
		}
		if path := strings.TrimRight(href.EscapedPath(), "/"); strings.HasSuffix(path, "/v3") && strings.HasPrefix(path, own.EscapedPath()+"/") {
			return own.Scheme + "://" + own.Host + path
		}
	}
	return id.url.v3()
}
