package actions

import (
	"context"
	"strconv"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

var stdHooks = map[string]hook{
	"std.async_noop":   stdNoop,
	"std.echo":         stdEcho,
	"std.email":        stdEmail,
	"std.fail":         stdFail,
	"std.http":         stdHTTP,
	"std.javascript":   stdJavaScript,
	"std.mistral_http": stdMistralHTTP,
	"std.noop":         stdNoop,
	"std.sleep":        stdSleep,
	"std.ssh":          stdSSH,
	"std.ssh_proxied":  stdSSH,
	"std.test_dict":    stdTestDict,
}

func stdNoop(context.Context, *invocation) (any, error) { return nil, nil }

// stdEcho gives its output back, after a delay in seconds. As in Mistral, what
// is no number delays nothing.
func stdEcho(ctx context.Context, inv *invocation) (any, error) {
	if d := seconds(inv.args["delay"]); d > 0 {
		if err := inv.runner.options.Sleep(ctx, d); err != nil {
			return nil, err
		}
	}
	return inv.args["output"], nil
}

// stdSleep waits for whole seconds.
func stdSleep(ctx context.Context, inv *invocation) (any, error) {
	return nil, inv.runner.options.Sleep(ctx, seconds(inv.args["seconds"]).Truncate(time.Second))
}

// maxSleep bounds a wait, so that no number of seconds overflows.
const maxSleep = 366 * 24 * time.Hour

func seconds(v any) time.Duration {
	var f float64
	switch v := v.(type) {
	case int64:
		f = float64(v)
	case float64:
		f = v
	case string:
		f, _ = strconv.ParseFloat(v, 64)
	}
	switch limit := maxSleep.Seconds(); {
	case f >= limit:
		return maxSleep
	case f > 0:
		return time.Duration(f * float64(time.Second))
	default:
		return 0 // also what is no number at all
	}
}

// stdFail fails, with error_data as the action's result if it is given.
func stdFail(_ context.Context, inv *invocation) (any, error) {
	data := inv.args["error_data"]
	if !value.Truth(data) {
		return nil, ActionFailed{Action: inv.action.Name, Message: "Fail action expected exception."}
	}
	return nil, ActionFailed{Action: inv.action.Name, Message: pythonStr(data), Data: data}
}

func stdJavaScript(ctx context.Context, inv *invocation) (any, error) {
	if inv.runner.options.Script == nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "no JavaScript interpreter is built in here"}
	}
	result, err := inv.runner.options.Script(ctx, pythonStr(inv.args["script"]), inv.args["context"])
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, ActionFailed{Action: inv.action.Name, Message: "JavaScriptAction failed: " + err.Error()}
	}
	return result, nil
}

// maxTestDict bounds std.test_dict.
const maxTestDict = 10_000_000

func stdTestDict(_ context.Context, inv *invocation) (any, error) {
	size, ok := asInt(inv.args["size"])
	if !ok || size > maxTestDict {
		return nil, badArgument{"size", "must be an integer up to " + strconv.Itoa(maxTestDict)}
	}
	prefix := pythonStr(inv.args["key_prefix"])
	out := value.NewMap(max(size, 0))
	for i := range size {
		out.Set(prefix+strconv.Itoa(i), inv.args["val"])
	}
	return out, nil
}
