package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// ErrNoExecution is returned for an execution that the store does not hold.
var ErrNoExecution = errors.New("no such execution")

// Record is one stored thing: a pointer to one of this package's record types.
type Record interface {
	// Key is where the record lies; its identifying fields must be set.
	Key() Key
	base() *Base
}

// Base is the part that all records share.
type Base struct {
	// Version counts the writes of the record; 0 means that it is not stored.
	Version int64 `json:"-"`
}

func (b *Base) base() *Base { return b }

// Execution is the mutable head of a workflow execution. States are Mistral's:
// RUNNING, SUCCESS, ERROR, PAUSED, CANCELLED.
type Execution struct {
	Base
	ID          string    `json:"id"`
	Workflow    string    `json:"workflow"`
	Description string    `json:"description,omitempty"`
	State       string    `json:"state"`
	StateInfo   *string   `json:"state_info"`
	Parent      string    `json:"task_execution_id,omitempty"` // the sub-workflow task that it belongs to
	ParentExec  string    `json:"parent_execution_id,omitempty"`
	Root        string    `json:"root_execution_id,omitempty"`
	Ended       bool      `json:"ended,omitempty"`    // a command or an error ended it; no new task starts
	EndedBy     string    `json:"ended_by,omitempty"` // the task execution that did
	Failed      []string  `json:"failed,omitempty"`   // task executions whose error nobody handles
	Finished    bool      `json:"finished,omitempty"` // the state is final and the output stored
	Resumed     int       `json:"resumed,omitempty"`  // how often it went on after a pause
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// Start is what an execution started from; it never changes.
type Start struct {
	Base
	ID       string          `json:"id"`
	Workflow json.RawMessage `json:"workflow"`          // step.Workflow
	Input    *value.Map      `json:"input"`             // defaults filled in
	Params   *value.Map      `json:"params"`            // env and what else the start was given
	Env      *value.Map      `json:"env,omitempty"`     // of a sub-workflow: its root's, which its expressions see
	Context  *value.Map      `json:"context"`           // openstack, __execution, and the workflow's vars
	Target   json.RawMessage `json:"target,omitempty"`  // where actions go: no secret, at most a reference
	Program  string          `json:"program,omitempty"` // embedded: the definitions that it runs, and the first machine
	Machine  string          `json:"machine,omitempty"`
}

// Output is an execution's final output.
type Output struct {
	Base
	ID     string    `json:"id"`
	Output value.Any `json:"output"`
}

// Task is a task execution.
type Task struct {
	Base
	ID         string          `json:"id"`
	Execution  string          `json:"workflow_execution_id"`
	Name       string          `json:"name"`
	Type       string          `json:"type"` // ACTION or WORKFLOW
	State      string          `json:"state"`
	StateInfo  *string         `json:"state_info"`
	Error      string          `json:"error,omitempty"` // the name of the error that its state failed with
	From       []string        `json:"from,omitempty"`
	Context    *value.Map      `json:"context,omitempty"`  // outbound: what was published so far on this way
	Versions   *value.Map      `json:"versions,omitempty"` // how often each leaf of Context was published
	Published  *value.Map      `json:"published"`
	Next       []string        `json:"next,omitempty"` // the tasks that it went on to
	Handled    bool            `json:"error_handled,omitempty"`
	Items      int             `json:"items,omitempty"` // with-items: how many
	WithItems  bool            `json:"with_items,omitempty"`
	Round      int             `json:"round,omitempty"` // the run of the whole task that counts (retry)
	DropResult bool            `json:"drop_result,omitempty"`
	Prepared   json.RawMessage `json:"prepared,omitempty"` // step.Prepared, of a task that has such a state
	Answer     json.RawMessage `json:"answer,omitempty"`   // what its function answered; given again when called again
	CreatedAt  time.Time       `json:"created_at"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt time.Time       `json:"finished_at,omitzero"`
}

// PublishedValue is what the task published, a dictionary; null for one that
// ended and published, but for the whole execution only.
func (r *Task) PublishedValue() any {
	switch {
	case r.Published != nil:
		return r.Published
	case r.FinishedAt.IsZero():
		return value.NewMap(0)
	default:
		return nil
	}
}

// Action is an action execution: one call of an action, with all its attempts,
// or of a sub-workflow (then Workflow is the execution's id).
type Action struct {
	Base
	ID         string    `json:"id"`
	Execution  string    `json:"workflow_execution_id"`
	Task       string    `json:"task_execution_id"`
	Name       string    `json:"name"`
	Index      int       `json:"index"`
	Round      int       `json:"round,omitempty"`
	Attempt    int       `json:"attempt"` // of the latest try, from 0
	State      string    `json:"state"`
	Input      value.Any `json:"input,omitzero"` // secrets blanked out
	Output     value.Any `json:"output"`         // the result; of an ERROR its text, of a sub-workflow its output
	ErrorName  string    `json:"error,omitempty"`
	Info       string    `json:"info,omitempty"` // of a failed sub-workflow: its state_info; of a failed output: the error
	Earlier    []Attempt `json:"earlier,omitempty"`
	Workflow   string    `json:"sub_execution_id,omitempty"`
	Region     string    `json:"region,omitempty"`
	AuthURL    string    `json:"auth_url,omitempty"`
	StartedAt  time.Time `json:"started_at"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
}

// Attempt is an earlier, failed try of an action execution.
type Attempt struct {
	ID     string    `json:"id"`
	Output value.Any `json:"output"`
}

// TimedOut is the error name of an action that was still running when its
// task's time was over: nothing is known of its result.
const TimedOut = "States.Timeout"

// ItemBlock holds the values of some consecutive items of a with-items task:
// Values[i] has one value for each variable.
type ItemBlock struct {
	Base
	Execution string    `json:"workflow_execution_id"`
	Task      string    `json:"task_execution_id"`
	Round     int       `json:"round,omitempty"`
	Block     int       `json:"block"`
	Values    value.Any `json:"values"`
}

// Result is the result of a with-items task: the list over its items.
type Result struct {
	Base
	Execution string    `json:"workflow_execution_id"`
	Task      string    `json:"task_execution_id"`
	Result    value.Any `json:"result"`
}

// Graph is how far an execution of the threads form has come: the latest task
// execution of each task, and the joins that have started.
type Graph struct {
	Base
	Execution string                `json:"workflow_execution_id"`
	Tasks     map[string]*GraphTask `json:"tasks"`
	Waiting   map[string]bool       `json:"waiting,omitempty"` // joins that something has led to
	Joins     map[string]bool       `json:"joins,omitempty"`
	Parked    []Parked              `json:"parked,omitempty"`
	Arrivals  json.RawMessage       `json:"arrivals,omitempty"` // the tasks that the latest resumption began with
	Running   int                   `json:"running"`
}

// Parked is a route that held while the execution was paused, or stood behind
// its pause: it is taken when the execution goes on.
type Parked struct {
	From    string  `json:"from"` // the task execution that it leads on from
	To      string  `json:"to"`
	Command bool    `json:"command,omitempty"`
	Message *string `json:"message,omitempty"`
}

// GraphTask is a task's latest execution in a Graph, or those of it that run at
// the same time: then it is done with the last of them.
type GraphTask struct {
	ID   string   `json:"id"`
	Runs int      `json:"runs,omitempty"` // executions under way
	Led  []Led    `json:"led,omitempty"`  // of several, those that ended
	Done bool     `json:"done,omitempty"`
	Next []string `json:"next,omitempty"`
	// Succeeded is kept in a reverse workflow, where others may wait for it.
	Succeeded bool `json:"succeeded,omitempty"`
}

// Led is where a task execution led.
type Led struct {
	ID   string   `json:"id"`
	Next []string `json:"next,omitempty"`
}

// Globals are the variables of an execution as such, once a task has published
// global ones: what it started with, and those merged into it.
type Globals struct {
	Base
	Execution string     `json:"workflow_execution_id"`
	Context   *value.Map `json:"context"`
}

func executionPK(id string) string { return "x#" + id }

// Key implements [Record].
func (r *Execution) Key() Key { return Key{executionPK(r.ID), "meta"} }

// Key implements [Record].
func (r *Start) Key() Key { return Key{executionPK(r.ID), "start"} }

// Key implements [Record].
func (r *Output) Key() Key { return Key{executionPK(r.ID), "output"} }

// Key implements [Record].
func (r *Task) Key() Key { return Key{executionPK(r.Execution), "task#" + r.ID} }

// Key implements [Record].
func (r *Action) Key() Key {
	return Key{executionPK(r.Execution), fmt.Sprintf("%s%07d", actionPrefix(r.Task, r.Round), r.Index)}
}

// Key implements [Record].
func (r *ItemBlock) Key() Key {
	return Key{executionPK(r.Execution), fmt.Sprintf("items#%s#%03d#%06d", r.Task, r.Round, r.Block)}
}

// Key implements [Record].
func (r *Result) Key() Key { return Key{executionPK(r.Execution), "result#" + r.Task} }

// Key implements [Record].
func (r *Graph) Key() Key { return Key{executionPK(r.Execution), "graph"} }

// Key implements [Record].
func (r *Globals) Key() Key { return Key{executionPK(r.Execution), "globals"} }

func actionPrefix(task string, round int) string {
	return fmt.Sprintf("act#%s#%03d#", task, round)
}

const executionsIndex = "executions"

// Records reads and writes records over a table.
type Records struct{ table Table }

// NewRecords returns the records that table holds.
func NewRecords(table Table) *Records { return &Records{table} }

// Load reads the records at once, each found by its identifying fields. One
// that is not stored keeps its fields and has Version 0.
func (r *Records) Load(ctx context.Context, records ...Record) error {
	if len(records) == 1 {
		item, err := r.table.Get(ctx, records[0].Key())
		if errors.Is(err, ErrNotFound) {
			records[0].base().Version = 0
			return nil
		}
		if err != nil {
			return err
		}
		return decodeRecord(item, records[0])
	}
	keys := make([]Key, len(records))
	for i, rec := range records {
		keys[i] = rec.Key()
	}
	items, err := r.table.BatchGet(ctx, keys)
	if err != nil {
		return err
	}
	found := make(map[Key]Item, len(items))
	for _, item := range items {
		found[item.Key] = item
	}
	for i, rec := range records {
		item, ok := found[keys[i]]
		if !ok {
			rec.base().Version = 0
			continue
		}
		if err := decodeRecord(item, rec); err != nil {
			return err
		}
	}
	return nil
}

func decodeRecord(item Item, rec Record) error {
	if err := json.Unmarshal(item.Body, rec); err != nil {
		return fmt.Errorf("record %s %s: %w", item.PK, item.SK, err)
	}
	rec.base().Version = item.Version
	return nil
}

// Save writes the records, all or none. A record of Version 0 must not be
// stored yet, any other must be stored in that version; otherwise Save returns
// a [*ConflictError]. The records then have their new versions.
func (r *Records) Save(ctx context.Context, records ...Record) error {
	return r.write(ctx, records, func(rec Record) Condition {
		if v := rec.base().Version; v > 0 {
			return IfVersion(v)
		}
		return IfAbsent()
	})
}

// Put writes the records whether they are stored already or not, a hundred at a
// time. It is for what is computed again to the same end.
func (r *Records) Put(ctx context.Context, records ...Record) error {
	for batch := range slices.Chunk(records, 100) {
		if err := r.write(ctx, batch, func(Record) Condition { return Always() }); err != nil {
			return err
		}
	}
	return nil
}

func (r *Records) write(ctx context.Context, records []Record, cond func(Record) Condition) error {
	writes := make([]Write, len(records))
	for i, rec := range records {
		body, err := json.Marshal(rec)
		if err != nil {
			return fmt.Errorf("record %v: %w", rec.Key(), err)
		}
		item := Item{Key: rec.Key(), Body: body}
		if x, ok := rec.(*Execution); ok {
			item.Index = Index{PK: executionsIndex, SK: x.CreatedAt.UTC().Format(sortableTime) + "#" + x.ID}
		}
		writes[i] = Put(item, cond(rec))
	}
	if err := r.table.Write(ctx, writes...); err != nil {
		return err
	}
	for _, rec := range records {
		rec.base().Version++
	}
	return nil
}

// sortableTime is RFC 3339 with a fixed number of digits.
const sortableTime = "2006-01-02T15:04:05.000000Z"

// Execution returns the head of an execution, or an error that is
// [ErrNoExecution].
func (r *Records) Execution(ctx context.Context, id string) (*Execution, error) {
	x := &Execution{ID: id}
	if err := r.Load(ctx, x); err != nil {
		return nil, err
	}
	if x.Version == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoExecution, id)
	}
	return x, nil
}

