package sandbox

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// netKinds are the resources that Neutron's generic handlers serve.
func netKinds() []netKind { return append(wiringKinds(), policyKinds()...) }

// wiringKinds are what traffic flows through.
func wiringKinds() []netKind {
	return []netKind{
		{path: "networks", plural: "networks", single: "network", typ: "Network",
			known: []string{"name", "admin_state_up", "shared", "router:external", "mtu", "port_security_enabled", "qos_policy_id",
				"is_default", "availability_zone_hints", "provider:network_type", "provider:physical_network",
				"provider:segmentation_id", "dns_domain", "segments", "vlan_transparent"},
			make: makeNetwork, drop: dropNetwork, view: func(c *call, r *record, out object) {
				ids := []any{}
				for _, s := range c.region.net.table("subnets").order {
					if str(s.f, "network_id") == r.id {
						ids = append(ids, s.id)
					}
				}
				out["subnets"] = ids
			}},
		{path: "subnets", plural: "subnets", single: "subnet", typ: "Subnet",
			known: []string{"name", "network_id", "ip_version", "cidr", "gateway_ip", "enable_dhcp", "allocation_pools",
				"host_routes", "dns_nameservers", "subnetpool_id", "prefixlen", "ipv6_ra_mode", "ipv6_address_mode",
				"service_types", "use_default_subnetpool", "segment_id"},
			fixed: []string{"network_id", "ip_version", "cidr"}, make: makeSubnet, drop: dropSubnet},
		{path: "ports", plural: "ports", single: "port", typ: "Port",
			known: []string{"name", "network_id", "mac_address", "admin_state_up", "device_id", "device_owner", "fixed_ips",
				"allowed_address_pairs", "extra_dhcp_opts", "security_groups", "binding:vnic_type", "binding:profile",
				"binding:host_id", "port_security_enabled", "qos_policy_id", "dns_name", "dns_domain"},
			fixed: []string{"network_id"}, make: makePort, change: changePort, drop: dropPort},
		{path: "routers", plural: "routers", single: "router", typ: "Router",
			known: []string{"name", "admin_state_up", "external_gateway_info", "routes", "distributed", "ha", "flavor_id",
				"availability_zone_hints"},
			make: makeRouter, change: changeRouter, drop: dropRouter},
		{path: "floatingips", plural: "floatingips", single: "floatingip", typ: "FloatingIP",
			known: []string{"floating_network_id", "port_id", "fixed_ip_address", "floating_ip_address", "subnet_id",
				"qos_policy_id", "dns_name", "dns_domain"},
			fixed: []string{"floating_network_id", "floating_ip_address"}, make: makeFloatingIP, change: changeFloatingIP,
			drop: dropFloatingIP, view: viewFloatingIP},
	}
}

// policyKinds are what rules over it.
func policyKinds() []netKind {
	return []netKind{
		{path: "security-groups", plural: "security_groups", single: "security_group", typ: "SecurityGroup",
			known: []string{"name", "stateful"}, make: makeGroup, change: changeGroup, drop: dropGroup,
			view: func(c *call, r *record, out object) {
				rules := []any{}
				for _, rule := range c.region.net.table("security_group_rules").order {
					if str(rule.f, "security_group_id") == r.id {
						view := cloneObject(rule.f)
						view["standard_attr_id"], view["tags"] = len(rules)+1, []any{}
						rules = append(rules, view)
					}
				}
				out["security_group_rules"] = rules
			}},
		{path: "security-group-rules", plural: "security_group_rules", single: "security_group_rule", typ: "SecurityGroupRule",
			known: []string{"security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
				"remote_ip_prefix", "remote_group_id", "remote_address_group_id"},
			make: makeRule},
		{path: "subnetpools", plural: "subnetpools", single: "subnetpool", typ: "SubnetPool",
			known: []string{"name", "prefixes", "min_prefixlen", "max_prefixlen", "default_prefixlen", "shared", "is_default",
				"address_scope_id", "default_quota"}, make: makeSubnetPool},
		{path: "address-scopes", plural: "address_scopes", single: "address_scope", typ: "AddressScope",
			known: []string{"name", "ip_version", "shared"}, make: func(c *call, f object) *apiError {
				fill(f, object{"name": "", "ip_version": 4, "shared": false})
				return nil
			}},
		{path: "rbac-policies", plural: "rbac_policies", single: "rbac_policy", typ: "RbacPolicy",
			known: []string{"object_type", "object_id", "action", "target_tenant"}, make: func(c *call, f object) *apiError {
				return needs(f, "object_type", "object_id", "action", "target_tenant")
			}},
		{path: "qos/policies", plural: "policies", single: "policy", typ: "QosPolicy",
			known: []string{"name", "shared", "is_default"}, make: func(c *call, f object) *apiError {
				fill(f, object{"name": "", "shared": false, "is_default": false, "rules": []any{}})
				return nil
			}},
	}
}

