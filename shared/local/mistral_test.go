package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/compile"
	"github.com/sirocco-workflows/sirocco/shared/dsl"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/local"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

const casesDir = "../../testdata/mistral"

// TestMistral holds the whole way (parse, compile, interpret, engine) to what
// Mistral itself was recorded to do with the same workflows.
func TestMistral(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(casesDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			runCase(t, readCase(t, path))
		})
	}
}

// mistralCase is one recorded case.
type mistralCase struct {
	workflow      []byte
	input, params *value.Map
	want          *value.Map // nil: Mistral's own outcome varies
	differs       string     // why ours is another on purpose
}

func readCase(t *testing.T, path string) mistralCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := mistralCase{input: value.NewMap(0), params: value.NewMap(0)}
	for _, f := range txtar.Parse(data).Files {
		switch f.Name {
		case "workflow.yaml":
			c.workflow = f.Data
		case "input.json":
			c.input = object(t, f.Data)
		case "params.json":
			c.params = object(t, f.Data)
		case "out/mistral.json":
			if c.want == nil {
				c.want = object(t, f.Data)
			}
		case "out/sirocco.json": // where we differ on purpose; "differs" says why
			c.want = object(t, f.Data)
			why, _ := c.want.Get("differs")
			c.differs, _ = why.(string)
			c.want.Delete("differs")
			if c.differs == "" {
				t.Fatalf("%s differs from Mistral without a reason", path)
			}
		}
	}
	return c
}

func object(t *testing.T, data []byte) *value.Map {
	t.Helper()
	v, err := value.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*value.Map)
}

func runCase(t *testing.T, c mistralCase) {
	if c.want == nil {
		t.Fatal("the case has no recorded outcome")
	}
	got := outcome(t, c)
	normalize(got)
	normalize(c.want)
	if unstable, _ := c.want.Get("unstable"); unstable != nil {
		state, _ := got.Get("state")
		if state != engine.Success && state != engine.Error {
			t.Errorf("state %v", state)
		}
		return
	}
	if diff := cmp.Diff(value.Plain(c.want), value.Plain(got)); diff != "" {
		t.Errorf("-mistral +sirocco:\n%s", diff)
	}
}

// outcome runs a case and describes what came of it as the recordings do.
func outcome(t *testing.T, c mistralCase) *value.Map {
	t.Helper()
	registry, err := actions.NewRegistry()
	if err != nil {
		t.Fatal(err)
	}
	file, diags := dsl.Parse("workflow.yaml", c.workflow, dsl.Options{})
	if diags.HasErrors() {
		return rejected(diags)
	}
	all, diags := compile.Files([]*dsl.File{file}, compile.Options{Registry: registry})
	if diags.HasErrors() {
		return rejected(diags)
	}
	r, err := local.New(local.Options{
		Table: memory.New(nil), Registry: registry,
		Actions: actions.NewRunner(registry, nil, actions.RunnerOptions{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	w, machines := choose(t, all, c.params)
	p, err := r.Load(ctx, machines)
	if err != nil {
		t.Fatal(err)
	}
	req := engine.StartRequest{Workflow: w.Spec, Input: c.input}
	if env, ok := c.params.Get("env"); ok {
		req.Env = env.(*value.Map)
	}
	head, err := r.Run(ctx, p, w.Machine, req)
	if err != nil {
		return value.MapOf("error", err.Error())
	}
	return describe(t, r.Records(), head)
}

func rejected(diags dsl.Diagnostics) *value.Map {
	return value.MapOf("error", diags.Error())
}

func choose(t *testing.T, all []*compile.Workflow, params *value.Map) (*compile.Workflow, local.Machines) {
	t.Helper()
	machines := local.Machines{}
	for _, w := range all {
		machines[w.Machine] = w.Definition
	}
	name, _ := params.Get("workflow")
	for _, w := range all {
		if name == nil || w.Name == name {
			return w, machines
		}
	}
	t.Fatalf("no workflow %v", name)
	return nil, nil
}

func describe(t *testing.T, records *store.Records, head *store.Execution) *value.Map {
	t.Helper()
	ctx := t.Context()
	tasks, err := records.Tasks(ctx, head.ID)
	if err != nil {
		t.Fatal(err)
	}
	out := &store.Output{ID: head.ID}
	if err := records.Load(ctx, out); err != nil {
		t.Fatal(err)
	}
	list := []any{}
	for _, task := range tasks {
		result, err := records.TaskResult(ctx, task)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, value.MapOf("name", task.Name, "state", task.State, "state_info", text(task.StateInfo),
			"published", task.Published, "result", result))
	}
	return value.MapOf("state", head.State, "state_info", text(head.StateInfo), "output", out.Output.V, "tasks", list)
}

func text(s *string) any {
	if s == nil {
		return nil
	}
	return *s
}

var (
	uuids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	raised   = regexp.MustCompile(`(?s)The action raised an exception \[action=.*?, action_ex_id=<uuid>, msg='(.*?)'\]`)
	faults   = regexp.MustCompile(`(?s)(Failed to (?:run task|handle action completion)) \[error=.*?, wf=([^,\]]*), task=([^,\]]*)(?:, action=[^\]]*)?\].*`)
	ofOutput = regexp.MustCompile(`(?s)(Failed to evaluate output|Can not evaluate .*|Failed to check.*)\[?.*`)
)

// normalize takes out of the texts what the two say in words of their own: ids,
// the wrapping of an action's message, and what an expression language says of
// an error.
func normalize(m *value.Map) {
	for k, v := range m.All() {
		m.Set(k, normalized(v))
	}
	if list, ok := m.Get("tasks"); ok {
		tasks := slices.Clone(list.([]any))
		slices.SortFunc(tasks, func(a, b any) int {
			return strings.Compare(fmt.Sprintf("%s", value.MustEncode(a)), fmt.Sprintf("%s", value.MustEncode(b)))
		})
		m.Set("tasks", tasks)
	}
	if e, ok := m.Get("error"); ok && e != nil {
		m.Set("error", "rejected")
	}
}

func normalized(v any) any {
	switch v := v.(type) {
	case string:
		s := uuids.ReplaceAllString(v, "<uuid>")
		s = raised.ReplaceAllString(s, "$1")
		s = faults.ReplaceAllString(s, "$1 [wf=$2, task=$3]")
		s = ofOutput.ReplaceAllString(s, "expression of the workflow failed")
		return strings.TrimRight(s, "\n")
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = normalized(e)
		}
		return out
	case *value.Map:
		out := value.NewMap(v.Len())
		for k, e := range v.All() {
			out.Set(k, normalized(e))
		}
		return out
	default:
		return v
	}
}
