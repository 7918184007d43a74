package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Resume lets a paused execution go on: it is RUNNING again, and [Engine.StartOf]
// says what its state machine is to be started with. An execution that is not
// paused stays as it is. Sub-workflows go on when the tasks that call them do.
func (e *Engine) Resume(ctx context.Context, id string) (*store.Execution, error) {
	for {
		head, err := e.opts.Records.Execution(ctx, id)
		if err != nil || head.State != Paused {
			return head, err
		}
		records, err := e.resumed(ctx, head)
		if err != nil {
			return nil, err
		}
		err = e.opts.Records.Save(ctx, records...)
		if isConflict(err) {
			continue
		}
		return head, err
	}
}

// resumed changes what there is of a paused execution to what it goes on from.
func (e *Engine) resumed(ctx context.Context, head *store.Execution) ([]store.Record, error) {
	s, err := e.loadStarted(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	g := &store.Graph{Execution: head.ID}
	if err := e.opts.Records.Load(ctx, g); err != nil {
		return nil, err
	}
	tasks, err := e.opts.Records.Tasks(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	head.State, head.StateInfo, head.UpdatedAt = Running, nil, e.now()
	head.Resumed++
	records := []store.Record{head, g}
	arrivals := []step.Arrival{}
	for _, t := range tasks {
		if t.State != Idle && t.State != Paused {
			continue
		}
		a, err := e.wake(t)
		if err != nil {
			return nil, err
		}
		arrivals, records = append(arrivals, a), append(records, t)
	}
	arrivals = append(arrivals, unpark(s, head, g)...)
	if g.Arrivals, err = json.Marshal(arrivals); err != nil {
		return nil, err
	}
	return records, nil
}

// unpark takes the routes that the pause has held back, as far as a command does
// not end the execution. A further pause among them counts for nothing, as in
// Mistral.
func unpark(s *started, head *store.Execution, g *store.Graph) []step.Arrival {
	writable(g)
	parked := g.Parked
	g.Parked = nil
	if s.reverse() {
		return startRequired(s.spec, g, s.goal)
	}
	var out []step.Arrival
	for len(parked) > 0 {
		from, n := parked[0].From, 0
		var hits []hit
		for ; n < len(parked) && parked[n].From == from && !head.Ended; n++ {
			p := parked[n]
			switch {
			case !p.Command:
				hits = append(hits, hit{Route: step.Route{To: p.To}})
			case p.To != "pause":
				head.Ended, head.EndedBy, head.StateInfo, head.State = true, from, p.Message, Error
				if p.To == "succeed" {
					head.State = Success
				}
			}
		}
		out = append(out, dispatch(s.spec, g, from, hits)...)
		if head.Ended {
			break
		}
		parked = parked[n:]
	}
	return out
}

// wake makes a task that waited begin, or go on.
func (e *Engine) wake(t *store.Task) (step.Arrival, error) {
	if len(t.Prepared) > 0 {
		p := &preparedRecord{}
		if err := json.Unmarshal(t.Prepared, p); err != nil {
			return step.Arrival{}, fmt.Errorf("task execution %s: %w", t.ID, err)
		}
		p.Pause = false
		var err error
		if t.Prepared, err = p.encode(); err != nil {
			return step.Arrival{}, err
		}
	}
	if t.State == Idle {
		t.StartedAt = e.now()
	}
	t.State, t.StateInfo = Running, nil
	a := step.Arrival{Task: t.Name, From: append([]string{}, t.From...)}
	for taskID(&step.Task{Execution: t.Execution, Name: t.Name, From: t.From, Nth: a.Nth}) != t.ID {
		if a.Nth++; a.Nth > maxNth {
			return a, fmt.Errorf("task execution %s: it does not follow from its own data", t.ID)
		}
	}
	return a, nil
}

// maxNth bounds how many routes of one task may lead to the same other one.
const maxNth = 1000

// StartOf says what the state machine of an execution that is under way is
// started with.
func (e *Engine) StartOf(ctx context.Context, head *store.Execution) (step.Start, error) {
	if head.Resumed == 0 {
		return step.Start{Name: head.ID, Input: value.NewMap(0)}, nil
	}
	g := &store.Graph{Execution: head.ID}
	if err := e.opts.Records.Load(ctx, g); err != nil {
		return step.Start{}, err
	}
	next, err := value.Decode(g.Arrivals)
	if err != nil {
		return step.Start{}, fmt.Errorf("execution %s: %w", head.ID, err)
	}
	thread := value.MapOf("execution", head.ID, "input", value.NewMap(0), "next", next)
	return step.Start{Name: head.ID + "-" + strconv.Itoa(head.Resumed), Input: value.MapOf("sirocco", thread)}, nil
}

// resumeChild lets the sub-workflow of a task that goes on after a pause go on,
// too; nil if it starts as any other.
func (c *call) resumeChild(ctx context.Context, id string) (*step.Start, error) {
	head, err := c.e.Resume(ctx, id)
	if err != nil || head.Resumed == 0 {
		return nil, err
	}
	start, err := c.e.StartOf(ctx, head)
	return &start, err
}
