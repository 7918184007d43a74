package local

import (
	"context"
	"sync"
	"time"
)

// inFlight lets actions that are under way come to their end when a run is
// stopped: an action that is cut off leaves nobody knowing what it did.
type inFlight struct {
	grace time.Duration

	mu   sync.Mutex
	n    int           // how many are under way
	idle chan struct{} // closed when none is left; nil = nobody waits
}

func newInFlight(grace time.Duration) *inFlight { return &inFlight{grace: grace} }

// busy runs f with a context that outlives ctx by the grace period.
func busy[T any](ctx context.Context, in *inFlight, f func(context.Context) (T, error)) (T, error) {
	in.add(1)
	defer in.add(-1)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(in.grace, cancel)
		context.AfterFunc(inner, func() { t.Stop() })
	})
	defer stop()
	return f(inner)
}

func (in *inFlight) add(n int) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.n += n; in.n == 0 && in.idle != nil {
		close(in.idle)
		in.idle = nil
	}
}

// wait returns once nothing is under way, or the grace period is over.
func (in *inFlight) wait() {
	in.mu.Lock()
	if in.n == 0 {
		in.mu.Unlock()
		return
	}
	if in.idle == nil {
		in.idle = make(chan struct{})
	}
	idle := in.idle
	in.mu.Unlock()
	select {
	case <-idle:
	case <-time.After(in.grace + time.Second):
	}
}
