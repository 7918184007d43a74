package sandbox

import (
	"net/http"
	"slices"
	"time"
)

// trustRoutes are trusts, and which endpoints belong to which projects.
func trustRoutes() []route {
	const trusts, filter = "/OS-TRUST/trusts", "/OS-EP-FILTER/projects/{project}/endpoints"
	return []route{
		{http.MethodGet, trusts, listTrusts, holder, ""},
		{http.MethodPost, trusts, createTrust, holder, ""},
		{http.MethodGet, trusts + "/{id}", oneTrust, holder, ""},
		{http.MethodDelete, trusts + "/{id}", oneTrust, holder, ""},
		{http.MethodGet, trusts + "/{id}/roles", trustRoles, holder, ""},
		{http.MethodGet, filter, listFiltered(0), adminOf, "identity:list_endpoints_for_project"},
		{http.MethodGet, "/OS-EP-FILTER/endpoints/{endpoint}/projects", listFiltered(1), adminOf, "identity:list_projects_for_endpoint"},
		{http.MethodGet, filter + "/{endpoint}", oneFiltered, adminOf, "identity:check_endpoint_in_project"},
		{http.MethodHead, filter + "/{endpoint}", oneFiltered, adminOf, "identity:check_endpoint_in_project"},
		{http.MethodPut, filter + "/{endpoint}", oneFiltered, adminOf, "identity:add_endpoint_to_project"},
		{http.MethodDelete, filter + "/{endpoint}", oneFiltered, adminOf, "identity:remove_endpoint_from_project"},
	}
}

// trustView is a trust; lists leave the roles out.
func (c *call) trustView(r *record, detail bool) object {
	out := cloneObject(r.f)
	out["links"] = object{"self": c.url("OS-TRUST", "trusts", r.id)}
	if !detail {
		delete(out, "roles")
		return out
	}
	out["roles_links"] = object{"next": nil, "previous": nil, "self": c.url("OS-TRUST", "trusts", r.id, "roles")}
	return out
}

func listTrusts(c *call) (reply, error) {
	out := []any{}
	for _, r := range c.cloud.id.table("trusts").order {
		mine := r.f["trustor_user_id"] == c.token.userID() || r.f["trustee_user_id"] == c.token.userID()
		if (mine || c.admin()) && c.wanted("trustor_user_id", str(r.f, "trustor_user_id")) && c.wanted("trustee_user_id", str(r.f, "trustee_user_id")) {
			out = append(out, c.trustView(r, false))
		}
	}
	return ok(object{"trusts": out, "links": c.listLinks()})
}

func createTrust(c *call) (reply, error) {
	in, err := c.in("trust")
	if err != nil {
		return reply{}, err
	}
	id := c.cloud.id
	if c.token.appCred != nil || str(in, "trustor_user_id") != c.token.userID() {
		return reply{}, c.denied("identity:create_trust")
	}
	if id.table("users").get(str(in, "trustee_user_id")) == nil {
		return reply{}, collection{single: "user"}.missing(str(in, "trustee_user_id"))
	}
	if _, is := in["impersonation"].(bool); !is {
		return reply{}, badRequest("'impersonation' is a required property")
	}
	roles := []any{}
	for _, want := range list(in, "roles") {
		ref, _ := want.(map[string]any)
		i := slices.IndexFunc(c.token.roles, func(r *record) bool { return r.id == str(ref, "id") || r.name() == str(ref, "name") })
		if i < 0 || str(in, "project_id") != c.project() {
			return reply{}, forbidden("Some of requested roles are not in redelegated trust")
		}
		role := c.token.roles[i]
		roles = append(roles, object{"id": role.id, "name": role.name(), "domain_id": nil, "description": nil, "options": object{}, "links": object{"self": c.url("roles", role.id)}})
	}
	r := id.put("trusts", newHex(), c.now, object{"trustor_user_id": in["trustor_user_id"], "trustee_user_id": in["trustee_user_id"],
		"project_id": orNull(str(in, "project_id")), "impersonation": in["impersonation"], "expires_at": or(in["expires_at"], nil),
		"remaining_uses": or(in["remaining_uses"], nil), "deleted_at": nil, "redelegation_count": 0, "roles": roles})
	return created(object{"trust": c.trustView(r, true)})
}

