package openstack

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// script answers the n-th request by its n-th step, further ones by the last.
func script(f *fakeCloud, steps ...http.HandlerFunc) *atomic.Int32 {
	var n atomic.Int32
	f.mu.Lock()
	defer f.mu.Unlock()
	f.service = func(w http.ResponseWriter, r *http.Request) {
		i := int(n.Add(1))
		_, _ = io.Copy(io.Discard, r.Body)
		steps[min(i, len(steps))-1](w, r)
	}
	return &n
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		writeJSON(w, code, `{"error": {"message": "status %d"}}`, code)
	}
}

func ok(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, `{"ok": true}`) }

// reset cuts the connection without an answer.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// cutOff promises more than it sends.
func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "100")
	_, _ = w.Write([]byte(`{"ok":`))
}

// TestRetries: which answers are asked for again, with which methods, and what
// comes out.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		what   string
		method string
		steps  []http.HandlerFunc
		tries  int32
		err    error // nil means success
	}{
		{"success", "GET", []http.HandlerFunc{ok}, 1, nil},
		{"rate limit", "GET", []http.HandlerFunc{status(429, "Retry-After", "1"), ok}, 2, nil},
		{"rate limit of a POST", "POST", []http.HandlerFunc{status(429), ok}, 2, nil},
		{"rate limit that stays", "POST", []http.HandlerFunc{status(429)}, 4, OverLimit{}},
		{"older rate limit", "POST", []http.HandlerFunc{status(413, "Retry-After", "1"), ok}, 2, nil},
		{"too large a request", "POST", []http.HandlerFunc{status(413)}, 1, BadRequest{}},
		{"a longer wait than allowed", "GET", []http.HandlerFunc{status(429, "Retry-After", "3600"), ok}, 1, OverLimit{}},
		{"maintenance", "POST", []http.HandlerFunc{status(503), status(503), ok}, 3, nil},
		{"maintenance that stays", "GET", []http.HandlerFunc{status(503)}, 4, Unavailable{}},
		{"bad gateway", "GET", []http.HandlerFunc{status(502), ok}, 2, nil},
		{"bad gateway of a PUT", "PUT", []http.HandlerFunc{status(502), ok}, 2, nil},
		{"bad gateway of a POST", "POST", []http.HandlerFunc{status(502), ok}, 1, OutcomeUnknown{}},
		{"bad gateway of a PATCH", "PATCH", []http.HandlerFunc{status(502), ok}, 1, OutcomeUnknown{}},
		{"gateway timeout", "DELETE", []http.HandlerFunc{status(504), ok}, 2, nil},
		{"gateway timeout that stays", "GET", []http.HandlerFunc{status(504)}, 4, Timeout{}},
		{"gateway timeout of a POST", "POST", []http.HandlerFunc{status(504), ok}, 1, OutcomeUnknown{}},
		{"reset", "GET", []http.HandlerFunc{reset, reset, ok}, 3, nil},
		{"reset that stays", "GET", []http.HandlerFunc{reset}, 4, Unavailable{}},
		{"reset of a POST", "POST", []http.HandlerFunc{reset, ok}, 1, OutcomeUnknown{}},
		{"reset in the answer", "GET", []http.HandlerFunc{cutOff, ok}, 2, nil},
		{"reset in the answer of a POST", "POST", []http.HandlerFunc{cutOff, ok}, 1, OutcomeUnknown{}},
		{"deleted at the lost try", "DELETE", []http.HandlerFunc{reset, status(404)}, 2, nil},
		{"never there", "DELETE", []http.HandlerFunc{status(404)}, 1, NotFound{}},
		{"not there after a rate limit", "DELETE", []http.HandlerFunc{status(429), status(404)}, 2, NotFound{}},
		{"internal error", "GET", []http.HandlerFunc{status(500), ok}, 1, Unavailable{}},
		{"internal error of a POST", "POST", []http.HandlerFunc{status(500), ok}, 1, OutcomeUnknown{}},
		{"not implemented", "POST", []http.HandlerFunc{status(501)}, 1, BadRequest{}},
		{"bad request", "POST", []http.HandlerFunc{status(400)}, 1, BadRequest{}},
		{"forbidden", "GET", []http.HandlerFunc{status(403)}, 1, Forbidden{}},
		{"not found", "GET", []http.HandlerFunc{status(404)}, 1, NotFound{}},
		{"conflict", "POST", []http.HandlerFunc{status(409)}, 1, Conflict{}},
		{"gone", "GET", []http.HandlerFunc{status(410)}, 1, BadRequest{}},
		{"several versions", "GET", []http.HandlerFunc{status(300)}, 1, BadAnswer{}},
		{"several versions for a POST", "POST", []http.HandlerFunc{status(300)}, 1, BadAnswer{}},
		{"nothing new", "GET", []http.HandlerFunc{status(304)}, 1, BadAnswer{}},
		{"a redirection to nowhere", "PUT", []http.HandlerFunc{status(302)}, 1, BadAnswer{}},
		{"a wrong token", "POST", []http.HandlerFunc{status(401), ok}, 2, nil},
		{"a token that stays wrong", "GET", []http.HandlerFunc{status(401)}, 2, Unauthorized{}},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			s := f.compute(newManager(t, Config{}))
			n := script(f, c.steps...)
			_, err := s.Do(context.Background(), APIRequest{Method: c.method, Path: "/servers/x?a=b", Query: url.Values{"token": {"planted"}}, Body: []byte(`{}`)})
			if reflect.TypeOf(err) != reflect.TypeOf(c.err) {
				t.Fatalf("%T %v, want %T", err, err, c.err)
			}
			// net/http itself asks once more where a kept connection broke.
			extra := int32(0)
			if c.what == "reset that stays" {
				extra = max(n.Load()-c.tries, 0)
			}
			if n.Load() != c.tries+min(extra, 1) {
				t.Errorf("%d tries, want %d", n.Load(), c.tries)
			}
			if err == nil {
				return
			}
			d, _ := DetailOf(err)
			if d.Service != "compute" || d.Region != "RegionOne" || d.Method != c.method || d.Path != "/servers/x" {
				t.Errorf("detail %+v", d)
			}
			if s := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(s, "planted") {
				t.Errorf("it shows a secret: %s", s)
			}
		})
	}
}

