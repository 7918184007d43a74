package interp

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Names of errors that the language reserves.
const (
	ErrAll              = "States.ALL"
	ErrTaskFailed       = "States.TaskFailed"
	ErrTimeout          = "States.Timeout"
	ErrHeartbeatTimeout = "States.HeartbeatTimeout"
	ErrRuntime          = "States.Runtime"
	ErrDataLimit        = "States.DataLimitExceeded"
	ErrQueryEvaluation  = "States.QueryEvaluationError"
	ErrNoChoice         = "States.NoChoiceMatched"
	ErrBranchFailed     = "States.BranchFailed"
	ErrThreshold        = "States.ExceedToleratedFailureThreshold"
	ErrItemReader       = "States.ItemReaderFailed"
)

// StateError is an error as a state machine knows it: a name, by which Retry
// and Catch match, and a cause in words (often JSON text).
type StateError struct {
	Name, Cause string
}

// Error implements error.
func (e *StateError) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

// StoppedError is the error of waiting for an execution whose context was
// cancelled: it has not ended and can be resumed.
type StoppedError struct{ Execution string }

// Error implements error.
func (e *StoppedError) Error() string {
	return fmt.Sprintf("execution %s was stopped before its end; it can be resumed", e.Execution)
}

// NotFoundError says that there is no execution, machine or task token of that
// name.
type NotFoundError struct{ Kind, Name string }

// Error implements error.
func (e *NotFoundError) Error() string { return fmt.Sprintf("no %s %q", e.Kind, e.Name) }

// ExecutionExistsError says that an execution of that name has ended, or has
// another machine or input.
type ExecutionExistsError struct{ Name string }

// Error implements error.
func (e *ExecutionExistsError) Error() string {
	return fmt.Sprintf("execution %q already exists", e.Name)
}

// DefinitionError says why a definition can't be run, besides what asl.Check
// says.
type DefinitionError struct{ Machine, Path, Message string }

// Error implements error.
func (e *DefinitionError) Error() string {
	return fmt.Sprintf("state machine %s: %s %s", e.Machine, e.Path, e.Message)
}

// stateError turns what Invoke returned into the error of the task.
func stateError(err error) *StateError {
	if e, ok := err.(*StateError); ok { //nolint:errorlint // as Lambda does: the outermost type decides
		return &StateError{Name: e.Name, Cause: e.Cause}
	}
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return lambdaError(t.Name(), err.Error())
}

// lambdaError is an error as Lambda's runtime reports it: the cause is the
// JSON text of message and type, in that order.
func lambdaError(name, message string) *StateError {
	cause, err := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, name})
	if err != nil {
		cause = []byte(message)
	}
	return &StateError{Name: name, Cause: string(cause)}
}
