package sandbox

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// typeData is what a volume type keeps besides its attributes.
type typeData struct {
	access     []string
	encryption object
	qos        string
}

func newVolumeType(id, name, description string, now time.Time) *record {
	return &record{id: id, created: now, ext: &typeData{}, f: object{"id": id, "name": name, "is_public": true, "description": orNull(description),
		"extra_specs": object{}}}
}

func (v *volumes) findType(ref string) *record {
	if r := v.types.get(ref); r != nil {
		return r
	}
	return v.types.named("", ref)
}

func (c *call) typeView(r *record) object {
	out := cloneObject(r.f)
	out["os-volume-type-access:is_public"] = out["is_public"]
	if c.admin() {
		out["qos_specs_id"] = orNull(r.ext.(*typeData).qos)
	}
	return out
}

func onType(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.region.vol.types.get(c.vars["id"])
		if r == nil || !c.seesType(r) {
			return reply{}, fail(404, "", "Volume type %s could not be found.", c.vars["id"])
		}
		return f(c, r)
	}
}

func (c *call) seesType(r *record) bool {
	return c.admin() || r.f["is_public"] == true || slices.Contains(r.ext.(*typeData).access, c.project())
}

func volumeTypeRoutes() []route {
	const one, specs = "/types/{id}", "/types/{id}/extra_specs"
	const manage, extra = "volume_extension:types_manage", "volume_extension:types_extra_specs"
	return []route{
		{"GET", "/types", func(c *call) (reply, error) {
			out := []any{}
			for _, r := range slices.Backward(c.region.vol.types.order) {
				if c.seesType(r) {
					out = append(out, c.typeView(r))
				}
			}
			return ok(object{"volume_types": out})
		}, member, ""},
		{"GET", "/types/default", func(c *call) (reply, error) {
			return ok(object{"volume_type": c.typeView(c.region.vol.types.order[0])})
		}, member, ""},
		{"POST", "/types", createType, adminOf, manage},
		{"GET", one, onType(func(c *call, r *record) (reply, error) { return ok(object{"volume_type": c.typeView(r)}) }), member, ""},
		{"PUT", one, onType(updateType), adminOf, manage},
		{"DELETE", one, onType(deleteType), adminOf, manage},
		{"POST", one + "/action", onType(typeAction), adminOf, "volume_extension:volume_type_access:addProjectAccess"},
		{"GET", one + "/os-volume-type-access", onType(typeAccess), adminOf, "volume_extension:volume_type_access"},
		{"GET", specs, onType(func(c *call, r *record) (reply, error) { return ok(object{"extra_specs": r.f["extra_specs"]}) }), member, ""},
		{"POST", specs, onType(func(c *call, r *record) (reply, error) {
			in, err := c.in("extra_specs")
			if err != nil {
				return reply{}, err
			}
			for k, v := range in {
				sub(r.f, "extra_specs")[k] = v
			}
			return ok(object{"extra_specs": in})
		}), adminOf, extra},
		{"GET", specs + "/{key}", onType(typeSpec), member, ""},
		{"PUT", specs + "/{key}", onType(typeSpec), adminOf, extra},
		{"DELETE", specs + "/{key}", onType(typeSpec), adminOf, extra},
		{"GET", one + "/encryption", onType(func(c *call, r *record) (reply, error) {
			return ok(orEmpty(r.ext.(*typeData).encryption))
		}), adminOf, "volume_extension:volume_type_encryption"},
		{"POST", one + "/encryption", onType(encryptType), adminOf, "volume_extension:volume_type_encryption"},
		{"PUT", one + "/encryption/{provider}", onType(encryptType), adminOf, "volume_extension:volume_type_encryption"},
		{"DELETE", one + "/encryption/{provider}", onType(func(c *call, r *record) (reply, error) {
			r.ext.(*typeData).encryption = nil
			return accepted(nil)
		}), adminOf, "volume_extension:volume_type_encryption"},
	}
}

func updateType(c *call, r *record) (reply, error) {
	in, err := c.in("volume_type")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"name", "description", "is_public"} {
		if v, has := in[key]; has {
			r.f[key] = v
		}
	}
	return ok(object{"volume_type": c.typeView(r)})
}

func deleteType(c *call, r *record) (reply, error) {
	for _, v := range c.region.vol.volumes.order {
		if str(v.f, "volume_type") == r.name() {
			return reply{}, badRequest("Target volume type is still in use.")
		}
	}
	c.region.vol.types.remove(r.id)
	return accepted(nil)
}

