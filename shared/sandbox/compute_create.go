package sandbox

import (
	"fmt"
	"slices"
	"strings"
)

// plan is a server that is asked for, checked but not made.
type plan struct {
	flavor  *record
	image   string
	bootVol *record
	ports   []func(id string) *apiError
	groups  []string
	in      object
	hints   object
	count   int
}

func createServers(c *call) (reply, error) {
	body, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	in := sub(body, "server")
	if in == nil {
		return reply{}, badRequest("Invalid input for field/attribute server. Value: None. 'server' is a required property")
	}
	p, e := c.planServer(in, body)
	if e != nil {
		return reply{}, e
	}
	var first *record
	reservation := "r-" + newSecret(4)
	for i := range p.count {
		name := str(in, "name")
		if p.count > 1 {
			name = fmt.Sprintf("%s-%d", name, i+1)
		}
		r, e := c.makeServer(p, name, reservation)
		if e != nil {
			return reply{}, e
		}
		if first == nil {
			first = r
		}
	}
	if boolOr(in, "return_reservation_id", false) {
		return accepted(object{"reservation_id": reservation})
	}
	s := serverOf(first)
	groups := []any{}
	for _, g := range s.groups {
		groups = append(groups, object{"name": g})
	}
	return reply{status: 202, header: map[string]string{"Location": c.url("servers", first.id)}, body: object{"server": object{
		"id": first.id, "links": c.links("servers", first.id), "OS-DCF:diskConfig": s.diskConfig, "security_groups": groups, "adminPass": s.pass}}}, nil
}

func required(in object, what string, keys ...string) *apiError {
	for _, key := range keys {
		if v := in[key]; v == nil || v == "" {
			return badRequest("Invalid input for field/attribute %s. '%s' is a required property", what, key)
		}
	}
	return nil
}

func (c *call) planServer(in, body object) (*plan, *apiError) {
	p := &plan{in: in, hints: sub(body, "os:scheduler_hints"), count: max(num(in, "min_count"), num(in, "max_count"), 1)}
	if p.hints == nil {
		p.hints = sub(body, "OS-SCH-HNT:scheduler_hints")
	}
	if e := required(in, "server", "name", "flavorRef"); e != nil {
		return nil, e
	}
	flavor := refID(str(in, "flavorRef"))
	if p.flavor = c.region.comp.flavors.get(flavor); p.flavor == nil {
		return nil, badRequest("Flavor %s could not be found.", flavor)
	}
	if e := c.planDisk(p); e != nil {
		return nil, e
	}
	if key := str(in, "key_name"); key != "" && c.keypair(c.token.userID(), key) == nil {
		return nil, badRequest("Invalid key_name provided.")
	}
	for _, g := range list(in, "security_groups") {
		m, _ := g.(map[string]any)
		found := c.securityGroup(str(m, "name"))
		if found == nil {
			return nil, badRequest("Security group %s not found for project %s.", str(m, "name"), c.project())
		}
		p.groups = append(p.groups, found.name())
	}
	if len(p.groups) == 0 {
		p.groups = []string{"default"}
	}
	if az, _, _ := strings.Cut(str(in, "availability_zone"), ":"); az != "" && az != "nova" {
		return nil, badRequest("The requested availability zone is not available")
	}
	if gid := str(p.hints, "group"); gid != "" && c.region.comp.groups.get(gid) == nil {
		return nil, badRequest("Instance group %s could not be found.", gid)
	}
	if e := c.planPorts(p); e != nil {
		return nil, e
	}
	return p, c.quotaFor(p)
}

// refID is the last segment of what may be a URL.
func refID(ref string) string { return ref[strings.LastIndex(ref, "/")+1:] }

// planDisk checks image or boot volume.
func (c *call) planDisk(p *plan) *apiError {
	p.image = refID(str(p.in, "imageRef"))
	for _, b := range list(p.in, "block_device_mapping_v2") {
		m, _ := b.(map[string]any)
		if fmt.Sprint(m["boot_index"]) != "0" {
			continue
		}
		switch str(m, "source_type") {
		case "volume":
			if p.bootVol = c.region.vol.volumes.get(str(m, "uuid")); p.bootVol == nil {
				return badRequest("Block Device Mapping is Invalid: failed to get volume %s.", str(m, "uuid"))
			}
			p.image = ""
		case "image":
			p.image = str(m, "uuid")
		}
	}
	if p.bootVol != nil {
		return nil
	}
	if p.image == "" {
		return badRequest("Invalid imageRef provided.")
	}
	img := c.region.img.images.get(p.image)
	if img == nil || !c.seesImage(img) {
		return badRequest("Can not find requested image")
	}
	if status := str(img.f, "status"); status != "active" {
		return badRequest("Image %s is not active.", img.id)
	}
	if num(p.flavor.f, "ram") < num(img.f, "min_ram") {
		return badRequest("Flavor's memory is too small for requested image.")
	}
	if d := num(p.flavor.f, "disk"); d > 0 && d < num(img.f, "min_disk") {
		return badRequest("Flavor's disk is too small for requested image. Flavor disk is %d bytes, minimum size is %d bytes.", d<<30, num(img.f, "min_disk")<<30)
	}
	return nil
}

