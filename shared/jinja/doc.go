// Package jinja parses and evaluates Jinja2 templates as Mistral does: with
// Jinja2 3.1 in its sandbox, undefined names being errors, and lines with
// nothing but a statement leaving no trace (trim_blocks, lstrip_blocks).
//
// [Compile] cuts the text into tokens (lexer.go) and reads statements and
// expressions by recursive descent (parser.go, statements.go) into nodes
// (ast.go), which [Template.Eval] walks (eval.go, exec.go). A text that is one
// expression keeps the type of its result; any other is rendered, and gives
// text. Where an expression ends is Mistral's rule: at the first `}}`, so that
// `{{ {'a': {'b': 1}} }}` is text, and not over a line's end.
//
// Values are Python's where that shows (objects.go): tuples are no lists,
// dictionaries keep their order and may have any hashable key, integers have no
// limit but that of their digits, map and its like are lazy and can be read
// once, text marked as safe stays apart from text. What an expression makes it
// may change (`list.append`); the data are never changed: a template that calls
// such methods gets copies of what it asks for. `_` may be a [Lazy], so that
// `_.x` loads x only. What leaves an evaluation is value data again.
//
// Filters, tests, methods and functions are tables of name, parameters and body
// (filters*.go, tests.go, methods*.go, globals.go); errors have the names and
// where they are Jinja2's own the texts that they have there.
//
// Hostile templates cost an error: [Limits] bound steps, memory and depth, each
// with an error of its own ([TooManySteps], [TooLarge], [TooDeep]); parsing
// bounds nesting; integers have 65,536 bits at most; the context is asked every
// few hundred steps.
//
// Why there is a parser here: of 1,272 templates of the recordings,
// github.com/nikolalohinski/gonja/v2 v2.9.1, the most complete implementation in
// Go, accepts or refuses 59 otherwise than Jinja2 does. It knows no `*args`, no
// assignment to `a, b`, no chain of conditional expressions, no adjacent string
// literals, no integers over 64 bits, and its errors have no usable offset.
//
// What differs from Mistral on purpose: a text with statements and no `{{ }}`
// gives its text, where Mistral fails; the text of an iterator or a function is
// an error and not its address in memory, and an iterator that is the result is
// a list; an infinite constant is one, where Jinja2 can't compile it; characters
// by name (\N{...}) are errors; and there are limits.
//
// What is right is what Mistral does: scripts/record_jinja.py records it, and the
// tests compare.
package jinja