func typeAccess(c *call, r *record) (reply, error) {
	if r.f["is_public"] == true {
		return reply{}, fail(404, "", "Access list not available for public volume types.")
	}
	out := []any{}
	for _, p := range r.ext.(*typeData).access {
		out = append(out, object{"volume_type_id": r.id, "project_id": p})
	}
	return ok(object{"volume_type_access": out})
}

func encryptType(c *call, r *record) (reply, error) {
	in, err := c.in("encryption")
	if err != nil {
		return reply{}, err
	}
	data := r.ext.(*typeData)
	if c.req.Method == http.MethodPost || data.encryption == nil {
		data.encryption = object{"volume_type_id": r.id, "encryption_id": newID()}
	}
	maps.Copy(data.encryption, in)
	if c.req.Method == http.MethodPut {
		return ok(object{"encryption": in})
	}
	return ok(object{"encryption": data.encryption})
}

// orEmpty gives an empty object for none.
func orEmpty(m object) object {
	if m == nil {
		return object{}
	}
	return m
}

func createType(c *call) (reply, error) {
	in, err := c.in("volume_type")
	if err != nil {
		return reply{}, err
	}
	name := str(in, "name")
	if name == "" {
		return reply{}, badRequest("Volume type name can not be empty.")
	}
	if c.region.vol.types.named("", name) != nil {
		return reply{}, conflict("Volume Type %s already exists.", name)
	}
	r := newVolumeType(newID(), name, str(in, "description"), c.now)
	r.f["is_public"] = boolOr(in, "os-volume-type-access:is_public", true)
	r.f["extra_specs"] = cloneObject(sub(in, "extra_specs"))
	return ok(object{"volume_type": c.typeView(c.region.vol.types.add(r))})
}

func typeAction(c *call, r *record) (reply, error) {
	body, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	data := r.ext.(*typeData)
	if in := sub(body, "addProjectAccess"); in != nil {
		data.access = append(data.access, str(in, "project"))
	} else if in := sub(body, "removeProjectAccess"); in != nil {
		data.access = slices.DeleteFunc(data.access, func(p string) bool { return p == str(in, "project") })
	} else {
		return reply{}, badRequest("There is no such action")
	}
	return accepted(nil)
}

func typeSpec(c *call, r *record) (reply, error) {
	specs, key := sub(r.f, "extra_specs"), c.vars["key"]
	if c.req.Method == http.MethodPut {
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		specs[key] = in[key]
	}
	if _, has := specs[key]; !has {
		return reply{}, fail(404, "", "Volume Type %s has no extra specs with key %s.", r.id, key)
	}
	if c.req.Method == http.MethodDelete {
		delete(specs, key)
		return accepted(nil)
	}
	return ok(object{key: specs[key]})
}

