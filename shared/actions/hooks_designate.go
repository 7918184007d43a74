package actions

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var designateHooks = map[string]hook{
	"designate.named":            designateNamed,
	"designate.recordset_create": designateRecordsetCreate,
}

// designateNamed makes ids of a zone and a record set that may be names.
func designateNamed(ctx context.Context, inv *invocation) (any, error) {
	zone, err := inv.dnsID(ctx, "/v2/zones", "zones", inv.args["zone"])
	if err != nil {
		return nil, err
	}
	inv.args["@zone"] = zone
	if recordset, ok := inv.args["recordset"]; ok {
		path, err := inv.zonePath(zone)
		if err != nil {
			return nil, err
		}
		if inv.args["@recordset"], err = inv.dnsID(ctx, path+"/recordsets", "recordsets", recordset); err != nil {
			return nil, err
		}
	}
	return inv.perform(ctx)
}

// dnsID is the id of what has that name in a list; an id stays as it is.
func (inv *invocation) dnsID(ctx context.Context, path, key string, nameOrID any) (any, error) {
	if s, ok := nameOrID.(string); ok && isUUID(s) {
		return s, nil
	}
	if nameOrID == nil || nameOrID == "" {
		return nil, badArgument{strings.TrimSuffix(key, "s"), "must be an id or a name, not " + pythonRepr(nameOrID)}
	}
	body, err := inv.sendJSON(ctx, inv.action.spec.base.serviceType, request{
		Method: http.MethodGet, Path: path, Query: url.Values{"name": {pythonStr(nameOrID)}},
	})
	if err != nil {
		return nil, err
	}
	list, err := unwrap(key, body)
	if err != nil {
		return nil, inv.badAnswer(err)
	}
	found, err := inv.onlyOne(list)
	if err != nil {
		return nil, err
	}
	m, _ := found.(*value.Map)
	id, ok := m.Get("id")
	if !ok {
		return nil, inv.badAnswer(fmt.Errorf("what has the name %s has no id", pythonStr(nameOrID)))
	}
	return id, nil
}

func (inv *invocation) zonePath(id any) (string, error) {
	s, err := pathValue(pathNode{name: "zone"}, id)
	return "/v2/zones/" + s, err
}

// designateRecordsetCreate completes a name without a dot at its end with the
// name of its zone, which is asked for if it is not given.
func designateRecordsetCreate(ctx context.Context, inv *invocation) (any, error) {
	zone := inv.args["zone"]
	name, ok := inv.args["name"].(string)
	if !ok {
		return nil, badArgument{"name", "must be a string, not " + value.Kind(inv.args["name"])}
	}
	full := strings.HasSuffix(name, ".")
	info, isMap := zone.(*value.Map)
	s, isText := zone.(string)
	if !isMap && (!full || isText && !isUUID(s)) {
		var err error
		if info, err = inv.zone(ctx, zone); err != nil {
			return nil, err
		}
	}
	if info != nil {
		zone, _ = info.Get("id")
	}
	if !full {
		of, _ := info.Get("name")
		name += "." + pythonStr(of)
	}
	inv.args["@zone"], inv.args["@name"] = zone, name
	return inv.perform(ctx)
}

// zone reads a zone by its id or name.
func (inv *invocation) zone(ctx context.Context, nameOrID any) (*value.Map, error) {
	id, err := inv.dnsID(ctx, "/v2/zones", "zones", nameOrID)
	if err != nil {
		return nil, err
	}
	path, err := inv.zonePath(id)
	if err != nil {
		return nil, err
	}
	body, err := inv.sendJSON(ctx, inv.action.spec.base.serviceType, request{Method: http.MethodGet, Path: path})
	if err != nil {
		return nil, err
	}
	m, ok := body.(*value.Map)
	if !ok {
		return nil, inv.badAnswer(fmt.Errorf("the answer is %s and not a zone", value.Kind(body)))
	}
	return m, nil
}
