package actions

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A table is a YAML file in two parts: facts of the service, then the actions,
// each entry indented by two blanks:
//
//	type: compute
//	microversion: "2.92"
//	actions:
//	  servers_reboot:
//	    doc: Reboots a server.
//	    params: server, reboot_type="SOFT"
//	    request: POST /servers/{server}/action
//	    body: {reboot: {type: "{reboot_type}"}}
//
// The fields of an entry are those of [entryYAML]; tables/README.md describes
// them for who writes tables.

// table is a service's table, its entries not yet decoded.
type table struct {
	service string
	prefix  string // of the actions' names: "nova."
	facts   serviceFacts
	entries map[string][]byte
	order   []string // the entries in the table's order
}

// serviceFacts are what a table says of its service.
type serviceFacts struct {
	Type         string `yaml:"type"`         // in the catalog; empty for what is no OpenStack service
	Title        string `yaml:"title"`        // for people
	Doc          string `yaml:"doc"`          // for people
	Microversion string `yaml:"microversion"` // that the table is written against
	Drop         string `yaml:"drop"`         // a field that every result loses
	Lists        string `yaml:"lists"`        // text: a list in a query is sent as its text
	Nulls        string `yaml:"nulls"`        // drop: no null is sent in a body that the template does not ask for

	Headers yaml.Node         `yaml:"headers"` // of every call that has none of its own
	About   map[string]string `yaml:"about"`   // what a parameter of many entries means
	Pin     string            `yaml:"pin"`     // the parameter that asks for another microversion
}

// entryYAML is an action's entry as it stands in a table.
type entryYAML struct {
	Doc      string            `yaml:"doc"`
	Params   string            `yaml:"params"` // see params.go
	About    map[string]string `yaml:"about"`  // what a parameter means, where its name does not say it
	ReadOnly *bool             `yaml:"readonly"`
	Async    bool              `yaml:"async"`
	Hook     string            `yaml:"hook"`     // Go code that performs the action
	Keywords string            `yaml:"keywords"` // the names that the catch-all takes, all if empty
	Cases    []caseYAML        `yaml:"cases"`
	callYAML `yaml:",inline"`
}

// caseYAML is a variation of the entry's call, for arguments of which its
// condition holds. What it does not say is as in the entry.
type caseYAML struct {
	When     string `yaml:"when"`
	callYAML `yaml:",inline"`
}

// callYAML is what is sent and what comes back.
type callYAML struct {
	Request      string    `yaml:"request"` // method and path, see path.go
	Query        yaml.Node `yaml:"query"`   // see template.go
	Body         yaml.Node `yaml:"body"`
	Headers      yaml.Node `yaml:"headers"`
	Result       string    `yaml:"result"`       // see result.go
	Page         string    `yaml:"page"`         // see paging.go
	Before       string    `yaml:"before"`       // a GET whose answer's fields the request needs: method, path, key
	Then         string    `yaml:"then"`         // a GET that completes the answer
	Each         string    `yaml:"each"`         // a list; the request is sent for each item of it
	Root         bool      `yaml:"root"`         // the path is below the service's root
	Once         bool      `yaml:"once"`         // repeating the request would do it twice, though its method says not
	Microversion string    `yaml:"microversion"` // none sends none
	Service      string    `yaml:"service"`      // another service type than the table's
	Refuse       string    `yaml:"refuse"`       // why these arguments can't be used
	Nothing      bool      `yaml:"nothing"`      // nothing is sent, the result is null
	Lists        string    `yaml:"lists"`        // text: a list in a query is sent as its text; each: item by item
}

// splitTable finds the entries in a table's text without decoding them.
func splitTable(service string, file []byte) (*table, error) {
	head, rest, found := bytes.Cut(file, []byte("\nactions:\n"))
	if !found {
		return nil, fmt.Errorf("table %s: no actions", service)
	}
	t := &table{service: service, prefix: service + ".", entries: map[string][]byte{}}
	if service == ServiceProject {
		t.prefix = "openstack."
	}
	if err := yaml.Unmarshal(head, &t.facts); err != nil {
		return nil, fmt.Errorf("table %s: %w", service, err)
	}
	name, start := "", 0
	for pos := 0; pos < len(rest); {
		end := pos + bytes.IndexByte(rest[pos:], '\n') + 1
		if end == pos {
			end = len(rest)
		}
		if key, ok := entryName(rest[pos:end]); ok {
			t.add(name, rest[start:pos])
			name, start = key, end
		}
		pos = end
	}
	t.add(name, rest[start:])
	return t, nil
}

func (t *table) add(name string, entry []byte) {
	if name != "" {
		t.entries[name] = entry
		t.order = append(t.order, name)
	}
}

// entryName returns the name if the line begins an entry: two blanks, the name,
// a colon.
func entryName(line []byte) (string, bool) {
	s := string(bytes.TrimRight(line, "\r\n"))
	if !strings.HasPrefix(s, "  ") || len(s) < 4 || s[2] == ' ' || s[2] == '#' || !strings.HasSuffix(s, ":") {
		return "", false
	}
	return s[2 : len(s)-1], true
}

