package sandbox

import (
	"slices"
)

// grantRoutes are the paths by which roles are granted: every combination of
// target (project, domain, system) and actor (user, group).
func grantRoutes() []route {
	var routes []route
	for _, target := range []string{"/projects/{project}", "/domains/{domain}", "/system"} {
		for _, actor := range []string{"/users/{user}", "/groups/{group}"} {
			base := target + actor + "/roles"
			routes = append(routes, grantVerbs(base, base+"/{role}", false)...)
			if target != "/system" {
				under := "/OS-INHERIT" + base
				routes = append(routes, grantVerbs(under+"/inherited_to_projects", under+"/{role}/inherited_to_projects", true)...)
			}
		}
	}
	return append(routes, route{"GET", "/role_assignments", listAssignments, adminOf, "identity:list_role_assignments"})
}

func grantVerbs(all, one string, inherited bool) []route {
	at := func(f func(*call, assignment) (reply, error)) handler {
		return func(c *call) (reply, error) {
			a, e := c.grantOf(inherited)
			if e != nil {
				return reply{}, e
			}
			return f(c, a)
		}
	}
	check := at(func(c *call, a assignment) (reply, error) {
		if !slices.Contains(c.cloud.id.assignments, a) {
			return reply{}, fail(404, "NotFound", "Could not find role assignment with role: %s.", a.role)
		}
		return noContent()
	})
	return []route{
		{"GET", all, at(listGrants), adminOf, "identity:list_grants"},
		{"HEAD", one, check, adminOf, "identity:check_grant"},
		{"GET", one, check, adminOf, "identity:check_grant"},
		{"PUT", one, at(func(c *call, a assignment) (reply, error) {
			if !slices.Contains(c.cloud.id.assignments, a) {
				c.cloud.id.assignments = append(c.cloud.id.assignments, a)
			}
			return noContent()
		}), adminOf, "identity:create_grant"},
		{"DELETE", one, at(func(c *call, a assignment) (reply, error) {
			if !slices.Contains(c.cloud.id.assignments, a) {
				return reply{}, fail(404, "NotFound", "Could not find role assignment with role: %s.", a.role)
			}
			c.cloud.id.unassign(func(b assignment) bool { return a == b })
			return noContent()
		}), adminOf, "identity:revoke_grant"},
	}
}

// grantOf reads the assignment that a path names and checks that its parts exist.
func (c *call) grantOf(inherited bool) (assignment, *apiError) {
	a := assignment{user: c.vars["user"], group: c.vars["group"], project: c.vars["project"], domain: c.vars["domain"],
		role: c.vars["role"], inherited: inherited}
	a.system = a.project == "" && a.domain == ""
	for _, part := range [][3]string{{"users", "user", a.user}, {"groups", "group", a.group}, {"projects", "project", a.project},
		{"domains", "domain", a.domain}, {"roles", "role", a.role}} {
		if part[2] != "" && c.cloud.id.table(part[0]).get(part[2]) == nil {
			return a, collection{single: part[1]}.missing(part[2])
		}
	}
	return a, nil
}

func listGrants(c *call, want assignment) (reply, error) {
	k := collection{plural: "roles", single: "role"}
	out := []any{}
	for _, a := range c.cloud.id.assignments {
		want.role = a.role
		if r := c.cloud.id.table("roles").get(a.role); a == want && r != nil {
			out = append(out, k.view(c, r))
		}
	}
	return ok(object{"roles": out, "links": c.listLinks()})
}

func listAssignments(c *call) (reply, error) {
	names := c.query.Has("include_names")
	id := c.cloud.id
	ref := func(kind, rid string) object {
		r := id.table(kind).get(rid)
		if !names || r == nil {
			return object{"id": rid}
		}
		return id.ref(r)
	}
	out := []any{}
	for _, a := range id.assignments {
		if !c.wanted("user.id", a.user) || !c.wanted("group.id", a.group) || !c.wanted("role.id", a.role) ||
			!c.wanted("scope.project.id", a.project) || !c.wanted("scope.domain.id", a.domain) || c.query.Has("scope.system") && !a.system {
			continue
		}
		scope, target := object{}, "/system"
		switch {
		case a.project != "":
			scope["project"], target = ref("projects", a.project), "projects/"+a.project
		case a.domain != "":
			scope["domain"], target = ref("domains", a.domain), "domains/"+a.domain
		default:
			scope["system"] = object{"all": true}
		}
		if a.inherited {
			scope["OS-INHERIT:inherited_to"] = "projects"
		}
		entry := object{"role": ref("roles", a.role), "scope": scope}
		actor := "users/" + a.user
		if a.user != "" {
			entry["user"] = ref("users", a.user)
		} else {
			entry["group"], actor = ref("groups", a.group), "groups/"+a.group
		}
		entry["links"] = object{"assignment": c.url(target, actor, "roles", a.role)}
		out = append(out, entry)
	}
	return ok(object{"role_assignments": out, "links": c.listLinks()})
}

// wanted reports whether a query parameter is absent or has this value.
func (c *call) wanted(key, value string) bool {
	v, has := c.query[key]
	return !has || v[0] == value
}

