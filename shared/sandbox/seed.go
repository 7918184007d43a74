package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// seed fills a region that is asked for the first time: flavors, images,
// networks and a volume type as any cloud has them, and unless the sandbox is to
// be Empty some servers, volumes and a stack of the project demo, other ones in
// every region. All ids are the same in every run.
func (r *region) seed() {
	if r.seeded {
		return
	}
	r.seeded = true
	now := r.cloud.sb.now()
	r.comp = &compute{quotas: map[string]object{}, disabled: map[string]string{}}
	r.img = &images{}
	r.net = &network{tables: map[string]*table{}, quotas: map[string]object{}, given: map[string]*pool{}, hosted: hosted{}}
	r.vol = &volumes{quotas: map[string]object{}, disabled: map[string]bool{}}
	r.heat = &heat{}
	r.seedCommon(now)
	if !r.cloud.sb.opts.Empty {
		r.seedDemo(now)
	}
}

func (r *region) fixed(parts ...string) string {
	return fixedID(append([]string{r.cloud.name, r.name}, parts...)...)
}

func (r *region) projectID(name string) string { return fixedHex(r.cloud.name, "project", name) }

func (r *region) seedCommon(now time.Time) {
	old := now.Add(-90 * 24 * time.Hour)
	for i, f := range [][4]any{{"m1.tiny", 1, 512, 1}, {"m1.small", 1, 2048, 20}, {"m1.medium", 2, 4096, 40}, {"m1.large", 4, 8192, 80}} {
		r.comp.flavors.add(newFlavor(fmt.Sprint(i+1), f[0].(string), f[1].(int), f[2].(int), f[3].(int), old))
	}
	for _, name := range []string{"cirros", "debian-12"} {
		img := newImage(r.fixed("image", name), r.projectID("admin"), old, object{"name": name, "disk_format": "qcow2",
			"container_format": "bare", "visibility": "public"})
		r.img.images.add(img)
		r.img.store(img, []byte(name+" disk image\n"), old)
	}
	r.vol.types.add(newVolumeType(r.fixed("volume type"), "__DEFAULT__", "Default Volume Type", old))
	r.seedNetwork(old)
	for _, kind := range []string{"DHCP agent", "L3 agent", "Open vSwitch agent"} {
		binary := map[string]string{"DHCP agent": "neutron-dhcp-agent", "L3 agent": "neutron-l3-agent", "Open vSwitch agent": "neutron-openvswitch-agent"}[kind]
		id := r.fixed("agent", kind)
		r.net.agents.add(&record{id: id, created: old, f: object{"id": id, "agent_type": kind, "binary": binary, "host": "network-" + strings.ToLower(r.name),
			"admin_state_up": true, "alive": true, "topic": "N/A", "availability_zone": "nova", "description": nil, "configurations": object{},
			"created_at": old.Format("2006-01-02 15:04:05"), "started_at": old.Format("2006-01-02 15:04:05"), "resources_synced": nil}})
	}
}

// seedNetwork makes the external network, and a private network with a router
// for the projects demo and admin.
func (r *region) seedNetwork(now time.Time) {
	add := func(kind, name, project string, f object) *record {
		f["name"] = name
		rec := newNetRecord(r.fixed(kind, name, project), project, now, f)
		return r.net.table(kind).add(rec)
	}
	c := &call{sb: r.cloud.sb, cloud: r.cloud, region: r, now: now, token: r.cloud.seedToken()}
	network := func(name, project, cidr string, external bool) *record {
		f := object{}
		if external {
			f = object{"router:external": true, "provider:network_type": "flat", "provider:physical_network": "public", "mtu": 1500}
		}
		f["name"] = name
		rec := newNetRecord(r.fixed("networks", name, project), project, now, f)
		_ = makeNetwork(c, rec.f)
		r.net.table("networks").add(rec)
		sf := object{"network_id": rec.id, "ip_version": 4.0, "cidr": cidr, "enable_dhcp": !external}
		sf["name"] = name + "-v4"
		s := newNetRecord(r.fixed("subnets", name, project), project, now, sf)
		s.f["ip_version"] = 4
		_ = makeSubnet(c, s.f)
		r.net.table("subnets").add(s)
		return rec
	}
	n := r.index % 200
	public := network("public", r.projectID("admin"), fmt.Sprintf("172.24.%d.0/24", n), true)
	for _, project := range []string{"demo", "other"} {
		pid := r.projectID(project)
		priv := network("private", pid, fmt.Sprintf("10.%d.0.0/16", n+1), false)
		router := add("routers", "router1", pid, object{"external_gateway_info": object{"network_id": public.id}})
		_ = makeRouter(c, router.f)
		_, _ = c.newPort(pid, priv.id, "network:router_interface", router.id, object{"security_groups": []any{}, "port_security_enabled": false,
			"fixed_ips": []any{object{"ip_address": fmt.Sprintf("10.%d.0.1", n+1)}}})
	}
}

