package openstack

import "github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

// defaultDomain is the domain that OpenStack's clients assume for a user or
// project that is named without one.
const defaultDomain = "default"

// authBody is the body of POST /v3/auth/tokens for these credentials, as
// gophercloud writes it. Gophercloud refuses what is named twice (a user by id
// and name, a domain of a user who has an id), so it is given one name of each:
// the id where there is one.
func authBody(c *Credentials) (map[string]any, error) {
	opts := tokens.AuthOptions{Scope: c.scope()}
	switch c.Kind() {
	case "token":
		opts.TokenID = c.Token
	case "application_credential":
		opts.ApplicationCredentialID = c.ApplicationCredentialID
		opts.ApplicationCredentialName = c.ApplicationCredentialName
		opts.ApplicationCredentialSecret = c.ApplicationCredentialSecret
		opts.Scope = tokens.Scope{} // it has its own, and Keystone refuses another
		c.nameUser(&opts)
	default:
		opts.Password = c.Password
		c.nameUser(&opts)
	}
	scope, err := opts.ToTokenV3ScopeMap()
	if err != nil {
		return nil, invalid("credentials: %v", err)
	}
	body, err := opts.ToTokenV3CreateMap(scope)
	if err != nil {
		return nil, invalid("credentials: %v", err)
	}
	return body, nil
}

// nameUser names the user by id, or by name and domain.
func (c *Credentials) nameUser(opts *tokens.AuthOptions) {
	if c.UserID != "" {
		opts.UserID = c.UserID
		return
	}
	opts.Username = c.Username
	opts.DomainID, opts.DomainName = c.domain(c.UserDomainID, c.UserDomainName)
}

// domain is a user's or project's own domain, else that of the credentials, else
// the default one: its id, or its name where no id is known.
func (c *Credentials) domain(ownID, ownName string) (id, name string) {
	if ownID == "" && ownName == "" {
		ownID, ownName = c.DomainID, c.DomainName
	}
	switch {
	case ownID != "":
		return ownID, ""
	case ownName != "":
		return "", ownName
	default:
		return defaultDomain, ""
	}
}

// scope is what the token is asked for: the first of trust, system, project and
// domain that is given, the zero Scope for an unscoped token.
func (c *Credentials) scope() tokens.Scope {
	switch {
	case c.TrustID != "":
		return tokens.Scope{TrustID: c.TrustID}
	case c.SystemScope != "":
		return tokens.Scope{System: true}
	case c.ProjectID != "":
		return tokens.Scope{ProjectID: c.ProjectID}
	case c.ProjectName != "":
		id, name := c.domain(c.ProjectDomainID, c.ProjectDomainName)
		return tokens.Scope{ProjectName: c.ProjectName, DomainID: id, DomainName: name}
	case c.DomainID != "":
		return tokens.Scope{DomainID: c.DomainID}
	default:
		return tokens.Scope{DomainName: c.DomainName}
	}
}

// hasScope reports whether any scope is named.
func (c *Credentials) hasScope() bool { return c.scope() != tokens.Scope{} }

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
