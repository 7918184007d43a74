package expr

import (
	"context"
	"regexp"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
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
	rest, yaqls := cutExpressions(template)
	jinja := jinjaPattern.FindAllString(rest, -1)
	f := Form{Expressions: len(yaqls) + len(jinja)}
	if f.Expressions == 0 {
		return Form{Text: true, Filled: template != "", Constant: true, Value: template}
	}
	text := jinjaPattern.ReplaceAllString(rest, "")
	f.Text = text != "" || f.Expressions > 1
	blocks := strings.Contains(rest, "{%") // which may leave text out
	f.Filled = text != "" && !blocks
	if f.Text {
		return f
	}
	if len(yaqls) == 1 {
		f.Value, f.Constant = yaqlConstant(yaqls[0])
	} else {
		f.Value, f.Constant = jinjaConstant(jinja[0])
	}
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

var jinjaLiteral = regexp.MustCompile(`^\{\{-?\s*(?:'([^'\\]*)'|"([^"\\]*)"|(\d+)|([Tt]rue|[Ff]alse|[Nn]one))\s*-?\}\}$`)

func jinjaConstant(src string) (any, bool) {
	m := jinjaLiteral.FindStringSubmatch(src)
	if m == nil {
		return nil, false
	}
	switch {
	case m[3] != "":
		v, err := value.Decode([]byte(m[3]))
		return v, err == nil
	case m[4] != "":
		word := strings.ToLower(m[4])
		return map[string]any{"true": true, "false": false, "none": nil}[word], true
	}
	return m[1] + m[2], true
}
