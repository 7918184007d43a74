package sandbox_test

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

// start runs a sandbox for the length of a test.
func start(t testing.TB, opts sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// login authenticates with gophercloud as a user in the project of its name.
func login(t testing.TB, s *sandbox.Sandbox, cloud, user string) *gophercloud.ProviderClient {
	t.Helper()
	p, err := openstack.AuthenticatedClient(t.Context(), gophercloud.AuthOptions{
		IdentityEndpoint: s.AuthURL(cloud), Username: user, Password: s.Password(cloud), DomainName: "Default",
		TenantName: user, AllowReauth: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLogin(t *testing.T) {
	s := start(t, sandbox.Options{})
	for _, cloud := range s.Clouds() {
		p := login(t, s, cloud, "demo")
		for _, region := range s.Regions(cloud) {
			if _, err := openstack.NewComputeV2(p, gophercloud.EndpointOpts{Region: region}); err != nil {
				t.Errorf("%s %s: %v", cloud, region, err)
			}
		}
		if n := s.Count(sandbox.RequestKey{Cloud: cloud, Service: "identity", Method: "POST", Route: "/auth/tokens"}); n != 1 {
			t.Errorf("%d token requests to %s", n, cloud)
		}
	}
}
