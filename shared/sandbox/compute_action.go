package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
)

// step is an action that takes a server from some states to another by way of a
// task that the next reads still see.
type step struct {
	from   []string // vm states; none: any
	task   string
	during string // status meanwhile; empty: as before
	status string // afterwards; empty: as before
	vm     string
	power  int
}

// steps are the actions that do nothing but change the state.
func steps() map[string]step {
	up := []string{"active"}
	return map[string]step{
		"os-start":           {from: []string{"stopped"}, task: "powering-on", status: "ACTIVE", vm: "active", power: 1},
		"os-stop":            {from: []string{"active", "error"}, task: "powering-off", status: "SHUTOFF", vm: "stopped", power: 4},
		"pause":              {from: up, task: "pausing", status: "PAUSED", vm: "paused", power: 3},
		"unpause":            {from: []string{"paused"}, task: "unpausing", status: "ACTIVE", vm: "active", power: 1},
		"suspend":            {from: up, task: "suspending", status: "SUSPENDED", vm: "suspended", power: 4},
		"resume":             {from: []string{"suspended"}, task: "resuming", status: "ACTIVE", vm: "active", power: 1},
		"unrescue":           {from: []string{"rescued"}, task: "unrescuing", status: "ACTIVE", vm: "active", power: 1},
		"shelve":             {from: []string{"active", "stopped", "paused", "suspended"}, task: "shelving", status: "SHELVED_OFFLOADED", vm: "shelved_offloaded", power: 4},
		"shelveOffload":      {from: []string{"shelved", "shelved_offloaded"}, status: "SHELVED_OFFLOADED", vm: "shelved_offloaded", power: 4},
		"unshelve":           {from: []string{"shelved", "shelved_offloaded"}, task: "unshelving", status: "ACTIVE", vm: "active", power: 1},
		"migrate":            {from: []string{"active", "stopped"}, task: "resize_migrating", during: "RESIZE", status: "VERIFY_RESIZE", vm: "resized", power: 1},
		"os-migrateLive":     {from: []string{"active", "paused"}, task: "migrating", during: "MIGRATING", status: "ACTIVE", vm: "active", power: 1},
		"evacuate":           {task: "rebuilding", during: "REBUILD", status: "ACTIVE", vm: "active", power: 1},
		"changePassword":     {from: up, task: "updating_password"},
		"resetNetwork":       {},
		"injectNetworkInfo":  {},
		"trigger_crash_dump": {from: up},
	}
}

// actionNames are what the refusals and the instance actions call them.
var actionNames = map[string]string{"os-start": "start", "os-stop": "stop", "os-migrateLive": "live-migration", "confirmResize": "confirmResize"}

func actionName(key string) string {
	if n := actionNames[key]; n != "" {
		return n
	}
	return key
}

// otherActions need more than a step.
func otherActions() map[string]func(*call, *record, object) (reply, error) {
	return map[string]func(*call, *record, object) (reply, error){
		"reboot": actReboot, "resize": actResize, "confirmResize": actConfirm, "revertResize": actRevert, "rebuild": actRebuild,
		"createImage": actCreateImage, "createBackup": actCreateImage,
		"rescue": actRescue,
		"lock": func(c *call, r *record, in object) (reply, error) {
			serverOf(r).locked, serverOf(r).lockReason = true, in["locked_reason"]
			return accepted(nil)
		},
		"unlock": func(c *call, r *record, in object) (reply, error) {
			serverOf(r).locked, serverOf(r).lockReason = false, nil
			return accepted(nil)
		},
		"addSecurityGroup": func(c *call, r *record, in object) (reply, error) { return c.changeGroups(r, str(in, "name"), true) },
		"removeSecurityGroup": func(c *call, r *record, in object) (reply, error) {
			return c.changeGroups(r, str(in, "name"), false)
		},
		"os-resetState": func(c *call, r *record, in object) (reply, error) {
			if !c.admin() {
				return reply{}, c.denied("os_compute_api:os-admin-actions:reset_state")
			}
			r.life.steps = nil
			if str(in, "state") == "active" {
				serverOf(r).state("ACTIVE", "active", 1)
			} else {
				serverOf(r).state("ERROR", "error", serverOf(r).power)
			}
			return accepted(nil)
		},
		"forceDelete": func(c *call, r *record, in object) (reply, error) {
			c.removeServer(r)
			return accepted(nil)
		},
		"os-getConsoleOutput": func(c *call, r *record, in object) (reply, error) {
			return ok(object{"output": fmt.Sprintf("%s login: \n", serverOf(r).hostname)})
		},
		"os-getVNCConsole": func(c *call, r *record, in object) (reply, error) {
			return ok(object{"console": object{"type": or(in["type"], "novnc"), "url": c.root + "/vnc?token=" + newID()}})
		},
	}
}

