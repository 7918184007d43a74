// Package asl holds the Amazon States Language as far as Sirocco writes and
// runs it: the types of a definition in the JSONata query language, their JSON
// form, and checks.
//
// A definition is made with the types or read with [Decode], checked with
// [Check] and written with [Format], which gives the same bytes for the same
// definition. [Check] finds what the language forbids and what would fail only
// when it runs: a name that leads nowhere, a state that nothing leads to, a
// field that a state of that type has not, an expression that does not compile
// or reads a variable that nothing assigns.
//
// Specification: Amazon States Language, https://states-language.net/spec.html.
package asl

import "github.com/sirocco-workflows/sirocco/shared/value"

// QueryLanguage is the query language of every definition that Sirocco writes.
const QueryLanguage = "JSONata"

// The types of states (Amazon States Language, "State types").
const (
	TypeTask     = "Task"
	TypeParallel = "Parallel"
	TypeMap      = "Map"
	TypePass     = "Pass"
	TypeWait     = "Wait"
	TypeChoice   = "Choice"
	TypeSucceed  = "Succeed"
	TypeFail     = "Fail"
)

// Machine is a state machine: a whole definition, a branch of a Parallel state
// or the ItemProcessor of a Map state.
type Machine struct {
	Comment         string           `json:"Comment,omitempty"`
	QueryLanguage   string           `json:"QueryLanguage,omitempty"`
	Version         string           `json:"Version,omitempty"`
	TimeoutSeconds  int64            `json:"TimeoutSeconds,omitempty"`
	ProcessorConfig *ProcessorConfig `json:"ProcessorConfig,omitempty"` // only in an ItemProcessor
	StartAt         string           `json:"StartAt"`
	States          *States          `json:"States"`

	unknown []string // fields that Decode met and the language has not
}

// ProcessorConfig says how a Map runs its items: Mode INLINE or DISTRIBUTED,
// and for the latter ExecutionType STANDARD or EXPRESS.
type ProcessorConfig struct {
	Mode          string `json:"Mode,omitempty"`
	ExecutionType string `json:"ExecutionType,omitempty"`

	unknown []string
}

// State is one state. Which fields a type allows says the specification's
// table of state types and fields; [Check] holds a definition to it. A field of
// type any holds a JSON value (see package value), in which a string of the
// form "{% ... %}" is a JSONata expression.
type State struct {
	Type          string `json:"Type"`
	Comment       string `json:"Comment,omitempty"`
	QueryLanguage string `json:"QueryLanguage,omitempty"` // the machine's if empty

	// Task
	Resource         string `json:"Resource,omitempty"`
	Arguments        any    `json:"Arguments,omitempty"` // Task, Parallel
	TimeoutSeconds   any    `json:"TimeoutSeconds,omitempty"`
	HeartbeatSeconds any    `json:"HeartbeatSeconds,omitempty"`
	Credentials      any    `json:"Credentials,omitempty"`

	// Parallel
	Branches []*Machine `json:"Branches,omitempty"`

	// Map
	Items                      any      `json:"Items,omitempty"`
	ItemSelector               any      `json:"ItemSelector,omitempty"`
	ItemReader                 any      `json:"ItemReader,omitempty"`
	ItemBatcher                any      `json:"ItemBatcher,omitempty"`
	ResultWriter               any      `json:"ResultWriter,omitempty"`
	MaxConcurrency             any      `json:"MaxConcurrency,omitempty"`
	ToleratedFailureCount      any      `json:"ToleratedFailureCount,omitempty"`
	ToleratedFailurePercentage any      `json:"ToleratedFailurePercentage,omitempty"`
	Label                      string   `json:"Label,omitempty"`
	ItemProcessor              *Machine `json:"ItemProcessor,omitempty"`

	// Wait
	Seconds   any `json:"Seconds,omitempty"`
	Timestamp any `json:"Timestamp,omitempty"`

	// Choice
	Choices []*Choice `json:"Choices,omitempty"`
	Default string    `json:"Default,omitempty"`

	// Fail
	Error any `json:"Error,omitempty"`
	Cause any `json:"Cause,omitempty"`

	// Any state that has a result. Nil means absent; [Null] is the JSON null.
	Output any        `json:"Output,omitempty"`
	Assign *value.Map `json:"Assign,omitempty"`

	Retry []*Retrier `json:"Retry,omitempty"` // Task, Parallel, Map
	Catch []*Catcher `json:"Catch,omitempty"`

	Next string `json:"Next,omitempty"`
	End  bool   `json:"End,omitempty"`

	unknown []string
}

// Choice is one rule of a Choice state; Condition is "{% ... %}".
type Choice struct {
	Comment   string     `json:"Comment,omitempty"`
	Condition any        `json:"Condition"`
	Assign    *value.Map `json:"Assign,omitempty"`
	Output    any        `json:"Output,omitempty"`
	Next      string     `json:"Next"`

	unknown []string
}

// Retrier is one entry of Retry. Times are whole seconds. Nil MaxAttempts
// means the language's default of 3; 0 means never retried.
type Retrier struct {
	Comment         string   `json:"Comment,omitempty"`
	ErrorEquals     []string `json:"ErrorEquals"`
	IntervalSeconds int64    `json:"IntervalSeconds,omitempty"`
	MaxAttempts     *int64   `json:"MaxAttempts,omitempty"`
	BackoffRate     float64  `json:"BackoffRate,omitempty"`
	MaxDelaySeconds int64    `json:"MaxDelaySeconds,omitempty"`
	JitterStrategy  string   `json:"JitterStrategy,omitempty"`

	unknown []string
}

// Catcher is one entry of Catch.
type Catcher struct {
	Comment     string     `json:"Comment,omitempty"`
	ErrorEquals []string   `json:"ErrorEquals"`
	Output      any        `json:"Output,omitempty"`
	Assign      *value.Map `json:"Assign,omitempty"`
	Next        string     `json:"Next"`

	unknown []string
}
