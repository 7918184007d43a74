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
	group sync.WaitGroup
}

func newInFlight(grace time.Duration) *inFlight { return &inFlight{grace: grace} }

// busy runs f with a context that outlives ctx by the grace period.
func busy[T any](ctx context.Context, in *inFlight, f func(context.Context) (T, error)) (T, error) {
	in.group.Add(1)
	defer in.group.Done()
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(in.grace, cancel)
		context.AfterFunc(inner, func() { t.Stop() })
	})
	defer stop()
	return f(inner)
}

// wait returns once nothing is under way, or the grace period is over.
func (in *inFlight) wait() {
	done := make(chan struct{})
	go func() {
		in.group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(in.grace + time.Second):
	}
}
