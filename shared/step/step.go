// Package step is the contract between a definition and the functions: the
// JSON shapes of the events that a definition's states send, of the answers
// that they get, and of what an execution needs to know of its workflow.
//
// The compiler writes these shapes into a definition, the engine reads them.
// A definition is self-contained: whatever a task publishes and where it may
// go on to stands in its states' payloads, so a running execution never looks
// at the YAML again.
package step

import "github.com/sirocco-workflows/sirocco/shared/value"

// Op names what an event with a task asks for.
type Op string

// The operations. Run is the zero value: perform the task's action and settle
// the task.
const (
	Run     Op = ""
	Prepare Op = "prepare" // evaluate what of the task is known at run time only, before it begins
	Items   Op = "items"   // evaluate with-items; answers the chunks to run
	Item    Op = "item"    // run one chunk of items
	Judge   Op = "judge"   // settle a with-items task from its items
	Child   Op = "child"   // create the execution of a sub-workflow
	Result  Op = "result"  // settle a sub-workflow task from its execution
	Settle  Op = "settle"  // settle a task whose function failed
	Plan    Op = "plan"    // of a reverse workflow: find the tasks to begin with
)

// Event is what a function is called with: a direct call of one action, or,
// with Task, a step of a workflow. In a workflow Input holds templates.
type Event struct {
	Action    string `json:"action,omitempty"`
	Region    string `json:"region,omitempty"`
	AuthURL   string `json:"auth_url,omitempty"`
	Interface string `json:"interface,omitempty"`
	// Microversion of the service to speak, such as "2.60".
	Microversion string    `json:"microversion,omitempty"`
	Credentials  value.Any `json:"credentials,omitzero"`
	Input        value.Any `json:"input,omitzero"`
	Adhoc        []Adhoc   `json:"adhoc,omitempty"` // outermost first; Action is what is underneath
	Task         *Task     `json:"task,omitempty"`
}

// Adhoc is an ad-hoc action that a task calls: its input becomes the input of
// the action underneath, whose result becomes its own by way of Output.
type Adhoc struct {
	Name      string    `json:"name"`
	As        string    `json:"as,omitempty"` // the name that the task calls it by, if that is another one
	Input     []Input   `json:"input,omitempty"`
	BaseInput value.Any `json:"base-input,omitzero"`
	Output    value.Any `json:"output,omitzero"`
}

// Task is the workflow part of an event. Plan is of no task in particular, and
// has no name.
type Task struct {
	Op        Op       `json:"op,omitempty"`
	Execution string   `json:"execution"`
	Name      string   `json:"name"`
	At        string   `json:"at,omitempty"`   // file:line:col of the task
	From      []string `json:"from,omitempty"` // the task executions that it continues from
	ID        string   `json:"id,omitempty"`   // the task execution, once there is one
	Attempt   int      `json:"attempt,omitempty"`
	Round     int      `json:"round,omitempty"` // of a task that runs again as a whole (retry)

	// Workflow is there in a task that may be an execution's first: what to
	// make the execution's record of, if the state machine was started directly.
	Workflow *Workflow  `json:"workflow,omitempty"`
	Start    *value.Map `json:"start,omitempty"` // the state machine's own input

	Nth     int    `json:"nth,omitempty"`     // of several arrivals from the same task execution
	Blocked string `json:"blocked,omitempty"` // why a join can't be satisfied any more

	Policies  *Policies  `json:"policies,omitempty"` // Prepare: what to evaluate
	Join      *JoinSpec  `json:"join,omitempty"`
	WithItems []Iterator `json:"with-items,omitempty"`
	Show      []string   `json:"show,omitempty"` // variables whose values the definition uses by itself
	Chunk     *Chunk     `json:"chunk,omitempty"`
	Call      *Call      `json:"call,omitempty"`    // the name of what the task calls is an expression
	Dynamic   bool       `json:"dynamic,omitempty"` // it was one; an earlier state has evaluated it
	Sub       string     `json:"sub,omitempty"`     // the sub-workflow's name, or the expression of it
	SubSpec   *Workflow  `json:"sub-spec,omitempty"`
	Error     *Failure   `json:"error,omitempty"` // what Step Functions caught

	Publish        *value.Map `json:"publish,omitempty"`
	PublishOnError *value.Map `json:"publish-on-error,omitempty"`
	Global         *value.Map `json:"publish-global,omitempty"`
	GlobalOnError  *value.Map `json:"publish-global-on-error,omitempty"`
	OnSuccess      []Route    `json:"on-success,omitempty"`
	OnError        []Route    `json:"on-error,omitempty"`
	OnComplete     []Route    `json:"on-complete,omitempty"`

	Retry       *Retry    `json:"retry,omitempty"`
	FailOn      value.Any `json:"fail-on,omitzero"`      // template: a task that it holds for fails
	Timeout     int64     `json:"timeout,omitempty"`     // seconds, 0 = none
	WaitAfter   value.Any `json:"wait-after,omitzero"`   // seconds, or the template of them; a number without a timeout stands in the definition alone
	Concurrency value.Any `json:"concurrency,omitzero"`  // of with-items: a number (0 = any), or for Items a template
	HasItems    bool      `json:"has-items,omitempty"`   // Settle: the task has with-items
	DropResult  bool      `json:"drop-result,omitempty"` // keep-result: false
	SafeRerun   bool      `json:"safe-rerun,omitempty"`
	Threads     bool      `json:"threads,omitempty"` // the definition has the threads form
}

