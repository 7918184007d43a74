package sandbox

import (
	"net/http"
	"strconv"
)

// snapshotRoutes are snapshots, backups and transfers.
func snapshotRoutes() []route {
	const snap, backup, transfer = "/snapshots/{id}", "/backups/{id}", "/volume-transfers/{id}"
	return []route{
		{"GET", "/snapshots", listSnapshots(false), member, ""},
		{"GET", "/snapshots/detail", listSnapshots(true), member, ""},
		{"POST", "/snapshots", createSnapshot, member, ""},
		{"GET", snap, onSnapshot(func(c *call, r *record) (reply, error) { return ok(object{"snapshot": c.snapshotView(r, true)}) }), member, ""},
		{"PUT", snap, onSnapshot(updateSnapshot), member, ""},
		{"DELETE", snap, onSnapshot(deleteSnapshot), member, ""},
		{"POST", snap + "/action", onSnapshot(snapshotAction), member, ""},
		{"GET", snap + "/metadata", onSnapshot(getMetadata), member, ""},
		{"POST", snap + "/metadata", onSnapshot(mergeMetadata), member, ""},
		{"PUT", snap + "/metadata", onSnapshot(replaceMetadata), member, ""},
		{"DELETE", snap + "/metadata/{key}", onSnapshot(deleteVolumeMeta), member, ""},
		{"GET", "/backups", listBackups(false), member, ""},
		{"GET", "/backups/detail", listBackups(true), member, ""},
		{"POST", "/backups", createBackup, member, ""},
		{"GET", backup, onBackup(func(c *call, r *record) (reply, error) { return ok(object{"backup": c.backupView(r)}) }), member, ""},
		{"PUT", backup, onBackup(updateBackup), member, ""},
		{"DELETE", backup, onBackup(deleteBackup), member, ""},
		{"POST", backup + "/restore", onBackup(restoreBackup), member, ""},
		{"POST", backup + "/action", onBackup(backupAction), adminOf, "volume_extension:backup_admin_actions:reset_status"},
		{"GET", "/volume-transfers", listTransfers, member, ""},
		{"GET", "/volume-transfers/detail", listTransfers, member, ""},
		{"POST", "/volume-transfers", createTransfer, member, ""},
		{"GET", transfer, oneTransfer, member, ""},
		{"DELETE", transfer, oneTransfer, member, ""},
		{"POST", transfer + "/accept", acceptTransfer, member, ""},
	}
}

func onSnapshot(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.settled(&c.region.vol.snapshots, c.vars["id"])
		if r == nil || !c.visible(r.project) {
			return reply{}, fail(404, "", "Snapshot %s could not be found.", c.vars["id"])
		}
		return f(c, r)
	}
}

func (c *call) snapshotView(r *record, detail bool) object {
	out := cloneObject(r.f)
	out["created_at"], out["updated_at"] = cinderTime(r.created), nil
	if !r.updated.IsZero() {
		out["updated_at"] = cinderTime(r.updated)
	}
	if detail {
		out["os-extended-snapshot-attributes:project_id"] = r.project
		out["os-extended-snapshot-attributes:progress"] = map[bool]string{true: "100%", false: "0%"}[r.f["status"] == "available"]
	}
	if c.minor >= 14 {
		out["group_snapshot_id"] = nil
	}
	if c.minor >= 65 {
		out["consumes_quota"] = true
	}
	if c.minor >= 41 {
		out["user_id"] = r.ext
	}
	return out
}

func listSnapshots(detail bool) handler {
	return func(c *call) (reply, error) {
		return c.cinderList(&c.region.vol.snapshots, "snapshots", "snapshots", func(r *record) object { return c.snapshotView(r, detail) })
	}
}

func createSnapshot(c *call) (reply, error) {
	in, err := c.in("snapshot")
	if err != nil {
		return reply{}, err
	}
	v := c.settled(&c.region.vol.volumes, str(in, "volume_id"))
	if v == nil || !c.visible(v.project) {
		return reply{}, fail(404, "", "Volume %s could not be found.", str(in, "volume_id"))
	}
	if status := str(v.f, "status"); status != "available" && (status != "in-use" || !boolOr(in, "force", false) && c.minor < 66) {
		return reply{}, badRequest("Invalid volume: Volume %s status must be available, but current status is: %s.", v.id, status)
	}
	r := &record{id: newID(), project: c.project(), created: c.now, ext: c.token.userID(), f: object{"name": or(in["name"], nil),
		"description": in["description"], "volume_id": v.id, "status": "creating", "size": v.f["size"], "metadata": cloneObject(sub(in, "metadata"))}}
	r.f["id"] = r.id
	c.region.vol.snapshots.add(r)
	c.ready(r, "available")
	return accepted(object{"snapshot": c.snapshotView(r, false)})
}

