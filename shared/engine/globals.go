package engine

import (
	"context"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// loadGlobals returns an execution's own variables; nil if its workflow
// publishes no global ones, which are then those that it started with.
func (e *Engine) loadGlobals(ctx context.Context, s *started) (*store.Globals, error) {
	if !s.spec.Globals {
		return nil, nil
	}
	g := &store.Globals{Execution: s.record.ID}
	return g, e.opts.Records.Load(ctx, g)
}

// shared are the variables of the execution itself: openstack, __execution,
// the workflow's vars, and what was published globally.
func shared(s *started, g *store.Globals) *value.Map {
	if g == nil || g.Context == nil {
		return s.record.Context
	}
	return g.Context
}

// publishGlobal merges what a task publishes globally into the execution's
// variables, as Mistral does: dictionaries deeply, else the later one wins.
func publishGlobal(s *started, g *store.Globals, published *value.Map) {
	merged := cloneMap(shared(s, g))
	value.Merge(merged, published)
	g.Context = merged
}

// withGlobals adds the execution's variables to the records to store, with what
// the task publishes merged into what is there now.
func (c *call) withGlobals(ctx context.Context, o *outcome, records []store.Record) ([]store.Record, error) {
	if o.globals == nil {
		return records, nil
	}
	fresh, err := c.e.loadGlobals(ctx, c.started)
	if err != nil {
		return nil, err
	}
	publishGlobal(c.started, fresh, o.globals)
	return append(records, fresh), nil
}
