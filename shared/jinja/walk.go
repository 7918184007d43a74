package jinja

// children calls f for each expression directly below x.
func children(x expr, f func(expr)) {
	some := func(xs ...expr) {
		for _, x := range xs {
			if x != nil {
				f(x)
			}
		}
	}
	switch x := x.(type) {
	case *tupleNode:
		some(x.items...)
	case *listNode:
		some(x.items...)
	case *dictNode:
		for i := range x.keys {
			some(x.keys[i], x.vals[i])
		}
	case *condNode:
		some(x.test, x.then, x.other)
	case *andNode:
		some(x.l, x.r)
	case *orNode:
		some(x.l, x.r)
	case *notNode:
		some(x.x)
	case *cmpNode:
		some(x.first)
		for _, op := range x.ops {
			some(op.x)
		}
	case *binNode:
		some(x.l, x.r)
	case *unaryNode:
		some(x.x)
	case *concatNode:
		some(x.items...)
	case *attrNode:
		some(x.x)
	case *itemNode:
		some(x.x, x.arg)
	case *sliceNode:
		some(x.from, x.to, x.step)
	case *callNode:
		some(x.fn)
		x.args.each(some)
	case *filterNode:
		some(x.x)
		x.args.each(some)
	case *testNode:
		some(x.x)
		x.args.each(some)
	}
}

func (a *callArgs) each(f func(...expr)) {
	f(a.args...)
	for _, kw := range a.kwargs {
		f(kw.x)
	}
	f(a.star, a.dstar)
}

// parts gives what is directly below a statement: its expressions, and its
// bodies.
func parts(s stmt) (xs []expr, bodies [][]stmt) {
	filter := func(f *filterNode) {
		if f != nil {
			xs = append(xs, f)
		}
	}
	switch s := s.(type) {
	case *outputNode:
		xs = s.parts
	case *ifNode:
		return s.tests, append(append([][]stmt{}, s.bodies...), s.other)
	case *forNode:
		xs, bodies = []expr{s.iter, s.target}, [][]stmt{s.body, s.other}
		if s.test != nil {
			xs = append(xs, s.test)
		}
	case *setNode:
		xs = []expr{s.x, s.target}
	case *setBlockNode:
		xs, bodies = []expr{s.target}, [][]stmt{s.body}
		filter(s.filter)
	case *withNode:
		xs, bodies = append(append([]expr{}, s.vals...), s.targets...), [][]stmt{s.body}
	case *macroNode:
		return s.defaults, [][]stmt{s.body}
	case *callBlockNode:
		return append([]expr{s.call}, s.macro.defaults...), [][]stmt{s.macro.body}
	case *filterBlockNode:
		filter(s.filter)
		bodies = [][]stmt{s.body}
	case *blockNode:
		bodies = [][]stmt{s.body}
	case *autoescapeNode:
		return []expr{s.on}, [][]stmt{s.body}
	case *loaderNode:
		xs = []expr{s.x}
	}
	return xs, bodies
}

// walk calls f for every expression of a body, outer ones first, until f
// says stop.
func walk(body []stmt, f func(expr) bool) bool {
	for _, s := range body {
		xs, bodies := parts(s)
		for _, x := range xs {
			if !walkExpr(x, f) {
				return false
			}
		}
		for _, b := range bodies {
			if !walk(b, f) {
				return false
			}
		}
	}
	return true
}

func walkExpr(x expr, f func(expr) bool) bool {
	if !f(x) {
		return false
	}
	ok := true
	children(x, func(c expr) { ok = ok && walkExpr(c, f) })
	return ok
}

// usesName says whether a name occurs in a body.
func usesName(body []stmt, name string) bool {
	return !walk(body, func(x expr) bool {
		n, ok := x.(*nameNode)
		return !ok || n.name != name
	})
}

// targets gives what a statement assigns to.
func targets(s stmt) []expr {
	switch s := s.(type) {
	case *setNode:
		return []expr{s.target}
	case *setBlockNode:
		return []expr{s.target}
	case *forNode:
		return []expr{s.target}
	case *withNode:
		return s.targets
	}
	return nil
}

// assignsIn says whether a body assigns to a name.
func assignsIn(body []stmt, name string) bool {
	for _, s := range body {
		for _, t := range targets(s) {
			if assignsName(t, name) {
				return true
			}
		}
		_, bodies := parts(s)
		for _, b := range bodies {
			if assignsIn(b, name) {
				return true
			}
		}
	}
	return false
}

// assignsName says whether a target has a name.
func assignsName(target expr, name string) bool {
	return !walkExpr(target, func(x expr) bool {
		n, ok := x.(*nameNode)
		return !ok || n.name != name
	})
}
