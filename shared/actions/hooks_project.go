package actions

import (
	"context"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var projectHooks = map[string]hook{
	"project.clouds":  projectClouds,
	"project.regions": projectRegions,
}

// projectClouds gives the names of the configured clouds. It asks nobody.
func projectClouds(_ context.Context, inv *invocation) (any, error) {
	if inv.runner.manager == nil {
		return []any{}, nil
	}
	return value.Of(inv.runner.manager.Clouds()), nil
}

// projectRegions gives the regions that offer a service type, from the catalog.
func projectRegions(ctx context.Context, inv *invocation) (any, error) {
	session, err := inv.openSession(ctx)
	if err != nil {
		return nil, err
	}
	return value.Of(session.Catalog().Regions(pythonStr(inv.args["service_type"]))), nil
}
