package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

// rest calls one service by plain HTTP and expects a status.
type rest struct {
	t    *testing.T
	base string
	tok  string
}

func (r rest) call(method, path string, body any, status int) map[string]any {
	r.t.Helper()
	text := []byte{}
	if body != nil {
		text = must[[]byte](r.t)(json.Marshal(body))
	}
	a := do(r.t, http.DefaultClient, method, r.base+path, r.tok, string(text), "OpenStack-API-Version", "volume 3.70")
	if a.StatusCode != status {
		r.t.Fatalf("%s %s: %s %s, want %d", method, path, a.Status, a.body, status)
	}
	if len(a.body) == 0 {
		return nil
	}
	return a.decode(r.t)
}

func dig(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

type obj = map[string]any

// TestTrust lets another user act as the one who trusts, until the trust ends.
func TestTrust(t *testing.T) {
	s := start(t, sandbox.Options{})
	mine := rest{t, s.AuthURL("alpha"), tokenFor(t, s, "alpha", "demo")}
	project := s.ProjectID("alpha", "demo")
	trust := mine.call("POST", "/OS-TRUST/trusts", obj{"trust": obj{"trustor_user_id": s.UserID("alpha", "demo"), "trustee_user_id": s.UserID("alpha", "other"),
		"project_id": project, "impersonation": true, "roles": []any{obj{"name": "member"}}}}, 201)
	id := dig(trust, "trust", "id").(string)
	mine.call("POST", "/OS-TRUST/trusts", obj{"trust": obj{"trustor_user_id": s.UserID("alpha", "demo"), "trustee_user_id": s.UserID("alpha", "other"),
		"project_id": project, "impersonation": true, "roles": []any{obj{"name": "admin"}}}}, 403)
	auth := func(user string) answer {
		return do(t, http.DefaultClient, "POST", s.AuthURL("alpha")+"/auth/tokens", "", fmt.Sprintf(`{"auth":{"identity":{"methods":["password"],
			"password":{"user":{"id":%q,"password":%q}}},"scope":{"OS-TRUST:trust":{"id":%q}}}}`, s.UserID("alpha", user), s.Password("alpha"), id))
	}
	if a := auth("admin"); a.StatusCode != http.StatusForbidden {
		t.Errorf("a third user: %s", a.Status)
	}
	a := auth("other")
	body := a.decode(t)
	if a.StatusCode != http.StatusCreated || dig(body, "token", "user", "name") != "demo" || dig(body, "token", "project", "id") != project {
		t.Fatalf("the trustee: %s %s", a.Status, a.body)
	}
	theirs := rest{t, s.URL() + "/alpha/RegionOne/compute/v2.1", a.Header.Get("X-Subject-Token")}
	if list := theirs.call("GET", "/servers", nil, 200)["servers"].([]any); len(list) == 0 {
		t.Error("the trustee sees no servers")
	}
	mine.call("DELETE", "/OS-TRUST/trusts/"+id, nil, 204)
	theirs.call("GET", "/servers", nil, 401)
	if a := auth("other"); a.StatusCode != http.StatusForbidden {
		t.Errorf("after the trust has ended: %s", a.Status)
	}
}

func TestMetadefs(t *testing.T) {
	s := start(t, sandbox.Options{})
	admin := rest{t, s.URL() + "/alpha/RegionOne/image/v2", tokenFor(t, s, "alpha", "admin")}
	member := rest{t, admin.base, tokenFor(t, s, "alpha", "demo")}
	const ns = "/metadefs/namespaces"
	member.call("POST", ns, obj{"namespace": "N"}, 403)
	admin.call("POST", ns, obj{"namespace": "N", "visibility": "public"}, 201)
	admin.call("POST", ns, obj{"namespace": "N"}, 409)
	admin.call("POST", ns+"/N/properties", obj{"name": "p", "type": "string", "title": "P"}, 201)
	admin.call("POST", ns+"/N/objects", obj{"name": "o"}, 201)
	admin.call("POST", ns+"/N/tags/t", nil, 201)
	if got := member.call("GET", ns+"/N", nil, 200); dig(got, "properties", "p", "title") != "P" {
		t.Errorf("namespace %v", got)
	}
	admin.call("PUT", ns+"/N/objects/o", obj{"name": "o2"}, 200)
	member.call("GET", ns+"/N/objects/o2", nil, 200)
	admin.call("DELETE", ns+"/N/tags/t", nil, 204)
	member.call("GET", ns+"/N/tags/t", nil, 404)
	admin.call("DELETE", ns+"/N", nil, 204)
	member.call("GET", ns+"/N/objects", nil, 404)
}

func TestSoftwareDeployments(t *testing.T) {
	s := start(t, sandbox.Options{})
	r := rest{t, s.URL() + "/alpha/RegionOne/orchestration/v1/" + s.ProjectID("alpha", "demo"), tokenFor(t, s, "alpha", "demo")}
	cfg := dig(r.call("POST", "/software_configs", obj{"name": "c", "config": "echo"}, 200), "software_config", "id").(string)
	r.call("POST", "/software_deployments", obj{"config_id": "x"}, 404)
	dep := dig(r.call("POST", "/software_deployments", obj{"config_id": cfg, "server_id": "s"}, 200), "software_deployment", "id").(string)
	if got := r.call("GET", "/software_deployments/metadata/s", nil, 200)["metadata"].([]any); len(got) != 1 || dig(got[0], "config") != "echo" {
		t.Errorf("metadata %v", got)
	}
	if got := r.call("PUT", "/software_deployments/"+dep, obj{"status": "FAILED"}, 200); dig(got, "software_deployment", "status") != "FAILED" {
		t.Errorf("deployment %v", got)
	}
	r.call("DELETE", "/software_deployments/"+dep, nil, 204)
	r.call("DELETE", "/software_configs/"+cfg, nil, 204)
	r.call("GET", "/software_configs/"+cfg, nil, 404)
	name := "base-regionone"
	preview := r.call("PATCH", "/stacks/"+name+"/"+dig(r.call("GET", "/stacks/"+name, nil, 200), "stack", "id").(string)+"/preview", obj{}, 200)
	if unchanged := dig(preview, "resource_changes", "unchanged").([]any); len(unchanged) != 2 {
		t.Errorf("preview %v", preview)
	}
}

func TestVolumeAdministration(t *testing.T) {
	s := start(t, sandbox.Options{Progress: sandbox.Progress{Reads: -1}})
	r := rest{t, s.URL() + "/alpha/RegionOne/volume/v3", tokenFor(t, s, "alpha", "admin")}
	group := dig(r.call("POST", "/consistencygroups", obj{"consistencygroup": obj{"name": "g"}}, 202), "consistencygroup", "id").(string)
	if got := r.call("GET", "/consistencygroups/"+group, nil, 200); dig(got, "consistencygroup", "status") != "available" {
		t.Errorf("group %v", got)
	}
	shot := dig(r.call("POST", "/cgsnapshots", obj{"cgsnapshot": obj{"consistencygroup_id": group}}, 202), "cgsnapshot", "id").(string)
	r.call("DELETE", "/cgsnapshots/"+shot, nil, 202)
	r.call("POST", "/consistencygroups/"+group+"/delete", obj{}, 202)
	r.call("GET", "/consistencygroups/"+group, nil, 404)
	r.call("PUT", "/os-services/disable", obj{"host": "storage@lvm", "binary": "cinder-volume"}, 200)
	disabled := 0
	for _, svc := range r.call("GET", "/os-services", nil, 200)["services"].([]any) {
		if dig(svc, "status") == "disabled" {
			disabled++
		}
	}
	if disabled != 1 {
		t.Errorf("%d services are disabled", disabled)
	}
	vt := dig(r.call("POST", "/types", obj{"volume_type": obj{"name": "fast", "extra_specs": obj{"a": "b"}}}, 200), "volume_type", "id").(string)
	qos := dig(r.call("POST", "/qos-specs", obj{"qos_specs": obj{"name": "q", "read_iops": "5", "write_iops": "6"}}, 200), "qos_specs", "id").(string)
	r.call("GET", "/qos-specs/"+qos+"/associate?vol_type_id="+vt, nil, 202)
	if got := r.call("GET", "/qos-specs/"+qos+"/associations", nil, 200)["qos_associations"].([]any); len(got) != 1 || dig(got[0], "id") != vt {
		t.Errorf("associations %v", got)
	}
	r.call("PUT", "/qos-specs/"+qos+"/delete_keys", obj{"keys": []any{"read_iops"}}, 202)
	if got := dig(r.call("GET", "/qos-specs/"+qos, nil, 200), "qos_specs", "specs").(obj); len(got) != 1 {
		t.Errorf("specs %v", got)
	}
	r.call("POST", "/volumes", obj{"volume": obj{"size": 1, "volume_type": "fast"}}, 202)
	r.call("DELETE", "/types/"+vt, nil, 400)
}

func TestQuotas(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	project := s.ProjectID("alpha", "demo")
	region := s.URL() + "/alpha/RegionOne"
	admin, demo := tokenFor(t, s, "alpha", "admin"), tokenFor(t, s, "alpha", "demo")
	rest{t, region + "/compute/v2.1", admin}.call("PUT", "/os-quota-sets/"+project, obj{"quota_set": obj{"instances": 0}}, 200)
	rest{t, region + "/volume/v3", admin}.call("PUT", "/os-quota-sets/"+project, obj{"quota_set": obj{"gigabytes": 4}}, 200)
	img := dig(rest{t, region + "/image/v2", demo}.call("GET", "/images?limit=1", nil, 200)["images"].([]any)[0], "id")
	got := rest{t, region + "/compute/v2.1", demo}.call("POST", "/servers", obj{"server": obj{"name": "a", "flavorRef": "1", "imageRef": img}}, 403)
	if msg := dig(got, "forbidden", "message").(string); !strings.HasPrefix(msg, "Quota exceeded for instances") {
		t.Errorf("message %q", msg)
	}
	rest{t, region + "/volume/v3", demo}.call("POST", "/volumes", obj{"volume": obj{"size": 5}}, 413)
	rest{t, region + "/volume/v3", demo}.call("POST", "/volumes", obj{"volume": obj{"size": 4}}, 202)
	rest{t, region + "/compute/v2.1", demo}.call("PUT", "/os-quota-sets/"+project, obj{"quota_set": obj{"instances": 9}}, 403)
}

func TestAgents(t *testing.T) {
	s := start(t, sandbox.Options{})
	r := rest{t, s.URL() + "/alpha/RegionOne/network/v2.0", tokenFor(t, s, "alpha", "admin")}
	agents := r.call("GET", "/agents?agent_type=DHCP%20agent", nil, 200)["agents"].([]any)
	if len(agents) != 1 {
		t.Fatalf("agents %v", agents)
	}
	agent := "/agents/" + dig(agents[0], "id").(string)
	net := dig(r.call("GET", "/networks?name=public", nil, 200)["networks"].([]any)[0], "id").(string)
	r.call("POST", agent+"/dhcp-networks", obj{"network_id": net}, 201)
	if got := r.call("GET", agent+"/dhcp-networks", nil, 200)["networks"].([]any); len(got) != 1 {
		t.Errorf("networks of the agent: %v", got)
	}
	if got := r.call("GET", "/networks/"+net+"/dhcp-agents", nil, 200)["agents"].([]any); len(got) != 1 {
		t.Errorf("agents of the network: %v", got)
	}
	r.call("POST", agent+"/l3-routers", obj{"router_id": "x"}, 404)
	r.call("DELETE", agent+"/dhcp-networks/"+net, nil, 204)
	r.call("PUT", agent, obj{"agent": obj{"admin_state_up": false}}, 200)
}

// TestImagesFitTheirSchema checks types as glanceclient does.
func TestImagesFitTheirSchema(t *testing.T) {
	s := start(t, sandbox.Options{})
	r := rest{t, s.URL() + "/alpha/RegionOne/image/v2", tokenFor(t, s, "alpha", "demo")}
	r.call("POST", "/images", obj{"name": "new"}, 201) // has nulls where others have values
	props := r.call("GET", "/schemas/image", nil, 200)["properties"].(obj)
	for _, img := range r.call("GET", "/images", nil, 200)["images"].([]any) {
		for key, v := range img.(obj) {
			kind := map[bool]string{true: "integer"}[fmt.Sprintf("%T", v) == "float64"]
			switch v.(type) {
			case nil:
				kind = "null"
			case string:
				kind = "string"
			case bool:
				kind = "boolean"
			case []any:
				kind = "array"
			}
			want := dig(props, key, "type")
			if list, is := want.([]any); is && (list[0] == kind || list[1] == kind) || want == kind {
				continue
			}
			t.Errorf("%s is %s, its schema says %v", key, kind, want)
		}
	}
	r.call("GET", "/schemas/images", nil, 200)
	r.call("GET", "/schemas/metadefs/properties", nil, 200)
	r.call("GET", "/schemas/nothing", nil, 404)
}
