package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/test/mistralfuzz/generate"
)

// difference is one of docs/differences.md that outcomes may show.
type difference struct {
	number string
	// reconcile takes out of both outcomes what the difference explains, and
	// nothing else. It reports whether there is such a thing.
	reconcile func(o *outcomes) bool
}

// outcomes are the two of a case.
type outcomes struct {
	generate.Case
	theirs, ours *value.Map
	raw          *value.Map // ours with all texts as they are
	overrun      []string   // tasks that are joins of difference 1, or call a workflow with one
}

// differences are tried in this order; several may meet.
var differences = []difference{
	{"14", withoutSpecs},
	{"19", noText},
	{"37", pausedAtJoin},
	{"30", withoutStillborn},
	{"31", withoutItems},
	{"12", unnamedFailures},
	{"75", staleTasks},
	{"1", overrunJoins},
	{"8", endedEarly},
}

// withoutSpecs is 14: the spec of a task or an execution has more in Mistral.
func withoutSpecs(o *outcomes) bool {
	a, b := dropSpecs(o.theirs), dropSpecs(o.ours)
	return a && b
}

func dropSpecs(v any) bool {
	found := false
	switch v := v.(type) {
	case *value.Map:
		if v.Has("spec") && v.Has("created_at") {
			v.Delete("spec")
			found = true
		}
		for _, e := range v.All() {
			found = dropSpecs(e) || found
		}
	case []any:
		for _, e := range v {
			found = dropSpecs(e) || found
		}
	}
	return found
}

// noText is 19: here the text of an iterator is an error, which ends or changes
// the workflow; from there on there is nothing to compare.
func noText(o *outcomes) bool {
	if !somewhere(o.raw, "state_info", func(v any) bool { s, _ := v.(string); return strings.Contains(s, "toList()") }) {
		return false
	}
	copyInto(o.theirs, o.ours)
	return true
}

// pausedAtJoin is 37: a join's pause-before is heeded here only.
func pausedAtJoin(o *outcomes) bool {
	paused := ofTasks(o.ours, func(workflow string, task *value.Map) bool {
		body := bodyOf(o.Case, workflow, text(task, "name"))
		return text(task, "state") == "IDLE" && body.Has("join") && body.Has("pause-before")
	})
	if text(o.ours, "state") != engine.Paused || !paused {
		return false
	}
	copyInto(o.theirs, o.ours)
	return true
}

// withoutStillborn is 30: the execution of a sub-workflow that can't start is
// there in Mistral, without tasks and without an end.
func withoutStillborn(o *outcomes) bool {
	found := false
	ofTasks(o.theirs, func(_ string, task *value.Map) bool {
		v, _ := task.Get("executions")
		execs, _ := v.([]any)
		rest := slices.DeleteFunc(slices.Clone(execs), func(e any) bool {
			tasks, _ := e.(*value.Map).Get("tasks")
			list, _ := tasks.([]any)
			return len(list) == 0 && !slices.Contains([]string{engine.Success, engine.Error, engine.Paused}, text(e.(*value.Map), "state"))
		})
		if text(task, "state") != engine.Error || len(rest) == len(execs) {
			return false
		}
		found = true
		task.Set("executions", rest)
		if len(rest) == 0 {
			task.Delete("executions")
		}
		return false
	})
	return found
}

// withoutItems is 31: where an item's sub-workflow can't start, Mistral has no
// results of it and of those behind it.
func withoutItems(o *outcomes) bool {
	return dropItems(o.Case, o.theirs) && dropItems(o.Case, o.ours)
}

func dropItems(c generate.Case, m *value.Map) bool {
	var names []string
	ofTasks(m, func(workflow string, task *value.Map) bool {
		body := bodyOf(c, workflow, text(task, "name"))
		if body.Has("with-items") && body.Has("workflow") && noStart.MatchString(text(task, "state_info")) {
			names = append(names, text(task, "name"))
			dropPublished(m, task)
			task.Delete("result")
			task.Delete("executions")
		}
		return false
	})
	for _, name := range names {
		lines := regexp.MustCompile(`(  ` + name + ` \[task_ex_id=<uuid>\] -> [^\n]*)(\n    \[\w+=<uuid>, idx=\d+\]: [^\n]*)+`)
		copyInto(m, replaced(m, func(s string) string { return lines.ReplaceAllString(s, "$1") }).(*value.Map))
	}
	return len(names) > 0
}

