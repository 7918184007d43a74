package openstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for _, c := range []struct{ service, raw, base, root string }{
		{"compute", "http://h:8774/v2.1", "http://h:8774/v2.1", "http://h:8774"},
		{"compute", "http://h:8774/v2.1/", "http://h:8774/v2.1", "http://h:8774"},
		{"compute", "http://h:8774/v2.1/%(tenant_id)s", "http://h:8774/v2.1/P", "http://h:8774"},
		{"compute", "http://h:8774/v2/$(project_id)s", "http://h:8774/v2.1/P", "http://h:8774"},
		{"compute", "http://h:8774", "http://h:8774/v2.1", "http://h:8774"},
		{"compute", "https://h/compute", "https://h/compute/v2.1", "https://h/compute"},
		{"compute", "HTTPS://h/compute/v2.1//", "https://h/compute/v2.1", "https://h/compute"},
		{"volumev3", "http://h:8776/v3/P", "http://h:8776/v3/P", "http://h:8776"},
		{"volumev3", "http://h:8776/v3", "http://h:8776/v3", "http://h:8776"},
		{"volumev2", "http://h:8776/v2/P", "http://h:8776/v3/P", "http://h:8776"},
		{"block-storage", "http://h:8776/", "http://h:8776/v3/P", "http://h:8776"},
		{"block-storage", "http://h/volume", "http://h/volume/v3/P", "http://h/volume"},
		{"image", "http://h:9292", "http://h:9292", "http://h:9292"},
		{"image", "http://h:9292/v2/", "http://h:9292", "http://h:9292"},
		{"image", "http://h/image/v2", "http://h/image", "http://h/image"},
		{"network", "http://h:9696/", "http://h:9696", "http://h:9696"},
		{"network", "http://h:9696/v2.0", "http://h:9696", "http://h:9696"},
		{"network", "http://h/networking", "http://h/networking", "http://h/networking"},
		{"orchestration", "http://h:8004/v1/P", "http://h:8004/v1/P", "http://h:8004"},
		{"orchestration", "http://h:8004/v1", "http://h:8004/v1/P", "http://h:8004"},
		{"orchestration", "http://h/heat-api", "http://h/heat-api/v1/P", "http://h/heat-api"},
		{"identity", "http://h:5000", "http://h:5000/v3", "http://h:5000"},
		{"identity", "http://h/identity/v3/", "http://h/identity/v3", "http://h/identity"},
		{"identity", "http://h:5000/v2.0", "http://h:5000/v3", "http://h:5000"},
		{"sharev2", "http://h:8786/v2", "http://h:8786/v2", "http://h:8786"},
		{"share", "http://h:8786/v1/P", "http://h:8786/v2/P", "http://h:8786"},
		{"database", "http://h:8779/v1.0/P", "http://h:8779/v1.0/P", "http://h:8779"},
		{"baremetal", "http://h:6385/v1", "http://h:6385", "http://h:6385"},
		{"dns", "http://h:9001/v2", "http://h:9001", "http://h:9001"},
		{"workflow", "http://h:8989/v2", "http://h:8989/v2", "http://h:8989"},
		{"object-store", "http://h:8080/v1/AUTH_P", "http://h:8080/v1/AUTH_P", "http://h:8080"},
		{"placement", "http://h/placement", "http://h/placement", "http://h/placement"},
		{"rax:database", "http://h/v9/x/y", "http://h/v9/x/y", "http://h/v9/x/y"},
		{"compute", "http://[2001:db8::1]:8774/v2.1", "http://[2001:db8::1]:8774/v2.1", "http://[2001:db8::1]:8774"},
	} {
		e, err := parseEndpoint(c.raw, lookupType(c.service), "P")
		if err != nil || e.base != c.base || e.root != c.root {
			t.Errorf("%s %s: %q %q, %v; want %q %q", c.service, c.raw, e.base, e.root, err, c.base, c.root)
		}
	}
	for _, raw := range []string{"", "h:8774/v2", "ftp://h/", "http://a:b@h/", "http://h/../x", "mailto:x", "http://"} {
		if e, err := parseEndpoint(raw, lookupType("compute"), "P"); err == nil {
			t.Errorf("%q: %q", raw, e.base)
		}
	}
}

