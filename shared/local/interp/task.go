package interp

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// call is a call of a Task state's resource, ready to be made.
type call struct {
	TaskCall
	res    *resource
	child  childStart // of startExecution
	number int        // frame.calls when it was made: an answer to another is late
	until  time.Time  // the task's timeout; zero is none
}

// childStart is what startExecution starts.
type childStart struct {
	machine, name string
	named         bool // the name was given
	input         any
	starter       string
}

// task begins a Task state: its times and arguments are evaluated and the call
// is left to be made.
func (fr *frame) task() {
	ex, s := fr.ex, fr.state
	r := &s.resource
	if r.token {
		fr.takeToken()
	}
	env := fr.environment("arguments")
	timeout, beat, err := fr.times(env)
	if err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	fr.args = fr.input
	if s.arguments != nil {
		if fr.args, err = s.arguments.eval(env); err != nil {
			fr.evaluationFailed(err, true)
			return
		}
	}
	fr.argsText = encode(fr.args)
	if ex.tooBig(fr.argsText) {
		fr.fail(&StateError{Name: ErrDataLimit, Cause: fmt.Sprintf(
			"The state/task '%s' has arguments with a size exceeding the maximum number of bytes service limit.", s.name)})
		return
	}
	if timeout > 0 {
		fr.timeout = ex.clock.Now().Add(timeout)
	}
	if fr.beat = beat; beat > 0 && r.token { // no other task has a way to send one
		fr.heartbeat = ex.clock.Now().Add(beat)
	}
	fr.scheduled(timeout, beat)
	fr.phase = phaseTask
	fr.touch()
	fr.makeCall()
}

// takeToken gives the task its token: the same for the same attempt, also after
// a restart. It names the execution, so that whoever returns it finds that.
func (fr *frame) takeToken() {
	sum := fr.derive("token")
	fr.token = hex.EncodeToString([]byte(fr.ex.name)) + "." + hex.EncodeToString(sum[:])
	fr.ex.tokens[fr.token] = fr
	fr.ctx = nil
}

// tokenExecution is the execution that a token names.
func tokenExecution(token string) string {
	name, _, _ := strings.Cut(token, ".")
	b, err := hex.DecodeString(name)
	if err != nil {
		return ""
	}
	return string(b)
}

// tokenReturned ends a task whose token came back.
func (fr *frame) tokenReturned(a answer) {
	fr.cancel = nil // the call itself may go on, its answer is late
	if a.err != nil {
		fr.callFailed(a.err)
		return
	}
	fr.succeeded(a)
}

// times evaluates TimeoutSeconds and HeartbeatSeconds; 0 is none.
func (fr *frame) times(env *environment) (timeout, beat time.Duration, err *evaluationError) {
	seconds := func(t *template) time.Duration {
		if t == nil || err != nil {
			return 0
		}
		var n int64
		n, err = integerField(t, env, 1)
		return time.Duration(min(n, maxWait)) * time.Second
	}
	timeout = seconds(fr.state.timeout)
	beat = seconds(fr.state.heartbeat)
	return timeout, beat, err
}

// makeCall leaves the frame's call, whose arguments are evaluated, to be made,
// and its times to be watched.
func (fr *frame) makeCall() {
	ex := fr.ex
	for _, at := range []time.Time{fr.timeout, fr.heartbeat} {
		if !at.IsZero() {
			ex.effects = append(ex.effects, effect{fr: fr, at: at})
		}
	}
	if fr.phase != phaseTask {
		return // the token is out already
	}
	c, err := fr.prepare()
	if err != nil {
		fr.callFailed(err)
		return
	}
	fr.calls++
	c.number = fr.calls
	if r := &fr.state.resource; r.sync {
		fr.child = c.child.name
	}
	ex.effects = append(ex.effects, effect{fr: fr, call: c})
}

