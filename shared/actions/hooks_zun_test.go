package actions

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

func TestZunArguments(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(202, `{"uuid": "u", "containers": [], "services": []}`)
	const created = `{"uuid":"u","containers":[],"services":[]}`
	for _, tc := range []struct{ action, input, want, result string }{
		{"zun.containers_create", `{"name": null, "interactive": false, "action_region": "RegionOne", "command": []}`,
			`POST /containers {"name":null,"interactive":false,"command":[],"tty":false}`, created},
		{"zun.containers_run", `{"image": "i", "interactive": true, "tty": null}`,
			`POST /containers?run=true {"image":"i","interactive":true,"tty":null}`, created},
		{"zun.containers_run", `{"mounts": [{"type": "bind", "source": "é", "destination": "/d"}, {"source": "v", "destination": "/e"}], "image": "i"}`,
			`POST /containers?run=true {"mounts":[{"type":"bind","source":"w6k=","destination":"/d"},{"source":"v","destination":"/e"}],"image":"i"}`, created},
		{"zun.containers_create", `{"mounts": [{"type": "bind", "destination": "/d"}]}`, "",
			"error: zun.containers_create: parameter mounts must have the file's content as text under source where type is bind"},
		{"zun.containers_create", `{"mounts": ["v:/d"]}`, "", "error: zun.containers_create: parameter mounts must hold dictionaries, not a string"},
		{"zun.containers_create", `{"mounts": null}`, `POST /containers {"mounts":null}`, created},
		{"zun.containers_create", `{"imag": "x"}`, "", `error: zun.containers_create: unknown parameter "imag"; did you mean image?`},
		{"zun.containers_delete", `{"id": "c", "force": null, "stop": ["x"]}`, "DELETE /containers/c?force=None&stop=%5B%27x%27%5D", ""},
		{"zun.containers_start", `{"id": 0}`, "", "error: zun.containers_start: parameter id must be an id or a name, not 0"},
		{"zun.containers_kill", `{"id": "c", "signal": 9}`, "POST /containers/c/kill?signal=9", created},
		{"zun.containers_commit", `{"id": "c", "repository": null, "tag": ""}`, "POST /containers/c/commit?repository=None&tag=", created},
		{"zun.containers_list", `{"all_projects": 1, "name": "n", "x": [1]}`, "GET /containers?name=n&x=%5B1%5D", "[]"},
		{"zun.containers_list", `{"all_projects": true, "name": "n"}`, "GET /containers/?all_projects=1&name=n", "[]"},
		{"zun.containers_list", `{"limit": "07", "marker": "", "name": "n"}`, "GET /containers/?limit=7&marker=", "[]"},
		{"zun.services_list", `{"sort_key": "a b&c"}`, "GET /services/?sort_key=a+b%26c", "[]"},
		{"zun.containers_logs", `{"id": "c", "stdout": false, "stderr": false, "region": "RegionOne", "since": null}`,
			"GET /containers/c/logs?since=None&stderr=True&stdout=True", created},
		{"zun.containers_logs", `{"id": "c", "stdout": false, "stderr": 0}`, "GET /containers/c/logs?stderr=0&stdout=False", created},
		{"zun.containers_logs", `{"id": "c", "stdout": null}`, "GET /containers/c/logs?stdout=None", created},
		{"zun.containers_logs", `{"id": "c", "stdout": false}`, "",
			"error: zun.containers_logs: parameter stderr is required if stdout is false"},
		{"zun.containers_put_archive", `{"id": "c", "path": "/x y", "data": ""}`, `POST /containers/c/put_archive?path=%2Fx+y {"data":""}`, created},
		{"zun.containers_put_archive", `{"id": "c", "path": "/x", "data": null}`, "",
			"error: zun.containers_put_archive: data must be text, not null"},
		{"zun.containers_execute_resize", `{"id": "c", "exec_id": "e", "width": 1, "height": 2}`,
			"POST /containers/c/execute_resize?exec_id=e&h=2&w=1", "null"},
		{"zun.services_disable", `{"host": "h", "binary": "b", "reason": ""}`, "PUT /services/disable?binary=b&disabled_reason=&host=h", created},
	} {
		cloud.take()
		got := resultOr(run(t, runner, tc.action, tc.input))
		if got != tc.result && tc.result != "" {
			t.Errorf("%s(%s): %s; want %s", tc.action, tc.input, got, tc.result)
		}
		if sent := strings.Join(sentPaths(cloud.take()), "\n"); sent != tc.want {
			t.Errorf("%s(%s):\n%s\nwant\n%s", tc.action, tc.input, sent, tc.want)
		}
	}
}

