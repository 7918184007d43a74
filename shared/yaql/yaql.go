package yaql

import (
	"context"
	"fmt"
)

// Expr is a parsed expression. It is immutable and safe for concurrent use.
type Expr struct {
	src  string
	root node
}

// Lazy is a dictionary whose values are found when they are asked for. The
// root of an evaluation may be one, so that `$.x` loads x and nothing else.
type Lazy interface {
	// Keys returns the keys in order.
	Keys() []string
	// Get returns the value under key, which is value data, and whether
	// there is one.
	Get(key string) (any, bool, error)
}

// Env is what an expression is evaluated in. The zero value is an empty one.
type Env struct {
	// Root is `$`: value data, or a [Lazy].
	Root any
	// Library has functions that are callable besides the standard library's.
	Library *Library
	// Limits bound the evaluation; zero fields take their defaults.
	Limits Limits
}

// Library is a set of functions of the host. It is immutable and safe for
// concurrent use; what a function needs to know of the one evaluation, it finds
// in the context that is given to [Expr.Eval].
type Library struct {
	fns map[string]*overloads
}

// NewLibrary makes a library.
func NewLibrary(functions ...Function) *Library {
	l := &Library{fns: make(map[string]*overloads, len(functions))}
	for i := range functions {
		register(l.fns, hostFunction(&functions[i]))
	}
	return l
}

// Function is a function of the host, callable by its name. Arguments are
// evaluated before the call and are value data, as its result must be. To the
// expression the result's lists and dictionaries are Python's mutable ones, as
// those of Mistral's functions are: they equal no literal list and have no hash.
type Function struct {
	Name   string
	Params []Param
	Call   func(ctx context.Context, args []any) (any, error)
}

// Param is one parameter of a [Function]. It can be given by position or by
// name. args has one element per parameter, a missing one is its Default.
type Param struct {
	Name     string
	Default  any
	Optional bool
	Bool     bool // takes true, false and null only
}

// Limits bound what one evaluation may use.
type Limits struct {
	Iterations int // elements that one iterator may give; 0 means 1,000,000
	Memory     int // bytes that all results together may take, roughly; 0 means 256 MiB
	Steps      int // function calls; 0 means 50,000,000
	Depth      int // nested calls, iterators and values; 0 means 1,500
}

// SyntaxError is an expression that does not parse.
type SyntaxError struct {
	Expression string
	Offset     int // of the offending byte; len(Expression) at its end
	Message    string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at position %d of expression '%s'", e.Message, e.Offset, e.Expression)
}

// EvalError is an evaluation that failed.
type EvalError struct {
	Expression string
	Kind       string // the name that Python has for it: KeyError, TypeError, NoMatchingFunctionException, ...
	Cause      error
}

func (e *EvalError) Error() string {
	return fmt.Sprintf("can not evaluate YAQL expression [expression=%s, error=%s]", e.Expression, e.Cause)
}

func (e *EvalError) Unwrap() error { return e.Cause }

// String returns the source text.
func (e *Expr) String() string { return e.src }
