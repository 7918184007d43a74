package yaql_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

func mustParse(t testing.TB, src string) *yaql.Expr {
	t.Helper()
	e, err := yaql.Parse(src)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestSyntaxErrorsHavePlaces(t *testing.T) {
	for _, c := range []struct {
		src    string
		offset int
		text   string
	}{
		{"", 0, "unexpected end of statement"},
		{"$.a +", 5, "unexpected end of statement"},
		{"$.a ++ @", 7, "illegal character '@'"},
		{"é + )", 5, "unexpected ')'"},
		{"f(1, a => 2, 3)", 14, "unexpected ')'"},
		{"'abc", 0, "illegal character '''"},
		{`"a\xzz"`, 2, "bad escape"},
		{"$.list.where(", 13, "unexpected end"},
		{strings.Repeat("(", 5000), 1000, "nested deeper"},
		{strings.Repeat("1+", 5000) + "1", 1999, "nested deeper"},
		{strings.Repeat("1", 5000), 0, "digits"},
	} {
		_, err := yaql.Parse(c.src)
		var syntax *yaql.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: %v", c.src, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.Contains(syntax.Message, c.text) {
			t.Errorf("%.40q: %q at %d, want %q at %d", c.src, syntax.Message, syntax.Offset, c.text, c.offset)
		}
	}
}

func TestErrorsNameExpressionAndCause(t *testing.T) {
	for src, want := range map[string]string{
		"$.missing":    "can not evaluate YAQL expression [expression=$.missing, error='missing']",
		"1 + 'a'":      `can not evaluate YAQL expression [expression=1 + 'a', error=No function "#operator_+" matches supplied arguments]`,
		"$.nosuch()":   `can not evaluate YAQL expression [expression=$.nosuch(), error=Unknown method "nosuch" for receiver of type FrozenDict]`,
		"[].first()":   "can not evaluate YAQL expression [expression=[].first(), error=the collection is empty]",
		"'a'.len(1)":   `can not evaluate YAQL expression [expression='a'.len(1), error=No method "len" for receiver 'a' matches supplied arguments]`,
		"let(a => 1)":  "can not evaluate YAQL expression [expression=let(a => 1), error=the result is a Context, not data]",
		"1 / 0":        "can not evaluate YAQL expression [expression=1 / 0, error=integer division or modulo by zero]",
		"regex('a{,')": "can not evaluate YAQL expression [expression=regex('a{,'), error=the result is a re.Pattern, not data]",
	} {
		_, err := mustParse(t, src).Eval(context.Background(), &yaql.Env{Root: value.MapOf()})
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", src, err, want)
		}
	}
}

// TestHostileExpressions holds that nothing computes without end.
func TestHostileExpressions(t *testing.T) {
	env := &yaql.Env{Limits: yaql.Limits{Iterations: 2000, Memory: 1 << 20, Steps: 200_000}}
	for src, want := range map[string]string{
		"1.repeat()":                                   "CollectionTooLargeException",
		"[1].cycle().len()":                            "CollectionTooLargeException",
		"sequence().where(false)":                      "CollectionTooLargeException",
		"range(3000).toList()":                         "CollectionTooLargeException",
		"generate(0, true, 0).all(true)":               "CollectionTooLargeException",
		"'x' * 100000000000":                           "MemoryQuotaExceededException",
		"[1] * 1000000000000":                          "MemoryQuotaExceededException",
		"('x' * 100000).replace('x', 'y' * 1000)":      "MemoryQuotaExceededException",
		"range(1000).select('x' * 10000).join(',')":    "MemoryQuotaExceededException",
		"pow(2, pow(2, 40))":                           "OverflowError",
		"shiftBitsLeft(1, 1000000000)":                 "OverflowError",
		"def(f, f($)) -> f(1)":                         "RecursionError",
		"def(f, f($) + f($)) -> f(1)":                  "RecursionError",
		"range(1900).aggregate([$1], 0)":               "RecursionError",
		"range(1900).aggregate($1.select($), [0])":     "RecursionError",
		"range(1900).aggregate([$1], 0) = 0 or 1 / 0":  "ZeroDivisionError",
		"range(1900).aggregate([$1], 0).flatten()":     "RecursionError",
		"range(1000).selectMany(range(1000)).count()":  "CollectionTooLargeException",
		"range(1000).select(range(1000).sum()).sum()":  "CollectionTooLargeException",
		"set(range(1900).aggregate([$1], 0)).len()":    "RecursionError",
		"str(range(1900).aggregate([$1], 0))":          "RecursionError",
		"[1].join(range(1900), false, 1).len() > 1900": "",
	} {
		_, err := mustParse(t, src).Eval(context.Background(), env)
		var failed *yaql.EvalError
		switch {
		case want == "":
			if err != nil {
				t.Errorf("%s: %v", src, err)
			}
		case !errors.As(err, &failed) || failed.Kind != want:
			t.Errorf("%s: %v, want %s", src, err, want)
		}
	}
}

func TestRegexCannotBlowUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the engine to give up")
	}
	src := `('a' * 40 + 'b') =~ '^(a+)+$'`
	_, err := mustParse(t, src).Eval(context.Background(), nil)
	var failed *yaql.EvalError
	if err != nil && (!errors.As(err, &failed) || failed.Kind != "TimeoutError") {
		t.Error(err)
	}
}

func TestContextIsHonoured(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	e := mustParse(t, "range(1000).select(range(1000).select(range(1000).sum()).sum()).sum()")
	if _, err := e.Eval(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	cancelled, stop := context.WithCancel(context.Background())
	stop()
	if _, err := mustParse(t, "1").Eval(cancelled, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// lazyRoot counts which of its keys are loaded.
type lazyRoot struct {
	m      *value.Map
	loaded []string
}

func (l *lazyRoot) Keys() []string { return l.m.Keys() }

func (l *lazyRoot) Get(key string) (any, bool, error) {
	l.loaded = append(l.loaded, key)
	if key == "broken" {
		return nil, false, errors.New("the store is away")
	}
	v, ok := l.m.Get(key)
	return v, ok, nil
}

func TestLazyRoot(t *testing.T) {
	data := value.MapOf("a", 1, "b", []string{"x"}, "c", map[string]any{"d": 2})
	for _, c := range []struct {
		src    string
		want   any
		loaded []string
	}{
		{"$.a + 1", int64(2), []string{"a"}},
		{"$.c.d", int64(2), []string{"c"}},
		{"$.get(none, 5)", int64(5), []string{"none"}},
		{"$.keys().toList()", []any{"a", "b", "c"}, nil},
		{"$.len()", int64(3), nil},
		{"$", data, []string{"a", "b", "c"}},
		{"$.b", []any{"x"}, []string{"b"}},
	} {
		root := &lazyRoot{m: data}
		got, err := mustParse(t, c.src).Eval(context.Background(), &yaql.Env{Root: root})
		if err != nil || !value.Equal(got, c.want) {
			t.Errorf("%s: %s, %v", c.src, yaql.Repr(got), err)
		}
		if diff := cmp.Diff(c.loaded, root.loaded); diff != "" {
			t.Errorf("%s loaded: %s", c.src, diff)
		}
	}
	if _, err := mustParse(t, "$.broken").Eval(context.Background(), &yaql.Env{Root: &lazyRoot{}}); err == nil || !strings.Contains(err.Error(), "store is away") {
		t.Errorf("got %v", err)
	}
}

// TestDataAreShared holds that what an expression picks from its data is
// neither copied nor changed.
func TestDataAreShared(t *testing.T) {
	inner := value.MapOf("k", []int{1, 2})
	root := value.MapOf("x", 1)
	root.Set("m", inner)
	got, err := mustParse(t, "$.m").Eval(context.Background(), &yaql.Env{Root: root})
	if err != nil || got != any(inner) {
		t.Errorf("%v, %v", got, err)
	}
	before := value.Clone(root)
	for _, src := range []string{"$.m.set(k, 5)", "$.m.delete(k)", "$.m.k.append(3)", "$ + {x => 2}", "$.m.k + [3]", "$.m.k.reverse()", "$.m.k.orderByDescending($)"} {
		if _, err := mustParse(t, src).Eval(context.Background(), &yaql.Env{Root: root}); err != nil {
			t.Error(err)
		}
	}
	if !value.Equal(before, root) {
		t.Error("an expression changed its data")
	}
}

func library() *yaql.Library {
	return yaql.NewLibrary(
		yaql.Function{Name: "data", Call: func(context.Context, []any) (any, error) {
			return value.MapOf("l", []int{1, 2}, "m", map[string]any{"a": []int{1}}), nil
		}},
		yaql.Function{Name: "both", Params: []yaql.Param{{Name: "first"}, {Name: "second", Optional: true, Default: "none"}},
			Call: func(_ context.Context, args []any) (any, error) { return args, nil }},
		yaql.Function{Name: "flag", Params: []yaql.Param{{Name: "on", Bool: true}},
			Call: func(_ context.Context, args []any) (any, error) { return args[0], nil }},
		yaql.Function{Name: "fail", Call: func(context.Context, []any) (any, error) { return nil, errors.New("host trouble") }},
	)
}

func TestHostFunctions(t *testing.T) {
	for src, want := range map[string]string{
		"both(1)":                         "[1, 'none']",
		"both(1, null)":                   "[1, None]",
		"both(second => 2, first => [1])": "[[1], 2]",
		"both(range(2), {1 => set(3)})":   "[[0, 1], {'1': [3]}]",
		"both()":                          `No function "both" matches supplied arguments`,
		"both(1, 2, 3)":                   `No function "both" matches supplied arguments`,
		"both(1, third => 3)":             `No function "both" matches supplied arguments`,
		"$.both(1)":                       `Unknown method "both" for receiver None`,
		"flag(true)":                      "True",
		"flag('x')":                       `No function "flag" matches supplied arguments`,
		"fail()":                          "host trouble",
		"fail() or true":                  "host trouble",
		"true or fail()":                  "True",
		"data().m.a[0]":                   "1",
		"data().l = [1, 2]":               "False",
		"data().l.toList() = [1, 2]":      "True",
		"data() = {l => 1}":               "False",
		"data().l + [3]":                  "[1, 2, 3]",
		"data().keys().toList()":          "['l', 'm']",
		"data().m.set(b => 1)":            "{'a': [1], 'b': 1}",
		"[data()].toSet()":                "unhashable type: 'dict'",
		"str(data()).len()":               "30",
		"def(both, 5) -> both()":          "5",
		"data().l.select($ * 2).sum()":    "6",
	} {
		got, err := mustParse(t, src).Eval(context.Background(), &yaql.Env{Library: library()})
		text := yaql.Repr(got)
		var failed *yaql.EvalError
		if errors.As(err, &failed) {
			text = failed.Cause.Error()
		}
		if text != want {
			t.Errorf("%s: %s, want %s", src, text, want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	e := mustParse(t, "$.l.where($ > 1).select($ * 2).orderBy($).toList().len() + let(x => 1) -> $x")
	env := &yaql.Env{Root: value.MapOf("l", []int{3, 1, 2}), Library: library()}
	want, err := e.Eval(context.Background(), env)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				got, err2 := e.Eval(context.Background(), env)
				if !value.Equal(got, want) || fmt.Sprint(err) != fmt.Sprint(err2) {
					t.Errorf("%v, %v", got, err2)
				}
			}
		})
	}
	wg.Wait()
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		src    string
		issues []string
		refs   []string
	}{
		{"$.a + $.b.c", nil, []string{"2:.a", "8:.b"}},
		{"$.l.where($.a > $.b)", nil, []string{"2:.l"}},
		{"$.l.where($.a > 1) and $.c", nil, []string{"2:.l", "25:.c"}},
		{"$.get(a) = $[b] or $['c'] = $[d, 1]", nil, []string{"6:.a?", "13:.b", "21:.c", "30:.d?"}},
		{"switch($.a => $.b)", nil, []string{"9:.a", "16:.b"}},
		{"let(x => $.a) -> $.b + $x", nil, []string{"11:.a", "19:.b"}},
		{"with($.a) -> $.b", nil, []string{"7:.a"}},
		{"($).a", nil, []string{"4:.a"}},
		{"$.l.len().foo", nil, []string{"2:.l"}},
		{"both(x).y", nil, []string{"5:both(x)"}},
		{"data().x", nil, []string{"7:data().x"}},
		{"data().get(x)", nil, []string{"11:data().x?"}},
		{"lenn($.l)", []string{"0: there is no function lenn()"}, []string{"7:.l"}},
		{"$.l.wher(true)", []string{"4: there is no method wher()"}, []string{"2:.l"}},
		{"$.l.range(1)", []string{"4: range() is a function, not a method: write range(x)"}, []string{"2:.l"}},
		{"where($.l, $)", []string{"0: where() is a method, not a function: write x.where()"}, []string{"8:.l"}},
		{"range(1, 2, 3, 4)", []string{"0: range() does not take these arguments; it is range(stop) or range(start, stop, step => 1)"}, nil},
		{"both()", []string{"0: both() does not take these arguments; it is both(first, second => none)"}, nil},
		{"'a'.toUpper(1)", []string{"4: toUpper() does not take these arguments; it is string.toUpper()"}, nil},
		{"'a'.substring('b')", []string{"4: substring() does not take these arguments; it is string.substring(start, length => -1)"}, nil},
		{"1 + 'a'", []string{`2: "+" does not take these operands`}, nil},
		{"def(lenn, 1) -> lenn()", nil, nil},
		{"def($.n, 1) -> anything()", nil, []string{"6:.n"}},
		{"$.l.select(nope($))", []string{"11: there is no function nope()"}, []string{"2:.l"}},
		{"f('a' => 1)", []string{"0: there is no function f()"}, nil},
		{"both('a' => 1)", []string{"0: Cannot convert mapping to keyword argument"}, nil},
	} {
		issues, refs := mustParse(t, c.src).Check(library())
		var gotIssues, gotRefs []string
		for _, i := range issues {
			gotIssues = append(gotIssues, fmt.Sprintf("%d: %s", i.Offset, i.Message))
		}
		for _, r := range refs {
			s := fmt.Sprintf("%d:%s.%s", r.Offset, r.Function, r.Name)
			if r.Function == "both" {
				s = fmt.Sprintf("%d:both(%s)", r.Offset, r.Name)
			}
			if r.Optional {
				s += "?"
			}
			gotRefs = append(gotRefs, s)
		}
		if diff := cmp.Diff(c.issues, gotIssues); diff != "" {
			t.Errorf("%s: %s", c.src, diff)
		}
		if diff := cmp.Diff(c.refs, gotRefs); diff != "" {
			t.Errorf("%s: %s", c.src, diff)
		}
	}
}

// TestCheckFindsOnlyWhatFails holds that no recorded expression that works is
// said to be wrong.
func TestCheckFindsOnlyWhatFails(t *testing.T) {
	for _, src := range seeds(t) {
		e, err := yaql.Parse(src)
		if err != nil {
			continue
		}
		issues, _ := e.Check(nil)
		if len(issues) == 0 {
			continue
		}
		if _, err := e.Eval(context.Background(), &yaql.Env{Root: value.MapOf()}); err == nil && !guarded(src) {
			t.Errorf("%s works, but: %v", src, issues)
		}
	}
}

// guarded reports whether a part may not be reached, so that a wrong call in
// it does no harm.
func guarded(src string) bool {
	for _, g := range []string{" and ", " or ", "switch", "?.", "coalesce", "where(", "select", "Case(", "(["} {
		if strings.Contains(src, g) {
			return true
		}
	}
	return false
}

func TestNames(t *testing.T) {
	functions, methods := library().Names(false), library().Names(true)
	for _, n := range []string{"range", "both", "len", "switch", "str", "datetime"} {
		if !slices.Contains(functions, n) {
			t.Errorf("no function %s", n)
		}
	}
	for _, n := range []string{"where", "select", "len", "toUpper", "get"} {
		if !slices.Contains(methods, n) {
			t.Errorf("no method %s", n)
		}
	}
	if slices.Contains(methods, "both") || slices.ContainsFunc(functions, func(n string) bool { return strings.ContainsAny(n, "#*") }) {
		t.Error("a name that can't be called is listed")
	}
}

// TestArithmeticAgrees compares the fast integers with the big ones: the laws
// of floor division hold for any two numbers.
func TestArithmeticAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64().Draw(t, "a")
		b := rapid.Int64().Filter(func(i int64) bool { return i != 0 }).Draw(t, "b")
		e, err := yaql.Parse("($.a / $.b) * $.b + $.a mod $.b = $.a and ($.a mod $.b = 0 or ($.a mod $.b > 0) = ($.b > 0)) and ($.a + $.b) - $.b = $.a and ($.a * $.b) / $.b = $.a")
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Eval(context.Background(), &yaql.Env{Root: value.MapOf("a", a, "b", b)})
		if err != nil || got != true {
			t.Fatalf("a=%d b=%d: %v, %v", a, b, got, err)
		}
	})
}

// TestDifferencesFromPython holds what is other than Python's on purpose.
func TestDifferencesFromPython(t *testing.T) {
	for src, want := range map[string]string{
		"datetime('2020-03-04T03:00:00+03:00').timestamp": "1583280000.0",
		"datetime('2020-03-04T03:00:00+03:00').utc":       "'2020-03-04T00:00:00.000000'",
		"set(c, a, b)": "['c', 'a', 'b']",
		"regex('(?P<key>\\w+)=(?P<v>\\d+)').search('a=1', $v)": "{'value': '1', 'start': 2, 'end': 3}",
		"str([1].select($))":   "a generator has no text; toList() makes a list of it",
		"datetime('tomorrow')": "Unknown string format: tomorrow",
		"'aa' =~ 'a++'":        "possessive quantifiers are not supported",
		"[1, 2, 3].where($ > 1).select($ * 2).toSet().len() + 1.0": "3.0",
	} {
		got, err := mustParse(t, src).Eval(context.Background(), nil)
		text := yaql.Repr(got)
		var failed *yaql.EvalError
		if errors.As(err, &failed) {
			text = failed.Cause.Error()
		}
		if text != want {
			t.Errorf("%s: %s, want %s", src, text, want)
		}
	}
}
