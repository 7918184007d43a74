package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// answerJSON answers every request with the same text.
func answerJSON(status int, text string) func(stubRequest) (int, http.Header, string) {
	return func(stubRequest) (int, http.Header, string) { return status, nil, text }
}

func run(t *testing.T, r *Runner, action, input string) (Outcome, error) {
	t.Helper()
	return r.Run(context.Background(), Call{Action: action, Input: decodeInput(t, json.RawMessage(input))})
}

func TestResults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct{ action, input, answer, want string }{
		{"nova.servers_list", `{}`, `{"servers": [{"id": 1, "b": 2, "a": 3}]}`, `[{"id":1,"b":2,"a":3}]`},
		{"nova.servers_list", `{}`, `{"servers": []}`, `[]`},
		{"nova.servers_get", `{"server": "x"}`, `{"server": {"id": "x"}}`, `{"id":"x"}`},
		{"nova.servers_delete", `{"server": "x"}`, ``, `null`},
		{"nova.servers_start", `{"server": "x"}`, ``, `null`},
		{"nova.servers_create_image", `{"server": "x", "image_name": "n"}`, `{"image_id": "i"}`, `"i"`},
		{"neutron.list_networks", `{}`, `{"networks": [{"id": 1}], "other": 1}`, `{"networks":[{"id":1}],"other":1}`},
		{"neutron.show_network", `{"network": "x"}`, `{"network": {"id": 1}}`, `{"network":{"id":1}}`},
		{"neutron.delete_network", `{"network": "x"}`, ``, `null`},
		{"glance.images_get", `{"image_id": "x"}`, `{"id": "x", "self": "/v2/images/x", "n": 12345678901234567890}`, `{"id":"x","n":12345678901234567890}`},
		{"glance.images_list", `{}`, `{"images": [{"id": "x", "self": "/v2/images/x"}]}`, `[{"id":"x"}]`},
		{"keystone.roles_check", `{"role": "r", "user": "u", "project": "p"}`, ``, `true`},
		{"keystone.projects_list", `{}`, `{"projects": [{"id": 1}], "links": {"next": null}}`, `[{"id":1}]`},
		{"heat.stacks_create", `{"stack_name": "s"}`, `{"stack": {"id": "x"}}`, `{"stack":{"id":"x"}}`},
	} {
		cloud.answer = answerJSON(200, tc.answer)
		out, err := run(t, runner, tc.action, tc.input)
		if err != nil {
			t.Errorf("%s: %v", tc.action, err)
			continue
		}
		if got, _ := value.Encode(out.Result); string(got) != tc.want {
			t.Errorf("%s: %s; want %s", tc.action, got, tc.want)
		}
		if out.Target.Region != "RegionOne" || out.Target.ProjectName != "project" {
			t.Errorf("%s: went to %+v", tc.action, out.Target)
		}
	}
}

// TestCreateIsCompleted: what a create answers is joined with the resource's own
// fields, and stays as it is where they can't be had.
func TestCreateIsCompleted(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	status := 200
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if r.Method == http.MethodPost {
			return 202, nil, `{"server": {"id": "s1", "adminPass": "secret"}}`
		}
		return status, nil, `{"server": {"id": "s1", "status": "BUILD"}}`
	}
	input := `{"name": "n", "image": "i", "flavor": "f", "nics": "auto"}`
	for _, tc := range []struct {
		status int
		want   string
	}{{200, `{"id":"s1","adminPass":"secret","status":"BUILD"}`}, {403, `{"id":"s1","adminPass":"secret"}`}} {
		status = tc.status
		out, err := run(t, runner, "nova.servers_create", input)
		if got, _ := value.Encode(out.Result); err != nil || string(got) != tc.want {
			t.Errorf("%d: %s, %v; want %s", tc.status, got, err, tc.want)
		}
	}
}