// TestUnsafePUT: an action that is a PUT by name only is repeated as a POST is.
func TestUnsafePUT(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	n := script(f, reset, ok)
	_, err := s.Do(context.Background(), APIRequest{Method: "PUT", Path: "/x/add", Unsafe: true})
	var unknown OutcomeUnknown
	if !errors.As(err, &unknown) || n.Load() != 1 || !strings.Contains(err.Error(), "not known") {
		t.Errorf("%v after %d tries", err, n.Load())
	}
}

// TestPOSTToWhatIsNotThere: no connection, so it is safe to try again.
func TestPOSTToWhatIsNotThere(t *testing.T) {
	f := newFakeCloud(t)
	gone := httptest.NewServer(http.NotFoundHandler())
	f.catalog = fmt.Sprintf(`[{"type": "compute", "endpoints": [{"interface": "public", "region": "R", "url": "%s/v2.1"}]}]`, gone.URL)
	m := newManager(t, Config{})
	waits := 0
	m.sleep = func(context.Context, time.Duration) error { waits++; return nil }
	s := f.compute(m)
	gone.Close()
	_, err := s.Do(context.Background(), APIRequest{Method: "POST", Path: "/servers", Body: []byte("{}")})
	var down Unavailable
	if !errors.As(err, &down) || waits != 3 || !strings.Contains(err.Error(), "refused") {
		t.Errorf("%T %v after %d waits", err, err, waits)
	}
}

