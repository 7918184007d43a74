package dsl

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
)

var workflowKeys = []string{
	"type", "description", "tags", "input", "vars", "output", "output-on-error", "task-defaults", "tasks", "name", "version",
}

var uuidForm = regexp.MustCompile(`^\{?(?:urn:)?(?:uuid:)?[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}\}?$`)

func (r *reader) workflow(e *yaml.Entry, book string) *Workflow {
	w := &Workflow{Type: Direct, Span: entrySpan(e), NameSpan: e.Key.Span}
	if e.Key.IsScalar() && e.Key.Kind != yaml.Null && e.Key.Kind != yaml.String && book == "" {
		w.Name = e.Key.Text // Mistral takes a number for a name
	} else {
		w.Name = r.nameOf(e, "workflow")
	}
	w.QualifiedName = qualified(book, w.Name)
	r.checkSpaces("workflow", w.Name, e.Key.Span)
	if uuidForm.MatchString(w.Name) {
		r.errorf("bad-name", e.Key.Span, "", "a workflow's name can't have the form of a UUID")
	}
	d := dict{r, e.Value, fmt.Sprintf("workflow %q", w.Name)}
	if e.Value.Kind != yaml.Map {
		r.errorf("wrong-type", e.Value.Span, "", "workflow %q must be a dictionary, not %s", w.Name, describe(e.Value))
		return w
	}
	d.checkWorkflowKeys()
	w.Description, w.Tags = d.freeText("description"), d.texts("tags")
	w.Type = d.workflowType()
	w.Input = d.inputParams()
	w.Vars, w.Output, w.OutputOnError = d.data("vars"), d.data("output"), d.data("output-on-error")
	w.TaskDefaults = d.taskDefaults(w.Type)
	w.Tasks = d.tasks(w, book != "")
	r.checkGraph(w)
	return w
}

// checkWorkflowKeys reports unknown keys. Mistral ignores them in a workflow, and
// only there; so one that is no misspelling is but a warning.
func (d dict) checkWorkflowKeys() {
	for _, e := range d.node.Entries {
		key, ok := e.Key.Str()
		near := spell.Nearest(key, workflowKeys)
		if !ok || near != "" {
			d.checkKey(e, workflowKeys)
			continue
		}
		known := false
		for _, k := range workflowKeys {
			known = known || k == key
		}
		if !known {
			d.warnf("ignored-key", e.Key.Span, "known keys: "+strings.Join(workflowKeys, ", "), "key %q in %s is ignored", key, d.what)
		}
	}
}

// freeText reads a workflow's description, which Mistral takes as it is.
func (d dict) freeText(key string) string {
	if n := d.node.Get(key); n == nil || n.Kind != yaml.String && n.IsScalar() {
		return ""
	}
	return d.text(key)
}

func (d dict) workflowType() WorkflowType {
	n := d.node.Get("type")
	if n == nil {
		return Direct
	}
	t, _ := n.Str()
	switch WorkflowType(t) {
	case Direct, Reverse:
		return WorkflowType(t)
	}
	d.errorf("wrong-type", n.Span, didYouMean(n.Text, []string{"direct", "reverse"}), "\"type\" of %s must be direct or reverse", d.what)
	return Direct
}

func (d dict) taskDefaults(typ WorkflowType) *Task {
	e := d.node.Entry("task-defaults")
	if e == nil {
		return nil
	}
	td := d.openDict(e.Value, "\"task-defaults\" of "+d.what, defaultsKeys)
	if e.Value.Kind == yaml.Map && len(e.Value.Entries) == 0 {
		d.errorf("empty", e.Value.Span, "leave the key out", "%s is empty", td.what)
	}
	t := &Task{Span: entrySpan(e), NameSpan: e.Key.Span}
	t.Description, t.Tags = td.text("description"), td.texts("tags")
	td.policies(t)
	td.clauses(t)
	t.Requires = td.refs("requires", true)
	if typ == Direct && len(t.Requires) > 0 {
		d.warnf("ignored-key", td.node.Entry("requires").Key.Span, "", "\"requires\" means nothing in a direct workflow")
	}
	for _, key := range onKeys {
		if own := td.node.Entry(key); typ == Reverse && own != nil {
			d.warnf("ignored-key", own.Key.Span, "let tasks require what they follow", "%q means nothing in a reverse workflow", key)
		}
	}
	return t
}

func (d dict) tasks(w *Workflow, book bool) []*Task {
	n := d.node.Get("tasks")
	if n == nil {
		d.errorf("missing-key", w.NameSpan, "add: tasks: ...", "%s has no tasks", d.what)
		return nil
	}
	if n.Kind != yaml.Map {
		d.errorf("wrong-type", n.Span, "write each task as 'name: ...'", "\"tasks\" of %s must be a dictionary, not %s", d.what, describe(n))
		return nil
	}
	if len(n.Entries) == 0 {
		d.errorf("empty", n.Span, "", "%s has no tasks", d.what)
	}
	var tasks []*Task
	for i := range n.Entries {
		tasks = append(tasks, d.task(&n.Entries[i], w.Type, book))
	}
	return tasks
}
