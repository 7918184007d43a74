package jinja

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// maxNesting bounds how deep expressions and statements nest, maxChain how
	// many operators or filters follow each other.
	maxNesting = 200
	maxChain   = 2000
)

// parser is a recursive descent over Jinja2's grammar, in the order of its
// parser.py, so that messages and what is accepted are the same.
type parser struct {
	lex       *lexer
	cur       token
	ahead     *token
	depth     int
	tags      []string   // open statements
	ends      [][]string // the tags that would close them
	duplicate map[string]bool
}

// bail carries a syntax error through the descent.
type bail struct{ err error }

// parse runs f with syntax errors as its error.
func parse(lex *lexer, f func(p *parser)) (err error) {
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	p := &parser{lex: lex, duplicate: map[string]bool{}}
	p.next()
	f(p)
	return nil
}

// parseTemplate reads a whole template.
func parseTemplate(src string) (body []stmt, err error) {
	err = parse(newLexer(src), func(p *parser) { body = p.subparse(nil) })
	return body, err
}

// parseExpr reads what stands between `{{` and `}}`.
func parseExpr(src string, base int) (x expr, err error) {
	err = parse(newExprLexer(src, base), func(p *parser) {
		x = p.expression(true)
		if p.cur.kind != tokEOF {
			p.fail("chunk after expression")
		}
	})
	return x, err
}

func (p *parser) fail(format string, args ...any) { p.failAt(p.cur.off, format, args...) }

func (p *parser) failAt(off int, format string, args ...any) {
	panic(bail{&SyntaxError{Offset: off, Message: fmt.Sprintf(format, args...)}})
}

// next moves on and returns the token that was current.
func (p *parser) next() token {
	old := p.cur
	if p.ahead != nil {
		p.cur, p.ahead = *p.ahead, nil
		return old
	}
	p.cur = p.read()
	return old
}

func (p *parser) read() token {
	t, err := p.lex.next()
	if err != nil {
		panic(bail{err})
	}
	return t
}

func (p *parser) look() *token {
	if p.ahead == nil {
		t := p.read()
		p.ahead = &t
	}
	return p.ahead
}

func (p *parser) enter() func() {
	if p.depth++; p.depth > maxNesting {
		p.fail("nested more than %d deep", maxNesting)
	}
	return func() { p.depth-- }
}

func (p *parser) isName(name string) bool { return p.cur.kind == tokName && p.cur.text == name }

func (p *parser) skipName(name string) bool {
	if !p.isName(name) {
		return false
	}
	p.next()
	return true
}

func (p *parser) skip(kind string) bool {
	if p.cur.kind != kind {
		return false
	}
	p.next()
	return true
}

func (p *parser) expect(kind string) token {
	if p.cur.kind != kind {
		p.unexpected(describeKind(kind))
	}
	return p.next()
}

func (p *parser) expectName(name string) token {
	if !p.isName(name) {
		p.unexpected(name)
	}
	return p.next()
}

func (p *parser) unexpected(want string) {
	if p.cur.kind == tokEOF {
		p.fail("unexpected end of template, expected %s.", strRepr(want))
	}
	p.fail("expected token %s, got %s", strRepr(want), strRepr(p.cur.describe()))
}

func (p *parser) expression(cond bool) expr {
	defer p.enter()()
	if cond {
		return p.condition()
	}
	return p.or()
}

func (p *parser) condition() expr {
	x := p.or()
	for n := 0; p.skipName("if"); n++ {
		p.chain(n)
		test := p.or()
		var other expr
		if p.skipName("else") {
			done := p.enter()
			other = p.condition()
			done()
		}
		x = &condNode{test, x, other}
	}
	return x
}

// chain bounds how many operators follow each other.
func (p *parser) chain(n int) {
	if n > maxChain {
		p.fail("more than %d operators in a row", maxChain)
	}
}

func (p *parser) or() expr {
	x := p.and()
	for n := 0; p.skipName("or"); n++ {
		p.chain(n)
		x = &orNode{x, p.and()}
	}
	return x
}

func (p *parser) and() expr {
	x := p.not()
	for n := 0; p.skipName("and"); n++ {
		p.chain(n)
		x = &andNode{x, p.not()}
	}
	return x
}