// prepare makes the call from the evaluated arguments.
func (fr *frame) prepare() (*call, *StateError) {
	r := &fr.state.resource
	c := &call{res: r, until: fr.timeout, TaskCall: TaskCall{
		Execution: fr.ex.name, Path: fr.path, Visit: fr.visit, State: fr.state.name, EnteredTime: fr.entered,
		RetryCount: fr.retryCount, Resource: r.text, Function: r.function, Payload: fr.args, TaskToken: fr.token,
	}}
	if r.kind == plainFunction {
		return c, nil
	}
	args, ok := fr.args.(*value.Map)
	if !ok {
		return nil, &StateError{Name: ErrRuntime, Cause: fmt.Sprintf(
			"The Arguments of the state '%s' are no object.", fr.state.name)}
	}
	switch r.kind {
	case lambdaInvoke:
		name, _ := args.Get("FunctionName")
		text, ok := name.(string)
		if !ok {
			return nil, &StateError{Name: ErrRuntime, Cause: fmt.Sprintf(
				"The Arguments of the state '%s' have no FunctionName.", fr.state.name)}
		}
		c.Function = fr.ex.opts.substitute(text)
		c.Payload, ok = args.Get("Payload")
		if !ok {
			c.Payload = value.NewMap(0)
		}
	case startExecution:
		return c, fr.prepareStart(c, args)
	}
	return c, nil
}

func (fr *frame) prepareStart(c *call, args *value.Map) *StateError {
	arn, _ := args.Get("StateMachineArn")
	text, ok := arn.(string)
	if !ok {
		return &StateError{Name: ErrRuntime, Cause: fmt.Sprintf(
			"The Arguments of the state '%s' have no StateMachineArn.", fr.state.name)}
	}
	c.child.machine = fr.ex.opts.substitute(text)
	c.child.starter = fmt.Sprintf("%s %s %d %d", c.Execution, c.Path, c.Visit, c.RetryCount)
	if name, ok := args.Get("Name"); ok {
		if c.child.name, ok = name.(string); !ok {
			return &StateError{Name: "StepFunctions.ValidationException", Cause: "Name is no string"}
		}
		c.child.named = true
	} else {
		sum := fr.derive("child execution")
		c.child.name = uuidOf(sum[:])
	}
	input, ok := args.Get("Input")
	if !ok {
		input = value.NewMap(0)
	}
	if text, isText := input.(string); isText {
		v, err := value.Decode([]byte(text))
		if err != nil {
			return &StateError{Name: "StepFunctions.InvalidExecutionInputException", Cause: err.Error()}
		}
		input = v
	}
	c.child.input = input
	return nil
}

// scheduled notes the call in the history.
func (fr *frame) scheduled(timeout, beat time.Duration) {
	ex, r := fr.ex, &fr.state.resource
	text := string(fr.argsText)
	if r.kind == plainFunction {
		ex.event(fr, "LambdaFunctionScheduled", "lambdaFunctionScheduledEventDetails", Details{Resource: r.text,
			Input: &text, InputDetails: &DataDetails{}, TimeoutInSeconds: int64(timeout / time.Second)})
		ex.event(fr, "LambdaFunctionStarted", "", Details{})
		return
	}
	d := fr.resourceDetails()
	d.Region, d.Parameters = ex.opts.Region, &text
	d.TimeoutInSeconds, d.HeartbeatInSeconds = int64(timeout/time.Second), int64(beat/time.Second)
	ex.event(fr, "TaskScheduled", "taskScheduledEventDetails", d)
	ex.event(fr, "TaskStarted", "taskStartedEventDetails", fr.resourceDetails())
}

func (fr *frame) resourceDetails() Details {
	r := &fr.state.resource
	return Details{Resource: r.action, ResourceType: r.service}
}

// answer is how a call ended.
type answer struct {
	result any
	text   []byte // the JSON of result
	err    *StateError
}

