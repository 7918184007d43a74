package value_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestDecodeErrors(t *testing.T) {
	for in, want := range map[string]string{
		"":                        "unexpected EOF",
		" ":                       "unexpected EOF",
		`{"a": [1, 2`:             "unexpected EOF",
		`"abc`:                    "unexpected EOF",
		`"a\`:                     "unexpected EOF",
		`"a\u12`:                  "unexpected EOF",
		`tru`:                     "unexpected EOF",
		`-`:                       "unexpected EOF",
		`1.`:                      "unexpected EOF",
		`<html>`:                  "invalid character '<' at byte 0, where a value is expected",
		`{"a": 1,}`:               "invalid character '}' at byte 8, where a key is expected",
		`[1 2]`:                   "invalid character '2' at byte 3, where a comma or ] is expected",
		`{"a" 1}`:                 "invalid character '1' at byte 5, where a colon is expected",
		"\"a\nb\"":                `invalid character '\n' at byte 2, where no control character is expected`,
		`01`:                      "data after the JSON document at byte 1",
		`{} []`:                   "data after the JSON document at byte 3",
		`"\x"`:                    "invalid character 'x' at byte 2, where an escape is expected",
		`"\u00zz"`:                "invalid character 'z' at byte 5, where a hexadecimal digit is expected",
		`+1`:                      "invalid character '+' at byte 0, where a value is expected",
		"\x00":                    `invalid character '\x00' at byte 0, where a value is expected`,
		"\ufeff{}":                `invalid character '\ufeff' at byte 0, where a value is expected`,
		strings.Repeat("[", 2000): "JSON nested deeper than 1000 levels",
	} {
		_, err := value.Decode([]byte(in))
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: %v, want %s", in, err, want)
		}
		if want == "unexpected EOF" && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v is no io.ErrUnexpectedEOF", in, err)
		}
	}
}

// FuzzDecodeAsEncodingJSON: the same documents are accepted as encoding/json
// accepts, with the same strings and numbers.
func FuzzDecodeAsEncodingJSON(f *testing.F) {
	for _, s := range []string{
		`{"a": [1, -0, 1.5e-3, true, null], "b": "\u00e9\ud83d\ude00\ud83d x\/", "a": 2}`, "\"\xff\xc3(\"", `"\ud800\u0041"`,
		`[0.0, 1E5, 10000000000000000000000]`, ` { } `, `[1,]`, `1e400`, `"\udc00\ud83d\ude00"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := value.Decode(data)
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var want any
		if valid := json.Valid(data); (err == nil) != valid {
			if err != nil && (strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "out of range")) {
				return
			}
			t.Fatalf("%q: %v, encoding/json says valid %v", data, err, valid)
		}
		if err != nil {
			return
		}
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if !value.Equal(got, value.Of(want)) {
			t.Fatalf("%q: %s, encoding/json has %v", data, value.MustEncode(got), want)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	var list []string
	for i := range 200 {
		list = append(list, fmt.Sprintf(`{"id": "6f9f-%d", "name": "server-%d", "status": "ACTIVE", "flavor": {"vcpus": 4, "ram": 8192}, "addresses": {"net": [{"addr": "10.0.0.%d", "version": 4}]}}`, i, i, i))
	}
	data := []byte(`{"servers": [` + strings.Join(list, ",") + `]}`)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := value.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
