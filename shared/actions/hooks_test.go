package actions

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func sentBodies(t *testing.T, requests []stubRequest) []string {
	var out []string
	for _, r := range requests {
		out = append(out, strings.TrimSpace(r.Method+" "+r.Path+" "+r.Body))
	}
	return out
}

const stubImage = `{"id": "i", "name": "old", "description": "d", "min_disk": 0, "self": "/v2/images/i", "a/b": 1,
	"locations": [{"url": "u0", "metadata": {}}, {"url": "u1", "metadata": {"x": 1}}], "os_hash_algo": "sha256", "os_hash_value": "HASH"}`

func TestGlanceHooks(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if strings.HasSuffix(r.Path, "/file") {
			return 200, nil, "data"
		}
		// the hash of "data"
		return 200, nil, strings.Replace(stubImage, "HASH", "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7", 1)
	}
	for _, tc := range []struct {
		action, input string
		want          []string
	}{
		{"glance.images_update", `{"image_id": "i", "name": "new", "added": [1], "min_disk": 0, "remove_props": ["description", "name", "nothing", "a/b"]}`, []string{
			"GET /v2/images/i",
			`PATCH /v2/images/i [{"op":"remove","path":"/description"},{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/name","value":"new"},{"op":"add","path":"/added","value":[1]}]`,
			"GET /v2/images/i"}},
		{"glance.images_delete_locations", `{"image_id": "i", "url_set": ["u0", "u1", "u0"]}`, []string{
			"GET /v2/images/i", `PATCH /v2/images/i [{"op":"remove","path":"/locations/1"},{"op":"remove","path":"/locations/0"}]`}},
		{"glance.images_update_location", `{"image_id": "i", "url": "u1", "metadata": {"y": 2}}`, []string{
			"GET /v2/images/i",
			`PATCH /v2/images/i [{"op":"replace","path":"/locations","value":[{"url":"u0","metadata":{}},{"url":"u1","metadata":{"y":2}}]}]`,
			"GET /v2/images/i"}},
		{"glance.images_data", `{"image_id": "i"}`, []string{"GET /v2/images/i", "GET /v2/images/i/file"}},
		{"glance.images_data", `{"image_id": "i", "do_checksum": false}`, []string{"GET /v2/images/i/file"}},
		{"glance.images_upload", `{"image_id": "i", "image_data": "raw {x}"}`, []string{"PUT /v2/images/i/file raw {x}"}},
		{"glance.images_create", `{"name": "n", "backend": "b"}`, []string{`POST /v2/images {"name":"n"}`}},
	} {
		cloud.take()
		if _, err := run(t, runner, tc.action, tc.input); err != nil {
			t.Errorf("%s: %v", tc.action, err)
		}
		if diff := cmp.Diff(tc.want, sentBodies(t, cloud.take())); diff != "" {
			t.Errorf("%s(%s):\n%s", tc.action, tc.input, diff)
		}
	}
	out, err := run(t, runner, "glance.images_data", `{"image_id": "i"}`)
	if want := `{"size":4,"encoding":"utf-8","data":"data"}`; err != nil || encode(out.Result) != want {
		t.Errorf("%s, %v", encode(out.Result), err)
	}
	_, err = run(t, runner, "glance.images_delete_locations", `{"image_id": "i", "url_set": ["u9"]}`)
	if !errors.As(err, new(openstack.NotFound)) {
		t.Errorf("%v", err)
	}
}

func encode(v any) string {
	text, _ := value.Encode(v)
	return string(text)
}

func TestGlanceDamagedData(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if strings.HasSuffix(r.Path, "/file") {
			return 200, nil, "\xff\xfe"
		}
		return 200, nil, stubImage
	}
	_, err := run(t, runner, "glance.images_data", `{"image_id": "i"}`)
	if !errors.As(err, new(openstack.BadAnswer)) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
	out, err := run(t, runner, "glance.images_data", `{"image_id": "i", "do_checksum": false}`)
	if want := `{"size":2,"encoding":"base64","data":"//4="}`; err != nil || encode(out.Result) != want {
		t.Errorf("%s, %v", encode(out.Result), err)
	}
}

