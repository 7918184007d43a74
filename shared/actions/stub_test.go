package actions

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// stubCloud is a Keystone with one region, whose services record what they are
// sent and answer what the test says.
type stubCloud struct {
	*httptest.Server
	t *testing.T

	tokens   atomic.Int32 // that were given
	mu       sync.Mutex
	requests []stubRequest
	answer   func(stubRequest) (status int, header http.Header, body string)
	fault    func(w http.ResponseWriter, r *http.Request, body []byte) bool // answers instead, if it reports true
}

// stubRequest is one request as it arrived. Its path is below the service's
// version, or below its root if Root is set.
type stubRequest struct {
	Service string
	Method  string
	Path    string // escaped
	Root    bool
	Query   url.Values
	Header  http.Header
	Body    string
}

// stubServices are the services' types, names and URLs below the server's.
var stubServices = [][3]string{
	{"compute", "nova", "/compute/v2.1"}, {"image", "glance", "/image"}, {"network", "neutron", "/network"},
	{"block-storage", "cinder", "/volume/v3/p1"}, {"orchestration", "heat", "/heat/v1/p1"}, {"identity", "keystone", "/identity/v3"},
	{"baremetal", "ironic", "/baremetal"}, {"baremetal-introspection", "inspector", "/introspection"}, {"sharev2", "manila", "/share/v2/p1"},
	{"object-store", "swift", "/swift/v1/AUTH_p1"}, {"database", "trove", "/database/v1.0/p1"}, {"dns", "designate", "/dns"},
	{"container-infra", "magnum", "/container-infra/v1"}, {"container", "zun", "/container/v1"}, {"workflowv2", "mistral", "/workflow/v2"},
	{"messaging", "zaqar", "/messaging"}, {"alarming", "aodh", "/alarming"}, {"metric", "gnocchi", "/metric"},
}

func newStubCloud(t *testing.T) *stubCloud {
	s := &stubCloud{t: t}
	s.answer = func(stubRequest) (int, http.Header, string) { return 200, nil, "{}" }
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	return s
}

// runner returns a runner whose only cloud is the stub.
func (s *stubCloud) runner() *Runner {
	return s.runnerWith(openstack.Config{}, RunnerOptions{})
}

func (s *stubCloud) runnerWith(config openstack.Config, options RunnerOptions) *Runner {
	clouds, err := openstack.ParseClouds([]byte(fmt.Sprintf(`clouds:
  stub:
    auth:
      auth_url: %s/identity/v3
      username: user
      password: planted-password
      project_name: project
      user_domain_name: Default
      project_domain_name: Default
    region_name: RegionOne
`, s.URL)), nil, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	config.Clouds, config.DefaultCloud = clouds, "stub"
	manager, err := openstack.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	registry, err := NewRegistry()
	if err != nil {
		s.t.Fatal(err)
	}
	return NewRunner(registry, manager, options)
}

// take returns what arrived since the last call.
func (s *stubCloud) take() []stubRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.requests
	s.requests = nil
	return got
}

func (s *stubCloud) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/identity/v3/auth/tokens" {
		s.token(w)
		return
	}
	body, _ := io.ReadAll(r.Body)
	req := stubRequest{Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.Query(), Header: r.Header, Body: string(body), Root: true}
	for _, svc := range stubServices {
		if path, ok := strings.CutPrefix(req.Path, svc[2]); ok {
			req.Service, req.Path, req.Root = svc[1], path, false
		}
	}
	if req.Root {
		_, rest, _ := strings.Cut(req.Path[1:], "/")
		req.Path = "/" + rest
	}
	s.mu.Lock()
	s.requests = append(s.requests, req)
	fault := s.fault
	s.mu.Unlock()
	if fault != nil && fault(w, r, body) {
		return
	}
	s.mu.Lock()
	status, header, answer := s.answer(req)
	s.mu.Unlock()
	for k, v := range header {
		w.Header()[k] = v
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

func (s *stubCloud) token(w http.ResponseWriter) {
	var catalog []any
	for _, svc := range stubServices {
		catalog = append(catalog, map[string]any{"type": svc[0], "name": svc[1], "id": svc[1], "endpoints": []any{
			map[string]any{"id": "e", "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": s.URL + svc[2]},
		}})
	}
	id := "planted-token"
	if n := s.tokens.Add(1); n > 1 {
		id += fmt.Sprint("-", n)
	}
	w.Header().Set("X-Subject-Token", id)
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{
		"expires_at": "2099-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z", "methods": []string{"password"},
		"project": map[string]any{"id": "p1", "name": "project", "domain": map[string]any{"id": "default", "name": "Default"}},
		"user":    map[string]any{"id": "u1", "name": "user", "domain": map[string]any{"id": "default", "name": "Default"}},
		"catalog": catalog,
	}})
}
