package sandbox

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// allRoutes lists "segment METHOD pattern" of every service, sorted.
func allRoutes() []string {
	var out []string
	var walk func(kind string, n *node)
	walk = func(kind string, n *node) {
		for m := range n.methods {
			out = append(out, kind+" "+m+" "+n.pattern)
		}
		for _, next := range n.literal {
			walk(kind, next)
		}
		if n.param != nil {
			walk(kind, n.param)
		}
	}
	for kind, s := range services() {
		walk(kind, s.router)
	}
	slices.Sort(out)
	return out
}

// known puts ids that exist into a pattern, so that requests get past the lookup.
func known(s *Sandbox, kind, pattern string) string {
	r := s.clouds["alpha"].order[0]
	first := func(t *table) string {
		if len(t.order) == 0 {
			return "x"
		}
		return t.order[0].id
	}
	segs := strings.Split(strings.TrimPrefix(pattern, "/"), "/")
	for i, seg := range segs {
		if !strings.HasPrefix(seg, "{") {
			continue
		}
		segs[i] = "x"
		before := ""
		if i > 0 {
			before = segs[i-1]
		}
		var t *table
		switch kind {
		case "identity":
			t = s.clouds["alpha"].id.table(before)
		case "compute":
			t = map[string]*table{"servers": &r.comp.servers, "flavors": &r.comp.flavors, "os-volume_attachments": &r.vol.volumes}[before]
		case "image":
			t = map[string]*table{"images": &r.img.images}[before]
		case "network":
			t = map[string]*table{"agents": &r.net.agents}[before]
			if t == nil {
				t = r.net.table(strings.ReplaceAll(before, "-", "_"))
			}
		case "volume":
			t = map[string]*table{"volumes": &r.vol.volumes, "types": &r.vol.types}[before]
		}
		if t != nil {
			segs[i] = first(t)
		}
		if kind == "orchestration" && len(r.heat.stacks.order) > 0 {
			stack := r.heat.stacks.order[0]
			switch seg {
			case "{name}":
				segs[i] = stack.name()
			case "{id}":
				segs[i] = stack.id
			case "{resource}":
				segs[i] = "vol"
			}
		}
	}
	return "/" + strings.Join(segs, "/")
}

// bodies are what no handler must stumble over. In them $ is the member that the
// path suggests.
var bodies = []string{"", "null", "[]", "{}", "5", `{"$":null}`, `{"$":[]}`, `{"$":5}`, `{"$":{}}`,
	`{"$":{"name":5,"id":{},"networks":[5],"fixed_ips":[5],"metadata":[5],"size":"x","roles":[5],"security_groups":["x",5],"template":5,"parameters":5}}`,
	`{"$":{"name":"n","flavorRef":"1","imageRef":{},"block_device_mapping_v2":[{"boot_index":0,"source_type":"volume"}],"networks":[{}]}}`,
	`{"$":{"network_id":"x","ip_version":"4","cidr":"10.0.0.0/33","prefixes":[5],"external_gateway_info":[]}}`,
	`[{"op":"add","path":"/tags/-","value":{}},{"op":5}]`, `{"stack_name":"n","template":"a: b","parameters":[]}`,
	`{"os-extend":5,"os-attach":null}`, `{"reboot":5}`, `{"resize":{"flavorRef":[]}}`, `{"resources":{"x":5},"heat_template_version":1}`,
	`{"auth":{"identity":{"methods":[5,"password","token"],"password":{"user":[]}},"scope":5}}`}

// request calls a route of a region that exists with an administrator's token.
func request(s *Sandbox, token, spec, body, microversion string) *httptest.ResponseRecorder {
	parts := strings.SplitN(spec, " ", 3)
	kind, method, path := parts[0], parts[1], known(s, parts[0], parts[2])
	root := "/alpha/RegionOne/" + kind
	if kind == "identity" {
		root = "/alpha/identity"
	}
	svc := s.kinds[kind]
	root += "/" + svc.version
	if svc.inProject == projectMust {
		root += "/" + s.ProjectID("alpha", "admin")
	}
	segs := strings.Split(parts[2], "/")
	single := strings.TrimSuffix(strings.ReplaceAll(segs[1], "-", "_"), "s")
	req := httptest.NewRequest(method, "http://sandbox"+root+path, bytes.NewBufferString(strings.ReplaceAll(body, "$", single)))
	req.Header.Set("X-Auth-Token", token)
	req.Header.Set("X-Subject-Token", token)
	req.Header.Set("OpenStack-API-Version", microversion)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w
}

// adminToken logs in; "" when the administrator is no more what it was.
func adminToken(s *Sandbox) string {
	body := `{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"admin","domain":{"id":"default"},"password":"sandbox-alpha"}}},
		"scope":{"project":{"name":"admin","domain":{"id":"default"}}}}}`
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://sandbox/alpha/identity/v3/auth/tokens", strings.NewReader(body)))
	return w.Header().Get("X-Subject-Token")
}

func newSandbox(t testing.TB) *Sandbox {
	t.Helper()
	s, err := Start(t.Context(), Options{Clouds: DefaultClouds(1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.clouds["alpha"].order[0].seed()
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestEveryRouteWithOddBodies expects an answer of the service, never a panic
// and never a 5xx.
func TestEveryRouteWithOddBodies(t *testing.T) {
	for _, spec := range allRoutes() {
		s := newSandbox(t)
		tok := adminToken(s)
		for _, body := range bodies {
			for _, mv := range []string{"", "compute latest, volume latest"} {
				w := request(s, tok, spec, body, mv)
				if w.Code >= 500 {
					t.Errorf("%s with %s: %d %s", spec, body, w.Code, w.Body)
				}
				if w.Code == http.StatusUnauthorized { // the request has ended its own token
					if tok = adminToken(s); tok == "" {
						s = newSandbox(t)
						tok = adminToken(s)
					}
				}
			}
			if strings.Contains(spec, " GET ") {
				break
			}
		}
	}
}

// FuzzRoutes sends any body to any route.
func FuzzRoutes(f *testing.F) {
	routes := allRoutes()
	for i, body := range bodies {
		f.Add(uint16(i*37), body)
	}
	f.Fuzz(func(t *testing.T, route uint16, body string) {
		s := newSandbox(t)
		spec := routes[int(route)%len(routes)]
		if w := request(s, adminToken(s), spec, body, "compute latest, volume latest"); w.Code >= 500 {
			t.Errorf("%s with %q: %d %s", spec, body, w.Code, w.Body)
		}
	})
}
