package generate

import (
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// kind is a kind of data; a variable's name ends with it.
type kind string

const (
	intKind  kind = "int"
	strKind  kind = "str"
	boolKind kind = "bool"
	listKind kind = "list" // of integers
	dictKind kind = "dict" // with the keys a, b, c
	anyKind  kind = "any"
)

func kindOf(name string) kind {
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		return kind(name[i+1:])
	}
	return anyKind
}

var (
	words = []string{"x", "abc", "Hello World", "a,b", "42", "", "ärger", "no", "None", "it's", "$", " b "}
	keys  = []string{"a", "b", "c"}
)

// data makes a value of a kind.
func (g *gen) data(k kind, depth int) any {
	switch k {
	case intKind:
		return int64(g.IntN(8) - 2)
	case strKind:
		return pick(g, words...)
	case boolKind:
		return g.chance(50)
	case listKind:
		list := []any{}
		for range g.IntN(5) {
			list = append(list, int64(g.IntN(6)))
		}
		return list
	case dictKind:
		m := value.NewMap(0)
		for _, key := range keys[:g.IntN(len(keys)+1)] {
			m.Set(key, g.data(g.anyKind(depth-1), depth-1))
		}
		return m
	default:
		switch n := g.IntN(20); {
		case n == 0:
			return nil
		case n == 1:
			return float64(g.IntN(20)) / 4
		case n == 2 && depth > 0:
			return []any{g.data(anyKind, depth-1), g.data(anyKind, depth-1)}
		}
		return g.data(g.anyKind(depth), depth)
	}
}

func (g *gen) anyKind(depth int) kind {
	if depth <= 0 {
		return pick(g, intKind, strKind, boolKind)
	}
	return pick(g, intKind, intKind, strKind, boolKind, listKind, dictKind)
}
