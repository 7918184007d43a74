package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// forms are the ways to write an expression of a kind; {int} stands for an
// expression of that kind, and a mark before one says that it often fails. What has no order (sets) is put in one, and what is
// read once becomes a list where its text would be asked for.
var forms = map[kind][]string{
	intKind: {
		"{int} + {int}", "{int} - {int}", "{int} * {int}", "0 - {int}", "({int})", "{int} mod 3", "{int} / 2", "len({list})", "{list}.len()",
		"{str}.len()", "abs({int})", "max({int}, {int})", "min({int}, {int})", "int({int})", "int('12')", "{list}.sum(0)",
		"{list}.count()", "switch({bool} => {int}, true => {int})", "{list}.indexOf({int})",
		"coalesce(null, {int})", "{dict}.len()", "{list}.aggregate($1 + $2, 0)", "sign({int})", "{dict}.get(a, {int})", "{list}.first({int})", "{list}.last(7)",
		"selectCase({bool}, {bool}).switchCase(1, 2, 3)", "let(x => {int}) -> $x + 1", "let(2, 3) -> $1 + $2", "{list}?.len()", "{str}?.len()",
	},
	strKind: {
		"{str} + {str}", "str({any})", "concat({str}, {str})", "{str}.toUpper()", "{str}.toLower()", "{str}.trim()", "{str}.substring(1)", "{str}.substring(0, 2)",
		"{str}.replace(a, b)", "{list}.select(str($)).join(',')", "'-'.join({list}.select(str($)))", "{str} * 2",
		"switch({bool} => {str}, true => x)", "hex(10)", "coalesce(null, {str})", "{str}.split(',').first()", "{str}.toCharArray().join('.')",
		"{str}.replaceBy(regex('[a-c]'), '<' + $.value + '>')", "json_dump({dict})", "{str}.trimLeft(a)", "{str}.norm()",
	},
	boolKind: {
		"{int} = {int}", "{int} != {int}", "{int} < {int}", "{int} >= {int}", "{bool} and {bool}", "{bool} or {bool}", "not {bool}", "{int} in {list}",
		"{str} = {str}", "{str} in {str}", "{list} = {list}", "{list}.any()", "{list}.all($ > 0)", "{list}.any($ = 2)", "isString({any})", "isInteger({any})", "isList({any})",
		"isDict({any})", "isNumber({any})", "isEmpty({str})", "{str}.startsWith(a)", "{str}.endsWith(c)", "{str} =~ '[a-z]+'", "{str} !~ '^x'", "{dict}.containsKey(a)",
		"{list}.contains({int})", "bool({any})", "{dict} = {dict}", "{str} < {str}", "{any} = null", "{dict}.get(b) = null", "{int} > 0 and {bool}",
	},
	listKind: {
		"[{int}, {int}]", "[{int}]", "range({int}, 5)", "range(3)", "{list} + {list}", "{list}.where($ > 1)", "{list}.select($ + 1)", "{list}.orderBy($)",
		"{list}.orderByDescending($)", "{list}.distinct()", "{list}.take(2)", "{list}.skip(1)", "{list}.reverse()", "{list}.append({int})", "{list}.limit(3)",
		"list({int}, {int})", "{list}.selectMany([$, $])", "[{list}, {list}].flatten()", "{list}.takeWhile($ < 3)", "{list}.skipWhile($ < 3)", "{list}.insert(0, {int})",
		"{list}.delete(0)", "{list}.replace(0, 9)", "{list}.accumulate($1 + $2)", "{list}.toSet().orderBy($)", "{list}.zip({list}).select($[0])", "switch({bool} => {list}, true => [1])",
		"{list}.enumerate().select($[0])", "{list}.slice(2).first([])", "{list}.toList()", "{str}.toCharArray().select($.len())", "[1, 2, 3]", "{list}.concat({list})",
		"{list}.groupBy($ mod 2).select($[0])", "{dict}.keys().select($.len())", "[]",
	},
	dictKind: {
		"{a => {int}}", "{a => {any}, b => {any}}", "dict(a => {int})", "{dict} + {dict}", "{dict}.set(a, {any})", "{dict}.set(c => {any})", "{dict}.delete(a)", "{dict}.mergeWith({dict})",
		"dict([[a, {int}], [b, {str}]])", "{list}.toDict(str($), $)", "{dict}.items().orderBy($[0]).toDict($[0], $[1])", "{}", "{a => {b => {any}}}", "{dict}.deleteAll([a, c])",
		"switch({bool} => {dict}, true => {})", "json_parse('{\"a\": [1, null]}')", "yaml_parse('a: 1')", "{dict}.set({b => {any}})",
	},
	anyKind: {
		"{int}", "{int}", "{str}", "{bool}", "{list}", "{dict}", "null", "1.5", "!{list}[0]", "!{dict}.a", "{dict}.get(b)", "[{any}, {any}]", "!{int} / 2.0",
		"{list}.first(null)", "{dict}.values().toList()", "{dict}.keys().toList()", "{dict}.items().toList()", "coalesce({any}, {any})", "global(g_int)", "$.get(g_str)", "[{str}, {str}]", "round({int} / 3.0)",
		"{list}.groupBy($ mod 2)", "!{list}.zip({list})", "{list}.enumerate()", "env()", "let({int}) -> $1", "!{any}?.get(a)",
	},
}

