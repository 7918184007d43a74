package sandbox

import (
	"fmt"
	"net/http"
	"slices"
)

// serverPartRoutes are what belongs to one server: metadata, tags, interfaces, volumes.
func serverPartRoutes() []route {
	const base = "/servers/{id}"
	return []route{
		{"GET", base + "/metadata", onServer(getMetadata), member, ""},
		{"POST", base + "/metadata", onServer(mergeMetadata), member, ""},
		{"PUT", base + "/metadata", onServer(replaceMetadata), member, ""},
		{"GET", base + "/metadata/{key}", onServer(getMetaKey), member, ""},
		{"PUT", base + "/metadata/{key}", onServer(putMetaKey), member, ""},
		{"DELETE", base + "/metadata/{key}", onServer(deleteMetaKey), member, ""},
		{"GET", base + "/tags", onServer(serverTags), member, ""},
		{"PUT", base + "/tags", onServer(serverTags), member, ""},
		{"DELETE", base + "/tags", onServer(serverTags), member, ""},
		{"PUT", base + "/tags/{tag}", onServer(serverTag), member, ""},
		{"GET", base + "/tags/{tag}", onServer(serverTag), member, ""},
		{"DELETE", base + "/tags/{tag}", onServer(serverTag), member, ""},
		{"GET", base + "/os-interface", onServer(listInterfaces), member, ""},
		{"POST", base + "/os-interface", onServer(addServerInterface), member, ""},
		{"GET", base + "/os-interface/{port}", onServer(oneInterface), member, ""},
		{"DELETE", base + "/os-interface/{port}", onServer(oneInterface), member, ""},
		{"GET", base + "/os-volume_attachments", onServer(listDisks), member, ""},
		{"POST", base + "/os-volume_attachments", onServer(addDisk), member, ""},
		{"GET", base + "/os-volume_attachments/{volume}", onServer(oneDisk), member, ""},
		{"PUT", base + "/os-volume_attachments/{volume}", onServer(swapDisk), member, ""},
		{"DELETE", base + "/os-volume_attachments/{volume}", onServer(dropDisk), member, ""},
	}
}

func metadataOf(r *record) object {
	m := sub(r.f, "metadata")
	if m == nil {
		m = object{}
		r.f["metadata"] = m
	}
	return m
}

func getMetadata(c *call, r *record) (reply, error) { return ok(object{"metadata": metadataOf(r)}) }

// metadataIn reads metadata, whose values must be text.
func (c *call) metadataIn() (object, error) {
	in, err := c.in("metadata")
	if err != nil {
		return nil, err
	}
	for key, v := range in {
		if _, is := v.(string); !is {
			return nil, badRequest("Invalid input for field/attribute %s. Value: %v. %v is not of type 'string'", key, v, v)
		}
	}
	return in, nil
}

func mergeMetadata(c *call, r *record) (reply, error) {
	in, err := c.metadataIn()
	if err != nil {
		return reply{}, err
	}
	m := metadataOf(r)
	for k, v := range in {
		m[k] = v
	}
	r.updated = c.now
	return ok(object{"metadata": m})
}

func replaceMetadata(c *call, r *record) (reply, error) {
	in, err := c.metadataIn()
	if err != nil {
		return reply{}, err
	}
	r.f["metadata"], r.updated = in, c.now
	return ok(object{"metadata": in})
}

func getMetaKey(c *call, r *record) (reply, error) {
	v, has := metadataOf(r)[c.vars["key"]]
	if !has {
		return reply{}, fail(404, "", "Metadata item was not found")
	}
	return ok(object{"meta": object{c.vars["key"]: v}})
}

func putMetaKey(c *call, r *record) (reply, error) {
	in, err := c.in("meta")
	if err != nil {
		return reply{}, err
	}
	v, has := in[c.vars["key"]].(string)
	if !has || len(in) != 1 {
		return reply{}, badRequest("Request body and URI mismatch")
	}
	metadataOf(r)[c.vars["key"]] = v
	return ok(object{"meta": in})
}

func deleteMetaKey(c *call, r *record) (reply, error) {
	if _, has := metadataOf(r)[c.vars["key"]]; !has {
		return reply{}, fail(404, "", "Metadata item was not found")
	}
	delete(metadataOf(r), c.vars["key"])
	return noContent()
}

func serverTags(c *call, r *record) (reply, error) {
	s := serverOf(r)
	switch c.req.Method {
	case http.MethodPut:
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		s.tags = append([]any{}, list(in, "tags")...)
	case http.MethodDelete:
		s.tags = []any{}
		return noContent()
	}
	return ok(object{"tags": s.tags})
}

func serverTag(c *call, r *record) (reply, error) {
	s, tag := serverOf(r), any(c.vars["tag"])
	has := slices.Contains(s.tags, tag)
	switch {
	case c.req.Method == http.MethodPut && !has:
		s.tags = append(slices.Clone(s.tags), tag)
		return created(nil)
	case c.req.Method == http.MethodPut:
		return noContent()
	case !has:
		return reply{}, fail(404, "", "Server %s has no tag '%s'", r.id, tag)
	case c.req.Method == http.MethodDelete:
		s.tags = slices.DeleteFunc(slices.Clone(s.tags), func(t any) bool { return t == tag })
	}
	return noContent()
}

func (c *call) interfaceView(p *record) object {
	return object{"net_id": p.f["network_id"], "port_id": p.id, "mac_addr": p.f["mac_address"], "port_state": p.f["status"], "fixed_ips": p.f["fixed_ips"]}
}

func listInterfaces(c *call, r *record) (reply, error) {
	out := []any{}
	for _, p := range c.portsOf(r.id) {
		out = append(out, c.interfaceView(p))
	}
	return ok(object{"interfaceAttachments": out})
}

