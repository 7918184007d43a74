package sandbox

import (
	"fmt"
	"net/http"
)

// Software configs and deployments are documents that Heat keeps.

func softwareRoutes() []route {
	const configs, deployments = "/software_configs", "/software_deployments"
	return []route{
		{http.MethodGet, configs, func(c *call) (reply, error) { return c.softwareList(&c.region.heat.configs, "software_configs", "") }, member, ""},
		{http.MethodPost, configs, createSoftwareConfig, member, ""},
		{http.MethodGet, configs + "/{id}", oneSoftware("software_config"), member, ""},
		{http.MethodDelete, configs + "/{id}", oneSoftware("software_config"), member, ""},
		{http.MethodGet, deployments, func(c *call) (reply, error) {
			return c.softwareList(&c.region.heat.deployments, "software_deployments", c.query.Get("server_id"))
		}, member, ""},
		{http.MethodPost, deployments, createDeployment, member, ""},
		{http.MethodGet, deployments + "/metadata/{server}", deploymentMetadata, member, ""},
		{http.MethodGet, deployments + "/{id}", oneSoftware("software_deployment"), member, ""},
		{http.MethodPut, deployments + "/{id}", oneSoftware("software_deployment"), member, ""},
		{http.MethodDelete, deployments + "/{id}", oneSoftware("software_deployment"), member, ""},
	}
}

func (c *call) softwareList(t *table, key, server string) (reply, error) {
	out := []any{}
	for _, r := range t.order {
		if r.project == c.project() && (server == "" || r.f["server_id"] == server) {
			view := cloneObject(r.f)
			drop(view, "config", "inputs", "outputs", "options")
			if key == "software_deployments" {
				view = cloneObject(r.f)
			}
			out = append(out, view)
		}
	}
	return ok(object{key: out})
}

func createSoftwareConfig(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	id := newID()
	f := cloneObject(in)
	fill(f, object{"name": "", "group": "Heat::Ungrouped", "config": "", "inputs": []any{}, "outputs": []any{}, "options": object{}})
	f["id"], f["creation_time"] = id, zulu(c.now)
	c.region.heat.configs.add(&record{id: id, project: c.project(), created: c.now, f: f})
	return ok(object{"software_config": f})
}

func createDeployment(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	if cid := str(in, "config_id"); cid != "" && c.region.heat.configs.get(cid) == nil {
		return reply{}, fail(404, "EntityNotFound", "The Software config (%s) could not be found.", cid)
	}
	id := newID()
	f := cloneObject(in)
	fill(f, object{"config_id": nil, "server_id": nil, "action": "CREATE", "status": "COMPLETE", "status_reason": "", "input_values": object{}, "output_values": object{}})
	f["id"], f["creation_time"], f["updated_time"] = id, zulu(c.now), nil
	c.region.heat.deployments.add(&record{id: id, project: c.project(), created: c.now, f: f})
	return ok(object{"software_deployment": f})
}

func oneSoftware(single string) handler {
	return func(c *call) (reply, error) {
		t := &c.region.heat.configs
		if single == "software_deployment" {
			t = &c.region.heat.deployments
		}
		r := t.get(c.vars["id"])
		if r == nil || !c.visible(r.project) {
			return reply{}, fail(404, "EntityNotFound", "The %s (%s) could not be found.", single, c.vars["id"])
		}
		switch c.req.Method {
		case http.MethodDelete:
			t.remove(r.id)
			return noContent()
		case http.MethodPut:
			in, err := c.in("")
			if err != nil {
				return reply{}, err
			}
			for k, v := range in {
				r.f[k] = v
			}
			r.f["updated_time"] = zulu(c.now)
		}
		return ok(object{single: r.f})
	}
}

