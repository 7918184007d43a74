package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// call is one engine step under way.
type call struct {
	e    *Engine
	ev   *step.Event
	t    *step.Task
	head *store.Execution
	*started
	task    *store.Task     // this task execution; Version 0 = not stored yet
	act     *store.Action   // Run: its action execution
	acts    []*store.Action // Item: those of the chunk
	from    []*store.Task
	globals *store.Globals // nil in a workflow that publishes none
	in      *value.Map     // what was published on the way here
	vers    *value.Map     // how often, by leaf
	region  string         // where the action went
	began   time.Time      // when the step began
	pauses  bool           // it pauses the execution
	lasting bool           // something was changed outside: what is stored of it must not be lost
}

// open loads what the step needs. It always returns a call, if only to name an
// error.
func (e *Engine) open(ctx context.Context, ev *step.Event) (*call, error) {
	c := &call{e: e, ev: ev, t: ev.Task, began: e.now()}
	t := c.t
	if t.Execution == "" || t.Name == "" {
		return c, errors.New("engine: the task names no execution or has no name")
	}
	if t.ID == "" {
		t.ID = taskID(t)
	}
	c.head = &store.Execution{ID: t.Execution}
	c.task = &store.Task{ID: t.ID, Execution: t.Execution, Name: t.Name}
	records := []store.Record{c.head}
	if t.Op == step.Item {
		// Nothing of the task itself is needed, which saves a read for each item.
		for _, a := range c.itemActions() {
			records = append(records, a)
		}
	} else {
		records = append(records, c.task)
	}
	if t.Op == step.Run || t.Op == step.Settle {
		c.act = &store.Action{ID: derivedID(t.ID, strconv.Itoa(t.Round), "0"), Execution: t.Execution, Task: t.ID, Round: t.Round}
		records = append(records, c.act)
	}
	for _, id := range t.From {
		if known, ok := e.tasks.Get(id); ok {
			c.from = append(c.from, known)
			continue
		}
		f := &store.Task{ID: id, Execution: t.Execution}
		c.from = append(c.from, f)
		records = append(records, f)
	}
	if err := e.opts.Records.Load(ctx, records...); err != nil {
		return c, err
	}
	if c.head.Version == 0 {
		if t.Op == step.Settle && t.Error != nil {
			// There is nothing to settle it in: the failure is all there is.
			return c, &TaskError{Name: t.Error.Error, Message: message(t.Error)}
		}
		if t.Workflow == nil {
			return c, ExecutionUnknown{t.Execution}
		}
		if err := e.startDirectly(ctx, t); err != nil {
			return c, err
		}
		if err := e.opts.Records.Load(ctx, c.head); err != nil {
			return c, err
		}
	}
	var err error
	if c.started, err = e.loadStarted(ctx, t.Execution); err != nil {
		return c, err
	}
	if c.globals, err = e.loadGlobals(ctx, c.started); err != nil {
		return c, err
	}
	for _, f := range c.from {
		if f.Version == 0 {
			return c, ExecutionUnknown{t.Execution + ", task execution " + f.ID}
		}
		e.tasks.Add(f.ID, f)
	}
	c.inbound()
	return c, c.called()
}

// taskID is the id of the task execution that an event belongs to: the same
// event gives the same id.
func taskID(t *step.Task) string {
	parts := append([]string{"task", t.Execution, t.Name, strconv.Itoa(t.Nth)}, t.From...)
	return derivedID(parts...)
}

// recorded returns what this step came to when it was done before. A step that
// failed fails again, although its task is settled by now: what follows from
// that is the answer to the settling, and stands behind Catch.
func (c *call) recorded() (*step.Answer, error) {
	if c.task.Version == 0 || len(c.task.Answer) == 0 {
		return nil, nil
	}
	switch c.t.Op {
	case step.Item, step.Items, step.Child:
		return nil, nil
	case step.Prepare: // what comes next needs what was prepared
		if len(c.task.Prepared) > 0 {
			return nil, nil
		}
	}
	a := &step.Answer{}
	if err := json.Unmarshal(c.task.Answer, a); err != nil {
		return nil, err
	}
	switch {
	case a.State == Error && c.t.Op != step.Settle:
		return nil, &TaskError{Name: c.task.Error, Message: a.Info}
	case a.State != Error && c.t.Op == step.Settle && !c.t.Threads:
		return c.strayed(a), nil
	}
	return a, nil
}

