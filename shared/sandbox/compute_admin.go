package sandbox

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"
)

const hostsPerRegion = 2

// host is the name of one of the region's compute hosts.
func (r *region) host(n int) string {
	return fmt.Sprintf("compute%d-%s", n%hostsPerRegion+1, strings.ToLower(r.name))
}

func quotaDefaults() object {
	return object{"cores": 20000, "fixed_ips": -1, "floating_ips": -1, "injected_file_content_bytes": 10240, "injected_file_path_bytes": 255,
		"injected_files": 5, "instances": 10000, "key_pairs": 100, "metadata_items": 128, "ram": 51200000, "security_group_rules": -1,
		"security_groups": -1, "server_group_members": 10, "server_groups": 10}
}

// shownQuota leaves out what a microversion does not know (any more).
func (c *call) shownQuota(q object) object {
	if c.minor >= 36 {
		drop(q, "fixed_ips", "floating_ips", "security_groups", "security_group_rules")
	}
	if c.minor >= 57 {
		drop(q, "injected_files", "injected_file_content_bytes", "injected_file_path_bytes")
	}
	return q
}

func drop(m object, keys ...string) {
	for _, k := range keys {
		delete(m, k)
	}
}

func (n *compute) quota(project string) object {
	q := quotaDefaults()
	maps.Copy(q, n.quotas[project])
	return q
}

// usage sums what a project's servers take; of all projects for "".
func (n *compute) usage(project string) map[string]int {
	out := map[string]int{}
	for _, r := range n.servers.order {
		if project == "" || r.project == project {
			f := serverOf(r).flavor.f
			out["instances"]++
			out["cores"] += num(f, "vcpus")
			out["ram"] += num(f, "ram")
			out["disk"] += num(f, "disk")
		}
	}
	return out
}

func computeExtraRoutes() []route {
	routes := []route{
		{"GET", "/limits", computeLimits, member, ""},
		{"GET", "/os-availability-zone", func(c *call) (reply, error) {
			return ok(object{"availabilityZoneInfo": []any{object{"zoneName": "nova", "zoneState": object{"available": true}, "hosts": nil}}})
		}, member, ""},
		{"GET", "/os-availability-zone/detail", zonesDetail, adminOf, "os_compute_api:os-availability-zone:detail"},
		{"GET", "/os-services", listComputeServices, adminOf, "os_compute_api:os-services:list"},
		{"PUT", "/os-services/{id}", updateComputeService, adminOf, "os_compute_api:os-services:update"},
		{"DELETE", "/os-services/{id}", func(c *call) (reply, error) {
			for _, s := range c.computeServices() {
				if s["id"] == c.vars["id"] {
					return reply{}, conflict("Unable to delete compute service that is hosting instances.")
				}
			}
			return reply{}, fail(404, "", "Service %s could not be found.", c.vars["id"])
		}, adminOf, "os_compute_api:os-services:delete"},
		{"GET", "/os-agents", gone, adminOf, ""}, {"POST", "/os-agents", gone, adminOf, ""},
		{"PUT", "/os-agents/{id}", gone, adminOf, ""}, {"DELETE", "/os-agents/{id}", gone, adminOf, ""},
		{"GET", "/extensions", func(c *call) (reply, error) { return ok(object{"extensions": []any{}}) }, member, ""},
		{"GET", "/os-simple-tenant-usage", func(c *call) (reply, error) {
			return ok(object{"tenant_usages": []any{c.tenantUsage(c.project(), false)}})
		}, adminOf, "os_compute_api:os-simple-tenant-usage:list"},
		{"GET", "/os-simple-tenant-usage/{project}", func(c *call) (reply, error) {
			if !c.visible(c.vars["project"]) {
				return reply{}, c.denied("os_compute_api:os-simple-tenant-usage:show")
			}
			return ok(object{"tenant_usage": c.tenantUsage(c.vars["project"], true)})
		}, member, ""},
		{"GET", "/os-server-groups", listGroups, member, ""},
		{"POST", "/os-server-groups", createGroup, member, ""},
		{"GET", "/os-server-groups/{id}", oneGroup, member, ""},
		{"DELETE", "/os-server-groups/{id}", oneGroup, member, ""},
		{"GET", "/os-hypervisors/statistics", hypervisorStatistics, adminOf, "os_compute_api:os-hypervisors:statistics"},
		{"GET", "/os-hypervisors", listHypervisors(false), adminOf, "os_compute_api:os-hypervisors:list"},
		{"GET", "/os-hypervisors/detail", listHypervisors(true), adminOf, "os_compute_api:os-hypervisors:list-detail"},
		{"GET", "/os-hypervisors/{id}", showHypervisor, adminOf, "os_compute_api:os-hypervisors:show"},
		{"GET", "/os-hypervisors/{id}/uptime", showHypervisor, adminOf, "os_compute_api:os-hypervisors:uptime"},
	}
	return append(append(routes, computeQuotaRoutes()...), aggregateRoutes()...)
}

