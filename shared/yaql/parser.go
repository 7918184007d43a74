package yaql

import (
	"strconv"
	"strings"
)

// maxHeight bounds how deep an expression nests, long chains of operators
// included. Python's own stack ends at about a tenth of it.
const maxHeight = 1000

// Precedences, from loose to tight. All binary operators group to the left
// but `->`.
const (
	precSend = iota + 1
	precOr
	precAnd
	precNot
	precCompare
	precSum
	precProduct
	precMatch
	precSign
	precIndex
	precDot
)

var infix = map[string]struct {
	prec int
	name string
}{
	".": {precDot, "#operator_."}, "?.": {precDot, "#operator_?."},
	"=~": {precMatch, "#operator_=~"}, "!~": {precMatch, "#operator_!~"},
	"*": {precProduct, "#operator_*"}, "/": {precProduct, "#operator_/"}, "mod": {precProduct, "#operator_mod"},
	"+": {precSum, "#operator_+"}, "-": {precSum, "#operator_-"},
	">": {precCompare, "#operator_>"}, "<": {precCompare, "#operator_<"},
	">=": {precCompare, "#operator_>="}, "<=": {precCompare, "#operator_<="},
	"!=": {precCompare, "*not_equal"}, "=": {precCompare, "*equal"}, "in": {precCompare, "#operator_in"},
	"and": {precAnd, "#operator_and"}, "or": {precOr, "#operator_or"}, "->": {precSend, "#operator_->"},
}

var prefix = map[string]struct {
	prec int
	name string
}{
	"+": {precSign, "#unary_operator_+"}, "-": {precSign, "#unary_operator_-"}, "not": {precNot, "#unary_operator_not"},
}

// Parse reads one expression. The error is a [*SyntaxError].
func Parse(src string) (*Expr, error) {
	p := &parser{lex: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.tok.kind != tokEnd {
		return nil, p.unexpected()
	}
	return &Expr{src: src, root: root}, nil
}

// parser is a precedence climber with one token of look-ahead.
type parser struct {
	lex   lexer
	tok   token
	depth int
}

func (p *parser) advance() (err error) {
	p.tok, err = p.lex.next()
	return err
}

func (p *parser) unexpected() error {
	if p.tok.kind == tokEnd {
		return p.lex.errorf(p.tok.off, "Parse error: unexpected end of statement")
	}
	text := p.tok.text
	if p.tok.kind == tokVariable {
		text = "$" + text
	}
	return p.lex.errorf(p.tok.off, "Parse error: unexpected '"+text+"'")
}

func (p *parser) punct(text string) bool {
	return p.tok.kind == tokPunct && p.tok.text == text
}

func (p *parser) checked(n node) (node, error) {
	if n.height() > maxHeight {
		return nil, p.lex.errorf(n.offset(), "Parse error: nested deeper than "+strconv.Itoa(maxHeight)+" levels")
	}
	return n, nil
}

// value reads an operand and all operators after it that bind at least as
// tightly as prec.
func (p *parser) value(prec int) (node, error) {
	if p.depth++; p.depth > maxHeight {
		return nil, p.lex.errorf(p.tok.off, "Parse error: nested deeper than "+strconv.Itoa(maxHeight)+" levels")
	}
	defer func() { p.depth-- }()
	left, err := p.operand()
	for err == nil {
		op, ok := infix[p.tok.text]
		switch {
		case p.punct("[") && prec <= precIndex:
			left, err = p.index(left)
		case p.tok.kind == tokOperator && ok && prec <= op.prec:
			left, err = p.operator(left, op.name, op.prec)
		default:
			return left, nil
		}
	}
	return nil, err
}

func (p *parser) operator(left node, name string, prec int) (node, error) {
	off := p.tok.off
	if err := p.advance(); err != nil {
		return nil, err
	}
	rightPrec := prec + 1
	if prec == precSend {
		rightPrec = prec
	}
	right, err := p.value(rightPrec)
	if err != nil {
		return nil, err
	}
	return p.checked(&call{place: over(off, left, right), name: name, args: []node{left, right}})
}

func (p *parser) index(left node) (node, error) {
	off := p.tok.off
	args, err := p.args("]")
	if err != nil {
		return nil, err
	}
	args = append([]node{left}, args...)
	return p.checked(&call{place: over(off, args...), name: "#indexer", args: args})
}

func (p *parser) operand() (node, error) {
	tok := p.tok
	switch {
	case tok.kind == tokConst:
		return &constant{place: leaf(tok.off), val: tok.val}, p.advance()
	case tok.kind == tokKeyword:
		return &constant{place: leaf(tok.off), val: tok.text, keyword: true}, p.advance()
	case tok.kind == tokVariable:
		return &variable{leaf(tok.off), normVar(tok.text)}, p.advance()
	case tok.kind == tokFunc:
		args, err := p.args(")")
		if err != nil {
			return nil, err
		}
		return p.checked(&call{place: over(tok.off, args...), name: tok.text, args: args, fn: true})
	case tok.kind == tokOperator:
		return p.prefixed()
	case p.punct("("):
		return p.parens()
	case p.punct("["):
		return p.literal("#list", "]")
	case p.punct("{"):
		return p.literal("#map", "}")
	}
	return nil, p.unexpected()
}

func (p *parser) literal(name, closing string) (node, error) {
	off := p.tok.off
	args, err := p.args(closing)
	if err != nil {
		return nil, err
	}
	return p.checked(&call{place: over(off, args...), name: name, args: args})
}

func (p *parser) prefixed() (node, error) {
	off := p.tok.off
	op, ok := prefix[p.tok.text]
	if !ok {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.value(op.prec)
	if err != nil {
		return nil, err
	}
	return p.checked(&call{place: over(off, x), name: op.name, args: []node{x}})
}

func (p *parser) parens() (node, error) {
	off := p.tok.off
	if err := p.advance(); err != nil {
		return nil, err
	}
	x, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if !p.punct(")") {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	return p.checked(&wrap{over(off, x), x})
}

// args reads arguments up to the closing bracket, from the token before them
// on. Positional ones come before `name => value`; one may be left out where
// another positional one follows, and between the two kinds.
func (p *parser) args(closing string) ([]node, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	var args []node
	named := false
	for first := true; ; first = false {
		if first && p.punct(closing) {
			break
		}
		skipped := 0
		for !named && p.punct(",") {
			args = append(args, &omitted{leaf(p.tok.off)})
			skipped++
			if err := p.advance(); err != nil {
				return nil, err
			}
		}
		arg, err := p.arg()
		if err != nil {
			return nil, err
		}
		_, isMapping := arg.(*mapping)
		if (named && !isMapping) || (isMapping && !named && (skipped > 1 || skipped == 1 && first)) {
			return nil, p.unexpected()
		}
		named = isMapping
		args = append(args, arg)
		if !p.punct(",") {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
	if !p.punct(closing) {
		return nil, p.unexpected()
	}
	return args, p.advance()
}

func (p *parser) arg() (node, error) {
	x, err := p.value(0)
	if err != nil || !p.punct("=>") {
		return x, err
	}
	off := p.tok.off
	if err := p.advance(); err != nil {
		return nil, err
	}
	y, err := p.value(0)
	if err != nil {
		return nil, err
	}
	return p.checked(&mapping{over(off, x, y), x, y})
}

// normVar is the name under which a variable is kept: `$` is `$1`.
func normVar(name string) string {
	if name = strings.TrimPrefix(name, "$"); name == "" {
		return "1"
	}
	return name
}
