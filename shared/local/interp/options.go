package interp

import (
	"context"
	crand "crypto/rand"
	"io"
	"time"
)

// TaskCall is one call of a Task state's resource. The same call may be made
// again after a restart; then Execution, Path, Visit, State and RetryCount are
// the same, and EnteredTime too if the entering of the state had been saved.
type TaskCall struct {
	Execution   string    // name of the execution
	Path        string    // which branch or item of it, for example "r/2.0.17": child 17 of the frame's second state, first attempt
	Visit       int       // how many states the branch has entered, this one included
	State       string    // name of the state
	EnteredTime time.Time // when the state was entered
	RetryCount  int       // how often the state was retried
	Resource    string    // the state's Resource
	Function    string    // name or ARN of the function, placeholders resolved by [Options.Substitutions]
	Payload     any       // its input (value data)
	TaskToken   string    // of a .waitForTaskToken task, else empty
}

// Options are what an interpreter depends on. The zero value runs definitions
// without Task states, in memory, by the clock of the machine.
type Options struct {
	// Invoke performs a function call and returns its answer as value data (or
	// anything that value.Of takes). An error of type *StateError fails the
	// task with that name and cause; any other as Lambda reports it: the name
	// is the error's Go type, the cause {"errorMessage","errorType"}. It is
	// called from many goroutines; its context ends at the task's timeout, when
	// the branch is aborted and when the interpreter stops.
	Invoke func(ctx context.Context, call TaskCall) (any, error)

	// Journal keeps the state of executions. Default: [NewMemoryJournal].
	Journal Journal
	// SaveInterval is the least time between two saves of an execution; the
	// end is saved at once. Zero saves as fast as the journal takes it.
	SaveInterval time.Duration
	// SaveBeforeInvoke makes each call of Invoke wait until the state that
	// makes it has been saved, so that EnteredTime is the same after a crash.
	SaveBeforeInvoke bool

	Clock Clock     // default: the machine's
	Rand  io.Reader // seeds of executions and jitter; default: crypto/rand

	// Substitutions resolves placeholders "${Name}" in a Resource, a
	// FunctionName and a StateMachineArn. An unknown one stays as it is.
	Substitutions map[string]string

	// Observe is told each history event as it happens, in order per
	// execution, also those that the history leaves out. It must not block.
	Observe func(Event)

	// InlineConcurrency bounds how many items of a Map without MaxConcurrency
	// run at once (Step Functions: 40). Default: 1,000.
	InlineConcurrency int
	// HistoryLimit is how many events an execution may have before it fails
	// (Step Functions and default: 25,000). Negative: no limit.
	HistoryLimit int
	// NoHistory keeps no events; Observe still sees them.
	NoHistory bool
	// PayloadLimit is the most bytes of JSON that a state takes or gives (Step
	// Functions and default: 262,144). Negative: no limit.
	PayloadLimit int

	// Partition of the ARNs that executions and machines get. Defaults:
	// "local", "000000000000", "arn:aws:iam::<account>:role/local".
	Region, Account, RoleARN string
}

// Default limits, as Step Functions has them.
const (
	DefaultHistoryLimit = 25000
	DefaultPayloadLimit = 256 << 10
)

func (o Options) withDefaults() Options {
	if o.Journal == nil {
		o.Journal = NewMemoryJournal()
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Rand == nil {
		o.Rand = crand.Reader
	}
	if o.InlineConcurrency <= 0 {
		o.InlineConcurrency = 1000
	}
	if o.HistoryLimit == 0 {
		o.HistoryLimit = DefaultHistoryLimit
	}
	if o.PayloadLimit == 0 {
		o.PayloadLimit = DefaultPayloadLimit
	}
	if o.Region == "" {
		o.Region = "local"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if o.RoleARN == "" {
		o.RoleARN = "arn:aws:iam::" + o.Account + ":role/local"
	}
	return o
}

// Clock is the time that executions see. Timer returns a channel that receives
// once d has passed, and what stops it before.
type Clock interface {
	Now() time.Time
	Timer(d time.Duration) (<-chan time.Time, func())
}

type systemClock struct{}

// Now implements [Clock].
func (systemClock) Now() time.Time { return time.Now() }

// Timer implements [Clock].
func (systemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// simulated is a Clock that lets time pass only when nothing else can happen.
// It is told of all that is under way: Busy(1) when something begins or is to
// be looked at, Busy(-1) when that is over. A time that has come counts as one
// until its receiver has taken it up.
type simulated interface {
	Busy(delta int)
}

func busyOf(c Clock) func(int) {
	if s, ok := c.(simulated); ok {
		return s.Busy
	}
	return func(int) {}
}
