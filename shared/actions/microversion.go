package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The tables are written against a microversion of each service. A cloud that is
// older refuses it with 406, before it does anything; then its own newest is
// looked up once, and is what is asked for from there on. A cloud that has it,
// as most have, is asked for nothing extra. A microversion that the caller asks for is
// sent as it is, and never lowered.

// versionCache holds the newest microversion of the endpoints that lack the
// tables' own.
type versionCache struct {
	mu     sync.Mutex
	newest map[string]string // by endpoint
}

func (c *versionCache) get(endpoint string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest[endpoint]
}

func (c *versionCache) set(endpoint, version string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.newest == nil {
		c.newest = map[string]string{}
	}
	c.newest[endpoint] = version
}

// pin takes the microversion that a call asks for.
func (inv *invocation) pin() error {
	pinned := inv.call.Microversion
	if inv.action.IsTargetParam("microversion") {
		if v, _ := inv.call.Input.Get("microversion"); v != nil {
			pinned = pythonStr(v)
		}
	}
	if pinned == "" {
		return nil
	}
	var why string
	switch {
	case !inv.action.IsOpenStack() || inv.action.spec.base.microversion == "":
		why = "is given, but the service has none"
	case !isVersion(pinned):
		why = fmt.Sprintf("must be text such as %q, not %q", inv.action.spec.base.microversion, pinned)
	default:
		inv.pinned = pinned
		return nil
	}
	return InvalidInput{Action: inv.action.Name, Parameter: "microversion", Message: inv.action.Name + ": microversion " + why}
}

// isVersion reports whether a text is two numbers with a dot between them.
func isVersion(s string) bool {
	major, minor, ok := strings.Cut(s, ".")
	return ok && isDigits(major) && isDigits(minor) && major[0] != '-' && minor[0] != '-'
}

// negotiate sends a request at the wanted microversion or, where the endpoint
// hasn't got it, at the endpoint's newest.
func (r *Runner) negotiate(ctx context.Context, s *openstack.Service, req openstack.APIRequest) (*openstack.APIResponse, error) {
	wanted := req.Microversion
	if known := r.versions.get(s.Endpoint()); wanted != "" && known != "" && versionLess(known, wanted) {
		req = atVersion(s, req, known)
	}
	answer, err := s.Do(ctx, req)
	var refused openstack.BadRequest
	if wanted == "" || !errors.As(err, &refused) || refused.Status != http.StatusNotAcceptable {
		return answer, err
	}
	newest := newestVersion(ctx, s)
	if newest == "" || !versionLess(newest, req.Microversion) {
		return nil, err
	}
	r.versions.set(s.Endpoint(), newest)
	return s.Do(ctx, atVersion(s, req, newest))
}

// atVersion is the request at an older version than it was written against. What
// manila has for all since, such as replicas, was an experiment then, which only
// who says that header may use.
func atVersion(s *openstack.Service, req openstack.APIRequest, version string) openstack.APIRequest {
	req.Microversion = version
	if s.Type() == "shared-file-system" {
		header := req.Header.Clone()
		if header == nil {
			header = http.Header{}
		}
		header.Set("X-OpenStack-Manila-API-Experimental", "true")
		req.Header = header
	}
	return req
}

// newestVersion asks an endpoint for its newest microversion; empty if it does
// not say.
func newestVersion(ctx context.Context, s *openstack.Service) string {
	answer, err := s.Do(ctx, openstack.APIRequest{Method: http.MethodGet, FromRoot: true, Path: "/", Versions: true})
	if err != nil {
		return ""
	}
	body, err := answer.Value()
	if err != nil {
		return ""
	}
	newest := ""
	m, _ := body.(*value.Map)
	v, _ := m.Get("versions")
	versions, _ := v.([]any)
	for _, e := range versions {
		entry, _ := e.(*value.Map)
		for _, key := range []string{"version", "max_version"} { // the latter is zun's and magnum's
			v, _ := entry.Get(key)
			if s, _ := v.(string); s != "" && (newest == "" || versionLess(newest, s)) {
				newest = s
			}
		}
	}
	return newest
}

// versionLess compares versions such as 2.9 and 2.10.
func versionLess(a, b string) bool {
	x, y := versionParts(a), versionParts(b)
	return x[0] < y[0] || x[0] == y[0] && x[1] < y[1]
}

func versionParts(s string) (parts [2]int) {
	major, minor, _ := strings.Cut(s, ".")
	parts[0], _ = strconv.Atoi(major)
	parts[1], _ = strconv.Atoi(minor)
	return parts
}