func (c *call) trust() (*record, *apiError) {
	r := c.cloud.id.table("trusts").get(c.vars["id"])
	if r == nil || r.f["trustor_user_id"] != c.token.userID() && r.f["trustee_user_id"] != c.token.userID() && !c.admin() {
		return nil, collection{single: "trust"}.missing(c.vars["id"])
	}
	return r, nil
}

func oneTrust(c *call) (reply, error) {
	r, e := c.trust()
	if e != nil {
		return reply{}, e
	}
	if c.req.Method != http.MethodDelete {
		return ok(object{"trust": c.trustView(r, true)})
	}
	if r.f["trustor_user_id"] != c.token.userID() && !c.admin() {
		return reply{}, c.denied("identity:delete_trust")
	}
	c.cloud.id.table("trusts").remove(r.id)
	c.cloud.id.revokeTokens(func(t *token) bool { return t.trust == r })
	return noContent()
}

func trustRoles(c *call) (reply, error) {
	r, e := c.trust()
	if e != nil {
		return reply{}, e
	}
	return ok(object{"roles": r.f["roles"], "links": c.listLinks()})
}

// byTrust scopes a token by a trust to its project and, with impersonation, to
// the user who trusts.
func (id *identity) byTrust(t *token, ref string, now time.Time) *apiError {
	r := id.table("trusts").get(ref)
	if r == nil || r.f["trustee_user_id"] != t.user.id {
		return forbidden("You are not authorized to perform the requested action.")
	}
	if until, err := time.Parse("2006-01-02T15:04:05.000000Z", str(r.f, "expires_at")); err == nil && !now.Before(until) {
		return notAuthenticated()
	}
	t.trust, t.project = r, id.table("projects").get(str(r.f, "project_id"))
	if r.f["impersonation"] == true {
		t.user = id.table("users").get(str(r.f, "trustor_user_id"))
	}
	for _, ref := range list(r.f, "roles") {
		if role := id.table("roles").get(str(ref.(map[string]any), "id")); role != nil {
			t.roles = append(t.roles, role)
		}
	}
	if t.user == nil || len(t.roles) == 0 {
		return forbidden("Trust has no roles.")
	}
	return nil
}

// Endpoint filters only say what was associated: catalogs stay whole.

func listFiltered(side int) handler {
	kinds := [2]collection{{plural: "endpoints", single: "endpoint"}, {plural: "projects", single: "project"}}
	return func(c *call) (reply, error) {
		out := []any{}
		for _, r := range c.cloud.id.table(kinds[side].plural).order {
			key := [2]string{c.vars["project"], r.id}
			if side == 1 {
				key = [2]string{r.id, c.vars["endpoint"]}
			}
			if c.cloud.id.filter[key] {
				out = append(out, kinds[side].view(c, r))
			}
		}
		return ok(object{kinds[side].plural: out, "links": c.listLinks()})
	}
}

func oneFiltered(c *call) (reply, error) {
	key := [2]string{c.vars["project"], c.vars["endpoint"]}
	for _, part := range [][3]string{{"projects", "project", key[0]}, {"endpoints", "endpoint", key[1]}} {
		if c.cloud.id.table(part[0]).get(part[2]) == nil {
			return reply{}, collection{single: part[1]}.missing(part[2])
		}
	}
	if c.req.Method == http.MethodPut {
		c.cloud.id.filter[key] = true
		return noContent()
	}
	if !c.cloud.id.filter[key] {
		return reply{}, fail(404, "NotFound", "Endpoint %s not found in project %s.", key[1], key[0])
	}
	if c.req.Method == http.MethodDelete {
		delete(c.cloud.id.filter, key)
	}
	return noContent()
}
