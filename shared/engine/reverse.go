package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A reverse workflow is started for one of its tasks, the target. What the
// target requires, directly or not, runs, each task once, as soon as all that
// it requires itself has succeeded. What follows is, as for direct workflows, a
// pure function over the graph's state.

// InvalidTask says that a reverse workflow was started without a target, or for
// one that it does not have or can never reach.
type InvalidTask struct {
	Workflow string
	Task     any      // what was named; nil = nothing
	Tasks    []string // what there is
	Cycle    []string // tasks on the way to the target of which each requires the next, and the last is the first
}

func (e InvalidTask) Error() string {
	reason := "its tasks are " + strings.Join(e.Tasks, ", ")
	if len(e.Cycle) > 0 {
		reason = "it can never run, as " + strings.Join(e.Cycle, " requires ")
	}
	return fmt.Sprintf("Invalid task name [workflow=%s, task_name=%s]: %s", e.Workflow, expr.Str(e.Task), reason)
}

// targetTask returns the task that an execution with these parameters is for;
// "" in a direct workflow.
func targetTask(spec *step.Workflow, params *value.Map) (string, error) {
	if spec.Type != step.Reverse {
		return "", nil
	}
	v, _ := params.Get(paramTask)
	names := make([]string, len(spec.Tasks))
	for i, t := range spec.Tasks {
		names[i] = t.Name
	}
	name, ok := v.(string)
	if !ok || !slices.Contains(names, name) {
		return "", InvalidTask{Workflow: spec.Name, Task: v, Tasks: names}
	}
	if cycle := requiredCycle(spec, name); len(cycle) > 0 {
		return "", InvalidTask{Workflow: spec.Name, Task: v, Tasks: names, Cycle: cycle}
	}
	return name, nil
}

// requiredCycle finds tasks on the way to the target that wait for each other.
func requiredCycle(spec *step.Workflow, target string) []string {
	requires := requirements(spec)
	done := map[string]bool{}
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		if i := slices.Index(path, name); i >= 0 {
			return append(slices.Clone(path[i:]), name)
		}
		if done[name] {
			return nil
		}
		path = append(path, name)
		for _, before := range requires[name] {
			if cycle := visit(before); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[name] = true
		return nil
	}
	return visit(target)
}

func requirements(spec *step.Workflow) map[string][]string {
	requires := make(map[string][]string, len(spec.Tasks))
	for _, t := range spec.Tasks {
		requires[t.Name] = t.Requires
	}
	return requires
}

// newReverseGraph is the graph of an execution that begins, and the tasks that it
// begins with.
func newReverseGraph(spec *step.Workflow, execution, target string) (*store.Graph, []step.Arrival) {
	g := &store.Graph{Execution: execution, Tasks: map[string]*store.GraphTask{}}
	return g, startRequired(spec, g, target)
}

// advanceReverse notes that the task execution id of task name ended, and returns
// the tasks that start now; none if the execution has ended or is paused: they
// stay to be started.
func advanceReverse(spec *step.Workflow, g *store.Graph, target, name, id string, succeeded, halted bool) []step.Arrival {
	if g.Tasks == nil {
		g.Tasks = map[string]*store.GraphTask{}
	}
	g.Tasks[name] = &store.GraphTask{ID: id, Done: true, Succeeded: succeeded}
	g.Running--
	if halted {
		return nil
	}
	return startRequired(spec, g, target)
}

// startRequired starts the tasks on the way to the target that have not started
// and whose requirements have all succeeded. They continue from these.
func startRequired(spec *step.Workflow, g *store.Graph, target string) []step.Arrival {
	needed := requiredBy(spec, target)
	var out []step.Arrival
	for _, t := range spec.Tasks {
		if !needed[t.Name] || g.Tasks[t.Name] != nil {
			continue
		}
		from := []string{}
		for _, name := range t.Requires {
			if before := g.Tasks[name]; before != nil && before.Succeeded {
				from = append(from, before.ID)
			}
		}
		if len(from) == len(t.Requires) {
			out = append(out, step.Arrival{Task: t.Name, From: from})
		}
	}
	for _, a := range out {
		g.Tasks[a.Task] = &store.GraphTask{}
	}
	g.Running += len(out)
	return out
}

// requiredBy are the target and all tasks that it requires, directly or not.
func requiredBy(spec *step.Workflow, target string) map[string]bool {
	requires := requirements(spec)
	needed := map[string]bool{target: true}
	for queue := []string{target}; len(queue) > 0; queue = queue[1:] {
		for _, name := range requires[queue[0]] {
			if !needed[name] {
				needed[name] = true
				queue = append(queue, name)
			}
		}
	}
	return needed
}

// plan answers the tasks that an execution of a reverse workflow begins with. It
// changes nothing but that it makes the record of an execution whose state
// machine was started directly.
func (e *Engine) plan(ctx context.Context, t *step.Task) (*step.Answer, error) {
	if t.Execution == "" {
		return nil, errors.New("engine: the task names no execution")
	}
	head := &store.Execution{ID: t.Execution}
	if err := e.opts.Records.Load(ctx, head); err != nil {
		return nil, err
	}
	if head.Version == 0 {
		if t.Workflow == nil {
			return nil, ExecutionUnknown{t.Execution}
		}
		if err := e.startDirectly(ctx, t); err != nil {
			return nil, err
		}
	}
	s, err := e.loadStarted(ctx, t.Execution)
	if err != nil {
		return nil, err
	}
	_, next := newReverseGraph(s.spec, t.Execution, s.goal)
	return &step.Answer{From: []string{}, State: Running, Routes: []string{}, Next: next}, nil
}

// reverse reports whether the step's workflow is a reverse one.
func (s *started) reverse() bool { return s.spec.Type == step.Reverse }

// advance notes in the graph that the task has been settled, and returns the
// tasks that start now.
func (c *call) advance(g *store.Graph, effective []hit) []step.Arrival {
	if !c.reverse() {
		return advance(c.spec, g, c.t.Name, c.task.ID, effective, c.task.Next)
	}
	halted := c.head.Ended || c.head.State == Paused
	out := advanceReverse(c.spec, g, c.goal, c.t.Name, c.task.ID, c.task.State == Success, halted)
	for _, a := range out {
		c.task.Next = append(c.task.Next, a.Task)
	}
	return out
}

// reverseContext is the final context of a reverse workflow: what was published
// on the way to its target, if that has run.
func reverseContext(s *started, tasks []*store.Task) *value.Map {
	for _, t := range tasks {
		if t.Name == s.goal {
			return orEmpty(t.Context)
		}
	}
	return value.NewMap(0)
}
