package sandbox

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// network is a region's Neutron.
type network struct {
	tables map[string]*table // by the JSON key of the collection
	quotas map[string]object // by project, where changed
	agents table
	hosted hosted
	given  map[string]*pool // by subnet
}

// netKind is one kind of Neutron's resources, all handled alike but for the
// hooks: make completes and checks a new one, change a changed one, drop forbids
// or follows a removal.
type netKind struct {
	path, plural, single string
	typ                  string   // in error names: "NetworkNotFound"
	known                []string // attributes that a client may set
	fixed                []string // of these, those that can't be changed later
	make                 func(c *call, f object) *apiError
	change               func(c *call, r *record, in object) *apiError
	drop                 func(c *call, r *record) *apiError
	view                 func(c *call, r *record, out object)
}

func networkService() *service {
	s := &service{kind: "network", stype: "network", name: "neutron", version: "v2.0"}
	s.router = newRouter(networkRoutes())
	s.versions = func(c *call) reply {
		return reply{status: 200, body: object{"versions": []any{object{"id": "v2.0", "status": "CURRENT", "links": c.selfLink("v2.0")}}}}
	}
	s.current = func(c *call) reply {
		out := []any{}
		for _, k := range netKinds() {
			out = append(out, object{"name": k.single, "collection": k.plural, "links": []any{object{"rel": "self", "href": c.url(k.path)}}})
		}
		return reply{status: 200, body: object{"resources": out}}
	}
	s.shape = func(c *call, e *apiError) *reply {
		return &reply{status: e.Status, body: object{"NeutronError": object{"type": e.Type, "message": e.Message, "detail": ""}}}
	}
	return s
}

func networkRoutes() []route {
	var routes []route
	for _, k := range netKinds() {
		one := "/" + k.path + "/{id}"
		routes = append(routes,
			route{"GET", "/" + k.path, k.list, member, "get_" + k.plural},
			route{"POST", "/" + k.path, k.create, member, "create_" + k.single},
			route{"GET", one, k.show, member, "get_" + k.single},
			route{"PUT", one, k.update, member, "update_" + k.single},
			route{"DELETE", one, k.remove, member, "delete_" + k.single},
			route{"GET", one + "/tags", k.tags, member, ""},
			route{"PUT", one + "/tags", k.tags, member, ""},
			route{"DELETE", one + "/tags", k.tags, member, ""},
			route{"GET", one + "/tags/{tag}", k.tags, member, ""},
			route{"PUT", one + "/tags/{tag}", k.tags, member, ""},
			route{"DELETE", one + "/tags/{tag}", k.tags, member, ""})
	}
	routes = append(routes, routerRoutes()...)
	return append(append(routes, networkExtraRoutes()...), agentRoutes()...)
}

func (n *network) table(plural string) *table {
	t := n.tables[plural]
	if t == nil {
		t = &table{}
		n.tables[plural] = t
	}
	return t
}

func (k netKind) missing(id string) *apiError {
	return fail(404, k.typ+"NotFound", "%s %s could not be found.", k.typ, id)
}

// sees reports whether the caller may see a resource: its project's, shared ones,
// external networks and what is on them, everything for an admin.
func (c *call) sees(r *record) bool {
	return c.visible(r.project) || r.f["shared"] == true || r.f["router:external"] == true
}

func (k netKind) get(c *call) (*record, *apiError) {
	id := c.vars["id"]
	r := c.region.net.table(k.plural).get(id)
	if r == nil || !c.sees(r) {
		return nil, k.missing(id)
	}
	return r, nil
}

func (k netKind) shown(c *call, r *record) object {
	out := cloneObject(r.f)
	if k.view != nil {
		k.view(c, r, out)
	}
	if !c.admin() {
		for _, hidden := range []string{"provider:network_type", "provider:physical_network", "provider:segmentation_id",
			"binding:profile", "binding:host_id", "binding:vif_type", "binding:vif_details", "resource_request"} {
			delete(out, hidden)
		}
	}
	return out
}

func (c *call) pick(f object) object {
	fields := c.query["fields"]
	if len(fields) == 0 {
		return f
	}
	out := object{}
	for _, key := range fields {
		if v, has := f[key]; has {
			out[key] = v
		}
	}
	return out
}

func (k netKind) list(c *call) (reply, error) {
	c.region.net.defaultGroup(c.project(), c.now)
	var hits []*record
	for _, r := range c.region.net.table(k.plural).order {
		if c.sees(r) && c.matchesQuery(k.shown(c, r)) {
			hits = append(hits, r)
		}
	}
	page, full, e := c.windowOf(c.sorted(hits, field), 0)
	if e != nil {
		return reply{}, e
	}
	out := make([]any, 0, len(page))
	for _, r := range page {
		out = append(out, c.pick(k.shown(c, r)))
	}
	body := object{k.plural: out}
	if c.query.Has("limit") && len(page) > 0 {
		var links []any
		if full {
			links = append(links, c.nextLink(page[len(page)-1].id))
		}
		previous := c.nextLink(page[0].id)
		previous["rel"] = "previous"
		previous["href"] = previous["href"].(string) + "&page_reverse=True"
		body[k.plural+"_links"] = append(links, previous)
	}
	return ok(body)
}

