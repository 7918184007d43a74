package expr_test

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/test/sizes"
)

// BenchmarkSizes reads 256 KB of each shape that could take more than its share of time.
// make bench prints how the time grows with the size.
func BenchmarkSizes(b *testing.B) {
	for _, s := range sizes.Templates() {
		b.Run(s.Name, func(b *testing.B) {
			text := s.Make(1 << 18)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				_, _ = expr.Compile(text)
			}
		})
	}
}
