package local_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
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
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/outcome"
)

// notYet are the cases that do not end as in Mistral yet. One that does fails
// the test, so that it is taken out.
var notYet = map[string]bool{}

// differs are the cases whose outcome is another one on purpose, with the
// number of the reason in docs/differences.md. Ours is in out/sirocco.json.
var differs = map[string]string{
	"fork_shared_variable": "2", "on_error_guard_false": "12", "context_keys": "13", "task_function": "14",
	"error_unknown_workflow": "15", "timeout_items": "16", "timeout_expression_items": "16", "timeout_expression_subworkflow": "17", "timeout_subworkflow": "17",
	"adhoc_unknown_base": "15", "adhoc_cycle": "15", "adhoc_output_error": "35", "adhoc_output_error_items": "35", "adhoc_output_empty": "49", "adhoc_output_no_execution": "35", "adhoc_nested_workbook": "36", "pause_before_join": "37", "pause_join_held_back": "62",
	"join_input_invalid": "15", "dynamic_action_list": "3",
	"on_clause_single_guard": "34", "command_task_of_that_name": "38", "command_fail_expression_message": "39", "retry_timeout_each": "40",
	"items_variable_twice": "34", "yaml_key_twice": "34", "inline_twice": "34",
	"publish_global_merges_alone": "53", "executions_fields": "54", "yaql_named_groups": "55", "task_asked_twice": "75", "adhoc_default_comma": "71",
	"reverse_cycle":    "29",
	"reverse_sub_none": "30", "reverse_sub_unknown": "30", "reverse_sub_declares": "30", "reverse_sub_items_unknown": "31",
	"sub_vars_error": "30", "sub_params_env_text": "30", "sub_params_env_list": "30", "sub_params_env_error": "30",
	"reverse_sub_no_task_name": "30", "sub_env_not_a_dict": "30", "sub_env_unknown_name": "30",
}

// racy are the cases in which a branch fails the workflow while another one
// runs: whether that one's variables are in the output depends on which is
// sooner, so only state and state_info are compared.
var racy = map[string]bool{"error_fork_after": true, "error_other_branch": true, "command_fail_in_branch": true, "command_succeed_in_branch": true, "pause_sub_items": true}

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
	"adhoc_missing_input": true, "adhoc_unknown_input": true,
	"error_missing_parameter": true, "error_type": true, "error_unknown_action": true, "error_unknown_action_later": true,
	"name_adhoc_base": true, "adhoc_env_defaults_base": true, "dynamic_action_mixed_text": true, "name_workflow_blank": true,
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

// waits are the keys with which a workflow takes seconds.
var waits = regexp.MustCompile(`wait-|timeout|delay[:=] *[^0]|std\.sleep`)

// TestMistralThreads holds the threads form of the same workflows to it, also of
// those that take the structured one by themselves.
func TestMistralThreads(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(casesDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		c := readCase(t, path)
		if slices.ContainsFunc(c.Files, func(f outcome.File) bool { return waits.Match(f.Data) }) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c.Threads = true
			runCase(t, c)
		})
	}
}

// TestLanguage holds docs/language.md to the cases: it names each of them, and
// none that there is not.
func TestLanguage(t *testing.T) {
	doc, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		for _, m := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(cells[len(cells)-1], -1) {
			named[m[1]] = strings.HasPrefix(line, "|")
		}
	}
	paths, err := filepath.Glob(filepath.Join(casesDir, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, p := range paths {
		name := strings.TrimSuffix(filepath.Base(p), ".txtar")
		if !named[name] {
			t.Errorf("%s is not named: put it where the clause stands that it holds", name)
		}
		delete(named, name)
	}
	for name, inTable := range named {
		if inTable {
			t.Errorf("there is no case %s", name)
		}
	}
}

// mistralCase is one recorded case.
type mistralCase struct {
	outcome.Case
	want *value.Map // nil: Mistral's own outcome varies
	ours *value.Map // where we differ on purpose
}

func readCase(t *testing.T, path string) mistralCase {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := mistralCase{Case: outcome.Case{Input: value.NewMap(0), Params: value.NewMap(0)}}
	for _, f := range txtar.Parse(data).Files {
		if strings.HasSuffix(f.Name, ".yaml") {
			c.Files = append(c.Files, outcome.File{Name: f.Name, Data: f.Data})
		}
		switch f.Name {
		case "input.json":
			c.Input = object(t, f.Data)
		case "params.json":
			c.Params = object(t, f.Data)
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
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := outcome.Of(ctx, c.Case)
	if err != nil {
		if notYet[name] {
			return
		}
		t.Fatal(err)
	}
	wrong := difference(t, name, got, c)
	switch {
	case notYet[name] && wrong == "":
		t.Error("this is supported now: take it out of notYet")
	case !notYet[name] && wrong != "":
		t.Error(wrong)
	}
}

// difference says how an outcome is another one than the case's, "" if it is not.
func difference(t *testing.T, name string, got *value.Map, c mistralCase) string {
	t.Helper()
	if state, _ := c.want.Get("state"); got.Has("rejected") && state == engine.Error && earlier[name] {
		return ""
	}
	want := c.want
	for _, m := range []*value.Map{got, want} {
		alike(m)
		outcome.Normalize(m)
	}
	if racy[name] {
		for _, m := range []*value.Map{got, want} {
			m.Delete("output")
			m.Delete("tasks")
		}
	}
	if differs[name] != "" {
		if value.Equal(got, want) {
			return "this is as in Mistral now: take it out of differs"
		}
		if *update {
			writeOurs(t, name, got)
			return ""
		}
		want = c.ours
	}
	if unstable, _ := want.Get("unstable"); unstable != nil {
		if state, _ := got.Get("state"); state != engine.Success && state != engine.Error {
			return fmt.Sprintf("state %v", state)
		}
		return ""
	}
	bigs := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
	if diff := cmp.Diff(value.Plain(want), value.Plain(got), bigs); diff != "" {
		return "-mistral +sirocco:\n" + diff
	}
	return ""
}

// alike takes out of outcomes what is not seen from outside: what Mistral keeps
// for after a pause.
func alike(v any) {
	switch v := v.(type) {
	case *value.Map:
		v.Delete("backlog")
		for _, e := range v.All() {
			alike(e)
		}
	case []any:
		for _, e := range v {
			alike(e)
		}
	}
}
