package yaql

import "context"

// Parse reads one expression. The error is a [*SyntaxError].
func Parse(src string) (*Expr, error) { return nil, &SyntaxError{Expression: src, Message: "not implemented"} }

// Eval computes the expression. The result is value data. The error is an
// [*EvalError], or the context's.
func (e *Expr) Eval(ctx context.Context, env *Env) (any, error) { return nil, nil }

// EvalText is Eval and then Python's str() of the result, which for what is
// not value data (a set, a number as a key) is not that of Eval's result.
func (e *Expr) EvalText(ctx context.Context, env *Env) (string, error) { return "", nil }
