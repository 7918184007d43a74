package interp

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/local/interp/simclock"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"pgregory.net/rapid"
)

// cutJournal remembers every cut, so that a test can go back to any.
type cutJournal struct {
	MemoryJournal
	clock *simclock.Clock
	mu    sync.Mutex
	cuts  []journalCut
}

type journalCut struct {
	execution string
	changes   []Change
	at        time.Time
}

func newCutJournal(clock *simclock.Clock) *cutJournal {
	return &cutJournal{MemoryJournal: MemoryJournal{runs: map[string]map[string][]byte{}}, clock: clock}
}

func (j *cutJournal) Save(ctx context.Context, execution string, changes []Change) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.cuts = append(j.cuts, journalCut{execution, changes, j.clock.Now()})
	return j.MemoryJournal.Save(ctx, execution, changes)
}

// machineGen draws definitions whose outcome does not depend on which of two
// things that happen at once comes first: all errors are the same.
type machineGen struct {
	t      *rapid.T
	states int
}

func (g *machineGen) name() string {
	g.states++
	return fmt.Sprintf("S%d", g.states)
}

func (g *machineGen) pick(label string, options ...string) string {
	return rapid.SampledFrom(options).Draw(g.t, label)
}

// scope draws a machine that is a chain of states; vars are the variables that
// it may read.
func (g *machineGen) scope(depth int, vars []string) *asl.Machine {
	m := &asl.Machine{States: &asl.States{}}
	n := rapid.IntRange(1, 4).Draw(g.t, "states")
	names := make([]string, n)
	for i := range names {
		names[i] = g.name()
	}
	m.StartAt = names[0]
	for i, name := range names {
		next := ""
		if i+1 < n {
			next = names[i+1]
		}
		s := g.state(depth, &vars)
		if next != "" {
			s.Next = next
		} else {
			s.End = true
		}
		m.States.Add(name, s)
	}
	return m
}

// digest is an expression that depends on all that it may depend on.
func (g *machineGen) digest(of string, vars []string) string {
	parts := []string{of, "$uuid()", "$random()"}
	for _, v := range vars {
		parts = append(parts, "$"+v)
	}
	return fmt.Sprintf("{%% $hash($string([%s]), 'MD5') %%}", strings.Join(parts, ", "))
}

func (g *machineGen) state(depth int, vars *[]string) *asl.State {
	kinds := []string{"Pass", "Task", "Task", "Wait"}
	if depth > 0 {
		kinds = append(kinds, "Parallel", "Map", "Distributed", "Child")
	}
	s := &asl.State{}
	result := "$states.result"
	switch kind := g.pick("type", kinds...); kind {
	case "Pass":
		s.Type = asl.TypePass
		result = "$states.input"
	case "Wait":
		s.Type, s.Seconds = asl.TypeWait, int64(rapid.IntRange(0, 5).Draw(g.t, "seconds"))
		result = "$states.input"
	case "Task":
		g.task(s, *vars)
	case "Parallel":
		s.Type = asl.TypeParallel
		for range rapid.IntRange(1, 3).Draw(g.t, "branches") {
			s.Branches = append(s.Branches, g.scope(depth-1, *vars))
		}
	case "Map", "Distributed":
		g.mapState(s, kind, depth, *vars)
	case "Child":
		s.Type, s.Resource = asl.TypeTask, "arn:aws:states:::states:startExecution.sync:2"
		s.Arguments = value.MapOf("StateMachineArn", "child", "Input", value.MapOf("x", "{% $states.input %}"))
		result = "$states.result.Output"
	}
	if s.Type != asl.TypePass && s.Type != asl.TypeWait && rapid.Bool().Draw(g.t, "retry") {
		most := int64(rapid.IntRange(0, 3).Draw(g.t, "attempts"))
		s.Retry = []*asl.Retrier{{ErrorEquals: []string{ErrTimeout}, MaxAttempts: &most, JitterStrategy: g.pick("jitter", "", "FULL")}}
	}
	s.Output = g.digest(result, *vars)
	if rapid.Bool().Draw(g.t, "assign") {
		v := fmt.Sprintf("v%d", g.states)
		s.Assign = value.MapOf(v, g.digest(result, *vars))
		*vars = append(append([]string(nil), *vars...), v)
	}
	return s
}

