// Package engine is the engine step: the work around an action that is not the
// action. It makes an execution's record, evaluates a task's input, calls the
// action, stores the outcome, publishes, and finds where to go on.
//
// # How a task goes
//
// A state of the definition calls [Engine.Handle] with the task's name, its
// templates and the ids of the task executions that it continues from. The
// engine loads these, merges what they published into the task's context,
// evaluates the input against it, performs the action, evaluates publish and
// the guards of on-success, on-error and on-complete, and stores everything in
// one write. It answers with the routes that hold; the definition then only
// chooses. A failed action leaves as an error with the name of its kind, so
// that Retry and Catch of the definition work on it; the state after Catch
// comes back with [step.Settle], which records the failure and finds the routes.
// In a reverse workflow no routes are asked: what follows is what may start now
// of what the execution's target requires; [step.Plan] says what it begins with.
//
// A task whose times are expressions begins with Prepare, which evaluates them.
// with-items takes three operations: Items evaluates the lists and stores their
// values in blocks, Item runs a chunk of them, Judge collects the outcomes. A
// sub-workflow takes two: Child creates its execution, Result takes its output.
//
// # Called again
//
// Lambda and Step Functions may call again. A task execution's id follows from
// the execution, the task's name and what it continues from, so a repeated call
// finds the first one's record: a recorded outcome is given again as it is; an
// action that was started, may have changed something and has no outcome is
// not run again but fails with [OutcomeUnknown].
//
// # Data
//
// `$` is, the first that has a name wins: what was published on the way to the
// task, the workflow's vars, `openstack` and `__execution`, and the input. The
// published part is kept per task execution with the number of times that each
// leaf was published, by which contexts merge at a join (see merge).
package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
)

// The states of executions, tasks and actions, as Mistral names them.
const (
	Running = "RUNNING"
	Success = "SUCCESS"
	Error   = "ERROR"
	Skipped = "SKIPPED"
	Paused  = "PAUSED"
	Idle    = "IDLE"
)

// Runner performs actions; [actions.Runner] is one.
type Runner interface {
	Run(ctx context.Context, call actions.Call) (actions.Outcome, error)
}

var _ Runner = (*actions.Runner)(nil)

// Options says what an engine works with. The first three are required.
type Options struct {
	Records  *store.Records
	Registry *actions.Registry
	Actions  Runner
	Logger   *slog.Logger     // nil = none
	Now      func() time.Time // nil = time.Now
	Observe  func(Progress)   // nil = nobody watches

	// Parallel is how many items of one chunk run at once where the workflow
	// sets no concurrency; 0 = 16.
	Parallel int
}

// Progress is what a watcher hears of: a task or one of its items that started
// or ended.
type Progress struct {
	Execution string
	Task      string
	ID        string // of the task execution
	State     string // RUNNING, SUCCESS, ERROR
	Info      string // of an ERROR
	Item      int    // the item, or -1 for the task itself
	Items     int    // how many items the task has; 0 for a task without with-items
	Region    string
}

// Engine performs engine steps. It is safe for concurrent use.
type Engine struct {
	opts    Options
	starts  *lru.Cache[string, *started]
	blocks  *lru.Cache[store.Key, []any]
	tasks   *lru.Cache[string, *store.Task] // finished ones: they change no more
	names   *lru.Cache[string, string]      // execution and task name to the task execution
	results *lru.Cache[string, any]         // by task execution
}

// The caches hold what does not change any more; their sizes bound memory, not
// behaviour.
const (
	cachedStarts  = 64
	cachedBlocks  = 64
	cachedTasks   = 256
	cachedNames   = 1024
	cachedResults = 8
)

// New returns an engine.
func New(opts Options) (*Engine, error) {
	if opts.Records == nil || opts.Registry == nil || opts.Actions == nil {
		return nil, errors.New("engine: Records, Registry and Actions are required")
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Observe == nil {
		opts.Observe = func(Progress) {}
	}
	if opts.Parallel == 0 {
		opts.Parallel = 16
	}
	e := &Engine{opts: opts}
	var err [5]error
	e.starts, err[0] = lru.New[string, *started](cachedStarts)
	e.blocks, err[1] = lru.New[store.Key, []any](cachedBlocks)
	e.tasks, err[2] = lru.New[string, *store.Task](cachedTasks)
	e.names, err[3] = lru.New[string, string](cachedNames)
	e.results, err[4] = lru.New[string, any](cachedResults)
	return e, errors.Join(err[:]...)
}

// Handle performs one engine step: what an event with a task asks for. Its
// errors are of type [TaskError], named as a state machine shall see them,
// except for those of the store and a cancelled context.
func (e *Engine) Handle(ctx context.Context, ev *step.Event) (*step.Answer, error) {
	if ev.Task == nil {
		return nil, errors.New("engine: the event has no task")
	}
	if ev.Task.Op == step.Plan {
		answer, err := e.plan(ctx, ev.Task)
		if err != nil {
			return nil, (&call{}).named(err)
		}
		return answer, nil
	}
	c, err := e.open(ctx, ev)
	if err != nil {
		return nil, c.named(err)
	}
	if a, err := c.recorded(); a != nil || err != nil {
		return a, err
	}
	if c.skip() {
		return c.answer(Skipped), nil
	}
	answer, err := c.do(ctx)
	if err == nil {
		return answer, nil
	}
	err = c.named(err)
	if name := errorName(err); c.t.Op == step.Settle && isStructural(name) {
		// Nobody catches what fails here: it is settled at once.
		answer, endErr := c.endWith(ctx, name, err.Error())
		return answer, endErr
	}
	return nil, err
}

func (c *call) do(ctx context.Context) (*step.Answer, error) {
	switch c.t.Op {
	case step.Run:
		return c.run(ctx)
	case step.Prepare:
		return c.prepare(ctx)
	case step.Items:
		return c.items(ctx)
	case step.Item:
		return c.item(ctx)
	case step.Judge:
		return c.judge(ctx)
	case step.Child:
		return c.child(ctx)
	case step.Result:
		return c.result(ctx)
	case step.Settle:
		return c.settle(ctx)
	default:
		return nil, fmt.Errorf("engine: unknown operation %q", c.t.Op)
	}
}

// namespace makes the ids of task executions and the like: they follow from
// what they belong to (UUID version 5, RFC 9562 section 5.5).
var namespace = uuid.MustParse("6d1a1f0e-5e0b-5d0c-9c7c-51a0cc0f10a5")

func derivedID(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = fmt.Appendf(b, "%d:%s", len(p), p)
	}
	return uuid.NewSHA1(namespace, b).String()
}

// NewID returns a random id for an execution.
func NewID() string { return uuid.NewString() }
