package sandbox

import (
	"fmt"
	"net/http"
	"time"
)

// compute is a region's Nova.
type compute struct {
	servers, flavors, keypairs, groups, aggregates table
	quotas                                         map[string]object
	disabled                                       map[string]string // reason by nova-compute host
	nextInstance                                   int
}

func computeService() *service {
	s := &service{kind: "compute", stype: "compute", name: "nova", version: "v2.1", older: []string{"v2"}, path: "/v2.1",
		inProject: projectMay, major: 2, minMinor: 1, maxMinor: 93, mvName: "compute", shape: faultShape}
	s.router = newRouter(computeRoutes())
	s.versions = func(c *call) reply {
		return reply{status: 200, body: object{"versions": []any{
			object{"id": "v2.0", "status": "SUPPORTED", "version": "", "min_version": "", "updated": "2011-01-21T11:33:21Z", "links": c.selfLink("v2")},
			computeVersion(c)}}}
	}
	s.current = func(c *call) reply {
		v := computeVersion(c)
		v["links"] = append(v["links"].([]any), object{"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"})
		v["media-types"] = []any{object{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}}
		return reply{status: 200, body: object{"version": v}}
	}
	return s
}

func computeVersion(c *call) object {
	return object{"id": "v2.1", "status": "CURRENT", "version": "2.93", "min_version": "2.1", "updated": "2013-07-23T11:33:21Z",
		"links": c.selfLink("v2.1")}
}

func computeRoutes() []route {
	routes := []route{
		{"GET", "/servers", listServers(false), member, ""},
		{"GET", "/servers/detail", listServers(true), member, ""},
		{"POST", "/servers", createServers, member, ""},
		{"GET", "/servers/{id}", onServer(showServer), member, ""},
		{"PUT", "/servers/{id}", onServer(updateServer), member, ""},
		{"DELETE", "/servers/{id}", onServer(deleteServer), member, ""},
		{"POST", "/servers/{id}/action", onServer(serverAction), member, ""},
		{"GET", "/servers/{id}/ips", onServer(func(c *call, r *record) (reply, error) {
			return ok(object{"addresses": c.addresses(c.portsOf(r.id), false)})
		}), member, ""},
		{"GET", "/servers/{id}/diagnostics", onServer(func(c *call, r *record) (reply, error) {
			return ok(object{"cpu0_time": 17300000000, "memory": 524288, "vda_errors": -1, "vda_read": 262144, "vda_read_req": 112,
				"vda_write": 5778432, "vda_write_req": 488})
		}), adminOf, "os_compute_api:os-server-diagnostics"},
		{"GET", "/servers/{id}/migrations", onServer(func(c *call, r *record) (reply, error) { return ok(object{"migrations": []any{}}) }), adminOf, "os_compute_api:servers:migrations:index"},
		{"GET", "/os-migrations", func(c *call) (reply, error) { return ok(object{"migrations": []any{}}) }, adminOf, "os_compute_api:os-migrations:index"},
		{"GET", "/servers/{id}/os-instance-actions", onServer(listActions), member, ""},
		{"GET", "/servers/{id}/os-instance-actions/{request}", onServer(showAction), member, ""},
		{"GET", "/servers/{id}/os-security-groups", onServer(serverGroupsOf), member, ""},
		{"GET", "/servers/{id}/os-server-password", onServer(func(c *call, r *record) (reply, error) { return ok(object{"password": ""}) }), member, ""},
		{"DELETE", "/servers/{id}/os-server-password", onServer(func(c *call, r *record) (reply, error) { return noContent() }), member, ""},
		{"POST", "/servers/{id}/remote-consoles", onServer(remoteConsole), member, ""},
	}
	routes = append(routes, serverPartRoutes()...)
	routes = append(routes, flavorRoutes()...)
	routes = append(routes, keypairRoutes()...)
	return append(routes, computeExtraRoutes()...)
}