// TestZunMountsStayTheCallers: what is encoded is a copy.
func TestZunMountsStayTheCallers(t *testing.T) {
	cloud := newStubCloud(t)
	input := decodeInput(t, []byte(`{"mounts": [{"type": "bind", "source": "x"}]}`))
	if _, err := cloud.runner().Run(t.Context(), Call{Action: "zun.containers_create", Input: input}); err != nil {
		t.Fatal(err)
	}
	if got, want := encode(input), `{"mounts":[{"type":"bind","source":"x"}]}`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
}

func TestZunArchive(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for answer, want := range map[string]string{
		`{"data": "w6k=", "stat": {"size": 1}}`: `{"data":"é","stat":{"size":1},"encoding":"utf-8"}`,
		`{"data": "/w==", "stat": {}}`:          `{"data":"/w==","stat":{},"encoding":"base64"}`,
		`{"data": ""}`:                          `{"data":"","encoding":"utf-8"}`,
	} {
		cloud.answer = answerJSON(200, answer)
		if got := resultOr(run(t, runner, "zun.containers_get_archive", `{"id": "c", "path": "p"}`)); got != want {
			t.Errorf("%s: %s; want %s", answer, got, want)
		}
	}
	for _, answer := range []string{`{"data": "?"}`, `[]`} {
		cloud.answer = answerJSON(200, answer)
		if _, err := run(t, runner, "zun.containers_get_archive", `{"id": "c", "path": "p"}`); !errors.As(err, new(openstack.BadAnswer)) {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

// TestZunPages: a list goes on by "next", to the end or to the limit.
func TestZunPages(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answersByPath(map[string]string{
		"GET /containers":                   `{"containers": [{"uuid": "a"}], "next": "http://elsewhere/v1/containers?limit=1&marker=a"}`,
		"GET /containers/?limit=2":          `{"containers": [{"uuid": "a"}], "next": "http://elsewhere/v1/containers?limit=1&marker=a"}`,
		"GET /containers?limit=1&marker=a":  `{"containers": [{"uuid": "b"}], "next": null}`,
		"GET /containers/?limit=1&marker=a": `{"containers": [{"uuid": "b"}, {"uuid": "c"}], "next": "x?marker=c"}`,
	})
	for input, want := range map[string]string{
		`{}`: `[{"uuid":"a"},{"uuid":"b"}]`, `{"limit": 2}`: `[{"uuid":"a"},{"uuid":"b"}]`,
	} {
		if got := resultOr(run(t, runner, "zun.containers_list", input)); got != want {
			t.Errorf("%s: %s; want %s", input, got, want)
		}
	}
}

// TestZunOfAnOlderCloud: Zun calls its newest microversion max_version.
func TestZunOfAnOlderCloud(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch v := r.Header.Get("OpenStack-API-Version"); {
		case r.Root:
			return 200, nil, `{"versions": [{"id": "v1", "min_version": "1.1", "max_version": "1.32"}]}`
		case v != "container 1.32":
			return 406, nil, `{"errors": [{"status": 406, "title": "Not Acceptable"}]}`
		default:
			return 200, nil, `{"hosts": []}`
		}
	}
	for i, want := range []int{3, 1} {
		if _, err := run(t, runner, "zun.hosts_list", `{}`); err != nil {
			t.Fatal(err)
		}
		if got := len(cloud.take()); got != want {
			t.Errorf("call %d made %d requests; want %d", i, got, want)
		}
	}
}
