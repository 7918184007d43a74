package e2e_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func (w *world) list(region string) error {
	_, err := w.actions.Run(w.t.Context(), actions.Call{
		Action: "nova.servers_list", Input: value.MapOf("region", region),
		Target: openstack.Request{Cloud: "alpha", Trusted: true},
	})
	return err
}

// TestWarmCalls: fifty first calls at once ask for one token, later ones none.
func TestWarmCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 50 {
		wg.Go(func() {
			<-start
			if err := w.list("RegionTwo"); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	identity := sandbox.RequestKey{Service: "identity"}
	if n := w.sandbox.Count(identity); n != 1 {
		t.Errorf("fifty first calls made %d requests to Keystone, not 1: %v", n, w.sandbox.Requests())
	}
	compute := sandbox.RequestKey{Region: "RegionTwo", Service: "compute", Method: "GET", Route: "/servers/detail"}
	if n := w.sandbox.Count(compute); n != 50 {
		t.Errorf("fifty calls made %d requests to Nova", n)
	}
	w.sandbox.ResetCounts()
	if err := w.list("RegionThree"); err != nil {
		t.Error(err)
	}
	if n := w.sandbox.Count(identity); n != 0 {
		t.Errorf("a warm call made %d requests to Keystone: %v", n, w.sandbox.Requests())
	}
	if n := w.sandbox.Count(sandbox.RequestKey{}); n != 1 {
		t.Errorf("a warm call made %d requests, not 1: %v", n, w.sandbox.Requests())
	}
}

const threeSteps = `
version: '2.0'
steps:
  tasks:
    one:
      action: nova.servers_list region="RegionOne"
      on-success: [two]
    two:
      with-items: r in <% [RegionOne, RegionTwo, RegionThree] %>
      action: nova.servers_list region=<% $.r %>
      on-success: [three]
    three:
      action: cinder.volumes_list region="RegionTwo"
`

// TestTokensRevoked: all tokens cease to be valid after each task, and the
// workflow goes on with new ones.
func TestTokensRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{observe: func(w *world, p engine.Progress) {
		if p.Item < 0 && p.State == engine.Success {
			w.sandbox.ExpireTokens("")
		}
	}})
	w.run(threeSteps, nil).mustSucceed(t)
	if n := w.tokens(""); n != 3 {
		t.Errorf("three tasks needed %d tokens, not 3: %v", n, w.sandbox.Requests())
	}
}

// TestTokensExpire: the workflow outlives its token by hours, and no request
// is made with one that has expired.
func TestTokensExpire(t *testing.T) {
	t.Parallel()
	clock := sandbox.NewManualClock(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	w := newWorld(t, settings{
		sandbox: sandbox.Options{Clock: clock},
		manager: func(c *openstack.Config, _ *sandbox.Sandbox) { c.Now = clock.Now },
		observe: func(_ *world, p engine.Progress) {
			if p.Item < 0 && p.State == engine.Success {
				clock.Advance(2 * time.Hour)
			}
		},
	})
	w.run(threeSteps, nil).mustSucceed(t)
	if n := w.tokens(""); n != 3 {
		t.Errorf("three tasks needed %d tokens, not 3", n)
	}
	if n := w.sandbox.Count(sandbox.RequestKey{Service: "compute"}); n != 4 {
		t.Errorf("%d requests to Nova, not 4: an expired token was tried", n)
	}
}

const oneList = `
version: '2.0'
one:
  tasks:
    list: {action: nova.servers_list region="RegionTwo"}
`

// TestTokenRejectedOnce: one 401 costs one new token and nothing else; a
// service that never accepts one gets no third try.
func TestTokenRejectedOnce(t *testing.T) {
	t.Parallel()
	once := sandbox.RejectToken("alpha", "RegionTwo")
	once.Times = 1
	w := newWorld(t, settings{sandbox: sandbox.Options{Faults: []sandbox.Fault{once}}})
	w.run(oneList, nil).mustSucceed(t)
	compute := sandbox.RequestKey{Service: "compute"}
	if tokens, calls := w.tokens(""), w.sandbox.Count(compute); tokens != 2 || calls != 2 {
		t.Errorf("a token rejected once: %d tokens and %d requests, not 2 and 2", tokens, calls)
	}
	w.sandbox.AddFault(sandbox.RejectToken("alpha", "RegionTwo"))
	w.sandbox.ResetCounts()
	o := w.run(oneList, nil).mustFail(t, "RegionTwo", "401")
	if tokens, calls := w.tokens(""), w.sandbox.Count(compute); tokens != 1 || calls != 2 {
		t.Errorf("a token rejected always: %d new tokens and %d requests, not 1 and 2", tokens, calls)
	}
	wantWords(t, "the task's state_info", text(o.tasks["list"].StateInfo), "compute in RegionTwo")
}
