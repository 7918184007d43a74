package local_test

import (
	"path/filepath"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
)

// BenchmarkThreeTasks runs a workflow of three std.noop tasks with the store on
// disk.
func BenchmarkThreeTasks(b *testing.B) {
	registry, err := actions.NewRegistry()
	if err != nil {
		b.Fatal(err)
	}
	file, diags := dsl.Parse("bench.yaml", []byte(`
version: '2.0'
three:
  tasks:
    a: {action: std.noop, on-success: b}
    b: {action: std.noop, on-success: c}
    c: {action: std.noop}
`), dsl.Options{})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	all, diags := compile.Files([]*dsl.File{file}, compile.Options{Registry: registry})
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	table, err := embedded.Open(b.Context(), filepath.Join(b.TempDir(), "store.db"), embedded.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer table.Close()
	r, err := local.New(local.Options{Table: table, Registry: registry, Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{})})
	if err != nil {
		b.Fatal(err)
	}
	p, err := r.Load(b.Context(), local.Machines{all[0].Machine: all[0].Definition})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		head, err := r.Run(b.Context(), p, all[0].Machine, engine.StartRequest{Workflow: all[0].Spec})
		if err != nil || head.State != engine.Success {
			b.Fatal(head, err)
		}
	}
}
