package sandbox

import (
	"strconv"
	"strings"
	"time"
)

// identity is a cloud's Keystone.
type identity struct {
	tables      map[string]*table // by collection: "projects", "users", ...
	assignments []assignment
	membership  map[[2]string]bool // group, user
	filter      map[[2]string]bool // project, endpoint
	tokens      map[string]*token
	secret      string // of the demo user's application credential
	appCred     *record
}

// assignment grants a role to a user or a group on one of project, domain and system.
type assignment struct {
	user, group     string
	project, domain string
	system          bool
	inherited       bool
	role            string
}

// userData is what a user has besides its shown fields.
type userData struct{ password string }

// appCredData belongs to an application credential.
type appCredData struct {
	secret, user, project string
	roles                 []*record
}

var identityCollections = []string{
	"domains", "projects", "users", "groups", "roles", "services", "endpoints", "regions", "credentials", "policies",
	"application_credentials", "trusts",
}

func (id *identity) table(name string) *table { return id.tables[name] }

func (id *identity) find(collection, domain, name string) *record {
	for _, r := range id.tables[collection].order {
		if r.name() == name && (domain == "" || str(r.f, "domain_id") == domain) {
			return r
		}
	}
	return nil
}

// put stores fields as a resource.
func (id *identity) put(collection, rid string, now time.Time, f object) *record {
	f["id"] = rid
	return id.tables[collection].add(&record{id: rid, created: now, updated: now, f: f})
}

// newIdentity makes the users demo, admin and other, each in a project of that
// name, and the catalog.
func newIdentity(c *cloud) *identity {
	now := c.sb.now()
	id := &identity{tables: map[string]*table{}, membership: map[[2]string]bool{}, filter: map[[2]string]bool{}, tokens: map[string]*token{}}
	for _, name := range identityCollections {
		id.tables[name] = &table{}
	}
	fixed := func(kind, name string) string { return fixedHex(c.name, kind, name) }
	id.put("domains", "default", now, object{"name": "Default", "enabled": true, "description": "The default domain",
		"options": object{}, "tags": []any{}})
	for _, name := range []string{"admin", "member", "reader"} {
		id.put("roles", fixed("role", name), now, object{"name": name, "domain_id": nil, "description": nil,
			"options": object{"immutable": true}})
	}
	for _, name := range []string{"admin", "demo", "other", "service"} {
		id.put("projects", fixed("project", name), now, newProject(name, "default"))
	}
	for _, name := range []string{"admin", "demo", "other"} {
		u := id.put("users", fixed("user", name), now, newUser(name, "default"))
		u.ext = &userData{password: c.opts.Password}
		roles := []string{"member", "reader"}
		if name == "admin" {
			roles = []string{"admin", "member", "reader"}
		}
		for _, role := range roles {
			id.assignments = append(id.assignments, assignment{user: u.id, project: fixed("project", name), role: fixed("role", role)})
		}
	}
	admin := assignment{user: fixed("user", "admin"), role: fixed("role", "admin")}
	for _, p := range []string{"demo", "service"} {
		a := admin
		a.project = fixed("project", p)
		id.assignments = append(id.assignments, a)
	}
	onSystem, onDomain := admin, admin
	onSystem.system, onDomain.domain = true, "default"
	id.assignments = append(id.assignments, onSystem, onDomain)
	id.secret = newSecret(32)
	id.appCred = id.newAppCred(fixed("user", "demo"), fixed("project", "demo"), id.secret, now,
		object{"name": "sandbox"}, []*record{id.find("roles", "", "member"), id.find("roles", "", "reader")})
	c.fillCatalog(id, now)
	return id
}

func newProject(name, domain string) object {
	return object{"name": name, "domain_id": domain, "parent_id": domain, "enabled": true, "is_domain": false,
		"description": "", "tags": []any{}, "options": object{}}
}

func newUser(name, domain string) object {
	return object{"name": name, "domain_id": domain, "enabled": true, "options": object{}, "password_expires_at": nil}
}

func (id *identity) newAppCred(user, project, secret string, now time.Time, f object, roles []*record) *record {
	shown := object{"name": f["name"], "description": or(f["description"], nil), "project_id": project, "user_id": user,
		"expires_at": or(f["expires_at"], nil), "unrestricted": boolOr(f, "unrestricted", false), "system": nil}
	var names []any
	for _, r := range roles {
		names = append(names, object{"id": r.id, "name": r.name(), "domain_id": nil, "description": r.f["description"], "options": cloneObject(sub(r.f, "options"))})
	}
	shown["roles"] = names
	rec := id.put("application_credentials", newHex(), now, shown)
	rec.ext = &appCredData{secret: secret, user: user, project: project, roles: roles}
	return rec
}

