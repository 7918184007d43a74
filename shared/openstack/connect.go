package openstack

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// tlsOptions say how a cloud's certificates are checked and which one is shown.
type tlsOptions struct {
	insecure  bool
	caPEM     string // certificates to trust besides the system's
	cert, key string // files of the client's certificate
}

func (o tlsOptions) config() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: o.insecure} //nolint:gosec // the operator asks for it
	if o.caPEM != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM([]byte(o.caPEM)) {
			return nil, invalid("the CA file has no certificate in PEM form")
		}
		c.RootCAs = pool
	}
	if o.cert != "" {
		key := o.key
		if key == "" {
			key = o.cert // one file may hold both
		}
		pair, err := tls.LoadX509KeyPair(o.cert, key)
		if err != nil {
			return nil, invalid("the client certificate can't be read: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// zone is a set of connections under one set of rules: how certificates are
// checked and which hosts are open. Sessions that differ in either never share
// a connection, as a connection that was made is not checked again.
type zone struct {
	key       zoneKey
	guard     *guard
	transport *http.Transport
	proxied   func(*http.Request) (*url.URL, error)
}

type zoneKey [sha256.Size]byte

// zone returns the connections for these rules, made when first asked for.
// hosts are opened besides the configured OpenHosts.
func (m *Manager) zone(o tlsOptions, hosts []string, proxy string) (*zone, error) {
	key := zoneKey(sha256.Sum256(fmt.Appendf(nil, "%q", []any{
		o.insecure, o.caPEM, o.cert, o.key, hosts, proxy,
	})))
	m.mu.Lock()
	defer m.mu.Unlock()
	if z, ok := m.zones.Get(key); ok {
		return z, nil
	}
	z, err := m.newZone(o, hosts, proxy)
	if err != nil {
		return nil, err
	}
	z.key = key
	m.zones.Add(key, z)
	return z, nil
}

func (m *Manager) newZone(o tlsOptions, hosts []string, proxy string) (*zone, error) {
	tlsConfig, err := o.config()
	if err != nil {
		return nil, err
	}
	var open openSet
	for _, h := range hosts {
		open.addHost(h, 0)
	}
	z := &zone{guard: &guard{open: []*openSet{&m.open, &open}, runtime: m.runtime}}
	z.proxied = z.chooseProxy(m.cfg.Proxy)
	if proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Host == "" {
			return nil, invalid("the proxy is no URL")
		}
		z.proxied = http.ProxyURL(u) // not the operator's: the guard checks its address as any other
	}
	z.transport = &http.Transport{
		Proxy:                 z.proxied,
		DialContext:           z.guard.dial,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          512,
		MaxIdleConnsPerHost:   128,
		IdleConnTimeout:       90 * time.Second,
	}
	return z, nil
}

// chooseProxy asks the operator's function and opens the proxy that it names.
func (z *zone) chooseProxy(choose func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	if choose == nil {
		return nil
	}
	return func(r *http.Request) (*url.URL, error) {
		u, err := choose(r)
		if err != nil || u == nil {
			return nil, err
		}
		z.guard.proxies.Store(dialAddress(u), true)
		return u, nil
	}
}

func dialAddress(u *url.URL) string {
	port := u.Port()
	if port == "" {
		switch u.Scheme {
		case "https":
			port = "443"
		case "socks5", "socks5h":
			port = "1080"
		default:
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// RoundTrip sends one request. Behind a proxy it is the proxy that resolves the
// host, so what can be seen to be closed is refused here.
func (z *zone) RoundTrip(r *http.Request) (*http.Response, error) {
	if z.proxied != nil {
		proxy, err := z.proxied(r)
		if err != nil {
			return nil, err
		}
		if proxy != nil {
			_, port, _ := net.SplitHostPort(dialAddress(r.URL))
			if err := z.guard.checkLiteral(r.URL.Hostname(), port); err != nil {
				return nil, err
			}
		}
	}
	return z.transport.RoundTrip(r)
}

// HTTPOptions are the options of [Manager.HTTPClient].
type HTTPOptions struct {
	Insecure    bool          // accept any certificate
	CACert      string        // PEM certificates to trust besides the system's
	NoRedirects bool          // give a redirect's answer as it is
	Timeout     time.Duration // of the whole call, 0 means none but the context's
	Proxy       string        // URL of a proxy; its address is checked as any other
}

// HTTPClient returns a client for requests that are not OpenStack's (std.http).
// It obeys the egress rules at each connection, redirects included, and takes
// credentials off a request that is redirected to another host. A connection
// that was refused ends as an *url.Error; [AsEgressDenied] tells it.
func (m *Manager) HTTPClient(o HTTPOptions) (*http.Client, error) {
	z, err := m.zone(tlsOptions{insecure: o.Insecure, caPEM: o.CACert}, nil, o.Proxy)
	if err != nil {
		return nil, err
	}
	c := &http.Client{Transport: z, Timeout: o.Timeout, CheckRedirect: checkRedirect}
	if o.NoRedirects {
		c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return c, nil
}

// DialContext connects as net.Dialer's does, by the egress rules: for what
// speaks another protocol than HTTP (std.email, std.ssh). An address that is
// closed is an [EgressDenied].
func (m *Manager) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	g := &guard{open: []*openSet{&m.open}, runtime: m.runtime}
	return g.dial(ctx, network, address)
}

// maxRedirects is how many redirects one request follows.
const maxRedirects = 10

func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("stopped after %d redirects", maxRedirects)
	}
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
		return fmt.Errorf("redirected to a URL that is not http")
	}
	if !sameHost(via[0].URL, r.URL) {
		dropAuth(r.Header)
	}
	return nil
}

// sameHost reports whether credentials meant for one URL may go to the other:
// the same host and port, or the same host's https instead of its http.
func sameHost(a, b *url.URL) bool {
	if !strings.EqualFold(a.Hostname(), b.Hostname()) {
		return false
	}
	if a.Scheme == b.Scheme {
		return dialAddress(a) == dialAddress(b)
	}
	return a.Scheme == "http" && b.Scheme == "https"
}

// dropAuth removes all that names or proves who calls.
func dropAuth(h http.Header) {
	for k := range h {
		if isSecretHeader(k) {
			delete(h, k)
		}
	}
}

func isSecretHeader(k string) bool {
	k = strings.ToLower(k)
	switch k {
	case "authorization", "proxy-authorization", "cookie", "cookie2", "www-authenticate":
		return true
	}
	return strings.Contains(k, "token") || strings.Contains(k, "secret") ||
		strings.Contains(k, "password") || strings.Contains(k, "api-key") ||
		strings.HasPrefix(k, "x-auth-") || strings.HasPrefix(k, "x-target-auth")
}

// readCA reads a CA file. A path that begins with ~ is the user's.
func readCA(path, home string) (string, error) {
	data, err := os.ReadFile(expandHome(path, home))
	if err != nil {
		return "", invalid("cacert: %v", err)
	}
	return string(data), nil
}

func expandHome(path, home string) string {
	if path == "~" || strings.HasPrefix(path, "~/") {
		return home + path[1:]
	}
	return path
}