// answered takes the answer of a call.
func (fr *frame) answered(number int, a answer) {
	if fr.gone || fr.phase != phaseTask || number != fr.calls {
		return // late: the task timed out, or its token came first
	}
	fr.cancel, fr.child = nil, ""
	switch {
	case a.err != nil:
		if !fr.timeout.IsZero() && !fr.ex.clock.Now().Before(fr.timeout) {
			fr.timedOut(ErrTimeout)
			return
		}
		fr.callFailed(a.err)
	case fr.state.resource.token:
		fr.submitted(a)
		fr.phase = phaseToken
		fr.touch()
	default:
		fr.succeeded(a)
	}
}

// childStarted notes that the execution which the task waits for has begun; not
// again when it is found running after a restart.
func (fr *frame) childStarted(number int, a answer) {
	if !fr.gone && fr.phase == phaseTask && number == fr.calls && !fr.begun {
		fr.begun = true
		fr.submitted(a)
		fr.touch()
	}
}

// submitted notes that a call was made whose task goes on.
func (fr *frame) submitted(a answer) {
	d, text := fr.resourceDetails(), string(a.text)
	d.Output, d.OutputDetails = &text, &DataDetails{}
	fr.ex.event(fr, "TaskSubmitted", "taskSubmittedEventDetails", d)
}

// succeeded ends the task with its result.
func (fr *frame) succeeded(a answer) {
	if fr.ex.tooBig(a.text) {
		fr.callFailed(&StateError{Name: ErrDataLimit, Cause: fmt.Sprintf(
			"The state/task '%s' returned a result with a size exceeding the maximum number of bytes service limit.", fr.state.name)})
		return
	}
	text := string(a.text)
	if fr.state.resource.kind == plainFunction {
		fr.ex.event(fr, "LambdaFunctionSucceeded", "lambdaFunctionSucceededEventDetails",
			Details{Output: &text, OutputDetails: &DataDetails{}})
	} else {
		d := fr.resourceDetails()
		d.Output, d.OutputDetails = &text, &DataDetails{}
		fr.ex.event(fr, "TaskSucceeded", "taskSucceededEventDetails", d)
	}
	fr.endCall(nil)
	fr.finish(a.result, hasResult)
}

// callFailed fails the task.
func (fr *frame) callFailed(err *StateError) {
	fr.taskEvent("TaskFailed", "taskFailedEventDetails", "LambdaFunctionFailed", "lambdaFunctionFailedEventDetails", err)
	fr.fail(err)
}

// timedOut fails the task over its time.
func (fr *frame) timedOut(name string) {
	err := &StateError{Name: name}
	fr.taskEvent("TaskTimedOut", "taskTimedOutEventDetails", "LambdaFunctionTimedOut", "lambdaFunctionTimedOutEventDetails", err)
	fr.fail(err)
}

func (fr *frame) taskEvent(typ, key, lambdaType, lambdaKey string, err *StateError) {
	d := errorDetails(err)
	if fr.state.resource.kind == plainFunction {
		typ, key = lambdaType, lambdaKey
	} else {
		r := fr.resourceDetails()
		d.Resource, d.ResourceType = r.Resource, r.ResourceType
	}
	fr.ex.event(fr, typ, key, d)
}

// taskTime fails the task if one of its times has come.
func (fr *frame) taskTime(now time.Time) {
	switch {
	case !fr.timeout.IsZero() && !now.Before(fr.timeout):
		fr.timedOut(ErrTimeout)
	case !fr.heartbeat.IsZero() && !now.Before(fr.heartbeat):
		fr.timedOut(ErrHeartbeatTimeout)
	}
}

// heartbeaten puts the task's next heartbeat off.
func (fr *frame) heartbeaten() {
	if !fr.heartbeat.IsZero() {
		fr.heartbeat = fr.ex.clock.Now().Add(fr.beat)
		fr.ex.effects = append(fr.ex.effects, effect{fr: fr, at: fr.heartbeat})
		fr.touch()
	}
}

func uuidOf(b []byte) string {
	id := append([]byte(nil), b[:16]...)
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	h := hex.EncodeToString(id)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
