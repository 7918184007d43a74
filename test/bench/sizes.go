package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/lint"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
	"github.com/sirocco-workflows/sirocco/test/sizes"
)

// The inputs that growth in size is measured with: from this many bytes on, so many
// doublings. What compiles gets smaller ones: 1,000 tasks take some 40 KB.
const (
	text      = 1 << 15
	compiled  = 1 << 12
	doublings = 4
)

// inputSizes prints how the time of everything that reads a text grows with the
// text: the factor for each doubling, over all shapes of package sizes. Linear is
// 2, n log n a little more, quadratic 4.
func inputSizes(context.Context, string) error {
	registry, err := actions.NewRegistry()
	if err != nil {
		return err
	}
	readers := []struct {
		name   string
		from   int
		shapes []sizes.Shape
		read   func(string)
	}{
		{"YAML", text, sizes.YAML(), func(s string) { yaml.Parse("x", []byte(s), yaml.Options{}) }},
		{"workflow", text, sizes.Workflows(), func(s string) { _, _ = dsl.Parse("x", []byte(s), dsl.Options{}) }},
		{"compiler", compiled, sizes.Workflows(), func(s string) { check(s, registry) }},
		{"YAQL", text, sizes.Expressions(), func(s string) { _, _ = yaql.Parse(s) }},
		{"template", text, sizes.Templates(), func(s string) { _, _ = expr.Compile(s) }},
		{"definition", text, sizes.Definitions(), func(s string) { decode(s) }},
	}
	for _, r := range readers {
		worst, of := 0.0, ""
		for _, s := range r.shapes {
			factor, largest := growthOf(s, r.from, r.read)
			if factor > worst {
				worst, of = factor, fmt.Sprintf("%s: %.0f ms for %d KB", s.Name, largest.Seconds()*1000, r.from<<doublings>>10)
			}
			if os.Getenv("BENCH_SHAPES") != "" {
				fmt.Printf("    %-12s %-32s x%.2f %8.1f ms\n", r.name, s.Name, factor, largest.Seconds()*1000)
			}
		}
		fmt.Printf("%-12s %2d shapes of text: at most x%.2f for each doubling (%s; linear is x2, quadratic x4)\n", r.name, len(r.shapes), worst, of)
	}
	return nil
}

// check does what sirocco validate does.
func check(source string, registry *actions.Registry) {
	f, diags := dsl.Parse("x", []byte(source), dsl.Options{})
	if f == nil {
		return
	}
	if !diags.HasErrors() {
		_ = lint.Check([]*dsl.File{f})
	}
	_, _ = compile.Files([]*dsl.File{f}, compile.Options{Registry: registry, CheckOnly: diags.HasErrors()})
}

func decode(source string) {
	m, err := asl.Decode([]byte(source))
	if err == nil {
		_ = asl.Check(m)
	}
}

// growthOf is the factor per doubling, as the times of the smallest and the
// largest input give it, and the time of the largest.
func growthOf(s sizes.Shape, from int, read func(string)) (float64, time.Duration) {
	small, large := quickest(s.Make(from), read), quickest(s.Make(from<<doublings), read)
	// What takes next to no time is not measured, but what the clock does.
	small = max(small, 20*time.Microsecond)
	return math.Pow(float64(max(large, small))/float64(small), 1.0/doublings), large
}

// quickest is the best of three times.
func quickest(source string, read func(string)) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		read(source)
		best = min(best, time.Since(start))
		if best > time.Second {
			break
		}
	}
	return best
}
