package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// oneAction is a workflow of one action with the inputs cloud, region and
// auth_url, as far as params has them.
func oneAction(params string) string {
	return "version: '2.0'\none:\n  input: [url: '', region: '']\n  tasks:\n    list:\n      action: nova.servers_list\n      input: " + params + "\n"
}

// TestTargets: what is wrong with a target is told by an error of its own, and
// nothing is sent.
func TestTargets(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		params string
		error  string
		words  []string
	}{
		"unknown region":   {`{region: RegionTow}`, "RegionNotFound", []string{"RegionTow", "RegionOne", "RegionTwo", "RegionThree"}},
		"ambiguous region": {`{cloud: alpha}`, "AmbiguousRegion", []string{"RegionOne", "RegionTwo", "RegionThree"}},
		"unknown cloud":    {`{cloud: alhpa}`, "InvalidArguments", []string{"alhpa", "alpha", "beta"}},
		"interface":        {`{region: RegionTwo, interface: outer}`, "InvalidArguments", []string{"outer", "public", "internal", "admin"}},
		"another URL":      {`{region: RegionTwo, auth_url: "https://keystone.example.org/v3"}`, "AuthURLNotAllowed", []string{"https://keystone.example.org/v3"}},
		"metadata service": {`{region: RegionTwo, auth_url: "http://169.254.169.254/v3"}`, "AuthURLNotAllowed", []string{"169.254.169.254"}},
		"no URL at all":    {`{region: RegionTwo, auth_url: "::"}`, "AuthURLNotAllowed", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{})
			o := w.run(oneAction(c.params), nil).mustFail(t, c.words...)
			wantError(t, w, o, "list", c.error)
			if n := w.sandbox.Count(sandbox.RequestKey{Service: "compute"}); n != 0 {
				t.Errorf("%d requests were sent to Nova", n)
			}
		})
	}
}

// wantError checks the name of the error that a task's action failed with.
func wantError(t *testing.T, w *world, o outcome, name, want string) {
	t.Helper()
	acts, err := w.runner.Records().AllActions(t.Context(), o.tasks[name].Task)
	if err != nil {
		t.Fatal(err)
	}
	if len(acts) != 1 || acts[0].ErrorName != want {
		var got []string
		for _, a := range acts {
			got = append(got, a.ErrorName)
		}
		t.Errorf("the errors of %s are %q, not one %s: %s", name, got, want, o.info())
	}
}

// TestAuthURLs: an auth URL that a workflow names is spoken to if it is a
// configured cloud's, or if the policy lets any or just that one be.
func TestAuthURLs(t *testing.T) {
	t.Parallel()
	// onlyAlpha configures alpha alone: beta's Keystone is a stranger.
	onlyAlpha := func(s *sandbox.Sandbox) string {
		before, _, _ := strings.Cut(s.CloudsYAML(), "  beta:")
		return before
	}
	for name, c := range map[string]struct {
		url     string // %s is the sandbox
		multi   bool
		allowed []string
		open    bool
		both    bool     // beta is configured too
		words   []string // of the error
	}{
		"configured":                         {url: "%s/alpha/identity/v3"},
		"configured, otherwise spelt":        {url: "%s/alpha/identity/"},
		"multi_cloud off":                    {url: "%s/beta/identity/v3", open: true, words: []string{"/beta/identity/v3", "multi_cloud"}},
		"multi_cloud on, without an account": {url: "%s/beta/identity/v3", multi: true, open: true, words: []string{"credentials", "/beta/identity/v3"}},
		"allowed, without an account":        {url: "%s/beta/identity/v3", multi: true, allowed: []string{"%s/beta/identity"}, open: true, words: []string{"credentials"}},
		"not on the list":                    {url: "%s/beta/identity/v3", multi: true, allowed: []string{"%s/gamma/identity"}, open: true, words: []string{"not among the allowed"}},
		"userinfo":                           {url: "http://alpha@%s/beta", multi: true, open: true, words: []string{"auth URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{clouds: func(s *sandbox.Sandbox) string {
				if c.both {
					return s.CloudsYAML()
				}
				return onlyAlpha(s)
			}, manager: func(cfg *openstack.Config, s *sandbox.Sandbox) {
				cfg.MultiCloud = c.multi
				for _, a := range c.allowed {
					cfg.AllowedAuthURIs = append(cfg.AllowedAuthURIs, strings.Replace(a, "%s", s.URL(), 1))
				}
				if c.open {
					cfg.OpenHosts = []string{"127.0.0.1"}
				}
			}})
			url := strings.Replace(c.url, "%s", w.sandbox.URL(), 1)
			region, beta := "RegionTwo", 0
			if c.both {
				region, beta = "RegionFive", 2 // a token and a list
			}
			o := w.run(oneAction(`{region: <% $.region %>, auth_url: <% $.url %>}`), value.MapOf("url", url, "region", region))
			if c.words == nil {
				o.mustSucceed(t)
			} else {
				o.mustFail(t, c.words...)
			}
			if n := w.sandbox.Count(sandbox.RequestKey{Cloud: "beta"}); n != beta {
				t.Errorf("%d requests reached the other cloud, not %d", n, beta)
			}
		})
	}
}

