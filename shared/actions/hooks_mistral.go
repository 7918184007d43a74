package actions

import (
	"context"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var mistralHooks = map[string]hook{
	"findall.environments": mistralEnvironmentsFind,
	"mistral.member":       mistralMember,
}

// mistralMember takes the own project where no member is named.
func mistralMember(ctx context.Context, inv *invocation) (any, error) {
	inv.args["@member"] = inv.args["member_id"]
	if !value.Truth(inv.args["member_id"]) {
		session, err := inv.openSession(ctx)
		if err != nil {
			return nil, err
		}
		inv.args["@member"] = session.Target().ProjectID
	}
	return inv.perform(ctx)
}

// mistralEnvironmentsFind compares an environment's variables as the data that
// they are, though the service gives them as JSON text.
func mistralEnvironmentsFind(ctx context.Context, inv *invocation) (any, error) {
	list, err := inv.listOnly(ctx)
	if err != nil {
		return nil, err
	}
	wanted, _ := inv.args[inv.action.spec.varkw].(*value.Map)
	found := []any{}
	for _, item := range list {
		fields := value.NewMap(0)
		_ = spread(fields, item) // the item itself stays as it came
		variables, _ := fields.Get("variables")
		if data, err := fromJSON(variables); err == nil {
			fields.Set("variables", data)
		}
		if hasFields(fields, wanted) {
			found = append(found, item)
		}
	}
	return found, nil
}
