package actions

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

func TestIronicRequests(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if r.Method == http.MethodPut {
			return http.StatusAccepted, nil, ""
		}
		return 200, nil, `{"nodes": [], "ports": [], "drivers": []}`
	}
	for _, tc := range []struct{ action, input, want string }{
		{"node_set_maintenance", `{"node_id": "n", "state": " ON "}`, `PUT /v1/nodes/n/maintenance {"reason":null}`},
		{"node_set_maintenance", `{"node_id": "n", "state": 0, "maint_reason": "x"}`, `DELETE /v1/nodes/n/maintenance`},
		{"node_set_power_state", `{"node_id": "n", "state": "reboot", "soft": true, "timeout": "5"}`, `PUT /v1/nodes/n/states/power {"target":"soft rebooting","timeout":5}`},
		{"node_set_power_state", `{"node_id": "n", "state": "rebooting"}`, `PUT /v1/nodes/n/states/power {"target":"rebooting"}`},
		{"node_set_power_state", `{"node_id": "n", "state": "other", "soft": 1}`, `PUT /v1/nodes/n/states/power {"target":"other"}`},
		{"node_set_power_state", `{"node_id": "n", "state": null}`, `PUT /v1/nodes/n/states/power {"target":null}`},
		{"node_set_provision_state", `{"node_uuid": "n", "state": "active", "configdrive": "H4sI", "deploysteps": [], "cleansteps": [1]}`, `PUT /v1/nodes/n/states/provision {"target":"active","configdrive":"H4sI"}`},
		{"node_set_provision_state", `{"node_uuid": "n", "state": "clean", "configdrive": {}, "cleansteps": [1], "rescue_password": "p"}`, `PUT /v1/nodes/n/states/provision {"target":"clean","clean_steps":[1]}`},
		{"node_set_target_raid_config", `{"node_ident": "n", "target_raid_config": {}}`, `PUT /v1/nodes/n/states/raid {}`},
		{"node_vendor_passthru", `{"node_id": "n", "method": "m", "http_method": "put", "args": []}`, `PUT /v1/nodes/n/vendor_passthru/m []`},
		{"node_vendor_passthru", `{"node_id": "n", "method": "m", "http_method": "get", "args": {"a": 1}}`, `GET /v1/nodes/n/vendor_passthru/m`},
		{"driver_vendor_passthru", `{"driver_name": "d", "method": "m", "http_method": "Delete", "args": {"a": 1}}`, `DELETE /v1/drivers/d/vendor_passthru/m`},
		{"node_update", `{"node_id": "n", "patch": null, "http_method": "put"}`, `PUT /v1/nodes/n`},
		{"node_vif_attach", `{"node_ident": "n", "vif_id": null, "a": []}`, `POST /v1/nodes/n/vifs {"id":null,"a":[]}`},
		{"node_list", `{"fields": []}`, `GET /v1/nodes/?fields=`},
		{"node_list", `{"limit": -1, "detail": "", "fields": "uuid,name"}`, `GET /v1/nodes/?fields=uuid%2Cname`},
		{"node_list", `{"limit": 0}`, `GET /v1/nodes`},
		{"node_list", `{"limit": 2.5, "associated": false, "chassis": ["c"]}`, `GET /v1/nodes/?associated=False&chassis_uuid=%5B%27c%27%5D&limit=2`},
		{"node_list", `{"detail": true, "fields": [], "limit": "3"}`, `GET /v1/nodes/detail?fields=&limit=3`},
		{"driver_list", `{"detail": false}`, `GET /v1/drivers/?detail=False`},
		{"chassis_create", `{"description": null, "extra": {}}`, `POST /v1/chassis {"description":null,"extra":{}}`},
	} {
		cloud.take()
		if _, err := run(t, runner, "ironic."+tc.action, tc.input); err != nil {
			t.Errorf("%s(%s): %v", tc.action, tc.input, err)
		}
		if got := strings.Join(sentLines(cloud.take()), "\n"); got != tc.want {
			t.Errorf("%s(%s):\n%s\nwant %s", tc.action, tc.input, got, tc.want)
		}
	}
}

