package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

func identityService() *service {
	s := &service{kind: "identity", stype: "identity", name: "keystone", version: "v3", path: "/v3"}
	s.router = newRouter(identityRoutes())
	s.versions = func(c *call) reply {
		return reply{status: 300, body: object{"versions": object{"values": []any{identityVersion(c)}}},
			header: map[string]string{"Location": c.root + "/v3/"}}
	}
	s.current = func(c *call) reply { return reply{status: 200, body: object{"version": identityVersion(c)}} }
	s.shape = func(c *call, e *apiError) *reply {
		if e.Type == "HTTPNotFound" {
			return &reply{status: e.Status, header: map[string]string{"Content-Type": "text/html; charset=utf-8"},
				body: []byte("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server.</p>\n")}
		}
		if e.Status == 405 {
			return &reply{status: 405, body: object{"message": e.Message}}
		}
		titles := map[int]string{400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
			500: "Internal Server Error", 503: "Service Unavailable", 429: "Too Many Requests"}
		r := &reply{status: e.Status, body: object{"error": object{"code": e.Status, "message": e.Message, "title": titles[e.Status]}}}
		if e.Status == 401 {
			r.header = map[string]string{"WWW-Authenticate": fmt.Sprintf("Keystone uri=%q", c.sb.AuthURL(c.cloud.name))}
		}
		return r
	}
	return s
}

func identityVersion(c *call) object {
	return object{"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z", "links": c.selfLink("v3"),
		"media-types": []any{object{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}}}
}

// collection is one kind of Keystone's resources.
type collection struct {
	plural, single string
	read           access        // who may list and show
	unique         bool          // no two of a name in a domain
	required       []string      // fields
	defaults       func() object // of a new one
	onDelete       func(*call, *record)
}

func identityCollectionTable() []collection {
	return []collection{
		{plural: "domains", single: "domain", unique: true, required: []string{"name"}, read: adminOf, defaults: func() object {
			return object{"enabled": true, "description": "", "options": object{}, "tags": []any{}}
		}},
		{plural: "projects", single: "project", unique: true, required: []string{"name"}, read: adminOf,
			defaults: func() object { return newProject("", "default") },
			onDelete: func(c *call, r *record) {
				c.cloud.id.revokeTokens(func(t *token) bool { return t.project == r })
				c.cloud.id.unassign(func(a assignment) bool { return a.project == r.id })
			}},
		{plural: "users", single: "user", unique: true, required: []string{"name"}, read: adminOf,
			defaults: func() object { return newUser("", "default") },
			onDelete: func(c *call, r *record) {
				c.cloud.id.revokeTokens(func(t *token) bool { return t.user == r })
				c.cloud.id.unassign(func(a assignment) bool { return a.user == r.id })
			}},
		{plural: "groups", single: "group", unique: true, required: []string{"name"}, read: adminOf,
			defaults: func() object { return object{"domain_id": "default", "description": ""} },
			onDelete: func(c *call, r *record) {
				c.cloud.id.unassign(func(a assignment) bool { return a.group == r.id })
			}},
		{plural: "roles", single: "role", unique: true, required: []string{"name"}, read: adminOf,
			defaults: func() object { return object{"domain_id": nil, "description": nil, "options": object{}} },
			onDelete: func(c *call, r *record) {
				c.cloud.id.unassign(func(a assignment) bool { return a.role == r.id })
			}},
		{plural: "services", single: "service", required: []string{"type"}, read: adminOf,
			defaults: func() object { return object{"enabled": true} }},
		{plural: "endpoints", single: "endpoint", required: []string{"service_id", "interface", "url"}, read: adminOf,
			defaults: func() object { return object{"enabled": true, "region_id": nil} }},
		{plural: "regions", single: "region", read: holder,
			defaults: func() object { return object{"description": "", "parent_region_id": nil} }},
		{plural: "credentials", single: "credential", required: []string{"type", "blob"}, read: holder,
			defaults: func() object { return object{"project_id": nil} }},
		{plural: "policies", single: "policy", required: []string{"type", "blob"}, read: adminOf,
			defaults: func() object { return object{} }},
	}
}

