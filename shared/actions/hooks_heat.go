package actions

import (
	"context"
	"strings"
)

var heatHooks = map[string]hook{
	"heat.stack": heatStack,
}

// heatStack: a stack that is named by name and id, with a slash between them,
// need not be looked up.
func heatStack(ctx context.Context, inv *invocation) (any, error) {
	stack, _ := inv.args["stack_id"].(string)
	if name, id, ok := strings.Cut(stack, "/"); ok && name != "" && id != "" {
		inv.args["@stack_name"], inv.args["@id"] = name, id
		inv.known = true
	}
	return inv.perform(ctx)
}
