package sandbox

import (
	"maps"
	"slices"
	"time"
)

// volumes is a region's Cinder.
type volumes struct {
	volumes, snapshots, backups, types, qos, transfers, attachments, groups, groupShots table
	disabled                                                                            map[string]bool // host and binary
	quotas                                                                              map[string]object
}

func volumeService() *service {
	s := &service{kind: "volume", stype: "volumev3", name: "cinder", version: "v3", path: "/v3/$(project_id)s", inProject: projectMay,
		major: 3, minMinor: 0, maxMinor: 70, mvName: "volume", shape: faultShape}
	s.router = newRouter(slices.Concat(volumeRoutes(), consistencyRoutes(), cinderAdminRoutes()))
	versions := func(c *call) object {
		return object{"versions": []any{object{"id": "v3.0", "status": "CURRENT", "version": "3.70", "min_version": "3.0", "updated": "2022-08-31T00:00:00Z",
			"links":       []any{object{"rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"}, c.selfLink("v3")[0]},
			"media-types": []any{object{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}}}}}
	}
	s.versions = func(c *call) reply { return reply{status: 300, body: versions(c)} }
	s.current = func(c *call) reply { return reply{status: 200, body: versions(c)} }
	return s
}

func volumeRoutes() []route {
	const one = "/volumes/{id}"
	routes := []route{
		{"GET", "/volumes", listVolumes(false), member, ""},
		{"GET", "/volumes/detail", listVolumes(true), member, ""},
		{"POST", "/volumes", createVolume, member, ""},
		{"GET", one, onVolume(func(c *call, r *record) (reply, error) { return ok(object{"volume": c.volumeView(r, true)}) }), member, ""},
		{"PUT", one, onVolume(updateVolume), member, ""},
		{"DELETE", one, onVolume(deleteVolume), member, ""},
		{"POST", one + "/action", onVolume(volumeAction), member, ""},
		{"GET", one + "/metadata", onVolume(func(c *call, r *record) (reply, error) { return ok(object{"metadata": metadataOf(r)}) }), member, ""},
		{"POST", one + "/metadata", onVolume(mergeMetadata), member, ""},
		{"PUT", one + "/metadata", onVolume(replaceMetadata), member, ""},
		{"GET", one + "/metadata/{key}", onVolume(getMetaKey), member, ""},
		{"PUT", one + "/metadata/{key}", onVolume(putMetaKey), member, ""},
		{"DELETE", one + "/metadata/{key}", onVolume(deleteVolumeMeta), member, ""},
		{"GET", one + "/encryption", onVolume(func(c *call, r *record) (reply, error) { return ok(object{}) }), member, ""},
	}
	routes = append(routes, snapshotRoutes()...)
	routes = append(routes, volumeTypeRoutes()...)
	return append(routes, volumeExtraRoutes()...)
}

func onVolume(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.settled(&c.region.vol.volumes, c.vars["id"])
		if r == nil || !c.visible(r.project) {
			return reply{}, fail(404, "", "Volume %s could not be found.", c.vars["id"])
		}
		return f(c, r)
	}
}

// volLinks are links with the project in them.
func (c *call) volLinks(kind, id string) []any {
	return []any{object{"rel": "self", "href": c.url(c.project(), kind, id)},
		object{"rel": "bookmark", "href": c.root + "/" + c.project() + "/" + kind + "/" + id}}
}

func cinderTime(t time.Time) string { return micro(t) }

// volumeView is a volume; owned adds what a new volume's answer lacks.
func (c *call) volumeView(r *record, owned bool) object {
	out := cloneObject(r.f)
	out["created_at"], out["updated_at"] = cinderTime(r.created), nil
	if !r.updated.IsZero() {
		out["updated_at"] = cinderTime(r.updated)
	}
	out["links"] = c.volLinks("volumes", r.id)
	if owned {
		out["os-vol-tenant-attr:tenant_id"] = r.project
		if c.admin() {
			out["os-vol-host-attr:host"], out["os-vol-mig-status-attr:migstat"], out["os-vol-mig-status-attr:name_id"] = "storage@lvm#lvm", nil, nil
		}
	}
	if c.minor >= 13 {
		out["group_id"] = nil
	}
	if c.minor >= 48 {
		out["shared_targets"], out["service_uuid"] = false, nil
	}
	if c.minor >= 65 {
		out["consumes_quota"] = true
	}
	if c.minor >= 63 {
		if t := c.region.vol.types.named("", str(r.f, "volume_type")); t != nil {
			out["volume_type_id"] = t.id
		}
	}
	return out
}

func newVolume(id, project, user, name string, size int, now time.Time) *record {
	return &record{id: id, project: project, created: now, f: object{"id": id, "status": "creating", "size": size, "availability_zone": "nova",
		"name": orNull(name), "description": nil, "volume_type": "__DEFAULT__", "snapshot_id": nil, "source_volid": nil, "metadata": object{},
		"user_id": user, "bootable": "false", "encrypted": false, "replication_status": nil, "consistencygroup_id": nil, "multiattach": false,
		"attachments": []any{}}}
}

