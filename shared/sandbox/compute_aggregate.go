package sandbox

import (
	"fmt"
	"slices"
)

// Host aggregates have small numbers as ids.

func aggregateRoutes() []route {
	on := func(f func(*call, *record) (reply, error)) handler {
		return func(c *call) (reply, error) {
			r := c.region.comp.aggregates.get(c.vars["id"])
			if r == nil {
				return reply{}, fail(404, "", "Aggregate %s could not be found.", c.vars["id"])
			}
			return f(c, r)
		}
	}
	const rule = "os_compute_api:os-aggregates:"
	return []route{
		{"GET", "/os-aggregates", func(c *call) (reply, error) {
			out := []any{}
			for _, r := range c.region.comp.aggregates.order {
				out = append(out, r.f)
			}
			return ok(object{"aggregates": out})
		}, adminOf, rule + "index"},
		{"POST", "/os-aggregates", createAggregate, adminOf, rule + "create"},
		{"GET", "/os-aggregates/{id}", on(func(c *call, r *record) (reply, error) { return ok(object{"aggregate": r.f}) }), adminOf, rule + "show"},
		{"PUT", "/os-aggregates/{id}", on(func(c *call, r *record) (reply, error) {
			in, err := c.in("aggregate")
			if err != nil {
				return reply{}, err
			}
			for _, key := range []string{"name", "availability_zone"} {
				if v, has := in[key]; has {
					r.f[key] = v
				}
			}
			r.f["updated_at"] = micro(c.now)
			return ok(object{"aggregate": r.f})
		}), adminOf, rule + "update"},
		{"DELETE", "/os-aggregates/{id}", on(func(c *call, r *record) (reply, error) {
			c.region.comp.aggregates.remove(r.id)
			return ok(nil)
		}), adminOf, rule + "delete"},
		{"POST", "/os-aggregates/{id}/action", on(aggregateAction), adminOf, rule + "add_host"},
	}
}

func createAggregate(c *call) (reply, error) {
	in, err := c.in("aggregate")
	if err != nil {
		return reply{}, err
	}
	if e := required(in, "aggregate", "name"); e != nil {
		return reply{}, e
	}
	t := &c.region.comp.aggregates
	if t.named("", str(in, "name")) != nil {
		return reply{}, conflict("Aggregate %s already exists.", str(in, "name"))
	}
	id := 1
	for _, r := range t.order {
		id = max(id, num(r.f, "id")+1)
	}
	f := object{"id": id, "name": str(in, "name"), "availability_zone": in["availability_zone"], "created_at": micro(c.now), "updated_at": nil,
		"deleted": false, "deleted_at": nil, "hosts": []any{}, "metadata": object{}}
	if c.minor >= 41 {
		f["uuid"] = newID()
	}
	t.add(&record{id: fmt.Sprint(id), created: c.now, f: f})
	out := cloneObject(f)
	delete(out, "hosts")
	delete(out, "metadata")
	return ok(object{"aggregate": out})
}

func aggregateAction(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	hosts := slices.Clone(list(r.f, "hosts"))
	switch {
	case sub(in, "add_host") != nil:
		host := sub(in, "add_host")["host"]
		if slices.Contains(hosts, host) {
			return reply{}, conflict("Cannot add host to aggregate %s. Reason: host already exists.", r.id)
		}
		r.f["hosts"] = append(hosts, host)
	case sub(in, "remove_host") != nil:
		r.f["hosts"] = slices.DeleteFunc(hosts, func(h any) bool { return h == sub(in, "remove_host")["host"] })
	case sub(in, "set_metadata") != nil:
		meta := cloneObject(sub(r.f, "metadata"))
		for k, v := range sub(sub(in, "set_metadata"), "metadata") {
			if v == nil {
				delete(meta, k)
			} else {
				meta[k] = v
			}
		}
		r.f["metadata"] = meta
	default:
		return reply{}, badRequest("There is no such action")
	}
	return ok(object{"aggregate": r.f})
}