func (g *machineGen) task(s *asl.State, vars []string) {
	s.Type, s.Resource = asl.TypeTask, "arn:aws:states:::lambda:invoke"
	fn := g.pick("function", "ok", "ok", "slow", "fail1", "fail2", "fail9", "hang", "token")
	payload := value.MapOf("x", g.digest("$states.input", vars))
	if fn == "hang" {
		s.TimeoutSeconds = int64(3)
	}
	if fn == "token" {
		s.Resource += ".waitForTaskToken"
		payload.Set("token", "{% $states.context.Task.Token %}")
	}
	s.Arguments = value.MapOf("FunctionName", fn, "Payload", payload)
}

func (g *machineGen) mapState(s *asl.State, kind string, depth int, vars []string) {
	s.Type = asl.TypeMap
	n := rapid.IntRange(0, 6).Draw(g.t, "items")
	list := make([]any, n)
	for i := range list {
		list[i] = int64(i)
	}
	s.Items = list
	if kind == "Distributed" {
		s.ItemProcessor = g.scope(depth-1, nil)
		s.ItemProcessor.ProcessorConfig = &asl.ProcessorConfig{Mode: "DISTRIBUTED", ExecutionType: "STANDARD"}
		s.ToleratedFailurePercentage = int64(100)
		if rapid.Bool().Draw(g.t, "batch") {
			s.ItemBatcher = value.MapOf("MaxItemsPerBatch", 2)
		}
	} else {
		s.ItemProcessor = g.scope(depth-1, vars)
		s.ItemSelector = value.MapOf("i", "{% $states.context.Map.Item.Index %}", "in", "{% $states.input %}")
	}
	if rapid.Bool().Draw(g.t, "bounded") {
		s.MaxConcurrency = int64(2)
	}
}

// world is what lives on when an interpreter dies: functions that know what
// they were called with, and who holds task tokens.
type world struct {
	mu     sync.Mutex
	called map[string]string // what each call was given, by what it is
	tokens map[string]bool
	differ string
}

// invoke is a function that gives for the same call always the same.
func (w *world) invoke(clock *simclock.Clock) func(context.Context, TaskCall) (any, error) {
	return func(ctx context.Context, c TaskCall) (any, error) {
		id := fmt.Sprintf("%s %s %d %s %d", c.Execution, c.Path, c.Visit, c.State, c.RetryCount)
		payload := string(encode(c.Payload))
		w.mu.Lock()
		if before, ok := w.called[id]; ok && before != payload {
			w.differ = fmt.Sprintf("call %s was given %s, then %s", id, before, payload)
		}
		w.called[id] = payload
		if c.TaskToken != "" {
			w.tokens[c.TaskToken] = true
		}
		w.mu.Unlock()
		switch c.Function {
		case "slow":
			clock.Sleep(2*time.Second, ctx.Done())
		case "hang":
			clock.Hang(ctx.Done())
			return nil, ctx.Err()
		case "fail1", "fail2", "fail9":
			if c.RetryCount < int(c.Function[4]-'0') {
				return nil, &StateError{Name: ErrTimeout} // as what hangs
			}
		}
		return c.Payload, nil
	}
}

// answerTokens returns every token that was given out, again and again until
// the run ends, as a holder that does not know that the interpreter died.
func (w *world) answerTokens(in *Interpreter, clock *simclock.Clock, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		w.mu.Lock()
		tokens := maps.Clone(w.tokens)
		w.mu.Unlock()
		for t := range tokens {
			_ = in.SendTaskSuccess(context.Background(), t, "token")
		}
		clock.Sleep(time.Second, done)
	}
}