// TestPathsOnBases joins the paths that the Python clients send, relative to
// the endpoint, to catalogs as they are found.
func TestPathsOnBases(t *testing.T) {
	for _, c := range []struct{ service, endpoint, path, want string }{
		{"compute", "http://h:8774/v2.1", "/servers/detail", "http://h:8774/v2.1/servers/detail"},
		{"compute", "http://h:8774/v2.1", "", "http://h:8774/v2.1"},
		{"volumev3", "http://h:8776/v3/P", "/volumes/detail", "http://h:8776/v3/P/volumes/detail"},
		{"image", "http://h:9292", "/v2/images", "http://h:9292/v2/images"},
		{"image", "http://h:9292/v2", "/v2/images", "http://h:9292/v2/images"},
		{"network", "http://h:9696/v2.0/", "/v2.0/networks", "http://h:9696/v2.0/networks"},
		{"orchestration", "http://h:8004/v1/P", "/stacks", "http://h:8004/v1/P/stacks"},
		{"identity", "http://h:5000/v3", "/projects", "http://h:5000/v3/projects"},
		{"baremetal", "http://h:6385", "/v1/nodes", "http://h:6385/v1/nodes"},
		{"dns", "http://h:9001", "/v2/zones", "http://h:9001/v2/zones"},
		{"message", "http://h:8888", "/v2/queues/q/messages", "http://h:8888/v2/queues/q/messages"},
		{"alarm", "http://h:8042", "/v2/alarms", "http://h:8042/v2/alarms"},
		{"metric", "http://h:8041/v1", "/v1/metric", "http://h:8041/v1/metric"},
		{"container-infra", "http://h:9511/v1", "/mservices", "http://h:9511/v1/mservices"},
		{"sharev2", "http://h:8786/v2", "/shares", "http://h:8786/v2/shares"},
		{"database", "http://h:8779/v1.0/P", "/instances", "http://h:8779/v1.0/P/instances"},
		{"container", "http://h:9517/v1", "/containers/", "http://h:9517/v1/containers/"},
		{"compute", "http://h:8774/v2.1", "/servers/a%2Fb%20c", "http://h:8774/v2.1/servers/a%2Fb%20c"},
	} {
		e, err := parseEndpoint(c.endpoint, lookupType(c.service), "P")
		if err != nil {
			t.Fatal(err)
		}
		u, err := (&Service{endpoint: e}).url(APIRequest{Path: c.path})
		if err != nil || u.String() != c.want {
			t.Errorf("%s + %s: %v, %v; want %s", c.endpoint, c.path, u, err, c.want)
		}
	}
	s := &Service{endpoint: endpoint{base: "http://h/v1/AUTH_P", root: "http://h"}}
	if u, err := s.url(APIRequest{Path: "/info", FromRoot: true}); err != nil || u.String() != "http://h/info" {
		t.Errorf("from the root: %v, %v", u, err)
	}
	for _, path := range []string{"/servers/../../admin", "/servers/%2e%2e/x", "/.", "/a#b", "/a\\b", "/%zz"} {
		if u, err := s.url(APIRequest{Path: path}); err == nil {
			t.Errorf("%s: %v", path, u)
		}
	}
}

