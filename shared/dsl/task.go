package dsl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The keys of tasks. Mistral lets a task say its own name, version and type and
// then overwrites them.
var (
	policyKeys = []string{"retry", "wait-before", "wait-after", "timeout", "pause-before", "concurrency", "fail-on", "safe-rerun"}
	onKeys     = []string{"on-success", "on-error", "on-complete", "on-skip"}
	taskKeys   = slices.Concat([]string{
		"action", "workflow", "input", "with-items", "publish", "publish-on-error", "publish-on-skip",
		"target", "keep-result", "description", "tags", "name", "version", "type",
	}, policyKeys)
	directTaskKeys  = slices.Concat(taskKeys, onKeys, []string{"join"})
	reverseTaskKeys = slices.Concat(taskKeys, []string{"requires"})
	defaultsKeys    = slices.Concat(policyKeys, onKeys, []string{"requires", "name", "version", "description", "tags"})
)

const (
	maxTaskName     = 255 // Mistral's column
	maxJoinTaskName = 208 // less what its key of a join adds
)

// wordName is a name of which Mistral's schema looks at the task: one with a
// hyphen may be empty.
var wordName = regexp.MustCompile(`^[\p{L}\p{N}_]+$`)

func (r *reader) task(e *yaml.Entry, typ WorkflowType, book bool) *Task {
	t := &Task{Name: r.nameOf(e, "task"), Span: entrySpan(e), NameSpan: e.Key.Span}
	keys := directTaskKeys
	if typ == Reverse {
		keys = reverseTaskKeys
	}
	d := dict{r, e.Value, fmt.Sprintf("task %q", t.Name)}
	if e.Value.Kind != yaml.Map {
		r.errorf("wrong-type", e.Value.Span, "", "task %q must be a dictionary, not %s", t.Name, describe(e.Value))
		t.Action = impliedCall()
		return t
	}
	if len(e.Value.Entries) == 0 && !book && wordName.MatchString(t.Name) {
		r.errorf("empty", e.Value.Span, "write: action: std.noop", "task %q is empty", t.Name)
	}
	for _, entry := range e.Value.Entries {
		d.checkTaskKey(entry, keys, typ)
	}
	t.Description, t.Tags = d.text("description"), d.texts("tags")
	d.taskCall(t)
	t.WithItems = d.withItems()
	t.Publish, t.PublishOnError, t.PublishOnSkip = d.data("publish"), d.data("publish-on-error"), d.data("publish-on-skip")
	t.KeepResult = d.flag("keep-result")
	d.text("target")
	t.Target = d.node.Get("target")
	d.policies(t)
	if typ == Reverse {
		t.Requires = d.refs("requires", true)
	} else {
		d.clauses(t)
		t.Join = d.join()
	}
	d.checkNameLength(t)
	return t
}

// checkTaskKey reports an unknown key; one that the other type of workflow has
// gets its own message.
func (d dict) checkTaskKey(e yaml.Entry, keys []string, typ WorkflowType) {
	key, ok := e.Key.Str()
	other := typ == Direct && key == "requires" || typ == Reverse && (key == "join" || slices.Contains(onKeys, key))
	if ok && other {
		d.errorf("wrong-workflow-type", e.Key.Span, "", "a task of a %s workflow can't have %q", typ, key)
		return
	}
	d.checkKey(e, keys)
}

func (d dict) checkNameLength(t *Task) {
	if n := len([]rune(t.Name)); n > maxTaskName || t.Join != nil && n > maxJoinTaskName {
		limit := maxTaskName
		if t.Join != nil {
			limit = maxJoinTaskName
		}
		d.errorf("name-too-long", t.NameSpan, "", "the task's name has %d characters; %d are allowed", n, limit)
	}
}

func impliedCall() *Call { return &Call{Name: "std.noop", Implied: true} }

// taskCall reads what the task calls and with which input.
func (d dict) taskCall(t *Task) {
	t.Action, t.Workflow = d.call("action"), d.call("workflow")
	action, workflow := d.node.Entry("action"), d.node.Entry("workflow")
	if action != nil && workflow != nil {
		d.errorf("action-and-workflow", workflow.Key.Span, "make two tasks of it", "%s has both an action and a workflow", d.what)
		t.Workflow = nil
	}
	if t.Action == nil && t.Workflow == nil {
		t.Action = impliedCall()
	}
	input := d.node.Get("input")
	switch {
	case input == nil:
	case input.Kind == yaml.String:
		d.inputExpression(t, input)
	case input.Kind != yaml.Map:
		d.errorf("wrong-type", input.Span, "", "\"input\" of %s must be a dictionary or one expression, not %s", d.what, describe(input))
	default:
		t.Input = d.data("input")
	}
}

func (d dict) inputExpression(t *Task, input *Node) {
	t.Input = input
	if !strings.Contains(input.Text, "<%") && !strings.Contains(input.Text, "{{") && !strings.Contains(input.Text, "{%") {
		d.errorf("wrong-type", input.Span, "", "\"input\" of %s must be a dictionary or one expression, not text", d.what)
		return
	}
	for _, c := range []*Call{t.Action, t.Workflow} {
		if c != nil && len(c.Params) > 0 {
			d.errorf("input-twice", c.Params[0].NameSpan, "write all parameters under \"input\"",
				"%s has parameters on one line and an expression that gives all of them", d.what)
		}
	}
}

