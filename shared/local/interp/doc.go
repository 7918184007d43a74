// Package interp runs state machines in the Amazon States Language without AWS:
// every type of state, with JSONata and variables, as Step Functions runs them.
//
// An execution is a tree of frames. A frame is a machine that is at one of its
// states: the execution's own, a branch of a Parallel state or an item of a Map
// state. The stepper (execution, frame) holds what is known and advances frames
// as far as they go: it enters states, evaluates expressions, chooses, retries,
// catches. It makes no calls, reads no clock but the one it was given and has
// no goroutines; what is to be done outside (a call, a time to wake up at) it
// leaves as effects. A Run does that in one goroutine per execution, and tells
// the stepper what came of it. Calls of functions run in goroutines of their
// own, so the branches of a Parallel and the items of a Map run side by side.
//
// # Keeping state
//
// Each frame has a record in the [Journal], and so have each ended branch or
// item (its result), the items of a Map, the history (in pieces, each written
// once) and the execution's status. After every turn the Run saves the records
// that have changed, all in one consistent cut; while a save is under way it
// goes on, and the next save takes all that changed meanwhile. No call is made
// before the first save. Later, what is saved lags a little behind (unless
// [Options.SaveBeforeInvoke] is set), and [Interpreter.Resume] after a crash goes
// on from the last cut: a call whose answer was not saved is made again. The
// call is the same then in [TaskCall.Path], Visit, State and RetryCount, and a
// function that records its outcome under them does nothing twice. What $uuid
// and $random give and the task tokens are derived from a seed of the execution
// and the place, so they come out the same. Times to come (waits, retries,
// timeouts) are kept as points in time.
//
// A context that ends stops an execution: calls under way are cancelled and
// waited for, the state is saved, and [Run.Wait] gives a [StoppedError].
//
// # What is as in Step Functions
//
// The fields of all states; $states.input, result, errorOutput and context; the
// functions $partition, $range, $hash, $random, $uuid and $parse; no $eval; an
// expression without a result, or with a function for one, fails its state with
// States.QueryEvaluationError. Branches and items read the variables around
// them and don't change them, items of a distributed Map don't see them. Output
// and Assign are evaluated side by side. The size of inputs, results and
// variables is bounded ([Options.PayloadLimit]): a result that is too large
// fails the task with States.DataLimitExceeded, which only its own name
// catches; a state's output that is too large ends the execution. The context
// object of an item of a distributed Map is that of an execution of its own.
//
// # What is different
//
// Definitions are in JSONata only. Resources are function ARNs, lambda:invoke
// and states:startExecution; an ItemReader, a ResultWriter and other services
// are errors of [Interpreter.Define]. A name of an execution is unique among all
// machines. A Map without MaxConcurrency runs [Options.InlineConcurrency] items
// at once. What happens within an item of a distributed Map is not in the
// history; Observe sees it, with the id 0.
package interp