// TestStrangersWithAnAccount: an execution with credentials of its own works on
// a cloud that is not configured where the policy allows it; without the host
// being opened its loopback address is refused all the same.
func TestStrangersWithAnAccount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		multi, open bool
		allowed     string
		error       string
	}{
		"allowed":          {multi: true, open: true},
		"on the list":      {multi: true, open: true, allowed: "%s/beta/identity/v3"},
		"not on the list":  {multi: true, open: true, allowed: "%s/gamma/identity/v3", error: "AuthURLNotAllowed"},
		"multi_cloud off":  {open: true, error: "AuthURLNotAllowed"},
		"loopback":         {multi: true, error: "AuthURLNotAllowed"},
		"listed, loopback": {multi: true, allowed: "%s/beta/identity/v3", error: "AuthURLNotAllowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{
				clouds: func(*sandbox.Sandbox) string { return "clouds: {}\n" },
				manager: func(cfg *openstack.Config, s *sandbox.Sandbox) {
					cfg.MultiCloud = c.multi
					if c.allowed != "" {
						cfg.AllowedAuthURIs = []string{strings.Replace(c.allowed, "%s", s.URL(), 1)}
					}
					if c.open {
						cfg.OpenHosts = []string{"127.0.0.1"}
					}
					cfg.Credentials = account{openstack.Credentials{
						Username: "demo", Password: s.Password("beta"), UserDomainName: "Default",
						ProjectName: "demo", ProjectDomainName: "Default",
					}}
				}})
			o := w.runOn(oneAction(`{region: RegionFive}`), nil, engine.Target{AuthURL: w.sandbox.AuthURL("beta"), Ref: "mine"})
			if c.error == "" {
				o.mustSucceed(t)
				return
			}
			o.mustFail(t, w.sandbox.AuthURL("beta")[len("http://"):len("http://")+9])
			wantError(t, w, o, "list", c.error)
			if n := w.sandbox.Count(sandbox.RequestKey{}); n != 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// TestExpiredToken: credentials that are a token alone can't be renewed, and
// the error says so.
func TestExpiredToken(t *testing.T) {
	t.Parallel()
	for _, good := range []bool{true, false} {
		w := newWorld(t, settings{manager: func(cfg *openstack.Config, s *sandbox.Sandbox) {
			token := issueToken(t, s, "alpha")
			if !good {
				s.ExpireTokens("alpha")
			}
			cfg.Credentials = account{openstack.Credentials{Token: token, ProjectID: s.ProjectID("alpha", "demo")}}
		}})
		o := w.runOn(oneAction(`{region: RegionTwo}`), nil, engine.Target{Cloud: "alpha", Ref: "token"})
		if good {
			o.mustSucceed(t)
			continue
		}
		o.mustFail(t, "expired", "token alone can't be renewed", "401")
		wantError(t, w, o, "list", "Unauthorized")
	}
}

// TestLargeValues: a result of 20 MB is published, used by a later task and in
// the output, and read back from the store.
func TestLargeValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{onDisk: true})
	size := 20 << 20
	if underRace {
		size = 2 << 20
	}
	big := strings.Repeat("sirocco blows 0123456789 ", size/25)
	o := w.run(`
version: '2.0'
big:
  input: [text]
  tasks:
    make:
      action: std.echo
      input: {output: [<% $.text %>]}
      publish: {big: <% task().result.first() %>}
      on-success: [use]
    use:
      action: std.echo
      input: {output: <% $.big.len() %>}
      publish: {length: <% task().result %>, same: <% $.big = $.text %>}
  output:
    big: <% $.big %>
    length: <% $.length %>
    same: <% $.same %>
`, value.MapOf("text", big)).mustSucceed(t)
	if n := at(t, o.output, "length"); n != int64(len(big)) {
		t.Errorf("the later task saw %v of %d characters", n, len(big))
	}
	if at(t, o.output, "big") != big || at(t, o.output, "same") != true {
		t.Error("the output is not what was published")
	}
	if at(t, o.tasks["make"].result, 0) != big {
		t.Error("the task's result is not what the action gave")
	}
}

