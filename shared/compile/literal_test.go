package compile

import (
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

func TestLiteral(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`"plain"`, `"plain"`},
		{`""`, `"{% \"\" %}"`},
		{`"two\nlines <% $.x %>"`, `"{% \"two\\nlines <% $.x %>\" %}"`},
		{`"{% if x %}"`, `"{% \"{% if x %}\" %}"`},
		{`[1, "a"]`, `[1,"a"]`},
		{`[[1, "a"], [{"k": ""}], []]`, `["{% [1,\"a\"] %}",[{"k":"{% \"\" %}"}],[]]`},
		// What JSONata would change stays as it is.
		{`[[1.0], [9007199254740993]]`, `[[1.0],[9007199254740993]]`},
		{`{"d": {"l": [[0.5, null, [true]]]}}`, `{"d":{"l":["{% [0.5,null,[true]] %}"]}}`},
	} {
		in, err := value.Decode([]byte(c.in))
		if err != nil {
			t.Fatal(err)
		}
		if got := string(value.MustEncode(literal(in))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.in, got, c.want)
		}
	}
}