func (d dict) policies(t *Task) {
	t.Retry = d.retry()
	t.WaitBefore, t.WaitAfter = d.number("wait-before"), d.number("wait-after")
	t.Timeout, t.Concurrency = d.number("timeout"), d.number("concurrency")
	t.PauseBefore, t.FailOn, t.SafeRerun = d.flag("pause-before"), d.flag("fail-on"), d.flag("safe-rerun")
}

func (d dict) clauses(t *Task) {
	t.OnSuccess, t.OnError = d.routes("on-success"), d.routes("on-error")
	t.OnComplete, t.OnSkip = d.routes("on-complete"), d.routes("on-skip")
}

func (d dict) join() *Join {
	n := d.node.Get("join")
	if n == nil {
		return nil
	}
	j := &Join{Span: n.Span}
	switch v := n.Value().(type) {
	case string:
		if v == "all" || v == "one" {
			j.All, j.Count = v == "all", 1
			if j.All {
				j.Count = 0
			}
			return j
		}
	case int64:
		if v == 0 { // as good as none
			return nil
		}
		if v > 0 {
			j.Count = int(min(v, 1<<30))
			return j
		}
	case float64:
		if d.isNumber(n) && v > 0 && v < 1<<30 {
			j.Count = int(v)
			return j
		}
	}
	advice := ""
	if n.Kind == yaml.String {
		advice = didYouMean(n.Text, []string{"all", "one"})
	}
	d.errorf("wrong-type", n.Span, advice, "\"join\" of %s must be all, one or a number", d.what)
	return nil
}

var retryKeys = []string{"count", "delay", "break-on", "continue-on", "name", "version", "description", "tags"}

func (d dict) retry() *Retry {
	e := d.node.Entry("retry")
	if e == nil {
		return nil
	}
	what := "\"retry\" of " + d.what
	n := e.Value
	if n.Kind == yaml.String {
		n = d.retryLine(n, what)
	}
	rd := d.openDict(n, what, retryKeys)
	for _, key := range []string{"count", "delay"} {
		if n.Kind == yaml.Map && n.Get(key) == nil {
			d.errorf("missing-key", e.Value.Span, "write, for example: retry: count=3 delay=1", "%s has no %s", what, key)
		}
	}
	return &Retry{
		Count: rd.number("count"), Delay: rd.number("delay"),
		BreakOn: rd.expression("break-on"), ContinueOn: rd.expression("continue-on"), Span: e.Value.Span,
	}
}

// retryLine turns the one-line form into a dictionary.
func (d dict) retryLine(n *Node, what string) *Node {
	m := &Node{Kind: yaml.Map, Span: n.Span}
	if d.asText(n, what) == "" {
		return m
	}
	for _, p := range d.parseParams(n, 0, what) {
		key := yaml.NewString(n, 0, 0, p.Name)
		key.Span = p.NameSpan
		m.Entries = append(m.Entries, yaml.Entry{Key: key, Value: p.Value})
	}
	return m
}

// What Mistral takes for expressions of either language. No text may have both.
var (
	yaqlForm  = regexp.MustCompile(`(?s)<%.*?%>`)
	jinjaForm = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}`)
)

var withItem = regexp.MustCompile(`^\s*([-\pL\pN_]+)\s+in\s*(\[.+\]|<%.*?%>|\{\{.*?\}\})`)

func (d dict) withItems() []WithItem {
	n := d.node.Get("with-items")
	if n == nil {
		return nil
	}
	what := "\"with-items\" of " + d.what
	lines := []*Node{n}
	if n.Kind == yaml.List {
		lines = n.Items
		d.refs("with-items", false)
		if len(lines) == 0 {
			return nil
		}
	}
	var out []WithItem
	seen := map[string]bool{}
	for _, line := range lines {
		if n.Kind != yaml.List {
			d.asText(line, what)
		}
		w, ok := d.withItem(line, what)
		if !ok {
			continue
		}
		if seen[w.Var] {
			d.errorf("duplicate", w.VarSpan, "", "variable %q is in %s twice", w.Var, what)
		}
		seen[w.Var] = true
		out = append(out, w)
	}
	return out
}

func (d dict) withItem(n *Node, what string) (WithItem, bool) {
	text, ok := n.Str()
	if !ok || text == "" {
		return WithItem{}, false // already reported
	}
	m := withItem.FindStringSubmatchIndex(text)
	if m == nil {
		d.errorf("bad-with-items", n.Span, "write: name in <% list %>, or: name in [1, 2, 3]", "%s must name a variable and a list", what)
		return WithItem{}, false
	}
	if rest := strings.TrimSpace(text[m[1]:]); rest != "" {
		at := m[1] + strings.Index(text[m[1]:], rest)
		d.errorf("bad-with-items", n.SpanOf(at, at+len(rest)), "write one expression", "what follows the list in %s would be ignored", what)
	}
	w := WithItem{Var: text[m[2]:m[3]], VarSpan: n.SpanOf(m[2], m[3]), Span: n.Span}
	list := text[m[4]:m[5]]
	w.Expr = yaml.NewString(n, m[4], m[5], list)
	if list[0] == '[' {
		v, err := value.Decode([]byte(list))
		if err != nil {
			d.errorf("bad-with-items", w.Expr.Span, "put texts in double quotes, as JSON does", "the list in %s is no JSON", what)
			return w, false
		}
		if yaqlForm.MatchString(list) && jinjaForm.MatchString(list) {
			d.errorf("bad-with-items", w.Expr.Span, "write all of them in one of the two", "the list in %s has expressions in YAQL and in Jinja2", what)
		}
		w.Expr = yaml.NewData(n, m[4], m[5], v)
	}
	return w, true
}
