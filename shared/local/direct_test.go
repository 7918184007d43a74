package local

import (
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local/interp"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// TestStartedDirectly starts state machines without a record, as a schedule, an
// event or the console does: their input is the workflow's, and the first task
// makes the record.
func TestStartedDirectly(t *testing.T) {
	const structured = `
version: '2.0'
wf:
  input: [who, {greeting: hello}]
  vars: {mark: '<% "!" %>'}
  output: {text: '<% $.text %>', at: <% $.openstack.region_name %>}
  tasks:
    greet:
      with-items: i in [1, 2]
      action: std.echo output="<% $.greeting %> <% $.who %><% $.mark %>"
      publish: {text: <% task().result %>}
      retry: {count: 1, delay: 0}
`
	const threads = `
version: '2.0'
wf:
  input: [who, {greeting: hello}]
  output: {text: '<% $.text %>', at: <% $.openstack.region_name %>}
  tasks:
    a: {action: std.noop, on-success: greet}
    b: {action: std.noop, on-success: greet}
    greet:
      action: std.echo output="<% $.greeting %> <% $.who %>"
      publish: {text: <% task().result %>}
`
	const reverse = `
version: '2.0'
wf:
  type: reverse
  input: [who]
  output: {text: '<% $.get(text) %>', env: <% env() %>}
  tasks:
    greet:
      action: std.echo output="<% env().greeting %> <% $.who %>"
      publish: {text: <% task().result %>}
      requires: [a, b]
    a: {action: std.noop}
    b: {action: std.noop}
    fail: {action: std.fail, requires: [greet]}
`
	const declares = `
version: '2.0'
wf:
  input: [env, task_name, evaluate_env]
  output: {all: '<% [$.env, $.task_name, $.evaluate_env] %>', env: <% env() %>}
  tasks:
    a: {action: std.noop}
`
	for _, c := range []struct {
		name, workflow string
		input          *value.Map
		state          string
		output         *value.Map
		failure        string
	}{
		{"structured", structured, value.MapOf("who", "you", "openstack", value.MapOf("region", "R")), engine.Success,
			value.MapOf("text", []any{"hello you!", "hello you!"}, "at", "R"), ""},
		{"threads", threads, value.MapOf("who", "you", "greeting", "hi"), engine.Success, value.MapOf("text", "hi you", "at", ""), ""},
		{"missing input", structured, value.MapOf("greeting", "hi"), "", nil, "InvalidInput"},
		{"unexpected input", threads, value.MapOf("who", "x", "whom", "y"), "", nil, "WorkflowFailed"},
		{"reverse", reverse, value.MapOf("who", "you", "task_name", "greet", "env", value.MapOf("greeting", "<% concat(h, o) %>")), engine.Success,
			value.MapOf("text", "ho you", "env", value.MapOf("greeting", "ho")), ""},
		{"an environment as it is", reverse, value.MapOf("who", "you", "task_name", "a", "env", value.MapOf("x", "<% 1 %>"), "evaluate_env", false), engine.Success,
			value.MapOf("text", nil, "env", value.MapOf("x", "<% 1 %>")), ""},
		{"no target", reverse, value.MapOf("who", "you"), "", nil, "InvalidTask"},
		{"no such target", reverse, value.MapOf("who", "you", "task_name", "c"), "", nil, "InvalidTask"},
		{"a reverse workflow's input", reverse, value.MapOf("task_name", "a"), "", nil, "InvalidInput"},
		{"no environment", reverse, value.MapOf("who", "you", "task_name", "a", "env", []any{"x"}), "", nil, "InvalidEnvironment"},
		{"a target of a direct workflow", structured, value.MapOf("who", "you", "task_name", "greet"), "", nil, "InvalidInput"},
		{"declared names are input", declares, value.MapOf("env", int64(1), "task_name", int64(2), "evaluate_env", int64(3)), engine.Success,
			value.MapOf("all", []any{int64(1), int64(2), int64(3)}, "env", value.NewMap(0)), ""},
		{"a secret in the input", structured, value.MapOf("who", "x", "openstack", value.MapOf("password", "p")), "", nil, "InvalidInput"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, p, machine := load(t, c.workflow)
			run, err := p.interp.Start(t.Context(), interp.StartInput{Machine: "${" + machine + "}", Name: engine.NewID(), Input: c.input})
			if err != nil {
				t.Fatal(err)
			}
			out, err := run.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.failure != "" {
				if out.Status != interp.Failed || out.Error != c.failure || !strings.Contains(out.Cause, "nvalid input") && !strings.Contains(out.Cause, "nvalid task name") &&
					!strings.Contains(out.Cause, "value type for environment") && !strings.Contains(out.Cause, "must be {auth_url") {
					t.Fatalf("%s: %s: %s, want %s", out.Status, out.Error, out.Cause, c.failure)
				}
				return
			}
			var failure *step.Failure
			if out.Status != interp.Succeeded {
				failure = &step.Failure{Error: out.Error, Cause: out.Cause}
			}
			head, err := r.engine.Finish(t.Context(), run.Name(), failure)
			if err != nil {
				t.Fatal(err)
			}
			got := &store.Output{ID: head.ID}
			if err := r.records.Load(t.Context(), got); err != nil {
				t.Fatal(err)
			}
			if head.State != c.state || !value.Equal(got.Output.V, c.output) {
				t.Errorf("%s, output %s", head.State, value.MustEncode(got.Output.V))
			}
		})
	}
}

func load(t *testing.T, workflow string) (*Runner, *Program, string) {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	file, diags := dsl.Parse("wf.yaml", []byte(workflow), dsl.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	all, diags := compile.Files([]*dsl.File{file}, compile.Options{Registry: registry})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := New(Options{
		Table: memory.New(nil), Registry: registry, Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Load(t.Context(), Machines{all[0].Machine: all[0].Definition})
	if err != nil {
		t.Fatal(err)
	}
	return r, p, all[0].Machine
}
