// Package js runs the scripts of std.javascript.
//
// A script is the body of a function, as in Mistral: what it returns is the
// result. $ is the context that it is given. A script sees the language and
// nothing else: no files, no network, no timers.
//
// [Eval] bounds a script in time by its context and [Limits].Time, in depth by
// [Limits].Stack, and in memory as far as the interpreter allows: what makes one
// huge string or array at a stroke is refused, and a watchdog stops a script
// that lets the heap grow by more than [Limits].Memory. The watchdog looks at the
// whole process, so scripts that run side by side share the bound.
package js

import (
	"context"
	"errors"
	"fmt"
	"runtime/metrics"
	"time"

	"github.com/dop251/goja"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Limits bound a script; a zero field stands for its default.
type Limits struct {
	Time   time.Duration // 60 s
	Stack  int           // calls within calls: 2000
	Memory uint64        // growth of the heap in bytes: 256 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Time == 0 {
		l.Time = time.Minute
	}
	if l.Stack == 0 {
		l.Stack = 2000
	}
	if l.Memory == 0 {
		l.Memory = 256 << 20
	}
	return l
}

// The reasons for which a script is stopped.
var (
	errTime   = errors.New("the script ran too long")
	errMemory = errors.New("the script uses too much memory")
)

// Eval runs a script with the default limits. Its signature is that of
// actions.RunnerOptions.Script.
func Eval(ctx context.Context, script string, context any) (any, error) {
	return Limits{}.Eval(ctx, script, context)
}

// Eval runs a script: data is its $, package value data as is the result. The
// error says what the script threw, or which limit stopped it, or is the
// context's.
func (l Limits) Eval(ctx context.Context, script string, data any) (any, error) {
	l = l.withDefaults()
	vm := goja.New()
	vm.SetMaxCallStackSize(l.Stack)
	if err := prepare(vm, data); err != nil {
		return nil, err
	}
	program, err := goja.Compile("script", "(function f() {\n"+script+"\n})()", false)
	if err != nil {
		return nil, err
	}
	stop := l.watch(ctx, vm)
	result, err := vm.RunProgram(program)
	if err == nil {
		result, err = stringify(vm, result)
	}
	stop()
	if err != nil {
		return nil, scriptError(ctx, err)
	}
	if result == nil || goja.IsUndefined(result) {
		return nil, nil
	}
	return value.Decode([]byte(result.String()))
}

// prepare gives the script its $ and takes from it what can't be bounded.
func prepare(vm *goja.Runtime, data any) error {
	text, err := value.Encode(data)
	if err != nil {
		return err
	}
	if err := vm.Set("__context", string(text)); err != nil {
		return err
	}
	_, err = vm.RunString(prelude)
	return err
}

// prelude parses the context, so that its dictionaries are ordinary objects with
// their keys in order, and refuses the built-ins that make something huge in one
// step, which no watchdog would see in time.
const prelude = `
var $ = JSON.parse(__context);
delete globalThis.__context;
(function (limit) {
	function guard(object, name, size) {
		var original = object[name];
		Object.defineProperty(object, name, {writable: true, configurable: true, enumerable: false,
			value: function () {
				if (size(this, arguments) > limit) throw new RangeError(name + ": the result would be too large");
				return original.apply(this, arguments);
			}});
	}
	guard(String.prototype, "repeat", function (s, a) { return String(s).length * Number(a[0]) });
	guard(String.prototype, "padStart", function (s, a) { return Number(a[0]) });
	guard(String.prototype, "padEnd", function (s, a) { return Number(a[0]) });
	guard(Array.prototype, "fill", function (s) { return s.length });
	guard(Array.prototype, "join", function (s, a) { return s.length * (1 + (a.length ? String(a[0]).length : 1)) });
	guard(Array, "from", function (s, a) { return a[0] && a[0].length || 0 });
	globalThis.ArrayBuffer = undefined;
	["Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64", "BigInt64", "BigUint64"].forEach(
		function (n) { delete globalThis[n + "Array"] });
})(32 << 20);
`

// stringify gives a result as JSON text; undefined for what JSON can't say.
func stringify(vm *goja.Runtime, result goja.Value) (goja.Value, error) {
	if result == nil || goja.IsUndefined(result) {
		return goja.Undefined(), nil
	}
	f, ok := goja.AssertFunction(vm.Get("JSON").ToObject(vm).Get("stringify"))
	if !ok {
		return nil, errors.New("the script has taken JSON.stringify away")
	}
	return f(goja.Undefined(), result)
}

// watch interrupts the script when a limit is reached. The function that it
// returns ends the watch.
func (l Limits) watch(ctx context.Context, vm *goja.Runtime) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	limit := heap() + l.Memory
	go func() {
		defer close(ended)
		timeout := time.NewTimer(l.Time)
		defer timeout.Stop()
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-ctx.Done():
				vm.Interrupt(ctx.Err())
				return
			case <-timeout.C:
				vm.Interrupt(errTime)
				return
			case <-tick.C:
				if heap() > limit {
					vm.Interrupt(errMemory)
					return
				}
			}
		}
	}()
	return func() { close(done); <-ended }
}

// heap is the memory that the heap's objects take, dead ones that were not yet
// collected included.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// scriptError says in the script's terms why it ended.
func scriptError(ctx context.Context, err error) error {
	var interrupted *goja.InterruptedError
	if errors.As(err, &interrupted) {
		if cause, ok := interrupted.Value().(error); ok {
			return cause
		}
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var overflow *goja.StackOverflowError
	if errors.As(err, &overflow) {
		return errors.New("the script calls too deep")
	}
	var thrown *goja.Exception
	if errors.As(err, &thrown) {
		return fmt.Errorf("%s", thrown.Value().String())
	}
	return err
}
