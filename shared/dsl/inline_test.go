package dsl

import (
	"fmt"
	"strings"
	"testing"
)

// TestInlineValues holds that the values of a line are those that Mistral makes of
// them: JSON where it is JSON, else the text as it stands.
func TestInlineValues(t *testing.T) {
	for written, want := range map[string]string{
		`12`:                      `12`,
		`007`:                     `"007"`,
		`123456789012345678901`:   `123456789012345678901`,
		`true`:                    `true`,
		`null`:                    `null`,
		`"12"`:                    `"12"`,
		`''`:                      `""`,
		`'a "b" c=1'`:             `"a \"b\" c=1"`,
		`"a 'b'"`:                 `"a 'b'"`,
		`[1, "x", {"k": null}]`:   `[1,"x",{"k":null}]`,
		`[1,]`:                    `"[1,]"`,
		`[x]`:                     `"[x]"`,
		`[1.50]`:                  `[1.5]`,
		`<% $.x + 1 %>`:           `"<% $.x + 1 %>"`,
		`{{ _.x }}`:               `"{{ _.x }}"`,
		`["<% $.x %>", "it's"]  `: `["<% $.x %>","it's"]`,
	} {
		src := fmt.Sprintf("version: 2\nwf:\n  tasks:\n    a:\n      action: |-\n        std.echo v=%s\n", written)
		f, diags := Parse("f.yaml", []byte(src), Options{})
		if len(diags) > 0 {
			t.Errorf("%s: %v", written, diags)
			continue
		}
		p := f.Workflows[0].Tasks[0].Action.Params
		if len(p) != 1 || encode(p[0].Value.Value()) != want {
			t.Errorf("%s: %v, want %s", written, p, want)
			continue
		}
		if s := p[0].Value.Span; s.Start.Line != 6 || !strings.Contains(src[s.Start.Offset:], src[s.Start.Offset:s.End.Offset]) {
			t.Errorf("%s stands at %+v", written, s)
		}
	}
}
