// Package local is the embedded mode: it runs compiled workflows in this
// process, with the same engine, actions and store as in AWS. The ASL
// interpreter of package interp stands in for Step Functions and calls the
// engine where Step Functions would call a Lambda function; its state lies in
// the table beside the executions, so a run that was stopped or killed is
// resumed from there.
package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local/interp"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Options says what the embedded mode works with. Table, Registry and Actions
// are required.
type Options struct {
	Table    store.Table
	Registry *actions.Registry
	Actions  engine.Runner
	Logger   *slog.Logger          // nil = none
	Observe  func(engine.Progress) // nil = nobody watches
	Events   func(interp.Event)    // each event of the state machines; nil = nobody watches
	Clock    interp.Clock          // of definitions and records; nil = the machine's

	// Grace is how long a stop waits for actions that are under way, so that
	// their outcome is recorded; 0 = 10 s.
	Grace time.Duration
	// SaveInterval is how far the interpreter's state in the table may lag: what
	// is not there after a kill is done again, and the engine answers from its
	// records. 0 = 50 ms.
	SaveInterval time.Duration
	// NoHistory keeps no execution history.
	NoHistory bool
}

// Runner runs workflows. It is safe for concurrent use.
type Runner struct {
	opts    Options
	engine  *engine.Engine
	records *store.Records
	journal *journal

	mu     sync.Mutex
	loaded map[string]*Program // by hash
}

// Machines are the definitions of a program: those of a workflow and of all
// that it calls, by the placeholders that they call each other by.
type Machines map[string]*asl.Machine

// Program is a set of definitions that is ready to run.
type Program struct {
	hash   string
	interp *interp.Interpreter
	busy   *inFlight
}

// StoppedError says that a run was stopped before its end and can be resumed.
type StoppedError struct{ ID string }

func (e StoppedError) Error() string { return "execution " + e.ID + " was stopped and can be resumed" }

// New returns a runner.
func New(opts Options) (*Runner, error) {
	if opts.Grace == 0 {
		opts.Grace = 10 * time.Second
	}
	if opts.SaveInterval == 0 {
		opts.SaveInterval = 50 * time.Millisecond
	}
	now := time.Now
	if opts.Clock != nil {
		now = opts.Clock.Now
	}
	records := store.NewRecords(opts.Table)
	e, err := engine.New(engine.Options{
		Records: records, Registry: opts.Registry, Actions: opts.Actions,
		Logger: opts.Logger, Observe: opts.Observe, Now: now,
	})
	if err != nil {
		return nil, err
	}
	return &Runner{opts: opts, engine: e, records: records, journal: newJournal(opts.Table), loaded: map[string]*Program{}}, nil
}

// Records returns the executions that the store holds.
func (r *Runner) Records() *store.Records { return r.records }

// Load makes a program ready and stores its definitions, so that its executions
// can be resumed by another process. Equal programs are loaded once.
func (r *Runner) Load(ctx context.Context, machines Machines) (*Program, error) {
	body, err := json.Marshal(machines)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.loaded[hash]; p != nil {
		return p, nil
	}
	p, err := r.program(hash, machines)
	if err != nil {
		return nil, err
	}
	if err := r.opts.Table.Write(ctx, store.Put(store.Item{Key: machinesKey(hash), Body: body}, store.Always())); err != nil {
		return nil, err
	}
	r.loaded[hash] = p
	return p, nil
}

func machinesKey(hash string) store.Key { return store.Key{PK: "def#" + hash, SK: "machines"} }

