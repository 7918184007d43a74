package dsl

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/spell"
	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
)

// reader turns nodes into the tree and collects what it finds wrong.
type reader struct {
	file  string
	diags Diagnostics
	// compared is how many names mistyped ones have been compared with, long ones
	// counting for more.
	compared int
}

// mostCompared bounds the search for what mistyped names may mean: a file full of
// them is none that anybody reads all the advice of.
const mostCompared = 1 << 17

// nearTask is the advice for the name of a task that does not exist.
func (r *reader) nearTask(word string, names []string) string {
	if r.compared += len(names) * (1 + len(word)*len(word)/256); r.compared > mostCompared {
		return ""
	}
	return didYouMean(word, names)
}

// finding is what a diagnostic says besides its place.
type finding struct {
	id, summary, detail, advice string
	context                     *Span
}

func (r *reader) report(sev Severity, at Span, f finding) {
	r.diags = append(r.diags, Diagnostic{
		ID: f.id, Severity: sev, Summary: f.summary, Detail: f.detail, Advice: f.advice,
		Subject: at, Context: f.context,
	})
}

func (r *reader) errorf(id string, at Span, advice, format string, args ...any) {
	r.report(Error, at, finding{id: id, summary: fmt.Sprintf(format, args...), advice: advice})
}

func (r *reader) warnf(id string, at Span, advice, format string, args ...any) {
	r.report(Warning, at, finding{id: id, summary: fmt.Sprintf(format, args...), advice: advice})
}

// didYouMean is the advice for a name that is not known.
func didYouMean(word string, known []string) string {
	if s := spell.Nearest(word, known); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	return ""
}

// dict reads the entries of one dictionary of the language.
type dict struct {
	*reader
	node *Node
	what string // "task \"a\"", for messages
}

// openDict checks that n is a dictionary whose keys are all known. Where it is
// none, the result reads as empty.
func (r *reader) openDict(n *Node, what string, known []string) dict {
	d := dict{r, n, what}
	if n.Kind != yaml.Map {
		r.errorf("wrong-type", n.Span, "", "%s must be a dictionary, not %s", what, describe(n))
		return d
	}
	for _, e := range n.Entries {
		d.checkKey(e, known)
	}
	return d
}

func (d dict) checkKey(e yaml.Entry, known []string) {
	key, ok := e.Key.Str()
	if !ok {
		d.errorf("key-not-text", e.Key.Span, "put the key in quotes", "the key %q of %s is read as %s", e.Key.Text, d.what, describe(e.Key))
		return
	}
	for _, k := range known {
		if k == key {
			return
		}
	}
	d.unknownKey(e.Key, known)
}

func (d dict) unknownKey(key *Node, known []string) {
	advice := didYouMean(key.Text, known)
	if advice == "" {
		advice = "known keys: " + strings.Join(known, ", ")
	}
	d.errorf("unknown-key", key.Span, advice, "unknown key %q in %s", key.Text, d.what)
}

// describe says what a node is: its kind with an article, and the text of a
// scalar that YAML may have read otherwise than it looks.
func describe(n *Node) string {
	switch n.Kind {
	case yaml.Bool, yaml.Time:
		return fmt.Sprintf("a %s (%s)", n.Kind, n.Text)
	case yaml.Int:
		return "an integer"
	case yaml.Null:
		return "null"
	}
	return "a " + n.Kind.String()
}

// text reads a string that must not be empty.
func (d dict) text(key string) string {
	n := d.node.Get(key)
	if n == nil {
		return ""
	}
	return d.asText(n, fmt.Sprintf("%q of %s", key, d.what))
}

