package actions

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A path template is text with placeholders. A placeholder's value is escaped, but
// for its slashes: the clients send an id such as a/b so. No argument leaves
// its place, as . and .. are refused, or begins a query. {name?text} is text where the argument is true, {!name?text}
// where it is not; the text may hold placeholders.
//
//	/servers{detailed?/detail}
//	{user?/users/{user}}/projects

// pathNode is a compiled piece of a path.
type pathNode struct {
	text    string     // literal
	name    string     // the argument of a placeholder or of a condition
	filters []filter   // of a placeholder
	negated bool       // of a condition
	inner   []pathNode // of a condition
	isCond  bool
}

var errPathBraces = errors.New("path template: braces do not match")

func compilePath(s string) ([]pathNode, error) {
	var nodes []pathNode
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return append(nodes, pathNode{text: s}), nil
		}
		if open > 0 {
			nodes = append(nodes, pathNode{text: s[:open]})
		}
		end := matchingBrace(s, open)
		if end < 0 {
			return nil, errPathBraces
		}
		n, err := compilePathPiece(s[open+1 : end])
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		s = s[end+1:]
	}
	return nodes, nil
}

func matchingBrace(s string, open int) int {
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func compilePathPiece(s string) (pathNode, error) {
	name, then, isCond := strings.Cut(s, "?")
	if !isCond {
		n, err := compilePlaceholder(s)
		if err != nil {
			return pathNode{}, err
		}
		p := n.(placeholder)
		return pathNode{name: p.name, filters: p.filters}, nil
	}
	inner, err := compilePath(then)
	if err != nil {
		return pathNode{}, err
	}
	n := pathNode{isCond: true, inner: inner}
	n.name, n.negated = strings.CutPrefix(name, "!")
	if !n.negated {
		n.name = name
	}
	return n, nil
}

// expandPath builds the path. Segments are escaped as [url.PathEscape] does.
func expandPath(nodes []pathNode, args arguments) (string, error) {
	var b strings.Builder
	for _, n := range nodes {
		switch {
		case n.isCond:
			if isTrue(args[n.name]) == n.negated {
				continue
			}
			s, err := expandPath(n.inner, args)
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		case n.name != "":
			s, err := pathValue(n, args[n.name])
			if err != nil {
				return "", err
			}
			b.WriteString(s)
		default:
			b.WriteString(n.text)
		}
	}
	return b.String(), nil
}

// pathValue gives one argument as path text. What would name no resource, or
// another one than it says, is refused.
func pathValue(n pathNode, v any) (string, error) {
	for _, f := range n.filters {
		var err error
		if v, err = f(v); err != nil {
			return "", badArgument{n.name, err.Error()}
		}
	}
	switch v.(type) {
	case nil, []any, *value.Map:
		return "", badArgument{n.name, fmt.Sprintf("must be an id or a name, not %s", value.Kind(v))}
	}
	s := pythonStr(v)
	if s == "" || s == "." || s == ".." {
		return "", badArgument{n.name, fmt.Sprintf("must be an id or a name, not %q", s)}
	}
	return safePath(n.name, s)
}

// safePath escapes each segment of an argument.
func safePath(name, s string) (string, error) {
	segments := strings.Split(s, "/")
	for i, seg := range segments {
		if seg == "." || seg == ".." {
			return "", badArgument{name, fmt.Sprintf("must not have %q between slashes", seg)}
		}
		segments[i] = url.PathEscape(seg)
	}
	return strings.Join(segments, "/"), nil
}
