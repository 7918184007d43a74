package actions

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func eval(t *testing.T, template, args string) string {
	t.Helper()
	v, err := value.Decode([]byte(template))
	if err != nil {
		t.Fatal(err)
	}
	n, err := compileNode(v)
	if err != nil {
		t.Fatal(err)
	}
	a := arguments{}
	for k, v := range decodeInput(t, json.RawMessage(args)).All() {
		a[k] = v
	}
	got, ok, err := n.eval(a)
	if err != nil {
		return "error: " + err.Error()
	}
	if !ok {
		return "left out"
	}
	text, _ := value.Encode(got)
	return string(text)
}

func TestTemplates(t *testing.T) {
	for _, tc := range []struct{ template, args, want string }{
		{`"{a}"`, `{"a": [1]}`, `[1]`},
		{`"{a}"`, `{}`, `left out`},
		{`"{a!}"`, `{}`, `null`},
		{`"{a?}"`, `{"a": false}`, `left out`},
		{`"{a?}"`, `{"a": 0.5}`, `0.5`},
		{`"{a:20}"`, `{}`, `20`},
		{`"{a:20}"`, `{"a": 0}`, `20`},
		{`"{a:20}"`, `{"a": 3}`, `3`},
		{`"x{a}y{b}"`, `{"a": true, "b": 1.0}`, `"xTruey1.0"`},
		{`"x{a}"`, `{}`, `left out`},
		{`""`, `{}`, `""`},
		{`{"a": "{a}", "b": "{b!}", "c": null, "d": 1}`, `{}`, `{"b":null,"c":null,"d":1}`},
		{`{"{k}": "{v}"}`, `{"k": "x", "v": 2}`, `{"x":2}`},
		{`{"a": 1, "**": "{x}"}`, `{"x": {"a": 2, "b": 3}}`, `{"a":2,"b":3}`},
		{`{"a": 1, "**": ["{x}", "{y}"]}`, `{"x": {"b": 2}}`, `{"a":1,"b":2}`},
		{`{"**": "{x}"}`, `{"x": 5}`, `error: parameter x must be a dictionary, not a number`},
		{`{"a?": {"b": "{b}"}, "c?null": {"b": "{b}"}}`, `{}`, `{"c":null}`},
		{`{"a?": {"b": "{b}"}, "c?null": {"b": "{b}"}}`, `{"b": 1}`, `{"a":{"b":1},"c":{"b":1}}`},
		{`["{a}", "{b}", "{c|items}"]`, `{"a": 1, "c": [2, 3]}`, `[1,2,3]`},
		{`{"r?": ["{c|items}"]}`, `{}`, `{}`},
		{`"{a|ids}"`, `{"a": ["x"]}`, `[{"id":"x"}]`},
		{`"{a|names}"`, `{"a": "x"}`, `[{"name":"x"}]`},
		{`"{a|base64}"`, `{"a": "é"}`, `"w6k="`},
		{`"{a|base64}"`, `{"a": 1}`, `error: parameter a must be a string, not a number`},
		{`"{a|bit}"`, `{"a": "x"}`, `1`},
		{`"{a!|bit}"`, `{}`, `0`},
		{`"{a|falsy}"`, `{"a": false}`, `"False"`},
		{`"{a|falsy}"`, `{}`, `"None"`},
		{`"{a|falsy}"`, `{"a": true}`, `left out`},
		{`"{a|first}"`, `{"a": [7, 8]}`, `7`},
		{`"{a|first}"`, `{"a": []}`, `left out`},
		{`"{a|isodate}"`, `{"a": "2026-01-31 00:00:00"}`, `"2026-01-31T00:00:00"`},
		{`"{a|nonull}"`, `{"a": {"x": null, "y": 0}}`, `{"y":0}`},
		{`"{a|truthy}"`, `{"a": {"x": null, "y": 0, "z": 1}}`, `{"z":1}`},
		{`"{a|servers}"`, `{"a": {"locked": false, "config_drive": null, "z": 0, "name": "n"}}`, `{"locked":false,"config_drive":null,"name":"n"}`},
		{`"{a|without:x,y}"`, `{"a": {"x": 1, "y": 0, "z": 1}}`, `{"z":1}`},
		{`"{a|oneof:x,y}"`, `{"a": "y"}`, `"y"`},
		{`"{a|oneof:x,y}"`, `{}`, `left out`},
		{`"{a|oneof:x,y}"`, `{"a": ""}`, `error: parameter a must be one of x, y, not ''`},
		{`"{a|oneof:x,y}"`, `{"a": ["x"]}`, `error: parameter a must be one of x, y, not ['x']`},
		{`"{a|oneof:x,y|asid:x}"`, `{"a": "x"}`, `"x_id"`},
		{`"{a|oneof:x,y|asid:x}"`, `{"a": "y"}`, `"y"`},
		{`"{a:{}}"`, `{"a": ""}`, `{}`},
		{`"{a:{\"b\": {}}}-"`, `{}`, `"{'b': {}}-"`},
		{`"{a|positive}"`, `{"a": -1}`, `left out`},
		{`"{a|positive}"`, `{"a": 7}`, `7`},
		{`"{a|presence}"`, `{"a": true}`, `""`},
		{`"{a!|auto}"`, `{"a": "auto"}`, `null`},
		{`"{a|orempty}"`, `{}`, `{}`},
		{`"{a|int}"`, `{"a": true}`, `1`},
		{`"{a|int}"`, `{"a": " -1_000 "}`, `-1000`},
		{`"{a|int}"`, `{"a": "99999999999999999999"}`, `99999999999999999999`},
		{`"{a|int}"`, `{"a": -2.9}`, `-2`},
		{`"{a|int}"`, `{"a": 1e20}`, `100000000000000000000`},
		{`"{a|int}"`, `{"a": "1.5"}`, `error: parameter a must be an integer, not '1.5'`},
		{`"{a|int}"`, `{"a": []}`, `error: parameter a must be an integer, not []`},
		{`"{a|int}"`, `{}`, `left out`},
		{`"{a|json}"`, `{"a": "{\"x\": [1, null]}"}`, `{"x":[1,null]}`},
		{`"{a!|json}"`, `{"a": "null"}`, `null`},
		{`"{a!|json}"`, `{}`, `error: parameter a must be JSON as text, not null`},
		{`"{a|json}"`, `{"a": {}}`, `error: parameter a must be JSON as text, not a dictionary`},
		{`"{a|parsed}"`, `{"a": "[1]"}`, `[1]`},
		{`"{a|parsed}"`, `{"a": "01"}`, `"01"`},
		{`"{a|parsed}"`, `{"a": {"x": "1"}}`, `{"x":"1"}`},
		{`"{a|text}"`, `{"a": [true, "x"]}`, `"[True, 'x']"`},
		{`"{a|text}"`, `{"a": ""}`, `""`},
		{`"{a|text}"`, `{}`, `left out`},
		{`"{a|texts}"`, `{"a": {"x": null, "y": 1.5, "z": ["q"]}}`, `{"x":"None","y":"1.5","z":"['q']"}`},
		{`"{a?|truth}"`, `{"a": "yes"}`, `true`},
	} {
		if got := eval(t, tc.template, tc.args); got != tc.want {
			t.Errorf("%s with %s: %s; want %s", tc.template, tc.args, got, tc.want)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, tc := range []struct{ path, args, want string }{
		{"/a/{b}/c", `{"b": "x y/z"}`, "/a/x%20y/z/c"},
		{"/a{b?/c}", `{"b": true}`, "/a/c"},
		{"/a{b?/c}{!b?/d}", `{}`, "/a/d"},
		{"{u?/users/{u}}/p", `{"u": 5}`, "/users/5/p"},
		{"/x{p}", `{"p": "/a b/c"}`, "/x/a%20b/c"},
		{"/x/{k|first}", `{"k": ["m"]}`, "/x/m"},
		{"/x{p}", `{"p": "/../y"}`, "error"},
		{"/x/{k|first}", `{"k": []}`, "error"},
		{"/x/{k}", `{"k": "a/./b"}`, "error"},
		{"/x/{k}", `{"k": ""}`, "error"},
		{"/x/{k}", `{"k": true}`, "/x/True"},
	} {
		nodes, err := compilePath(tc.path)
		if err != nil {
			t.Fatal(err)
		}
		args := arguments{}
		for k, v := range decodeInput(t, json.RawMessage(tc.args)).All() {
			args[k] = v
		}
		got, err := expandPath(nodes, args)
		if err != nil {
			got = "error"
		}
		if got != tc.want {
			t.Errorf("%s with %s: %s, %v; want %s", tc.path, tc.args, got, err, tc.want)
		}
	}
}

// TestPathArgumentsStayInTheirPlace: whatever an argument is, the path begins and
// ends as its template does, leads nowhere above, and has no query.
func TestPathArgumentsStayInTheirPlace(t *testing.T) {
	nodes, err := compilePath("/servers/{server}/action")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		got, err := expandPath(nodes, arguments{"server": rapid.String().Draw(t, "server")})
		if err != nil {
			return
		}
		id, ok := strings.CutPrefix(got, "/servers/")
		id, ok2 := strings.CutSuffix(id, "/action")
		parts := strings.Split(id, "/")
		if !ok || !ok2 || id == "" || slices.Contains(parts, ".") || slices.Contains(parts, "..") || strings.ContainsAny(got, "?#") {
			t.Fatalf("%q", got)
		}
	})
}

