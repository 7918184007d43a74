package yaql

import (
	"fmt"
	"math/big"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Inside an evaluation a value is one of
//
//	nil, bool, int64, *big.Int, float64, string   as in value data
//	[]any        a Python tuple: what lists in the data are, so nothing is converted
//	*value.Map   a frozen dictionary of the data, or a [Lazy]
//	*dict        a dictionary made here, with keys of any hashable kind
//	*list        a Python list: unlike a tuple it equals no tuple and has no hash
//	*set, *view, *ordering, iterator and others below
//
// so that what is only Python's inner difference still shows where it does
// there: in equality, in hashes, in overloads, in str().

// list is a mutable Python list; nothing mutates it.
type list struct{ items []any }

// rawList and rawMap are lists and dictionaries that a host's function gave:
// value data, whose pieces become such ones when they are looked at.
type (
	rawList struct{ data []any }
	rawMap  struct{ data *value.Map }
)

func raw(v any) any {
	switch v := v.(type) {
	case []any:
		return &rawList{v}
	case *value.Map:
		return &rawMap{v}
	}
	return v
}

func (l *rawList) items() []any {
	out := make([]any, len(l.data))
	for i, e := range l.data {
		out[i] = raw(e)
	}
	return out
}

// dict is a dictionary in insertion order.
type dict struct {
	frozen bool // has a hash, as yaql's FrozenDict; a plain dict has not
	index  map[hashKey]int
	keys   []any
	vals   []any
}

func newDict(frozen bool) *dict {
	return &dict{frozen: frozen, index: map[hashKey]int{}}
}

func (d *dict) set(k, v any) error {
	h, err := hashOf(k)
	if err != nil {
		return err
	}
	if i, ok := d.index[h]; ok {
		d.vals[i] = v
		return nil
	}
	d.index[h] = len(d.keys)
	d.keys = append(d.keys, k)
	d.vals = append(d.vals, v)
	return nil
}

// set is a frozenset, in insertion order.
type set struct {
	index map[hashKey]struct{}
	items []any
}

func newSet() *set { return &set{index: map[hashKey]struct{}{}} }

func (s *set) add(v any) error {
	h, err := hashOf(v)
	if err != nil {
		return err
	}
	if _, ok := s.index[h]; !ok {
		s.index[h] = struct{}{}
		s.items = append(s.items, v)
	}
	return nil
}

func (s *set) has(v any) (bool, error) {
	h, err := hashOf(v)
	if err != nil {
		return false, err
	}
	_, ok := s.index[h]
	return ok, nil
}

// view is what keys(), values() and items() of a dictionary give.
type view struct {
	of   any // a mapping
	kind viewKind
}

type viewKind int

const (
	keysView viewKind = iota
	valuesView
	itemsView
)

// mappingRule is an evaluated `a => b`.
type mappingRule struct{ src, dst any }

// datetime is a moment with an offset; timespan a difference of two.
type datetime struct{ t time.Time }

type timespan struct{ us *big.Int } // microseconds

// A class is what parameters ask of a value, a Python type or abstract class.
type class int

const (
	clsObject class = iota
	clsNone
	clsBool
	clsInt // bool is one too
	clsFloat
	clsStr
	clsTuple
	clsIterable
	clsSequence
	clsSet
	clsMapping
	clsIterator
	clsOrdering
	clsRule
	clsRegex
	clsScope
	clsDatetime
	clsTimespan
)

// isA is isinstance. A string is an iterable and a sequence, as in Python;
// parameters exclude it.
func isA(v any, c class) bool {
	if c == clsObject {
		return true
	}
	switch v := v.(type) {
	case nil:
		return c == clsNone
	case bool:
		return c == clsBool || c == clsInt
	case int64, *big.Int:
		return c == clsInt
	case float64:
		return c == clsFloat
	case string:
		return c == clsStr || c == clsIterable || c == clsSequence
	case []any:
		return c == clsTuple || c == clsIterable || c == clsSequence
	case *list, *rawList:
		return c == clsIterable || c == clsSequence
	case *value.Map, *dict, *rawMap, Lazy:
		return c == clsMapping || c == clsIterable
	case *set:
		return c == clsSet || c == clsIterable
	case *view:
		return c == clsIterable || c == clsSet && v.kind != valuesView
	case iterator:
		return c == clsIterator || c == clsIterable
	case *ordering:
		return c == clsOrdering || c == clsIterable
	case *mappingRule:
		return c == clsRule
	case *regex:
		return c == clsRegex
	case *scope:
		return c == clsScope
	case datetime:
		return c == clsDatetime
	case timespan:
		return c == clsTimespan
	case *lambda, noValueType:
		return false
	}
	panic(fmt.Sprintf("yaql: %T is not a value", v))
}

// subclasses are the pairs (narrower, wider) that matter for choosing
// between overloads.
func (c class) under(wide class) bool {
	switch {
	case c == wide:
		return false
	case wide == clsObject:
		return true
	case wide == clsInt:
		return c == clsBool
	case wide == clsIterable:
		return c == clsTuple || c == clsSequence || c == clsSet || c == clsMapping || c == clsIterator || c == clsOrdering || c == clsStr
	case wide == clsSequence:
		return c == clsTuple || c == clsStr
	}
	return false
}

// isIterable is yaql's notion of a collection: no string, no dictionary.
func isIterable(v any) bool {
	return isA(v, clsIterable) && !isA(v, clsStr) && !isA(v, clsMapping)
}

func isSequence(v any) bool { return isA(v, clsSequence) && !isA(v, clsStr) }

// itemsOf returns the elements of a tuple or list.
func itemsOf(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case *list:
		return v.items, true
	case *rawList:
		return v.items(), true
	}
	return nil, false
}

// sizeOf is len(): of what has a length.
func sizeOf(v any) (int, bool) {
	switch v := v.(type) {
	case []any:
		return len(v), true
	case *list:
		return len(v.items), true
	case *rawList:
		return len(v.data), true
	case *rawMap:
		return v.data.Len(), true
	case *value.Map:
		return v.Len(), true
	case *dict:
		return len(v.keys), true
	case Lazy:
		return len(v.Keys()), true
	case *set:
		return len(v.items), true
	case *view:
		return sizeOf(v.of)
	}
	return 0, false
}

// typeName is the name that Python's messages use.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []any:
		return "tuple"
	case *list, *rawList:
		return "list"
	case *rawMap:
		return "dict"
	case *value.Map, Lazy:
		return "FrozenDict"
	case *dict:
		if v.frozen {
			return "FrozenDict"
		}
		return "dict"
	case *set:
		return "frozenset"
	case *view:
		return [...]string{"KeysView", "ValuesView", "ItemsView"}[v.kind]
	case iterator:
		return "generator"
	case *ordering:
		return "OrderingIterable"
	case *regex:
		return "re.Pattern"
	case *scope:
		return "Context"
	case datetime:
		return "datetime.datetime"
	case timespan:
		return "datetime.timedelta"
	}
	return "object"
}
