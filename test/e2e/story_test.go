package e2e_test

import (
	"fmt"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// createServer makes one server in the region that its input names.
const createServer = `
version: '2.0'
create:
  input: [cloud, region, name]
  tasks:
    image:
      action: glance.images_list cloud=<% $.cloud %> region=<% $.region %>
      publish: {image: <% task().result.first().id %>}
      on-success: [flavor]
    flavor:
      action: nova.flavors_list cloud=<% $.cloud %> region=<% $.region %>
      publish: {flavor: <% task().result.first().id %>}
      on-success: [server]
    server:
      action: nova.servers_create
      input:
        cloud: <% $.cloud %>
        action_region: <% $.region %>
        name: <% $.name %>
        image: <% $.image %>
        flavor: <% $.flavor %>
        nics: none
      publish: {id: <% task().result.id %>}
`

// listed is where servers are: "cloud/region" to the names of its servers.
func listed(t *testing.T, table any) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for _, e := range table.([]any) {
		place := fmt.Sprintf("%v/%v", at(t, e, "cloud"), at(t, e, "region"))
		out[place] = append(out[place], at(t, e, "name").(string))
	}
	return out
}

// TestServersEverywhere: a server that an action creates in one region of one
// of two clouds is listed there and in none of the five others.
func TestServersEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{sandbox: sandbox.Options{Empty: true}})
	for i, c := range w.sandbox.Clouds() {
		for _, r := range w.sandbox.Regions(c) {
			if i == 1 && r == "RegionFive" {
				w.run(createServer, value.MapOf("cloud", c, "region", r, "name", "alone")).mustSucceed(t)
			}
		}
	}
	o := w.run(readFile(t, repo, "statemachines", "list_servers_everywhere.yaml"), nil).mustSucceed(t)
	got := listed(t, at(t, o.output, "table"))
	if len(got) != 1 || len(got["beta/RegionFive"]) != 1 || got["beta/RegionFive"][0] != "alone" {
		t.Errorf("servers are in %v, not one in beta/RegionFive", got)
	}
	servers := at(t, o.output, "servers").([]any)
	if len(servers) != 6 {
		t.Fatalf("%d regions are listed, not 6", len(servers))
	}
	for _, s := range servers {
		if n := len(at(t, s, "servers").([]any)); n > 0 != (at(t, s, "region") == "RegionFive") {
			t.Errorf("%d servers in %v", n, at(t, s, "region"))
		}
	}
	if n := at(t, o.output, "count"); n != int64(1) {
		t.Errorf("count is %v", n)
	}
}

// TestServersOfRegions is the same with the regions from the input.
func TestServersOfRegions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{sandbox: sandbox.Options{Empty: true}})
	w.run(createServer, value.MapOf("cloud", "alpha", "region", "RegionTwo", "name", "alone")).mustSucceed(t)
	o := w.run(readFile(t, repo, "statemachines", "list_servers.yaml"),
		value.MapOf("regions", value.Of(w.sandbox.Regions("alpha")))).mustSucceed(t)
	for _, r := range w.sandbox.Regions("alpha") {
		want := int64(0)
		if r == "RegionTwo" {
			want = 1
		}
		if n := at(t, o.output, "count", r); n != want {
			t.Errorf("%s: %v servers, not %d", r, n, want)
		}
	}
	if name := at(t, o.output, "servers", "RegionTwo", 0, "name"); name != "alone" {
		t.Errorf("the server is called %v", name)
	}
}