// netKindOf finds a kind for code that works on records of several.
func netKindOf(plural string) netKind {
	kinds := netKinds()
	return kinds[slices.IndexFunc(kinds, func(k netKind) bool { return k.plural == plural })]
}

func needs(f object, keys ...string) *apiError {
	for _, key := range keys {
		if f[key] == nil {
			return badRequest("Failed to parse request. Required attribute '%s' not specified", key)
		}
	}
	return nil
}

func makeNetwork(c *call, f object) *apiError {
	for key := range f {
		if !c.admin() && (strings.HasPrefix(key, "provider:") || key == "shared" && f[key] == true || key == "router:external" && f[key] == true) {
			return fail(403, "PolicyNotAuthorized", "(rule:create_network and rule:create_network:%s) is disallowed by policy", key)
		}
	}
	fill(f, object{"name": "", "admin_state_up": true, "status": "ACTIVE", "shared": false, "router:external": false, "mtu": 1450,
		"port_security_enabled": true, "qos_policy_id": nil, "availability_zone_hints": []any{}, "availability_zones": []any{},
		"ipv4_address_scope": nil, "ipv6_address_scope": nil, "provider:network_type": "vxlan",
		"provider:physical_network": nil, "provider:segmentation_id": nil})
	if f["router:external"] == true {
		fill(f, object{"is_default": false})
	}
	if f["provider:network_type"] == "vxlan" && f["provider:segmentation_id"] == nil {
		f["provider:segmentation_id"] = len(c.region.net.table("networks").order) + 1
	}
	f["revision_number"] = 1
	return nil
}

func dropNetwork(c *call, r *record) *apiError {
	for _, p := range c.region.net.table("ports").order {
		if str(p.f, "network_id") == r.id {
			return fail(409, "NetworkInUse", "Unable to complete operation on network %s. There are one or more ports still in use on the network, id for these ports is: %s.", r.id, p.id)
		}
	}
	c.region.net.table("subnets").each(func(s *record) {
		if str(s.f, "network_id") == r.id {
			c.region.net.table("subnets").remove(s.id)
		}
	})
	return nil
}

func makeSubnet(c *call, f object) *apiError {
	if f["subnetpool_id"] != nil && f["cidr"] == nil {
		f["cidr"] = c.fromSubnetPool(str(f, "subnetpool_id"))
	}
	if e := needs(f, "network_id", "ip_version"); e != nil {
		return e
	}
	netID := str(f, "network_id")
	parent := c.region.net.table("networks").get(netID)
	if parent == nil || !c.sees(parent) {
		return netKindOf("networks").missing(netID)
	}
	if f["cidr"] == nil {
		return badRequest("Bad subnets request: a subnetpool must be specified in the absence of a cidr.")
	}
	p, e := newPool(str(f, "cidr"))
	if e != nil {
		return e
	}
	if (num(f, "ip_version") == 4) != p.prefix.Addr().Is4() {
		return badRequest("Invalid input for operation: The requested cidr does not match the ip_version %d.", num(f, "ip_version"))
	}
	for _, other := range c.region.net.table("subnets").order {
		if str(other.f, "network_id") == netID && c.region.net.poolOf(other).prefix.Overlaps(p.prefix) {
			return badRequest("Invalid input for operation: Requested subnet with cidr: %s for network: %s overlaps with another subnet.", p.prefix, netID)
		}
	}
	first := p.prefix.Addr().Next()
	if _, said := f["gateway_ip"]; !said {
		f["gateway_ip"] = first.String()
	}
	start := first.Next()
	f["cidr"] = p.prefix.String()
	fill(f, object{"name": "", "subnetpool_id": nil, "enable_dhcp": true, "ipv6_ra_mode": nil, "ipv6_address_mode": nil,
		"host_routes": []any{}, "dns_nameservers": []any{}, "service_types": []any{},
		"allocation_pools": []any{object{"start": start.String(), "end": p.last.String()}}})
	if pools := list(f, "allocation_pools"); len(pools) > 0 {
		first, _ := pools[0].(map[string]any)
		if a, err := netip.ParseAddr(str(first, "start")); err == nil {
			p.next = a
		}
		if a, err := netip.ParseAddr(str(first, "end")); err == nil {
			p.last = a
		}
	}
	c.region.net.pools()[str(f, "id")] = p
	return nil
}

func (n *network) pools() map[string]*pool { return n.given }

func (n *network) poolOf(subnet *record) *pool { return n.pools()[subnet.id] }

