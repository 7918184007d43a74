package sandbox

func netQuotaDefaults() object {
	return object{"network": 100, "subnet": 100, "subnetpool": -1, "port": 500, "router": 10, "floatingip": 50, "rbac_policy": 10,
		"security_group": 10, "security_group_rule": 100}
}

func (n *network) quota(project string) object {
	q := netQuotaDefaults()
	for k, v := range n.quotas[project] {
		q[k] = v
	}
	return q
}

// networkExtraRoutes are quotas, agents, extensions and other lists.
func networkExtraRoutes() []route {
	own := func(f func(c *call, project string) (reply, error)) handler {
		return func(c *call) (reply, error) {
			if p := c.vars["project"]; c.visible(p) {
				return f(c, p)
			}
			return reply{}, c.denied("get_quota")
		}
	}
	return []route{
		{"GET", "/quotas", func(c *call) (reply, error) {
			out := []any{}
			for project := range c.region.net.quotas {
				q := c.region.net.quota(project)
				q["tenant_id"], q["project_id"] = project, project
				out = append(out, q)
			}
			return ok(object{"quotas": out})
		}, adminOf, "get_quota"},
		{"GET", "/quotas/tenant", func(c *call) (reply, error) { return ok(object{"tenant": object{"tenant_id": c.project()}}) }, member, ""},
		{"GET", "/quotas/project", func(c *call) (reply, error) { return ok(object{"project": object{"project_id": c.project()}}) }, member, ""},
		{"GET", "/quotas/{project}", own(func(c *call, p string) (reply, error) { return ok(object{"quota": c.region.net.quota(p)}) }), member, "get_quota"},
		{"GET", "/quotas/{project}/default", own(func(c *call, p string) (reply, error) { return ok(object{"quota": netQuotaDefaults()}) }), member, "get_quota"},
		{"GET", "/quotas/{project}/details.json", own(netQuotaDetails), member, "get_quota"},
		{"PUT", "/quotas/{project}", setNetQuota, adminOf, "update_quota"},
		{"DELETE", "/quotas/{project}", func(c *call) (reply, error) {
			delete(c.region.net.quotas, c.vars["project"])
			return noContent()
		}, adminOf, "delete_quota"},
		{"GET", "/extensions", func(c *call) (reply, error) { return ok(object{"extensions": netExtensions()}) }, member, ""},
		{"GET", "/extensions/{alias}", func(c *call) (reply, error) {
			for _, x := range netExtensions() {
				if x.(object)["alias"] == c.vars["alias"] {
					return ok(object{"extension": x})
				}
			}
			return *webobShape(c, fail(404, "", "Extension with alias %s does not exist", c.vars["alias"])), nil
		}, member, ""},
		{"GET", "/availability_zones", func(c *call) (reply, error) {
			return ok(object{"availability_zones": []any{object{"name": "nova", "resource": "network", "state": "available"},
				object{"name": "nova", "resource": "router", "state": "available"}}})
		}, member, ""},
		{"GET", "/service-providers", func(c *call) (reply, error) {
			return ok(object{"service_providers": []any{object{"service_type": "L3_ROUTER_NAT", "name": "single_node", "default": false}}})
		}, member, ""},
	}
}

func netQuotaDetails(c *call, project string) (reply, error) {
	plurals := map[string]string{"network": "networks", "subnet": "subnets", "port": "ports", "router": "routers",
		"floatingip": "floatingips", "security_group": "security_groups", "security_group_rule": "security_group_rules",
		"subnetpool": "subnetpools", "rbac_policy": "rbac_policies"}
	out := object{}
	for key, limit := range c.region.net.quota(project) {
		used := 0
		for _, r := range c.region.net.table(plurals[key]).order {
			if r.project == project {
				used++
			}
		}
		out[key] = object{"limit": limit, "used": used, "reserved": 0}
	}
	return ok(object{"quota": out})
}

func setNetQuota(c *call) (reply, error) {
	in, err := c.in("quota")
	if err != nil {
		return reply{}, err
	}
	known := netQuotaDefaults()
	p := c.vars["project"]
	q := c.region.net.quotas[p]
	if q == nil {
		q = object{}
	}
	for key := range in {
		if known[key] == nil {
			return reply{}, badRequest("Unrecognized attribute(s) '%s'", key)
		}
		q[key] = num(in, key)
	}
	c.region.net.quotas[p] = q
	return ok(object{"quota": c.region.net.quota(p)})
}

func listAgents(c *call) (reply, error) {
	out := []any{}
	if c.admin() {
		for _, r := range c.region.net.agents.order {
			if c.matchesQuery(r.f) {
				out = append(out, agentView(c, r))
			}
		}
	}
	return ok(object{"agents": out})
}

func agentView(c *call, r *record) object {
	out := cloneObject(r.f)
	out["heartbeat_timestamp"] = c.now.Format("2006-01-02 15:04:05")
	return out
}

func netExtensions() []any {
	var out []any
	for _, x := range [][2]string{{"agent", "agent"}, {"allowed-address-pairs", "Allowed Address Pairs"}, {"external-net", "Neutron external network"},
		{"extra_dhcp_opt", "Neutron Extra DHCP options"}, {"pagination", "Pagination support"}, {"port-security", "Port Security"},
		{"project-id", "project_id field enabled"}, {"provider", "Provider Network"}, {"qos", "Quality of Service"},
		{"quotas", "Quota management support"}, {"quota_details", "Quota details management support"},
		{"rbac-policies", "RBAC Policies"}, {"router", "Neutron L3 Router"}, {"security-group", "security-group"},
		{"sorting", "Sorting support"}, {"standard-attr-revisions", "Resource revision numbers"},
		{"standard-attr-tag", "Tag support for resources with standard attribute: port, subnet, network, router, floatingip"},
		{"standard-attr-timestamp", "Resource timestamps"}, {"subnet_allocation", "Subnet Allocation"}} {
		out = append(out, object{"alias": x[0], "name": x[1], "description": x[1] + ".", "updated": "2020-01-01T10:00:00-00:00", "links": []any{}})
	}
	return out
}