func TestErrorsBeforeAnyRequest(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct{ action, input, want string }{
		{"nova.nothing", `{}`, `there is no action "nova.nothing"`},
		{"nova.servers_get", `{}`, "missing parameter server"},
		{"nova.servers_get", `{"server": ""}`, `parameter server must be an id or a name, not ""`},
		{"nova.servers_get", `{"server": null}`, "parameter server must be an id or a name, not null"},
		{"nova.servers_get", `{"server": ".."}`, `parameter server must be an id or a name, not ".."`},
		{"nova.servers_get", `{"server": {"id": "x"}}`, "parameter server must be an id or a name, not a dictionary"},
		{"nova.servers_get_password", `{"server": "x", "private_key": "planted-key"}`, "private_key names a file"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f"}`, "nics is required"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": []}`, "nics is required"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": 5}`, "nics must be auto, none or a list, not a number"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": ["x"]}`, "nics must hold dictionaries"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": [{"v4-fixed-ip": "1", "v6-fixed-ip": "2"}]}`, "only one of"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": "auto", "block_device_mapping": {"vda": 5}}`, "must have strings"},
		{"nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": "auto", "block_device_mapping": {"vda": "a:b:c"}}`, "no number"},
		{"nova.usage_list", `{"start": 1, "end": "x"}`, "start must be a date"},
		{"keystone.roles_grant", `{"role": "r"}`, "one of user and group must be given"},
		{"keystone.roles_grant", `{"role": "r", "user": "u"}`, "one of project, domain and system must be given"},
		{"keystone.roles_grant", `{"role": "r", "user": "u", "project": "p", "domain": "d"}`, "only one of"},
		{"keystone.roles_list", `{"user": "u", "group": "g"}`, "only one of user and group"},
		{"neutron.show_ext", `{"path": "/x/%s", "id": "a/b"}`, "id must be an id"},
		{"neutron.show_ext", `{"path": "/x", "id": "a"}`, "must say %s"},
		{"neutron.create_ext", `{"path": "/../x"}`, `must not have ".." between slashes`},
		{"glance.images_list", `{"sort": "a", "sort_key": "b"}`, "sort can't be given"},
	} {
		out, err := run(t, runner, tc.action, tc.input)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s(%s): %v, %v; want %q", tc.action, tc.input, out, err, tc.want)
		}
		if !errors.As(err, new(InvalidInput)) && !errors.As(err, new(ActionNotFound)) {
			t.Errorf("%s(%s): %T", tc.action, tc.input, err)
		}
		if strings.Contains(fmt.Sprint(err), "planted") {
			t.Errorf("%s: a secret in %v", tc.action, err)
		}
	}
	if got := cloud.take(); len(got) != 0 {
		t.Errorf("%d requests were sent", len(got))
	}
}

func TestErrorsOfAnswers(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct {
		action, input string
		status        int
		answer        string
		want          error
		text          string
	}{
		{"nova.servers_get", `{"server": "x"}`, 404, `{"itemNotFound": {"message": "no such"}}`, openstack.NotFound{}, "no such"},
		{"nova.servers_get", `{"server": "x"}`, 403, `{"forbidden": {"message": "not you"}}`, openstack.Forbidden{}, "not you"},
		{"nova.servers_delete", `{"server": "x"}`, 409, `{"conflictingRequest": {"message": "busy"}}`, openstack.Conflict{}, "busy"},
		{"nova.servers_get", `{"server": "x"}`, 200, `<html>`, openstack.BadAnswer{}, ""},
		{"nova.servers_get", `{"server": "x"}`, 200, `{"other": 1}`, openstack.BadAnswer{}, `no "server"`},
		{"nova.servers_get", `{"server": "x"}`, 200, `[]`, openstack.BadAnswer{}, "a list"},
		{"nova.servers_list", `{}`, 200, `{"servers": {}}`, openstack.BadAnswer{}, "not a list"},
		{"nova.servers_list", `{}`, 200, `{"servers": [`, openstack.BadAnswer{}, ""},
		{"nova.servers_find", `{"name": "x"}`, 200, `{"servers": []}`, openstack.NotFound{}, "name=x"},
		{"nova.keypairs_find", `{"a": 1}`, 200, `{"keypairs": [{"a": 1}, {"a": 1}]}`, ActionFailed{}, "2 have these values: a=1"},
		{"keystone.users_find", `{"name": "x"}`, 200, `{"users": []}`, openstack.NotFound{}, "name=x"},
	} {
		cloud.answer = answerJSON(tc.status, tc.answer)
		_, err := run(t, runner, tc.action, tc.input)
		if fmt.Sprintf("%T", err) != fmt.Sprintf("%T", tc.want) || !strings.Contains(fmt.Sprint(err), tc.text) {
			t.Errorf("%s: %T %v; want %T with %q", tc.action, err, err, tc.want, tc.text)
		}
		if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, "planted") {
			t.Errorf("%s: a secret in %s", tc.action, text)
		}
	}
	cloud.answer = answerJSON(404, ``)
	out, err := run(t, runner, "keystone.roles_check", `{"role": "r", "user": "u", "project": "p"}`)
	if err != nil || out.Result != false {
		t.Errorf("%v, %v", out.Result, err)
	}
}

func TestPathsAreEscaped(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"server": {}}`)
	for id, want := range map[string]string{
		"a/b": "/servers/a/b", "a b": "/servers/a%20b", "é": "/servers/%C3%A9", "a?b#c": "/servers/a%3Fb%23c", "%2e%2e": "/servers/%252e%252e",
	} {
		input, _ := json.Marshal(map[string]string{"server": id})
		if _, err := run(t, runner, "nova.servers_get", string(input)); err != nil {
			t.Fatal(err)
		}
		if got := cloud.take()[0].Path; got != want {
			t.Errorf("%q: %s; want %s", id, got, want)
		}
	}
}

