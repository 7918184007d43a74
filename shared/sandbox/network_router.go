package sandbox

import (
	"fmt"
	"slices"
)

func (c *call) network(id string) (*record, *apiError) {
	if n := c.region.net.table("networks").get(id); n != nil && c.sees(n) {
		return n, nil
	}
	return nil, netKindOf("networks").missing(id)
}

// Ports.

func makePort(c *call, f object) *apiError {
	if e := needs(f, "network_id"); e != nil {
		return e
	}
	net, e := c.network(str(f, "network_id"))
	if e != nil {
		return e
	}
	if _, said := f["security_groups"]; !said {
		f["security_groups"] = []any{}
		if g := c.region.net.defaultGroup(str(f, "project_id"), c.now); g != nil && f["port_security_enabled"] != false {
			f["security_groups"] = []any{g.id}
		}
	}
	for _, g := range list(f, "security_groups") {
		if c.region.net.table("security_groups").get(fmt.Sprint(g)) == nil {
			return fail(404, "SecurityGroupNotFound", "Security group %v does not exist", g)
		}
	}
	ips, e := c.addressesFor(net, f["fixed_ips"])
	if e != nil {
		return e
	}
	f["fixed_ips"] = ips
	fill(f, object{"name": "", "admin_state_up": true, "status": "DOWN", "device_id": "", "device_owner": "",
		"mac_address": macOf(str(f, "id")), "allowed_address_pairs": []any{}, "extra_dhcp_opts": []any{}, "binding:vnic_type": "normal",
		"binding:profile": object{}, "binding:host_id": "", "binding:vif_type": "unbound", "binding:vif_details": object{},
		"port_security_enabled": true, "qos_policy_id": nil, "qos_network_policy_id": nil, "resource_request": nil})
	if str(f, "device_id") != "" {
		f["status"] = "ACTIVE"
	}
	return nil
}

func macOf(id string) string {
	h := fixedHex("mac", id)
	return fmt.Sprintf("fa:16:3e:%s:%s:%s", h[0:2], h[2:4], h[4:6])
}

// addressesFor gives out fixed addresses: those asked for ({subnet_id, ip_address},
// either alone), else one of the network's first IPv4 subnet and one of its first IPv6 subnet.
func (c *call) addressesFor(net *record, want any) ([]any, *apiError) {
	out := []any{}
	take := func(s *record, ip string) *apiError {
		addr, e := c.region.net.poolOf(s).take(ip)
		if e == nil {
			out = append(out, object{"subnet_id": s.id, "ip_address": addr})
		}
		return e
	}
	subnets := slices.DeleteFunc(slices.Clone(c.region.net.table("subnets").order), func(s *record) bool { return str(s.f, "network_id") != net.id })
	wanted, asked := want.([]any)
	for _, w := range wanted {
		m, _ := w.(map[string]any)
		i := slices.IndexFunc(subnets, func(s *record) bool { return s.id == str(m, "subnet_id") })
		if m["subnet_id"] == nil {
			i = slices.IndexFunc(subnets, func(s *record) bool { return c.region.net.poolOf(s).holds(str(m, "ip_address")) })
		}
		if i < 0 {
			return nil, badRequest("Invalid input for operation: Failed to create port on network %s, because fixed_ips included invalid subnet %s.", net.id, str(m, "subnet_id"))
		}
		if e := take(subnets[i], str(m, "ip_address")); e != nil {
			return nil, e
		}
	}
	if asked {
		return out, nil
	}
	for _, version := range []int{4, 6} {
		i := slices.IndexFunc(subnets, func(s *record) bool { return num(s.f, "ip_version") == version })
		if i < 0 {
			continue
		}
		if e := take(subnets[i], ""); e != nil {
			return nil, e
		}
	}
	return out, nil
}

func (c *call) releaseAddresses(f object) {
	for _, ip := range list(f, "fixed_ips") {
		m, _ := ip.(map[string]any)
		if p := c.region.net.pools()[str(m, "subnet_id")]; p != nil {
			p.release(str(m, "ip_address"))
		}
	}
}

