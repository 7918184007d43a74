package interp

import (
	"fmt"
	"math/big"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// failState runs a Fail state.
func (fr *frame) failState() {
	env := fr.environment("fail")
	name, err := textField(fr.state.error, env)
	if err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	cause, err := textField(fr.state.cause, env)
	if err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	fr.fatal(&StateError{Name: name, Cause: cause})
}

// textField evaluates a field that is text; an absent one is empty.
func textField(t *template, env *environment) (string, *evaluationError) {
	if t == nil {
		return "", nil
	}
	v, err := t.eval(env)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", t.wrong(v, "string")
	}
	return s, nil
}

// integerField evaluates a field that is a whole number of at least low.
func integerField(t *template, env *environment, low int64) (int64, *evaluationError) {
	v, err := t.eval(env)
	if err != nil {
		return 0, err
	}
	switch n := v.(type) {
	case int64:
		if n >= low {
			return n, nil
		}
	case float64, *big.Int:
	default:
		return 0, t.wrong(v, "integer")
	}
	return 0, t.wrong(v, fmt.Sprintf("integer of at least %d", low))
}

// choose runs a Choice state.
func (fr *frame) choose() {
	env := fr.environment("choice")
	for _, c := range fr.state.choices {
		v, err := c.condition.eval(env)
		if err != nil {
			fr.evaluationFailed(err, true)
			return
		}
		holds, ok := v.(bool)
		if !ok {
			fr.evaluationFailed(c.condition.wrong(v, "boolean"), true)
			return
		}
		if holds {
			fr.leave(env, fr.input, c.output, c.assign, c.next, true)
			return
		}
	}
	if fr.state.other == nil {
		fr.fail(&StateError{Name: ErrNoChoice, Cause: fmt.Sprintf(
			"An error occurred while executing the state '%s' (entered at the event id #%d). No choice matched and there is no Default.",
			fr.state.name, fr.enteredID)})
		return
	}
	fr.leave(env, fr.input, fr.state.output, fr.state.assign, fr.state.other, true)
}

// wait runs a Wait state.
func (fr *frame) wait() {
	env := fr.environment("wait")
	if fr.state.seconds != nil {
		n, err := integerField(fr.state.seconds, env, 0)
		if err == nil && n > maxWait {
			err = fr.state.seconds.wrong(n, fmt.Sprintf("integer of at most %d", maxWait))
		}
		if err != nil {
			fr.evaluationFailed(err, true)
			return
		}
		fr.sleep(fr.ex.clock.Now().Add(time.Duration(n) * time.Second))
		return
	}
	s, err := textField(fr.state.timestamp, env)
	if err != nil {
		fr.evaluationFailed(err, true)
		return
	}
	at, bad := time.Parse(time.RFC3339Nano, s)
	if bad != nil {
		fr.evaluationFailed(fr.state.timestamp.wrong(s, "timestamp in ISO 8601"), true)
		return
	}
	fr.sleep(at)
}

// sleep makes the frame wait until a time.
func (fr *frame) sleep(at time.Time) {
	if !at.After(fr.ex.clock.Now()) {
		fr.finish(nil, 0)
		return
	}
	fr.phase, fr.wake = phaseWait, at
	fr.touch()
	fr.ex.effects = append(fr.ex.effects, effect{fr: fr, at: at})
}

// parallel begins the branches of a Parallel state.
func (fr *frame) parallel() {
	input := fr.input
	if t := fr.state.arguments; t != nil {
		v, err := t.eval(fr.environment("arguments"))
		if err != nil {
			fr.evaluationFailed(err, true)
			return
		}
		input = v
	}
	fr.ex.event(fr, "ParallelStateStarted", "", Details{})
	n := len(fr.state.branches)
	fr.kids = &children{count: n, limit: n}
	fr.kids.alloc()
	fr.phase = phaseChildren
	fr.touch()
	text := fr.inputJSON()
	if fr.state.arguments != nil {
		text = encode(input)
	}
	for i := range n {
		if !fr.startChild(i, input, text, nil) {
			return
		}
	}
}

// startChild makes the frame of a child and puts it before its first state. It
// reports false if the input, whose JSON is text, is too large: then the state
// has failed.
func (fr *frame) startChild(i int, input any, text []byte, item *mapItem) bool {
	if fr.ex.tooBig(text) {
		fr.abortChildren(nil)
		fr.fail(&StateError{Name: ErrDataLimit, Cause: fmt.Sprintf(
			"The input of a branch or an item of the state '%s' exceeds the maximum number of bytes service limit.", fr.state.name)})
		return false
	}
	k := fr.kids
	child := &frame{ex: fr.ex, path: fr.childPath(i), parent: fr, index: i, scope: fr.childScope(i),
		input: input, item: item, last: fr.last}
	k.running[i] = child
	k.next = i + 1
	if child.scope.inMap && !child.scope.distributed {
		fr.ex.event(child, "MapIterationStarted", "mapIterationStartedEventDetails", fr.iteration(i))
	}
	child.enterScope()
	child.inputText = text
	return true
}

