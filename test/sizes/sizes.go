// Package sizes makes inputs of any size for what reads texts, each of a shape
// that could take more than its share of time: deep, wide, long, full of
// mistakes. Benchmarks and test/bench measure with them how time grows.
package sizes

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape makes inputs of one kind.
type Shape struct {
	Name string
	// Make returns an input of about n bytes.
	Make func(n int) string
}

// repeated is head, as many units as fit into n bytes, and tail.
func repeated(name, head, unit, tail string) Shape {
	return Shape{name, func(n int) string {
		return head + strings.Repeat(unit, max(1, n/len(unit))) + tail
	}}
}

// numbered is like repeated, but in each unit ‹i› is its number and ‹j› the next one.
func numbered(name, head, unit, tail string) Shape {
	return Shape{name, func(n int) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < n; i++ {
			b.WriteString(strings.NewReplacer("‹i›", strconv.Itoa(i), "‹j›", strconv.Itoa(i+1)).Replace(unit))
		}
		b.WriteString(tail)
		return b.String()
	}}
}

// nested is n bytes of open and close around a middle.
func nested(name, open, middle, closing string) Shape {
	return Shape{name, func(n int) string {
		k := max(1, n/(len(open)+len(closing)))
		return strings.Repeat(open, k) + middle + strings.Repeat(closing, k)
	}}
}

// YAML are texts for a YAML reader.
func YAML() []Shape {
	return []Shape{
		nested("deep flow list", "[", "1", "]"),
		nested("deep flow map", "{a: ", "1", "}"),
		repeated("open brackets", "", "[", ""),
		repeated("open braces", "", "{", ""),
		repeated("lists on one line", "", "- ", "x"),
		repeated("question marks", "", "? ", "x"),
		{"deep block map", func(n int) string {
			var b strings.Builder
			for i := 0; b.Len() < n; i++ {
				b.WriteString(strings.Repeat(" ", i%90) + "a:\n")
			}
			return b.String()
		}},
		numbered("many keys", "", "key‹i›: value‹j›\n", ""),
		repeated("one key again and again", "", "key: value\n", ""),
		repeated("many items", "", "- item\n", ""),
		repeated("long flow list", "[", "item, ", "1]"),
		numbered("long flow map", "{", "k‹i›: ‹j›, ", "a: 1}"),
		repeated("long plain line", "a: ", "word ", ""),
		repeated("long plain text", "a: ", "word\n  ", "x"),
		repeated("long quoted line", "a: \"", "word ", "\""),
		repeated("long single-quoted", "a: '", "it''s ", "'"),
		repeated("long escapes", "a: \"", "\\u0041\\n", "\""),
		repeated("quoted lines", "a: \"", "word\n\n  ", "\""),
		repeated("unclosed quote", "a: \"", "word\n", ""),
		repeated("unclosed quotes", "", "a: \"b\n", ""),
		repeated("literal block", "a: |\n", "  word\n", ""),
		repeated("folded block", "a: >\n", "  word\n\n   more\n", ""),
		repeated("blank lines", "a: 1\n", "\n", ""),
		repeated("blanks", "a: 1\n", " ", "\n"),
		repeated("tabs", "a:\n", "\t", "b"),
		repeated("comments", "a: 1\n", "# x\n", ""),
		repeated("one comment", "a: 1 #", " x", ""),
		numbered("anchors", "", "a‹i›: &x‹j› 1\n", ""),
		numbered("aliases", "x: 1\n", "a‹i›: *x‹j›\n", ""),
		numbered("merges", "a:\n", "  k‹i›: {<<: {a: 1}, b: ‹j›}\n", ""),
		{"one merge of many", func(n int) string {
			return "a: {<<: [" + strings.Repeat("{a: 1}, ", n/8) + "{b: 1}]}"
		}},
		repeated("dates", "", "- 2020-01-01\n", ""),
		repeated("long number", "a: ", "1", ""),
		repeated("long base 60", "a: 1", ":10", ""),
		repeated("tags", "", "- !!str x\n", ""),
		repeated("bad tags", "", "- !x y\n", ""),
		repeated("documents", "a: 1\n", "---\n", ""),
		repeated("colons", "a: ", ":", ""),
		repeated("carriage returns", "a: 1", "\r", ""),
		repeated("wide characters", "a: ", "äöü\U0001F600", ""),
	}
}

const head = "version: '2.0'\nw:\n"