func updateSnapshot(c *call, r *record) (reply, error) {
	in, err := c.in("snapshot")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"name", "description"} {
		if v, has := in[key]; has {
			r.f[key] = v
		}
	}
	r.updated = c.now
	return ok(object{"snapshot": c.snapshotView(r, false)})
}

func deleteSnapshot(c *call, r *record) (reply, error) {
	if s := str(r.f, "status"); s != "available" && s != "error" {
		return reply{}, badRequest("Invalid snapshot: Snapshot status must be available or error, but is %s.", s)
	}
	r.f["status"] = "deleting"
	t := &c.region.vol.snapshots
	c.dying(r, func() { t.remove(r.id) })
	return accepted(nil)
}

func snapshotAction(c *call, r *record) (reply, error) {
	body, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	switch {
	case sub(body, "os-reset_status") != nil, sub(body, "os-update_snapshot_status") != nil:
		for _, in := range body {
			m, _ := in.(map[string]any)
			r.f["status"] = strOr(m, "status", str(r.f, "status"))
		}
		return accepted(nil)
	}
	if _, has := body["os-force_delete"]; has {
		c.region.vol.snapshots.remove(r.id)
		return accepted(nil)
	}
	return reply{}, badRequest("There is no such action")
}

// Backups.

func onBackup(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.settled(&c.region.vol.backups, c.vars["id"])
		if r == nil || !c.visible(r.project) {
			return reply{}, fail(404, "", "Backup %s could not be found.", c.vars["id"])
		}
		return f(c, r)
	}
}

func (c *call) backupView(r *record) object {
	out := cloneObject(r.f)
	out["created_at"], out["updated_at"], out["links"] = cinderTime(r.created), nil, c.volLinks("backups", r.id)
	if !r.updated.IsZero() {
		out["updated_at"] = cinderTime(r.updated)
	}
	if c.minor < 43 {
		delete(out, "metadata")
	}
	return out
}

func listBackups(detail bool) handler {
	return func(c *call) (reply, error) {
		return c.cinderList(&c.region.vol.backups, "backups", "backups", func(r *record) object {
			if detail {
				return c.backupView(r)
			}
			return object{"id": r.id, "name": r.f["name"], "links": c.volLinks("backups", r.id)}
		})
	}
}

func createBackup(c *call) (reply, error) {
	in, err := c.in("backup")
	if err != nil {
		return reply{}, err
	}
	v := c.settled(&c.region.vol.volumes, str(in, "volume_id"))
	if v == nil || !c.visible(v.project) {
		return reply{}, fail(404, "", "Volume %s could not be found.", str(in, "volume_id"))
	}
	if status := str(v.f, "status"); status != "available" && (status != "in-use" || !boolOr(in, "force", false)) {
		return reply{}, badRequest("Invalid volume: Volume to be backed up must be available or in-use, but the current status is \"%s\".", status)
	}
	r := &record{id: newID(), project: c.project(), created: c.now, f: object{"name": or(in["name"], nil), "description": in["description"],
		"volume_id": v.id, "status": "creating", "size": v.f["size"], "object_count": 0, "container": strOr(in, "container", "volumebackups"),
		"availability_zone": "nova", "fail_reason": nil, "is_incremental": boolOr(in, "incremental", false), "has_dependent_backups": false,
		"snapshot_id": or(in["snapshot_id"], nil), "data_timestamp": cinderTime(c.now), "metadata": cloneObject(sub(in, "metadata"))}}
	r.f["id"] = r.id
	c.region.vol.backups.add(r)
	was := str(v.f, "status")
	v.f["status"] = "backing-up"
	v.become(c.now, func() { v.f["status"] = was })
	c.ready(r, "available")
	return accepted(object{"backup": object{"id": r.id, "name": r.f["name"], "links": c.volLinks("backups", r.id)}})
}

func updateBackup(c *call, r *record) (reply, error) {
	in, err := c.in("backup")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"name", "description"} {
		if v, has := in[key]; has {
			r.f[key] = v
		}
	}
	return ok(object{"backup": object{"id": r.id, "name": r.f["name"], "links": c.volLinks("backups", r.id)}})
}

