package expr

import (
	"context"
	"fmt"
)

// Template is a compiled string: text with zero or more expressions. It is
// immutable and safe for concurrent use, so it can be cached.
type Template struct {
	src string
}

// Scope is what templates are evaluated in.
type Scope struct {
	// Data is `$`: value data or a yaql.Lazy.
	Data any
	// Host answers the functions that look at executions. Without one, env()
	// is `__env` of Data and the others are errors.
	Host Host
}

// Host answers those of Mistral's functions that look at executions. All
// results are value data. Embed [NoHost] to implement only some.
type Host interface {
	// Env is env(): the environment, {} if there is none.
	Env(ctx context.Context) (any, error)
	// Execution is execution(): the current workflow execution.
	Execution(ctx context.Context) (any, error)
	// Executions is executions(...), in order of creation.
	Executions(ctx context.Context, f ExecutionFilter) (any, error)
	// Task is task(name): the latest task execution of that name, nil for an
	// unknown one. The empty name means the current task.
	Task(ctx context.Context, name string) (any, error)
	// Tasks is tasks(...), in order of creation.
	Tasks(ctx context.Context, f TaskFilter) (any, error)
	// Global is global(name): a global variable, nil if there is none.
	Global(ctx context.Context, name string) (any, error)
}

// ExecutionFilter has the arguments of executions(); empty ones don't filter.
type ExecutionFilter struct {
	ID, RootExecutionID, State string
	FromTime, ToTime           string // created_at: at or after, before
}

// TaskFilter has the arguments of tasks(); empty ones don't filter.
type TaskFilter struct {
	WorkflowExecutionID string
	Recursive           bool // also tasks of sub-workflows; only with WorkflowExecutionID
	State               string
	Flat                bool // leave out tasks whose sub-workflow is in the same state
}

// NoHost is a [Host] that answers nothing.
type NoHost struct{}

var _ Host = NoHost{}

func noHost(name string) (any, error) { return nil, fmt.Errorf("%s() is not available here", name) }

// Env returns an empty environment.
func (NoHost) Env(context.Context) (any, error) { return noHost("env") }

// Execution fails.
func (NoHost) Execution(context.Context) (any, error) { return noHost("execution") }

// Executions fails.
func (NoHost) Executions(context.Context, ExecutionFilter) (any, error) { return noHost("executions") }

// Task fails.
func (NoHost) Task(context.Context, string) (any, error) { return noHost("task") }

// Tasks fails.
func (NoHost) Tasks(context.Context, TaskFilter) (any, error) { return noHost("tasks") }

// Global fails.
func (NoHost) Global(context.Context, string) (any, error) { return noHost("global") }

// UnsupportedError is a template in a language that is not supported.
type UnsupportedError struct {
	Template string
	Language string // "Jinja2"
	Offset   int    // where it starts
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s expressions are not supported: %s", e.Language, e.Template)
}

// Problem is something that [Check] found in a template.
type Problem struct {
	Path       []any  // keys (string) and indexes (int) from the tree's root to the string
	Template   string // the string
	Offset     int    // in bytes, within the string
	Kind       ProblemKind
	Message    string
	Name       string // the function that is unknown or wrongly called
	Suggestion string // the name that may be meant, or empty
}

// ProblemKind tells problems apart.
type ProblemKind string

// The kinds of problem.
const (
	Syntax          ProblemKind = "syntax"
	Unsupported     ProblemKind = "unsupported"
	UnknownFunction ProblemKind = "unknown-function"
	WrongArguments  ProblemKind = "wrong-arguments"
)

// Ref is a name that a template refers to.
type Ref struct {
	Path     []any
	Template string
	Offset   int // of the name, in bytes within the string
	Kind     RefKind
	Name     string
}

// RefKind tells references apart.
type RefKind string

// The kinds of reference.
const (
	Variable   RefKind = "variable"    // $.name at the root
	TaskName   RefKind = "task"        // task('name') or task(name)
	GlobalName RefKind = "global"      // global('name')
	EnvName    RefKind = "environment" // env().name
)

// Report is what [Check] finds.
type Report struct {
	Problems []Problem
	Refs     []Ref
}

// Compile reads a template.
func Compile(src string) (*Template, error) { return &Template{src}, nil }

// Source returns the template's text.
func (t *Template) Source() string { return t.src }

// HasExpressions reports whether evaluating can give anything else than the text.
func (t *Template) HasExpressions() bool { return false }

// Eval computes the template: a lone expression keeps its type, of a mixed
// text the expressions are replaced by Python's str() of their results.
func (t *Template) Eval(ctx context.Context, s *Scope) (any, error) { return nil, nil }

// EvalTree evaluates all strings in a tree of value data; keys of
// dictionaries are left alone. v itself is not changed.
func EvalTree(ctx context.Context, v any, s *Scope) (any, error) { return nil, nil }

// Check reads all templates of a tree without evaluating them.
func Check(v any) Report { return Report{} }

// Str is Python's str() of value data.
func Str(v any) string { return "" }

// Repr is Python's repr() of value data.
func Repr(v any) string { return "" }