// TestWaits: how long is waited between tries.
func TestWaits(t *testing.T) {
	f := newFakeCloud(t)
	now := time.Now()
	m := newManager(t, Config{Now: func() time.Time { return now }, Retry: RetryConfig{Attempts: 5, BaseDelay: time.Second, MaxDelay: 3 * time.Second}})
	var waits []time.Duration
	m.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	s := f.compute(m)
	in2 := now.Add(2 * time.Second).UTC().Format(http.TimeFormat)
	script(f, status(429, "Retry-After", "2"), status(503, "Retry-After", in2), status(503), status(503), ok)
	if _, err := get(s, "/"); err != nil {
		t.Fatal(err)
	}
	between := func(d, low, high time.Duration) bool { return low <= d && d <= high }
	if len(waits) != 4 || waits[0] != 2*time.Second || !between(waits[1], time.Second, 2*time.Second) ||
		!between(waits[2], 1500*time.Millisecond, 3*time.Second) || !between(waits[3], 1500*time.Millisecond, 3*time.Second) {
		t.Errorf("waits %v", waits)
	}

	// A wait that would outlast the deadline is not begun.
	waits = nil
	script(f, status(429, "Retry-After", "3"))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	var limit OverLimit
	if _, err := s.Do(ctx, APIRequest{Method: "GET", Path: "/"}); !errors.As(err, &limit) || limit.RetryAfter != 3*time.Second || len(waits) != 0 {
		t.Errorf("%v, waits %v", err, waits)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"": 0, "5": 5 * time.Second, " 5 ": 5 * time.Second, "0.5": 500 * time.Millisecond, "-1": 0, "NaN": 0,
		"Thu, 01 Jan 2026 00:00:07 GMT": 7 * time.Second, "Wed, 31 Dec 2025 00:00:00 GMT": 0, "soon": 0,
		"99999999999999999999": 1e6 * time.Second, "Inf": 1e6 * time.Second,
	} {
		if got := retryAfter(s, now); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

// TestTimeouts: per try and for the whole.
func TestTimeouts(t *testing.T) {
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	n := script(f, hang, ok)
	if _, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/", Timeout: 20 * time.Millisecond}); err != nil || n.Load() != 2 {
		t.Errorf("one slow try: %v, %d tries", err, n.Load())
	}
	n = script(f, hang)
	var timeout Timeout
	if _, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/", Timeout: 5 * time.Millisecond}); !errors.As(err, &timeout) || n.Load() != 4 {
		t.Errorf("always slow: %v, %d tries", err, n.Load())
	}
	var unknown OutcomeUnknown
	if _, err := s.Do(context.Background(), APIRequest{Method: "POST", Path: "/", Timeout: 20 * time.Millisecond}); !errors.As(err, &unknown) {
		t.Errorf("a slow POST: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Do(ctx, APIRequest{Method: "GET", Path: "/"}); !errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the deadline: %v", err)
	}
	ctx, cancel = context.WithCancel(context.Background())
	arrived := make(chan struct{})
	script(f, func(_ http.ResponseWriter, r *http.Request) { close(arrived); <-r.Context().Done() })
	go func() { <-arrived; cancel() }()
	var canceled Canceled
	if _, err := s.Do(ctx, APIRequest{Method: "GET", Path: "/"}); !errors.As(err, &canceled) || !errors.Is(err, context.Canceled) || Retryable(err) {
		t.Errorf("canceled: %v", err)
	}
}

