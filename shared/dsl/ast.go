package dsl

import "github.com/sirocco-workflows/sirocco/shared/dsl/yaml"

// A Node is a YAML value with the places of all its parts.
type Node = yaml.Node

// A Pos is a place in a file: line and column from 1 (columns in runes), offset
// in bytes from 0.
type Pos = yaml.Pos

// A Span is a stretch of a file, its end excluded.
type Span = yaml.Span

// File is one parsed file: a workbook, or workflows, or ad-hoc actions.
type File struct {
	Path   string
	Source []byte
	// Workbook is nil unless the file is a workbook.
	Workbook *Workbook
	// Workflows are those of a workflow file or of the workbook, in order.
	Workflows []*Workflow
	// Actions are the ad-hoc actions of an action file or of the workbook.
	Actions []*AdhocAction
}

// Workbook holds what a workbook file says about itself. Its workflows and
// actions are in [File].
type Workbook struct {
	Name        string
	Description string
	Tags        []string
	Span        Span
}

// WorkflowType is how the order of a workflow's tasks is given.
type WorkflowType string

// The types of workflows.
const (
	Direct  WorkflowType = "direct"  // tasks name those that follow
	Reverse WorkflowType = "reverse" // tasks name those that must come before
)

// Workflow is one workflow.
type Workflow struct {
	Name string
	// QualifiedName is "workbook.workflow" in a workbook, else Name.
	QualifiedName string
	Type          WorkflowType
	Description   string
	Tags          []string
	Input         []InputParam
	// Vars, Output and OutputOnError are dictionaries, or nil.
	Vars, Output, OutputOnError *Node
	// TaskDefaults is nil without `task-defaults`. It has no name.
	TaskDefaults *Task
	// Tasks are in the order of their definition.
	Tasks []*Task
	// Span is the whole definition with its name, NameSpan the name.
	Span, NameSpan Span
}

// Task returns the task of that name, or nil.
func (w *Workflow) Task(name string) *Task {
	for _, t := range w.Tasks {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// InputParam is a declared parameter of a workflow or an ad-hoc action.
type InputParam struct {
	Name       string
	HasDefault bool
	// Default is the default value's node; nil without one.
	Default *Node
	Span    Span
}

// Task is a task, or the `task-defaults` of a workflow.
type Task struct {
	Name        string
	Description string
	Tags        []string
	// Action or Workflow is what the task calls. A task with neither has an
	// Action `std.noop` whose Implied is set. In task-defaults both are nil.
	Action, Workflow *Call
	// Input is a dictionary, or a string that is one expression; nil without.
	// [Task.Arguments] gives it together with one-line parameters.
	Input     *Node
	WithItems []WithItem
	// Publish, PublishOnError and PublishOnSkip are dictionaries, or nil.
	Publish, PublishOnError, PublishOnSkip *Node
	OnSuccess, OnError, OnComplete, OnSkip *Routes
	Join                                   *Join
	Retry                                  *Retry
	// Timeout, WaitBefore, WaitAfter and Concurrency are integers from 0 or
	// expressions; PauseBefore, FailOn, KeepResult and SafeRerun booleans or
	// expressions; nil where not given.
	Timeout, WaitBefore, WaitAfter, Concurrency *Node
	PauseBefore, FailOn, KeepResult, SafeRerun  *Node
	Target                                      *Node
	Requires                                    []Ref
	// Span is the whole task with its name, NameSpan the name.
	Span, NameSpan Span
}

// Call is what a task or an ad-hoc action calls: a name, or an expression that
// gives one, with the parameters written behind it on the same line.
type Call struct {
	// Name is the name, or an expression that gives it.
	Name   string
	Params []Param
	// Implied says that nothing was written: a task without action is std.noop.
	Implied bool
	// NameNode has Name's place; Node is the whole line.
	NameNode, Node *Node
}

// Param is a parameter with its value.
type Param struct {
	Name     string
	NameSpan Span
	Value    *Node
}

// WithItem is one `var in list` of with-items.
type WithItem struct {
	Var     string
	VarSpan Span
	// Expr is a literal list or a string with expressions.
	Expr *Node
	Span Span
}

// Join says how many inbound transitions a task waits for.
type Join struct {
	// All waits for all of them; else Count is how many (`one` is 1).
	All   bool
	Count int
	Span  Span
}

// Retry is a task's retry policy. Count and Delay are integers or expressions
// and always there; BreakOn and ContinueOn expressions or nil.
type Retry struct {
	Count, Delay, BreakOn, ContinueOn *Node
	Span                              Span
}

// Routes is an on-success, on-error, on-complete or on-skip clause.
type Routes struct {
	Entries []*Route
	// Advanced says that the clause is written as `publish` and `next`; only
	// then can there be a Publish.
	Advanced bool
	Publish  *Publish
	Span     Span
}

// Route is one entry of such a clause.
type Route struct {
	// To is the next task's name, or "" for an engine command.
	To string
	// Command is fail, succeed, pause or noop, or "" for a task.
	Command string
	// Params are a command's parameters; [Route.Message] is the one that counts.
	Params []Param
	// Guard is the expression that must hold, nil without one.
	Guard *Node
	// Span is the whole entry, NameSpan the task or command.
	Span, NameSpan Span
}

// Message returns a command's `msg`, or nil.
func (r *Route) Message() *Node {
	for _, p := range r.Params {
		if p.Name == "msg" {
			return p.Value
		}
	}
	return nil
}

// Publish is the advanced form of publishing: each scope a dictionary or nil.
type Publish struct {
	Branch, Global, Atomic *Node
	Span                   Span
}

// Ref is a task's name where another one refers to it.
type Ref struct {
	Name string
	Span Span
}

// AdhocAction is an action made of another one.
type AdhocAction struct {
	Name string
	// QualifiedName is "workbook.action" in a workbook, else Name.
	QualifiedName string
	Description   string
	Tags          []string
	// Base is the action underneath, with the parameters on its line.
	Base *Call
	// BaseInput is a dictionary, or nil. [AdhocAction.Arguments] gives it
	// together with the one-line parameters.
	BaseInput *Node
	Input     []InputParam
	// Output is any value, nil without one.
	Output         *Node
	Span, NameSpan Span
}

// Arguments returns the task's input: whole is the one expression that gives
// all of it, or else params has one entry for each parameter, those of `input`
// first. Where a parameter is given twice, the one on the action's line counts,
// as in Mistral.
func (t *Task) Arguments() (params []Param, whole *Node) {
	call := t.Action
	if t.Workflow != nil {
		call = t.Workflow
	}
	if t.Input != nil && t.Input.Kind != yaml.Map {
		return nil, t.Input
	}
	return mergeParams(t.Input, call), nil
}

// Arguments returns the input of the action underneath, as [Task.Arguments].
func (a *AdhocAction) Arguments() []Param {
	return mergeParams(a.BaseInput, a.Base)
}

func mergeParams(input *Node, call *Call) []Param {
	var params []Param
	index := map[string]int{}
	add := func(p Param) {
		if i, ok := index[p.Name]; ok {
			params[i] = p
			return
		}
		index[p.Name] = len(params)
		params = append(params, p)
	}
	if input != nil {
		for _, e := range input.Entries {
			add(Param{Name: e.Key.Text, NameSpan: e.Key.Span, Value: e.Value})
		}
	}
	if call != nil {
		for _, p := range call.Params {
			add(p)
		}
	}
	return params
}
