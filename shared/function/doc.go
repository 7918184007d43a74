// Package function is what every Lambda function of the project has in common:
// its configuration from the environment, the wiring of clouds, actions, engine
// and table, and the edge where an event comes in and an answer or a typed
// error goes out. A functions/NAME/main.go only calls [Main].
//
// # An event
//
// An event with a task is a step of a workflow and goes to the engine. One
// without is a direct call of one action: it goes to the action runner and the
// answer is {"result", "region", "auth_url"}. A direct call needs no table. A
// "Step Functions Execution Status Change" of EventBridge closes the
// execution's record.
//
// # An error
//
// Step Functions knows an error by one word, its name, which a Go function gives
// by the type of the error that it returns. [Named] finds that word: the type of
// the outermost error in the chain that is the project's own. So errors may be
// wrapped on their way, and still leave the function as NotFound or OverLimit.
//
// # A cold start
//
// Nothing is asked of AWS or of a cloud before an event needs it: the AWS
// configuration, the table, the key, the clouds' secret and the engine are each
// made when first used, once, and kept for the warm calls after it. If making
// one fails, the next event tries again.
//
// # Memory
//
// What is read of a cloud's answers is bounded by the function's memory: one
// answer by a sixteenth of it, the pages of a list together by a twelfth, as
// data takes six times the memory of its JSON. More is a BadAnswer that says so.
package function
