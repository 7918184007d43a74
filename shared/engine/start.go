package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Target is where an execution's actions go unless they say otherwise. It holds
// no secret: credentials by reference or by the name of a cloud only.
type Target struct {
	Cloud     string `json:"cloud,omitempty"`
	AuthURL   string `json:"auth_url,omitempty"`
	Region    string `json:"region,omitempty"`
	Interface string `json:"interface,omitempty"`
	Ref       string `json:"ref,omitempty"` // of stored credentials
	// Trusted says that AuthURL comes from the operator's own configuration.
	Trusted bool `json:"trusted,omitempty"`
}

func (t Target) request() openstack.Request {
	return openstack.Request{
		Cloud: t.Cloud, AuthURL: t.AuthURL, Region: t.Region, Interface: t.Interface, Trusted: t.Trusted,
		Credentials: openstack.Credentials{Ref: t.Ref},
	}
}

// StartRequest is a new execution.
type StartRequest struct {
	ID          string // "" = a new one
	Workflow    *step.Workflow
	Description string
	Input       *value.Map // nil = {}
	// Env is nil for {}. It may hold expressions, evaluated once. Of a
	// sub-workflow it is its root's, as that execution has it.
	Env       *value.Map
	Task      string     // the task that a reverse workflow is to reach
	Params    *value.Map // further parameters, as Mistral names them; nil = {}
	Target    Target
	OpenStack openstack.Target // the target's names, for `$.openstack`

	// Embedded: the stored definitions that the execution runs, by their hash,
	// and the machine that it begins with.
	Program, Machine string

	// Of a sub-workflow.
	ParentTask, ParentExecution, Root string
	Index                             int // of with-items
}

// started is an execution's unchanging part, decoded.
type started struct {
	record *store.Start
	spec   *step.Workflow
	target Target
	env    *value.Map     // what expressions see
	own    *value.Map     // what the execution itself was given: actions' defaults
	goal   string         // the target of a reverse workflow
	order  map[string]int // task name to its place in the definition

	// parallel says that several tasks may run at the same time.
	parallel bool
}

// Start makes an execution's record: input checked and completed with the
// defaults, vars evaluated. Its error is [InvalidInput], [InvalidTask],
// [InvalidEnvironment] or [ExpressionError]
// where the workflow does not take what it was given. A request whose ID is
// stored already is the same request again and changes nothing.
func (e *Engine) Start(ctx context.Context, req StartRequest) (*store.Execution, error) {
	if req.ID == "" {
		req.ID = NewID()
	}
	record, err := e.startRecord(ctx, req)
	if err != nil {
		return nil, err
	}
	now := e.now()
	head := &store.Execution{
		ID: req.ID, Workflow: req.Workflow.Name, Description: req.Description, State: Running,
		Parent: req.ParentTask, ParentExec: req.ParentExecution, Root: req.Root,
		CreatedAt: now, UpdatedAt: now,
	}
	records := []store.Record{head, record}
	if req.Workflow.Threads {
		records = append(records, newGraph(req.Workflow, req.ID, record.Params))
	}
	err = e.opts.Records.Save(store.WithDurability(ctx, store.Relaxed), records...)
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) {
		return e.opts.Records.Execution(ctx, req.ID)
	}
	return head, err
}

func (e *Engine) now() time.Time { return e.opts.Now().UTC() }

