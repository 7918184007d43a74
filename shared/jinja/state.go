package jinja

import (
	"context"
	"strings"
)

// Limits bound what one evaluation may use.
type Limits struct {
	Steps  int // nodes evaluated, elements iterated over; 0 means 20,000,000
	Memory int // bytes that all texts and lists made may take together, roughly; 0 means 256 MiB
	Depth  int // nested calls, iterators and values; 0 means 1,000
}

const (
	defaultSteps  = 20_000_000
	defaultMemory = 256 << 20
	defaultDepth  = 1000
)

// state is one evaluation.
type state struct {
	ctx        context.Context
	limits     Limits
	steps      int
	memory     int
	depth      int
	t          *Template
	root       any
	lib        *Library
	scope      *scope
	top        *scope
	out        *strings.Builder
	autoescape bool
}

func newState(ctx context.Context, t *Template, env *Env) *state {
	st := &state{ctx: ctx, limits: env.Limits, t: t, root: env.Root, lib: env.Library}
	for _, l := range []struct {
		p   *int
		def int
	}{{&st.limits.Steps, defaultSteps}, {&st.limits.Memory, defaultMemory}, {&st.limits.Depth, defaultDepth}} {
		if *l.p <= 0 {
			*l.p = l.def
		}
	}
	if t.mutates && isMapping(st.root) {
		st.root = &root{of: st.root, seen: map[string]any{}}
	} else if t.mutates {
		st.root = thaw(st.root)
	}
	st.top = &scope{}
	st.scope = st.top
	return st
}

// step counts one piece of work and looks now and then whether anybody still
// waits for it.
func (st *state) step() error {
	st.steps++
	if st.steps&0xff == 0 {
		if err := st.ctx.Err(); err != nil {
			return err
		}
		if st.steps > st.limits.Steps {
			return &TooManySteps{st.limits.Steps}
		}
	}
	return nil
}

// work counts n steps at once, for what walks data in one go.
func (st *state) work(n int) error {
	if n > st.limits.Steps-st.steps {
		return &TooManySteps{st.limits.Steps}
	}
	st.steps += n
	return nil
}

func (st *state) enter() error {
	if st.depth++; st.depth > st.limits.Depth {
		st.depth--
		return &TooDeep{st.limits.Depth}
	}
	return nil
}

func (st *state) leave() { st.depth-- }

// grow counts n bytes of results, before they are made where one call could
// make many.
func (st *state) grow(n int) error {
	if n < 0 || n > st.limits.Memory-st.memory {
		return &TooLarge{st.limits.Memory}
	}
	st.memory += n
	return nil
}

// str counts a string that was made.
func (st *state) str(s string) (any, error) { return s, st.grow(len(s)) }

func (st *state) eval(x expr) (any, error) {
	if err := st.step(); err != nil {
		return nil, err
	}
	if st.depth++; st.depth > st.limits.Depth {
		st.depth--
		return nil, &TooDeep{st.limits.Depth}
	}
	v, err := x.eval(st)
	st.depth--
	return v, err
}

// write adds to the output.
func (st *state) write(s string) error {
	if err := st.grow(len(s)); err != nil {
		return err
	}
	st.out.WriteString(s)
	return nil
}

// capture runs a body with an output of its own, in a scope of its own.
func (st *state) capture(body []stmt) (string, error) {
	var b strings.Builder
	out, sc := st.out, st.scope
	st.out, st.scope = &b, &scope{parent: sc}
	err := st.run(body)
	st.out, st.scope = out, sc
	return b.String(), err
}

// run executes statements.
func (st *state) run(body []stmt) error {
	if err := st.enter(); err != nil {
		return err
	}
	defer st.leave()
	for _, s := range body {
		if err := st.step(); err != nil {
			return err
		}
		if err := s.exec(st); err != nil {
			return err
		}
	}
	return nil
}

// scope has the variables that a template sets.
type scope struct {
	parent *scope
	names  []string
	vals   []any
}

func (s *scope) get(name string) (any, bool) {
	for ; s != nil; s = s.parent {
		for i, n := range s.names {
			if n == name {
				return s.vals[i], true
			}
		}
	}
	return nil, false
}

func (s *scope) set(name string, v any) {
	for i, n := range s.names {
		if n == name {
			s.vals[i] = v
			return
		}
	}
	s.names = append(s.names, name)
	s.vals = append(s.vals, v)
}
