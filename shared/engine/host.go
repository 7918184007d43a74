package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// host answers Mistral's functions for one task: env(), execution(), task() and
// so on. now is the outcome that the task is being settled with, if it is.
type host struct {
	c   *call
	now *outcome
}

var _ expr.Host = (*host)(nil)

func (c *call) host(now *outcome) *host { return &host{c, now} }

// Env implements [expr.Host].
func (h *host) Env(context.Context) (any, error) { return h.c.envOrEmpty(), nil }

// Execution implements [expr.Host].
func (h *host) Execution(context.Context) (any, error) {
	return executionView(h.c.head, h.c.started), nil
}

// Global implements [expr.Host]: variables of the execution itself.
func (h *host) Global(_ context.Context, name string) (any, error) {
	if name == "openstack" || name == "__execution" {
		return nil, nil
	}
	v, _ := shared(h.c.started, h.c.globals).Get(name)
	return v, nil
}

// Task implements [expr.Host].
func (h *host) Task(ctx context.Context, name string) (any, error) {
	if name == "" || name == h.c.t.Name {
		if h.now == nil && name != "" && h.c.task.Version == 0 {
			return h.c.e.taskNamed(ctx, h.c.started, h.c.t.Execution, name)
		}
		return h.current(), nil
	}
	for _, t := range h.c.from {
		if t.Name == name && !h.c.spec.Threads {
			return h.c.e.taskView(ctx, t, true)
		}
	}
	return h.c.e.taskNamed(ctx, h.c.started, h.c.t.Execution, name)
}

// current is the task that is under way: its record is not stored yet.
func (h *host) current() any {
	t := *h.c.task
	var result any = []any{} // of no action yet, as in Mistral
	if h.now != nil {
		t.State, t.StateInfo, result = h.now.state, h.now.info, h.now.result
	} else if t.State == "" {
		t.State = Running
	}
	return taskFields(&t, result)
}

// Tasks implements [expr.Host].
func (h *host) Tasks(ctx context.Context, f expr.TaskFilter) (any, error) {
	id := f.WorkflowExecutionID
	list, err := h.c.e.tasksView(ctx, f)
	if err != nil || id != "" && id != h.c.t.Execution || h.c.task.Version > 0 {
		return list, err
	}
	current := h.current().(*value.Map) // it is not stored yet
	if state, _ := current.Get("state"); f.State == "" || f.State == state {
		list = append(list, current)
	}
	return list, nil
}

// Executions implements [expr.Host].
func (h *host) Executions(ctx context.Context, f expr.ExecutionFilter) (any, error) {
	return h.c.e.executionsView(ctx, f)
}

