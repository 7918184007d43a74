package actions

import (
	"context"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var gnocchiHooks = map[string]hook{
	"gnocchi.metric_create": gnocchiMetricCreate,
}

// gnocchiMetricCreate creates a metric of the dictionary `metric` or, without
// it, of the single arguments. A metric of a resource is created by its name,
// and the answer is a list of the new metrics, so it is read again by that name.
func gnocchiMetricCreate(ctx context.Context, inv *invocation) (any, error) {
	metric := value.NewMap(4)
	if given, ok := inv.args["metric"].(*value.Map); ok {
		_ = spread(metric, given) // dictionaries spread without error
	} else {
		for _, name := range []string{"name", "archive_policy_name", "resource_id", "unit"} {
			if v := inv.args[name]; v != nil {
				metric.Set(name, v)
			}
		}
	}
	inv.args["@metric"] = metric
	resource, _ := metric.Get("resource_id")
	if resource == nil {
		return inv.perform(ctx)
	}
	name, _ := metric.Get("name")
	if name == nil {
		return nil, badArgument{"name", "is required for a metric of a resource"}
	}
	metric.Delete("resource_id")
	inv.args["@resource_id"], inv.args["@name"] = resource, name
	c := inv.action.spec.choose(inv.args)
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	created, err := inv.sendJSON(ctx, c.serviceType, req)
	if err != nil {
		return nil, err
	}
	if read, err := inv.get(ctx, c, c.then); err == nil {
		return read, nil
	}
	return first(created) // it is created, whatever became of the reading
}