func TestBodies(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte(`{"a": "` + strings.Repeat("x", 5000) + `"}`))
	_ = z.Close()
	gzipped := func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Error("gzip is not asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(zipped.Bytes())
	}
	text := func(body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			_, _ = w.Write([]byte(body))
		}
	}
	chunked := func(w http.ResponseWriter, _ *http.Request) {
		for range 100 {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 100))
			w.(http.Flusher).Flush()
		}
	}
	for _, c := range []struct {
		what   string
		answer http.HandlerFunc
		limit  int64
		want   string // JSON of the value, or
		err    string
	}{
		{what: "JSON", answer: text(`{"b": 1, "a": [1.0, 12345678901234567890]}`), want: `{"b":1,"a":[1.0,12345678901234567890]}`},
		{what: "empty", answer: text(""), want: "null"},
		{what: "blank", answer: text(" \n"), want: "null"},
		{what: "gzip", answer: gzipped, limit: 6000, want: `{"a":"` + strings.Repeat("x", 5000) + `"}`},
		{what: "gzip over the limit", answer: gzipped, limit: 4000, err: "larger than 4000 bytes"},
		{what: "at the limit", answer: text(`[1]`), limit: 3, want: "[1]"},
		{what: "over the limit", answer: text(`[12]`), limit: 3, err: "larger than 3 bytes"},
		{what: "over the limit, chunked", answer: chunked, limit: 5000, err: "larger than 5000 bytes"},
		{what: "cut off JSON", answer: text(`{"a": [1, 2`), err: "the answer is no JSON: it ends too early"},
		{what: "a page", answer: text("<html><title>Log in</title><body>please", "Content-Type", "text/html"), err: "the answer is no JSON: it is a page: Log in"},
		{what: "nonsense", answer: text(`nonsense`), err: "the answer is no JSON"},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			m := newManager(t, Config{})
			s := f.compute(m)
			f.service = c.answer
			resp, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/servers", MaxBody: c.limit})
			var v any
			if err == nil {
				v, err = resp.Value()
			}
			if c.err != "" {
				var bad BadAnswer
				if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.err) || bad.Service != "compute" || bad.Status != 200 || bad.Path != "/servers" {
					t.Fatalf("%T %v", err, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := string(value.MustEncode(v)); got != c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestConfiguredLimit(t *testing.T) {
	f := newFakeCloud(t)
	f.service = func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 20_000)) }
	s := f.compute(newManager(t, Config{MaxBody: 10_000}))
	if _, err := get(s, "/"); err == nil || !strings.Contains(err.Error(), "larger than 10000 bytes") {
		t.Errorf("got %v", err)
	}
	resp, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/", Stream: true})
	if err != nil || resp.Body != nil {
		t.Fatalf("%v", err)
	}
	if n := len(readAll(resp.Stream)); n != 20_000 {
		t.Errorf("the stream had %d bytes", n)
	}
	if err := resp.Stream.Close(); err != nil {
		t.Error(err)
	}
}

func TestErrorMessages(t *testing.T) {
	for _, c := range []struct{ contentType, body, want string }{
		{"application/json", `{"error": {"message": "keystone says", "code": 404}}`, "keystone says"},
		{"application/json", `{"itemNotFound": {"message": "nova says", "code": 404}}`, "nova says"},
		{"application/json", `{"NeutronError": {"type": "X", "message": "neutron says", "detail": ""}}`, "neutron says"},
		{"application/json", `{"NeutronError": "neutron says"}`, "neutron says"},
		{"application/json", `{"explanation": "heat explains", "code": 404, "error": {"message": "heat says", "traceback": null}, "title": "Not Found"}`, "heat says"},
		{"application/json", `{"explanation": "heat explains", "code": 400, "title": "Bad Request"}`, "heat explains"},
		{"application/json", `{"error_message": {"debuginfo": null, "faultcode": "Client", "faultstring": "aodh says"}}`, "aodh says"},
		{"application/json", `{"error_message": "{\"faultstring\": \"{\\\"message\\\": \\\"ironic says\\\"}\"}"}`, "ironic says"},
		{"application/json", `{"badRequest": {"code": 400, "message": "trove says"}}`, "trove says"},
		{"application/json", `{"overLimit": {"code": 413, "message": "This request was rate-limited.", "details": "x"}}`, "This request was rate-limited."},
		{"application/json", `{"error": {"message": "the inspector says"}}`, "the inspector says"},
		{"application/json", `{"errors": [{"request_id": "", "code": "", "status": 404, "title": "no", "detail": "zun says", "links": []}]}`, "zun says"},
		{"application/json", `{"errors": [{"code": "x", "status": 404, "title": "magnum says", "detail": ""}]}`, "magnum says"},
		{"application/json", `{"code": 404, "title": "Not Found", "description": "gnocchi says"}`, "gnocchi says"},
		{"application/json", `{"code": 404, "title": "Not Found", "description": {"cause": "Unknown resource", "detail": "abc"}}`, "Unknown resource: abc"},
		{"application/json", `{"code": 400, "title": "Bad Request", "description": {"cause": "Invalid input", "reason": "required key not provided", "detail": ["name"]}}`, `Invalid input: required key not provided: ["name"]`},
		{"application/json", `{"code": 404, "type": "zone_not_found", "message": "designate says", "request_id": "req-1"}`, "designate says"},
		{"application/json", `{"code": 400, "type": "invalid_object", "message": "Provided object does not match schema", "errors": {"errors": [{"path": ["records", 0], "message": "'x' is no 'ipv4'"}, {"path": [], "message": "more"}]}}`,
			"Provided object does not match schema: records.0: 'x' is no 'ipv4'; more"},
		{"application/json", `{"message": "glance says<br /><br />\n\n\n", "code": "404 Not Found", "title": "Not Found"}`, "glance says"},
		{"application/json", `{"debuginfo": null, "faultcode": "Client", "faultstring": "mistral says"}`, "mistral says"},
		{"text/html; charset=UTF-8", "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>", "Not Found The resource could not be found."},
		{"text/plain", "403 Forbidden\n\nAccess was denied to this resource.\n\n   ", "403 Forbidden Access was denied to this resource."},
		{"application/json", `{"error_message": "{\"faultstring\": \"ironic says\", \"debuginfo\": null}"}`, "ironic says"},
		{"application/json", `{"errors": [{"status": 404, "title": "Not Found", "detail": "placement says"}]}`, "placement says"},
		{"application/json", `{"title": "Not found", "description": "zaqar says"}`, "zaqar says"},
		{"application/json", `{"faultstring": "mistral says"}`, "mistral says"},
		{"application/json", `{"message": {"name": "nested says"}}`, `{"message": {"name": "nested says"}}`},
		{"text/html", "<html><head><title>404 Not Found</title><style>x{}</style></head><body><h1>404 Not Found</h1>\nNo image &lt;x&gt; found.<script>y</script></body></html>", "404 Not Found No image <x> found."},
		{"text/html", "<html><title>502 Bad Gateway</title><body>nginx</body></html>", "502 Bad Gateway nginx"},
		{"text/plain", "  plain\n words ", "plain words"},
		{"application/json", "", ""},
		{"application/json", `{}`, "{}"},
		{"text/plain", strings.Repeat("é", 2000), strings.Repeat("é", 500) + "..."},
	} {
		if got := errorMessage(c.contentType, []byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", c.body, got, c.want)
		}
	}
}

