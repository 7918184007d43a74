package sandbox_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/blockstorage/v3/volumes"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/flavors"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/hypervisors"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/keypairs"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/servers"
	"github.com/gophercloud/gophercloud/v2/openstack/compute/v2/volumeattach"
	"github.com/gophercloud/gophercloud/v2/openstack/image/v2/images"
	"github.com/gophercloud/gophercloud/v2/pagination"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func computeIn(t testing.TB, p *gophercloud.ProviderClient, region string) *gophercloud.ServiceClient {
	t.Helper()
	return must[*gophercloud.ServiceClient](t)(openstack.NewComputeV2(p, gophercloud.EndpointOpts{Region: region}))
}

func serverNames(t testing.TB, client *gophercloud.ServiceClient) map[string]bool {
	t.Helper()
	pages := must[pagination.Page](t)(servers.List(client, nil).AllPages(t.Context()))
	out := map[string]bool{}
	for _, s := range must[[]servers.Server](t)(servers.ExtractServers(pages)) {
		out[s.Name] = true
	}
	return out
}

func imageIn(t testing.TB, p *gophercloud.ProviderClient, region string) string {
	t.Helper()
	client := must[*gophercloud.ServiceClient](t)(openstack.NewImageV2(p, gophercloud.EndpointOpts{Region: region}))
	pages := must[pagination.Page](t)(images.List(client, images.ListOpts{Name: "cirros"}).AllPages(t.Context()))
	return must[[]images.Image](t)(images.ExtractImages(pages))[0].ID
}

func TestServerIsInOneRegionOnly(t *testing.T) {
	s := start(t, sandbox.Options{})
	alpha, beta := login(t, s, "alpha", "demo"), login(t, s, "beta", "demo")
	client := computeIn(t, alpha, "RegionTwo")
	made := must[*servers.Server](t)(servers.Create(t.Context(), client, servers.CreateOpts{Name: "only here", FlavorRef: "1",
		ImageRef: imageIn(t, alpha, "RegionTwo")}, nil).Extract())
	for _, c := range []struct {
		cloud *gophercloud.ProviderClient
		names []string
	}{{alpha, s.Regions("alpha")}, {beta, s.Regions("beta")}} {
		for _, region := range c.names {
			names := serverNames(t, computeIn(t, c.cloud, region))
			if want := region == "RegionTwo"; names["only here"] != want {
				t.Errorf("%s has the server: %v", region, !want)
			}
			if len(names) == 0 {
				t.Errorf("%s has no demo servers", region)
			}
		}
	}
	if _, err := servers.Get(t.Context(), computeIn(t, alpha, "RegionOne"), made.ID).Extract(); !gophercloud.ResponseCodeIs(err, 404) {
		t.Errorf("shown in another region: %v", err)
	}
}

// TestServerLife follows the statuses, which depend on the number of reads.
func TestServerLife(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	p := login(t, s, "alpha", "demo")
	client := computeIn(t, p, "RegionOne")
	ctx := t.Context()
	made := must[*servers.Server](t)(servers.Create(ctx, client, servers.CreateOpts{Name: "a", FlavorRef: "1", ImageRef: imageIn(t, p, "RegionOne")}, nil).Extract())
	expect := func(want ...string) {
		t.Helper()
		for _, w := range want {
			got := must[*servers.Server](t)(servers.Get(ctx, client, made.ID).Extract())
			if got.Status != w {
				t.Errorf("status %s, want %s", got.Status, w)
			}
		}
	}
	done := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	expect("BUILD", "ACTIVE", "ACTIVE")
	done(servers.Stop(ctx, client, made.ID).ExtractErr())
	expect("ACTIVE", "SHUTOFF")
	if err := servers.Stop(ctx, client, made.ID).ExtractErr(); !gophercloud.ResponseCodeIs(err, 409) {
		t.Errorf("stopping a stopped server: %v", err)
	}
	done(servers.Start(ctx, client, made.ID).ExtractErr())
	expect("SHUTOFF", "ACTIVE")
	done(servers.Reboot(ctx, client, made.ID, servers.RebootOpts{Type: servers.HardReboot}).ExtractErr())
	expect("HARD_REBOOT", "ACTIVE")
	done(servers.Resize(ctx, client, made.ID, servers.ResizeOpts{FlavorRef: "2"}).ExtractErr())
	expect("RESIZE", "VERIFY_RESIZE")
	done(servers.ConfirmResize(ctx, client, made.ID).ExtractErr())
	expect("ACTIVE")
	if got := must[*servers.Server](t)(servers.Get(ctx, client, made.ID).Extract()); got.Flavor["id"] != "2" || len(got.Addresses) == 0 {
		t.Errorf("after resize: flavor %v, addresses %v", got.Flavor, got.Addresses)
	}
	done(servers.Delete(ctx, client, made.ID).ExtractErr())
	if _, err := servers.Get(ctx, client, made.ID).Extract(); !gophercloud.ResponseCodeIs(err, 404) {
		t.Errorf("after delete: %v", err)
	}
}

