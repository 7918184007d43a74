package actions

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestManilaSends(t *testing.T) {
	cloud := newStubCloud(t)
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		return 200, nil, `{"shares": [{"id": "s"}], "share_instances": [], "share_groups": [], "security_service": {}, "access": {},
			"share_network": {"id": "n"}, "share_type": {"id": "t"}, "share": {"id": "s"}, "messages": [], "share_types": []}`
	}
	const id = "11111111-1111-4111-8111-111111111111"
	checkSends(t, cloud, []sendCase{
		{action: "manila.shares_list", input: `{}`, want: []string{"GET /shares/detail?is_public=True"}},
		{action: "manila.shares_list", input: `{"detailed": false, "search_opts": {"is_public": false, "name": "", "metadata": {"k": "v"}, "x": [1]}}`,
			want: []string{"GET /shares?metadata=%7B%27k%27%3A+%27v%27%7D&x=%5B1%5D"}},
		{action: "manila.shares_list", input: `{"search_opts": {"export_location": "` + id + `"}, "sort_key": "share_type", "sort_dir": "asc"}`,
			want: []string{"GET /shares/detail?export_location_id=" + id + "&is_public=True&sort_dir=asc&sort_key=share_type_id"}},
		{action: "manila.shares_list", input: `{"search_opts": {"export_location": "h:/s", "export_location_path": "p", "sort_key": "x"}, "sort_key": "name"}`,
			want: []string{"GET /shares/detail?export_location_path=h%3A%2Fs&is_public=True&sort_key=name"}},
		{action: "manila.shares_list", input: `{"sort_key": "colour"}`, err: "sort_key must be one of id, status,"},
		{action: "manila.shares_list", input: `{"sort_dir": "up"}`, err: "sort_dir must be one of asc, desc, not 'up'"},
		{action: "manila.share_groups_list", input: `{"sort_key": "share_network"}`, want: []string{"GET /share-groups/detail?sort_key=share_network_id"}},
		{action: "manila.share_types_list", input: `{"search_opts": {"is_public": "x"}}`, want: []string{"GET /types?is_public=all"}},
		{action: "manila.share_types_list", input: `{"search_opts": {"is_public": "x"}, "show_all": false}`, want: []string{"GET /types?is_public=x"}},
		{action: "manila.share_instances_list", input: `{"export_location": "h:/a&b"}`, want: []string{"GET /share_instances?export_location_path=h%3A%2Fa%26b"}},
		{action: "manila.share_instances_do_list", input: `{"export_location": "{` + id + `}"}`, want: []string{"GET /share_instances?export_location_id=%7B" + id + "%7D"}},
		{action: "manila.share_instances_list", input: `{"export_location": ""}`, want: []string{"GET /share_instances"}},
		{action: "manila.security_services_update", input: `{"security_service": "x", "name": "", "ou": "o", "user": null, "domain": false}`,
			want: []string{`PUT /security-services/x {"security_service":{"ou":"o","domain":false,"name":null}}`}},
		{action: "manila.security_services_update", input: `{"security_service": "x", "name": null}`, err: "nothing is to be changed"},
		{action: "manila.share_networks_update", input: `{"share_network": "x", "description": ""}`,
			want: []string{`PUT /share-networks/x {"share_network":{"description":null}}`, "GET /share-networks/n"}},
		{action: "manila.share_types_create", input: `{"name": "n", "spec_driver_handles_share_servers": false, "extra_specs": {"snapshot_support": true}, "description": ""}`,
			want: []string{`POST /types {"share_type":{"name":"n","share_type_access:is_public":true,"extra_specs":{"snapshot_support":true,"driver_handles_share_servers":false}}}`, "GET /types/t"}},
		{action: "manila.share_types_create", input: `{"name": "n", "spec_driver_handles_share_servers": null}`, err: "spec_driver_handles_share_servers must be given"},
		{action: "manila.share_types_create", input: `{"name": "n", "spec_driver_handles_share_servers": true, "extra_specs": {"driver_handles_share_servers": true}}`, err: "must not have driver_handles"},
		{action: "manila.share_types_create", input: `{"name": "n", "spec_driver_handles_share_servers": true, "spec_snapshot_support": true, "extra_specs": {"snapshot_support": true}}`, err: "must not have snapshot_support"},
		{action: "manila.shares_manage", input: `{"service_host": "h", "protocol": "NFS", "export_path": "p", "driver_options": "", "is_public": null}`,
			want: []string{`POST /shares/manage {"share":{"service_host":"h","share_type":null,"protocol":"NFS","export_path":"p","driver_options":{},"name":null,"description":null,"share_server_id":null}}`, "GET /shares/s"}},
		{action: "manila.quotas_get", input: `{"tenant_id": "p", "user_id": "u", "share_type": "t"}`, err: "only one of user_id and share_type"},
		{action: "manila.quotas_update", input: `{"tenant_id": "p", "share_networks": 1, "share_type": "t"}`, err: "no quota of share_networks"},
		{action: "manila.quotas_findall", input: `{"id": 1}`, err: "use manila.quotas_get"},
		{action: "manila.share_groups_create", input: `{"share_types": ["t"], "source_share_group_snapshot": "s"}`, err: "only one of share_types and"},
		{action: "manila.share_group_types_create", input: `{"name": "n", "share_types": []}`, err: "at least one share type"},
	})
}

