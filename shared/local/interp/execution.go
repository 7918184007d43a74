package interp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// execution is the state of one execution and what changes it: a stepper
// without goroutines, clocks of its own or input and output. It is told what
// happened (a call was answered, a time has come), advances its frames as far
// as they go, and leaves in effects what is to be done next. Its Run does that,
// and saves.
type execution struct {
	opts    *Options
	clock   Clock
	name    string
	machine *machine
	input   any
	starter string // the call of another execution that started it, if one did
	seed    []byte
	started time.Time
	stopped time.Time
	expires time.Time // of the machine's TimeoutSeconds

	root    *frame
	ready   []*frame // have something to do
	effects []effect
	outcome *Outcome // once it has ended

	lastEvent int64
	events    []byte // history not yet saved, a JSON document a line
	firstID   int64  // of events
	overrun   bool   // the history's limit was met
	fresh     bool   // not yet saved at all

	dirty  []*frame // changed since they were saved
	parent []*frame // have unsaved ended children or items
	erased []string // keys of records to delete

	orphans []string // executions to abort, for the tasks that waited for them are
	tokens  map[string]*frame
	draw    func() float64 // jitter
}

// effect is something to do outside: a call to make, or a time to wake up at.
type effect struct {
	fr   *frame
	call *call
	at   time.Time
}

// begin sets an execution up at its first state.
func (ex *execution) begin() {
	ex.started = ex.now()
	if ex.machine.timeout > 0 {
		ex.expires = ex.started.Add(ex.machine.timeout)
		ex.effects = append(ex.effects, effect{at: ex.expires})
	}
	text := string(encode(ex.input))
	ex.event(nil, "ExecutionStarted", "executionStartedEventDetails",
		Details{Input: &text, InputDetails: &DataDetails{}, RoleARN: ex.opts.RoleARN})
	ex.root = &frame{ex: ex, path: "r", scope: ex.machine.root, input: ex.input}
	ex.root.enterScope()
}

// now is the time, as precise as the history shows it.
func (ex *execution) now() time.Time {
	return ex.clock.Now().UTC().Truncate(time.Millisecond)
}

func (ex *execution) arn() string {
	return fmt.Sprintf("arn:aws:states:%s:%s:execution:%s:%s", ex.opts.Region, ex.opts.Account, ex.machine.name, ex.name)
}

// newIdentity is what the context object says of the execution that a frame
// is the root of: the whole one, or that of an item of a distributed Map.
func (ex *execution) newIdentity(fr *frame) *identity {
	arn, name, machineARN, machineName := ex.arn(), ex.name, ex.machine.arn, ex.machine.name
	input, started := ex.input, ex.started
	if fr.parent != nil {
		sum := fr.parent.derive("item " + fr.path)
		name = hex.EncodeToString(sum[:16])
		machineName += "/" + fr.scope.label
		machineARN += "/" + fr.scope.label
		arn = fmt.Sprintf("arn:aws:states:%s:%s:execution:%s:%s", ex.opts.Region, ex.opts.Account, machineName, name)
		input, started = fr.firstInput(), fr.parent.entered
	}
	e := value.NewMap(5)
	e.Set("Id", arn)
	e.Set("Input", input)
	e.Set("Name", name)
	e.Set("RoleArn", ex.opts.RoleARN)
	e.Set("StartTime", timestamp(started))
	m := value.NewMap(2)
	m.Set("Id", machineARN)
	m.Set("Name", machineName)
	return &identity{execution: e, machine: m}
}

// firstInput is what a distributed item was given.
func (fr *frame) firstInput() any {
	if k := fr.parent.kids; k != nil && fr.index < len(k.items) {
		return k.items[fr.index]
	}
	return fr.input
}

// enterScope puts a new frame before its first state.
func (fr *frame) enterScope() {
	fr.goTo(fr.scope.start, fr.input)
}

// goTo puts the frame before a state.
func (fr *frame) goTo(s *state, input any) {
	fr.state, fr.input, fr.inputText = s, input, nil
	fr.visit++
	fr.phase = phaseEnter
	fr.reset()
	fr.enqueue()
	fr.touch()
}

// enqueue gives the frame a turn.
func (fr *frame) enqueue() {
	if !fr.queued {
		fr.queued = true
		fr.ex.ready = append(fr.ex.ready, fr)
	}
}