func TestOfficialTypes(t *testing.T) {
	for name, want := range map[string]string{
		"compute": "compute", "nova": "compute", "computev21": "compute", "Compute": "compute",
		"volume": "block-storage", "volumev2": "block-storage", "volumev3": "block-storage",
		"block-store": "block-storage", "block_storage": "block-storage", "cinder": "block-storage",
		"image": "image", "imagev2": "image", "glance": "image", "network": "network", "neutron": "network",
		"orchestration": "orchestration", "heat": "orchestration", "identity": "identity", "keystone": "identity", "identityv3": "identity",
		"sharev2": "shared-file-system", "share": "shared-file-system", "manila": "shared-file-system",
		"container-infra": "container-infrastructure-management", "container": "application-container",
		"messaging": "message", "workflowv2": "workflow", "workflow_v2": "workflow", "bare-metal": "baremetal",
		"infra-optim": "resource-optimization", "policy": "operator-policy", "gnocchi": "metric",
		"rax:database": "rax:database", "compute_legacy": "compute_legacy", "": "",
	} {
		if got := OfficialType(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	seen := map[string]string{}
	for _, s := range serviceTypes {
		for _, n := range append([]string{s.name}, s.aliases...) {
			if other, ok := seen[n]; ok && other != s.name {
				t.Errorf("%q names both %s and %s", n, other, s.name)
			}
			seen[n] = s.name
		}
	}
}

// catalogOf writes a catalog as "type interface region url" lines.
func catalogOf(lines string) []catalogEndpoint {
	var data catalogJSON
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSpace(line), " ")
		if len(f) != 4 {
			continue
		}
		region := f[2]
		if region == "-" {
			region = ""
		}
		var one catalogJSON
		text := fmt.Sprintf(`[{"type": %q, "endpoints": [{"interface": %q, "region": %q, "url": %q}]}]`, f[0], f[1], region, f[3])
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			panic(err)
		}
		data = append(data, one...)
	}
	return readCatalog(data)
}