// matchesQuery filters as Neutron does: values of one key are alternatives.
func (c *call) matchesQuery(f object) bool {
	for key, want := range c.query {
		switch key {
		case "fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse":
			continue
		}
		have, exists := f[key]
		if !exists {
			continue
		}
		if !slices.ContainsFunc(want, func(w string) bool { return matchesValue(have, w) }) {
			return false
		}
	}
	return true
}

func matchesValue(have any, want string) bool {
	switch v := have.(type) {
	case nil:
		return want == "" || want == "None"
	case bool:
		return v == (strings.EqualFold(want, "true") || want == "1")
	case []any: // fixed_ips=ip_address=10.0.0.3, tags=a, security_groups=ID
		key, val, pair := strings.Cut(want, "=")
		return slices.ContainsFunc(v, func(x any) bool {
			if m, is := x.(map[string]any); is {
				return pair && fmt.Sprint(m[key]) == val
			}
			return fmt.Sprint(x) == want
		})
	}
	return fmt.Sprint(have) == want
}

func (k netKind) show(c *call) (reply, error) {
	r, e := k.get(c)
	if e != nil {
		return reply{}, e
	}
	return ok(object{k.single: c.pick(k.shown(c, r))})
}

// check refuses attributes that the kind does not have.
func (k netKind) check(in object, update bool) *apiError {
	var odd []string
	for key := range in {
		switch {
		case key == "tenant_id" || key == "project_id" || key == "description" || key == "tags" && !update:
		case !slices.Contains(k.known, key):
			odd = append(odd, key)
		case update && slices.Contains(k.fixed, key):
			return badRequest("Cannot update read-only attribute %s", key)
		}
	}
	if len(odd) > 0 {
		slices.Sort(odd)
		return badRequest("Unrecognized attribute(s) '%s'", strings.Join(odd, "', '"))
	}
	return nil
}

// create makes one resource, or several from the plural form.
func (k netKind) create(c *call) (reply, error) {
	body, err := c.in("")
	if err != nil {
		return reply{}, badRequest("Malformed request body")
	}
	if many, is := body[k.plural].([]any); is {
		out := []any{}
		for _, m := range many {
			in, _ := m.(map[string]any)
			f, e := k.createOne(c, in)
			if e != nil {
				return reply{}, e
			}
			out = append(out, f)
		}
		return created(object{k.plural: out})
	}
	in, is := body[k.single].(map[string]any)
	if !is {
		return reply{}, badRequest("Unable to find '%s' in request body", k.single)
	}
	f, e := k.createOne(c, in)
	if e != nil {
		return reply{}, e
	}
	return created(object{k.single: f})
}

func (k netKind) createOne(c *call, in object) (object, *apiError) {
	if e := k.check(in, false); e != nil {
		return nil, e
	}
	project := c.project()
	for _, key := range []string{"tenant_id", "project_id"} {
		if p := str(in, key); p != "" && p != project {
			if !c.admin() {
				return nil, c.denied("create_" + k.single)
			}
			project = p
		}
	}
	r := newNetRecord(newID(), project, c.now, in)
	if e := k.make(c, r.f); e != nil {
		return nil, e
	}
	c.region.net.table(k.plural).add(r)
	if k.plural == "security_groups" {
		c.region.net.baseRules(r, c.now)
	}
	return k.shown(c, r), nil
}

// newNetRecord adds the attributes that all of Neutron's resources have.
func newNetRecord(id, project string, now time.Time, in object) *record {
	f := cloneObject(in)
	f["id"], f["tenant_id"], f["project_id"] = id, project, project
	f["description"] = or(f["description"], "")
	f["tags"] = or(f["tags"], []any{})
	f["created_at"], f["updated_at"], f["revision_number"] = zulu(now), zulu(now), 0
	return &record{id: id, project: project, created: now, updated: now, f: f}
}

// fill sets the attributes that are absent.
func fill(f object, defaults object) {
	for key, v := range defaults {
		if _, has := f[key]; !has {
			f[key] = v
		}
	}
}

