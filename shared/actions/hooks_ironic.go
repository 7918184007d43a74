package actions

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var ironicHooks = map[string]hook{
	"ironic.maintenance": ironicMaintenance,
	"ironic.passthru":    ironicPassthru,
	"ironic.power":       ironicPower,
	"ironic.wait":        ironicWait,
	"inspector.wait":     inspectorWait,
}

// ironicMaintenance reads a truth that may be written as text.
func ironicMaintenance(ctx context.Context, inv *invocation) (any, error) {
	s := strings.ToLower(strings.TrimSpace(pythonStr(inv.args["state"])))
	switch {
	case slices.Contains([]string{"1", "t", "true", "on", "y", "yes"}, s):
		inv.args["@state"] = true
	case !slices.Contains([]string{"0", "f", "false", "off", "n", "no"}, s):
		return nil, badArgument{"state", fmt.Sprintf("must be true or false, not %q", s)}
	}
	return inv.perform(ctx)
}

// ironicPower gives a power state the service's name, soft or not.
func ironicPower(ctx context.Context, inv *invocation) (any, error) {
	soft := value.Truth(inv.args["soft"])
	state, isText := inv.args["state"].(string)
	if soft && (!isText || state == "on") {
		return nil, badArgument{"soft", "is for off and reboot, and not for " + pythonStr(inv.args["state"])}
	}
	names := map[string]string{"on": "power on", "off": "power off", "reboot": "rebooting"}
	if soft {
		names = map[string]string{"off": "soft power off", "reboot": "soft rebooting"}
	}
	switch inv.args["state"].(type) {
	case []any, *value.Map:
		return nil, badArgument{"state", "must be a state such as off, not " + pythonRepr(inv.args["state"])}
	}
	inv.args["@target"] = inv.args["state"]
	if name, ok := names[state]; ok {
		inv.args["@target"] = name
	}
	seconds, err := pythonInt(inv.args["timeout"])
	if n, ok := asInt(seconds); err != nil || ok && n <= 0 {
		return nil, badArgument{"timeout", "must be a number of seconds above 0, not " + pythonRepr(inv.args["timeout"])}
	}
	inv.args["@timeout"] = seconds
	return inv.perform(ctx)
}

// ironicPassthru finds how a vendor's method is called.
func ironicPassthru(ctx context.Context, inv *invocation) (any, error) {
	method := "POST"
	if given := inv.args["http_method"]; given != nil {
		s, _ := given.(string)
		method = strings.ToUpper(s)
	}
	inv.args["@method"] = method
	switch method {
	case "POST", "PUT", "PATCH":
		inv.args["@sends"] = true
	case "DELETE":
		inv.args["@deletes"] = true
	case "GET":
	default:
		return nil, badArgument{"http_method", "must be one of POST, PUT, PATCH, GET and DELETE, not " + pythonRepr(inv.args["http_method"])}
	}
	return inv.perform(ctx)
}

// ironicWait looks at a node until it is in the expected state, has failed, or
// the time is over.
func ironicWait(ctx context.Context, inv *invocation) (any, error) {
	expected, _ := inv.args["expected_state"].(string)
	timeout, err := pollTime(inv.args["timeout"])
	if err != nil || inv.args["timeout"] == nil {
		return nil, badArgument{"timeout", "must be a number of seconds from 0 on, not " + pythonRepr(inv.args["timeout"])}
	}
	interval, err := pollTime(inv.args["poll_interval"])
	if err != nil {
		return nil, badArgument{"poll_interval", "must be a number of seconds from 0 on, not " + pythonRepr(inv.args["poll_interval"])}
	}
	expected = strings.ToLower(expected)
	if expected == "" {
		return nil, badArgument{"expected_state", "must be a state, not " + pythonRepr(inv.args["expected_state"])}
	}
	end := time.Now().Add(timeout)
	for {
		v, err := inv.perform(ctx)
		if err != nil {
			return nil, err
		}
		if m, _ := v.(*value.Map); !m.Has("provision_state") {
			return nil, inv.badAnswer(errors.New("the answer has no provision_state"))
		}
		done, err := inv.reachedState(v, expected)
		if err != nil || done {
			return nil, inv.failedIf(err)
		}
		if err := inv.runner.options.Sleep(ctx, interval); err != nil {
			return nil, err
		}
		if timeout > 0 && !time.Now().Before(end) {
			return nil, inv.failed(fmt.Errorf("node %s has not come to the state %s within %s",
				pythonStr(inv.args["node_ident"]), expected, timeout))
		}
	}
}

