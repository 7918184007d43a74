package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// A paused execution starts no further task. Those that run come to their end,
// and what would follow them is kept in the graph (park); joins that something
// had led to before may still start, as in Mistral. The state machine then ends,
// and the record stays PAUSED. Only the threads form can pause: it can begin
// anywhere.

// park keeps the routes that a paused execution does not take yet.
func park(g *store.Graph, from string, hits []hit) {
	for _, h := range hits {
		g.Parked = append(g.Parked, store.Parked{From: from, To: h.To, Command: h.Command, Message: h.message})
	}
}

// pauseAll pauses, along with this execution, all others of its tree: what
// called it as a sub-workflow, and what these have called.
func (c *call) pauseAll(ctx context.Context) error {
	root := c.head.Root
	if root == "" {
		root = c.head.ID
	}
	_, err := c.e.pauseTree(ctx, root)
	return err
}

// pauseTree pauses an execution and its sub-workflows, and reports whether it is
// paused now: one that has ended is not.
func (e *Engine) pauseTree(ctx context.Context, id string) (bool, error) {
	head, err := e.pauseHead(ctx, id)
	if err != nil || head.State != Paused {
		return false, err
	}
	tasks, err := e.opts.Records.Tasks(ctx, id)
	if err != nil {
		return false, err
	}
	for _, t := range tasks {
		if t.Type != "WORKFLOW" || t.State != Running {
			continue
		}
		if err := e.pauseSubs(ctx, t); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (e *Engine) pauseHead(ctx context.Context, id string) (*store.Execution, error) {
	for {
		head, err := e.opts.Records.Execution(ctx, id)
		if err != nil || head.Finished || head.Ended || head.State != Running {
			return head, err
		}
		head.State, head.UpdatedAt = Paused, e.now()
		if err := e.opts.Records.Save(ctx, head); !isConflict(err) {
			return head, err
		}
	}
}

// pauseSubs pauses the sub-workflows of a task, and with one of them the task.
func (e *Engine) pauseSubs(ctx context.Context, t *store.Task) error {
	acts, err := e.opts.Records.Actions(ctx, t)
	if err != nil {
		return err
	}
	paused := false
	for _, a := range acts {
		if a.Workflow == "" || a.State != Running {
			continue
		}
		sub, err := e.pauseTree(ctx, a.Workflow)
		if errors.Is(err, store.ErrNoExecution) {
			continue // it is about to be started
		}
		if err != nil {
			return err
		}
		paused = paused || sub
	}
	if !paused {
		return nil
	}
	t.State = Paused
	if err := e.opts.Records.Save(ctx, t); !isConflict(err) {
		return err
	}
	return nil // it goes on by itself, and will find its sub-workflow paused
}

// pauseBefore evaluates the policy of that name, which must be a truth value.
func (c *call) pauseBefore(ctx context.Context, template any, h *host) (bool, error) {
	if template == nil {
		return false, nil
	}
	v, err := c.eval(ctx, template, "pause-before", c.data(c.in), h)
	if err != nil {
		return false, err
	}
	pause, ok := v.(bool)
	if !ok {
		return false, c.exprError("pause-before", c.t.At,
			fmt.Errorf("Invalid data type in PauseBeforePolicy: %s is not of type 'boolean'", expr.Repr(v)))
	}
	return pause, nil
}

// pauseHere pauses the execution before a task that is IDLE until it goes on.
func (c *call) pauseHere(ctx context.Context) error {
	head, err := c.e.pauseHead(ctx, c.head.ID)
	if err != nil {
		return err
	}
	c.head = head
	c.observe(Progress{State: Idle, Item: -1})
	return c.pauseAll(ctx)
}

// wait answers for a task whose sub-workflow is paused: its thread ends here.
func (c *call) wait(ctx context.Context) (*step.Answer, error) {
	if c.task.State != Paused {
		c.task.State = Paused
		if err := c.e.opts.Records.Save(c.saving(ctx), c.task); err != nil && !isConflict(err) {
			return nil, err
		}
	}
	return c.answer(Paused), nil
}