func TestServerBecomesActiveByTheClock(t *testing.T) {
	clock := sandbox.NewManualClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	s := start(t, sandbox.Options{Empty: true, Clock: clock, Progress: sandbox.Progress{Delay: 10 * time.Second, DeleteDelay: 5 * time.Second}})
	p := login(t, s, "alpha", "demo")
	client := computeIn(t, p, "RegionOne")
	made := must[*servers.Server](t)(servers.Create(t.Context(), client, servers.CreateOpts{Name: "a", FlavorRef: "1", ImageRef: imageIn(t, p, "RegionOne"),
		Metadata: map[string]string{"k": "v"}}, nil).Extract())
	status := func() string {
		got, err := servers.Get(t.Context(), client, made.ID).Extract()
		if err != nil {
			return "gone"
		}
		return got.Status
	}
	var seen []string
	for range 3 {
		seen = append(seen, status())
		clock.Advance(5 * time.Second)
	}
	if err := servers.Delete(t.Context(), client, made.ID).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	seen = append(seen, status())
	clock.Advance(5 * time.Second)
	seen = append(seen, status())
	want := []string{"BUILD", "BUILD", "ACTIVE", "ACTIVE", "gone"}
	for i := range want {
		if seen[i] != want[i] {
			t.Fatalf("saw %v, want %v", seen, want)
		}
	}
}

func TestFailedBuild(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true, Progress: sandbox.Progress{Reads: -1}})
	p := login(t, s, "alpha", "demo")
	client := computeIn(t, p, "RegionOne")
	made := must[*servers.Server](t)(servers.Create(t.Context(), client, servers.CreateOpts{Name: "a", FlavorRef: "1", ImageRef: imageIn(t, p, "RegionOne"),
		Metadata: map[string]string{"sandbox:error": "No valid host was found."}}, nil).Extract())
	got := must[*servers.Server](t)(servers.Get(t.Context(), client, made.ID).Extract())
	if got.Status != "ERROR" || got.Fault.Message != "No valid host was found." {
		t.Errorf("status %s, fault %+v", got.Status, got.Fault)
	}
}

func TestProjectsSeeTheirOwn(t *testing.T) {
	s := start(t, sandbox.Options{})
	demo, other, admin := computeIn(t, login(t, s, "alpha", "demo"), "RegionOne"), computeIn(t, login(t, s, "alpha", "other"), "RegionOne"),
		computeIn(t, login(t, s, "alpha", "admin"), "RegionOne")
	if n := len(serverNames(t, other)); n != 0 {
		t.Errorf("the other project sees %d servers", n)
	}
	if n := len(serverNames(t, admin)); n != 0 {
		t.Errorf("the admin's own project has %d servers", n)
	}
	pages := must[pagination.Page](t)(servers.List(admin, servers.ListOpts{AllTenants: true}).AllPages(t.Context()))
	all := must[[]servers.Server](t)(servers.ExtractServers(pages))
	if len(all) == 0 {
		t.Error("the admin sees no servers of all projects")
	}
	if _, err := servers.Get(t.Context(), other, all[0].ID).Extract(); !gophercloud.ResponseCodeIs(err, 404) {
		t.Errorf("another project's server is shown: %v", err)
	}
	if _, err := hypervisors.List(demo, nil).AllPages(t.Context()); !gophercloud.ResponseCodeIs(err, 403) {
		t.Errorf("hypervisors for a member: %v", err)
	}
	hosts := must[[]hypervisors.Hypervisor](t)(hypervisors.ExtractHypervisors(must[pagination.Page](t)(hypervisors.List(admin, nil).AllPages(t.Context()))))
	if len(hosts) != 2 || hosts[0].State != "up" {
		t.Errorf("hypervisors: %+v", hosts)
	}
}