// Expression makes an expression, without its brackets, over data with
// Variables.
func Expression(seed uint64) string {
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 2)), wild: 40}
	var known []variable
	for name := range Variables().All() {
		known = append(known, variable{name, kindOf(name), true})
	}
	return g.expression(pick(g, intKind, strKind, boolKind, listKind, dictKind, anyKind), known, 1+g.IntN(4))
}

// Variables are data that [Expression] asks for.
func Variables() *value.Map {
	return value.MapOf("x_int", int64(3), "y_int", int64(-2), "x_str", "Hello, World", "y_str", "", "x_bool", true, "y_bool", false,
		"x_list", []any{int64(3), int64(1), int64(2), int64(3)}, "y_list", []any{},
		"x_dict", value.MapOf("a", int64(1), "b", "two", "c", []any{int64(1), nil}), "y_dict", value.NewMap(0),
		"x_any", nil, "y_any", 2.5, "z_any", []any{"q", value.MapOf("a", nil), []any{}})
}

func (g *gen) expression(k kind, known []variable, depth int) string {
	if g.IntN(1000) < g.wild {
		k = g.anyKind(2) // of the wrong kind
	}
	if depth <= 0 || g.chance(25) {
		return g.leaf(k, known)
	}
	form, risky := strings.CutPrefix(pick(g, forms[k]...), "!")
	if risky && g.IntN(100) >= g.wild {
		return g.leaf(k, known)
	}
	if k == anyKind && (strings.Contains(form, "env()") && len(g.env) == 0 || strings.Contains(form, "global") && g.wild > 10) {
		form = "{int}"
	}
	for _, of := range []kind{intKind, strKind, boolKind, listKind, dictKind, anyKind} {
		hole := "{" + string(of) + "}"
		for strings.Contains(form, hole) {
			part := g.expression(of, known, depth-1)
			if strings.ContainsAny(part, " -") && !quoted(part) {
				part = "(" + part + ")"
			}
			// What was put in already has no holes any more.
			form = strings.Replace(form, hole, part, 1)
		}
	}
	return form
}

// quoted reports whether an expression is nothing but a literal text.
func quoted(s string) bool {
	return strings.Count(s, "'") == 2 && strings.HasPrefix(s, "'") && strings.HasSuffix(s, "'")
}

// leaf is a variable or a literal.
func (g *gen) leaf(k kind, known []variable) string {
	var fit []variable
	for _, v := range known {
		if v.kind == k || k == anyKind {
			fit = append(fit, v)
		}
	}
	if len(fit) > 0 && g.chance(75) {
		v := pick(g, fit...)
		if v.sure || g.IntN(200) < g.wild {
			return "$." + v.name
		}
		return "$.get(" + v.name + ", " + literal(g, v.kind) + ")"
	}
	return literal(g, k)
}

func literal(g *gen, k kind) string {
	switch k {
	case intKind:
		return fmt.Sprint(g.IntN(7))
	case strKind:
		return pick(g, "abc", "'a b'", "''", "x", "'Hello'", "'1,2'")
	case boolKind:
		return pick(g, "true", "false")
	case listKind:
		return pick(g, "[1, 2]", "[3, 1, 2]", "[]", "range(3)")
	case dictKind:
		return pick(g, "{a => 1}", "{}", "{b => x, c => 2}")
	default:
		return pick(g, "null", "1", "x", "2.5", "true")
	}
}

// templated is a value of a kind as it stands in a workflow: data, an
// expression, a text around one, or a tree with some inside.
func (g *gen) templated(k kind, known []variable) any {
	switch n := g.IntN(20); {
	case n < 4:
		return g.data(k, 2)
	case n < 6 && (k == strKind || k == anyKind):
		return pick(g, "is ", "", "a ") + "<% " + g.expression(anyKind, known, 1) + " %>" + pick(g, "", " and <% "+g.expression(strKind, known, 1)+" %>", "!")
	case n < 9 && (k == dictKind || k == anyKind):
		return value.MapOf("a", g.templated(g.anyKind(0), known), pick(g, "b", "c"), []any{g.templated(intKind, known)})
	case n < 11 && k == listKind:
		return []any{g.templated(intKind, known), g.templated(intKind, known)}
	}
	if g.chance(6) && jinja[k] != nil {
		return g.jinja(k, known)
	}
	return "<% " + g.expression(k, known, 1+g.IntN(2)) + " %>"
}

// jinja are expressions of a kind in Jinja2; {v} stands for a variable of it.
var jinja = map[kind][]string{
	intKind:  {"{v} + 1", "{v} * 2", "{v}|abs", "-{v}", "[{v}, 2]|max", "{v} // 2"},
	strKind:  {"{v}|upper", "{v} ~ 'x'", "{v}|replace('a', 'b')", "{v}[:2]", "{v}|trim", "'%s!' % {v}"},
	boolKind: {"not {v}", "{v} and true", "{v} == false", "{v} is defined"},
	listKind: {"{v}|sort", "{v} + [1]", "[1, 2]", "{v}|unique|list", "{v}|reverse|list", "{v}|map('string')|list"},
	dictKind: {"{v}", "{'a': 1}", "dict({v}, b=2)"},
}

var jinjaLiteral = map[kind]string{intKind: "3", strKind: "'abc'", boolKind: "true", listKind: "[2, 1]", dictKind: "{'c': 1}"}

func (g *gen) jinja(k kind, known []variable) string {
	v := "_.get('missing', " + jinjaLiteral[k] + ")"
	for _, one := range known {
		if one.kind == k && one.sure {
			v = "_." + one.name
		}
	}
	return "{{ " + strings.ReplaceAll(pick(g, jinja[k]...), "{v}", v) + " }}"
}