func TestTargets(t *testing.T) {
	runner := newStubCloud(t).runner()
	given := openstack.Request{Cloud: "a", Region: "R1", Interface: "internal", Credentials: openstack.Credentials{Token: "t"}, AuthURL: "https://a/v3", Trusted: true}
	for _, tc := range []struct {
		action, input string
		want          openstack.Request
	}{
		{"nova.servers_list", `{}`, given},
		{"nova.servers_list", `{"action_region": "R2", "region": "R3"}`, with(given, func(r *openstack.Request) { r.Region = "R2" })},
		{"nova.servers_list", `{"region": "R3", "interface": "admin"}`, with(given, func(r *openstack.Request) { r.Region, r.Interface = "R3", "admin" })},
		{"nova.servers_list", `{"cloud": "a"}`, given},
		{"nova.servers_list", `{"cloud": "b", "region": "R9"}`, openstack.Request{Cloud: "b", Region: "R9", Interface: "internal"}},
		{"nova.servers_list", `{"auth_url": "https://a/v3"}`, given},
		{"nova.servers_list", `{"auth_url": "https://A:443/"}`, given},
		{"nova.servers_list", `{"auth_url": "https://b/v3", "region": "R9"}`, openstack.Request{AuthURL: "https://b/v3", Region: "R9", Interface: "internal"}},
		{"nova.servers_list", `{"cloud": "a", "auth_url": "https://b/v3"}`, with(given, func(r *openstack.Request) { r.AuthURL, r.Trusted = "https://b/v3", false })},
		{"keystone.regions_get", `{"region": "R3", "action_region": "R2"}`, with(given, func(r *openstack.Request) { r.Region = "R2" })},
		{"keystone.endpoints_list", `{"region": "R3", "interface": "admin"}`, given},
	} {
		a := lookup(t, tc.action)
		got := runner.target(a, Call{Input: decodeInput(t, json.RawMessage(tc.input)), Target: given})
		if got != tc.want {
			t.Errorf("%s(%s): %+v; want %+v", tc.action, tc.input, got, tc.want)
		}
	}
}

