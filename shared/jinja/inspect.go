package jinja

import "context"

// Lone says whether the template is one expression, whose type its result
// keeps.
func (t *Template) Lone() bool { return t.lone }

// Expressions counts the statements and the places that print something.
func (t *Template) Expressions() int {
	n := 0
	var count func(b []stmt)
	count = func(b []stmt) {
		for _, s := range b {
			if out, ok := s.(*outputNode); ok {
				for _, x := range out.parts {
					if _, isText := x.(*textNode); !isText {
						n++
					}
				}
			} else {
				n++
			}
			_, bodies := parts(s)
			for _, inner := range bodies {
				count(inner)
			}
		}
	}
	count(t.statements())
	return n
}

// Filled says whether the template has text that is always there.
func (t *Template) Filled() bool {
	for _, s := range t.body {
		out, ok := s.(*outputNode)
		if !ok {
			continue
		}
		for _, x := range out.parts {
			if text, ok := x.(*textNode); ok && text.text != "" {
				return true
			}
		}
	}
	return false
}

// Constant gives the result of a lone expression of literals and operators.
func (t *Template) Constant() (any, bool) {
	if !t.lone || !walkExpr(t.expr, isLiteral) {
		return nil, false
	}
	v, err := t.Eval(context.Background(), &Env{Limits: Limits{Steps: 1000, Memory: 1 << 20, Depth: 100}})
	return v, err == nil
}

func isLiteral(x expr) bool {
	switch x.(type) {
	case *nameNode, *callNode, *filterNode, *testNode, *attrNode:
		return false
	}
	return true
}
