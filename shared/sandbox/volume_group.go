package sandbox

import (
	"net/http"
	"slices"
)

// Consistency groups and their snapshots, and what administrators do to Cinder.

func consistencyRoutes() []route {
	const groups, shots = "/consistencygroups", "/cgsnapshots"
	var routes []route
	for _, k := range []struct{ path, plural, single string }{{groups, "consistencygroups", "consistencygroup"}, {shots, "cgsnapshots", "cgsnapshot"}} {
		list := func(detail bool) handler {
			return func(c *call) (reply, error) {
				return c.cinderList(c.region.vol.group(k.plural), k.plural, k.plural, func(r *record) object {
					if detail {
						return cloneObject(r.f)
					}
					return object{"id": r.id, "name": r.f["name"]}
				})
			}
		}
		one := onGroup(k.plural, k.single)
		routes = append(routes,
			route{http.MethodGet, k.path, list(false), member, ""}, route{http.MethodGet, k.path + "/detail", list(true), member, ""},
			route{http.MethodPost, k.path, createCinderGroup(k.plural, k.single), member, ""},
			route{http.MethodGet, k.path + "/{id}", one, member, ""}, route{http.MethodPut, k.path + "/{id}", one, member, ""},
			route{http.MethodDelete, k.path + "/{id}", one, member, ""}, route{http.MethodPost, k.path + "/{id}/delete", one, member, ""})
	}
	return append(routes, route{http.MethodPost, groups + "/create_from_src", createCinderGroup("consistencygroups", "consistencygroup-from-src"), member, ""})
}

func (v *volumes) group(plural string) *table {
	if plural == "cgsnapshots" {
		return &v.groupShots
	}
	return &v.groups
}

func createCinderGroup(plural, key string) handler {
	return func(c *call) (reply, error) {
		in, err := c.in(key)
		if err != nil {
			return reply{}, err
		}
		id := newID()
		f := object{"id": id, "name": or(in["name"], nil), "description": in["description"], "status": "creating", "created_at": cinderTime(c.now)}
		answer := "consistencygroup"
		if plural == "cgsnapshots" {
			answer = "cgsnapshot"
			f["consistencygroup_id"] = in["consistencygroup_id"]
			if c.region.vol.groups.get(str(in, "consistencygroup_id")) == nil {
				return reply{}, fail(404, "", "Group %s could not be found.", str(in, "consistencygroup_id"))
			}
		} else {
			f["availability_zone"], f["volume_types"] = strOr(in, "availability_zone", "nova"), []any{}
		}
		r := c.region.vol.group(plural).add(&record{id: id, project: c.project(), created: c.now, f: f})
		c.ready(r, "available")
		return accepted(object{answer: object{"id": id, "name": f["name"], "links": c.volLinks(plural, id)}})
	}
}

func onGroup(plural, single string) handler {
	return func(c *call) (reply, error) {
		t := c.region.vol.group(plural)
		r := c.settled(t, c.vars["id"])
		if r == nil || !c.visible(r.project) {
			return reply{}, fail(404, "", "%s %s could not be found.", map[string]string{"cgsnapshot": "GroupSnapshot"}[single]+map[string]string{"consistencygroup": "Group"}[single], c.vars["id"])
		}
		switch c.req.Method {
		case http.MethodGet:
			return ok(object{single: r.f})
		case http.MethodPut:
			in, err := c.in(single)
			if err != nil {
				return reply{}, err
			}
			for _, key := range []string{"name", "description"} {
				if v, has := in[key]; has {
					r.f[key] = v
				}
			}
			return accepted(nil)
		}
		r.f["status"] = "deleting"
		c.dying(r, func() { t.remove(r.id) })
		return accepted(nil)
	}
}

