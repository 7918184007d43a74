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
// A [Diagnostic] has an id that stays the same between versions:
//
//	yaml-syntax           the text is no YAML
//	yaml-value            a value or key that YAML can't make sense of, a key twice
//	version               the version of the language is not 2.0
//	missing-key           a key that must be there
//	unknown-key           a key that nothing reads
//	ignored-key           (warning) a key that means nothing there
//	key-not-text          a key that YAML reads as a number, boolean, null
//	wrong-type            a value of the wrong type, or not one expression
//	wrong-workflow-type   a key of direct workflows in a reverse one, or the reverse
//	empty                 a dictionary, list or text that must not be empty
//	duplicate             the same name or entry twice
//	out-of-range          a negative number
//	timestamp             an unquoted date
//	not-a-number          .inf or .nan
//	bad-name              a name of a form that is not allowed
//	name-too-long         a task's name of more than 255 characters
//	action-and-workflow   a task that calls both
//	input-twice           an input expression and one-line parameters together
//	inline-lost           part of a one-line form that Mistral passes over
//	inline-cut            (warning) a one-line value of which Mistral reads a part
//	bad-with-items        with-items in no known form
//	bad-route             an on-* entry in no known form
//	guard-not-in-list     a guard where Mistral loses it
//	unknown-parameter     a parameter that a command does not have
//	unknown-task          an on-* entry or requirement that names no task
//	command-name          (warning) a task named as a command
//	no-start-task         every task has one that leads to it
//	join-without-inbound  a join for more tasks than lead to it
//	unreachable-task      (warning) a task that no start task leads to
package dsl
