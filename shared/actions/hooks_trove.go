package actions

import (
	"context"
	"errors"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var troveHooks = map[string]hook{
	"trove.find":    troveFind,
	"trove.findall": troveFindAll,
	"trove.flavors": troveFlavors,
	"trove.root":    troveRoot,
}

// troveFindAll gives everything that has the wanted fields, each as a GET of its
// own shows it. Trove's lists in pages are short forms: a field that an item
// lacks is looked for in the whole resource.
func troveFindAll(ctx context.Context, inv *invocation) (any, error) {
	list, err := inv.listOnly(ctx)
	if err != nil {
		return nil, err
	}
	found := []any{}
	for _, item := range list {
		m, _ := item.(*value.Map)
		fillFlavorID(m)
		whole, matches, err := inv.troveMatch(ctx, m)
		if err != nil {
			return nil, err
		}
		if matches {
			found = append(found, whole)
		}
	}
	return found, nil
}

// troveMatch tells whether an item of a list has the wanted fields, and gives
// what there is of it.
func (inv *invocation) troveMatch(ctx context.Context, m *value.Map) (any, bool, error) {
	c := inv.action.spec.choose(inv.args)
	wanted, _ := inv.args[inv.action.spec.varkw].(*value.Map)
	short, known := c.then != nil && c.page != "", m
	var whole any
	for name, want := range wanted.All() {
		if !known.Has(name) && short && whole == nil && m.Has("id") {
			var err error
			if whole, err = inv.follow(ctx, c, m); err != nil {
				return nil, false, err
			}
			known, _ = merge(m, whole).(*value.Map)
		}
		if got, ok := known.Get(name); !ok || !value.Equal(got, want) {
			return nil, false, nil
		}
	}
	switch {
	case c.then == nil:
		return m, true, nil
	case whole != nil:
		return whole, true, nil
	case !m.Has("id"):
		return nil, false, nil
	}
	whole, err := inv.follow(ctx, c, m)
	if flavor, ok := whole.(*value.Map); ok {
		fillFlavorID(flavor)
	}
	return whole, err == nil, err
}

func troveFind(ctx context.Context, inv *invocation) (any, error) {
	found, err := troveFindAll(ctx, inv)
	if err != nil {
		return nil, err
	}
	return inv.onlyOne(found)
}

// troveFlavors gives flavors whose ids are there: for an id that is no number
// Trove answers null, and the id as str_id.
func troveFlavors(ctx context.Context, inv *invocation) (any, error) {
	result, err := inv.perform(ctx)
	if err != nil {
		return nil, err
	}
	switch v := result.(type) {
	case *value.Map:
		fillFlavorID(v)
	case []any:
		for _, e := range v {
			m, _ := e.(*value.Map)
			fillFlavorID(m)
		}
	}
	return result, nil
}

func fillFlavorID(m *value.Map) {
	id, there := m.Get("id")
	if other, ok := m.Get("str_id"); there && id == nil && ok && other != nil {
		m.Set("id", other)
	}
}

// troveRoot gives the name and the password of the root user, as the client does.
func troveRoot(ctx context.Context, inv *invocation) (any, error) {
	result, err := inv.perform(ctx)
	if err != nil {
		return nil, err
	}
	user, _ := result.(*value.Map)
	name, hasName := user.Get("name")
	password, hasPassword := user.Get("password")
	if !hasName || !hasPassword {
		return nil, inv.badAnswer(errors.New("the answer has no name and password of the user"))
	}
	return []any{name, password}, nil
}