func TestServerBodies(t *testing.T) {
	for _, tc := range []struct{ input, want string }{
		{`{"name": "n", "image": "i", "flavor": 1, "nics": "none"}`,
			`{"server":{"name":"n","imageRef":"i","flavorRef":"1","min_count":1,"max_count":1,"networks":"none"}}`},
		{`{"name": "n", "image": null, "flavor": "f", "nics": [{"net-id": "a", "port-id": "", "v6-fixed-ip": "::1", "tag": "t"}], "min_count": 3, "max_count": 2, "userdata": "x", "config_drive": false}`,
			`{"server":{"name":"n","imageRef":"","flavorRef":"f","user_data":"eA==","min_count":2,"max_count":2,"networks":[{"uuid":"a","fixed_ip":"::1","tag":"t"}]}}`},
		{`{"name": "n", "image": "i", "flavor": "f", "nics": "auto", "block_device_mapping": {"vda": "s:snapshot:5:1", "vdb": "v"}, "block_device_mapping_v2": [{"uuid": "z"}]}`,
			`{"server":{"name":"n","imageRef":"i","flavorRef":"f","min_count":1,"max_count":1,"block_device_mapping":[{"device_name":"vda","snapshot_id":"s","volume_size":"5","delete_on_termination":"1"},{"device_name":"vdb","volume_id":"v"}],"networks":"auto"}}`},
		{`{"name": "n", "image": "i", "flavor": "f", "nics": "auto", "block_device_mapping_v2": [{"uuid": "z"}], "tags": ["a"], "description": "d", "unknown": 1}`,
			`{"server":{"name":"n","imageRef":"i","flavorRef":"f","description":"d","tags":["a"],"min_count":1,"max_count":1,"block_device_mapping_v2":[{"uuid":"i","source_type":"image","destination_type":"local","boot_index":0,"delete_on_termination":true},{"uuid":"z"}],"networks":"auto"}}`},
	} {
		a := lookup(t, "nova.servers_create")
		body, err := serverBody(a.bind(decodeInput(t, json.RawMessage(tc.input))))
		if err != nil || encode(body) != tc.want {
			t.Errorf("%s:\n%s, %v\nwant %s", tc.input, encode(body), err, tc.want)
		}
	}
}

func TestFind(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch r.Path {
		case "/servers":
			return 200, nil, `{"servers": [{"id": "1", "name": "a"}, {"id": "2", "name": "ab"}]}`
		case "/servers/detail":
			return 200, nil, `{"servers": [{"id": "1", "name": "Two Words", "status": "ACTIVE"}, {"id": "2", "name": "ab", "status": "ACTIVE"}]}`
		case "/servers/1":
			return 200, nil, `{"server": {"id": "1", "name": "a", "status": "ACTIVE"}}`
		default:
			return 404, nil, `{}`
		}
	}
	for _, tc := range []struct{ action, input, want, query string }{
		{"nova.servers_find", `{"name": "a", "all_tenants": true}`, `{"id":"1","name":"a","status":"ACTIVE"}`, "all_tenants=True&name=a"},
		{"nova.servers_findall", `{"status": "ACTIVE", "id": "2"}`, `[{"id":"2","name":"ab","status":"ACTIVE"}]`, ""},
		{"nova.servers_findall", `{"status": "NONE"}`, `[]`, ""},
		{"nova.servers_findall", `{"no_such_field": null}`, `[]`, ""},
	} {
		cloud.take()
		out, err := run(t, runner, tc.action, tc.input)
		if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s(%s): %s, %v; want %s", tc.action, tc.input, encode(out.Result), err, tc.want)
		}
		if got := cloud.take()[0].Query.Encode(); got != tc.query {
			t.Errorf("%s(%s): query %s; want %s", tc.action, tc.input, got, tc.query)
		}
	}
}

func TestEachItemIsSent(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	_, err := run(t, runner, "nova.servers_delete_meta", `{"server": "s", "keys": ["a", "b/c"]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"DELETE /servers/s/metadata/a", "DELETE /servers/s/metadata/b/c"}
	if diff := cmp.Diff(want, sentBodies(t, cloud.take())); diff != "" {
		t.Error(diff)
	}
	if _, err := run(t, runner, "nova.servers_delete_meta", `{"server": "s", "keys": ["a", ""]}`); err == nil || len(cloud.take()) != 0 {
		t.Errorf("%v; a bad item must stop it before the first", err)
	}
}

func TestCinderDeleteMetadata(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(stubRequest) (int, http.Header, string) {
		return 200, http.Header{"Etag": {"e1"}}, `{"metadata": {"a": "1", "b": "2"}}`
	}
	if _, err := run(t, runner, "cinder.volumes_delete_metadata", `{"volume": "v", "keys": ["a"]}`); err != nil {
		t.Fatal(err)
	}
	got := cloud.take()
	if len(got) != 2 || got[1].Body != `{"metadata":{"b":"2"}}` || got[1].Header.Get("If-Match") != "e1" {
		t.Errorf("%+v", got)
	}
	if _, err := run(t, runner, "cinder.volumes_delete_metadata", `{"volume": "v", "keys": ["a", "z"]}`); err != nil || len(cloud.take()) != 1 {
		t.Errorf("%v", err)
	}
}

func TestKeystoneOwnPassword(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	_, err := run(t, runner, "keystone.users_update_password", `{"old_password": "planted-old", "new_password": "planted-new"}`)
	got := cloud.take()
	if err != nil || len(got) != 1 || got[0].Path != "/users/u1/password" {
		t.Errorf("%v %v", err, sentBodies(t, got))
	}
	cloud.answer = answerJSON(403, `{"error": {"message": "no"}}`)
	_, err = run(t, runner, "keystone.users_update_password", `{"old_password": "planted-old", "new_password": "planted-new"}`)
	if err == nil || strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}
}