// Executions returns the heads of executions, the latest first, and a cursor
// for more ("" at the end). limit 0 means 100.
func (r *Records) Executions(ctx context.Context, limit int, cursor string) ([]*Execution, string, error) {
	if limit == 0 {
		limit = 100
	}
	page, err := r.table.Query(ctx, Query{PK: executionsIndex, Index: true, Limit: limit, Cursor: cursor, Descending: true})
	if err != nil {
		return nil, "", err
	}
	out := make([]*Execution, len(page.Items))
	for i, item := range page.Items {
		out[i] = &Execution{}
		if err := decodeRecord(item, out[i]); err != nil {
			return nil, "", err
		}
	}
	return out, page.Cursor, nil
}

// Delete removes all records of an execution, the head last: what is cut off
// can be done again.
func (r *Records) Delete(ctx context.Context, id string) error {
	head := (&Execution{ID: id}).Key()
	var writes []Write
	for item, err := range All(ctx, r.table, Query{PK: head.PK}) {
		if err != nil {
			return err
		}
		if item.Key != head {
			writes = append(writes, Delete(item.Key, Always()))
		}
	}
	for batch := range slices.Chunk(append(writes, Delete(head, Always())), MaxWrites) {
		if err := r.table.Write(ctx, batch...); err != nil {
			return err
		}
	}
	return nil
}