func with(r openstack.Request, f func(*openstack.Request)) openstack.Request {
	f(&r)
	return r
}

// pages answers a list in pages of size until there are total items.
func pages(key string, total, size int) func(stubRequest) (int, http.Header, string) {
	return func(r stubRequest) (int, http.Header, string) {
		start := 0
		if m := r.Query.Get("marker"); m != "" {
			start, _ = strconv.Atoi(m)
		}
		if n, err := strconv.Atoi(r.Query.Get("limit")); err == nil && n < size {
			size = n
		}
		end := min(start+size, total)
		var items []string
		for i := start; i < end; i++ {
			items = append(items, fmt.Sprintf(`{"id": "%d"}`, i+1))
		}
		links := ""
		if end < total {
			next := fmt.Sprintf("http://elsewhere.invalid/x?marker=%d&keep=%s", end, r.Query.Get("keep"))
			links = fmt.Sprintf(`, "%s_links": [{"rel": "next", "href": "%s"}], "next": "/v2/%[1]s?marker=%[3]d"`, key, next, end)
		}
		return 200, nil, fmt.Sprintf(`{"%s": [%s]%s}`, key, strings.Join(items, ", "), links)
	}
}

func TestPaging(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct {
		action, input, key string
		total, size        int
		want, requests     int
	}{
		{"nova.servers_list", `{}`, "servers", 0, 10, 0, 1},
		{"nova.servers_list", `{}`, "servers", 10, 10, 10, 1},
		{"nova.servers_list", `{}`, "servers", 25, 10, 25, 3},
		{"nova.servers_list", `{"limit": 5}`, "servers", 25, 10, 5, 1},
		{"nova.servers_list", `{"limit": 15}`, "servers", 25, 10, 15, 2},
		{"nova.servers_list", `{"limit": "5"}`, "servers", 25, 10, 5, 1},
		{"nova.servers_findall", `{}`, "servers", 25, 10, 25, 3},
		{"cinder.volumes_list", `{"limit": 12}`, "volumes", 25, 10, 12, 2},
		{"glance.images_list", `{}`, "images", 25, 10, 25, 3},
		{"glance.images_list", `{"limit": 12, "page_size": 10}`, "images", 25, 10, 12, 2},
		{"glance.tasks_list", `{}`, "tasks", 25, 10, 25, 3},
		{"heat.stacks_list", `{}`, "stacks", 25, 10, 10, 1},
		{"heat.stacks_list", `{"limit": 25}`, "stacks", 25, 10, 25, 3},
		{"heat.stacks_list", `{"limit": 15}`, "stacks", 25, 10, 15, 2},
	} {
		cloud.answer = pages(tc.key, tc.total, tc.size)
		cloud.take()
		out, err := run(t, runner, tc.action, tc.input)
		if err != nil {
			t.Errorf("%s(%s): %v", tc.action, tc.input, err)
			continue
		}
		got, requests := len(out.Result.([]any)), len(cloud.take())
		if got != tc.want || requests != tc.requests {
			t.Errorf("%s(%s): %d items by %d requests; want %d by %d", tc.action, tc.input, got, requests, tc.want, tc.requests)
		}
	}
}

