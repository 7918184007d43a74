package outcome

import (
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var (
	uuids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	raised   = regexp.MustCompile(`(?s)The action raised an exception \[action=.*?, action_ex_id=<uuid>, msg='(.*?)'\]`)
	faults   = regexp.MustCompile(`(?s)(Failed to (?:run task|complete task|handle action completion)) \[error=.*?, wf=([^,\]]*), task=([^,\]]*)(?:, action=[^\]]*)?\].*`)
	classes  = regexp.MustCompile(`, class=(?:Direct|Reverse)WorkflowSpec`)
	meant    = regexp.MustCompile(`(Failed to find (?:action|workflow) \[[^\n]*?\](?: \[namespace=\])?): did you mean [^\n]*\?`)
	instance = regexp.MustCompile(`(?s)Failed to instantiate an action \[action_desc=AdHoc action \[name=([^,\]]*)[,\]].*`)
	takes    = regexp.MustCompile(`(Invalid input \[[^\n]*\]): it takes .*`)
	noTask   = regexp.MustCompile(`(?s)Invalid task name \[.*?, task_name=([^\]]*)\](: its tasks are [^\n]*)?`)
	ofOutput = regexp.MustCompile(`(?si)(Failed to evaluate (?:output|vars|environment)|Can not evaluate .*|Failed to check.*)\[?.*`)
)

// Normalize takes out of the texts what the two say in words of their own: ids,
// the wrapping of an action's message, and what an expression language says of
// an error.
func Normalize(m *value.Map) {
	for k, v := range m.All() {
		m.Set(k, normalized(v))
	}
	sortLists(m)
	pauses, _ := m.Get("pauses")
	list, _ := pauses.([]any)
	for _, p := range list {
		sortLists(p.(*value.Map))
	}
	for _, k := range []string{"error", "refused", "rejected"} {
		if m.Has(k) {
			m.Delete(k)
			m.Delete("id")
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
		s = classes.ReplaceAllString(s, "")
		s = meant.ReplaceAllString(s, "$1")
		s = instance.ReplaceAllString(s, "Failed to instantiate the action $1")
		s = takes.ReplaceAllString(s, "$1")
		s = noTask.ReplaceAllString(s, "Invalid task name [task_name=$1]")
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