// userRoutes are what belongs to users: membership, passwords, application credentials.
func userRoutes() []route {
	const creds = "/users/{user}/application_credentials"
	member := func(f func(c *call, key [2]string) (reply, error)) handler {
		return func(c *call) (reply, error) {
			if c.cloud.id.table("groups").get(c.vars["group"]) == nil {
				return reply{}, collection{single: "group"}.missing(c.vars["group"])
			}
			if c.cloud.id.table("users").get(c.vars["user"]) == nil {
				return reply{}, collection{single: "user"}.missing(c.vars["user"])
			}
			return f(c, [2]string{c.vars["group"], c.vars["user"]})
		}
	}
	check := member(func(c *call, key [2]string) (reply, error) {
		if !c.cloud.id.membership[key] {
			return reply{}, fail(404, "NotFound", "User '%s' not found in group '%s'.", key[1], key[0])
		}
		return noContent()
	})
	return []route{
		{"GET", "/users/{user}/projects", func(c *call) (reply, error) { return c.myProjects(c.vars["user"]) }, holder, ""},
		{"GET", "/users/{user}/groups", listMembership("groups", "group", 0), holder, ""},
		{"GET", "/groups/{group}/users", listMembership("users", "user", 1), adminOf, "identity:list_users_in_group"},
		{"POST", "/users/{user}/password", changePassword, anyone, ""},
		{"PUT", "/groups/{group}/users/{user}", member(func(c *call, key [2]string) (reply, error) {
			c.cloud.id.membership[key] = true
			return noContent()
		}), adminOf, "identity:add_user_to_group"},
		{"HEAD", "/groups/{group}/users/{user}", check, adminOf, "identity:check_user_in_group"},
		{"DELETE", "/groups/{group}/users/{user}", member(func(c *call, key [2]string) (reply, error) {
			delete(c.cloud.id.membership, key)
			return noContent()
		}), adminOf, "identity:remove_user_from_group"},
		{"GET", creds, listAppCreds, holder, ""},
		{"POST", creds, createAppCred, holder, ""},
		{"GET", creds + "/{id}", appCredRoute(func(c *call, r *record) (reply, error) {
			return ok(object{"application_credential": appCredView(c, r)})
		}), holder, ""},
		{"DELETE", creds + "/{id}", appCredRoute(func(c *call, r *record) (reply, error) {
			c.cloud.id.table("application_credentials").remove(r.id)
			c.cloud.id.revokeTokens(func(t *token) bool { return t.appCred == r })
			return noContent()
		}), holder, ""},
	}
}

func listMembership(plural, single string, side int) handler {
	k := collection{plural: plural, single: single}
	return func(c *call) (reply, error) {
		if side == 0 && c.vars["user"] != c.token.userID() && !c.admin() {
			return reply{}, c.denied("identity:list_groups_for_user")
		}
		out := []any{}
		for _, r := range c.cloud.id.table(plural).order {
			key := [2]string{r.id, c.vars["user"]}
			if side == 1 {
				key = [2]string{c.vars["group"], r.id}
			}
			if c.cloud.id.membership[key] {
				out = append(out, k.view(c, r))
			}
		}
		return ok(object{plural: out, "links": c.listLinks()})
	}
}

func changePassword(c *call) (reply, error) {
	user := c.cloud.id.table("users").get(c.vars["user"])
	in, err := c.in("user")
	if err != nil {
		return reply{}, err
	}
	if user == nil {
		return reply{}, notAuthenticated()
	}
	data := user.ext.(*userData)
	if data.password != str(in, "original_password") {
		return reply{}, notAuthenticated()
	}
	data.password = str(in, "password")
	c.cloud.id.revokeTokens(func(t *token) bool { return t.user == user })
	return noContent()
}

func appCredView(c *call, r *record) object {
	out := cloneObject(r.f)
	out["links"] = object{"self": c.url("users", str(r.f, "user_id"), "application_credentials", r.id)}
	return out
}

func appCredRoute(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.cloud.id.table("application_credentials").get(c.vars["id"])
		if r == nil || str(r.f, "user_id") != c.vars["user"] || c.vars["user"] != c.token.userID() && !c.admin() {
			return reply{}, fail(404, "NotFound", "Could not find Application Credential: %s.", c.vars["id"])
		}
		return f(c, r)
	}
}

func listAppCreds(c *call) (reply, error) {
	if c.vars["user"] != c.token.userID() && !c.admin() {
		return reply{}, c.denied("identity:list_application_credentials")
	}
	out := []any{}
	for _, r := range c.cloud.id.table("application_credentials").order {
		if str(r.f, "user_id") == c.vars["user"] && c.wanted("name", r.name()) {
			out = append(out, appCredView(c, r))
		}
	}
	return ok(object{"application_credentials": out, "links": c.listLinks()})
}

func createAppCred(c *call) (reply, error) {
	if c.vars["user"] != c.token.userID() || c.token.project == nil ||
		c.token.appCred != nil && c.token.appCred.f["unrestricted"] != true {
		return reply{}, c.denied("identity:create_application_credential")
	}
	in, err := c.in("application_credential")
	if err != nil {
		return reply{}, err
	}
	if str(in, "name") == "" {
		return reply{}, badRequest("'name' is a required property")
	}
	secret := str(in, "secret")
	if secret == "" {
		secret = newSecret(32)
	}
	r := c.cloud.id.newAppCred(c.vars["user"], c.project(), secret, c.now, in, c.token.roles)
	out := appCredView(c, r)
	out["secret"] = secret
	return created(object{"application_credential": out})
}
