package js

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestEval(t *testing.T) {
	data := value.MapOf("b", 1, "a", []any{"x", nil, true, 1.5}, "big", int64(9007199254740993))
	for _, tc := range []struct{ script, want string }{
		{`return 1 + 1`, `2`},
		{`return 'a' + 'b'`, `"ab"`},
		{``, `null`},
		{`var x = 1`, `null`},
		{`return null`, `null`},
		{`return undefined`, `null`},
		{`return function () {}`, `null`},
		{`return NaN`, `null`},
		{`return 0.5`, `0.5`},
		{`return $.b`, `1`},
		{`return $.a`, `["x",null,true,1.5]`},
		{`return {z: 1, y: [$.a[0]]}`, `{"z":1,"y":["x"]}`},
		{`return Object.keys($)`, `["b","a","big"]`},
		{`return $.a.map(x => typeof x)`, `["string","object","boolean","number"]`},
		{`return '☃'.repeat(2)`, `"☃☃"`},
		{`return typeof __context + typeof process + typeof require + typeof setTimeout`, `"undefinedundefinedundefinedundefined"`},
		{`return new Date(0)`, `"1970-01-01T00:00:00.000Z"`},
		{`return [1, 2, 3].join('-') + 'a'.padStart(3, '.')`, `"1-2-3..a"`},
		{`return // a comment at the end`, `null`},
	} {
		got, err := Eval(context.Background(), tc.script, data)
		if err != nil {
			t.Errorf("%s: %v", tc.script, err)
			continue
		}
		text, _ := value.Encode(got)
		if diff := cmp.Diff(tc.want, string(text)); diff != "" {
			t.Errorf("%s:\n%s", tc.script, diff)
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, tc := range []struct{ script, want string }{
		{`throw new Error('no')`, "Error: no"},
		{`throw 'text'`, "text"},
		{`return nothing`, "ReferenceError"},
		{`return (`, "SyntaxError"},
		{`function g() { return g() } return g()`, "too deep"},
		{`var a = {}; a.a = a; return a`, "circular"},
		{`return 'x'.repeat(1e9)`, "too large"},
		{`return new Array(1e9).fill(1)`, "too large"},
		{`return new Array(1e8).join('xxxxxxxx')`, "too large"},
		{`return 'x'.padEnd(1e9)`, "too large"},
	} {
		got, err := Eval(context.Background(), tc.script, nil)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, %v; want an error with %q", tc.script, got, err, tc.want)
		}
	}
}

func TestEvalStopsByTime(t *testing.T) {
	_, err := Limits{Time: time.Millisecond}.Eval(context.Background(), `while (true) {}`, nil)
	if !errors.Is(err, errTime) {
		t.Error(err)
	}
}

func TestEvalStopsByContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := Eval(ctx, `while (true) {}`, nil)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEvalStopsByMemory(t *testing.T) {
	for _, script := range []string{
		`var a = []; while (true) a.push({x: a.length})`,
		`var s = 'x'; while (true) s += s + 'y'`,
		`try { var a = []; while (true) a.push('' + a.length) } catch (e) { while (true) a.push(1) }`,
	} {
		_, err := Limits{Memory: 32 << 20, Time: time.Minute}.Eval(context.Background(), script, nil)
		if !errors.Is(err, errMemory) && (err == nil || !strings.Contains(err.Error(), "length")) {
			t.Errorf("%s: %v", script, err)
		}
	}
}

func FuzzEval(f *testing.F) {
	for _, s := range []string{`return 1`, `return $.a`, `throw 1`, `return {a: [1, {b: 2}]}`, `let x = 1; return x`, `}) (`, `return "\ud800"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		_, _ = Limits{Time: 50 * time.Millisecond, Memory: 64 << 20}.Eval(context.Background(), script, value.MapOf("a", 1))
	})
}
