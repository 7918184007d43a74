package interp

import (
	"container/heap"
	"context"
	"fmt"
	"sync"
	"time"
)

// Run is an execution in this process. One goroutine of its own advances the
// execution, starts calls and saves.
type Run struct {
	in   *Interpreter
	name string

	// Set before loaded is closed.
	ex         *execution
	machineARN string
	inputText  []byte
	ctx        context.Context
	unopened   error // why it cannot run
	loaded     chan struct{}

	mu     sync.Mutex
	inbox  []func()
	closed bool // nobody reads the inbox any more
	awaits int  // calls of other runs that await the end
	wake   chan struct{}
	busy   func(int)

	done    chan struct{}
	outcome Outcome
	failed  error // why there is no outcome; set before done is closed

	// The loop's own.
	timers   timers
	calls    int // goroutines that make calls
	stopping bool
	saver    saver
}

func newRun(in *Interpreter, name string) *Run {
	return &Run{in: in, name: name, busy: busyOf(in.opts.Clock), loaded: make(chan struct{}), wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// Name returns the execution's name.
func (r *Run) Name() string { return r.name }

// ARN returns the execution's ARN.
func (r *Run) ARN() string { return r.ex.arn() }

// Done is closed when the execution has ended or stopped, and that is saved.
func (r *Run) Done() <-chan struct{} { return r.done }

// Wait waits for the end. An execution that stops before, because the context
// of its start was cancelled, gives a [StoppedError]; one that cannot be saved
// stops too, with the journal's error.
func (r *Run) Wait(ctx context.Context) (Outcome, error) {
	select {
	case <-r.done:
		return r.outcome, r.failed
	case <-ctx.Done():
		return Outcome{}, ctx.Err()
	}
}

// await is Wait for a call, which is nothing that is under way while the run is.
// The run's end counts it again, so that at no time neither is.
func (r *Run) await(ctx context.Context) (Outcome, error) {
	r.mu.Lock()
	if r.closed || r.ended() {
		r.mu.Unlock()
		return r.Wait(ctx)
	}
	r.awaits++
	r.mu.Unlock()
	r.busy(-1)
	outcome, err := r.Wait(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.awaits--
		r.busy(1)
	}
	return outcome, err
}

// opened lets the run begin, or gives it up.
func (r *Run) opened(ctx context.Context, err error) {
	r.ctx = ctx
	if err != nil {
		r.unopened, r.failed = err, err
		r.remove()
		close(r.loaded)
		close(r.done)
		return
	}
	r.machineARN, r.inputText = r.ex.machine.arn, encode(r.ex.input)
	if r.ex.outcome != nil && !r.ex.unsaved() { // loaded as ended
		r.outcome = *r.ex.outcome
		r.remove()
		close(r.done)
		close(r.loaded)
		return
	}
	close(r.loaded)
	r.busy(1)
	go r.loop()
}

// ended reports whether the execution has an outcome.
func (r *Run) ended() bool {
	select {
	case <-r.done:
		return r.failed == nil
	default:
		return false
	}
}

func (r *Run) remove() {
	r.in.mu.Lock()
	defer r.in.mu.Unlock()
	if r.in.runs[r.name] == r {
		delete(r.in.runs, r.name)
	}
}

// post has the loop do something.
func (r *Run) post(do func()) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.inbox = append(r.inbox, do)
	r.busy(1)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// turn is how many steps are made before the loop looks for what else came.
const turn = 256

func (r *Run) loop() {
	stop := r.ctx.Done()
	for {
		if r.ctx.Err() != nil && !r.stopping {
			r.stop()
			stop = nil
		}
		more := !r.stopping && r.ex.settle(turn)
		r.perform()
		r.save()
		if r.finished() {
			return
		}
		if !more {
			timer, cancel := r.nextTimer()
			r.busy(-1)
			select {
			case <-r.wake:
				r.busy(1)
			case <-timer: // which counts as one
			case <-stop:
				r.busy(1)
			}
			cancel()
		}
		r.drain()
		r.fire()
	}
}

// drain does what was posted.
func (r *Run) drain() {
	r.mu.Lock()
	posted := r.inbox
	r.inbox = nil
	r.mu.Unlock()
	for _, do := range posted {
		do()
		r.busy(-1)
	}
}

// stopGrace is how long calls may take to return once their context has ended.
const stopGrace = 10 * time.Second

// stop begins the end of the run, not of the execution: no call is begun any
// more; those that are under way have had their context cancelled, and what
// they still achieve counts.
func (r *Run) stop() {
	r.stopping = true
	time.AfterFunc(stopGrace, func() { r.post(func() { r.calls = 0 }) })
}

// finished reports whether the loop is done, and then closes the run.
func (r *Run) finished() bool {
	ex := r.ex
	broken := r.saver.err != nil
	over := ex.outcome != nil || (r.stopping && r.calls <= 0)
	if !broken && (!over || r.saver.busy || ex.unsaved() || len(r.saver.waiting) > 0) {
		return false
	}
	if broken {
		ex.root.cancelCalls()
		r.failed = fmt.Errorf("execution %s stopped, its state can't be saved: %w", r.name, r.saver.err)
	} else if ex.outcome != nil {
		r.outcome = *ex.outcome
	} else {
		r.failed = &StoppedError{Execution: r.name}
	}
	r.mu.Lock()
	r.closed = true
	r.busy(r.awaits - len(r.inbox))
	r.mu.Unlock()
	r.remove()
	r.saver.release(r.failed)
	close(r.done)
	r.busy(-1)
	return true
}

// timers is a heap of what is to happen at a time.
type timers []effect

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements [heap.Interface].
func (t *timers) Push(x any) { *t = append(*t, x.(effect)) }

// Pop implements [heap.Interface].
func (t *timers) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = effect{}
	*t = old[:len(old)-1]
	return e
}

// nextTimer waits for the earliest time, of those that still matter.
func (r *Run) nextTimer() (<-chan time.Time, func()) {
	for len(r.timers) > 0 {
		next := r.timers[0]
		if next.fr != nil && (next.fr.gone || !next.fr.awaits(next.at)) {
			heap.Pop(&r.timers)
			continue
		}
		if r.stopping {
			break
		}
		return r.ex.clock.Timer(max(0, next.at.Sub(r.ex.clock.Now())))
	}
	return nil, func() {}
}

// awaits reports whether the frame still waits for that time.
func (fr *frame) awaits(at time.Time) bool {
	return at.Equal(fr.wake) || at.Equal(fr.timeout) || at.Equal(fr.heartbeat)
}

// fire does what is due.
func (r *Run) fire() {
	if r.stopping || len(r.timers) == 0 {
		return
	}
	now := r.ex.clock.Now()
	for len(r.timers) > 0 && r.ex.outcome == nil && !r.timers[0].at.After(now) {
		e := heap.Pop(&r.timers).(effect)
		if e.fr == nil {
			r.ex.timeOut()
		} else if e.fr.awaits(e.at) {
			e.fr.awake(now)
		}
	}
}

// perform carries out what the steps left to be done.
func (r *Run) perform() {
	effects := r.ex.effects
	r.ex.effects = nil
	for _, e := range effects {
		switch {
		case e.call == nil:
			heap.Push(&r.timers, e)
		case e.fr.gone || e.fr.calls != e.call.number || r.stopping:
			// overtaken, or left to the resumption
		case r.in.opts.SaveBeforeInvoke || r.ex.fresh || r.saver.first:
			// No call is made for an execution of which nothing is saved yet:
			// it could not be resumed, and the call would be lost.
			r.saver.held = append(r.saver.held, e)
		default:
			r.call(e)
		}
	}
}