// TestErrorText is what a person reads.
func TestErrorText(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	f.service = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Compute-Request-Id", "req-1")
		writeJSON(w, 404, `{"itemNotFound": {"message": "Instance x could not be found.", "code": 404}}`)
	}
	_, err := get(s, "/servers/x")
	const want = "compute in RegionOne: GET /servers/x: 404: Instance x could not be found. (request req-1)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	f.service = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }
	if _, err := get(s, ""); err == nil || err.Error() != "compute in RegionOne: GET: 404 Not Found" {
		t.Errorf("got %v", err)
	}
}

// TestRequests: what a service is sent.
func TestRequests(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{UserAgent: "sirocco/1"}))
	var got *http.Request
	var body string
	f.service = func(w http.ResponseWriter, r *http.Request) { got, body = r, readAll(r.Body); ok(w, r) }
	for _, c := range []struct {
		what    string
		r       APIRequest
		uri     string
		body    string
		headers map[string]string
	}{
		{"a list", APIRequest{Method: "GET", Path: "/servers", Query: url.Values{"name": {"a b&c"}, "x": {"1", "2"}}}, "/servers?name=a+b%26c&x=1&x=2", "", map[string]string{"X-Auth-Token": "planted-token-1", "Accept": "application/json", "User-Agent": "sirocco/1"}},
		{"a query in the path", APIRequest{Method: "GET", Path: "/servers?all=1", Query: url.Values{"x": {"2"}}}, "/servers?all=1&x=2", "", nil},
		{"an escaped path", APIRequest{Method: "GET", Path: "/servers/a%2Fb%3F%20c"}, "/servers/a%2Fb%3F%20c", "", nil},
		{"no slash", APIRequest{Method: "GET", Path: "servers"}, "/servers", "", nil},
		{"a value", APIRequest{Method: "POST", Path: "/servers", Body: value.MapOf("z", 1, "a", "é<")}, "/servers", `{"z":1,"a":"é<"}`, map[string]string{"Content-Type": "application/json"}},
		{"a struct", APIRequest{Method: "POST", Path: "/servers", Body: struct{ A []int }{[]int{1}}}, "/servers", `{"A":[1]}`, map[string]string{"Content-Type": "application/json"}},
		{"bytes", APIRequest{Method: "PUT", Path: "/x", Body: []byte("raw"), Header: http.Header{"content-type": {"application/octet-stream"}}}, "/x", "raw", map[string]string{"Content-Type": "application/octet-stream"}},
		{"a reader", APIRequest{Method: "PUT", Path: "/x", Body: strings.NewReader("read")}, "/x", "read", map[string]string{"Content-Length": "4"}},
		{"a microversion", APIRequest{Method: "GET", Path: "/x", Microversion: "2.90"}, "/x", "", map[string]string{"OpenStack-API-Version": "compute 2.90", "X-OpenStack-Nova-API-Version": "2.90"}},
		{"own headers", APIRequest{Method: "GET", Path: "/x", Header: http.Header{"Accept": {"text/plain"}, "X-Y": {"z"}, "x-auth-token": {"mine"}}}, "/x", "", map[string]string{"Accept": "text/plain", "X-Y": "z", "X-Auth-Token": "planted-token-1"}},
	} {
		if _, err := s.Do(context.Background(), c.r); err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		if uri := strings.TrimPrefix(got.RequestURI, "/compute/RegionOne/v2.1"); uri != c.uri || body != c.body || got.Method != c.r.Method {
			t.Errorf("%s: %s %s %q", c.what, got.Method, uri, body)
		}
		for k, v := range c.headers {
			if got.Header.Get(k) != v {
				t.Errorf("%s: %s is %q, want %q", c.what, k, got.Header.Get(k), v)
			}
		}
	}
	var input InvalidInput
	if _, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/../x"}); !errors.As(err, &input) {
		t.Errorf("dot segments: %v", err)
	}
	if _, err := s.Do(context.Background(), APIRequest{Method: "POST", Path: "/x", Body: make(chan int)}); !errors.As(err, &input) {
		t.Errorf("a body that is none: %v", err)
	}
}

