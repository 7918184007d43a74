package sandbox_test

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/floatingips"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/layer3/routers"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/extensions/security/rules"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/networks"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/ports"
	"github.com/gophercloud/gophercloud/v2/openstack/networking/v2/subnets"
	"github.com/gophercloud/gophercloud/v2/pagination"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

func networkIn(t testing.TB, p *gophercloud.ProviderClient, region string) *gophercloud.ServiceClient {
	t.Helper()
	return must[*gophercloud.ServiceClient](t)(openstack.NewNetworkV2(p, gophercloud.EndpointOpts{Region: region}))
}

// TestFloatingIP builds what a server needs to be reached, and takes it down in
// the order that the references between the resources force.
func TestFloatingIP(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	p := login(t, s, "alpha", "demo")
	client, ctx := networkIn(t, p, "RegionOne"), t.Context()
	all := must[[]networks.Network](t)(networks.ExtractNetworks(must[pagination.Page](t)(networks.List(client, networks.ListOpts{Name: "public"}).AllPages(ctx))))
	if len(all) != 1 {
		t.Fatalf("public networks: %+v", all)
	}
	public := all[0].ID
	net := must[*networks.Network](t)(networks.Create(ctx, client, networks.CreateOpts{Name: "n"}).Extract())
	sub := must[*subnets.Subnet](t)(subnets.Create(ctx, client, subnets.CreateOpts{NetworkID: net.ID, CIDR: "192.0.2.0/29", IPVersion: gophercloud.IPv4}).Extract())
	if sub.GatewayIP != "192.0.2.1" || sub.AllocationPools[0] != (subnets.AllocationPool{Start: "192.0.2.2", End: "192.0.2.6"}) {
		t.Errorf("subnet %+v", sub)
	}
	router := must[*routers.Router](t)(routers.Create(ctx, client, routers.CreateOpts{Name: "r", GatewayInfo: &routers.GatewayInfo{NetworkID: public}}).Extract())
	must[*routers.InterfaceInfo](t)(routers.AddInterface(ctx, client, router.ID, routers.AddInterfaceOpts{SubnetID: sub.ID}).Extract())
	made := must[*servers.Server](t)(servers.Create(ctx, computeIn(t, p, "RegionOne"), servers.CreateOpts{Name: "a", FlavorRef: "1",
		ImageRef: imageIn(t, p, "RegionOne"), Networks: []servers.Network{{UUID: net.ID}}}, nil).Extract())
	list := must[[]ports.Port](t)(ports.ExtractPorts(must[pagination.Page](t)(ports.List(client, ports.ListOpts{DeviceID: made.ID}).AllPages(ctx))))
	if len(list) != 1 || list[0].FixedIPs[0].IPAddress != "192.0.2.2" || len(list[0].SecurityGroups) != 1 {
		t.Fatalf("ports of the server: %+v", list)
	}
	fip := must[*floatingips.FloatingIP](t)(floatingips.Create(ctx, client, floatingips.CreateOpts{FloatingNetworkID: public, PortID: list[0].ID}).Extract())
	if fip.Status != "ACTIVE" || fip.FixedIP != "192.0.2.2" || fip.RouterID != router.ID {
		t.Errorf("floating ip %+v", fip)
	}
	conflicts := map[string]error{
		"network": networks.Delete(ctx, client, net.ID).ExtractErr(),
		"subnet":  subnets.Delete(ctx, client, sub.ID).ExtractErr(),
		"router":  routers.Delete(ctx, client, router.ID).ExtractErr(),
	}
	for what, err := range conflicts {
		if !gophercloud.ResponseCodeIs(err, 409) {
			t.Errorf("deleting a %s in use: %v", what, err)
		}
	}
	steps := []error{
		servers.Delete(ctx, computeIn(t, p, "RegionOne"), made.ID).ExtractErr(),
		floatingips.Delete(ctx, client, fip.ID).ExtractErr(),
		func() error {
			_, err := routers.RemoveInterface(ctx, client, router.ID, routers.RemoveInterfaceOpts{SubnetID: sub.ID}).Extract()
			return err
		}(),
		routers.Delete(ctx, client, router.ID).ExtractErr(),
		subnets.Delete(ctx, client, sub.ID).ExtractErr(),
		networks.Delete(ctx, client, net.ID).ExtractErr(),
	}
	for i, err := range steps {
		if err != nil {
			t.Errorf("step %d of taking down: %v", i, err)
		}
	}
}

