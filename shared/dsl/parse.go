package dsl

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
)

// Options bounds and steers [Parse]. The zero value is what a user wants.
type Options struct {
	// MaxSize is the most bytes a file may have; 0 means 8 MiB.
	MaxSize int
	// MaxDepth is how deep lists and dictionaries may nest; 0 means 100.
	MaxDepth int
	// Kind says what the file must be; the zero value finds out.
	Kind FileKind
}

// FileKind is what a file holds.
type FileKind int

// The kinds of files.
const (
	AnyFile FileKind = iota
	WorkflowFile
	WorkbookFile
	ActionFile
)

// Parse reads and checks one file. file is the name that places carry. The File
// is nil only if the text is no YAML or no dictionary; with errors of a smaller
// kind it holds what could be understood, so that a caller can find more. All
// findings are returned, sorted.
func Parse(file string, src []byte, opts Options) (*File, Diagnostics) {
	r := &reader{file: file}
	f := r.parse(src, opts)
	r.diags.Sort()
	return f, r.diags
}

func (r *reader) parse(src []byte, opts Options) *File {
	root, errs := yaml.Parse(r.file, src, yaml.Options{MaxSize: opts.MaxSize, MaxDepth: opts.MaxDepth})
	for i, e := range errs {
		id := "yaml-value"
		if root == nil && i == len(errs)-1 {
			id = "yaml-syntax"
		}
		r.errorf(id, e.Span, e.Advice, "%s", e.Msg)
	}
	if root == nil {
		if len(errs) == 0 {
			start := Pos{Line: 1, Col: 1}
			r.errorf("empty", Span{File: r.file, Start: start, End: start}, "", "the file is empty")
		}
		return nil
	}
	if root.Kind != yaml.Map {
		r.errorf("wrong-type", root.Span, "", "the file must hold a dictionary, not %s", describe(root))
		return nil
	}
	f := &File{Path: r.file, Source: src}
	kind := opts.Kind
	if kind == AnyFile {
		kind = detect(root)
	}
	switch kind {
	case WorkbookFile:
		r.workbook(f, root)
	case ActionFile:
		r.version(root, "the action file")
		r.members(root, func(e *yaml.Entry) { f.Actions = append(f.Actions, r.adhoc(e, "")) })
	default:
		r.version(root, "the workflow file")
		r.members(root, func(e *yaml.Entry) { f.Workflows = append(f.Workflows, r.workflow(e, "")) })
	}
	return f
}

// detect tells the kinds of files apart: a workbook has a name of its own or
// sections, an ad-hoc action a base.
func detect(root *Node) FileKind {
	if n := root.Get("name"); n.IsScalar() {
		return WorkbookFile
	}
	for _, section := range []string{"workflows", "actions"} {
		if n := root.Get(section); n != nil && n.Get("tasks") == nil && n.Get("base") == nil {
			return WorkbookFile
		}
	}
	for _, e := range root.Entries {
		if e.Value.Get("tasks") != nil {
			return WorkflowFile
		}
	}
	for _, e := range root.Entries {
		if e.Value.Get("base") != nil {
			return ActionFile
		}
	}
	return WorkflowFile
}

