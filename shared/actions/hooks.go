package actions

import "context"

// hook performs an action that a table can't say, or can't say whole.
type hook func(ctx context.Context, inv *invocation) (any, error)

// hookNamed returns the hook of that name, nil if there is none.
func hookNamed(name string) hook {
	switch name {
	case "std.noop":
		return stdNoop
	case "project.clouds":
		return projectClouds
	default:
		return nil
	}
}
func stdNoop(context.Context, *invocation) (any, error)       { return nil, nil }
func projectClouds(context.Context, *invocation) (any, error) { return nil, nil }
