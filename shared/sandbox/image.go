package sandbox

import (
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// images is a region's Glance.
type images struct{ images, namespaces, tasks table }

// imageData is what an image keeps besides its attributes.
type imageData struct {
	data    []byte
	members []object
}

func imageService() *service {
	s := &service{kind: "image", stype: "image", name: "glance", version: "v2", shape: webobShape}
	s.router = newRouter(append(imageRoutes(), metadefRoutes()...))
	s.versions = func(c *call) reply {
		out := []any{}
		for i, id := range []string{"v2.15", "v2.13", "v2.12", "v2.11", "v2.10", "v2.9", "v2.7", "v2.6", "v2.5", "v2.4", "v2.3", "v2.2", "v2.1", "v2.0"} {
			status := "SUPPORTED"
			if i == 0 {
				status = "CURRENT"
			}
			out = append(out, object{"id": id, "status": status, "links": c.selfLink("v2")})
		}
		status := 300
		if strings.HasSuffix(c.req.URL.Path, "/versions") {
			status = 200
		}
		return reply{status: status, body: object{"versions": out}}
	}
	s.current = func(c *call) reply { return encode(webobShape(c, noRoute())) }
	return s
}

func imageRoutes() []route {
	const one = "/images/{id}"
	return []route{
		{"GET", "/images", listImages, member, ""},
		{"POST", "/images", createImage, member, ""},
		{"GET", one, onImage(func(c *call, r *record) (reply, error) { return ok(imageView(r)) }), member, ""},
		{"PATCH", one, onImage(patchImage), member, ""},
		{"DELETE", one, onImage(deleteImage), member, ""},
		{"PUT", one + "/file", onImage(uploadImage), member, ""},
		{"GET", one + "/file", onImage(downloadImage), member, ""},
		{"PUT", one + "/stage", onImage(func(c *call, r *record) (reply, error) {
			r.ext.(*imageData).data, r.f["status"] = c.data, "uploading"
			return noContent()
		}), member, ""},
		{"POST", one + "/import", onImage(importImage), member, ""},
		{"POST", one + "/actions/deactivate", onImage(activation("active", "deactivated", "deactivate")), member, ""},
		{"POST", one + "/actions/reactivate", onImage(activation("deactivated", "active", "reactivate")), member, ""},
		{"PUT", one + "/tags/{tag}", onImage(imageTag), member, ""},
		{"DELETE", one + "/tags/{tag}", onImage(imageTag), member, ""},
		{"GET", one + "/members", onImage(listMembers), member, ""},
		{"POST", one + "/members", onImage(addMember), member, ""},
		{"GET", one + "/members/{member}", onImage(oneMember), member, ""},
		{"PUT", one + "/members/{member}", onImage(oneMember), member, ""},
		{"DELETE", one + "/members/{member}", onImage(oneMember), member, ""},
		{"GET", "/schemas/{name}", schemaOf, member, ""},
		{"GET", "/schemas/metadefs/{name}", schemaOf, member, ""},
		{"GET", "/tasks", listTasks, adminOf, "tasks_api_access"},
		{"POST", "/tasks", createTask, adminOf, "tasks_api_access"},
		{"GET", "/tasks/{id}", showTask, adminOf, "tasks_api_access"},
		{"GET", "/info/import", func(c *call) (reply, error) {
			return ok(object{"import-methods": object{"description": "Import methods available.", "type": "array", "value": []any{"glance-direct", "web-download"}}})
		}, member, ""},
		{"GET", "/info/stores", func(c *call) (reply, error) {
			return ok(object{"stores": []any{object{"id": "disk", "default": "true"}}})
		}, member, ""},
		{"GET", "/metadefs/resource_types", func(c *call) (reply, error) { return ok(object{"resource_types": []any{}}) }, member, ""},
	}
}

func (c *call) seesImage(r *record) bool {
	if v := r.f["visibility"]; v == "public" || v == "community" || c.visible(r.project) {
		return true
	}
	return slices.ContainsFunc(r.ext.(*imageData).members, func(m object) bool { return m["member_id"] == c.project() })
}

func onImage(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.settled(&c.region.img.images, c.vars["id"])
		if r == nil || !c.seesImage(r) {
			return reply{}, fail(404, "", "No image found with ID %s", c.vars["id"])
		}
		changing := c.req.Method != http.MethodGet && !strings.Contains(c.key.Route, "/members/")
		if changing && !c.visible(r.project) {
			return reply{}, fail(403, "", "You are not authorized to complete modify_image action.")
		}
		return f(c, r)
	}
}

