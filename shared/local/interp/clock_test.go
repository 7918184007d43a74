package interp

import (
	"slices"
	"sync"
	"time"
)

// simClock is a clock whose time passes when nothing else can happen.
type simClock struct {
	mu     sync.Mutex
	now    time.Time
	busy   int
	timers []*simTimer
}

type simTimer struct {
	at time.Time
	c  chan time.Time
}

func newSimClock() *simClock {
	return &simClock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *simClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *simClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &simTimer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	c.timers = append(c.timers, t)
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if i := slices.Index(c.timers, t); i >= 0 {
			c.timers = slices.Delete(c.timers, i, i+1)
			return
		}
		select {
		case <-t.c: // came, and nobody took it
			c.busy--
		default:
		}
	}
}

func (c *simClock) Busy(delta int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy += delta
	if c.busy > 0 || len(c.timers) == 0 {
		return
	}
	i := 0
	for j, t := range c.timers {
		if t.at.Before(c.timers[i].at) {
			i = j
		}
	}
	t := c.timers[i]
	c.timers = slices.Delete(c.timers, i, i+1)
	if t.at.After(c.now) {
		c.now = t.at
	}
	c.busy++
	t.c <- c.now
}

// sleep lets simulated time pass in a call, which counts as busy.
func (c *simClock) sleep(d time.Duration, done <-chan struct{}) {
	timer, cancel := c.Timer(d)
	defer cancel()
	c.Busy(-1)
	select {
	case <-timer:
	case <-done:
		c.Busy(1)
	}
}

// hang waits until done as what may take for ever.
func (c *simClock) hang(done <-chan struct{}) {
	c.Busy(-1)
	<-done
	c.Busy(1)
}
