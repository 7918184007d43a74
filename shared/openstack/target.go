package openstack

import (
	"context"
	"fmt"
	"io"
	"log/slog"
)

// Request says where a call goes and as whom. Its zero value means the default
// cloud of the configuration.
type Request struct {
	// Cloud is the name of a configured cloud.
	Cloud string
	// AuthURL is a Keystone's URL, with or without /v3. Beside Cloud it must
	// be that cloud's own.
	AuthURL string
	// Region is exact and case-sensitive; empty leaves it to the rules of
	// [Session.Service].
	Region string
	// Interface is public, internal or admin (publicURL and so on also do);
	// empty means the cloud's, and then public.
	Interface string
	// Credentials may be empty: then the cloud's own are used.
	Credentials Credentials
	// Trusted says that AuthURL comes from the operator's own configuration
	// (a flag of the command line, a setting), not from an event or a request.
	// Such a URL is allowed and its host opened.
	Trusted bool
}

// String names the target and never shows a secret.
func (r Request) String() string {
	return fmt.Sprintf("target{cloud=%s auth_url=%s region=%s interface=%s %s}",
		r.Cloud, scrubURL(r.AuthURL), r.Region, r.Interface, r.Credentials)
}

// GoString is [Request.String].
func (r Request) GoString() string { return r.String() }

// Format prints [Request.String] for every verb.
func (r Request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue is what slog shows.
func (r Request) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Target says by names where a call went. It holds no secret and its JSON form
// is what an expression sees as `$.openstack`.
type Target struct {
	Cloud       string `json:"cloud,omitempty"`
	AuthURL     string `json:"auth_url"` // normalised, ends in /v3
	Region      string `json:"region_name"`
	Interface   string `json:"interface"`
	ProjectID   string `json:"project_id"`
	ProjectName string `json:"project_name"`
	UserID      string `json:"user_id"`
	UserName    string `json:"user_name"`
}

// CredentialSource resolves the references that stand in place of credentials.
type CredentialSource interface {
	// Resolve returns what ref stands for. An error of it is given to the
	// caller as it is, so it must not hold a secret.
	Resolve(ctx context.Context, ref string) (Resolved, error)
}

// Resolved is what a reference stands for.
type Resolved struct {
	// Credentials of any kind but ref.
	Credentials Credentials
	// AuthURL is where they are valid; empty means the request's or the
	// default cloud's. Credentials never go to another URL than this one.
	AuthURL string
	// Region and Interface are defaults for requests that name none.
	Region, Interface string
	// CACert holds PEM certificates to trust besides the system's.
	CACert string
	// Insecure accepts any certificate.
	Insecure bool
	// Trusted says that the operator, and not a user, put AuthURL there.
	Trusted bool
}