// TestBigAnswer: the answer of a service with thousands of servers, over
// several pages, is a result like any other.
func TestBigAnswer(t *testing.T) {
	t.Parallel()
	clouds := sandbox.DefaultClouds(1, 1)
	clouds[0].Regions[0].Bulk = sandbox.Bulk{Servers: 1500, Bytes: 500}
	w := newWorld(t, settings{sandbox: sandbox.Options{Clouds: clouds, Empty: true}, onDisk: true})
	o := w.run(`
version: '2.0'
many:
  tasks:
    list:
      action: nova.servers_list
      publish: {n: <% task().result.len() %>, ids: <% task().result.select($.id).distinct().len() %>}
`, nil).mustSucceed(t)
	if n, ids := at(t, o.output, "n"), at(t, o.output, "ids"); n != int64(1500) || ids != int64(1500) {
		t.Errorf("%v servers with %v ids, not 1500", n, ids)
	}
}

// TestGrowingContext: what the tasks of a chain publish grows beyond what a
// state machine could carry.
func TestGrowingContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, settings{})
	const tasks, size = 6, 60_000
	var b strings.Builder
	fmt.Fprintf(&b, "version: '2.0'\ngrow:\n  input: [part]\n  output: {sum: <%% $.sum %%>}\n  tasks:\n")
	sum := []string{}
	for i := range tasks {
		sum = append(sum, fmt.Sprintf("$.v%d.len()", i))
		fmt.Fprintf(&b, "    t%d:\n      action: std.echo output=<%% $.part + str(%d) %%>\n      publish: {v%d: <%% task().result %%>}\n      on-success: [t%d]\n", i, i, i, i+1)
	}
	fmt.Fprintf(&b, "    t%d:\n      action: std.noop\n      publish: {sum: <%% %s %%>}\n", tasks, strings.Join(sum, " + "))
	o := w.run(b.String(), value.MapOf("part", strings.Repeat("x", size))).mustSucceed(t)
	if n := at(t, o.output, "sum"); n != int64(tasks*(size+1)) {
		t.Errorf("the last task saw %v characters, not %d", n, tasks*(size+1))
	}
	last := o.tasks[fmt.Sprint("t", tasks)]
	if v, _ := last.Context.Get("v0"); v != strings.Repeat("x", size)+"0" {
		t.Error("the first variable is lost on the way")
	}
}

// TestManyItems: the results of ten thousand items are in their order.
func TestManyItems(t *testing.T) {
	t.Parallel()
	const n = 10_000
	w := newWorld(t, settings{})
	o := w.run(fmt.Sprintf(`
version: '2.0'
many:
  tasks:
    all:
      with-items: i in <%% range(%d) %%>
      action: std.echo output=<%% $.i * 3 %%>
      publish: {all: <%% task().result %%>}
`, n), nil).mustSucceed(t)
	list := at(t, o.output, "all").([]any)
	if len(list) != n {
		t.Fatalf("%d results", len(list))
	}
	for i, v := range list {
		if v != int64(3*i) {
			t.Fatalf("result %d is %v", i, v)
		}
	}
}

// TestStrangeInputs: inputs of odd size and content come through unchanged.
func TestStrangeInputs(t *testing.T) {
	t.Parallel()
	deep := any("end")
	for range 200 {
		deep = []any{deep}
	}
	wide := value.NewMap(20_000)
	for i := range 20_000 {
		wide.Set(fmt.Sprintf("key %d", i), int64(i))
	}
	for name, v := range map[string]any{
		"nothing": nil, "empty": "", "control": "a\x00b\x1f\u2028\U0001f300", "expression": "<% 1 + 1 %>", "template": "{{ 1 + 1 }}",
		"jsonata": "{% 1 + 1 %}", "number": int64(1) << 62, "fraction": 0.1, "deep": deep, "wide": wide,
		"keys": value.MapOf("", 1, "<% $.x %>", 2, "$", 3, "a.b", 4),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, settings{})
			o := w.run(`
version: '2.0'
keep:
  input: [v]
  tasks:
    one:
      action: std.echo output=<% $.v %>
      publish: {v: <% task().result %>}
      on-success: [two]
    two:
      with-items: x in <% [$.v] %>
      action: std.echo output=<% $.x %>
      publish: {w: <% task().result.first() %>}
`, value.MapOf("v", v)).mustSucceed(t)
			for _, k := range []string{"v", "w"} {
				if got := at(t, o.output, k); !value.Equal(got, value.Of(v)) {
					t.Errorf("%s is %.200s", k, value.MustEncode(got))
				}
			}
		})
	}
}