func TestIronicRefuses(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct{ action, input, want string }{
		{"node_set_maintenance", `{"node_id": "n", "state": "maybe"}`, `state must be true or false, not "maybe"`},
		{"node_set_power_state", `{"node_id": "n", "state": "on", "soft": true}`, "soft is for off and reboot"},
		{"node_set_power_state", `{"node_id": "n", "state": []}`, "state must be a state such as off, not []"},
		{"node_set_power_state", `{"node_id": "n", "state": "off", "timeout": 0}`, "timeout must be a number of seconds above 0"},
		{"node_set_power_state", `{"node_id": "n", "state": "off", "timeout": "x"}`, "timeout must be"},
		{"node_vendor_passthru", `{"node_id": "n", "method": "m", "http_method": "HEAD"}`, "http_method must be one of POST"},
		{"node_update", `{"node_id": "n", "patch": [], "http_method": null}`, "http_method must be a method of HTTP such as PATCH, not None"},
		{"node_update", `{"node_id": "n", "patch": [], "http_method": "A B"}`, "http_method must be a method of HTTP"},
		{"node_vif_attach", `{"node_ident": "n", "vif_id": "v", "id": "w"}`, "the interface's id is vif_id"},
		{"node_list", `{"detail": true, "fields": ["uuid"]}`, "fields can't be given together with detail"},
		{"node_list", `{"limit": "many"}`, "limit must be an integer, not 'many'"},
		{"node_get", `{"node_id": "n", "fields": [1]}`, "fields must be a list of strings"},
		{"node_get", `{"node_id": "n", "os_ironic_api_version": 1.5}`, "os_ironic_api_version must be a string"},
		{"node_get", `{"node_id": "n", "os_ironic_api_version": ""}`, `os_ironic_api_version must be text such as "1.34", not ""`},
		{"node_get", `{"node_id": "n", "global_request_id": "a\nb"}`, "global_request_id must be text of one line in ASCII"},
		{"chassis_create", `{"descriptio": "x"}`, `unknown parameter "descriptio"; did you mean description`},
		{"port_create", `{"zzz": 1}`, "it takes os_ironic_api_version, global_request_id, address, extra"},
		{"node_wait_for_provision_state", `{"node_ident": "n", "expected_state": "active", "poll_delay_function": "f"}`, "poll_delay_function"},
		{"node_wait_for_provision_state", `{"node_ident": "n", "expected_state": "active", "timeout": -1}`, "timeout must be"},
	} {
		_, err := run(t, runner, "ironic."+tc.action, tc.input)
		if err == nil || !errors.As(err, new(InvalidInput)) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s(%s): %v; want %s", tc.action, tc.input, err, tc.want)
		}
		if got := cloud.take(); len(got) > 0 {
			t.Errorf("%s(%s) sent %v", tc.action, tc.input, sentLines(got))
		}
	}
}

// TestPinnedMicroversion: what a call asks for goes out as it is, also where the
// service has not got it; what the table asks for is lowered.
func TestPinnedMicroversion(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	const header = "X-OpenStack-Ironic-API-Version"
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch {
		case r.Root, r.Path == "/":
			return 200, nil, `{"versions": [{"id": "v1", "version": "1.31"}]}`
		case r.Header.Get(header) == "1.31", r.Method == http.MethodGet && r.Header.Get(header) == "1.34":
			return 200, nil, `{"uuid": "u"}`
		case r.Header.Get(header) == "1.60":
			return 200, nil, `{"id": "i"}`
		default:
			return http.StatusNotAcceptable, nil, `{"error_message": "no"}`
		}
	}
	if _, err := run(t, runner, "ironic.node_create", `{"os_ironic_api_version": "1.60"}`); err != nil {
		t.Error(err)
	}
	var versions []string
	for _, r := range cloud.take() {
		versions = append(versions, r.Header.Get(header))
	}
	if diff := cmp.Diff([]string{"1.60", "1.34"}, versions); diff != "" {
		t.Error(diff)
	}
	if _, err := run(t, runner, "ironic.node_create", `{"os_ironic_api_version": "1.99"}`); err == nil || len(cloud.take()) != 1 {
		t.Errorf("%v; a version that was asked for must not be lowered", err)
	}
	if _, err := run(t, runner, "ironic.node_create", `{}`); err != nil {
		t.Error(err)
	}
}

