package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"time"
)

// token is an issued token with the scope that it was issued for.
type token struct {
	id              string
	methods         []string
	audit           string
	issued, expires time.Time
	user            *record
	project, domain *record // at most one of them
	system          bool
	roles           []*record
	appCred         *record
	trust           *record
}

func (t *token) projectID() string {
	if t == nil || t.project == nil {
		return ""
	}
	return t.project.id
}

func (t *token) userID() string {
	if t == nil {
		return ""
	}
	return t.user.id
}

func (t *token) hasRole(name string) bool {
	return t != nil && slices.ContainsFunc(t.roles, func(r *record) bool { return r.name() == name })
}

// validate returns the token if it is worth something, nil otherwise.
func (c *cloud) validate(id string, now time.Time) *token {
	if id == "" {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id.valid(id, now)
}

func (id *identity) valid(tid string, now time.Time) *token {
	t := id.tokens[tid]
	if t == nil {
		return nil
	}
	if !now.Before(t.expires) || t.user.f["enabled"] == false || t.project != nil && t.project.f["enabled"] == false {
		delete(id.tokens, tid)
		return nil
	}
	return t
}

// ExpireTokens makes all tokens of a cloud worthless, of all clouds for "".
func (s *Sandbox) ExpireTokens(cloud string) {
	for _, c := range s.order {
		if cloud != "" && cloud != c.name {
			continue
		}
		c.mu.Lock()
		c.id.tokens = make(map[string]*token)
		c.mu.Unlock()
	}
}

// SetTokenLifetime changes how long tokens issued from now on are valid.
func (s *Sandbox) SetTokenLifetime(cloud string, d time.Duration) {
	if c := s.clouds[cloud]; c != nil {
		c.mu.Lock()
		c.opts.TokenLifetime = d
		c.mu.Unlock()
	}
}

func notAuthenticated() *apiError {
	return fail(401, "Unauthorized", "The request you have made requires authentication.")
}

// issueToken is POST /v3/auth/tokens.
func issueToken(c *call) (reply, error) {
	auth, err := c.in("auth")
	if err != nil {
		return reply{}, badRequest("'auth' is a required property")
	}
	ident := sub(auth, "identity")
	if ident == nil {
		return reply{}, badRequest("'identity' is a required property")
	}
	id := c.cloud.id
	t := &token{issued: c.now, expires: c.now.Add(c.cloud.opts.TokenLifetime), audit: randomID(16)}
	for _, m := range list(ident, "methods") {
		method, _ := m.(string)
		if err := id.authenticate(t, method, sub(ident, method), c.now); err != nil {
			return reply{}, err
		}
		if !slices.Contains(t.methods, method) {
			t.methods = append([]string{method}, t.methods...)
		}
	}
	if t.user == nil || t.user.f["enabled"] == false {
		return reply{}, notAuthenticated()
	}
	if e := id.setScope(t, auth["scope"], c.now); e != nil {
		return reply{}, e
	}
	t.id = "gAAAAA" + randomID(132)
	if len(id.tokens) > 4096 {
		for k, old := range id.tokens {
			if !c.now.Before(old.expires) {
				delete(id.tokens, k)
			}
		}
	}
	id.tokens[t.id] = t
	return reply{status: http.StatusCreated, body: id.tokenBody(t, !c.query.Has("nocatalog")),
		header: map[string]string{"X-Subject-Token": t.id}}, nil
}

func randomID(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// authenticate fills in who the token is for.
func (id *identity) authenticate(t *token, method string, data object, now time.Time) error {
	switch method {
	case "password":
		user := id.lookup("users", sub(data, "user"))
		if user == nil {
			return notAuthenticated()
		}
		if u, is := user.ext.(*userData); !is || u.password == "" || u.password != str(sub(data, "user"), "password") {
			return notAuthenticated()
		}
		t.user = user
	case "token":
		old := id.valid(str(data, "id"), now)
		if old == nil {
			return notAuthenticated()
		}
		t.user, t.methods, t.expires, t.appCred = old.user, slices.Clone(old.methods), old.expires, old.appCred
	case "application_credential":
		rec := id.findAppCred(data)
		if rec == nil || rec.ext.(*appCredData).secret != str(data, "secret") {
			return notAuthenticated()
		}
		if until, err := time.Parse("2006-01-02T15:04:05.000000", str(rec.f, "expires_at")); err == nil && !now.Before(until) {
			return notAuthenticated()
		}
		t.user, t.appCred = id.table("users").get(rec.ext.(*appCredData).user), rec
	default:
		return notAuthenticated()
	}
	return nil
}

// findAppCred finds an application credential by id, or by name and user.
func (id *identity) findAppCred(data object) *record {
	if rid := str(data, "id"); rid != "" {
		return id.table("application_credentials").get(rid)
	}
	user := id.lookup("users", sub(data, "user"))
	if user == nil {
		return nil
	}
	for _, r := range id.table("application_credentials").order {
		if r.name() == str(data, "name") && r.ext.(*appCredData).user == user.id {
			return r
		}
	}
	return nil
}

// lookup finds a user, project or domain by id, or by name and domain.
func (id *identity) lookup(collection string, ref object) *record {
	if rid := str(ref, "id"); rid != "" {
		return id.table(collection).get(rid)
	}
	if str(ref, "name") == "" {
		return nil
	}
	if collection == "domains" {
		return id.find("domains", "", str(ref, "name"))
	}
	domain := id.lookup("domains", sub(ref, "domain"))
	if domain == nil {
		return nil
	}
	return id.find(collection, domain.id, str(ref, "name"))
}

// setScope scopes a token to what was asked for.
func (id *identity) setScope(t *token, scope any, now time.Time) *apiError {
	if t.appCred != nil {
		data := t.appCred.ext.(*appCredData)
		t.project, t.roles = id.table("projects").get(data.project), data.roles
		return nil
	}
	want, _ := scope.(map[string]any)
	switch {
	case scope == "unscoped":
		return nil
	case want == nil:
		if p := str(t.user.f, "default_project_id"); p != "" {
			t.project = id.table("projects").get(p)
		}
		if t.project == nil {
			return nil
		}
	case want["project"] != nil:
		t.project = id.lookup("projects", sub(want, "project"))
		if t.project == nil || t.project.f["enabled"] == false {
			return notAuthenticated()
		}
	case want["domain"] != nil:
		if t.domain = id.lookup("domains", sub(want, "domain")); t.domain == nil {
			return notAuthenticated()
		}
	case want["OS-TRUST:trust"] != nil:
		return id.byTrust(t, str(sub(want, "OS-TRUST:trust"), "id"), now)
	case want["system"] != nil:
		t.system = true
	default:
		return badRequest("Expecting to find a known scope in scope.")
	}
	t.roles = id.rolesOf(t.user.id, t.projectID(), t.domain, t.system)
	if len(t.roles) == 0 {
		return notAuthenticated()
	}
	return nil
}

// rolesOf collects the roles that a user has somewhere, by groups too.
func (id *identity) rolesOf(user, project string, domain *record, system bool) []*record {
	var out []*record
	for _, a := range id.assignments {
		if a.user != user && (a.group == "" || !id.membership[[2]string{a.group, user}]) {
			continue
		}
		if a.inherited || a.system != system || a.project != project || a.domain != "" != (domain != nil) ||
			domain != nil && a.domain != domain.id {
			continue
		}
		if r := id.table("roles").get(a.role); r != nil && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

func (id *identity) ref(r *record) object {
	out := object{"id": r.id, "name": r.name()}
	if d := id.table("domains").get(str(r.f, "domain_id")); d != nil {
		out["domain"] = object{"id": d.id, "name": d.name()}
	}
	return out
}

func (id *identity) tokenBody(t *token, withCatalog bool) object {
	user := id.ref(t.user)
	user["password_expires_at"] = nil
	body := object{"methods": t.methods, "user": user, "audit_ids": []string{t.audit},
		"expires_at": micro(t.expires) + "Z", "issued_at": micro(t.issued) + "Z"}
	if t.project != nil {
		body["project"], body["is_domain"] = id.ref(t.project), false
	}
	if t.domain != nil {
		body["domain"] = object{"id": t.domain.id, "name": t.domain.name()}
	}
	if t.system {
		body["system"] = object{"all": true}
	}
	if t.appCred != nil {
		body["application_credential"] = object{"id": t.appCred.id, "name": t.appCred.name(), "restricted": t.appCred.f["unrestricted"] != true}
	}
	if t.trust != nil {
		body["OS-TRUST:trust"] = object{"id": t.trust.id, "impersonation": t.trust.f["impersonation"],
			"trustor_user": object{"id": t.trust.f["trustor_user_id"]}, "trustee_user": object{"id": t.trust.f["trustee_user_id"]}}
	}
	if len(t.roles) > 0 {
		roles := []any{}
		for _, r := range t.roles {
			roles = append(roles, object{"id": r.id, "name": r.name()})
		}
		body["roles"] = roles
		if withCatalog {
			body["catalog"] = id.catalog(t.projectID())
		}
	}
	return object{"token": body}
}

// subject returns the token that a request is about.
func (c *call) subject() (*token, *apiError) {
	sid := c.req.Header.Get("X-Subject-Token")
	t := c.cloud.id.valid(sid, c.now)
	if t == nil {
		return nil, fail(404, "NotFound", "Could not recognize Fernet token")
	}
	if t.user != c.token.user && !c.admin() {
		return nil, c.denied("identity:validate_token")
	}
	return t, nil
}

func showToken(c *call) (reply, error) {
	t, e := c.subject()
	if e != nil {
		return reply{}, e
	}
	return reply{status: http.StatusOK, body: c.cloud.id.tokenBody(t, !c.query.Has("nocatalog")),
		header: map[string]string{"X-Subject-Token": t.id}}, nil
}

func revokeToken(c *call) (reply, error) {
	t, e := c.subject()
	if e != nil {
		return reply{}, e
	}
	delete(c.cloud.id.tokens, t.id)
	return noContent()
}

// revokeTokens ends the tokens of a user or in a project.
func (id *identity) revokeTokens(hits func(*token) bool) {
	for k, t := range id.tokens {
		if hits(t) {
			delete(id.tokens, k)
		}
	}
}
