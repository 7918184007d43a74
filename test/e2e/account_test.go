package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

// account resolves every reference to the same credentials.
type account struct{ credentials openstack.Credentials }

var _ openstack.CredentialSource = account{}

// Resolve implements [openstack.CredentialSource].
func (a account) Resolve(context.Context, string) (openstack.Resolved, error) {
	return openstack.Resolved{Credentials: a.credentials}, nil
}

// issueToken gets a token of demo with nothing but HTTP.
func issueToken(t *testing.T, s *sandbox.Sandbox, cloud string) string {
	t.Helper()
	body := fmt.Sprintf(`{"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "demo", "domain": {"id": "default"},
		"password": %q}}}, "scope": {"project": {"name": "demo", "domain": {"id": "default"}}}}}`, s.Password(cloud))
	resp, err := http.Post(s.AuthURL(cloud)+"/auth/tokens", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("token: %s", resp.Status)
	}
	return resp.Header.Get("X-Subject-Token")
}
