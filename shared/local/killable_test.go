package local_test

import "strings"

// killable are workflows with a fork and its join, with-items, retries, waits,
// timeouts, sub-workflows, names that are expressions and a global variable, in
// both forms, a reverse one, and one that pauses. Of the actions
// nova.servers_create and nova.keypairs_create change something.
var killable = map[string]string{
	"structured": `
version: '2.0'
wf:` + killableRest,
	"threads": `
version: '2.0'
wf:
  task-defaults: {safe-rerun: false}` + strings.Replace(killableRest, "    begin: {", `    one: {action: std.noop, on-success: begin}
    two: {action: std.noop, on-success: begin}
    begin: {join: one, `, 1),
	"reverse": `
version: '2.0'
wf:
  type: reverse
  vars: {verb: create}
  output: {ids: <% $.ids %>, states: <% $.states %>, key: <% $.key %>, child: <% $.child %>, all: <% $.all %>}
  task-defaults: {requires: [begin]}
  tasks:
    begin: {action: std.echo output="begun", publish: {begun: <% task().result %>}}
    left:
      with-items: name in <% [a, b, c, d] %>
      concurrency: 2
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {ids: <% task().result.id %>}
    look:
      requires: [left]
      with-items: id in <% $.ids %>
      action: nova.servers_get server=<% $.id %>
      retry: {count: 9, delay: 1}
      publish: {states: <% task().result.status %>}
    right:
      workflow: child
      input: {name: e, task_name: make}
      wait-before: 2
      publish: {child: <% task().result %>}
    key:
      requires: [right]
      action: nova.keypairs_<%$.verb%>
      input: {name: key, public_key: k}
      wait-before: <% 2 %>
      retry: {count: 5, delay: 1}
      publish: {key: <% task().result.name %>}
    never: {action: nova.keypairs_create name="never" public_key="k"}
    joined:
      requires: [look, key]
      action: nova.servers_list
      publish: {all: <% task().result %>}
child:
  type: reverse
  input: [name]
  output: {got: <% $.got %>, begun: <% $.begun %>}
  tasks:
    ready: {action: std.echo output="ready", publish: {begun: <% task().result %>}}
    make:
      requires: ready
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {got: <% task().result.id %>}
    never: {action: nova.keypairs_create name="never" public_key="k", requires: make}
`,
	"pauses": `
version: '2.0'
wf:
  vars: {ild: ild}
  output: {ids: <% $.ids %>, key: <% $.key %>, child: <% $.child %>, all: <% $.all %>}
  tasks:
    begin: {action: std.echo output="begun", on-success: [left, right]}
    left:
      with-items: name in <% [a, b] %>
      pause-before: <% true %>
      wait-before: 1
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {ids: <% task().result.id %>}
      on-success: [joined]
    right:
      action: nova.keypairs_create name="key" public_key="k"
      retry: {count: 5, delay: 1}
      publish: {key: <% task().result.name %>}
      on-success: [pause, calls]
    calls:
      workflow: ch<%$.ild%>
      input: {name: e}
      publish: {child: <% task().result %>}
      on-success: [joined]
    joined:
      join: all
      action: nova.servers_list
      publish: {all: <% task().result %>}
child:
  input: [name]
  output: {got: <% $.got %>}
  tasks:
    ready: {action: std.noop, on-success: make}
    make:
      pause-before: true
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {got: <% task().result.id %>}
`,
}

const killableRest = `
  vars: {verb: nova.servers_create, ild: ild}
  output: {ids: <% $.ids %>, states: <% $.states %>, key: <% $.key %>, child: <% $.child %>, all: <% $.all %>, mended: <% $.mended %>, calls: <% $.calls %>, everywhere: <% global(everywhere) %>, named: <% $.named %>, late: <% $.late %>}
  tasks:
    begin: {action: std.echo output="begun", publish: {begun: <% task().result %>}, on-success: [left, right, wrong]}
    left:
      with-items: name in <% [a, b, c, d] %>
      concurrency: 2
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {ids: <% task().result.id %>}
      on-success: [look]
    look:
      with-items: id in <% $.ids %>
      action: nova.servers_get server=<% $.id %>
      retry: {count: 9, delay: 1}
      publish: {states: <% task().result.status %>}
      on-success: [joined]
    right:
      workflow: child
      input: {name: e}
      wait-before: 2
      publish: {child: <% task().result %>}
      on-success: [key]
    key:
      action: nova.keypairs_create name="key" public_key="k"
      retry: {count: 5, delay: 1}
      publish: {key: <% task().result.name %>}
      on-success: [named]
    named:
      action: <% $.verb %>
      input: {name: f, image: i, flavor: f}
      wait-before: <% 1 + 1 %>
      timeout: <% 1000 %>
      publish: {named: <% task().result.id %>}
      on-success: [each_named]
    each_named:
      with-items: name in <% [g, h] %>
      action: <% $.verb %>
      input: {name: <% $.name %>, image: i, flavor: f}
      publish: {named: '<% task().result.id + [$.named] %>'}
      on-success: [child_named]
    child_named:
      workflow: ch<%$.ild%>
      input: {name: i}
      publish: {named: '<% $.named + [task().result] %>'}
      on-success: [late]
    late:
      action: std.echo output="late"
      wait-after: 3
      timeout: 1
      publish-on-error: {late: <% task().result %>}
      on-error: [joined]
    wrong:
      action: std.fail
      on-success: [never]
      on-error: [wrongs]
    wrongs:
      with-items: i in <% range(3) %>
      action: std.fail
      on-success: [never]
      on-error: [mended]
    mended:
      action: std.echo output="mended"
      on-success:
        publish: {branch: {mended: <% task().result %>}, global: {everywhere: <% task().result %>}}
        next: [poll]
    poll:
      action: nova.servers_get server="poll"
      retry: {count: 3, delay: 1, break-on: <% false %>}
      on-success: [calls]
    calls:
      with-items: n in <% range(2) %>
      workflow: flaky
      input: {n: <% $.n %>}
      retry: {count: 3, delay: 1}
      publish: {calls: <% task().result %>}
      on-success: [joined]
    never: {action: nova.keypairs_create name="never" public_key="k"}
    joined:
      join: all
      action: nova.servers_list
      publish: {all: <% task().result %>}
flaky:
  input: [n]
  output: {got: <% $.got %>}
  tasks:
    look:
      action: nova.servers_get server=<% str($.n) %>
      publish: {got: <% task().result %>}
child:
  input: [name]
  output: {got: <% $.got %>, begun: <% $.begun %>}
  tasks:
    ready: {action: std.echo output="ready", publish: {begun: <% task().result %>}, on-success: make}
    make:
      action: nova.servers_create name=<% $.name %> image="i" flavor="f"
      publish: {got: <% task().result.id %>}
`