// TestServiceRedirects: the method stays, the token stays on the host.
func TestServiceRedirects(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, fmt.Sprintf("other %s %s token=%q", r.Method, r.URL.Path, r.Header.Get("X-Auth-Token")))
		ok(w, r)
	}))
	defer other.Close()
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	to := ""
	code := 0
	f.service = func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/from") {
			w.Header().Set("Location", to)
			w.WriteHeader(code)
			return
		}
		seen = append(seen, fmt.Sprintf("same %s %s token=%q body=%s", r.Method, r.URL.Path[len("/compute/RegionOne/v2.1"):], r.Header.Get("X-Auth-Token"), readAll(r.Body)))
		ok(w, r)
	}
	for _, c := range []struct {
		method, to string
		code       int
		want       string // "" means an error
	}{
		{"GET", "/compute/RegionOne/v2.1/to", 302, `same GET /to token="planted-token-1" body=B`},
		{"POST", "/compute/RegionOne/v2.1/to", 302, `same POST /to token="planted-token-1" body=B`},
		{"POST", "to", 308, `same POST /to token="planted-token-1" body=B`},
		{"POST", "to", 303, `same GET /to token="planted-token-1" body=`},
		{"GET", other.URL + "/x", 307, `other GET /x token=""`},
		{"POST", other.URL + "/x", 307, ""},
		{"DELETE", other.URL + "/x", 302, ""},
		{"GET", "http://169.254.169.254/latest", 302, ""},
		{"GET", "ftp://x/", 302, ""},
		{"GET", "from", 302, ""},
	} {
		seen, to, code = nil, c.to, c.code
		_, err := s.Do(context.Background(), APIRequest{Method: c.method, Path: "/from", Body: []byte("B")})
		if got := strings.Join(seen, ";"); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s to %s: %q, %v", c.method, c.to, got, err)
		}
	}
}

