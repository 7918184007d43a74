package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"golang.org/x/sync/errgroup"
)

const (
	// blockSize is how many items' values one record holds: an item is read
	// without reading all of them.
	blockSize = 50
	// maxChunks bounds a Map's iterations: an execution's history bears 25,000
	// events, about 7 an iteration. More items share a chunk.
	maxChunks = 1000
	// maxSubWorkflows bounds with-items over a sub-workflow, whose items can't
	// share a chunk.
	maxSubWorkflows = 3000
	// maxShown is the longest value that a definition shows of an item.
	maxShown = 100
)

// items evaluates with-items, stores the values and answers with the chunks.
func (c *call) items(ctx context.Context) (*step.Answer, error) {
	if err := c.startable(); err != nil {
		return nil, err
	}
	if err := c.checkRetry(ctx); err != nil {
		return nil, err
	}
	rows, err := c.storedRows(ctx)
	known := len(rows) > 0
	if err == nil && !known {
		rows, err = c.rows(ctx)
	}
	if err != nil {
		return nil, err
	}
	if c.t.Sub != "" && len(rows) > maxSubWorkflows {
		return nil, InvalidInput{Workflow: c.spec.Name, Message: fmt.Sprintf("with-items of task %q over a sub-workflow has %d items; %d is the most",
			c.t.Name, len(rows), maxSubWorkflows)}
	}
	concurrency, err := c.concurrency(ctx)
	if err != nil {
		return nil, err
	}
	p, err := c.itemsNamed(ctx, len(rows))
	if err != nil {
		return nil, err
	}
	if !known {
		if err := c.saveBlocks(ctx, rows); err != nil {
			return nil, err
		}
	}
	if len(c.task.Answer) == 0 { // else this is repeated, and the task is settled already
		if p, err = c.beginItems(ctx, len(rows), p); err != nil {
			return nil, err
		}
	}
	a := c.answer(Running)
	a.From, a.Count, a.Round, a.Nth = append([]string{}, c.t.From...), len(rows), c.t.Round, c.t.Nth
	a.Items, a.Concurrency, a.Prepared = c.chunks(rows), concurrency, p.answered()
	return a, nil
}

// storedRows are the items' values as an earlier call of this step has stored
// them, if one has: an expression need not give the same twice, and items may
// have run.
func (c *call) storedRows(ctx context.Context) ([]any, error) {
	if c.task.Version == 0 {
		return nil, nil
	}
	var rows []any
	for {
		block := c.itemBlock(len(rows))
		if err := c.e.opts.Records.Load(ctx, block); err != nil {
			return nil, err
		}
		values, _ := block.Values.V.([]any)
		if rows = append(rows, values...); len(values) < blockSize {
			return rows, nil
		}
	}
}

// itemBlock is the record that item i lies in.
func (c *call) itemBlock(i int) *store.ItemBlock {
	return &store.ItemBlock{Execution: c.t.Execution, Task: c.task.ID, Round: c.t.Round, Block: i / blockSize}
}

// concurrency evaluates how many items may run at once, 0 being any.
func (c *call) concurrency(ctx context.Context) (int64, error) {
	v, err := c.eval(ctx, c.t.Concurrency.V, "concurrency", c.data(c.in), c.host(nil))
	if err != nil || v == nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok || n < 0 {
		return 0, c.exprError("concurrency", c.t.At, fmt.Errorf("concurrency must be a whole number from 0, not %s", expr.Str(v)))
	}
	return n, nil
}

// rows evaluates the lists and returns, for each item, the variables' values.
func (c *call) rows(ctx context.Context) ([]any, error) {
	var lists [][]any
	data, h := c.data(c.in), c.host(nil)
	for _, it := range c.t.WithItems {
		v, err := c.eval(ctx, it.In.V, "with-items", data, h)
		if err != nil {
			return nil, err
		}
		list, ok := iterable(v)
		if !ok {
			return nil, c.exprError("with-items", c.t.At,
				fmt.Errorf("the value of %q must be a list, not %s", it.Var, value.Kind(v)))
		}
		lists = append(lists, list)
	}
	rows := make([]any, len(lists[0]))
	for j, list := range lists {
		if len(list) != len(rows) {
			return nil, c.exprError("with-items", c.t.At, fmt.Errorf("all lists must have the same length: %q has %d, %q has %d",
				c.t.WithItems[0].Var, len(rows), c.t.WithItems[j].Var, len(list)))
		}
	}
	for i := range rows {
		row := make([]any, len(lists))
		for j, list := range lists {
			row[j] = list[i]
		}
		rows[i] = row
	}
	return rows, nil
}