// Workflows are texts for package dsl and what stands on it.
func Workflows() []Shape {
	return []Shape{
		numbered("chain", head+"  tasks:\n", "    t‹i›: {action: std.noop, on-success: t‹j›}\n", "    last: {action: std.noop, on-error: t0}\n"),
		numbered("unknown tasks", head+"  tasks:\n", "    t‹i›: {on-success: u‹j›}\n", ""),
		numbered("wide fork", head+"  tasks:\n    s:\n      on-success: [", "t‹i›, ", "t]\n"),
		numbered("start tasks", head+"  tasks:\n", "    t‹i›: {action: std.noop}\n", ""),
		numbered("join of many", head+"  tasks:\n", "    t‹i›: {on-success: j}\n", "    j: {join: all}\n"),
		{"many joins", func(n int) string {
			var b strings.Builder
			b.WriteString(head + "  tasks:\n")
			for i := 0; b.Len() < n; i++ {
				fmt.Fprintf(&b, "    t%d: {join: all, on-success: t%d, on-error: t%d}\n", i, i+1, i+2)
			}
			return b.String()
		}},
		{"task-defaults for all", func(n int) string {
			var b, tasks strings.Builder
			b.WriteString(head + "  task-defaults:\n    on-error: [")
			for i := 0; b.Len()+tasks.Len() < n; i++ {
				fmt.Fprintf(&b, "t%d, ", i)
				fmt.Fprintf(&tasks, "    t%d: {action: std.noop}\n", i)
			}
			return b.String() + "noop]\n  tasks:\n    s: {on-error: noop}\n" + tasks.String()
		}},
		numbered("unknown keys", head+"  tasks:\n    t:\n", "      k‹i›: ‹j›\n", ""),
		numbered("misspelt keys", head+"  tasks:\n", "    t‹i›: {actoin: x‹j›}\n", ""),
		numbered("parameters on one line", head+"  tasks:\n    t:\n      action: std.echo ", "p‹i›=‹j› ", "\n"),
		repeated("one parameter on one line", head+"  tasks:\n    t:\n      action: std.echo ", "p=1 ", "\n"),
		repeated("open brackets on one line", head+"  tasks:\n    t:\n      action: std.echo ", "p=[x q=1 ", "\n"),
		repeated("open expressions on one line", head+"  tasks:\n    t:\n      action: std.echo ", "p=<% q=1 ", "\n"),
		repeated("open braces on one line", head+"  tasks:\n    t:\n      action: 'std.echo ", "p={{ q=1 ", "'\n"),
		repeated("quotes on one line", head+"  tasks:\n    t:\n      action: std.echo ", "p=\"x q=''' ", "\n"),
		repeated("words on one line", head+"  tasks:\n    t:\n      action: std.echo ", "word ", "\n"),
		repeated("a long word on one line", head+"  tasks:\n    t:\n      action: std.echo ", "word", "\n"),
		repeated("many guards", head+"  tasks:\n    t:\n      on-success:\n", "      - t: <% $.x %>\n", ""),
		numbered("many inputs", head+"  input: [", "i‹i›, ", "x]\n  tasks: {t: {action: std.noop}}\n"),
		numbered("many requirements", head+"  type: reverse\n  tasks:\n", "    t‹i›: {requires: [t‹j›]}\n", "    last: {action: std.noop}\n"),
		numbered("with-items", head+"  tasks:\n    t:\n      action: std.noop\n      with-items:\n", "      - i‹i› in [‹j›]\n", ""),
		repeated("a long list of items", head+"  tasks:\n    t:\n      action: std.noop\n      with-items: 'i in [", "1, ", "1]'\n"),
		numbered("workflows", "version: '2.0'\n", "w‹i›:\n  tasks: {t‹j›: {action: std.noop}}\n", ""),
		numbered("tags", head+"  tags: [", "t‹i›, ", "x]\n  tasks: {t: {action: std.noop}}\n"),
		repeated("many expressions", head+"  tasks:\n    t:\n      action: std.noop\n      publish:\n        x: '", "<% $.a %> ", "'\n"),
		numbered("published variables", head+"  tasks:\n    t:\n      action: std.noop\n      publish:\n", "        v‹i›: <% $.v‹j› %>\n", ""),
		numbered("a publish for each task", head+"  tasks:\n", "    t‹i›: {publish: {v‹i›: <% $.v0 %>}, on-success: t‹j›}\n", "    last: {action: std.noop, on-error: t0}\n"),
		numbered("unknown variables", head+"  input: [a]\n  tasks:\n", "    t‹i›: {action: std.echo output=<% $.v‹j› %>}\n", ""),
		numbered("ignored warnings", head+"  tasks:\n", "    # sirocco: ignore=x‹i›\n    t‹j›: {action: std.noop}\n", ""),
	}
}

