package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// CallNotFound says that what a task calls was not found by the name that an
// expression gave, where Mistral takes that for a failure of the task:
// workflows, and actions of with-items. on-error is asked.
type CallNotFound struct{ Message string }

func (e CallNotFound) Error() string { return e.Message }

// preparedRecord is what a task's record keeps of [step.Prepared]: also what is
// too much for the state machine's data.
type preparedRecord struct {
	step.Prepared
	Spec  *step.Workflow `json:"spec,omitempty"`  // of the workflow that is called
	Round int            `json:"round,omitempty"` // of the task, for which the name was evaluated
}

// found reports whether what the task calls is known for this round of it.
func (c *call) found(p *preparedRecord) bool {
	return c.t.Call == nil || p.Round == c.t.Round && (p.Action != "" || p.Workflow != "")
}

// finds looks up what the task calls, where its name is an expression. The name
// is evaluated once for a round of the task, and all items call the same: the
// item's variable is not known to it, as in Mistral.
func (c *call) finds(ctx context.Context, p *preparedRecord) error {
	if c.found(p) {
		return nil
	}
	call := c.t.Call
	p.Round = c.t.Round
	v, err := c.eval(ctx, call.Name.V, "name", c.data(c.in), c.host(nil))
	if err == nil && c.t.Sub != "" {
		return c.findsWorkflow(call, expr.Str(v), p)
	}
	if err == nil {
		err = c.findsAction(call, v, p)
	}
	if err != nil && len(c.t.WithItems) > 0 && ctx.Err() == nil {
		return c.itemsName(err)
	}
	return err
}

// itemsName is an error in the name of a with-items task's action: there Mistral
// catches it.
func (c *call) itemsName(err error) error {
	var fault ExpressionError
	if errors.As(err, &fault) {
		return CallNotFound{fault.Err.Error()}
	}
	var unknown actions.ActionNotFound
	if errors.As(err, &unknown) {
		return CallNotFound{notFound("action", "action_name="+unknown.Name+", namespace=", unknown.Suggestions)}
	}
	return err
}

// findsAction finds an action or ad-hoc action: of the workflow's own workbook
// first. A name that comes to nothing is std.noop, as in Mistral.
func (c *call) findsAction(call *step.Call, v any, p *preparedRecord) error {
	name := "std.noop"
	if value.Truth(v) {
		name = expr.Str(v)
	}
	chain, ok := lookup(call.Actions, call.Book, name)
	if !ok {
		chain.Action = name
	}
	action, ok := c.e.opts.Registry.Lookup(chain.Action)
	if !ok {
		return actions.ActionNotFound{Name: name, Suggestions: c.suggest(call, name)}
	}
	p.Action, p.Service, p.Adhoc = action.Name, action.Service, append([]step.Adhoc{}, chain.Adhoc...)
	return nil
}

func (c *call) suggest(call *step.Call, name string) []string {
	if near := spell.Nearest(name, slices.Sorted(maps.Keys(call.Actions))); near != "" {
		return []string{near}
	}
	return c.e.opts.Registry.Suggest(name)
}

func (c *call) findsWorkflow(call *step.Call, name string, p *preparedRecord) error {
	spec, ok := lookup(call.Workflows, call.Book, name)
	if !ok {
		var near []string
		if s := spell.Nearest(name, slices.Sorted(maps.Keys(call.Workflows))); s != "" {
			near = []string{s}
		}
		return CallNotFound{notFound("workflow", "name="+name+"] [namespace=", near)}
	}
	p.Workflow, p.Spec = spec.Name, spec
	return nil
}

// notFound is Mistral's text, with what may be meant.
func notFound(what, which string, near []string) string {
	text := "Failed to find " + what + " [" + which + "]"
	if len(near) > 0 {
		text += ": did you mean " + near[0] + "?"
	}
	return text
}

// lookup finds a name as Mistral does: first in the same workbook, then as it is.
func lookup[T any](m map[string]T, book, name string) (T, bool) {
	if book != "" {
		if v, ok := m[book+"."+name]; ok {
			return v, true
		}
	}
	v, ok := m[name]
	return v, ok
}

// called fills in what an earlier state of the task has found.
func (c *call) called() error {
	p, err := c.prepared()
	if p == nil || err != nil {
		return err
	}
	if c.ev.Action == "" {
		c.ev.Action = p.Action
	}
	if c.ev.Adhoc == nil {
		c.ev.Adhoc = p.Adhoc
	}
	if p.Spec != nil && c.t.Chunk != nil {
		c.t.Sub, c.t.SubSpec = p.Workflow, p.Spec
	}
	return nil
}

// childNamed finds the workflow of a task without with-items, and stores which it
// is before its execution is made.
func (c *call) childNamed(ctx context.Context) (*preparedRecord, error) {
	if c.t.Call == nil || c.t.Chunk != nil {
		return nil, nil
	}
	p, err := c.preparedOr()
	if err != nil {
		return nil, err
	}
	if !c.found(p) && !c.settled() {
		if err := c.finds(ctx, p); err != nil {
			return nil, err
		}
		err := c.savePrepared(ctx, p)
		if isConflict(err) {
			p, err = c.earlierPrepared(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	c.t.Sub, c.t.SubSpec = p.Workflow, p.Spec
	return p, nil
}

// preparedOr is what is prepared of the task, or the beginning of it.
func (c *call) preparedOr() (*preparedRecord, error) {
	p, err := c.prepared()
	if p == nil && err == nil {
		p = &preparedRecord{Prepared: step.Prepared{Left: step.MaxSeconds}}
	}
	return p, err
}

// answered is what the definition gets of it. Its members are all there, because
// an expression of a definition must not come to nothing.
func (p *preparedRecord) answered() *step.Prepared {
	if p == nil {
		return nil
	}
	return &p.Prepared
}

func (p *preparedRecord) encode() (json.RawMessage, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("engine: what is prepared of a task can't be stored: %w", err)
	}
	return b, nil
}

// itemsNamed finds what the items of a with-items task call; without items the
// name is not evaluated. It is stored with the task.
func (c *call) itemsNamed(ctx context.Context, count int) (*preparedRecord, error) {
	if c.t.Call == nil {
		return nil, nil
	}
	p, err := c.preparedOr()
	if err != nil || count == 0 {
		return p, err
	}
	if err := c.finds(ctx, p); err != nil {
		return nil, err
	}
	c.task.Prepared, err = p.encode()
	return p, err
}

// beginItems stores that the task runs with so many items.
func (c *call) beginItems(ctx context.Context, n int, p *preparedRecord) (*preparedRecord, error) {
	c.begin()
	c.task.WithItems, c.task.Items, c.task.Round = true, n, c.t.Round
	err := c.e.opts.Records.Save(c.saving(ctx), c.task)
	if isConflict(err) {
		err = nil
		if len(c.task.Prepared) > 0 {
			p, err = c.earlierPrepared(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	c.observe(Progress{State: Running, Item: -1, Items: n})
	return p, nil
}
