package openstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
)

func TestForbiddenAddresses(t *testing.T) {
	for _, c := range []struct {
		addr   string
		closed bool
	}{
		{"127.0.0.1", true}, {"127.255.255.254", true}, {"0.0.0.0", true}, {"0.1.2.3", true},
		{"169.254.169.254", true}, {"169.254.170.2", true}, {"169.254.79.129", true},
		{"224.0.0.1", true}, {"239.255.255.250", true}, {"255.255.255.255", true}, {"240.0.0.1", true},
		{"100.100.100.200", true}, {"168.63.129.16", true}, {"192.0.0.192", true},
		{"10.0.0.1", false}, {"172.16.3.4", false}, {"192.168.1.1", false}, {"192.0.2.1", false},
		{"8.8.8.8", false}, {"169.253.255.255", false}, {"100.64.0.1", false},
		{"::", true}, {"::1", true}, {"fe80::1", true}, {"fe80::1%eth0", true}, {"febf::1", true},
		{"ff02::1", true}, {"fec0::1", true}, {"fd00:ec2::254", true}, {"fd00:ec2::23", true}, {"fd20:ce::254", true},
		{"2001:db8::1", false}, {"fd00::1", false}, {"2a00:1450::1", false},
		// forms that stand for an IPv4 address
		{"::ffff:127.0.0.1", true}, {"::ffff:169.254.169.254", true}, {"::ffff:10.0.0.1", false},
		{"::127.0.0.1", true}, {"::169.254.169.254", true},
		{"::ffff:0:127.0.0.1", true}, {"::ffff:0:8.8.8.8", false},
		{"64:ff9b::127.0.0.1", true}, {"64:ff9b::a9fe:a9fe", true}, {"64:ff9b::8.8.8.8", false},
		{"64:ff9b:1::169.254.169.254", true}, {"64:ff9b:1:a9fe:a9:fe00::", true}, {"64:ff9b:1::8.8.8.8", false},
		{"2002:7f00:1::1", true}, {"2002:a9fe:a9fe::", true}, {"2002:808:808::1", false},
		{"2001:0:808:808::5601:5601", true},  // Teredo of 169.254.169.254
		{"2001:0:808:808::f7f7:f7f7", false}, // Teredo of 8.8.8.8
		{"2001:db8::5efe:127.0.0.1", true}, {"2001:db8::200:5efe:169.254.169.254", true}, {"2001:db8::5efe:8.8.8.8", false},
	} {
		if got := forbiddenReason(netip.MustParseAddr(c.addr)); (got != "") != c.closed {
			t.Errorf("%s: %q, want closed %v", c.addr, got, c.closed)
		}
	}
}

