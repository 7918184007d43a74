// Package compile turns Mistral workflows into Step Functions definitions.
//
// It takes parsed files (package dsl), checks what only the catalog of actions
// and the expression languages can say (unknown actions, parameters and
// functions, syntax errors, what is not supported yet), and writes one Amazon
// States Language definition for each workflow.
//
// # What a task becomes
//
// An ordinary task is one Task state with the task's name. Its payload holds
// the action, the templates of its input and, under "task", what to publish and
// the on-* clauses; the function evaluates them (package engine) and answers
// with the routes that hold. Behind it stands a Choice where there is something
// to choose. A failure is caught by the state "<task> failed", which records it
// and asks on-error.
//
//	with-items     "<task> items" -> "<task>" (a Map) -> "<task> result"
//	sub-workflow   "<task> input" -> "<task>" (startExecution.sync:2) -> "<task> result"
//	wait-before    a Wait state before; wait-after one behind
//	expressions    of wait-before, wait-after and timeout: "<task> prepare" in front
//	               evaluates them and keeps them in a variable for the task's states;
//	               so it does with the name of an action
//
// # What a workflow becomes
//
// The structured form follows the tasks as a person would draw them: a chain is
// Next, routes of which one holds are a Choice, a fork is a Parallel whose
// branches end at their join, which follows it. A graph that is not
// series-parallel (or has a cycle, a task that runs once for each arrival, or a
// join of fewer than all) takes the threads form: one Choice leads to each task, and
// whenever a task makes several others ready, a Map starts this same state
// machine once for each of them. Which tasks are ready says the engine. A reverse
// workflow takes it too, and begins by asking the engine where: that depends on
// the task that the execution is for.
package compile

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Options says what to compile against. Registry is required.
type Options struct {
	Registry *actions.Registry
	// CheckOnly finds what is wrong and compiles nothing: for files in which
	// package dsl found errors, so that all that is wrong is shown at once.
	CheckOnly bool
	// Env is the environment that the workflow will be run with, where that is
	// known: its __actions give actions parameters by default.
	Env *value.Map
	// Threads takes the threads form even where the structured one would do, so
	// that a test can hold one to the other.
	Threads bool
}

// Workflow is a compiled workflow.
type Workflow struct {
	Name       string // qualified by the workbook's, if it is in one
	Definition *asl.Machine
	Spec       *step.Workflow
	Source     *dsl.Workflow
	// Machine is the placeholder that other definitions call this state
	// machine by, as "${Machine}".
	Machine string

	parts []part // of the definition, for [Workflow.Report]
}

// Form says which form the definition took: structured or threads.
func (w *Workflow) Form() string {
	if w.Spec.Threads {
		return "threads"
	}
	return "structured"
}

// Files compiles all workflows of the files, which may call each other. The
// diagnostics are sorted; there is no result if one of them is an error.
func Files(files []*dsl.File, opts Options) ([]*Workflow, dsl.Diagnostics) {
	c := &compiler{registry: opts.Registry, checkOnly: opts.CheckOnly, env: opts.Env, threads: opts.Threads, known: map[string]*source{}, adhoc: map[string]*dsl.AdhocAction{}}
	c.collect(files)
	for _, s := range c.sources {
		c.current = s
		c.analyse(s)
	}
	c.diags.Sort()
	if c.checkOnly || c.diags.HasErrors() {
		return nil, c.diags
	}
	out := make([]*Workflow, len(c.sources))
	for i, s := range c.sources {
		out[i] = &Workflow{Name: s.wf.QualifiedName, Spec: s.spec, Source: s.wf, Machine: machineName(s.wf.QualifiedName)}
		out[i].Definition, out[i].parts = build(s)
	}
	return out, c.diags
}

// source is a workflow with the file that it stands in.
type source struct {
	wf    *dsl.Workflow
	file  *dsl.File
	book  string
	spec  *step.Workflow
	tasks []*task
	// pauses says that the workflow, or one that it calls, may pause.
	pauses bool
}

type compiler struct {
	registry  *actions.Registry
	checkOnly bool
	threads   bool
	env       *value.Map
	sources   []*source
	known     map[string]*source          // by qualified name
	adhoc     map[string]*dsl.AdhocAction // by qualified name
	current   *source
	diags     dsl.Diagnostics
}

func (c *compiler) collect(files []*dsl.File) {
	for _, f := range files {
		book := ""
		if f.Workbook != nil {
			book = f.Workbook.Name
		}
		for _, wf := range f.Workflows {
			s := &source{wf: wf, file: f, book: book}
			if other := c.known[wf.QualifiedName]; other != nil {
				c.errorf("duplicate-workflow", wf.NameSpan, "give one of them another name",
					"workflow %q is defined in %s too", wf.QualifiedName, place(other.wf.NameSpan))
				continue
			}
			c.known[wf.QualifiedName] = s
			c.sources = append(c.sources, s)
		}
		for _, a := range f.Actions {
			c.addAdhoc(a)
		}
	}
	for _, s := range c.sources {
		s.spec = &step.Workflow{
			Name: s.wf.QualifiedName, Book: s.book, File: filepath.Base(s.file.Path), Description: s.wf.Description,
			Vars: mapOf(s.wf.Vars), Output: mapOf(s.wf.Output), OutputOnError: mapOf(s.wf.OutputOnError),
		}
		s.spec.Input = inputs(s.wf.Input)
	}
}

// inputs are declared parameters as the engine knows them.
func inputs(params []dsl.InputParam) []step.Input {
	var out []step.Input
	for _, p := range params {
		in := step.Input{Name: p.Name, Optional: p.HasDefault}
		if p.HasDefault {
			in.Default.V = p.Default.Value()
		}
		out = append(out, in)
	}
	return out
}

// findWorkflow finds a sub-workflow as Mistral does: first in the same
// workbook, then by the name as it is.
func (c *compiler) findWorkflow(name string) *source {
	if c.current.book != "" {
		if s := c.known[c.current.book+"."+name]; s != nil {
			return s
		}
	}
	return c.known[name]
}

// analyse checks a workflow, resolves its tasks and finds its form. All of them
// are analysed before the first is built, because a definition holds what its
// sub-workflows' executions are made of.
func (c *compiler) analyse(s *source) {
	before := len(c.diags)
	c.checkWorkflow(s.wf)
	s.tasks = c.tasks(s)
	if c.checkOnly || errorsSince(c.diags, before) {
		return
	}
	s.spec.Tasks = nil
	for _, t := range s.tasks {
		s.spec.Tasks = append(s.spec.Tasks, t.info())
		s.spec.Globals = s.spec.Globals || t.publish.global.Len() > 0 || t.publishOnError.global.Len() > 0
	}
	s.pauses = c.mayPause(s, map[*source]bool{})
	if s.wf.Type == dsl.Reverse {
		s.spec.Type, s.spec.Threads = step.Reverse, true
		return
	}
	_, structured := newBuilder(s, s.tasks).structured()
	s.spec.Threads = c.threads || !structured
}

func build(s *source) (*asl.Machine, []part) {
	b := newBuilder(s, s.tasks)
	if s.spec.Threads {
		return b.threadsForm(), b.parts
	}
	def, _ := b.structured()
	return def, b.parts
}

func errorsSince(ds dsl.Diagnostics, n int) bool {
	return slices.ContainsFunc(ds[min(n, len(ds)):], func(d dsl.Diagnostic) bool { return d.Severity == dsl.Error })
}

// byOrder sorts tasks as the definition has them.
func byOrder(tasks []*task) {
	slices.SortFunc(tasks, func(a, b *task) int { return cmp.Compare(a.index, b.index) })
}
