package jinja_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

func eval(t *testing.T, src string, env *jinja.Env) (any, error) {
	t.Helper()
	tpl, err := jinja.Compile(src)
	if err != nil {
		t.Fatalf("%s: %v", src, err)
	}
	return tpl.Eval(context.Background(), env)
}

func TestIs(t *testing.T) {
	for src, want := range map[string]int{
		"": -1, "text": -1, "{{ x": -1, "{{ x }}": 0, "é {% if %}": 3, "{{ x\n}}": -1, "{# x #}": -1, "{{\n{{ a }}": 3, "{%}}": -1, "{{}}": 0, "a\nb {% x %}": 4,
	} {
		at, ok := jinja.Is(src)
		if ok != (want >= 0) || ok && at != want {
			t.Errorf("%q: %d %v", src, at, ok)
		}
	}
}

func TestStatementsOnly(t *testing.T) {
	for src, want := range map[string]string{
		"{% if true %}a{% endif %}": "a", "x {% set a = 1 %}y": "x y", "{% for i in [1] %}{% endfor %}": "",
		"{% for i in _ %}{% if i > 1 %}big {% endif %}{% endfor %}": "big ",
	} {
		got, err := eval(t, src, &jinja.Env{Root: []any{int64(1), int64(2)}})
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", src, got, err)
		}
	}
}

func TestLimits(t *testing.T) {
	env := &jinja.Env{Limits: jinja.Limits{Steps: 10_000, Memory: 100_000, Depth: 200}}
	steps, large, deep := &jinja.TooManySteps{}, &jinja.TooLarge{}, &jinja.TooDeep{}
	for src, as := range map[string]any{
		"{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}{{ 1 }}":    &steps,
		"{{ range(90000) | map('string') | join | length }}":                                     &steps,
		"{% set l = [1] %}{% for i in l %}{% set x = l.append(1) %}{% endfor %}{{ 1 }}":          &steps,
		"{{ range(5000) | sort | first }}":                                                       &steps,
		"{{ 'a' * 1000000 }}":                                                                    &large,
		"{{ [0] * 100000000 }}":                                                                  &large,
		"{{ 'a' | center(1000000000) }}":                                                         &large,
		"{{ '%1000000d' % 1 }}":                                                                  &large,
		"{{ '{:1000000}'.format(1) }}":                                                           &large,
		"{{ ('a' * 9000).replace('a', 'b' * 9000) }}":                                            &large,
		"{% for i in range(900) %}{{ 'x' * 200 }}{% endfor %}{{ 1 }}":                            &large,
		"{{ [[[[1]]]] | tojson(40000) }}":                                                        &large,
		"{{ [1] | batch(100000000, 0) | list }}":                                                 &large,
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}":                                        &deep,
		"{% set l = [] %}{% set x = l.append(l) %}{{ l }}":                                       &deep,
		"{% set l = [] %}{% set x = l.append(l) %}{{ l | tojson }}":                              &deep,
		"{% set d = {} %}{% set x = d.update(a=d) %}{{ d == dict(a=dict(a=d)) and d | pprint }}": &deep,
		"{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}":                                &deep,
	} {
		_, err := eval(t, src, env)
		var wrapped *jinja.EvalError
		if !errors.As(err, as) || !errors.As(err, &wrapped) {
			t.Errorf("%s: %v", src, err)
		}
	}
	for _, src := range []string{"{{ 2 ** 100000 }}", "{{ (9 ** 9) ** 9999 ** 2 }}", "{{ (2 ** 60000) * (2 ** 60000) }}"} {
		if _, err := eval(t, src, env); err == nil || !strings.Contains(err.Error(), "65536 bits") {
			t.Errorf("%s: %v", src, err)
		}
	}
}

func TestNesting(t *testing.T) {
	const n = 100_000
	for _, src := range []string{
		"{{ " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) + " }}", "{{ " + strings.Repeat("not ", n) + "1 }}",
		"{{ " + strings.Repeat("[", n), "{{ 1" + strings.Repeat("|string", n) + " }}", "{{ 1" + strings.Repeat("+1", n) + " }}",
		"{{ " + strings.Repeat("-", n) + "1 }}", strings.Repeat("{% if 1 %}", n) + "{{ 1 }}", "{{ x" + strings.Repeat(".a", n) + " }}",
		"{{ 1" + strings.Repeat(" if 1 else 1", n) + " }}", "{{ 1" + strings.Repeat(" == 1", n) + " }}",
	} {
		var syntax *jinja.SyntaxError
		if _, err := jinja.Compile(src); !errors.As(err, &syntax) {
			t.Errorf("%.40s: %v", src, err)
		}
	}
}

