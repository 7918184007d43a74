package expr

import (
	"reflect"
	"testing"
)

func TestInspect(t *testing.T) {
	for src, want := range map[string]Form{
		"":                          {Text: true, Constant: true, Value: ""},
		"plain":                     {Text: true, Filled: true, Constant: true, Value: "plain"},
		"<% $.a %>":                 {Expressions: 1},
		"<% $.a %> ":                {Expressions: 1, Text: true, Filled: true},
		"<% $.a %> and <% $.b %>":   {Expressions: 2, Text: true, Filled: true},
		"<% $.a %><% $.b %>":        {Expressions: 2, Text: true},
		"<% succeeded %>":           {Expressions: 1, Constant: true, Value: "succeeded"},
		"<% 1 < 2 and not false %>": {Expressions: 1, Constant: true, Value: true},
		"<% [1, 2] %>":              {Expressions: 1, Constant: true, Value: []any{int64(1), int64(2)}},
		"<% 'a'.len() %>":           {Expressions: 1},
		"<% now() %>":               {Expressions: 1},
		"<% 1/0 %>":                 {Expressions: 1},
		"<% ( %>":                   {Expressions: 1},
		"{{ _.a }}":                 {Expressions: 1},
		"{{ 'x' }}":                 {Expressions: 1, Constant: true, Value: "x"},
		"{{ False }}":               {Expressions: 1, Constant: true, Value: false},
		"{{ 12 }}":                  {Expressions: 1, Constant: true, Value: int64(12)},
		"{{ _.a }} or {{ _.b }}":    {Expressions: 2, Text: true, Filled: true},
		"{% if _.a %}x{% endif %}":  {Expressions: 1, Text: true},
	} {
		if got := Inspect(src); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, not %+v", src, got, want)
		}
	}
}

// TestLazyRefs holds which names are asked for in any case.
func TestLazyRefs(t *testing.T) {
	for src, want := range map[string][]bool{
		"<% $.a + $.b %>":                         {false, false},
		"<% $.a and $.b %>":                       {false, true},
		"<% $.get(a) or $.b or $.c %>":            {false, true, true},
		"<% switch($.a => $.b) %>":                {true, true},
		"<% let(x => $.a) -> $x + $.b %>":         {false, false},
		"<% $.a?.get($.b) %>":                     {false, true},
		"<% [$.a, {k => $.b}] %>":                 {false, false},
		"<% $.a.select($.name + 1).where($.x) %>": {false},
		"<% task(a).result.len() %>":              {false},
	} {
		var got []bool
		for _, r := range Check(src).Refs {
			got = append(got, r.Lazy)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, not %v", src, got, want)
		}
	}
}
