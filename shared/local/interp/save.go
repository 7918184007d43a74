package interp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// saver is the part of a Run that saves: one Save at a time, the next takes all
// that changed meanwhile.
type saver struct {
	busy    bool
	first   bool // the save under way is the first
	err     error
	last    time.Time    // when the last save began
	timed   bool         // a save is due later
	held    []effect     // calls that wait for the next save
	waiting []chan error // who waits for the next save
	saving  []chan error // who waits for the one under way
	calls   []effect     // calls that wait for the one under way
	aborts  []string     // executions to abort after the one under way
}

// release tells everybody who waits.
func (s *saver) release(err error) {
	for _, w := range append(s.waiting, s.saving...) {
		w <- err
	}
	s.waiting, s.saving = nil, nil
}

// flush waits until all that has happened so far is saved.
func (r *Run) flush(ctx context.Context) error {
	saved := make(chan error, 1)
	r.post(func() { r.saver.waiting = append(r.saver.waiting, saved) })
	select {
	case err := <-saved:
		return err
	case <-r.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// save begins a save if there is something to be saved and none is under way.
func (r *Run) save() {
	s := &r.saver
	if s.busy || s.err != nil {
		return
	}
	if !r.ex.unsaved() { // all that anybody waits for is saved
		s.saving, s.waiting = s.waiting, nil
		s.calls, s.held = s.held, nil
		s.aborts, r.ex.orphans = r.ex.orphans, nil
		r.saved(nil)
		return
	}
	urgent := r.ex.outcome != nil || r.stopping || len(s.waiting) > 0 || len(s.held) > 0
	if wait := r.in.opts.SaveInterval - time.Since(s.last); !urgent && wait > 0 {
		if !s.timed {
			s.timed = true
			time.AfterFunc(wait, func() { r.post(func() { s.timed = false }) })
		}
		return
	}
	s.last = time.Now()
	s.saving, s.waiting = s.waiting, nil
	s.calls, s.held = s.held, nil
	s.aborts, r.ex.orphans = r.ex.orphans, nil
	s.first = r.ex.fresh
	changes := r.ex.cut()
	ctx := context.WithoutCancel(r.ctx)
	if j, ok := r.in.opts.Journal.(*MemoryJournal); ok {
		r.saved(j.Save(ctx, r.name, changes))
		return
	}
	s.busy = true
	r.busy(1)
	go func() {
		defer r.busy(-1)
		err := r.in.opts.Journal.Save(ctx, r.name, changes)
		r.post(func() { r.saved(err) })
	}()
}

func (r *Run) saved(err error) {
	s := &r.saver
	s.busy, s.first, s.err = false, false, err
	if err != nil {
		s.release(err)
		return
	}
	for _, w := range s.saving {
		w <- nil
	}
	s.saving = nil
	calls := s.calls
	s.calls = nil
	r.abortChildren(s.aborts)
	s.aborts = nil
	for _, e := range calls {
		if !r.stopping {
			r.call(e)
		}
	}
}

// unsaved reports whether something has changed since the last cut.
func (ex *execution) unsaved() bool {
	return ex.fresh || len(ex.dirty)+len(ex.erased)+len(ex.parent)+len(ex.events) > 0
}

// startHeader is the first line of the record of what was started; its input
// and its definition follow.
type startHeader struct {
	Machine string    `json:"machine"`
	ARN     string    `json:"arn"`
	Starter string    `json:"starter,omitempty"`
	Seed    []byte    `json:"seed"`
	Started time.Time `json:"started"`
	Expires time.Time `json:"expires,omitzero"`
}

// meta is the record of where an execution is; its output follows.
type meta struct {
	Status    Status    `json:"status"`
	Error     string    `json:"error,omitempty"`
	Cause     string    `json:"cause,omitempty"`
	Stopped   time.Time `json:"stopped,omitzero"`
	LastEvent int64     `json:"lastEvent"`
}

// cut takes all changes since the last one.
func (ex *execution) cut() []Change {
	changes := make([]Change, 0, len(ex.dirty)+len(ex.erased)+4)
	if ex.fresh {
		h := startHeader{Machine: ex.machine.name, ARN: ex.machine.arn, Starter: ex.starter, Seed: ex.seed,
			Started: ex.started, Expires: ex.expires}
		b := line(line(nil, mustJSON(h)), encode(ex.input))
		changes = append(changes, Change{keyStart, append(b, ex.machine.definition...)})
		ex.fresh = false
	}
	for _, key := range ex.erased {
		changes = append(changes, Change{Key: key})
	}
	for _, fr := range ex.parent {
		changes = fr.childChanges(changes)
	}
	for _, fr := range ex.dirty {
		fr.dirty = false
		if !fr.gone {
			changes = append(changes, Change{keyFrame + fr.path, fr.encode()})
		}
	}
	if len(ex.events) > 0 {
		changes = append(changes, Change{fmt.Sprintf("%s%012d", keyHistory, ex.firstID), ex.events})
		ex.events = nil
	}
	clear(ex.dirty)
	clear(ex.parent)
	ex.erased, ex.parent, ex.dirty = nil, ex.parent[:0], ex.dirty[:0]
	return append(changes, Change{keyMeta, ex.meta()})
}

func (ex *execution) meta() []byte {
	m := meta{Status: Running, LastEvent: ex.lastEvent}
	output := []byte("null")
	if o := ex.outcome; o != nil {
		m.Status, m.Error, m.Cause, m.Stopped = o.Status, o.Error, o.Cause, o.Stopped
		output = encode(o.Output)
	}
	return line(line(nil, mustJSON(m)), output)
}

// childChanges adds the records of the frame's items and ended children.
func (fr *frame) childChanges(changes []Change) []Change {
	k := fr.kids
	if fr.gone || k == nil {
		return changes
	}
	if !k.recorded && fr.state.processor != nil {
		k.recorded = true
		b := line(nil, encode(k.items))
		if k.keys != nil {
			b = line(b, mustJSON(k.keys))
		}
		changes = append(changes, Change{keyItems + fr.path, b})
	}
	for _, i := range k.unsaved {
		changes = append(changes, Change{keyFrame + fr.childPath(i), doneRecord(k.results[i])})
	}
	k.unsaved = nil
	return changes
}

// load makes the run that of a recorded execution, if there is one.
func (r *Run) load(ctx context.Context) (found bool, err error) {
	journal := r.in.opts.Journal
	start, err := journal.Load(ctx, r.name, keyStart)
	if err != nil || len(start) == 0 {
		return false, err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("records of execution %s: %w", r.name, err)
		}
	}()
	if err := r.loadStart(start[0].Value); err != nil {
		return true, err
	}
	status, err := journal.Load(ctx, r.name, keyMeta)
	if err != nil {
		return true, err
	}
	if len(status) == 0 {
		return true, fmt.Errorf("no record %q", keyMeta)
	}
	if err := r.ex.loadMeta(status[0].Value); err != nil || r.ex.outcome != nil {
		return true, err
	}
	frames, err := journal.Load(ctx, r.name, keyFrame)
	if err != nil {
		return true, err
	}
	items, err := journal.Load(ctx, r.name, keyItems)
	if err != nil {
		return true, err
	}
	return true, r.ex.loadFrames(frames, items)
}

func (r *Run) loadStart(data []byte) error {
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	inputText, definition, ok := bytes.Cut(rest, []byte("\n"))
	var h startHeader
	if err := json.Unmarshal(head, &h); err != nil || !ok {
		return fmt.Errorf("record %q: %w", keyStart, err)
	}
	input, err := value.Decode(inputText)
	if err != nil {
		return err
	}
	m, err := r.in.definition(h, definition)
	if err != nil {
		return err
	}
	r.ex = r.newExecution(m)
	r.ex.fresh = false
	r.ex.input, r.ex.starter, r.ex.seed = input, h.Starter, h.Seed
	r.ex.started, r.ex.expires = h.Started, h.Expires
	return nil
}

// StartedBy returns the execution that started another one, by what a journal
// has of that, or "".
func StartedBy(ctx context.Context, journal Journal, name string) (string, error) {
	start, err := journal.Load(ctx, name, keyStart)
	if err != nil || len(start) == 0 {
		return "", err
	}
	head, _, _ := bytes.Cut(start[0].Value, []byte("\n"))
	var h startHeader
	if err := json.Unmarshal(head, &h); err != nil {
		return "", fmt.Errorf("records of execution %s: record %q: %w", name, keyStart, err)
	}
	by, _, _ := strings.Cut(h.Starter, " ")
	return by, nil
}

// definition returns the machine that an execution was started with: the known
// one, if it is the same.
func (in *Interpreter) definition(h startHeader, text []byte) (*machine, error) {
	in.mu.Lock()
	m := in.machines[h.ARN]
	in.mu.Unlock()
	if m != nil && bytes.Equal(m.definition, text) {
		return m, nil
	}
	def, err := asl.Decode(text)
	if err != nil {
		return nil, err
	}
	return in.compile(h.Machine, h.ARN, def)
}

func (ex *execution) loadMeta(data []byte) error {
	head, rest, _ := bytes.Cut(data, []byte("\n"))
	var m meta
	if err := json.Unmarshal(head, &m); err != nil {
		return err
	}
	ex.lastEvent = m.LastEvent
	if m.Status == Running {
		return nil
	}
	output, err := value.Decode(rest)
	if err != nil {
		return err
	}
	ex.stopped = m.Stopped
	ex.outcome = &Outcome{Status: m.Status, Output: output, Error: m.Error, Cause: m.Cause, Started: ex.started, Stopped: m.Stopped}
	return nil
}

// loadFrames builds the tree of frames from its records. Keys sort a parent
// before its children.
func (ex *execution) loadFrames(records, items []Change) error {
	frames := map[string]*frame{}
	lists := map[string][]byte{}
	for _, rec := range items {
		lists[strings.TrimPrefix(rec.Key, keyItems)] = rec.Value
	}
	for _, rec := range records {
		path := strings.TrimPrefix(rec.Key, keyFrame)
		if err := ex.loadFrame(path, rec.Value, frames, lists); err != nil {
			return fmt.Errorf("frame %s: %w", path, err)
		}
	}
	if ex.root == nil {
		return fmt.Errorf("no frame")
	}
	if !ex.expires.IsZero() {
		ex.effects = append(ex.effects, effect{at: ex.expires})
	}
	for _, rec := range records {
		if fr := frames[strings.TrimPrefix(rec.Key, keyFrame)]; fr != nil {
			fr.wakeUp()
		}
	}
	return nil
}

func (ex *execution) loadFrame(path string, data []byte, frames map[string]*frame, lists map[string][]byte) error {
	h, lines, err := splitRecord(data)
	if err != nil {
		return err
	}
	fr := &frame{ex: ex, path: path, scope: ex.machine.root}
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		parent := frames[path[:slash]]
		var visit, retry, i int
		if _, err := fmt.Sscanf(path[slash+1:], "%d.%d.%d", &visit, &retry, &i); err != nil {
			return err
		}
		if parent == nil || parent.kids == nil || i >= parent.kids.count {
			return fmt.Errorf("no parent")
		}
		k := parent.kids
		k.next = max(k.next, i+1)
		if h.Done {
			return k.loadResult(i, h, lines)
		}
		fr.parent, fr.index, fr.scope = parent, i, parent.childScope(i)
		k.running[i] = fr
		if fr.scope.inMap && !fr.scope.distributed {
			fr.item = parent.itemContext(i)
		}
	} else {
		ex.root = fr
	}
	frames[path] = fr
	if err := fr.decode(h, lines); err != nil {
		return err
	}
	if text := lists[path]; fr.kids != nil && text != nil {
		return fr.kids.loadItems(text)
	}
	return nil
}

func (k *children) loadItems(data []byte) error {
	list, keys, _ := bytes.Cut(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	v, err := value.Decode(list)
	if err != nil {
		return err
	}
	k.items, _ = v.([]any)
	if len(keys) > 0 {
		return json.Unmarshal(keys, &k.keys)
	}
	return nil
}

func (k *children) loadResult(i int, h frameHeader, lines [][]byte) error {
	k.done++
	if h.Failed != nil {
		k.failed++
		k.results[i] = failedChild{(*StateError)(h.Failed)}
		return nil
	}
	v, err := value.Decode(lines[0])
	k.results[i] = v
	return err
}

// wakeUp lets a loaded frame go on where it was.
func (fr *frame) wakeUp() {
	ex := fr.ex
	switch fr.phase {
	case phaseEnter, phaseBegin, phaseChildren:
		fr.enqueue()
	case phaseWait, phaseRetry:
		ex.effects = append(ex.effects, effect{fr: fr, at: fr.wake})
	case phaseTask, phaseToken:
		if fr.state.resource.token {
			fr.takeToken()
		}
		fr.makeCall()
	}
}