func imageView(r *record) object {
	out := cloneObject(r.f)
	out["created_at"], out["updated_at"] = zulu(r.created), zulu(r.updated)
	out["self"], out["file"], out["schema"] = "/v2/images/"+r.id, "/v2/images/"+r.id+"/file", "/v2/schemas/image"
	return out
}

// newImage has all attributes of an image without data.
func newImage(id, owner string, now time.Time, in object) *record {
	f := cloneObject(in)
	fill(f, object{"name": nil, "disk_format": nil, "container_format": nil, "visibility": "shared", "protected": false, "min_ram": 0,
		"min_disk": 0, "os_hidden": false, "tags": []any{}, "owner": owner})
	for _, key := range []string{"size", "virtual_size", "checksum", "os_hash_algo", "os_hash_value"} {
		f[key] = nil
	}
	f["id"], f["status"] = id, "queued"
	return &record{id: id, project: str(f, "owner"), created: now, updated: now, f: f, ext: &imageData{}}
}

// store gives an image its data.
func (n *images) store(r *record, data []byte, now time.Time) {
	m, s := md5.Sum(data), sha512.Sum512(data)
	r.ext.(*imageData).data = data
	r.f["size"], r.f["virtual_size"], r.f["checksum"] = len(data), nil, hex.EncodeToString(m[:])
	r.f["os_hash_algo"], r.f["os_hash_value"], r.f["status"], r.f["stores"] = "sha512", hex.EncodeToString(s[:]), "active", "disk"
	if r.f["disk_format"] == "raw" {
		r.f["virtual_size"] = len(data)
	}
	r.updated = now
}

// snapshot makes the queued image of a server.
func (n *images) snapshot(c *call, server *record, in object) *record {
	f := object{"name": str(in, "name"), "disk_format": "qcow2", "container_format": "bare", "visibility": "private",
		"instance_uuid": server.id, "image_type": "snapshot", "base_image_ref": serverOf(server).image, "user_id": c.token.userID()}
	for k, v := range sub(in, "metadata") {
		f[k] = v
	}
	r := newImage(newID(), server.project, c.now, f)
	r.f["status"] = "saving"
	return n.images.add(r)
}

func listImages(c *call) (reply, error) {
	c.settleAll(&c.region.img.images)
	recs := newestFirst(&c.region.img.images, func(r *record) bool { return c.seesImage(r) && c.matchesImage(r) })
	page, full, e := c.windowOf(c.sorted(recs, field), 1000)
	if e != nil {
		return reply{}, e
	}
	limit := 25 // what Glance shows when no limit is given
	if !c.query.Has("limit") && len(page) > limit {
		page, full = page[:limit], true
	}
	out := make([]any, 0, len(page))
	for _, r := range page {
		out = append(out, imageView(r))
	}
	q := url.Values{}
	for k, v := range c.query {
		if k != "marker" {
			q[k] = v
		}
	}
	body := object{"images": out, "first": "/v2/images", "schema": "/v2/schemas/images"}
	if len(q) > 0 {
		body["first"] = "/v2/images?" + q.Encode()
	}
	if full && len(page) > 0 {
		body["next"] = "/v2/images?" + c.pageQuery(page[len(page)-1].id)
	}
	return ok(body)
}

