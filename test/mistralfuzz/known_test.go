package main

import (
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// TestDifferences: what a difference explains is known by its number, and the
// same with anything else beside it is not.
func TestDifferences(t *testing.T) {
	const (
		join         = "{a: {on-success: j}, b: {on-success: j}, j: {join: one, on-success: after}, after: {}, aside: {}}"
		early        = "{a: {on-success: [fail]}, b: {}}"
		onError      = "{a: {action: std.fail, on-error: [{b: <% false %>}]}, b: {}, c: {action: std.fail}}"
		once         = `{"name": "j", "state": "SUCCESS"}`
		items        = "{a: {with-items: 'i in [1, 2]', workflow: wf}}"
		refused      = `{"name": "a", "state": "ERROR", "state_info": "Invalid input [x]", "published": {"r": RESULT, "n": 1}, "result": RESULT}`
		faults       = "{a: {}, b: {}}"
		first        = `{"name": "a", "state": "ERROR", "state_info": "Failed to run task [a]"}`
		second       = `{"name": "b", "state": "ERROR", "state_info": "Failed to run task [b]"}`
		paused       = `{"name": "b", "state": "ERROR", "published": {}, "executions": [{"state": "PAUSED", "tasks": []}]}`
		went         = `{"name": "b", "state": "SUCCESS", "published": {}, "executions": [{"state": "SUCCESS", "tasks": []}]}`
		stale        = "{a: {fail-on: <% task() %>, on-error: [{b: <% task().state = SUCCESS %>}]}, b: {}, c: {}}"
		fresh        = "{a: {fail-on: <% true %>, on-error: [{b: <% task().state = SUCCESS %>}]}, b: {}, c: {}}"
		failed       = `{"name": "a", "state": "ERROR"}`
		running      = `{"name": "b", "state": "RUNNING"}`
		onErrorFails = "Failed to evaluate expression in output-on-error! (output-on-error)"
		done         = `{"name": "b", "state": "SUCCESS", "published": {"x": 1}}`
	)
	for _, c := range []struct{ tasks, theirs, ours, want string }{
		{join, ended("SUCCESS", "", once, once) + `, "arrivals": {"j": ["a", "b"]}`, ended("SUCCESS", "", once), "known: 1"},
		{join, ended("SUCCESS", "", once, once) + `, "arrivals": {"j": ["a"]}`, ended("SUCCESS", "", once), "tasks differs"},
		{join, ended("ERROR", "", once, once) + `, "arrivals": {"j": ["a", "b"]}`, ended("SUCCESS", "", once), "state differs"},
		{join, ended("SUCCESS", "", once, `{"name": "aside", "state": "SUCCESS"}`) + `, "arrivals": {"j": ["a", "b"]}`,
			ended("SUCCESS", "", once, `{"name": "aside", "state": "ERROR"}`), "tasks differs"},
		{early, ended("ERROR", "", running), ended("ERROR", "", done), "known: 8"},
		{early, ended("ERROR", "", running), ended("SUCCESS", "", done), "state differs"},
		{early, ended("ERROR", "", strings.Replace(done, "1", "2", 1)), ended("ERROR", "", done), "tasks differs"},
		{"{a: {}, b: {}}", ended("ERROR", "", running), ended("ERROR", "", done), "tasks differs"},
		{"{a: {}, b: {}}", ended("ERROR", "Failed to run task [a]", first, paused), ended("ERROR", "Failed to run task [a]", first, went), "known: 8"},
		{faults, ended("ERROR", onErrorFails, first, running), ended("ERROR", onErrorFails, first, done), "known: 8"},
		{faults, ended("ERROR", onErrorFails, failed, running), ended("ERROR", onErrorFails, failed, done), "tasks differs"},
		{stale, ended("SUCCESS", "", failed, done), ended("SUCCESS", "", failed), "known: 75"},
		{stale, ended("SUCCESS", "", failed, done), ended("ERROR", "Failure caused by error in tasks: a", failed), "known: 12 and 75"},
		{fresh, ended("SUCCESS", "", failed, done), ended("SUCCESS", "", failed), "tasks differs"},
		{stale, ended("SUCCESS", "", failed, done), ended("SUCCESS", "", strings.Replace(failed, "ERROR", "SUCCESS", 1)), "tasks differs"},
		{stale, ended("SUCCESS", "", failed, `{"name": "c", "state": "SUCCESS"}`), ended("SUCCESS", "", failed), "tasks differs"},
		{"{a: {}, b: {}}", ended("ERROR", "", paused), ended("ERROR", "", went), "tasks differs"},
		{faults, ended("ERROR", "Failed to run task [a]", first), ended("ERROR", "Failed to run task [b]", first, second), "known: 8"},
		{faults, ended("ERROR", "Failed to run task [a]", first), ended("ERROR", "Failed to run task [b]", second), "state_info differs"},
		{faults, ended("ERROR", "Failed to run task [a]", first), ended("ERROR", "Failure caused by error in tasks: b", first, second), "state_info differs"},
		{items, published(refused, "[]", "[]"), published(refused, `["Invalid input [x]", 1]`, `["Invalid input [x]", 1]`), "known: 31"},
		{items, published(refused, "[]", "[]"), published(refused, `["Invalid input [x]", 1]`, "2"), "output differs"},
		{items, published(strings.Replace(refused, "1}", "2}", 1), "[]", "[]"), published(refused, "[1]", "[1]"), "output differs"},
		{onError, ended("ERROR", "Failure caused by error in tasks: c\n\n c"), ended("ERROR", "Failure caused by error in tasks: a, c\n\n a\n\n c"), "known: 12"},
		{onError, ended("ERROR", "Failure caused by error in tasks: a\n\n a"), ended("ERROR", "Failure caused by error in tasks: a, c\n\n a\n\n c"), "state_info differs"},
		{onError, ended("SUCCESS", ""), ended("ERROR", "... toList() ..."), "known: 19"},
		{join, `"hangs": {` + ended("RUNNING", "", `{"name": "j", "state": "WAITING"}`) + `}`, ended("ERROR", "", `{"name": "j", "state": "ERROR"}`), "known: 3"},
		{join, `"hangs": {` + ended("RUNNING", "", running) + `}`, ended("ERROR", "", `{"name": "b", "state": "ERROR"}`), "Mistral waits forever"},
	} {
		v := compareOutcomes(fileOf(t, c.tasks), decoded(t, c.theirs), decoded(t, c.ours))
		if !strings.HasPrefix(v.kind, c.want) {
			t.Errorf("%s\n%s and\n%s: %q, want %q", c.tasks, c.theirs, c.ours, v.kind, c.want)
		}
	}
}

// published is an outcome with a task's result, and what it came to in the output.
func published(task, result, output string) string {
	return strings.Replace(ended("SUCCESS", "", strings.ReplaceAll(task, "RESULT", result)), `"output": {`, `"output": {"r": `+output, 1)
}

func ended(state, info string, tasks ...string) string {
	return `"state": "` + state + `", "state_info": "` + strings.ReplaceAll(info, "\n", `\n`) + `", "output": {}, "tasks": [` + strings.Join(tasks, ", ") + "]"
}

func decoded(t *testing.T, members string) *value.Map {
	t.Helper()
	v, err := value.Decode([]byte("{" + members + "}"))
	if err != nil {
		t.Fatal(err, members)
	}
	return v.(*value.Map)
}

func fileOf(t *testing.T, tasks string) generate.Case {
	t.Helper()
	var v map[string]any
	if err := yaml.Unmarshal([]byte("{version: '2.0', wf: {tasks: "+tasks+"}}"), &v); err != nil {
		t.Fatal(err)
	}
	return generate.Case{Doc: value.Of(v).(*value.Map)}
}

// TestNeverRan: an error in a task that did not run is no difference.
func TestNeverRan(t *testing.T) {
	c := fileOf(t, "{a: {action: std.noop, on-error: b}, b: {action: std.echo}}")
	ours := `"rejected": "wf.yaml:1:1: missing", "id": "action-input"`
	for ran, want := range map[string]string{"a": "known: 15", "b": "only Sirocco rejects it"} {
		v := compareOutcomes(c, decoded(t, ended("SUCCESS", "", `{"name": "`+ran+`"}`)), decoded(t, ours))
		if !strings.HasPrefix(v.kind, want) {
			t.Errorf("%s ran: %q", ran, v.kind)
		}
	}
}

// TestRefusedPart: the call that is refused, by itself.
func TestRefusedPart(t *testing.T) {
	const text = "a <% switch(false => 1.len(), true => [1, 2].len()) %>"
	if got := refusedPart(text, expr.Check(text).Problems); got != "<% 1.len() %>" {
		t.Error(got)
	}
}

// TestListed: only a list stands for an iterator's address.
func TestListed(t *testing.T) {
	const theirs = `{"a": "<generator object x at 0x7f>", "b": 1}`
	for ours, want := range map[string]bool{
		`{"a": [1], "b": 1}`: true, `{"a": [1], "b": 2}`: false, `{"a": "x", "b": 1}`: false, `{"a": [1]}`: false,
	} {
		if listed(theirs, ours) != want {
			t.Errorf("%s: %v", ours, !want)
		}
	}
	if listed("1", "2") || listed("1", "1.0") {
		t.Error("texts that differ")
	}
}
