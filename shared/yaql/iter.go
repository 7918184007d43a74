package yaql

import (
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// iterator is a Python iterator: what it gave is gone.
type iterator interface {
	next(st *state) (any, bool, error)
}

// iter is an iterator over a function, which is not called again after it
// said that there is no more, or failed.
type iter struct {
	f     func() (any, bool, error)
	count int
}

func newIter(f func() (any, bool, error)) *iter { return &iter{f: f} }

func (it *iter) next(st *state) (any, bool, error) {
	if it.f == nil {
		return nil, false, nil
	}
	v, ok, err := it.f()
	if err != nil || !ok {
		it.f = nil
		return nil, false, err
	}
	if it.count++; it.count > st.limits.Iterations {
		it.f = nil
		return nil, false, failf(kindLimit, "Collection length exceeds %d elements", st.limits.Iterations)
	}
	return v, true, nil
}

// itemsIter iterates over a slice.
type itemsIter struct{ items []any }

func (it *itemsIter) next(*state) (any, bool, error) {
	if len(it.items) == 0 {
		return nil, false, nil
	}
	v := it.items[0]
	it.items = it.items[1:]
	return v, true, nil
}

// remembered is an iterator that can be begun again: all that memorise the
// same one share what it has given.
type remembered struct {
	mem *memory
	pos int
}

type memory struct {
	src   iterator
	items []any
}

func (r *remembered) next(st *state) (any, bool, error) {
	if r.pos < len(r.mem.items) {
		r.pos++
		return r.mem.items[r.pos-1], true, nil
	}
	v, ok, err := st.pull(r.mem.src)
	if err != nil || !ok {
		return nil, false, err
	}
	if err := st.grow(16); err != nil {
		return nil, false, err
	}
	r.mem.items = append(r.mem.items, v)
	r.pos++
	return v, true, nil
}

func memorize(coll any) any {
	switch c := coll.(type) {
	case iterator:
		return &remembered{mem: &memory{src: c}}
	default:
		return coll
	}
}

// pull takes the next element. Iterators over iterators nest, so it counts
// as a step and as a level.
func (st *state) pull(it iterator) (any, bool, error) {
	if err := st.step(); err != nil {
		return nil, false, err
	}
	if err := st.enter(); err != nil {
		return nil, false, err
	}
	v, ok, err := it.next(st)
	st.leave()
	return v, ok, err
}

// iterate is Python's iter().
func (st *state) iterate(v any) (iterator, error) {
	switch v := v.(type) {
	case []any:
		return &itemsIter{v}, nil
	case *list:
		return &itemsIter{v.items}, nil
	case *rawList:
		return &itemsIter{v.items()}, nil
	case *remembered:
		return &remembered{mem: v.mem}, nil
	case iterator:
		return v, nil
	case *set:
		return &itemsIter{v.items}, nil
	case *view:
		items, err := viewItems(v)
		return &itemsIter{items}, err
	case *ordering:
		items, err := v.sort(st)
		return &itemsIter{items}, err
	case string:
		return runesIter(v), nil
	case *value.Map, *dict, *rawMap, Lazy:
		items, err := viewItems(&view{v, keysView})
		return &itemsIter{items}, err
	}
	return nil, typeErrorf("'%s' object is not iterable", typeName(v))
}

func runesIter(s string) iterator {
	return newIter(func() (any, bool, error) {
		if s == "" {
			return nil, false, nil
		}
		_, size := utf8.DecodeRuneInString(s)
		c := s[:size]
		s = s[size:]
		return c, true, nil
	})
}

// generator is what functions get for a collection that is neither sequence
// nor set: something that can be read once, and is not opened before that.
func (st *state) generator(v any) any {
	switch v.(type) {
	case *remembered, *ordering:
	case *view:
		if isA(v, clsSet) {
			return v
		}
	default:
		return v
	}
	return st.lazily(v, func(it iterator) (any, bool, error) { return st.pull(it) })
}

// each calls f with all elements of a collection.
func (st *state) each(coll any, f func(v any) error) error {
	it, err := st.iterate(coll)
	if err != nil {
		return err
	}
	for {
		v, ok, err := st.pull(it)
		if err != nil || !ok {
			return err
		}
		if err := f(v); err != nil {
			return err
		}
	}
}

// collect is Python's tuple(): all elements of a collection. The result may
// be the collection's own slice, which nobody may change.
func (st *state) collect(coll any) ([]any, error) {
	switch c := coll.(type) {
	case []any:
		return c, nil
	case *list:
		return c.items, nil
	case *rawList:
		return c.items(), nil
	case *set:
		return c.items, nil
	}
	out := []any{}
	err := st.each(coll, func(v any) error {
		out = append(out, v)
		return st.grow(16)
	})
	return out, err
}

// lazily makes an iterator whose source is opened at its first element, as a
// Python generator does.
func (st *state) lazily(coll any, f func(it iterator) (any, bool, error)) iterator {
	var it iterator
	return newIter(func() (any, bool, error) {
		if it == nil {
			var err error
			if it, err = st.iterate(coll); err != nil {
				return nil, false, err
			}
		}
		return f(it)
	})
}

// chain iterates over collections one after another.
func (st *state) chain(colls ...any) iterator {
	var it iterator
	return newIter(func() (any, bool, error) {
		for {
			if it == nil {
				if len(colls) == 0 {
					return nil, false, nil
				}
				var err error
				if it, err = st.iterate(colls[0]); err != nil {
					return nil, false, err
				}
				colls = colls[1:]
			}
			v, ok, err := st.pull(it)
			if err != nil || ok {
				return v, ok, err
			}
			it = nil
		}
	})
}

// eachCount counts the elements of a collection.
func (st *state) eachCount(coll any, n *int64) error {
	return st.each(coll, func(any) error {
		*n++
		return nil
	})
}
