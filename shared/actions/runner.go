package actions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Runner performs actions. It is safe for concurrent use.
type Runner struct {
	registry *Registry
	manager  *openstack.Manager
	options  RunnerOptions
	versions versionCache
}

// Std is what std actions are performed with that not every function is to
// link. Without it those actions fail.
type Std struct {
	// Script runs the scripts of std.javascript with $ as their context.
	Script func(ctx context.Context, script string, context any) (any, error)
	// Email sends the mails of std.email.
	Email func(ctx context.Context, dial Dial, m Email) error
	// SSH runs the commands of std.ssh and std.ssh_proxied.
	SSH func(ctx context.Context, dial Dial, c SSHCommand) (SSHResult, error)
}

// RunnerOptions are what a runner may be given; the zero value works.
type RunnerOptions struct {
	Std

	// Sleep waits, or returns the context's error. The default uses a timer.
	Sleep func(ctx context.Context, d time.Duration) error

	// MaxResponse bounds the body that std.http keeps, in bytes. The default is
	// 64 MiB.
	MaxResponse int64

	// MaxList bounds the answers of one list together, in bytes. The default is
	// 256 MiB, which is also the largest result that the store keeps.
	MaxList int64
}

// NewRunner returns a runner of the registry's actions. The manager may be nil
// if only std actions without HTTP are run.
func NewRunner(registry *Registry, manager *openstack.Manager, options RunnerOptions) *Runner {
	if options.Sleep == nil {
		options.Sleep = sleep
	}
	if options.MaxResponse == 0 {
		options.MaxResponse = 64 << 20
	}
	if options.MaxList == 0 {
		options.MaxList = 256 << 20
	}
	return &Runner{registry: registry, manager: manager, options: options}
}

// Registry returns the catalog that the runner performs.
func (r *Runner) Registry() *Registry { return r.registry }

// Call asks for one action.
type Call struct {
	Action string
	Input  *value.Map        // the arguments, target parameters among them
	Target openstack.Request // where to go, as far as the input does not say so
	// Microversion, such as "2.60", is spoken instead of the table's or an older
	// endpoint's newest; the input's goes first.
	Microversion string
	Context      ExecContext
}

// ExecContext says which execution a call belongs to, for std.mistral_http. All
// may be empty.
type ExecContext struct {
	WorkflowName string
	ExecutionID  string // the workflow execution
	TaskID       string // the task execution
	ActionID     string // the action execution
	CallbackURL  string
}

// Outcome is what an action gave.
type Outcome struct {
	Result any              // package value data
	Target openstack.Target // where it went; zero for std actions
}

// Run performs a call. Its errors are [ActionNotFound] and [InvalidInput],
// before any request; those of package openstack; [ActionFailed]; and the
// context's. None holds a secret.
func (r *Runner) Run(ctx context.Context, c Call) (Outcome, error) {
	a, err := r.registry.Find(c.Action)
	if err != nil {
		return Outcome{}, err
	}
	if err := a.CheckValues(c.Input); err != nil {
		return Outcome{}, err
	}
	inv := &invocation{runner: r, action: a, call: c, target: r.target(a, c)}
	inv.args = a.bind(c.Input)
	if err := inv.pin(); err != nil {
		return Outcome{}, err
	}
	perform := inv.perform
	if a.spec.hook != nil {
		perform = func(ctx context.Context) (any, error) { return a.spec.hook(ctx, inv) }
	}
	result, err := perform(ctx)
	if err != nil {
		return Outcome{Target: inv.reached()}, inv.typed(err)
	}
	return Outcome{Result: result, Target: inv.went}, nil
}

// bind gives each parameter its argument or default. What the catch-all takes
// is a dictionary under its name.
func (a *Action) bind(input *value.Map) arguments {
	args := make(arguments, len(a.Params)+1)
	for _, p := range a.Params {
		args[p.Name] = p.Default
	}
	extra := value.NewMap(0)
	for k, v := range input.All() {
		if _, own := a.Param(k); own {
			args[k] = v
		} else if !a.IsTargetParam(k) {
			extra.Set(k, v)
			args[a.spec.varkw+"."+k] = v
		}
	}
	if a.spec.varkw != "" {
		args[a.spec.varkw] = extra
	}
	return args
}