// Start returns what an execution started from, or an error that is
// [ErrNoExecution].
func (r *Records) Start(ctx context.Context, id string) (*Start, error) {
	s := &Start{ID: id}
	if err := r.Load(ctx, s); err != nil {
		return nil, err
	}
	if s.Version == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoExecution, id)
	}
	return s, nil
}

// Tasks returns an execution's task executions, in the order of their start.
func (r *Records) Tasks(ctx context.Context, execution string) ([]*Task, error) {
	tasks, err := query[Task](ctx, r.table, executionPK(execution), "task#")
	slices.SortStableFunc(tasks, func(a, b *Task) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return tasks, err
}

// Actions returns a task execution's action executions of one round, by index.
func (r *Records) Actions(ctx context.Context, t *Task) ([]*Action, error) {
	return query[Action](ctx, r.table, executionPK(t.Execution), actionPrefix(t.ID, t.Round))
}

// TaskResult returns what a finished task gave: the list of a with-items task,
// else what its one action or sub-workflow gave; nil for one that goes on, and
// an empty list where nothing came to an end.
func (r *Records) TaskResult(ctx context.Context, t *Task) (any, error) {
	if t.FinishedAt.IsZero() {
		return r.unfinishedResult(ctx, t)
	}
	if t.WithItems {
		res := &Result{Execution: t.Execution, Task: t.ID}
		err := r.Load(ctx, res)
		return res.Result.V, err
	}
	a := &Action{Execution: t.Execution, Task: t.ID, Round: t.Round}
	if err := r.Load(ctx, a); err != nil {
		return nil, err
	}
	if a.Version == 0 || a.ErrorName == TimedOut {
		return []any{}, nil // no action came to an end: Mistral has a list of none
	}
	return a.Output.V, nil
}

// unfinishedResult is what Mistral gives for the result of a task that waits: what
// its items came to so far.
func (r *Records) unfinishedResult(ctx context.Context, t *Task) (any, error) {
	if t.State != "IDLE" && t.State != "PAUSED" {
		return nil, nil
	}
	results := []any{}
	if !t.WithItems {
		return results, nil
	}
	acts, err := r.Actions(ctx, t)
	for _, a := range acts {
		if !a.FinishedAt.IsZero() {
			results = append(results, a.Output.V)
		}
	}
	return results, err
}

// OutputOf returns an execution's output: {} before its end.
func (r *Records) OutputOf(ctx context.Context, execution string) (any, error) {
	out := &Output{ID: execution}
	if err := r.Load(ctx, out); err != nil {
		return nil, err
	}
	if out.Version == 0 {
		return value.NewMap(0), nil
	}
	return out.Output.V, nil
}

// AllActions returns a task execution's action executions of all rounds, in
// their order.
func (r *Records) AllActions(ctx context.Context, t *Task) ([]*Action, error) {
	return query[Action](ctx, r.table, executionPK(t.Execution), "act#"+t.ID+"#")
}

func query[T any, P interface {
	*T
	Record
}](ctx context.Context, table Table, pk, prefix string) ([]*T, error) {
	var out []*T
	q := Query{PK: pk, SKPrefix: prefix}
	for {
		page, err := table.Query(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			rec := new(T)
			if err := decodeRecord(item, P(rec)); err != nil {
				return nil, err
			}
			out = append(out, rec)
		}
		if page.Cursor == "" {
			return out, nil
		}
		q.Cursor = page.Cursor
	}
}
