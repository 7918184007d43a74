// Command coldstart measures the functions as Lambda would meet them: the time
// from the start of the process to its first answer, next to that of the
// smallest aws-lambda-go function in the same run, and the size of the zip.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/test/runtimeapi"
)

func main() {
	n := flag.Int("n", 21, "how often each function is started")
	limit := flag.Float64("limit", 3, "largest ratio to the smallest function")
	flag.Parse()
	if err := run(*n, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "coldstart:", err)
		os.Exit(1)
	}
}

type contestant struct {
	name, pkg, event string
	binary           string
	times            []time.Duration
}

func run(n int, limit float64) error {
	dir, err := os.MkdirTemp("", "coldstart")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	all := []*contestant{{name: "hello world", pkg: "./test/runtimeapi/hello", event: `{}`}}
	registry, err := actions.NewRegistry()
	if err != nil {
		return err
	}
	for _, service := range append(registry.Services(), "engine") {
		// An action of another service is refused, which takes the catalog but no
		// cloud; std answers an action.
		event := `{"action": "std.echo", "input": {"output": 1}}`
		all = append(all, &contestant{name: service, pkg: "./functions/" + service, event: event})
	}
	for _, c := range all {
		c.binary = filepath.Join(dir, filepath.Base(c.pkg))
		if err := runtimeapi.Build(".", c.pkg, c.binary); err != nil {
			return err
		}
	}
	for i := range n + 1 {
		for _, c := range all {
			took, err := firstAnswer(c)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if i > 0 { // the first round only warms the disk's cache
				c.times = append(c.times, took)
			}
		}
	}
	return report(all, limit)
}

func firstAnswer(c *contestant) (time.Duration, error) {
	start := time.Now()
	f, err := runtimeapi.Start(c.binary)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if _, err := f.Invoke(context.Background(), []byte(c.event)); err != nil {
		return 0, err
	}
	return time.Since(start), nil
}

func report(all []*contestant, limit float64) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "function\tstart to first answer\tratio\tzip\t")
	var base float64
	var slow error
	for _, c := range all {
		slices.Sort(c.times)
		median := float64(c.times[len(c.times)/2])
		if base == 0 {
			base = median
		}
		size, err := runtimeapi.ZipSize(c.binary)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%.1f ms\t%.2f\t%.1f MB\t\n", c.name, median/1e6, median/base, float64(size)/1e6)
		if median/base > limit {
			slow = errors.Join(slow, fmt.Errorf("%s takes %.2f times as long as hello world, at most %.0f wanted", c.name, median/base, limit))
		}
	}
	return errors.Join(w.Flush(), slow)
}
