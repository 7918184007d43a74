package interp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// phase is what a frame waits for.
type phase uint8

const (
	phaseEnter    phase = iota // to enter its state
	phaseBegin                 // to begin the state, or begin it again after a retry's delay
	phaseTask                  // for the answer of a call
	phaseToken                 // for the token to come back: the call was made
	phaseWait                  // for the time of a Wait state
	phaseRetry                 // for the delay of a retry
	phaseChildren              // for branches or items
)

// frame is a running machine: that of the execution, a branch of a Parallel or
// an item of a Map. Frames make a tree. Everything that matters is in the
// record that encode writes; the rest can be built again from it.
type frame struct {
	ex     *execution
	path   string
	parent *frame
	index  int // among the parent's children
	scope  *scope

	state *state
	visit int // states entered, this one included
	input any
	vars  *value.Map // its own variables; replaced, never changed

	phase      phase
	entered    time.Time
	retries    []int64 // how often each retrier has been used
	retryCount int
	wake       time.Time // of phaseWait and phaseRetry
	timeout    time.Time // of the task; zero is none
	heartbeat  time.Time // when the next must have come
	beat       time.Duration
	args       any  // of the task, evaluated
	begun      bool // the execution that the task waits for has begun
	last       int64
	enteredID  int64
	item       *mapItem // of an inline Map
	kids       *children

	// What follows is not kept.
	inputText []byte // the JSON of input, if it was needed
	argsText  []byte
	ctx       *value.Map // the context object
	token     string
	id        *identity
	conv      map[convKey]any
	cancel    context.CancelCauseFunc // ends the call that is under way
	calls     int                     // counts calls, to tell a late answer
	child     string                  // the execution that the task waits for
	queued    bool
	dirty     bool
	gone      bool
}

// children are the branches or items of a frame's state.
type children struct {
	items    []any    // of a Map; in a Parallel the same input for all
	keys     []string // of the items of a dictionary
	count    int
	next     int // the first that has not begun
	running  map[int]*frame
	results  []any
	failed   int
	limit    int     // how many may run at once
	allowed  float64 // how many may fail
	done     int
	unsaved  []int // ended, and not yet recorded so
	recorded bool  // the record of the items is written
}

// childPath is the path of a frame's child: it names the visit and the attempt
// of the state, so that no two calls of one execution share one.
func (fr *frame) childPath(i int) string {
	return fmt.Sprintf("%s/%d.%d.%d", fr.path, fr.visit, fr.retryCount, i)
}

// childScope is the machine of a frame's child.
func (fr *frame) childScope(i int) *scope {
	if fr.state.processor != nil {
		return fr.state.processor
	}
	return fr.state.branches[i]
}

// touch marks a frame as changed since it was saved.
func (fr *frame) touch() {
	if !fr.dirty && !fr.gone {
		fr.dirty = true
		fr.ex.dirty = append(fr.ex.dirty, fr)
	}
}

// inputJSON is the JSON text of the frame's input.
func (fr *frame) inputJSON() []byte {
	if fr.inputText == nil {
		fr.inputText = encode(fr.input)
	}
	return fr.inputText
}

// encode writes a value of an execution, which always has a JSON form: what
// comes from outside is checked there.
func encode(v any) []byte {
	return value.MustEncode(v)
}

// Keys of an execution's records.
const (
	keyStart   = "s"  // what was started: definition, input; never changes
	keyMeta    = "m"  // status and counters
	keyFrame   = "f/" // and the path
	keyItems   = "i/" // and the path: the items of its Map
	keyHistory = "h/" // and the id of the first event in it
)

// frameHeader is the part of a frame's record that is written by encoding/json;
// lines with the JSON of values follow it.
type frameHeader struct {
	State      string    `json:"state,omitempty"`
	Visit      int       `json:"visit,omitempty"`
	Phase      phase     `json:"phase,omitempty"`
	Entered    time.Time `json:"entered,omitzero"`
	Retries    []int64   `json:"retries,omitempty"`
	RetryCount int       `json:"retryCount,omitempty"`
	Wake       time.Time `json:"wake,omitzero"`
	Timeout    time.Time `json:"timeout,omitzero"`
	Heartbeat  time.Time `json:"heartbeat,omitzero"`
	Beat       int64     `json:"beat,omitempty"`
	Last       int64     `json:"last,omitempty"`
	EnteredID  int64     `json:"enteredId,omitempty"`
	Count      int       `json:"count,omitempty"`
	Limit      int       `json:"limit,omitempty"`
	Allowed    float64   `json:"allowed,omitempty"`
	HasArgs    bool      `json:"hasArgs,omitempty"`
	Begun      bool      `json:"begun,omitempty"`

	Done   bool     `json:"done,omitempty"` // an ended child: its result follows
	Failed *failure `json:"failed,omitempty"`
}

