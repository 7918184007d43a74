package yaql

import (
	"context"
	"fmt"
)

const (
	defaultIterations = 1_000_000
	defaultMemory     = 256 << 20
	defaultSteps      = 50_000_000
	defaultDepth      = 1500
)

// state is one evaluation: what it may still use, and the functions that
// were registered for it.
type state struct {
	ctx    context.Context
	limits Limits
	steps  int
	memory int
	depth  int
	// defined is set once the expression defines functions of its own, which
	// may replace any other.
	defined bool
	// listSets makes finalize give lists for sets.
	listSets            bool
	lib, fallback, host map[string]*overloads
	regexes             map[regexKey]*regex
}

func newState(ctx context.Context, env *Env) *state {
	st := &state{ctx: ctx, limits: env.Limits, lib: library(), fallback: fallback()}
	for _, l := range []struct{ p, def *int }{
		{&st.limits.Iterations, ptr(defaultIterations)}, {&st.limits.Memory, ptr(defaultMemory)},
		{&st.limits.Steps, ptr(defaultSteps)}, {&st.limits.Depth, ptr(defaultDepth)},
	} {
		if *l.p <= 0 {
			*l.p = *l.def
		}
	}
	if env.Library != nil {
		st.host = env.Library.fns
	}
	return st
}

func ptr(i int) *int { return &i }

// step counts one piece of work and looks now and then whether anybody still
// waits for it.
func (st *state) step() error {
	st.steps++
	if st.steps&0xff == 0 {
		if err := st.ctx.Err(); err != nil {
			return err
		}
		if st.steps > st.limits.Steps {
			return failf(kindLimit, "Expression took more than %d steps", st.limits.Steps)
		}
	}
	return nil
}

// enter and leave bound how deep evaluations, iterators and values nest.
func (st *state) enter() error {
	if st.depth++; st.depth > st.limits.Depth {
		st.depth--
		return failf(kindRecursion, "maximum recursion depth exceeded")
	}
	return nil
}

func (st *state) leave() { st.depth-- }

// grow counts n bytes of results. It is called before they are made where
// one call could make many.
func (st *state) grow(n int) error {
	if n < 0 || n > st.limits.Memory-st.memory {
		return failf(kindMemory, "Expression consumed too much memory")
	}
	st.memory += n
	return nil
}

// str counts a string that was made.
func (st *state) str(s string) (any, error) { return s, st.grow(len(s)) }

// tuple counts a tuple that was made.
func (st *state) tuple(items []any) (any, error) {
	if items == nil {
		items = []any{}
	}
	return items, st.grow(16 * len(items))
}

// scope holds variables and functions; a child sees its parents'. Mistral's
// engine makes one per call; here they are made when a call needs one.
type scope struct {
	parent *scope
	vars   []binding
	fns    map[string][]*fn
}

type binding struct {
	name string
	val  any
}

func (s *scope) child() *scope { return &scope{parent: s} }

func (s *scope) get(name string) any {
	for ; s != nil; s = s.parent {
		for i := range s.vars {
			if s.vars[i].name == name {
				return s.vars[i].val
			}
		}
	}
	return nil
}

func (s *scope) set(name string, v any) {
	name = normVar(name)
	for i := range s.vars {
		if s.vars[i].name == name {
			s.vars[i].val = v
			return
		}
	}
	s.vars = append(s.vars, binding{name, v})
}

// argNames saves making the usual names.
var argNames = [...]string{"1", "2", "3", "4"}

func (s *scope) setArgs(args []any) {
	s.vars = make([]binding, len(args))
	for i, a := range args {
		if i < len(argNames) {
			s.vars[i] = binding{argNames[i], a}
		} else {
			s.vars[i] = binding{fmt.Sprint(i + 1), a}
		}
	}
}