func TestGuardCheck(t *testing.T) {
	for _, c := range []struct {
		open, name, address string
		ok                  bool
	}{
		{"", "keystone.example.org", "192.0.2.1:5000", true},
		{"", "keystone.example.org", "127.0.0.1:5000", false}, // a name that points inside
		{"", "keystone.example.org", "[::ffff:127.0.0.1]:5000", false},
		{"", "127.0.0.1", "127.0.0.1:80", false},
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:80", true},
		{"127.0.0.1", "localhost", "[::1]:80", true},
		{"localhost", "127.0.0.1", "127.0.0.1:80", true},
		{"[::1]", "localhost", "127.0.0.1:80", true},
		{"::1", "localhost", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1", "127.0.0.1:80", true},
		{"127.0.0.1:80", "127.0.0.1", "127.0.0.1:81", false},
		{"[::1]:80", "localhost", "[::1]:80", true},
		{"LocalHost:80", "localhost", "[::1]:81", false},
		{"controller", "controller", "127.0.1.1:5000", true},
		{"controller:5000", "controller", "127.0.1.1:5000", true},
		{"controller:5000", "controller", "127.0.1.1:5001", false},
		{"controller", "other", "127.0.1.1:5000", false},
		{"169.254.169.254", "169.254.169.254", "169.254.169.254:80", true},
		{"169.254.0.0/16", "x", "169.254.1.1:80", true},
		{"169.254.0.0/16", "x", "127.0.0.1:80", false},
		{"fe80::/10", "x", "[fe80::1%lo]:80", true},
		// the runtime's own interface stays closed
		{"127.0.0.1", "127.0.0.1", "127.0.0.1:9001", false},
		{"127.0.0.0/8", "localhost", "127.0.0.2:9001", false},
		{"127.0.0.0/8", "x", "[::ffff:127.0.0.1]:9001", false},
		{"0.0.0.0/8", "x", "0.0.0.0:9001", false},
		{"::1/128", "x", "[::1]:9001", false},
	} {
		g := &guard{runtime: parseRuntimeAPI("127.0.0.1:9001")}
		if c.open != "" {
			var o openSet
			if err := o.add(c.open); err != nil {
				t.Fatal(err)
			}
			g.open = append(g.open, &o)
		}
		_, portText, _ := net.SplitHostPort(c.address)
		var port uint16
		_, _ = fmt.Sscan(portText, &port)
		err := g.check(c.name, port, c.address, false)
		var denied EgressDenied
		if c.ok != (err == nil) || err != nil && !errors.As(err, &denied) {
			t.Errorf("open %q, %s at %s: %v, want ok %v", c.open, c.name, c.address, err, c.ok)
		}
	}
}

func TestOpenHostsAreChecked(t *testing.T) {
	for _, h := range []string{"host:0", "host:70000", "http://x", "a b", "0x7f.1", "[::1", ""} {
		if _, err := New(Config{OpenHosts: []string{h}}); err == nil {
			t.Errorf("%q was accepted", h)
		}
	}
}

// TestHTTPClientIsGuarded goes through real connections: names, addresses in
// odd spellings and redirects.
func TestHTTPClientIsGuarded(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("reached"))
	}))
	defer target.Close()
	port := target.URL[strings.LastIndexByte(target.URL, ':')+1:]
	closed, err := newManager(t, Config{}).HTTPClient(HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1", "[::]"} {
		resp, err := closed.Get("http://" + host + ":" + port)
		if err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s was reached", host)
			continue
		}
		// An odd spelling may not resolve at all; no other error will do.
		var denied EgressDenied
		var dns *net.DNSError
		if !errors.As(err, &denied) && !errors.As(err, &dns) {
			t.Errorf("%s: %v", host, err)
		}
	}
	open, err := newManager(t, Config{OpenHosts: []string{"127.0.0.1:" + port}}).HTTPClient(HTTPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := open.Get(target.URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := readAll(resp.Body); got != "reached" {
		t.Errorf("got %q", got)
	}
	_ = resp.Body.Close()
}

func TestHTTPClientRedirects(t *testing.T) {
	var got http.Header
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer other.Close()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer front.Close()
	frontHost, otherHost := strings.TrimPrefix(front.URL, "http://"), strings.TrimPrefix(other.URL, "http://")

	request := func(open ...string) error {
		c, err := newManager(t, Config{OpenHosts: open}).HTTPClient(HTTPOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r, _ := http.NewRequest(http.MethodGet, front.URL, nil)
		r.Header.Set("X-Auth-Token", "planted")
		r.Header.Set("Authorization", "planted")
		r.Header.Set("Cookie", "planted=1")
		r.Header.Set("X-Other", "kept")
		resp, err := c.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	var denied EgressDenied
	if err := request(frontHost); !errors.As(err, &denied) {
		t.Errorf("a redirect to a closed address: %v", err)
	}
	if err := request(frontHost, otherHost); err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprint(got); strings.Contains(s, "planted") || got.Get("X-Other") != "kept" {
		t.Errorf("headers after a redirect to another host: %v", got)
	}
	c, _ := newManager(t, Config{OpenHosts: []string{frontHost}}).HTTPClient(HTTPOptions{NoRedirects: true})
	resp, err := c.Get(front.URL)
	if err != nil || resp.StatusCode != http.StatusFound {
		t.Errorf("NoRedirects: %v, %v", resp, err)
	}
}

// TestProxies: the environment's proxy is not used, the operator's is, and
// what lies behind it is still checked as far as it can be seen.
func TestProxies(t *testing.T) {
	var through []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		through = append(through, r.URL.String())
	}))
	defer proxy.Close()
	t.Setenv("HTTP_PROXY", proxy.URL)
	proxyURL, _ := url.Parse(proxy.URL)

	get := func(m *Manager, o HTTPOptions, target string) error {
		c, err := m.HTTPClient(o)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Get(target)
		if err == nil {
			_ = resp.Body.Close()
		}
		return err
	}
	operators := newManager(t, Config{Proxy: http.ProxyURL(proxyURL)})
	if err := get(operators, HTTPOptions{}, "http://service.example/a"); err != nil {
		t.Errorf("the operator's proxy: %v", err)
	}
	var denied EgressDenied
	for _, target := range []string{"http://169.254.169.254/latest", "http://localhost/", "http://[::ffff:127.0.0.1]/", "http://127.1/", "http://0x7f.1./", "http://2130706433/", "http://a.localhost/"} {
		if err := get(operators, HTTPOptions{}, target); !errors.As(err, &denied) {
			t.Errorf("%s through the proxy: %v", target, err)
		}
	}
	if err := get(newManager(t, Config{}), HTTPOptions{Proxy: proxy.URL}, "http://service.example/b"); !errors.As(err, &denied) {
		t.Errorf("a caller's proxy on a closed address: %v", err)
	}
	if len(through) != 1 || through[0] != "http://service.example/a" {
		t.Errorf("through the proxy went %v", through)
	}
}

// TestEgressOfTargets: the auth URL and the catalog's endpoints obey the rules,
// and the operator's own cloud opens its host only for itself.
func TestEgressOfTargets(t *testing.T) {
	f := newFakeCloud(t)
	ctx := context.Background()
	untrusted := f.request()
	untrusted.Trusted = false
	m := newManager(t, Config{MultiCloud: true})
	var notAllowed AuthURLNotAllowed
	if _, err := m.Session(ctx, untrusted); !errors.As(err, &notAllowed) || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("an untrusted auth URL on loopback: %v", err)
	}
	f.session(m) // the same URL from the operator
	if _, err := m.Session(ctx, untrusted); !errors.As(err, &notAllowed) {
		t.Errorf("an untrusted auth URL, after a trusted session: %v", err)
	}

	evil := newFakeCloud(t)
	evil.catalog = `[{"type": "compute", "endpoints": [{"interface": "public", "region": "R", "url": "http://169.254.169.254/v2.1"}]}]`
	s := evil.compute(newManager(t, Config{}))
	var denied EgressDenied
	if _, err := get(s, "/servers"); !errors.As(err, &denied) || denied.Service != "compute" || denied.Region != "R" {
		t.Errorf("a catalog with the metadata service: %v", err)
	}
}

func TestRuntimeAPIStaysClosed(t *testing.T) {
	f := newFakeCloud(t)
	m := newManager(t, Config{RuntimeAPI: strings.TrimPrefix(f.URL, "http://"), OpenHosts: []string{"127.0.0.0/8", "localhost"}})
	var notAllowed AuthURLNotAllowed
	if _, err := m.Session(context.Background(), f.request()); !errors.As(err, &notAllowed) || !strings.Contains(err.Error(), "Lambda") {
		t.Errorf("got %v", err)
	}
	if f.requestCount() != 0 {
		t.Error("it was reached")
	}
}
