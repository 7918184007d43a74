package jinja

import (
	"slices"
	"strings"
)

// subparse reads statements and text up to one of the tags in end, which is
// then current, or to the end of the template.
func (p *parser) subparse(end []string) []stmt {
	defer p.enter()()
	if end != nil {
		p.ends = append(p.ends, end)
		defer func() { p.ends = p.ends[:len(p.ends)-1] }()
	}
	var body []stmt
	var parts []expr
	flush := func() {
		if len(parts) > 0 {
			body = append(body, &outputNode{parts})
			parts = nil
		}
	}
	for p.cur.kind != tokEOF {
		switch p.cur.kind {
		case tokData:
			parts = append(parts, &textNode{p.next().text})
		case tokVariableBegin:
			p.next()
			parts = append(parts, p.tuple(tupleOptions{cond: true}))
			p.expect(tokVariableEnd)
		default:
			flush()
			p.expect(tokBlockBegin)
			if p.cur.kind == tokName && slices.Contains(end, p.cur.text) {
				return body
			}
			body = append(body, p.statement())
			p.expect(tokBlockEnd)
		}
	}
	flush()
	return body
}

func (p *parser) statement() stmt {
	if p.cur.kind != tokName {
		p.fail("tag name expected")
	}
	tag := p.cur.text
	read, ok := map[string]func() stmt{
		"for": p.forLoop, "if": p.ifBlock, "block": p.block, "extends": p.loader, "print": p.print,
		"macro": p.macro, "include": p.loader, "from": p.loader, "import": p.loader, "set": p.set,
		"with": p.with, "autoescape": p.autoescape, "call": p.callBlock, "filter": p.filterBlock,
	}[tag]
	if !ok {
		p.unknownTag(tag)
	}
	p.tags = append(p.tags, tag)
	s := read()
	p.tags = p.tags[:len(p.tags)-1]
	return s
}

func (p *parser) unknownTag(tag string) {
	p.failTag("Encountered unknown tag "+strRepr(tag)+".", tag, p.ends)
}

func (p *parser) failTag(msg, tag string, ends [][]string) {
	if len(ends) > 0 {
		var quoted []string
		for _, e := range ends[len(ends)-1] {
			quoted = append(quoted, strRepr(e))
		}
		looking := strings.Join(quoted, " or ")
		if tag != "" && slices.ContainsFunc(ends, func(e []string) bool { return slices.Contains(e, tag) }) {
			msg += " You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for " + looking + "."
		} else {
			msg += " Jinja was looking for the following tags: " + looking + "."
		}
	}
	if len(p.tags) > 0 {
		msg += " The innermost block that needs to be closed is " + strRepr(p.tags[len(p.tags)-1]) + "."
	}
	p.fail("%s", msg)
}

// body reads the statements of a block up to one of the tags in end and
// returns which one it is.
func (p *parser) body(end ...string) ([]stmt, string) {
	p.skip(":")
	p.expect(tokBlockEnd)
	body := p.subparse(end)
	if p.cur.kind == tokEOF {
		p.failTag("Unexpected end of template.", "", append(slices.Clone(p.ends), end))
	}
	return body, p.next().text
}

func (p *parser) target(o tupleOptions) expr {
	o.simple = true
	off := p.cur.off
	x := p.tuple(o)
	p.assignable(x, off)
	return x
}

func (p *parser) assignable(x expr, off int) {
	if !canAssign(x) {
		p.failAt(off, "can't assign to %s", strRepr(nodeName(x)))
	}
}

func canAssign(x expr) bool {
	switch x := x.(type) {
	case *nameNode, *nsNode:
		return true
	case *tupleNode:
		return !slices.ContainsFunc(x.items, func(e expr) bool { return !canAssign(e) })
	}
	return false
}

