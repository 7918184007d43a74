// Command bench measures Sirocco's embedded mode: how many workflows it runs in
// a second, what with-items costs and how it grows, and what a fan-out over a
// hundred regions takes beside plain goroutines with gophercloud in the same
// run; and how the time of everything that reads a text grows with the text. It
// prints figures and ratios; the machine it runs on decides the former. Arguments
// choose parts: three, items, growth, fanout, expressions, sizes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store/embedded"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "sirocco-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	parts := []struct {
		name string
		run  func(context.Context, string) error
	}{
		{"three", threeTasks}, {"items", withItems}, {"growth", growth}, {"fanout", fanOut}, {"expressions", expressions},
		{"sizes", inputSizes}, // last: what it reads stays in the memory that the others report
	}
	for _, part := range parts {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], part.name) {
			continue
		}
		if err := part.run(ctx, dir); err != nil {
			return err
		}
	}
	return nil
}

// workflow is a compiled workflow, ready to run, in an embedded mode of its own
// with its store on disk.
type workflow struct {
	runner  *local.Runner
	table   *embedded.Table
	program *local.Program
	w       *compile.Workflow
}

// prepare compiles a text. name is the store's; close must follow.
func prepare(ctx context.Context, dir, name string, manager *openstack.Manager, text string) (*workflow, error) {
	registry, err := actions.NewRegistry()
	if err != nil {
		return nil, err
	}
	file, diags := dsl.Parse("bench.yaml", []byte(text), dsl.Options{})
	if diags.HasErrors() {
		return nil, diags
	}
	all, diags := compile.Files([]*dsl.File{file}, compile.Options{Registry: registry})
	if diags.HasErrors() {
		return nil, diags
	}
	table, err := embedded.Open(ctx, filepath.Join(dir, name+".db"), embedded.Options{})
	if err != nil {
		return nil, err
	}
	r, err := local.New(local.Options{
		Table: table, Registry: registry, Actions: actions.NewRunner(registry, manager, actions.RunnerOptions{}),
	})
	if err != nil {
		return nil, errors.Join(err, table.Close())
	}
	p, err := r.Load(ctx, local.Machines{all[0].Machine: all[0].Definition})
	if err != nil {
		return nil, errors.Join(err, table.Close())
	}
	return &workflow{r, table, p, all[0]}, nil
}

func (w *workflow) close() { _ = w.table.Close() }

func (w *workflow) run(ctx context.Context, target engine.Target, input *value.Map) error {
	head, err := w.runner.Run(ctx, w.program, w.w.Machine, engine.StartRequest{Workflow: w.w.Spec, Input: input, Target: target})
	if err != nil {
		return err
	}
	if head.State != engine.Success {
		return fmt.Errorf("%s: %s: %s", w.w.Name, head.State, *head.StateInfo)
	}
	return nil
}

// threeTasks counts executions a second, one after the other and 16 at once.
func threeTasks(ctx context.Context, dir string) error {
	w, err := prepare(ctx, dir, "three", nil, `
version: '2.0'
three:
  tasks:
    a: {action: std.noop, on-success: b}
    b: {action: std.noop, on-success: c}
    c: {action: std.noop}
`)
	if err != nil {
		return err
	}
	defer w.close()
	for _, at := range []int{1, 16} {
		const n = 1000
		took, err := timed(func() error { return concurrently(n, at, func(int) error { return w.run(ctx, engine.Target{}, nil) }) })
		if err != nil {
			return err
		}
		fmt.Printf("3 std.noop tasks, %2d at once:     %7.0f executions/s (wanted: at least 300; Mistral: 5 to 11)\n", at, n/took.Seconds())
	}
	fmt.Printf("resident memory after that:       %7.1f MB (wanted: under 100)\n", resident())
	return nil
}

func withItems(ctx context.Context, dir string) error {
	w, err := prepare(ctx, dir, "items", nil, `
version: '2.0'
items:
  input: [n]
  tasks:
    each: {with-items: 'i in <% range($.n) %>', action: std.noop}
`)
	if err != nil {
		return err
	}
	defer w.close()
	best := time.Hour
	for range 3 {
		took, err := timed(func() error { return w.run(ctx, engine.Target{}, value.MapOf("n", 1000)) })
		if err != nil {
			return err
		}
		best = min(best, took)
	}
	fmt.Printf("with-items over 1,000 std.noop:   %7.3f s (wanted: at most 0.4; Mistral: 20 to 24)\n", best.Seconds())
	return nil
}

// growth compares 1,000 with 10,000 items of std.echo.
func growth(ctx context.Context, dir string) error {
	w, err := prepare(ctx, dir, "growth", nil, `
version: '2.0'
items:
  input: [n]
  output: {n: '<% $.r.len() %>'}
  tasks:
    each:
      with-items: i in <% range($.n) %>
      action: std.echo output=<% $.i %>
      publish: {r: '<% task().result %>'}
`)
	if err != nil {
		return err
	}
	defer w.close()
	var times [2]time.Duration
	for i, n := range []int{1000, 10000} {
		runtime.GC()
		before := allocated()
		if times[i], err = timed(func() error { return w.run(ctx, engine.Target{}, value.MapOf("n", n)) }); err != nil {
			return err
		}
		fmt.Printf("with-items over %6d std.echo:  %7.3f s, %6.0f µs and %5.1f KB allocated an item, %.1f MB resident\n",
			n, times[i].Seconds(), float64(times[i].Microseconds())/float64(n), float64(allocated()-before)/1024/float64(n), resident())
	}
	fmt.Printf("10,000 to 1,000 items:            %7.2f times the time (wanted: at most 12)\n", times[1].Seconds()/times[0].Seconds())
	return nil
}

func timed(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

// concurrently runs f n times, so many at once, and returns the first error.
func concurrently(n, at int, f func(i int) error) error {
	next := make(chan int)
	errs := make(chan error, at)
	for range at {
		go func() {
			var first error
			for i := range next {
				if err := f(i); err != nil && first == nil {
					first = err
				}
			}
			errs <- first
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	var first error
	for range at {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// resident is the process's memory in MB, as Linux says; 0 elsewhere.
func resident() float64 {
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024
		}
	}
	return 0
}