// failure is the record of a StateError.
type failure StateError

// encode is the frame's record: the header, the input, the variables and, if
// there are any, the arguments, a line each.
func (fr *frame) encode() []byte {
	h := frameHeader{State: fr.state.name, Visit: fr.visit, Phase: fr.phase, Entered: fr.entered,
		Retries: fr.retries, RetryCount: fr.retryCount, Wake: fr.wake, Timeout: fr.timeout,
		Heartbeat: fr.heartbeat, Beat: int64(fr.beat), Last: fr.last, EnteredID: fr.enteredID}
	if fr.kids != nil {
		h.Count, h.Limit, h.Allowed = fr.kids.count, fr.kids.limit, fr.kids.allowed
	}
	h.HasArgs, h.Begun = fr.argsText != nil, fr.begun
	b := line(nil, mustJSON(h))
	b = line(b, fr.inputJSON())
	vars := []byte("{}")
	if fr.vars.Len() > 0 {
		vars = encode(fr.vars)
	}
	b = line(b, vars)
	if h.HasArgs {
		b = line(b, fr.argsText)
	}
	return b
}

func line(b, text []byte) []byte {
	return append(append(b, text...), '\n')
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types here have a JSON form
	}
	return b
}

// decodeFrame reads a record into a frame, whose scope is known.
func (fr *frame) decode(h frameHeader, lines [][]byte) error {
	fr.state = fr.scope.states[h.State]
	if fr.state == nil || len(lines) < 2 {
		return fmt.Errorf("record of frame %s: no state %q", fr.path, h.State)
	}
	fr.visit, fr.phase, fr.entered = h.Visit, h.Phase, h.Entered
	fr.retries, fr.retryCount = h.Retries, h.RetryCount
	fr.wake, fr.timeout, fr.heartbeat, fr.beat = h.Wake, h.Timeout, h.Heartbeat, time.Duration(h.Beat)
	fr.last, fr.enteredID, fr.begun = h.Last, h.EnteredID, h.Begun
	var err error
	if fr.input, err = value.Decode(lines[0]); err != nil {
		return err
	}
	vars, err := value.Decode(lines[1])
	if err != nil {
		return err
	}
	fr.vars, _ = vars.(*value.Map)
	if h.HasArgs && len(lines) > 2 {
		fr.argsText = lines[2]
		if fr.args, err = value.Decode(lines[2]); err != nil {
			return err
		}
	}
	if fr.phase == phaseChildren {
		fr.kids = &children{count: h.Count, limit: h.Limit, allowed: h.Allowed, recorded: true}
		fr.kids.alloc()
	}
	return nil
}

func (k *children) alloc() {
	k.running = map[int]*frame{}
	k.results = make([]any, k.count)
}

func splitRecord(data []byte) (h frameHeader, lines [][]byte, err error) {
	lines = bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	err = json.Unmarshal(lines[0], &h)
	return h, lines[1:], err
}

// failedChild stands in results for a child that failed and may.
type failedChild struct{ err *StateError }

// doneRecord is the record of a child that has ended.
func doneRecord(result any) []byte {
	if f, ok := result.(failedChild); ok {
		return line(line(nil, mustJSON(frameHeader{Done: true, Failed: (*failure)(f.err)})), []byte("null"))
	}
	return line(line(nil, mustJSON(frameHeader{Done: true})), encode(result))
}

// forget drops the frame and all below it, with their records.
func (fr *frame) forget() {
	fr.gone = true
	fr.ex.erase(keyFrame + fr.path)
	fr.dropChildren()
}

// dropChildren drops the frame's children, running or ended.
func (fr *frame) dropChildren() {
	if fr.kids == nil {
		return
	}
	for i := range fr.kids.next {
		if child := fr.kids.running[i]; child != nil {
			child.forget()
		} else {
			fr.ex.erase(keyFrame + fr.childPath(i))
		}
	}
	if fr.kids.items != nil {
		fr.ex.erase(keyItems + fr.path)
	}
	fr.kids = nil
}
