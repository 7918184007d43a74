package actions

import (
	"fmt"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// spec is how an action is performed: by a hook, or by a call that a table
// describes, the first case whose condition holds else the base.
type spec struct {
	base     call
	cases    []callCase
	hookName string
	hook     hook
	varkw    string
}

type callCase struct {
	when condition
	call call
}

// call is what one call of an action sends and what comes back.
type call struct {
	method       string // or {name} for what an argument says
	path         []pathNode
	query        node
	body         node
	headers      node
	result       string // see result.go
	page         string // see paging.go
	before       *follow
	then         *follow
	each         string // a list argument; the request is sent for each of its items, {@item}
	root         bool   // the path is below the service's root, before any version
	once         bool   // a repeated request would do the thing twice
	drop         string // a field of the answer's resources that is dropped
	microversion string // that the request is written against; empty for none
	pin          string // the argument that asks for another microversion
	serviceType  string
	refuse       string
	nothing      bool
	listText     bool // a list in the query is sent as its text
}

// follow is a GET before or after a call's request. The one after completes an
// answer, such as that of a create, and sees the answer's fields as {@id} and so
// on; the fields of the one before are there for the request in the same way.
type follow struct {
	path   []pathNode
	result string
}

// parseFollow reads "GET /path key".
func parseFollow(s string) (*follow, error) {
	fields := strings.Fields(s)
	if len(fields) < 2 || len(fields) > 3 || fields[0] != "GET" {
		return nil, fmt.Errorf("%q is not GET, a path and a key", s)
	}
	path, err := compilePath(fields[1])
	if err != nil {
		return nil, err
	}
	f := &follow{path: path}
	if len(fields) == 3 {
		f.result = fields[2]
	}
	return f, nil
}

// sendNulls keeps a null in the bodies where the clients send one: that of an
// argument that has to be given, or that says other than its default.
func (s *spec) sendNulls(params []Param) {
	names := map[string]bool{}
	for _, p := range params {
		names[p.Name] = p.Required || p.Default != nil
	}
	s.base.body = withNulls(s.base.body, names)
	for i := range s.cases {
		s.cases[i].call.body = withNulls(s.cases[i].call.body, names)
	}
}

// readOnly reports whether no case of the call changes anything. What a hook
// does is not known, so its entry says so itself.
func (s *spec) readOnly() bool {
	if s.hookName != "" && s.base.method == "" {
		return false
	}
	for _, c := range s.cases {
		if !c.call.readOnly() {
			return false
		}
	}
	return s.base.readOnly()
}

func (c *call) readOnly() bool {
	return c.method == "GET" || c.method == "HEAD" || c.nothing || c.refuse != ""
}

// choose returns the call for the arguments.
func (s *spec) choose(args arguments) *call {
	for i := range s.cases {
		if s.cases[i].when.holds(args) {
			return &s.cases[i].call
		}
	}
	return &s.base
}

// condition is a conjunction of tests of single arguments.
type condition []test

type test struct {
	name    string
	negated bool
	isNull  bool // tests for null instead of truth
	isDict  bool // tests for a dictionary instead of truth
}

// parseCondition reads terms joined by "and": an argument's name holds if it is
// true in Python's sense, !name if it is not, "name is null" and "name given"
// whether it is null, "name is dict" whether it is a dictionary.
func parseCondition(s string) (condition, error) {
	var c condition
	for term := range strings.SplitSeq(s, " and ") {
		fields := strings.Fields(term)
		var t test
		switch {
		case len(fields) == 1:
			t.name, t.negated = strings.CutPrefix(fields[0], "!")
		case len(fields) == 3 && fields[1] == "is" && fields[2] == "null":
			t = test{name: fields[0], isNull: true}
		case len(fields) == 3 && fields[1] == "is" && fields[2] == "dict":
			t = test{name: fields[0], isDict: true}
		case len(fields) == 2 && fields[1] == "given":
			t = test{name: fields[0], isNull: true, negated: true}
		default:
			return nil, fmt.Errorf("condition %q is not understood", s)
		}
		c = append(c, t)
	}
	return c, nil
}

func (c condition) holds(args arguments) bool {
	for _, t := range c {
		v := args[t.name]
		got := isTrue(v)
		if t.isNull {
			got = v == nil
		}
		if t.isDict {
			_, got = v.(*value.Map)
		}
		if got == t.negated {
			return false
		}
	}
	return true
}
