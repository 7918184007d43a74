package interp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/local/interp/simclock"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"pgregory.net/rapid"
)

const waitText = `{"QueryLanguage":"JSONata","StartAt":"T","States":{
"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"${F}","Payload":"{% $states.input %}"},"Output":"{% $states.result.Payload %}","Next":"U"},
"U":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"${G}","Payload":"{% $states.input %}"},"Output":"{% $states.result.Payload %}","End":true}}}`

// TestStopAndResume cancels the context of a run while its second task is under
// way: nothing of the first is done again, the second is called again as it was.
func TestStopAndResume(t *testing.T) {
	started := make(chan TaskCall, 10)
	stuck := atomic.Bool{}
	stuck.Store(true)
	invoke := func(ctx context.Context, c TaskCall) (any, error) {
		started <- c
		if c.State == "U" && stuck.Load() {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return c.Function, nil
	}
	in := New(Options{Invoke: invoke, Substitutions: map[string]string{"F": "first"}})
	mustDefine(t, in, "m", waitText)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := in.Start(ctx, StartInput{Machine: "m", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	first, second := <-started, <-started
	if first.Function != "first" || second.Function != "${G}" {
		t.Errorf("called %q and %q", first.Function, second.Function)
	}
	cancel()
	var stopped *StoppedError
	if _, err := r.Wait(t.Context()); !errors.As(err, &stopped) {
		t.Fatalf("Wait gives %v", err)
	}
	stuck.Store(false)
	if r, err = in.Resume(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	o, err := r.Wait(t.Context())
	if err != nil || o.Status != Succeeded || o.Output != "${G}" {
		t.Fatal(o, err)
	}
	again := <-started
	if diff := cmp.Diff(fmt.Sprintf("%+v", second), fmt.Sprintf("%+v", again)); diff != "" {
		t.Errorf("the call after the resumption is another: %s", diff)
	}
	if len(started) > 0 {
		t.Errorf("called %v too", <-started)
	}
}

// TestStopTakesResults stops while a call is under way that succeeds
// nevertheless: it is not made again.
func TestStopTakesResults(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	in := New(Options{Invoke: func(callCtx context.Context, c TaskCall) (any, error) {
		if calls.Add(1) == 1 {
			cancel()
			<-callCtx.Done()
		}
		return c.State, nil
	}})
	mustDefine(t, in, "m", waitText)
	r, err := in.Start(ctx, StartInput{Machine: "m", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Wait(t.Context()); err == nil {
		t.Fatal("did not stop")
	}
	if r, err = in.Resume(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if o, err := r.Wait(t.Context()); err != nil || o.Output != "U" || calls.Load() != 2 {
		t.Fatal(o, err, calls.Load())
	}
}

// TestStopOfBusyMachine stops one that never waits.
func TestStopOfBusyMachine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var events atomic.Int64
	in := New(Options{HistoryLimit: -1, NoHistory: true, Observe: func(Event) {
		if events.Add(1) == 10000 {
			cancel()
		}
	}})
	mustDefine(t, in, "m", `{"QueryLanguage":"JSONata","StartAt":"P","States":{"P":{"Type":"Choice","Choices":[{"Condition":false,"Next":"E"}],"Default":"Q"},"Q":{"Type":"Pass","Next":"P"},"E":{"Type":"Succeed"}}}`)
	r, err := in.Start(ctx, StartInput{Machine: "m"})
	if err != nil {
		t.Fatal(err)
	}
	if o, err := r.Wait(t.Context()); err == nil {
		t.Fatal(o)
	}
}

func TestAbort(t *testing.T) {
	running := make(chan struct{}, 1)
	in := New(Options{Invoke: func(ctx context.Context, _ TaskCall) (any, error) {
		running <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	mustDefine(t, in, "m", waitText)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, name := range []string{"live", "idle"} {
		r, err := in.Start(ctx, StartInput{Machine: "m", Name: name})
		if err != nil {
			t.Fatal(err)
		}
		<-running
		if name == "idle" {
			cancel()
			_, _ = r.Wait(t.Context())
		}
		if err := in.Abort(t.Context(), name, "Why", "so"); err != nil {
			t.Fatal(err)
		}
		if r, err = in.Resume(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		o, err := r.Wait(t.Context())
		if err != nil || o.Status != Aborted || o.Error != "Why" || o.Cause != "so" {
			t.Errorf("%s: %v %v", name, o, err)
		}
		events, err := in.History(t.Context(), name)
		if err != nil || events[len(events)-1].Type != "ExecutionAborted" {
			t.Errorf("%s: %v %v", name, events, err)
		}
	}
}

func TestNames(t *testing.T) {
	in := New(Options{Invoke: func(context.Context, TaskCall) (any, error) { return nil, nil }})
	mustDefine(t, in, "arn:aws:states:r:1:stateMachine:m", waitText)
	start := func(machine, name string, input any) (*Run, error) {
		return in.Start(t.Context(), StartInput{Machine: machine, Name: name, Input: input})
	}
	r, err := start("m", "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	var exists *ExecutionExistsError
	if _, err := start("m", "x", nil); !errors.As(err, &exists) {
		t.Errorf("an ended name: %v", err)
	}
	var missing *NotFoundError
	if _, err := start("n", "y", nil); !errors.As(err, &missing) {
		t.Errorf("an unknown machine: %v", err)
	}
	if _, err := in.Resume(t.Context(), "y"); !errors.As(err, &missing) {
		t.Errorf("an unknown execution: %v", err)
	}
	if _, err := in.History(t.Context(), "y"); !errors.As(err, &missing) {
		t.Errorf("an unknown history: %v", err)
	}
	if err := in.SendTaskSuccess(t.Context(), "nonsense", 1); !errors.As(err, &missing) {
		t.Errorf("an unknown token: %v", err)
	}
	for _, bad := range []string{"a b", "a/b", "a\x01", strings.Repeat("n", 81), "ä*"} {
		if _, err := start("m", bad, nil); err == nil {
			t.Errorf("the name %q is taken", bad)
		}
	}
	if err := in.Forget(t.Context(), "x"); err != nil {
		t.Error(err)
	}
	if _, err := start("arn:aws:states:r:1:stateMachine:m", "x", nil); err != nil {
		t.Errorf("a forgotten name: %v", err)
	}
	if _, err := start("m", "big", strings.Repeat("x", DefaultPayloadLimit)); err == nil {
		t.Error("an input of 256 KiB and two quotes is taken")
	}
}

// NotThere is an error as a function of this project returns it.
type NotThere struct{ what string }

func (e NotThere) Error() string { return e.what }

// TestErrorsOfFunctions compares names and causes with what Lambda gives.
func TestErrorsOfFunctions(t *testing.T) {
	for _, c := range []struct {
		give        func() error
		name, cause string
	}{
		{func() error { return NotThere{`no <server> "a"`} }, "NotThere", `{"errorMessage":"no \u003cserver\u003e \"a\"","errorType":"NotThere"}`},
		{func() error { return &NotThere{"x"} }, "NotThere", `{"errorMessage":"x","errorType":"NotThere"}`},
		{func() error { return &StateError{Name: "My.Error", Cause: "text"} }, "My.Error", "text"},
		{func() error { panic("boom") }, "string", `{"errorMessage":"boom","errorType":"string"}`},
	} {
		in := New(Options{Invoke: func(context.Context, TaskCall) (any, error) { return nil, c.give() }})
		mustDefine(t, in, "m", waitText)
		if o := run(t, in, "m", nil); o.Error != c.name || o.Cause != c.cause {
			t.Errorf("got %s %s, want %s %s", o.Error, o.Cause, c.name, c.cause)
		}
	}
}

// TestItemsRunAtOnce holds 100 calls until all of them are there.
func TestItemsRunAtOnce(t *testing.T) {
	const n = 100
	var all sync.WaitGroup
	all.Add(n)
	in := New(Options{Invoke: func(context.Context, TaskCall) (any, error) {
		all.Done()
		all.Wait()
		return nil, nil
	}})
	mustDefine(t, in, "m", mapText)
	if o := run(t, in, "m", items(n)); o.Status != Succeeded {
		t.Fatal(o)
	}
}

// countJournal counts what is saved.
type countJournal struct {
	MemoryJournal
	bytes, records atomic.Int64
}

func (j *countJournal) Save(ctx context.Context, execution string, changes []Change) error {
	for _, c := range changes {
		j.bytes.Add(int64(len(c.Key) + len(c.Value)))
		j.records.Add(1)
	}
	return j.MemoryJournal.Save(ctx, execution, changes)
}

// TestJournalGrowsLinearly saves Maps of 200 and 2,000 items: bytes and records
// per item stay the same. (An item is 5 events and at most 3 records of its
// frame, and each record has about 300 bytes.)
func TestJournalGrowsLinearly(t *testing.T) {
	for _, n := range []int64{200, 2000} {
		j := &countJournal{MemoryJournal: MemoryJournal{runs: map[string]map[string][]byte{}}}
		in := New(Options{Journal: j, Invoke: func(_ context.Context, c TaskCall) (any, error) { return c.Payload, nil }})
		mustDefine(t, in, "m", mapText)
		if o := run(t, in, "m", items(int(n))); o.Status != Succeeded {
			t.Fatal(o)
		}
		if per := j.bytes.Load() / n; per > 5000 {
			t.Errorf("%d items: %d bytes each", n, per)
		}
		if per := float64(j.records.Load()) / float64(n); per > 12 {
			t.Errorf("%d items: %v records each", n, per)
		}
		left, _ := j.List(t.Context())
		records, _ := j.Load(t.Context(), left[0], keyFrame)
		if len(records) > 0 {
			t.Errorf("%d frames are left", len(records))
		}
	}
}

// failJournal fails from a save on.
type failJournal struct {
	MemoryJournal
	saves int
}

func (j *failJournal) Save(ctx context.Context, execution string, changes []Change) error {
	if j.saves--; j.saves < 0 {
		return errors.New("disk full")
	}
	return j.MemoryJournal.Save(ctx, execution, changes)
}

func TestJournalFailureStopsTheRun(t *testing.T) {
	for saves := range 2 {
		in := New(Options{
			Journal: &failJournal{MemoryJournal: MemoryJournal{runs: map[string]map[string][]byte{}}, saves: saves},
			Invoke:  func(context.Context, TaskCall) (any, error) { return nil, nil },
		})
		mustDefine(t, in, "m", waitText)
		r, err := in.Start(t.Context(), StartInput{Machine: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if o, err := r.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%v, %v", o, err)
		}
	}
}

// TestHistoryShape compares the JSON of events with the shape that
// GetExecutionHistory documents.
func TestHistoryShape(t *testing.T) {
	clock := simclock.New(epoch)
	in := New(Options{Clock: clock, Region: "eu-west-1", Invoke: func(context.Context, TaskCall) (any, error) {
		return value.MapOf("a", "<1>"), nil
	}})
	mustDefine(t, in, "m", `{"QueryLanguage":"JSONata","StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","TimeoutSeconds":9,"Arguments":{"FunctionName":"f","Payload":1},"Assign":{"v":"{% $states.result.StatusCode %}"},"Output":"{% $states.result.Payload.a %}","End":true}}}`)
	clock.Busy(1)
	r, err := in.Start(t.Context(), StartInput{Machine: "m", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := in.History(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		b, err := e.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Replace(string(b), `"timestamp":"2026-01-02T03:04:05.000Z",`, "", 1))
	}
	want := []string{
		`{"type":"ExecutionStarted","id":1,"previousEventId":0,"executionStartedEventDetails":{"input":"{}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::000000000000:role/local"}}`,
		`{"type":"TaskStateEntered","id":2,"previousEventId":0,"stateEnteredEventDetails":{"name":"T","input":"{}","inputDetails":{"truncated":false}}}`,
		`{"type":"TaskScheduled","id":3,"previousEventId":2,"taskScheduledEventDetails":{"resource":"invoke","resourceType":"lambda","region":"eu-west-1","parameters":"{\"FunctionName\":\"f\",\"Payload\":1}","timeoutInSeconds":9}}`,
		`{"type":"TaskStarted","id":4,"previousEventId":3,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}`,
		`{"type":"TaskSucceeded","id":5,"previousEventId":4,"taskSucceededEventDetails":{"output":"{\"ExecutedVersion\":\"$LATEST\",\"Payload\":{\"a\":\"<1>\"},\"StatusCode\":200}","outputDetails":{"truncated":false},"resource":"invoke","resourceType":"lambda"}}`,
		`{"type":"TaskStateExited","id":6,"previousEventId":5,"stateExitedEventDetails":{"name":"T","output":"\"<1>\"","outputDetails":{"truncated":false},"assignedVariables":{"v":"200"},"assignedVariablesDetails":{"truncated":false}}}`,
		`{"type":"ExecutionSucceeded","id":7,"previousEventId":6,"executionSucceededEventDetails":{"output":"\"<1>\"","outputDetails":{"truncated":false}}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for _, e := range events {
		b, _ := json.Marshal(e)
		var back Event
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatal(err)
		}
		back.Execution = e.Execution
		if diff := cmp.Diff(e, back); diff != "" {
			t.Error(diff)
		}
	}
}

// TestPlainPathsAreAsJSONata compares the short way for `$x.a.b` with gnata.
func TestPlainPathsAreAsJSONata(t *testing.T) {
	leaf := rapid.SampledFrom([]any{nil, true, int64(1), 2.5, "s", []any{}, []any{int64(1)}, []any{int64(1), int64(2)}})
	keys := rapid.SampledFrom([]string{"a", "b", "c"})
	var tree func(depth int) *rapid.Generator[any]
	tree = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return leaf
		}
		return rapid.Custom(func(t *rapid.T) any {
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				return leaf.Draw(t, "leaf")
			case 1:
				return rapid.SliceOfN(tree(depth-1), 0, 3).Draw(t, "list")
			}
			m := value.NewMap(0)
			for _, k := range rapid.SliceOfN(keys, 0, 3).Draw(t, "keys") {
				m.Set(k, tree(depth-1).Draw(t, k))
			}
			return m
		})
	}
	rapid.Check(t, func(t *rapid.T) {
		ex := &execution{}
		fr := &frame{ex: ex, scope: &scope{}}
		env := &environment{fr: fr, input: tree(3).Draw(t, "input")}
		src := " $states.input"
		for _, k := range rapid.SliceOfN(keys, 0, 4).Draw(t, "path") {
			src += "." + k
		}
		short, err := compileExpression(src)
		if err != nil || short.path == nil {
			t.Fatalf("%s is no plain path: %v", src, err)
		}
		long := *short
		long.path = nil
		want, wantErr := long.eval(env)
		got, gotErr := short.eval(env)
		if !value.Equal(got, want) || fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
			t.Fatalf("%s of %s: %v %v, gnata %v %v", src, encode(env.input), got, gotErr, want, wantErr)
		}
	})
}

func TestObserveSeesAll(t *testing.T) {
	var mu sync.Mutex
	var types []string
	in := New(Options{NoHistory: true, Observe: func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		types = append(types, fmt.Sprint(e.ID, " ", e.Type))
	}})
	mustDefine(t, in, "m", `{"QueryLanguage":"JSONata","StartAt":"M","States":{"M":{"Type":"Map","Items":[1],"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}},"End":true}}}`)
	run(t, in, "m", nil)
	want := []string{"1 ExecutionStarted", "2 MapStateEntered", "3 MapStateStarted", "4 MapRunStarted", "0 PassStateEntered",
		"0 PassStateExited", "5 MapRunSucceeded", "6 MapStateSucceeded", "7 MapStateExited", "8 ExecutionSucceeded"}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Error(diff)
	}
}

// TestDefinitionIsKept resumes in an interpreter that knows no machine.
func TestDefinitionIsKept(t *testing.T) {
	j := NewMemoryJournal()
	ctx, cancel := context.WithCancel(t.Context())
	in := New(Options{Journal: j, Invoke: func(context.Context, TaskCall) (any, error) {
		cancel()
		return nil, errors.New("stopping")
	}})
	mustDefine(t, in, "m", waitText)
	r, err := in.Start(ctx, StartInput{Machine: "m", Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Wait(t.Context()); err == nil {
		t.Fatal("did not stop")
	}
	in = New(Options{Journal: j, Invoke: func(_ context.Context, c TaskCall) (any, error) { return c.State, nil }})
	if r, err = in.Resume(t.Context(), "x"); err != nil {
		t.Fatal(err)
	}
	if o, err := r.Wait(t.Context()); err != nil || o.Output != "U" {
		t.Error(o, err)
	}
}

func FuzzDefine(f *testing.F) {
	f.Add([]byte(waitText))
	f.Add([]byte(mapText))
	f.Add([]byte(childText))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := asl.Decode(data)
		if err != nil {
			return
		}
		in := New(Options{HistoryLimit: 300, Clock: simclock.New(epoch), Invoke: func(context.Context, TaskCall) (any, error) { return nil, nil }})
		if in.Define("m", m) != nil {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		r, err := in.Start(ctx, StartInput{Machine: "m"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Wait(context.WithoutCancel(ctx)); err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
	})
}
