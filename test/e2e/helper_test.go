// Package e2e_test runs whole workflows: parsed, compiled, interpreted, with
// the engine, the actions, real HTTP to the sandbox and a store. What a single
// package can show alone is tested there; here it is what only all of them
// together can get wrong.
package e2e_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// repo is the root of the module.
const repo = "../.."

// settings are what a world is made of; the zero value is the sandbox's two
// clouds with three regions each and a store in memory.
type settings struct {
	sandbox sandbox.Options
	// manager changes how clouds are spoken to.
	manager func(*openstack.Config, *sandbox.Sandbox)
	// clouds makes clouds.yaml; nil is the sandbox's own.
	clouds  func(*sandbox.Sandbox) string
	secure  string
	observe func(*world, engine.Progress)
	onDisk  bool
}

// world is a sandbox and what runs workflows on it.
type world struct {
	t        *testing.T
	sandbox  *sandbox.Sandbox
	manager  *openstack.Manager
	registry *actions.Registry
	actions  *actions.Runner
	table    store.Table
	path     string // of the store's file
	runner   *local.Runner
	logs     *logBuffer
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func startSandbox(t *testing.T, opts sandbox.Options) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newWorld(t *testing.T, set settings) *world {
	t.Helper()
	w := &world{t: t, sandbox: startSandbox(t, set.sandbox), logs: &logBuffer{}}
	text := w.sandbox.CloudsYAML()
	if set.clouds != nil {
		text = set.clouds(w.sandbox)
	}
	clouds, err := openstack.ParseClouds([]byte(text), []byte(set.secure), nil)
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := openstack.Config{
		Clouds: clouds, Logger: logger,
		Retry: openstack.RetryConfig{Attempts: 2, BaseDelay: time.Millisecond},
	}
	if set.manager != nil {
		set.manager(&cfg, w.sandbox)
	}
	if w.manager, err = openstack.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.manager.Close)
	if w.registry, err = actions.NewRegistry(); err != nil {
		t.Fatal(err)
	}
	w.actions = actions.NewRunner(w.registry, w.manager, actions.RunnerOptions{})
	w.table = memory.New(nil)
	if set.onDisk {
		w.path = filepath.Join(t.TempDir(), "store.db")
		table, err := embedded.Open(t.Context(), w.path, embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = table.Close() })
		w.table = table
	}
	opts := local.Options{Table: w.table, Registry: w.registry, Actions: w.actions, Logger: logger}
	if set.observe != nil {
		opts.Observe = func(p engine.Progress) { set.observe(w, p) }
	}
	if w.runner, err = local.New(opts); err != nil {
		t.Fatal(err)
	}
	return w
}

// compiled compiles a workflow's text.
func (w *world) compiled(text string) []*compile.Workflow {
	w.t.Helper()
	file, diags := dsl.Parse("test.yaml", []byte(text), dsl.Options{})
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	all, diags := compile.Files([]*dsl.File{file}, compile.Options{Registry: w.registry})
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	return all
}

// outcome is what an execution came to.
type outcome struct {
	head   *store.Execution
	tasks  map[string]task
	output *value.Map
}

type task struct {
	*store.Task
	result any
}

func (o outcome) info() string { return text(o.head.StateInfo) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// run runs the first workflow of a text on cloud alpha.
func (w *world) run(text string, input *value.Map) outcome {
	w.t.Helper()
	return w.runOn(text, input, engine.Target{Cloud: "alpha", Trusted: true})
}

func (w *world) runOn(text string, input *value.Map, target engine.Target) outcome {
	w.t.Helper()
	all := w.compiled(text)
	machines := local.Machines{}
	for _, c := range all {
		machines[c.Machine] = c.Definition
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	p, err := w.runner.Load(ctx, machines)
	if err != nil {
		w.t.Fatal(err)
	}
	req := engine.StartRequest{Workflow: all[0].Spec, Input: input, Target: target}
	head, err := w.runner.Run(ctx, p, all[0].Machine, req)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.outcome(head)
}

func (w *world) outcome(head *store.Execution) outcome {
	w.t.Helper()
	o := outcome{head: head, tasks: map[string]task{}}
	records := w.runner.Records()
	tasks, err := records.Tasks(w.t.Context(), head.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, t := range tasks {
		result, err := records.TaskResult(w.t.Context(), t)
		if err != nil {
			w.t.Fatal(err)
		}
		o.tasks[t.Name] = task{t, result}
	}
	out := &store.Output{ID: head.ID}
	if err := records.Load(w.t.Context(), out); err != nil {
		w.t.Fatal(err)
	}
	o.output, _ = out.Output.V.(*value.Map)
	return o
}

func (o outcome) mustSucceed(t *testing.T) outcome {
	t.Helper()
	if o.head.State != engine.Success {
		t.Fatalf("state %s: %s", o.head.State, o.info())
	}
	return o
}

func (o outcome) mustFail(t *testing.T, words ...string) outcome {
	t.Helper()
	if o.head.State != engine.Error {
		t.Fatalf("state %s, not ERROR; output %s", o.head.State, value.MustEncode(o.output))
	}
	wantWords(t, "state_info", o.info(), words...)
	return o
}

func wantWords(t *testing.T, what, got string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(got, word) {
			t.Errorf("%s has no %q:\n%s", what, word, got)
		}
	}
}

// at follows keys (string) and indexes (int) into a value.
func at(t *testing.T, v any, path ...any) any {
	t.Helper()
	for i, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(*value.Map)
			e, ok := m.Get(p)
			if !ok {
				t.Fatalf("%v: nothing at %v in %s", path, path[:i+1], value.MustEncode(v))
			}
			v = e
		case int:
			list, _ := v.([]any)
			if p >= len(list) {
				t.Fatalf("%v: no item %d in %s", path, p, value.MustEncode(v))
			}
			v = list[p]
		}
	}
	return v
}

// tokens is how many tokens were asked for, of all clouds for "".
func (w *world) tokens(cloud string) int {
	return w.sandbox.Count(sandbox.RequestKey{Cloud: cloud, Service: "identity", Method: "POST", Route: "/auth/tokens"})
}

func readFile(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