func nodeName(x expr) string {
	switch x := x.(type) {
	case *constNode:
		return "const"
	case *tupleNode:
		return "tuple"
	case *listNode:
		return "list"
	case *dictNode:
		return "dict"
	case *filterNode:
		return "filter"
	case *testNode:
		return "test"
	case *callNode:
		return "call"
	case *attrNode:
		return "getattr"
	case *itemNode:
		return "getitem"
	case *condNode:
		return "condexpr"
	case *cmpNode:
		return "compare"
	case *concatNode:
		return "concat"
	case *notNode:
		return "not"
	case *andNode:
		return "and"
	case *orNode:
		return "or"
	case *binNode:
		return map[string]string{"+": "add", "-": "sub", "*": "mul", "/": "div", "//": "floordiv", "%": "mod", "**": "pow"}[x.op]
	case *unaryNode:
		return map[string]string{"+": "pos", "-": "neg"}[x.op]
	}
	return "expression"
}

// plainName reads a name that is assigned to.
func (p *parser) plainName() string {
	t := p.expect(tokName)
	if slices.Contains([]string{"true", "false", "none", "True", "False", "None"}, t.text) {
		p.failAt(t.off, "can't assign to 'name'")
	}
	return t.text
}

func (p *parser) set() stmt {
	p.next()
	target := p.target(tupleOptions{namespace: true})
	if p.skip("=") {
		return &setNode{target, p.tuple(tupleOptions{cond: true})}
	}
	var f *filterNode
	for p.skip("|") {
		f = p.filter(chained(f))
	}
	body, _ := p.body("endset")
	return &setBlockNode{target, f, body}
}

// chained avoids an expr that holds a nil *filterNode.
func chained(f *filterNode) expr {
	if f == nil {
		return nil
	}
	return f
}

func (p *parser) forLoop() stmt {
	n := &forNode{off: p.next().off}
	n.target = p.target(tupleOptions{end: "in"})
	p.expectName("in")
	n.iter = p.tuple(tupleOptions{end: "recursive"})
	if p.skipName("if") {
		n.test = p.expression(true)
	}
	n.recursive = p.skipName("recursive")
	var end string
	if n.body, end = p.body("endfor", "else"); end == "else" {
		n.other, _ = p.body("endfor")
	}
	if assignsName(n.target, "loop") || assignsIn(n.body, "loop") || assignsIn(n.other, "loop") {
		p.failAt(n.off, "Can't assign to special loop variable in for-loop target")
	}
	return n
}

func (p *parser) ifBlock() stmt {
	n := &ifNode{}
	for end := "elif"; end == "elif"; {
		p.next2(len(n.tests) == 0)
		n.tests = append(n.tests, p.tuple(tupleOptions{}))
		var body []stmt
		body, end = p.body("elif", "else", "endif")
		n.bodies = append(n.bodies, body)
		if end == "else" {
			n.other, _ = p.body("endif")
		}
	}
	return n
}

// next2 skips the tag's name if it is still current.
func (p *parser) next2(first bool) {
	if first {
		p.next()
	}
}

func (p *parser) with() stmt {
	p.next()
	n := &withNode{}
	for p.cur.kind != tokBlockEnd {
		if len(n.targets) > 0 {
			p.expect(",")
		}
		n.targets = append(n.targets, p.target(tupleOptions{}))
		p.expect("=")
		n.vals = append(n.vals, p.expression(true))
	}
	n.body, _ = p.body("endwith")
	return n
}

func (p *parser) autoescape() stmt {
	p.next()
	n := &autoescapeNode{on: p.expression(true)}
	n.body, _ = p.body("endautoescape")
	return n
}

func (p *parser) block() stmt {
	off := p.next().off
	n := &blockNode{name: p.expect(tokName).text, off: off}
	n.scoped = p.skipName("scoped")
	n.required = p.skipName("required")
	if p.cur.kind == "-" {
		p.fail("Block names in Jinja have to be valid Python identifiers and may not contain hyphens, use an underscore instead.")
	}
	n.body, _ = p.body("endblock")
	if n.required && !blank(n.body) {
		p.fail("Required blocks can only contain comments or whitespace")
	}
	p.skipName(n.name)
	if p.duplicate[n.name] {
		p.failAt(off, "block %s defined twice", strRepr(n.name))
	}
	p.duplicate[n.name] = true
	return n
}

