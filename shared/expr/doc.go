// Package expr evaluates the templates of workflows as Mistral does: strings
// with `<% ... %>` around YAQL expressions, or with Jinja2's `{{ ... }}` and
// `{% ... %}`. A text that has Jinja2 on one of its lines is a Jinja2 template
// as a whole (package jinja says how it is evaluated).
//
// A string that is one expression and nothing else keeps the type of its
// result. In any other the expressions are replaced by Python's str() of their
// results: None, True, [1, 'x'], {'a': 1}. A string without expressions is
// itself. [EvalTree] does so for all strings in lists and dictionaries; keys
// are left alone. As in Mistral, an expression does not go over a line's end;
// text with line breaks between its delimiters is just text.
//
// To expressions, `$` or `_` is [Scope.Data], which is never copied or converted as a
// whole: `$.x` costs the same whatever else there is. Besides the functions of
// YAQL there are Mistral's. Those that look at executions, env(), execution(),
// executions(), task(), tasks() and global(), are answered by a [Host]; the
// others, json_parse(), json_dump(), yaml_parse(), yaml_dump() and uuid(), are
// here.
//
// [Check] reads templates without evaluating them. It finds what does not
// parse, functions that do not exist, arguments that can't be right, and lists
// the names of variables and tasks that are asked for, so that a compiler can
// look for them.
package expr
