package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/asl"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

const (
	lambdaInvoke   = "arn:aws:states:::lambda:invoke"
	startExecution = "arn:aws:states:::states:startExecution.sync:2"
	engineFunction = "${EngineFunction}"
	// maxStateName is the longest name of a state (Amazon States Language,
	// "States": 80 Unicode characters).
	maxStateName = 80
)

// builder writes the states of one workflow.
type builder struct {
	src     *source
	tasks   []*task
	byName  map[string]*task
	names   map[string]bool // of states, unique in the whole definition
	numbers map[string]int  // the last number behind names that are taken
	threads bool
	start   []*task
	// choosy says that the end of the workflow has to look whether it failed:
	// a failure may have gone by on another way than the last task's.
	choosy bool
	where  map[*task]*scope // structured: the scope that has the task's states
	// structured, by the tasks' numbers: what follows each, its place in an order
	// of all, and in which round [builder.reach] has been there.
	next       [][]int
	rank, seen []int
	round      int
	// the states at the end of the definition
	end, failed, done string
	shared            map[*asl.States]string // the state that records failures nobody handles
	parts             []part                 // what the tasks became, for [Workflow.Report]
	spec              any                    // what a first task's state has of the workflow, once it is there
}

func newBuilder(src *source, tasks []*task) *builder {
	b := &builder{src: src, tasks: tasks, byName: map[string]*task{}, names: map[string]bool{}, where: map[*task]*scope{}, shared: map[*asl.States]string{}, numbers: map[string]int{}}
	for _, t := range tasks {
		b.byName[t.name] = t
		if len(t.inbound) == 0 {
			b.start = append(b.start, t)
		}
		b.choosy = b.choosy || mayEndApart(t)
	}
	b.choosy = b.choosy || len(b.start) > 1
	b.next, b.seen = links(tasks, b.byName), make([]int, len(tasks))
	for _, t := range tasks {
		b.names[stateName(t.name)] = true // tasks have the first claim on their names
	}
	b.end, b.failed, b.done = b.name("end"), b.name("failed"), b.name("done")
	return b
}

// mayEndApart reports whether the execution may fail although this task's way
// goes on, or end although it does not.
func mayEndApart(t *task) bool {
	if len(t.complete) > 0 || len(t.success) > 1 || len(t.failure) > 1 {
		return true
	}
	for _, routes := range [][]step.Route{t.success, t.failure} {
		for _, r := range routes {
			if r.Command || r.If.V != nil {
				return true
			}
		}
	}
	return false
}

// name makes the name of a state that is not a task's own.
func (b *builder) name(parts ...string) string {
	text := strings.Join(parts, " ")
	name := stateName(text)
	for b.names[name] {
		b.numbers[text] = max(b.numbers[text], 1) + 1
		name = stateName(text + " " + strconv.Itoa(b.numbers[text]))
	}
	b.names[name] = true
	return name
}

// stateName keeps a name within the language's limits.
func stateName(s string) string {
	if utf8.RuneCountInString(s) <= maxStateName {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	const tail = 9 // "~" and 8 digits
	return string([]rune(s)[:maxStateName-tail]) + "~" + hex.EncodeToString(sum[:4])
}

// machineName is the placeholder of a workflow's state machine.
func machineName(workflow string) string { return camel(workflow) + "StateMachine" }

// functionName is the placeholder of a service's function.
func functionName(service string) string { return "${" + camel(service) + "Function}" }

func camel(s string) string {
	var b strings.Builder
	upper := true
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) || r > unicode.MaxASCII {
			upper = true
			continue
		}
		if upper {
			r = unicode.ToUpper(r)
		}
		upper = false
		b.WriteRune(r)
	}
	return b.String()
}

// query makes a JSONata expression of a definition.
func query(s string) string { return "{% " + s + " %}" }

// str is a JSONata string literal.
func str(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '\'' || r == '\\' || r < ' ' }) {
		return "'" + s + "'"
	}
	b, _ := json.Marshal(s)
	return string(b)
}

// literal protects templates: a string that Step Functions would take for one
// of its own expressions becomes an expression that gives the string. So do what
// asl-validator's schema has no form for although Step Functions does: an empty
// string, one of several lines, a list of scalars right inside a list.
func literal(v any) any {
	switch v := v.(type) {
	case string:
		if v == "" || strings.HasPrefix(v, "{%") || strings.ContainsAny(v, "\n\r\u2028\u2029") {
			return query(string(value.MustEncode(v)))
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if list, ok := e.([]any); ok && hasScalar(list) && exactInJSONata(list) {
				out[i] = query(string(value.MustEncode(list)))
				continue
			}
			out[i] = literal(e)
		}
		return out
	case *value.Map:
		out := value.NewMap(v.Len())
		for k, e := range v.All() {
			out.Set(k, literal(e))
		}
		return out
	default:
		return v
	}
}

func hasScalar(list []any) bool {
	return slices.ContainsFunc(list, func(e any) bool {
		_, isMap := e.(*value.Map)
		return !isMap
	})
}

// exactInJSONata reports whether v, written as JSON, is a JSONata expression
// with the very same value: its numbers are doubles, and 1.0 is 1.
func exactInJSONata(v any) bool {
	switch v := v.(type) {
	case int64:
		return v >= -1<<53 && v <= 1<<53
	case float64:
		return v != math.Trunc(v)
	case *big.Int:
		return false
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !exactInJSONata(e) })
	case *value.Map:
		for _, e := range v.All() {
			if !exactInJSONata(e) {
				return false
			}
		}
	}
	return true
}

// executionID is how a definition knows the execution's id: it is the state
// machine execution's name, or, in a further thread, in its input.
func (b *builder) executionID() string {
	if b.threads {
		return query("$exists($states.context.Execution.Input.sirocco) ? $states.context.Execution.Input.sirocco.execution : $states.context.Execution.Name")
	}
	return query("$states.context.Execution.Name")
}

// startInput is the input that the state machine was started with.
func (b *builder) startInput() string {
	if b.threads {
		return "$exists($states.context.Execution.Input.sirocco) ? $states.context.Execution.Input.sirocco.input : $states.context.Execution.Input"
	}
	return "$states.context.Execution.Input"
}

// workflowValue is the workflow part of a payload: what an execution's record
// is made of.
func workflowValue(spec *step.Workflow) any { return literal(value.Of(spec)) }

// machine wraps states into a definition.
func (b *builder) machine(startAt string, states *asl.States) *asl.Machine {
	comment := "Mistral workflow " + b.src.spec.Name
	if b.src.spec.Description != "" {
		comment += ": " + b.src.spec.Description
	}
	return &asl.Machine{Comment: comment, QueryLanguage: asl.QueryLanguage, StartAt: startAt, States: states}
}
