package expr

import (
	"context"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// Form is what can be said of a template without any data.
type Form struct {
	// Expressions is how many there are, of either language.
	Expressions int
	// Text is set if there is literal text, or more than one expression: the
	// template gives text, whatever the expressions give.
	Text bool
	// Filled is set if that text is never empty, and so true as a condition.
	Filled bool
	// Constant is set if the value is known: Value.
	Constant bool
	Value    any
}

// Inspect looks at the form of a template. One that does not parse has none.
func Inspect(template string) Form {
	if _, ok := jinja.Is(template); ok {
		return inspectJinja(template)
	}
	text, found := cutExpressions(template)
	f := Form{Expressions: len(found)}
	if f.Expressions == 0 {
		return Form{Text: true, Filled: template != "", Constant: true, Value: template}
	}
	f.Text = text != "" || f.Expressions > 1
	f.Filled = text != ""
	if !f.Text {
		f.Value, f.Constant = yaqlConstant(found[0])
	}
	return f
}

func inspectJinja(template string) Form {
	t, err := jinja.Compile(template)
	if err != nil {
		return Form{Expressions: 1}
	}
	f := Form{Expressions: t.Expressions(), Text: !t.Lone(), Filled: t.Filled()}
	f.Value, f.Constant = t.Constant()
	return f
}

// cutExpressions takes the `<% %>` out of a template.
func cutExpressions(src string) (rest string, found []string) {
	var b strings.Builder
	pos := 0
	for from, to := nextExpr(src, 0); from >= 0; from, to = nextExpr(src, pos) {
		b.WriteString(src[pos:from])
		found = append(found, strings.TrimSpace(strings.Trim(src[from:to], "<%>")))
		pos = to
	}
	b.WriteString(src[pos:])
	return b.String(), found
}

func yaqlConstant(src string) (any, bool) {
	e, err := yaql.Parse(src)
	if err != nil || !e.Constant() {
		return nil, false
	}
	v, err := e.Eval(context.Background(), &yaql.Env{Limits: yaql.Limits{Iterations: 1000, Memory: 1 << 20, Steps: 1000}})
	return v, err == nil
}