func deploymentMetadata(c *call) (reply, error) {
	out := []any{}
	for _, r := range c.region.heat.deployments.order {
		if cfg := c.region.heat.configs.get(str(r.f, "config_id")); cfg != nil && r.f["server_id"] == c.vars["server"] {
			out = append(out, cloneObject(cfg.f))
		}
	}
	return ok(object{"metadata": out})
}

// Further routes of stacks.

func stackExtraRoutes() []route {
	const one = "/stacks/{name}/{id}"
	return []route{
		{http.MethodPut, one + "/preview", onStack(previewUpdate), member, ""},
		{http.MethodPatch, one + "/preview", onStack(previewUpdate), member, ""},
		{http.MethodDelete, one + "/abandon", onStack(abandonStack), member, ""},
		{http.MethodGet, one + "/export", onStack(func(c *call, r *record) (reply, error) { return ok(c.exported(r)) }), member, ""},
		{http.MethodPost, one + "/snapshots/{snapshot}/restore", onStack(func(c *call, r *record) (reply, error) {
			if _, err := oneSnapshot(c, r); err != nil {
				return reply{}, err
			}
			c.run(r, "RESTORE", "Stack RESTORE completed successfully")
			return accepted(nil)
		}), member, ""},
		{http.MethodGet, "/resource_types/{type}/template", func(c *call) (reply, error) {
			if _, err := showResourceType(c); err != nil {
				return reply{}, err
			}
			return ok(object{"heat_template_version": "2016-10-14", "description": "Initial template of " + c.vars["type"], "parameters": object{},
				"resources": object{"resource": object{"type": c.vars["type"], "properties": object{}}}, "outputs": object{}})
		}, member, ""},
		{http.MethodGet, "/template_versions/{version}/functions", func(c *call) (reply, error) {
			out := []any{}
			for _, fn := range []string{"get_attr", "get_param", "get_resource", "list_join", "str_replace"} {
				out = append(out, object{"functions": fn, "description": fmt.Sprintf("The function %s.", fn)})
			}
			return ok(object{"template_functions": out})
		}, member, ""},
	}
}

// previewUpdate says what an update would do to the resources, by their names.
func previewUpdate(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	old := stackOf(r)
	if in["template"] == nil && c.req.Method == http.MethodPatch {
		in["template"] = old.template
	}
	next, e := c.readTemplate(in)
	if e != nil {
		return reply{}, e
	}
	changes := object{"unchanged": []any{}, "updated": []any{}, "replaced": []any{}, "added": []any{}, "deleted": []any{}}
	note := func(kind string, res *stackResource) {
		changes[kind] = append(changes[kind].([]any), object{"resource_name": res.name, "resource_type": res.typ})
	}
	had := map[string]string{}
	for _, res := range old.resources {
		had[res.name] = res.typ
	}
	for _, res := range next.resources {
		switch typ, was := had[res.name]; {
		case !was:
			note("added", res)
		case typ != res.typ:
			note("replaced", res)
		default:
			note("unchanged", res)
		}
		delete(had, res.name)
	}
	for _, res := range old.resources {
		if _, gone := had[res.name]; gone {
			note("deleted", res)
		}
	}
	return ok(object{"resource_changes": changes})
}

// exported is a stack as adopt takes it.
func (c *call) exported(r *record) object {
	s, resources := stackOf(r), object{}
	for _, res := range s.resources {
		resources[res.name] = object{"name": res.name, "type": res.typ, "resource_id": res.physical, "status": res.status, "action": res.action,
			"resource_data": object{}, "metadata": object{}}
	}
	return object{"name": r.name(), "id": r.id, "template": s.template, "environment": object{"parameters": s.params}, "resources": resources,
		"action": "CREATE", "status": "COMPLETE", "project_id": r.project, "stack_user_project_id": r.f["stack_user_project_id"], "files": object{}, "tags": r.f["tags"]}
}

func abandonStack(c *call, r *record) (reply, error) {
	out := c.exported(r)
	c.region.heat.stacks.remove(r.id)
	return ok(out)
}