// AppCredential returns the id and secret of an application credential of the
// user demo in the project demo, "" for an unknown cloud.
func (s *Sandbox) AppCredential(cloud string) (id, secret string) {
	c := s.clouds[cloud]
	if c == nil {
		return "", ""
	}
	return c.id.appCred.id, c.id.secret
}

// ProjectID returns the id of a project that a cloud
// starts with: demo, admin, other.
func (s *Sandbox) ProjectID(cloud, name string) string { return fixedHex(cloud, "project", name) }

// UserID returns the id of a user that a cloud starts with, see ProjectID.
func (s *Sandbox) UserID(cloud, name string) string { return fixedHex(cloud, "user", name) }

// fillCatalog registers regions, services and endpoints.
func (c *cloud) fillCatalog(id *identity, now time.Time) {
	names := make([]string, 0, len(c.order)+1)
	for _, r := range c.order {
		id.put("regions", r.name, now, object{"description": "", "parent_region_id": nil})
		names = append(names, r.name)
	}
	if len(names) == 0 {
		names = append(names, "")
	}
	kinds := append([]string{"identity"}, regionKinds...)
	for _, kind := range kinds {
		svc := c.sb.kinds[kind]
		if kind == "identity" && c.opts.Catalog.NoIdentity {
			continue
		}
		stype := svc.stype
		if other := c.opts.Catalog.Types[stype]; other != "" {
			stype = other
		}
		rec := id.put("services", fixedHex(c.name, "service", kind), now,
			object{"name": svc.name, "type": stype, "enabled": true})
		for i, region := range names {
			if kind != "identity" && (region == "" || !c.regions[region].has(kind)) {
				continue
			}
			c.addEndpoints(id, rec.id, svc, region, now)
			if i == 0 && c.opts.Catalog.StarRegion {
				c.addStar(id, rec.id, svc, region, now)
			}
		}
	}
}

func (c *cloud) addEndpoints(id *identity, service string, svc *service, region string, now time.Time) {
	copies := 1
	if c.opts.Catalog.Duplicates {
		copies = 2
	}
	for _, iface := range []string{"public", "internal", "admin"} {
		for n := range copies {
			c.addEndpoint(id, service, region, iface, c.endpointURL(svc, region, iface), strconv.Itoa(n), now)
		}
	}
}

func (c *cloud) addStar(id *identity, service string, svc *service, region string, now time.Time) {
	for _, iface := range []string{"public", "internal", "admin"} {
		c.addEndpoint(id, service, "*", iface, c.endpointURL(svc, region, iface), "star", now)
	}
}

func (c *cloud) addEndpoint(id *identity, service, region, iface, url, salt string, now time.Time) {
	id.put("endpoints", fixedHex(c.name, service, region, iface, salt), now, object{"service_id": service, "interface": iface,
		"region": region, "region_id": region, "url": url, "enabled": true})
}

// endpointURL is what the catalog has, with $(project_id)s where Keystone fills it in.
func (c *cloud) endpointURL(svc *service, region, iface string) string {
	segment := svc.kind
	if iface != "public" {
		segment += "-" + iface
	}
	root := strings.TrimSuffix(c.sb.AuthURL(c.name), "/identity/v3")
	if svc.kind != "identity" {
		root = strings.TrimSuffix(c.sb.Endpoint(c.name, region, ""), "/")
		if c.regions[region].opts.Unreachable {
			root = "http://127.0.0.1:1/" + region
		}
	}
	path, o := svc.path, c.opts.Catalog
	switch {
	case o.Unversioned:
		path = ""
	case o.ProjectInPath && svc.kind == "compute":
		path += "/$(project_id)s"
	case o.Versioned && path == "":
		path = "/" + svc.version
	}
	if o.TrailingSlash {
		path += "/"
	}
	return root + "/" + segment + path
}

// catalog is the token's view of services and endpoints.
func (id *identity) catalog(project string) []any {
	byService := make(map[string][]any)
	for _, e := range id.tables["endpoints"].order {
		if e.f["enabled"] == false {
			continue
		}
		url := str(e.f, "url")
		if strings.Contains(url, "(project_id)s") || strings.Contains(url, "(tenant_id)s") {
			if project == "" {
				continue
			}
			url = strings.NewReplacer("$(project_id)s", project, "%(project_id)s", project,
				"$(tenant_id)s", project, "%(tenant_id)s", project).Replace(url)
		}
		sid := str(e.f, "service_id")
		byService[sid] = append(byService[sid], object{"id": e.id, "interface": e.f["interface"], "region_id": e.f["region_id"],
			"region": e.f["region"], "url": url})
	}
	out := []any{}
	for _, s := range id.tables["services"].order {
		if s.f["enabled"] == false {
			continue
		}
		endpoints := byService[s.id]
		if endpoints == nil {
			endpoints = []any{}
		}
		out = append(out, object{"id": s.id, "type": s.f["type"], "name": s.f["name"], "endpoints": endpoints})
	}
	return out
}