// volumeExtraRoutes are quotas, limits, services, QoS, attachments and pools.
func volumeExtraRoutes() []route {
	const quota = "/os-quota-sets/{project}"
	routes := []route{
		{"GET", "/limits", func(c *call) (reply, error) {
			q, used := c.region.vol.quota(c.project()), c.region.vol.usage(c.project())
			return ok(object{"limits": object{"rate": []any{}, "absolute": object{"maxTotalVolumes": q["volumes"], "maxTotalSnapshots": q["snapshots"],
				"maxTotalVolumeGigabytes": q["gigabytes"], "maxTotalBackups": q["backups"], "maxTotalBackupGigabytes": q["backup_gigabytes"],
				"totalVolumesUsed": used["volumes"], "totalGigabytesUsed": used["gigabytes"], "totalSnapshotsUsed": used["snapshots"],
				"totalBackupsUsed": used["backups"], "totalBackupGigabytesUsed": used["backup_gigabytes"]}}})
		}, member, ""},
		{"GET", "/os-availability-zone", func(c *call) (reply, error) {
			return ok(object{"availabilityZoneInfo": []any{object{"zoneName": "nova", "zoneState": object{"available": true}}}})
		}, member, ""},
		{"GET", quota, showVolumeQuota, member, ""},
		{"GET", quota + "/defaults", func(c *call) (reply, error) {
			q := volumeQuotaDefaults()
			q["id"] = c.vars["project"]
			return ok(object{"quota_set": q})
		}, member, ""},
		{"PUT", quota, setVolumeQuota, adminOf, "volume_extension:quotas:update"},
		{"DELETE", quota, func(c *call) (reply, error) {
			delete(c.region.vol.quotas, c.vars["project"])
			return ok(nil)
		}, adminOf, "volume_extension:quotas:delete"},
		{"GET", "/os-services", func(c *call) (reply, error) {
			out := []any{}
			for _, s := range [][2]string{{"cinder-scheduler", "controller"}, {"cinder-volume", "storage@lvm"}, {"cinder-backup", "storage"}} {
				out = append(out, object{"binary": s[0], "host": s[1], "zone": "nova", "status": map[bool]string{true: "disabled", false: "enabled"}[c.region.vol.disabled[s[1]+" "+s[0]]], "state": "up",
					"updated_at": micro(c.now), "disabled_reason": nil, "replication_status": "disabled", "active_backend_id": nil, "frozen": false})
			}
			return ok(object{"services": out})
		}, adminOf, "volume_extension:services:index"},
		{"GET", "/scheduler-stats/get_pools", func(c *call) (reply, error) {
			pool := object{"name": "storage@lvm#lvm"}
			if c.query.Has("detail") && truthy(c.query.Get("detail")) {
				pool["capabilities"] = object{"total_capacity_gb": 100000.0, "free_capacity_gb": 90000.0, "volume_backend_name": "lvm",
					"storage_protocol": "iSCSI", "driver_version": "3.0.0", "vendor_name": "Open Source"}
			}
			return ok(object{"pools": []any{pool}})
		}, adminOf, "scheduler_extension:scheduler_stats:get_pools"},
		{"GET", "/extensions", func(c *call) (reply, error) { return ok(object{"extensions": []any{}}) }, member, ""},
		{"GET", "/messages", since(3, emptyList("messages")), member, ""},
		{"GET", "/groups", since(13, emptyList("groups")), member, ""},
		{"GET", "/groups/detail", since(13, emptyList("groups")), member, ""},
		{"GET", "/group_snapshots", since(14, emptyList("group_snapshots")), member, ""},
		{"GET", "/group_types", since(11, emptyList("group_types")), member, ""},
		{"GET", "/attachments", since(27, listAttachments), member, ""},
		{"GET", "/attachments/detail", since(27, listAttachments), member, ""},
		{"POST", "/attachments", since(27, createAttachment), member, ""},
		{"GET", "/attachments/{id}", since(27, oneAttachment), member, ""},
		{"PUT", "/attachments/{id}", since(27, oneAttachment), member, ""},
		{"DELETE", "/attachments/{id}", since(27, oneAttachment), member, ""},
		{"POST", "/attachments/{id}/action", since(44, func(c *call) (reply, error) { return noContent() }), member, ""},
	}
	return append(routes, qosRoutes()...)
}

// since hides a route from older microversions.
func since(minor int, h handler) handler {
	return func(c *call) (reply, error) {
		if c.minor < minor {
			return reply{}, fail(404, "", "API version %d.%d is not supported on this method.", c.svc.major, c.minor)
		}
		return h(c)
	}
}

func emptyList(key string) handler {
	return func(*call) (reply, error) { return ok(object{key: []any{}}) }
}

func showVolumeQuota(c *call) (reply, error) {
	p := c.vars["project"]
	if !c.visible(p) {
		return reply{}, c.denied("volume_extension:quotas:show")
	}
	q := c.region.vol.quota(p)
	if c.query.Has("usage") && truthy(c.query.Get("usage")) {
		used := c.region.vol.usage(p)
		for key, limit := range q {
			q[key] = object{"limit": limit, "in_use": used[key], "reserved": 0}
		}
	}
	q["id"] = p
	return ok(object{"quota_set": q})
}

func setVolumeQuota(c *call) (reply, error) {
	in, err := c.in("quota_set")
	if err != nil {
		return reply{}, err
	}
	p := c.vars["project"]
	q := c.region.vol.quotas[p]
	if q == nil {
		q = object{}
	}
	for key := range in {
		if _, known := volumeQuotaDefaults()[key]; known {
			q[key] = num(in, key)
		}
	}
	c.region.vol.quotas[p] = q
	return ok(object{"quota_set": c.region.vol.quota(p)})
}

func listAttachments(c *call) (reply, error) {
	return c.cinderList(&c.region.vol.attachments, "attachments", "attachments", func(r *record) object {
		return object{"id": r.id, "status": r.f["status"], "instance": r.f["instance"], "volume_id": r.f["volume_id"]}
	})
}

