package openstack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Service is one endpoint of a session's catalog: a service in a region. Safe
// for concurrent use.
type Service struct {
	session  *Session
	name     string // the official type
	region   string
	iface    string
	endpoint endpoint
}

// ServiceRequest asks for an endpoint.
type ServiceRequest struct {
	// Type is a service type, official or any of its aliases, or a project's
	// name: "compute", "volumev3", "block-storage", "nova".
	Type string
	// Region and Interface, when not empty, stand above the session's.
	Region, Interface string
}

// APIRequest is one request to a service.
type APIRequest struct {
	Method string
	// Path is relative to the endpoint, escaped, and may be empty.
	Path  string
	Query url.Values
	// Header adds to the headers that the package sets.
	Header http.Header
	// Body is nil, []byte, string, io.Reader (sent once, never repeated) or
	// anything else, which is sent as JSON.
	Body any
	// Microversion, such as "2.90", is sent in the service's own header.
	Microversion string
	// FromRoot takes Path relative to the service's root, before any version
	// and project in the endpoint's path.
	FromRoot bool
	// Unsafe says that a request whose method should be idempotent (PUT,
	// DELETE) is not: it is then repeated only as a POST is.
	Unsafe bool
	// Anonymous sends no token, for what anybody may ask.
	Anonymous bool
	// Stream leaves the body unread in [APIResponse.Stream].
	Stream bool
	// Timeout bounds each try instead of the configured one.
	Timeout time.Duration
	// Secrets are what of the request no error may repeat, besides the
	// credentials: services quote what they were sent.
	Secrets []string
	// MaxBody bounds the answer instead of the configured limit.
	MaxBody int64
	// Versions says that the service's versions are asked for, so that 300 is an
	// answer. Otherwise 300 and what else is neither done nor refused is a BadAnswer.
	Versions bool
}

// Target names where requests of the service go.
func (s *Service) Target() Target {
	t := s.session.Target()
	t.Region, t.Interface = s.region, s.iface
	return t
}

// Type is the official service type.
func (s *Service) Type() string { return s.name }

// Region is the region that was chosen.
func (s *Service) Region() string { return s.region }

// Endpoint is the URL that paths are relative to, without a slash at the end.
// It may be compared and shown: a catalog's URL has no secret in it.
func (s *Service) Endpoint() string { return s.endpoint.base }

// Root is the endpoint without the version and what follows it.
func (s *Service) Root() string { return s.endpoint.root }

// Do sends a request with the session's token; an answer with status 400 or
// more is an error, typed as the package's documentation says. A 401 renews the
// token and tries once more. What else is tried again is said at [RetryConfig]
// and in the package's documentation.
func (s *Service) Do(ctx context.Context, r APIRequest) (*APIResponse, error) {
	c, err := s.prepare(r)
	if err != nil {
		return nil, err
	}
	resp, err := s.do(ctx, c, r.Anonymous)
	if err == nil && resp.Status >= 300 && (!r.Versions || resp.Status != http.StatusMultipleChoices) {
		return nil, c.undone(resp)
	}
	return resp, err
}

// undone is the error of an answer that is neither done nor refused. It says
// nothing was done: a service that did something answers otherwise.
func (c *call) undone(resp *APIResponse) error {
	if resp.Stream != nil {
		_ = resp.Stream.Close()
	}
	d := resp.detail
	switch resp.Status {
	case http.StatusMultipleChoices:
		d.Message = "the answer is a list of versions: the endpoint in the catalog leads to none of the service's APIs"
	case http.StatusNotModified:
		d.Message = "it has not been modified"
	default:
		d.Message = "redirected to nowhere"
	}
	return BadAnswer{d}
}

// do sends the call, with a new token if the first is refused.
func (s *Service) do(ctx context.Context, c *call, anonymous bool) (*APIResponse, error) {
	id := s.session.id
	t, err := id.current(ctx, "") // that of the catalog, so it is there
	if err != nil {
		return nil, inCloud(err, s.session.cloud)
	}
	if anonymous {
		c.secrets = append(c.secrets, t.id) // whatever an answer repeats
		return id.m.send(ctx, c)
	}
	resp, err := id.m.send(ctx, c.with(t))
	var unauthorized Unauthorized
	if !errors.As(err, &unauthorized) || c.stream != nil {
		return resp, err
	}
	renewed, again := id.current(ctx, t.id)
	if again != nil {
		return nil, inCloud(again, s.session.cloud)
	}
	if renewed.id == t.id {
		return nil, err // Keystone takes the token, the service does not
	}
	return id.m.send(ctx, c.with(renewed))
}