func addServerInterface(c *call, r *record) (reply, error) {
	in, err := c.in("interfaceAttachment")
	if err != nil {
		return reply{}, err
	}
	if pid := str(in, "port_id"); pid != "" {
		p := c.region.net.table("ports").get(pid)
		if p == nil || !c.sees(p) {
			return reply{}, fail(404, "", "Port id %s could not be found.", pid)
		}
		if str(p.f, "device_id") != "" {
			return reply{}, badRequest("Port %s is still in use.", pid)
		}
		lend(p, r.id)
		return ok(object{"interfaceAttachment": c.interfaceView(p)})
	}
	p, e := c.newPort(r.project, str(in, "net_id"), "compute:nova", r.id, object{"status": "ACTIVE"})
	if e != nil {
		return reply{}, badRequest("%s", e.Message)
	}
	return ok(object{"interfaceAttachment": c.interfaceView(p)})
}

func oneInterface(c *call, r *record) (reply, error) {
	p := c.region.net.table("ports").get(c.vars["port"])
	if p == nil || str(p.f, "device_id") != r.id {
		return reply{}, fail(404, "", "Instance %s does not have a port with id %s", r.id, c.vars["port"])
	}
	if c.req.Method == http.MethodDelete {
		c.leavePort(p)
		return accepted(nil)
	}
	return ok(object{"interfaceAttachment": c.interfaceView(p)})
}

func (c *call) diskView(r *record, d *disk) object {
	out := object{"volumeId": d.volume, "serverId": r.id, "device": d.device}
	if c.minor < 89 {
		out["id"] = d.volume
	} else {
		out["attachment_id"], out["bdm_uuid"] = d.attachment, d.bdm
	}
	if c.minor >= 70 {
		out["tag"] = d.tag
	}
	if c.minor >= 79 {
		out["delete_on_termination"] = d.deleteAlong
	}
	return out
}

func listDisks(c *call, r *record) (reply, error) {
	out := []any{}
	for _, d := range serverOf(r).disks {
		out = append(out, c.diskView(r, d))
	}
	return ok(object{"volumeAttachments": out})
}

func diskOf(r *record, volume string) *disk {
	for _, d := range serverOf(r).disks {
		if d.volume == volume {
			return d
		}
	}
	return nil
}

func oneDisk(c *call, r *record) (reply, error) {
	d := diskOf(r, c.vars["volume"])
	if d == nil {
		return reply{}, fail(404, "", "Instance %s is not attached to volume %s", r.id, c.vars["volume"])
	}
	return ok(object{"volumeAttachment": c.diskView(r, d)})
}

func addDisk(c *call, r *record) (reply, error) {
	in, err := c.in("volumeAttachment")
	if err != nil {
		return reply{}, err
	}
	v, e := c.freeVolume(str(in, "volumeId"))
	if e != nil {
		return reply{}, e
	}
	d := c.attachDisk(r, v, str(in, "device"), in["tag"], boolOr(in, "delete_on_termination", false))
	c.acted(r, "attach_volume")
	return ok(object{"volumeAttachment": c.diskView(r, d)})
}

// freeVolume finds a volume that can be attached.
func (c *call) freeVolume(id string) (*record, *apiError) {
	v := c.settled(&c.region.vol.volumes, id)
	if v == nil || !c.visible(v.project) {
		return nil, fail(404, "", "Volume %s could not be found.", id)
	}
	if status := str(v.f, "status"); status != "available" && (v.f["multiattach"] != true || status != "in-use") {
		return nil, badRequest("Invalid volume: Volume %s status must be available or reserved, but the current status is %s.", id, status)
	}
	return v, nil
}

// attachDisk attaches a volume; it is "attaching" until it has been looked at.
func (c *call) attachDisk(r, v *record, device string, tag any, along bool) *disk {
	s := serverOf(r)
	if device == "" {
		device = fmt.Sprintf("/dev/sd%c", 'b'+rune(len(s.disks)%24))
	}
	d := &disk{volume: v.id, device: device, attachment: newID(), bdm: newID(), tag: tag, deleteAlong: along}
	s.disks = append(s.disks, d)
	c.region.vol.attach(c, v, r.id, d)
	return d
}

func swapDisk(c *call, r *record) (reply, error) {
	d := diskOf(r, c.vars["volume"])
	if d == nil {
		return reply{}, fail(404, "", "Instance %s is not attached to volume %s", r.id, c.vars["volume"])
	}
	in, err := c.in("volumeAttachment")
	if err != nil {
		return reply{}, err
	}
	if along, is := in["delete_on_termination"].(bool); is {
		d.deleteAlong = along
	}
	if to := str(in, "volumeId"); to != d.volume {
		v, e := c.freeVolume(to)
		if e != nil {
			return reply{}, e
		}
		if old := c.region.vol.volumes.get(d.volume); old != nil {
			c.region.vol.detach(old, r.id)
		}
		d.volume = v.id
		c.region.vol.attach(c, v, r.id, d)
	}
	return accepted(nil)
}

func dropDisk(c *call, r *record) (reply, error) {
	d := diskOf(r, c.vars["volume"])
	if d == nil {
		return reply{}, fail(404, "", "Instance %s is not attached to volume %s", r.id, c.vars["volume"])
	}
	s := serverOf(r)
	s.disks = slices.DeleteFunc(slices.Clone(s.disks), func(x *disk) bool { return x == d })
	if v := c.region.vol.volumes.get(d.volume); v != nil {
		v.f["status"] = "detaching"
		v.become(c.now, func() { c.region.vol.detach(v, r.id) })
	}
	c.acted(r, "detach_volume")
	return accepted(nil)
}