func (c *call) fromSubnetPool(id string) any {
	sp := c.region.net.table("subnetpools").get(id)
	if sp == nil {
		return nil
	}
	for _, p := range list(sp.f, "prefixes") {
		prefix, err := netip.ParsePrefix(fmt.Sprint(p))
		if err != nil {
			continue
		}
		bits := max(num(sp.f, "default_prefixlen"), prefix.Bits())
		for addr := prefix.Addr(); prefix.Contains(addr); {
			try, e := newPool(netip.PrefixFrom(addr, bits).String())
			if e != nil {
				return nil
			}
			free := true
			for _, used := range c.region.net.pools() {
				free = free && !used.prefix.Overlaps(try.prefix)
			}
			if free {
				return try.prefix.String()
			}
			for addr = try.last; try.prefix.Contains(addr); {
				addr = addr.Next()
			}
		}
	}
	return nil
}

func dropSubnet(c *call, r *record) *apiError {
	for _, p := range c.region.net.table("ports").order {
		for _, ip := range list(p.f, "fixed_ips") {
			if m, _ := ip.(map[string]any); str(m, "subnet_id") == r.id {
				return fail(409, "SubnetInUse", "Unable to complete operation on subnet %s: One or more ports have an IP allocation from this subnet.", r.id)
			}
		}
	}
	delete(c.region.net.pools(), r.id)
	return nil
}

func makeGroup(c *call, f object) *apiError {
	if str(f, "name") == "default" {
		return fail(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
	}
	fill(f, object{"name": "", "stateful": true, "shared": false})
	f["revision_number"] = 1
	return nil
}

func changeGroup(c *call, r *record, in object) *apiError {
	if r.name() == "default" && in["name"] != nil && str(in, "name") != "default" {
		return fail(409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.")
	}
	return nil
}

func dropGroup(c *call, r *record) *apiError {
	if r.name() == "default" && !c.admin() {
		return fail(409, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.")
	}
	for _, p := range c.region.net.table("ports").order {
		if slices.Contains(list(p.f, "security_groups"), any(r.id)) {
			return fail(409, "SecurityGroupInUse", "Security Group %s in use.", r.id)
		}
	}
	rules := c.region.net.table("security_group_rules")
	rules.each(func(rule *record) {
		if str(rule.f, "security_group_id") == r.id {
			rules.remove(rule.id)
		}
	})
	return nil
}

// baseRules are the two rules that let everything out of a new group.
func (n *network) baseRules(g *record, now time.Time) {
	for _, ethertype := range []string{"IPv4", "IPv6"} {
		n.addRule(g, ethertype, "egress", nil, now)
	}
}

func (n *network) addRule(g *record, ethertype, direction string, remote any, now time.Time) {
	r := newNetRecord(newID(), g.project, now, object{"security_group_id": g.id, "ethertype": ethertype, "direction": direction,
		"remote_group_id": remote})
	fill(r.f, ruleDefaults())
	r.f["description"] = nil
	n.table("security_group_rules").add(r)
}

func ruleDefaults() object {
	return object{"protocol": nil, "port_range_min": nil, "port_range_max": nil, "remote_ip_prefix": nil, "remote_group_id": nil,
		"remote_address_group_id": nil, "normalized_cidr": nil, "ethertype": "IPv4"}
}

// defaultGroup returns a project's default security group, making it when first
// needed.
func (n *network) defaultGroup(project string, now time.Time) *record {
	if project == "" {
		return nil
	}
	groups := n.table("security_groups")
	if g := groups.named(project, "default"); g != nil {
		return g
	}
	g := newNetRecord(newID(), project, now, object{"name": "default", "description": "Default security group", "stateful": true, "shared": false})
	groups.add(g)
	n.baseRules(g, now)
	for _, ethertype := range []string{"IPv4", "IPv6"} {
		n.addRule(g, ethertype, "ingress", g.id, now)
	}
	return g
}

func makeRule(c *call, f object) *apiError {
	if e := needs(f, "security_group_id", "direction"); e != nil {
		return e
	}
	g := c.region.net.table("security_groups").get(str(f, "security_group_id"))
	if g == nil || !c.sees(g) {
		return fail(404, "SecurityGroupNotFound", "Security group %s does not exist", str(f, "security_group_id"))
	}
	fill(f, ruleDefaults())
	delete(f, "tags")
	f["normalized_cidr"] = f["remote_ip_prefix"]
	same := []string{"security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id"}
	for _, r := range c.region.net.table("security_group_rules").order {
		if !slices.ContainsFunc(same, func(k string) bool { return fmt.Sprint(r.f[k]) != fmt.Sprint(f[k]) }) {
			return fail(409, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is %s.", r.id)
		}
	}
	return nil
}

func makeSubnetPool(c *call, f object) *apiError {
	if e := needs(f, "name", "prefixes"); e != nil {
		return e
	}
	fill(f, object{"min_prefixlen": "8", "max_prefixlen": "32", "default_prefixlen": "24", "shared": false, "is_default": false,
		"address_scope_id": nil, "default_quota": nil, "ip_version": 4})
	return nil
}
