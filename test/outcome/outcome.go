// Package outcome runs workflows the whole way (parse, compile, interpret,
// engine) on an embedded store in memory, and describes how they ended in the
// form in which real outcomes of Mistral are recorded, so that the two can be
// compared. It is for tests.
//
// An outcome is one of
//
//	{"state", "state_info", "output", "tasks"}  how the execution ended
//	{"rejected": text, "id": id}                a file or a definition has errors; id is that of the first
//	{"error": text}                             the execution was not started
//
// with tasks as {"name", "state", "state_info", "published", "result"} and, for
// a task with sub-workflows, "executions". [Normalize] makes the texts of ours
// and of Mistral's comparable.
package outcome

import (
	"context"
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// File is a text with definitions.
type File struct {
	Name string
	Data []byte
}

// Case is what to run: the first workflow of the files, or the one that the
// parameter `workflow` names, with input and the other parameters.
type Case struct {
	Files         []File
	Input, Params *value.Map
	// Threads takes the threads form for all workflows.
	Threads bool
}

// Of runs a case.
func Of(ctx context.Context, c Case) (*value.Map, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, err
	}
	all, diags := compiled(c.Files, compile.Options{Registry: registry, Env: c.env(), Threads: c.Threads})
	if diags.HasErrors() {
		return rejected(diags), nil
	}
	return run(ctx, registry, all, c)
}

func (c Case) env() *value.Map {
	v, _ := c.Params.Get("env")
	env, _ := v.(*value.Map)
	return env
}

// Compile parses and compiles files. env is the environment to run them with;
// nil = none.
func Compile(registry *actions.Registry, texts []File, env *value.Map) ([]*compile.Workflow, dsl.Diagnostics) {
	return compiled(texts, compile.Options{Registry: registry, Env: env})
}

func compiled(texts []File, opts compile.Options) ([]*compile.Workflow, dsl.Diagnostics) {
	var files []*dsl.File
	for _, f := range texts {
		file, diags := dsl.Parse(f.Name, f.Data, dsl.Options{})
		if diags.HasErrors() {
			return nil, diags
		}
		files = append(files, file)
	}
	return compile.Files(files, opts)
}

func run(ctx context.Context, registry *actions.Registry, all []*compile.Workflow, c Case) (*value.Map, error) {
	r, err := local.New(local.Options{
		Table: memory.New(nil), Registry: registry,
		Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{}),
	})
	if err != nil {
		return nil, err
	}
	w, machines, err := choose(all, c.Params)
	if err != nil {
		return nil, err
	}
	p, err := r.Load(ctx, machines)
	if err != nil {
		return nil, err
	}
	req := engine.StartRequest{Workflow: w.Spec, Input: c.Input, Params: value.NewMap(0)}
	for k, v := range c.Params.All() {
		if k != "workflow" && !strings.HasPrefix(k, "recorder_") {
			req.Params.Set(k, v)
		}
	}
	head, err := r.Run(ctx, p, w.Machine, req)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return value.MapOf("error", err.Error()), nil
	}
	return resumed(ctx, r, head, c.Params)
}

// resumed lets a paused execution go on, as often as the parameter
// `recorder_resume` says, and describes what there was at each pause.
func resumed(ctx context.Context, r *local.Runner, head *store.Execution, params *value.Map) (*value.Map, error) {
	times, _ := params.Get("recorder_resume")
	most, _ := times.(int64)
	var pauses []any
	for {
		out, err := Describe(ctx, r.Records(), head)
		if err != nil {
			return nil, err
		}
		if head.State != engine.Paused || int64(len(pauses)) == most {
			if pauses != nil {
				out.Set("pauses", pauses)
			}
			return out, nil
		}
		pauses = append(pauses, out)
		if head, err = r.Resume(ctx, head.ID); err != nil {
			return nil, err
		}
	}
}

func rejected(diags dsl.Diagnostics) *value.Map {
	return value.MapOf("rejected", diags.Error(), "id", firstError(diags))
}

func firstError(diags dsl.Diagnostics) string {
	for _, d := range diags {
		if d.Severity == dsl.Error {
			return d.ID
		}
	}
	return ""
}

func choose(all []*compile.Workflow, params *value.Map) (*compile.Workflow, local.Machines, error) {
	machines := local.Machines{}
	for _, w := range all {
		machines[w.Machine] = w.Definition
	}
	name, _ := params.Get("workflow")
	for _, w := range all {
		if name == nil || w.Name == name {
			return w, machines, nil
		}
	}
	return nil, nil, fmt.Errorf("there is no workflow %v", name)
}

// Describe describes how an execution ended.
func Describe(ctx context.Context, records *store.Records, head *store.Execution) (*value.Map, error) {
	tasks, err := records.Tasks(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	output, err := records.OutputOf(ctx, head.ID)
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, task := range tasks {
		result, err := records.TaskResult(ctx, task)
		if err != nil {
			return nil, err
		}
		entry := value.MapOf("name", task.Name, "state", task.State, "state_info", text(task.StateInfo),
			"published", task.PublishedValue(), "result", result)
		subs, err := subExecutions(ctx, records, task)
		if err != nil {
			return nil, err
		}
		if len(subs) > 0 {
			entry.Set("executions", subs)
		}
		list = append(list, entry)
	}
	return value.MapOf("state", head.State, "state_info", text(head.StateInfo), "output", output, "tasks", list), nil
}

func subExecutions(ctx context.Context, records *store.Records, task *store.Task) ([]any, error) {
	acts, err := records.AllActions(ctx, task)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, a := range acts {
		if a.Workflow == "" {
			continue
		}
		head, err := records.Execution(ctx, a.Workflow)
		if err != nil {
			return nil, err
		}
		sub, err := Describe(ctx, records, head)
		if err != nil {
			return nil, err
		}
		sub.Set("workflow", head.Workflow)
		out = append(out, sub)
	}
	return out, nil
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}
