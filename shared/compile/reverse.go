package compile

import (
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// defaultsOf are a workflow's task-defaults. Their on-* clauses mean nothing in a
// reverse workflow, whose tasks start when what they require is done.
func defaultsOf(wf *dsl.Workflow) *dsl.Task {
	if wf.TaskDefaults == nil {
		return &dsl.Task{}
	}
	d := *wf.TaskDefaults
	if wf.Type == dsl.Reverse {
		d.OnSuccess, d.OnError, d.OnComplete, d.OnSkip = nil, nil, nil, nil
	}
	return &d
}

// resolveRequires finds what each task of a reverse workflow requires.
func resolveRequires(wf *dsl.Workflow, tasks []*task, byName map[string]*task) {
	for _, t := range tasks {
		for _, ref := range wf.Required(t.src) {
			if to := byName[ref.Name]; to != nil {
				t.inbound = append(t.inbound, to)
			}
		}
		byOrder(t.inbound)
		for _, in := range t.inbound {
			t.requires = append(t.requires, in.name)
		}
	}
}

// checkRequires finds the tasks that wait for themselves. That a task requires
// itself alone means nothing; any longer cycle keeps all of its tasks, and all
// that require them, from ever running. A workflow may still have targets apart
// from it, so it is an error only where it has none.
func (c *compiler) checkRequires(wf *dsl.Workflow) {
	w := requiresWalk{c: c, wf: wf, byName: map[string]*dsl.Task{}, state: map[*dsl.Task]int{}, stuck: map[*dsl.Task]bool{}}
	for _, t := range wf.Tasks {
		w.byName[t.Name] = t
		for _, ref := range t.Requires {
			if ref.Name == t.Name {
				c.warnf("requires-itself", ref.Span, "leave it out", "task %q requires itself, which means nothing", t.Name)
			}
		}
	}
	cycles := len(c.diags)
	for _, t := range wf.Tasks {
		if w.state[t] == 0 {
			w.visit(t)
		}
	}
	if slices.ContainsFunc(wf.Tasks, func(t *dsl.Task) bool { return !w.stuck[t] }) {
		return
	}
	for i := range c.diags[cycles:] {
		c.diags[cycles+i].Severity = dsl.Error
	}
}

// requiresWalk goes through what tasks require, depth first.
type requiresWalk struct {
	c      *compiler
	wf     *dsl.Workflow
	byName map[string]*dsl.Task
	state  map[*dsl.Task]int // 1 = under way, 2 = done
	stuck  map[*dsl.Task]bool
	path   []string
}

func (w *requiresWalk) visit(t *dsl.Task) {
	w.state[t] = 1
	w.path = append(w.path, t.Name)
	for _, ref := range w.wf.Required(t) {
		to := w.byName[ref.Name]
		switch {
		case to == nil:
			continue
		case w.state[to] == 1:
			cycle := append(slices.Clone(w.path[slices.Index(w.path, to.Name):]), to.Name)
			w.c.warnf("requires-cycle", ref.Span, "let one of them not require the other",
				"tasks that wait for each other never run: %s", strings.Join(cycle, " requires "))
			w.stuck[t] = true
		case w.state[to] == 0:
			w.visit(to)
		}
		w.stuck[t] = w.stuck[t] || w.stuck[to]
	}
	w.path = w.path[:len(w.path)-1]
	w.state[t] = 2
}

// targetParam is the input of a sub-workflow task that names a reverse
// sub-workflow's target.
const targetParam = "task_name"

// checkSubTarget finds calls of a reverse workflow that name no target, or none
// that it has.
func (c *compiler) checkSubTarget(t *task, call *dsl.Call) {
	wf := t.sub.wf
	if wf.Type != dsl.Reverse {
		return
	}
	names := make([]string, len(wf.Tasks))
	for i, task := range wf.Tasks {
		names[i] = task.Name
	}
	tasks := "its tasks are " + strings.Join(names, ", ")
	if slices.ContainsFunc(wf.Input, func(p dsl.InputParam) bool { return p.Name == targetParam }) {
		c.warnf("reverse-target", call.NameNode.Span, "give the input of workflow "+wf.Name+" another name",
			"workflow %q is a reverse one: it takes task_name as an input of its own, so nothing can say which task it is to reach", call.Name)
		return
	}
	given, ok := t.input.(*value.Map)
	if !ok && t.input != nil {
		return // one expression for all: it is known when the task runs
	}
	v, ok := given.Get(targetParam)
	if !ok {
		c.warnf("reverse-target", call.NameNode.Span, "add task_name to its input: "+tasks,
			"workflow %q is a reverse one and needs task_name", call.Name)
		return
	}
	if s, isText := v.(string); !isText || !isTemplate(s) && !slices.Contains(names, s) {
		if near := spell.Nearest(s, names); near != "" {
			tasks = "did you mean " + near + "?"
		}
		c.warnf("reverse-target", call.NameNode.Span, tasks, "workflow %q has no task %s", call.Name, string(value.MustEncode(v)))
	}
}

// isTemplate reports whether a text has an expression in it.
func isTemplate(s string) bool {
	return strings.Contains(s, "<%") || strings.Contains(s, "{{") || strings.Contains(s, "{%")
}

func (b *builder) reverse() bool { return b.src.spec.Type == step.Reverse }

// plan begins a reverse workflow: the engine says which tasks the execution's
// target requires that require none themselves. A further thread knows its task.
func (b *builder) plan(states *asl.States, start, next string) {
	name := b.name("plan")
	states.Add(start, &asl.State{Type: asl.TypeChoice, Default: name, Choices: []*asl.Choice{{
		Condition: query("$exists($states.context.Execution.Input.sirocco)"), Next: next,
		Output: value.MapOf("next", query("$states.context.Execution.Input.sirocco.next")),
	}}})
	ask := call(engineFunction, value.MapOf("task", value.MapOf(
		"op", string(step.Plan), "execution", query("$states.context.Execution.Name"),
		"workflow", workflowValue(b.src.spec), "start", query("$states.context.Execution.Input"))))
	ask.Next = next
	states.Add(name, ask)
}
