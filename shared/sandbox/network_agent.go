package sandbox

import (
	"net/http"
	"slices"
)

// hosted is what an agent serves: networks or routers, by the agent's id.
type hosted map[string][]string

func agentRoutes() []route {
	on := func(f func(*call, *record) (reply, error)) handler {
		return func(c *call) (reply, error) {
			r := c.region.net.agents.get(c.vars["id"])
			if r == nil {
				return reply{}, fail(404, "AgentNotFound", "Agent %s could not be found.", c.vars["id"])
			}
			return f(c, r)
		}
	}
	routes := []route{
		{http.MethodGet, "/agents", listAgents, member, "get_agent"},
		{http.MethodGet, "/agents/{id}", on(func(c *call, r *record) (reply, error) { return ok(object{"agent": agentView(c, r)}) }), adminOf, "get_agent"},
		{http.MethodPut, "/agents/{id}", on(updateAgent), adminOf, "update_agent"},
		{http.MethodDelete, "/agents/{id}", on(func(c *call, r *record) (reply, error) {
			c.region.net.agents.remove(r.id)
			return noContent()
		}), adminOf, "delete_agent"},
	}
	for _, k := range []struct{ part, plural, single, back, agents string }{
		{"dhcp-networks", "networks", "network", "/networks/{id}/dhcp-agents", "DHCP agent"},
		{"l3-routers", "routers", "router", "/routers/{id}/l3-agents", "L3 agent"},
	} {
		base := "/agents/{id}/" + k.part
		routes = append(routes,
			route{http.MethodGet, base, on(func(c *call, r *record) (reply, error) {
				out := []any{}
				for _, id := range c.region.net.hosted[r.id] {
					if x := c.region.net.table(k.plural).get(id); x != nil {
						out = append(out, netKindOf(k.plural).shown(c, x))
					}
				}
				return ok(object{k.plural: out})
			}), adminOf, "get_" + k.part},
			route{http.MethodPost, base, on(func(c *call, r *record) (reply, error) { return c.host(r, k.plural, k.single+"_id", k.agents) }), adminOf, "create_" + k.part},
			route{http.MethodDelete, base + "/{what}", on(func(c *call, r *record) (reply, error) {
				has := c.region.net.hosted[r.id]
				if !slices.Contains(has, c.vars["what"]) {
					return reply{}, conflict("The %s %s is not hosted by agent %s.", k.single, c.vars["what"], r.id)
				}
				c.region.net.hosted[r.id] = slices.DeleteFunc(has, func(id string) bool { return id == c.vars["what"] })
				return noContent()
			}), adminOf, "delete_" + k.part},
			route{http.MethodGet, k.back, func(c *call) (reply, error) {
				out := []any{}
				for _, a := range c.region.net.agents.order {
					if slices.Contains(c.region.net.hosted[a.id], c.vars["id"]) {
						out = append(out, agentView(c, a))
					}
				}
				return ok(object{"agents": out})
			}, adminOf, "get_" + k.part})
	}
	return routes
}

// host gives a network or router to an agent of the right kind.
func (c *call) host(r *record, plural, key, kind string) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	id := str(in, key)
	if c.region.net.table(plural).get(id) == nil {
		return reply{}, netKindOf(plural).missing(id)
	}
	if r.f["agent_type"] != kind {
		return reply{}, conflict("Agent %s is not a valid %s or has been disabled", r.id, kind)
	}
	if slices.Contains(c.region.net.hosted[r.id], id) {
		return reply{}, conflict("%s is already hosted by agent %s.", id, r.id)
	}
	c.region.net.hosted[r.id] = append(c.region.net.hosted[r.id], id)
	return created(nil)
}

func updateAgent(c *call, r *record) (reply, error) {
	in, err := c.in("agent")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"admin_state_up", "description"} {
		if v, has := in[key]; has {
			r.f[key] = v
		}
	}
	return ok(object{"agent": agentView(c, r)})
}
