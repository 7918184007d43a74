package main

import (
	"math/big"
	"math/rand/v2"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// values draws random values.
type values struct{ *rand.Rand }

func (v values) oneOf(list []any) any { return list[v.IntN(len(list))] }

func (v values) pick(list ...string) string { return list[v.IntN(len(list))] }

// like makes a value that may stand where the example stood: mostly of the
// example's kind, and often the example itself.
func (v values) like(example any) any {
	if v.Float64() < 0.3 {
		return value.Clone(example)
	}
	switch e := example.(type) {
	case string:
		return v.text()
	case bool:
		return v.truth()
	case int64:
		return v.integer()
	case float64:
		return v.oneOf([]any{0.0, 1.5, -0.25, 1e20, int64(3)})
	case []any:
		return v.listLike(e)
	case *value.Map:
		return v.dictLike(e)
	default:
		return v.any(1)
	}
}

func (v values) text() any {
	if v.Float64() < 0.06 {
		return v.oneOf([]any{int64(7), int64(0), bigInt(), 1.5, true, false})
	}
	return v.pick("x", "0b8a2f6e-5d0d-4c1e-9a8c-2f1d3c4b5a69", "größe ☃", "日本語", "with space", "a/b", "a?b=c&d", "50%", "a%20b", "#x",
		"a+b", `quote'"`, `back\slash`, "tab\there", "two\nlines", "0", "-1", "7", "None", "True", "", "a,b", "k=v", "a:b", "[1]", "{}", "é;ü")
}

func (v values) truth() any {
	if v.Float64() < 0.7 {
		return v.IntN(2) == 0
	}
	return v.oneOf([]any{"true", "False", "", "yes", int64(0), int64(1)})
}

func (v values) integer() any {
	return v.oneOf([]any{int64(0), int64(1), int64(-1), int64(7), int64(1000), int64(1 << 31), bigInt(), "5", 1.5, true})
}

func bigInt() any {
	n, _ := new(big.Int).SetString("100000000000000000001", 10)
	return n
}

func (v values) listLike(example []any) any {
	switch v.IntN(8) {
	case 0:
		return []any{}
	case 1:
		return "x" // for a list of one
	case 2:
		return []any{v.any(1)}
	}
	if len(example) == 0 {
		return []any{v.any(1)}
	}
	list := make([]any, 1+v.IntN(3))
	for i := range list {
		list[i] = v.like(v.oneOf(example))
	}
	return list
}

func (v values) dictLike(example *value.Map) any {
	if v.IntN(10) == 0 {
		return value.NewMap(0)
	}
	m := value.NewMap(example.Len())
	for k, e := range example.All() {
		switch v.IntN(8) {
		case 0:
		case 1:
			m.Set(k, v.any(1))
		default:
			m.Set(k, v.like(e))
		}
	}
	if v.IntN(4) == 0 {
		m.Set(v.pick("k", "größe", "with space", "name", ""), v.any(1))
	}
	return m
}

// any makes a value of any kind, nested so deep at most.
func (v values) any(depth int) any {
	n := 9
	if depth == 0 {
		n = 7
	}
	switch v.IntN(n) {
	case 0:
		return nil
	case 1:
		return v.IntN(2) == 0
	case 2:
		return v.oneOf([]any{int64(0), int64(-5), int64(1 << 40), bigInt()})
	case 3:
		return v.oneOf([]any{0.5, 1e22, 1e-7})
	case 4, 5:
		return v.text()
	case 6:
		return v.oneOf([]any{[]any{}, []any{"a", nil, int64(1)}, value.NewMap(0)})
	case 7:
		return []any{v.any(depth - 1), v.any(depth - 1)}
	default:
		return value.MapOf("k", v.any(depth-1), "é", v.any(depth-1))
	}
}
