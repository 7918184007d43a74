package interp

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Status is the status of an execution.
type Status string

// The statuses of executions.
const (
	Running   Status = "RUNNING"
	Succeeded Status = "SUCCEEDED"
	Failed    Status = "FAILED"
	TimedOut  Status = "TIMED_OUT"
	Aborted   Status = "ABORTED"
)

// Outcome is how an execution ended. Output is there if it succeeded, Error and
// Cause (which may be empty) otherwise.
type Outcome struct {
	Status       Status
	Output       any
	Error, Cause string
	Started      time.Time
	Stopped      time.Time
}

// StartInput says what to start. Name may be empty, then it is a random UUID.
type StartInput struct {
	Machine string // name or ARN under which the machine was defined
	Name    string // unique among all executions of the interpreter's journal
	Input   any    // value data; nil is an empty object
}

// Interpreter runs state machines. Its methods may be called from several
// goroutines.
type Interpreter struct {
	opts Options

	mu       sync.Mutex
	machines map[string]*machine // by name and by ARN
	runs     map[string]*Run     // those under way
}

// New returns an interpreter without machines.
func New(opts Options) *Interpreter {
	return &Interpreter{opts: opts.withDefaults(), machines: map[string]*machine{}, runs: map[string]*Run{}}
}

// Define makes a machine known under a name or an ARN, which StartInput and
// startExecution then use; a known one is replaced for executions that start
// later. What [asl.Check] finds, and what the interpreter does not do, is an
// error.
func (in *Interpreter) Define(name string, m *asl.Machine) error {
	arn := name
	if strings.HasPrefix(name, "arn:") {
		name = name[strings.LastIndexByte(name, ':')+1:]
	} else {
		arn = fmt.Sprintf("arn:aws:states:%s:%s:stateMachine:%s", in.opts.Region, in.opts.Account, name)
	}
	c, err := in.compile(name, arn, m)
	if err != nil {
		return err
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.machines[name], in.machines[arn] = c, c
	return nil
}

// Start begins an execution, which ends, or stops when ctx does: then it can be
// resumed. As with Step Functions, starting a running execution again with the
// same input gives that execution; otherwise a name that exists is an
// [ExecutionExistsError].
func (in *Interpreter) Start(ctx context.Context, start StartInput) (*Run, error) {
	input := start.Input
	if input == nil {
		input = value.NewMap(0)
	}
	return in.start(ctx, childStart{machine: start.Machine, name: start.Name, named: start.Name != "", input: input})
}

// badName matches what the name of an execution may not have.
var badName = regexp.MustCompile(`[\s<>{}\[\]?*"#%\\^|~` + "`" + `$&,;:/\x00-\x1f\x7f-\x{9f}]|^$|.{81}`)

func (in *Interpreter) start(ctx context.Context, s childStart) (*Run, error) {
	in.mu.Lock()
	m := in.machines[s.machine]
	in.mu.Unlock()
	if m == nil {
		return nil, &NotFoundError{Kind: "state machine", Name: s.machine}
	}
	if !s.named && s.name == "" {
		b := make([]byte, 16)
		if err := in.random(b); err != nil {
			return nil, err
		}
		s.name = uuidOf(b)
	} else if badName.MatchString(s.name) {
		return nil, &StateError{Name: "InvalidName", Cause: fmt.Sprintf("%q is no name of an execution", s.name)}
	}
	text, err := value.Encode(s.input)
	if err != nil {
		return nil, &StateError{Name: "InvalidExecutionInput", Cause: err.Error()}
	}
	if in.opts.PayloadLimit > 0 && len(text) > in.opts.PayloadLimit {
		return nil, &StateError{Name: "InvalidExecutionInput", Cause: fmt.Sprintf(
			"the input has %d bytes; %d are allowed", len(text), in.opts.PayloadLimit)}
	}
	r, mine := in.reserve(s.name)
	if !mine {
		return r.attach(ctx, m, text, s)
	}
	if s.named || s.starter != "" {
		found, err := r.load(ctx)
		if err != nil || found {
			r.opened(ctx, err)
			if err != nil {
				return nil, err
			}
			return r.attach(ctx, m, text, s)
		}
	}
	err = r.begin(m, s)
	r.opened(ctx, err)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// reserve returns the run of that name, or puts a new one there, which then is
// the caller's to open.
func (in *Interpreter) reserve(name string) (r *Run, mine bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if r := in.runs[name]; r != nil {
		return r, false
	}
	r = newRun(in, name)
	in.runs[name] = r
	return r, true
}

func (in *Interpreter) random(b []byte) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	_, err := io.ReadFull(in.opts.Rand, b)
	return err
}

// Resume goes on with an execution that was stopped or whose process died, or
// returns the run that is under way here. An execution that has ended gives a
// run that is done. The definition is the one that it was started with.
func (in *Interpreter) Resume(ctx context.Context, name string) (*Run, error) {
	r, mine := in.reserve(name)
	if !mine {
		<-r.loaded
		return r, r.unopened
	}
	found, err := r.load(ctx)
	if err == nil && !found {
		err = &NotFoundError{Kind: "execution", Name: name}
	}
	r.opened(ctx, err)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// running returns the run of that name in this process.
func (in *Interpreter) running(name string) *Run {
	in.mu.Lock()
	r := in.runs[name]
	in.mu.Unlock()
	if r != nil {
		<-r.loaded
		if r.unopened != nil {
			return nil
		}
	}
	return r
}

// History returns the events of an execution, running or ended, from the
// journal.
func (in *Interpreter) History(ctx context.Context, name string) ([]Event, error) {
	if r := in.running(name); r != nil {
		if err := r.flush(ctx); err != nil {
			return nil, err
		}
	}
	records, err := in.opts.Journal.Load(ctx, name, keyHistory)
	if err != nil {
		return nil, err
	}
	var out []Event
	for _, rec := range records {
		for text := range bytes.Lines(rec.Value) {
			e := Event{}
			if err := json.Unmarshal(text, &e); err != nil {
				return nil, err
			}
			e.Execution = name
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		if s, err := in.opts.Journal.Load(ctx, name, keyStart); err != nil || len(s) == 0 {
			return nil, &NotFoundError{Kind: "execution", Name: name}
		}
	}
	return out, nil
}

// Abort ends an execution, running here or not, as ABORTED. One that has ended
// stays as it is.
func (in *Interpreter) Abort(ctx context.Context, name, errorName, cause string) error {
	r, mine := in.reserve(name)
	if mine {
		found, err := r.load(ctx)
		if err == nil && !found {
			err = &NotFoundError{Kind: "execution", Name: name}
		}
		if err == nil {
			r.ex.abort(errorName, cause)
		}
		r.opened(ctx, err)
	} else if <-r.loaded; r.unopened == nil {
		r.post(func() { r.ex.abort(errorName, cause) })
	}
	_, err := r.Wait(ctx)
	return err
}

// Forget removes all records of an execution that is not running.
func (in *Interpreter) Forget(ctx context.Context, name string) error {
	if r := in.running(name); r != nil {
		return fmt.Errorf("execution %s is running", name)
	}
	records, err := in.opts.Journal.Load(ctx, name, "")
	if err != nil {
		return err
	}
	for i := range records {
		records[i].Value = nil
	}
	return in.opts.Journal.Save(ctx, name, records)
}

// SendTaskSuccess ends the .waitForTaskToken task of that token with a result.
// It returns once that is saved.
func (in *Interpreter) SendTaskSuccess(ctx context.Context, token string, output any) error {
	text, err := value.Encode(output)
	if err != nil {
		return &StateError{Name: "InvalidOutput", Cause: err.Error()}
	}
	result, err := value.Decode(text)
	if err != nil {
		return err
	}
	return in.send(ctx, token, func(fr *frame) { fr.tokenReturned(answer{result: result, text: text}) })
}

// SendTaskFailure fails the .waitForTaskToken task of that token.
func (in *Interpreter) SendTaskFailure(ctx context.Context, token, errorName, cause string) error {
	return in.send(ctx, token, func(fr *frame) {
		fr.tokenReturned(answer{err: &StateError{Name: errorName, Cause: cause}})
	})
}

// SendTaskHeartbeat puts off the heartbeat timeout of the .waitForTaskToken task
// of that token.
func (in *Interpreter) SendTaskHeartbeat(ctx context.Context, token string) error {
	return in.send(ctx, token, (*frame).heartbeaten)
}

func (in *Interpreter) send(ctx context.Context, token string, do func(*frame)) error {
	unknown := &NotFoundError{Kind: "task token", Name: token}
	r := in.running(tokenExecution(token))
	if r == nil {
		return unknown
	}
	found := make(chan bool, 1)
	r.post(func() {
		fr := r.ex.tokens[token]
		if fr != nil {
			do(fr)
		}
		found <- fr != nil
	})
	select {
	case ok := <-found:
		if !ok {
			return unknown
		}
		return r.flush(ctx)
	case <-r.done:
		return unknown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin makes the run that of a new execution.
func (r *Run) begin(m *machine, s childStart) error {
	ex := r.newExecution(m)
	ex.input, ex.starter = s.input, s.starter
	ex.seed = make([]byte, 16)
	if err := r.in.random(ex.seed); err != nil {
		return err
	}
	r.ex = ex
	ex.begin()
	return nil
}

func (r *Run) newExecution(m *machine) *execution {
	seed := sync.OnceValue(func() *rand.Rand {
		var b [16]byte
		_ = r.in.random(b[:])                                                                             // jitter is good with any seed
		return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(b[:]), binary.LittleEndian.Uint64(b[8:]))) //nolint:gosec // not for secrets
	})
	return &execution{opts: &r.in.opts, clock: r.in.opts.Clock, name: r.name, machine: m, fresh: true,
		tokens: map[string]*frame{}, draw: func() float64 { return seed().Float64() }}
}

// attach answers a start of an execution that exists.
func (r *Run) attach(ctx context.Context, m *machine, input []byte, s childStart) (*Run, error) {
	select {
	case <-r.loaded:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.unopened != nil {
		return nil, r.unopened
	}
	mine := s.starter != "" && s.starter == r.ex.starter
	same := r.machineARN == m.arn && bytes.Equal(r.inputText, input)
	if mine || (same && !r.ended()) {
		return r, nil
	}
	return nil, &ExecutionExistsError{Name: r.name}
}