// reset forgets what belongs to a state.
func (fr *frame) reset() {
	fr.retries, fr.retryCount = nil, 0
	fr.resetAttempt()
	fr.conv = nil
}

// resetAttempt forgets what belongs to one attempt of a state.
func (fr *frame) resetAttempt() {
	fr.endCall(nil)
	fr.wake, fr.timeout, fr.heartbeat, fr.beat = time.Time{}, time.Time{}, time.Time{}, 0
	fr.args, fr.argsText, fr.begun = nil, nil, false
	fr.ctx = nil
	fr.dropToken()
}

func (fr *frame) dropToken() {
	if fr.token != "" {
		delete(fr.ex.tokens, fr.token)
		fr.token = ""
	}
}

// endCall ends the call that is under way, if one is; its answer no longer
// counts.
func (fr *frame) endCall(cause error) {
	fr.calls++
	if fr.child != "" && errors.Is(cause, errAborted) {
		fr.ex.orphans = append(fr.ex.orphans, fr.child)
	}
	fr.child = ""
	if fr.cancel != nil {
		fr.cancel(cause)
		fr.cancel = nil
	}
}

// settle advances up to n frames by a step and reports whether some are left.
func (ex *execution) settle(n int) bool {
	for i := 0; i < len(ex.ready) && ex.outcome == nil; i++ {
		if i == n {
			ex.ready = append(ex.ready[:0], ex.ready[i:]...)
			return true
		}
		fr := ex.ready[i]
		fr.queued = false
		if !fr.gone {
			fr.step()
		}
		ex.checkHistory()
	}
	ex.checkHistory()
	clear(ex.ready)
	ex.ready = ex.ready[:0]
	return false
}

// checkHistory fails an execution whose history is full.
func (ex *execution) checkHistory() {
	if ex.overrun && ex.outcome == nil {
		ex.fail(&StateError{Name: ErrRuntime, Cause: fmt.Sprintf(
			"The execution reached the maximum number of history events (%d).", ex.opts.HistoryLimit)})
	}
}

// step does what a frame has to do now.
func (fr *frame) step() {
	switch fr.phase {
	case phaseEnter:
		fr.enter()
	case phaseBegin:
		fr.begin()
	case phaseChildren:
		fr.startChildren()
	}
}

// enter enters the frame's state.
func (fr *frame) enter() {
	ex := fr.ex
	fr.entered = ex.now()
	fr.ctx = nil
	text := string(fr.inputJSON())
	ex.event(fr, eventPrefix(fr.state)+"StateEntered", "stateEnteredEventDetails",
		Details{Name: fr.state.name, Input: &text, InputDetails: &DataDetails{}})
	fr.enteredID = fr.last
	fr.touch()
	fr.begin()
}

// begin does an attempt of the frame's state.
func (fr *frame) begin() {
	fr.phase = phaseBegin
	fr.touch()
	switch fr.state.def.Type {
	case asl.TypePass, asl.TypeSucceed:
		fr.finish(nil, 0)
	case asl.TypeFail:
		fr.failState()
	case asl.TypeChoice:
		fr.choose()
	case asl.TypeWait:
		fr.wait()
	case asl.TypeTask:
		fr.task()
	case asl.TypeParallel:
		fr.parallel()
	case asl.TypeMap:
		fr.mapState()
	}
}

// environment is what the expressions of the frame's state see.
func (fr *frame) environment(part string) *environment {
	return &environment{fr: fr, part: part, input: fr.input}
}

// finish ends an attempt of the state with a result, if the type of state has
// one: its Output and Assign are evaluated, and the next state is entered.
func (fr *frame) finish(result any, has uint8) {
	env := fr.environment("end")
	env.result, env.has = result, has
	out := fr.input
	if has != 0 {
		out = result
	}
	fr.leave(env, out, fr.state.output, fr.state.assign, fr.state.next, true)
}

