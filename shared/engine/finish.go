package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Finish brings an execution whose state machine has ended into its record:
// state, state_info and output. It may be called any number of times. failure
// is how the state machine failed, if it did: that counts where no task's
// failure explains it.
func (e *Engine) Finish(ctx context.Context, id string, failure *step.Failure) (*store.Execution, error) {
	for {
		head, err := e.opts.Records.Execution(ctx, id)
		if err != nil || head.Finished || head.State == Paused && (failure == nil || failure.Error == taskFailed) {
			return head, err
		}
		s, err := e.loadStarted(ctx, id)
		if err != nil {
			return nil, err
		}
		tasks, err := e.opts.Records.Tasks(ctx, id)
		if err != nil {
			return nil, err
		}
		out, left, err := e.conclude(ctx, head, s, tasks, failure)
		if err != nil {
			return nil, err
		}
		head.Finished, head.UpdatedAt = true, e.now()
		records := append([]store.Record{head, out}, left...)
		err = e.opts.Records.Save(ctx, records...)
		if isConflict(err) {
			continue
		}
		return head, err
	}
}

// taskFailed is the error of a state machine that ended because a task failed.
// A paused execution stays paused then: what waits for its resume has not ended.
const taskFailed = "WorkflowFailed"

// conclude decides state and output. left are records of tasks that the state
// machine left behind.
func (e *Engine) conclude(ctx context.Context, head *store.Execution, s *started, tasks []*store.Task, failure *step.Failure) (
	out *store.Output, left []store.Record, err error) {
	if !head.Ended {
		if left, err = e.decideState(ctx, head, tasks, failure); err != nil {
			return nil, nil, err
		}
	}
	out = &store.Output{ID: head.ID}
	final := finalContext(s, tasks)
	if head.State == Success {
		v, err := e.output(ctx, head, s, s.spec.Output, final)
		if err == nil {
			out.Output.V = v
			return out, left, nil
		}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return nil, nil, err
		}
		info := ExpressionError{Workflow: s.spec.Name, Part: "output", At: s.spec.File, Err: err}.Error()
		head.State, head.StateInfo = Error, &info
	}
	v, err := e.output(ctx, head, s, s.spec.OutputOnError, final)
	if err != nil {
		info := fmt.Sprintf("Failed to evaluate expression in output-on-error! (output-on-error: '%s', exception: '%v' Cause: '%v'",
			expr.Str(s.spec.OutputOnError), err, text(head.StateInfo))
		head.StateInfo, v = &info, value.NewMap(0)
	}
	result := value.MapOf("result", text(head.StateInfo))
	for k, e := range v.All() {
		result.Set(k, e)
	}
	out.Output.V = result
	return out, left, nil
}

// decideState finds the state from the tasks: an error that nobody handled is
// the execution's.
func (e *Engine) decideState(ctx context.Context, head *store.Execution, tasks []*store.Task, failure *step.Failure) (
	left []store.Record, err error) {
	unhandled := false
	for _, t := range tasks {
		unhandled = unhandled || t.State == Error && !t.Handled
	}
	head.State = Success
	switch {
	case unhandled:
		info, err := e.failInfo(ctx, head, tasks)
		if err != nil {
			return nil, err
		}
		head.State, head.StateInfo = Error, &info
	case failure != nil:
		info := failure.Error
		if m := message(failure); m != "" && m != failure.Error {
			info += ": " + m
		}
		head.State, head.StateInfo = Error, &info
	}
	if failure == nil && !unhandled {
		return nil, nil
	}
	for _, t := range tasks {
		if t.State == Running {
			info := "the execution ended before the task did"
			t.State, t.StateInfo, t.FinishedAt = Error, &info, e.now()
			left = append(left, t)
		}
	}
	return left, nil
}

