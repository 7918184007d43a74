package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// stub is a Keystone with one region and the services behind it. It keeps what
// it is sent and answers both sides the same.
type stub struct {
	base   string // its URL
	server *http.Server
	mu     sync.Mutex
	sent   []request
	answer *answers
}

// request is one request as it arrived. Path is escaped, and below the
// service's version; below the service's root if Root is set.
type request struct {
	Method, Service, Path, Query string
	Root                         bool
	Header                       http.Header
	Body                         string
}

// services are the types, names and paths of the services below the stub's URL;
// scripts/clients/drive.py has the same.
var services = [...][3]string{
	{"compute", "nova", "/compute/v2.1"}, {"image", "glance", "/image"}, {"network", "neutron", "/network"},
	{"block-storage", "cinder", "/volume/v3/p1"}, {"orchestration", "heat", "/heat/v1/p1"}, {"identity", "keystone", "/identity/v3"},
	{"baremetal", "ironic", "/baremetal"}, {"baremetal-introspection", "inspector", "/introspection"}, {"sharev2", "manila", "/share/v2/p1"},
	{"object-store", "swift", "/swift/v1/AUTH_p1"}, {"database", "trove", "/database/v1.0/p1"}, {"dns", "designate", "/dns"},
	{"container-infra", "magnum", "/container-infra/v1"}, {"container", "zun", "/container/v1"}, {"workflowv2", "mistral", "/workflow/v2"},
	{"messaging", "zaqar", "/messaging"}, {"alarming", "aodh", "/alarming"}, {"metric", "gnocchi", "/metric"},
}

func startStub() (*stub, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &stub{base: "http://" + listener.Addr().String(), answer: newAnswers(nil)}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	go s.server.Serve(listener) //nolint:errcheck // it ends with stop
	return s, nil
}

func (s *stub) stop() { s.server.Close() }

// begin sets what the next call's requests are answered with.
func (s *stub) begin(keys *keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.answer = nil, newAnswers(keys)
}

// take returns what arrived since begin.
func (s *stub) take() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.sent
	s.sent = nil
	return got
}

func (s *stub) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/identity/v3/auth/tokens" && r.Method == http.MethodPost {
		s.token(w)
		return
	}
	body, _ := io.ReadAll(r.Body) // what a client breaks off is what it sent
	path, query, _ := strings.Cut(r.RequestURI, "?")
	req := locate(request{Method: r.Method, Path: path, Query: query, Header: r.Header, Body: string(body)})
	s.mu.Lock()
	s.sent = append(s.sent, req)
	status, header, answer := s.answer.to(req, s.base)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	for k, v := range header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

// locate says which service a request went to, by its path.
func locate(req request) request {
	for _, svc := range services {
		root := svc[2][:1+strings.IndexByte(svc[2][1:]+"/", '/')]
		if rest, ok := strings.CutPrefix(req.Path, svc[2]); ok {
			req.Service, req.Path = svc[1], rest
			return req
		}
		if rest, ok := strings.CutPrefix(req.Path, root); ok && (rest == "" || rest[0] == '/') {
			req.Service, req.Path, req.Root = svc[1], "/"+strings.TrimPrefix(rest, "/"), true
			return req
		}
	}
	req.Root = true
	return req
}

func (s *stub) token(w http.ResponseWriter) {
	var catalog []any
	for _, svc := range services {
		catalog = append(catalog, map[string]any{"type": svc[0], "name": svc[1], "id": svc[1], "endpoints": []any{
			map[string]any{"id": svc[1], "interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": s.base + svc[2]},
		}})
	}
	w.Header().Set("X-Subject-Token", "token")
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{"token": map[string]any{ //nolint:errcheck // the client is gone
		"expires_at": "2099-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z", "methods": []string{"password"},
		"project": map[string]any{"id": "p1", "name": "project", "domain": map[string]any{"id": "default", "name": "Default"}},
		"user":    map[string]any{"id": "u1", "name": "user", "domain": map[string]any{"id": "default", "name": "Default"}},
		"catalog": catalog,
	}})
}

// unescape decodes a path's or query's piece as far as it can be decoded.
func unescape(s string, f func(string) (string, error)) string {
	if plain, err := f(s); err == nil {
		return plain
	}
	return s
}

// canonicalPath is the path with every segment escaped in one way, so that two
// that mean the same are the same text.
func canonicalPath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(unescape(s, url.PathUnescape))
	}
	return strings.Join(segments, "/")
}