func (c *call) matchesImage(r *record) bool {
	v := c.query.Get("visibility")
	if v != "" && v != "all" && r.f["visibility"] != v {
		return false
	}
	if v == "" && r.f["visibility"] == "community" && r.project != c.project() {
		return false
	}
	if r.f["os_hidden"] == true && (!c.query.Has("os_hidden") || !truthy(c.query.Get("os_hidden"))) {
		return false
	}
	for key, want := range c.query {
		switch key {
		case "limit", "marker", "sort_key", "sort_dir", "sort", "visibility", "os_hidden", "member_status":
		case "tag":
			for _, t := range want {
				if !slices.Contains(list(r.f, "tags"), any(t)) {
					return false
				}
			}
		case "size_min", "size_max":
			if n := num(r.f, "size"); key == "size_min" && n < atoi(want[0]) || key == "size_max" && n > atoi(want[0]) {
				return false
			}
		default:
			text := strings.TrimPrefix(want[0], "in:")
			have := fmt.Sprint(or(r.f[key], ""))
			if b, is := r.f[key].(bool); is {
				have, text = fmt.Sprint(b), strings.ToLower(text)
			}
			if have != text && (text == want[0] || !slices.Contains(strings.Split(text, ","), have)) {
				return false
			}
		}
	}
	return true
}

func createImage(c *call) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	for _, key := range []string{"status", "size", "checksum", "created_at", "updated_at", "schema", "self", "file"} {
		if in[key] != nil {
			return reply{}, fail(403, "", "Attribute '%s' is read-only.", key)
		}
	}
	if name, has := in["name"]; has && name != nil {
		if _, text := name.(string); !text {
			return reply{}, badRequest("Provided object does not match schema 'image': %v is not of type 'null', 'string'", name)
		}
	}
	if in["visibility"] == "public" && !c.admin() {
		return reply{}, c.denied("publicize_image")
	}
	id := strOr(in, "id", newID())
	if c.region.img.images.get(id) != nil {
		return reply{}, conflict("Image ID %s already exists!", id)
	}
	if owner := str(in, "owner"); owner != "" && owner != c.project() && !c.admin() {
		return reply{}, fail(403, "", "You are not permitted to create images owned by '%s'.", owner)
	}
	r := c.region.img.images.add(newImage(id, c.project(), c.now, in))
	return reply{status: 201, body: imageView(r), header: map[string]string{"Location": c.url("images", id),
		"OpenStack-image-import-methods": "glance-direct,web-download", "OpenStack-image-store-ids": "disk"}}, nil
}

// patchImage applies a JSON patch with add, replace and remove of whole attributes.
func patchImage(c *call, r *record) (reply, error) {
	var ops []object
	if json.Unmarshal(c.data, &ops) != nil {
		return reply{}, badRequest("Request body must be a JSON array of operation objects.")
	}
	next := cloneObject(r.f)
	for _, op := range ops {
		key := strings.NewReplacer("~1", "/", "~0", "~").Replace(strings.TrimPrefix(str(op, "path"), "/"))
		_, has := next[key]
		switch key {
		case "id", "status", "size", "checksum", "created_at", "updated_at", "schema", "self", "file":
			return reply{}, fail(403, "", "Attribute '%s' is read-only.", key)
		}
		switch str(op, "op") {
		case "add":
			if strings.HasPrefix(key, "tags/") {
				next["tags"] = append(slices.Clone(list(next, "tags")), op["value"])
				continue
			}
			next[key] = op["value"]
		case "replace":
			if !has {
				return reply{}, conflict("Property %s does not exist.", key)
			}
			next[key] = op["value"]
		case "remove":
			if !has {
				return reply{}, conflict("Property %s does not exist.", key)
			}
			delete(next, key)
		default:
			return reply{}, badRequest("Unable to find 'add', 'replace', 'remove' operation in JSON Schema change.")
		}
	}
	if next["visibility"] == "public" && r.f["visibility"] != "public" && !c.admin() {
		return reply{}, c.denied("publicize_image")
	}
	r.f, r.updated = next, c.now
	return ok(imageView(r))
}

func deleteImage(c *call, r *record) (reply, error) {
	if r.f["protected"] == true {
		return reply{}, fail(403, "", "Image %s is protected and cannot be deleted.", r.id)
	}
	c.region.img.images.remove(r.id)
	return noContent()
}