func TestCancelled(t *testing.T) {
	tpl, err := jinja.Compile("{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}{{ 1 }}")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tpl.Eval(ctx, &jinja.Env{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestLongTexts holds that filters of text take time in proportion to it: each
// of these takes minutes and more if it does not.
func TestLongTexts(t *testing.T) {
	const n = 1_000_000
	for src, text := range map[string]string{
		"{{ _ | wordwrap(1) | length }}":        strings.Repeat("é", n),
		"{{ _ | wordwrap(2) | count }}":         strings.Repeat("abc ", n/4),
		"{{ _ | striptags | length }}":          strings.Repeat("<a>b<!---->", n/10),
		"{{ _ | urlize | length }}":             strings.Repeat("(", n/2) + strings.Repeat(")", n/2),
		"{{ _ | title | upper | length }}":      strings.Repeat("abc-d ", n/6),
		"{{ _.split() | unique | join | e }}":   strings.Repeat("a b c ", n/6),
		"{{ _ | replace('a', '') | indent }}":   strings.Repeat("a\n", n/2),
		"{{ _.expandtabs(3) | length }}":        strings.Repeat("\ta", n/2),
		"{{ _ | list | sort | join | length }}": strings.Repeat("zab", n/30),
	} {
		if _, err := eval(t, src, &jinja.Env{Root: text, Limits: jinja.Limits{Memory: 1 << 30}}); err != nil {
			t.Errorf("%s: %v", src, err)
		}
	}
}

// lazy counts what is asked of it.
type lazy struct{ asked map[string]int }

func (l lazy) Keys() []string { return []string{"a", "b"} }

func (l lazy) Get(key string) (any, bool, error) {
	l.asked[key]++
	if key == "bad" {
		return nil, false, errors.New("no such record")
	}
	return []any{int64(1)}, key == "a" || key == "b", nil
}

func TestLazy(t *testing.T) {
	for src, want := range map[string]string{
		"{{ _.a }}": "[1]", "{{ _ | length }}": "2", "{{ _.zz | default(5) }}": "5", "{{ 'a' in _ }}": "true",
		"{% set x = _.a.append(2) %}{{ _.a }}": `"[1, 2]"`, "{% set x = _.update(c=3) %}{{ _ }}": `"{'a': [1], 'b': [1], 'c': 3}"`,
		"{{ _ }}": `{"a":[1],"b":[1]}`, "{{ _.items() | list }}": `[["a",[1]],["b",[1]]]`,
	} {
		l := lazy{map[string]int{}}
		got, err := eval(t, src, &jinja.Env{Root: l})
		if err != nil || string(value.MustEncode(got)) != want {
			t.Errorf("%s: %v, %v", src, got, err)
		}
		if strings.Contains(src, "_.a") && l.asked["b"] > 0 {
			t.Errorf("%s asked for more: %v", src, l.asked)
		}
	}
	if _, err := eval(t, "{{ _.bad | default(1) }}", &jinja.Env{Root: lazy{map[string]int{}}}); err == nil || !strings.Contains(err.Error(), "no such record") {
		t.Errorf("an error of the data is lost: %v", err)
	}
}

func TestErrors(t *testing.T) {
	_, err := eval(t, "a {{ _.b.c }}", &jinja.Env{Root: value.MapOf("b", value.NewMap(0))})
	want := "can not evaluate Jinja expression [expression=a {{ _.b.c }}, error='dict object' has no attribute 'c']"
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
	_, err = jinja.Compile("{{ 1 + }}")
	if err == nil || err.Error() != "unexpected 'end of template' at position 7 of template '{{ 1 + }}'" {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	lib := jinja.NewLibrary(jinja.Function{Name: "task", Params: []jinja.Param{{Name: "task_name", Optional: true}}}, jinja.Function{Name: "env"})
	src := "{% set f = 1 %}{{ f() }}{{ g() }}{{ task(task_name='t') }}{{ task(a=1) }}{{ _.a or _.b }}{{ _.c if _.d else _.e }}" +
		"{% if 'x' is filter %}{{ 1|x }}{% endif %}{% macro m(q) %}{{ q() }}{{ _.h|nope }}{% endmacro %}{{ env().k }}{{ _['i'] is defined }}"
	tpl, err := jinja.Compile(src)
	if err != nil {
		t.Fatal(err)
	}
	issues, refs := tpl.Check(lib)
	var got []string
	for _, is := range issues {
		got = append(got, string(is.Kind)+" "+src[is.Offset:is.Offset+len(is.Name)])
	}
	for _, r := range refs {
		s := r.Function + " " + src[r.Offset:r.Offset+len(r.Name)]
		if r.Lazy {
			s += " lazy"
		}
		if r.Optional {
			s += " optional"
		}
		got = append(got, s)
	}
	want := []string{
		"unknown-function g", "wrong-arguments task", "unknown-filter nope",
		"task t", " a", " b lazy", " c lazy", " d", " e lazy", " h lazy", "env() k", " i optional",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
