package openstack

// defaultDomain is the domain that OpenStack's clients assume for a user or
// project that is named without one.
const defaultDomain = "default"

// authBody is the body of POST /v3/auth/tokens for these credentials.
func authBody(c *Credentials) map[string]any {
	var identity map[string]any
	scope := c.scope()
	switch c.Kind() {
	case "token":
		identity = method("token", map[string]any{"id": c.Token})
	case "application_credential":
		app := map[string]any{"secret": c.ApplicationCredentialSecret}
		if c.ApplicationCredentialID != "" {
			app["id"] = c.ApplicationCredentialID
		} else {
			app["name"] = c.ApplicationCredentialName
			app["user"] = c.user()
		}
		identity = method("application_credential", app)
		scope = nil // it has its own, and Keystone refuses another
	default:
		user := c.user()
		user["password"] = c.Password
		identity = method("password", map[string]any{"user": user})
	}
	auth := map[string]any{"identity": identity}
	if scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

func method(name string, data map[string]any) map[string]any {
	return map[string]any{"methods": []string{name}, name: data}
}

// user names the user by id, or by name and domain.
func (c *Credentials) user() map[string]any {
	if c.UserID != "" {
		return map[string]any{"id": c.UserID}
	}
	id, name := c.UserDomainID, c.UserDomainName
	if id == "" && name == "" {
		id, name = c.DomainID, c.DomainName
	}
	return map[string]any{"name": c.Username, "domain": domain(id, name)}
}

func domain(id, name string) map[string]any {
	switch {
	case id != "":
		return map[string]any{"id": id}
	case name != "":
		return map[string]any{"name": name}
	default:
		return map[string]any{"id": defaultDomain}
	}
}

// scope is what the token is asked for: the first of trust, system, project and
// domain that is given, nil for an unscoped token.
func (c *Credentials) scope() map[string]any {
	switch {
	case c.TrustID != "":
		return map[string]any{"OS-TRUST:trust": map[string]any{"id": c.TrustID}}
	case c.SystemScope != "":
		return map[string]any{"system": map[string]any{"all": true}}
	case c.ProjectID != "":
		return map[string]any{"project": map[string]any{"id": c.ProjectID}}
	case c.ProjectName != "":
		id, name := c.ProjectDomainID, c.ProjectDomainName
		if id == "" && name == "" {
			id, name = c.DomainID, c.DomainName
		}
		return map[string]any{"project": map[string]any{"name": c.ProjectName, "domain": domain(id, name)}}
	case c.DomainID != "" || c.DomainName != "":
		return map[string]any{"domain": domain(c.DomainID, c.DomainName)}
	default:
		return nil
	}
}

// hasScope reports whether any scope is named.
func (c *Credentials) hasScope() bool { return c.scope() != nil }

// withScope returns c with its scope replaced by that of s, if s has one.
func (c Credentials) withScope(s Credentials) Credentials {
	if !s.hasScope() {
		return c
	}
	if c.UserDomainID == "" && c.UserDomainName == "" {
		// The domain of the old scope was also the user's.
		c.UserDomainID, c.UserDomainName = c.DomainID, c.DomainName
	}
	c.ProjectID, c.ProjectName = s.ProjectID, s.ProjectName
	c.ProjectDomainID, c.ProjectDomainName = s.ProjectDomainID, s.ProjectDomainName
	c.DomainID, c.DomainName = s.DomainID, s.DomainName
	c.SystemScope, c.TrustID = s.SystemScope, s.TrustID
	return c
}

// secrets lists the values that no text may show.
func (c *Credentials) secrets() []string {
	var out []string
	for _, s := range []string{c.Token, c.Password, c.ApplicationCredentialSecret} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
