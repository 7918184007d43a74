package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// sixRegions lists the servers of what its input names. %s is what the task
// has besides.
const sixRegions = `
version: '2.0'
six:
  input: [targets]
  tasks:
    list:
      with-items: target in <% $.targets %>
      action: nova.servers_list cloud=<% $.target.cloud %> region=<% $.target.region %>
      publish-on-error:
        partial: <% task().result %>
HANDLER
`

const handler = `      on-error: [report]
    report:
      action: std.echo
      input:
        output: <% $.partial.where(isList($)).select($.len()) %>
      publish: {counts: <% task().result %>, listed: <% task(list).result.len() %>, why: <% task(list).state_info %>}
`

// troubled is a world with two servers or so in each of six regions, of which
// one is down, one slow, and one does not accept the token.
func troubled(t *testing.T) (*world, *value.Map) {
	t.Helper()
	w := newWorld(t, settings{sandbox: sandbox.Options{Faults: []sandbox.Fault{
		sandbox.Down("alpha", "RegionTwo"),
		sandbox.Slow("alpha", "RegionThree", 50*time.Millisecond),
		sandbox.RejectToken("beta", "RegionFive"),
	}}})
	var targets []any
	for _, c := range w.sandbox.Clouds() {
		for _, r := range w.sandbox.Regions(c) {
			targets = append(targets, value.MapOf("cloud", c, "region", r))
		}
	}
	return w, value.MapOf("targets", targets)
}

// wantPartial checks a result with two failed items of six.
func wantPartial(t *testing.T, what string, v any) {
	t.Helper()
	list, _ := v.([]any)
	if len(list) != 6 {
		t.Fatalf("%s has %d slots, not 6: %s", what, len(list), value.MustEncode(v))
	}
	for i, e := range list {
		servers, ok := e.([]any)
		if failed := i == 1 || i == 4; failed == ok {
			t.Errorf("%s, item %d: %s", what, i, value.MustEncode(e))
		} else if ok && len(servers) == 0 {
			t.Errorf("%s, item %d has no servers", what, i)
		}
	}
	wantWords(t, what+" of the region that is down", list[1].(string), "RegionTwo", "alpha")
	wantWords(t, what+" of the region that rejects the token", list[4].(string), "RegionFive", "401")
}

// TestRegionsInTrouble: without a handler the task and the workflow end in
// ERROR as Mistral ends them, with the results of the others kept.
func TestRegionsInTrouble(t *testing.T) {
	t.Parallel()
	w, input := troubled(t)
	o := w.run(strings.Replace(sixRegions, "HANDLER", "", 1), input)
	o.mustFail(t, "Failure caused by error in tasks: list", "RegionTwo", "RegionFive", "401")
	list := o.tasks["list"]
	if list.State != "ERROR" {
		t.Errorf("the task is %s", list.State)
	}
	info := text(list.StateInfo)
	wantWords(t, "the task's state_info", info, "One or more actions had failed.",
		"item 1, region RegionTwo: ", "item 4, region RegionFive: ", "401")
	for _, fine := range []string{"RegionOne", "RegionThree", "RegionFour", "RegionSix"} {
		if strings.Contains(info, fine) {
			t.Errorf("state_info names %s, where nothing failed:\n%s", fine, info)
		}
	}
	wantPartial(t, "the task's result", list.result)
	wantPartial(t, "publish-on-error", at(t, o.output, "partial"))
	if got := at(t, o.output, "result"); got != o.info() {
		t.Errorf("the output's result is not state_info: %v", got)
	}
}

// TestRegionsInTroubleHandled: on-error gets the results and the reasons, and
// the workflow succeeds.
func TestRegionsInTroubleHandled(t *testing.T) {
	t.Parallel()
	w, input := troubled(t)
	o := w.run(strings.Replace(sixRegions, "HANDLER", handler, 1), input).mustSucceed(t)
	if o.tasks["list"].State != "ERROR" || o.tasks["report"].State != "SUCCESS" {
		t.Errorf("list is %s, report %s", o.tasks["list"].State, o.tasks["report"].State)
	}
	if o.info() != "" {
		t.Errorf("state_info of a success: %s", o.info())
	}
	wantPartial(t, "what was published", at(t, o.output, "partial"))
	if n := len(at(t, o.output, "counts").([]any)); n != 4 {
		t.Errorf("%d regions were counted, not 4", n)
	}
	if n := at(t, o.output, "listed"); n != int64(6) {
		t.Errorf("the handler saw %v results", n)
	}
	wantWords(t, "what the handler saw", at(t, o.output, "why").(string), "RegionTwo", "RegionFive")
}

// TestKeystonesInTrouble: a cloud whose Keystone fails, and targets that do
// not exist, are named too, though no request of the action was ever sent.
func TestKeystonesInTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{sandbox: sandbox.Options{
		Faults: []sandbox.Fault{{Cloud: "beta", Service: "identity", Status: 503}},
	}})
	o := w.run(strings.Replace(sixRegions, "HANDLER", "", 1), value.MapOf("targets", value.Of([]any{
		value.MapOf("cloud", "alpha", "region", "RegionOne"),
		value.MapOf("cloud", "alpha", "region", "RegionNowhere"),
		value.MapOf("cloud", "beta", "region", "RegionFour"),
		value.MapOf("cloud", "omega", "region", "RegionOmega"),
	})))
	o.mustFail(t)
	wantWords(t, "the task's state_info", text(o.tasks["list"].StateInfo),
		"item 1, region RegionNowhere: ", "RegionOne, RegionThree, RegionTwo",
		"item 2, region RegionFour: ", "beta", "503",
		"item 3, region RegionOmega: ", "omega")
	if _, ok := at(t, o.tasks["list"].result, 0).([]any); !ok {
		t.Error("the first item's result is lost")
	}
}