func TestPythonStr(t *testing.T) {
	for in, want := range map[string]string{
		`null`: "None", `true`: "True", `false`: "False", `1`: "1", `1.0`: "1.0", `0.1`: "0.1", `1e16`: "1e+16", `1e-5`: "1e-05",
		`123456789.5`: "123456789.5", `"a'b"`: "a'b", `["a'b", "a", 1, null]`: `["a'b", 'a', 1, None]`, `{"a": "\n\\"}`: `{'a': '\n\\'}`,
		`["'\""]`: `['\'"']`, `12345678901234567890`: "12345678901234567890",
	} {
		v, err := value.Decode([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := pythonStr(v); got != want {
			t.Errorf("%s: %s; want %s", in, got, want)
		}
	}
}

func FuzzParseParams(f *testing.F) {
	for _, s := range []string{`a, b=1, **c`, `a:int="x,y", b={"k": [1, 2]}`, `a="\""`, `a="\`, `=,:,**`, `a:secret=null`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		params, _, err := parseParams(line)
		if err != nil {
			return
		}
		for _, p := range params {
			if p.HasDefault == p.Required {
				t.Fatalf("%q: %+v", line, p)
			}
		}
	})
}

func FuzzPath(f *testing.F) {
	for _, s := range []string{"/a/{b}", "{a?/b/{c}}{!a?x}", "{a|first}", "{", "}{", "{a?{b?{c}}}"} {
		f.Add(s, "x/y")
	}
	f.Fuzz(func(t *testing.T, path, arg string) {
		nodes, err := compilePath(path)
		if err != nil {
			return
		}
		_, _ = expandPath(nodes, arguments{"a": arg, "b": arg, "c": arg})
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{a}", "{a!|bit}", "x{a:1}y", "{a|without:b}", "{", "{}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := compileText(s)
		if err != nil {
			return
		}
		_, _, _ = n.eval(arguments{"a": "x", "b": value.MapOf("c", 1)})
	})
}
