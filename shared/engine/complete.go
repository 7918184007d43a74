package engine

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// outcome is how a task ended.
type outcome struct {
	state   string
	info    *string
	result  any   // what task().result gives
	wait    int64 // seconds of wait-after
	publish *value.Map
	global  *value.Map     // what to publish for the whole execution
	records []store.Record // stored along with the task
	decided bool           // published and judged by the policies already
	late    bool           // it ended well, but times out while it waits

	globals *value.Map // global, evaluated
}

// hit is a route that holds.
type hit struct {
	step.Route
	onError bool
	message *string
}

// complete settles the task: publish, ask the policies, find the routes, store,
// answer.
func (c *call) complete(ctx context.Context, o outcome) (*step.Answer, error) {
	h := c.host(&o)
	if c.task.CreatedAt.IsZero() {
		c.begin()
	}
	answer, err := c.judged(ctx, &o, h)
	if answer != nil {
		return answer, err
	}
	var hits []hit
	if err == nil {
		hits, err = c.decide(ctx, &o, h)
	}
	if err == nil {
		err = c.tryOutput(ctx, &o, hits)
	}
	if errors.As(err, &FailedOn{}) || errors.As(err, &TimedOutWaiting{}) {
		return nil, err
	}
	if err != nil {
		records := o.records
		if c.task.Context != nil {
			records = append(slices.Clone(records), c.task) // it stays published
		}
		if saveErr := c.saveOutcome(ctx, records); saveErr != nil {
			return nil, errors.Join(err, saveErr)
		}
		return nil, err
	}
	return c.storeSettled(ctx, o, hits)
}

// judged publishes and asks the policies: an answer says that the task runs
// again, an error that it failed although what it called did not.
func (c *call) judged(ctx context.Context, o *outcome, h *host) (*step.Answer, error) {
	if o.decided {
		return nil, c.waitAfter(ctx, o, h)
	}
	if err := c.publish(ctx, o, h); err != nil {
		return nil, err
	}
	if err := c.waitAfter(ctx, o, h); err != nil {
		return nil, err
	}
	c.drop(o)
	called := o.state
	late := c.late(o)
	if err := c.failOn(ctx, o, h); err != nil {
		return nil, err
	}
	if late {
		if err := c.timesOutWaiting(ctx, o, h, called); err != nil {
			return nil, err
		}
		called = o.state
	}
	if answer, err := c.again(ctx, o, h); answer != nil || err != nil {
		return answer, err
	}
	if o.state == called {
		return nil, nil
	}
	// Its state fails, and the task is settled behind Catch, with what it
	// published and what it came to.
	if err := c.saveRound(ctx, o); err != nil {
		return nil, err
	}
	return nil, FailedOn{}
}