// strayed is the answer to the settling of a failure although the task has ended
// well: a state machine that was resumed is behind its records, or the state
// failed after its function had stored the outcome. In the threads form what
// follows stands in the answer itself. Else a task that goes round is led to the
// round in which it ended well; one that does not has nothing but the way of
// its failure before it, and is settled anew (nil) unless it has ended all.
func (c *call) strayed(a *step.Answer) *step.Answer {
	if r := c.t.Retry; r != nil && r.Loop {
		again := c.answer(Running)
		again.From, again.Again, again.Round, again.Nth = append([]string{}, c.t.From...), true, c.task.Round, c.t.Nth
		return again
	}
	if c.head.Ended && c.head.EndedBy == c.task.ID {
		return a
	}
	c.e.results.Remove(c.task.ID)
	return nil
}

// skip reports whether the execution had ended when this task would have been
// started. What was started before still runs, as in Mistral: the tasks that it
// continues from then name it among those that follow.
func (c *call) skip() bool {
	if !c.head.Ended || c.task.Version > 0 || c.t.Op == step.Item {
		return false
	}
	if c.reverse() { // one of those that it continues from was the last, and started it
		started := slices.ContainsFunc(c.from, func(t *store.Task) bool { return slices.Contains(t.Next, c.t.Name) })
		return len(c.from) > 0 && !started
	}
	return slices.ContainsFunc(c.from, func(t *store.Task) bool { return !slices.Contains(t.Next, c.t.Name) })
}

func (c *call) answer(state string) *step.Answer {
	a := &step.Answer{
		From: []string{c.task.ID}, ID: c.task.ID, State: state, Region: c.region, Routes: []string{},
		Failed: len(c.head.Failed) > 0,
	}
	if c.head.Ended {
		a.Ended, a.Failed = c.head.State, c.head.State == Error
	}
	return a
}

// inbound merges what the tasks that this one continues from have published.
func (c *call) inbound() {
	tasks := slices.Clone(c.from)
	slices.SortStableFunc(tasks, func(a, b *store.Task) int { return c.order[a.Name] - c.order[b.Name] })
	c.in, c.vers = mergeContexts(tasks)
}

// data is `$` for this task. Mistral looks a name up in, first to last, the
// task itself, the environment, the published variables, the execution's own
// context (vars, openstack), and the input.
func (c *call) data(published *value.Map) *value.Map {
	return overlay(c.record.Input, shared(c.started, c.globals), published, c.currentNames())
}

// currentNames are the environment and the task itself.
func (c *call) currentNames() *value.Map {
	return value.MapOf("__env", c.envOrEmpty(), "__task_execution", value.MapOf("id", c.task.ID, "name", c.task.Name))
}

func (c *call) envOrEmpty() *value.Map {
	if c.env == nil {
		return value.NewMap(0)
	}
	return c.env
}

// eval evaluates all templates of v. part names it in an error.
func (c *call) eval(ctx context.Context, v any, part string, data *value.Map, h *host) (any, error) {
	out, err := expr.EvalTree(ctx, v, &expr.Scope{Data: data, Host: h})
	if err != nil {
		return nil, c.exprError(part, c.t.At, err)
	}
	return out, nil
}

func (c *call) exprError(part, at string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ExpressionError{Workflow: c.spec.Name, Task: c.t.Name, Action: c.ev.Action, Part: part, At: at, Doing: c.doing(part), Err: err}
}

func (c *call) observe(p Progress) {
	p.Execution, p.Task, p.ID = c.t.Execution, c.t.Name, c.task.ID
	c.e.opts.Observe(p)
}

// saving is the context to store with. What can be done again to the same end
// need not survive a loss of power by itself: a write that must takes along all
// that were made before it.
func (c *call) saving(ctx context.Context) context.Context {
	if c.lasting {
		return ctx
	}
	return store.WithDurability(ctx, store.Relaxed)
}