// TestBulkServersInPages walks through pages, and looks at the last one of fifty
// thousand servers, which nothing but the marker has to pay for.
func TestBulkServersInPages(t *testing.T) {
	clouds := sandbox.DefaultClouds(1, 1)
	clouds[0].Regions[0].PageLimit = 100
	s := start(t, sandbox.Options{Empty: true, Clouds: clouds})
	bulk := func(n int) {
		if err := s.SetBulk("alpha", "RegionOne", sandbox.Bulk{Servers: n}); err != nil {
			t.Fatal(err)
		}
	}
	bulk(1050)
	client := computeIn(t, login(t, s, "alpha", "demo"), "RegionOne")
	seen, pages := map[string]bool{}, 0
	walk := func(opts servers.ListOpts) {
		err := servers.ListSimple(client, opts).EachPage(t.Context(), func(_ ctx_, page pagination.Page) (bool, error) {
			pages++
			list, err := servers.ExtractServers(page)
			for _, sv := range list {
				seen[sv.ID] = true
			}
			return true, err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	walk(servers.ListOpts{})
	if len(seen) != 1050 || pages != 11 {
		t.Errorf("%d servers in %d pages", len(seen), pages)
	}
	bulk(50_000)
	clear(seen)
	walk(servers.ListOpts{Marker: fmt.Sprintf("b0000000-0000-4000-8000-0000%08x", 49_949)})
	if len(seen) != 50 {
		t.Errorf("%d servers after the 49,950th", len(seen))
	}
}

func TestBigAnswer(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	if err := s.SetBulk("alpha", "RegionOne", sandbox.Bulk{Servers: 1000, Bytes: 20 << 10}); err != nil {
		t.Fatal(err)
	}
	body := get(t, s, "alpha", "demo", "/alpha/RegionOne/compute/v2.1/servers/detail")
	if len(body) < 20<<20 {
		t.Errorf("the answer has %d bytes", len(body))
	}
}

func TestKeypairsFlavorsVolumes(t *testing.T) {
	s := start(t, sandbox.Options{})
	p, admin := login(t, s, "alpha", "demo"), login(t, s, "alpha", "admin")
	client, ctx := computeIn(t, p, "RegionOne"), t.Context()
	key := must[*keypairs.KeyPair](t)(keypairs.Create(ctx, client, keypairs.CreateOpts{Name: "k"}).Extract())
	if key.PrivateKey == "" || key.Fingerprint == "" {
		t.Errorf("keypair %+v", key)
	}
	if _, err := keypairs.Create(ctx, client, keypairs.CreateOpts{Name: "k"}).Extract(); !gophercloud.ResponseCodeIs(err, 409) {
		t.Errorf("the same keypair again: %v", err)
	}
	if _, err := flavors.Create(ctx, client, flavors.CreateOpts{Name: "f", RAM: 1, VCPUs: 1, Disk: gophercloud.IntToPointer(1)}).Extract(); !gophercloud.ResponseCodeIs(err, 403) {
		t.Errorf("a member makes a flavor: %v", err)
	}
	f := must[*flavors.Flavor](t)(flavors.Create(ctx, computeIn(t, admin, "RegionOne"), flavors.CreateOpts{Name: "f", RAM: 64, VCPUs: 1, Disk: gophercloud.IntToPointer(1)}).Extract())
	made := must[*servers.Server](t)(servers.Create(ctx, client, keypairs.CreateOptsExt{KeyName: "k",
		CreateOptsBuilder: servers.CreateOpts{Name: "a", FlavorRef: f.ID, ImageRef: imageIn(t, p, "RegionOne")}}, nil).Extract())
	block := must[*gophercloud.ServiceClient](t)(openstack.NewBlockStorageV3(p, gophercloud.EndpointOpts{Region: "RegionOne"}))
	vol := must[*volumes.Volume](t)(volumes.Create(ctx, block, volumes.CreateOpts{Size: 3, Name: "v"}, nil).Extract())
	for _, want := range []string{"creating", "available"} {
		if got := must[*volumes.Volume](t)(volumes.Get(ctx, block, vol.ID).Extract()); got.Status != want {
			t.Errorf("volume is %s, want %s", got.Status, want)
		}
	}
	must[*volumeattach.VolumeAttachment](t)(volumeattach.Create(ctx, client, made.ID, volumeattach.CreateOpts{VolumeID: vol.ID}).Extract())
	volumes.Get(ctx, block, vol.ID)
	got := must[*volumes.Volume](t)(volumes.Get(ctx, block, vol.ID).Extract())
	if got.Status != "in-use" || len(got.Attachments) != 1 || got.Attachments[0].ServerID != made.ID {
		t.Errorf("attached volume: %+v", got)
	}
	if err := volumes.Delete(ctx, block, vol.ID, nil).ExtractErr(); !gophercloud.ResponseCodeIs(err, 400) {
		t.Errorf("deleting a volume in use: %v", err)
	}
	if err := servers.Delete(ctx, client, made.ID).ExtractErr(); err != nil {
		t.Fatal(err)
	}
	if got := must[*volumes.Volume](t)(volumes.Get(ctx, block, vol.ID).Extract()); got.Status != "available" {
		t.Errorf("after its server has gone the volume is %s", got.Status)
	}
}