func (k netKind) update(c *call) (reply, error) {
	r, e := k.get(c)
	if e != nil {
		return reply{}, e
	}
	in, err := c.in(k.single)
	if err != nil {
		return reply{}, badRequest("Unable to find '%s' in request body", k.single)
	}
	if e := k.check(in, true); e != nil {
		return reply{}, e
	}
	if !c.visible(r.project) {
		return reply{}, c.denied("update_" + k.single)
	}
	if k.change != nil {
		if e := k.change(c, r, in); e != nil {
			return reply{}, e
		}
	}
	for key, v := range in {
		r.f[key] = clone(v)
	}
	r.touch(c.now)
	return ok(object{k.single: k.shown(c, r)})
}

func (r *record) touch(now time.Time) {
	r.updated = now
	r.f["updated_at"], r.f["revision_number"] = zulu(now), num(r.f, "revision_number")+1
}

func (k netKind) remove(c *call) (reply, error) {
	r, e := k.get(c)
	if e != nil {
		return reply{}, e
	}
	if !c.visible(r.project) {
		return reply{}, c.denied("delete_" + k.single)
	}
	if k.drop != nil {
		if e := k.drop(c, r); e != nil {
			return reply{}, e
		}
	}
	c.region.net.table(k.plural).remove(r.id)
	return noContent()
}

// tags answers everything below /tags.
func (k netKind) tags(c *call) (reply, error) {
	r, e := k.get(c)
	if e != nil {
		return reply{}, e
	}
	tags, tag := list(r.f, "tags"), c.vars["tag"]
	switch {
	case c.req.Method == http.MethodGet && tag == "":
		return ok(object{"tags": tags})
	case c.req.Method == http.MethodGet:
		if !slices.Contains(tags, any(tag)) {
			return reply{}, fail(404, "TagNotFound", "Tag %s could not be found.", tag)
		}
		return noContent()
	case c.req.Method == http.MethodPut && tag == "":
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		r.f["tags"] = or(in["tags"], []any{})
		return ok(object{"tags": r.f["tags"]})
	case c.req.Method == http.MethodPut:
		if !slices.Contains(tags, any(tag)) {
			r.f["tags"] = append(slices.Clone(tags), tag)
		}
		return created(nil)
	case tag == "":
		r.f["tags"] = []any{}
		return noContent()
	}
	if !slices.Contains(tags, any(tag)) {
		return reply{}, fail(404, "TagNotFound", "Tag %s could not be found.", tag)
	}
	r.f["tags"] = slices.DeleteFunc(slices.Clone(tags), func(t any) bool { return t == any(tag) })
	return noContent()
}

// Addresses.

// pool is what a subnet has given out.
type pool struct {
	prefix netip.Prefix
	used   map[netip.Addr]bool
	next   netip.Addr
	last   netip.Addr
}

func newPool(cidr string) (*pool, *apiError) {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return nil, badRequest("Invalid input for cidr. Reason: '%s' is not a valid IP subnet.", cidr)
	}
	prefix = prefix.Masked()
	p := &pool{prefix: prefix, used: map[netip.Addr]bool{}, next: prefix.Addr().Next().Next(), last: prefix.Addr()}
	if prefix.Addr().Is4() {
		b, ones := prefix.Addr().As4(), prefix.Bits()
		for i := ones; i < 32; i++ {
			b[i/8] |= 1 << (7 - i%8)
		}
		p.last = netip.AddrFrom4(b).Prev() // not the broadcast address
	} else {
		b, ones := prefix.Addr().As16(), prefix.Bits()
		for i := ones; i < 128; i++ {
			b[i/8] |= 1 << (7 - i%8)
		}
		p.last = netip.AddrFrom16(b)
	}
	return p, nil
}

// take gives out an address: the wanted one, or the next free one.
func (p *pool) take(want string) (string, *apiError) {
	if want != "" {
		addr, err := netip.ParseAddr(want)
		if err != nil || !p.prefix.Contains(addr) {
			return "", fail(400, "InvalidIpForSubnet", "IP address %s is not a valid IP for the specified subnet.", want)
		}
		if p.used[addr] {
			return "", fail(409, "IpAddressAlreadyAllocated", "IP address %s already allocated in subnet", want)
		}
		p.used[addr] = true
		return want, nil
	}
	addr := p.next
	for p.used[addr] {
		addr = addr.Next()
	}
	if !addr.IsValid() || addr.Compare(p.last) > 0 {
		return "", fail(409, "IpAddressGenerationFailure", "No more IP addresses available on network.")
	}
	p.used[addr] = true
	p.next = addr.Next()
	return addr.String(), nil
}

func (p *pool) release(ip string) {
	if addr, err := netip.ParseAddr(ip); err == nil && p.used[addr] {
		delete(p.used, addr)
		if addr.Compare(p.next) < 0 {
			p.next = addr
		}
	}
}

// holds reports whether an address belongs to the subnet.
func (p *pool) holds(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && p.prefix.Contains(addr)
}