func identityRoutes() []route {
	routes := []route{
		{"POST", "/auth/tokens", issueToken, anyone, ""},
		{"GET", "/auth/tokens", showToken, holder, "identity:validate_token"},
		{"HEAD", "/auth/tokens", showToken, holder, "identity:check_token"},
		{"DELETE", "/auth/tokens", revokeToken, holder, "identity:revoke_token"},
		{"GET", "/auth/catalog", func(c *call) (reply, error) {
			return ok(object{"catalog": c.cloud.id.catalog(c.project()), "links": object{"self": c.url("auth/catalog")}})
		}, holder, ""},
		{"GET", "/auth/projects", func(c *call) (reply, error) { return c.myProjects(c.token.userID()) }, holder, ""},
		{"GET", "/auth/domains", func(c *call) (reply, error) { return c.myDomains() }, holder, ""},
		{"GET", "/auth/system", func(c *call) (reply, error) {
			if len(c.cloud.id.rolesOf(c.token.userID(), "", nil, true)) == 0 {
				return ok(object{"system": []any{}, "links": object{"self": c.url("auth/system")}})
			}
			return ok(object{"system": []any{object{"all": true}}, "links": object{"self": c.url("auth/system")}})
		}, holder, ""},
	}
	for _, k := range identityCollectionTable() {
		one := "/" + k.plural + "/{id}"
		rule := func(verb string) string { return "identity:" + verb + "_" + k.single }
		routes = append(routes,
			route{"GET", "/" + k.plural, k.list, k.read, "identity:list_" + k.plural},
			route{"POST", "/" + k.plural, k.create, adminOf, rule("create")},
			route{"GET", one, k.show, holder, rule("get")},
			route{"PATCH", one, k.update, adminOf, rule("update")},
			route{"PUT", one, k.update, adminOf, rule("update")},
			route{"DELETE", one, k.remove, adminOf, rule("delete")})
	}
	routes = append(routes, grantRoutes()...)
	return append(append(routes, userRoutes()...), trustRoutes()...)
}

// listLinks are the links of a list, which Keystone never cuts into pages.
func (c *call) listLinks() object {
	return object{"next": nil, "previous": nil, "self": c.root + "/v3" + c.path}
}

func (k collection) view(c *call, r *record) object {
	out := cloneObject(r.f)
	out["links"] = object{"self": c.url(k.plural, r.id)}
	return out
}

func (k collection) list(c *call) (reply, error) {
	out := []any{}
	for _, r := range c.cloud.id.table(k.plural).order {
		if k.fits(r, c.query) {
			out = append(out, k.view(c, r))
		}
	}
	return ok(object{k.plural: out, "links": c.listLinks()})
}

// fits filters by fields of the same name; text compares as Keystone's
// ?name=..., ?name__contains=... do.
func (k collection) fits(r *record, q url.Values) bool {
	for key, vals := range q {
		field, op, _ := strings.Cut(key, "__")
		switch key {
		case "tags", "sort_key", "sort_dir", "limit", "marker", "is_domain", "fields", "include_names":
			continue
		}
		have, exists := r.f[field]
		text := fmt.Sprint(have)
		switch {
		case !exists:
			return field == "service" || field == "group" // unknown filters are ignored except on keys nothing has
		case op == "contains" && !strings.Contains(text, vals[0]), op == "startswith" && !strings.HasPrefix(text, vals[0]):
			return false
		case op == "" && field == "enabled":
			if (vals[0] == "0" || strings.EqualFold(vals[0], "false")) == (have == true) {
				return false
			}
		case op == "" && text != vals[0]:
			return false
		}
	}
	return true
}

func (k collection) missing(id string) *apiError {
	return fail(404, "NotFound", "Could not find %s: %s.", k.single, id)
}