const childText = `{"QueryLanguage":"JSONata","StartAt":"KT","States":{"KT":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"slow","Payload":"{% [$states.input.x, $uuid()] %}"},"Output":"{% $states.result.Payload %}","Next":"KW"},"KW":{"Type":"Wait","Seconds":1,"End":true}}}`

func (w *world) interpreter(t *rapid.T, clock *simclock.Clock, j Journal, m *asl.Machine, before bool) *Interpreter {
	in := New(Options{Clock: clock, Journal: j, Invoke: w.invoke(clock), Rand: zeros{}, SaveBeforeInvoke: before})
	child, err := asl.Decode([]byte(childText))
	if err != nil {
		t.Fatal(err)
	}
	for name, def := range map[string]*asl.Machine{"main": m, "child": child} {
		if err := in.Define(name, def); err != nil {
			t.Fatalf("%v", err)
		}
	}
	return in
}

// wait waits for the end of a run while its tokens are answered.
func (w *world) wait(t *rapid.T, in *Interpreter, clock *simclock.Clock, r *Run) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	clock.Busy(1)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		w.answerTokens(in, clock, r.Done())
		clock.Busy(-1)
	}()
	o, err := r.Wait(ctx)
	if err != nil {
		panic(fmt.Sprintf("%v; %v", err, clock))
	}
	<-answered
	return string(encode(value.MapOf("status", string(o.Status), "output", o.Output, "error", o.Error)))
}

// TestResumeEndsAsIfNothingHadHappened runs random machines, goes back to a
// random cut of the journal, as a crash would, and resumes there.
func TestResumeEndsAsIfNothingHadHappened(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &machineGen{t: t}
		m := g.scope(2, nil)
		m.QueryLanguage = asl.QueryLanguage
		before := rapid.Bool().Draw(t, "save before invoke")
		w := &world{called: map[string]string{}, tokens: map[string]bool{}}
		clock := simclock.New(epoch)
		journal := newCutJournal(clock)
		in := w.interpreter(t, clock, journal, m, before)
		clock.Busy(1)
		r, err := in.Start(context.Background(), StartInput{Machine: "main", Name: "run", Input: "in"})
		if err != nil {
			t.Fatal(err)
		}
		clock.Busy(-1)
		want := w.wait(t, in, clock, r)

		journal.mu.Lock()
		cuts := journal.cuts
		journal.mu.Unlock()
		k := rapid.IntRange(1, len(cuts)).Draw(t, "killed after cut")
		after := simclock.New(cuts[k-1].at)
		restored := newCutJournal(after)
		for _, c := range cuts[:k] {
			_ = restored.MemoryJournal.Save(context.Background(), c.execution, c.changes)
		}
		in2 := w.interpreter(t, after, restored, m, before)
		after.Busy(1)
		r2, err := in2.Resume(context.Background(), "run")
		if err != nil {
			t.Fatal(err)
		}
		after.Busy(-1)
		if diff := cmp.Diff(want, w.wait(t, in2, after, r2)); diff != "" {
			text, _ := asl.Format(m)
			t.Fatalf("killed after cut %d of %d: -want +got:\n%s\n%s", k, len(cuts), diff, text)
		}
		if w.differ != "" {
			t.Fatal(w.differ)
		}
		leftovers(t, restored)
	})
}

// leftovers checks that an ended execution keeps only what tells its story.
func leftovers(t *rapid.T, j *cutJournal) {
	records, _ := j.Load(context.Background(), "run", "")
	for _, rec := range records {
		if rec.Key != keyStart && rec.Key != keyMeta && !strings.HasPrefix(rec.Key, keyHistory) {
			t.Fatalf("the execution has ended and keeps %s: %s", rec.Key, rec.Value)
		}
	}
}
