package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

func createStack(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	name := str(in, "stack_name")
	if name == "" {
		return reply{}, fail(400, "HTTPBadRequest", "No stack name specified")
	}
	if c.findStack(name) != nil {
		return reply{}, fail(409, "StackExists", "The Stack (%s) already exists.", name)
	}
	s, e := c.readTemplate(in)
	if e != nil {
		return reply{}, e
	}
	r := &record{id: newID(), project: c.project(), created: c.now, ext: s, f: object{"name": name, "stack_owner": c.token.user.name(),
		"stack_user_project_id": newHex(), "tags": nil, "tags_text": nil, "timeout_mins": in["timeout_mins"],
		"disable_rollback": boolOr(in, "disable_rollback", true)}}
	r.tag(in)
	c.region.heat.stacks.add(r)
	c.run(r, "CREATE", "Stack CREATE completed successfully")
	return created(object{"stack": object{"id": r.id, "links": c.stackLinks(r)}})
}

// tag sets the stack's tags if the request has some.
func (r *record) tag(in object) {
	if tags := str(in, "tags"); tags != "" {
		r.f["tags"], r.f["tags_text"] = strings.Split(tags, ","), tags
	}
}

// run takes a stack and its resources through an action, which fails where a
// resource of the type OS::Sandbox::Fail is.
func (c *call) run(r *record, action, reason string) {
	s, sb := stackOf(r), c.sb
	status := func(st, why string) { r.f["stack_status"], r.f["stack_status_reason"] = action+"_"+st, why }
	status("IN_PROGRESS", fmt.Sprintf("Stack %s started", action))
	s.event(c, r, nil, action, "IN_PROGRESS", fmt.Sprintf("Stack %s started", action))
	for _, res := range s.resources {
		res.action, res.status = action, "IN_PROGRESS"
		s.event(c, r, res, action, "IN_PROGRESS", "state changed")
	}
	r.become(c.now, func() {
		failed := ""
		for _, res := range s.resources {
			res.status, res.updated = "COMPLETE", sb.now()
			if res.typ == "OS::Sandbox::Fail" {
				res.status, failed = "FAILED", res.name
			}
			s.event(c, r, res, action, res.status, "state changed")
		}
		if action != "CREATE" {
			r.updated = sb.now()
		}
		if failed != "" {
			status("FAILED", fmt.Sprintf("Resource %s failed: Error: resources.%s: made to fail", action, failed))
			s.event(c, r, nil, action, "FAILED", str(r.f, "stack_status_reason"))
			return
		}
		status("COMPLETE", reason)
		s.event(c, r, nil, action, "COMPLETE", reason)
	})
}

// event notes what happened to a resource, or to the stack for none.
func (s *stack) event(c *call, r *record, res *stackResource, action, status, reason string) {
	name, typ, physical := r.name(), "OS::Heat::Stack", r.id
	if res != nil {
		name, typ, physical = res.name, res.typ, res.physical
	}
	s.events = append(s.events, object{"id": newID(), "event_time": zulu(c.sb.now()), "resource_name": name, "logical_resource_id": name,
		"physical_resource_id": physical, "resource_type": typ, "resource_status": action + "_" + status, "resource_status_reason": reason})
}

func previewStack(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	s, e := c.readTemplate(in)
	if e != nil {
		return reply{}, e
	}
	resources := []any{}
	for _, res := range s.resources {
		resources = append(resources, object{"resource_name": res.name, "resource_type": res.typ, "resource_status": "INIT_COMPLETE", "properties": object{}})
	}
	return ok(object{"stack": object{"stack_name": in["stack_name"], "parameters": s.params, "resources": resources, "description": or(s.template["description"], "No description"),
		"links": []any{}, "id": "None", "timeout_mins": in["timeout_mins"], "disable_rollback": true, "capabilities": []any{}, "notification_topics": []any{}}})
}

func validateTemplate(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	t, e := templateOf(in)
	if e != nil {
		return reply{}, e
	}
	params := object{}
	for name, spec := range sub(t, "parameters") {
		m, _ := spec.(map[string]any)
		params[name] = object{"Type": strings.ToUpper(strOr(m, "type", "string")[:1]) + strOr(m, "type", "string")[1:], "Label": or(m["label"], name),
			"Description": or(m["description"], ""), "NoEcho": fmt.Sprint(m["hidden"] == true), "Default": m["default"]}
	}
	return ok(object{"Description": or(t["description"], "No description"), "Parameters": params, "ParameterGroups": []any{},
		"Environment": object{"event_sinks": []any{}, "parameter_defaults": object{}, "parameters": object{}, "resource_registry": object{"resources": object{}}}})
}

