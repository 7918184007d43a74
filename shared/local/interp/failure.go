package interp

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// errAborted is why a call ends whose branch or execution is aborted.
var errAborted = &StateError{Name: "States.Aborted", Cause: "the branch was aborted"}

// evaluationFailed fails the state over an expression. retry is false while a
// catcher is evaluated, which nothing catches.
func (fr *frame) evaluationFailed(err *evaluationError, retry bool) {
	e := &StateError{Name: err.Name, Cause: fmt.Sprintf("An error occurred while executing the state '%s' (entered at the event id #%d). %s",
		fr.state.name, fr.enteredID, err.Cause)}
	d := errorDetails(e)
	d.Location, d.State = err.location, fr.state.name
	fr.ex.event(fr, "EvaluationFailed", "evaluationFailedEventDetails", d)
	if retry {
		fr.fail(e)
	} else {
		fr.fatal(e)
	}
}

// fail fails an attempt of the frame's state: it is retried, caught, or fails
// the machine.
func (fr *frame) fail(err *StateError) {
	if fr.dropAttempt(); fr.retry(err) {
		return
	}
	if t := fr.state.def.Type; t == asl.TypeParallel || t == asl.TypeMap {
		fr.ex.event(fr, t+"StateFailed", "", Details{})
	}
	for _, c := range fr.state.catch {
		if !matches(c.errors, err) {
			continue
		}
		out := value.NewMap(2)
		out.Set("Error", err.Name)
		out.Set("Cause", err.Cause)
		env := fr.environment("catch")
		env.errOut, env.has = out, hasErrOut
		fr.leave(env, out, c.output, c.assign, c.next, false)
		return
	}
	fr.fatal(err)
}

// dropAttempt ends what an attempt has under way.
func (fr *frame) dropAttempt() {
	fr.endCall(errAborted)
	fr.dropChildren()
}

// fatal fails the frame's machine.
func (fr *frame) fatal(err *StateError) {
	fr.dropAttempt()
	if fr.parent != nil {
		fr.parent.childFailed(fr, err)
		return
	}
	fr.ex.fail(err)
}

// matches reports whether an error is among those that a retrier or catcher
// names. States.ALL and States.TaskFailed do not stand for the errors of the
// machine itself, which are named or not matched at all.
func matches(names []string, err *StateError) bool {
	if err.Name == ErrRuntime {
		return false
	}
	for _, n := range names {
		switch n {
		case err.Name:
			return true
		case ErrAll:
			return err.Name != ErrDataLimit
		case ErrTaskFailed:
			if !slices.Contains([]string{ErrTimeout, ErrHeartbeatTimeout, ErrDataLimit}, err.Name) {
				return true
			}
		case ErrTimeout:
			if err.Name == ErrHeartbeatTimeout {
				return true
			}
		}
	}
	return false
}

// retry makes the frame wait for another attempt, if its state has a retrier
// for the error that is not used up.
func (fr *frame) retry(err *StateError) bool {
	retriers := fr.state.def.Retry
	for i, r := range retriers {
		if !matches(r.ErrorEquals, err) {
			continue
		}
		if fr.retries == nil {
			fr.retries = make([]int64, len(retriers))
		}
		most := int64(3)
		if r.MaxAttempts != nil {
			most = *r.MaxAttempts
		}
		if fr.retries[i] >= most {
			return false
		}
		delay := fr.delay(r, fr.retries[i])
		fr.retries[i]++
		fr.resetAttempt()
		fr.wake = fr.ex.clock.Now().Add(delay)
		fr.phase = phaseRetry
		fr.touch()
		fr.ex.effects = append(fr.ex.effects, effect{fr: fr, at: fr.wake})
		return true
	}
	return false
}

// delay is how long to wait before the next attempt after n retries.
func (fr *frame) delay(r *asl.Retrier, n int64) time.Duration {
	interval, rate := float64(r.IntervalSeconds), r.BackoffRate
	if interval == 0 {
		interval = 1
	}
	if rate == 0 {
		rate = 2
	}
	seconds := interval * math.Pow(rate, float64(n))
	if r.MaxDelaySeconds > 0 {
		seconds = min(seconds, float64(r.MaxDelaySeconds))
	}
	if r.JitterStrategy == "FULL" {
		seconds *= fr.ex.draw()
	}
	return time.Duration(min(seconds, maxWait) * float64(time.Second))
}

// maxWait is the longest time, in seconds, that Step Functions waits.
const maxWait = 99999999

// awake goes on when the time that the frame waits for has come. It reports
// whether it had: timers are not taken back, they come in vain.
func (fr *frame) awake(now time.Time) {
	if fr.gone {
		return
	}
	switch fr.phase {
	case phaseWait:
		if !now.Before(fr.wake) {
			fr.finish(nil, 0)
		}
	case phaseRetry:
		if !now.Before(fr.wake) {
			fr.wake = time.Time{}
			fr.retryCount++
			fr.ctx = nil
			fr.phase = phaseBegin
			fr.touch()
			fr.enqueue()
		}
	case phaseTask, phaseToken:
		fr.taskTime(now)
	}
}
