package openstack

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestCredentialsNeverShow(t *testing.T) {
	all := Credentials{
		Token: "planted-t", Password: "planted-p", ApplicationCredentialSecret: "planted-s",
		Username: "alice", ProjectName: "demo", UserDomainName: "Default",
	}
	type holder struct {
		C Credentials
		R Request
		L []Credentials
		P *Credentials
	}
	h := holder{C: all, R: Request{Credentials: all, AuthURL: "https://u:planted-u@h/?token=planted-q"}, L: []Credentials{all}, P: &all}
	var log bytes.Buffer
	for _, l := range []*slog.Logger{
		slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil)),
	} {
		l.Info("x", "c", all, "r", h.R, "p", &all)
	}
	shown := log.String() + all.String() + fmt.Sprint(all, &all, h.R, h)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb, all) + fmt.Sprintf(verb, h) + fmt.Sprintf(verb, h.R)
	}
	shown += fmt.Sprint(all.Validate())
	if strings.Contains(shown, "planted") || strings.Contains(shown, fmt.Sprintf("%x", "planted")) {
		t.Errorf("a secret shows:\n%s", shown)
	}
	if !strings.Contains(all.String(), "username=alice") || !strings.Contains(all.String(), "password=***") {
		t.Errorf("got %s", all)
	}
}

func TestCredentialsJSON(t *testing.T) {
	const text = `{"username":"u","password":"p","user_domain_name":"D","project_name":"P","project_domain_name":"D"}`
	var c Credentials
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	if got := mustJSON(t, c); got != text {
		t.Errorf("sealed and opened: %s", got)
	}
}

func TestCredentialsValidate(t *testing.T) {
	for _, c := range []struct {
		creds Credentials
		kind  string
		err   string
	}{
		{Credentials{}, "", "none of ref"},
		{Credentials{ProjectID: "p"}, "", "none of ref"},
		{Credentials{Ref: "r"}, "ref", ""},
		{Credentials{Cloud: "c"}, "cloud", ""},
		{Credentials{Token: "t"}, "token", ""},
		{Credentials{Token: "t", ProjectID: "p"}, "token", ""},
		{password(), "password", ""},
		{Credentials{UserID: "u", Password: "p"}, "password", ""},
		{Credentials{Username: "u"}, "password", "password is missing"},
		{Credentials{Password: "p"}, "password", "username or user_id is missing"},
		{Credentials{ApplicationCredentialID: "a", ApplicationCredentialSecret: "s"}, "application_credential", ""},
		{Credentials{ApplicationCredentialID: "a"}, "application_credential", "application_credential_secret is missing"},
		{Credentials{ApplicationCredentialSecret: "s"}, "application_credential", "application_credential_id"},
		{Credentials{ApplicationCredentialName: "n", ApplicationCredentialSecret: "s"}, "application_credential", "needs user_id"},
		{Credentials{ApplicationCredentialName: "n", ApplicationCredentialSecret: "s", UserID: "u"}, "application_credential", ""},
		{Credentials{Token: "t", Username: "u", Password: "p"}, "token", "token and password are given together"},
		{Credentials{Ref: "r", Cloud: "c"}, "ref", "ref and cloud are given together"},
		{Credentials{ApplicationCredentialID: "a", ApplicationCredentialSecret: "s", Password: "p"}, "application_credential", "given together"},
		{Credentials{UserID: "u", Password: "p", SystemScope: "some"}, "password", "system_scope"},
	} {
		err := c.creds.Validate()
		var input InvalidInput
		if c.creds.Kind() != c.kind || (err != nil) != (c.err != "") || err != nil && (!errors.As(err, &input) || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%v: kind %s, %v", c.creds, c.creds.Kind(), err)
		}
	}
}

func TestParseResolved(t *testing.T) {
	r, err := ParseResolved("r", []byte(`{"auth_url": "https://h", "region": "R", "interface": "internal", "cacert": "PEM", "insecure": true, "token": "t"}`))
	want := Resolved{Credentials: Credentials{Token: "t"}, AuthURL: "https://h", Region: "R", Interface: "internal", CACert: "PEM", Insecure: true}
	if err != nil || r != want {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := ParseResolved("r", []byte(`{"password": "planted`)); err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("got %v", err)
	}
}

// TestNothingPrintsItsSecrets: what holds tokens and credentials inside.
func TestNothingPrintsItsSecrets(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{})
	s := f.session(m)
	service := f.compute(m)
	config, err := ParseClouds([]byte("clouds: {c: {auth: {auth_url: http://h, password: planted}}}"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{s, service, m, config, s.id, s.Target(), s.Catalog(), Config{Clouds: config}} {
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "planted") {
				t.Errorf("%T by %s: %s", v, verb, got)
			}
		}
		if data, err := json.Marshal(v); err == nil && bytes.Contains(data, []byte("planted")) {
			t.Errorf("%T as JSON: %s", v, data)
		}
	}
}

func TestScrub(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"token abcd1234 here", "token *** here"},
		{"a b c", "a b c"},
		{"gAAAAABkq1vE7dZQx_y-1234567890 is no token", "*** is no token"},
		{"X-Auth-Token: 0123abc, rest", "X-Auth-Token: ***, rest"},
		{`{"X-Subject-Token": "0123abc"}`, `{"X-Subject-Token": "***"}`},
		{"Authorization: Bearer xyz.abc", "Authorization: ***"},
		{"get https://u:p@h/x failed", "get https://***@h/x failed"},
		{"get https://h/x?temp_url_sig=1&a=2&X-Amz-Signature=3 failed", "get https://h/x?temp_url_sig=***&a=2&X-Amz-Signature=*** failed"},
		{"get https://h/x?a=2 failed", "get https://h/x?a=2 failed"},
		{"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig end", "jwt *** end"},
	} {
		if got := scrub(c.in, "abcd1234", "b"); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
	for in, want := range map[string]string{
		"https://h/a": "https://h/a", "https://u:pl@h/a": "https://***@h/a", "http://u:planted@[::1": "***@[::1",
		"https://h/#frag": "https://h/", "h:80/x": "h:80/x",
	} {
		if got := scrubURL(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	known := []string{"RegionOne", "RegionTwo", "eu-west"}
	for name, want := range map[string]string{
		"RegionOen": "; did you mean RegionOne?", "regiontwo": "; did you mean RegionTwo?", "euwest": "; did you mean eu-west?",
		"eu-wets": "; did you mean eu-west?", "RegionOne": "", "x": "", "": "", "something-else": "", strings.Repeat("R", 1000): "",
	} {
		if got := didYouMean(name, known); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestRetryable(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{OverLimit{}, true}, {Unavailable{}, true}, {Timeout{}, true}, {fmt.Errorf("x: %w", Timeout{}), true},
		{OutcomeUnknown{}, false}, {Unauthorized{}, false}, {NotFound{}, false}, {BadAnswer{}, false}, {errors.New("x"), false}, {nil, false},
	} {
		if Retryable(c.err) != c.want {
			t.Errorf("%T: %v", c.err, !c.want)
		}
	}
	if d, ok := DetailOf(fmt.Errorf("x: %w", AmbiguousRegion{Detail: Detail{Service: "compute"}})); !ok || d.Service != "compute" {
		t.Errorf("detail %+v, %v", d, ok)
	}
}
