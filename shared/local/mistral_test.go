package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"math/big"
	"os"
	"path"
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

// notYet are the cases that use what the compiler still refuses, each with a
// diagnostic that says so.
var notYet = map[string]bool{
	"action_name_by_expression": true,
	"error_retry_delay":         true, "error_timeout_expression": true, "error_wait": true,
	"fail_on_false": true, "fail_on_true": true, "items_fail_on": true,
	"publish_global": true, "retry_break_on": true, "retry_continue_on": true,
	"retry_expression": true, "sub_name_by_expression": true, "wait_before_expression": true,
	"jinja_basic": true, "retry_publish": true, "retry_then_success_guard": true,
}

// differs are the cases whose outcome is another one on purpose, with the
// number of the reason in docs/differences.md. Ours is in out/sirocco.json.
var differs = map[string]string{
	"fork_shared_variable": "2", "on_error_guard_false": "12", "context_keys": "13", "task_function": "14",
	"error_unknown_workflow": "15", "timeout_items": "16", "timeout_subworkflow": "17",
	"join_input_invalid": "15",
}

// racy are the cases in which a branch fails the workflow while another one
// runs: whether that one's variables are in the output depends on which is
// sooner, so only state and state_info are compared.
var racy = map[string]bool{"error_fork_after": true, "error_other_branch": true, "command_fail_in_branch": true, "command_succeed_in_branch": true}

var update = flag.Bool("update", false, "write the outcomes anew that differ on purpose")

// writeOurs replaces a case's out/sirocco.json.
func writeOurs(t *testing.T, name string, got *value.Map) {
	t.Helper()
	file := filepath.Join(casesDir, name+".txtar")
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := json.Indent(&buf, value.MustEncode(got), "", "  "); err != nil {
		t.Fatal(err)
	}
	buf.WriteByte('\n')
	ar.Files = slices.DeleteFunc(ar.Files, func(f txtar.File) bool { return f.Name == "out/sirocco.json" })
	ar.Files = append(ar.Files, txtar.File{Name: "out/sirocco.json", Data: buf.Bytes()})
	if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
		t.Fatal(err)
	}
}

// earlier are the cases that fail in Mistral when they run and are refused here
// when they are compiled: it is certain that they fail.
var earlier = map[string]bool{
	"error_missing_parameter": true, "error_type": true, "error_unknown_action": true, "error_unknown_action_later": true,
	"error_unknown_function": true, "error_unknown_parameter": true,
}

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
	files         []txtar.File
	input, params *value.Map
	want          *value.Map // nil: Mistral's own outcome varies
	ours          *value.Map // where we differ on purpose
}

func readCase(t *testing.T, path string) mistralCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := mistralCase{input: value.NewMap(0), params: value.NewMap(0)}
	for _, f := range txtar.Parse(data).Files {
		if strings.HasSuffix(f.Name, ".yaml") {
			c.files = append(c.files, f)
		}
		switch f.Name {
		case "input.json":
			c.input = object(t, f.Data)
		case "params.json":
			c.params = object(t, f.Data)
		case "out/mistral.json":
			if c.want == nil {
				c.want = object(t, f.Data)
			}
		case "out/sirocco.json":
			c.ours = object(t, f.Data)
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
	name := path.Base(t.Name())
	got := outcome(t, c)
	if what, ok := got.Get("unsupported"); ok {
		if !notYet[name] {
			t.Errorf("what Mistral runs is refused: %v", what)
		}
		return
	}
	if notYet[name] {
		t.Error("this is supported now: take it out of notYet")
	}
	if state, _ := c.want.Get("state"); got.Has("rejected") && state == engine.Error && earlier[name] {
		return
	}
	normalize(got)
	normalize(c.want)
	if racy[name] {
		for _, m := range []*value.Map{got, c.want} {
			m.Delete("output")
			m.Delete("tasks")
		}
	}
	if differs[name] != "" {
		if value.Equal(got, c.want) {
			t.Error("this is as in Mistral now: take it out of differs")
		}
		if *update {
			writeOurs(t, name, got)
			return
		}
		c.want = c.ours
	}
	if unstable, _ := c.want.Get("unstable"); unstable != nil {
		state, _ := got.Get("state")
		if state != engine.Success && state != engine.Error {
			t.Errorf("state %v", state)
		}
		return
	}
	bigs := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	if diff := cmp.Diff(value.Plain(c.want), value.Plain(got), bigs); diff != "" {
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
	var files []*dsl.File
	for _, f := range c.files {
		file, diags := dsl.Parse(f.Name, f.Data, dsl.Options{})
		if diags.HasErrors() {
			return rejected(diags)
		}
		files = append(files, file)
	}
	all, diags := compile.Files(files, compile.Options{Registry: registry})
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
	for _, d := range diags {
		if d.ID == "unsupported" {
			return value.MapOf("unsupported", diags.Error())
		}
	}
	return value.MapOf("rejected", diags.Error())
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
		entry := value.MapOf("name", task.Name, "state", task.State, "state_info", text(task.StateInfo),
			"published", task.Published, "result", result)
		if subs := subExecutions(t, records, task); len(subs) > 0 {
			entry.Set("executions", subs)
		}
		list = append(list, entry)
	}
	return value.MapOf("state", head.State, "state_info", text(head.StateInfo), "output", out.Output.V, "tasks", list)
}

func subExecutions(t *testing.T, records *store.Records, task *store.Task) []any {
	t.Helper()
	acts, err := records.AllActions(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	var out []any
	for _, a := range acts {
		if a.Workflow == "" {
			continue
		}
		head, err := records.Execution(t.Context(), a.Workflow)
		if err != nil {
			t.Fatal(err)
		}
		sub := describe(t, records, head)
		sub.Set("workflow", head.Workflow)
		out = append(out, sub)
	}
	return out
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
	takes    = regexp.MustCompile(`(Invalid input \[[^\n]*\]): it takes .*`)
	ofOutput = regexp.MustCompile(`(?si)(Failed to evaluate output|Can not evaluate .*|Failed to check.*)\[?.*`)
)

// normalize takes out of the texts what the two say in words of their own: ids,
// the wrapping of an action's message, and what an expression language says of
// an error.
func normalize(m *value.Map) {
	for k, v := range m.All() {
		m.Set(k, normalized(v))
	}
	sortLists(m)
	for _, k := range []string{"error", "refused", "rejected"} {
		if m.Has(k) {
			m.Delete(k)
			m.Set("rejected", true)
		}
	}
}

// sortLists takes tasks and executions as sets.
func sortLists(m *value.Map) {
	for _, k := range []string{"tasks", "executions"} {
		list, _ := m.Get(k)
		entries, _ := list.([]any)
		for _, e := range entries {
			sortLists(e.(*value.Map))
		}
		slices.SortFunc(entries, func(a, b any) int {
			return strings.Compare(string(value.MustEncode(value.Of(value.Plain(a)))), string(value.MustEncode(value.Of(value.Plain(b)))))
		})
	}
}

func normalized(v any) any {
	switch v := v.(type) {
	case string:
		s := uuids.ReplaceAllString(v, "<uuid>")
		s = raised.ReplaceAllString(s, "$1")
		s = faults.ReplaceAllString(s, "$1 [wf=$2, task=$3]")
		s = strings.ReplaceAll(s, ", class=DirectWorkflowSpec", "")
		s = takes.ReplaceAllString(s, "$1")
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