func TestCertificates(t *testing.T) {
	f := newFakeCloud(t)
	server := httptest.NewTLSServer(f)
	defer server.Close()
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	for _, c := range []struct {
		what     string
		ca       string
		insecure bool
		err      error
	}{
		{"unknown", "", false, Unavailable{}},
		{"its own CA", ca, false, nil},
		{"insecure", "", true, nil},
		{"no CA at all", "nonsense", false, InvalidInput{}},
	} {
		m := newManager(t, Config{Credentials: fakeSource{"r": {Credentials: password(), AuthURL: server.URL, CACert: c.ca, Insecure: c.insecure, Trusted: true}}})
		_, err := m.Session(context.Background(), Request{Credentials: Credentials{Ref: "r"}})
		if reflect.TypeOf(err) != reflect.TypeOf(c.err) {
			t.Errorf("%s: %T %v", c.what, err, err)
		}
	}
}

// TestConnectionsAreReused: a warm fan-out opens none, and nothing leaks.
func TestConnectionsAreReused(t *testing.T) {
	f := newFakeCloud(t)
	var opened atomic.Int32
	conns := map[string]bool{}
	var mu sync.Mutex
	f.service = func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		if !conns[r.RemoteAddr] {
			conns[r.RemoteAddr] = true
			opened.Add(1)
		}
		mu.Unlock()
		ok(w, r)
	}
	s := f.compute(newManager(t, Config{}))
	fan := func() {
		var wg sync.WaitGroup
		for range 30 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if _, err := get(s, "/"); err != nil {
					t.Error(err)
				}
			}()
		}
		wg.Wait()
	}
	fan()
	for range 100 {
		if _, err := get(s, "/"); err != nil {
			t.Fatal(err)
		}
	}
	if n := opened.Load(); n > 31 {
		t.Errorf("%d connections for 30 at once", n)
	}
}

// TestLogs: a debug line per try, without secrets.
func TestLogs(t *testing.T) {
	var out bytes.Buffer
	m := newManager(t, Config{Logger: slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	f := newFakeCloud(t)
	s := f.compute(m)
	script(f, status(503), ok)
	if _, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/servers", Query: url.Values{"password": {"planted"}}}); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); strings.Contains(got, "planted") || strings.Count(got, "openstack request") != 3 || !strings.Contains(got, `"status":503,"request_id":"","try":1`) {
		t.Errorf("log:\n%s", got)
	}
}

func TestRequestIDs(t *testing.T) {
	for _, c := range []struct{ header, body, want string }{
		{"X-Openstack-Request-Id", `{"request_id": "req-2"}`, "req-1"},
		{"X-Compute-Request-Id", ``, "req-1"},
		{"X-Trans-Id", `<html>`, "req-1"}, // swift
		{"X-Other", `{"code": 404, "request_id": "req-2"}`, "req-2"},
		{"X-Other", `{"errors": [{"request_id": "req-3"}]}`, "req-3"},
		{"X-Other", `{"errors": {"errors": []}, "request_id": "req-2"}`, "req-2"},
		{"X-Other", `[]`, ""},
	} {
		if got := requestID(http.Header{c.header: {"req-1"}}, []byte(c.body)...); got != c.want {
			t.Errorf("%s, %s: %q, want %q", c.header, c.body, got, c.want)
		}
	}
}

// TestHeadOfSomethingLarge: a HEAD tells the length of what it does not send.
func TestHeadOfSomethingLarge(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{MaxBody: 1000}))
	f.service = func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "5000000000") }
	resp, err := s.Do(context.Background(), APIRequest{Method: "HEAD", Path: "/x"})
	if err != nil || resp.Header.Get("Content-Length") != "5000000000" {
		t.Errorf("%+v, %v", resp, err)
	}
}

// TestPagesShowNoSecrets: a page in place of an answer may repeat what it got.
func TestPagesShowNoSecrets(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	f.service = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<html><title>Log in</title>%s planted-body", r.Header.Get("X-Auth-Token"))
	}
	resp, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/x", Secrets: []string{"planted-body"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = resp.Value(); err == nil || !strings.Contains(err.Error(), "Log in") || strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}
}

func TestVersionsAreAnAnswer(t *testing.T) {
	f := newFakeCloud(t)
	s := f.compute(newManager(t, Config{}))
	f.service = status(300)
	if _, err := s.Do(context.Background(), APIRequest{Method: "GET", Path: "/", Versions: true}); err != nil {
		t.Error(err)
	}
}