// Policies are a task's policies that are evaluated before it begins: numbers
// of seconds, a condition, or the templates of them.
type Policies struct {
	PauseBefore value.Any `json:"pause-before,omitzero"`
	WaitBefore  value.Any `json:"wait-before,omitzero"`
	WaitAfter   value.Any `json:"wait-after,omitzero"` // checked only: its value is taken when the task completes
	Timeout     value.Any `json:"timeout,omitzero"`
}

// Prepared is what [Policies] and [Call] came to, times in seconds. A definition keeps it in a
// variable for all states of the task, the engine in the task's record.
type Prepared struct {
	Wait    int64 `json:"wait"`              // before the task's first state
	Timeout int64 `json:"timeout"`           // as the workflow says, 0 = none
	Left    int64 `json:"left"`              // of the timeout after the wait, or the longest time there is
	Pause   bool  `json:"pause"`             // the task does not begin: the execution is paused
	Expired bool  `json:"expired,omitempty"` // nothing is left: the task times out while it waits

	// Where the name of what the task calls is an expression: what it came to.
	Action   string  `json:"action,omitempty"` // underneath of all ad-hoc actions
	Service  string  `json:"service,omitempty"`
	Adhoc    []Adhoc `json:"adhoc,omitzero"`
	Workflow string  `json:"workflow,omitempty"`
}

// Call is what a task may call whose name is an expression: the ad-hoc actions
// or the workflows that the definition was compiled with, by qualified name, as
// far as the name may come to them. Actions of the catalog need not be there.
type Call struct {
	Name      value.Any            `json:"name"`
	Book      string               `json:"book,omitempty"` // the workbook whose names come first
	Actions   map[string]Chain     `json:"actions,omitempty"`
	Workflows map[string]*Workflow `json:"workflows,omitempty"`
}

// Chain is an ad-hoc action down to the action underneath, outermost first.
type Chain struct {
	Action string  `json:"action"`
	Adhoc  []Adhoc `json:"adhoc"`
}

// MaxSeconds is the longest time that Step Functions takes.
const MaxSeconds = 99_999_999

// Route is one transition of an on-* clause. To is a task, or with Command
// set one of fail, succeed and noop.
type Route struct {
	To      string    `json:"to"`
	If      value.Any `json:"if,omitzero"` // guard template; absent = true
	Command bool      `json:"command,omitempty"`
	Message value.Any `json:"message,omitzero"` // template of fail's and succeed's msg
	At      string    `json:"at,omitempty"`
}

// Iterator is one list of with-items: a variable and the template of its list.
type Iterator struct {
	Var string    `json:"var"`
	In  value.Any `json:"in"`
}

// Chunk is a run of with-items' items.
type Chunk struct {
	First int `json:"first"`
	Count int `json:"count"`
}

// Retry is a retry policy; its members are numbers or templates. With Loop the
// engine decides after each round whether there is another one, and the
// definition goes round. Without it Count and Delay are numbers: with a delay the
// state's own Retry tries again, without one the function does, at once.
type Retry struct {
	Count      value.Any `json:"count"`
	Delay      value.Any `json:"delay,omitzero"` // seconds
	BreakOn    value.Any `json:"break-on,omitzero"`
	ContinueOn value.Any `json:"continue-on,omitzero"`
	Loop       bool      `json:"loop,omitempty"`
}