func (fr *frame) iteration(i int) Details {
	return Details{Name: fr.state.name, Index: &i}
}

// startChildren begins items of a Map as long as more may run, and ends the
// state when all have ended.
func (fr *frame) startChildren() {
	k := fr.kids
	for k.next < k.count && len(k.running) < k.limit {
		if !fr.startItem(k.next) {
			return // the state has failed
		}
	}
	if k.done == k.count {
		fr.childrenEnded()
	}
}

// childEnded takes the output of a child whose machine has ended.
func (fr *frame) childEnded(child *frame, out any) {
	if child.scope.inMap && !child.scope.distributed {
		fr.ex.event(child, "MapIterationSucceeded", "mapIterationSucceededEventDetails", fr.iteration(child.index))
	}
	fr.settleChild(child, out)
}

// childFailed takes the failure of a child: it fails the state, unless the
// state tolerates some.
func (fr *frame) childFailed(child *frame, err *StateError) {
	k := fr.kids
	inMap := child.scope.inMap
	if inMap && !child.scope.distributed {
		fr.ex.event(child, "MapIterationFailed", "mapIterationFailedEventDetails", fr.iteration(child.index))
	}
	if child.scope.distributed {
		k.failed++
		if float64(k.failed) <= k.allowed {
			fr.settleChild(child, failedChild{err})
			return
		}
		err = &StateError{Name: ErrThreshold, Cause: "The specified tolerated failure threshold was exceeded"}
	}
	fr.last = child.last
	fr.abortChildren(child)
	if child.scope.distributed {
		fr.ex.event(fr, "MapRunFailed", "mapRunFailedEventDetails", errorDetails(err))
	}
	fr.fail(err)
}

// abortChildren ends the running children but the one that failed, noting it
// in the history as Step Functions does.
func (fr *frame) abortChildren(but *frame) {
	for i := range fr.kids.next {
		child := fr.kids.running[i]
		if child == nil || child == but {
			continue
		}
		child.abort()
	}
	fr.kids.cancelAll()
}

func (k *children) cancelAll() {
	for _, child := range k.running {
		child.cancelCalls()
	}
}

// abort notes that the frame's state is aborted, the innermost first.
func (fr *frame) abort() {
	if fr.kids != nil {
		for i := range fr.kids.next {
			if child := fr.kids.running[i]; child != nil {
				child.abort()
			}
		}
	}
	if fr.phase != phaseEnter {
		fr.ex.event(fr, eventPrefix(fr.state)+"StateAborted", "", Details{})
	}
	if fr.scope.inMap && !fr.scope.distributed {
		fr.ex.event(fr, "MapIterationAborted", "mapIterationAbortedEventDetails", fr.parent.iteration(fr.index))
	}
}

// settleChild keeps the result of an ended child.
func (fr *frame) settleChild(child *frame, result any) {
	k := fr.kids
	child.endCall(nil)
	child.dropToken()
	child.gone = true
	delete(k.running, child.index)
	k.results[child.index] = result
	k.done++
	fr.last = child.last
	if len(k.unsaved) == 0 {
		fr.ex.parent = append(fr.ex.parent, fr)
	}
	k.unsaved = append(k.unsaved, child.index)
	fr.enqueue()
}

// childrenEnded ends a Parallel or Map state with the list of the results.
func (fr *frame) childrenEnded() {
	results := make([]any, len(fr.kids.results))
	for i, r := range fr.kids.results {
		if f, ok := r.(failedChild); ok {
			out := value.NewMap(2)
			out.Set("Error", f.err.Name)
			out.Set("Cause", f.err.Cause)
			r = out
		}
		results[i] = r
	}
	if fr.state.def.Type == asl.TypeParallel {
		fr.ex.event(fr, "ParallelStateSucceeded", "", Details{})
	} else {
		if fr.state.processor.distributed {
			fr.ex.event(fr, "MapRunSucceeded", "", Details{})
		}
		fr.ex.event(fr, "MapStateSucceeded", "", Details{})
	}
	fr.dropChildren()
	fr.phase = phaseBegin
	fr.finish(results, hasResult)
}
