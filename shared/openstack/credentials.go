package openstack

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Credentials say who calls, in one of these forms:
//
//   - {"ref"}: a name under which a [CredentialSource] holds the rest
//   - {"cloud"}: the credentials of a configured cloud
//   - {"token"}, with "project_id" (or project_name and its domain) to scope it
//   - {"username", "password", ...} or {"user_id", "password", ...}
//   - {"application_credential_id", "application_credential_secret"}, or
//     application_credential_name with the user it belongs to
//
// A scope (project, domain, system or trust) may stand beside each but the
// application credential, which has its own. Beside cloud it replaces the
// cloud's scope.
//
// The JSON form holds the secrets, so that it can be sealed and stored. Every
// other way to print a value (fmt, slog) shows only names.
type Credentials struct {
	Ref   string `json:"ref,omitempty"`
	Cloud string `json:"cloud,omitempty"`

	Token string `json:"token,omitempty"`

	Username       string `json:"username,omitempty"`
	UserID         string `json:"user_id,omitempty"`
	Password       string `json:"password,omitempty"`
	UserDomainID   string `json:"user_domain_id,omitempty"`
	UserDomainName string `json:"user_domain_name,omitempty"`

	ApplicationCredentialID     string `json:"application_credential_id,omitempty"`
	ApplicationCredentialName   string `json:"application_credential_name,omitempty"`
	ApplicationCredentialSecret string `json:"application_credential_secret,omitempty"`

	ProjectID         string `json:"project_id,omitempty"`
	ProjectName       string `json:"project_name,omitempty"`
	ProjectDomainID   string `json:"project_domain_id,omitempty"`
	ProjectDomainName string `json:"project_domain_name,omitempty"`
	DomainID          string `json:"domain_id,omitempty"`
	DomainName        string `json:"domain_name,omitempty"`
	SystemScope       string `json:"system_scope,omitempty"` // "all"
	TrustID           string `json:"trust_id,omitempty"`
}

// Kind names the form: "ref", "cloud", "token", "application_credential",
// "password", or "" when no form is there (a bare scope counts as none).
func (c Credentials) Kind() string {
	switch {
	case c.Ref != "":
		return "ref"
	case c.Token != "":
		return "token"
	case c.ApplicationCredentialID != "" || c.ApplicationCredentialName != "" || c.ApplicationCredentialSecret != "":
		return "application_credential"
	case c.Password != "" || c.Username != "" || c.UserID != "":
		return "password"
	case c.Cloud != "":
		return "cloud"
	default:
		return ""
	}
}

// Empty reports whether nothing at all was given.
func (c Credentials) Empty() bool { return c == Credentials{} }

// Validate reports, as InvalidInput, credentials that mix forms or lack a part.
// The error names fields, never their values.
func (c Credentials) Validate() error {
	var forms []string
	add := func(on bool, name string) {
		if on {
			forms = append(forms, name)
		}
	}
	add(c.Ref != "", "ref")
	add(c.Cloud != "", "cloud")
	add(c.Token != "", "token")
	app := c.ApplicationCredentialID != "" || c.ApplicationCredentialName != "" || c.ApplicationCredentialSecret != ""
	add(app, "application credential")
	add(c.Password != "" || !app && (c.Username != "" || c.UserID != ""), "password")
	switch len(forms) {
	case 0:
		return invalid("credentials: none of ref, cloud, token, username and password, or an application credential is given")
	case 1:
	default:
		return invalid("credentials: %s are given together; give one", strings.Join(forms, " and "))
	}
	if err := c.validateParts(app); err != nil {
		return err
	}
	return c.validateScope()
}

func (c Credentials) validateParts(app bool) error {
	switch {
	case app && c.ApplicationCredentialSecret == "":
		return invalid("credentials: application_credential_secret is missing")
	case app && c.ApplicationCredentialID == "" && c.ApplicationCredentialName == "":
		return invalid("credentials: application_credential_id (or application_credential_name with its user) is missing")
	case app && c.ApplicationCredentialID == "" && c.UserID == "" && c.Username == "":
		return invalid("credentials: application_credential_name needs user_id, or username with its domain")
	case c.Kind() == "password" && c.Password == "":
		return invalid("credentials: password is missing")
	case c.Kind() == "password" && c.Username == "" && c.UserID == "":
		return invalid("credentials: username or user_id is missing")
	}
	return nil
}

func (c Credentials) validateScope() error {
	if c.SystemScope != "" && c.SystemScope != "all" {
		return invalid("credentials: system_scope %q does not exist; the only one is all", c.SystemScope)
	}
	return nil
}

// fields lists what may be shown, with a mark where a secret stands.
func (c Credentials) fields() []slog.Attr {
	attrs := []slog.Attr{slog.String("kind", c.Kind())}
	show := func(key, v string) {
		if v != "" {
			attrs = append(attrs, slog.String(key, v))
		}
	}
	hide := func(key, v string) {
		if v != "" {
			attrs = append(attrs, slog.String(key, hidden))
		}
	}
	show("ref", c.Ref)
	show("cloud", c.Cloud)
	hide("token", c.Token)
	show("username", c.Username)
	show("user_id", c.UserID)
	hide("password", c.Password)
	show("user_domain_id", c.UserDomainID)
	show("user_domain_name", c.UserDomainName)
	show("application_credential_id", c.ApplicationCredentialID)
	show("application_credential_name", c.ApplicationCredentialName)
	hide("application_credential_secret", c.ApplicationCredentialSecret)
	show("project_id", c.ProjectID)
	show("project_name", c.ProjectName)
	show("project_domain_id", c.ProjectDomainID)
	show("project_domain_name", c.ProjectDomainName)
	show("domain_id", c.DomainID)
	show("domain_name", c.DomainName)
	show("system_scope", c.SystemScope)
	show("trust_id", c.TrustID)
	return attrs
}

// hidden stands where a secret would.
const hidden = "***"

// String names what is there and marks the secrets: it never shows one.
func (c Credentials) String() string {
	parts := make([]string, 0, 8)
	for _, a := range c.fields() {
		parts = append(parts, a.Key+"="+a.Value.String())
	}
	return "credentials{" + strings.Join(parts, " ") + "}"
}

// GoString is [Credentials.String], so that %#v shows no secret either.
func (c Credentials) GoString() string { return c.String() }

// Format prints [Credentials.String] for every verb, %+v and %x included.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue is what slog shows.
func (c Credentials) LogValue() slog.Value { return slog.GroupValue(c.fields()...) }

var (
	_ fmt.Formatter  = Credentials{}
	_ slog.LogValuer = Credentials{}
	_ fmt.GoStringer = Credentials{}
	_ fmt.Stringer   = Credentials{}
)
