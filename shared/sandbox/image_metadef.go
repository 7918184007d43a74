package sandbox

import (
	"net/http"
	"slices"
)

// metadef is a namespace of metadata definitions with what is in it. Its parts
// are kept in order under their names.
type metadef struct {
	parts map[string][]object // "objects", "properties", "tags", "resource_types"
}

func metadefRoutes() []route {
	const all, one = "/metadefs/namespaces", "/metadefs/namespaces/{namespace}"
	on := func(f func(*call, *record) (reply, error)) handler {
		return func(c *call) (reply, error) {
			r := c.region.img.namespaces.get(c.vars["namespace"])
			if r == nil || r.f["visibility"] == "private" && !c.visible(r.project) {
				return reply{}, fail(404, "", "Metadata definition namespace not found: %s", c.vars["namespace"])
			}
			return f(c, r)
		}
	}
	routes := []route{
		{http.MethodGet, all, listNamespaces, member, ""},
		{http.MethodPost, all, createNamespace, adminOf, "add_metadef_namespace"},
		{http.MethodGet, one, on(showNamespace), member, ""},
		{http.MethodPut, one, on(updateNamespace), adminOf, "modify_metadef_namespace"},
		{http.MethodDelete, one, on(func(c *call, r *record) (reply, error) {
			if r.f["protected"] == true {
				return reply{}, fail(403, "", "Metadata definition namespace %s is protected and cannot be deleted.", r.id)
			}
			c.region.img.namespaces.remove(r.id)
			return noContent()
		}), adminOf, "delete_metadef_namespace"},
	}
	for _, kind := range []string{"objects", "properties", "tags", "resource_types"} {
		list := func(f func(*call, *record, string) (reply, error)) handler {
			return on(func(c *call, r *record) (reply, error) { return f(c, r, kind) })
		}
		routes = append(routes,
			route{http.MethodGet, one + "/" + kind, list(listParts), member, ""},
			route{http.MethodPost, one + "/" + kind, list(createPart), adminOf, "add_metadef_" + kind},
			route{http.MethodDelete, one + "/" + kind, list(clearParts), adminOf, "delete_metadef_" + kind},
			route{http.MethodGet, one + "/" + kind + "/{name}", list(onePart), member, ""},
			route{http.MethodPost, one + "/" + kind + "/{name}", list(createPart), adminOf, "add_metadef_" + kind},
			route{http.MethodPut, one + "/" + kind + "/{name}", list(onePart), adminOf, "modify_metadef_" + kind},
			route{http.MethodDelete, one + "/" + kind + "/{name}", list(onePart), adminOf, "delete_metadef_" + kind})
	}
	return routes
}

func namespaceView(r *record) object {
	out := cloneObject(r.f)
	out["self"], out["schema"] = "/v2/metadefs/namespaces/"+r.id, "/v2/schemas/metadefs/namespace"
	out["created_at"], out["updated_at"] = zulu(r.created), zulu(r.updated)
	return out
}

func listNamespaces(c *call) (reply, error) {
	out := []any{}
	for _, r := range c.region.img.namespaces.order {
		if (r.f["visibility"] == "public" || c.visible(r.project)) && c.wanted("visibility", str(r.f, "visibility")) {
			out = append(out, namespaceView(r))
		}
	}
	return ok(object{"namespaces": out, "first": "/v2/metadefs/namespaces", "schema": "/v2/schemas/metadefs/namespaces"})
}

func createNamespace(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	name := str(in, "namespace")
	if name == "" {
		return reply{}, badRequest("Provided object does not match schema 'namespace': 'namespace' is a required property")
	}
	if c.region.img.namespaces.get(name) != nil {
		return reply{}, conflict("The metadata definition namespace=%s already exists.", name)
	}
	f := cloneObject(in)
	fill(f, object{"visibility": "private", "protected": false, "owner": c.project()})
	r := c.region.img.namespaces.add(&record{id: name, project: str(f, "owner"), created: c.now, updated: c.now, f: f, ext: &metadef{parts: map[string][]object{}}})
	return created(namespaceView(r))
}

func showNamespace(c *call, r *record) (reply, error) {
	out, m := namespaceView(r), r.ext.(*metadef)
	if types := m.parts["resource_types"]; len(types) > 0 {
		out["resource_type_associations"] = types
	}
	if objects := m.parts["objects"]; len(objects) > 0 {
		out["objects"] = objects
	}
	if props := m.parts["properties"]; len(props) > 0 {
		byName := object{}
		for _, p := range props {
			byName[str(p, "name")] = p
		}
		out["properties"] = byName
	}
	return ok(out)
}

