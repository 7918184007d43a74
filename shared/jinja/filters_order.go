package jinja

import (
	"strings"
)

func addOrderFilters(add addFilter) {
	add("sort", "value reverse? case_sensitive? attribute?", sortFilter)
	add("dictsort", "value case_sensitive? by? reverse?", dictSortFilter)
	add("groupby", "value attribute default? case_sensitive?", groupFilter)
	add("min", "value case_sensitive? attribute?", func(st *state, a []any) (any, error) { return st.extreme(a, "<") })
	add("max", "value case_sensitive? attribute?", func(st *state, a []any) (any, error) { return st.extreme(a, ">") })
}

func sortFilter(st *state, a []any) (any, error) {
	post, err := st.caseRule(a[2])
	if err != nil {
		return nil, err
	}
	attributes := []any{or(a[3], nil)}
	if s, ok := textOf(attributes[0]); ok {
		attributes = texts(strings.Split(s, ","))
	}
	var getters []func(any) (any, error)
	for _, attribute := range attributes {
		get, err := st.getter(attribute, nil, post)
		if err != nil {
			return nil, err
		}
		getters = append(getters, get)
	}
	items, err := st.collect(a[0])
	if err != nil {
		return nil, err
	}
	reverse, err := indexOr(a[1], 0)
	if err != nil {
		return nil, err
	}
	keys := make([]any, len(items))
	for i, e := range items {
		key := make([]any, len(getters))
		for j, get := range getters {
			if key[j], err = get(e); err != nil {
				return nil, err
			}
		}
		keys[i] = &list{key}
	}
	return st.newList(st.sortBy(items, keys, reverse != 0))
}

func dictSortFilter(st *state, a []any) (any, error) {
	by, ok := textOf(or(a[2], "key"))
	if !ok || by != "key" && by != "value" {
		return nil, failf(kindArgument, "You can only sort by either \"key\" or \"value\"")
	}
	post, err := st.caseRule(a[1])
	if err != nil {
		return nil, err
	}
	reverse, err := indexOr(a[3], 0)
	if err != nil {
		return nil, err
	}
	if !isMapping(a[0]) {
		if err := defined(a[0]); err != nil {
			return nil, err
		}
		return nil, failf(kindAttribute, "'%s' object has no attribute 'items'", typeName(a[0]))
	}
	var items, keys []any
	err = mapEach(a[0], func(k, v any) error {
		items = append(items, tuple{k, v})
		if by == "value" {
			k = v
		}
		if post != nil {
			k = post(k)
		}
		keys = append(keys, k)
		return st.grow(32)
	})
	if err != nil {
		return nil, err
	}
	return st.newList(st.sortBy(items, keys, reverse != 0))
}

func groupFilter(st *state, a []any) (any, error) {
	post, err := st.caseRule(a[3])
	if err != nil {
		return nil, err
	}
	def := or(a[2], nil)
	get, err := st.getter(a[1], def, post)
	if err != nil {
		return nil, err
	}
	plain, err := st.getter(a[1], def, nil)
	if err != nil {
		return nil, err
	}
	items, err := st.collect(a[0])
	if err != nil {
		return nil, err
	}
	keys := make([]any, len(items))
	for i, e := range items {
		if keys[i], err = get(e); err != nil {
			return nil, err
		}
	}
	if items, err = st.sortBy(items, keys, false); err != nil {
		return nil, err
	}
	var out []any
	var last *group
	var lastKey any
	for _, e := range items {
		key, err := get(e)
		if err != nil {
			return nil, err
		}
		if last != nil {
			eq, err := st.equalItems([]any{lastKey}, []any{key})
			if err != nil {
				return nil, err
			}
			if eq {
				last.items.items = append(last.items.items, e)
				continue
			}
		}
		shown := key
		if post != nil {
			if shown, err = plain(e); err != nil {
				return nil, err
			}
		}
		last, lastKey = &group{shown, &list{[]any{e}}}, key
		out = append(out, last)
	}
	return &list{out}, nil
}

// extreme is min or max: the first element that no other is op than.
func (st *state) extreme(a []any, op string) (any, error) {
	post, err := st.caseRule(a[1])
	if err != nil {
		return nil, err
	}
	get, err := st.getter(or(a[2], nil), nil, post)
	if err != nil {
		return nil, err
	}
	var best, bestKey any = absent, nil
	err = st.each(a[0], func(e any) error {
		key, err := get(e)
		if err != nil {
			return err
		}
		better := isAbsent(best)
		if !better {
			c, err := st.order(op, key, bestKey)
			if err != nil {
				return err
			}
			better = c != unordered && holds(op, c)
		}
		if better {
			best, bestKey = e, key
		}
		return nil
	})
	if err == nil && isAbsent(best) {
		return &undefined{hint: "No aggregated item, sequence was empty."}, nil
	}
	return best, err
}