// serverAction is POST /servers/{id}/action.
func serverAction(c *call, r *record) (reply, error) {
	var body map[string]json.RawMessage
	if json.Unmarshal(c.data, &body) != nil || len(body) == 0 {
		return reply{}, badRequest("Malformed request body")
	}
	s := serverOf(r)
	for key, raw := range body {
		var in object
		_ = json.Unmarshal(raw, &in)
		st, simple := steps()[key]
		other := otherActions()[key]
		if !simple && other == nil {
			continue
		}
		if s.locked && key != "unlock" && !c.admin() {
			return reply{}, conflict("Instance %s is locked", r.id)
		}
		if simple {
			if e := c.take(r, key, st, nil); e != nil {
				return reply{}, e
			}
			return accepted(nil)
		}
		return other(c, r, in)
	}
	for key := range body {
		return reply{}, badRequest("There is no such action: %s", key)
	}
	return reply{}, nil
}

// take lets a server take a step; then is done at its end.
func (c *call) take(r *record, key string, st step, then func()) *apiError {
	s := serverOf(r)
	if len(st.from) > 0 && !slices.Contains(st.from, s.vm) {
		return conflict("Cannot '%s' instance %s while it is in vm_state %s", actionName(key), r.id, s.vm)
	}
	if s.task != "" && st.task != "" {
		return conflict("Cannot '%s' instance %s while it is in task_state %s", actionName(key), r.id, s.task)
	}
	c.acted(r, actionName(key))
	s.task = st.task
	if st.during != "" {
		s.status = st.during
	}
	sb := c.sb
	r.become(c.now, func() {
		s.task = ""
		if st.status != "" {
			s.state(st.status, st.vm, st.power)
		}
		if then != nil {
			then()
		}
		r.updated = sb.now()
	})
	return nil
}

func actReboot(c *call, r *record, in object) (reply, error) {
	kind := str(in, "type")
	if kind != "SOFT" && kind != "HARD" {
		return reply{}, badRequest("Invalid input for field/attribute type. Value: %s. '%s' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']", kind, kind)
	}
	st := step{from: []string{"active"}, task: "rebooting", during: "REBOOT", status: "ACTIVE", vm: "active", power: 1}
	if kind == "HARD" {
		st.from, st.task, st.during = []string{"active", "stopped", "paused", "suspended", "error"}, "rebooting_hard", "HARD_REBOOT"
	}
	if e := c.take(r, "reboot", st, nil); e != nil {
		return reply{}, e
	}
	return accepted(nil)
}

func actResize(c *call, r *record, in object) (reply, error) {
	f := c.region.comp.flavors.get(refID(str(in, "flavorRef")))
	if f == nil {
		return reply{}, badRequest("Flavor %s could not be found.", str(in, "flavorRef"))
	}
	s := serverOf(r)
	if f.id == s.flavor.id {
		return reply{}, badRequest("When resizing, instances must change flavor!")
	}
	old := s.flavor
	st := step{from: []string{"active", "stopped"}, task: "resize_prep", during: "RESIZE", status: "VERIFY_RESIZE", vm: "resized", power: s.power}
	if e := c.take(r, "resize", st, func() { s.before, s.flavor = old, f }); e != nil {
		return reply{}, e
	}
	return accepted(nil)
}

func actConfirm(c *call, r *record, in object) (reply, error) {
	s := serverOf(r)
	if s.vm != "resized" {
		return reply{}, conflict("Cannot 'confirmResize' instance %s while it is in vm_state %s", r.id, s.vm)
	}
	c.acted(r, "confirmResize")
	s.before = nil
	s.backFromResize()
	r.updated = c.now
	return noContent()
}

func (s *server) backFromResize() {
	if s.power == 4 {
		s.state("SHUTOFF", "stopped", 4)
		return
	}
	s.state("ACTIVE", "active", 1)
}

func actRevert(c *call, r *record, in object) (reply, error) {
	s := serverOf(r)
	st := step{from: []string{"resized"}, task: "resize_reverting", during: "REVERT_RESIZE"}
	e := c.take(r, "revertResize", st, func() {
		if s.before != nil {
			s.flavor, s.before = s.before, nil
		}
		s.backFromResize()
	})
	if e != nil {
		return reply{}, e
	}
	return accepted(nil)
}

func actRebuild(c *call, r *record, in object) (reply, error) {
	img := c.region.img.images.get(refID(str(in, "imageRef")))
	if img == nil || !c.seesImage(img) {
		return reply{}, badRequest("Cannot find image for rebuild")
	}
	s := serverOf(r)
	power := s.power
	st := step{from: []string{"active", "stopped", "paused", "suspended", "error"}, task: "rebuilding", during: "REBUILD",
		status: "ACTIVE", vm: "active", power: 1}
	if s.vm == "stopped" {
		st.status, st.vm, st.power = "SHUTOFF", "stopped", power
	}
	if e := c.take(r, "rebuild", st, nil); e != nil {
		return reply{}, e
	}
	s.image, s.fault = img.id, nil
	r.f["name"] = strOr(in, "name", r.name())
	if meta := sub(in, "metadata"); meta != nil {
		r.f["metadata"] = cloneObject(meta)
	}
	view := c.serverView(r, c.portsOf(r.id))
	view["adminPass"] = strOr(in, "adminPass", newSecret(6))
	return accepted(object{"server": view})
}