func deleteBackup(c *call, r *record) (reply, error) {
	if s := str(r.f, "status"); s != "available" && s != "error" {
		return reply{}, badRequest("Invalid backup: Backup status must be available or error")
	}
	r.f["status"] = "deleting"
	t := &c.region.vol.backups
	c.dying(r, func() { t.remove(r.id) })
	return accepted(nil)
}

func restoreBackup(c *call, r *record) (reply, error) {
	in, err := c.in("restore")
	if err != nil {
		return reply{}, err
	}
	if r.f["status"] != "available" {
		return reply{}, badRequest("Invalid backup: Backup status must be available")
	}
	id := str(in, "volume_id")
	v := c.settled(&c.region.vol.volumes, id)
	if id == "" {
		v = newVolume(newID(), c.project(), c.token.userID(), strOr(in, "name", "restore_backup_"+r.id), num(r.f, "size"), c.now)
		c.region.vol.volumes.add(v)
	} else if v == nil {
		return reply{}, fail(404, "", "Volume %s could not be found.", id)
	} else if e := c.expect(v, "restore", "available"); e != nil {
		return reply{}, e
	}
	v.f["status"], r.f["status"] = "restoring-backup", "restoring"
	c.ready(v, "available")
	c.ready(r, "available")
	return accepted(object{"restore": object{"backup_id": r.id, "volume_id": v.id, "volume_name": v.f["name"]}})
}

func backupAction(c *call, r *record) (reply, error) {
	in, err := c.in("os-reset_status")
	if err != nil {
		return reply{}, badRequest("There is no such action")
	}
	r.f["status"] = strOr(in, "status", str(r.f, "status"))
	return accepted(nil)
}

// Transfers.

func (c *call) transferView(r *record) object {
	return object{"id": r.id, "name": r.f["name"], "volume_id": r.f["volume_id"], "created_at": cinderTime(r.created), "links": c.volLinks("volume-transfers", r.id)}
}

func listTransfers(c *call) (reply, error) {
	return c.cinderList(&c.region.vol.transfers, "transfers", "transfers", func(r *record) object {
		out := c.transferView(r)
		if c.key.Route == "/volume-transfers" {
			delete(out, "created_at")
		}
		return out
	})
}

func createTransfer(c *call) (reply, error) {
	in, err := c.in("transfer")
	if err != nil {
		return reply{}, err
	}
	v := c.settled(&c.region.vol.volumes, str(in, "volume_id"))
	if v == nil || !c.visible(v.project) {
		return reply{}, fail(404, "", "Volume %s could not be found.", str(in, "volume_id"))
	}
	if e := c.expect(v, "transfer", "available"); e != nil {
		return reply{}, e
	}
	v.f["status"] = "awaiting-transfer"
	key := newSecret(8)
	r := c.region.vol.transfers.add(&record{id: newID(), project: c.project(), created: c.now, ext: key, f: object{"name": in["name"], "volume_id": v.id}})
	out := c.transferView(r)
	out["auth_key"] = key
	return accepted(object{"transfer": out})
}

func oneTransfer(c *call) (reply, error) {
	r := c.region.vol.transfers.get(c.vars["id"])
	if r == nil || !c.visible(r.project) {
		return reply{}, fail(404, "", "Transfer %s could not be found.", c.vars["id"])
	}
	if c.req.Method == http.MethodDelete {
		c.region.vol.transfers.remove(r.id)
		if v := c.region.vol.volumes.get(str(r.f, "volume_id")); v != nil {
			v.f["status"] = "available"
		}
		return accepted(nil)
	}
	return ok(object{"transfer": c.transferView(r)})
}

func acceptTransfer(c *call) (reply, error) {
	r := c.region.vol.transfers.get(c.vars["id"])
	in, err := c.in("accept")
	if err != nil {
		return reply{}, err
	}
	if r == nil {
		return reply{}, fail(404, "", "Transfer %s could not be found.", c.vars["id"])
	}
	if r.ext != str(in, "auth_key") {
		return reply{}, forbidden("Attempt to transfer volume with id: %s with invalid auth key.", strconv.Quote(r.id))
	}
	c.region.vol.transfers.remove(r.id)
	if v := c.region.vol.volumes.get(str(r.f, "volume_id")); v != nil {
		v.project, v.f["status"], v.f["user_id"] = c.project(), "available", c.token.userID()
	}
	return accepted(object{"transfer": object{"id": r.id, "name": r.f["name"], "volume_id": r.f["volume_id"], "links": c.volLinks("volume-transfers", r.id)}})
}
