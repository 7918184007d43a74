package interp

import (
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// kind of what a Task state calls.
type resourceKind uint8

const (
	plainFunction  resourceKind = iota // Resource is the function's ARN
	lambdaInvoke                       // arn:aws:states:::lambda:invoke
	startExecution                     // arn:aws:states:::states:startExecution
)

// resource is a parsed Resource.
type resource struct {
	kind      resourceKind
	text      string // the Resource, placeholders resolved
	function  string // of a plain function
	service   string // for the history: lambda, states
	action    string // for the history: invoke, invoke.waitForTaskToken, startExecution.sync:2
	token     bool   // .waitForTaskToken
	sync      bool   // .sync or .sync:2
	parseSync bool   // .sync:2: the child's input and output as JSON, not text
}

const integration = "arn:aws:states:::"

func (c *compiler) task(s *state) {
	text := c.in.opts.substitute(s.def.Resource)
	s.resource.text = text
	if s.def.Credentials != nil {
		c.problem(s.name, "has Credentials: another role than the machine's is not supported")
	}
	rest, ok := strings.CutPrefix(text, integration)
	if !ok {
		c.plainFunction(s, text)
		return
	}
	r := &s.resource
	r.service, r.action, _ = strings.Cut(rest, ":")
	switch rest {
	case "lambda:invoke":
		r.kind = lambdaInvoke
	case "lambda:invoke.waitForTaskToken":
		r.kind, r.token = lambdaInvoke, true
	case "states:startExecution":
		r.kind = startExecution
	case "states:startExecution.sync":
		r.kind, r.sync = startExecution, true
	case "states:startExecution.sync:2":
		r.kind, r.sync, r.parseSync = startExecution, true, true
	case "states:startExecution.waitForTaskToken":
		r.kind, r.token = startExecution, true
	default:
		c.problem(s.name, "has the Resource %q, an integration that is not supported; there are lambda:invoke and "+
			"states:startExecution, with .waitForTaskToken, .sync and .sync:2 where Step Functions has them", text)
	}
	args, ok := s.def.Arguments.(*value.Map)
	need := map[resourceKind]string{lambdaInvoke: "FunctionName", startExecution: "StateMachineArn"}[r.kind]
	if ok && !args.Has(need) {
		c.problem(s.name, "has no %s in its Arguments", need)
	} else if s.def.Arguments == nil {
		c.problem(s.name, "has no Arguments")
	}
}

func (c *compiler) plainFunction(s *state, text string) {
	arn := strings.HasPrefix(text, "arn:")
	lambda := arn && strings.Contains(text, ":lambda:") && strings.Contains(text, ":function:")
	if arn && !lambda {
		c.problem(s.name, "has the Resource %q, which is neither a Lambda function nor an integration that is supported", text)
	}
	s.resource.kind, s.resource.function = plainFunction, text
}

// substitute resolves placeholders "${Name}".
func (o *Options) substitute(text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, closed := strings.Cut(rest, "}")
		to, known := o.Substitutions[name]
		switch {
		case !closed:
			b.WriteString("${" + rest)
			return b.String()
		case known:
			b.WriteString(to)
		default:
			b.WriteString("${" + name + "}")
		}
		text = after
	}
}