// action decodes one entry.
func (t *table) action(name string) (*Action, error) {
	text, ok := t.entries[name]
	if !ok {
		return nil, fmt.Errorf("no entry %q", name)
	}
	var e entryYAML
	if err := yaml.Load(text, &e, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("%s%s: %w", t.prefix, name, err)
	}
	a, err := t.build(name, &e)
	if err != nil {
		return nil, fmt.Errorf("%s%s: %w", t.prefix, name, err)
	}
	return a, nil
}

func (t *table) build(name string, e *entryYAML) (*Action, error) {
	params, varkw, err := parseParams(e.Params)
	if err != nil {
		return nil, err
	}
	varkwDoc := e.About[varkw]
	delete(e.About, varkw)
	for i := range params {
		params[i].Doc = cmp.Or(e.About[params[i].Name], t.facts.About[params[i].Name])
		delete(e.About, params[i].Name)
	}
	for unknown := range e.About {
		return nil, fmt.Errorf("about: no parameter %q", unknown)
	}
	s, err := t.buildSpec(e)
	if err != nil {
		return nil, err
	}
	s.varkw = varkw
	if t.facts.Nulls != "drop" {
		s.sendNulls(params)
	}
	a := &Action{
		Name: t.prefix + name, Service: t.service, Params: params, VarKW: varkw != "", VarKWDoc: varkwDoc,
		Doc: e.Doc, Request: e.Request, ReadOnly: s.readOnly(), Async: e.Async, spec: s, keywords: splitParams(e.Keywords),
	}
	if e.ReadOnly != nil {
		a.ReadOnly = *e.ReadOnly
	}
	return a, nil
}

func (t *table) buildSpec(e *entryYAML) (*spec, error) {
	s := &spec{hookName: e.Hook}
	if e.Hook != "" {
		if s.hook = hookNamed(e.Hook); s.hook == nil {
			return nil, fmt.Errorf("no hook %q", e.Hook)
		}
	}
	base := call{serviceType: t.facts.Type, microversion: t.facts.Microversion, drop: t.facts.Drop, pin: t.facts.Pin, listText: t.facts.Lists == listsText}
	if err := base.apply(&callYAML{Headers: t.facts.Headers}); err != nil {
		return nil, err
	}
	if err := base.apply(&e.callYAML); err != nil {
		return nil, err
	}
	s.base = base
	for _, c := range e.Cases {
		cond, err := parseCondition(c.When)
		if err != nil {
			return nil, err
		}
		variant := base
		if err := variant.apply(&c.callYAML); err != nil {
			return nil, err
		}
		s.cases = append(s.cases, callCase{cond, variant})
	}
	return s, nil
}

// apply sets what y says and keeps the rest.
func (c *call) apply(y *callYAML) (err error) {
	if y.Request != "" {
		method, path, _ := strings.Cut(y.Request, " ")
		c.method = method
		if c.path, err = compilePath(strings.TrimSpace(path)); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		yaml *yaml.Node
		to   *node
	}{{&y.Query, &c.query}, {&y.Body, &c.body}, {&y.Headers, &c.headers}} {
		if f.yaml.IsZero() {
			continue
		}
		v, err := nodeValue(f.yaml)
		if err != nil {
			return err
		}
		if *f.to, err = compileNode(v); err != nil {
			return err
		}
	}
	if y.Then == "none" {
		c.then = nil
	} else if y.Then != "" {
		if c.then, err = parseFollow(y.Then); err != nil {
			return err
		}
	}
	if y.Before != "" {
		if c.before, err = parseFollow(y.Before); err != nil {
			return err
		}
	}
	setString(&c.result, y.Result)
	setString(&c.page, y.Page)
	setString(&c.microversion, y.Microversion)
	setString(&c.serviceType, y.Service)
	if c.microversion == "none" {
		c.microversion = ""
	}
	if y.Lists != "" {
		c.listText = y.Lists == listsText
	}
	setString(&c.refuse, y.Refuse)
	setString(&c.each, y.Each)
	c.root = c.root || y.Root
	c.once = c.once || y.Once
	c.nothing = c.nothing || y.Nothing
	return nil
}

// listsText is how a table says that its client sends a list in a query as its text.
const listsText = "text"

func setString(to *string, s string) {
	if s != "" {
		*to = s
	}
}

// nodeValue is a YAML node as a value, its keys in order.
func nodeValue(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		m := value.NewMap(len(n.Content) / 2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := nodeValue(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m.Set(n.Content[i].Value, v)
		}
		return m, nil
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, c := range n.Content {
			v, err := nodeValue(c)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case yaml.ScalarNode:
		var v any
		if err := n.Decode(&v); err != nil {
			return nil, err
		}
		return value.Of(v), nil
	default:
		return nil, fmt.Errorf("line %d: only plain data is read here", n.Line)
	}
}
