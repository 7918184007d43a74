package actions

import "context"

// hook performs an action that a table can't say, or can't say whole. Most set
// arguments whose names begin with @ and leave the rest to the table.
type hook func(ctx context.Context, inv *invocation) (any, error)

// hookNamed returns the hook of that name, nil if there is none.
func hookNamed(name string) hook {
	switch name {
	case "find":
		return findOne
	case "findall":
		return findAll
	case "find.served":
		return findServed
	case "give.item":
		return func(_ context.Context, inv *invocation) (any, error) { return inv.args["item"], nil }
	case "neutron.ext":
		return neutronExt
	}
	for _, hooks := range []map[string]hook{
		novaHooks,
		cinderHooks,
		glanceHooks,
		heatHooks,
		aodhHooks,
		designateHooks,
		gnocchiHooks,
		manilaHooks,
		keystoneHooks,
		ironicHooks,
		mistralHooks,
		projectHooks,
		swiftHooks,
		swiftServiceHooks,
		zaqarHooks,
		troveHooks,
		zunHooks,
		stdHooks,
	} {
		if h, ok := hooks[name]; ok {
			return h
		}
	}
	return nil
}