// server is what a record of the servers' table has in ext.
type server struct {
	status, vm, task string
	power            int
	flavor           *record // kept as it was when the server got it
	image            string
	key, az, host    string
	user             string
	instance         int
	reservation      string
	pass, hostname   string
	userData         any
	configDrive      string
	groups           []string // names of security groups
	launched         time.Time
	locked           bool
	lockReason       any
	description      any
	tags             []any
	disks            []*disk
	actions          []object
	fault            object
	before           *record // flavor before a resize
	group            string  // server group
	diskConfig       string
	accessV4         string
	accessV6         string
}

// disk is an attached volume.
type disk struct {
	volume, device, attachment, bdm string
	tag                             any
	deleteAlong                     bool
}

func serverOf(r *record) *server { return r.ext.(*server) }

// state sets what a server shows of its condition.
func (s *server) state(status, vm string, power int) {
	s.status, s.vm, s.power, s.task = status, vm, power, ""
}

// onServer finds the server that the path names; made-up ones can only be shown.
func onServer(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		id := c.vars["id"]
		r := c.settled(&c.region.comp.servers, id)
		if r == nil || !c.visible(r.project) {
			if i := c.region.bulk.index(c.region, id); i >= 0 {
				if c.req.Method == http.MethodGet && c.key.Route == "/servers/{id}" {
					return ok(object{"server": c.bulkView(i, true)})
				}
				return reply{}, conflict("Server %s is made up and can't be changed", id)
			}
			return reply{}, fail(404, "", "Instance %s could not be found.", id)
		}
		return f(c, r)
	}
}

func (c *call) links(kind, id string) []any {
	return []any{object{"rel": "self", "href": c.url(kind, id)}, c.bookmark(kind, id)}
}

func (c *call) bookmark(kind, id string) object {
	return object{"rel": "bookmark", "href": c.root + "/" + kind + "/" + id}
}

func (c *call) portsOf(device string) []*record {
	var out []*record
	for _, p := range c.region.net.table("ports").order {
		if str(p.f, "device_id") == device {
			out = append(out, p)
		}
	}
	return out
}

// portsByDevice is portsOf for all devices at once.
func (c *call) portsByDevice() map[string][]*record {
	out := make(map[string][]*record)
	for _, p := range c.region.net.table("ports").order {
		if d := str(p.f, "device_id"); d != "" {
			out[d] = append(out[d], p)
		}
	}
	return out
}

// addresses groups the ports' addresses by the names of their networks.
func (c *call) addresses(ports []*record, extended bool) object {
	out := object{}
	for _, p := range ports {
		net := c.region.net.table("networks").get(str(p.f, "network_id"))
		if net == nil {
			continue
		}
		add := func(addr any, kind string) {
			version := 4
			for _, ch := range fmt.Sprint(addr) {
				if ch == ':' {
					version = 6
				}
			}
			entry := object{"version": version, "addr": addr}
			if extended {
				entry["OS-EXT-IPS:type"], entry["OS-EXT-IPS-MAC:mac_addr"] = kind, p.f["mac_address"]
			}
			have, _ := out[net.name()].([]any)
			out[net.name()] = append(have, entry)
		}
		for _, ip := range list(p.f, "fixed_ips") {
			add(ip.(map[string]any)["ip_address"], "fixed")
		}
		for _, fip := range c.region.net.table("floatingips").order {
			if str(fip.f, "port_id") == p.id {
				add(fip.f["floating_ip_address"], "floating")
			}
		}
	}
	return out
}