func TestManilaAccess(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"access": {"id": "a"}}`)
	for _, tc := range []struct{ kind, access, err string }{
		{"ip", `"10.0.0.1"`, ""},
		{"ip", `"10.0.0.0/8"`, ""},
		{"ip", `"10.0.0.0/08"`, ""},
		{"ip", `"10.0.0.0/255.0.0.0"`, ""},
		{"ip", `"10.0.0.0/0.255.255.255"`, ""},
		{"ip", `"1.2.3.4/255.255.255.255"`, ""},
		{"ip", `"0.0.0.0/0.0.0.0"`, ""},
		{"ip", `"::/0"`, ""},
		{"ip", `"2001:db8::/32"`, ""},
		{"ip", `"fe80::1%eth0"`, ""},
		{"ip", `"10.0.0.1/8"`, "without host bits: 10.0.0.0/8 and not 10.0.0.1/8"},
		{"ip", `"2001:db8::1/32"`, "without host bits"},
		{"ip", `"10.0.0.0/33"`, "mask 33 is too long"},
		{"ip", `"10.0.0.0/255.0.255.0"`, `"255.0.255.0" is no mask`},
		{"ip", `"10.0.0.0/"`, `"" is no mask`},
		{"ip", `"2001:db8::/255.0.0.0"`, "is no mask"},
		{"ip", `"01.2.3.4"`, "must be an IP address or network"},
		{"ip", `"fe80::1%a%b"`, "must be an IP address or network"},
		{"ip", `"host"`, "must be an IP address or network"},
		{"ip", `5`, "must be a string, not a number"},
		{"user", `"abcd"`, ""},
		{"user", `".a d"`, ""},
		{"user", `"` + strings.Repeat("é", 255) + `"`, ""},
		{"user", `"` + strings.Repeat("é", 256) + `"`, "4 to 255 characters"},
		{"user", `"abc"`, "4 to 255 characters"},
		{"user", `".. ."`, "not only blanks"},
		{"user", `"a\\bcd"`, "without"},
		{"cert", `" ` + strings.Repeat("c", 64) + ` "`, ""},
		{"cert", `"` + strings.Repeat("c", 65) + `"`, "1 to 64 characters, not 65"},
		{"cert", `" "`, "1 to 64 characters, not 0"},
		{"cephx", `"alice bob"`, ""},
		{"cephx", `" "`, "not empty"},
		{"cephx", `"client.alice"`, "without periods"},
		{"cephx", `"é"`, "printable ASCII"},
		{"domain", `"x"`, "must be ip, user, cert or cephx, not 'domain'"},
	} {
		input := fmt.Sprintf(`{"share": "s", "access_type": %q, "access": %s, "access_level": null, "metadata": {}}`, tc.kind, tc.access)
		_, err := run(t, runner, "manila.shares_allow", input)
		requests := sentBodies(t, cloud.take())
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) || len(requests) != 0 {
				t.Errorf("%s %s: %v, %v; want %q", tc.kind, tc.access, err, requests, tc.err)
			}
			continue
		}
		access, _ := value.Decode([]byte(tc.access))
		want := `POST /shares/s/action ` + encode(value.MapOf("allow_access", value.MapOf("access_type", tc.kind, "access_to", access)))
		if err != nil || len(requests) != 1 || requests[0] != want {
			t.Errorf("%s %s: %v, %v; want %s", tc.kind, tc.access, err, requests, want)
		}
	}
}

func TestManilaFind(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch {
		case r.Query.Get("is_soft_deleted") == "True":
			return 200, nil, `{"shares": [{"id": "1", "name": "a"}, {"id": "3", "name": "b"}]}`
		case r.Path == "/shares/detail":
			return 200, nil, `{"shares": [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}]}`
		case r.Path == "/types":
			return 200, nil, `{"share_types": [{"id": "1", "share_type_access:is_public": true}, {"id": "2", "share_type_access:is_public": false}]}`
		case r.Path == "/shares/s/export_locations":
			return 200, nil, `{"export_locations": [{"id": "1", "path": "p"}, {"id": "2", "path": "q"}]}`
		default:
			return 404, nil, `{}`
		}
	}
	for _, tc := range []struct{ action, input, want string }{
		{"manila.shares_findall", `{}`, `[{"id":"1","name":"a"},{"id":"2","name":"b"},{"id":"3","name":"b"}]`},
		{"manila.shares_findall", `{"name": "b"}`, `[{"id":"2","name":"b"},{"id":"3","name":"b"}]`},
		{"manila.shares_find", `{"name": "a"}`, `{"id":"1","name":"a"}`},
		{"manila.shares_find", `{"id": "3"}`, `{"id":"3","name":"b"}`},
		{"manila.shares_find", `{"name": "b"}`, `error: manila.shares_find: 2 have these values: name=b`},
		{"manila.share_types_findall", `{"is_public": false}`, `[{"id":"2","share_type_access:is_public":false}]`},
		{"manila.share_export_locations_find", `{"share": "s", "path": "q"}`, `{"id":"2","path":"q"}`},
	} {
		out, err := run(t, runner, tc.action, tc.input)
		got := encode(out.Result)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tc.want {
			t.Errorf("%s(%s): %s; want %s", tc.action, tc.input, got, tc.want)
		}
	}
}

// TestManilaPages: lists end where a page is not full, at their own limit, or
// where the service does not know pages and gives all again.
func TestManilaPages(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct {
		opts           string
		total          int
		unpaged        bool
		want, requests int
	}{
		{`{}`, 0, false, 0, 1},
		{`{}`, 999, false, 999, 1},
		{`{}`, 1000, false, 1000, 2},
		{`{}`, 2500, false, 2500, 3},
		{`{"limit": 10}`, 2500, false, 10, 1},
		{`{"limit": 1500}`, 2500, false, 1500, 2},
		{`{"limit": 1000}`, 2500, false, 1000, 1},
		{`{"offset": 1400}`, 2500, false, 1100, 2},
		{`{}`, 1000, true, 1000, 2},
		{`{}`, 1001, true, 1001, 1},
	} {
		cloud.answer = func(r stubRequest) (int, http.Header, string) {
			from, to := 0, tc.total
			if !tc.unpaged {
				from, _ = strconv.Atoi(r.Query.Get("offset"))
				limit, err := strconv.Atoi(r.Query.Get("limit"))
				if err != nil {
					limit = 1000
				}
				to = min(from+limit, from+1000, tc.total)
			}
			items := []any{}
			for i := from; i < to; i++ {
				items = append(items, value.MapOf("id", int64(i)))
			}
			return 200, nil, encode(value.MapOf("share_servers", items))
		}
		out, err := run(t, runner, "manila.share_servers_list", `{"search_opts": `+tc.opts+`}`)
		list, _ := out.Result.([]any)
		if requests := len(cloud.take()); err != nil || len(list) != tc.want || requests != tc.requests {
			t.Errorf("%+v: %d in %d requests, %v", tc, len(list), requests, err)
		}
		for i, e := range list {
			if id, _ := e.(*value.Map).Get("id"); tc.opts == "{}" && id != int64(i) {
				t.Fatalf("%+v: %v at %d", tc, id, i)
			}
		}
	}
}
