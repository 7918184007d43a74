package interp

import (
	"context"
	"errors"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// call makes a call in a goroutine of its own, which posts the answer.
func (r *Run) call(e effect) {
	if e.fr.gone || e.fr.calls != e.call.number {
		return
	}
	ctx, cancel := context.WithCancelCause(r.ctx)
	e.fr.cancel = cancel
	r.calls++
	r.busy(1)
	go func() {
		defer r.busy(-1)
		defer cancel(nil)
		a := r.answer(ctx, e.fr, e.call)
		r.post(func() {
			r.calls--
			if a.err != nil && r.ctx.Err() != nil {
				return // as likely the stop's doing as the call's: it is made again
			}
			if r.ex.outcome == nil {
				e.fr.answered(e.call.number, a)
			}
		})
	}()
}

// answer makes a call and waits for its answer.
func (r *Run) answer(ctx context.Context, fr *frame, c *call) (a answer) {
	if _, ok := r.in.opts.Clock.(systemClock); ok && !c.until.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, c.until)
		defer cancel()
	}
	var result any
	var err error
	if c.res.kind == startExecution {
		result, err = r.startChild(ctx, fr, c)
	} else {
		result, err = r.in.invoke(ctx, c.TaskCall)
	}
	if err != nil {
		return answer{err: stateError(err)}
	}
	if c.res.kind == lambdaInvoke {
		wrapped := value.NewMap(3)
		wrapped.Set("ExecutedVersion", "$LATEST")
		wrapped.Set("Payload", result)
		wrapped.Set("StatusCode", int64(200))
		result = wrapped
	}
	text, err := value.Encode(result)
	if err != nil {
		return answer{err: lambdaError("Runtime.MarshalError", err.Error())}
	}
	return answer{result: result, text: text}
}

// invoke calls Options.Invoke. A panic there is the function's failure.
func (in *Interpreter) invoke(ctx context.Context, c TaskCall) (result any, err error) {
	if in.opts.Invoke == nil {
		return nil, &StateError{Name: ErrRuntime, Cause: "there are no functions: Options.Invoke is not set"}
	}
	defer func() {
		if p := recover(); p != nil {
			err = lambdaError(fmt.Sprintf("%T", p), fmt.Sprint(p))
		}
	}()
	result, err = in.opts.Invoke(ctx, c)
	if err != nil {
		return nil, err
	}
	return value.Of(result), nil
}

// startChild performs startExecution, for the frame fr.
func (r *Run) startChild(ctx context.Context, fr *frame, c *call) (any, error) {
	child, err := r.in.start(r.ctx, c.child)
	if err != nil {
		return nil, startError(err)
	}
	out := value.NewMap(2)
	out.Set("ExecutionArn", child.ARN())
	out.Set("StartDate", child.ex.started.UnixMilli())
	if !c.res.sync {
		return out, nil
	}
	submitted := answer{result: out, text: encode(out)}
	r.post(func() { fr.childStarted(c.number, submitted) })
	outcome, err := child.await(ctx)
	if err != nil {
		return nil, err
	}
	description := child.describe(outcome, c.res.parseSync)
	if outcome.Status != Succeeded {
		return nil, &StateError{Name: ErrTaskFailed, Cause: string(encode(description))}
	}
	return description, nil
}

// abortChildren ends the executions that aborted tasks waited for, as Step
// Functions stops them. It is done once it is saved that the tasks are aborted:
// after a crash before that they wait again.
func (r *Run) abortChildren(names []string) {
	for _, name := range names {
		r.busy(1)
		go func() {
			defer r.busy(-1)
			// A child that has ended meanwhile is as good.
			_ = r.in.Abort(context.WithoutCancel(r.ctx), name, "States.TaskAborted", "the state that started it was aborted")
		}()
	}
}

// startError is how Step Functions' own API names why it does not start.
func startError(err error) error {
	var exists *ExecutionExistsError
	var missing *NotFoundError
	var invalid *StateError
	switch {
	case errors.As(err, &exists):
		return &StateError{Name: "StepFunctions.ExecutionAlreadyExistsException", Cause: err.Error()}
	case errors.As(err, &missing):
		return &StateError{Name: "StepFunctions.StateMachineDoesNotExistException", Cause: err.Error()}
	case errors.As(err, &invalid):
		return &StateError{Name: "StepFunctions." + invalid.Name + "Exception", Cause: invalid.Cause}
	default:
		return err
	}
}

// describe is what .sync and .sync:2 give of an ended child: input and output as
// text or, parsed, as they are.
func (r *Run) describe(o Outcome, parsed bool) *value.Map {
	data := func(v any) any {
		if parsed {
			return v
		}
		return string(encode(v))
	}
	included := value.NewMap(1)
	included.Set("Included", true)
	out := value.NewMap(12)
	out.Set("ExecutionArn", r.ARN())
	out.Set("Input", data(r.ex.input))
	out.Set("InputDetails", included)
	out.Set("Name", r.name)
	if o.Status == Succeeded {
		out.Set("Output", data(o.Output))
		out.Set("OutputDetails", included)
	} else {
		out.Set("Cause", o.Cause)
		out.Set("Error", o.Error)
	}
	out.Set("StartDate", o.Started.UnixMilli())
	out.Set("StateMachineArn", r.machineARN)
	out.Set("Status", string(o.Status))
	out.Set("StopDate", o.Stopped.UnixMilli())
	return out
}