func (c *call) securityGroup(ref string) *record {
	c.region.net.defaultGroup(c.project(), c.now)
	groups := c.region.net.table("security_groups")
	if g := groups.get(ref); g != nil && g.project == c.project() {
		return g
	}
	return groups.named(c.project(), ref)
}

// planPorts decides on the networks; the ports are made with the server.
func (c *call) planPorts(p *plan) *apiError {
	wanted, isList := p.in["networks"].([]any)
	if p.in["networks"] == "none" {
		return nil
	}
	if c.minor >= 37 && p.in["networks"] == nil {
		return badRequest("Invalid input for field/attribute server. 'networks' is a required property")
	}
	if !isList || len(wanted) == 0 {
		return c.planDefaultNetwork(p)
	}
	for _, w := range wanted {
		m, _ := w.(map[string]any)
		if pid := str(m, "port"); pid != "" {
			port := c.region.net.table("ports").get(pid)
			if port == nil || !c.sees(port) {
				return badRequest("Port id %s could not be found.", pid)
			}
			if str(port.f, "device_id") != "" {
				return conflict("Port %s is still in use.", pid)
			}
			p.ports = append(p.ports, func(id string) *apiError {
				lend(port, id)
				return nil
			})
			continue
		}
		net := c.region.net.table("networks").get(str(m, "uuid"))
		if net == nil || !c.sees(net) {
			return badRequest("Network %s could not be found.", str(m, "uuid"))
		}
		c.planPort(p, net.id, str(m, "fixed_ip"))
	}
	return nil
}

func (c *call) planPort(p *plan, net, ip string) {
	p.ports = append(p.ports, func(id string) *apiError {
		f := object{"binding:host_id": c.region.host(0), "binding:vif_type": "ovs", "status": "ACTIVE"}
		if ip != "" {
			f["fixed_ips"] = []any{object{"ip_address": ip}}
		}
		groups := []any{}
		for _, g := range p.groups {
			groups = append(groups, c.securityGroup(g).id)
		}
		f["security_groups"] = groups
		_, e := c.newPort(c.project(), net, "compute:nova", id, f)
		return e
	})
}

func (c *call) planDefaultNetwork(p *plan) *apiError {
	var usable []string
	for _, n := range c.region.net.table("networks").order {
		if (n.project == c.project() || n.f["shared"] == true) && n.f["router:external"] != true {
			usable = append(usable, n.id)
		}
	}
	if len(usable) > 1 {
		return conflict("Multiple possible networks found, use a Network ID to be more specific.")
	}
	if len(usable) == 1 {
		c.planPort(p, usable[0], "")
	}
	return nil
}

func (c *call) quotaFor(p *plan) *apiError {
	q := c.region.comp.quota(c.project())
	used := c.region.comp.usage(c.project())
	for _, need := range [][2]any{{"instances", p.count}, {"cores", p.count * num(p.flavor.f, "vcpus")}, {"ram", p.count * num(p.flavor.f, "ram")}} {
		key, n := need[0].(string), need[1].(int)
		if limit := num(q, key); limit >= 0 && used[key]+n > limit {
			return forbidden("Quota exceeded for %s: Requested %d, but already used %d of %d %s", key, n, used[key], limit, key)
		}
	}
	return nil
}

