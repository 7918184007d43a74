package actions

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The find and findall actions of the clients list what there is and keep what
// has the given values in its fields. Where a name is among them and the listing
// has a short form, the short form is asked for and what matches is then fetched;
// the table says so with {!@named?/detail} and `then`.

// notFields are arguments of find that steer the listing and are no fields.
var notFields = map[string]bool{"all_tenants": true, "deleted": true, "list_volume": true}

// findAll gives everything that matches.
func findAll(ctx context.Context, inv *invocation) (any, error) {
	wanted, _ := inv.args[inv.action.spec.varkw].(*value.Map)
	for _, key := range []string{"human_id", "name", "display_name"} {
		if v, ok := wanted.Get(key); ok {
			inv.args["@named"], inv.args["@name"] = true, v
			break
		}
	}
	if v, ok := wanted.Get("is_public"); ok && !value.Truth(v) {
		inv.args["@is_public"] = pythonStr(v) // else only public ones are listed
	}
	c := inv.action.spec.choose(inv.args)
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	listing, err := inv.list(ctx, c, req)
	if err != nil {
		return nil, err
	}
	found := []any{}
	list, _ := listing.([]any)
	for _, item := range list {
		m, _ := item.(*value.Map)
		if !hasFields(m, wanted) {
			continue
		}
		if c.then != nil && isTrue(inv.args["@named"]) {
			inv.remember(m)
			if item, err = inv.get(ctx, c, c.then); err != nil {
				return nil, err
			}
		}
		found = append(found, item)
	}
	return found, nil
}

// hasFields reports whether m has each wanted field with its value.
func hasFields(m, wanted *value.Map) bool {
	for k, v := range wanted.All() {
		if notFields[k] || k == "is_public" && v == nil {
			continue
		}
		got, ok := m.Get(k)
		switch {
		case !ok && k == "human_id":
			got, ok = humanID(m), true
		case !ok && k == "is_public":
			got, ok = isPublic(m)
		}
		if !ok || !value.Equal(got, v) {
			return false
		}
	}
	return true
}

// isPublic is a type's field for whom it is, which has the name of an extension
// before it: share_type_access:is_public.
func isPublic(m *value.Map) (any, bool) {
	for k, v := range m.All() {
		if strings.HasSuffix(k, "access:is_public") {
			return v, true
		}
	}
	return nil, false
}

// humanID is the clients' field for people: the name in lower case, its words
// joined with dashes.
func humanID(m *value.Map) string {
	name, _ := m.Get("name")
	s, _ := name.(string)
	return strings.Join(strings.Fields(strings.ToLower(s)), "-")
}

// findOne gives the one that matches.
func findOne(ctx context.Context, inv *invocation) (any, error) {
	found, err := findAll(ctx, inv)
	if err != nil {
		return nil, err
	}
	return inv.onlyOne(found)
}

// findServed gives the one of a list that the service has filtered.
func findServed(ctx context.Context, inv *invocation) (any, error) {
	found, err := inv.perform(ctx)
	if err != nil {
		return nil, err
	}
	return inv.onlyOne(found)
}

// onlyOne takes the item out of a list of one.
func (inv *invocation) onlyOne(found any) (any, error) {
	list, _ := found.([]any)
	switch len(list) {
	case 0:
		d := inv.answered
		d.Message, d.Status = "nothing has these values: "+inv.given(), http.StatusNotFound
		return nil, openstack.NotFound{Detail: d}
	case 1:
		return list[0], nil
	default:
		return nil, inv.failed(fmt.Errorf("%d have these values: %s", len(list), inv.given()))
	}
}

// given names the arguments of a find for a message.
func (inv *invocation) given() string {
	var parts []string
	for k, v := range inv.action.Redact(inv.call.Input).All() {
		if !inv.action.IsTargetParam(k) {
			parts = append(parts, k+"="+pythonStr(v))
		}
	}
	return strings.Join(parts, ", ")
}

// neutronExt puts the id into the path of an extension's resource, where the
// path says %s.
func neutronExt(ctx context.Context, inv *invocation) (any, error) {
	path := pythonStr(inv.args["path"])
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if id, ok := inv.args["id"]; ok {
		s := pythonStr(id)
		if id == nil || s == "" || strings.Contains(s, "/") {
			return nil, badArgument{"id", "must be an id, not " + s}
		}
		if !strings.Contains(path, "%s") {
			return nil, badArgument{"path", "must say %s where the id goes"}
		}
		path = strings.Replace(path, "%s", s, 1)
	}
	inv.args["@path"] = path
	return inv.perform(ctx)
}