func TestPagingOfWholeAnswers(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = pages("networks", 25, 10)
	out, err := run(t, runner, "neutron.list_networks", `{"name": "n", "limit": 10}`)
	if err != nil {
		t.Fatal(err)
	}
	m := out.Result.(*value.Map)
	list, _ := m.Get("networks")
	if diff := cmp.Diff([]string{"networks", "next"}, append(m.Keys(), "next")[:2]); diff != "" || len(list.([]any)) != 25 || m.Has("networks_links") {
		t.Errorf("%v with %d networks", m.Keys(), len(list.([]any)))
	}
	for i, r := range cloud.take() {
		if i == 0 != (r.Query.Get("name") == "n") || r.Path != "/v2.0/networks" {
			t.Errorf("request %d: %s %v", i, r.Path, r.Query)
		}
	}
	out, err = run(t, runner, "neutron.list_networks", `{"retrieve_all": false}`)
	if err != nil {
		t.Fatal(err)
	}
	if bodies, ok := out.Result.([]any); !ok || len(bodies) != 3 {
		t.Errorf("retrieve_all=false gives %T", out.Result)
	}
}

func TestPagingThatGoesRound(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"servers": [{"id": 1}], "servers_links": [{"rel": "next", "href": "x?marker=1"}]}`)
	_, err := run(t, runner, "nova.servers_list", `{}`)
	if !errors.As(err, new(openstack.BadAnswer)) || !strings.Contains(err.Error(), "there before") {
		t.Errorf("%v", err)
	}
}

// TestPagingManyServers: 50,000 servers in pages of 1,000, of which no page's
// text is kept.
func TestPagingManyServers(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = pages("servers", 50_000, 1000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	out, err := run(t, runner, "nova.servers_list", `{}`)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(out.Result.([]any)); n != 50_000 {
		t.Fatalf("%d servers", n)
	}
	cloud.take()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 50_000*700 {
		t.Errorf("the heap holds %d bytes per server", grown/50_000)
	}
	runtime.KeepAlive(out)
}

func TestMicroversionOfAnOlderCloud(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch v := r.Header.Get("OpenStack-API-Version"); {
		case r.Root:
			return 200, nil, `{"versions": [{"id": "v2.0", "version": ""}, {"id": "v2.1", "version": "2.79", "min_version": "2.1"}]}`
		case v != "compute 2.79":
			return 406, nil, `{"computeFault": {"message": "Version ` + v + ` is not supported"}}`
		default:
			return 200, nil, `{"servers": []}`
		}
	}
	for i, want := range []int{3, 1, 1} {
		if _, err := run(t, runner, "nova.servers_list", `{}`); err != nil {
			t.Fatal(err)
		}
		if got := len(cloud.take()); got != want {
			t.Errorf("call %d made %d requests; want %d", i, got, want)
		}
	}
}

// TestExperimentsOfAnOlderCloud: manila's older versions have as an experiment
// what later ones have for all.
func TestExperimentsOfAnOlderCloud(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch v := r.Header.Get("X-OpenStack-Manila-API-Version"); {
		case r.Root:
			return 300, nil, `{"versions": [{"id": "v1.0", "version": ""}, {"id": "v2.0", "version": "2.55", "min_version": "2.0"}]}`
		case v != "2.55" && v != "2.44":
			return 406, nil, `{"computeFault": {"message": "Version ` + v + ` is not supported by the API."}}`
		case r.Header.Get("X-OpenStack-Manila-API-Experimental") != "true" && v != "2.44":
			return 404, nil, `{}`
		default:
			return 200, nil, `{"share_replicas": [], "access_list": []}`
		}
	}
	for _, tc := range []struct {
		action, input string
		requests      int
	}{
		{"manila.shares_access_list", `{"share": "s"}`, 1},
		{"manila.share_replicas_list", `{}`, 3},
		{"manila.share_replicas_list", `{"share": "s"}`, 1},
		{"manila.shares_access_list", `{"share": "s"}`, 1},
	} {
		if _, err := run(t, runner, tc.action, tc.input); err != nil {
			t.Errorf("%s: %v", tc.action, err)
		}
		if got := len(cloud.take()); got != tc.requests {
			t.Errorf("%s: %d requests; want %d", tc.action, got, tc.requests)
		}
	}
}

func TestMicroversionOfTheCall(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"servers": [], "stacks": []}`)
	for _, tc := range []struct{ action, input, event, want, err string }{
		{"nova.servers_list", `{"microversion": "2.60"}`, "", "compute 2.60", ""},
		{"nova.servers_list", `{}`, "2.61", "compute 2.61", ""},
		{"nova.servers_list", `{"microversion": "2.60"}`, "2.61", "compute 2.60", ""},
		{"nova.servers_list", `{"microversion": null}`, "", "compute 2.92", ""},
		{"nova.servers_list", `{"microversion": 2.6}`, "", "", "must be a string, not a number"},
		{"nova.servers_list", `{"microversion": "latest"}`, "", "", `must be text such as "2.92", not "latest"`},
		{"heat.stacks_list", `{"microversion": "1.0"}`, "", "", "the service has none"},
		{"std.noop", `{}`, "2.1", "", "the service has none"},
	} {
		input := decodeInput(t, []byte(tc.input))
		_, err := runner.Run(context.Background(), Call{Action: tc.action, Input: input, Microversion: tc.event})
		sent := cloud.take()
		if tc.err != "" {
			if !errors.As(err, new(InvalidInput)) || !strings.Contains(err.Error(), tc.err) || len(sent) != 0 {
				t.Errorf("%s(%s) %s: %v, %d requests", tc.action, tc.input, tc.event, err, len(sent))
			}
			continue
		}
		if err != nil || len(sent) != 1 || sent[0].Header.Get("OpenStack-API-Version") != tc.want {
			t.Errorf("%s(%s) %s: %v %v; want %s", tc.action, tc.input, tc.event, err, sent, tc.want)
		}
	}
	cloud.answer = answerJSON(406, `{"computeFault": {"message": "Version 2.60 is not supported"}}`)
	_, err := run(t, runner, "nova.servers_list", `{"microversion": "2.60"}`)
	if sent := cloud.take(); err == nil || !strings.Contains(err.Error(), "2.60 is not supported") || len(sent) != 1 {
		t.Errorf("a pinned microversion that the cloud hasn't got: %v, %d requests", err, len(sent))
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := runner.Run(ctx, Call{Action: "nova.servers_list"})
	if err == nil {
		t.Error("no error")
	}
}

