package actions

import (
	"encoding/json"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestTextFilters(t *testing.T) {
	for _, tc := range []struct{ filter, in, want string }{
		{"text", `["a", null, true, 1.5]`, `"['a', None, True, 1.5]"`},
		{"text", `null`, `null`},
		{"texts", `{"a": null, "b": ["x"], "c": "y"}`, `{"a":"None","b":"['x']","c":"y"}`},
		{"commas", `["a", "b"]`, `"a,b"`},
		{"commas", `[]`, `""`},
		{"commas", `"a,b"`, `"a,b"`},
		{"commas", `["a", 1]`, `must be a list of strings; its item 1 is a number`},
		{"commas", `7`, `must be a list of strings, not a number`},
		{"int", `" 7 "`, `7`},
		{"int", `-7.9`, `-7`},
		{"int", `true`, `1`},
		{"int", `123456789012345678901234567890`, `123456789012345678901234567890`},
		{"int", `"7.5"`, `must be an integer, not '7.5'`},
		{"int", `[7]`, `must be an integer, not [7]`},
		{"count", `0`, `null`},
		{"count", `-1.5`, `null`},
		{"count", `-99999999999999999999`, `null`},
		{"count", `false`, `null`},
		{"count", `""`, `null`},
		{"count", `true`, `true`},
		{"count", `99999999999999999999`, `99999999999999999999`},
		{"count", `"7"`, `must be a number, not a string`},
		{"header", `"req-1 ~"`, `"req-1 ~"`},
		{"header", `null`, `null`},
		{"header", `"größe"`, `must be text of one line in ASCII, not 'größe'`},
		{"header", `"a\tb"`, `must be text of one line in ASCII, not 'a\tb'`},
		{"header", `7`, `must be text of one line in ASCII, not 7`},
		{"notempty", `""`, `must not be empty`},
		{"notempty", `null`, `must not be empty`},
		{"notempty", `0`, `0`},
		{"dicts", `[{}]`, `[{}]`},
		{"dicts", `[{}, "x"]`, `must be a list of dictionaries; its item 1 is a string`},
		{"ifuuid", `"urn:uuid:{D0E1F2A3-0000-4000-8000-00000000000F}"`, `"urn:uuid:{D0E1F2A3-0000-4000-8000-00000000000F}"`},
		{"ifuuid", `"d0e1f2a3-0000-4000-8000-00000000000g"`, `null`},
		{"unlessuuid", `"d0e1f2a30000400080000000000000ff"`, `null`},
		{"unlessuuid", `7`, `7`},
		{"jsontext", `{"a": [1, 2.0, null, true], "ä\"\n\u007f😀": {}}`, `"{\"a\": [1, 2.0, null, true], \"\\u00e4\\\"\\n\\u007f\\ud83d\\ude00\": {}}"`},
		{"jsontext", `"x"`, `"\"x\""`},
		{"textorjson", `"x"`, `"x"`},
		{"textorjson", `[]`, `"[]"`},
		{"dictasjson", `{}`, `"{}"`},
		{"dictasjson", `[{}]`, `[{}]`},
	} {
		f, ok := filterNamed(tc.filter)
		if !ok {
			t.Fatal(tc.filter)
		}
		in, err := value.Decode([]byte(tc.in))
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if v, err := f(in); err != nil {
			got = err.Error()
		} else {
			got = encode(v)
		}
		if got != tc.want {
			t.Errorf("%s of %s: %s; want %s", tc.filter, tc.in, got, tc.want)
		}
	}
}

// FuzzDumpJSON holds the JSON text that clients put into bodies to be ASCII and
// to say what the value is.
func FuzzDumpJSON(f *testing.F) {
	f.Add(`{"a": ["ä\n\u0000😀\\", 1e-7, 12345678901234567890, false]}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := value.Decode([]byte(text))
		if err != nil {
			t.Skip()
		}
		out, err := asJSON(v)
		if err != nil || out == nil {
			t.Skip()
		}
		for _, c := range []byte(out.(string)) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q has a byte that is not to be there: %q", text, out)
			}
		}
		back, err := value.Decode([]byte(out.(string)))
		if err != nil || !value.Equal(v, back) || !json.Valid([]byte(out.(string))) {
			t.Fatalf("%q became %q: %v", text, out, err)
		}
	})
}