func (r *Runner) program(hash string, machines Machines) (*Program, error) {
	p := &Program{hash: hash, busy: newInFlight(r.opts.Grace)}
	p.interp = interp.New(interp.Options{
		Journal: r.journal, SaveInterval: r.opts.SaveInterval, NoHistory: r.opts.NoHistory,
		Clock: r.opts.Clock, Observe: r.opts.Events,
		Invoke: func(ctx context.Context, call interp.TaskCall) (any, error) { return r.invoke(ctx, p, call) },
	})
	for name, m := range machines {
		if err := p.interp.Define("${"+name+"}", m); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Run starts an execution of the program's machine and waits for its end. A
// cancelled context stops it; then the error is [StoppedError].
func (r *Runner) Run(ctx context.Context, p *Program, machine string, req engine.StartRequest) (*store.Execution, error) {
	if req.ID == "" {
		req.ID = engine.NewID()
	}
	req.Program, req.Machine = p.hash, machine
	head, err := r.engine.Start(ctx, req)
	if err != nil {
		return nil, err
	}
	return r.drive(ctx, p, machine, head)
}

// Resume goes on with an execution that was stopped, killed or paused. One that has
// ended is returned as it is.
func (r *Runner) Resume(ctx context.Context, id string) (*store.Execution, error) {
	head, err := r.records.Execution(ctx, id)
	if err != nil || head.Finished {
		return head, err
	}
	if head.Root != "" {
		return nil, fmt.Errorf("execution %s is a sub-workflow of %s: resume that", id, head.Root)
	}
	start, err := r.records.Start(ctx, id)
	if err != nil {
		return nil, err
	}
	item, err := r.opts.Table.Get(ctx, machinesKey(start.Program))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errNoMachines, id, err)
	}
	var machines Machines
	if err := json.Unmarshal(item.Body, &machines); err != nil {
		return nil, err
	}
	p, err := r.Load(ctx, machines)
	if err != nil {
		return nil, err
	}
	if head.State == engine.Paused {
		// It may have been killed while tasks came to their end that ran when it
		// was paused.
		if head, err = r.drive(ctx, p, start.Machine, head); err != nil || head.Finished {
			return head, err
		}
		if head, err = r.engine.Resume(ctx, id); err != nil {
			return nil, err
		}
	}
	return r.drive(ctx, p, start.Machine, head)
}

// drive runs the state machine to its end and finishes the record.
func (r *Runner) drive(ctx context.Context, p *Program, machine string, head *store.Execution) (*store.Execution, error) {
	id := head.ID
	start, err := r.engine.StartOf(ctx, head)
	if err != nil {
		return nil, err
	}
	run, err := p.interp.Resume(ctx, start.Name)
	if notFound := (*interp.NotFoundError)(nil); errors.As(err, &notFound) {
		// Killed before its first save, or new: what it did before is recorded.
		run, err = p.interp.Start(ctx, interp.StartInput{Machine: "${" + machine + "}", Name: start.Name, Input: start.Input})
	}
	if err != nil {
		return nil, err
	}
	out, err := run.Wait(ctx)
	if err != nil || ctx.Err() != nil && out.Status != interp.Succeeded && out.Status != interp.Failed {
		p.busy.wait()
		if ctx.Err() != nil {
			return nil, StoppedError{id}
		}
		return nil, err
	}
	r.journal.release(start.Name)
	var failure *step.Failure
	if out.Status != interp.Succeeded {
		failure = &step.Failure{Error: out.Error, Cause: out.Cause}
	}
	return r.engine.Finish(context.WithoutCancel(ctx), id, failure)
}

// invoke is a call of a function: the engine step that the event asks for.
func (r *Runner) invoke(ctx context.Context, p *Program, call interp.TaskCall) (any, error) {
	body, err := value.Encode(call.Payload)
	if err != nil {
		return nil, err
	}
	ev := &step.Event{}
	if err := json.Unmarshal(body, ev); err != nil {
		return nil, err
	}
	answer, err := busy(ctx, p.busy, func(ctx context.Context) (*step.Answer, error) { return r.engine.Handle(ctx, ev) })
	if err != nil {
		return nil, asLambda(err)
	}
	return value.Of(answer), nil
}

// asLambda gives an error the form that Lambda and Step Functions give it.
func asLambda(err error) error {
	var te *engine.TaskError
	if !errors.As(err, &te) {
		return err
	}
	cause := value.MapOf("errorMessage", te.Message, "errorType", te.Name)
	return &interp.StateError{Name: te.Name, Cause: string(value.MustEncode(cause))}
}
