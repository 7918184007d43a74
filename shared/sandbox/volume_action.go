package sandbox

import (
	"slices"
)

// volumeAction is POST /volumes/{id}/action.
func volumeAction(c *call, r *record) (reply, error) {
	body, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	for key, raw := range body {
		in, _ := raw.(map[string]any)
		if act := volumeActions()[key]; act != nil {
			return act(c, r, in)
		}
		return reply{}, badRequest("There is no such action: %s", key)
	}
	return reply{}, badRequest("Malformed request body")
}

// expect refuses an action on a volume in another status.
func (c *call) expect(r *record, doing string, statuses ...string) *apiError {
	if slices.Contains(statuses, str(r.f, "status")) {
		return nil
	}
	return badRequest("Invalid volume: Volume %s status must be %v to %s, but current status is: %s.", r.id, statuses, doing, str(r.f, "status"))
}

func volumeActions() map[string]func(*call, *record, object) (reply, error) {
	set := func(key string, value func(in object) any) func(*call, *record, object) (reply, error) {
		return func(c *call, r *record, in object) (reply, error) {
			r.f[key] = value(in)
			return ok(nil)
		}
	}
	status := func(from, to string) func(*call, *record, object) (reply, error) {
		return func(c *call, r *record, in object) (reply, error) {
			if e := c.expect(r, to, from); e != nil {
				return reply{}, e
			}
			r.f["status"] = to
			return accepted(nil)
		}
	}
	return map[string]func(*call, *record, object) (reply, error){
		"os-extend": extendVolume, "os-retype": retypeVolume, "os-reset_status": resetVolume, "os-force_delete": forceDeleteVolume,
		"os-attach": attachByAction, "os-detach": detachByAction, "os-volume_upload_image": uploadFromVolume,
		"os-set_bootable": func(c *call, r *record, in object) (reply, error) {
			r.f["bootable"] = map[bool]string{true: "true", false: "false"}[boolOr(in, "bootable", false)]
			return ok(nil)
		},
		"os-update_readonly_flag": func(c *call, r *record, in object) (reply, error) {
			metadataOf(r)["readonly"] = map[bool]string{true: "True", false: "False"}[boolOr(in, "readonly", false)]
			return accepted(nil)
		},
		"os-reserve":         status("available", "attaching"),
		"os-unreserve":       status("attaching", "available"),
		"os-begin_detaching": status("in-use", "detaching"),
		"os-roll_detaching":  status("detaching", "in-use"),
		"os-migrate_volume":  func(c *call, r *record, in object) (reply, error) { return accepted(nil) },
		"revert": func(c *call, r *record, in object) (reply, error) {
			r.f["status"] = "reverting"
			c.ready(r, "available")
			return accepted(nil)
		},
		"os-set_image_metadata": set("volume_image_metadata", func(in object) any { return in["metadata"] }),
		"os-show_image_metadata": func(c *call, r *record, in object) (reply, error) {
			return ok(object{"metadata": or(r.f["volume_image_metadata"], object{})})
		},
		"os-unset_image_metadata": func(c *call, r *record, in object) (reply, error) {
			delete(sub(r.f, "volume_image_metadata"), str(in, "key"))
			return ok(nil)
		},
		"os-initialize_connection": func(c *call, r *record, in object) (reply, error) {
			return ok(object{"connection_info": object{"driver_volume_type": "iscsi", "data": object{"volume_id": r.id}}})
		},
		"os-terminate_connection": func(c *call, r *record, in object) (reply, error) { return accepted(nil) },
	}
}

func extendVolume(c *call, r *record, in object) (reply, error) {
	if e := c.expect(r, "extend", "available", "in-use"); e != nil {
		return reply{}, e
	}
	size, was := num(in, "new_size"), str(r.f, "status")
	if size <= num(r.f, "size") {
		return reply{}, badRequest("Invalid input received: New size for extend must be greater than current size. (current: %d, extended: %d).", num(r.f, "size"), size)
	}
	r.f["status"] = "extending"
	sb := c.sb
	r.become(c.now, func() { r.f["status"], r.f["size"], r.updated = was, size, sb.now() })
	return accepted(nil)
}

func retypeVolume(c *call, r *record, in object) (reply, error) {
	t := c.region.vol.findType(str(in, "new_type"))
	if t == nil {
		return reply{}, badRequest("Volume type %s could not be found.", str(in, "new_type"))
	}
	was := str(r.f, "status")
	if e := c.expect(r, "retype", "available", "in-use"); e != nil {
		return reply{}, e
	}
	r.f["status"] = "retyping"
	r.become(c.now, func() { r.f["status"], r.f["volume_type"] = was, t.name() })
	return accepted(nil)
}

func resetVolume(c *call, r *record, in object) (reply, error) {
	if !c.admin() {
		return reply{}, c.denied("volume_extension:volume_admin_actions:reset_status")
	}
	r.life.steps = nil
	r.f["status"] = strOr(in, "status", str(r.f, "status"))
	return accepted(nil)
}

func forceDeleteVolume(c *call, r *record, in object) (reply, error) {
	if !c.admin() {
		return reply{}, c.denied("volume_extension:volume_admin_actions:force_delete")
	}
	c.region.vol.volumes.remove(r.id)
	return accepted(nil)
}

func attachByAction(c *call, r *record, in object) (reply, error) {
	if e := c.expect(r, "attach", "available", "attaching"); e != nil {
		return reply{}, e
	}
	d := &disk{volume: r.id, device: strOr(in, "mountpoint", "/dev/vdb"), attachment: newID()}
	c.region.vol.attach(c, r, str(in, "instance_uuid"), d)
	return accepted(nil)
}

func detachByAction(c *call, r *record, in object) (reply, error) {
	attached := list(r.f, "attachments")
	if len(attached) == 0 {
		return reply{}, badRequest("Invalid volume: Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.")
	}
	for _, a := range attached {
		if m := a.(map[string]any); in["attachment_id"] == nil || m["attachment_id"] == in["attachment_id"] {
			c.region.vol.detach(r, str(m, "server_id"))
		}
	}
	return accepted(nil)
}

func uploadFromVolume(c *call, r *record, in object) (reply, error) {
	if e := c.expect(r, "upload", "available", "in-use"); e != nil {
		return reply{}, e
	}
	img := newImage(newID(), r.project, c.now, object{"name": str(in, "image_name"), "disk_format": strOr(in, "disk_format", "raw"),
		"container_format": strOr(in, "container_format", "bare"), "visibility": strOr(in, "visibility", "shared")})
	img.f["status"] = "saving"
	c.region.img.images.add(img)
	was, sb, glance := str(r.f, "status"), c.sb, c.region.img
	r.f["status"] = "uploading"
	r.become(c.now, func() { r.f["status"] = was })
	img.become(c.now, func() { glance.store(img, []byte("volume "+r.id), sb.now()) })
	return accepted(object{"os-volume_upload_image": object{"id": r.id, "image_id": img.id, "image_name": img.name(), "status": "uploading",
		"size": r.f["size"], "disk_format": img.f["disk_format"], "container_format": img.f["container_format"], "display_description": r.f["description"],
		"updated_at": nil, "volume_type": nil}})
}