func updateNamespace(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	for k, v := range in {
		switch k {
		case "self", "schema", "created_at", "updated_at", "namespace":
		default:
			r.f[k] = v
		}
	}
	r.updated = c.now
	return ok(namespaceView(r))
}

func partKey(kind string) string {
	if kind == "resource_types" {
		return "resource_type_associations"
	}
	return kind
}

func listParts(c *call, r *record, kind string) (reply, error) {
	parts := r.ext.(*metadef).parts[kind]
	if kind == "properties" {
		byName := object{}
		for _, p := range parts {
			byName[str(p, "name")] = p
		}
		return ok(object{"properties": byName})
	}
	out := []any{}
	for _, p := range parts {
		out = append(out, p)
	}
	return ok(object{partKey(kind): out, "first": c.path, "schema": "/v2/schemas/metadefs/" + kind})
}

// createPart makes one part, or from POST .../tags with a list all tags anew.
func createPart(c *call, r *record, kind string) (reply, error) {
	m, in := r.ext.(*metadef), object{}
	if len(c.data) > 0 {
		var err error
		if in, err = c.in(""); err != nil {
			return reply{}, err
		}
	}
	if tags := list(in, "tags"); kind == "tags" && tags != nil {
		m.parts[kind] = nil
		for _, t := range tags {
			if p, is := t.(map[string]any); is {
				m.parts[kind] = append(m.parts[kind], p)
			}
		}
		reply, err := listParts(c, r, kind)
		reply.status = http.StatusCreated
		return reply, err
	}
	name := strOr(in, "name", c.vars["name"])
	if name == "" {
		return reply{}, badRequest("Provided object does not match schema: 'name' is a required property")
	}
	if slices.ContainsFunc(m.parts[kind], func(p object) bool { return p["name"] == name }) {
		return reply{}, conflict("A metadata definition with name=%s already exists in namespace=%s.", name, r.id)
	}
	part := cloneObject(in)
	part["name"], part["created_at"], part["updated_at"] = name, zulu(c.now), zulu(c.now)
	m.parts[kind] = append(m.parts[kind], part)
	return created(part)
}

func clearParts(c *call, r *record, kind string) (reply, error) {
	r.ext.(*metadef).parts[kind] = nil
	return noContent()
}

func onePart(c *call, r *record, kind string) (reply, error) {
	m := r.ext.(*metadef)
	i := slices.IndexFunc(m.parts[kind], func(p object) bool { return p["name"] == c.vars["name"] })
	if i < 0 {
		return reply{}, fail(404, "", "The metadata definition %s was not found in namespace=%s.", c.vars["name"], r.id)
	}
	switch c.req.Method {
	case http.MethodDelete:
		m.parts[kind] = slices.Delete(slices.Clone(m.parts[kind]), i, i+1)
		return noContent()
	case http.MethodPut:
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		part := cloneObject(in)
		part["name"], part["created_at"], part["updated_at"] = strOr(in, "name", c.vars["name"]), m.parts[kind][i]["created_at"], zulu(c.now)
		m.parts[kind][i] = part
	}
	return ok(m.parts[kind][i])
}

// Tasks are accepted and succeed when looked at.

func createTask(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	id := newID()
	r := c.region.img.tasks.add(&record{id: id, project: c.project(), created: c.now, updated: c.now, f: object{"id": id, "type": in["type"],
		"input": in["input"], "status": "pending", "owner": c.project(), "message": "", "result": nil}})
	r.become(c.now, func() { r.f["status"] = "success" })
	return created(taskView(r))
}

func taskView(r *record) object {
	out := cloneObject(r.f)
	out["created_at"], out["updated_at"] = zulu(r.created), zulu(r.updated)
	out["self"], out["schema"] = "/v2/tasks/"+r.id, "/v2/schemas/task"
	return out
}

func listTasks(c *call) (reply, error) {
	c.settleAll(&c.region.img.tasks)
	out := []any{}
	for _, r := range c.region.img.tasks.order {
		out = append(out, taskView(r))
	}
	return ok(object{"tasks": out, "first": "/v2/tasks", "schema": "/v2/schemas/tasks"})
}

func showTask(c *call) (reply, error) {
	r := c.settled(&c.region.img.tasks, c.vars["id"])
	if r == nil {
		return reply{}, fail(404, "", "Task with the given id %s was not found", c.vars["id"])
	}
	return ok(taskView(r))
}