// storeSettled stores the settled task, again on what others have stored
// meanwhile, and does what follows.
func (c *call) storeSettled(ctx context.Context, o outcome, hits []hit) (*step.Answer, error) {
	for {
		answer, err := c.store(ctx, &o, hits)
		if isConflict(err) {
			if earlier, err := c.reload(ctx, &o); err != nil || earlier != nil {
				return earlier, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return c.after(ctx, answer)
	}
}

// decide evaluates the guards.
func (c *call) decide(ctx context.Context, o *outcome, h *host) ([]hit, error) {
	if c.parallel {
		// Another branch may have ended the execution while the action ran.
		if err := c.e.opts.Records.Load(ctx, c.head); err != nil {
			return nil, err
		}
	}
	if c.head.Ended {
		return nil, nil
	}
	var hits []hit
	data := c.data(c.task.Context)
	clause := func(name string, routes []step.Route) error {
		for _, r := range routes {
			ok, err := c.holds(ctx, name, r, data, h)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			msg, err := c.commandMessage(ctx, name, r, data, h)
			if err != nil {
				return err
			}
			hits = append(hits, hit{r, name == "on-error", msg})
		}
		return nil
	}
	first, routes := "on-success", c.t.OnSuccess
	if o.state == Error {
		first, routes = "on-error", c.t.OnError
	}
	if err := clause(first, routes); err != nil {
		return nil, err
	}
	return hits, clause("on-complete", c.t.OnComplete)
}

// tryOutput evaluates the workflow's output where `succeed` ends it: as in
// Mistral, the task that says so fails if that can't be done.
func (c *call) tryOutput(ctx context.Context, o *outcome, hits []hit) error {
	effective, command, _ := c.cut(hits)
	if command == nil || command.To != "succeed" || c.head.Ended || c.spec.Output.Len() == 0 {
		return nil
	}
	tasks, err := c.e.opts.Records.Tasks(ctx, c.head.ID)
	if err != nil {
		return err
	}
	tasks = slices.DeleteFunc(tasks, func(t *store.Task) bool { return t.ID == c.task.ID })
	if len(effective) == 1 { // it leads to nothing but the command
		t := *c.task
		t.State, t.FinishedAt, t.Next = o.state, c.e.now(), nil
		tasks = append(tasks, &t)
	}
	_, err = c.e.output(ctx, c.head, c.started, c.spec.Output, finalContext(c.started, tasks))
	if err != nil {
		return c.exprError("output", c.spec.File, err)
	}
	return nil
}

// publish evaluates what the task publishes: all of it sees what was there
// before.
func (c *call) publish(ctx context.Context, o *outcome, h *host) error {
	part := "publish"
	if o.state == Error {
		part = "publish-on-error"
	}
	if c.globals != nil && c.parallel {
		if err := c.e.opts.Records.Load(ctx, c.globals); err != nil {
			return err
		}
	}
	data := c.data(c.in)
	switch {
	case o.publish == nil && o.global != nil:
		c.task.Published = nil // as in Mistral: nothing, not even a dictionary
	case o.publish != nil || c.t.Round == 0 && !o.late: // else what was published before stays, as in Mistral
		c.task.Published = value.NewMap(0)
	}
	if o.publish.Len() > 0 {
		v, err := c.eval(ctx, o.publish, part, data, h)
		if err != nil {
			return err
		}
		c.task.Published = v.(*value.Map)
	}
	c.task.Context, c.task.Versions = outbound(c.in, c.vers, c.task.Published)
	if o.global.Len() > 0 {
		v, err := c.eval(ctx, o.global, part, data, h)
		if err != nil {
			return err
		}
		o.globals = v.(*value.Map)
		publishGlobal(c.started, c.globals, o.globals)
	}
	return nil
}

func (c *call) holds(ctx context.Context, clause string, r step.Route, data *value.Map, h *host) (bool, error) {
	if r.If.V == nil {
		return true, nil
	}
	v, err := expr.EvalTree(ctx, r.If.V, &expr.Scope{Data: data, Host: h})
	if err != nil {
		return false, c.exprError(clause, r.At, err)
	}
	return value.Truth(v), nil
}

func (c *call) commandMessage(ctx context.Context, clause string, r step.Route, data *value.Map, h *host) (*string, error) {
	if !r.Command || r.Message.V == nil {
		return nil, nil
	}
	v, err := expr.EvalTree(ctx, r.Message.V, &expr.Scope{Data: data, Host: h})
	if err != nil {
		return nil, c.exprError(clause, r.At, err)
	}
	text := expr.Str(v)
	return &text, nil
}

// drop forgets the result where the task says keep-result: false. Only what the
// task published has seen it.
func (c *call) drop(o *outcome) {
	if !c.t.DropResult || c.task.Type == "WORKFLOW" { // that of a sub-workflow stays, as in Mistral
		return
	}
	o.result, c.task.DropResult = nil, true
	if act := c.act; act != nil && act.Version > 0 && !slices.Contains(o.records, store.Record(act)) {
		o.records = append(o.records, act) // a failed one, stored already
	}
	for _, r := range o.records {
		switch r := r.(type) {
		case *store.Action:
			r.Output = value.Any{}
		case *store.Result:
			list, _ := r.Result.V.([]any)
			r.Result.V = make([]any, len(list)) // as many, of nothing
			o.result = r.Result.V
		}
	}
}

// store writes the settled task with all that changes along with it, and
// returns the answer, which is part of what is written.
func (c *call) store(ctx context.Context, o *outcome, hits []hit) (*step.Answer, error) {
	t := c.task
	t.State, t.StateInfo, t.FinishedAt, t.Round = o.state, o.info, c.e.now(), c.t.Round
	if c.t.Error != nil {
		t.Error = c.t.Error.Error
	}
	t.Next, t.Handled = nil, false
	for _, h := range hits {
		t.Handled = t.Handled || h.onError
		if !h.Command {
			t.Next = append(t.Next, h.To)
		}
	}
	records := slices.Clone(o.records)
	effective, command, parked := c.cut(hits)
	if c.changeHead(o, command) {
		records = append(records, c.head)
	}
	records, err := c.withGlobals(ctx, o, records)
	if err != nil {
		return nil, err
	}
	var graph *store.Graph
	if c.t.Threads {
		graph = &store.Graph{Execution: c.t.Execution}
		if err := c.e.opts.Records.Load(ctx, graph); err != nil {
			return nil, err
		}
		records = append(records, graph)
	}
	answer := c.answer(o.state)
	answer.Wait = o.wait
	if o.info != nil {
		answer.Info = shorten(*o.info)
	}
	for _, h := range effective {
		answer.Routes = append(answer.Routes, h.To)
	}
	if graph != nil {
		answer.Next = c.advance(graph, effective)
		park(graph, t.ID, parked)
	}
	if t.Answer, err = json.Marshal(answer); err != nil {
		return nil, err
	}
	return answer, c.e.opts.Records.Save(c.saving(ctx), append(records, t)...)
}

// cut divides the routes that hold into those that are taken now and those that
// wait until a paused execution goes on: noop is nothing, behind fail and
// succeed nothing is started, and behind pause nothing yet. command is that
// fail, succeed or pause.
func (c *call) cut(hits []hit) (effective []hit, command *hit, parked []hit) {
	hits = slices.DeleteFunc(slices.Clone(hits), func(h hit) bool { return h.Command && h.To == "noop" })
	if c.head.State == Paused {
		return nil, nil, hits
	}
	for i, h := range hits {
		switch {
		case h.Command && h.To == "pause":
			return effective, &hits[i], hits[i+1:]
		case h.Command:
			return append(effective, h), &hits[i], nil
		default:
			effective = append(effective, h)
		}
	}
	return effective, nil, nil
}

// changeHead notes on the execution what the settled task means for it, and
// reports whether that is anything.
func (c *call) changeHead(o *outcome, command *hit) bool {
	changed := false
	if o.state == Error && !c.task.Handled && !c.head.Ended {
		c.head.Failed = append(c.head.Failed, c.task.ID)
		changed = true
	}
	switch {
	case command == nil || c.head.Ended:
	case command.To == "pause":
		c.head.State, c.head.StateInfo = Paused, command.message
		c.pauses, changed = true, true
	default:
		c.head.Ended, c.head.EndedBy, c.head.StateInfo = true, c.task.ID, command.message
		c.head.State = Error
		if command.To == "succeed" {
			c.head.State = Success
		}
		changed = true
	}
	if changed {
		c.head.UpdatedAt = c.e.now()
	}
	return changed
}

// reload reads again what another call changed meanwhile. If that call settled
// this very task, its answer is returned.
func (c *call) reload(ctx context.Context, o *outcome) (*step.Answer, error) {
	head := &store.Execution{ID: c.head.ID}
	task := &store.Task{ID: c.task.ID, Execution: c.task.Execution}
	if err := c.e.opts.Records.Load(ctx, head, task); err != nil {
		return nil, err
	}
	if task.Version > 0 && len(task.Answer) > 0 {
		answer := &step.Answer{}
		return answer, json.Unmarshal(task.Answer, answer)
	}
	c.head, c.task.Version = head, task.Version
	return nil, c.reloadRecords(ctx, o)
}

// reloadRecords brings the records that go along to the versions that are
// stored now. An action's outcome that somebody else stored meanwhile stays: a
// function that was cut off may still have come to its end.
func (c *call) reloadRecords(ctx context.Context, o *outcome) error {
	var keep []store.Record
	for _, r := range o.records {
		switch ours := r.(type) {
		case *store.Action:
			theirs := &store.Action{Execution: ours.Execution, Task: ours.Task, Index: ours.Index, Round: ours.Round}
			if err := c.e.opts.Records.Load(ctx, theirs); err != nil {
				return err
			}
			if theirs.Version > ours.Version && theirs.State != Running {
				continue
			}
			ours.Version = theirs.Version
		case *store.Result:
			theirs := &store.Result{Execution: ours.Execution, Task: ours.Task}
			if err := c.e.opts.Records.Load(ctx, theirs); err != nil {
				return err
			}
			ours.Version = theirs.Version
		}
		keep = append(keep, r)
	}
	o.records = keep
	return nil
}

// saveOutcome keeps what is known of the actions although the task itself could
// not be settled.
func (c *call) saveOutcome(ctx context.Context, records []store.Record) error {
	if len(records) == 0 {
		return nil
	}
	err := c.e.opts.Records.Save(c.saving(ctx), records...)
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) {
		return nil // it is there already
	}
	return err
}

// after does what follows from a settled task once it is stored.
func (c *call) after(ctx context.Context, answer *step.Answer) (*step.Answer, error) {
	c.e.tasks.Add(c.task.ID, c.task)
	info := ""
	if c.task.StateInfo != nil {
		info = *c.task.StateInfo
	}
	c.observe(Progress{State: c.task.State, Info: info, Item: -1, Items: c.task.Items, Region: c.region})
	if c.head.Ended && c.head.EndedBy == c.task.ID {
		if _, err := c.e.Finish(ctx, c.head.ID, nil); err != nil {
			return nil, err
		}
	}
	if c.pauses {
		if err := c.pauseAll(ctx); err != nil {
			return nil, err
		}
	}
	return answer, nil
}

// shorten keeps an answer's text small: the whole is in the store, and a state
// machine's data is limited.
func shorten(s string) string {
	const most = 1000
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "..."
}
