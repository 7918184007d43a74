package yaql_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

func benchData() *value.Map {
	servers := make([]any, 1000)
	for i := range servers {
		servers[i] = value.MapOf("id", i, "name", "server", "ram", i%7*512, "tags", []string{"a", "b"})
	}
	m := value.MapOf("a", 1, "n", map[string]any{"b": map[string]any{"c": "deep"}})
	m.Set("servers", servers)
	return m
}

func BenchmarkEval(b *testing.B) {
	env := &yaql.Env{Root: benchData()}
	for name, src := range map[string]string{
		"variable":    "$.a",
		"path":        "$.n.b.c",
		"arithmetic":  "$.a * 2 + 1 > 2 and not $.a = 5",
		"filter1000":  "$.servers.where($.ram > 1000).select($.name)",
		"group1000":   "$.servers.groupBy($.ram, $.id, $.sum())",
		"order1000":   "$.servers.orderBy($.ram).thenByDescending($.id).id",
		"attributes":  "$.servers.name",
		"dictionary":  "{a => $.a, b => [$.a, $.n.b.c]}",
		"string":      "'a,b,c'.split(',').select($.toUpper()).join('-')",
		"wholeServer": "$.servers[500]",
	} {
		e := mustParse(b, src)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Eval(context.Background(), env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParse shows that parsing takes time in proportion to the text.
func BenchmarkParse(b *testing.B) {
	for name, n := range map[string]int{"1": 1, "10": 10, "100": 100, "1000": 1000} {
		src := "[" + strings.Repeat("$.servers.where($.ram > 1000).select({n => $.name}), ", n) + "1]"
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if _, err := yaql.Parse(src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