// seedToken lets the region's own code act as an admin.
func (c *cloud) seedToken() *token {
	id := c.id
	return &token{user: id.table("users").get(fixedHex(c.name, "user", "admin")), project: id.table("projects").get(fixedHex(c.name, "project", "admin")),
		roles: []*record{{id: "admin", f: object{"name": "admin"}}}}
}

// demoNames give every region other servers.
var demoNames = []string{"web", "db", "cache", "queue", "worker", "proxy", "mail", "build"}

func (r *region) seedDemo(now time.Time) {
	pid, user := r.projectID("demo"), fixedHex(r.cloud.name, "user", "demo")
	c := &call{sb: r.cloud.sb, cloud: r.cloud, region: r, now: now.Add(-48 * time.Hour), token: r.cloud.seedToken()}
	net := r.net.table("networks").named(pid, "private")
	image := r.img.images.order[len(r.img.images.order)-1]
	count := 1 + r.index%4
	for i := range count {
		name := fmt.Sprintf("%s-%d.%s", demoNames[(r.index+i)%len(demoNames)], i+1, strings.ToLower(r.name))
		r.comp.nextInstance++
		s := &server{flavor: r.comp.flavors.order[(r.index+i)%3], image: image.id, az: "nova", host: r.host(i), user: user, instance: r.comp.nextInstance,
			reservation: "r-" + fixedHex(name)[:8], hostname: name, diskConfig: "MANUAL", groups: []string{"default"}, tags: []any{}, description: name, launched: c.now}
		s.state("ACTIVE", "active", 1)
		if i == 2 {
			s.state("SHUTOFF", "stopped", 4)
		}
		rec := &record{id: r.fixed("server", name), project: pid, created: c.now.Add(time.Duration(i) * time.Minute), updated: c.now, ext: s,
			f: object{"name": name, "metadata": object{"role": demoNames[(r.index+i)%len(demoNames)]}}}
		r.comp.servers.add(rec)
		_, _ = c.newPort(pid, net.id, "compute:nova", rec.id, object{"binding:host_id": s.host, "binding:vif_type": "ovs"})
		c.acted(rec, "create")
	}
	first := r.comp.servers.order[0]
	v := newVolume(r.fixed("volume", "data"), pid, user, "data", 10, c.now)
	r.vol.volumes.add(v)
	c.attachDisk(first, v, "/dev/vdb", nil, false)
	v.settle(Progress{Reads: -1}, c.now)
	spare := newVolume(r.fixed("volume", "spare"), pid, user, "spare", 1+r.index, c.now)
	spare.f["status"], spare.updated = "available", c.now
	r.vol.volumes.add(spare)
	r.seedStack(c, pid)
}

func (r *region) seedStack(c *call, pid string) {
	s := &stack{params: object{"size": 1}, template: object{"heat_template_version": "2018-08-31", "description": "A volume and a network",
		"parameters": object{"size": object{"type": "number", "default": 1}}, "resources": object{"net": object{"type": "OS::Neutron::Net"},
			"vol": object{"type": "OS::Cinder::Volume", "properties": object{"size": object{"get_param": "size"}}}},
		"outputs": object{"size": object{"description": "Gigabytes", "value": object{"get_param": "size"}}}}}
	rec := &record{id: r.fixed("stack", "base"), project: pid, created: c.now, ext: s, f: object{"name": "base-" + strings.ToLower(r.name), "stack_owner": "demo",
		"stack_user_project_id": fixedHex(r.cloud.name, "project", "stack users"), "tags": nil, "tags_text": nil, "timeout_mins": nil, "disable_rollback": true}}
	_ = c.readResources(s)
	for _, res := range s.resources {
		res.physical = r.fixed("stack", res.name)
	}
	c.run(rec, "CREATE", "Stack CREATE completed successfully")
	rec.settle(Progress{Reads: -1}, c.now)
	r.heat.stacks.add(rec)
}
