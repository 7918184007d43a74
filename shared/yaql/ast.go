package yaql

import "fmt"

// A node is one piece of a parsed expression. The kinds are those of Python's
// yaql, because overloads are chosen by them: a keyword (`name`), another
// constant, a function call and an operator are told apart by parameters.
type node interface {
	offset() int // of its first byte, for an operator of the operator itself
	height() int // of the tree under it, 1 for a leaf
}

// place is what every node has.
type place struct{ off, high int }

func (p place) offset() int { return p.off }
func (p place) height() int { return p.high }

// constant is a literal, or with keyword set a bare word, whose value is its
// own text.
type constant struct {
	place
	val     any
	keyword bool
}

// variable is `$name`; name is normalised ("1" for `$`).
type variable struct {
	place
	name string
}

// call is a function call, an operator, an indexer, or a list or dictionary
// literal; operators go by names such as "#operator_+".
type call struct {
	place
	name string
	args []node
	fn   bool // a call by name, f(...), which may be a method's
}

// wrap is a parenthesised expression.
type wrap struct {
	place
	x node
}

// mapping is `source => destination`.
type mapping struct {
	place
	src, dst node
}

// omitted is an argument left out, as the first of f(, 1).
type omitted struct{ place }

func leaf(off int) place { return place{off, 1} }

func over(off int, nodes ...node) place {
	high := 0
	for _, n := range nodes {
		high = max(high, n.height())
	}
	return place{off, high + 1}
}

// walk calls f for n and everything under it, parents first.
func walk(n node, f func(node)) {
	f(n)
	switch n := n.(type) {
	case *call:
		for _, a := range n.args {
			walk(a, f)
		}
	case *wrap:
		walk(n.x, f)
	case *mapping:
		walk(n.src, f)
		walk(n.dst, f)
	case *constant, *variable, *omitted:
	default:
		panic(fmt.Sprintf("yaql: unknown node %T", n))
	}
}
