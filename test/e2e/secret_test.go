package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/function"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The secrets that are planted. tokenMark begins every token of the sandbox.
const (
	cloudPassword  = "planted-Pa55word-of-the-cloud"
	directPassword = "planted-Pa55word-of-an-event"
	adminPass      = "planted-adm1n-pass"
	userPassword   = "planted-us3r-password"
	bearer         = "planted-b3arer-token"
	urlPassword    = "planted-url-pa55word"
	tokenMark      = "gAAAAA"
)

// parrot is a service, and a Keystone, that repeats in its answers whatever it
// was sent, each path in another way. Where it redirects to is elsewhere.
type parrot struct {
	*httptest.Server
	elsewhere *httptest.Server
	mu        sync.Mutex
	stolen    []string // what reached elsewhere
}

// manners are the paths that a parrot answers under.
var manners = []string{"401", "403", "404", "409", "400", "429", "500", "503", "html", "nonsense", "redirect", "headers"}

func newParrot(t *testing.T) *parrot {
	t.Helper()
	p := &parrot{}
	p.elsewhere = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.stolen = append(p.stolen, fmt.Sprint(r.URL.Path, r.Header, string(body)))
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(p.elsewhere.Close)
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

func (p *parrot) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	said := fmt.Sprintf("you sent %s %s and %s and %s", r.Header.Get("X-Auth-Token"), r.Header.Get("X-Subject-Token"), r.Header.Get("Authorization"), body)
	quoted, _ := json.Marshal(said)
	how := strings.Split(strings.Trim(r.URL.Path, "/"), "/")[0]
	switch how {
	case "html":
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		fmt.Fprintf(w, "<html><title>Bad</title><body><p>%s</p></body></html>", html.EscapeString(said))
	case "quiet":
		w.WriteHeader(http.StatusUnauthorized)
	case "nonsense":
		fmt.Fprint(w, said)
	case "redirect":
		http.Redirect(w, r, p.elsewhere.URL+"/take?"+url.Values{"t": {r.Header.Get("X-Auth-Token")}}.Encode(), http.StatusTemporaryRedirect)
	case "headers":
		w.Header().Set("X-Openstack-Request-Id", "req-"+r.Header.Get("X-Auth-Token"))
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusInternalServerError)
	default:
		status := 0
		fmt.Sscan(how, &status)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error": {"code": %d, "title": "No", "message": %s}}`, status, quoted)
	}
}

// clouds are alpha, by its password and by an application credential, and for
// each manner alpha with a parrot for its Nova, and a cloud that is a parrot.
func (p *parrot) clouds(s *sandbox.Sandbox) (text, secure string, names []any) {
	id, secret := s.AppCredential("alpha")
	var b, sec strings.Builder
	auth := func(name, url, more string) {
		fmt.Fprintf(&b, "  %s:\n    auth: {auth_url: %q, username: demo, project_name: demo, user_domain_name: Default, project_domain_name: Default}\n%s", name, url, more)
		fmt.Fprintf(&sec, "  %s: {auth: {password: %s}}\n", name, cloudPassword)
		names = append(names, name)
	}
	b.WriteString("clouds:\n")
	sec.WriteString("clouds:\n")
	auth("alpha", s.AuthURL("alpha"), "")
	fmt.Fprintf(&b, "  appcred:\n    auth_type: v3applicationcredential\n    auth: {auth_url: %q, application_credential_id: %s, application_credential_secret: %s}\n", s.AuthURL("alpha"), id, secret)
	names = append(names, "appcred")
	for _, m := range manners {
		auth("nova-"+m, s.AuthURL("alpha"), fmt.Sprintf("    compute_endpoint_override: %s/%s/v2.1\n", p.URL, m))
		auth("keystone-"+m, p.URL+"/"+m+"/v3", "")
	}
	return b.String(), sec.String(), names
}

// talkative does with each cloud what has secrets in it. The secrets in its
// input come in two halves, so that it holds none itself.
const talkative = `
version: '2.0'
talkative:
  input: [clouds, pass, user, bearer, inurl, url]
  output-on-error:
    lists: <% task(lists).result %>
    why: <% task(creates).state_info %>
  tasks:
    lists:
      with-items: c in <% $.clouds %>
      action: nova.servers_list cloud=<% $.c %> region="RegionTwo"
      on-complete: [creates]
    creates:
      with-items: c in <% $.clouds %>
      action: nova.servers_create
      input:
        cloud: <% $.c %>
        action_region: RegionTwo
        name: a
        image: 11111111-1111-1111-1111-111111111111
        flavor: '1'
        nics: none
        admin_pass: <% $.pass[0] + $.pass[1] %>
      on-complete: [users]
    users:
      with-items: c in <% $.clouds %>
      action: keystone.users_create
      input:
        cloud: <% $.c %>
        name: a
        password: <% $.user[0] + $.user[1] %>
      on-complete: [web]
    web:
      action: std.http
      input:
        url: <% $.url.replace('://', '://user:' + $.inurl[0] + $.inurl[1] + '@') %>
        method: POST
        headers:
          Authorization: <% 'Bearer ' + $.bearer[0] + $.bearer[1] %>
          X-Auth-Token: <% $.bearer[0] + $.bearer[1] %>
      publish-on-error: {web: nothing}
`

