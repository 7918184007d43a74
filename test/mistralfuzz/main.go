// Command mistralfuzz makes random workflows and expressions, runs them here and
// in Mistral itself (in a virtual environment, by scripts/mistral/answer.py), and
// prints the first whose outcome differs, made as small as it can be, with the
// seed that gives it again.
//
// Mistral runs stepped, in one thread (scripts/mistral/stepped.py), one thing
// after the other. Where the outcomes differ, it runs again several times with a
// random order of what may happen at the same time: an outcome of ours that
// Mistral may have too is no difference. So what depends on timing in Mistral
// needs no list. What differs on purpose is known by its number in
// docs/differences.md (compare.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type options struct {
	n, jobs int
	seed    uint64
	venv    string
	kinds   string
	all     bool
	orders  int
}

func main() {
	var o options
	flag.IntVar(&o.n, "n", 200, "how many of each kind")
	flag.Uint64Var(&o.seed, "seed", 1, "the first seed; each case has the next one")
	flag.StringVar(&o.venv, "venv", ".venv/mistral", "virtual environment with Mistral, made if it is not there")
	flag.StringVar(&o.kinds, "kinds", "workflows,reverse,workbooks,expressions,damage", "what to make")
	flag.BoolVar(&o.all, "all", false, "go on after a difference")
	flag.IntVar(&o.jobs, "jobs", 2, "how many at once")
	flag.IntVar(&o.orders, "orders", 40, "how many random orders of Mistral to try where outcomes differ")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "mistralfuzz:", err)
		os.Exit(1)
	}
}

var errDiffers = errors.New("Sirocco and Mistral differ")

// check looks at the case of one seed.
type check func(ctx context.Context, m *mistral, seed uint64) (verdict, error)

func run(ctx context.Context, o options) error {
	checks := map[string]check{"workflows": o.workflow, "reverse": o.reverse, "workbooks": o.workbook, "expressions": expressions, "damage": damaged}
	for kind := range strings.SplitSeq(o.kinds, ",") {
		if checks[kind] == nil {
			return fmt.Errorf("there is no kind %q; there are %v", kind, slices.Sorted(mapsKeys(checks)))
		}
		if err := o.runKind(ctx, kind, checks[kind]); err != nil {
			return err
		}
	}
	return nil
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// runKind looks at n cases, several at once.
func (o options) runKind(ctx context.Context, kind string, c check) error {
	began := time.Now()
	var next atomic.Int64
	var mu sync.Mutex
	counts := map[string]int{}
	var wg sync.WaitGroup
	errs := make([]error, o.jobs)
	differs := false
	for job := range o.jobs {
		wg.Go(func() {
			m, err := startMistral(o.venv)
			if err != nil {
				errs[job] = err
				return
			}
			defer m.stop() //nolint:errcheck // it was only asked
			for {
				i := next.Add(1) - 1
				mu.Lock()
				stop := i >= int64(o.n) || differs && !o.all
				mu.Unlock()
				if stop {
					return
				}
				seed := o.seed + uint64(i)
				v, err := c(ctx, m, seed)
				if err != nil {
					errs[job] = fmt.Errorf("%s, seed %d: %w", kind, seed, err)
					return
				}
				mu.Lock()
				counts[v.kind]++
				if v.differs() {
					differs = true
					fmt.Printf("=== %s: %s (repeat: make mistral-fuzz KINDS=%s N=1 SEED=%d)\n%s\n", kind, v.kind, kind, seed, v.text)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	report(kind, o, counts, time.Since(began))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if differs {
		return errDiffers
	}
	return nil
}

func report(kind string, o options, counts map[string]int, took time.Duration) {
	total := 0
	var lines []string
	for k, n := range counts {
		total += n
		if k == "" {
			k = "equal"
		}
		lines = append(lines, fmt.Sprintf("%d %s", n, k))
	}
	sort.Strings(lines)
	fmt.Printf("%s: seeds %d to %d, %d cases in %s: %s\n", kind, o.seed, o.seed+uint64(max(total, 1))-1, total, took.Round(time.Second), strings.Join(lines, ", "))
}