// leave evaluates Output and Assign and goes on to next, or ends the machine.
func (fr *frame) leave(env *environment, out any, output *template, assign []assignment, next *state, retry bool) {
	if output != nil {
		v, err := output.eval(env)
		if err != nil {
			fr.evaluationFailed(err, retry)
			return
		}
		out = v
	}
	vars, assigned, err := fr.assign(env, assign)
	if err != nil {
		fr.evaluationFailed(err, retry)
		return
	}
	text := encode(out)
	if fr.ex.tooBig(text) {
		fr.fatal(&StateError{Name: ErrDataLimit, Cause: fmt.Sprintf(
			"The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", fr.state.name)})
		return
	}
	s := string(text)
	d := Details{Name: fr.state.name, Output: &s, OutputDetails: &DataDetails{}}
	if len(assigned) > 0 {
		d.AssignedVariables, d.AssignedDetails = assigned, &DataDetails{}
	}
	fr.ex.event(fr, eventPrefix(fr.state)+"StateExited", "stateExitedEventDetails", d)
	fr.vars = vars
	if next != nil {
		fr.goTo(next, out)
		fr.inputText = text
		return
	}
	fr.end(out)
}

// assign evaluates assignments against the variables as they are and returns
// the new ones.
func (fr *frame) assign(env *environment, assign []assignment) (*value.Map, map[string]string, *evaluationError) {
	if len(assign) == 0 {
		return fr.vars, nil, nil
	}
	vars := value.NewMap(fr.vars.Len() + len(assign))
	for k, v := range fr.vars.All() {
		vars.Set(k, v)
	}
	assigned := make(map[string]string, len(assign))
	total := 0
	for _, a := range assign {
		v, err := a.value.eval(env)
		if err != nil {
			return nil, nil, err
		}
		vars.Set(a.name, v)
		text := encode(v)
		total += len(text)
		assigned[a.name] = string(text)
		if fr.ex.tooBig(text) || (fr.ex.opts.PayloadLimit > 0 && total > fr.ex.opts.PayloadLimit) {
			return nil, nil, &evaluationError{location: a.value.path, StateError: StateError{Name: ErrDataLimit,
				Cause: fmt.Sprintf("The variables assigned in the state '%s' exceed the maximum number of bytes service limit.", fr.state.name)}}
		}
	}
	return vars, assigned, nil
}

func (ex *execution) tooBig(text []byte) bool {
	return ex.opts.PayloadLimit > 0 && len(text) > ex.opts.PayloadLimit
}

// end ends the frame's machine with its output.
func (fr *frame) end(out any) {
	if fr.parent != nil {
		fr.parent.childEnded(fr, out)
		return
	}
	ex := fr.ex
	text := string(encode(out))
	ex.event(fr, "ExecutionSucceeded", "executionSucceededEventDetails",
		Details{Output: &text, OutputDetails: &DataDetails{}})
	ex.close(Outcome{Status: Succeeded, Output: out})
}

// fail ends the execution with an error.
func (ex *execution) fail(err *StateError) {
	ex.event(ex.root, "ExecutionFailed", "executionFailedEventDetails", errorDetails(err))
	ex.close(Outcome{Status: Failed, Error: err.Name, Cause: err.Cause})
}

// timeOut ends the execution at its machine's TimeoutSeconds.
func (ex *execution) timeOut() {
	if ex.outcome == nil {
		ex.event(ex.root, "ExecutionTimedOut", "executionTimedOutEventDetails", Details{})
		ex.close(Outcome{Status: TimedOut, Error: ErrTimeout})
	}
}

// abort ends the execution from outside.
func (ex *execution) abort(errorName, cause string) {
	if ex.outcome == nil {
		ex.event(ex.root, "ExecutionAborted", "executionAbortedEventDetails",
			errorDetails(&StateError{Name: errorName, Cause: cause}))
		ex.close(Outcome{Status: Aborted, Error: errorName, Cause: cause})
	}
}

// close ends everything.
func (ex *execution) close(out Outcome) {
	ex.stopped = ex.now()
	out.Started, out.Stopped = ex.started, ex.stopped
	ex.outcome = &out
	ex.root.cancelCalls()
	ex.root.forget()
	clear(ex.ready)
	ex.ready, ex.effects = nil, nil
}

// cancelCalls ends the calls of the frame and of all below it.
func (fr *frame) cancelCalls() {
	fr.endCall(errAborted)
	fr.dropToken()
	if fr.kids != nil {
		for _, child := range fr.kids.running {
			child.cancelCalls()
		}
	}
}

// erase notes that a record goes.
func (ex *execution) erase(key string) {
	ex.erased = append(ex.erased, key)
}
