package actions

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// answersByPath answers 200 with what a path has, 404 where it has nothing.
func answersByPath(answers map[string]string) func(stubRequest) (int, http.Header, string) {
	return func(r stubRequest) (int, http.Header, string) {
		path := r.Path
		if q := r.Query.Encode(); q != "" {
			path += "?" + q
		}
		body, ok := answers[r.Method+" "+path]
		if !ok {
			return 404, nil, `{"itemNotFound": {"message": "not here"}}`
		}
		return 200, nil, body
	}
}

// sentPaths are the requests with their queries, and what came of them.
func sentPaths(requests []stubRequest) []string {
	var out []string
	for _, r := range requests {
		line := r.Method + " " + r.Path
		if q := r.Query.Encode(); q != "" {
			line += "?" + q
		}
		out = append(out, strings.TrimSpace(line+" "+r.Body))
	}
	return out
}

// resultOr is what an action gave, or its error.
func resultOr(out Outcome, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return encode(out.Result)
}

func TestTroveLists(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answersByPath(map[string]string{
		"GET /backups": `{"backups": [{"id": "a", "name": "n"}, {"id": "gone", "name": "m"}, {"name": "no id"}],
			"links": [{"rel": "self", "href": "x"}, {"rel": "next", "href": "http://elsewhere/v1.0/p1/backups?marker=m1&limit=3"}]}`,
		"GET /backups?limit=3&marker=m1":               `{"backups": [{"id": "b", "name": "n"}]}`,
		"GET /backups?limit=2":                         `{"backups": [{"name": "x"}, {"name": "y"}], "links": [{"rel": "next", "href": "x?marker=m2"}]}`,
		"GET /backups?datastore=%5B%27d%27%5D":         `{"backups": []}`,
		"GET /backups/a":                               `{"backup": {"id": "a", "size": 1}}`,
		"GET /backups/b":                               `{"backup": {"id": "b", "size": 2}}`,
		"GET /flavors":                                 `{"flavors": [{"id": null, "str_id": "f-1", "name": "small"}, {"id": 2, "str_id": "2", "name": "big"}]}`,
		"GET /flavors/f-1":                             `{"flavor": {"id": null, "str_id": "f-1", "name": "small", "ram": 1}}`,
		"GET /limits":                                  `{"limits": [{"verb": "ABSOLUTE", "max_backups": 50}, {"verb": "POST", "value": 200}]}`,
		"GET /instances/i/users":                       `{"users": [{"name": "u", "host": "%"}, {"name": "v", "host": "%"}]}`,
		"GET /datastores/versions/v/parameters":        `{"configuration-parameters": [{"name": "p", "type": "string"}]}`,
		"GET /instances/x/backups?limit=5":             `{"backups": [{"id": "a"}]}`,
		"GET /instances/detail?include_clustered=True": `{"instances": []}`,
	})
	for _, tc := range []struct {
		action, input string
		requests      []string
		want          string
	}{
		{"trove.backups_list", `{}`,
			[]string{"GET /backups", "GET /backups?limit=3&marker=m1", "GET /backups/a", "GET /backups/gone", "GET /backups/b"},
			`[{"id":"a","name":"n","size":1},{"id":"gone","name":"m"},{"name":"no id"},{"id":"b","name":"n","size":2}]`},
		{"trove.backups_list", `{"limit": 2}`, []string{"GET /backups?limit=2"}, `[{"name":"x"},{"name":"y"}]`},
		{"trove.backups_list", `{"datastore": ["d"], "all_projects": false, "project_id": ""}`,
			[]string{"GET /backups?datastore=%5B%27d%27%5D"}, `[]`},
		{"trove.backups_findall", `{"name": "n"}`,
			[]string{"GET /backups", "GET /backups?limit=3&marker=m1", "GET /backups/a", "GET /backups/b"},
			`[{"id":"a","size":1},{"id":"b","size":2}]`},
		{"trove.flavors_list", `{}`, []string{"GET /flavors"}, `[{"id":"f-1","str_id":"f-1","name":"small"},{"id":2,"str_id":"2","name":"big"}]`},
		{"trove.flavors_get", `{"flavor": "f-1"}`, []string{"GET /flavors/f-1"}, `{"id":"f-1","str_id":"f-1","name":"small","ram":1}`},
		{"trove.flavors_find", `{"name": "small"}`, []string{"GET /flavors", "GET /flavors/f-1"}, `{"id":"f-1","str_id":"f-1","name":"small","ram":1}`},
		{"trove.flavors_findall", `{"ram": 1}`, []string{"GET /flavors"}, `[]`},
		{"trove.limits_find", `{"verb": "POST"}`, []string{"GET /limits"}, `{"verb":"POST","value":200}`},
		{"trove.users_find", `{"instance": "i", "name": "v"}`, []string{"GET /instances/i/users"}, `{"name":"v","host":"%"}`},
		{"trove.configuration_parameters_findall", `{"version": "v", "type": "string"}`,
			[]string{"GET /datastores/versions/v/parameters"}, `[{"name":"p","type":"string"}]`},
		{"trove.instances_backups", `{"instance": "x", "limit": 5}`, []string{"GET /instances/x/backups?limit=5"}, `[{"id":"a"}]`},
		{"trove.instances_list", `{"include_clustered": true, "detailed": true}`,
			[]string{"GET /instances/detail?include_clustered=True"}, `[]`},
	} {
		cloud.take()
		got := resultOr(run(t, runner, tc.action, tc.input))
		if got != tc.want {
			t.Errorf("%s(%s): %s; want %s", tc.action, tc.input, got, tc.want)
		}
		if diff := cmp.Diff(tc.requests, sentPaths(cloud.take())); diff != "" {
			t.Errorf("%s(%s):\n%s", tc.action, tc.input, diff)
		}
	}
}