func cinderAdminRoutes() []route {
	const manage = "volume_extension:services:update"
	set := func(status string) handler {
		return func(c *call) (reply, error) {
			in, err := c.in("")
			if err != nil {
				return reply{}, err
			}
			out := object{"host": in["host"], "service": in["binary"], "binary": in["binary"], "status": status, "disabled": status == "disabled"}
			if reason := in["disabled_reason"]; reason != nil {
				out["disabled_reason"] = reason
			}
			c.region.vol.disabled[str(in, "host")+" "+str(in, "binary")] = status == "disabled"
			return ok(out)
		}
	}
	return []route{
		{http.MethodPut, "/os-services/enable", set("enabled"), adminOf, manage},
		{http.MethodPut, "/os-services/disable", set("disabled"), adminOf, manage},
		{http.MethodPut, "/os-services/disable-log-reason", set("disabled"), adminOf, manage},
		{http.MethodGet, "/capabilities/{host}", func(c *call) (reply, error) {
			return ok(object{"namespace": "OS::Storage::Capabilities::" + c.vars["host"], "vendor_name": "Open Source", "volume_backend_name": "lvm",
				"pool_name": nil, "driver_version": "3.0.0", "storage_protocol": "iSCSI", "display_name": nil, "description": nil,
				"visibility": nil, "replication_targets": []any{}, "properties": object{}})
		}, adminOf, "volume_extension:capabilities"},
		{http.MethodGet, "/os-quota-class-sets/{class}", func(c *call) (reply, error) { return c.quotaClass(nil) }, adminOf, "volume_extension:quota_classes:get"},
		{http.MethodPut, "/os-quota-class-sets/{class}", func(c *call) (reply, error) {
			in, err := c.in("quota_class_set")
			if err != nil {
				return reply{}, err
			}
			return c.quotaClass(in)
		}, adminOf, "volume_extension:quota_classes:update"},
		{http.MethodGet, "/backups/{id}/export_record", onBackup(func(c *call, r *record) (reply, error) {
			return ok(object{"backup-record": object{"backup_service": "cinder.backup.drivers.swift", "backup_url": r.id}})
		}), adminOf, "backup:export-import"},
		{http.MethodPost, "/backups/import_record", importBackup, adminOf, "backup:backup-import"},
		{http.MethodPost, "/os-volume-manage", manageVolume, adminOf, "volume_extension:volume_manage"},
		{http.MethodPut, "/qos-specs/{id}/delete_keys", deleteQoSKeys, adminOf, "volume_extension:qos_specs_manage:update"},
		{http.MethodGet, "/qos-specs/{id}/disassociate_all", func(c *call) (reply, error) {
			for _, t := range c.region.vol.types.order {
				if data := t.ext.(*typeData); data.qos == c.vars["id"] {
					data.qos = ""
				}
			}
			return accepted(nil)
		}, adminOf, "volume_extension:qos_specs_manage:update"},
	}
}

func (c *call) quotaClass(in object) (reply, error) {
	q := volumeQuotaDefaults()
	for k := range in {
		if _, known := q[k]; known {
			q[k] = num(in, k)
		}
	}
	if in == nil {
		q["id"] = c.vars["class"]
	}
	return ok(object{"quota_class_set": q})
}

func importBackup(c *call) (reply, error) {
	in, err := c.in("backup-record")
	if err != nil {
		return reply{}, err
	}
	from := c.region.vol.backups.get(str(in, "backup_url"))
	if from == nil {
		return reply{}, badRequest("Invalid input received: Can't parse backup record.")
	}
	r := &record{id: newID(), project: c.project(), created: c.now, f: cloneObject(from.f)}
	r.f["id"], r.f["status"] = r.id, "creating"
	c.region.vol.backups.add(r)
	c.ready(r, "available")
	return created(object{"backup": object{"id": r.id, "name": r.f["name"], "links": c.volLinks("backups", r.id)}})
}

func manageVolume(c *call) (reply, error) {
	in, err := c.in("volume")
	if err != nil {
		return reply{}, err
	}
	r := newVolume(newID(), c.project(), c.token.userID(), str(in, "name"), 1, c.now)
	r.f["status"], r.f["description"], r.f["metadata"] = "managing", in["description"], cloneObject(sub(in, "metadata"))
	c.region.vol.volumes.add(r)
	c.ready(r, "available")
	return accepted(object{"volume": c.volumeView(r, false)})
}

func deleteQoSKeys(c *call) (reply, error) {
	r := c.region.vol.qos.get(c.vars["id"])
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	if r == nil {
		return reply{}, fail(404, "", "No such QoS spec %s.", c.vars["id"])
	}
	for k := range sub(r.f, "specs") {
		if slices.Contains(list(in, "keys"), any(k)) {
			delete(sub(r.f, "specs"), k)
		}
	}
	return accepted(nil)
}