func changePort(c *call, r *record, in object) *apiError {
	if want, has := in["fixed_ips"]; has {
		net, e := c.network(str(r.f, "network_id"))
		if e != nil {
			return e
		}
		c.releaseAddresses(r.f)
		ips, e := c.addressesFor(net, want)
		if e != nil {
			return e
		}
		in["fixed_ips"] = ips
	}
	if d, has := in["device_id"]; has {
		r.f["status"] = "DOWN"
		if d != "" {
			r.f["status"] = "ACTIVE"
		}
	}
	return nil
}

func dropPort(c *call, r *record) *apiError {
	if owner := str(r.f, "device_owner"); owner == "network:router_interface" || owner == "network:router_gateway" {
		return fail(409, "ServicePortInUse", "Port %s cannot be deleted directly via the port API: has device owner %s.", r.id, owner)
	}
	c.dropPortRecord(r)
	return nil
}

// dropPortRecord removes a port whatever owns it.
func (c *call) dropPortRecord(r *record) {
	c.releaseAddresses(r.f)
	for _, fip := range c.region.net.table("floatingips").order {
		if str(fip.f, "port_id") == r.id {
			detach(fip)
		}
	}
	c.region.net.table("ports").remove(r.id)
}

// lentPort marks a port that was there before the server that has it now.
type lentPort struct{}

// lend gives a port to a server.
func lend(p *record, server string) {
	p.f["device_id"], p.f["device_owner"], p.f["status"], p.ext = server, "compute:nova", "ACTIVE", lentPort{}
}

// leavePort takes a server's port from it: away if it was made for the server.
func (c *call) leavePort(p *record) {
	if _, lent := p.ext.(lentPort); !lent {
		c.dropPortRecord(p)
		return
	}
	p.f["device_id"], p.f["device_owner"], p.f["status"], p.ext = "", "", "DOWN", nil
}

// newPort makes a port for a service's own use.
func (c *call) newPort(project, network, owner, device string, f object) (*record, *apiError) {
	if f == nil {
		f = object{}
	}
	f["network_id"], f["device_owner"], f["device_id"] = network, owner, device
	r := newNetRecord(newID(), project, c.now, f)
	if e := makePort(c, r.f); e != nil {
		return nil, e
	}
	return c.region.net.table("ports").add(r), nil
}

// Routers.

func makeRouter(c *call, f object) *apiError {
	fill(f, object{"name": "", "admin_state_up": true, "status": "ACTIVE", "external_gateway_info": nil, "routes": []any{},
		"flavor_id": nil, "availability_zones": []any{}, "availability_zone_hints": []any{}})
	return c.setGateway(f, f)
}

func changeRouter(c *call, r *record, in object) *apiError {
	if _, has := in["external_gateway_info"]; !has {
		return nil
	}
	c.clearGateway(r.f)
	in["id"] = r.id
	defer delete(in, "id")
	return c.setGateway(r.f, in)
}

// setGateway completes want's external_gateway_info.
func (c *call) setGateway(router, want object) *apiError {
	info := sub(want, "external_gateway_info")
	if len(info) == 0 {
		want["external_gateway_info"] = nil
		return nil
	}
	net, e := c.network(str(info, "network_id"))
	if e != nil {
		return e
	}
	if net.f["router:external"] != true {
		return badRequest("Bad router request: Network %s is not an external network.", net.id)
	}
	ips, e := c.addressesFor(net, info["external_fixed_ips"])
	if e != nil {
		return e
	}
	want["external_gateway_info"] = object{"network_id": net.id, "enable_snat": boolOr(info, "enable_snat", true), "external_fixed_ips": ips}
	return nil
}

func (c *call) clearGateway(router object) {
	if info := sub(router, "external_gateway_info"); info != nil {
		c.releaseAddresses(object{"fixed_ips": info["external_fixed_ips"]})
	}
}

func (c *call) interfacesOf(router string) []*record {
	var out []*record
	for _, p := range c.region.net.table("ports").order {
		if str(p.f, "device_id") == router && str(p.f, "device_owner") == "network:router_interface" {
			out = append(out, p)
		}
	}
	return out
}

