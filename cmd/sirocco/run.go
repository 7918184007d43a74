package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

type runCmd struct {
	Files    []string `arg:"" optional:"" help:"Workflow files, workbooks, and files with what they call." type:"path"`
	Workflow string   `help:"Workflow to run, where the files have several." placeholder:"NAME"`
	Task     string   `help:"Target task of a reverse workflow." placeholder:"NAME"`
	Input    string   `help:"Input as a JSON object, or @FILE with one (@- is standard input)." placeholder:"JSON|@FILE"`
	Set      []string `short:"i" name:"set" sep:"none" help:"One input, KEY=VALUE; the value is JSON, or else text (repeatable)." placeholder:"KEY=VALUE"`
	Env      string   `help:"Environment as a JSON object, or @FILE with one." placeholder:"JSON|@FILE"`
	Resume   string   `help:"Go on with a stopped, killed or paused execution." placeholder:"ID"`
	JSON     bool     `name:"json" help:"Print one JSON document."`
	lintFlags
	storeFlag
	targetFlags
}

// Run runs a workflow, or goes on with an execution.
func (c *runCmd) Run(ctx context.Context, a *app) (err error) {
	var chosen *compile.Workflow
	var machines local.Machines
	req := engine.StartRequest{}
	if c.Resume == "" {
		if chosen, machines, req, err = c.prepare(a); err != nil {
			return err
		}
	} else if len(c.Files) > 0 || c.Input != "" || len(c.Set) > 0 || c.Env != "" || c.Task != "" {
		return usage("--resume goes on with what was started: it takes no files, no input and no --task")
	}
	clouds, err := c.clouds()
	if err != nil {
		return err
	}
	table, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer closing(table, &err)
	registry, runner, manager, err := c.runner(clouds, table)
	if err != nil {
		return err
	}
	view := newView(a, c.JSON)
	defer view.close()
	stopping := context.AfterFunc(ctx, func() { time.AfterFunc(time.Second, view.stopping) })
	defer stopping()
	r, err := local.New(local.Options{Table: table, Registry: registry, Actions: runner, Observe: view.observe})
	if err != nil {
		return err
	}
	var head *store.Execution
	if c.Resume != "" {
		head, err = r.Resume(ctx, c.Resume)
		err = unknownExecution(err, table, c.Resume)
	} else {
		req.Target = c.target(clouds)
		if req.OpenStack, err = manager.Describe(c.request(clouds)); err != nil {
			req.OpenStack.Region = req.Target.Region // no cloud is configured: the workflow may not need one
		}
		head, err = start(ctx, r, chosen, machines, req)
	}
	view.close()
	return c.finish(ctx, a, r, head, err)
}

func start(ctx context.Context, r *local.Runner, w *compile.Workflow, machines local.Machines, req engine.StartRequest) (*store.Execution, error) {
	p, err := r.Load(ctx, machines)
	if err != nil {
		return nil, err
	}
	return r.Run(ctx, p, w.Machine, req)
}

// prepare reads what there is to run.
func (c *runCmd) prepare(a *app) (*compile.Workflow, local.Machines, engine.StartRequest, error) {
	var req engine.StartRequest
	if len(c.Files) == 0 {
		return nil, nil, req, usage("give a workflow file, or --resume ID")
	}
	env, err := a.object("--env", c.Env)
	if err != nil {
		return nil, nil, req, err
	}
	req.Env = env
	all, err := a.load(relative(c.Files), c.lintFlags, env)
	if err != nil {
		return nil, nil, req, err
	}
	w, err := pick(all, c.Workflow)
	if err != nil {
		return nil, nil, req, err
	}
	if req.Task, err = target(w.Spec, c.Task); err != nil {
		return nil, nil, req, err
	}
	if req.Input, err = a.input(c.Input, c.Set); err != nil {
		return nil, nil, req, err
	}
	req.Workflow = w.Spec
	machines := local.Machines{}
	for _, w := range all {
		machines[w.Machine] = w.Definition
	}
	return w, machines, req, nil
}

// target checks --task against the workflow.
func target(w *step.Workflow, task string) (string, error) {
	if w.Type != step.Reverse {
		if task != "" {
			return "", usage("--task is for reverse workflows; %s is a direct one", w.Name)
		}
		return "", nil
	}
	names := make([]string, len(w.Tasks))
	for i, t := range w.Tasks {
		names[i] = t.Name
	}
	list := strings.Join(names, ", ")
	switch {
	case task == "":
		return "", usage("%s is a reverse workflow: say with --task which task it is to reach; its tasks are %s", w.Name, list)
	case slices.Contains(names, task):
		return task, nil
	}
	if near := spell.Nearest(task, names); near != "" {
		return "", usage("--task: %s has no task %q, did you mean %s? Its tasks are %s", w.Name, task, near, list)
	}
	return "", usage("--task: %s has no task %q; its tasks are %s", w.Name, task, list)
}

// input reads --input and -i; a later one wins.
func (a *app) input(text string, sets []string) (*value.Map, error) {
	m, err := a.object("--input", text)
	if err != nil {
		return nil, err
	}
	for _, s := range sets {
		key, val, ok := strings.Cut(s, "=")
		if !ok || key == "" {
			return nil, usage("-i %q: write KEY=VALUE", s)
		}
		v, err := value.Decode([]byte(val))
		if err != nil {
			v = val // not JSON: text
		}
		m.Set(key, v)
	}
	return m, nil
}

// object reads a flag that is a JSON object or @FILE.
func (a *app) object(flag, text string) (*value.Map, error) {
	if text == "" {
		return value.NewMap(0), nil
	}
	data := []byte(text)
	if path, ok := strings.CutPrefix(text, "@"); ok {
		var err error
		if path == "-" {
			data, err = io.ReadAll(a.in)
		} else {
			data, err = readFile(path)
		}
		if err != nil {
			return nil, usage("%s: %v", flag, err)
		}
	}
	v, err := value.Decode(data)
	if err != nil {
		return nil, usage("%s: not JSON: %v", flag, err)
	}
	m, ok := v.(*value.Map)
	if !ok {
		return nil, usage("%s: must be a JSON object, like {\"name\": \"value\"}", flag)
	}
	return m, nil
}

// finish prints what an execution came to.
func (c *runCmd) finish(ctx context.Context, a *app, r *local.Runner, head *store.Execution, err error) error {
	var stopped local.StoppedError
	var invalid engine.InvalidInput
	var task engine.InvalidTask
	switch {
	case errors.As(err, &stopped):
		hint := ""
		if c.Store != "" {
			path, err := c.path()
			if err != nil {
				return err
			}
			hint = " --store " + path
		}
		fmt.Fprintf(a.err, "stopped; go on with: sirocco run%s --resume %s\n", hint, stopped.ID)
		return &exitError{status: exitStopped}
	case errors.As(err, &invalid):
		return usage("%w (input is given with -i NAME=VALUE or --input)", err)
	case errors.As(err, &task):
		return usage("--task: %w", err)
	case err != nil:
		return err
	}
	// The execution is over: an interrupt now must not keep its result back.
	if err := a.showExecution(context.WithoutCancel(ctx), r.Records(), head, c.JSON); err != nil {
		return err
	}
	switch head.State {
	case engine.Success:
		return nil
	case "PAUSED":
		return &exitError{status: exitStopped}
	default:
		return &exitError{status: exitFailed}
	}
}
