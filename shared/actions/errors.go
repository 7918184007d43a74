package actions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// The errors of this package are values whose type names are the error names
// that a state machine sees. Those of a request to OpenStack are package
// openstack's.

// ActionNotFound says that no action has that name.
type ActionNotFound struct {
	Name        string
	Suggestions []string // names that are close, best first
}

func (e ActionNotFound) Error() string {
	return fmt.Sprintf("there is no action %q%s", e.Name, didYouMean(e.Suggestions))
}

// InvalidInput says that a call's arguments can't be used. No request was sent.
type InvalidInput struct {
	Action    string
	Parameter string // the first parameter at fault; empty if it is none in particular
	Message   string
}

func (e InvalidInput) Error() string { return e.Action + ": " + e.Message }

// ActionFailed says that an action ran and failed in a way that has no name of
// its own: std.fail, a script that threw, an HTTP request that got no answer.
type ActionFailed struct {
	Action  string
	Message string
	Data    any // std.fail's error_data, the action's result; package value data
}

func (e ActionFailed) Error() string {
	if e.Message == "" {
		return e.Action + " failed"
	}
	return e.Message
}

func didYouMean(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; did you mean " + strings.Join(names, " or ") + "?"
}

// failed is an error of what came back, in the action's name.
func (inv *invocation) failed(err error) error {
	return ActionFailed{Action: inv.action.Name, Message: inv.action.Name + ": " + err.Error()}
}

// badAnswer is an error of what the last answer holds, with where it came from.
func (inv *invocation) badAnswer(err error) error {
	d := inv.answered
	d.Message = err.Error()
	return openstack.BadAnswer{Detail: d}
}

// typed gives an error its type.
func (inv *invocation) typed(err error) error {
	var bad badArgument
	if errors.As(err, &bad) {
		if field, ok := strings.CutPrefix(bad.name, "@"); ok && field != "item" && inv.answered.Method != "" {
			return inv.badAnswer(fmt.Errorf("%s in the answer %s", field, bad.message)) // it is no argument of the caller's
		}
		return InvalidInput{Action: inv.action.Name, Parameter: bad.name, Message: bad.Error()}
	}
	return err
}