// iterable is what Python's list() makes of a value: a dictionary gives its
// keys, a string its characters.
func iterable(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *value.Map:
		keys := make([]any, 0, v.Len())
		for k := range v.All() {
			keys = append(keys, k)
		}
		return keys, true
	case string:
		var chars []any
		for _, r := range v {
			chars = append(chars, string(r))
		}
		return chars, true
	default:
		return nil, false
	}
}

func (c *call) saveBlocks(ctx context.Context, rows []any) error {
	var records []store.Record
	for i := 0; i < len(rows); i += blockSize {
		block := c.itemBlock(i)
		block.Values = value.Any{V: rows[i:min(i+blockSize, len(rows))]}
		records = append(records, block)
	}
	return c.e.opts.Records.Put(c.saving(ctx), records...)
}

// chunks divides the items. Each chunk shows those of its first item's values
// that the definition uses by itself.
func (c *call) chunks(rows []any) []any {
	size := 1
	if c.t.Sub == "" && len(rows) > maxChunks {
		size = (len(rows) + maxChunks - 1) / maxChunks
	}
	out := []any{}
	for i := 0; i < len(rows); i += size {
		n := min(size, len(rows)-i)
		chunk := value.MapOf("first", i, "count", n)
		for _, name := range c.t.Show {
			if s, ok := c.itemContext(rows[i].([]any)).Get(name); ok && n == 1 {
				if s, ok := s.(string); ok && len(s) <= maxShown {
					chunk.Set("show_"+name, s)
				}
			}
		}
		out = append(out, chunk)
	}
	return out
}

// itemContext is the published context with an item's variables. A published
// variable of the same name wins over the item's, as in Mistral.
func (c *call) itemContext(row []any) *value.Map {
	own := value.NewMap(len(row))
	for j, it := range c.t.WithItems {
		own.Set(it.Var, row[j])
	}
	return overlay(own, c.in)
}

// row returns the values of item i.
func (c *call) row(ctx context.Context, i int) ([]any, error) {
	block := c.itemBlock(i)
	key := block.Key()
	values, ok := c.e.blocks.Get(key)
	if !ok {
		if err := c.e.opts.Records.Load(ctx, block); err != nil {
			return nil, err
		}
		if values, ok = block.Values.V.([]any); !ok {
			return nil, fmt.Errorf("engine: the items of task %q are not stored (block %d)", c.t.Name, block.Block)
		}
		c.e.blocks.Add(key, values)
	}
	if i%blockSize >= len(values) {
		return nil, fmt.Errorf("engine: task %q has no item %d", c.t.Name, i)
	}
	return values[i%blockSize].([]any), nil
}

// item runs a chunk of items, all of them. An item that fails does not fail its
// state: the failure is in its record, from which the task is judged, and the
// answer names the first. So it costs no more than one that does not fail. Only
// what could not be recorded is an error.
func (c *call) item(ctx context.Context) (*step.Answer, error) {
	acts := c.acts
	if len(acts) == 0 {
		return nil, fmt.Errorf("engine: the event names no items of task %q", c.t.Name)
	}
	limit := c.e.opts.Parallel
	if n, _ := c.t.Concurrency.V.(int64); n > 0 {
		limit = 1 // the Map runs as many chunks at once as the workflow allows
	}
	var group errgroup.Group
	group.SetLimit(limit)
	errs := make([]error, len(acts))
	regions := make([]string, len(acts))
	for i, act := range acts {
		group.Go(func() error {
			one := *c
			errs[i] = one.oneItem(ctx, act)
			regions[i] = one.region
			return nil
		})
	}
	_ = group.Wait() // errors are in their slice: all items run
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &step.Answer{From: []string{c.task.ID}, State: Success, Routes: []string{}, Region: regions[0]}
	for i, act := range acts {
		if errs[i] != nil {
			return nil, errs[i]
		}
		if act.ErrorName != "" && a.Error == "" {
			a.State, a.Error = Error, act.ErrorName
		}
	}
	return a, nil
}