// tasksView gives the tasks of an execution, or of all, as in Mistral, where the
// filter names none.
func (e *Engine) tasksView(ctx context.Context, f expr.TaskFilter) ([]any, error) {
	if f.WorkflowExecutionID != "" {
		return e.tasksOf(ctx, f.WorkflowExecutionID, f)
	}
	heads, err := e.allExecutions(ctx)
	if err != nil {
		return nil, err
	}
	f.Recursive = false // they are all there
	out := []any{}
	for _, head := range heads {
		list, err := e.tasksOf(ctx, head.ID, f)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// tasksOf gives the tasks of one execution, behind them those of its
// sub-workflows if they are asked for.
func (e *Engine) tasksOf(ctx context.Context, execution string, f expr.TaskFilter) ([]any, error) {
	tasks, err := e.opts.Records.Tasks(ctx, execution)
	if err != nil {
		return nil, err
	}
	out, below := []any{}, []any{}
	for _, t := range tasks {
		var subs []*store.Execution
		if t.Type == "WORKFLOW" && (f.Recursive || f.Flat) {
			if subs, err = e.subExecutions(ctx, t); err != nil {
				return nil, err
			}
		}
		if shows(t, subs, f) {
			view, err := e.taskView(ctx, t, true)
			if err != nil {
				return nil, err
			}
			out = append(out, view)
		}
		for _, sub := range subs {
			if !f.Recursive {
				break
			}
			list, err := e.tasksOf(ctx, sub.ID, f)
			if err != nil {
				return nil, err
			}
			below = append(below, list...)
		}
	}
	return append(out, below...), nil
}

// shows reports whether a task with these sub-workflows passes the filter.
func shows(t *store.Task, subs []*store.Execution, f expr.TaskFilter) bool {
	hidden := f.Flat && slices.ContainsFunc(subs, func(x *store.Execution) bool { return x.State == t.State })
	return (f.State == "" || t.State == f.State) && !hidden
}

// subExecutions are the executions that a task started, with all its attempts.
func (e *Engine) subExecutions(ctx context.Context, t *store.Task) ([]*store.Execution, error) {
	acts, err := e.opts.Records.AllActions(ctx, t)
	if err != nil {
		return nil, err
	}
	var out []*store.Execution
	for _, a := range acts {
		if a.Workflow == "" {
			continue
		}
		head, err := e.opts.Records.Execution(ctx, a.Workflow)
		if err != nil {
			return nil, err
		}
		out = append(out, head)
	}
	return out, nil
}

func (e *Engine) executionsView(ctx context.Context, f expr.ExecutionFilter) (any, error) {
	heads, err := e.allExecutions(ctx)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, head := range heads {
		if !matches(head, f) {
			continue
		}
		s, err := e.loadStarted(ctx, head.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, foundView(head, s))
	}
	return out, nil
}

// allExecutions are those in the store, the oldest first.
func (e *Engine) allExecutions(ctx context.Context) ([]*store.Execution, error) {
	var out []*store.Execution
	for cursor := ""; ; {
		heads, next, err := e.opts.Records.Executions(ctx, 0, cursor)
		if err != nil {
			return nil, err
		}
		out = append(out, heads...)
		if next == "" {
			slices.Reverse(out) // the index gives the latest first
			return out, nil
		}
		cursor = next
	}
}

func matches(x *store.Execution, f expr.ExecutionFilter) bool {
	created := mistralTime(x.CreatedAt)
	return (f.ID == "" || x.ID == f.ID) &&
		(f.RootExecutionID == "" || x.Root == f.RootExecutionID) &&
		(f.State == "" || x.State == f.State) &&
		(f.FromTime == "" || created >= f.FromTime) &&
		(f.ToTime == "" || created < f.ToTime)
}

// foundView is an execution as executions() gives it.
func foundView(x *store.Execution, s *started) *value.Map {
	view := executionView(x, s)
	view.Set("workflow_name", x.Workflow)
	view.Set("state", x.State)
	view.Set("state_info", text(x.StateInfo))
	view.Set("description", x.Description)
	var parent any
	if x.Parent != "" {
		parent = x.Parent
	}
	view.Set("task_execution_id", parent)
	return view
}

func executionView(x *store.Execution, s *started) *value.Map {
	var root any
	if x.Root != "" {
		root = x.Root
	}
	return value.MapOf(
		"id", x.ID, "name", x.Workflow, "spec", value.MapOf("name", s.spec.Name, "version", "2.0"),
		"input", s.record.Input, "params", s.record.Params,
		"created_at", mistralTime(x.CreatedAt), "updated_at", mistralTime(x.UpdatedAt),
		"root_execution_id", root)
}

// taskNamed finds the latest task execution of that name; nil if there is none.
func (e *Engine) taskNamed(ctx context.Context, s *started, execution, name string) (any, error) {
	key := execution + "/" + name
	if id, ok := e.names.Get(key); ok {
		if t, ok := e.tasks.Get(id); ok {
			return e.taskView(ctx, t, true)
		}
	}
	tasks, err := e.opts.Records.Tasks(ctx, execution)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(tasks) {
		if t.Name != name {
			continue
		}
		if finished(t) && !s.spec.Threads { // there a task runs once, so this one stays the latest
			e.tasks.Add(t.ID, t)
			e.names.Add(key, t.ID)
		}
		return e.taskView(ctx, t, true)
	}
	return nil, nil
}

func finished(t *store.Task) bool { return t.State == Success || t.State == Error }

// taskView is a task execution as an expression sees it.
func (e *Engine) taskView(ctx context.Context, t *store.Task, withResult bool) (*value.Map, error) {
	var result any
	if withResult && finished(t) {
		var err error
		if result, err = e.resultOf(ctx, t); err != nil {
			return nil, err
		}
	}
	return taskFields(t, result), nil
}

func taskFields(t *store.Task, result any) *value.Map {
	return value.MapOf(
		"id", t.ID, "name", t.Name, "spec", value.MapOf("name", t.Name, "version", "2.0"),
		"state", t.State, "state_info", text(t.StateInfo), "result", result,
		"published", t.PublishedValue(), "type", t.Type,
		"workflow_execution_id", t.Execution,
		"created_at", mistralTime(t.CreatedAt), "updated_at", mistralTime(cmp.Or(t.FinishedAt, t.StartedAt, t.CreatedAt)))
}

// resultOf loads a finished task's result: the list of a with-items task, else
// what its one action gave.
func (e *Engine) resultOf(ctx context.Context, t *store.Task) (any, error) {
	if v, ok := e.results.Get(t.ID); ok {
		return v, nil
	}
	v, err := e.opts.Records.TaskResult(ctx, t)
	if err != nil {
		return nil, err
	}
	e.results.Add(t.ID, v)
	return v, nil
}

func mistralTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

var errNoTask = errors.New("there is no current task here")

// outputHost is the host of a workflow's output: there is no current task.
type outputHost struct {
	e       *Engine
	head    *store.Execution
	s       *started
	globals *store.Globals
}

var _ expr.Host = outputHost{}

// Env implements [expr.Host].
func (h outputHost) Env(context.Context) (any, error) { return orEmpty(h.s.env), nil }

// Execution implements [expr.Host].
func (h outputHost) Execution(context.Context) (any, error) { return executionView(h.head, h.s), nil }

// Global implements [expr.Host].
func (h outputHost) Global(_ context.Context, name string) (any, error) {
	v, _ := shared(h.s, h.globals).Get(name)
	return v, nil
}

// Task implements [expr.Host].
func (h outputHost) Task(ctx context.Context, name string) (any, error) {
	if name == "" {
		return nil, errNoTask
	}
	return h.e.taskNamed(ctx, h.s, h.head.ID, name)
}

// Tasks implements [expr.Host].
func (h outputHost) Tasks(ctx context.Context, f expr.TaskFilter) (any, error) {
	return h.e.tasksView(ctx, f)
}

// Executions implements [expr.Host].
func (h outputHost) Executions(ctx context.Context, f expr.ExecutionFilter) (any, error) {
	return h.e.executionsView(ctx, f)
}