// actCreateImage makes a snapshot of a server in Glance.
func actCreateImage(c *call, r *record, in object) (reply, error) {
	if str(in, "name") == "" {
		return reply{}, badRequest("Invalid input for field/attribute createImage. 'name' is a required property")
	}
	img := c.region.img.snapshot(c, r, in)
	if e := c.take(r, "createImage", step{from: []string{"active", "stopped", "paused", "suspended"}, task: "image_snapshot"}, func() {
		c.region.img.store(img, []byte("snapshot of "+r.id), c.sb.now())
	}); e != nil {
		c.region.img.images.remove(img.id)
		return reply{}, e
	}
	out := reply{status: 202, header: map[string]string{"Location": c.root + "/images/" + img.id}}
	if c.minor >= 45 {
		out.body = object{"image_id": img.id}
	}
	return out, nil
}

// changeGroups adds a security group to all ports of a server, or takes it away.
func (c *call) changeGroups(r *record, name string, add bool) (reply, error) {
	g := c.securityGroup(name)
	if g == nil {
		return reply{}, fail(404, "", "Security group %s not found for project %s.", name, c.project())
	}
	s := serverOf(r)
	has := slices.Contains(s.groups, g.name())
	if !add && !has {
		return reply{}, fail(404, "", "Security group %s not associated with the instance %s", name, r.id)
	}
	if add && has {
		return reply{}, badRequest("Invalid input for security_groups. Reason: Duplicate items in the list: '%s'.", g.id)
	}
	s.groups = slices.DeleteFunc(slices.Clone(s.groups), func(n string) bool { return n == g.name() })
	if add {
		s.groups = append(s.groups, g.name())
	}
	for _, p := range c.portsOf(r.id) {
		ids := slices.DeleteFunc(slices.Clone(list(p.f, "security_groups")), func(id any) bool { return id == any(g.id) })
		if add {
			ids = append(ids, g.id)
		}
		p.f["security_groups"] = ids
	}
	return accepted(nil)
}

func listActions(c *call, r *record) (reply, error) {
	out := []any{}
	for _, a := range slices.Backward(serverOf(r).actions) {
		out = append(out, cloneObject(a))
	}
	return ok(object{"instanceActions": out})
}

func showAction(c *call, r *record) (reply, error) {
	for _, a := range serverOf(r).actions {
		if a["request_id"] == c.vars["request"] {
			out := cloneObject(a)
			out["events"] = []any{}
			return ok(object{"instanceAction": out})
		}
	}
	return reply{}, fail(404, "", "Action for request_id %s on instance %s not found", c.vars["request"], r.id)
}

func serverGroupsOf(c *call, r *record) (reply, error) {
	out := []any{}
	for _, name := range serverOf(r).groups {
		g := c.securityGroup(name)
		if g == nil {
			continue
		}
		rules := []any{}
		for _, rule := range c.region.net.table("security_group_rules").order {
			if str(rule.f, "security_group_id") != g.id || rule.f["direction"] != "ingress" {
				continue
			}
			rules = append(rules, object{"id": rule.id, "parent_group_id": g.id, "ip_protocol": rule.f["protocol"],
				"from_port": rule.f["port_range_min"], "to_port": rule.f["port_range_max"], "group": c.groupRef(rule), "ip_range": object{}})
		}
		out = append(out, object{"id": g.id, "name": g.name(), "description": g.f["description"], "tenant_id": g.project, "rules": rules})
	}
	return ok(object{"security_groups": out})
}

func remoteConsole(c *call, r *record) (reply, error) {
	in, err := c.in("remote_console")
	if err != nil {
		return reply{}, err
	}
	return ok(object{"remote_console": object{"protocol": in["protocol"], "type": in["type"], "url": c.root + "/console?token=" + newID()}})
}

// actRescue is a step that answers with the rescue system's password.
func actRescue(c *call, r *record, in object) (reply, error) {
	st := step{from: []string{"active", "stopped"}, task: "rescuing", status: "RESCUE", vm: "rescued", power: 1}
	if e := c.take(r, "rescue", st, nil); e != nil {
		return reply{}, e
	}
	return ok(object{"adminPass": strOr(in, "adminPass", newSecret(6))})
}

// groupRef names the group that a rule lets in.
func (c *call) groupRef(rule *record) object {
	g := c.region.net.table("security_groups").get(str(rule.f, "remote_group_id"))
	if g == nil {
		return object{}
	}
	return object{"name": g.name(), "tenant_id": g.project}
}