// target is the call's target with what the input says of it.
func (r *Runner) target(a *Action, c Call) openstack.Request {
	t := c.Target
	get := func(name string) string {
		v, _ := c.Input.Get(name)
		s, _ := v.(string)
		if !a.IsTargetParam(name) {
			return ""
		}
		return s
	}
	region := get("action_region")
	if region == "" {
		region = get("region")
	}
	setString(&t.Region, region)
	setString(&t.Interface, get("interface"))
	if cloud := get("cloud"); cloud != "" && cloud != t.Cloud {
		// Another cloud: nothing of how to log in to this one belongs there.
		t = openstack.Request{Cloud: cloud, Region: region, Interface: t.Interface}
	}
	if url := get("auth_url"); url != "" && url != t.AuthURL {
		switch {
		case get("cloud") != "": // the URL must be that cloud's
		case r.manager == nil || !r.manager.At(t, url):
			t = openstack.Request{Region: region, Interface: t.Interface} // another cloud, as above
		case t.AuthURL != "":
			return t // the same one, otherwise spelt
		}
		// A URL out of a workflow is not the operator's word.
		t.AuthURL, t.Trusted = url, false
	}
	return t
}

// reached is where a failed action went, or, if it never came so far, where it
// was to go. An action that goes to no cloud has no target.
func (inv *invocation) reached() openstack.Target {
	t, none := inv.went, openstack.Target{}
	if t == none && inv.action.IsOpenStack() {
		t = openstack.Target{Cloud: inv.target.Cloud, AuthURL: inv.target.AuthURL, Region: inv.target.Region, Interface: inv.target.Interface}
	}
	return t
}

// invocation is one running call.
type invocation struct {
	runner   *Runner
	action   *Action
	call     Call
	args     arguments
	target   openstack.Request
	pinned   string // the microversion that the caller asks for; empty: the table's
	went     openstack.Target
	session  *openstack.Session
	answered openstack.Detail              // which request the last answer was to
	pages    int                           // of lists so far
	listed   int64                         // bytes of those pages
	services map[string]*openstack.Service // by type, once resolved
	known    bool                          // a hook has what the table takes of an answer
}

// request is one HTTP request to a service.
type request struct {
	Method       string
	Path         string // relative to the service's endpoint
	Query        url.Values
	Header       http.Header
	Body         any // package value data or []byte; nil for none
	Microversion string
	Pinned       bool  // the microversion is the caller's word and not to be lowered
	FromRoot     bool  // the path is below the service's root, before any version
	Once         bool  // sent again only where it surely did not arrive
	Anonymous    bool  // without a token
	MaxBody      int64 // bounds the answer instead of the configured limit; 0 for that
}

// perform carries out what the table says.
func (inv *invocation) perform(ctx context.Context) (any, error) {
	c := inv.action.spec.choose(inv.args)
	switch {
	case c.refuse != "":
		return nil, InvalidInput{Action: inv.action.Name, Message: c.refuse}
	case c.nothing:
		return nil, nil
	case c.each != "":
		return nil, inv.forEach(ctx, c)
	}
	if c.before != nil && !inv.known {
		answer, err := inv.get(ctx, c, c.before)
		if err != nil {
			return nil, err
		}
		inv.remember(answer)
	}
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	return inv.exchange(ctx, c, req)
}

// forEach sends a call's request once for each item of a list.
func (inv *invocation) forEach(ctx context.Context, c *call) error {
	list, ok := inv.args[c.each].([]any)
	if !ok {
		list = []any{inv.args[c.each]}
	}
	requests := make([]request, len(list))
	for i, item := range list { // all are built before any is sent
		inv.args["@item"] = item
		var err error
		if requests[i], err = inv.build(c); err != nil {
			return err
		}
	}
	for _, req := range requests {
		if _, err := inv.send(ctx, c.serviceType, req); err != nil {
			return err
		}
	}
	return nil
}

// exchange sends a call's request and makes its result.
func (inv *invocation) exchange(ctx context.Context, c *call, req request) (any, error) {
	if c.page != "" {
		result, err := inv.list(ctx, c, req)
		if err == nil && c.then != nil {
			result, err = inv.completeEach(ctx, c, result)
		}
		return dropField(result, c.drop), err
	}
	answer, err := inv.send(ctx, c.serviceType, req)
	var notFound openstack.NotFound
	if c.result == resultFound && errors.As(err, &notFound) {
		return false, nil
	}
	if err != nil {
		return nil, err
	}
	body, err := c.decode(answer)
	if err != nil {
		return nil, err
	}
	result, err := unwrap(c.result, body)
	if err != nil {
		return nil, inv.badAnswer(err)
	}
	if c.then != nil {
		result = inv.complete(ctx, c, result)
	}
	return dropField(result, c.drop), nil
}

// complete asks for the rest of a resource that a change answered with. The
// change is done, so a failure here doesn't undo its result: it stays as it is.
func (inv *invocation) complete(ctx context.Context, c *call, first any) any {
	if _, ok := first.(*value.Map); !ok {
		return first
	}
	if !inv.known {
		inv.remember(first)
	}
	more, err := inv.get(ctx, c, c.then)
	if err != nil {
		return first
	}
	return merge(first, more)
}

