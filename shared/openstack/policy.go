package openstack

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// policy says which auth URLs may be spoken to.
type policy struct {
	multiCloud bool
	allowed    map[string]bool // base URLs; empty means any
	anyCloud   bool            // a cloud is configured
}

func newPolicy(cfg Config) (policy, error) {
	p := policy{multiCloud: cfg.MultiCloud, allowed: map[string]bool{}, anyCloud: len(cfg.Clouds.Names()) > 0}
	for _, raw := range cfg.AllowedAuthURIs {
		raw = strings.TrimSpace(raw)
		if raw == "" {
			continue // what an empty setting splits into
		}
		u, err := parseAuthURL(raw)
		if err != nil {
			return policy{}, fmt.Errorf("an allowed auth URI %w", err)
		}
		p.allowed[u.base] = true
	}
	return p, nil
}

// check decides on an auth URL that is not the operator's own.
func (p policy) check(u authURL) error {
	var message string
	switch {
	case !p.multiCloud && p.anyCloud:
		message = "is not the auth URL of a configured cloud, and multi_cloud is off"
	case !p.multiCloud:
		message = "comes with the request, and multi_cloud is off"
	case len(p.allowed) > 0 && !p.allowed[u.base]:
		message = "is not among the allowed auth URIs"
	default:
		return nil
	}
	return AuthURLNotAllowed{Detail{Service: "identity", Message: u.v3() + " " + message}}
}

// plan is a request with everything looked up that needs no OpenStack for it.
type plan struct {
	cloud     string
	url       authURL
	creds     *Credentials
	region    string
	iface     string
	tls       tlsOptions
	open      []string // hosts to open for this cloud
	overrides map[string]string
}

