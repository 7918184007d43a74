package lint

import "slices"

// Kind is a kind of diagnostic, whichever package reports it.
type Kind struct {
	ID string
	// Error and Warning say as what it occurs. Warnings can be silenced.
	Error, Warning bool
	// Text says what is wrong, in a sentence without a full stop.
	Text string
}

// Kinds lists all kinds of diagnostics by their ids, in alphabetical order.
func Kinds() []Kind { return slices.Clone(kinds) }

func err(id, text string) Kind    { return Kind{ID: id, Error: true, Text: text} }
func warn(id, text string) Kind   { return Kind{ID: id, Warning: true, Text: text} }
func either(id, text string) Kind { return Kind{ID: id, Error: true, Warning: true, Text: text} }

var kinds = []Kind{
	err("action-and-workflow", "a task calls both an action and a workflow"),
	err("action-cycle", "an ad-hoc action is based on itself"),
	err("action-input", "a parameter that the action does not have, or one that it needs is missing"),
	warn("always-false", "a guard or another condition is never true"),
	warn("always-true", "a guard or another condition is always true: a constant, or text around expressions"),
	err("asynchronous", "a task calls an action that is completed from outside"),
	err("bad-name", "a name has a form that is not allowed"),
	err("bad-route", "an on-* entry has no known form"),
	err("bad-with-items", "with-items has no known form"),
	warn("command-name", "a task has the name of an engine command, so nothing can lead to it"),
	warn("default-not-evaluated", "the default of an input has an expression, which nothing evaluates"),
	err("duplicate", "the same name or entry twice"),
	err("duplicate-action", "two ad-hoc actions of the same name"),
	err("duplicate-workflow", "two workflows of the same name"),
	err("empty", "a dictionary, list or text that must not be empty"),
	err("expression", "an expression that does not parse, or that fails with whatever data"),
	warn("expression-in-key", "a dictionary's key has an expression, which nothing evaluates"),
	warn("guard-ignored", "a guard where Mistral does not look at it"),
	err("guard-not-in-list", "a guard where Mistral loses it"),
	warn("ignored-key", "a key that means nothing there"),
	warn("inline-cut", "a one-line value of which Mistral reads only a part"),
	err("inline-lost", "a part of a one-line form that Mistral passes over"),
	err("input-twice", "an input expression and one-line parameters together"),
	warn("item-hidden", "a published variable hides the item of with-items of the same name"),
	warn("items-of-text", "with-items over a text, whose items are its characters"),
	err("join-count", "a join of more tasks than lead to it"),
	either("join-never", "a join waits for tasks of which never all lead to it"),
	warn("join-single", "a join of one task"),
	err("join-without-inbound", "a join of more tasks than lead to it"),
	err("key-not-text", "a key that YAML reads as a number, a boolean or null"),
	either("lists-differ", "literal lists of with-items of different lengths"),
	warn("maybe-unset", "a variable that only some of the ways to a task publish"),
	err("missing-key", "a key that must be there"),
	warn("name-cut", "a name that begins with text ends within an expression, at its first blank"),
	err("name-too-long", "a task's name of more than 255 characters, 208 with a join"),
	err("no-start-task", "every task has one that leads to it"),
	either("not-a-list", "with-items over a constant that is no list"),
	err("not-a-number", ".inf or .nan"),
	warn("not-evaluated", "an expression where Mistral evaluates none"),
	err("out-of-range", "a negative number"),
	warn("policy-ignored", "a policy that has no effect on a task like this"),
	warn("publish-atomic", "variables of the scope atomic, which Mistral does not publish"),
	warn("publish-lost", "variables that Mistral does not publish because of another publish of the task"),
	either("requires-cycle", "tasks of a reverse workflow require each other in a circle"),
	warn("requires-itself", "a task requires itself"),
	warn("reverse-target", "a call of a reverse workflow does not say which of its tasks it is for"),
	warn("route-never-taken", "an on-* entry behind a command that ends the workflow"),
	warn("sub-workflow-input", "an input that the sub-workflow requires and is not given"),
	warn("sub-workflow-unknown-input", "an input that the sub-workflow does not have and ignores"),
	warn("target-ignored", "a target: there are no executors to choose from"),
	err("timestamp", "an unquoted date"),
	err("unknown-action", "there is no such action"),
	warn("unknown-global", "global() of a name that no task publishes globally"),
	warn("unknown-ignore", "a comment silences a warning that does not exist"),
	err("unknown-key", "a key that nothing reads"),
	err("unknown-parameter", "a parameter that a command does not have"),
	err("unknown-task", "an on-* entry or a requirement names no task"),
	warn("unknown-task-result", "task() of a name that no task has"),
	either("unknown-variable", "a variable that no input, var or publish gives at that place"),
	err("unknown-workflow", "there is no such workflow in the files"),
	warn("unreachable-task", "a task that nothing can lead to"),
	err("version", "the version of the language is not 2.0"),
	err("wrong-type", "a value of the wrong type, or not one expression"),
	err("wrong-workflow-type", "a key of direct workflows in a reverse one, or the reverse"),
	err("yaml-syntax", "the text is no YAML"),
	err("yaml-value", "a value or key that YAML can't make sense of, or a key twice"),
}
