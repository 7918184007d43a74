package jinja

import (
	"errors"
	"fmt"
)

// SyntaxError is a template that does not parse.
type SyntaxError struct {
	Template string
	Offset   int // of the offending byte in the template
	Message  string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at position %d of template '%s'", e.Message, e.Offset, clip(e.Template))
}

// EvalError is an evaluation that failed.
type EvalError struct {
	Template string
	Kind     string // the name that Python has for it: UndefinedError, TypeError, ...
	Cause    error
}

func (e *EvalError) Error() string {
	return fmt.Sprintf("can not evaluate Jinja expression [expression=%s, error=%s]", clip(e.Template), e.Cause)
}

func (e *EvalError) Unwrap() error { return e.Cause }

// TooManySteps is an evaluation that does more than [Limits].Steps allow.
type TooManySteps struct{ Max int }

func (e *TooManySteps) Error() string {
	return fmt.Sprintf("the expression takes more than %d steps", e.Max)
}

// TooLarge is an evaluation that makes more than [Limits].Memory bytes of
// text and data.
type TooLarge struct{ Max int }

func (e *TooLarge) Error() string {
	return fmt.Sprintf("the expression makes more than %d bytes of text and data", e.Max)
}

// TooDeep is an evaluation that nests deeper than [Limits].Depth.
type TooDeep struct{ Max int }

func (e *TooDeep) Error() string {
	return fmt.Sprintf("the expression nests more than %d deep", e.Max)
}

// failure is an error by the name that Python has for it.
type failure struct{ kind, msg string }

func (e *failure) Error() string {
	if e.msg == "" {
		return e.kind
	}
	return e.msg
}

// The kinds that the evaluator itself looks at.
const (
	kindType      = "TypeError"
	kindValue     = "ValueError"
	kindIndex     = "IndexError"
	kindKey       = "KeyError"
	kindOverflow  = "OverflowError"
	kindUndefined = "UndefinedError"
	kindSecurity  = "SecurityError"
	kindAttribute = "AttributeError"
	kindRuntime   = "TemplateRuntimeError"
	kindAssertion = "TemplateAssertionError"
	kindSyntax    = "TemplateSyntaxError"
	kindArgument  = "FilterArgumentError"
	kindZero      = "ZeroDivisionError"
)

func failf(kind, format string, args ...any) error {
	return &failure{kind, fmt.Sprintf(format, args...)}
}

func typeErrorf(format string, args ...any) error  { return failf(kindType, format, args...) }
func valueErrorf(format string, args ...any) error { return failf(kindValue, format, args...) }

// kindOf returns the kind of a failure, or "".
func kindOf(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.kind
	}
	return ""
}

func isKind(err error, kinds ...string) bool {
	k := kindOf(err)
	for _, want := range kinds {
		if k == want {
			return true
		}
	}
	return false
}

// clip shortens a text for a message.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xc0 == 0x80 {
		cut--
	}
	return s[:cut] + "..."
}