const twoRegions = `
	identity public RegionOne http://h:5000/v3
	compute public RegionOne http://one:8774/v2.1
	compute internal RegionOne http://one-internal:8774/v2.1
	compute public RegionTwo http://two:8774/v2.1
	image public RegionOne http://one:9292
	volumev3 public RegionTwo http://two:8776/v3/P
`

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		what, catalog, service, region, iface string
		url, chosen                           string // of the endpoint, or
		err                                   error  // the type of the error
		says                                  string
	}{
		{what: "named", catalog: twoRegions, service: "compute", region: "RegionTwo", url: "http://two:8774/v2.1", chosen: "RegionTwo"},
		{what: "only one", catalog: twoRegions, service: "image", url: "http://one:9292", chosen: "RegionOne"},
		{what: "alias", catalog: twoRegions, service: "block-storage", url: "http://two:8776/v3/P", chosen: "RegionTwo"},
		{what: "other alias", catalog: twoRegions, service: "volume", url: "http://two:8776/v3/P", chosen: "RegionTwo"},
		{what: "project's name", catalog: twoRegions, service: "cinder", url: "http://two:8776/v3/P", chosen: "RegionTwo"},
		{what: "interface narrows the regions", catalog: twoRegions, service: "compute", iface: "internal", url: "http://one-internal:8774/v2.1", chosen: "RegionOne"},
		{what: "several", catalog: twoRegions, service: "compute", err: AmbiguousRegion{}, says: "RegionOne, RegionTwo"},
		{what: "unknown region", catalog: twoRegions, service: "compute", region: "RegionTow", err: RegionNotFound{}, says: "RegionOne, RegionTwo; did you mean RegionTwo?"},
		{what: "case counts", catalog: twoRegions, service: "compute", region: "regionone", err: RegionNotFound{}, says: "did you mean RegionOne?"},
		{what: "region without the service", catalog: twoRegions, service: "image", region: "RegionTwo", err: RegionNotFound{}, says: `region "RegionTwo" does not have it; the service is in RegionOne`},
		{what: "no such service", catalog: twoRegions, service: "dns", err: ServiceNotFound{}, says: "it has compute, identity, image, volumev3"},
		{what: "misspelt service", catalog: twoRegions, service: "compte", err: ServiceNotFound{}, says: "did you mean compute?"},
		{what: "no such interface", catalog: twoRegions, service: "compute", region: "RegionOne", iface: "admin", err: ServiceNotFound{}, says: "no admin endpoint of the service, only internal, public"},
		{what: "interface not in that region", catalog: twoRegions, service: "compute", region: "RegionTwo", iface: "internal", err: RegionNotFound{}, says: "the service is in RegionOne"},
		{what: "no catalog", catalog: "", service: "compute", err: ServiceNotFound{}, says: "not scoped to a project"},

		{what: "star, no names", catalog: "compute public * http://h/v2.1", service: "compute", url: "http://h/v2.1", chosen: "*"},
		{what: "star, any name", catalog: "compute public * http://h/v2.1", service: "compute", region: "R9", url: "http://h/v2.1", chosen: "R9"},
		{what: "empty, no names", catalog: "compute public - http://h/v2.1", service: "compute", url: "http://h/v2.1", chosen: ""},
		{what: "star serves a known region", catalog: twoRegions + "dns public * http://dns", service: "dns", region: "RegionTwo", url: "http://dns", chosen: "RegionTwo"},
		{what: "star and an unknown region", catalog: twoRegions + "dns public * http://dns", service: "dns", region: "Nowhere", err: RegionNotFound{}, says: "RegionOne, RegionTwo"},
		{what: "star among several", catalog: twoRegions + "dns public * http://dns", service: "dns", err: AmbiguousRegion{}, says: "RegionOne, RegionTwo"},
		{what: "exact before star", catalog: "dns public * http://star\ndns public R http://r", service: "dns", region: "R", url: "http://r", chosen: "R"},
		{what: "exact and star, none named", catalog: "dns public * http://star\ndns public R http://r", service: "dns", url: "http://r", chosen: "R"},

		{what: "name asked for before alias", catalog: "volumev2 public R http://two/v2\nvolumev3 public R http://three/v3", service: "volumev3", url: "http://three/v3", chosen: "R"},
		{what: "the newest alias", catalog: "volumev2 public R http://two/v2\nvolumev3 public R http://three/v3", service: "block-storage", url: "http://three/v3", chosen: "R"},
		{what: "odd spelling", catalog: "computev21 public R http://h/v2.1", service: "compute", url: "http://h/v2.1", chosen: "R"},
		{what: "legacy compute is not compute", catalog: "compute_legacy public R http://old/v2\ncompute public R http://new/v2.1", service: "compute", url: "http://new/v2.1", chosen: "R"},
		{what: "exact duplicates", catalog: "compute public R http://h/v2.1\ncompute public R http://h/v2.1/", service: "compute", url: "http://h/v2.1", chosen: "R"},
		{what: "interface in the older spelling", catalog: "compute publicURL R http://h/v2.1", service: "compute", url: "http://h/v2.1", chosen: "R"},
	} {
		t.Run(c.what, func(t *testing.T) {
			if c.iface == "" {
				c.iface = "public"
			}
			catalog := &Catalog{endpoints: catalogOf(c.catalog), iface: c.iface}
			e, err := catalog.choose(Detail{Service: c.service}, c.service, c.region, c.iface)
			if c.err != nil {
				if fmt.Sprintf("%T", err) != fmt.Sprintf("%T", c.err) || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%T %v, want %T with %q", err, err, c.err, c.says)
				}
				return
			}
			if err != nil || e.url != c.url || e.region != c.chosen {
				t.Fatalf("%q in %q, %v; want %q in %q", e.url, e.region, err, c.url, c.chosen)
			}
		})
	}
}

func TestCatalogRegions(t *testing.T) {
	c := &Catalog{endpoints: catalogOf(twoRegions + "dns public * http://dns"), iface: "public"}
	for service, want := range map[string][]string{
		"compute": {"RegionOne", "RegionTwo"}, "nova": {"RegionOne", "RegionTwo"}, "image": {"RegionOne"},
		"dns": {"RegionOne", "RegionTwo"}, "": {"RegionOne", "RegionTwo"}, "cinder": {"RegionTwo"}, "heat": nil,
	} {
		if got := c.Regions(service); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", service, got, want)
		}
	}
	if got := (&Catalog{endpoints: catalogOf("compute public * http://h"), iface: "public"}).Regions("compute"); !slices.Equal(got, []string{"*"}) {
		t.Errorf("a catalog without names: %v", got)
	}
	if got := c.Services(); !slices.Equal(got, []string{"compute", "dns", "identity", "image", "volumev3"}) {
		t.Errorf("services: %v", got)
	}
}

