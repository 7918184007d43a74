package expr

import (
	"context"
	"errors"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// Template is a compiled string: text with zero or more expressions. It is
// immutable and safe for concurrent use, so it can be cached.
type Template struct {
	src   string
	parts []part
	lone  bool            // the one part is an expression, and all there is
	jinja *jinja.Template // instead of parts
}

// part is text, or an expression if expr is not nil.
type part struct {
	text string
	expr *yaql.Expr
	off  int // of the expression in the template
}

// Scope is what templates are evaluated in.
type Scope struct {
	// Data is `$`: value data or a [yaql.Lazy].
	Data any
	// Host answers the functions that look at executions. Without one, env()
	// is `__env` of Data and the others are errors.
	Host Host
	// Limits bound each expression; the zero value has useful ones.
	Limits yaql.Limits
}

// SyntaxError is a template with an expression that does not parse.
type SyntaxError struct {
	Template string
	Offset   int // of the offending byte in the template
	Message  string
	Cause    error // a [*yaql.SyntaxError] or a [*jinja.SyntaxError]
}

func (e *SyntaxError) Error() string { return e.Cause.Error() }

func (e *SyntaxError) Unwrap() error { return e.Cause }

// clip shortens a text for a message.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// nextExpr finds the first `<%...%>` of src, from pos on, that is on one line;
// both results are negative if there is none.
func nextExpr(src string, pos int) (from, to int) {
	for pos < len(src) {
		i := strings.Index(src[pos:], "<%")
		if i < 0 {
			break
		}
		from = pos + i
		line, _, _ := strings.Cut(src[from+2:], "\n")
		if j := strings.Index(line, "%>"); j >= 0 {
			return from, from + 2 + j + 2
		}
		pos = from + 2 + len(line)
	}
	return -1, -1
}

// Compile reads a template. A text with Jinja2 in it is Jinja2 as a whole, and
// what looks like YAQL in it is text. The error is a [*SyntaxError].
func Compile(src string) (*Template, error) {
	t := &Template{src: src}
	if !strings.Contains(src, "%") && !strings.Contains(src, "{{") {
		t.parts = []part{{text: src}}
		return t, nil
	}
	if _, ok := jinja.Is(src); ok {
		return compileJinja(src)
	}
	pos := 0
	for from, to := nextExpr(src, 0); from >= 0; from, to = nextExpr(src, pos) {
		p, err := compileExpr(src, from, to)
		if err != nil {
			return nil, err
		}
		if from > pos {
			t.parts = append(t.parts, part{text: src[pos:from]})
		}
		t.parts = append(t.parts, p)
		pos = to
	}
	if pos < len(src) || src == "" {
		t.parts = append(t.parts, part{text: src[pos:]})
	}
	t.lone = len(t.parts) == 1 && t.parts[0].expr != nil
	return t, nil
}

// compileExpr reads the expression src[from:to], delimiters included. Mistral
// strips all of their characters, and then blanks, from both ends.
func compileExpr(src string, from, to int) (part, error) {
	body := strings.TrimLeft(src[from:to], "<%>")
	off := to - len(body)
	body = strings.TrimRight(body, "<%>")
	trimmed := strings.TrimSpace(body)
	off += strings.Index(body, trimmed)
	e, err := yaql.Parse(trimmed)
	if err == nil {
		return part{expr: e, off: off}, nil
	}
	var syntax *yaql.SyntaxError
	if !errors.As(err, &syntax) {
		return part{}, err
	}
	return part{}, &SyntaxError{Template: src, Offset: off + syntax.Offset, Message: syntax.Message, Cause: syntax}
}

func compileJinja(src string) (*Template, error) {
	j, err := jinja.Compile(src)
	var syntax *jinja.SyntaxError
	if errors.As(err, &syntax) {
		return nil, &SyntaxError{Template: src, Offset: syntax.Offset, Message: syntax.Message, Cause: syntax}
	} else if err != nil {
		return nil, err
	}
	return &Template{src: src, jinja: j}, nil
}

// Source returns the template's text.
func (t *Template) Source() string { return t.src }

// HasExpressions reports whether there is any: without, the template evaluates
// to its own text.
func (t *Template) HasExpressions() bool {
	if t.jinja != nil {
		return true
	}
	for i := range t.parts {
		if t.parts[i].expr != nil {
			return true
		}
	}
	return false
}

// Eval computes the template: a lone expression keeps its type, of a mixed
// text the expressions are replaced by Python's str() of their results. An
// error of an expression is a [*yaql.EvalError] or a [*jinja.EvalError].
func (t *Template) Eval(ctx context.Context, s *Scope) (any, error) {
	return t.eval(withScope(ctx, s), s)
}

func (t *Template) eval(ctx context.Context, s *Scope) (any, error) {
	if t.jinja != nil {
		return t.jinja.Eval(ctx, &jinja.Env{Root: s.Data, Library: jinjaLibrary(), Limits: jinja.Limits{Memory: s.Limits.Memory, Steps: s.Limits.Steps, Depth: s.Limits.Depth}})
	}
	env := &yaql.Env{Root: s.Data, Library: library(), Limits: s.Limits}
	if t.lone {
		return t.parts[0].expr.Eval(ctx, env)
	}
	var b strings.Builder
	for i := range t.parts {
		p := &t.parts[i]
		if p.expr == nil {
			b.WriteString(p.text)
			continue
		}
		text, err := p.expr.EvalText(ctx, env)
		if err != nil {
			return nil, err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// EvalTree evaluates all strings in a tree of value data; keys of
// dictionaries are left alone. v itself is not changed, and what has no
// expressions in it is returned as it is.
func EvalTree(ctx context.Context, v any, s *Scope) (any, error) {
	return evalTree(withScope(ctx, s), v, s)
}

func evalTree(ctx context.Context, v any, s *Scope) (any, error) {
	switch v := v.(type) {
	case string:
		return evalString(ctx, v, s)
	case []any:
		return evalList(ctx, v, s)
	case *value.Map:
		return evalMap(ctx, v, s)
	}
	return v, nil
}

func evalString(ctx context.Context, s string, scope *Scope) (any, error) {
	if !strings.Contains(s, "<%") && !strings.Contains(s, "{{") && !strings.Contains(s, "{%") {
		return s, nil
	}
	t, err := Compile(s)
	if err != nil {
		return nil, err
	}
	return t.eval(ctx, scope)
}

func evalList(ctx context.Context, list []any, s *Scope) (any, error) {
	out := make([]any, len(list))
	for i, e := range list {
		var err error
		if out[i], err = evalTree(ctx, e, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func evalMap(ctx context.Context, m *value.Map, s *Scope) (any, error) {
	if m == nil {
		return m, nil
	}
	out := value.NewMap(m.Len())
	for k, e := range m.All() {
		v, err := evalTree(ctx, e, s)
		if err != nil {
			return nil, err
		}
		out.Set(k, v)
	}
	return out, nil
}

// Str is Python's str() of value data.
func Str(v any) string { return yaql.Str(v) }

// Repr is Python's repr() of value data.
func Repr(v any) string { return yaql.Repr(v) }
