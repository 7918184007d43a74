package sandbox

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listServers is GET /servers and /servers/detail.
func listServers(detail bool) handler {
	return func(c *call) (reply, error) {
		if (c.query.Has("all_tenants") || c.query.Has("all_projects")) && truthy(c.query.Get("all_tenants")) && !c.admin() {
			return reply{}, c.denied("os_compute_api:servers:index:get_all_tenants")
		}
		c.settleAll(&c.region.comp.servers)
		ports := c.portsByDevice()
		keep, e := c.serverFilter(ports)
		if e != nil {
			return reply{}, e
		}
		recs := c.sorted(newestFirst(&c.region.comp.servers, keep), serverSortKey)
		bulk := c.region.bulk.Servers
		if c.filtered() {
			bulk = 0
		}
		w, e := c.window(len(recs)+bulk, c.region.opts.PageLimit, func(marker string) int {
			if i := slices.IndexFunc(recs, func(r *record) bool { return r.id == marker }); i >= 0 {
				return i
			}
			if i := c.region.bulk.index(c.region, marker); i >= 0 {
				return len(recs) + i
			}
			return -1
		})
		if e != nil {
			return reply{}, e
		}
		out, last := make([]any, 0, w.to-w.from), ""
		for i := w.from; i < w.to; i++ {
			var view object
			if i >= len(recs) {
				view = c.bulkView(i-len(recs), detail)
			} else if r := recs[i]; detail {
				view = c.serverView(r, ports[r.id])
			} else {
				view = object{"id": r.id, "name": r.name(), "links": c.links("servers", r.id)}
			}
			last = view["id"].(string)
			out = append(out, view)
		}
		body := object{"servers": out}
		if w.full && last != "" {
			body["servers_links"] = []any{c.nextLink(last)}
		}
		return ok(body)
	}
}

// filtered reports whether a list is narrowed, by anything but paging and order.
func (c *call) filtered() bool {
	for key := range c.query {
		switch key {
		case "limit", "marker", "sort_key", "sort_dir", "all_tenants", "all_projects", "deleted":
		default:
			return true
		}
	}
	return false
}

func truthy(s string) bool {
	switch strings.ToLower(s) {
	case "", "0", "false", "no", "off", "f":
		return s == ""
	}
	return true
}

func serverSortKey(r *record, key string) string {
	s := serverOf(r)
	switch key {
	case "display_name", "name":
		return r.name()
	case "vm_state":
		return s.vm
	case "status":
		return s.status
	}
	return field(r, key)
}

// serverFilter turns the query into a condition.
func (c *call) serverFilter(ports map[string][]*record) (func(*record) bool, *apiError) {
	q := c.query
	all := c.admin() && q.Has("all_tenants") && truthy(q.Get("all_tenants"))
	project := q.Get("project_id")
	if project == "" {
		project = q.Get("tenant_id")
	}
	if project != "" && c.admin() {
		all = true
	}
	name, err := regexp.Compile("(?i)" + q.Get("name"))
	if err != nil {
		return nil, badRequest("Invalid regular expression in name: %s", q.Get("name"))
	}
	ip, err := regexp.Compile(q.Get("ip"))
	if err != nil {
		return nil, badRequest("Invalid regular expression in ip: %s", q.Get("ip"))
	}
	var since time.Time
	if text := q.Get("changes-since"); text != "" {
		if since, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, badRequest("Invalid input for query parameters changes-since. Value: %s.", text)
		}
	}
	equal := func(key, have string) bool { return !q.Has(key) || slices.Contains(q[key], have) }
	return func(r *record) bool {
		s := serverOf(r)
		if r.project != c.project() && !all || project != "" && r.project != project || r.updated.Before(since) {
			return false
		}
		if q.Has("deleted") && truthy(q.Get("deleted")) && c.admin() {
			return false
		}
		if q.Get("ip") != "" && !slices.ContainsFunc(ports[r.id], func(p *record) bool { return ip.MatchString(fmt.Sprint(p.f["fixed_ips"])) }) {
			return false
		}
		status := slices.ContainsFunc(q["status"], func(v string) bool { return strings.EqualFold(v, s.status) })
		return name.MatchString(r.name()) && (!q.Has("status") || status) && equal("image", s.image) && equal("flavor", s.flavor.id) &&
			equal("host", s.host) && equal("availability_zone", s.az) && equal("key_name", s.key) && equal("uuid", r.id) &&
			equal("reservation_id", s.reservation) && equal("user_id", s.user) && equal("vm_state", s.vm) &&
			equal("power_state", strconv.Itoa(s.power)) && s.tagged(q.Get("tags"))
	}, nil
}

func (s *server) tagged(want string) bool {
	if want == "" {
		return true
	}
	for tag := range strings.SplitSeq(want, ",") {
		if !slices.Contains(s.tags, any(tag)) {
			return false
		}
	}
	return true
}

// Made-up servers: all that they are follows from their number.

const bulkPrefix = "b0000000-0000-4000-8000-"

func bulkID(r *region, i int) string { return fmt.Sprintf("%s%04x%08x", bulkPrefix, r.index&0xffff, i) }

// index is the number of a made-up server, -1 for others.
func (b Bulk) index(r *region, id string) int {
	rest, found := strings.CutPrefix(id, bulkPrefix)
	if !found || len(rest) != 12 {
		return -1
	}
	where, err := strconv.ParseUint(rest[:4], 16, 32)
	i, err2 := strconv.ParseUint(rest[4:], 16, 63)
	if err != nil || err2 != nil || int(where) != r.index&0xffff || int(i) >= b.Servers {
		return -1
	}
	return int(i)
}

func (c *call) bulkView(i int, detail bool) object {
	id, name := bulkID(c.region, i), fmt.Sprintf("bulk-%06d", i)
	if !detail {
		return object{"id": id, "name": name, "links": c.links("servers", id)}
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Duration(i) * time.Second)
	r := &record{id: id, project: c.project(), created: day, updated: day, f: object{"name": name, "metadata": object{}}}
	if n := c.region.bulk.Bytes; n > 0 {
		meta := sub(r.f, "metadata")
		for k := 0; n > 0; k++ {
			size := min(n, 255)
			meta[fmt.Sprintf("fill%05d", k)] = strings.Repeat("x", size)
			n -= size
		}
	}
	r.ext = &server{status: "ACTIVE", vm: "active", power: 1, flavor: c.region.comp.flavors.order[0], user: c.token.userID(), launched: day,
		az: "nova", host: c.region.host(0), hostname: name, diskConfig: "MANUAL", groups: []string{"default"}, tags: []any{}}
	return c.serverView(r, nil)
}
