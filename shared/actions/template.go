package actions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A table's bodies and queries are templates: data whose strings may hold
// placeholders.
//
//	{name}          the argument; its entry is left out if it is null (but see [spec.sendNulls])
//	{name!}         the argument, null included
//	{name?}         the argument; left out unless it is true in Python's sense
//	{name:20}       the argument, or what stands after the colon (JSON) if it is not true
//	{name|filter}   the argument, changed by a filter (see filters.go)
//	"a {name} b"    text around a placeholder makes it text
//
// A dictionary's key "**" spreads a dictionary in its place. A key that ends in
// "?" leaves its entry out if the value is empty, one that ends in "?null" makes
// an empty value null. Keys may hold placeholders too.

// arguments are the values that a call's templates see: the parameters; the
// catch-all as a dictionary under its own name, and its entries as name.key; and
// under names that begin with @ what a hook or an earlier answer gave.
type arguments map[string]any

// node is a compiled template.
type node interface {
	// eval returns the value, or ok false if it is to be left out.
	eval(args arguments) (v any, ok bool, err error)
}

type (
	literal     struct{ v any }
	placeholder struct {
		name     string
		mode     byte // 0, '!' or '?'
		fallback any  // in place of what is not true
		filters  []filter
	}
	text    []node // literals and placeholders, joined
	objNode []objEntry
	listOf  []node
)

type objEntry struct {
	key    node // nil for a spread
	suffix string
	value  node
}

// compileNode compiles a template that was read as a value.
func compileNode(v any) (node, error) {
	switch v := v.(type) {
	case string:
		return compileText(v)
	case []any:
		out := make(listOf, len(v))
		for i, e := range v {
			n, err := compileNode(e)
			if err != nil {
				return nil, err
			}
			out[i] = n
		}
		return out, nil
	case *value.Map:
		return compileMap(v)
	default:
		return literal{v}, nil
	}
}

func compileMap(m *value.Map) (node, error) {
	out := make(objNode, 0, m.Len())
	for k, e := range m.All() {
		val, err := compileNode(e)
		if err != nil {
			return nil, err
		}
		entry := objEntry{value: val}
		if k != "**" {
			for _, suffix := range []string{"?null", "?"} {
				if rest, ok := strings.CutSuffix(k, suffix); ok {
					k, entry.suffix = rest, suffix
					break
				}
			}
			if entry.key, err = compileText(k); err != nil {
				return nil, err
			}
		}
		out = append(out, entry)
	}
	return out, nil
}

func compileText(s string) (node, error) {
	var parts text
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			parts = append(parts, literal{s})
			break
		}
		if open > 0 {
			parts = append(parts, literal{s[:open]})
		}
		end := matchingBrace(s, open)
		if end < 0 {
			return nil, fmt.Errorf("template %q: unclosed {", s)
		}
		p, err := compilePlaceholder(s[open+1 : end])
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
		s = s[end+1:]
	}
	switch len(parts) {
	case 0:
		return literal{""}, nil
	case 1:
		return parts[0], nil
	default:
		return parts, nil
	}
}

func compilePlaceholder(s string) (node, error) {
	parts := strings.Split(s, "|")
	name, fallback, hasFallback := strings.Cut(parts[0], ":")
	p := placeholder{name: name}
	if hasFallback {
		v, err := value.Decode([]byte(fallback))
		if err != nil {
			return nil, fmt.Errorf("template {%s}: %w", s, err)
		}
		p.fallback = v
	}
	if last := len(p.name) - 1; last > 0 && (p.name[last] == '!' || p.name[last] == '?') {
		p.mode, p.name = p.name[last], p.name[:last]
	}
	if p.name == "" {
		return nil, fmt.Errorf("template {%s}: no name", s)
	}
	for _, name := range parts[1:] {
		f, ok := filterNamed(name)
		if !ok {
			return nil, fmt.Errorf("template {%s}: unknown filter %q", s, name)
		}
		p.filters = append(p.filters, f)
	}
	return p, nil
}

// withNulls is a body whose placeholders of these names keep a null.
func withNulls(n node, names map[string]bool) node {
	switch n := n.(type) {
	case placeholder:
		if names[n.name] && n.mode == 0 && n.fallback == nil && len(n.filters) == 0 {
			n.mode = '!'
		}
		return n
	case objNode:
		out := make(objNode, len(n))
		for i, e := range n {
			if e.key != nil {
				e.value = withNulls(e.value, names)
			}
			out[i] = e
		}
		return out
	case listOf:
		out := make(listOf, len(n))
		for i, e := range n {
			out[i] = withNulls(e, names)
		}
		return out
	default:
		return n
	}
}

func (n literal) eval(arguments) (any, bool, error) { return n.v, true, nil }

func (n placeholder) eval(args arguments) (any, bool, error) {
	v := args[n.name]
	if n.fallback != nil && !isTrue(v) {
		v = n.fallback
	}
	if n.mode == '?' && !isTrue(v) {
		return nil, false, nil
	}
	for _, f := range n.filters {
		var err error
		if v, err = f(v); err != nil {
			return nil, false, badArgument{n.name, err.Error()}
		}
	}
	return v, v != nil || n.mode == '!', nil
}

// badArgument says that a template could not use an argument; the runner makes
// an [InvalidInput] of it.
type badArgument struct{ name, message string }

func (e badArgument) Error() string { return "parameter " + e.name + " " + e.message }

func (n text) eval(args arguments) (any, bool, error) {
	var b strings.Builder
	for _, part := range n {
		v, ok, err := part.eval(args)
		if err != nil || !ok {
			return nil, false, err
		}
		b.WriteString(pythonStr(v))
	}
	return b.String(), true, nil
}

func (n listOf) eval(args arguments) (any, bool, error) {
	out := make([]any, 0, len(n))
	for _, e := range n {
		v, ok, err := e.eval(args)
		if err != nil {
			return nil, false, err
		}
		if list, isMany := v.(many); isMany {
			out = append(out, list...)
		} else if ok {
			out = append(out, v)
		}
	}
	return out, true, nil
}

// many are values that take the place of one in a list (the filter items).
type many []any

// isTrue is Python's truth of an argument; bytes that a hook made count as true.
func isTrue(v any) bool {
	_, raw := v.([]byte)
	return raw || value.Truth(v)
}

func (n objNode) eval(args arguments) (any, bool, error) {
	out := value.NewMap(len(n))
	for _, e := range n {
		v, ok, err := e.value.eval(args)
		if err != nil {
			return nil, false, err
		}
		if !ok {
			continue
		}
		if e.key == nil {
			if err := spread(out, v); err != nil {
				p, _ := e.value.(placeholder)
				return nil, false, badArgument{p.name, err.Error()}
			}
			continue
		}
		if e.suffix != "" && !isTrue(v) {
			if e.suffix == "?" {
				continue
			}
			v = nil
		}
		k, _, err := e.key.eval(args)
		if err != nil {
			return nil, false, err
		}
		out.Set(pythonStr(k), v)
	}
	return out, true, nil
}

// spread puts the entries of the dictionary v, or of each dictionary in the
// list v, into out.
func spread(out *value.Map, v any) error {
	switch v := v.(type) {
	case *value.Map:
		for k, e := range v.All() {
			out.Set(k, e)
		}
		return nil
	case []any:
		for _, e := range v {
			if err := spread(out, e); err != nil {
				return err
			}
		}
		return nil
	default:
		return errors.New("must be a dictionary, not " + value.Kind(v))
	}
}