// itemActions are the action executions of the event's chunk.
func (c *call) itemActions() []*store.Action {
	if c.t.Chunk == nil {
		return nil
	}
	for i := range c.t.Chunk.Count {
		index := c.t.Chunk.First + i
		c.acts = append(c.acts, &store.Action{
			ID:        derivedID(c.task.ID, strconv.Itoa(c.t.Round), strconv.Itoa(index)),
			Execution: c.t.Execution, Task: c.task.ID, Index: index, Round: c.t.Round,
		})
	}
	return c.acts
}

// oneItem runs one item and stores its outcome, whatever it is. An error is one
// that the item's record does not have.
func (c *call) oneItem(ctx context.Context, act *store.Action) error {
	c.observeItem(act.Index, Running, "")
	action, input, err := c.itemInput(ctx, act.Index)
	if err == nil {
		err = c.perform(ctx, act, action, input)
		if err == nil && act.Version == 0 || act.State == Success && err == nil {
			err = c.saveItem(ctx, act)
		}
	} else if ctx.Err() == nil {
		c.itemFault(act, err)
		if saveErr := c.saveItem(ctx, act); saveErr != nil {
			err = errors.Join(c.named(err), saveErr)
		}
	}
	if err == nil {
		c.observeItem(act.Index, Success, "")
		return nil
	}
	c.observeItem(act.Index, Error, err.Error())
	_, unsaved := err.(interface{ Unwrap() []error }) // the store's error is joined to it
	if act.ErrorName != "" && !unsaved {
		return nil
	}
	return c.named(err)
}

func (c *call) observeItem(index int, state, info string) {
	c.observe(Progress{State: state, Info: info, Item: index, Items: c.task.Items, Region: c.region})
}

func (c *call) itemInput(ctx context.Context, index int) (*actions.Action, *value.Map, error) {
	row, err := c.row(ctx, index)
	if err != nil {
		return nil, nil, err
	}
	return c.actionInput(ctx, c.itemContext(row))
}

// itemFault makes the action execution of an item whose action was not even
// called say why.
func (c *call) itemFault(act *store.Action, err error) {
	now := c.e.now()
	act.Name, act.State, act.StartedAt, act.FinishedAt = c.ev.Action, Error, now, now
	act.ErrorName, act.Output = errorName(err), value.Any{V: err.Error()}
}

func (c *call) saveItem(ctx context.Context, act *store.Action) error {
	err := c.e.opts.Records.Save(c.saving(ctx), act)
	if isConflict(err) {
		return nil // another call of the same item was first
	}
	return err
}

// judge settles a with-items task: ERROR if an item failed, once all have run.
func (c *call) judge(ctx context.Context) (*step.Answer, error) {
	if c.task.Version == 0 {
		return nil, fmt.Errorf("engine: the items of task %q were never started", c.t.Name)
	}
	c.task.Round = c.t.Round // a resumed state machine may be rounds behind
	acts, err := c.e.opts.Records.Actions(ctx, c.task)
	if err != nil {
		return nil, err
	}
	results := make([]any, c.task.Items)
	failed, err := c.collect(ctx, acts, results)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(acts, func(a *store.Action) bool { return a.State == Paused }) {
		return c.wait(ctx)
	}
	if err := c.saveSubs(ctx, acts); err != nil {
		return nil, err
	}
	o := outcome{
		state: Success, result: results, publish: c.t.Publish, global: c.t.Global,
		records: []store.Record{&store.Result{Execution: c.t.Execution, Task: c.task.ID, Result: value.Any{V: results}}},
	}
	if len(failed) > 0 {
		return nil, c.failItems(ctx, o.records, failed)
	}
	return c.complete(ctx, o)
}