// updateStack replaces template and parameters; PATCH keeps those not given.
func updateStack(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	if strings.HasSuffix(str(r.f, "stack_status"), "IN_PROGRESS") {
		return reply{}, fail(409, "ActionInProgress", "Stack %s already has an action (%s) in progress.", r.name(), strings.TrimSuffix(str(r.f, "stack_status"), "_IN_PROGRESS"))
	}
	old := stackOf(r)
	if c.req.Method == http.MethodPatch {
		if in["template"] == nil {
			in["template"] = old.template
		}
		params := cloneObject(old.params)
		for k, v := range sub(in, "parameters") {
			params[k] = v
		}
		in["parameters"] = params
	}
	s, e := c.readTemplate(in)
	if e != nil {
		return reply{}, e
	}
	for _, res := range s.resources {
		i := slices.IndexFunc(old.resources, func(o *stackResource) bool { return o.name == res.name && o.typ == res.typ })
		if i >= 0 {
			res.physical, res.created = old.resources[i].physical, old.resources[i].created
		}
	}
	s.events, s.snapshots = old.events, old.snapshots
	r.ext = s
	r.tag(in)
	c.run(r, "UPDATE", "Stack UPDATE completed successfully")
	return accepted(object{"message": "The request is accepted for processing.<br /><br />\n\n\n", "code": "202 Accepted", "title": "Accepted"})
}

func deleteStack(c *call, r *record) (reply, error) {
	t := &c.region.heat.stacks
	r.f["stack_status"], r.f["stack_status_reason"] = "DELETE_IN_PROGRESS", "Stack DELETE started"
	c.dying(r, func() { t.remove(r.id) })
	return noContent()
}

func stackAction(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	for action := range in {
		switch action {
		case "suspend", "resume", "check":
			c.run(r, strings.ToUpper(action), fmt.Sprintf("Stack %s completed successfully", strings.ToUpper(action)))
		case "cancel_update", "cancel_without_rollback":
			if r.f["stack_status"] != "UPDATE_IN_PROGRESS" {
				return reply{}, fail(400, "NotSupported", "Cancelling update when stack is %v is not supported.", r.f["stack_status"])
			}
			r.life.steps = nil
			r.f["stack_status"], r.f["stack_status_reason"] = "UPDATE_FAILED", "Stack UPDATE cancelled"
		default:
			return reply{}, fail(400, "HTTPBadRequest", "Invalid action %s specified", action)
		}
		return ok(nil)
	}
	return reply{}, fail(400, "HTTPBadRequest", "No action specified")
}

// Resources and events.

func onResource(f func(*call, *record, *stackResource) (reply, error)) handler {
	return onStack(func(c *call, r *record) (reply, error) {
		for _, res := range stackOf(r).resources {
			if res.name == c.vars["resource"] {
				return f(c, r, res)
			}
		}
		return reply{}, fail(404, "ResourceNotFound", "The Resource (%s) could not be found in Stack %s.", c.vars["resource"], r.name())
	})
}

func (c *call) resourceView(r *record, res *stackResource, detail bool) object {
	by := []any{}
	for _, other := range stackOf(r).resources {
		if slices.Contains(other.required, res.name) {
			by = append(by, other.name)
		}
	}
	out := object{"resource_name": res.name, "logical_resource_id": res.name, "physical_resource_id": res.physical, "resource_type": res.typ,
		"resource_status": res.action + "_" + res.status, "resource_status_reason": "state changed", "creation_time": zulu(res.created),
		"updated_time": zulu(res.updated), "required_by": by,
		"links": []any{c.stackLinks(r, "resources", res.name)[0], object{"href": c.stackLinks(r)[0].(object)["href"], "rel": "stack"}}}
	if detail {
		out["attributes"], out["description"] = object{}, ""
	}
	return out
}

func listResources(c *call, r *record) (reply, error) {
	out := []any{}
	for _, res := range stackOf(r).resources {
		if c.wanted("type", res.typ) && c.wanted("name", res.name) {
			out = append(out, c.resourceView(r, res, false))
		}
	}
	return ok(object{"resources": out})
}