func blank(body []stmt) bool {
	for _, s := range body {
		out, ok := s.(*outputNode)
		if !ok {
			return false
		}
		for _, x := range out.parts {
			if t, ok := x.(*textNode); !ok || strings.TrimFunc(t.text, isSpace) != "" {
				return false
			}
		}
	}
	return true
}

func (p *parser) print() stmt {
	p.next()
	n := &outputNode{}
	for p.cur.kind != tokBlockEnd {
		if len(n.parts) > 0 {
			p.expect(",")
		}
		n.parts = append(n.parts, p.expression(true))
	}
	return n
}

// signature reads the parameters of a macro or of a call block's body.
func (p *parser) signature(m *macroNode) {
	p.expect("(")
	for p.cur.kind != ")" {
		if len(m.params) > 0 {
			p.expect(",")
		}
		off := p.cur.off
		name := p.plainName()
		if slices.Contains(m.params, name) {
			p.failAt(off, "duplicate argument '%s' in function definition", name)
		}
		if p.skip("=") {
			m.defaults = append(m.defaults, p.expression(true))
		} else if len(m.defaults) > 0 {
			p.fail("non-default argument follows default argument")
		}
		m.params = append(m.params, name)
	}
	p.expect(")")
}

func (p *parser) macro() stmt {
	n := &macroNode{off: p.next().off}
	n.name = p.plainName()
	p.signature(n)
	p.macroBody(n, "endmacro")
	return n
}

func (p *parser) macroBody(n *macroNode, end string) {
	n.body, _ = p.body(end)
	n.caller = usesName(n.body, "caller")
	n.kwargs = usesName(n.body, "kwargs")
	n.varargs = usesName(n.body, "varargs")
	if i := slices.Index(n.params, "caller"); i >= 0 && i < len(n.params)-len(n.defaults) && n.caller {
		p.failAt(n.off, "When defining macros or call blocks the special \"caller\" argument must be omitted or be given a default.")
	}
}

func (p *parser) callBlock() stmt {
	off := p.next().off
	m := &macroNode{name: "caller", off: off}
	if p.cur.kind == "(" {
		p.signature(m)
	}
	call, ok := p.expression(true).(*callNode)
	if !ok {
		p.failAt(off, "expected call")
	}
	p.macroBody(m, "endcall")
	return &callBlockNode{call, m}
}

func (p *parser) filterBlock() stmt {
	p.next()
	f := p.filter(nil)
	for p.skip("|") {
		f = p.filter(f)
	}
	body, _ := p.body("endfilter")
	return &filterBlockNode{f, body}
}

// loader reads a statement that asks for another template.
func (p *parser) loader() stmt {
	n := &loaderNode{tag: p.next().text, x: p.expression(true)}
	switch n.tag {
	case "include":
		if p.isName("ignore") && p.look().kind == tokName && p.look().text == "missing" {
			p.next()
			p.next()
			n.ignore = true
		}
	case "import":
		p.expectName("as")
		n.targets = []string{p.plainName()}
	case "from":
		p.expectName("import")
		p.imports(n)
		return n
	}
	if n.tag != "extends" {
		p.context()
	}
	return n
}

// context reads `with context` or `without context`.
func (p *parser) context() bool {
	if (p.isName("with") || p.isName("without")) && p.look().kind == tokName && p.look().text == "context" {
		p.next()
		p.next()
		return true
	}
	return false
}

func (p *parser) imports(n *loaderNode) {
	for {
		if len(n.targets) > 0 {
			p.expect(",")
		}
		if p.cur.kind != tokName {
			p.expect(tokName)
		}
		if p.context() {
			return
		}
		off := p.cur.off
		name := p.plainName()
		if strings.HasPrefix(name, "_") {
			p.failAt(off, "names starting with an underline can not be imported")
		}
		if p.skipName("as") {
			name = p.plainName()
		}
		n.targets = append(n.targets, name)
		if p.context() || p.cur.kind != "," {
			return
		}
	}
}