// gone answers for what Nova has no more.
func gone(*call) (reply, error) {
	return reply{}, fail(410, "", "This resource is no longer available. No forwarding address is given.")
}

func computeLimits(c *call) (reply, error) {
	q, used := c.region.comp.quota(c.project()), c.region.comp.usage(c.project())
	absolute := object{"maxTotalInstances": q["instances"], "maxTotalCores": q["cores"],
		"maxTotalRAMSize": q["ram"], "maxServerMeta": q["metadata_items"], "maxImageMeta": 128, "maxPersonality": 5, "maxPersonalitySize": 10240,
		"maxTotalKeypairs": q["key_pairs"], "maxServerGroups": q["server_groups"], "maxServerGroupMembers": q["server_group_members"],
		"maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1, "totalRAMUsed": used["ram"], "totalCoresUsed": used["cores"],
		"totalInstancesUsed": used["instances"], "totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0, "totalServerGroupsUsed": 0}
	if c.minor >= 36 {
		drop(absolute, "maxTotalFloatingIps", "maxSecurityGroups", "maxSecurityGroupRules", "totalFloatingIpsUsed", "totalSecurityGroupsUsed")
	}
	if c.minor >= 39 {
		drop(absolute, "maxImageMeta")
	}
	if c.minor >= 57 {
		drop(absolute, "maxPersonality", "maxPersonalitySize")
	}
	return ok(object{"limits": object{"rate": []any{}, "absolute": absolute}})
}

func zonesDetail(c *call) (reply, error) {
	up := func() object { return object{"available": true, "active": true, "updated_at": micro(c.now)} }
	hosts := object{}
	for i := range hostsPerRegion {
		hosts[c.region.host(i)] = object{"nova-compute": up()}
	}
	controller := "controller-" + strings.ToLower(c.region.name)
	return ok(object{"availabilityZoneInfo": []any{
		object{"zoneName": "internal", "zoneState": object{"available": true}, "hosts": object{controller: object{"nova-scheduler": up(), "nova-conductor": up()}}},
		object{"zoneName": "nova", "zoneState": object{"available": true}, "hosts": hosts}}})
}

// computeServices are the binaries of a region.
func (c *call) computeServices() []object {
	controller := "controller-" + strings.ToLower(c.region.name)
	var out []object
	add := func(binary, host, zone string) {
		id := any(len(out) + 1)
		if c.minor >= 53 {
			id = fixedID(c.cloud.name, c.region.name, binary, host)
		}
		s := object{"binary": binary, "host": host, "id": id, "zone": zone, "status": "enabled", "state": "up", "updated_at": micro(c.now), "disabled_reason": nil}
		if reason, off := c.region.comp.disabled[host]; off && binary == "nova-compute" {
			s["status"], s["disabled_reason"] = "disabled", orNull(reason)
		}
		if c.minor >= 11 {
			s["forced_down"] = false
		}
		out = append(out, s)
	}
	add("nova-scheduler", controller, "internal")
	add("nova-conductor", controller, "internal")
	for i := range hostsPerRegion {
		add("nova-compute", c.region.host(i), "nova")
	}
	return out
}

func listComputeServices(c *call) (reply, error) {
	out := []any{}
	for _, s := range c.computeServices() {
		if c.wanted("binary", str(s, "binary")) && c.wanted("host", str(s, "host")) {
			out = append(out, s)
		}
	}
	return ok(object{"services": out})
}

// updateComputeService takes both forms: /os-services/{uuid} since 2.53 and
// /os-services/enable, /disable, /disable-log-reason with host and binary before.
func updateComputeService(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	host, status := str(in, "host"), strOr(in, "status", map[string]string{"enable": "enabled"}[c.vars["id"]])
	for _, s := range c.computeServices() {
		if s["id"] == c.vars["id"] {
			host = str(s, "host")
		}
	}
	known := false
	for _, s := range c.computeServices() {
		known = known || s["host"] == host
	}
	if !known {
		return reply{}, fail(404, "", "Service %s could not be found.", c.vars["id"])
	}
	if status == "enabled" {
		delete(c.region.comp.disabled, host)
	} else if status != "" || strings.HasPrefix(c.vars["id"], "disable") {
		c.region.comp.disabled[host] = str(in, "disabled_reason")
	}
	for _, s := range c.computeServices() {
		if s["host"] == host {
			return ok(object{"service": s})
		}
	}
	return reply{}, nil
}

func (c *call) tenantUsage(project string, detail bool) object {
	out := object{"tenant_id": project, "start": micro(c.now.Add(-24 * time.Hour)), "stop": micro(c.now)}
	hours, vcpus, ram, disk := 0.0, 0.0, 0.0, 0.0
	list := []any{}
	for _, r := range c.region.comp.servers.order {
		if r.project != project {
			continue
		}
		s := serverOf(r)
		h := c.now.Sub(r.created).Hours()
		hours, vcpus, ram, disk = hours+h, vcpus+h*float64(num(s.flavor.f, "vcpus")), ram+h*float64(num(s.flavor.f, "ram")), disk+h*float64(num(s.flavor.f, "disk"))
		list = append(list, object{"hours": h, "flavor": s.flavor.name(), "instance_id": r.id, "name": r.name(), "tenant_id": project,
			"memory_mb": s.flavor.f["ram"], "local_gb": s.flavor.f["disk"], "vcpus": s.flavor.f["vcpus"], "started_at": micro(r.created),
			"ended_at": nil, "state": s.vm, "uptime": int(c.now.Sub(r.created).Seconds())})
	}
	out["total_hours"], out["total_vcpus_usage"], out["total_memory_mb_usage"], out["total_local_gb_usage"] = hours, vcpus, ram, disk
	if detail {
		out["server_usages"] = list
	}
	return out
}

// Server groups.

func (c *call) groupView(r *record) object {
	out := cloneObject(r.f)
	if c.minor >= 13 {
		out["project_id"], out["user_id"] = r.project, r.ext
	}
	if c.minor >= 64 {
		policies := list(r.f, "policies")
		delete(out, "policies")
		delete(out, "metadata")
		out["rules"] = object{}
		if len(policies) > 0 {
			out["policy"] = policies[0]
		}
	}
	return out
}

func listGroups(c *call) (reply, error) {
	out := []any{}
	for _, r := range c.region.comp.groups.order {
		if r.project == c.project() || c.admin() && c.query.Has("all_projects") {
			out = append(out, c.groupView(r))
		}
	}
	return ok(object{"server_groups": out})
}

func createGroup(c *call) (reply, error) {
	in, err := c.in("server_group")
	if err != nil {
		return reply{}, err
	}
	policies := list(in, "policies")
	if p := str(in, "policy"); p != "" {
		policies = []any{p}
	}
	if e := required(in, "server_group", "name"); e != nil {
		return reply{}, e
	}
	if len(policies) != 1 {
		return reply{}, badRequest("Invalid input for field/attribute server_group. 'policies' is a required property")
	}
	id := newID()
	r := c.region.comp.groups.add(&record{id: id, project: c.project(), created: c.now, ext: c.token.userID(),
		f: object{"id": id, "name": str(in, "name"), "policies": policies, "metadata": object{}, "members": []any{}}})
	return ok(object{"server_group": c.groupView(r)})
}

func oneGroup(c *call) (reply, error) {
	r := c.region.comp.groups.get(c.vars["id"])
	if r == nil || !c.visible(r.project) {
		return reply{}, fail(404, "", "Instance group %s could not be found.", c.vars["id"])
	}
	if c.req.Method == http.MethodDelete {
		c.region.comp.groups.remove(r.id)
		return noContent()
	}
	return ok(object{"server_group": c.groupView(r)})
}

// Hypervisors.

func (c *call) hypervisor(i int, detail bool) object {
	host := c.region.host(i)
	id := any(i + 1)
	if c.minor >= 53 {
		id = fixedID(c.cloud.name, c.region.name, "hypervisor", host)
	}
	out := object{"id": id, "hypervisor_hostname": host, "state": "up", "status": "enabled"}
	_, off := c.region.comp.disabled[host]
	if off {
		out["status"] = "disabled"
	}
	if !detail {
		return out
	}
	used := map[string]int{}
	for _, r := range c.region.comp.servers.order {
		if s := serverOf(r); s.host == host {
			used["vms"]++
			used["vcpus"] += num(s.flavor.f, "vcpus")
			used["ram"] += num(s.flavor.f, "ram")
			used["disk"] += num(s.flavor.f, "disk")
		}
	}
	service := any(i + 3)
	if c.minor >= 53 {
		service = fixedID(c.cloud.name, c.region.name, "nova-compute", host)
	}
	for k, v := range (object{"hypervisor_type": "QEMU", "hypervisor_version": 7002000, "host_ip": fmt.Sprintf("192.0.2.%d", 10+i),
		"service": object{"id": service, "host": host, "disabled_reason": nil}}) {
		out[k] = v
	}
	if c.minor >= 88 {
		out["uptime"] = nil
		return out
	}
	for k, v := range (object{"vcpus": 1000, "memory_mb": 8000000, "local_gb": 600000, "vcpus_used": used["vcpus"], "memory_mb_used": 512 + used["ram"],
		"local_gb_used": used["disk"], "free_ram_mb": 8000000 - 512 - used["ram"], "free_disk_gb": 600000 - used["disk"], "current_workload": 0,
		"running_vms": used["vms"], "disk_available_least": 600000 - used["disk"], "cpu_info": "{\"arch\": \"x86_64\"}"}) {
		out[k] = v
	}
	return out
}

func listHypervisors(detail bool) handler {
	return func(c *call) (reply, error) {
		out := []any{}
		for i := range hostsPerRegion {
			if p := c.query.Get("hypervisor_hostname_pattern"); strings.Contains(c.region.host(i), p) {
				out = append(out, c.hypervisor(i, detail))
			}
		}
		return ok(object{"hypervisors": out})
	}
}

func showHypervisor(c *call) (reply, error) {
	for i := range hostsPerRegion {
		if h := c.hypervisor(i, true); fmt.Sprint(h["id"]) == c.vars["id"] {
			return ok(object{"hypervisor": h})
		}
	}
	return reply{}, fail(404, "", "Compute host %s could not be found.", c.vars["id"])
}

func hypervisorStatistics(c *call) (reply, error) {
	minor := c.minor
	c.minor = 1 // the sums have what single hypervisors show no more
	defer func() { c.minor = minor }()
	out := object{"count": hostsPerRegion}
	for i := range hostsPerRegion {
		h := c.hypervisor(i, true)
		for _, key := range []string{"vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used", "free_ram_mb",
			"free_disk_gb", "current_workload", "running_vms", "disk_available_least"} {
			out[key] = num(out, key) + num(h, key)
		}
	}
	return ok(object{"hypervisor_statistics": out})
}

// Quotas.

func computeQuotaRoutes() []route {
	own := func(f func(c *call, project string) (reply, error)) handler {
		return func(c *call) (reply, error) {
			if p := c.vars["project"]; c.visible(p) {
				return f(c, p)
			}
			return reply{}, c.denied("os_compute_api:os-quota-sets:show")
		}
	}
	answer := func(c *call, q object, id string) (reply, error) {
		q["id"] = id
		return ok(object{"quota_set": c.shownQuota(q)})
	}
	const one = "/os-quota-sets/{project}"
	return []route{
		{"GET", one, own(func(c *call, p string) (reply, error) { return answer(c, c.region.comp.quota(p), p) }), member, ""},
		{"GET", one + "/defaults", own(func(c *call, p string) (reply, error) { return answer(c, quotaDefaults(), p) }), member, ""},
		{"GET", one + "/detail", own(func(c *call, p string) (reply, error) {
			out, used := object{}, c.region.comp.usage(p)
			for key, limit := range c.region.comp.quota(p) {
				out[key] = object{"limit": limit, "in_use": used[key], "reserved": 0}
			}
			return answer(c, out, p)
		}), member, ""},
		{"PUT", one, setQuota, adminOf, "os_compute_api:os-quota-sets:update"},
		{"DELETE", one, func(c *call) (reply, error) {
			delete(c.region.comp.quotas, c.vars["project"])
			return accepted(nil)
		}, adminOf, "os_compute_api:os-quota-sets:delete"},
		{"PUT", "/os-quota-class-sets/{class}", setQuotaClass, adminOf, "os_compute_api:os-quota-class-sets:update"},
		{"GET", "/os-quota-class-sets/{class}", func(c *call) (reply, error) {
			q := quotaDefaults()
			q["id"] = c.vars["class"]
			if c.minor < 50 {
				drop(q, "server_groups", "server_group_members")
			}
			return ok(object{"quota_class_set": c.shownQuota(q)})
		}, adminOf, "os_compute_api:os-quota-class-sets:show"},
	}
}

func setQuota(c *call) (reply, error) {
	in, err := c.in("quota_set")
	if err != nil {
		return reply{}, err
	}
	p := c.vars["project"]
	if c.region.comp.quotas[p] == nil {
		c.region.comp.quotas[p] = object{}
	}
	for key := range in {
		_, known := quotaDefaults()[key]
		switch {
		case known:
			c.region.comp.quotas[p][key] = num(in, key)
		case key != "force" && key != "tenant_id":
			return reply{}, badRequest("Invalid input for field/attribute quota_set. Additional properties are not allowed ('%s' was unexpected)", key)
		}
	}
	return ok(object{"quota_set": c.shownQuota(c.region.comp.quota(p))})
}

// setQuotaClass answers as if a class's quotas were changed; new projects keep the defaults.
func setQuotaClass(c *call) (reply, error) {
	in, err := c.in("quota_class_set")
	if err != nil {
		return reply{}, err
	}
	q := quotaDefaults()
	for k := range in {
		if _, known := q[k]; known {
			q[k] = num(in, k)
		}
	}
	return ok(object{"quota_class_set": c.shownQuota(q)})
}