func (e *Engine) startRecord(ctx context.Context, req StartRequest) (*store.Start, error) {
	spec := req.Workflow
	sub := req.ParentTask != ""
	given, extra := req.Input, (*value.Map)(nil)
	if sub {
		given, extra = undeclared(spec, given)
	}
	input, err := completeInput(spec, given)
	if err != nil {
		return nil, err
	}
	params, err := startParams(ctx, req, extra)
	if err != nil {
		return nil, err
	}
	env, inherited := params.Map(paramEnv), (*value.Map)(nil)
	if sub {
		env, inherited = orEmpty(req.Env), orEmpty(req.Env)
	}
	base := value.MapOf("__execution", value.MapOf("id", req.ID), "openstack", openstackNames(req.OpenStack))
	data := overlay(input, base, value.MapOf("__env", env))
	vars, err := evalMap(ctx, spec.Vars, &expr.Scope{Data: data, Host: varsHost{startHost{env: env}}})
	if err != nil {
		return nil, ExpressionError{Workflow: spec.Name, Part: "vars", At: spec.File, Err: err}
	}
	for k, v := range vars.All() {
		base.Set(k, v)
	}
	if _, err := targetTask(spec, params); err != nil {
		return nil, err
	}
	rawSpec, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	rawTarget, err := json.Marshal(req.Target)
	if err != nil {
		return nil, err
	}
	return &store.Start{
		ID: req.ID, Workflow: rawSpec, Input: input, Context: base, Target: rawTarget,
		Params: params, Env: inherited, Program: req.Program, Machine: req.Machine,
	}, nil
}

// completeInput checks a workflow's input and fills in the defaults, which are
// not evaluated.
func completeInput(spec *step.Workflow, given *value.Map) (*value.Map, error) {
	return checkInput(strings.TrimPrefix(spec.Name, spec.Book+"."), spec.Input, given, false)
}

// checkInput checks the input of a workflow or an ad-hoc action; lenient drops
// names that are not declared.
func checkInput(name string, declared []step.Input, given *value.Map, lenient bool) (*value.Map, error) {
	out := value.NewMap(len(declared))
	for k, v := range given.All() {
		out.Set(k, v)
	}
	var missing, unknown []string
	known := map[string]bool{}
	for _, p := range declared {
		known[p.Name] = true
		switch {
		case out.Has(p.Name):
		case p.Optional:
			out.Set(p.Name, p.Default.V)
		default:
			missing = append(missing, p.Name)
		}
	}
	for _, k := range out.Keys() {
		if !known[k] {
			unknown = append(unknown, k)
			out.Delete(k)
		}
	}
	var problems []string
	if len(missing) > 0 {
		problems = append(problems, "missing="+pythonList(missing))
	}
	if len(unknown) > 0 && !lenient {
		problems = append(problems, "unexpected="+pythonList(unknown))
	}
	if len(problems) > 0 {
		return nil, InvalidInput{name, strings.Join(problems, ", "), takes(declared)}
	}
	return out, nil
}

func takes(declared []step.Input) string {
	if len(declared) == 0 {
		return "it takes no input"
	}
	names := make([]string, len(declared))
	for i, p := range declared {
		names[i] = p.Name
	}
	return "it takes " + strings.Join(names, ", ")
}

func evalMap(ctx context.Context, m *value.Map, scope *expr.Scope) (*value.Map, error) {
	if m.Len() == 0 {
		return value.NewMap(0), nil
	}
	v, err := expr.EvalTree(ctx, m, scope)
	if err != nil {
		return nil, err
	}
	return v.(*value.Map), nil
}

// openstackNames is `$.openstack`: the target's names, never a secret.
func openstackNames(t openstack.Target) *value.Map {
	m, ok := value.Of(t).(*value.Map)
	if !ok {
		return value.NewMap(0)
	}
	return m
}

// overlay returns a new dictionary in which a later one's names win.
func overlay(maps ...*value.Map) *value.Map {
	n := 0
	for _, m := range maps {
		n += m.Len()
	}
	out := value.NewMap(n)
	for _, m := range maps {
		for k, v := range m.All() {
			out.Set(k, v)
		}
	}
	return out
}

// startHost answers what expressions may ask before there is an execution.
type startHost struct {
	expr.NoHost
	env *value.Map
}

func (h startHost) Env(context.Context) (any, error) { return h.env, nil }

// varsHost is the host of vars, which are there before any global.
type varsHost struct{ startHost }

// Global implements [expr.Host].
func (varsHost) Global(context.Context, string) (any, error) { return nil, nil }

