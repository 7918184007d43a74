package yaql

// Constant reports whether the expression is made of literals and operators
// alone, so that it gives the same whatever the data are. A bare word is a
// literal: its own text.
func (e *Expr) Constant() bool {
	constant := true
	walk(e.root, func(n node) {
		switch n := n.(type) {
		case *variable:
			constant = false
		case *call:
			constant = constant && !n.fn && n.name != "#operator_." && n.name != "#operator_?."
		}
	})
	return constant
}
