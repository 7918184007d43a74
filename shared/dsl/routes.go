package dsl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/dsl/yaml"
)

// Commands are the names that mean something to the engine where a task's name
// could stand.
var commands = []string{"noop", "fail", "succeed", "pause"}

// The forms of a next task, tried in this order.
var (
	nextName = regexp.MustCompile(`^\S+$`)
	nextLine = regexp.MustCompile(`^[\pL\pN_]+ [\pL\pN_]+=.*\n?$`)
	// Mistral's own schema refuses this one without a blank; that is a slip.
	nextParen = regexp.MustCompile(`^([\pL\pN_]+)\(([\pL\pN_]+=.*)\)\n?$`)
)

// routes reads an on-* clause; nil if the key is missing.
func (d dict) routes(key string) *Routes {
	e := d.node.Entry(key)
	if e == nil {
		return nil
	}
	what := fmt.Sprintf("%q of %s", key, d.what)
	rs := &Routes{Span: e.Value.Span}
	if e.Value.Kind == yaml.Map {
		d.advancedRoutes(rs, e.Value, what)
	} else {
		rs.Entries = d.routeList(e.Value, what)
	}
	return rs
}

func (r *reader) advancedRoutes(rs *Routes, n *Node, what string) {
	rs.Advanced = true
	if n.Get("publish") == nil && n.Get("next") == nil && len(n.Entries) > 0 {
		r.errorf("guard-not-in-list", n.Span, "write it as a list: - task: <% guard %>",
			"%s holds neither publish nor next, and a guard counts only in a list", what)
		rs.Advanced = false
		rs.Entries = r.guardedRoutes(n, what)
		return
	}
	if len(n.Entries) == 0 {
		r.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	d := r.openDict(n, what, []string{"publish", "next"})
	if p := n.Get("publish"); p != nil {
		rs.Publish = r.publish(p, "\"publish\" of "+what)
	}
	next := n.Get("next")
	if next == nil {
		return
	}
	if next.Kind == yaml.Map {
		d.warnf("guard-ignored", next.Span, "write it as a list: - task: <% guard %>",
			"the guard in \"next\" of %s is ignored, as in Mistral: it counts only in a list", what)
		rs.Entries = r.guardedRoutes(next, what)
		for _, route := range rs.Entries {
			route.Guard = nil
		}
		return
	}
	rs.Entries = r.routeList(next, "\"next\" of "+what)
}

func (r *reader) guardedRoutes(n *Node, what string) []*Route {
	var out []*Route
	for i := range n.Entries {
		out = append(out, r.guardedRoute(&n.Entries[i], what))
	}
	return out
}

func (r *reader) publish(n *Node, what string) *Publish {
	d := r.openDict(n, what, []string{"branch", "global", "atomic"})
	if n.Kind == yaml.Map && len(n.Entries) == 0 {
		r.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	return &Publish{Branch: d.data("branch"), Global: d.data("global"), Atomic: d.data("atomic"), Span: n.Span}
}

func (r *reader) routeList(n *Node, what string) []*Route {
	switch n.Kind {
	case yaml.String:
		return []*Route{r.route(n, what)}
	case yaml.List:
	default:
		r.errorf("wrong-type", n.Span, "", "%s must be a task, or a list of tasks, not %s", what, describe(n))
		return nil
	}
	if len(n.Items) == 0 {
		r.errorf("empty", n.Span, "leave the key out", "%s is empty", what)
	}
	var out []*Route
	seen := map[string]bool{}
	for _, item := range n.Items {
		route := r.routeItem(item, what)
		if route == nil {
			continue
		}
		id := item.Text
		if route.Guard != nil {
			id = item.Entries[0].Key.Text + "\x00" + route.Guard.Text
		}
		if seen[id] {
			r.errorf("duplicate", item.Span, "remove one of the two", "the same entry is in %s twice", what)
		}
		seen[id] = true
		out = append(out, route)
	}
	return out
}

func (r *reader) routeItem(item *Node, what string) *Route {
	switch {
	case item.Kind == yaml.String:
		return r.route(item, what)
	case item.Kind == yaml.Map && len(item.Entries) == 1:
		return r.guardedRoute(&item.Entries[0], what)
	case item.Kind == yaml.Map:
		r.errorf("wrong-type", item.Span, "begin each task with '- '", "an entry of %s has %d keys; one is allowed", what, len(item.Entries))
	default:
		r.errorf("wrong-type", item.Span, "put the name in quotes", "an entry of %s must be a task's name, not %s", what, describe(item))
	}
	return nil
}

func (r *reader) guardedRoute(e *yaml.Entry, what string) *Route {
	route := r.route(e.Key, what)
	route.Span = entrySpan(e)
	route.Guard = e.Value
	if !isExpression(e.Value) {
		advice := "write the guard as <% ... %>"
		if e.Value.Kind == yaml.String {
			advice = exprAdvice(e.Value, advice)
		}
		r.errorf("wrong-type", e.Value.Span, advice, "the guard of %q in %s must be one expression", e.Key.Text, what)
	}
	return route
}

// route reads the name of a task or command with its parameters.
func (r *reader) route(n *Node, what string) *Route {
	route := &Route{Span: n.Span, NameSpan: n.Span}
	text := r.asText(n, "an entry of "+what)
	name := text
	switch m := nextParen.FindStringSubmatchIndex(text); {
	case m != nil:
		name = text[m[2]:m[3]]
		route.NameSpan = n.SpanOf(m[2], m[3])
		route.Params = r.parseParams(yaml.NewString(n, m[4], m[5], text[m[4]:m[5]]), 0, what)
	case nextName.MatchString(text):
		name = strings.TrimSuffix(text, "\n")
	case nextLine.MatchString(text):
		call := r.parseCall(n, what)
		name, route.Params, route.NameSpan = call.Name, call.Params, call.NameNode.Span
	case text != "":
		advice := ""
		if strings.Contains(text, "<%") || strings.Contains(text, "{{") {
			advice = "a name must be written out; put a guard behind it: - task: <% guard %>"
		}
		r.errorf("bad-route", n.Span, advice, "%q is neither a task's name nor a command", text)
		name = ""
	}
	r.setTarget(route, name)
	return route
}

func (r *reader) setTarget(route *Route, name string) {
	if slices.Contains(commands, name) {
		route.Command = name
		for _, p := range route.Params {
			if p.Name != "msg" {
				r.errorf("unknown-parameter", p.NameSpan, didYouMean(p.Name, []string{"msg"}), "command %q has no parameter %q", name, p.Name)
			}
		}
		return
	}
	route.To = name
	if len(route.Params) > 0 {
		r.errorf("unknown-parameter", route.Params[0].NameSpan, "publish a variable instead", "a next task takes no parameters")
	}
}
