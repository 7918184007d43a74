// Package simclock is a clock for tests in which time passes only when nothing
// else can happen: the interpreter tells it of all that is under way, and when
// nothing is, it jumps to the next time that somebody waits for. So a test of
// hours takes milliseconds, and what comes before what is certain.
package simclock

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Clock is an interp.Clock. It is safe for concurrent use.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	busy   int
	timers []*timer
}

type timer struct {
	at time.Time
	c  chan time.Time
}

// New returns a clock that shows a moment and waits there.
func New(now time.Time) *Clock { return &Clock{now: now} }

// Now returns the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Timer returns a channel that receives once d has passed, and what stops it
// before. What was received counts as something under way: whoever takes it up
// says so by Busy(-1) when that is over.
func (c *Clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
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

// Busy notes that so many things more, or less, are under way. When none is
// left the next timer's time has come.
func (c *Clock) Busy(delta int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy += delta
	if c.busy > 0 || len(c.timers) == 0 {
		return
	}
	t := slices.MinFunc(c.timers, func(a, b *timer) int { return a.at.Compare(b.at) })
	c.timers = slices.DeleteFunc(c.timers, func(o *timer) bool { return o == t })
	if t.at.After(c.now) {
		c.now = t.at
	}
	c.busy++
	t.c <- c.now
}

// Sleep lets d pass, or less if done is closed before, in a call that counts as
// one thing under way.
func (c *Clock) Sleep(d time.Duration, done <-chan struct{}) {
	timer, cancel := c.Timer(d)
	defer cancel()
	c.Busy(-1)
	select {
	case <-timer:
	case <-done:
		c.Busy(1)
	}
}

// Hang waits until done is closed, in a call that counts as one thing under way.
func (c *Clock) Hang(done <-chan struct{}) {
	c.Busy(-1)
	<-done
	c.Busy(1)
}

// String says what the clock waits for.
func (c *Clock) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%v, %d busy, %d timers", c.now, c.busy, len(c.timers))
}