func markUnhealthy(c *call, r *record, res *stackResource) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	res.action, res.status = "CHECK", "COMPLETE"
	if boolOr(in, "mark_unhealthy", false) {
		res.status = "FAILED"
	}
	return ok(nil)
}

func (c *call) eventView(r *record, e object) object {
	out := cloneObject(e)
	out["links"] = []any{c.stackLinks(r, "resources", str(e, "resource_name"), "events", str(e, "id"))[0],
		object{"href": c.stackLinks(r, "resources", str(e, "resource_name"))[0].(object)["href"], "rel": "resource"},
		object{"href": c.stackLinks(r)[0].(object)["href"], "rel": "stack"}}
	return out
}

func (c *call) eventList(r *record, resource string) (reply, error) {
	events := stackOf(r).events
	if resource != "" {
		events = slices.DeleteFunc(slices.Clone(events), func(e object) bool { return e["resource_name"] != resource })
	}
	w, e := c.window(len(events), 0, func(m string) int { return slices.IndexFunc(events, func(e object) bool { return e["id"] == m }) })
	if e != nil {
		return reply{}, e
	}
	out := []any{}
	for _, ev := range events[w.from:w.to] {
		out = append(out, c.eventView(r, ev))
	}
	return ok(object{"events": out})
}

func showEvent(c *call, r *record, res *stackResource) (reply, error) {
	for _, e := range stackOf(r).events {
		if e["id"] == c.vars["event"] && e["resource_name"] == res.name {
			return ok(object{"event": c.eventView(r, e)})
		}
	}
	return reply{}, fail(404, "EntityNotFound", "The Event (%s) could not be found.", c.vars["event"])
}

func stackSnapshots(c *call, r *record) (reply, error) {
	s := stackOf(r)
	if c.req.Method == http.MethodPost {
		in := object{}
		if len(c.data) > 0 {
			var err error
			if in, err = c.in(""); err != nil {
				return reply{}, err
			}
		}
		shot := object{"id": newID(), "name": or(in["name"], nil), "status": "COMPLETE", "status_reason": "Stack SNAPSHOT completed successfully",
			"creation_time": zulu(c.now), "data": object{}}
		s.snapshots = append(s.snapshots, shot)
		return ok(shot)
	}
	out := []any{}
	for _, shot := range s.snapshots {
		out = append(out, shot)
	}
	return ok(object{"snapshots": out})
}

func oneSnapshot(c *call, r *record) (reply, error) {
	s := stackOf(r)
	i := slices.IndexFunc(s.snapshots, func(o object) bool { return o["id"] == c.vars["snapshot"] })
	if i < 0 {
		return reply{}, fail(404, "EntityNotFound", "The Snapshot (%s) for Stack (%s) could not be found.", c.vars["snapshot"], r.name())
	}
	if c.req.Method == http.MethodDelete {
		s.snapshots = slices.Delete(slices.Clone(s.snapshots), i, i+1)
		return noContent()
	}
	return ok(object{"snapshot": s.snapshots[i]})
}

func resourceTypes() []any {
	return []any{"OS::Cinder::Volume", "OS::Cinder::VolumeAttachment", "OS::Glance::WebImage", "OS::Heat::None", "OS::Heat::RandomString",
		"OS::Heat::ResourceGroup", "OS::Heat::TestResource", "OS::Heat::WaitCondition", "OS::Keystone::Project", "OS::Neutron::FloatingIP",
		"OS::Neutron::Net", "OS::Neutron::Port", "OS::Neutron::Router", "OS::Neutron::RouterInterface", "OS::Neutron::SecurityGroup",
		"OS::Neutron::Subnet", "OS::Nova::Flavor", "OS::Nova::KeyPair", "OS::Nova::Server", "OS::Nova::ServerGroup", "OS::Sandbox::Fail"}
}

func showResourceType(c *call) (reply, error) {
	if !slices.Contains(resourceTypes(), any(c.vars["type"])) {
		return reply{}, fail(404, "EntityNotFound", "The Resource Type (%s) could not be found.", c.vars["type"])
	}
	return ok(object{"resource_type": c.vars["type"], "properties": object{}, "attributes": object{}, "support_status": object{"status": "SUPPORTED", "version": nil, "message": nil, "previous_status": nil}})
}
