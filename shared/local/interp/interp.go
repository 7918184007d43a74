package interp

import (
	"context"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
)

// Status is the status of an execution.
type Status string

// The statuses of executions.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Outcome is how an execution ended. Output is there if it succeeded, Error and
// Cause (which may be empty) otherwise.
type Outcome struct {
	Status       Status
	Output       any
	Error, Cause string
	Started      time.Time
	Stopped      time.Time
}

// StartInput says what to start. Name may be empty, then it is a random UUID.
type StartInput struct {
	Machine string // name or ARN under which the machine was defined
	Name    string
	Input   any // nil is an empty object, as Step Functions has it
}

// New returns an interpreter without machines.
func New(opts Options) *Interpreter { panic("TODO") }

// Interpreter runs state machines. Its methods may be called from several
// goroutines.
type Interpreter struct{}

// Define makes a machine known under a name or an ARN.
func (in *Interpreter) Define(name string, m *asl.Machine) error { panic("TODO") }

// Start begins an execution.
func (in *Interpreter) Start(ctx context.Context, start StartInput) (*Run, error) { panic("TODO") }

// Resume goes on with an execution.
func (in *Interpreter) Resume(ctx context.Context, name string) (*Run, error) { panic("TODO") }

// History returns the events of an execution.
func (in *Interpreter) History(ctx context.Context, name string) ([]Event, error) { panic("TODO") }

// Abort ends an execution.
func (in *Interpreter) Abort(ctx context.Context, name, errorName, cause string) error { panic("TODO") }

// SendTaskSuccess completes a .waitForTaskToken task.
func (in *Interpreter) SendTaskSuccess(ctx context.Context, token string, output any) error {
	panic("TODO")
}

// SendTaskFailure fails a .waitForTaskToken task.
func (in *Interpreter) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	panic("TODO")
}

// SendTaskHeartbeat says that a .waitForTaskToken task is alive.
func (in *Interpreter) SendTaskHeartbeat(ctx context.Context, token string) error { panic("TODO") }

// Run is an execution of this process.
type Run struct{}

// Name returns the execution's name.
func (r *Run) Name() string { panic("TODO") }

// Wait waits for the end.
func (r *Run) Wait(ctx context.Context) (Outcome, error) { panic("TODO") }
