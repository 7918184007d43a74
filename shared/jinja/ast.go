package jinja

// expr is an expression. eval is called by [state.eval] only, which counts.
type expr interface {
	eval(st *state) (any, error)
}

type (
	constNode struct {
		val any
		off int // of a string's text
	}
	nameNode struct {
		name string
		off  int
	}
	tupleNode struct{ items []expr }
	listNode  struct{ items []expr }
	dictNode  struct{ keys, vals []expr }
	condNode  struct{ test, then, other expr } // other may be nil
	andNode   struct{ l, r expr }
	orNode    struct{ l, r expr }
	notNode   struct{ x expr }
	cmpNode   struct {
		first expr
		ops   []cmpOp
	}
	cmpOp struct {
		op string
		x  expr
	}
	binNode struct {
		op   string
		l, r expr
	}
	unaryNode struct {
		op string
		x  expr
	}
	concatNode struct{ items []expr }
	attrNode   struct {
		x    expr
		name string
		off  int
	}
	itemNode  struct{ x, arg expr }
	sliceNode struct{ from, to, step expr } // each may be nil
	callNode  struct {
		fn   expr
		args callArgs
		off  int
	}
	filterNode struct {
		x    expr // nil in a filter block
		name string
		args callArgs
		off  int
	}
	testNode struct {
		x    expr
		name string
		args callArgs
		off  int
	}
	// nsNode is name.attr as the target of an assignment.
	nsNode struct{ name, attr string }
	// textNode is text between tags.
	textNode struct{ text string }
)

type callArgs struct {
	args        []expr
	kwargs      []kwExpr
	star, dstar expr // may be nil
}

type kwExpr struct {
	name string
	x    expr
}

// stmt is a statement; it writes to the state's output.
type stmt interface {
	exec(st *state) error
}

type (
	outputNode struct{ parts []expr }
	ifNode     struct {
		tests  []expr
		bodies [][]stmt
		other  []stmt
	}
	forNode struct {
		target    expr
		iter      expr
		test      expr // may be nil
		recursive bool
		body      []stmt
		other     []stmt
		off       int
	}
	setNode      struct{ target, x expr }
	setBlockNode struct {
		target expr
		filter *filterNode // may be nil
		body   []stmt
	}
	withNode struct {
		targets, vals []expr
		body          []stmt
	}
	macroNode struct {
		name     string
		params   []string
		defaults []expr // of the last parameters
		body     []stmt
		off      int
		// what the body asks for besides its parameters
		caller, kwargs, varargs bool
	}
	callBlockNode struct {
		call  *callNode
		macro *macroNode
	}
	filterBlockNode struct {
		filter *filterNode
		body   []stmt
	}
	blockNode struct {
		name             string
		scoped, required bool
		body             []stmt
		off              int
	}
	autoescapeNode struct {
		on   expr
		body []stmt
	}
	// loaderNode is a statement that asks for another template.
	loaderNode struct {
		tag     string
		x       expr
		ignore  bool
		targets []string
	}
)