func (r *reader) asText(n *Node, what string) string {
	s, ok := n.Str()
	switch {
	case !ok:
		advice := ""
		if n.IsScalar() && n.Kind != yaml.Null {
			advice = "put it in quotes"
		}
		r.errorf("wrong-type", n.Span, advice, "%s must be text, not %s", what, describe(n))
	case s == "":
		r.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	return s
}

// texts reads a list of different strings.
func (d dict) texts(key string) []string {
	refs := d.refs(key, false)
	var out []string
	for _, ref := range refs {
		out = append(out, ref.Name)
	}
	return out
}

// refs reads a list of different strings with their places; single says that one
// string may stand for a list.
func (d dict) refs(key string, single bool) []Ref {
	n := d.node.Get(key)
	if n == nil {
		return nil
	}
	what := fmt.Sprintf("%q of %s", key, d.what)
	if n.Kind == yaml.String && single {
		return []Ref{{d.asText(n, what), n.Span}}
	}
	if n.Kind != yaml.List {
		d.errorf("wrong-type", n.Span, "", "%s must be a list, not %s", what, describe(n))
		return nil
	}
	if len(n.Items) == 0 {
		d.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	seen := map[string]bool{}
	var out []Ref
	for _, item := range n.Items {
		s := d.asText(item, "an entry of "+what)
		if s != "" && seen[s] {
			d.errorf("duplicate", item.Span, "", "%q is in %s twice", s, what)
		}
		seen[s] = true
		out = append(out, Ref{s, item.Span})
	}
	return out
}

// data reads a dictionary of the workflow's own names: input, publish, output...
func (d dict) data(key string) *Node {
	n := d.node.Get(key)
	if n == nil {
		return nil
	}
	if !d.checkData(n, fmt.Sprintf("%q of %s", key, d.what)) {
		return nil
	}
	return n
}

func (r *reader) checkData(n *Node, what string) bool {
	if n.Kind != yaml.Map {
		r.errorf("wrong-type", n.Span, "", "%s must be a dictionary, not %s", what, describe(n))
		return false
	}
	if len(n.Entries) == 0 {
		r.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	for _, e := range n.Entries {
		if _, ok := e.Key.Str(); !ok {
			r.errorf("key-not-text", e.Key.Span, "put the key in quotes", "the key %q of %s is read as %s", e.Key.Text, what, describe(e.Key))
		}
	}
	r.checkValues(n)
	return true
}

// checkValues reports the values below n that are no JSON: Mistral can't store them.
func (r *reader) checkValues(n *Node) {
	switch n.Kind {
	case yaml.Time:
		r.errorf("timestamp", n.Span, "put it in quotes", "%q is read as a date, which no workflow can hold", n.Text)
	case yaml.Float:
		if f, ok := n.Value().(float64); ok && (math.IsInf(f, 0) || math.IsNaN(f)) {
			r.errorf("not-a-number", n.Span, "", "%q is a number that JSON does not have", n.Text)
		}
	}
	for _, item := range n.Items {
		r.checkValues(item)
	}
	for _, e := range n.Entries {
		r.checkValues(e.Value)
	}
}

// oneExpression is what Mistral takes for an expression where it wants one; it
// also takes text between two of them.
var oneExpression = regexp.MustCompile(`^(?:<%.*?%>|\{\{.*?\}\})\s*$`)

func isExpression(n *Node) bool {
	return n != nil && n.Kind == yaml.String && oneExpression.MatchString(n.Text)
}

// seconds, say: an integer from 0, or an expression.
func (d dict) number(key string) *Node {
	n := d.node.Get(key)
	if n == nil || d.isNumber(n) || isExpression(n) {
		return n
	}
	what := fmt.Sprintf("%q of %s", key, d.what)
	switch n.Kind {
	case yaml.Int:
		d.errorf("out-of-range", n.Span, "", "%s must not be negative", what)
	case yaml.String:
		d.errorf("wrong-type", n.Span, exprAdvice(n, "write the number without quotes"), "%s must be an integer or one expression", what)
	default:
		d.errorf("wrong-type", n.Span, "", "%s must be an integer or one expression, not %s", what, describe(n))
	}
	return nil
}

func (d dict) isNumber(n *Node) bool {
	switch v := n.Value().(type) {
	case int64:
		return v >= 0
	case float64:
		return v >= 0 && v == math.Trunc(v)
	}
	return false
}

// exprAdvice says why a text is not taken for an expression.
func exprAdvice(n *Node, otherwise string) string {
	t := n.Text
	switch {
	case !strings.Contains(t, "<%") && !strings.Contains(t, "{{"):
		return otherwise
	case strings.ContainsAny(strings.TrimSpace(t), "\n"):
		return "write the expression on one line"
	case t != strings.TrimLeft(t, " \n\t"):
		return "begin with the expression, without a blank"
	}
	return "write nothing before or behind the expression"
}

func (d dict) flag(key string) *Node {
	n := d.node.Get(key)
	if n == nil || n.Kind == yaml.Bool || isExpression(n) {
		return n
	}
	what := fmt.Sprintf("%q of %s", key, d.what)
	if n.Kind == yaml.String {
		d.errorf("wrong-type", n.Span, exprAdvice(n, "write true or false without quotes"), "%s must be a boolean or one expression", what)
	} else {
		d.errorf("wrong-type", n.Span, "", "%s must be a boolean or one expression, not %s", what, describe(n))
	}
	return nil
}

func (d dict) expression(key string) *Node {
	n := d.node.Get(key)
	if n == nil || isExpression(n) {
		return n
	}
	what := fmt.Sprintf("%q of %s", key, d.what)
	if n.Kind == yaml.String {
		d.errorf("wrong-type", n.Span, exprAdvice(n, "write it as <% ... %>"), "%s must be one expression", what)
	} else {
		d.errorf("wrong-type", n.Span, "write it as <% ... %>", "%s must be one expression, not %s", what, describe(n))
	}
	return nil
}

// span covers an entry, key and value.
func entrySpan(e *yaml.Entry) Span {
	return Span{File: e.Key.Span.File, Start: e.Key.Span.Start, End: e.Value.Span.End}
}