func (r *reader) version(root *Node, what string) {
	n := root.Get("version")
	if n == nil {
		r.errorf("missing-key", startOf(root), "begin the file with: version: '2.0'", "%s has no version", what)
		return
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	if err != nil || v != 2 || !n.IsScalar() {
		r.errorf("version", n.Span, "write: version: '2.0'", "version %q of the language is not known", n.Text)
	}
}

// startOf is the first character of a node.
func startOf(n *Node) Span {
	at := n.Span.Start
	end := at
	end.Col++
	end.Offset++
	return Span{File: n.Span.File, Start: at, End: end}
}

// members calls read for every entry but the version.
func (r *reader) members(root *Node, read func(*yaml.Entry)) {
	found := false
	for i := range root.Entries {
		e := &root.Entries[i]
		if e.Key.Kind == yaml.String && e.Key.Text == "version" {
			continue
		}
		found = true
		read(e)
	}
	if !found {
		r.errorf("empty", root.Span, "", "the file defines nothing")
	}
}

var bookMemberName = regexp.MustCompile(`^[\pL\pN_-]+$`)

func (r *reader) workbook(f *File, root *Node) {
	d := r.openDict(root, "the workbook", []string{"version", "name", "description", "tags", "workflows", "actions"})
	r.version(root, "the workbook")
	b := &Workbook{Description: d.text("description"), Tags: d.texts("tags"), Span: root.Span}
	f.Workbook = b
	if root.Get("name") == nil {
		r.errorf("missing-key", startOf(root), "add: name: ...", "the workbook has no name")
	} else {
		b.Name = d.text("name")
		r.checkSpaces("workbook", b.Name, root.Get("name").Span)
	}
	r.section(root, "actions", func(e *yaml.Entry) { f.Actions = append(f.Actions, r.adhoc(e, b.Name)) })
	r.section(root, "workflows", func(e *yaml.Entry) { f.Workflows = append(f.Workflows, r.workflow(e, b.Name)) })
}

func (r *reader) section(root *Node, key string, read func(*yaml.Entry)) {
	n := root.Get(key)
	if n == nil {
		return
	}
	if !r.checkSection(n, key) {
		return
	}
	for i := range n.Entries {
		e := &n.Entries[i]
		if e.Key.Kind == yaml.String && e.Key.Text == "version" {
			continue
		}
		if e.Key.Kind == yaml.String && !bookMemberName.MatchString(e.Key.Text) {
			r.errorf("bad-name", e.Key.Span, "use letters, digits, '_' and '-'", "%q can't be a name in a workbook", e.Key.Text)
		}
		read(e)
	}
}

func (r *reader) checkSection(n *Node, key string) bool {
	switch {
	case n.Kind != yaml.Map:
		r.errorf("wrong-type", n.Span, "", "%q must be a dictionary, not %s", key, describe(n))
		return false
	case len(n.Entries) == 0:
		r.errorf("empty", n.Span, "leave the key out", "%q is empty", key)
	}
	return true
}

// nameOf reads the name under which a definition stands. A number or a boolean
// there is one that YAML made of text.
func (r *reader) nameOf(e *yaml.Entry, what string) string {
	name, ok := e.Key.Str()
	if !ok {
		r.errorf("key-not-text", e.Key.Span, "put the name in quotes", "the %s name %q is read as %s", what, e.Key.Text, describe(e.Key))
		return e.Key.Text
	}
	if name == "" {
		r.errorf("empty", e.Key.Span, "", "a %s has no name", what)
	}
	return name
}

// checkSpaces reports a name that Mistral does not store.
func (r *reader) checkSpaces(what, name string, at Span) {
	if strings.Contains(name, " ") {
		r.errorf("bad-name", at, "write "+strings.ReplaceAll(strings.TrimSpace(name), " ", "_"), "the name of a %s can't have blanks", what)
	}
}

func qualified(book, name string) string {
	if book == "" {
		return name
	}
	return book + "." + name
}

var actionKeys = []string{"description", "tags", "base", "base-input", "input", "output", "name", "version"}

func (r *reader) adhoc(e *yaml.Entry, book string) *AdhocAction {
	a := &AdhocAction{Name: r.nameOf(e, "action"), Span: entrySpan(e), NameSpan: e.Key.Span}
	a.QualifiedName = qualified(book, a.Name)
	r.checkSpaces("action", a.Name, e.Key.Span)
	d := r.openDict(e.Value, fmt.Sprintf("action %q", a.Name), actionKeys)
	a.Description, a.Tags = d.text("description"), d.texts("tags")
	a.Input = d.inputParams()
	a.BaseInput = d.data("base-input")
	a.Output = d.node.Get("output")
	if a.Output != nil {
		r.checkValues(a.Output)
	}
	if e.Value.Kind == yaml.Map && d.node.Get("base") == nil {
		r.errorf("missing-key", e.Key.Span, "add: base: the action underneath", "action %q has no base", a.Name)
	}
	a.Base = d.call("base")
	return a
}

// inputParams reads the declared parameters of a workflow or an action.
func (d dict) inputParams() []InputParam {
	n := d.node.Get("input")
	if n == nil {
		return nil
	}
	what := "\"input\" of " + d.what
	if n.Kind != yaml.List {
		d.errorf("wrong-type", n.Span, "write a list of names, or of 'name: default'", "%s must be a list, not %s", what, describe(n))
		return nil
	}
	if len(n.Items) == 0 {
		d.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	var params []InputParam
	seen := map[string]bool{}
	for _, item := range n.Items {
		p := d.inputParam(item, what)
		if p.Name == "" {
			continue
		}
		if seen[p.Name] {
			d.errorf("duplicate", p.Span, "", "parameter %q is declared twice", p.Name)
		}
		seen[p.Name] = true
		params = append(params, p)
	}
	return params
}

func (d dict) inputParam(item *Node, what string) InputParam {
	if item.Kind != yaml.Map {
		return InputParam{Name: d.asText(item, "an entry of "+what), Span: item.Span}
	}
	if len(item.Entries) != 1 {
		d.errorf("wrong-type", item.Span, "begin each parameter with '- '", "an entry of %s has %d names; one is allowed", what, len(item.Entries))
		return InputParam{}
	}
	e := item.Entries[0]
	d.checkValues(e.Value)
	name := d.asText(e.Key, "a parameter's name in "+what)
	return InputParam{Name: name, HasDefault: true, Default: e.Value, Span: e.Key.Span}
}