// loadStarted returns an execution's unchanging part, from the cache or the
// store.
func (e *Engine) loadStarted(ctx context.Context, id string) (*started, error) {
	if s, ok := e.starts.Get(id); ok {
		return s, nil
	}
	record := &store.Start{ID: id}
	if err := e.opts.Records.Load(ctx, record); err != nil {
		return nil, err
	}
	if record.Version == 0 {
		return nil, ExecutionUnknown{id}
	}
	s := &started{record: record, spec: &step.Workflow{}, order: map[string]int{}}
	if err := json.Unmarshal(record.Workflow, s.spec); err != nil {
		return nil, fmt.Errorf("execution %s: %w", id, err)
	}
	if err := json.Unmarshal(record.Target, &s.target); err != nil {
		return nil, fmt.Errorf("execution %s: %w", id, err)
	}
	s.own = record.Params.Map(paramEnv)
	if s.env = record.Env; s.env == nil {
		s.env = s.own
	}
	var err error
	if s.goal, err = targetTask(s.spec, record.Params); err != nil {
		return nil, err
	}
	led := map[string]bool{}
	for i, t := range s.spec.Tasks {
		s.order[t.Name] = i
		s.parallel = s.parallel || len(t.To) > 1
		for _, to := range t.To {
			led[to] = true
		}
	}
	s.parallel = s.parallel || len(s.spec.Tasks)-len(led) > 1 // so has a reverse workflow, whose tasks lead nowhere
	e.starts.Add(id, s)
	return s, nil
}

func (s *started) task(name string) *step.TaskInfo {
	if i, ok := s.order[name]; ok {
		return &s.spec.Tasks[i]
	}
	return nil
}

// reservedInput is the member of a directly started state machine's input that
// says where the execution's actions go; it is not passed to the workflow.
const reservedInput = "openstack"

// startDirectly makes the record of an execution whose state machine was
// started without one: from the console, a schedule or an event. The state
// machine's input is the workflow's, but for members that the workflow does not
// declare: "openstack", {auth_url, region, interface, cloud, credentials: {ref}},
// and the parameters that have a meaning: env, evaluate_env, and in a reverse
// workflow task_name.
func (e *Engine) startDirectly(ctx context.Context, t *step.Task) error {
	req := StartRequest{ID: t.Execution, Workflow: t.Workflow, Input: overlay(t.Start), Params: value.NewMap(0)}
	_, extra := undeclared(t.Workflow, t.Start)
	for _, name := range []string{paramTask, paramEnv, paramEvaluate} {
		v, ok := extra.Get(name)
		if !ok || name == paramTask && t.Workflow.Type != step.Reverse {
			continue
		}
		req.Params.Set(name, v)
		req.Input.Delete(name)
	}
	if v, ok := extra.Get(reservedInput); ok {
		target, err := directTarget(v)
		if err != nil {
			return InvalidInput{Workflow: t.Workflow.Name, Message: err.Error()}
		}
		req.Target = target
		req.OpenStack = openstack.Target{AuthURL: target.AuthURL, Region: target.Region, Cloud: target.Cloud}
		req.Input.Delete(reservedInput)
	}
	_, err := e.Start(ctx, req)
	return err
}

func directTarget(v any) (Target, error) {
	var in struct {
		Target
		Credentials struct {
			Ref   string `json:"ref"`
			Cloud string `json:"cloud"`
		} `json:"credentials"`
	}
	dec := json.NewDecoder(strings.NewReader(string(value.MustEncode(v))))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return Target{}, fmt.Errorf("%q must be {auth_url, region, interface, cloud, credentials: {ref or cloud}}: %w",
			reservedInput, err)
	}
	in.Target.Trusted = false
	if in.Credentials.Ref != "" {
		in.Target.Ref = in.Credentials.Ref
	}
	if in.Credentials.Cloud != "" {
		in.Target.Cloud = in.Credentials.Cloud
	}
	return in.Target, nil
}
