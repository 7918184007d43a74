package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"go.yaml.in/yaml/v4"
)

func TestTokensExpire(t *testing.T) {
	clock := sandbox.NewManualClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s := start(t, sandbox.Options{Clock: clock, TokenLifetime: time.Minute})
	tok := tokenFor(t, s, "alpha", "demo")
	urls := []string{s.AuthURL("alpha") + "/auth/projects"}
	for _, path := range []string{"compute/v2.1/servers", "image/v2/images", "network/v2.0/networks", "volume/v3/volumes",
		"orchestration/v1/" + s.ProjectID("alpha", "demo") + "/stacks"} {
		urls = append(urls, s.URL()+"/alpha/RegionTwo/"+path)
	}
	for _, url := range urls {
		if a := do(t, http.DefaultClient, "GET", url, tok, ""); a.StatusCode != http.StatusOK {
			t.Errorf("%s with a fresh token: %s", url, a.Status)
		}
	}
	clock.Advance(time.Minute)
	want := fmt.Sprintf("Keystone uri=%q", s.AuthURL("alpha"))
	for _, url := range urls {
		if a := do(t, http.DefaultClient, "GET", url, tok, ""); a.StatusCode != http.StatusUnauthorized || a.Header.Get("WWW-Authenticate") != want {
			t.Errorf("%s with an expired token: %s, %s", url, a.Status, a.Header.Get("WWW-Authenticate"))
		}
	}
}

// TestTokensAreWorthlessElsewhere uses a token of one cloud in the other, one
// that was revoked and one that never was.
func TestTokensAreWorthlessElsewhere(t *testing.T) {
	s := start(t, sandbox.Options{})
	tok := tokenFor(t, s, "alpha", "demo")
	beta := s.URL() + "/beta/RegionFour/compute/v2.1/servers"
	for _, wrong := range []string{tok, "", "nonsense"} {
		if a := do(t, http.DefaultClient, "GET", beta, wrong, ""); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("token %.8q in another cloud: %s", wrong, a.Status)
		}
	}
	a := do(t, http.DefaultClient, "DELETE", s.AuthURL("alpha")+"/auth/tokens", tok, "", "X-Subject-Token", tok)
	if a.StatusCode != http.StatusNoContent {
		t.Fatalf("revoking: %s", a.Status)
	}
	if a := do(t, http.DefaultClient, "GET", s.URL()+"/alpha/RegionOne/compute/v2.1/servers", tok, ""); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a revoked token: %s", a.Status)
	}
}

func TestExpiredTokensAreRenewedByGophercloud(t *testing.T) {
	s := start(t, sandbox.Options{})
	p := login(t, s, "alpha", "demo")
	client := computeIn(t, p, "RegionOne")
	before := serverNames(t, client)
	s.ExpireTokens("alpha")
	if after := serverNames(t, client); len(after) != len(before) {
		t.Errorf("%d servers before, %d after", len(before), len(after))
	}
	if n := s.Count(sandbox.RequestKey{Service: "identity", Method: "POST"}); n != 2 {
		t.Errorf("%d logins", n)
	}
}

