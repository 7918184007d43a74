package jinja

func (p *parser) postfix(x expr) expr {
	for n := 0; ; n++ {
		p.chain(n)
		switch p.cur.kind {
		case ".", "[":
			x = p.subscript(x)
		case "(":
			x = p.call(x)
		default:
			return x
		}
	}
}

func (p *parser) filters(x expr) expr {
	for n := 0; ; n++ {
		p.chain(n)
		switch {
		case p.cur.kind == "|":
			p.next()
			x = p.filter(x)
		case p.isName("is"):
			x = p.test(x)
		case p.cur.kind == "(":
			x = p.call(x)
		default:
			return x
		}
	}
}

func (p *parser) subscript(x expr) expr {
	if p.skip(".") {
		t := p.next()
		switch t.kind {
		case tokName:
			return &attrNode{x, t.text, t.off}
		case tokInteger:
			return &itemNode{x, &constNode{val: t.num}}
		}
		p.failAt(t.off, "expected name or number")
	}
	p.expect("[")
	var args []expr
	for p.cur.kind != "]" {
		if len(args) > 0 {
			p.expect(",")
		}
		args = append(args, p.subscribed())
	}
	p.expect("]")
	if len(args) == 1 {
		return &itemNode{x, args[0]}
	}
	return &itemNode{x, &tupleNode{args}}
}

// subscribed reads one index or slice.
func (p *parser) subscribed() expr {
	s := &sliceNode{}
	if p.cur.kind != ":" {
		x := p.expression(true)
		if p.cur.kind != ":" {
			return x
		}
		s.from = x
	}
	p.next()
	if p.cur.kind != ":" && p.cur.kind != "]" && p.cur.kind != "," {
		s.to = p.expression(true)
	}
	if p.skip(":") && p.cur.kind != "]" && p.cur.kind != "," {
		s.step = p.expression(true)
	}
	return s
}

func (p *parser) call(x expr) expr {
	off := p.cur.off
	return &callNode{x, p.callArgs(), off}
}

func (p *parser) callArgs() callArgs {
	open := p.expect("(")
	ensure := func(ok bool) {
		if !ok {
			p.failAt(open.off, "invalid syntax for function call expression")
		}
	}
	var a callArgs
	for comma := false; p.cur.kind != ")"; comma = true {
		if comma {
			p.expect(",")
			if p.cur.kind == ")" {
				break
			}
		}
		switch {
		case p.cur.kind == "*":
			ensure(a.star == nil && a.dstar == nil)
			p.next()
			a.star = p.expression(true)
		case p.cur.kind == "**":
			ensure(a.dstar == nil)
			p.next()
			a.dstar = p.expression(true)
		case p.cur.kind == tokName && p.look().kind == "=":
			ensure(a.dstar == nil)
			name := p.next()
			p.next()
			for _, kw := range a.kwargs {
				if kw.name == name.text {
					p.failAt(name.off, "keyword argument repeated: %s", name.text)
				}
			}
			a.kwargs = append(a.kwargs, kwExpr{name.text, p.expression(true)})
		default:
			ensure(a.star == nil && a.dstar == nil && len(a.kwargs) == 0)
			a.args = append(a.args, p.expression(true))
		}
	}
	p.expect(")")
	return a
}

// dotted reads the name of a filter or test.
func (p *parser) dotted() (string, int) {
	t := p.expect(tokName)
	name := t.text
	for p.skip(".") {
		name += "." + p.expect(tokName).text
	}
	return name, t.off
}

func (p *parser) filter(x expr) *filterNode {
	name, off := p.dotted()
	f := &filterNode{x: x, name: name, off: off}
	if p.cur.kind == "(" {
		f.args = p.callArgs()
	}
	return f
}

func (p *parser) test(x expr) expr {
	p.next()
	negated := p.skipName("not")
	name, off := p.dotted()
	t := &testNode{x: x, name: name, off: off}
	switch p.cur.kind {
	case "(":
		t.args = p.callArgs()
	case tokName, tokString, tokInteger, tokFloat, "[", "{":
		if p.isName("else") || p.isName("or") || p.isName("and") {
			break
		}
		if p.isName("is") {
			p.fail("You cannot chain multiple tests with is")
		}
		t.args.args = []expr{p.postfix(p.primary(false))}
	}
	if negated {
		return &notNode{t}
	}
	return t
}