func halves(s string) []any { return []any{s[:len(s)/2], s[len(s)/2:]} }

func talkativeInput(clouds []any, url string) *value.Map {
	return value.MapOf("clouds", clouds, "pass", halves(adminPass), "user", halves(userPassword),
		"bearer", halves(bearer), "inurl", halves(urlPassword), "url", url)
}

// search looks for the planted secrets in texts.
type search struct {
	t       *testing.T
	secrets []string

	mu   sync.Mutex
	seen int // bytes
}

func newSearch(t *testing.T, more ...string) *search {
	return &search{t: t, secrets: append(more, cloudPassword, directPassword, adminPass, userPassword, bearer, urlPassword, tokenMark)}
}

func (s *search) in(where, text string) {
	s.t.Helper()
	s.mu.Lock()
	s.seen += len(text)
	s.mu.Unlock()
	for _, secret := range s.secrets {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))[:len(secret)/3*4], url.QueryEscape(secret)} {
			if i := strings.Index(text, form); i >= 0 {
				s.t.Errorf("%s holds %q: ...%s...", where, secret, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}

// decoded looks into a record's body and all bytes that it holds in base64.
func (s *search) decoded(where string, body []byte) {
	s.in(where, string(body))
	var v any
	if json.Unmarshal(body, &v) == nil {
		s.strings(where, v)
	}
}

func (s *search) strings(where string, v any) {
	switch v := v.(type) {
	case string:
		if raw, err := base64.StdEncoding.DecodeString(v); err == nil && len(raw) > 20 {
			s.decoded(where, raw)
		}
	case []any:
		for _, e := range v {
			s.strings(where, e)
		}
	case map[string]any:
		for _, e := range v {
			s.strings(where, e)
		}
	}
}

// records looks into all that a table holds of an execution.
func (s *search) records(table store.Table, id string) {
	s.t.Helper()
	for _, pk := range []string{"x#" + id, "j#" + id} {
		n := 0
		for item, err := range store.All(s.t.Context(), table, store.Query{PK: pk}) {
			if err != nil {
				s.t.Fatal(err)
			}
			s.decoded(item.Key.String(), item.Body)
			n++
		}
		if n == 0 {
			s.t.Errorf("nothing is stored under %s", pk)
		}
	}
}

// files looks into the bytes of all files in a directory but those given.
func (s *search) files(dir string, but ...string) {
	s.t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		for _, b := range but {
			if d.Name() == b {
				return nil
			}
		}
		data, err := os.ReadFile(path)
		s.in(path, string(data))
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestNoSecretsEmbedded plants secrets everywhere and lets everything fail that
// can: none is in the store, the history, the log or an error.
func TestNoSecretsEmbedded(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	var names []any
	var secret string
	clouds := sandbox.DefaultClouds(1, 3)
	clouds[0].Password = cloudPassword
	w := newWorld(t, settings{
		sandbox: sandbox.Options{Clouds: clouds},
		clouds: func(s *sandbox.Sandbox) (text string) {
			text, _, names = p.clouds(s)
			_, secret = s.AppCredential("alpha")
			return text
		},
		secure: "unused: true",
		manager: func(c *openstack.Config, s *sandbox.Sandbox) {
			text, secure, _ := p.clouds(s)
			var err error
			if c.Clouds, err = openstack.ParseClouds([]byte(text), []byte(secure), nil); err != nil {
				t.Fatal(err)
			}
			c.OpenHosts = []string{"127.0.0.1"}
		},
		onDisk: true,
	})
	o := w.run(talkative, talkativeInput(names, p.URL+"/quiet/web"))
	if o.tasks["lists"].State != "ERROR" || o.tasks["web"].Task == nil {
		t.Fatalf("the workflow did not come so far: %s", o.info())
	}
	for i, name := range []string{"alpha", "appcred"} {
		if _, ok := at(t, o.tasks["lists"].result, i).([]any); !ok {
			t.Errorf("the servers of %s are not listed: %v", name, at(t, o.tasks["lists"].result, i))
		}
	}
	s := newSearch(t, secret)
	s.in("the log", w.logs.String())
	s.in("state_info", o.info())
	s.in("the output", string(value.MustEncode(o.output)))
	s.records(w.table, o.head.ID)
	s.files(filepath.Dir(w.path))
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range p.stolen {
		s.in("a redirect's target", x)
	}
	if !strings.Contains(w.logs.String(), "nova-500") && !strings.Contains(w.logs.String(), "status=500") {
		t.Errorf("nothing was logged of the requests:\n%.500s", w.logs.String())
	}
	if s.seen < 100_000 {
		t.Errorf("only %d bytes were searched", s.seen)
	}
}

// TestNoSecretsInEvents: credentials in the clear in a direct event go no
// further, whatever is answered.
func TestNoSecretsInEvents(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	sb := startSandbox(t, sandbox.Options{})
	token := issueToken(t, sb, "alpha")
	logs := &logBuffer{}
	f, err := function.New(function.Config{MultiCloud: true, OpenHosts: []string{"127.0.0.1"}}, function.Options{
		Table: memory.New(nil), Logger: slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newSearch(t, token)
	var wg sync.WaitGroup
	for _, m := range append(manners, "sandbox") {
		for _, credentials := range []string{
			`{"username": "demo", "password": "` + directPassword + `", "user_domain_name": "Default", "project_name": "demo", "project_domain_name": "Default"}`,
			`{"token": "` + token + `"}`,
			`{"application_credential_id": "x", "application_credential_secret": "` + directPassword + `"}`,
			`{"password": "` + directPassword + `", "token": "` + token + `"}`,
			`{"passwort": "` + directPassword + `"}`,
			`["` + directPassword + `"]`,
		} {
			wg.Go(func() {
				authURL := p.URL + "/" + m + "/v3"
				if m == "sandbox" {
					authURL = sb.AuthURL("alpha")
				}
				event := `{"action": "nova.servers_list", "region": "RegionTwo", "auth_url": "` + authURL + `", "credentials": ` + credentials + `}`
				answer, err := f.Handle(t.Context(), json.RawMessage(event))
				if ok := m == "sandbox" && strings.HasPrefix(credentials, `{"token"`); ok != (err == nil) {
					t.Errorf("%s, %.15s: %v", m, credentials, err)
				}
				s.in("the answer", string(answer))
				if err != nil {
					s.in("the error", fmt.Sprintf("%v %+v %#v", err, err, err))
				}
			})
		}
	}
	wg.Wait()
	s.in("the log", logs.String())
	for _, x := range p.stolen {
		s.in("a redirect's target", x)
	}
}

// TestNoSecretsInCLI is the same for what the CLI prints and leaves behind.
func TestNoSecretsInCLI(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	clouds := sandbox.DefaultClouds(1, 3)
	clouds[0].Password = cloudPassword
	sb := startSandbox(t, sandbox.Options{Clouds: clouds})
	text, secure, _ := p.clouds(sb)
	_, secret := sb.AppCredential("alpha")
	c := newCLI(t, text)
	c.write("secure.yaml", secure)
	c.env = append(c.env, "SIROCCO_OPEN_HOSTS=127.0.0.1")
	input := c.write("input.json", string(value.MustEncode(talkativeInput([]any{"alpha", "appcred", "nova-500", "keystone-401", "keystone-nonsense"}, p.URL+"/quiet/web"))))
	s := newSearch(t, secret)
	for _, args := range [][]string{
		{"cloud", "list"}, {"cloud", "list", "--json"}, {"cloud", "regions", "--cloud", "keystone-500"},
		{"action", "run", "nova.servers_list", "--cloud", "nova-401", "--region", "RegionTwo"},
		{"action", "run", "nova.servers_list", "--cloud", "alpha", "--region", "RegionTwo", "--json"},
		{"action", "run", "nova.servers_list", "--cloud", "appcred", "--region", "RegionTwo"},
		{"run", c.write("talkative.yaml", talkative), "--cloud", "alpha", "--input", "@" + input},
		{"run", c.write("talkative.yaml", talkative), "--cloud", "alpha", "--json", "--input", "@" + input},
		{"execution", "list", "--json"},
	} {
		r := c.run(args...)
		if r.status == 2 {
			t.Errorf("%q: %s", args, r.stderr)
		}
		s.in(strings.Join(args, " "), r.stdout+r.stderr)
	}
	s.files(c.dir, "clouds.yaml", "secure.yaml")
	if s.seen < 50_000 {
		t.Errorf("only %d bytes were searched", s.seen)
	}
}
