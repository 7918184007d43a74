package local_test

import (
	"context"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// down are regions none of which answers.
type down struct{}

// Run implements [engine.Runner].
func (down) Run(_ context.Context, c actions.Call) (actions.Outcome, error) {
	region, _ := c.Input.Get("region")
	return actions.Outcome{Target: openstack.Target{Region: region.(string)}}, actions.ActionFailed{Action: c.Action, Message: "it is down"}
}

// TestItemsInfo: a with-items task says which regions failed, also where the name
// of its action is an expression.
func TestItemsInfo(t *testing.T) {
	for _, name := range []string{"nova.servers_list", "<% $.action %>"} {
		s := newSimulation(t)
		s.actions = down{}
		head, r := s.run(`
version: '2.0'
wf:
  vars: {action: nova.servers_list}
  tasks:
    each:
      with-items: name in <% [RegionOne, RegionTwo] %>
      action: ` + name + `
      input: {region: <% $.name %>}
      retry: {count: 1, delay: 1}
`)
		tasks, err := r.Records().Tasks(t.Context(), head.ID)
		if err != nil || len(tasks) != 1 {
			t.Fatal(err, len(tasks))
		}
		const want = "One or more actions had failed.\n  item 0, region RegionOne: it is down\n  item 1, region RegionTwo: it is down"
		if got := tasks[0].StateInfo; got == nil || *got != want {
			t.Errorf("%s: %s, not %q", name, value.MustEncode(value.Of(got)), want)
		}
	}
}
