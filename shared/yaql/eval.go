package yaql

import (
	"context"
	"errors"
	"math/big"
)

// Eval computes the expression. The result is value data: a set is a list in
// the order in which it was made, a key that is no string becomes the string
// that JSON makes of it. The error is an [*EvalError], or the context's.
func (e *Expr) Eval(ctx context.Context, env *Env) (any, error) {
	st, v, err := e.run(ctx, env)
	if err == nil {
		v, err = st.output(v)
	}
	if err != nil {
		return nil, e.failed(ctx, err)
	}
	return v, nil
}

// EvalText is Eval and then Python's str() of the result, which for what is
// not value data (a set, a number as a key) is not that of Eval's result.
func (e *Expr) EvalText(ctx context.Context, env *Env) (string, error) {
	st, v, err := e.run(ctx, env)
	if err == nil {
		v, err = st.finalize(v, 0)
	}
	var s string
	if err == nil {
		s, err = finalStr(v)
	}
	if err != nil {
		return "", e.failed(ctx, err)
	}
	return s, nil
}

func (e *Expr) run(ctx context.Context, env *Env) (*state, any, error) {
	if env == nil {
		env = &Env{}
	}
	st := newState(ctx, env)
	if err := ctx.Err(); err != nil {
		return st, nil, err
	}
	sc := &scope{}
	sc.set("", env.Root)
	v, err := st.eval(e.root, noValue, sc)
	return st, v, err
}

func (e *Expr) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return &EvalError{Expression: e.src, Kind: kindOf(err), Cause: err}
}

// eval computes a node in a scope. A receiver, if there is one, is what a
// call is a method of.
func (st *state) eval(n node, recv any, sc *scope) (any, error) {
	switch n := n.(type) {
	case *constant:
		return n.val, nil
	case *variable:
		return sc.get(n.name), nil
	case *wrap:
		return st.eval(n.x, recv, sc)
	case *mapping:
		src, err := st.eval(n.src, noValue, sc)
		if err != nil {
			return nil, err
		}
		dst, err := st.eval(n.dst, noValue, sc)
		return &mappingRule{src, dst}, err
	case *call:
		if err := st.enter(); err != nil {
			return nil, err
		}
		v, err := st.evalCall(n, recv, sc)
		st.leave()
		return v, err
	}
	return nil, typeErrorf("an argument is missing")
}

func (st *state) evalCall(n *call, recv any, sc *scope) (any, error) {
	if !st.defined && !n.fn {
		if v, ok, err := st.shortcut(n, sc); ok {
			return v, err
		}
	}
	return st.invoke(n.name, sc, recv, nodesOf(n.args), nil)
}

func nodesOf(args []node) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = a
	}
	return out
}

// shortcut computes an operator without a search for overloads. It gives what
// the search would find, for the commonest operands, and else searches.
func (st *state) shortcut(n *call, sc *scope) (any, bool, error) {
	var v any
	var err error
	switch n.name {
	case "#operator_.":
		v, err = evalDot(st, n, sc)
	case "#operator_and":
		v, err = evalAnd(st, n, sc)
	case "#operator_or":
		v, err = evalOr(st, n, sc)
	case "#unary_operator_not":
		v, err = evalNot(st, n, sc)
	case "*equal":
		v, err = evalEqual(st, n, sc)
	case "*not_equal":
		v, err = evalNotEqual(st, n, sc)
	default:
		f := arithmetic(n.name)
		if f == nil {
			return nil, false, nil
		}
		v, err = st.numeric(n, sc, f)
	}
	return v, true, err
}

func arithmetic(name string) func(a, b any) (any, error) {
	switch name {
	case "#operator_+":
		return add
	case "#operator_-":
		return sub
	case "#operator_*":
		return mul
	case "#operator_/":
		return div
	case "#operator_mod":
		return mod
	case "#operator_<":
		return less
	case "#operator_<=":
		return lessEqual
	case "#operator_>":
		return greater
	case "#operator_>=":
		return greaterEqual
	}
	return nil
}

// evalDot is `left.name` on a dictionary and `left.f(...)`.
func evalDot(st *state, n *call, sc *scope) (any, error) {
	if !isName(n.args[1]) {
		return st.invoke(n.name, sc, noValue, nodesOf(n.args), nil)
	}
	left, err := st.eval(n.args[0], noValue, sc)
	if err != nil {
		return nil, err
	}
	switch right := n.args[1].(type) {
	case *constant:
		if isA(left, clsMapping) {
			return dictAccess(left, right.val)
		}
	case *call:
		return st.evalCall(right, left, sc)
	}
	return st.invoke(n.name, sc, noValue, []any{left, n.args[1]}, nil)
}

// isName reports whether a node is a keyword or a call by name.
func isName(n node) bool {
	switch n := n.(type) {
	case *constant:
		return n.keyword
	case *call:
		return n.fn
	}
	return false
}

func evalAnd(st *state, n *call, sc *scope) (any, error) {
	left, err := st.eval(n.args[0], noValue, sc)
	if err != nil || !truth(left) {
		return left, err
	}
	return st.eval(n.args[1], noValue, sc)
}

func evalOr(st *state, n *call, sc *scope) (any, error) {
	left, err := st.eval(n.args[0], noValue, sc)
	if err != nil || truth(left) {
		return left, err
	}
	return st.eval(n.args[1], noValue, sc)
}

func evalNot(st *state, n *call, sc *scope) (any, error) {
	v, err := st.eval(n.args[0], noValue, sc)
	return !truth(v), err
}

func (st *state) operands(n *call, sc *scope) (a, b any, err error) {
	if a, err = st.eval(n.args[0], noValue, sc); err != nil {
		return nil, nil, err
	}
	b, err = st.eval(n.args[1], noValue, sc)
	return a, b, err
}

func evalEqual(st *state, n *call, sc *scope) (any, error) {
	a, b, err := st.operands(n, sc)
	if err != nil {
		return nil, err
	}
	return st.equal(a, b)
}

func evalNotEqual(st *state, n *call, sc *scope) (any, error) {
	a, b, err := st.operands(n, sc)
	if err != nil {
		return nil, err
	}
	eq, err := st.equal(a, b)
	return !eq, err
}

func (st *state) numeric(n *call, sc *scope, f func(a, b any) (any, error)) (any, error) {
	for _, a := range n.args {
		if c, ok := a.(*constant); ok && !isNumber(c.val) {
			return st.invoke(n.name, sc, noValue, nodesOf(n.args), nil) // may fail before anything is evaluated
		}
	}
	a, b, err := st.operands(n, sc)
	if err != nil {
		return nil, err
	}
	if isNumber(a) && isNumber(b) {
		return st.counted(f(a, b))
	}
	return st.invoke(n.name, sc, noValue, []any{a, b}, nil)
}

// counted counts the memory of a big integer.
func (st *state) counted(v any, err error) (any, error) {
	if b, ok := v.(*big.Int); ok && err == nil {
		err = st.grow(b.BitLen() / 8)
	}
	return v, err
}

// operator applies an operator to values.
func (st *state) operator(name string, sc *scope, a, b any) (any, error) {
	return st.invoke(name, sc, noValue, []any{a, b}, nil)
}

// dictAccess is `dict.key`.
func dictAccess(m, key any) (any, error) {
	v, ok, err := lookup(m, key)
	if err != nil {
		return nil, err
	}
	if !ok {
		s, _ := pyRepr(key)
		return nil, failf("KeyError", "%s", s)
	}
	return v, nil
}