// failInfo is the state_info of an execution with failed tasks, in Mistral's
// words.
func (e *Engine) failInfo(ctx context.Context, head *store.Execution, tasks []*store.Task) (string, error) {
	s, err := e.loadStarted(ctx, head.ID)
	if err != nil {
		return "", err
	}
	var failed []*store.Task
	var names []string
	for _, t := range tasks {
		if info := s.task(t.Name); t.State == Error && (info == nil || !info.HandlesError || !t.Handled) {
			failed = append(failed, t)
		}
	}
	slices.SortStableFunc(failed, func(a, b *store.Task) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range failed {
		names = append(names, t.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Failure caused by error in tasks: %s\n", strings.Join(names, ", "))
	for _, t := range failed {
		fmt.Fprintf(&b, "\n  %s [task_ex_id=%s] -> %s\n", t.Name, t.ID, expr.Str(text(t.StateInfo)))
		acts, err := e.opts.Records.AllActions(ctx, t)
		if err != nil {
			return "", err
		}
		writeFailures(&b, t, acts)
	}
	return b.String(), nil
}

// writeFailures adds a line for each failed try of a task's actions.
func writeFailures(b *strings.Builder, t *store.Task, acts []*store.Action) {
	i := 0
	failure := func(output any) string {
		if t.DropResult {
			return "Unknown"
		}
		return expr.Str(output)
	}
	for _, a := range acts {
		for _, earlier := range a.Earlier {
			fmt.Fprintf(b, "    [action_ex_id=%s, idx=%d]: %s\n", earlier.ID, i, failure(earlier.Output.V))
			i++
		}
		switch {
		case a.State != Error || a.ErrorName == store.TimedOut:
		case a.Workflow != "":
			fmt.Fprintf(b, "    [wf_ex_id=%s, idx=%d]: %s\n", a.Workflow, i, cmp.Or(a.Info, "None"))
		default:
			fmt.Fprintf(b, "    [action_ex_id=%s, idx=%d]: %s\n", a.ID, i, failure(a.Output.V))
		}
		i++
	}
}

// finalContext merges the contexts of the tasks that led nowhere.
func finalContext(s *started, tasks []*store.Task) *value.Map {
	if s.reverse() {
		return reverseContext(s, tasks)
	}
	var ends []*store.Task
	for _, t := range tasks {
		if len(t.Next) == 0 && finished(t) {
			ends = append(ends, t)
		}
	}
	byID := map[string]*store.Task{}
	for _, t := range tasks {
		byID[t.ID] = t
	}
	slices.SortStableFunc(ends, func(a, b *store.Task) int { return byLineage(s.order, byID, a, b) })
	ctx, _ := mergeContexts(ends)
	return ctx
}

// byLineage sorts task executions as the definition has their tasks. Of several
// executions of one task the one comes last, and so counts, whose predecessors,
// the nearest first, are first in the definition: when they ended says nothing.
func byLineage(order map[string]int, byID map[string]*store.Task, a, b *store.Task) int {
	c := order[a.Name] - order[b.Name]
	for c == 0 && len(a.From) > 0 && len(b.From) > 0 {
		a, b = byID[a.From[0]], byID[b.From[0]]
		if a == b || a == nil || b == nil {
			return 0
		}
		c = order[b.Name] - order[a.Name]
	}
	return cmp.Or(c, len(b.From)-len(a.From))
}

// output evaluates an output clause; without one (or if it comes out empty) the
// output is what was published.
func (e *Engine) output(ctx context.Context, head *store.Execution, s *started, clause, final *value.Map) (*value.Map, error) {
	globals, err := e.loadGlobals(ctx, s)
	if err != nil {
		return nil, err
	}
	data := overlay(s.record.Input, shared(s, globals), value.MapOf("__env", orEmpty(s.env)), final)
	v, err := evalMap(ctx, clause, &expr.Scope{Data: data, Host: outputHost{e, head, s, globals}})
	if err != nil {
		return nil, err
	}
	if v.Len() == 0 {
		return final, nil
	}
	return v, nil
}