// TestTroveFindLooksIntoResources: a field that a list lacks is looked for in
// the whole resource, once.
func TestTroveFindLooksIntoResources(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answersByPath(map[string]string{
		"GET /datastores":   `{"datastores": [{"id": "a", "name": "mysql"}, {"id": "b", "name": "pg"}]}`,
		"GET /datastores/a": `{"datastore": {"id": "a", "name": "mysql", "default": 1}}`,
		"GET /datastores/b": `{"datastore": {"id": "b", "name": "pg", "default": 2}}`,
	})
	got := resultOr(run(t, runner, "trove.datastores_find", `{"default": 2}`))
	if want := `{"id":"b","name":"pg","default":2}`; got != want {
		t.Errorf("%s; want %s", got, want)
	}
	if diff := cmp.Diff([]string{"GET /datastores", "GET /datastores/a", "GET /datastores/b"}, sentPaths(cloud.take())); diff != "" {
		t.Error(diff)
	}
	_, err := run(t, runner, "trove.datastores_find", `{"name": "oracle"}`)
	if !errors.As(err, new(openstack.NotFound)) {
		t.Errorf("%v", err)
	}
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if r.Path == "/datastores" {
			return 200, nil, `{"datastores": [{"id": "a"}]}`
		}
		return 403, nil, `{}`
	}
	for _, action := range []string{"trove.datastores_list", "trove.datastores_findall"} {
		if _, err := run(t, runner, action, `{}`); !errors.As(err, new(openstack.Forbidden)) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

func TestTroveArguments(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = answerJSON(200, `{"user": {"name": "root", "password": "p"}, "configuration": {}, "backup": {}, "metadata": {}, "instance": {}, "cluster": null}`)
	for _, tc := range []struct{ action, input, want, result string }{
		{"trove.root_create", `{"instance": "i"}`, "POST /instances/i/root", `["root","p"]`},
		{"trove.root_create_cluster_root", `{"cluster": "c", "root_password": ""}`, "POST /clusters/c/root", `["root","p"]`},
		{"trove.backups_create", `{"name": null, "instance": "", "incremental": 1, "parent_id": "p"}`,
			`POST /backups {"backup":{"name":null,"incremental":1,"parent_id":"p"}}`, `{}`},
		{"trove.backups_create", `{"name": "n", "instance": "i", "incremental": null}`, "",
			"error: trove.backups_create: incremental must be true or false, not null"},
		{"trove.backups_create", `{"name": "n", "instance": "i", "incremental": null, "restore_from": "u"}`,
			`POST /backups {"backup":{"name":"n","restore_from":{"remote_location":"u","local_datastore_version_id":null,"size":null}}}`, `{}`},
		{"trove.clusters_grow", `{"cluster": "c", "instances": []}`, `POST /clusters/c {"grow":[]}`, `null`},
		{"trove.configurations_create", `{"name": "n", "values": "[1.50, null]", "datastore_version_number": 8, "description": ""}`,
			`POST /configurations {"configuration":{"name":"n","values":[1.5,null],"datastore":{"version_number":8}}}`, `{}`},
		{"trove.configurations_edit", `{"configuration": "c", "values": "{a: 1}"}`, "",
			"error: trove.configurations_edit: parameter values must be JSON as text: invalid character 'a' at byte 1, where a key is expected"},
		{"trove.configurations_update", `{"configuration": "c", "values": "null", "name": "", "description": "d"}`,
			`PUT /configurations/c {"configuration":{"values":null,"description":"d"}}`, `null`},
		{"trove.instances_create", `{"name": "n", "modules": ["m", 1], "datastore": "", "nics": [], "other": 1}`,
			`POST /instances {"instance":{"name":"n","modules":[{"id":"m"},{"id":1}]}}`, `{}`},
		{"trove.instances_update", `{"instance": "i", "name": "", "detach_replica_source": 1, "is_public": false}`,
			`PUT /instances/i {"instance":{"name":"","replica_of":null,"access":{"is_public":false}}}`, `null`},
		{"trove.instances_update", `{"instance": "i", "allowed_cidrs": [], "remove_configuration": true}`,
			`PUT /instances/i {"instance":{"configuration":null,"access":{"allowed_cidrs":[]}}}`, `null`},
		{"trove.instances_update", `{"instance": "i", "configuration": "", "remove_configuration": true}`,
			`PUT /instances/i {"instance":{"configuration":""}}`, `null`},
		{"trove.instances_update", `{"instance": "i", "configuration": "c", "remove_configuration": true}`, "",
			"error: trove.instances_update: only one of configuration and remove_configuration can be given"},
		{"trove.metadata_create", `{"instance_id": "i", "key": "k", "value": "{\"a\": 1}"}`,
			`POST /instances/i/metadata/k {"metadata":{"value":{"a":1}}}`, `{}`},
		{"trove.metadata_create", `{"instance_id": "i", "key": "k/é", "value": null}`,
			`POST /instances/i/metadata/k/%C3%A9 {"metadata":{"value":null}}`, `{}`},
		{"trove.datastore_versions_update", `{"datastore": "d", "datastore_version": "v", "visibility": null}`,
			`PUT /mgmt/datastores/d/versions/v {"datastore_version":{}}`, ""},
		{"trove.users_get", `{"instance": "i", "username": "a.b/c", "hostname": "10.0.0.%"}`,
			"GET /instances/i/users/a.b/c%4010.0.0.%25", `{"name":"root","password":"p"}`},
		{"trove.users_delete", `{"instance": "i", "username": 7, "hostname": ""}`, "DELETE /instances/i/users/7", ""},
		{"trove.users_grant", `{"instance": "i", "username": "u", "databases": []}`,
			`PUT /instances/i/users/u/databases {"databases":[]}`, `null`},
		{"trove.users_grant", `{"instance": "i", "username": "u", "databases": null}`, "",
			"error: trove.users_grant: parameter databases must be a list, not null"},
		{"trove.users_update_attributes", `{"instance": "i", "username": "u", "newuserattr": {}}`, "",
			"error: trove.users_update_attributes: newuserattr must say what changes"},
		{"trove.root_find", `{"name": "root"}`, "",
			"error: trove.root_find: there is no list of root users; trove.root_is_instance_root_enabled says whether an instance's is enabled"},
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
	cloud.answer = answerJSON(200, `{"user": {"name": "root"}}`)
	if _, err := run(t, runner, "trove.root_create", `{"instance": "i"}`); !errors.As(err, new(openstack.BadAnswer)) {
		t.Errorf("%v", err)
	}
}