func TestIronicPages(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if r.Query.Get("marker") == "b" {
			return 200, nil, `{"nodes": [{"uuid": "c"}]}`
		}
		return 200, nil, `{"nodes": [{"uuid": "a"}, {"uuid": "b"}], "next": "http://elsewhere/v1/nodes?limit=2&marker=b"}`
	}
	for _, tc := range []struct{ input, want string }{
		{`{}`, `[{"uuid":"a"},{"uuid":"b"},{"uuid":"c"}]`},
		{`{"limit": 0}`, `[{"uuid":"a"},{"uuid":"b"},{"uuid":"c"}]`},
		{`{"limit": 2}`, `[{"uuid":"a"},{"uuid":"b"}]`},
		{`{"limit": true}`, `[{"uuid":"a"}]`},
		{`{"limit": "1"}`, `[{"uuid":"a"}]`},
	} {
		out, err := run(t, runner, "ironic.node_list", tc.input)
		if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s: %s, %v", tc.input, encode(out.Result), err)
		}
	}
}

func TestIronicResults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch {
		case r.Query.Get("instance_uuid") == "two":
			return 200, nil, `{"nodes": [{}, {}]}`
		case r.Path == "/v1/nodes/detail":
			return 200, nil, `{"nodes": [{"uuid": "a"}]}`
		case r.Path == "/v1/ports/detail":
			return 200, nil, `{"ports": []}`
		case strings.HasSuffix(r.Path, "/text"):
			return 200, http.Header{"Content-Type": {"text/plain"}}, "said \xff"
		default:
			return 200, nil, `{"id": "i", "more": 1}`
		}
	}
	for _, tc := range []struct{ action, input, want, err string }{
		{"node_get_by_instance_uuid", `{"instance_uuid": "one"}`, `{"uuid":"a"}`, ""},
		{"node_get_by_instance_uuid", `{"instance_uuid": "two"}`, "", "2 have these values"},
		{"port_get_by_address", `{"address": "52:54"}`, "", "nothing has these values: address=52:54"},
		{"node_vendor_passthru", `{"node_id": "n", "method": "text"}`, `"said �"`, ""},
		{"node_vendor_passthru", `{"node_id": "n", "method": "text", "http_method": "DELETE"}`, `null`, ""},
		{"node_vif_attach", `{"node_ident": "n", "vif_id": "v"}`, `null`, ""},
		{"node_create", `{"name": "n"}`, `{"id":"i","more":1}`, ""},
	} {
		out, err := run(t, runner, "ironic."+tc.action, tc.input)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s(%s): %v; want %s", tc.action, tc.input, err, tc.err)
			}
		} else if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s(%s): %s, %v; want %s", tc.action, tc.input, encode(out.Result), err, tc.want)
		}
	}
}

// waiting is a runner whose waits last no time and are counted.
func waiting(cloud *stubCloud) (*Runner, *[]time.Duration) {
	runner := cloud.runner()
	waits := &[]time.Duration{}
	runner.options.Sleep = func(ctx context.Context, d time.Duration) error {
		*waits = append(*waits, d)
		return ctx.Err()
	}
	return runner, waits
}

func TestIronicWait(t *testing.T) {
	for _, tc := range []struct {
		name, input string
		states      []string // the answers, the last again and again
		looks       int
		err         string
	}{
		{"there", `"expected_state": "ACTIVE"`, []string{`{"provision_state": "active", "target_provision_state": null}`}, 1, ""},
		{"on the way", `"expected_state": "active"`, []string{
			`{"provision_state": "deploying", "target_provision_state": "active"}`,
			`{"provision_state": "wait call-back", "target_provision_state": "active"}`,
			`{"provision_state": "active"}`}, 3, ""},
		{"failed", `"expected_state": "active"`, []string{`{"provision_state": "deploy failed", "target_provision_state": "active", "last_error": "no disk"}`}, 1,
			"the node is in the state deploy failed and not in active: no disk"},
		{"error expected", `"expected_state": "error"`, []string{`{"provision_state": "error"}`}, 1, ""},
		{"rests elsewhere", `"expected_state": "active"`, []string{`{"provision_state": "available", "target_provision_state": null}`}, 1, "rests in the state available"},
		{"rests elsewhere for now", `"expected_state": "active", "fail_on_unexpected_state": false`, []string{
			`{"provision_state": "available"}`, `{"provision_state": "active"}`}, 2, ""},
		{"no state", `"expected_state": "active"`, []string{`{}`}, 1, "no provision_state"},
		{"too long", `"expected_state": "active", "timeout": 1e-9`, []string{`{"provision_state": "deploying", "target_provision_state": "active"}`}, 1, "has not come to the state active"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cloud := newStubCloud(t)
			runner, waits := waiting(cloud)
			looks := 0
			cloud.answer = func(stubRequest) (int, http.Header, string) {
				looks++
				return 200, nil, tc.states[min(looks, len(tc.states))-1]
			}
			out, err := run(t, runner, "ironic.node_wait_for_provision_state", `{"node_ident": "n", `+tc.input+`}`)
			if tc.err == "" && (err != nil || out.Result != nil) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Errorf("%v, %v; want %q", out.Result, err, tc.err)
			}
			if looks != tc.looks {
				t.Errorf("%d looks; want %d", looks, tc.looks)
			}
			for _, d := range *waits {
				if d != 2*time.Second {
					t.Errorf("waited %s", d)
				}
			}
		})
	}
}