// cinderList lists records of one of Cinder's tables with filters and paging.
func (c *call) cinderList(t *table, plural, path string, view func(*record) object) (reply, error) {
	c.settleAll(t)
	all := c.admin() && truthy(c.query.Get("all_tenants")) && c.query.Has("all_tenants")
	recs := newestFirst(t, func(r *record) bool {
		if r.project != c.project() && !all {
			return false
		}
		for key, want := range c.query {
			switch key {
			case "limit", "marker", "sort", "sort_key", "sort_dir", "all_tenants", "offset", "with_count", "project_id":
				continue
			}
			if have, exists := r.f[key]; exists && !matchesValue(have, want[0]) {
				return false
			}
		}
		return true
	})
	page, full, e := c.windowOf(c.sorted(recs, field), c.region.opts.PageLimit)
	if e != nil {
		return reply{}, e
	}
	out := make([]any, 0, len(page))
	for _, r := range page {
		out = append(out, view(r))
	}
	body := object{plural: out}
	if full && len(page) > 0 {
		body[path+"_links"] = []any{c.nextLink(page[len(page)-1].id)}
	}
	if c.query.Has("with_count") {
		body["count"] = len(recs)
	}
	return ok(body)
}

func listVolumes(detail bool) handler {
	return func(c *call) (reply, error) {
		return c.cinderList(&c.region.vol.volumes, "volumes", "volumes", func(r *record) object {
			if detail {
				return c.volumeView(r, true)
			}
			return object{"id": r.id, "name": r.f["name"], "links": c.volLinks("volumes", r.id)}
		})
	}
}

func createVolume(c *call) (reply, error) {
	in, err := c.in("volume")
	if err != nil || len(in) == 0 {
		return reply{}, badRequest("The server could not comply with the request since it is either malformed or otherwise incorrect.")
	}
	vols := c.region.vol
	size := num(in, "size")
	r := newVolume(newID(), c.project(), c.token.userID(), str(in, "name"), size, c.now)
	r.f["description"], r.f["metadata"] = in["description"], cloneObject(sub(in, "metadata"))
	r.f["multiattach"] = boolOr(in, "multiattach", false)
	r.f["availability_zone"] = strOr(in, "availability_zone", "nova")
	if e := c.volumeSource(r, in); e != nil {
		return reply{}, e
	}
	if size = num(r.f, "size"); size <= 0 {
		return reply{}, badRequest("Invalid input for field/attribute size. Value: %v. '%v' is not a valid volume size.", in["size"], in["size"])
	}
	if r.f["availability_zone"] != "nova" {
		return reply{}, badRequest("Availability zone '%v' is invalid.", r.f["availability_zone"])
	}
	if vt := str(in, "volume_type"); vt != "" {
		t := vols.findType(vt)
		if t == nil {
			return reply{}, fail(404, "", "Volume type with name %s could not be found.", vt)
		}
		r.f["volume_type"] = t.name()
	}
	q, used := vols.quota(c.project()), vols.usage(c.project())
	if limit := num(q, "volumes"); limit >= 0 && used["volumes"]+1 > limit {
		return reply{}, fail(413, "", "VolumeLimitExceeded: Maximum number of volumes allowed (%d) exceeded for quota 'volumes'.", limit)
	}
	if limit := num(q, "gigabytes"); limit >= 0 && used["gigabytes"]+size > limit {
		return reply{}, fail(413, "", "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested %dG, quota is %dG and %dG has been consumed.", size, limit, used["gigabytes"])
	}
	vols.volumes.add(r)
	c.ready(r, "available")
	return accepted(object{"volume": c.volumeView(r, false)})
}

// ready ends a passing status, in error if the metadata has "sandbox:error".
func (c *call) ready(r *record, status string) {
	sb := c.sb
	r.become(c.now, func() {
		r.f["status"], r.updated = status, sb.now()
		if sub(r.f, "metadata")["sandbox:error"] != nil {
			r.f["status"] = "error"
		}
	})
}

// volumeSource copies what a volume is made from.
func (c *call) volumeSource(r *record, in object) *apiError {
	from := func(source *record, what, id, key string) *apiError {
		if source == nil || !c.visible(source.project) {
			return fail(404, "", "%s %s could not be found.", what, id)
		}
		if num(r.f, "size") == 0 {
			r.f["size"] = num(source.f, "size")
		}
		if num(r.f, "size") < num(source.f, "size") {
			return badRequest("Invalid input received: Volume size '%d'GB cannot be smaller than the original %s size %dGB. They must be >= original size.",
				num(r.f, "size"), what, num(source.f, "size"))
		}
		r.f[key] = id
		return nil
	}
	switch {
	case str(in, "snapshot_id") != "":
		return from(c.region.vol.snapshots.get(str(in, "snapshot_id")), "Snapshot", str(in, "snapshot_id"), "snapshot_id")
	case str(in, "source_volid") != "":
		return from(c.region.vol.volumes.get(str(in, "source_volid")), "Volume", str(in, "source_volid"), "source_volid")
	case str(in, "imageRef") != "":
		id := refID(str(in, "imageRef"))
		img := c.region.img.images.get(id)
		if img == nil || !c.seesImage(img) {
			return badRequest("Invalid image identifier or unable to access requested image.")
		}
		r.f["bootable"] = "true"
		r.f["volume_image_metadata"] = object{"image_id": id, "image_name": img.name(), "checksum": img.f["checksum"],
			"disk_format": img.f["disk_format"], "container_format": img.f["container_format"], "min_disk": "0", "min_ram": "0", "size": trimFloat(float64(num(img.f, "size")))}
	}
	return nil
}

