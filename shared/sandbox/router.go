package sandbox

import (
	"net/url"
	"slices"
	"strings"
)

// handler answers a routed request.
type handler func(*call) (reply, error)

// access says who may call a route.
type access int

const (
	member  access = iota // any valid token with a project
	anyone                // no token
	holder                // any valid token, unscoped ones too
	adminOf               // the role admin
)

// route is one method and pattern of a service: literal segments and {names}.
// rule is what a refusal names as the policy.
type route struct {
	method  string
	pattern string
	handle  handler
	access  access
	rule    string
}

// node is a step in the tree of patterns.
type node struct {
	literal map[string]*node
	param   *node
	pattern string
	methods map[string]*route
}

func newRouter(routes []route) *node {
	root := &node{}
	for i := range routes {
		r := &routes[i]
		n := root
		for _, seg := range splitPath(r.pattern) {
			n = n.child(seg)
		}
		n.pattern = r.pattern
		if n.methods == nil {
			n.methods = make(map[string]*route)
		}
		n.methods[r.method] = r
	}
	return root
}

func (n *node) child(seg string) *node {
	if strings.HasPrefix(seg, "{") {
		if n.param == nil {
			n.param = &node{}
		}
		return n.param
	}
	if n.literal == nil {
		n.literal = make(map[string]*node)
	}
	next := n.literal[seg]
	if next == nil {
		next = &node{}
		n.literal[seg] = next
	}
	return next
}

// find returns the node for the segments, preferring literal ones.
func (n *node) find(segs []string) *node {
	if len(segs) == 0 {
		if n.methods == nil {
			return nil
		}
		return n
	}
	if next := n.literal[segs[0]]; next != nil {
		if hit := next.find(segs[1:]); hit != nil {
			return hit
		}
	}
	if n.param != nil && segs[0] != "" {
		return n.param.find(segs[1:])
	}
	return nil
}

func (n *node) allow() string {
	var methods []string
	for m := range n.methods {
		methods = append(methods, m)
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// bind names the path's parameters as the pattern of a route does.
func bind(pattern string, segs []string) map[string]string {
	var vars map[string]string
	for i, p := range splitPath(pattern) {
		if strings.HasPrefix(p, "{") {
			if vars == nil {
				vars = make(map[string]string, 2)
			}
			vars[strings.Trim(p, "{}")] = segs[i]
		}
	}
	return vars
}

// splitPath cuts a pattern or an escaped path into its unescaped segments. An
// empty segment inside stays, so that "//" fits no route.
func splitPath(p string) []string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return nil
	}
	segs := strings.Split(p, "/")
	for i, s := range segs {
		if u, err := url.PathUnescape(s); err == nil {
			segs[i] = u
		}
	}
	return segs
}