// JoinSpec tells a join task what it waits for: the inbound tasks' names in
// the definition's order, and how many of them must arrive (0 = all).
type JoinSpec struct {
	Inbound []string `json:"inbound"`
	Count   int      `json:"count,omitempty"`
}

// Failure is an error as Step Functions hands it to Catch.
type Failure struct {
	Error string `json:"Error"`
	Cause string `json:"Cause"`
}

// Workflow is what an execution keeps of its workflow.
type Workflow struct {
	Name          string     `json:"name"`           // with the workbook's, if it is of one
	Book          string     `json:"book,omitempty"` // the workbook
	Type          string     `json:"type,omitempty"` // Reverse, or "" = direct
	File          string     `json:"file,omitempty"`
	Description   string     `json:"description,omitempty"`
	Input         []Input    `json:"input,omitempty"`
	Vars          *value.Map `json:"vars,omitempty"`
	Output        *value.Map `json:"output,omitempty"`
	OutputOnError *value.Map `json:"output-on-error,omitempty"`
	Tasks         []TaskInfo `json:"tasks"` // in the definition's order
	Threads       bool       `json:"threads,omitempty"`
	Globals       bool       `json:"globals,omitempty"` // a task publishes global variables
}

// Reverse is the type of a workflow whose tasks say what they require. Its
// definition has the threads form.
const Reverse = "reverse"

// Input is a declared input parameter.
type Input struct {
	Name     string    `json:"name"`
	Default  value.Any `json:"default,omitzero"`
	Optional bool      `json:"optional,omitempty"` // has a default, which may be null
}

// TaskInfo is what has to be known of a task from outside of it. To names the
// tasks that it may go on to; Join is set for a join. In a reverse workflow
// Requires names the tasks that must have succeeded before, in the definition's
// order.
type TaskInfo struct {
	Name         string    `json:"name"`
	Type         string    `json:"type"` // ACTION or WORKFLOW
	To           []string  `json:"to,omitempty"`
	Join         *JoinSpec `json:"join,omitempty"`
	Requires     []string  `json:"requires,omitempty"`
	HandlesError bool      `json:"handles-error,omitempty"` // has on-error
}

// Answer is what a task's function gives back to the state machine.
type Answer struct {
	From   []string  `json:"from"`             // the task execution, as the next tasks name it
	State  string    `json:"state"`            // SUCCESS, ERROR, RUNNING (items), SKIPPED (the execution had ended)
	Routes []string  `json:"routes"`           // where to go on
	Failed bool      `json:"failed,omitempty"` // the execution will end in ERROR
	Ended  string    `json:"ended,omitempty"`  // fail or succeed has ended the execution: ERROR, SUCCESS
	Info   string    `json:"info,omitempty"`   // why, of an ERROR
	Region string    `json:"region,omitempty"` // where the action went
	Error  string    `json:"error,omitempty"`  // Item: the name of its failure, which is no error of its state
	Next   []Arrival `json:"next,omitempty"`   // threads form: the tasks to start

	Prepared *Prepared `json:"prepared,omitempty"`
	Wait     int64     `json:"wait,omitempty"` // seconds of wait-after, where the event had it

	ID          string `json:"id,omitempty"`
	Count       int    `json:"count,omitempty"` // of items
	Items       []any  `json:"items,omitzero"`  // chunks, with what the definition shows of them
	Concurrency int64  `json:"concurrency"`     // of the items, 0 = any
	Child       string `json:"child,omitempty"` // the sub-workflow's execution
	Start       *Start `json:"start,omitempty"` // how to start its state machine, where that is not its first time
	Again       bool   `json:"again,omitempty"` // the retry policy wants another round
	Delay       int64  `json:"delay,omitempty"` // in so many seconds
	Round       int    `json:"round"`
	Nth         int    `json:"nth"`
}

// Start is what a state machine is started with: the execution's name and the
// input. An execution that goes on after a pause is a new one of its machine.
type Start struct {
	Name  string     `json:"name"`
	Input *value.Map `json:"input"`
}

// Arrival is a task to start in the threads form. Blocked is the state_info of
// a join that can't be satisfied any more.
type Arrival struct {
	Task    string   `json:"task"`
	From    []string `json:"from"`
	Nth     int      `json:"nth"`
	Blocked string   `json:"blocked,omitempty"`
}