func (k collection) show(c *call) (reply, error) {
	id := c.vars["id"]
	mine := k.plural == "projects" && id == c.project() || k.plural == "users" && id == c.token.userID() || k.read == holder
	if !mine && !c.admin() {
		return reply{}, c.denied("identity:get_" + k.single)
	}
	r := c.cloud.id.table(k.plural).get(id)
	if r == nil {
		return reply{}, k.missing(id)
	}
	return ok(object{k.single: k.view(c, r)})
}

func (k collection) create(c *call) (reply, error) {
	in, err := c.in(k.single)
	if err != nil {
		return reply{}, err
	}
	for _, field := range k.required {
		if str(in, field) == "" {
			return reply{}, badRequest("'%s' is a required property", field)
		}
	}
	f := k.defaults()
	for key, v := range in {
		f[key] = v
	}
	table, rid := c.cloud.id.table(k.plural), newHex()
	if k.plural == "regions" && str(in, "id") != "" {
		rid = str(in, "id")
	}
	if table.get(rid) != nil || k.unique && c.cloud.id.find(k.plural, str(f, "domain_id"), str(f, "name")) != nil {
		return reply{}, conflict("Conflict occurred attempting to store %s - Duplicate entry found with name %s.", k.single, str(f, "name"))
	}
	if k.plural == "projects" && in["parent_id"] == nil {
		f["parent_id"] = f["domain_id"]
	}
	if k.plural == "endpoints" {
		if f["region_id"] == nil {
			f["region_id"] = f["region"] // what it was called in v2.0
		}
		f["region"] = f["region_id"]
	}
	rec := c.cloud.id.put(k.plural, rid, c.now, f)
	if k.plural == "users" {
		rec.ext = &userData{password: str(in, "password")}
		delete(f, "password")
	}
	return created(object{k.single: k.view(c, rec)})
}

func (k collection) update(c *call) (reply, error) {
	r := c.cloud.id.table(k.plural).get(c.vars["id"])
	if r == nil {
		return reply{}, k.missing(c.vars["id"])
	}
	in, err := c.in(k.single)
	if err != nil {
		return reply{}, err
	}
	for key, v := range in {
		switch {
		case key == "password" && k.plural == "users":
			r.ext.(*userData).password = fmt.Sprint(v)
			c.cloud.id.revokeTokens(func(t *token) bool { return t.user == r })
		case key != "id":
			r.f[key] = v
		}
	}
	if k.plural == "endpoints" {
		r.f["region"] = r.f["region_id"]
	}
	return ok(object{k.single: k.view(c, r)})
}

func (k collection) remove(c *call) (reply, error) {
	r := c.cloud.id.table(k.plural).get(c.vars["id"])
	if r == nil {
		return reply{}, k.missing(c.vars["id"])
	}
	if k.plural == "domains" && r.f["enabled"] == true {
		return reply{}, c.denied("cannot delete a domain that is enabled, please disable it first")
	}
	c.cloud.id.table(k.plural).remove(r.id)
	if k.onDelete != nil {
		k.onDelete(c, r)
	}
	return noContent()
}

func (id *identity) unassign(hits func(assignment) bool) {
	id.assignments = slices.DeleteFunc(id.assignments, hits)
}

// myProjects lists the projects that a user has a role in.
func (c *call) myProjects(user string) (reply, error) {
	if user != c.token.userID() && !c.admin() {
		return reply{}, c.denied("identity:list_user_projects")
	}
	k := collection{plural: "projects", single: "project"}
	out := []any{}
	for _, p := range c.cloud.id.table("projects").order {
		if len(c.cloud.id.rolesOf(user, p.id, nil, false)) > 0 {
			out = append(out, k.view(c, p))
		}
	}
	return ok(object{"projects": out, "links": c.listLinks()})
}

func (c *call) myDomains() (reply, error) {
	k := collection{plural: "domains", single: "domain"}
	out := []any{}
	for _, d := range c.cloud.id.table("domains").order {
		if len(c.cloud.id.rolesOf(c.token.userID(), "", d, false)) > 0 {
			out = append(out, k.view(c, d))
		}
	}
	return ok(object{"domains": out, "links": c.listLinks()})
}
