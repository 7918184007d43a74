package actions

import "context"

var projectHooks = map[string]hook{
	"project.clouds":  projectClouds,
	"project.regions": projectRegions,
}

// projectClouds gives the names of the configured clouds. It asks nobody.
func projectClouds(_ context.Context, inv *invocation) (any, error) {
	if inv.runner.manager == nil {
		return []any{}, nil
	}
	names := []any{}
	for _, name := range inv.runner.manager.Clouds() {
		names = append(names, name)
	}
	return names, nil
}

// projectRegions gives the regions that offer a service type, from the catalog.
func projectRegions(ctx context.Context, inv *invocation) (any, error) {
	session, err := inv.openSession(ctx)
	if err != nil {
		return nil, err
	}
	regions := []any{}
	for _, name := range session.Catalog().Regions(pythonStr(inv.args["service_type"])) {
		regions = append(regions, name)
	}
	return regions, nil
}