// dropPublished takes a task's result out of what the task published, and out of
// the outputs that it came to.
func dropPublished(m, task *value.Map) {
	result, _ := task.Get("result")
	v, _ := task.Get("published")
	published, _ := v.(*value.Map)
	for _, name := range published.Keys() {
		if v, _ := published.Get(name); value.Equal(v, result) {
			published.Delete(name)
			dropOutput(m, name, result)
		}
	}
}

// dropOutput takes a variable with that value out of the outputs of an execution
// and of its sub-workflows, and out of the results that these are.
func dropOutput(m *value.Map, name string, result any) {
	for _, member := range []string{"output", "result"} {
		v, _ := m.Get(member)
		if data, ok := v.(*value.Map); ok {
			if v, ok := data.Get(name); ok && value.Equal(v, result) {
				data.Delete(name)
			}
		}
	}
	for _, member := range []string{"tasks", "executions"} {
		v, _ := m.Get(member)
		list, _ := v.([]any)
		for _, e := range list {
			dropOutput(e.(*value.Map), name, result)
		}
	}
}

var noStart = regexp.MustCompile(`^(Invalid input|Failed to find workflow|Invalid task name)`)

// replaced is a copy with all its texts replaced.
func replaced(v any, by func(string) string) any {
	switch v := v.(type) {
	case string:
		return by(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = replaced(e, by)
		}
		return out
	case *value.Map:
		out := value.NewMap(v.Len())
		for k, e := range v.All() {
			out.Set(k, replaced(e, by))
		}
		return out
	default:
		return v
	}
}

// unnamedFailures is 12: Mistral does not name a failed task that has an
// on-error clause whose guards were all false.
func unnamedFailures(o *outcomes) bool {
	unnamed := map[string]bool{}
	for _, wf := range generate.Workflows(o.Doc).Keys() {
		for name := range tasksOf(o.Doc, wf).All() {
			if clause, ok := bodyOf(o.Case, wf, name).Get("on-error"); ok && strings.Contains(encode(clause), "<%") {
				unnamed[name] = true
			}
		}
	}
	if len(unnamed) == 0 {
		return false
	}
	before := encode(o.theirs) + encode(o.ours)
	copyInto(o.theirs, named(o.theirs, unnamed).(*value.Map))
	copyInto(o.ours, named(o.ours, unnamed).(*value.Map))
	return encode(o.theirs)+encode(o.ours) != before
}

var failures = regexp.MustCompile(`(?s)Failure caused by error in tasks: ([^\n]*).*`)

// named leaves of the texts of failures only the names of the tasks that both name.
func named(v any, unnamed map[string]bool) any {
	return replaced(v, func(s string) string {
		m := failures.FindStringSubmatchIndex(s)
		if m == nil {
			return s
		}
		names := slices.DeleteFunc(strings.Split(s[m[2]:m[3]], ", "), func(n string) bool { return n == "" || unnamed[n] })
		return s[:m[0]] + "Failure caused by error in tasks: " + strings.Join(names, ", ")
	})
}

// endedEarly is 8: what ran when the workflow was ended (or paused) stays as it
// was in Mistral, and finishes here. How much had run by then depends on timing:
// of the runs of a task that did end, one side may have more. Where as much has
// run on both sides nothing may differ.
func endedEarly(o *outcomes) bool {
	if text(o.theirs, "state") != text(o.ours, "state") || text(o.theirs, "state_info") != text(o.ours, "state_info") && !twoFaults(o) ||
		!commands.Match(o.YAML()) && !endedByFault(o.theirs) {
		return false
	}
	same := !hasUnfinished(o.theirs)
	a, b := endsByName(o.theirs), endsByName(o.ours)
	for _, name := range slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b))) {
		if !within(a[name], b[name]) && !within(b[name], a[name]) {
			return false
		}
		same = same && len(a[name]) == len(b[name])
	}
	if same {
		return false
	}
	copyInto(o.theirs, o.ours)
	return true
}

var (
	commands   = regexp.MustCompile(`[ "](fail|succeed|pause)( msg|:|"|\n)|pause-before`)
	structural = regexp.MustCompile(`^Failed to (run|complete|handle)`)
)

// endedByFault reports whether a fault of the workflow ended it. Where the
// output-on-error can't be evaluated after that, its text stands in the place of
// the fault's, which the task still has.
func endedByFault(m *value.Map) bool {
	info := text(m, "state_info")
	return structural.MatchString(info) || strings.HasPrefix(info, "Failed to evaluate expression in output-on-error") &&
		slices.ContainsFunc(tasksIn(m), func(task *value.Map) bool { return structural.MatchString(text(task, "state_info")) })
}

