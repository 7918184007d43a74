package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// heat is a region's Heat. Its stacks go through their statuses and have
// resources, events and outputs, but create nothing in the other services.
type heat struct{ stacks, configs, deployments table }

// stack is what a stack keeps besides what it shows.
type stack struct {
	template    object
	environment any
	params      object
	resources   []*stackResource
	events      []object
	snapshots   []object
}

type stackResource struct {
	name, typ, physical, status, action string
	required                            []string
	created, updated                    time.Time
	metadata                            any
}

func heatService() *service {
	s := &service{kind: "orchestration", stype: "orchestration", name: "heat", version: "v1", path: "/v1/$(project_id)s", inProject: projectMust}
	s.router = newRouter(slices.Concat(heatRoutes(), softwareRoutes(), stackExtraRoutes()))
	version := func(c *call) object {
		return object{"versions": []any{object{"id": "v1.0", "status": "CURRENT", "links": c.selfLink("v1")}}}
	}
	s.versions = func(c *call) reply { return reply{status: 300, body: version(c)} }
	s.current = func(c *call) reply { return reply{status: 300, body: version(c)} }
	s.shape = func(c *call, e *apiError) *reply {
		explain := map[int]string{400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
			403: "Access was denied to this resource.", 404: "The resource could not be found.",
			409: "There was a conflict when trying to complete your request."}[e.Status]
		if explain == "" {
			explain = "The server has either erred or is incapable of performing the requested operation."
		}
		return &reply{status: e.Status, body: object{"code": e.Status, "title": http.StatusText(e.Status), "explanation": explain,
			"error": object{"type": e.Type, "message": e.Message, "traceback": nil}}}
	}
	return s
}

func heatRoutes() []route {
	const byName, one = "/stacks/{name}", "/stacks/{name}/{id}"
	routes := []route{
		{"GET", "/stacks", listStacks, member, ""},
		{"POST", "/stacks", createStack, member, ""},
		{"POST", "/stacks/preview", previewStack, member, ""},
		{"GET", "/stacks/detail", listStacks, member, ""},
		{"POST", "/validate", validateTemplate, member, ""},
		{"GET", "/build_info", func(c *call) (reply, error) {
			return ok(object{"api": object{"revision": "19.0.0"}, "engine": object{"revision": "19.0.0"}})
		}, member, ""},
		{"GET", "/resource_types", func(c *call) (reply, error) { return ok(object{"resource_types": resourceTypes()}) }, member, ""},
		{"GET", "/resource_types/{type}", showResourceType, member, ""},
		{"GET", "/template_versions", func(c *call) (reply, error) {
			return ok(object{"template_versions": []any{object{"version": "heat_template_version.2021-04-16", "type": "hot", "aliases": []any{"heat_template_version.wallaby"}}}})
		}, member, ""},
		{"GET", "/services", func(c *call) (reply, error) { return ok(object{"services": []any{}}) }, adminOf, "service:index"},
	}
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE", "POST"} {
		routes = append(routes, route{method, byName, redirectStack(""), member, ""})
	}
	for _, part := range []string{"resources", "events", "template", "actions", "environment", "files", "outputs"} {
		method := "GET"
		if part == "actions" {
			method = "POST"
		}
		routes = append(routes, route{method, byName + "/" + part, redirectStack("/" + part), member, ""})
	}
	return append(routes, stackRoutes(one)...)
}

func stackRoutes(one string) []route {
	return []route{
		{"GET", one, onStack(func(c *call, r *record) (reply, error) { return ok(object{"stack": c.stackView(r, true)}) }), member, ""},
		{"PUT", one, onStack(updateStack), member, ""},
		{"PATCH", one, onStack(updateStack), member, ""},
		{"DELETE", one, onStack(deleteStack), member, ""},
		{"POST", one + "/actions", onStack(stackAction), member, ""},
		{"GET", one + "/template", onStack(func(c *call, r *record) (reply, error) { return ok(stackOf(r).template) }), member, ""},
		{"GET", one + "/environment", onStack(func(c *call, r *record) (reply, error) {
			return ok(object{"parameters": stackOf(r).params, "parameter_defaults": object{}, "resource_registry": object{}, "encrypted_param_names": []any{}, "event_sinks": []any{}})
		}), member, ""},
		{"GET", one + "/files", onStack(func(c *call, r *record) (reply, error) { return ok(object{}) }), member, ""},
		{"GET", one + "/resources", onStack(listResources), member, ""},
		{"GET", one + "/resources/{resource}", onResource(func(c *call, r *record, res *stackResource) (reply, error) {
			return ok(object{"resource": c.resourceView(r, res, true)})
		}), member, ""},
		{"PATCH", one + "/resources/{resource}", onResource(markUnhealthy), member, ""},
		{"GET", one + "/resources/{resource}/metadata", onResource(func(c *call, r *record, res *stackResource) (reply, error) {
			return ok(object{"metadata": or(res.metadata, object{})})
		}), member, ""},
		{"POST", one + "/resources/{resource}/signal", onResource(func(c *call, r *record, res *stackResource) (reply, error) { return ok(nil) }), member, ""},
		{"GET", one + "/resources/{resource}/events", onResource(func(c *call, r *record, res *stackResource) (reply, error) {
			return c.eventList(r, res.name)
		}), member, ""},
		{"GET", one + "/resources/{resource}/events/{event}", onResource(showEvent), member, ""},
		{"GET", one + "/events", onStack(func(c *call, r *record) (reply, error) { return c.eventList(r, "") }), member, ""},
		{"GET", one + "/outputs", onStack(func(c *call, r *record) (reply, error) {
			out := []any{}
			for _, o := range stackOf(r).outputs() {
				out = append(out, object{"output_key": o["output_key"], "description": o["description"]})
			}
			return ok(object{"outputs": out})
		}), member, ""},
		{"GET", one + "/outputs/{key}", onStack(func(c *call, r *record) (reply, error) {
			for _, o := range stackOf(r).outputs() {
				if o["output_key"] == c.vars["key"] {
					return ok(object{"output": o})
				}
			}
			return reply{}, fail(404, "NotFound", "Specified output key %s not found.", c.vars["key"])
		}), member, ""},
		{"GET", one + "/snapshots", onStack(stackSnapshots), member, ""},
		{"POST", one + "/snapshots", onStack(stackSnapshots), member, ""},
		{"GET", one + "/snapshots/{snapshot}", onStack(oneSnapshot), member, ""},
		{"DELETE", one + "/snapshots/{snapshot}", onStack(oneSnapshot), member, ""},
	}
}

