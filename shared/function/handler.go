package function

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

const (
	// maxAnswer is the largest answer that Lambda delivers: 6 MB.
	maxAnswer = 6 << 20
	// spare is the time before Lambda's own deadline at which work is given up,
	// so that a Timeout leaves the function instead of nothing.
	spare = 500 * time.Millisecond
)

// directAnswer is what a direct call of an action gives.
type directAnswer struct {
	Result  value.Any `json:"result"`
	Region  string    `json:"region,omitempty"`
	AuthURL string    `json:"auth_url,omitempty"`
}

// Handle answers one event. Its errors are those of [Named].
func (f *Function) Handle(ctx context.Context, event json.RawMessage) (json.RawMessage, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-spare))
		defer cancel()
	}
	start := time.Now()
	ev, answer, err := f.answer(ctx, event)
	var out json.RawMessage
	if err == nil {
		out, err = encode(ev, answer)
	}
	f.report(ctx, ev, time.Since(start), err)
	if err != nil {
		return nil, Named(err)
	}
	return out, nil
}

func (f *Function) answer(ctx context.Context, event json.RawMessage) (*step.Event, any, error) {
	change, err := statusChange(event)
	if change != nil || err != nil {
		if err == nil {
			err = f.finish(ctx, change)
		}
		return &step.Event{}, struct{}{}, err
	}
	ev := &step.Event{}
	if err := json.Unmarshal(event, ev); err != nil {
		return ev, nil, InvalidInput{"the event can't be read: " + err.Error()}
	}
	if ev.Task != nil {
		steps, err := f.steps.get(ctx)
		if err != nil {
			return ev, nil, err
		}
		answer, err := steps.Handle(ctx, ev)
		return ev, answer, err
	}
	answer, err := f.direct(ctx, ev, event)
	return ev, answer, err
}

// direct calls the event's action.
func (f *Function) direct(ctx context.Context, ev *step.Event, raw json.RawMessage) (any, error) {
	if err := checkMembers(raw); err != nil {
		return nil, err
	}
	action, err := f.registry.Find(ev.Action)
	if err != nil {
		return nil, err
	}
	if f.service != "" && action.Service != f.service {
		return nil, InvalidInput{fmt.Sprintf("%s is performed by the function %s, not by %s", action.Name, action.Service, f.service)}
	}
	call, err := directCall(ev)
	if err != nil {
		return nil, err
	}
	runner, err := f.runner.get(ctx)
	if err != nil {
		return nil, err
	}
	outcome, err := runner.Run(ctx, call)
	if err != nil {
		return nil, err
	}
	return directAnswer{value.Any{V: outcome.Result}, outcome.Target.Region, outcome.Target.AuthURL}, nil
}

// directCall turns an event into a call. Credentials in the clear go into the
// call and nowhere else.
func directCall(ev *step.Event) (actions.Call, error) {
	call := actions.Call{
		Action:       ev.Action,
		Input:        value.NewMap(0),
		Target:       openstack.Request{AuthURL: ev.AuthURL, Region: ev.Region, Interface: ev.Interface},
		Microversion: ev.Microversion,
	}
	switch input := ev.Input.V.(type) {
	case nil:
	case *value.Map:
		call.Input = input
	default:
		return call, InvalidInput{`the event's "input" must be an object`}
	}
	if ev.Credentials.V == nil {
		return call, nil
	}
	// The decoder's error is not shown: it may quote what it could not read.
	dec := json.NewDecoder(bytes.NewReader(value.MustEncode(ev.Credentials.V)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&call.Target.Credentials); err != nil {
		return call, InvalidInput{`the event's "credentials" must be an object with the members of one of: ref; cloud; ` +
			`token, project_id; username, password, user_domain_name, project_name, project_domain_name; ` +
			`application_credential_id, application_credential_secret`}
	}
	return call, nil
}

// checkMembers refuses members that a direct event does not have, so that a
// misspelt one is not passed over in silence.
func checkMembers(raw json.RawMessage) error {
	known := []string{"action", "region", "auth_url", "interface", "microversion", "credentials", "input"}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return InvalidInput{"the event must be an object: " + err.Error()}
	}
	var unknown []string
	for name := range members {
		if !slices.Contains(known, name) && name != "task" {
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return InvalidInput{"unknown members of the event: " + strings.Join(unknown, ", ") + " (known: " + strings.Join(known, ", ") + ")"}
	}
	return nil
}

func encode(ev *step.Event, answer any) (json.RawMessage, error) {
	out, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	if len(out) > maxAnswer {
		return nil, ResultTooLarge{ev.Action, len(out)}
	}
	return out, nil
}

// report writes one line per event: what it asked for and how it ended, with
// nothing of its input or result.
func (f *Function) report(ctx context.Context, ev *step.Event, took time.Duration, err error) {
	attrs := []slog.Attr{slog.Int64("ms", took.Milliseconds())}
	add := func(name, val string) {
		if val != "" {
			attrs = append(attrs, slog.String(name, val))
		}
	}
	add("action", ev.Action)
	add("region", ev.Region)
	if t := ev.Task; t != nil {
		add("op", string(t.Op))
		add("execution", t.Execution)
		add("task", t.Name)
	}
	if err == nil {
		f.logger.LogAttrs(ctx, slog.LevelInfo, "done", attrs...)
		return
	}
	add("error", errorName(err))
	add("message", err.Error())
	f.logger.LogAttrs(ctx, slog.LevelWarn, "failed", attrs...)
}