func (c *call) makeServer(p *plan, name, reservation string) (*record, *apiError) {
	in := p.in
	c.region.comp.nextInstance++
	s := &server{status: "BUILD", vm: "building", task: "scheduling", flavor: p.flavor, image: p.image, key: str(in, "key_name"), az: "nova",
		host: c.region.host(c.region.comp.nextInstance), user: c.token.userID(), instance: c.region.comp.nextInstance, reservation: reservation,
		pass: strOr(in, "adminPass", newSecret(6)), hostname: strings.ToLower(strings.ReplaceAll(name, " ", "-")), userData: in["user_data"],
		groups: p.groups, description: or(in["description"], nil), tags: []any{}, diskConfig: strOr(in, "OS-DCF:diskConfig", "MANUAL"),
		accessV4: str(in, "accessIPv4"), accessV6: str(in, "accessIPv6"), group: str(p.hints, "group")}
	if boolOr(in, "config_drive", false) {
		s.configDrive = "True"
	}
	if c.minor < 19 {
		s.description = name
	}
	if tags := list(in, "tags"); tags != nil && c.minor >= 52 {
		s.tags = slices.Clone(tags)
	}
	r := &record{id: newID(), project: c.project(), created: c.now, updated: c.now, ext: s,
		f: object{"name": name, "metadata": cloneObject(sub(in, "metadata"))}}
	for _, make := range p.ports {
		if e := make(r.id); e != nil {
			return nil, e
		}
	}
	if p.bootVol != nil {
		c.attachDisk(r, p.bootVol, "/dev/sda", nil, false)
	}
	c.region.comp.servers.add(r)
	c.acted(r, "create")
	if g := c.region.comp.groups.get(s.group); g != nil {
		g.f["members"] = append(slices.Clone(list(g.f, "members")), r.id)
	}
	r.become(c.now, func() { c.region.comp.finishBuild(r, c.sb) })
	return r, nil
}

// finishBuild ends the building of a server: ACTIVE, or ERROR if its metadata has
// "sandbox:error", whose value is then the message.
func (n *compute) finishBuild(r *record, sb *Sandbox) {
	s, now := serverOf(r), sb.now()
	r.updated = now
	if msg := str(sub(r.f, "metadata"), "sandbox:error"); msg != "" {
		s.state("ERROR", "error", 0)
		s.fault = object{"code": 500, "created": zulu(now), "message": msg}
		return
	}
	s.state("ACTIVE", "active", 1)
	s.launched = now
}

// acted notes an instance action.
func (c *call) acted(r *record, action string) {
	s := serverOf(r)
	s.actions = append(s.actions, object{"action": action, "instance_uuid": r.id, "request_id": c.reqID, "user_id": c.token.userID(),
		"project_id": c.project(), "start_time": micro(c.now), "message": nil})
}

func showServer(c *call, r *record) (reply, error) {
	return ok(object{"server": c.serverView(r, c.portsOf(r.id))})
}

func updateServer(c *call, r *record) (reply, error) {
	in, err := c.in("server")
	if err != nil {
		return reply{}, err
	}
	s := serverOf(r)
	if name, has := in["name"]; has {
		if text, is := name.(string); !is || text == "" {
			return reply{}, badRequest("Invalid input for field/attribute name. Value: %v.", name)
		}
		r.f["name"] = name
	}
	if d, has := in["description"]; has && c.minor >= 19 {
		s.description = d
	}
	s.accessV4, s.accessV6 = strOr(in, "accessIPv4", s.accessV4), strOr(in, "accessIPv6", s.accessV6)
	s.hostname = strOr(in, "hostname", s.hostname)
	r.updated = c.now
	view := c.serverView(r, c.portsOf(r.id))
	for key := range view { // an update answers with the core attributes only
		if strings.HasPrefix(key, "OS-EXT-") || strings.HasPrefix(key, "OS-SRV-USG") || strings.HasPrefix(key, "os-extended") ||
			key == "key_name" || key == "config_drive" || key == "security_groups" {
			if c.minor < 75 {
				delete(view, key)
			}
		}
	}
	return ok(object{"server": view})
}

func deleteServer(c *call, r *record) (reply, error) {
	s := serverOf(r)
	if s.locked && !c.admin() {
		return reply{}, conflict("Instance %s is locked", r.id)
	}
	s.task = "deleting"
	c.dying(r, func() { c.removeServer(r) })
	return noContent()
}

// removeServer takes a server and what goes with it away.
func (c *call) removeServer(r *record) {
	for _, p := range c.portsOf(r.id) {
		c.leavePort(p)
	}
	for _, d := range serverOf(r).disks {
		if v := c.region.vol.volumes.get(d.volume); v != nil {
			c.region.vol.detach(v, r.id)
			if d.deleteAlong {
				c.region.vol.volumes.remove(v.id)
			}
		}
	}
	for _, g := range c.region.comp.groups.order {
		g.f["members"] = slices.DeleteFunc(slices.Clone(list(g.f, "members")), func(m any) bool { return m == any(r.id) })
	}
	c.region.comp.servers.remove(r.id)
}
