package sandbox

import (
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// flavorData is what a flavor does not show by itself.
type flavorData struct {
	specs  object
	access []string
}

func newFlavor(id, name string, vcpus, ram, disk int, now time.Time) *record {
	return &record{id: id, created: now, updated: now, ext: &flavorData{specs: object{}}, f: object{"id": id, "name": name, "vcpus": vcpus,
		"ram": ram, "disk": disk, "swap": "", "OS-FLV-EXT-DATA:ephemeral": 0, "OS-FLV-DISABLED:disabled": false,
		"os-flavor-access:is_public": true, "rxtx_factor": 1.0, "description": nil}}
}

func (c *call) flavorView(r *record) object {
	out := cloneObject(r.f)
	out["links"] = c.links("flavors", r.id)
	if c.minor < 55 {
		delete(out, "description")
	}
	if c.minor >= 61 {
		out["extra_specs"] = cloneObject(r.ext.(*flavorData).specs)
	}
	if c.minor >= 75 && out["swap"] == "" {
		out["swap"] = 0
	}
	return out
}

func (c *call) seesFlavor(r *record) bool {
	return c.admin() || r.f["os-flavor-access:is_public"] == true || slices.Contains(r.ext.(*flavorData).access, c.project())
}

func listFlavors(detail bool) handler {
	return func(c *call) (reply, error) {
		var recs []*record
		for _, r := range c.region.comp.flavors.order {
			public := c.query.Get("is_public")
			if c.seesFlavor(r) && (public == "" || public == "None" || (r.f["os-flavor-access:is_public"] == true) == truthy(public)) &&
				num(r.f, "ram") >= atoi(c.query.Get("minRam")) && num(r.f, "disk") >= atoi(c.query.Get("minDisk")) {
				recs = append(recs, r)
			}
		}
		page, full, e := c.windowOf(recs, c.region.opts.PageLimit)
		if e != nil {
			return reply{}, e
		}
		out := make([]any, 0, len(page))
		for _, r := range page {
			if detail {
				out = append(out, c.flavorView(r))
			} else {
				out = append(out, object{"id": r.id, "name": r.name(), "links": c.links("flavors", r.id)})
			}
		}
		body := object{"flavors": out}
		if full && len(page) > 0 {
			body["flavors_links"] = []any{c.nextLink(page[len(page)-1].id)}
		}
		return ok(body)
	}
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }

func onFlavor(f func(*call, *record) (reply, error)) handler {
	return func(c *call) (reply, error) {
		r := c.region.comp.flavors.get(c.vars["id"])
		if r == nil || !c.seesFlavor(r) {
			return reply{}, fail(404, "", "Flavor %s could not be found.", c.vars["id"])
		}
		return f(c, r)
	}
}

func flavorRoutes() []route {
	const specs = "/flavors/{id}/os-extra_specs"
	return []route{
		{"GET", "/flavors", listFlavors(false), member, ""},
		{"GET", "/flavors/detail", listFlavors(true), member, ""},
		{"POST", "/flavors", createFlavor, adminOf, "os_compute_api:os-flavor-manage:create"},
		{"GET", "/flavors/{id}", onFlavor(func(c *call, r *record) (reply, error) { return ok(object{"flavor": c.flavorView(r)}) }), member, ""},
		{"PUT", "/flavors/{id}", onFlavor(func(c *call, r *record) (reply, error) {
			in, err := c.in("flavor")
			if err != nil {
				return reply{}, err
			}
			r.f["description"] = in["description"]
			return ok(object{"flavor": c.flavorView(r)})
		}), adminOf, "os_compute_api:os-flavor-manage:update"},
		{"DELETE", "/flavors/{id}", onFlavor(func(c *call, r *record) (reply, error) {
			c.region.comp.flavors.remove(r.id)
			return accepted(nil)
		}), adminOf, "os_compute_api:os-flavor-manage:delete"},
		{"POST", "/flavors/{id}/action", onFlavor(flavorAction), adminOf, "os_compute_api:os-flavor-access:add_tenant_access"},
		{"GET", "/flavors/{id}/os-flavor-access", onFlavor(flavorAccess), adminOf, "os_compute_api:os-flavor-access"},
		{"GET", specs, onFlavor(func(c *call, r *record) (reply, error) { return ok(object{"extra_specs": r.ext.(*flavorData).specs}) }), member, ""},
		{"POST", specs, onFlavor(func(c *call, r *record) (reply, error) {
			in, err := c.in("extra_specs")
			if err != nil {
				return reply{}, err
			}
			for k, v := range in {
				r.ext.(*flavorData).specs[k] = v
			}
			return ok(object{"extra_specs": in})
		}), adminOf, "os_compute_api:os-flavor-extra-specs:create"},
		{"GET", specs + "/{key}", onFlavor(flavorSpec), member, ""},
		{"PUT", specs + "/{key}", onFlavor(flavorSpec), adminOf, "os_compute_api:os-flavor-extra-specs:update"},
		{"DELETE", specs + "/{key}", onFlavor(flavorSpec), adminOf, "os_compute_api:os-flavor-extra-specs:delete"},
	}
}

func flavorSpec(c *call, r *record) (reply, error) {
	specs, key := r.ext.(*flavorData).specs, c.vars["key"]
	if c.req.Method == http.MethodPut {
		in, err := c.in("")
		if err != nil {
			return reply{}, err
		}
		specs[key] = in[key]
		return ok(object{key: in[key]})
	}
	if _, has := specs[key]; !has {
		return reply{}, fail(404, "", "Flavor %s has no extra specs with key %s.", r.id, key)
	}
	if c.req.Method == http.MethodDelete {
		delete(specs, key)
		return ok(nil)
	}
	return ok(object{key: specs[key]})
}

func createFlavor(c *call) (reply, error) {
	in, err := c.in("flavor")
	if err != nil {
		return reply{}, err
	}
	if e := required(in, "flavor", "name", "ram", "vcpus", "disk"); e != nil {
		return reply{}, e
	}
	id := str(in, "id")
	if id == "" || id == "auto" {
		id = newID()
	}
	t := &c.region.comp.flavors
	if t.get(id) != nil || t.named("", str(in, "name")) != nil {
		return reply{}, conflict("Flavor with ID %s already exists.", id)
	}
	r := newFlavor(id, str(in, "name"), num(in, "vcpus"), num(in, "ram"), num(in, "disk"), c.now)
	if swap := num(in, "swap"); swap > 0 {
		r.f["swap"] = swap
	}
	r.f["OS-FLV-EXT-DATA:ephemeral"] = num(in, "OS-FLV-EXT-DATA:ephemeral")
	r.f["os-flavor-access:is_public"] = boolOr(in, "os-flavor-access:is_public", true)
	r.f["rxtx_factor"], r.f["description"] = or(in["rxtx_factor"], 1.0), in["description"]
	return ok(object{"flavor": c.flavorView(t.add(r))})
}

func flavorAction(c *call, r *record) (reply, error) {
	in, err := c.in("")
	if err != nil {
		return reply{}, err
	}
	data := r.ext.(*flavorData)
	if add := sub(in, "addTenantAccess"); add != nil {
		if slices.Contains(data.access, str(add, "tenant")) {
			return reply{}, conflict("Flavor access already exists for flavor %s and project %s combination.", r.id, str(add, "tenant"))
		}
		data.access = append(data.access, str(add, "tenant"))
	} else if gone := sub(in, "removeTenantAccess"); gone != nil {
		data.access = slices.DeleteFunc(data.access, func(p string) bool { return p == str(gone, "tenant") })
	} else {
		return reply{}, badRequest("There is no such action")
	}
	return flavorAccess(c, r)
}

func flavorAccess(c *call, r *record) (reply, error) {
	if r.f["os-flavor-access:is_public"] == true {
		return reply{}, fail(404, "", "Access list not available for public flavors.")
	}
	out := []any{}
	for _, p := range r.ext.(*flavorData).access {
		out = append(out, object{"flavor_id": r.id, "tenant_id": p})
	}
	return ok(object{"flavor_access": out})
}

// Keypairs belong to users; the record's project is the user's id here.

func (c *call) keypair(user, name string) *record { return c.region.comp.keypairs.named(user, name) }

func keypairRoutes() []route {
	return []route{
		{"GET", "/os-keypairs", func(c *call) (reply, error) {
			out := []any{}
			for _, r := range c.region.comp.keypairs.order {
				if r.project == c.keyOwner() {
					view := object{"name": r.name(), "public_key": r.f["public_key"], "fingerprint": r.f["fingerprint"]}
					if c.minor >= 2 {
						view["type"] = "ssh"
					}
					out = append(out, object{"keypair": view})
				}
			}
			return ok(object{"keypairs": out})
		}, member, ""},
		{"POST", "/os-keypairs", createKeypair, member, ""},
		{"GET", "/os-keypairs/{name}", func(c *call) (reply, error) {
			r := c.keypair(c.keyOwner(), c.vars["name"])
			if r == nil {
				return reply{}, fail(404, "", "Keypair %s not found for user %s", c.vars["name"], c.keyOwner())
			}
			out := cloneObject(r.f)
			out["created_at"], out["deleted"], out["deleted_at"], out["updated_at"] = micro(r.created), false, nil, nil
			if c.minor >= 2 {
				out["type"] = "ssh"
			}
			return ok(object{"keypair": out})
		}, member, ""},
		{"DELETE", "/os-keypairs/{name}", func(c *call) (reply, error) {
			r := c.keypair(c.keyOwner(), c.vars["name"])
			if r == nil {
				return reply{}, fail(404, "", "Keypair %s not found for user %s", c.vars["name"], c.keyOwner())
			}
			c.region.comp.keypairs.remove(r.id)
			if c.minor >= 2 {
				return noContent()
			}
			return accepted(nil)
		}, member, ""},
	}
}

func (c *call) keyOwner() string {
	if u := c.query.Get("user_id"); u != "" && c.admin() {
		return u
	}
	return c.token.userID()
}

func createKeypair(c *call) (reply, error) {
	in, err := c.in("keypair")
	if err != nil {
		return reply{}, err
	}
	if e := required(in, "keypair", "name"); e != nil {
		return reply{}, e
	}
	user := c.token.userID()
	if u := str(in, "user_id"); u != "" && c.admin() {
		user = u
	}
	if c.keypair(user, str(in, "name")) != nil {
		return reply{}, conflict("Key pair '%s' already exists.", str(in, "name"))
	}
	public, private := str(in, "public_key"), ""
	if public == "" {
		public, private = generateKey()
	}
	fields := strings.Fields(public)
	if len(fields) < 2 {
		return reply{}, badRequest("Keypair data is invalid: failed to generate fingerprint")
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil || len(blob) < 16 {
		return reply{}, badRequest("Keypair data is invalid: failed to generate fingerprint")
	}
	sum := md5.Sum(blob)
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, hex.EncodeToString([]byte{b}))
	}
	r := c.region.comp.keypairs.add(&record{id: newID(), project: user, created: c.now, updated: c.now, f: object{"name": str(in, "name"),
		"public_key": public, "fingerprint": strings.Join(pairs, ":"), "user_id": user, "id": len(c.region.comp.keypairs.order) + 1}})
	out := object{"name": r.name(), "public_key": public, "fingerprint": r.f["fingerprint"], "user_id": user}
	if private != "" {
		out["private_key"] = private
	}
	status := 200
	if c.minor >= 2 {
		out["type"], status = "ssh", 201
	}
	return reply{status: status, body: object{"keypair": out}}, nil
}

// generateKey makes an SSH key; an Ed25519 one, where Nova makes RSA, as it costs nothing.
func generateKey() (public, private string) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", ""
	}
	var blob []byte
	for _, part := range [][]byte{[]byte("ssh-ed25519"), pub} {
		blob = append(binary.BigEndian.AppendUint32(blob, uint32(len(part))), part...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return "", ""
	}
	return fmt.Sprintf("ssh-ed25519 %s Generated-by-Nova", base64.StdEncoding.EncodeToString(blob)),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