func createAttachment(c *call) (reply, error) {
	in, err := c.in("attachment")
	if err != nil {
		return reply{}, err
	}
	v, e := c.freeVolume(str(in, "volume_uuid"))
	if e != nil {
		return reply{}, e
	}
	d := &disk{volume: v.id, device: "/dev/vdb", attachment: newID()}
	c.region.vol.attach(c, v, str(in, "instance_uuid"), d)
	return ok(object{"attachment": c.region.vol.attachments.get(d.attachment).f})
}

func oneAttachment(c *call) (reply, error) {
	r := c.region.vol.attachments.get(c.vars["id"])
	if r == nil || !c.visible(r.project) {
		return reply{}, fail(404, "", "Volume attachment could not be found with filter: attachment_id = %s.", c.vars["id"])
	}
	if c.req.Method == http.MethodDelete {
		c.region.vol.attachments.remove(r.id)
		if v := c.region.vol.volumes.get(str(r.f, "volume_id")); v != nil {
			c.region.vol.detach(v, str(r.f, "instance"))
		}
		return ok(object{"attachments": []any{}})
	}
	return ok(object{"attachment": r.f})
}

// QoS specs.

func qosRoutes() []route {
	const rule = "volume_extension:qos_specs_manage:"
	on := func(f func(*call, *record) (reply, error)) handler {
		return func(c *call) (reply, error) {
			r := c.region.vol.qos.get(c.vars["id"])
			if r == nil {
				return reply{}, fail(404, "", "No such QoS spec %s.", c.vars["id"])
			}
			return f(c, r)
		}
	}
	set := func(associate bool) handler {
		return on(func(c *call, r *record) (reply, error) {
			t := c.region.vol.types.get(c.query.Get("vol_type_id"))
			if t == nil {
				return reply{}, fail(404, "", "Volume type %s could not be found.", c.query.Get("vol_type_id"))
			}
			t.ext.(*typeData).qos = map[bool]string{true: r.id}[associate]
			return accepted(nil)
		})
	}
	return []route{
		{"GET", "/qos-specs", func(c *call) (reply, error) {
			out := []any{}
			for _, r := range c.region.vol.qos.order {
				out = append(out, r.f)
			}
			return ok(object{"qos_specs": out})
		}, adminOf, rule + "get_all"},
		{"POST", "/qos-specs", createQoS, adminOf, rule + "create"},
		{"GET", "/qos-specs/{id}", on(func(c *call, r *record) (reply, error) {
			return ok(object{"qos_specs": r.f, "links": c.volLinks("qos-specs", r.id)})
		}), adminOf, rule + "get"},
		{"PUT", "/qos-specs/{id}", on(func(c *call, r *record) (reply, error) {
			in, err := c.in("qos_specs")
			if err != nil {
				return reply{}, err
			}
			for k, v := range in {
				sub(r.f, "specs")[k] = v
			}
			return ok(object{"qos_specs": in})
		}), adminOf, rule + "update"},
		{"DELETE", "/qos-specs/{id}", on(func(c *call, r *record) (reply, error) {
			c.region.vol.qos.remove(r.id)
			return accepted(nil)
		}), adminOf, rule + "delete"},
		{"GET", "/qos-specs/{id}/associate", set(true), adminOf, rule + "update"},
		{"GET", "/qos-specs/{id}/disassociate", set(false), adminOf, rule + "update"},
		{"GET", "/qos-specs/{id}/associations", on(qosAssociations), adminOf, rule + "get"},
	}
}

func createQoS(c *call) (reply, error) {
	in, err := c.in("qos_specs")
	if err != nil {
		return reply{}, err
	}
	specs := object{}
	for k, v := range in {
		if k != "name" && k != "consumer" {
			specs[k] = v
		}
	}
	f := object{"id": newID(), "name": str(in, "name"), "consumer": strOr(in, "consumer", "back-end"), "specs": specs}
	c.region.vol.qos.add(&record{id: str(f, "id"), f: f})
	return ok(object{"qos_specs": f, "links": c.volLinks("qos-specs", str(f, "id"))})
}

func qosAssociations(c *call, r *record) (reply, error) {
	out := []any{}
	for _, t := range c.region.vol.types.order {
		if t.ext.(*typeData).qos == r.id {
			out = append(out, object{"association_type": "volume_type", "name": t.name(), "id": t.id})
		}
	}
	return ok(object{"qos_associations": out})
}
