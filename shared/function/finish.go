package function

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// change is the part that matters of EventBridge's "Step Functions Execution
// Status Change".
type change struct {
	Name   string `json:"name"` // the execution's, which is the record's id
	Status string `json:"status"`
	Error  string `json:"error"`
	Cause  string `json:"cause"`
}

const statusChangeType = "Step Functions Execution Status Change"

// statusChange returns the status change that the event is, or nil if it is none.
// What is wrong with an event of another kind is for others to say.
func statusChange(event json.RawMessage) (*change, error) {
	var envelope struct {
		DetailType string          `json:"detail-type"`
		Detail     json.RawMessage `json:"detail"`
	}
	_ = json.Unmarshal(event, &envelope)
	if envelope.DetailType != statusChangeType {
		return nil, nil
	}
	c := &change{}
	if err := json.Unmarshal(envelope.Detail, c); err != nil || c.Name == "" {
		return nil, InvalidInput{"the status change names no execution"}
	}
	return c, nil
}

// failure is what the state machine failed of, or nil if it did not fail.
func (c *change) failure() *step.Failure {
	switch c.Status {
	case "RUNNING", "SUCCEEDED", "PENDING_REDRIVE":
		return nil
	}
	f := &step.Failure{Error: c.Error, Cause: c.Cause}
	if f.Error == "" {
		f.Error = "States." + c.Status
	}
	if f.Cause == "" {
		f.Cause = "the state machine's execution ended as " + c.Status
	}
	return f
}

// finish closes the record of an execution whose state machine has ended, which
// matters where Step Functions ended it by itself: aborted, timed out, a limit. A
// state machine's execution without a record (a thread of another, or one that
// failed before its first task) has nothing to close.
func (f *Function) finish(ctx context.Context, c *change) error {
	if c.Status == "RUNNING" || c.Status == "PENDING_REDRIVE" {
		return nil
	}
	steps, err := f.steps.get(ctx)
	if err != nil {
		return err
	}
	_, err = steps.Finish(ctx, c.Name, c.failure())
	if errors.Is(err, store.ErrNoExecution) {
		f.logger.InfoContext(ctx, "no record to finish", slog.String("execution", c.Name))
		return nil
	}
	return err
}