func dropRouter(c *call, r *record) *apiError {
	if ports := c.interfacesOf(r.id); len(ports) > 0 {
		return fail(409, "RouterInUse", "Router %s has ports still attached: %s", r.id, ports[0].id)
	}
	c.clearGateway(r.f)
	return nil
}

func routerRoutes() []route {
	k := netKindOf("routers")
	with := func(f func(*call, *record, object) (reply, error)) handler {
		return func(c *call) (reply, error) {
			r, e := k.get(c)
			if e != nil {
				return reply{}, e
			}
			in, err := c.in("")
			if err != nil {
				return reply{}, err
			}
			return f(c, r, in)
		}
	}
	return []route{
		{"PUT", "/routers/{id}/add_router_interface", with(addInterface), member, "add_router_interface"},
		{"PUT", "/routers/{id}/remove_router_interface", with(removeInterface), member, "remove_router_interface"},
	}
}

func interfaceAnswer(r, port *record) object {
	ips := list(port.f, "fixed_ips")
	ids := []any{}
	for _, ip := range ips {
		ids = append(ids, ip.(map[string]any)["subnet_id"])
	}
	out := object{"id": r.id, "tenant_id": r.project, "port_id": port.id, "network_id": port.f["network_id"], "subnet_ids": ids}
	if len(ids) > 0 {
		out["subnet_id"] = ids[0]
	}
	return out
}

func addInterface(c *call, r *record, in object) (reply, error) {
	if pid := str(in, "port_id"); pid != "" {
		p := c.region.net.table("ports").get(pid)
		if p == nil || !c.sees(p) {
			return reply{}, netKindOf("ports").missing(pid)
		}
		if str(p.f, "device_id") != "" {
			return reply{}, fail(409, "PortInUse", "Unable to complete operation on port %s for network %s. Port already has an attached device %s.", pid, str(p.f, "network_id"), str(p.f, "device_id"))
		}
		p.f["device_id"], p.f["device_owner"], p.f["status"] = r.id, "network:router_interface", "ACTIVE"
		return ok(interfaceAnswer(r, p))
	}
	sid := str(in, "subnet_id")
	s := c.region.net.table("subnets").get(sid)
	if s == nil || !c.sees(s) {
		if sid == "" {
			return reply{}, badRequest("Bad router request: Either subnet_id or port_id must be specified.")
		}
		return reply{}, netKindOf("subnets").missing(sid)
	}
	for _, p := range c.interfacesOf(r.id) {
		if slices.Contains(interfaceAnswer(r, p)["subnet_ids"].([]any), any(sid)) {
			return reply{}, badRequest("Bad router request: Router already has a port on subnet %s.", sid)
		}
	}
	if s.f["gateway_ip"] == nil {
		return reply{}, badRequest("Bad router request: Subnet for router interface must have a gateway IP.")
	}
	p, e := c.newPort(r.project, str(s.f, "network_id"), "network:router_interface", r.id, object{"security_groups": []any{},
		"port_security_enabled": false, "fixed_ips": []any{object{"subnet_id": sid, "ip_address": s.f["gateway_ip"]}}})
	if e != nil {
		return reply{}, e
	}
	return ok(interfaceAnswer(r, p))
}

func removeInterface(c *call, r *record, in object) (reply, error) {
	for _, p := range c.interfacesOf(r.id) {
		answer := interfaceAnswer(r, p)
		if p.id == str(in, "port_id") || slices.Contains(answer["subnet_ids"].([]any), in["subnet_id"]) && in["subnet_id"] != nil {
			c.dropPortRecord(p)
			return ok(answer)
		}
	}
	if sid := str(in, "subnet_id"); sid != "" {
		return reply{}, fail(404, "RouterInterfaceNotFoundForSubnet", "Router %s has no interface on subnet %s", r.id, sid)
	}
	return reply{}, fail(404, "RouterInterfaceNotFound", "Router %s does not have an interface with id %s", r.id, str(in, "port_id"))
}

// Floating IPs.

