package actions

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestUnwrap(t *testing.T) {
	for _, c := range []struct{ result, body, want string }{
		{"", `{"a": 1}`, `{"a": 1}`},
		{"null", `{"a": 1}`, `null`},
		{"found", `{}`, `true`},
		{"a", `{"a": [1]}`, `[1]`},
		{"a", `null`, `null`},
		{"a", `{"b": 1}`, `the answer has no "a"`},
		{"a", `[1]`, `the answer is a list and not a dictionary with "a"`},
		{"a.*", `{"a": {"x": {"k": 1}, "y": {"name": "z"}}}`, `[{"k": 1, "name": "x"}, {"name": "y"}]`},
		{"a.*", `{"a": {}}`, `[]`},
		{"a.*", `{"a": [1]}`, `the answer has a list and not a dictionary of resources`},
		{"a.*", `{"b": {}}`, `the answer has no "a"`},
	} {
		body, err := value.Decode([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := unwrap(c.result, body)
		if err != nil {
			if err.Error() != c.want {
				t.Errorf("unwrap %q of %s: %v, want %s", c.result, c.body, err, c.want)
			}
			continue
		}
		if want, err := value.Decode([]byte(c.want)); err != nil || !value.Equal(got, want) {
			t.Errorf("unwrap %q of %s is %v, want %s", c.result, c.body, got, c.want)
		}
	}
}
