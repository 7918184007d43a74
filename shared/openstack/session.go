package openstack

import (
	"cmp"
	"context"
	"slices"
)

// Session is an authenticated way into one cloud, for one project. It is cheap:
// the token, the catalog and the connections behind it are shared by all
// sessions with the same auth URL, credentials and project. Safe for concurrent
// use.
type Session struct {
	id        *identity
	cloud     string
	region    string
	iface     string
	overrides map[string]string
}

// Session checks the policy, then authenticates, or finds a token that is
// still good. Errors: InvalidInput, AuthURLNotAllowed, Unauthorized and those
// of a request to Keystone.
func (m *Manager) Session(ctx context.Context, r Request) (*Session, error) {
	p, err := m.plan(ctx, r, true)
	if err != nil {
		return nil, err
	}
	id, err := m.identity(p)
	if err != nil {
		return nil, err
	}
	if _, err := id.current(ctx, ""); err != nil {
		return nil, inCloud(err, p.cloud)
	}
	return &Session{id: id, cloud: p.cloud, region: p.region, iface: p.iface, overrides: p.overrides}, nil
}

// Describe says where a request would go, as far as that is known without
// asking anybody: names that only a token tells are left empty. It fails as
// [Manager.Session] would, where no request is needed to see that.
func (m *Manager) Describe(r Request) (Target, error) {
	p, err := m.plan(context.Background(), r, false)
	if err != nil {
		return Target{}, err
	}
	t := Target{Cloud: p.cloud, AuthURL: p.url.v3(), Region: p.region, Interface: p.iface}
	if p.creds != nil {
		t.ProjectID, t.ProjectName = p.creds.ProjectID, p.creds.ProjectName
		t.UserID, t.UserName = p.creds.UserID, p.creds.Username
		if id := m.known(p); id != nil {
			id.fill(&t)
		}
	}
	return t, nil
}

// At reports whether an auth URL is the one that a request goes to anyhow: the
// URL that it names, its cloud's, or the default cloud's. A request that names
// neither goes wherever the URL says.
func (m *Manager) At(r Request, rawURL string) bool {
	u, err := parseAuthURL(rawURL)
	if err != nil {
		return false
	}
	if r.AuthURL != "" {
		own, err := parseAuthURL(r.AuthURL)
		return err == nil && own.base == u.base
	}
	name := cmp.Or(r.Cloud, r.Credentials.Cloud, m.cfg.DefaultCloud)
	if name == "" || m.cfg.Clouds == nil {
		return true
	}
	s, err := m.cfg.Clouds.resolve(name, r.Region)
	return err == nil && s.url.base == u.base
}

// Target names where the session goes; Region is the default, "" if none is.
func (s *Session) Target() Target {
	t := Target{Cloud: s.cloud, AuthURL: s.id.url.v3(), Region: s.region, Interface: s.iface}
	s.id.fill(&t)
	return t
}

// Catalog returns the catalog of the current token.
func (s *Session) Catalog() *Catalog {
	return &Catalog{endpoints: s.id.last().endpoints, iface: s.iface}
}

// Service finds the endpoint of a service:
//
//   - the type under its official name, any alias, or the project's name
//   - the interface exactly as asked for, never another
//   - in the region of r, else the session's (from the request, the cloud's
//     configuration or Config.DefaultRegion), else the only region that has the
//     service; several are an AmbiguousRegion, an unknown one a RegionNotFound
//
// An endpoint_override of the configured cloud stands in place of the catalog.
// Keystone itself is spoken to at the auth URL, in whatever region.
func (s *Session) Service(_ context.Context, r ServiceRequest) (*Service, error) {
	iface := s.iface
	if r.Interface != "" {
		var err error
		if iface, err = interfaceName(r.Interface); err != nil {
			return nil, err
		}
	}
	kind, token := lookupType(r.Type), s.id.last()
	out := &Service{
		session: s, name: OfficialType(r.Type),
		region: cmp.Or(r.Region, s.region), iface: iface,
	}
	d := Detail{Cloud: s.cloud, Service: out.name}
	catalog := &Catalog{endpoints: token.endpoints, iface: iface}
	raw := s.overrides[out.name]
	switch {
	case raw != "":
	case out.name == "identity":
		if err := catalog.knows(d, out.region); err != nil {
			return nil, err
		}
		raw = s.id.base()
	default:
		e, err := catalog.choose(d, r.Type, out.region, iface)
		if err != nil {
			return nil, err
		}
		raw, out.region = e.url, e.region
	}
	var err error
	if out.endpoint, err = parseEndpoint(raw, kind, token.projectID); err != nil {
		d.Region, d.Message = out.region, err.Error()
		return nil, BadAnswer{d}
	}
	return out, nil
}

// knows reports a region that no service of the catalog is in.
func (c *Catalog) knows(d Detail, region string) error {
	all := c.AllRegions()
	if region == "" || len(all) == 0 || slices.Contains(all, region) {
		return nil
	}
	return regionNotFound(d, region, all, all)
}

// known returns the identity of a plan if it is in the cache.
func (m *Manager) known(p *plan) *identity {
	key, _, err := m.identityKey(p)
	if err != nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id, _ := m.identities.Peek(key)
	return id
}

// last is the token that the identity had last, perhaps a stale one.
func (id *identity) last() *token {
	id.mu.Lock()
	defer id.mu.Unlock()
	if id.token == nil {
		return &token{}
	}
	return id.token
}

// base is the v3 URL that was found.
func (id *identity) base() string {
	id.mu.Lock()
	defer id.mu.Unlock()
	return cmp.Or(id.v3, id.url.v3())
}

// fill puts the names of the token into a target.
func (id *identity) fill(t *Target) {
	k := id.last()
	t.ProjectID, t.ProjectName = cmp.Or(k.projectID, t.ProjectID), cmp.Or(k.projectName, t.ProjectName)
	t.UserID, t.UserName = cmp.Or(k.userID, t.UserID), cmp.Or(k.userName, t.UserName)
}
