package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"golang.org/x/term"
)

// view shows the tasks of a running execution: on a terminal one line a task,
// drawn again as it changes, with a bar for with-items; elsewhere a plain line
// for each change.
type view struct {
	mu     sync.Mutex
	w      io.Writer
	term   *os.File // nil elsewhere
	off    bool
	closed bool
	lines  []*taskLine
	note   string // below the lines
	byID   map[string]*taskLine
	drawn  int
	stop   chan struct{}
	done   sync.WaitGroup
}

type taskLine struct {
	name, state, info string
	items             int
	ok, failed        int
	ends              map[int]string // how each item ended
	started, ended    time.Time
}

// redraw is how often a terminal is drawn again at most.
const redraw = 80 * time.Millisecond

func newView(a *app, quiet bool) *view {
	v := &view{w: a.err, byID: map[string]*taskLine{}, stop: make(chan struct{}), off: quiet}
	if f, ok := terminal(a.err); ok && !quiet {
		v.term = f
		v.done.Go(v.loop)
	}
	return v
}

func (v *view) loop() {
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		select {
		case <-v.stop:
			return
		case <-tick.C:
			v.mu.Lock()
			v.draw()
			v.mu.Unlock()
		}
	}
}

// observe hears of progress; it is called from many goroutines.
func (v *view) observe(p engine.Progress) {
	if v.off {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	line := v.byID[p.ID]
	if line == nil {
		line = &taskLine{name: p.Task, started: time.Now()}
		v.byID[p.ID] = line
		v.lines = append(v.lines, line)
	}
	line.items = max(line.items, p.Items)
	if p.Item >= 0 {
		line.count(p.Item, p.State)
		return
	}
	line.state, line.info = p.State, p.Info
	if p.State == engine.Success {
		line.ok, line.failed = line.items, 0 // those too that ended before a resume
	}
	if p.State != engine.Running {
		line.ended = time.Now()
	}
	if v.term == nil && p.State != engine.Running {
		fmt.Fprintln(v.w, line.text(0))
	}
}

// count notes how an item ended, the last time if it is tried again.
func (l *taskLine) count(item int, state string) {
	by := map[string]*int{engine.Success: &l.ok, engine.Error: &l.failed}
	now := by[state]
	if now == nil {
		return
	}
	if before := by[l.ends[item]]; before != nil {
		*before--
	}
	if l.ends == nil {
		l.ends = map[int]string{}
	}
	l.ends[item] = state
	*now++
}

// stopping says why an interrupted run does not end at once.
func (v *view) stopping() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return
	}
	v.note = "stopping: what is under way comes to its end first (Ctrl-C again ends at once)"
	if v.term == nil {
		fmt.Fprintln(v.w, v.note)
	}
}

// draw writes all lines over those that were drawn before.
func (v *view) draw() {
	width, height, err := term.GetSize(int(v.term.Fd()))
	if err != nil || width < 20 {
		width, height = 80, 24
	}
	shown := v.lines
	if len(shown) > height-3 {
		shown = shown[len(shown)-height+3:] // what has scrolled away can't be drawn again
	}
	var b strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", v.drawn)
	}
	for _, l := range shown {
		b.WriteString("\r\x1b[2K" + l.text(width-1) + "\n")
	}
	v.drawn = len(shown)
	if v.note != "" {
		b.WriteString("\r\x1b[2K" + cut(v.note, width-1) + "\n")
		v.drawn++
	}
	io.WriteString(v.w, b.String())
}

// text is a task's line; width 0 is any.
func (l *taskLine) text(width int) string {
	state := l.state
	if state == "" {
		state = engine.Running
	}
	took := time.Since(l.started)
	if !l.ended.IsZero() {
		took = l.ended.Sub(l.started)
	}
	s := fmt.Sprintf("%-8s %s", state, oneLine(l.name))
	if l.items > 0 {
		s += fmt.Sprintf("  %s %d/%d", bar(l.ok+l.failed, l.items), l.ok+l.failed, l.items)
		if l.failed > 0 {
			s += fmt.Sprintf(", %d failed", l.failed)
		}
	}
	s += fmt.Sprintf("  %s", took.Round(10*time.Millisecond))
	if l.info != "" {
		s += "  " + joinLines(l.info)
	}
	return cut(s, width)
}

// cut keeps a line from being broken by the terminal; width 0 is any.
func cut(s string, width int) string {
	if runes := []rune(s); width > 0 && len(runes) > width {
		return string(runes[:width])
	}
	return s
}

// joinLines makes one line of several.
func joinLines(s string) string {
	var lines []string
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(printable(line)), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

func bar(done, all int) string {
	const cells = 20
	full := min(cells, done*cells/max(all, 1))
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "]"
}

// close draws the last state and leaves the terminal to others.
func (v *view) close() {
	v.mu.Lock()
	closed := v.closed
	v.closed = true
	v.mu.Unlock()
	if closed || v.term == nil {
		return
	}
	close(v.stop)
	v.done.Wait()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.draw()
}
