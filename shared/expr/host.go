package expr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/google/uuid"

	"github.com/sirocco-workflows/sirocco/shared/jinja"
	"github.com/sirocco-workflows/sirocco/shared/value"
	"github.com/sirocco-workflows/sirocco/shared/yaql"
)

// Host answers those of Mistral's functions that look at executions. All
// results are value data. Embed [NoHost] to implement only some.
type Host interface {
	// Env is env(): the environment, {} if there is none.
	Env(ctx context.Context) (any, error)
	// Execution is execution(): the current workflow execution.
	Execution(ctx context.Context) (any, error)
	// Executions is executions(...), in order of creation.
	Executions(ctx context.Context, f ExecutionFilter) (any, error)
	// Task is task(name): the latest task execution of that name, nil for an
	// unknown one. The empty name means the current task.
	Task(ctx context.Context, name string) (any, error)
	// Tasks is tasks(...), in order of creation.
	Tasks(ctx context.Context, f TaskFilter) (any, error)
	// Global is global(name): a global variable, nil if there is none.
	Global(ctx context.Context, name string) (any, error)
}

// ExecutionFilter has the arguments of executions(); empty ones don't filter.
type ExecutionFilter struct {
	ID, RootExecutionID, State string
	FromTime, ToTime           string // created_at: at or after, before
}

// TaskFilter has the arguments of tasks(); empty ones don't filter.
type TaskFilter struct {
	WorkflowExecutionID string
	Recursive           bool // also tasks of sub-workflows; only with WorkflowExecutionID
	State               string
	Flat                bool // leave out tasks whose sub-workflow is in the same state
}

// NoHost is a [Host] that answers nothing.
type NoHost struct{}

var _ Host = NoHost{}

func noHost(name string) (any, error) {
	return nil, fmt.Errorf("%s() is not available here", name)
}

// Env fails.
func (NoHost) Env(context.Context) (any, error) { return noHost("env") }

// Execution fails.
func (NoHost) Execution(context.Context) (any, error) { return noHost("execution") }

// Executions fails.
func (NoHost) Executions(context.Context, ExecutionFilter) (any, error) { return noHost("executions") }

// Task fails.
func (NoHost) Task(context.Context, string) (any, error) { return noHost("task") }

// Tasks fails.
func (NoHost) Tasks(context.Context, TaskFilter) (any, error) { return noHost("tasks") }

// Global fails.
func (NoHost) Global(context.Context, string) (any, error) { return noHost("global") }

// dataHost is the host of a scope without one.
type dataHost struct {
	NoHost
	data any
}

// Env is what the data have as `__env`.
func (h dataHost) Env(context.Context) (any, error) {
	var v any
	var err error
	switch d := h.data.(type) {
	case *value.Map:
		v, _ = d.Get("__env")
	case yaql.Lazy:
		v, _, err = d.Get("__env")
	}
	if v == nil {
		v = value.NewMap(0)
	}
	return v, err
}

// The library is made once; a function finds the scope of its evaluation in
// the context.
type scopeKey struct{}

func withScope(ctx context.Context, s *Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

func hostOf(ctx context.Context) (Host, error) {
	s, ok := ctx.Value(scopeKey{}).(*Scope)
	switch {
	case !ok:
		return nil, errors.New("evaluated outside of a scope")
	case s.Host == nil:
		return dataHost{data: s.Data}, nil
	}
	return s.Host, nil
}

// asks makes a function that asks the host.
func asks(f func(ctx context.Context, h Host, args []any) (any, error)) func(context.Context, []any) (any, error) {
	return func(ctx context.Context, args []any) (any, error) {
		h, err := hostOf(ctx)
		if err != nil {
			return nil, err
		}
		return f(ctx, h, args)
	}
}

func optional(names ...string) []yaql.Param {
	out := make([]yaql.Param, len(names))
	for i, n := range names {
		out[i] = yaql.Param{Name: n, Optional: true}
	}
	return out
}

// text is an argument that names something; null is no name.
func text(v any) string {
	if v == nil {
		return ""
	}
	return yaql.Str(v)
}

// host is a function of Mistral's, its parameters named as YAQL names them.
// One that needs the context looks at executions.
type host struct {
	yaql.Function
	needsContext bool
}

var hosts = sync.OnceValue(func() []host {
	tasks := optional("workflowExecutionId", "recursive", "state", "flat")
	tasks[1].Bool, tasks[1].Default = true, false
	tasks[3].Bool, tasks[3].Default = true, false
	data := []yaql.Param{{Name: "data"}}
	ask := func(name string, params []yaql.Param, f func(ctx context.Context, h Host, a []any) (any, error)) host {
		return host{yaql.Function{Name: name, Params: params, Call: asks(f)}, true}
	}
	convert := func(name string, f func(v any) (any, error)) host {
		return host{yaql.Function{Name: name, Params: data, Call: pure(f)}, false}
	}
	return []host{
		ask("env", nil, func(ctx context.Context, h Host, _ []any) (any, error) { return h.Env(ctx) }),
		ask("execution", nil, func(ctx context.Context, h Host, _ []any) (any, error) { return h.Execution(ctx) }),
		ask("executions", optional("id", "rootExecutionId", "state", "fromTime", "toTime"), func(ctx context.Context, h Host, a []any) (any, error) {
			return h.Executions(ctx, ExecutionFilter{ID: text(a[0]), RootExecutionID: text(a[1]), State: text(a[2]), FromTime: text(a[3]), ToTime: text(a[4])})
		}),
		ask("task", optional("taskName"), func(ctx context.Context, h Host, a []any) (any, error) { return h.Task(ctx, text(a[0])) }),
		ask("tasks", tasks, func(ctx context.Context, h Host, a []any) (any, error) {
			return h.Tasks(ctx, TaskFilter{WorkflowExecutionID: text(a[0]), Recursive: truth(a[1]), State: text(a[2]), Flat: truth(a[3])})
		}),
		ask("global", []yaql.Param{{Name: "varName"}}, func(ctx context.Context, h Host, a []any) (any, error) { return h.Global(ctx, text(a[0])) }),
		convert("json_parse", parseJSON),
		convert("json_dump", dumpJSON),
		convert("yaml_parse", parseYAML),
		convert("yaml_dump", dumpYAML),
		{yaql.Function{Name: "uuid", Call: func(context.Context, []any) (any, error) { return uuid.NewString(), nil }}, false},
	}
})

func truth(v any) bool { return value.Truth(v) }

var library = sync.OnceValue(func() *yaql.Library {
	var fns []yaql.Function
	for _, h := range hosts() {
		fns = append(fns, h.Function)
	}
	return yaql.NewLibrary(fns...)
})

// jinjaLibrary has the same functions with parameters named as in Python.
var jinjaLibrary = sync.OnceValue(func() *jinja.Library {
	var fns []jinja.Function
	for _, h := range hosts() {
		f := jinja.Function{Name: h.Name, Call: h.Call, NeedsContext: h.needsContext}
		for _, p := range h.Params {
			f.Params = append(f.Params, jinja.Param{Name: snakeCase(p.Name), Default: p.Default, Optional: p.Optional})
		}
		fns = append(fns, f)
	}
	return jinja.NewLibrary(fns...)
})

// snakeCase is var_name for varName.
func snakeCase(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func pure(f func(v any) (any, error)) func(context.Context, []any) (any, error) {
	return func(_ context.Context, args []any) (any, error) { return f(args[0]) }
}
