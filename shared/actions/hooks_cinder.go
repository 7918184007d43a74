package actions

import (
	"cmp"
	"context"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var cinderHooks = map[string]hook{
	"cinder.delete_metadata":          cinderDeleteMetadata,
	"cinder.encryption_types":         cinderEncryptionTypes,
	"cinder.encryption_types_find":    cinderEncryptionTypesFind,
	"cinder.encryption_types_findall": cinderEncryptionTypesFindAll,
}

// cinderDeleteMetadata takes keys out of a volume's metadata in one step: it
// reads the metadata and puts it back without them, if nobody changed it
// meanwhile. If one of the keys is not there nothing is changed.
func cinderDeleteMetadata(ctx context.Context, inv *invocation) (any, error) {
	c := inv.action.spec.choose(inv.args)
	path, err := expandPath(c.path, inv.args)
	if err != nil {
		return nil, err
	}
	answer, err := inv.send(ctx, c.serviceType, request{Method: "GET", Path: path, Microversion: c.microversion})
	if err != nil {
		return nil, err
	}
	body, err := answer.Value()
	if err != nil {
		return nil, err
	}
	v, err := unwrap("metadata", body)
	if err != nil {
		return nil, inv.badAnswer(err)
	}
	metadata, _ := v.(*value.Map)
	keys, _ := inv.args["keys"].([]any)
	for _, k := range keys {
		if !metadata.Has(pythonStr(k)) {
			return nil, nil
		}
	}
	for _, k := range keys {
		metadata.Delete(pythonStr(k))
	}
	inv.args["@metadata"] = metadata
	if tag := cmp.Or(answer.Header.Get("Etag"), answer.Header.Get("Checksum")); tag != "" {
		inv.args["@checksum"] = tag
	}
	return inv.perform(ctx)
}

// cinderEncryptionTypes asks each volume type for its encryption.
func cinderEncryptionTypes(ctx context.Context, inv *invocation) (any, error) {
	types, err := inv.listOnly(ctx)
	if err != nil {
		return nil, err
	}
	c := inv.action.spec.choose(inv.args)
	found := []any{}
	for _, t := range types {
		inv.remember(t)
		v, err := inv.get(ctx, c, c.then)
		if err != nil {
			return nil, err
		}
		if m, _ := v.(*value.Map); m.Has("volume_type_id") {
			found = append(found, m)
		}
	}
	return found, nil
}

// listOnly performs the table's call as a list, without its follow-up.
func (inv *invocation) listOnly(ctx context.Context) ([]any, error) {
	c := inv.action.spec.choose(inv.args)
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	v, err := inv.list(ctx, c, req)
	list, _ := v.([]any)
	return list, err
}

func cinderEncryptionTypesFindAll(ctx context.Context, inv *invocation) (any, error) {
	v, err := cinderEncryptionTypes(ctx, inv)
	if err != nil {
		return nil, err
	}
	wanted, _ := inv.args[inv.action.spec.varkw].(*value.Map)
	list, _ := v.([]any)
	return slices.DeleteFunc(list, func(t any) bool {
		m, _ := t.(*value.Map)
		return !hasFields(m, wanted)
	}), nil
}

func cinderEncryptionTypesFind(ctx context.Context, inv *invocation) (any, error) {
	found, err := cinderEncryptionTypesFindAll(ctx, inv)
	if err != nil {
		return nil, err
	}
	return inv.onlyOne(found)
}
