package openstack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeCloud is a Keystone and one service on one server. Its token requests are
// counted and kept; tokens can be revoked and given any length of life.
type fakeCloud struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	serial   int
	valid    map[string]bool // tokens
	logins   []map[string]any
	lookups  int
	life     time.Duration
	now      func() time.Time
	catalog  string // JSON; "" means one compute endpoint per region of regions
	regions  []string
	login    func(w http.ResponseWriter, r *http.Request) bool // true: it answered
	service  http.HandlerFunc                                  // behind a valid token
	requests []*http.Request
	project  string // of every token
}

func newFakeCloud(t *testing.T) *fakeCloud { return newFakeCloudFor(t) }

func newFakeCloudFor(t testing.TB) *fakeCloud {
	f := &fakeCloud{
		t: t, valid: map[string]bool{}, life: time.Hour, now: time.Now,
		regions: []string{"RegionOne"}, project: "p1",
	}
	f.service = func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, 200, `{"path": %q}`, r.URL.Path)
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func writeJSON(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, format, args...)
}

func (f *fakeCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Clone(context.Background()))
	login, service := f.login, f.service
	f.mu.Unlock()
	switch {
	case r.URL.Path == "/v3/auth/tokens" && r.Method == http.MethodPost:
		var body map[string]any
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			f.t.Errorf("login body: %v", err)
		}
		f.mu.Lock()
		f.logins = append(f.logins, body)
		f.mu.Unlock()
		if login != nil && login(w, r) {
			return
		}
		f.writeToken(w, f.newToken(), 201)
	case r.URL.Path == "/v3/auth/tokens":
		f.lookup(w, r)
	case strings.HasPrefix(r.URL.Path, "/compute/"):
		if !f.isValid(r.Header.Get("X-Auth-Token")) {
			writeJSON(w, 401, `{"error": {"code": 401, "message": "The request you have made requires authentication."}}`)
			return
		}
		service(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeCloud) lookup(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.lookups++
	f.mu.Unlock()
	if !f.isValid(r.Header.Get("X-Auth-Token")) {
		writeJSON(w, 401, `{"error": {"message": "expired"}}`)
		return
	}
	f.writeToken(w, r.Header.Get("X-Subject-Token"), 200)
}

func (f *fakeCloud) newToken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.serial++
	id := fmt.Sprintf("planted-token-%d", f.serial)
	f.valid[id] = true
	return id
}

func (f *fakeCloud) isValid(token string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.valid[token]
}

func (f *fakeCloud) revokeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.valid)
}

func (f *fakeCloud) tokensMade() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.logins)
}

func (f *fakeCloud) requestCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

func (f *fakeCloud) lastLogin() map[string]any {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.logins[len(f.logins)-1]
}

func (f *fakeCloud) writeToken(w http.ResponseWriter, id string, status int) {
	f.mu.Lock()
	catalog := f.catalog
	if catalog == "" {
		catalog = f.computeCatalog()
	}
	now := f.now()
	project := f.project
	life := f.life
	f.mu.Unlock()
	w.Header().Set("X-Subject-Token", id)
	writeJSON(w, status, `{"token": {"issued_at": %q, "expires_at": %q,
		"project": {"id": %q, "name": "demo"}, "user": {"id": "u1", "name": "alice"}, "catalog": %s}}`,
		now.UTC().Format("2006-01-02T15:04:05.000000Z"), now.Add(life).UTC().Format("2006-01-02T15:04:05.000000Z"), project, catalog)
}

func (f *fakeCloud) computeCatalog() string {
	var endpoints []string
	for _, r := range f.regions {
		endpoints = append(endpoints, fmt.Sprintf(`{"interface": "public", "region": %q, "region_id": %q, "url": "%s/compute/%s/v2.1"}`, r, r, f.URL, r))
	}
	return `[{"type": "compute", "name": "nova", "endpoints": [` + strings.Join(endpoints, ",") + `]}]`
}

// password is the account that most tests use.
func password() Credentials {
	return Credentials{Username: "alice", Password: "planted-password", UserDomainName: "Default", ProjectName: "demo", ProjectDomainName: "Default"}
}

// request goes to the cloud as the operator's own.
func (f *fakeCloud) request() Request {
	return Request{AuthURL: f.URL + "/v3", Credentials: password(), Trusted: true}
}

func newManager(t *testing.T, cfg Config) *Manager {
	t.Helper()
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	m.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	t.Cleanup(m.Close)
	return m
}

// session opens a session that must succeed.
func (f *fakeCloud) session(m *Manager) *Session {
	f.t.Helper()
	s, err := m.Session(context.Background(), f.request())
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// compute is the compute service of a new session.
func (f *fakeCloud) compute(m *Manager) *Service {
	f.t.Helper()
	s, err := f.session(m).Service(context.Background(), ServiceRequest{Type: "compute"})
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

func get(s *Service, path string) (*APIResponse, error) {
	return s.Do(context.Background(), APIRequest{Method: "GET", Path: path})
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func readAll(r io.Reader) string {
	data, _ := io.ReadAll(r)
	return string(data)
}