func stackOf(r *record) *stack { return r.ext.(*stack) }

func stackMissing(ref string) *apiError {
	return fail(404, "EntityNotFound", "The Stack (%s) could not be found.", ref)
}

// findStack finds a stack by name or id.
func (c *call) findStack(ref string) *record {
	for _, r := range slices.Backward(c.region.heat.stacks.order) {
		if r.project == c.project() && (r.id == ref || r.name() == ref) {
			return r
		}
	}
	return nil
}

// redirectStack sends a stack's name or id on to its full path, as Heat does.
func redirectStack(part string) handler {
	return func(c *call) (reply, error) {
		r := c.findStack(c.vars["name"])
		if r == nil {
			return reply{}, stackMissing(c.vars["name"])
		}
		to := c.url(c.project(), "stacks", r.name(), r.id) + part
		if c.req.URL.RawQuery != "" {
			to += "?" + c.req.URL.RawQuery
		}
		return reply{status: http.StatusFound, header: map[string]string{"Location": to, "Content-Type": "text/plain; charset=UTF-8"},
			body: []byte("302 Found\n\nThe resource was found at " + to)}, nil
	}
}

func onStack(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.region.heat.stacks.get(c.vars["id"])
		if r == nil || r.project != c.project() && !c.admin() || r.name() != c.vars["name"] {
			return reply{}, stackMissing(c.vars["name"])
		}
		if r.settle(c.sb.opts.Progress, c.now); c.region.heat.stacks.get(r.id) == nil {
			return reply{}, stackMissing(c.vars["name"])
		}
		return f(c, r)
	}
}

func (c *call) stackLinks(r *record, more ...string) []any {
	parts := append([]string{c.project(), "stacks", r.name(), r.id}, more...)
	return []any{object{"href": c.url(parts...), "rel": "self"}}
}

func (c *call) stackView(r *record, detail bool) object {
	s, updated := stackOf(r), any(nil)
	if !r.updated.IsZero() {
		updated = zulu(r.updated)
	}
	out := object{"id": r.id, "stack_name": r.name(), "description": or(s.template["description"], "No description"), "creation_time": zulu(r.created),
		"updated_time": updated, "deletion_time": nil, "stack_status": r.f["stack_status"], "stack_status_reason": r.f["stack_status_reason"],
		"stack_owner": r.f["stack_owner"], "stack_user_project_id": r.f["stack_user_project_id"], "parent": nil, "links": c.stackLinks(r), "tags": r.f["tags"]}
	if !detail {
		return out
	}
	params := cloneObject(s.params)
	params["OS::stack_id"], params["OS::stack_name"], params["OS::project_id"] = r.id, r.name(), r.project
	out["parameters"], out["capabilities"], out["notification_topics"] = params, []any{}, []any{}
	out["timeout_mins"], out["disable_rollback"], out["template_description"] = r.f["timeout_mins"], r.f["disable_rollback"], out["description"]
	outputs := []any{}
	for _, o := range s.outputs() {
		outputs = append(outputs, o)
	}
	out["outputs"] = outputs
	return out
}