// plan applies configuration and policy to a request: which Keystone, with
// which credentials, and what is open. Credentials never go to a URL that they
// were not configured or given for.
func (m *Manager) plan(ctx context.Context, r Request, resolveRef bool) (*plan, error) {
	given := r.Credentials
	cloud := r.Cloud
	if c := given.Cloud; c != "" {
		if given.Kind() != "cloud" {
			return nil, invalid("credentials: cloud stands beside other credentials; give one")
		}
		if cloud != "" && cloud != c {
			return nil, invalid("two clouds are named: %q and, in the credentials, %q", cloud, c)
		}
		cloud, given.Cloud = c, ""
	}
	var source Resolved
	if given.Ref != "" {
		rest := given
		if rest.Ref = ""; rest.Kind() != "" {
			return nil, invalid("credentials: ref stands beside other credentials; give one")
		}
		var err error
		if source, cloud, err = m.resolveRef(ctx, given.Ref, cloud, resolveRef); err != nil {
			return nil, err
		}
		given = source.Credentials.withScope(given)
		given.Cloud = ""
	}
	p, err := m.locate(r, cloud, source, given.Kind() != "")
	if err != nil {
		return nil, err
	}
	if kind := given.Kind(); kind != "" {
		p.creds = &given
	} else if p.creds != nil {
		scoped := p.creds.withScope(given)
		p.creds = &scoped
	}
	if p.creds == nil && resolveRef || p.creds != nil && p.creds.Kind() == "" {
		return nil, invalid("no credentials are given for %s: it takes a username and password, an application credential or a token", p.url.v3())
	}
	if p.creds != nil {
		if err := p.creds.Validate(); err != nil {
			return nil, err
		}
	}
	if iface := cmp.Or(r.Interface, source.Interface, p.iface, "public"); true {
		if p.iface, err = interfaceName(iface); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// resolveRef asks the source of credentials, which may name a cloud instead.
func (m *Manager) resolveRef(ctx context.Context, ref, cloud string, really bool) (Resolved, string, error) {
	if m.cfg.Credentials == nil {
		return Resolved{}, "", invalid("credentials: ref %q can't be resolved, as no store of credentials is configured", ref)
	}
	if !really {
		return Resolved{}, cloud, nil
	}
	source, err := m.cfg.Credentials.Resolve(ctx, ref)
	if err != nil {
		return Resolved{}, "", err
	}
	c := source.Credentials
	if c.Ref != "" {
		return Resolved{}, "", invalid("credentials: ref %q leads to another ref", ref)
	}
	if c.Cloud != "" {
		if cloud != "" && cloud != c.Cloud {
			return Resolved{}, "", invalid("ref %q belongs to cloud %q, not to %q", ref, c.Cloud, cloud)
		}
		cloud = c.Cloud
	}
	return source, cloud, nil
}

// locate finds the cloud: by name, by URL, or the default one. own says that
// the request has credentials of its own.
func (m *Manager) locate(r Request, cloud string, source Resolved, own bool) (*plan, error) {
	var asked []authURL
	for _, raw := range []string{source.AuthURL, r.AuthURL} {
		if raw == "" {
			continue
		}
		u, err := parseAuthURL(raw)
		if err != nil {
			return nil, AuthURLNotAllowed{Detail{Service: "identity", Message: "the auth URL " + err.Error()}}
		}
		asked = append(asked, u)
	}
	if len(asked) == 2 && asked[0].base != asked[1].base {
		return nil, AuthURLNotAllowed{Detail{Service: "identity", Message: fmt.Sprintf(
			"the credentials belong to %s and are not sent to %s", asked[0].v3(), asked[1].v3())}}
	}
	region := cmp.Or(r.Region, source.Region)
	switch {
	case cloud == "" && len(asked) == 0:
		if m.cfg.DefaultCloud == "" {
			return nil, m.noCloud()
		}
		return m.configured(m.cfg.DefaultCloud, region, nil)
	case cloud != "":
		return m.configured(cloud, region, asked)
	}
	return m.byURL(asked[0], region, source, r.Trusted, own)
}

func (m *Manager) noCloud() error {
	names := m.Clouds()
	if len(names) == 0 {
		return invalid("no cloud is named and none is configured: set OS_CLOUD or the OS_* variables, or write a clouds.yaml")
	}
	return invalid("no cloud is named and there are several: %s; name one with cloud on the action, --cloud or OS_CLOUD", strings.Join(names, ", "))
}

// configured plans for a cloud of the operator's configuration. A URL beside
// the name must be the cloud's own.
func (m *Manager) configured(name, region string, asked []authURL) (*plan, error) {
	if m.cfg.Clouds == nil {
		return nil, invalid("cloud %q is not configured, and no cloud is: write a clouds.yaml", name)
	}
	s, err := m.cfg.Clouds.resolve(name, region)
	if err != nil {
		return nil, err
	}
	for _, u := range asked {
		if u.base != s.url.base {
			return nil, AuthURLNotAllowed{Detail{Cloud: name, Service: "identity", Message: fmt.Sprintf(
				"%s is not the auth URL of the cloud, which is %s", u.v3(), s.url.v3())}}
		}
	}
	p := &plan{
		cloud: name, url: s.url, region: cmp.Or(region, s.region), iface: s.iface,
		tls: s.tls, open: []string{s.url.host}, overrides: s.overrides,
	}
	if s.creds.Kind() != "" {
		p.creds = &s.creds
	}
	if name == m.cfg.DefaultCloud {
		p.region = cmp.Or(p.region, m.cfg.DefaultRegion)
	}
	return p, nil
}

// byURL plans for a URL that came with the request or with a reference. If it
// is a configured cloud's, that cloud is meant; else the policy decides.
func (m *Manager) byURL(u authURL, region string, source Resolved, trusted, own bool) (*plan, error) {
	var same []string
	for _, name := range m.Clouds() {
		if s, err := m.cfg.Clouds.resolve(name, region); err == nil && s.url.base == u.base {
			same = append(same, name)
		}
	}
	switch {
	case slices.Contains(same, m.cfg.DefaultCloud):
		same = []string{m.cfg.DefaultCloud}
	case len(same) > 1 && !own:
		return nil, invalid("several configured clouds have the auth URL %s: name one of %s", u.v3(), strings.Join(same, ", "))
	}
	if len(same) > 0 {
		p, err := m.configured(same[0], region, nil)
		if err == nil && own {
			p.cloud, p.creds = "", nil // the caller's own account there
		}
		return p, err
	}
	p := &plan{
		url: u, region: cmp.Or(region, m.cfg.DefaultRegion),
		tls: tlsOptions{insecure: source.Insecure, caPEM: source.CACert},
	}
	if trusted || source.Trusted {
		p.open = []string{u.host}
		return p, nil
	}
	return p, m.policy.check(u)
}
