// Package lint finds in workflows what Mistral accepts and what then surely
// fails, or is surely not meant.
//
// [Check] takes files that package dsl found no errors in. For each direct
// workflow it makes a graph (graph.go): an edge for each way from one task to
// another and each outcome at which it is taken. On that graph run three
// analyses, each a fixpoint over sets of small numbers (set.go):
//
//   - which variables a task's context may have, and which it has whichever way
//     leads to it (flow.go). A name that no way gives is an unknown variable; one
//     that some ways give is worth a warning.
//   - which tasks a run comes to unless it fails before (workflow.go). Only there
//     is what fails an error: the run can't succeed. Elsewhere it is a warning,
//     as it is in a workflow that another one calls and may handle the failure of.
//   - which outcomes of which tasks all ways to a task need (joins.go). A join
//     whose ways need both outcomes of one task never starts.
//
// Besides there are checks that look at one place only (checks.go). Nothing is
// reported that may be meant: an unused input, a task with the name of a
// variable, a retry of 0 times.
//
// [Silence] drops the warnings that the user does not want, by id or by a
// comment in the file. [Kinds] lists all ids, those of packages dsl and compile
// included; docs/diagnostics.md is made of it.
package lint
