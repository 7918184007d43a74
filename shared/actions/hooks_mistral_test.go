package actions

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestMistralRequests(t *testing.T) {
	const id = "d0e1f2a3-0000-4000-8000-00000000000f"
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"workflows": [], "actions": [], "executions": [], "tasks": [], "action_executions": []}`)
	for _, tc := range []struct{ action, input, want string }{
		{"executions_create", `{"wf_identifier": "` + id + `", "workflow_input": "{\"a\": 1}", "description": null}`,
			`POST /executions {"description":null,"workflow_id":"` + id + `","input":"{\"a\": 1}"}`},
		{"executions_create", `{"wf_identifier": "w", "source_execution_id": "no-uuid", "workflow_input": {}, "env": {"ä": [null, 1.0]}}`,
			`POST /executions {"description":"","workflow_name":"w","params":"{\"env\": {\"\\u00e4\": [null, 1.0]}}"}`},
		{"executions_create", `{"source_execution_id": "` + strings.ToUpper(id) + `"}`,
			`POST /executions {"description":"","source_execution_id":"` + strings.ToUpper(id) + `"}`},
		{"executions_update", `{"id": "e", "state": null, "env": {"a": 1}}`, `PUT /executions/e {"params":{"env":{"a":1}}}`},
		{"executions_update", `{"id": "e", "state": "", "env": {}}`, `PUT /executions/e {}`},
		{"executions_list", `{"nulls": "", "state": null, "tags": ["a"], "limit": 0, "task": "t"}`,
			`GET /executions?state=None&tags=%5B%27a%27%5D&task_execution_id=t`},
		{"executions_list", `{"nulls": "state", "limit": -1, "fields": []}`, `GET /executions?nulls=state`},
		{"executions_delete", `{"id": "e", "force": 1}`, `DELETE /executions/e?force=True`},
		{"executions_delete", `{"id": "e", "force": false}`, `DELETE /executions/e`},
		{"tasks_list", `{"workflow_execution_id": "", "fields": ["id", "name"], "limit": 7.5}`, `GET /tasks?fields=id%2Cname&limit=7.5`},
		{"tasks_rerun", `{"task_ex_id": "t", "reset": null, "env": {}}`, `PUT /tasks/t {"id":"t","state":"RUNNING","reset":null}`},
		{"action_executions_create", `{"name": "std.echo", "input": "x", "save_result": true}`,
			`POST /action_executions {"name":"std.echo","input":"\"x\"","params":"{\"save_result\": true}"}`},
		{"actions_get", `{"identifier": "std.echo", "namespace": null}`, `GET /actions/std.echo/`},
		{"actions_update", `{"definition": "a: {}", "id": "", "scope": null}`, `PUT /actions a: {}`},
		{"workflows_update", `{"definition": "a: {}", "id": 7}`, `PUT /workflows/7?namespace=&scope=private a: {}`},
		{"workbooks_create", `{"definition": "a: {}", "scope": "", "namespace": "n&s=1"}`, `POST /workbooks?namespace=n%26s%3D1 a: {}`},
		{"cron_triggers_create", `{"name": "n", "workflow_identifier": "` + id + `", "workflow_input": [], "count": 0}`,
			`POST /cron_triggers {"name":"n","pattern":null,"first_execution_time":null,"remaining_executions":0,"workflow_id":"` + id + `"}`},
		{"environments_create", `{"name": "n", "variables": "{}", "scope": null}`, `POST /environments {"name":"n","variables":"{}","scope":null}`},
		{"environments_create", `{"name": "n", "variables": {}}`, `POST /environments {"name":"n","variables":"{}"}`},
		{"environments_update", `{"name": "n", "variables": {}, "description": ""}`, `PUT /environments {"name":"n","variables":{},"description":""}`},
		{"members_update", `{"resource_id": "r", "resource_type": "workflow", "status": null}`, `PUT /workflows/r/members/p1 {"status":null}`},
		{"members_get", `{"resource_id": "r", "resource_type": "workflow", "member_id": "m"}`, `GET /workflows/r/members/m`},
	} {
		cloud.take()
		if _, err := run(t, runner, "mistral."+tc.action, tc.input); err != nil {
			t.Errorf("%s(%s): %v", tc.action, tc.input, err)
		}
		if got := strings.Join(sentLines(cloud.take()), "\n"); got != tc.want {
			t.Errorf("%s(%s):\n%s\nwant %s", tc.action, tc.input, got, tc.want)
		}
	}
}

func TestMistralRefuses(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, tc := range []struct{ action, input, want string }{
		{"executions_create", `{"wf_identifier": ""}`, "wf_identifier or source_execution_id must be given"},
		{"action_executions_update", `{"id": "a", "state": "", "output": {}}`, "state or output must be given"},
		{"action_executions_create", `{"name": ""}`, "name must not be empty"},
		{"workflows_create", `{"definition": null}`, "definition must not be empty"},
		{"workflows_create", `{"definition": {"a": 1}}`, "definition must be a string"},
		{"cron_triggers_create", `{"name": "n", "workflow_identifier": null}`, "workflow_identifier must not be empty"},
		{"environments_create", `{"name": "n", "variables": null}`, "variables must not be empty"},
		{"environments_create", `{"name": "n", "variables": {}, "file": "/etc/passwd"}`, "a file can't be read here"},
		{"workflows_list", `{"limit": "many"}`, "limit must be a number, not a string"},
		{"members_create", `{"resource_id": "r", "resource_type": "workflow", "member_id": ""}`, "member_id must not be empty"},
		{"executions_get", `{"id": null}`, "id must be an id or a name, not null"},
	} {
		_, err := run(t, runner, "mistral."+tc.action, tc.input)
		if err == nil || !errors.As(err, new(InvalidInput)) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s(%s): %v; want %s", tc.action, tc.input, err, tc.want)
		}
		if got := cloud.take(); len(got) > 0 {
			t.Errorf("%s(%s) sent %v", tc.action, tc.input, sentLines(got))
		}
	}
}

func TestMistralResults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch r.Method + " " + r.Path {
		case "PUT /workflows/w":
			return 200, nil, `{"name": "w"}`
		case "DELETE /workflows/w":
			return 204, nil, ""
		case "GET /workflows/w/members":
			return 200, nil, `{"members": [{"member_id": "a", "status": "pending"}, {"member_id": "b", "status": "accepted"}]}`
		case "GET /environments":
			return 200, nil, `{"environments": [{"name": "e", "variables": "{\"a\": [1]}"}, {"name": "f", "variables": "{}"}]}`
		default:
			return 200, nil, `{"workflows": [{"name": "w"}, {"name": "v"}]}`
		}
	}
	for _, tc := range []struct{ action, input, want string }{
		{"workflows_update", `{"definition": "d", "id": "w"}`, `{"name":"w"}`},
		{"workflows_update", `{"definition": "d"}`, `[{"name":"w"},{"name":"v"}]`},
		{"workflows_delete", `{"identifier": "w"}`, `null`},
		{"workflows_find", `{"name": "v"}`, `[{"name":"v"}]`},
		{"workflows_find", `{"name": "x"}`, `[]`},
		{"members_find", `{"resource_id": "w", "resource_type": "workflow", "status": "accepted"}`, `[{"member_id":"b","status":"accepted"}]`},
		{"environments_find", `{"variables": {"a": [1]}}`, `[{"name":"e","variables":"{\"a\": [1]}"}]`},
		{"environments_find", `{"name": "f"}`, `[{"name":"f","variables":"{}"}]`},
	} {
		out, err := run(t, runner, "mistral."+tc.action, tc.input)
		if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s(%s): %s, %v; want %s", tc.action, tc.input, encode(out.Result), err, tc.want)
		}
	}
}

func TestDefinitionsAreText(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	for _, definition := range []string{"/etc/passwd", "http://127.0.0.1/x", "file:///etc/passwd"} {
		if _, err := run(t, runner, "mistral.workflows_validate", `{"definition": "`+definition+`"}`); err != nil {
			t.Error(err)
		}
		got := cloud.take()
		if len(got) != 1 || got[0].Body != definition || got[0].Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%v", got)
		}
	}
}