func updateVolume(c *call, r *record) (reply, error) {
	in, err := c.in("volume")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"name", "description"} {
		if v, has := in[key]; has {
			r.f[key] = v
		}
	}
	if v, has := in["display_name"]; has {
		r.f["name"] = v
	}
	if meta := sub(in, "metadata"); meta != nil {
		r.f["metadata"] = cloneObject(meta)
	}
	r.updated = c.now
	return ok(object{"volume": c.volumeView(r, false)})
}

func deleteVolumeMeta(c *call, r *record) (reply, error) {
	if _, has := metadataOf(r)[c.vars["key"]]; !has {
		return reply{}, fail(404, "", "%s %s has no metadata with key %s.", "Volume", r.id, c.vars["key"])
	}
	delete(metadataOf(r), c.vars["key"])
	return ok(nil)
}

func (v *volumes) snapshotsOf(volume string) []*record {
	return slices.DeleteFunc(slices.Clone(v.snapshots.order), func(s *record) bool { return str(s.f, "volume_id") != volume })
}

func deleteVolume(c *call, r *record) (reply, error) {
	vols := c.region.vol
	snaps := vols.snapshotsOf(r.id)
	status := str(r.f, "status")
	if cascade := c.query.Get("cascade"); truthy(cascade) && cascade != "" {
		for _, s := range snaps {
			vols.snapshots.remove(s.id)
		}
		snaps = nil
	}
	if status != "available" && status != "error" || len(snaps) > 0 {
		return reply{}, badRequest("Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.")
	}
	r.f["status"] = "deleting"
	c.dying(r, func() { vols.volumes.remove(r.id) })
	return accepted(nil)
}

// attach notes that a server has a volume; the volume is "attaching" first.
func (v *volumes) attach(c *call, vol *record, server string, d *disk) {
	vol.f["status"] = "attaching"
	v.attachments.add(&record{id: d.attachment, project: vol.project, created: c.now, f: object{"id": d.attachment, "status": "attached",
		"instance": server, "volume_id": vol.id, "attached_at": cinderTime(c.now), "detached_at": nil, "attach_mode": "rw", "connection_info": object{}}})
	now := c.now
	vol.become(c.now, func() {
		vol.f["status"], vol.updated = "in-use", now
		entry := object{"id": vol.id, "attachment_id": d.attachment, "volume_id": vol.id, "server_id": server, "host_name": nil,
			"device": d.device, "attached_at": cinderTime(now)}
		vol.f["attachments"] = append(slices.Clone(list(vol.f, "attachments")), entry)
	})
}

func (v *volumes) detach(vol *record, server string) {
	vol.life.steps = nil
	left := slices.DeleteFunc(slices.Clone(list(vol.f, "attachments")), func(a any) bool { return a.(map[string]any)["server_id"] == server })
	vol.f["attachments"], vol.f["status"] = left, "available"
	if len(left) > 0 {
		vol.f["status"] = "in-use"
	}
	v.attachments.each(func(a *record) {
		if str(a.f, "volume_id") == vol.id && (server == "" || str(a.f, "instance") == server) {
			v.attachments.remove(a.id)
		}
	})
}

// Quotas.

func volumeQuotaDefaults() object {
	return object{"volumes": 1000, "per_volume_gigabytes": -1, "snapshots": 1000, "gigabytes": 100000, "backups": 1000, "backup_gigabytes": 100000,
		"volumes___DEFAULT__": -1, "gigabytes___DEFAULT__": -1, "snapshots___DEFAULT__": -1, "groups": 10}
}

func (v *volumes) quota(project string) object {
	q := volumeQuotaDefaults()
	maps.Copy(q, v.quotas[project])
	return q
}

func (v *volumes) usage(project string) map[string]int {
	out := map[string]int{}
	add := func(t *table, count, sum string) {
		for _, r := range t.order {
			if r.project == project {
				out[count]++
				out[sum] += num(r.f, "size")
			}
		}
	}
	add(&v.volumes, "volumes", "gigabytes")
	add(&v.snapshots, "snapshots", "gigabytes")
	add(&v.backups, "backups", "backup_gigabytes")
	return out
}