// serverView is a server as a microversion shows it to the caller.
func (c *call) serverView(r *record, ports []*record) object {
	s := serverOf(r)
	out := object{"id": r.id, "name": r.name(), "status": s.status, "tenant_id": r.project, "user_id": s.user,
		"metadata": cloneObject(sub(r.f, "metadata")), "hostId": "", "image": "", "created": zulu(r.created), "updated": zulu(r.updated),
		"addresses": object{}, "accessIPv4": s.accessV4, "accessIPv6": s.accessV6, "links": c.links("servers", r.id), "OS-DCF:diskConfig": s.diskConfig,
		"OS-EXT-AZ:availability_zone": "", "config_drive": s.configDrive, "key_name": orNull(s.key), "OS-SRV-USG:launched_at": nil,
		"OS-SRV-USG:terminated_at": nil, "OS-EXT-STS:task_state": orNull(s.task), "OS-EXT-STS:vm_state": s.vm,
		"OS-EXT-STS:power_state": s.power, "flavor": c.flavorIn(s.flavor)}
	if s.status != "ERROR" && s.status != "SHUTOFF" || s.vm == "active" {
		out["progress"] = 0
	}
	if s.image != "" {
		out["image"] = object{"id": s.image, "links": []any{c.bookmark("images", s.image)}}
	}
	if !s.launched.IsZero() {
		out["hostId"], out["OS-EXT-AZ:availability_zone"] = fixedHex("host", s.host, r.project)+fixedHex(s.host)[:24], s.az
		out["OS-SRV-USG:launched_at"], out["addresses"] = micro(s.launched), c.addresses(ports, true)
		groups := []any{}
		for _, g := range s.groups {
			groups = append(groups, object{"name": g})
		}
		out["security_groups"] = groups
	}
	if s.fault != nil {
		out["fault"] = s.fault
	}
	disks := []any{}
	for _, d := range s.disks {
		entry := object{"id": d.volume}
		if c.minor >= 3 {
			entry["delete_on_termination"] = d.deleteAlong
		}
		disks = append(disks, entry)
	}
	out["os-extended-volumes:volumes_attached"] = disks
	c.byVersion(r, s, out)
	return out
}

// byVersion adds what came with later microversions and what admins see.
func (c *call) byVersion(r *record, s *server, out object) {
	if c.admin() {
		out["OS-EXT-SRV-ATTR:host"], out["OS-EXT-SRV-ATTR:hypervisor_hostname"] = orNull(s.host), orNull(s.host)
		out["OS-EXT-SRV-ATTR:instance_name"] = fmt.Sprintf("instance-%08x", s.instance)
		if c.minor >= 3 {
			for key, v := range (object{"reservation_id": s.reservation, "launch_index": 0, "hostname": s.hostname, "kernel_id": "",
				"ramdisk_id": "", "root_device_name": "/dev/sda", "user_data": s.userData}) {
				out["OS-EXT-SRV-ATTR:"+key] = v
			}
		}
		if c.minor >= 16 {
			out["host_status"] = "UP"
		}
	}
	if c.minor >= 90 {
		out["OS-EXT-SRV-ATTR:hostname"] = s.hostname
	}
	if c.minor >= 9 {
		out["locked"] = s.locked
	}
	if c.minor >= 19 {
		out["description"] = s.description
	}
	if c.minor >= 26 {
		out["tags"] = clone(s.tags)
	}
	if c.minor >= 63 {
		out["trusted_image_certificates"] = nil
	}
	if c.minor >= 71 {
		out["server_groups"] = []any{}
		if s.group != "" {
			out["server_groups"] = []any{s.group}
		}
	}
	if c.minor >= 73 {
		out["locked_reason"] = s.lockReason
	}
}

// flavorIn is a flavor inside of a server.
func (c *call) flavorIn(f *record) object {
	if c.minor < 47 {
		return object{"id": f.id, "links": []any{c.bookmark("flavors", f.id)}}
	}
	return object{"vcpus": f.f["vcpus"], "ram": f.f["ram"], "disk": f.f["disk"], "ephemeral": f.f["OS-FLV-EXT-DATA:ephemeral"],
		"swap": num(f.f, "swap"), "original_name": f.name(), "extra_specs": cloneObject(f.ext.(*flavorData).specs)}
}
