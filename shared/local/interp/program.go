package interp

import (
	"fmt"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/asl"
)

// machine is a compiled definition.
type machine struct {
	name, arn  string
	definition []byte // as asl.Format writes it: what an execution keeps of it
	root       *scope
	timeout    time.Duration
}

// scope is a compiled machine, branch or ItemProcessor.
type scope struct {
	start       *state
	states      map[string]*state
	distributed bool   // an ItemProcessor whose items are executions of their own
	label       string // of the Map run
	inMap       bool   // an ItemProcessor
}

// state is a compiled state.
type state struct {
	name string
	def  *asl.State

	next  *state
	other *state // a Choice's Default

	arguments, output      *template
	assign                 []assignment
	timeout, heartbeat     *template
	resource               resource
	items, selector, batch *template
	concurrency            *template
	tolerateN, tolerateP   *template
	seconds, timestamp     *template
	error, cause           *template
	choices                []choice
	catch                  []catcher
	branches               []*scope // of a Parallel
	processor              *scope   // of a Map
}

type assignment struct {
	name  string
	value *template
}

type choice struct {
	condition *template
	assign    []assignment
	output    *template
	next      *state
}

type catcher struct {
	errors []string
	assign []assignment
	output *template
	next   *state
}

// compiler compiles one definition.
type compiler struct {
	in       *Interpreter
	name     string
	problems []error
	cache    map[string]*expression
}

func (in *Interpreter) compile(name, arn string, m *asl.Machine) (*machine, error) {
	if err := asl.Check(m); err != nil {
		return nil, fmt.Errorf("state machine %s: %w", name, err)
	}
	text, err := asl.Format(m)
	if err != nil {
		return nil, err
	}
	c := &compiler{in: in, name: name, cache: map[string]*expression{}}
	out := &machine{name: name, arn: arn, definition: text, timeout: time.Duration(m.TimeoutSeconds) * time.Second}
	out.root = c.scope(m)
	if len(c.problems) > 0 {
		return nil, c.problems[0]
	}
	return out, nil
}

func (c *compiler) problem(path, format string, args ...any) {
	c.problems = append(c.problems, &DefinitionError{Machine: c.name, Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *compiler) expression(path, src string) *expression {
	if e, ok := c.cache[src]; ok {
		return e
	}
	e, err := compileExpression(src)
	if err != nil {
		c.problem(path, "does not compile: %v", err) // asl.Check has seen to it
		e = &expression{}
	}
	c.cache[src] = e
	return e
}

func (c *compiler) scope(m *asl.Machine) *scope {
	sc := &scope{states: make(map[string]*state, m.States.Len())}
	for name, def := range m.States.All() {
		sc.states[name] = &state{name: name, def: def}
	}
	sc.start = sc.states[m.StartAt]
	for name := range m.States.All() {
		c.state(sc, sc.states[name])
	}
	return sc
}

func (c *compiler) state(sc *scope, s *state) {
	d := s.def
	s.next, s.other = sc.states[d.Next], sc.states[d.Default]
	s.arguments = c.template("Arguments", d.Arguments)
	s.output = c.template("Output", d.Output)
	s.assign = c.assignments("Assign", d)
	s.timeout = c.template("TimeoutSeconds", d.TimeoutSeconds)
	s.heartbeat = c.template("HeartbeatSeconds", d.HeartbeatSeconds)
	s.seconds = c.template("Seconds", d.Seconds)
	s.timestamp = c.template("Timestamp", d.Timestamp)
	s.error = c.template("Error", d.Error)
	s.cause = c.template("Cause", d.Cause)
	for i, ch := range d.Choices {
		p := fmt.Sprintf("Choices[%d]/", i)
		s.choices = append(s.choices, choice{
			condition: c.template(p+"Condition", ch.Condition),
			output:    c.template(p+"Output", ch.Output),
			assign:    c.assign(p+"Assign", ch.Assign.All()),
			next:      sc.states[ch.Next],
		})
	}
	for i, ca := range d.Catch {
		p := fmt.Sprintf("Catch[%d]/", i)
		s.catch = append(s.catch, catcher{
			errors: ca.ErrorEquals,
			output: c.template(p+"Output", ca.Output),
			assign: c.assign(p+"Assign", ca.Assign.All()),
			next:   sc.states[ca.Next],
		})
	}
	switch d.Type {
	case asl.TypeTask:
		c.task(s)
	case asl.TypeParallel:
		for _, b := range d.Branches {
			s.branches = append(s.branches, c.scope(b))
		}
	case asl.TypeMap:
		c.mapState(s)
	}
}

func (c *compiler) assignments(path string, d *asl.State) []assignment {
	return c.assign(path, d.Assign.All())
}

func (c *compiler) assign(path string, all func(func(string, any) bool)) []assignment {
	var out []assignment
	for k, v := range all {
		out = append(out, assignment{name: k, value: c.tree(path+"/"+k, v)})
	}
	return out
}

func (c *compiler) mapState(s *state) {
	d := s.def
	s.items = c.template("Items", d.Items)
	s.selector = c.template("ItemSelector", d.ItemSelector)
	s.batch = c.template("ItemBatcher", d.ItemBatcher)
	s.concurrency = c.template("MaxConcurrency", d.MaxConcurrency)
	s.tolerateN = c.template("ToleratedFailureCount", d.ToleratedFailureCount)
	s.tolerateP = c.template("ToleratedFailurePercentage", d.ToleratedFailurePercentage)
	s.processor = c.scope(d.ItemProcessor)
	s.processor.inMap = true
	if p := d.ItemProcessor.ProcessorConfig; p != nil && p.Mode == "DISTRIBUTED" {
		s.processor.distributed = true
		s.processor.label = d.Label
		if s.processor.label == "" {
			s.processor.label = strings.ReplaceAll(s.name, " ", "_")
		}
	}
	if d.ItemReader != nil {
		c.problem(s.name, "has an ItemReader: reading items from elsewhere than the state's input is not supported")
	}
	if d.ResultWriter != nil {
		c.problem(s.name, "has a ResultWriter: writing results elsewhere than the state's output is not supported")
	}
}