func (p *parser) not() expr {
	if p.isName("not") {
		defer p.enter()()
		p.next()
		return &notNode{p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	x := p.sum()
	var ops []cmpOp
	for {
		p.chain(len(ops))
		switch {
		case slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, p.cur.kind):
			op := p.next().kind
			ops = append(ops, cmpOp{op, p.sum()})
		case p.skipName("in"):
			ops = append(ops, cmpOp{"in", p.sum()})
		case p.isName("not") && p.look().kind == tokName && p.look().text == "in":
			p.next()
			p.next()
			ops = append(ops, cmpOp{"not in", p.sum()})
		case len(ops) == 0:
			return x
		default:
			return &cmpNode{x, ops}
		}
	}
}

func (p *parser) sum() expr {
	x := p.concat()
	for n := 0; p.cur.kind == "+" || p.cur.kind == "-"; n++ {
		p.chain(n)
		op := p.next().kind
		x = &binNode{op, x, p.concat()}
	}
	return x
}

func (p *parser) concat() expr {
	items := []expr{p.product()}
	for p.skip("~") {
		items = append(items, p.product())
	}
	if len(items) == 1 {
		return items[0]
	}
	return &concatNode{items}
}

func (p *parser) product() expr {
	x := p.power()
	for n := 0; slices.Contains([]string{"*", "/", "//", "%"}, p.cur.kind); n++ {
		p.chain(n)
		op := p.next().kind
		x = &binNode{op, x, p.power()}
	}
	return x
}

func (p *parser) power() expr {
	x := p.unary(true)
	for n := 0; p.skip("**"); n++ {
		p.chain(n)
		x = &binNode{"**", x, p.unary(true)}
	}
	return x
}

func (p *parser) unary(filters bool) expr {
	defer p.enter()()
	var x expr
	switch p.cur.kind {
	case "-", "+":
		op := p.next().kind
		x = &unaryNode{op, p.unary(false)}
	default:
		x = p.primary(false)
	}
	x = p.postfix(x)
	if filters {
		x = p.filters(x)
	}
	return x
}

func (p *parser) primary(namespace bool) expr {
	t := p.cur
	switch t.kind {
	case tokName:
		p.next()
		switch t.text {
		case "true", "True":
			return &constNode{val: true}
		case "false", "False":
			return &constNode{val: false}
		case "none", "None":
			return &constNode{}
		}
		if namespace && p.skip(".") {
			return &nsNode{t.text, p.expect(tokName).text}
		}
		return &nameNode{t.text, t.off}
	case tokString:
		var parts []string
		for p.cur.kind == tokString {
			parts = append(parts, p.next().text)
		}
		return &constNode{strings.Join(parts, ""), t.off + 1}
	case tokInteger, tokFloat:
		return &constNode{val: p.next().num}
	case "(":
		p.next()
		x := p.tuple(tupleOptions{cond: true, parens: true})
		p.expect(")")
		return x
	case "[":
		return &listNode{p.items("[", "]")}
	case "{":
		return p.dict()
	}
	p.fail("unexpected %s", strRepr(t.describe()))
	return nil
}

type tupleOptions struct {
	simple    bool // names and literals only
	cond      bool // with conditional expressions
	parens    bool // in parentheses: it may be empty
	namespace bool // targets may be name.attr
	end       string
}

// tuple reads expressions with commas between them; a single one without a
// comma is itself.
func (p *parser) tuple(o tupleOptions) expr {
	defer p.enter()()
	var items []expr
	comma := false
	for {
		if len(items) > 0 {
			p.expect(",")
		}
		if p.cur.kind == tokVariableEnd || p.cur.kind == tokBlockEnd || p.cur.kind == ")" || o.end != "" && p.isName(o.end) {
			break
		}
		if o.simple {
			items = append(items, p.primary(o.namespace))
		} else {
			items = append(items, p.expression(o.cond))
		}
		if p.cur.kind != "," {
			break
		}
		comma = true
	}
	if !comma {
		if len(items) > 0 {
			return items[0]
		}
		if !o.parens {
			p.fail("Expected an expression, got %s", strRepr(p.cur.describe()))
		}
	}
	return &tupleNode{items}
}

// items reads expressions between brackets, the last comma optional.
func (p *parser) items(open, closing string) []expr {
	p.expect(open)
	var items []expr
	for p.cur.kind != closing {
		if len(items) > 0 {
			p.expect(",")
		}
		if p.cur.kind == closing {
			break
		}
		items = append(items, p.expression(true))
	}
	p.expect(closing)
	return items
}

func (p *parser) dict() expr {
	p.expect("{")
	d := &dictNode{}
	for p.cur.kind != "}" {
		if len(d.keys) > 0 {
			p.expect(",")
		}
		if p.cur.kind == "}" {
			break
		}
		d.keys = append(d.keys, p.expression(true))
		p.expect(":")
		d.vals = append(d.vals, p.expression(true))
	}
	p.expect("}")
	return d
}