// TestCatalogOddities reads what stands in catalogs that no schema allows.
func TestCatalogOddities(t *testing.T) {
	var data catalogJSON
	text := `[
		{"type": "compute", "name": null, "endpoints": [
			{"interface": "public", "region": null, "region_id": "R", "url": " http://h/v2.1 "},
			{"interface": "public", "region": "R", "url": null},
			{"interface": 7, "region": "R", "url": "http://seven"},
			{"interface": "admin", "region": "Old", "region_id": "R", "url": "http://admin"}]},
		{"type": "image", "endpoints": [{"region": "R", "publicURL": "http://i", "internalURL": "http://ii", "adminURL": "http://ia"}]},
		{"type": "network", "endpoints": null},
		{"endpoints": [{"interface": "public", "url": "http://x"}]},
		{"type": null}]`
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	got := readCatalog(data)
	want := []catalogEndpoint{
		{"compute", "public", "R", "http://h/v2.1"},
		{"compute", "", "R", "http://seven"},
		{"compute", "admin", "R", "http://admin"},
		{"image", "public", "R", "http://i"},
		{"image", "internal", "R", "http://ii"},
		{"image", "admin", "R", "http://ia"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestSessionService(t *testing.T) {
	f := newFakeCloud(t)
	f.regions = []string{"RegionOne", "RegionTwo"}
	m := newManager(t, Config{})
	r := f.request()
	r.Region = "RegionTwo"
	s, err := m.Session(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	service := func(r ServiceRequest) *Service {
		t.Helper()
		got, err := s.Service(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := service(ServiceRequest{Type: "nova"}); got.Endpoint() != f.URL+"/compute/RegionTwo/v2.1" || got.Region() != "RegionTwo" || got.Type() != "compute" {
		t.Errorf("the session's region: %s in %s", got.Endpoint(), got.Region())
	}
	got := service(ServiceRequest{Type: "compute", Region: "RegionOne", Interface: "publicURL"})
	want := Target{AuthURL: f.URL + "/v3", Region: "RegionOne", Interface: "public", ProjectID: "p1", ProjectName: "demo", UserID: "u1", UserName: "alice"}
	if got.Target() != want {
		t.Errorf("target %+v", got.Target())
	}
	if got := service(ServiceRequest{Type: "keystone"}); got.Endpoint() != f.URL+"/v3" {
		t.Errorf("identity at %s", got.Endpoint())
	}
	var notFound RegionNotFound
	if _, err := s.Service(context.Background(), ServiceRequest{Type: "identity", Region: "RegionTwoo"}); !errors.As(err, &notFound) {
		t.Errorf("identity in no region: %v", err)
	}
	var input InvalidInput
	if _, err := s.Service(context.Background(), ServiceRequest{Type: "compute", Interface: "outer"}); !errors.As(err, &input) {
		t.Errorf("a wrong interface: %v", err)
	}
}

func FuzzCatalog(f *testing.F) {
	f.Add([]byte(`[{"type": "compute", "endpoints": [{"interface": "public", "region": "R", "url": "http://h/v2.1/%(project_id)s"}]}]`), "compute", "R")
	f.Add([]byte(`[{"type": "volumev2", "endpoints": [{"region": "*", "publicURL": "http://h/v2"}]}, {"type": 3}]`), "block-storage", "")
	f.Fuzz(func(t *testing.T, text []byte, service, region string) {
		var data catalogJSON
		if json.Unmarshal(text, &data) != nil {
			return
		}
		c := &Catalog{endpoints: readCatalog(data), iface: "public"}
		for _, r := range c.Regions(service) {
			e, err := c.choose(Detail{}, service, r, "public")
			if err != nil && r != "" {
				t.Fatalf("region %q is offered and then refused: %v", r, err)
			}
			_, _ = parseEndpoint(e.url, lookupType(service), "P")
		}
		_, _ = c.choose(Detail{}, service, region, "public")
	})
}
