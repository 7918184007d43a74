package openstack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// testClouds are three configured clouds; two share a Keystone.
func testClouds(t *testing.T, def string) *CloudsConfig {
	t.Helper()
	c, err := ParseClouds([]byte(`clouds:
  alpha: {region_name: RA, auth: {auth_url: 'https://alpha.example:5000/v3', username: ua, password: planted-pa, project_name: pa, domain_name: D}}
  alpha-admin: {auth: {auth_url: 'https://ALPHA.example:5000', username: admin, password: planted-pb, project_name: pb, domain_name: D}}
  beta: {interface: internal, auth: {auth_url: 'https://beta.example/identity', application_credential_id: ab, application_credential_secret: planted-sb}}
  bare: {auth: {auth_url: 'https://bare.example'}}
`), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.fallback = def
	return c
}

type fakeSource map[string]Resolved

func (s fakeSource) Resolve(_ context.Context, ref string) (Resolved, error) {
	r, ok := s[ref]
	if !ok {
		return Resolved{}, invalid("there are no credentials %q", ref)
	}
	return r, nil
}

// TestPlan: where a request goes, as whom, or why it may not.
func TestPlan(t *testing.T) {
	own := password()
	refs := fakeSource{
		"full":    {Credentials: own, AuthURL: "https://ref.example/v3", Region: "RR", Interface: "internal"},
		"bare":    {Credentials: own},
		"cloud":   {Credentials: Credentials{Cloud: "beta"}},
		"trusted": {Credentials: own, AuthURL: "https://ref.example/v3", Trusted: true},
		"loop":    {Credentials: Credentials{Ref: "full"}},
		"alpha":   {Credentials: own, AuthURL: "https://alpha.example:5000/v3"},
	}
	many := Config{MultiCloud: true}
	listed := Config{MultiCloud: true, AllowedAuthURIs: []string{"HTTPS://Listed.example:443/v3/", " ", "https://other.example/identity/v3"}}
	for _, c := range []struct {
		what string
		cfg  Config
		def  string // the default cloud
		none bool   // no clouds are configured
		r    Request
		want string // "cloud url region interface kind user-or-id", or
		err  error  // the error's type
		says string
	}{
		{what: "the default cloud", def: "alpha", want: "alpha https://alpha.example:5000/v3 RA public password ua"},
		{what: "a named cloud", def: "alpha", r: Request{Cloud: "beta"}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "named in the credentials", def: "alpha", r: Request{Credentials: Credentials{Cloud: "beta"}}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "named twice alike", r: Request{Cloud: "beta", Credentials: Credentials{Cloud: "beta"}}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "named twice", r: Request{Cloud: "alpha", Credentials: Credentials{Cloud: "beta"}}, err: InvalidInput{}, says: "two clouds"},
		{what: "no default", err: InvalidInput{}, says: "there are several: alpha, alpha-admin, bare, beta"},
		{what: "nothing configured", none: true, err: InvalidInput{}, says: "none is configured"},
		{what: "an unknown cloud", r: Request{Cloud: "alpa"}, err: InvalidInput{}, says: "did you mean alpha?"},
		{what: "no cloud is", none: true, r: Request{Cloud: "alpha"}, err: InvalidInput{}, says: "no cloud is"},
		{what: "another scope on the cloud's account", def: "alpha", r: Request{Credentials: Credentials{ProjectID: "P2"}}, want: "alpha https://alpha.example:5000/v3 RA public password ua P2"},
		{what: "own account on a named cloud", r: Request{Cloud: "beta", Credentials: own}, want: "beta https://beta.example/identity/v3 - internal password alice"},
		{what: "a cloud without an account", r: Request{Cloud: "bare"}, err: InvalidInput{}, says: "no credentials are given for https://bare.example/v3"},
		{what: "region and interface of the request", def: "alpha", r: Request{Region: "RX", Interface: "adminURL"}, want: "alpha https://alpha.example:5000/v3 RX admin password ua"},
		{what: "a wrong interface", def: "alpha", r: Request{Interface: "x"}, err: InvalidInput{}, says: "interface"},
		{what: "half an account", def: "alpha", r: Request{Credentials: Credentials{Username: "u"}}, err: InvalidInput{}, says: "password is missing"},

		{what: "default region of the default cloud", def: "alpha-admin", cfg: Config{DefaultRegion: "RD"}, want: "alpha-admin https://alpha.example:5000/v3 RD public password admin"},
		{what: "not before its own", def: "alpha", cfg: Config{DefaultRegion: "RD"}, want: "alpha https://alpha.example:5000/v3 RA public password ua"},
		{what: "not of another cloud", def: "alpha", cfg: Config{DefaultRegion: "RD"}, r: Request{Cloud: "beta"}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "but of an unconfigured one", none: true, cfg: Config{DefaultRegion: "RD", MultiCloud: true}, r: Request{AuthURL: "https://x.example", Credentials: own}, want: "- https://x.example/v3 RD public password alice"},

		// URLs that come with the request
		{what: "the default cloud's URL", def: "alpha", r: Request{AuthURL: "https://ALPHA.example:5000/"}, want: "alpha https://alpha.example:5000/v3 RA public password ua"},
		{what: "another cloud's URL", def: "alpha", r: Request{AuthURL: "https://beta.example:443/identity/v3"}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "a URL of two clouds", def: "beta", r: Request{AuthURL: "https://alpha.example:5000"}, err: InvalidInput{}, says: "name one of alpha, alpha-admin"},
		{what: "a URL of two clouds, own account", def: "beta", r: Request{AuthURL: "https://alpha.example:5000", Credentials: own}, want: "- https://alpha.example:5000/v3 RA public password alice"},
		{what: "a foreign URL", def: "alpha", r: Request{AuthURL: "https://evil.example/v3", Credentials: own}, err: AuthURLNotAllowed{}, says: "multi_cloud is off"},
		{what: "a foreign URL, nothing configured", none: true, r: Request{AuthURL: "https://evil.example/v3", Credentials: own}, err: AuthURLNotAllowed{}, says: "multi_cloud is off"},
		{what: "other port", def: "alpha", r: Request{AuthURL: "https://alpha.example:5001"}, err: AuthURLNotAllowed{}},
		{what: "other scheme", def: "alpha", r: Request{AuthURL: "http://alpha.example:5000"}, err: AuthURLNotAllowed{}},
		{what: "other path", def: "alpha", r: Request{AuthURL: "https://alpha.example:5000/x"}, err: AuthURLNotAllowed{}},
		{what: "userinfo", def: "alpha", r: Request{AuthURL: "https://alpha.example:5000@evil.example/"}, err: AuthURLNotAllowed{}, says: "has a user or password"},
		{what: "multi_cloud", def: "alpha", cfg: many, r: Request{AuthURL: "https://x.example", Credentials: own}, want: "- https://x.example/v3 - public password alice"},
		{what: "multi_cloud without an account", def: "alpha", cfg: many, r: Request{AuthURL: "https://x.example"}, err: InvalidInput{}, says: "no credentials"},
		{what: "multi_cloud, only a scope", def: "alpha", cfg: many, r: Request{AuthURL: "https://x.example", Credentials: Credentials{ProjectID: "p"}}, err: InvalidInput{}, says: "no credentials"},
		{what: "on the list", def: "alpha", cfg: listed, r: Request{AuthURL: "https://listed.example", Credentials: own}, want: "- https://listed.example/v3 - public password alice"},
		{what: "not on the list", def: "alpha", cfg: listed, r: Request{AuthURL: "https://x.example", Credentials: own}, err: AuthURLNotAllowed{}, says: "not among the allowed"},
		{what: "the list holds paths", def: "alpha", cfg: listed, r: Request{AuthURL: "https://other.example", Credentials: own}, err: AuthURLNotAllowed{}},
		{what: "the list, by dot segments", def: "alpha", cfg: listed, r: Request{AuthURL: "https://other.example/x/../identity/", Credentials: own}, want: "- https://other.example/identity/v3 - public password alice"},
		{what: "the list and a configured cloud", def: "alpha", cfg: listed, r: Request{Cloud: "beta"}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "a list without multi_cloud", def: "alpha", cfg: Config{AllowedAuthURIs: listed.AllowedAuthURIs}, r: Request{AuthURL: "https://listed.example", Credentials: own}, err: AuthURLNotAllowed{}, says: "multi_cloud is off"},
		{what: "the operator's flag", def: "alpha", r: Request{AuthURL: "https://x.example", Credentials: own, Trusted: true}, want: "- https://x.example/v3 - public password alice"},

		// no credentials where they do not belong
		{what: "a cloud and a foreign URL", cfg: many, r: Request{Cloud: "alpha", AuthURL: "https://evil.example"}, err: AuthURLNotAllowed{}, says: "not the auth URL of the cloud"},
		{what: "the same in the credentials", cfg: many, r: Request{AuthURL: "https://evil.example", Credentials: Credentials{Cloud: "alpha"}}, err: AuthURLNotAllowed{}},
		{what: "even if trusted", cfg: many, r: Request{Cloud: "alpha", AuthURL: "https://evil.example", Trusted: true}, err: AuthURLNotAllowed{}},
		{what: "a cloud and its URL", r: Request{Cloud: "alpha", AuthURL: "https://alpha.example:5000/v3/"}, want: "alpha https://alpha.example:5000/v3 RA public password ua"},

		// references
		{what: "a reference", def: "alpha", cfg: many, r: Request{Credentials: Credentials{Ref: "full"}}, want: "- https://ref.example/v3 RR internal password alice"},
		{what: "a reference is a user's", def: "alpha", r: Request{Credentials: Credentials{Ref: "full"}}, err: AuthURLNotAllowed{}, says: "multi_cloud is off"},
		{what: "or the operator's", def: "alpha", r: Request{Credentials: Credentials{Ref: "trusted"}}, want: "- https://ref.example/v3 - public password alice"},
		{what: "a reference elsewhere", cfg: many, r: Request{AuthURL: "https://evil.example", Credentials: Credentials{Ref: "full"}}, err: AuthURLNotAllowed{}, says: "are not sent to https://evil.example/v3"},
		{what: "a reference without URL", def: "alpha", r: Request{Credentials: Credentials{Ref: "bare"}}, want: "alpha https://alpha.example:5000/v3 RA public password alice"},
		{what: "a reference to a cloud", def: "alpha", r: Request{Credentials: Credentials{Ref: "cloud"}}, want: "beta https://beta.example/identity/v3 - internal application_credential ab"},
		{what: "a reference to another cloud", r: Request{Cloud: "alpha", Credentials: Credentials{Ref: "cloud"}}, err: InvalidInput{}, says: `belongs to cloud "beta"`},
		{what: "a reference at a configured URL", def: "beta", r: Request{Credentials: Credentials{Ref: "alpha"}}, want: "- https://alpha.example:5000/v3 RA public password alice"},
		{what: "a reference to a reference", r: Request{Credentials: Credentials{Ref: "loop"}}, err: InvalidInput{}, says: "another ref"},
		{what: "an unknown reference", r: Request{Credentials: Credentials{Ref: "x"}}, err: InvalidInput{}, says: "no credentials"},
		{what: "a reference with another scope", def: "alpha", r: Request{Credentials: Credentials{Ref: "bare", ProjectID: "P2"}}, want: "alpha https://alpha.example:5000/v3 RA public password alice P2"},
		{what: "a reference beside a password", r: Request{Credentials: Credentials{Ref: "bare", Password: "planted"}}, err: InvalidInput{}, says: "give one"},
		{what: "a cloud beside a password", r: Request{Credentials: Credentials{Cloud: "alpha", Password: "planted"}}, err: InvalidInput{}, says: "give one"},
	} {
		t.Run(c.what, func(t *testing.T) {
			c.cfg.Credentials = refs
			if !c.none {
				c.cfg.Clouds = testClouds(t, c.def)
			}
			m := newManager(t, c.cfg)
			p, err := m.plan(context.Background(), c.r, true)
			if c.err != nil {
				if fmt.Sprintf("%T", err) != fmt.Sprintf("%T", c.err) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "planted") {
					t.Fatalf("%T %v, want %T with %q", err, err, c.err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			dash := func(s string) string {
				if s == "" {
					return "-"
				}
				return s
			}
			got := strings.TrimSpace(fmt.Sprint(dash(p.cloud), " ", p.url.v3(), " ", dash(p.region), " ", p.iface, " ", p.creds.Kind(), " ",
				p.creds.Username, p.creds.ApplicationCredentialID, " ", p.creds.ProjectID))
			if got != c.want {
				t.Fatalf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPolicyRefusesWrongLists(t *testing.T) {
	for _, uri := range []string{"keystone.example.org", "https://u@h", "https://*.example.org", "http://127.1"} {
		if _, err := New(Config{AllowedAuthURIs: []string{uri}}); err == nil {
			t.Errorf("%s was accepted", uri)
		}
	}
}

func TestDescribe(t *testing.T) {
	m := newManager(t, Config{Clouds: testClouds(t, "alpha"), Credentials: fakeSource{}})
	got, err := m.Describe(Request{})
	want := Target{Cloud: "alpha", AuthURL: "https://alpha.example:5000/v3", Region: "RA", Interface: "public", ProjectName: "pa", UserName: "ua"}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := m.Describe(Request{Cloud: "beta", Credentials: Credentials{Ref: "x"}}); err != nil || got.AuthURL != "https://beta.example/identity/v3" {
		t.Errorf("a reference: %+v, %v", got, err)
	}
	var notAllowed AuthURLNotAllowed
	if _, err := m.Describe(Request{AuthURL: "https://evil.example"}); !errors.As(err, &notAllowed) {
		t.Errorf("a foreign URL: %v", err)
	}
	f := newFakeCloud(t)
	f.session(m)
	if got, err := m.Describe(f.request()); err != nil || got.ProjectID != "p1" || got.UserID != "u1" {
		t.Errorf("after a session: %+v, %v", got, err)
	}
}