// TestManyAtOnce is for the race detector: one runner, many calls.
func TestManyAtOnce(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"servers": [{"id": "1"}], "networks": [], "volumes": [], "images": []}`)
	var wg sync.WaitGroup
	for i := range 40 {
		action := []string{"nova.servers_list", "neutron.list_networks", "cinder.volumes_list", "glance.images_list"}[i%4]
		wg.Go(func() {
			if _, err := runner.Run(context.Background(), Call{Action: action}); err != nil {
				t.Error(err)
			}
			if len(runner.Registry().Suggest("nova.server_list")) == 0 {
				t.Error("no suggestion")
			}
		})
	}
	wg.Wait()
	if n := len(cloud.take()); n != 40 {
		t.Errorf("%d requests", n)
	}
}

func BenchmarkRunNoop(b *testing.B) {
	runner := NewRunner(newRegistry(b), nil, RunnerOptions{})
	for b.Loop() {
		if _, err := runner.Run(b.Context(), Call{Action: "std.noop"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestProjectActions(t *testing.T) {
	runner := newStubCloud(t).runner()
	for _, tc := range []struct{ action, input, want string }{
		{"openstack.clouds", `{}`, `["stub"]`},
		{"openstack.regions", `{}`, `["RegionOne"]`},
		{"openstack.regions", `{"service_type": "volumev3", "cloud": "stub"}`, `["RegionOne"]`},
		{"openstack.regions", `{"service_type": "key-manager"}`, `[]`},
	} {
		out, err := run(t, runner, tc.action, tc.input)
		if got, _ := value.Encode(out.Result); err != nil || string(got) != tc.want {
			t.Errorf("%s(%s): %s, %v; want %s", tc.action, tc.input, got, err, tc.want)
		}
	}
}
