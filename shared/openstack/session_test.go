package openstack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestLoginBodies: what Keystone is sent for each kind of credentials.
func TestLoginBodies(t *testing.T) {
	for _, c := range []struct {
		what  string
		creds Credentials
		want  string
	}{
		{"password by names", password(),
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"Default"},"name":"alice","password":"planted-password"}}},"scope":{"project":{"domain":{"name":"Default"},"name":"demo"}}}}`},
		{"password by ids", Credentials{UserID: "u", Password: "pw", ProjectID: "P", Username: "ignored"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"pw"}}},"scope":{"project":{"id":"P"}}}}`},
		{"no domains", Credentials{Username: "u", Password: "pw", ProjectName: "d"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"id":"default"},"name":"u","password":"pw"}}},"scope":{"project":{"domain":{"id":"default"},"name":"d"}}}}`},
		{"unscoped", Credentials{UserID: "u", Password: "pw"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"pw"}}}}}`},
		{"domain scope", Credentials{Username: "u", Password: "pw", DomainName: "D"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":"D"},"name":"u","password":"pw"}}},"scope":{"domain":{"name":"D"}}}}`},
		{"system scope", Credentials{UserID: "u", Password: "pw", SystemScope: "all", ProjectID: "P"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"pw"}}},"scope":{"system":{"all":true}}}}`},
		{"trust", Credentials{UserID: "u", Password: "pw", TrustID: "T"},
			`{"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u","password":"pw"}}},"scope":{"OS-TRUST:trust":{"id":"T"}}}}`},
		{"application credential by id", Credentials{ApplicationCredentialID: "a", ApplicationCredentialSecret: "s", ProjectID: "ignored"},
			`{"auth":{"identity":{"application_credential":{"id":"a","secret":"s"},"methods":["application_credential"]}}}`},
		{"application credential by name", Credentials{ApplicationCredentialName: "n", ApplicationCredentialSecret: "s", Username: "u", UserDomainName: "D"},
			`{"auth":{"identity":{"application_credential":{"name":"n","secret":"s","user":{"domain":{"name":"D"},"name":"u"}},"methods":["application_credential"]}}}`},
		{"application credential by name and user id", Credentials{ApplicationCredentialName: "n", ApplicationCredentialSecret: "s", UserID: "u"},
			`{"auth":{"identity":{"application_credential":{"name":"n","secret":"s","user":{"id":"u"}},"methods":["application_credential"]}}}`},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			r := f.request()
			r.Credentials = c.creds
			s, err := newManager(t, Config{}).Session(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			if got := mustJSON(t, f.lastLogin()); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if s.Target().ProjectID != "p1" {
				t.Errorf("target %+v", s.Target())
			}
		})
	}
}

func TestTokenCredentials(t *testing.T) {
	for _, c := range []struct {
		what    string
		creds   Credentials
		logins  int // exchanges by POST
		lookups int
	}{
		{"as it is", Credentials{}, 0, 1},
		{"for its own project", Credentials{ProjectID: "p1"}, 0, 1},
		{"for another project", Credentials{ProjectID: "p2"}, 1, 1},
		{"for a project by name", Credentials{ProjectName: "demo", ProjectDomainName: "Default"}, 1, 1},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			r := f.request()
			r.Credentials = c.creds
			r.Credentials.Token = f.newToken()
			m := newManager(t, Config{})
			for range 3 {
				s, err := m.Session(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				service, err := s.Service(context.Background(), ServiceRequest{Type: "compute"})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := get(service, "/servers"); err != nil {
					t.Fatal(err)
				}
			}
			if f.tokensMade() != c.logins || f.lookups != c.lookups {
				t.Errorf("%d exchanges, %d lookups", f.tokensMade(), f.lookups)
			}
			if c.logins > 0 {
				if s := mustJSON(t, f.lastLogin()); !strings.Contains(s, `"token":{"id":"planted-token-1"}`) || !strings.Contains(s, `"scope":{"project"`) {
					t.Errorf("exchange %s", s)
				}
			}
		})
	}
}

// TestTokenThatExpired: the error says that it is the token, and that nothing
// can renew it; before the first call and in the middle.
func TestTokenThatExpired(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{})
	r := f.request()
	r.Credentials = Credentials{Token: "planted-and-gone", ProjectID: "p1"}
	check := func(err error) {
		t.Helper()
		var unauthorized Unauthorized
		if !errors.As(err, &unauthorized) || !strings.Contains(err.Error(), "the token has expired or is not valid, and a token alone can't be renewed") || strings.Contains(err.Error(), "planted") {
			t.Errorf("got %v", err)
		}
		if Retryable(err) {
			t.Error("it would be retried")
		}
	}
	_, err := m.Session(context.Background(), r)
	check(err)

	r.Credentials.Token = f.newToken()
	s, err := m.Session(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	service, err := s.Service(context.Background(), ServiceRequest{Type: "compute"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := get(service, "/servers"); err != nil {
		t.Fatal(err)
	}
	f.revokeAll()
	_, err = get(service, "/servers")
	check(err)
}

// TestServiceRejectsAGoodToken: Keystone takes a given token, the service does
// not; that is the service's 401, and no loop.
func TestServiceRejectsAGoodToken(t *testing.T) {
	f := newFakeCloud(t)
	f.service = func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 401, `{"error": {"message": "not here"}}`) }
	m := newManager(t, Config{})
	for _, creds := range []Credentials{password(), {Token: f.newToken()}} {
		r := f.request()
		r.Credentials = creds
		s, err := m.Session(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		service, _ := s.Service(context.Background(), ServiceRequest{Type: "compute"})
		before := f.tokensMade()
		var unauthorized Unauthorized
		if _, err := get(service, "/servers"); !errors.As(err, &unauthorized) || unauthorized.Service != "compute" || unauthorized.Message != "not here" {
			t.Errorf("got %v", err)
		}
		if n := f.tokensMade() - before; n > 1 {
			t.Errorf("%d logins for one 401", n)
		}
	}
}

// TestFirstCallsMakeOneToken: 50 first calls at once, then warm ones.
func TestFirstCallsMakeOneToken(t *testing.T) {
	f := newFakeCloud(t)
	release := make(chan struct{})
	f.login = func(http.ResponseWriter, *http.Request) bool { <-release; return false }
	m := newManager(t, Config{})
	var wg sync.WaitGroup
	var failed atomic.Int32
	var started sync.WaitGroup
	for range 50 {
		wg.Add(1)
		started.Add(1)
		go func() {
			defer wg.Done()
			started.Done()
			s, err := m.Session(context.Background(), f.request())
			if err != nil {
				failed.Add(1)
				return
			}
			service, err := s.Service(context.Background(), ServiceRequest{Type: "compute"})
			if err == nil {
				_, err = get(service, "/servers")
			}
			if err != nil {
				failed.Add(1)
			}
		}()
	}
	started.Wait()
	close(release)
	wg.Wait()
	if failed.Load() != 0 || f.tokensMade() != 1 {
		t.Fatalf("%d failed, %d token requests", failed.Load(), f.tokensMade())
	}
	before := f.requestCount()
	service := f.compute(m)
	for range 10 {
		if _, err := get(service, "/servers"); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.requestCount() - before; n != 10 {
		t.Errorf("10 warm calls made %d requests", n)
	}
}

// TestWaitersHaveTheirOwnContext: one who gives up does not take the token
// from the others, and the last one to give up ends the request.
func TestWaitersHaveTheirOwnContext(t *testing.T) {
	f := newFakeCloud(t)
	arrived, release := make(chan struct{}, 8), make(chan struct{})
	ended := make(chan struct{}, 8)
	f.login = func(_ http.ResponseWriter, r *http.Request) bool {
		arrived <- struct{}{}
		select {
		case <-release:
			return false
		case <-r.Context().Done():
			ended <- struct{}{}
			return true
		}
	}
	m := newManager(t, Config{})
	impatient, cancel := context.WithCancel(context.Background())
	errs := make(chan error, 2)
	go func() { _, err := m.Session(impatient, f.request()); errs <- err }()
	<-arrived
	patient := make(chan error, 1)
	go func() { _, err := m.Session(context.Background(), f.request()); patient <- err }()
	id := onlyIdentity(m)
	waitFor(t, func() bool {
		id.mu.Lock()
		defer id.mu.Unlock()
		return id.flight != nil && id.flight.waiters == 2
	})
	cancel()
	var canceled Canceled
	if err := <-errs; !errors.As(err, &canceled) || !errors.Is(err, context.Canceled) {
		t.Errorf("the impatient one: %v", err)
	}
	close(release)
	if err := <-patient; err != nil || f.tokensMade() != 1 {
		t.Errorf("the patient one: %v, %d token requests", err, f.tokensMade())
	}

	// All give up: the request ends, and the next caller starts a new one.
	f2 := newFakeCloud(t)
	release = make(chan struct{})
	f2.login = f.login
	alone, cancel := context.WithCancel(context.Background())
	go func() { _, err := m.Session(alone, f2.request()); errs <- err }()
	<-arrived
	cancel()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("alone: %v", err)
	}
	<-ended
	close(release)
	f2.session(m)
}

func onlyIdentity(m *Manager) *identity {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.identities.Values()[0]
}

// waitFor yields until a state of other goroutines is reached.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatal("the state was never reached")
		}
		runtime.Gosched()
	}
}

func TestDeadlineWhileWaiting(t *testing.T) {
	f := newFakeCloud(t)
	release := make(chan struct{})
	f.login = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return true }
	defer close(release)
	ctx, cancel := context.WithDeadline(context.Background(), time.Now().Add(-time.Second))
	defer cancel()
	_, err := newManager(t, Config{}).Session(ctx, f.request())
	var timeout Timeout
	if !errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) || !Retryable(err) {
		t.Errorf("got %v", err)
	}
}

// TestConcurrent401s: one token request renews the token for all.
func TestConcurrent401s(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{})
	service := f.compute(m)
	f.revokeAll()
	var wg sync.WaitGroup
	errs := make(chan error, 50)
	for range 50 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			_, err := service.Do(context.Background(), APIRequest{Method: "POST", Path: "/servers", Body: map[string]any{"a": 1}})
			errs <- err
		}()
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := f.tokensMade(); n != 2 {
		t.Errorf("%d token requests, want the first and one renewal", n)
	}
}

// TestRenewal: a token is renewed before it ends, on our clock, however far
// Keystone's is off.
func TestRenewal(t *testing.T) {
	for _, off := range []time.Duration{0, -3 * time.Hour, 3 * time.Hour} {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
		f := newFakeCloud(t)
		f.now = func() time.Time { return clock().Add(off) }
		f.life = 10 * time.Minute
		m := newManager(t, Config{Now: clock})
		service := f.compute(m)
		for _, step := range []struct {
			pass time.Duration
			made int
		}{{0, 1}, {8 * time.Minute, 1}, {59 * time.Second, 1}, {2 * time.Second, 2}, {8 * time.Minute, 2}, {3 * time.Hour, 3}} {
			pass(step.pass)
			if _, err := get(service, "/servers"); err != nil {
				t.Fatal(err)
			}
			if n := f.tokensMade(); n != step.made {
				t.Errorf("clock off by %v: %d token requests, want %d", off, n, step.made)
			}
		}
	}
}

// TestKeystoneAwayAtRenewal: the old token is used as long as it holds.
func TestKeystoneAwayAtRenewal(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	f := newFakeCloud(t)
	f.now = func() time.Time { return now }
	f.life = 10 * time.Minute
	m := newManager(t, Config{Now: func() time.Time { return now }})
	service := f.compute(m)
	f.login = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	now = now.Add(9*time.Minute + 30*time.Second)
	if _, err := get(service, "/servers"); err != nil {
		t.Errorf("with half a minute left: %v", err)
	}
	now = now.Add(time.Minute)
	var down Unavailable
	if _, err := get(service, "/servers"); !errors.As(err, &down) || down.Service != "identity" {
		t.Errorf("afterwards: %v", err)
	}
}

func TestSessionsAreKeptApart(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{})
	made := 0
	for _, c := range []struct {
		what   string
		change func(*Request)
		new    bool
	}{
		{"first", func(*Request) {}, true},
		{"again", func(*Request) {}, false},
		{"another region", func(r *Request) { r.Region = "RegionTwo" }, false},
		{"the URL spelt otherwise", func(r *Request) { r.AuthURL = strings.ToUpper(f.URL[:7]) + f.URL[7:] + "//v3/" }, false},
		{"another password", func(r *Request) { r.Credentials.Password = "planted-other" }, true},
		{"another user", func(r *Request) { r.Credentials.Username = "bob" }, true},
		{"another project", func(r *Request) { r.Credentials.ProjectName = "other" }, true},
		{"the first again", func(*Request) {}, false},
	} {
		r := f.request()
		c.change(&r)
		if _, err := m.Session(context.Background(), r); err != nil {
			t.Fatal(err)
		}
		if c.new {
			made++
		}
		if f.tokensMade() != made {
			t.Errorf("%s: %d token requests, want %d", c.what, f.tokensMade(), made)
		}
	}
}

func TestCacheIsBounded(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{MaxSessions: 3})
	for i := range 10 {
		r := f.request()
		r.Credentials.Username = fmt.Sprint("user", i)
		if _, err := m.Session(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.identities.Len(); n != 3 {
		t.Errorf("%d kept", n)
	}
}

func TestLoginErrors(t *testing.T) {
	for _, c := range []struct {
		what   string
		answer func(w http.ResponseWriter, r *http.Request)
		err    error
		says   string
	}{
		{"wrong password", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Openstack-Request-Id", "req-7")
			writeJSON(w, 401, `{"error": {"code": 401, "message": "The request you have made requires authentication.", "title": "Unauthorized"}}`)
		}, Unauthorized{}, "identity: POST /auth/tokens: 401: The request you have made requires authentication. (request req-7)"},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 403, `{}`) }, Forbidden{}, "403"},
		{"a message that repeats the password", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, 400, `{"error": {"message": "planted-password is no good, X-Subject-Token: abcdef"}}`)
		}, BadRequest{}, "*** is no good"},
		{"not a Keystone", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html><head><title>Welcome</title></head><body>to nginx</body></html>"))
		}, BadAnswer{}, "the answer is no token: Welcome: to nginx"},
		{"no token header", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 201, `{"token": {}}`) }, BadAnswer{}, "X-Subject-Token"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 201, `{"token": {"catalog": [`) }, BadAnswer{}, "no token"},
		{"down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, Unavailable{}, "503"},
		{"rate limit", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, OverLimit{}, "429"},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			f.login = func(w http.ResponseWriter, r *http.Request) bool { c.answer(w, r); return true }
			_, err := newManager(t, Config{}).Session(context.Background(), f.request())
			if reflect.TypeOf(err) != reflect.TypeOf(c.err) || !strings.Contains(err.Error(), c.says) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "planted") {
				t.Errorf("%T %v", err, err)
			}
		})
	}
}

// TestDiscovery: where the auth URL has no version, Keystone is asked once.
func TestDiscovery(t *testing.T) {
	for _, c := range []struct {
		what, prefix string // of the auth URL and of where Keystone is
		root         string // the version document; %s is the server's URL
		status       int
		err          bool
	}{
		{"keystone", "", `{"versions": {"values": [{"id": "v3.14", "links": [{"rel": "self", "href": "%s/v3/"}]}]}}`, 300, false},
		{"behind a path", "/identity", `{"versions": {"values": [{"id": "v3.14", "links": [{"rel": "self", "href": "%s/identity/v3/"}]}]}}`, 300, false},
		{"an inner host", "", `{"versions": {"values": [{"id": "v3.14", "links": [{"rel": "self", "href": "http://169.254.169.254/v3/"}]}]}}`, 300, false},
		{"another path", "/identity", `{"versions": {"values": [{"id": "v3.14", "links": [{"rel": "self", "href": "%s/other/v3/"}]}]}}`, 300, false},
		{"a list", "", `{"versions": [{"id": "v2.0"}, {"id": "v3"}]}`, 200, false},
		{"one version", "", `{"version": {"id": "v3.8", "links": []}}`, 200, false},
		{"no document", "", `<html>`, 200, false},
		{"not found", "", ``, 404, false},
		{"only version 2", "", `{"versions": {"values": [{"id": "v2.0", "links": []}]}}`, 300, true},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := newFakeCloud(t)
			asked := 0
			inner := f.Config.Handler
			f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == c.prefix+"/" {
					asked++
					writeJSON(w, c.status, "%s", strings.ReplaceAll(c.root, "%s", f.URL))
					return
				}
				http.StripPrefix(c.prefix, inner).ServeHTTP(w, r)
			})
			m := newManager(t, Config{})
			r := f.request()
			r.AuthURL = f.URL + c.prefix
			for range 2 {
				s, err := m.Session(context.Background(), r)
				if (err != nil) != c.err {
					t.Fatal(err)
				}
				if err == nil && s.Target().AuthURL != f.URL+c.prefix+"/v3" {
					t.Errorf("auth URL %s", s.Target().AuthURL)
				}
				f.revokeAll()
			}
			if !c.err && asked != 1 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// TestLoginRedirects: credentials follow a redirect only to the same Keystone.
func TestLoginRedirects(t *testing.T) {
	stolen := 0
	thief := newFakeCloud(t)
	thief.login = func(http.ResponseWriter, *http.Request) bool { stolen++; return false }
	f := newFakeCloud(t)
	for _, c := range []struct {
		what, to string
		status   int
		ok       bool
	}{
		{"another spelling", "//v3//auth/tokens", 308, false}, // resolves to a host named v3
		{"the same path on the host", "/v3/auth/tokens?x=1", 307, true},
		{"the same path, found", "/v3/auth/tokens?x=1", 302, true},
		{"another path", "/other/v3/auth/tokens", 307, false},
		{"another host", thief.URL + "/v3/auth/tokens", 307, false},
		{"another host, found", thief.URL + "/v3/auth/tokens", 302, false},
		{"another scheme", "file:///etc/passwd", 307, false},
		{"userinfo", "http://a:b@" + strings.TrimPrefix(f.URL, "http://") + "/v3/auth/tokens", 307, false},
	} {
		t.Run(c.what, func(t *testing.T) {
			f.login = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.RawQuery != "" {
					return false
				}
				w.Header().Set("Location", c.to)
				w.WriteHeader(c.status)
				return true
			}
			m := newManager(t, Config{OpenHosts: []string{"127.0.0.1"}, MultiCloud: true})
			_, err := m.Session(context.Background(), f.request())
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			var notAllowed AuthURLNotAllowed
			if strings.HasPrefix(c.what, "another host") && !errors.As(err, &notAllowed) {
				t.Errorf("%T %v", err, err)
			}
		})
	}
	if stolen != 0 {
		t.Errorf("another host got the password %d times", stolen)
	}
}

func TestKeystoneLoops(t *testing.T) {
	f := newFakeCloud(t)
	f.login = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Location", "/v3/auth/tokens")
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	}
	var bad BadAnswer
	if _, err := newManager(t, Config{}).Session(context.Background(), f.request()); !errors.As(err, &bad) || !strings.Contains(err.Error(), "too often") {
		t.Errorf("got %v", err)
	}
}
