package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/step"
)

// TaskError is a failed step as a state machine sees it: Name is the error name
// that Retry and Catch match.
type TaskError struct {
	Name    string
	Message string
	Err     error // what happened, if it happened in this call
}

func (e *TaskError) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *TaskError) Unwrap() error { return e.Err }

// ExpressionError says that an expression of a workflow could not be evaluated.
type ExpressionError struct {
	Workflow string
	Task     string // "" for one of the workflow's own
	Action   string // the task's
	Part     string // "input", "publish", "on-success", "output" ...
	At       string // file:line:col
	Doing    string // what was done with the task, in Mistral's words
	Err      error
}

func (e ExpressionError) Error() string {
	if e.Task == "" {
		return fmt.Sprintf("Failed to evaluate %s [error=%v, wf=%s]", e.Part, e.Err, e.Workflow) + place(e.At)
	}
	if e.Doing == converting {
		return fmt.Sprintf("Failed to %s [error=%v, action=%s, task=%s]", e.Doing, e.Err, e.Action, e.Task) + place(e.At)
	}
	of := fmt.Sprintf("wf=%s, task=%s", e.Workflow, e.Task)
	if e.Doing == completing {
		of += ", action=" + e.Action
	}
	return fmt.Sprintf("Failed to %s [error=%v, %s] in %s", e.Doing, e.Err, of, e.Part) + place(e.At)
}

// What an expression of a task is evaluated for.
const (
	running    = "run task"
	dropping   = "complete task" // one that can't run
	completing = "handle action completion"
	converting = "complete action" // make the result of an ad-hoc action
)

// beforeAction are the parts of a task that are evaluated before it does anything.
var beforeAction = []string{"name", "input", "with-items", "concurrency", "retry"}

func (c *call) doing(part string) string {
	switch {
	case c.t.Op == step.Prepare && c.joinable() != nil, c.t.Error != nil && c.t.Error.Error == "JoinFailed":
		return dropping
	case c.t.Op == step.Prepare || slices.Contains(beforeAction, part), c.t.Op == step.Judge && c.task.Items == 0:
		return running // a task without items ends as it begins
	default:
		return completing
	}
}

func place(at string) string {
	if at == "" {
		return ""
	}
	return " at " + at
}

// taskFault is the state_info of a task that can't run for a fault of the
// workflow itself.
func taskFault(msg, workflow, task, at string) string {
	return fmt.Sprintf("Failed to %s [error=%s, wf=%s, task=%s]", running, msg, workflow, task) + place(at)
}

// Unwrap returns what the expression language said.
func (e ExpressionError) Unwrap() error { return e.Err }

// InvalidInput says that a workflow was given input that it does not take.
type InvalidInput struct {
	Workflow string
	Message  string
	Takes    string // what the workflow takes, where that helps
}

func (e InvalidInput) Error() string {
	text := fmt.Sprintf("Invalid input [name=%s, %s]", e.Workflow, e.Message)
	if e.Takes != "" {
		text += ": " + e.Takes
	}
	return text
}

// SubWorkflowInput says that a sub-workflow can't start with what it was given:
// Err is [InvalidInput], [InvalidTask], [InvalidEnvironment], or the
// [ExpressionError] of its vars or environment. The calling task's on-error may
// handle it.
type SubWorkflowInput struct{ Err error }

const subWorkflowInputName = "SubWorkflowInput"

func (e SubWorkflowInput) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e SubWorkflowInput) Unwrap() error { return e.Err }

// startFault reports whether a workflow does not start because of what it was
// given.
func startFault(err error) bool {
	var input InvalidInput
	var task InvalidTask
	var env InvalidEnvironment
	var fault ExpressionError
	return errors.As(err, &input) || errors.As(err, &task) || errors.As(err, &env) || errors.As(err, &fault)
}

// JoinFailed says that a join can't be satisfied any more.
type JoinFailed struct{ Message string }

func (e JoinFailed) Error() string { return e.Message }

// ItemsFailed says that items of a with-items task failed.
type ItemsFailed struct{ Message string }

func (e ItemsFailed) Error() string { return e.Message }

// SubWorkflowFailed carries the state_info of a sub-workflow that ended in ERROR.
type SubWorkflowFailed struct{ Info string }

func (e SubWorkflowFailed) Error() string { return e.Info }

// InvalidAction says that an ad-hoc action can't be called: its base-input can't
// be evaluated, or is not what the action underneath takes.
type InvalidAction struct {
	Name string
	Err  error
}

func (e InvalidAction) Error() string {
	return fmt.Sprintf("Failed to instantiate an action [action_desc=AdHoc action [name=%s]]: %v", e.Name, e.Err)
}

// Unwrap returns why.
func (e InvalidAction) Unwrap() error { return e.Err }

// OutcomeUnknown says that an action was started before, that nothing is known
// of its outcome, and that running it again might do its work twice.
type OutcomeUnknown struct {
	Action, Task string
}

func (e OutcomeUnknown) Error() string {
	return fmt.Sprintf("action %s of task %q was started before and its outcome is not known; "+
		"it may have changed something, so it is not run again (look at the cloud, then run the task again; "+
		"safe-rerun: true on the task allows it always)", e.Action, e.Task)
}

// ExecutionUnknown says that a step names an execution that was never started.
type ExecutionUnknown struct{ ID string }

func (e ExecutionUnknown) Error() string { return "there is no execution " + e.ID }

// errorName is the name that Lambda gives an error: its type's.
func errorName(err error) string {
	var te *TaskError
	if errors.As(err, &te) {
		return te.Name
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// named gives an error that leaves the engine its name.
func (c *call) named(err error) *TaskError {
	var te *TaskError
	if errors.As(err, &te) {
		return te
	}
	return &TaskError{Name: errorName(err), Message: err.Error(), Err: err}
}

// structural are the errors of the workflow itself and not of an action: they
// end the execution at once, and on-error is not asked.
var structural = []string{"ExpressionError", "ActionNotFound", "InvalidInput", "ExecutionUnknown"}

func isStructural(name string) bool { return slices.Contains(structural, name) }

// message is the text of a failure as Step Functions hands it on: Lambda's
// errorMessage where there is one.
func message(f *step.Failure) string {
	var cause struct {
		Message string `json:"errorMessage"`
	}
	if json.Unmarshal([]byte(f.Cause), &cause) == nil && cause.Message != "" {
		return cause.Message
	}
	if f.Cause != "" {
		return f.Cause
	}
	return f.Error
}
