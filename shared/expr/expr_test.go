package expr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sirocco-workflows/sirocco/shared/expr"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

func TestEvalTree(t *testing.T) {
	scope := &expr.Scope{Data: value.MapOf("a", 1, "k", "key", "l", []int{1, 2})}
	in := value.MapOf(
		"lone", "<% $.l %>",
		"mixed", "n=<% $.a %> <% $.l %>",
		"<% $.k %>", "keys stay",
		"list", []any{"<% $.a %>", 5, nil, true, []any{"<% $.k %>"}},
		"plain", "100%",
	)
	before := value.Clone(in)
	got, err := expr.EvalTree(context.Background(), in, scope)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"lone":[1,2],"mixed":"n=1 [1, 2]","<% $.k %>":"keys stay","list":[1,5,null,true,["key"]],"plain":"100%"}`
	if diff := cmp.Diff(want, string(value.MustEncode(got))); diff != "" {
		t.Error(diff)
	}
	if !value.Equal(in, before) {
		t.Error("the template was changed")
	}
	if _, err := expr.EvalTree(context.Background(), value.MapOf("x", []any{"<% $.missing %>"}), scope); err == nil {
		t.Error("an error deep in a tree is lost")
	}
}

func TestCompileErrors(t *testing.T) {
	for _, c := range []struct {
		src    string
		offset int
	}{
		{"<% $.a + %>", 8},
		{"text <% $.a %> <% ) %>", 18},
		{"é <% é @ %>", 9},
		{"<%%>", 4},
		{"<% 'open %>", 3},
		{"{{ _.a + }}", 9},
		{"é {{ é ] }}", 9},
		{"a {% if x %}", 12},
		{"{% fro x in y %}", 3},
	} {
		_, err := expr.Compile(c.src)
		var syntax *expr.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		if syntax.Offset != c.offset {
			t.Errorf("%s: at %d, want %d", c.src, syntax.Offset, c.offset)
		}
	}
	for _, src := range []string{"", "text", "{ a }", "{\"a\": {\"b\": 1}}", "50 % of %>", "<% {a => {b => 1}} %>"} {
		tmpl, err := expr.Compile(src)
		if err != nil || tmpl.Source() != src || tmpl.HasExpressions() != strings.HasPrefix(src, "<%") {
			t.Errorf("%q: %v", src, err)
		}
	}
}

// host answers with what it was asked.
type host struct{ expr.NoHost }

func (host) Env(context.Context) (any, error) {
	return value.MapOf("x", 1, "l", []int{1, 2}), nil
}

func (host) Task(_ context.Context, name string) (any, error) {
	if name == "none" {
		return nil, nil
	}
	return value.MapOf("name", name, "result", []any{value.MapOf("id", 7)}), nil
}

func (host) Tasks(_ context.Context, f expr.TaskFilter) (any, error) {
	return []any{fmt.Sprintf("%+v", f)}, nil
}

func (host) Executions(_ context.Context, f expr.ExecutionFilter) (any, error) {
	return []any{fmt.Sprintf("%+v", f)}, nil
}

func (host) Global(_ context.Context, name string) (any, error) { return "global " + name, nil }

type typedError struct{}

func (*typedError) Error() string { return "typed" }

func (host) Execution(context.Context) (any, error) { return nil, &typedError{} }

func TestHost(t *testing.T) {
	scope := &expr.Scope{Data: value.MapOf("n", "web"), Host: host{}}
	for src, want := range map[string]string{
		"<% env().x %>":                                                 "1",
		"<% env().get(y, 2) %>":                                         "2",
		"<% env() %>!":                                                  `"{'x': 1, 'l': [1, 2]}!"`,
		"<% task(web).name %>":                                          `"web"`,
		"<% task('web').result.id %>":                                   "[7]",
		"<% task($.n).result[0].id %>":                                  "7",
		"<% task().name %>":                                             `""`,
		"<% task(taskName => web).name %>":                              `"web"`,
		"<% task(none) %>":                                              "null",
		"<% task(none) = null %>":                                       "true",
		"<% task(none)?.result %>":                                      "null",
		"<% tasks()[0] %>":                                              `"{WorkflowExecutionID: Recursive:false State: Flat:false}"`,
		"<% tasks(abc, true, ERROR, true)[0] %>":                        `"{WorkflowExecutionID:abc Recursive:true State:ERROR Flat:true}"`,
		"<% tasks(state => ERROR, flat => true)[0] %>":                  `"{WorkflowExecutionID: Recursive:false State:ERROR Flat:true}"`,
		"<% executions(id => x, rootExecutionId => y)[0] %>":            `"{ID:x RootExecutionID:y State: FromTime: ToTime:}"`,
		"<% executions(x, y, s, '2020', '2021')[0] %>":                  `"{ID:x RootExecutionID:y State:s FromTime:2020 ToTime:2021}"`,
		"<% global(v) %>":                                               `"global v"`,
		"<% uuid() != uuid() %>":                                        "true",
		"<% uuid() =~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' %>": "true",
	} {
		got, err := expr.EvalTree(context.Background(), src, scope)
		if err != nil || string(value.MustEncode(got)) != want {
			t.Errorf("%s: %s, %v; want %s", src, expr.Repr(got), err, want)
		}
	}
	for _, src := range []string{"<% tasks(recursive => yes) %>", "<% task(1, 2) %>", "<% global() %>", "<% env(1) %>", "<% tasks(workflow_execution_id => x) %>"} {
		if got, err := expr.EvalTree(context.Background(), src, scope); err == nil {
			t.Errorf("%s: %s", src, expr.Repr(got))
		}
	}
	_, err := expr.EvalTree(context.Background(), "<% execution() %>", scope)
	var typed *typedError
	var failed *yaql.EvalError
	if !errors.As(err, &typed) || !errors.As(err, &failed) || failed.Expression != "execution()" {
		t.Errorf("the host's error is lost: %v", err)
	}
}

func TestWithoutHost(t *testing.T) {
	scope := &expr.Scope{Data: value.MapOf("__env", map[string]any{"a": 1})}
	if got, err := expr.EvalTree(context.Background(), "<% env().a %>", scope); err != nil || got != int64(1) {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := expr.EvalTree(context.Background(), "<% env() %>", &expr.Scope{}); err != nil || expr.Str(got) != "{}" {
		t.Errorf("%v, %v", got, err)
	}
	for _, src := range []string{"<% task(a) %>", "<% tasks() %>", "<% execution() %>", "<% executions() %>", "<% global(a) %>"} {
		if _, err := expr.EvalTree(context.Background(), src, scope); err == nil || !strings.Contains(err.Error(), "not available here") {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestCheck(t *testing.T) {
	tree := value.MapOf(
		"ok", "<% $.a %> and <% task(t1).result.x %>",
		"list", []any{"<% lenn($.b) %>", "<% $.c + %>", 5},
		"deep", map[string]any{"g": "<% global(v) + env().e + $.get(d) %>"},
		"jinja", []any{
			"{{ _.a | uper }}", "x {{ task('t2').result is definde }} {{ lenn(_['b']) }}", "{{ _.m | default(1) + global('w') + env().f }} {% if _.q is defined %}{% endif %}",
			"{{ task(1, 2) }}", "{{ _.a }} <% $.b %>", "{{ _.keys() }} {{ _.get('e') }} {{ range(1, json_parse(data='x')) }}", "{% for x in _.l %}{{ x.y }}{% endfor %}",
		},
		"args", "x <% range() %>",
		"method", "<% $.l.wher($ > 1) %>",
		"<% $.key %>", "plain",
	)
	r := expr.Check(tree)
	var problems, refs []string
	for _, p := range r.Problems {
		problems = append(problems, fmt.Sprintf("%v %d %s %s %s", p.Path, p.Offset, p.Kind, p.Name, p.Suggestion))
	}
	for _, ref := range r.Refs {
		refs = append(refs, fmt.Sprintf("%v %d %s %s %v", ref.Path, ref.Offset, ref.Kind, ref.Name, ref.Optional))
	}
	wantProblems := []string{
		"[list 0] 3 unknown-function lenn len",
		"[list 1] 8 syntax  ",
		"[jinja 0] 9 unknown-filter uper upper",
		"[jinja 1] 26 unknown-test definde defined",
		"[jinja 1] 40 unknown-function lenn env",
		"[jinja 3] 3 wrong-arguments task ",
		"[jinja 4] 10 syntax  ",
		"[args] 5 wrong-arguments range ",
		"[method] 7 unknown-function wher where",
	}
	wantRefs := []string{
		"[ok] 5 variable a false",
		"[ok] 22 task t1 false",
		"[list 0] 10 variable b false",
		"[deep g] 10 global v false",
		"[deep g] 21 environment e false",
		"[deep g] 31 variable d true",
		"[jinja 0] 5 variable a false",
		"[jinja 1] 11 task t2 false",
		"[jinja 1] 48 variable b false",
		"[jinja 2] 5 variable m true",
		"[jinja 2] 30 global w false",
		"[jinja 2] 42 environment f false",
		"[jinja 2] 55 variable q true",
		"[jinja 5] 25 variable e true",
		"[jinja 6] 14 variable l false",
		"[method] 5 variable l false",
	}
	if diff := cmp.Diff(wantProblems, problems); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wantRefs, refs); diff != "" {
		t.Error(diff)
	}
}

func TestFunctions(t *testing.T) {
	functions := strings.Join(expr.Functions(false), " ")
	for _, n := range []string{"env", "executions", "json_parse", "tasks", "uuid", "yaml_dump", "range"} {
		if !strings.Contains(functions, n) {
			t.Errorf("%s is missing", n)
		}
	}
}

// TestTextOfData compares text of templates with Str over all data.
func TestTextOfData(t *testing.T) {
	leaf := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := value.NewMap(0)
		for _, k := range rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "keys") {
			m.Set(k, []any{leaf.Draw(t, "leaf")})
		}
		scope := &expr.Scope{Data: value.MapOf("m", m)}
		lone, err := expr.EvalTree(context.Background(), "<% $.m %>", scope)
		if err != nil || lone != any(m) {
			t.Fatalf("%v, %v", lone, err)
		}
		text, err := expr.EvalTree(context.Background(), "|<% $.m %>|", scope)
		if err != nil || text != "|"+expr.Str(m)+"|" {
			t.Fatalf("%v, %v, want %s", text, err, expr.Str(m))
		}
		dumped, err := expr.EvalTree(context.Background(), "<% json_parse(json_dump($.m)) %>", scope)
		if err != nil || !value.Equal(dumped, m) {
			t.Fatalf("%v, %v", dumped, err)
		}
	})
}

// TestYAMLRoundTrip holds that what yaml_dump writes, yaml_parse reads.
func TestYAMLRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[ -~\n]{0,120}|[a-z ]{60,200}|[ -~]{0,10}|(yes|null|010|1:30|2020-01-01|=|<<|-|\? |[a-zé☃]{1,9})`)
	leaf := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(text, func(s string) any { return s }),
	)
	rapid.Check(t, func(t *rapid.T) {
		m := value.NewMap(0)
		for _, k := range rapid.SliceOfN(text, 0, 4).Draw(t, "keys") {
			m.Set(k, rapid.OneOf(leaf, rapid.Map(rapid.SliceOfN(leaf, 0, 3), func(l []any) any { return append([]any{l}, l...) })).Draw(t, "value"))
		}
		var v any = m
		if m.Len() == 0 {
			v = leaf.Draw(t, "root")
		}
		scope := &expr.Scope{Data: value.MapOf("v", v)}
		back, err := expr.EvalTree(context.Background(), "<% yaml_parse(yaml_dump($.v)) %>", scope)
		if err != nil || !value.Equal(back, v) {
			dump, _ := expr.EvalTree(context.Background(), "<% yaml_dump($.v) %>", scope)
			t.Fatalf("%s\nwritten as\n%s\nread as %s, %v", expr.Repr(v), dump, expr.Repr(back), err)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"", "a <% $.a %> b", "<% $.a.where($ > 1) %><% task(x) %>", "<% ' %>", "<%%>", "{{ x }}", "<% <% %> %>", "<%\n%>", "<% \x80 %>"} {
		f.Add(s)
	}
	scope := &expr.Scope{Data: value.MapOf("a", []int{1, 2}), Limits: yaql.Limits{Iterations: 100, Memory: 1 << 18, Steps: 2000}}
	f.Fuzz(func(t *testing.T, src string) {
		expr.Check(src)
		tmpl, err := expr.Compile(src)
		var syntax *expr.SyntaxError
		if errors.As(err, &syntax) && (syntax.Offset < 0 || syntax.Offset > len(src)) {
			t.Fatalf("%q: offset %d", src, syntax.Offset)
		}
		if err != nil || strings.Contains(src, "~") || strings.Contains(src, "egex") || strings.Contains(src, "matches") {
			return // a regular expression may take its two seconds
		}
		v, err := tmpl.Eval(context.Background(), scope)
		if err == nil && !tmpl.HasExpressions() && v != src {
			t.Fatalf("%q became %v", src, v)
		}
	})
}

func BenchmarkEvalTree(b *testing.B) {
	big := make([]any, 100_000)
	for i := range big {
		big[i] = value.MapOf("i", i)
	}
	data := value.MapOf("x", 1, "name", "web")
	data.Set("big", big)
	scope := &expr.Scope{Data: data, Host: host{}}
	for name, v := range map[string]any{
		"variableBesideBigData": "<% $.x %>",
		"bigResult":             "<% $.big %>",
		"mixed":                 "server <% $.name %> of <% $.x %>",
		"task":                  "<% task(t).result %>",
		"input":                 value.MapOf("a", "<% $.x %>", "b", []any{"<% $.name %>", 1, "text"}, "c", "text"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := expr.EvalTree(context.Background(), v, scope); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
