package interp

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/local/interp/simclock"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

var update = flag.Bool("update", false, "write what came out into the suite's histories")

// epoch is when simulated time begins.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// mock answers the calls of one function. Its script is a list, an entry per
// call (the last goes on for ever):
//
//	{"result": ANY}   {"error": NAME, "cause": TEXT}   with "after": SECONDS
//	{"hang": true}    {"echo": true} gives the payload
//	{"token": {"result"|"error", "after"}, ...} returns the task token then
type mock struct {
	clock *simclock.Clock
	in    *Interpreter
	mu    sync.Mutex
	calls map[string]int
	plan  *value.Map
}

func (m *mock) next(c TaskCall) *value.Map {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.plan.Get(c.Function)
	if !ok {
		return value.MapOf("error", "NoSuchMock", "cause", c.Function)
	}
	script := v.([]any)
	n := m.calls[c.Function]
	m.calls[c.Function]++
	return script[min(n, len(script)-1)].(*value.Map)
}

func (m *mock) invoke(ctx context.Context, c TaskCall) (any, error) {
	entry := m.next(c)
	if token, ok := entry.Get("token"); ok {
		t := token.(*value.Map)
		m.clock.Busy(1)
		go func() {
			defer m.clock.Busy(-1)
			m.wait(t, nil)
			if beat, ok := t.Get("heartbeat"); ok {
				_ = m.in.SendTaskHeartbeat(context.Background(), c.TaskToken)
				m.clock.Sleep(seconds(beat), nil)
			}
			if e, ok := t.Get("error"); ok {
				_ = m.in.SendTaskFailure(context.Background(), c.TaskToken, e.(string), "")
				return
			}
			r, _ := t.Get("result")
			_ = m.in.SendTaskSuccess(context.Background(), c.TaskToken, r)
		}()
	}
	m.wait(entry, ctx.Done())
	if entry.Has("hang") {
		m.clock.Hang(ctx.Done())
		return nil, ctx.Err()
	}
	if e, ok := entry.Get("error"); ok {
		cause, _ := entry.Get("cause")
		s, _ := cause.(string)
		return nil, &StateError{Name: e.(string), Cause: s}
	}
	if entry.Has("echo") {
		return c.Payload, nil
	}
	r, _ := entry.Get("result")
	return r, nil
}

func (m *mock) wait(entry *value.Map, done <-chan struct{}) {
	if s, ok := entry.Get("after"); ok {
		m.clock.Sleep(seconds(s), done)
	}
}

func seconds(v any) time.Duration {
	return time.Second * time.Duration(v.(int64))
}

// suiteCase is one case of the suite, which knows nothing of this
// implementation: a definition (and others that it may start, by name), an
// input, answers of functions, and the outcome and the history that it has.
type suiteCase struct {
	definition, input, mocks, want, history []byte
	machines                                map[string][]byte
}

func parseCase(a *txtar.Archive) suiteCase {
	c := suiteCase{machines: map[string][]byte{}, input: []byte("{}"), mocks: []byte("{}")}
	for _, f := range a.Files {
		switch {
		case f.Name == "definition.json":
			c.definition = f.Data
		case f.Name == "input.json":
			c.input = f.Data
		case f.Name == "mocks.json":
			c.mocks = f.Data
		case f.Name == "outcome.json":
			c.want = f.Data
		case f.Name == "history":
			c.history = f.Data
		case strings.HasPrefix(f.Name, "machines/"):
			c.machines[strings.TrimSuffix(filepath.Base(f.Name), ".json")] = f.Data
		}
	}
	return c
}

// TestSuite runs testdata/suite: a file per clause of the language.
func TestSuite(t *testing.T) {
	files, err := filepath.Glob("testdata/suite/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := parseCase(archive)
			outcome, history := runCase(t, c)
			if diff := cmp.Diff(pretty(t, c.want), outcome); diff != "" && !*update {
				t.Errorf("outcome: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(string(c.history), history); c.history != nil && diff != "" && !*update {
				t.Errorf("history: -want +got:\n%s", diff)
			}
			if *update {
				updateCase(t, file, archive, outcome, history)
			}
		})
	}
}

func updateCase(t *testing.T, file string, a *txtar.Archive, outcome, history string) {
	t.Helper()
	found := false
	for i := range a.Files {
		switch a.Files[i].Name {
		case "history":
			a.Files[i].Data = []byte(history)
		case "outcome.json":
			a.Files[i].Data, found = []byte(outcome), true
		}
	}
	if !found {
		a.Files = append(a.Files, txtar.File{Name: "outcome.json", Data: []byte(outcome)})
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

func pretty(t *testing.T, text []byte) string {
	t.Helper()
	v, err := value.Decode(text)
	if err != nil {
		t.Fatalf("outcome.json: %v", err)
	}
	return string(encode(v)) + "\n"
}

// runCase runs a case and gives its outcome as one line of JSON and its history
// as a line per event.
func runCase(t *testing.T, c suiteCase) (outcome, history string) {
	t.Helper()
	clock := simclock.New(epoch)
	plan, err := value.Decode(c.mocks)
	if err != nil {
		t.Fatal(err)
	}
	m := &mock{clock: clock, calls: map[string]int{}, plan: plan.(*value.Map)}
	in := New(Options{Clock: clock, Invoke: m.invoke, Rand: zeros{}, Region: "eu-central-1"})
	m.in = in
	if text := defineError(in, "main", c.definition); text != "" {
		return text, ""
	}
	for name, def := range c.machines {
		if text := defineError(in, name, def); text != "" {
			t.Fatal(text)
		}
	}
	input, err := value.Decode(c.input)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	clock.Busy(1) // no time passes before the start
	r, err := in.Start(ctx, StartInput{Machine: "main", Name: "run", Input: input})
	clock.Busy(-1)
	if err != nil {
		t.Fatal(err)
	}
	o, err := r.Wait(ctx)
	if err != nil {
		t.Fatalf("%v; %v", err, clock)
	}
	events, err := in.History(ctx, "run")
	if err != nil {
		t.Fatal(err)
	}
	return outcomeText(o), historyText(events)
}

func outcomeText(o Outcome) string {
	out := value.NewMap(4)
	out.Set("status", string(o.Status))
	if o.Status == Succeeded {
		out.Set("output", o.Output)
	} else {
		out.Set("error", o.Error)
		out.Set("cause", o.Cause)
	}
	out.Set("seconds", int64(o.Stopped.Sub(o.Started)/time.Second))
	return string(encode(out)) + "\n"
}

func defineError(in *Interpreter, name string, text []byte) string {
	m, err := asl.Decode(text)
	if err == nil {
		err = in.Define(name, m)
	}
	if err == nil {
		return ""
	}
	return string(encode(value.MapOf("rejected", err.Error()))) + "\n"
}

func historyText(events []Event) string {
	var b bytes.Buffer
	for _, e := range events {
		fmt.Fprintf(&b, "%d %d %s", e.ID, e.Previous, e.Type)
		if e.Details.Name != "" {
			fmt.Fprintf(&b, " %s", e.Details.Name)
		}
		if e.Details.Index != nil {
			fmt.Fprintf(&b, " [%d]", *e.Details.Index)
		}
		if e.Details.Error != nil {
			fmt.Fprintf(&b, " %s", *e.Details.Error)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// zeros is randomness that has none.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