func TestInspectorWait(t *testing.T) {
	cloud := newStubCloud(t)
	runner, waits := waiting(cloud)
	looks := map[string]int{}
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		looks[r.Path]++
		if strings.HasSuffix(r.Path, "/slow") && looks[r.Path] < 3 {
			return 200, nil, `{"finished": false}`
		}
		if strings.HasSuffix(r.Path, "/gone") {
			return 404, nil, `{"error": {"message": "no"}}`
		}
		return 200, nil, `{"finished": true, "error": null}`
	}
	out, err := run(t, runner, "baremetal_introspection.wait_for_finish", `{"node_ids": [], "uuids": ["slow", "quick"], "retry_interval": 0.5}`)
	if want := `{"quick":{"finished":true,"error":null},"slow":{"finished":true,"error":null}}`; err != nil || encode(out.Result) != want {
		t.Errorf("%s, %v", encode(out.Result), err)
	}
	if diff := cmp.Diff([]time.Duration{time.Second / 2, time.Second / 2}, *waits); diff != "" || looks["/v1/introspection/quick"] != 1 {
		t.Errorf("%s %v", diff, looks)
	}
	clear(looks)
	_, err = run(t, runner, "baremetal_introspection.wait_for_finish", `{"node_ids": ["slow"], "max_retries": 1}`)
	if err == nil || !strings.Contains(err.Error(), "has not ended after 2 looks") {
		t.Error(err)
	}
	_, err = run(t, runner, "baremetal_introspection.wait_for_finish", `{"node_ids": ["gone"]}`)
	if !errors.As(err, new(openstack.NotFound)) {
		t.Error(err)
	}
	for _, input := range []string{`{}`, `{"node_ids": []}`, `{"node_ids": "n"}`, `{"node_ids": [1]}`, `{"node_ids": ["n"], "max_retries": -1}`} {
		cloud.take()
		_, err = run(t, runner, "baremetal_introspection.wait_for_finish", input)
		if !errors.As(err, new(InvalidInput)) || len(cloud.take()) != 0 {
			t.Errorf("%s: %v", input, err)
		}
	}
}

func TestInspectorData(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(stubRequest) (int, http.Header, string) { return 200, nil, `{"cpus": 4}` }
	for _, tc := range []struct{ input, path, want string }{
		{`{"node_id": "n"}`, "/v1/introspection/n/data", `{"cpus":4}`},
		{`{"node_id": "", "uuid": "u", "raw": true, "processed": false}`, "/v1/introspection/u/data/unprocessed", `"{\"cpus\": 4}"`},
		{`{"uuid": "u"}`, "/v1/introspection/u/data", `{"cpus":4}`},
		{`{"node_id": "n", "uuid": "u", "raw": 1}`, "/v1/introspection/n/data", `"{\"cpus\": 4}"`},
	} {
		out, err := run(t, runner, "baremetal_introspection.get_data", tc.input)
		got := cloud.take()
		if err != nil || encode(out.Result) != tc.want || len(got) != 1 || got[0].Path != tc.path {
			t.Errorf("%s: %s, %v, %v", tc.input, encode(out.Result), err, sentLines(got))
		}
	}
	if _, err := run(t, runner, "baremetal_introspection.abort", `{}`); err == nil || !strings.Contains(err.Error(), "node_id must be an id or a name") {
		t.Error(err)
	}
}