// twoFaults reports whether both ended by a fault of the workflow, and ours had
// the fault that ended Mistral's, too: which of two is the first is chance. One
// that came for sure before the other would have kept that from starting.
func twoFaults(o *outcomes) bool {
	info := text(o.theirs, "state_info")
	return structural.MatchString(info) && structural.MatchString(text(o.ours, "state_info")) &&
		slices.ContainsFunc(tasksIn(o.ours), func(task *value.Map) bool { return text(task, "state_info") == info })
}

// endsByName are the runs of each task that ended.
func endsByName(m *value.Map) map[string][]string {
	out := map[string][]string{}
	for _, task := range tasksIn(m) {
		if !unfinished(task) {
			out[text(task, "name")] = append(out[text(task, "name")], encode(task))
		}
	}
	return out
}

func tasksIn(m *value.Map) []*value.Map {
	list, _ := m.Get("tasks")
	tasks, _ := list.([]any)
	out := make([]*value.Map, len(tasks))
	for i, t := range tasks {
		out[i] = t.(*value.Map)
	}
	return out
}

// within reports whether all of a are in b.
func within(a, b []string) bool {
	b = slices.Clone(b)
	for _, s := range a {
		i := slices.Index(b, s)
		if i < 0 {
			return false
		}
		b = slices.Delete(b, i, i+1)
	}
	return true
}

func hasUnfinished(m *value.Map) bool {
	return ofTasks(m, func(_ string, task *value.Map) bool { return unfinished(task) })
}

func unfinished(task *value.Map) bool {
	v, _ := task.Get("executions")
	execs, _ := v.([]any)
	return !hasEnded(task) || slices.ContainsFunc(execs, func(e any) bool { return !hasEnded(e.(*value.Map)) || hasUnfinished(e.(*value.Map)) })
}

func hasEnded(m *value.Map) bool {
	return slices.Contains([]string{engine.Success, engine.Error}, text(m, "state"))
}

// compareHanging is 3: a workflow that waits forever in Mistral, for a join with
// invalid input or a task without a proper action, fails here by that task.
func compareHanging(c generate.Case, theirs, ours *value.Map) verdict {
	v, _ := theirs.Get("hangs")
	hangs := v.(*value.Map)
	explained := hasUnfinished(hangs) && !ofTasks(hangs, func(workflow string, task *value.Map) bool {
		if !unfinished(task) || task.Has("executions") {
			return false
		}
		body := bodyOf(c, workflow, text(task, "name"))
		return !body.Has("join") && !strings.HasPrefix(text(body, "action"), "<%") || !fails(ours, text(task, "name"))
	})
	if explained && text(ours, "state") == engine.Error {
		return verdict{kind: "known: 3"}
	}
	return verdict{"Mistral waits forever", encode(theirs) + "\n" + encode(ours)}
}

// fails reports whether a task of that name failed.
func fails(m *value.Map, name string) bool {
	return ofTasks(m, func(_ string, task *value.Map) bool {
		return text(task, "name") == name && text(task, "state") == engine.Error
	})
}

// ofTasks reports whether is holds for a task, or one of a sub-workflow;
// workflow is the name of the task's, "wf" at the top.
func ofTasks(m *value.Map, is func(workflow string, task *value.Map) bool) bool {
	return ofTasksIn("wf", m, is)
}

func ofTasksIn(workflow string, m *value.Map, is func(string, *value.Map) bool) bool {
	list, _ := m.Get("tasks")
	tasks, _ := list.([]any)
	return slices.ContainsFunc(tasks, func(t any) bool {
		task := t.(*value.Map)
		v, _ := task.Get("executions")
		execs, _ := v.([]any)
		return is(workflow, task) || slices.ContainsFunc(execs, func(e any) bool {
			return ofTasksIn(text(e.(*value.Map), "workflow"), e.(*value.Map), is)
		})
	})
}

// bodyOf is the definition of a task.
func bodyOf(c generate.Case, workflow, task string) *value.Map {
	v, _ := tasksOf(c.Doc, workflow).Get(task)
	body, _ := v.(*value.Map)
	if body == nil {
		return value.NewMap(0)
	}
	return body
}

// somewhere reports whether is holds for a value under a key, at any depth.
func somewhere(v any, key string, is func(any) bool) bool {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			if k == key && is(e) || somewhere(e, key, is) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return somewhere(e, key, is) })
	}
	return false
}

// copyInto makes m the same as from.
func copyInto(m, from *value.Map) {
	for _, k := range m.Keys() {
		m.Delete(k)
	}
	for k, v := range from.All() {
		m.Set(k, v)
	}
}
