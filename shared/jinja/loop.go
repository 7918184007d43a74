package jinja

import (
	"slices"
	"strings"
)

// loop is the variable of that name inside of a for loop. Like Jinja2's it
// looks one element ahead only when it is asked for what needs that.
type loop struct {
	of      any
	it      *iter
	index0  int
	size    int // -1 until it is known
	ahead   []any
	before  any
	current any
	changed []any
	seen    bool // changed was called
	depth0  int
	node    *forNode // of a recursive loop
	scope   *scope
}

func (n *forNode) exec(st *state) error {
	v, err := st.eval(n.iter)
	if err != nil {
		return err
	}
	return n.loop(st, v, 0, st.scope)
}

// loop runs over v in scopes below parent.
func (n *forNode) loop(st *state, v any, depth int, parent *scope) error {
	it, err := st.iterate(v)
	if err != nil {
		return err
	}
	l := &loop{of: v, it: it, index0: -1, size: -1, depth0: depth, scope: parent}
	if n.recursive {
		l.node = n
	}
	if n.test != nil {
		l.it = n.filtered(st, it, parent)
		l.of = l.it
	}
	any := false
	for {
		item, ok, err := l.advance(st)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		any = true
		err = st.within(parent, func() error {
			st.scope.set("loop", l)
			if err := st.assign(n.target, item); err != nil {
				return err
			}
			return st.run(n.body)
		})
		if err != nil {
			return err
		}
	}
	if any {
		return nil
	}
	return st.within(parent, func() error { return st.run(n.other) })
}

// filtered gives the elements for which the loop's condition holds.
func (n *forNode) filtered(st *state, it *iter, parent *scope) *iter {
	return generator(func() (any, bool, error) {
		for {
			item, ok, err := st.pull(it)
			if err != nil || !ok {
				return nil, false, err
			}
			yes := false
			err = st.within(parent, func() (err error) {
				if err = st.assign(n.target, item); err == nil {
					yes, err = st.evalTruth(n.test)
				}
				return err
			})
			if err != nil || yes {
				return item, true, err
			}
		}
	})
}

func (l *loop) advance(st *state) (any, bool, error) {
	var v any
	if len(l.ahead) > 0 {
		v, l.ahead = l.ahead[0], l.ahead[1:]
	} else {
		var ok bool
		var err error
		if v, ok, err = st.pull(l.it); err != nil || !ok {
			return nil, false, err
		}
	}
	l.index0++
	l.before, l.current = l.current, v
	return v, true, nil
}

// peek gives the element after the current one.
func (l *loop) peek(st *state) (any, bool, error) {
	if len(l.ahead) == 0 {
		v, ok, err := st.pull(l.it)
		if err != nil || !ok {
			return nil, false, err
		}
		l.ahead = append(l.ahead, v)
	}
	return l.ahead[0], true, nil
}

func (l *loop) length(st *state) (int, error) {
	if l.size >= 0 {
		return l.size, nil
	}
	if _, isIter := l.of.(*iter); !isIter {
		n, err := st.length(l.of)
		if err == nil {
			l.size = n
		}
		return n, err
	}
	rest, err := st.collect(l.it)
	if err != nil {
		return 0, err
	}
	l.ahead = append(l.ahead, rest...)
	l.it = over("list_iterator", fixed(nil))
	l.size = l.index0 + 1 + len(l.ahead)
	return l.size, nil
}

func (l *loop) recurse(st *state, args []any) (any, error) {
	if len(args) != 1 {
		return nil, typeErrorf("LoopContext.__call__() takes 2 positional arguments but %d were given", len(args)+1)
	}
	if l.node == nil {
		return nil, typeErrorf("The loop must have the 'recursive' marker to be called recursively.")
	}
	var b strings.Builder
	out := st.out
	st.out = &b
	err := l.node.loop(st, args[0], l.depth0+1, l.scope)
	st.out = out
	return wrapText(b.String(), st.autoescape), err
}

func (l *loop) attr(st *state, name string) (any, bool, error) {
	fromLength := func(minus int) (any, bool, error) {
		n, err := l.length(st)
		return int64(n - minus), true, err
	}
	switch name {
	case "index":
		return int64(l.index0 + 1), true, nil
	case "index0":
		return int64(l.index0), true, nil
	case "revindex":
		return fromLength(l.index0)
	case "revindex0":
		return fromLength(l.index0 + 1)
	case "length":
		return fromLength(0)
	case "first":
		return l.index0 == 0, true, nil
	case "last":
		_, ok, err := l.peek(st)
		return !ok, true, err
	case "depth":
		return int64(l.depth0 + 1), true, nil
	case "depth0":
		return int64(l.depth0), true, nil
	case "previtem":
		if l.index0 == 0 {
			return &undefined{hint: "there is no previous item"}, true, nil
		}
		return l.before, true, nil
	case "nextitem":
		v, ok, err := l.peek(st)
		if !ok {
			return &undefined{hint: "there is no next item"}, true, err
		}
		return v, true, err
	case "cycle":
		return method(name, l.cycle), true, nil
	case "changed":
		return method(name, l.hasChanged), true, nil
	}
	return nil, false, nil
}

func (l *loop) cycle(_ *state, args []any, _ []kwarg) (any, error) {
	if len(args) == 0 {
		return nil, typeErrorf("no items for cycling given")
	}
	return args[l.index0%len(args)], nil
}

func (l *loop) hasChanged(st *state, args []any, _ []kwarg) (any, error) {
	if l.seen {
		same, err := st.equal(tuple(l.changed), tuple(args))
		if err != nil || same {
			return false, err
		}
	}
	l.seen, l.changed = true, slices.Clone(args)
	return true, nil
}
