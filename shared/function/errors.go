package function

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// InvalidInput says that an event can't be understood, or asks for what this
// function does not do.
type InvalidInput struct{ Message string }

func (e InvalidInput) Error() string { return e.Message }

// ResultTooLarge says that a direct call's answer is larger than Lambda
// delivers. Inside a workflow results go to the table and have no such limit.
type ResultTooLarge struct {
	Action string
	Bytes  int
}

func (e ResultTooLarge) Error() string {
	return fmt.Sprintf("the result of %s has %d bytes, more than the %d that a direct call can answer with; "+
		"narrow it (limit, marker, filters) or call the action in a workflow", e.Action, e.Bytes, maxAnswer)
}

// Internal is an error that has no better name.
type Internal struct{ Err error }

func (e Internal) Error() string { return e.Err.Error() }

// Unwrap returns what happened.
func (e Internal) Unwrap() error { return e.Err }

const module = "github.com/sirocco-workflows/sirocco/"

// Named returns the error that leaves a function for err: its type is the name
// of the outermost of the project's own exported error types in err's chain, its
// message the whole of err's. What ended with the context's deadline is a
// Timeout; what AWS could not do just now is Unavailable; what has no name of
// the project's is Internal.
func Named(err error) error {
	if err == nil {
		return nil
	}
	return messages.InvokeResponse_Error{Type: errorName(err), Message: err.Error()}
}

func errorName(err error) string {
	var step *engine.TaskError
	if errors.As(err, &step) {
		return step.Name
	}
	if name := ownName(err); name != "" {
		return name
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return reflect.TypeFor[openstack.Timeout]().Name()
	case errors.Is(err, store.ErrNoCredential):
		return reflect.TypeFor[InvalidInput]().Name()
	case passing(err):
		return reflect.TypeFor[openstack.Unavailable]().Name()
	}
	return reflect.TypeFor[Internal]().Name()
}

// ownName searches err's tree for one of the project's exported error types,
// outermost first.
func ownName(err error) string {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if name := t.Name(); strings.HasPrefix(t.PkgPath(), module) && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
		return name
	}
	switch e := err.(type) { //nolint:errorlint // this is the walk that errors.As would do
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			return ownName(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			if name := ownName(inner); name != "" {
				return name
			}
		}
	}
	return ""
}

// passing reports whether an AWS call failed for a reason that passes: no
// answer, a fault of the service, or throttling. The SDK has repeated it by then.
func passing(err error) bool {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return false
	}
	var api smithy.APIError
	if !errors.As(err, &api) {
		return true
	}
	code := api.ErrorCode()
	return api.ErrorFault() == smithy.FaultServer || strings.Contains(code, "Throttl") ||
		strings.Contains(code, "Exceeded") || strings.Contains(code, "TooManyRequests")
}