// with puts a token into the call's headers.
func (c *call) with(t *token) *call {
	out := *c
	out.header = c.header.Clone()
	out.header.Set("X-Auth-Token", t.id)
	out.secrets = append(slices.Clone(c.secrets), t.id)
	return &out
}

// prepare builds the call but for the token.
func (s *Service) prepare(r APIRequest) (*call, error) {
	id := s.session.id
	d := Detail{Cloud: s.session.cloud, Service: s.name, Region: s.region, Method: r.Method, Path: r.Path}
	target, err := s.url(r)
	if err != nil {
		d.Message, d.Path = err.Error(), ""
		return nil, InvalidInput{d}
	}
	d.Path = target.EscapedPath()
	if rest, ok := strings.CutPrefix(target.String(), s.endpoint.base); ok && !r.FromRoot {
		d.Path, _, _ = strings.Cut(rest, "?")
	}
	c := &call{
		detail: d, zone: id.zone, url: target.String(),
		header: http.Header{"Accept": {"application/json"}, "User-Agent": {id.m.cfg.UserAgent}},
		safe:   !r.Unsafe && idempotent(r.Method), secrets: append(id.creds.secrets(), r.Secrets...),
		streaming: r.Stream,
		maxBody:   cmp.Or(r.MaxBody, id.m.cfg.MaxBody),
		timeout:   cmp.Or(r.Timeout, id.m.cfg.Retry.AttemptTimeout),
	}
	for k, v := range r.Header {
		c.header[http.CanonicalHeaderKey(k)] = slices.Clone(v)
	}
	s.setMicroversion(c.header, r.Microversion)
	if err := c.setBody(r.Body); err != nil {
		c.detail.Message = "the body: " + scrub(err.Error())
		return nil, InvalidInput{c.detail}
	}
	return c, nil
}

func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// url joins endpoint, path and query. A path is already escaped; one with dot
// segments would leave the endpoint, so it is refused, as is one that names a
// host.
func (s *Service) url(r APIRequest) (*url.URL, error) {
	base := s.endpoint.base
	if r.FromRoot {
		base = s.endpoint.root
	}
	path, query, _ := strings.Cut(r.Path, "?")
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	for segment := range strings.SplitSeq(path, "/") {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." || strings.ContainsAny(segment, "#\\") {
			return nil, errors.New("the path has a segment that can't be sent: . and .. and unescaped # are refused")
		}
	}
	u, err := url.Parse(base + path)
	if err != nil {
		return nil, errors.New("the path can't be sent in a URL")
	}
	for _, q := range []string{query, r.Query.Encode()} {
		if q != "" {
			u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+q, "&")
		}
	}
	return u, nil
}

func (c *call) setBody(body any) error {
	switch b := body.(type) {
	case nil:
		return nil
	case []byte:
		c.body = b
	case string:
		c.body = []byte(b)
	case io.Reader:
		c.stream = b
	default:
		data, err := encodeJSON(b)
		if err != nil {
			return err
		}
		c.body = data
		if c.header.Get("Content-Type") == "" {
			c.header.Set("Content-Type", "application/json")
		}
	}
	return nil
}

// encodeJSON writes package value's data in its own order, all else as
// encoding/json does.
func encodeJSON(v any) ([]byte, error) {
	switch v := v.(type) {
	case *value.Map, []any, bool, int64, float64:
		return value.Encode(v)
	default:
		return json.Marshal(v)
	}
}

// microversionNames are the names that services give themselves in the header
// OpenStack-API-Version; microversionHeaders are older ones of their own, which
// the services that have them still read (shared-file-system nothing else).
var (
	microversionNames = map[string]string{
		"compute": "compute", "block-storage": "volume", "placement": "placement",
		"container-infrastructure-management": "container-infra", "application-container": "container",
		"key-manager": "key-manager",
		"clustering":  "clustering", "instance-ha": "instance-ha", "resource-optimization": "infra-optim",
	}
	microversionHeaders = map[string]string{
		"compute":                 "X-OpenStack-Nova-API-Version",
		"baremetal":               "X-OpenStack-Ironic-API-Version",
		"baremetal-introspection": "X-OpenStack-Ironic-Inspector-API-Version",
		"shared-file-system":      "X-OpenStack-Manila-API-Version",
	}
)

func (s *Service) setMicroversion(h http.Header, version string) {
	if version == "" {
		return
	}
	if name, ok := microversionNames[s.name]; ok {
		h.Set("OpenStack-API-Version", name+" "+version)
	}
	if header, ok := microversionHeaders[s.name]; ok {
		h.Set(header, version)
	}
}