// Expressions are YAQL texts.
func Expressions() []Shape {
	return []Shape{
		nested("parentheses", "(", "1", ")"),
		nested("calls", "f(", "1", ")"),
		nested("lists", "[", "1", "]"),
		nested("dictionaries", "{a => ", "1", "}"),
		repeated("open parentheses", "", "(", ""),
		repeated("open calls", "", "f(", ""),
		repeated("sum", "1", " + 1", ""),
		repeated("comparison", "1", " < 1", ""),
		repeated("and", "1", " and 1", ""),
		repeated("signs", "", "- ", "1"),
		repeated("not", "", "not ", "1"),
		repeated("members", "$", ".a", ""),
		repeated("safe members", "$", "?.a", ""),
		repeated("indexes", "$", "[0]", ""),
		repeated("methods", "$", ".select($)", ""),
		repeated("nested methods", "$", ".select($", ""),
		repeated("arrows", "1", " -> 1", ""),
		repeated("long list", "[", "1, ", "1]"),
		repeated("long dictionary", "{", "a => 1, ", "a => 1}"),
		repeated("arguments", "f(", "1, ", "1)"),
		repeated("missing arguments", "f(", ", ", ")"),
		repeated("long word", "", "a", ""),
		repeated("long number", "", "1", ""),
		repeated("long text", "'", "a", "'"),
		repeated("long escapes", "'", "\\n", "'"),
		repeated("texts", "[", "'a', ", "1]"),
		repeated("unclosed texts", "", "'a\" ", ""),
		repeated("backslashes", "'", "\\", "'"),
		repeated("blanks", "1", " ", ""),
		repeated("wrong characters", "", "§", ""),
		repeated("variables", "[", "$a, ", "1]"),
		repeated("mappings", "f(", "a => 1, ", "b => 1)"),
		repeated("operators", "", "=~ ", ""),
	}
}

// Templates are texts with expressions.
func Templates() []Shape {
	return []Shape{
		repeated("many expressions", "", "<% $.a %> ", ""),
		repeated("openings", "", "<% ", ""),
		repeated("openings on lines", "", "<% \n", ""),
		repeated("closings", "", "%> ", ""),
		repeated("braces", "", "{{ ", ""),
		repeated("blocks", "", "{% ", ""),
		repeated("jinja", "", "{{ _.a }} ", ""),
		repeated("jinja blocks", "", "{% if _.a %}x{% endif %} ", ""),
		repeated("nested jinja blocks", "", "{% if _.a %}", ""),
		nested("jinja parentheses", "(", "1", ")"),
		repeated("text", "", "word ", ""),
		repeated("percents", "", "%", ""),
		repeated("less-thans", "", "<", ""),
	}
}

// Definitions are texts in the Amazon States Language.
func Definitions() []Shape {
	const open = `{"StartAt":"a","States":{`
	return []Shape{
		numbered("states", open, `"s‹i›":{"Type":"Pass","Next":"s‹j›"},`, `"a":{"Type":"Pass","Next":"s0"}}}`),
		numbered("unknown states", open, `"s‹i›":{"Type":"Pass","Next":"u‹j›"},`, `"a":{"Type":"Pass","End":true}}}`),
		nested("deep arguments", `{"a":`, "1", "}"),
		{"nested machines", func(n int) string {
			const in, out = `{"StartAt":"p","States":{"p":{"Type":"Parallel","End":true,"Branches":[`, `]}}}`
			k := max(1, n/(len(in)+len(out)))
			return strings.Repeat(in, k) + `{"StartAt":"a","States":{"a":{"Type":"Succeed"}}}` + strings.Repeat(out, k)
		}},
		{"deep payload", func(n int) string {
			return open + `"a":{"Type":"Pass","End":true,"Output":` + strings.Repeat("[", n/2) + strings.Repeat("]", n/2) + `}}}`
		}},
		{"choices", func(n int) string {
			return open + `"a":{"Type":"Choice","Choices":[` + strings.Repeat(`{"Condition":"{% true %}","Next":"a"},`, n/38) + `{"Condition":"{% true %}","Next":"a"}]}}}`
		}},
		{"long text", func(n int) string {
			return open + `"a":{"Type":"Pass","End":true,"Output":"` + strings.Repeat("x", n) + `"}}}`
		}},
		{"long expression", func(n int) string {
			return open + `"a":{"Type":"Pass","End":true,"Output":"{% ` + strings.Repeat("1+", n/2) + `1 %}"}}}`
		}},
		{"wide payload", func(n int) string {
			return open + `"a":{"Type":"Pass","End":true,"Output":[` + strings.Repeat(`"{% 1 %}",`, n/10) + `1]}}}`
		}},
		numbered("keys", open+`"a":{"Type":"Pass","End":true,"Output":{`, `"k‹i›":‹j›,`, `"a":1}}}}`),
		repeated("open brackets", "", "[", ""),
		repeated("open braces", "", `{"a":`, ""),
	}
}