func uploadImage(c *call, r *record) (reply, error) {
	if r.f["status"] != "queued" {
		return reply{}, conflict("Image status transition from %v to saving is not allowed", r.f["status"])
	}
	if r.f["disk_format"] == nil || r.f["container_format"] == nil {
		return reply{}, badRequest("Properties disk_format, container_format must be set prior to saving data.")
	}
	c.region.img.store(r, c.data, c.now)
	return noContent()
}

func downloadImage(c *call, r *record) (reply, error) {
	switch r.f["status"] {
	case "deactivated":
		if !c.admin() {
			return reply{}, fail(403, "", "The requested image has been deactivated. Image data download is forbidden.")
		}
	case "active":
	default:
		return noContent()
	}
	return reply{status: 200, body: r.ext.(*imageData).data, header: map[string]string{"Content-Type": "application/octet-stream",
		"Content-MD5": str(r.f, "checksum")}}, nil
}

func importImage(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	method, data := sub(in, "method"), r.ext.(*imageData).data
	if str(method, "name") == "web-download" {
		data = []byte("from " + str(method, "uri"))
	} else if r.f["status"] != "uploading" {
		return reply{}, conflict("Image needs to be staged before 'glance-direct' method can be used")
	}
	r.f["status"] = "importing"
	sb, img := c.sb, c.region.img
	r.become(c.now, func() { img.store(r, data, sb.now()) })
	return accepted(nil)
}

func activation(from, to, what string) func(*call, *record) (reply, error) {
	return func(c *call, r *record) (reply, error) {
		switch r.f["status"] {
		case from:
			r.f["status"], r.updated = to, c.now
		case to:
		default:
			return reply{}, fail(403, "", "Not allowed to %s image in status '%v'", what, r.f["status"])
		}
		return noContent()
	}
}

func imageTag(c *call, r *record) (reply, error) {
	tag := any(c.vars["tag"])
	tags := slices.DeleteFunc(slices.Clone(list(r.f, "tags")), func(t any) bool { return t == tag })
	if c.req.Method == http.MethodPut {
		tags = append(tags, tag)
	} else if len(tags) == len(list(r.f, "tags")) {
		return reply{}, fail(404, "", "Tag %v not found in image %s", tag, r.id)
	}
	r.f["tags"] = tags
	return noContent()
}

func listMembers(c *call, r *record) (reply, error) {
	out := []any{}
	for _, m := range r.ext.(*imageData).members {
		out = append(out, m)
	}
	return ok(object{"members": out, "schema": "/v2/schemas/members"})
}

func addMember(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	if r.f["visibility"] != "shared" {
		return reply{}, fail(403, "", "Only shared images have members.")
	}
	data := r.ext.(*imageData)
	for _, m := range data.members {
		if m["member_id"] == in["member"] {
			return reply{}, conflict("The target member %v is already associated with image %s.", in["member"], r.id)
		}
	}
	m := object{"member_id": str(in, "member"), "image_id": r.id, "status": "pending", "created_at": zulu(c.now), "updated_at": zulu(c.now), "schema": "/v2/schemas/member"}
	data.members = append(data.members, m)
	return ok(m)
}

func oneMember(c *call, r *record) (reply, error) {
	data := r.ext.(*imageData)
	i := slices.IndexFunc(data.members, func(m object) bool { return m["member_id"] == c.vars["member"] })
	if i < 0 {
		return reply{}, fail(404, "", "%s not found in the member list of the image %s.", c.vars["member"], r.id)
	}
	switch c.req.Method {
	case http.MethodDelete:
		if !c.visible(r.project) {
			return reply{}, c.denied("delete_member")
		}
		data.members = slices.Delete(slices.Clone(data.members), i, i+1)
		return noContent()
	case http.MethodPut:
		if c.vars["member"] != c.project() && !c.admin() {
			return reply{}, fail(403, "", "Not allowed to update members for image %s.", r.id)
		}
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		data.members[i]["status"], data.members[i]["updated_at"] = in["status"], zulu(c.now)
	}
	return ok(data.members[i])
}