func listStacks(c *call) (reply, error) {
	c.settleAll(&c.region.heat.stacks)
	all := c.query.Has("global_tenant") && truthy(c.query.Get("global_tenant")) && c.admin()
	recs := newestFirst(&c.region.heat.stacks, func(r *record) bool {
		if r.project != c.project() && !all {
			return false
		}
		tags := strings.Split(fmt.Sprint(or(r.f["tags_text"], "")), ",")
		if t := c.query.Get("tags"); t != "" && !slices.Contains(tags, t) {
			return false
		}
		return c.wanted("name", r.name()) && c.wanted("stack_name", r.name()) && c.wanted("id", r.id) &&
			c.wanted("status", str(r.f, "stack_status")) && c.wanted("stack_status", str(r.f, "stack_status"))
	})
	page, _, e := c.windowOf(c.sorted(recs, stackSortKey), 0)
	if e != nil {
		return reply{}, e
	}
	out := []any{}
	for _, r := range page {
		out = append(out, c.stackView(r, false))
	}
	body := object{"stacks": out}
	if c.query.Has("with_count") {
		body["count"] = len(recs)
	}
	return ok(body)
}

func stackSortKey(r *record, key string) string {
	switch key {
	case "name":
		return r.name()
	case "status":
		return str(r.f, "stack_status")
	case "creation_time":
		return field(r, "created_at")
	}
	return field(r, key)
}

// templateOf reads the template of a request: JSON data or YAML text.
func templateOf(in object) (object, *apiError) {
	switch t := in["template"].(type) {
	case map[string]any:
		return t, nil
	case string:
		var out map[string]any
		if err := yaml.Unmarshal([]byte(t), &out); err != nil || out == nil {
			return nil, fail(400, "StackValidationFailed", "Error parsing template: not a YAML mapping")
		}
		return out, nil
	}
	if in["template_url"] != nil {
		return nil, fail(400, "HTTPBadRequest", "Could not retrieve template: URLs are not fetched here")
	}
	return nil, fail(400, "HTTPBadRequest", "No template specified")
}

// readTemplate checks a template and what it needs, and lists its resources.
func (c *call) readTemplate(in object) (*stack, *apiError) {
	t, e := templateOf(in)
	if e != nil {
		return nil, e
	}
	if t["heat_template_version"] == nil && t["HeatTemplateFormatVersion"] == nil && t["AWSTemplateFormatVersion"] == nil {
		return nil, fail(400, "InvalidTemplateVersion", "The template version is invalid: Template version was not provided")
	}
	s := &stack{template: t, environment: in["environment"], params: object{}}
	given := cloneObject(sub(in, "parameters"))
	if env := sub(in, "environment"); env != nil {
		for k, v := range sub(env, "parameters") {
			if given[k] == nil {
				given[k] = v
			}
		}
	}
	declared := sub(t, "parameters")
	for name := range given {
		if declared[name] == nil {
			return nil, fail(400, "UnknownUserParameter", "The Parameter (%s) was not defined in template.", name)
		}
	}
	for name, spec := range declared {
		m, _ := spec.(map[string]any)
		v, has := given[name]
		if !has {
			v, has = m["default"]
		}
		if !has {
			return nil, fail(400, "UserParameterMissing", "The Parameter (%s) was not provided.", name)
		}
		if m["hidden"] == true {
			v = "******"
		}
		s.params[name] = v
	}
	return s, c.readResources(s)
}

func (c *call) readResources(s *stack) *apiError {
	resources := sub(s.template, "resources")
	if resources == nil {
		resources = sub(s.template, "Resources")
	}
	names := make([]string, 0, len(resources))
	for name := range resources {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		m, _ := resources[name].(map[string]any)
		typ := strOr(m, "type", str(m, "Type"))
		if !strings.HasPrefix(typ, "OS::") && !strings.HasPrefix(typ, "AWS::") && !strings.HasSuffix(typ, ".yaml") {
			return fail(400, "StackValidationFailed", "The Resource Type (%s) could not be found.", typ)
		}
		r := &stackResource{name: name, typ: typ, physical: newID(), action: "CREATE", status: "IN_PROGRESS", created: c.now, updated: c.now, metadata: m["metadata"]}
		switch d := m["depends_on"].(type) {
		case string:
			r.required = []string{d}
		case []any:
			for _, x := range d {
				r.required = append(r.required, fmt.Sprint(x))
			}
		}
		s.resources = append(s.resources, r)
	}
	return nil
}

// outputs resolves what can be without the resources being there.
func (s *stack) outputs() []object {
	outs := sub(s.template, "outputs")
	names := make([]string, 0, len(outs))
	for name := range outs {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []object
	for _, name := range names {
		m, _ := outs[name].(map[string]any)
		out = append(out, object{"output_key": name, "description": or(m["description"], "No description given"), "output_value": s.resolve(m["value"])})
	}
	return out
}

// resolve evaluates get_param, get_resource and list_join inside of a value;
// attributes of resources are null.
func (s *stack) resolve(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for fn, arg := range v {
				switch fn {
				case "get_param":
					return s.params[fmt.Sprint(arg)]
				case "get_resource":
					for _, r := range s.resources {
						if r.name == arg {
							return r.physical
						}
					}
					return nil
				case "get_attr":
					return nil
				}
			}
		}
		out := object{}
		for k, x := range v {
			out[k] = s.resolve(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = s.resolve(x)
		}
		return out
	}
	return v
}
