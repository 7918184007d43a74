// Package dsl reads the Mistral v2 language: files with workflows, workbooks and
// files with ad-hoc actions.
//
// [Parse] goes three steps. Package dsl/yaml turns the text into nodes as
// Mistral's own loader would, with the place of every value and of every byte in
// it. The readers of this package (workflow.go, task.go, routes.go, inline.go)
// turn nodes into the tree of ast.go and check each against what the language
// allows: keys, types, forms. Then graph.go checks how the tasks hang together:
// names that lead nowhere, joins that nothing reaches, workflows without a first
// task. Nothing stops at the first finding; what is understood stands in the tree
// even where something else is wrong.
//
// The measure is what Mistral's validator accepts. Besides, it is an error here
// to write what Mistral drops without a word or what must fail later: a
// parameter that the one-line form can't hold, a guard outside a list, text
// behind the list of with-items, a key given twice, a date. A key that Mistral
// ignores in a workflow is an error if it looks like a misspelling, else a warning.
//
// The package says nothing about expressions: whoever compiles them maps an error
// at a byte of a string to its place with [Node.PosAt]. Nor does it say which part
// of the language is supported; all of it is in the tree.
//
// # Findings
//
// A [Diagnostic] has an id that stays the same between versions. docs/diagnostics.md
// lists all of them.
package dsl
