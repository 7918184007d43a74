package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// object is JSON as it goes out and comes in.
type object = map[string]any

// reply is the answer of a handler. A nil body is an empty one; []byte goes out
// as it is, anything else as JSON.
type reply struct {
	status int
	body   any
	header map[string]string
}

func ok(body any) (reply, error)      { return reply{status: http.StatusOK, body: body}, nil }
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }
func accepted(body any) (reply, error) {
	return reply{status: http.StatusAccepted, body: body}, nil
}
func noContent() (reply, error) { return reply{status: http.StatusNoContent}, nil }

// apiError is a refusal; each service writes it in its own shape. Type is for
// the services that name the kind of their errors (Neutron, Heat).
type apiError struct {
	Status  int
	Type    string
	Message string
	Header  map[string]string
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.Status, e.Message) }

func fail(status int, kind, format string, args ...any) *apiError {
	return &apiError{Status: status, Type: kind, Message: fmt.Sprintf(format, args...)}
}
func badRequest(format string, args ...any) *apiError {
	return fail(400, "HTTPBadRequest", format, args...)
}
func conflict(format string, args ...any) *apiError { return fail(409, "Conflict", format, args...) }
func forbidden(format string, args ...any) *apiError {
	return fail(403, "PolicyNotAuthorized", format, args...)
}

// noRoute and noMethod are what the router answers.
func noRoute() *apiError { return fail(404, "HTTPNotFound", "The resource could not be found.") }
func noMethod(allow string) *apiError {
	e := fail(405, "HTTPMethodNotAllowed", "The method is not allowed for the requested URL.")
	e.Header = map[string]string{"Allow": allow}
	return e
}

// call is one request on its way through a service. Handlers run while the
// region (for Keystone: the cloud) is locked.
type call struct {
	sb     *Sandbox
	cloud  *cloud
	region *region // nil for Keystone
	svc    *service
	key    RequestKey
	req    *http.Request
	reqID  string
	root   string // URL of the endpoint without its version
	path   string // after the version
	vars   map[string]string
	query  url.Values
	data   []byte
	minor  int // microversion: the 93 of 2.93
	token  *token
	now    time.Time
}

// in decodes the body's member under key, or the whole body for "".
func (c *call) in(key string) (object, error) {
	var body object
	if err := json.Unmarshal(c.data, &body); err != nil || body == nil {
		return nil, badRequest("Malformed request body")
	}
	if key == "" {
		return body, nil
	}
	inner, is := body[key].(map[string]any)
	if !is {
		return nil, badRequest("Invalid input for field/attribute %s. '%s' is a required property", key, key)
	}
	return inner, nil
}

func (c *call) project() string { return c.token.projectID() }
func (c *call) admin() bool     { return c.token.hasRole("admin") }

// url joins the versioned endpoint and path segments.
func (c *call) url(parts ...string) string {
	u := c.root + "/" + c.svc.version
	for _, p := range parts {
		u += "/" + p
	}
	return u
}

func (c *call) visible(project string) bool { return project == c.project() || c.admin() }

// Readers of decoded JSON that shrug off what is missing or of another type.

func str(m object, key string) string {
	switch v := m[key].(type) {
	case string:
		return v
	case float64:
		return trimFloat(v)
	}
	return ""
}

func trimFloat(f float64) string {
	b, _ := json.Marshal(f)
	return string(b)
}

func strOr(m object, key, def string) string {
	if v, is := m[key].(string); is {
		return v
	}
	return def
}

func num(m object, key string) int {
	switch v := m[key].(type) {
	case float64:
		return int(v)
	case int:
		return v
	case string:
		n := 0
		_, _ = fmt.Sscanf(v, "%d", &n)
		return n
	}
	return 0
}

func boolOr(m object, key string, def bool) bool {
	switch v := m[key].(type) {
	case bool:
		return v
	case string:
		return v == "true" || v == "True" || v == "1"
	}
	return def
}

func sub(m object, key string) object {
	v, _ := m[key].(map[string]any)
	return v
}

func list(m object, key string) []any {
	v, _ := m[key].([]any)
	return v
}

func or(v, def any) any {
	if v == nil {
		return def
	}
	return v
}

// orNull gives JSON's null for an empty text.
func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// clone copies JSON data so that the copy can be changed.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(object, len(v))
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	}
	return v
}

func cloneObject(m object) object {
	if m == nil {
		return object{}
	}
	return clone(m).(map[string]any)
}

// stamps of the different services
func zulu(t time.Time) string  { return t.UTC().Format("2006-01-02T15:04:05Z") }
func micro(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000") }