func TestWaysToLogIn(t *testing.T) {
	s := start(t, sandbox.Options{})
	pw := s.Password("alpha")
	credID, secret := s.AppCredential("alpha")
	for name, c := range map[string]struct {
		auth gophercloud.AuthOptions
		fail bool
	}{
		"names":               {auth: gophercloud.AuthOptions{Username: "demo", Password: pw, DomainName: "Default", TenantName: "demo"}},
		"ids":                 {auth: gophercloud.AuthOptions{UserID: s.UserID("alpha", "demo"), Password: pw, TenantID: s.ProjectID("alpha", "demo")}},
		"domain scope":        {auth: gophercloud.AuthOptions{Username: "admin", Password: pw, DomainID: "default", Scope: &gophercloud.AuthScope{DomainID: "default"}}},
		"system scope":        {auth: gophercloud.AuthOptions{Username: "admin", Password: pw, DomainID: "default", Scope: &gophercloud.AuthScope{System: true}}},
		"system, not allowed": {auth: gophercloud.AuthOptions{Username: "demo", Password: pw, DomainID: "default", Scope: &gophercloud.AuthScope{System: true}}, fail: true},
		"unscoped":            {auth: gophercloud.AuthOptions{Username: "demo", Password: pw, DomainID: "default"}},
		"app credential":      {auth: gophercloud.AuthOptions{ApplicationCredentialID: credID, ApplicationCredentialSecret: secret}},
		"app credential name": {auth: gophercloud.AuthOptions{ApplicationCredentialName: "sandbox", UserID: s.UserID("alpha", "demo"), ApplicationCredentialSecret: secret}},
		"wrong password":      {auth: gophercloud.AuthOptions{Username: "demo", Password: "x", DomainName: "Default", TenantName: "demo"}, fail: true},
		"wrong secret":        {auth: gophercloud.AuthOptions{ApplicationCredentialID: credID, ApplicationCredentialSecret: "x"}, fail: true},
		"wrong project":       {auth: gophercloud.AuthOptions{Username: "demo", Password: pw, DomainName: "Default", TenantName: "other"}, fail: true},
		"no such user":        {auth: gophercloud.AuthOptions{Username: "nobody", Password: pw, DomainName: "Default", TenantName: "demo"}, fail: true},
	} {
		c.auth.IdentityEndpoint = s.AuthURL("alpha")
		_, err := openstack.AuthenticatedClient(t.Context(), c.auth)
		if failed := gophercloud.ResponseCodeIs(err, 401); failed != c.fail || err != nil && !failed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRescope makes a token of an unscoped one, which ends with it.
func TestRescope(t *testing.T) {
	s := start(t, sandbox.Options{})
	auth := func(identity, scope string) answer {
		return do(t, http.DefaultClient, "POST", s.AuthURL("alpha")+"/auth/tokens", "", `{"auth":{"identity":`+identity+scope+`}}`)
	}
	first := auth(fmt.Sprintf(`{"methods":["password"],"password":{"user":{"id":%q,"password":%q}}}`, s.UserID("alpha", "demo"), s.Password("alpha")), "")
	tok := first.decode(t)["token"].(map[string]any)
	if first.StatusCode != http.StatusCreated || tok["project"] != nil || tok["catalog"] != nil {
		t.Fatalf("unscoped: %s %v", first.Status, tok)
	}
	byToken := fmt.Sprintf(`{"methods":["token"],"token":{"id":%q}}`, first.Header.Get("X-Subject-Token"))
	second := auth(byToken, fmt.Sprintf(`,"scope":{"project":{"id":%q}}`, s.ProjectID("alpha", "demo")))
	scoped := second.decode(t)["token"].(map[string]any)
	if second.StatusCode != http.StatusCreated || scoped["project"] == nil || scoped["expires_at"] != tok["expires_at"] || fmt.Sprint(scoped["methods"]) != "[token password]" {
		t.Errorf("scoped: %s %v", second.Status, scoped)
	}
	if a := auth(byToken, fmt.Sprintf(`,"scope":{"project":{"id":%q}}`, s.ProjectID("alpha", "other"))); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("scoped to another's project: %s", a.Status)
	}
}

func TestCatalogOddities(t *testing.T) {
	odd := sandbox.DefaultClouds(1, 2)
	odd[0].Catalog = sandbox.CatalogOptions{Duplicates: true, StarRegion: true, TrailingSlash: true, ProjectInPath: true, NoIdentity: true,
		Types: map[string]string{"volumev3": "block-storage"}}
	odd[0].Regions[1].Services = []string{"compute"}
	s := start(t, sandbox.Options{Clouds: odd})
	auth := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"sandbox-alpha"}}},
		"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}`
	a := do(t, http.DefaultClient, "POST", s.AuthURL("alpha")+"/auth/tokens", "", auth)
	catalog := a.decode(t)["token"].(map[string]any)["catalog"].([]any)
	count, types, url := map[string]int{}, "", ""
	for _, svc := range catalog {
		m := svc.(map[string]any)
		types += m["type"].(string) + " "
		for _, e := range m["endpoints"].([]any) {
			e := e.(map[string]any)
			if m["type"] == "compute" && e["interface"] == "public" {
				count[e["region"].(string)]++
				url = e["url"].(string)
			}
			if m["type"] == "network" && e["region"] == "RegionTwo" {
				t.Error("RegionTwo has a network service")
			}
		}
	}
	if types != "compute image network block-storage orchestration " || count["RegionOne"] != 2 || count["*"] != 1 ||
		!strings.HasSuffix(url, "/compute/v2.1/"+s.ProjectID("alpha", "demo")+"/") {
		t.Errorf("types %s, endpoints %v, url %s", types, count, url)
	}
	if a := do(t, http.DefaultClient, "GET", url+"servers", a.Header.Get("X-Subject-Token"), ""); a.StatusCode != http.StatusOK {
		t.Errorf("servers by the odd URL: %s", a.Status)
	}
}

func TestTLS(t *testing.T) {
	s := start(t, sandbox.Options{TLS: true})
	path := filepath.Join(t.TempDir(), "clouds.yaml")
	if err := s.WriteCloudsYAML(path); err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CACert()) {
		t.Fatal("the CA is no PEM")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	if a := do(t, client, "GET", s.AuthURL("alpha"), "", ""); a.StatusCode != http.StatusOK {
		t.Errorf("with the CA: %s", a.Status)
	}
	if _, err := try(t.Context(), http.DefaultClient, "GET", s.AuthURL("alpha"), "", ""); err == nil {
		t.Error("without the CA: no error")
	}
	text, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(text), "cacert: ") {
		t.Errorf("clouds.yaml: %v\n%s", err, text)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("clouds.yaml: %v, %v", info.Mode(), err)
	}
}

// TestCloudsYAML reads it as a client does and logs in by each entry.
func TestCloudsYAML(t *testing.T) {
	s := start(t, sandbox.Options{})
	type entry struct {
		Auth struct {
			URL      string `yaml:"auth_url"`
			Username string `yaml:"username"`
			Password string `yaml:"password"`
			Project  string `yaml:"project_name"`
			Domain   string `yaml:"user_domain_name"`
			ID       string `yaml:"application_credential_id"`
			Secret   string `yaml:"application_credential_secret"`
		} `yaml:"auth"`
	}
	parse := func(text string) map[string]entry {
		var doc struct {
			Clouds map[string]entry `yaml:"clouds"`
		}
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatal(err)
		}
		return doc.Clouds
	}
	all := parse(s.AllCloudsYAML())
	if len(all) != 6 || len(parse(s.CloudsYAML())) != 2 {
		t.Errorf("%d entries", len(all))
	}
	for name, e := range all {
		_, err := openstack.AuthenticatedClient(t.Context(), gophercloud.AuthOptions{IdentityEndpoint: e.Auth.URL, Username: e.Auth.Username,
			Password: e.Auth.Password, TenantName: e.Auth.Project, DomainName: e.Auth.Domain,
			ApplicationCredentialID: e.Auth.ID, ApplicationCredentialSecret: e.Auth.Secret})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