// completeEach asks for the rest of each resource of a list. One that is gone
// meanwhile, or has no id, stays as it was listed.
func (inv *invocation) completeEach(ctx context.Context, c *call, listed any) (any, error) {
	list, _ := listed.([]any)
	for i, item := range list {
		m, _ := item.(*value.Map)
		if !m.Has("id") {
			continue
		}
		more, err := inv.follow(ctx, c, m)
		if errors.As(err, new(openstack.NotFound)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list[i] = merge(m, more)
	}
	return listed, nil
}

// follow sends the GET after a call for one resource of its answer.
func (inv *invocation) follow(ctx context.Context, c *call, m *value.Map) (any, error) {
	args := inv.args
	defer func() { inv.args = args }()
	inv.args = maps.Clone(args)
	inv.remember(m)
	return inv.get(ctx, c, c.then)
}

// get sends the GET before or after a call.
func (inv *invocation) get(ctx context.Context, c *call, f *follow) (any, error) {
	path, err := expandPath(f.path, inv.args)
	if err != nil {
		return nil, err
	}
	body, err := inv.sendJSON(ctx, c.serviceType, request{
		Method: http.MethodGet, Path: path, Microversion: c.microversion, FromRoot: c.root,
	})
	if err != nil {
		return nil, err
	}
	result, err := unwrap(f.result, body)
	if err != nil {
		return nil, inv.badAnswer(err)
	}
	return result, nil
}

// remember makes the fields of an answer arguments.
func (inv *invocation) remember(answer any) {
	m, _ := answer.(*value.Map)
	for k, v := range m.All() {
		inv.args["@"+k] = v
	}
}

// build makes the request of a call.
func (inv *invocation) build(c *call) (request, error) {
	req := request{Microversion: c.microversion, FromRoot: c.root, Once: c.once}
	var err error
	if req.Method, err = verb(c.method, inv.args); err != nil {
		return req, err
	}
	if pinned, ok := inv.args[c.pin].(string); ok {
		if !isVersion(pinned) && pinned != "latest" {
			return req, badArgument{c.pin, fmt.Sprintf("must be text such as %q, not %q", c.microversion, pinned)}
		}
		req.Microversion, req.Pinned = pinned, true
	}
	if c.query != nil {
		if req.Query, err = expandQuery(c.query, inv.args, c.listText); err != nil {
			return req, err
		}
	}
	inv.args["@query"] = len(req.Query) > 0
	if req.Path, err = expandPath(c.path, inv.args); err != nil {
		return req, err
	}
	if c.headers != nil {
		v, _, err := c.headers.eval(inv.args)
		if err != nil {
			return req, err
		}
		req.Header = http.Header{}
		headers, _ := v.(*value.Map)
		for k, h := range headers.All() {
			req.Header.Set(k, pythonStr(h))
		}
	}
	if c.body != nil {
		v, ok, err := c.body.eval(inv.args)
		if err != nil {
			return req, err
		}
		if ok {
			req.Body = v
		}
	}
	return req, nil
}

// verb is a request's method, or what the argument {name} says.
func verb(method string, args arguments) (string, error) {
	name, ok := strings.CutPrefix(method, "{")
	if !ok {
		return method, nil
	}
	name = strings.TrimSuffix(name, "}")
	s, _ := args[name].(string)
	if !httpguts.ValidHeaderFieldName(s) { // a token, as a method is
		return "", badArgument{name, "must be a method of HTTP such as PATCH, not " + pythonRepr(args[name])}
	}
	return strings.ToUpper(s), nil
}

// expandQuery makes a query: each value as Python's str, a list as one
// parameter for each of its items (and a dictionary for each of its keys, as
// Python goes through them) unless it is to go as text, too. The filter items
// makes parameters of a list's items in any case.
func expandQuery(n node, args arguments, listText bool) (url.Values, error) {
	v, _, err := n.eval(args)
	if err != nil {
		return nil, err
	}
	m, _ := v.(*value.Map)
	query := url.Values{}
	for k, e := range m.All() {
		switch e := e.(type) {
		case many:
			for _, item := range e {
				query.Add(k, pythonStr(item))
			}
			continue
		case []any:
			if !listText {
				for _, item := range e {
					query.Add(k, pythonStr(item))
				}
				continue
			}
		case *value.Map:
			if !listText {
				query[k] = append(query[k], e.Keys()...)
				continue
			}
		}
		query.Set(k, pythonStr(e))
	}
	return query, nil
}

// sendJSON sends a request and decodes the answer.
func (inv *invocation) sendJSON(ctx context.Context, serviceType string, req request) (any, error) {
	answer, err := inv.send(ctx, serviceType, req)
	if err != nil {
		return nil, err
	}
	return answer.Value()
}

// encodeBody makes the bytes of a request's body.
func encodeBody(v any) ([]byte, error) {
	if raw, ok := v.([]byte); ok {
		return raw, nil
	}
	return value.Encode(v)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