// reachedState reports whether a node is in the expected state. One that can't
// come there any more is an error.
func (inv *invocation) reachedState(node any, expected string) (bool, error) {
	m, _ := node.(*value.Map)
	v, _ := m.Get("provision_state")
	state, isText := v.(string)
	target, _ := m.Get("target_provision_state")
	lastError, _ := m.Get("last_error")
	switch {
	case !isText && v != nil:
		return false, errors.New("the node's provision_state is no text")
	case isText && state == expected:
		return true, nil
	case state == "error" || strings.HasSuffix(state, " failed"):
		return false, fmt.Errorf("the node is in the state %s and not in %s: %s", state, expected, pythonStr(lastError))
	case value.Truth(inv.args["fail_on_unexpected_state"]) && !value.Truth(target):
		return false, fmt.Errorf("the node rests in the state %s and not in %s", state, expected)
	}
	return false, nil
}

// failedIf is [invocation.failed] of an error that may be nil.
func (inv *invocation) failedIf(err error) error {
	if err == nil {
		return nil
	}
	return inv.failed(err)
}

// pollTime reads a time in seconds of which null is none.
func pollTime(v any) (time.Duration, error) {
	var s float64
	switch v := v.(type) {
	case nil:
	case int64:
		s = float64(v)
	case float64:
		s = v
	case *big.Int:
		s, _ = new(big.Float).SetInt(v).Float64()
	default:
		return 0, errors.New("no number")
	}
	if s < 0 {
		return 0, errors.New("below 0")
	}
	return time.Duration(min(s, 1<<31) * float64(time.Second)), nil
}

// inspectorWait asks for the introspection of each node until all have ended,
// and gives their states by node.
func inspectorWait(ctx context.Context, inv *invocation) (any, error) {
	waiting, _ := inv.args["node_ids"].([]any)
	if len(waiting) == 0 {
		waiting, _ = inv.args["uuids"].([]any)
	}
	if len(waiting) == 0 {
		return nil, badArgument{"node_ids", "must be a list of nodes"}
	}
	for _, node := range waiting {
		if _, ok := node.(string); !ok {
			return nil, badArgument{"node_ids", "must be a list of ids or names, not of " + pythonRepr(node)}
		}
	}
	interval, err := pollTime(inv.args["retry_interval"])
	if err != nil {
		return nil, badArgument{"retry_interval", "must be a number of seconds from 0 on, not " + pythonRepr(inv.args["retry_interval"])}
	}
	retries, ok := asInt(inv.args["max_retries"])
	if !ok || retries < 0 {
		return nil, badArgument{"max_retries", "must be a number from 0 on, not " + pythonRepr(inv.args["max_retries"])}
	}
	ended := value.NewMap(len(waiting))
	for try := 0; ; try++ {
		if waiting, err = inv.stillWaiting(ctx, waiting, ended); err != nil || len(waiting) == 0 {
			return ended, err
		}
		if try == retries {
			return nil, inv.failed(fmt.Errorf("the introspection of %s has not ended after %d looks", pythonStr(waiting), try+1))
		}
		if err := inv.runner.options.Sleep(ctx, interval); err != nil {
			return nil, err
		}
	}
}

// stillWaiting puts the state of the nodes whose introspection has ended into
// ended and returns the others.
func (inv *invocation) stillWaiting(ctx context.Context, nodes []any, ended *value.Map) ([]any, error) {
	var still []any
	for _, node := range nodes {
		inv.args["@node"] = node
		state, err := inv.perform(ctx)
		if err != nil {
			return nil, err
		}
		m, _ := state.(*value.Map)
		if finished, _ := m.Get("finished"); value.Truth(finished) {
			ended.Set(pythonStr(node), state)
		} else {
			still = append(still, node)
		}
	}
	return still, nil
}