func TestAddressesRunOut(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	client, ctx := networkIn(t, login(t, s, "alpha", "demo"), "RegionOne"), t.Context()
	net := must[*networks.Network](t)(networks.Create(ctx, client, networks.CreateOpts{Name: "n"}).Extract())
	must[*subnets.Subnet](t)(subnets.Create(ctx, client, subnets.CreateOpts{NetworkID: net.ID, CIDR: "192.0.2.0/29", IPVersion: gophercloud.IPv4}).Extract())
	var made []string
	for range 5 {
		made = append(made, must[*ports.Port](t)(ports.Create(ctx, client, ports.CreateOpts{NetworkID: net.ID}).Extract()).ID)
	}
	if _, err := ports.Create(ctx, client, ports.CreateOpts{NetworkID: net.ID}).Extract(); !gophercloud.ResponseCodeIs(err, 409) {
		t.Errorf("a sixth port: %v", err)
	}
	if err := ports.Delete(ctx, client, made[2]).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	if p := must[*ports.Port](t)(ports.Create(ctx, client, ports.CreateOpts{NetworkID: net.ID}).Extract()); p.FixedIPs[0].IPAddress != "192.0.2.4" {
		t.Errorf("the released address is not given out again: %v", p.FixedIPs)
	}
}

func TestSecurityGroups(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	client, ctx := networkIn(t, login(t, s, "alpha", "demo"), "RegionOne"), t.Context()
	g := must[*groups.SecGroup](t)(groups.Create(ctx, client, groups.CreateOpts{Name: "g"}).Extract())
	if len(g.Rules) != 2 {
		t.Errorf("a new group has %d rules", len(g.Rules))
	}
	rule := rules.CreateOpts{SecGroupID: g.ID, Direction: rules.DirIngress, EtherType: rules.EtherType4, Protocol: rules.ProtocolTCP, PortRangeMin: 22, PortRangeMax: 22}
	must[*rules.SecGroupRule](t)(rules.Create(ctx, client, rule).Extract())
	if _, err := rules.Create(ctx, client, rule).Extract(); !gophercloud.ResponseCodeIs(err, 409) {
		t.Errorf("the same rule again: %v", err)
	}
	if g = must[*groups.SecGroup](t)(groups.Get(ctx, client, g.ID).Extract()); len(g.Rules) != 3 {
		t.Errorf("the group has %d rules", len(g.Rules))
	}
	listed := must[[]groups.SecGroup](t)(groups.ExtractGroups(must[pagination.Page](t)(groups.List(client, groups.ListOpts{}).AllPages(ctx))))
	if len(listed) != 2 {
		t.Errorf("groups besides the default: %+v", listed)
	}
	if err := groups.Delete(ctx, client, g.ID).ExtractErr(); err != nil {
		t.Error(err)
	}
}

func TestNetworkPages(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	client, ctx := networkIn(t, login(t, s, "alpha", "demo"), "RegionOne"), t.Context()
	for range 5 {
		must[*networks.Network](t)(networks.Create(ctx, client, networks.CreateOpts{Name: "n"}).Extract())
	}
	n := 0
	err := networks.List(client, networks.ListOpts{Limit: 2, Name: "n"}).EachPage(ctx, func(_ ctx_, page pagination.Page) (bool, error) {
		got, err := networks.ExtractNetworks(page)
		n += len(got)
		return true, err
	})
	if err != nil || n != 5 {
		t.Errorf("%d networks in pages of 2: %v", n, err)
	}
}
