package yaql

import (
	"errors"
	"fmt"
)

// failure is an error of the evaluation, by the name that Python has for it.
// Some functions catch by it, and it is what [EvalError] shows as Kind.
type failure struct{ kind, msg string }

func (e *failure) Error() string {
	if e.msg == "" {
		return e.kind
	}
	return e.msg
}

// The kinds that the evaluator itself looks at.
const (
	kindStop       = "StopIteration"
	kindNoFunction = "NoMatchingFunctionException"
	kindNoMethod   = "NoMatchingMethodException"
	kindIndex      = "IndexError"
	kindArgument   = "ArgumentException"
	kindType       = "TypeError"
	kindValue      = "ValueError"
	kindLimit      = "CollectionTooLargeException"
	kindMemory     = "MemoryQuotaExceededException"
	kindRecursion  = "RecursionError"
)

func failf(kind, format string, args ...any) error {
	return &failure{kind, fmt.Sprintf(format, args...)}
}

func typeErrorf(format string, args ...any) error  { return failf(kindType, format, args...) }
func valueErrorf(format string, args ...any) error { return failf(kindValue, format, args...) }

func stopIteration(msg string) error { return &failure{kindStop, msg} }

// kindOf returns the kind of a failure, or "".
func kindOf(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.kind
	}
	return ""
}
