package compile

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
)

// mayPause reports whether a workflow may be paused by itself: by a command, by
// pause-before, or by a sub-workflow, with which it is paused too.
func (c *compiler) mayPause(s *source, seen map[*source]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	tasks := s.wf.Tasks
	if s.wf.TaskDefaults != nil {
		tasks = append(slices.Clone(tasks), s.wf.TaskDefaults)
	}
	return slices.ContainsFunc(tasks, func(t *dsl.Task) bool {
		if condition(t.PauseBefore) != nil || slices.ContainsFunc([]*dsl.Routes{t.OnSuccess, t.OnError, t.OnComplete}, hasPause) {
			return true
		}
		switch {
		case t.Workflow == nil:
			return false
		case isExpression(t.Workflow.Name): // it may be any
			return slices.ContainsFunc(c.sources, func(s *source) bool { return c.mayPause(s, seen) })
		default:
			return c.mayPause(c.findWorkflow(t.Workflow.Name), seen)
		}
	})
}

func hasPause(r *dsl.Routes) bool {
	return r != nil && slices.ContainsFunc(r.Entries, func(e *dsl.Route) bool { return e.Command == "pause" })
}
