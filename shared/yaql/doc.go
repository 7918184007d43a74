// Package yaql parses and evaluates YAQL 3, the expression language of Mistral's
// workflows, as Python's yaql does in Mistral's configuration.
//
// [Parse] cuts the text into tokens (lexer.go) and climbs operator precedences
// (parser.go); the nodes (ast.go) are few, because operators, indexers and
// literals are all calls. [Expr.Eval] walks them (eval.go).
//
// Almost everything in YAQL is a call of an overloaded function, `$.a + 1` and
// `$.list.where($ > 1)` too, so resolving overloads is the heart (resolve.go):
// all functions of a name are looked at in the scope, then in the host's
// [Library], then in the standard library (fn.go and std_*.go, tables of name,
// signature and body). Each overload says whether the arguments can be its own,
// once by their syntax and, after those that are not lambdas were evaluated, once
// by their values (types.go). If two can, the one with the narrower types is
// called. The commonest operators on the commonest operands take a shortcut to
// the same result.
//
// Values keep Python's differences where they show (objects.go): lists in the
// data are tuples, some functions give lists, which equal no tuple; 1, 1.0 and
// true are one key; a dictionary made here may have numbers as keys; iterators
// are lazy and can be read once (iter.go). What leaves an evaluation is value
// data again (output.go), or Python's text of it (repr.go). Data that come in are
// not converted or copied: `$.x` touches x only, and the root may be a [Lazy].
//
// Hostile expressions cost an error: nesting is bounded, an iterator gives at
// most [Limits].Iterations elements, results may take [Limits].Memory bytes
// together, integers have 65,536 bits at most, a regular expression two
// seconds, and the context is asked every few hundred steps.
//
// What differs from Python on purpose: a set has the order in which it was made;
// str() of an iterator is an error, and not its address in memory; the properties
// utc and timestamp of a date with an offset are right; a search publishes named
// groups; datetime() without a format reads the common forms of dates and does
// not guess; characters by name (\N{...}) and possessive quantifiers of regular
// expressions are errors; and there are limits.
//
// [Expr.Check] finds calls that can't work whatever the data are, and the names
// that an expression asks for. What is right is what Mistral does:
// scripts/record_yaql.py records it, and the tests compare.
package yaql
