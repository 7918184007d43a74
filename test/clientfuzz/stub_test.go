package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestOursAgainstTheStub performs an action of each of some services against the stub: it answers
// what the tables ask for, and keeps what it was sent.
func TestOursAgainstTheStub(t *testing.T) {
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	s, err := startStub()
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	all, err := readKeys("../../shared/actions/tables")
	if err != nil {
		t.Fatal(err)
	}
	runner, err := newRunner(registry, s.base)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		action string
		input  *value.Map
		sent   string
	}{
		{"nova.servers_get", value.MapOf("server", "1"), "GET nova /servers/1\n  Openstack-Api-Version: compute 2.92\n"},
		{"keystone.projects_list", value.NewMap(0), "GET keystone /projects\n"},
		{"neutron.list_networks", value.MapOf("name", "n"), "GET neutron /v2.0/networks\n  ? \"name\"=\"n\"\n"},
		{"cinder.volumes_find", value.MapOf("name", "NAME1"), "GET cinder /volumes/detail\n  ? \"all_tenants\"=\"1\"\n  ? \"name\"=\"NAME1\"\n  Openstack-Api-Version: volume 3.70\n"},
	} {
		s.begin(all[tc.action])
		_, err := runner.Run(context.Background(), actions.Call{Action: tc.action, Input: tc.input})
		if err != nil {
			t.Errorf("%s: %v", tc.action, err)
		}
		if got := ours(s.take(), nil).text(); got != tc.sent {
			t.Errorf("%s sent\n%s\nnot\n%s", tc.action, got, tc.sent)
		}
	}
}

// TestAnswers: a list has an item at first and none when it is asked for again.
func TestAnswers(t *testing.T) {
	a := newAnswers(&keys{lists: []string{"rows"}, resources: []string{"row"}})
	queries := []string{"limit=7&all=1", "all=1&limit=6&marker=ID1", "all=2"}
	for i, items := range []int{1, 0, 1} { // the second asks for another page, the third for another list
		_, _, text := a.to(get("/things/detail", queries[i]), "")
		var body map[string]any
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			t.Fatal(err)
		}
		if len(body["rows"].([]any)) != items || len(body["things"].([]any)) != items {
			t.Errorf("%v", body)
		}
		if body["row"].(map[string]any)["id"] != "ID1" || body["thing"].(map[string]any)["id"] != "ID1" {
			t.Errorf("%v", body)
		}
	}
}