// failItems stores what a with-items task came to and fails its state; the task
// is settled behind Catch, like any other.
func (c *call) failItems(ctx context.Context, records []store.Record, failed []*store.Action) error {
	info := c.itemsInfo(failed)
	c.task.StateInfo = &info
	if err := c.e.opts.Records.Put(c.saving(ctx), append(records, c.task)...); err != nil {
		return err
	}
	if i := slices.IndexFunc(failed, func(a *store.Action) bool { return isStructural(a.ErrorName) }); i >= 0 {
		return &TaskError{Name: failed[i].ErrorName, Message: failed[i].Info} // the output of an ad-hoc action
	}
	return ItemsFailed{info}
}

// collect fills the results from the items' action executions and returns
// those that failed. A fault of the workflow itself is returned as the error.
func (c *call) collect(ctx context.Context, acts []*store.Action, results []any) ([]*store.Action, error) {
	seen := make([]bool, len(results))
	var failed []*store.Action
	for _, a := range acts {
		if a.Index >= len(results) {
			continue
		}
		seen[a.Index] = true
		if a.Workflow != "" {
			if err := c.subOutcome(ctx, a); err != nil {
				return nil, err
			}
		}
		results[a.Index] = a.Output.V
		switch {
		case a.State == Paused || a.State == Success && a.ErrorName == "":
			continue
		case a.State == Error && isStructural(a.ErrorName):
			return nil, &TaskError{Name: a.ErrorName, Message: expr.Str(a.Output.V)}
		case a.State == Running:
			a.Output = value.Any{V: c.unfinished(a)}
			results[a.Index] = a.Output.V
		}
		failed = append(failed, a)
	}
	for i, ok := range seen {
		if !ok {
			text := c.lost("the item did not run: ")
			results[i] = text
			failed = append(failed, &store.Action{Index: i, Output: value.Any{V: text}})
		}
	}
	return failed, nil
}

// saveSubs keeps what the sub-workflows of the items came to.
func (c *call) saveSubs(ctx context.Context, acts []*store.Action) error {
	var records []store.Record
	for _, a := range acts {
		if a.Workflow != "" {
			records = append(records, a)
		}
	}
	return c.e.opts.Records.Put(c.saving(ctx), records...)
}

// unfinished says what there is to say of an item that was started and has no
// outcome. If it may have changed something, that is not done again.
func (c *call) unfinished(a *store.Action) string {
	text := c.lost("the item's function ended without an outcome: ")
	action, ok := c.e.opts.Registry.Lookup(a.Name)
	if text == c.timeoutMessage() || a.Workflow != "" || ok && action.ReadOnly {
		return text
	}
	unknown := OutcomeUnknown{Action: a.Name, Task: c.t.Name}.Error()
	if c.t.Error != nil {
		unknown += " (" + message(c.t.Error) + ")"
	}
	return unknown
}

// lost says why there is no outcome, as far as that is known.
func (c *call) lost(what string) string {
	switch {
	case c.t.Timeout > 0 && c.e.now().Sub(c.task.StartedAt) >= time.Duration(c.t.Timeout)*time.Second:
		return c.timeoutMessage()
	case c.t.Error != nil:
		return what + message(c.t.Error)
	case c.head.Ended:
		return what + "the execution had ended"
	default:
		return what + "nothing was recorded"
	}
}

// itemsInfo is the state_info of a with-items task with failed items. Mistral
// has the first line; where the items went to clouds, the region and reason of
// each follow it.
func (c *call) itemsInfo(failed []*store.Action) string {
	for _, a := range failed {
		if a.ErrorName == subWorkflowInputName {
			return expr.Str(a.Output.V) // Mistral has the reason of the first that can't start
		}
	}
	var b strings.Builder
	b.WriteString("One or more actions had failed.")
	action, ok := c.e.opts.Registry.Lookup(c.ev.Action)
	if !ok || !action.IsOpenStack() {
		return b.String()
	}
	for _, a := range failed {
		fmt.Fprintf(&b, "\n  item %d", a.Index)
		if a.Region != "" {
			b.WriteString(", region " + a.Region)
		}
		b.WriteString(": " + expr.Str(a.Output.V))
	}
	return b.String()
}

func isConflict(err error) bool {
	var conflict *store.ConflictError
	return errors.As(err, &conflict)
}