func makeFloatingIP(c *call, f object) *apiError {
	if e := needs(f, "floating_network_id"); e != nil {
		return e
	}
	net, e := c.network(str(f, "floating_network_id"))
	if e != nil {
		return e
	}
	if net.f["router:external"] != true {
		return badRequest("Bad floatingip request: Network %s is not a valid external network.", net.id)
	}
	var want any
	if ip := str(f, "floating_ip_address"); ip != "" {
		want = []any{object{"ip_address": ip}}
	}
	ips, e := c.addressesFor(net, want)
	if e != nil {
		return e
	}
	if len(ips) == 0 {
		return fail(409, "ExternalIpAddressExhausted", "Unable to find any IP address on external network %s.", net.id)
	}
	f["floating_ip_address"], f["subnet"] = ips[0].(map[string]any)["ip_address"], nil
	delete(f, "subnet")
	delete(f, "subnet_id")
	port := f["port_id"]
	fill(f, object{"qos_policy_id": nil})
	f["router_id"], f["port_id"], f["status"] = nil, nil, "DOWN"
	fixed := f["fixed_ip_address"]
	f["fixed_ip_address"] = nil
	if port == nil {
		return nil
	}
	return c.attach(f, fmt.Sprint(port), fixed)
}

// attach lets a floating IP point to a port that a router connects with its network.
func (c *call) attach(f object, pid string, fixed any) *apiError {
	p := c.region.net.table("ports").get(pid)
	if p == nil || !c.sees(p) {
		return netKindOf("ports").missing(pid)
	}
	ips := list(p.f, "fixed_ips")
	if len(ips) == 0 {
		return badRequest("Bad floatingip request: Cannot add floating IP to port %s that has no fixed IPv4 addresses.", pid)
	}
	first := ips[0].(map[string]any)
	for _, other := range c.region.net.table("floatingips").order {
		if str(other.f, "port_id") == pid && other.id != str(f, "id") {
			return fail(409, "FloatingIPPortAlreadyAssociated", "Cannot associate floating IP %s (%s) with port %s using fixed IP %v, as that fixed IP already has a floating IP on external network %s.",
				str(f, "floating_ip_address"), str(f, "id"), pid, first["ip_address"], str(f, "floating_network_id"))
		}
	}
	for _, r := range c.region.net.table("routers").order {
		if str(sub(r.f, "external_gateway_info"), "network_id") != str(f, "floating_network_id") {
			continue
		}
		for _, i := range c.interfacesOf(r.id) {
			if str(i.f, "network_id") == str(p.f, "network_id") {
				f["router_id"], f["port_id"], f["status"] = r.id, pid, "ACTIVE"
				f["fixed_ip_address"] = or(fixed, first["ip_address"])
				return nil
			}
		}
	}
	return fail(404, "ExternalGatewayForFloatingIPNotFound", "External network %s is not reachable from subnet %v.  Therefore, cannot associate Port %s with a Floating IP.",
		str(f, "floating_network_id"), first["subnet_id"], pid)
}

func detach(r *record) {
	r.f["router_id"], r.f["port_id"], r.f["fixed_ip_address"], r.f["status"] = nil, nil, nil, "DOWN"
}

func changeFloatingIP(c *call, r *record, in object) *apiError {
	port, has := in["port_id"]
	if !has {
		return nil
	}
	delete(in, "port_id")
	fixed := in["fixed_ip_address"]
	delete(in, "fixed_ip_address")
	if port == nil {
		detach(r)
		return nil
	}
	return c.attach(r.f, fmt.Sprint(port), fixed)
}

func dropFloatingIP(c *call, r *record) *apiError {
	for _, s := range c.region.net.table("subnets").order {
		if str(s.f, "network_id") == str(r.f, "floating_network_id") {
			c.region.net.poolOf(s).release(str(r.f, "floating_ip_address"))
		}
	}
	return nil
}

func viewFloatingIP(c *call, r *record, out object) {
	out["port_details"] = nil
	p := c.region.net.table("ports").get(str(r.f, "port_id"))
	if p == nil {
		return
	}
	details := object{}
	for _, key := range []string{"name", "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner"} {
		details[key] = p.f[key]
	}
	out["port_details"] = details
}
