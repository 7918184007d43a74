package asl

import (
	"math"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// allowed lists the fields of each type of state besides Type, Comment and
// QueryLanguage, which all have (Amazon States Language, "State types and
// fields").
var allowed = map[string][]string{
	TypeTask: {"Resource", "Arguments", "Output", "Assign", "Credentials", "TimeoutSeconds", "HeartbeatSeconds",
		"Retry", "Catch", "Next", "End"},
	TypeParallel: {"Branches", "Arguments", "Output", "Assign", "Retry", "Catch", "Next", "End"},
	TypeMap: {"Items", "ItemSelector", "ItemReader", "ItemBatcher", "ResultWriter", "MaxConcurrency",
		"ToleratedFailureCount", "ToleratedFailurePercentage", "Label", "ItemProcessor", "Output", "Assign",
		"Retry", "Catch", "Next", "End"},
	TypePass:    {"Output", "Assign", "Next", "End"},
	TypeWait:    {"Seconds", "Timestamp", "Output", "Assign", "Next", "End"},
	TypeChoice:  {"Choices", "Default", "Output", "Assign"},
	TypeSucceed: {"Output"},
	TypeFail:    {"Error", "Cause"},
}

// present lists the fields that a state has, by name.
func present(s *State) []string {
	var out []string
	add := func(name string, is bool) {
		if is {
			out = append(out, name)
		}
	}
	add("Resource", s.Resource != "")
	add("Arguments", s.Arguments != nil)
	add("Credentials", s.Credentials != nil)
	add("TimeoutSeconds", s.TimeoutSeconds != nil)
	add("HeartbeatSeconds", s.HeartbeatSeconds != nil)
	add("Branches", s.Branches != nil)
	add("Items", s.Items != nil)
	add("ItemSelector", s.ItemSelector != nil)
	add("ItemReader", s.ItemReader != nil)
	add("ItemBatcher", s.ItemBatcher != nil)
	add("ResultWriter", s.ResultWriter != nil)
	add("MaxConcurrency", s.MaxConcurrency != nil)
	add("ToleratedFailureCount", s.ToleratedFailureCount != nil)
	add("ToleratedFailurePercentage", s.ToleratedFailurePercentage != nil)
	add("Label", s.Label != "")
	add("ItemProcessor", s.ItemProcessor != nil)
	add("Seconds", s.Seconds != nil)
	add("Timestamp", s.Timestamp != nil)
	add("Choices", s.Choices != nil)
	add("Default", s.Default != "")
	add("Error", s.Error != nil)
	add("Cause", s.Cause != nil)
	add("Output", s.Output != nil)
	add("Assign", s.Assign != nil)
	add("Retry", s.Retry != nil)
	add("Catch", s.Catch != nil)
	add("Next", s.Next != "")
	add("End", s.End)
	return out
}

func (c *checker) state(path string, s *State, vars, outer map[string]bool) {
	c.unknown(path, s.unknown)
	fields, ok := allowed[s.Type]
	if !ok {
		c.problem(join(path, "Type"), "is %q, which is no type of state", s.Type)
		return
	}
	if s.QueryLanguage != "" && s.QueryLanguage != QueryLanguage {
		c.problem(join(path, "QueryLanguage"), "is %q; only %q is supported", s.QueryLanguage, QueryLanguage)
	}
	for _, f := range present(s) {
		if !slices.Contains(fields, f) {
			c.problem(join(path, f), "is not a field of a %s state", s.Type)
		}
	}
	if slices.Contains(fields, "Next") && (s.Next == "") == !s.End {
		c.problem(path, "needs exactly one of Next and End")
	}
	env := scope{vars: vars, outer: outer, states: []string{"input", "context"}}
	c.value(join(path, "Arguments"), s.Arguments, env)
	after := env
	if s.Type == TypeTask || s.Type == TypeParallel || s.Type == TypeMap {
		after = env.with("result")
	}
	c.value(join(path, "Output"), s.Output, after)
	c.assign(join(path, "Assign"), s.Assign, after)
	c.retry(join(path, "Retry"), s.Retry)
	c.catch(join(path, "Catch"), s.Catch, env)
	switch s.Type {
	case TypeTask:
		c.task(path, s, env)
	case TypeParallel:
		c.parallel(path, s, env)
	case TypeMap:
		c.mapState(path, s, env)
	case TypeWait:
		c.wait(path, s, env)
	case TypeChoice:
		c.choices(path, s, env)
	case TypeFail:
		c.textField(join(path, "Error"), s.Error, env)
		c.textField(join(path, "Cause"), s.Cause, env)
	}
}

// textField checks a field that is text or an expression.
func (c *checker) textField(path string, v any, env scope) {
	if s, ok := v.(string); ok {
		c.text(path, s, env)
	} else if v != nil {
		c.problem(path, "is %s, neither text nor an expression", kind(v))
	}
}

// number checks a field that is a number within bounds or an expression.
func (c *checker) number(path string, v any, low, high int64, env scope) {
	switch v := v.(type) {
	case nil:
	case int64:
		if v < low || v > high {
			c.problem(path, "is %d, not within %d and %d", v, low, high)
		}
	case string:
		if _, ok := Expression(v); !ok {
			c.problem(path, "is the text %q, neither an integer nor an expression", v)
		}
		c.text(path, v, env)
	default:
		c.problem(path, "is %s, neither an integer nor an expression", kind(v))
	}
}

// percentage checks a field that is a number from 0 to 100 or an expression.
func (c *checker) percentage(path string, v any, env scope) {
	if f, ok := v.(float64); !ok {
		c.number(path, v, 0, 100, env)
	} else if f < 0 || f > 100 {
		c.problem(path, "is %v, not within 0 and 100", f)
	}
}

func (c *checker) task(path string, s *State, env scope) {
	if s.Resource == "" {
		c.problem(join(path, "Resource"), "is missing")
	}
	c.number(join(path, "TimeoutSeconds"), s.TimeoutSeconds, 1, maxSeconds, env)
	c.number(join(path, "HeartbeatSeconds"), s.HeartbeatSeconds, 1, maxSeconds, env)
	t, ok1 := s.TimeoutSeconds.(int64)
	h, ok2 := s.HeartbeatSeconds.(int64)
	if ok1 && ok2 && h >= t {
		c.problem(join(path, "HeartbeatSeconds"), "is %d, not less than the %d of TimeoutSeconds", h, t)
	}
	if s.Credentials != nil {
		c.value(join(path, "Credentials"), s.Credentials, env)
	}
}

func (c *checker) parallel(path string, s *State, env scope) {
	if len(s.Branches) == 0 {
		c.problem(join(path, "Branches"), "is missing or empty")
	}
	for i, b := range s.Branches {
		p := index(join(path, "Branches"), i)
		if b == nil {
			c.problem(p, "is missing")
			continue
		}
		c.nested(p, b, env)
	}
}

// nested checks a branch or an ItemProcessor.
func (c *checker) nested(path string, m *Machine, env scope) {
	if m.QueryLanguage != "" {
		c.problem(join(path, "QueryLanguage"), "belongs to the whole definition or to one state")
	}
	if m.Version != "" || m.TimeoutSeconds != 0 {
		c.problem(path, "has Version or TimeoutSeconds, which belong to the whole definition")
	}
	c.machine(path, m, env.vars)
}

func (c *checker) mapState(path string, s *State, env scope) {
	if l, ok := s.Items.(string); ok {
		if _, ok := Expression(l); !ok {
			c.problem(join(path, "Items"), "is text, neither a list nor an expression")
		}
	}
	if s.Items != nil && s.ItemReader != nil {
		c.problem(path, "has both Items and ItemReader")
	}
	c.value(join(path, "Items"), s.Items, env)
	c.value(join(path, "ItemSelector"), s.ItemSelector, env)
	c.value(join(path, "ItemReader"), s.ItemReader, env)
	c.value(join(path, "ItemBatcher"), s.ItemBatcher, env)
	c.value(join(path, "ResultWriter"), s.ResultWriter, env)
	c.number(join(path, "MaxConcurrency"), s.MaxConcurrency, 0, math.MaxInt32, env)
	c.number(join(path, "ToleratedFailureCount"), s.ToleratedFailureCount, 0, math.MaxInt32, env)
	c.percentage(join(path, "ToleratedFailurePercentage"), s.ToleratedFailurePercentage, env)
	p := join(path, "ItemProcessor")
	if s.ItemProcessor == nil {
		c.problem(p, "is missing")
		return
	}
	distributed := c.processor(p, s.ItemProcessor.ProcessorConfig)
	if !distributed {
		for _, f := range present(s) {
			if slices.Contains(distributedFields, f) {
				c.problem(join(path, f), "needs a processor of Mode DISTRIBUTED")
			}
		}
	} else {
		env.vars = nil // a distributed item is an execution of its own
	}
	c.batcher(join(path, "ItemBatcher"), s.ItemBatcher)
	if len(s.Label) > 40 {
		c.problem(join(path, "Label"), "is longer than 40 characters")
	}
	c.nested(p, s.ItemProcessor, env)
}

var distributedFields = []string{"ItemReader", "ItemBatcher", "ResultWriter", "ToleratedFailureCount",
	"ToleratedFailurePercentage", "Label"}

func (c *checker) processor(path string, p *ProcessorConfig) (distributed bool) {
	path = join(path, "ProcessorConfig")
	if p == nil {
		return false
	}
	c.unknown(path, p.unknown)
	switch p.Mode {
	case "", "INLINE":
		if p.ExecutionType != "" {
			c.problem(join(path, "ExecutionType"), "needs the Mode DISTRIBUTED")
		}
		return false
	case "DISTRIBUTED":
		if p.ExecutionType != "STANDARD" && p.ExecutionType != "EXPRESS" {
			c.problem(join(path, "ExecutionType"), "is %q, neither STANDARD nor EXPRESS", p.ExecutionType)
		}
		return true
	default:
		c.problem(join(path, "Mode"), "is %q, neither INLINE nor DISTRIBUTED", p.Mode)
		return false
	}
}

func (c *checker) batcher(path string, v any) {
	if v == nil {
		return
	}
	m, ok := v.(*value.Map)
	if !ok {
		c.problem(path, "is %s, not an object", kind(v))
		return
	}
	if !m.Has("MaxItemsPerBatch") && !m.Has("MaxInputBytesPerBatch") {
		c.problem(path, "needs MaxItemsPerBatch or MaxInputBytesPerBatch")
	}
	for k := range m.All() {
		switch k {
		case "MaxItemsPerBatch", "MaxInputBytesPerBatch", "BatchInput":
		default:
			c.problem(join(path, k), "is not a field of the language")
		}
	}
}

func (c *checker) wait(path string, s *State, env scope) {
	if (s.Seconds == nil) == (s.Timestamp == nil) {
		c.problem(path, "needs exactly one of Seconds and Timestamp")
	}
	c.number(join(path, "Seconds"), s.Seconds, 0, maxSeconds, env)
	c.textField(join(path, "Timestamp"), s.Timestamp, env)
}

func (c *checker) choices(path string, s *State, env scope) {
	if len(s.Choices) == 0 {
		c.problem(join(path, "Choices"), "is missing or empty")
	}
	for i, ch := range s.Choices {
		p := index(join(path, "Choices"), i)
		if ch == nil {
			c.problem(p, "is missing")
			continue
		}
		c.unknown(p, ch.unknown)
		switch cond := ch.Condition.(type) {
		case bool:
		case string:
			if _, ok := Expression(cond); !ok {
				c.problem(join(p, "Condition"), "is text, not an expression")
			}
			c.text(join(p, "Condition"), cond, env)
		default:
			c.problem(join(p, "Condition"), "is %s, neither a boolean nor an expression", kind(cond))
		}
		if ch.Next == "" {
			c.problem(join(p, "Next"), "is missing")
		}
		c.value(join(p, "Output"), ch.Output, env)
		c.assign(join(p, "Assign"), ch.Assign, env)
	}
}

func (c *checker) retry(path string, retry []*Retrier) {
	for i, r := range retry {
		p := index(path, i)
		if r == nil {
			c.problem(p, "is missing")
			continue
		}
		c.unknown(p, r.unknown)
		c.errorEquals(p, r.ErrorEquals, i == len(retry)-1)
		if r.IntervalSeconds < 0 || r.IntervalSeconds > maxSeconds {
			c.problem(join(p, "IntervalSeconds"), "is %d, not within 1 and %d", r.IntervalSeconds, maxSeconds)
		}
		if r.MaxAttempts != nil && (*r.MaxAttempts < 0 || *r.MaxAttempts > maxSeconds) {
			c.problem(join(p, "MaxAttempts"), "is %d, not within 0 and %d", *r.MaxAttempts, maxSeconds)
		}
		if r.BackoffRate != 0 && r.BackoffRate < 1 {
			c.problem(join(p, "BackoffRate"), "is %v, less than 1", r.BackoffRate)
		}
		if r.MaxDelaySeconds < 0 || r.MaxDelaySeconds >= 31622400 {
			c.problem(join(p, "MaxDelaySeconds"), "is %d, not within 1 and 31622399", r.MaxDelaySeconds)
		} else if r.MaxDelaySeconds > 0 && r.MaxDelaySeconds <= max(r.IntervalSeconds, 1) {
			c.problem(join(p, "MaxDelaySeconds"), "is %d, not more than IntervalSeconds", r.MaxDelaySeconds)
		}
		if !slices.Contains([]string{"", "FULL", "NONE"}, r.JitterStrategy) {
			c.problem(join(p, "JitterStrategy"), "is %q, neither FULL nor NONE", r.JitterStrategy)
		}
	}
}

func (c *checker) catch(path string, catch []*Catcher, env scope) {
	env = env.with("errorOutput")
	for i, ca := range catch {
		p := index(path, i)
		if ca == nil {
			c.problem(p, "is missing")
			continue
		}
		c.unknown(p, ca.unknown)
		c.errorEquals(p, ca.ErrorEquals, i == len(catch)-1)
		if ca.Next == "" {
			c.problem(join(p, "Next"), "is missing")
		}
		c.value(join(p, "Output"), ca.Output, env)
		c.assign(join(p, "Assign"), ca.Assign, env)
	}
}

func (c *checker) errorEquals(path string, list []string, last bool) {
	path = join(path, "ErrorEquals")
	if len(list) == 0 {
		c.problem(path, "is missing or empty")
	}
	for _, e := range list {
		if e == "" {
			c.problem(path, "has an empty name")
		}
		if e == "States.ALL" && (len(list) > 1 || !last) {
			c.problem(path, "has States.ALL, which must stand alone, in the last entry")
		}
	}
}

// assigned says for each state of a machine which variables may have been
// assigned when it is entered, those of the machines around included.
func assigned(m *Machine, outer map[string]bool) map[string]map[string]bool {
	in := map[string]map[string]bool{m.StartAt: union(nil, outer)}
	for todo := []string{m.StartAt}; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		s := m.States.Get(name)
		if s == nil {
			continue
		}
		flow := func(target string, a *value.Map) {
			out := union(in[name], nil)
			for k := range a.All() {
				out[k] = true
			}
			if before, ok := in[target]; !ok || len(union(before, out)) > len(before) {
				in[target] = union(before, out)
				todo = append(todo, target)
			}
		}
		flow(s.Next, s.Assign)
		flow(s.Default, s.Assign)
		for _, ch := range s.Choices {
			if ch != nil {
				flow(ch.Next, ch.Assign)
			}
		}
		for _, ca := range s.Catch {
			if ca != nil {
				flow(ca.Next, ca.Assign)
			}
		}
	}
	for name := range m.States.All() {
		if in[name] == nil {
			in[name] = union(nil, outer) // never reached, which is said elsewhere
		}
	}
	return in
}

func union(a, b map[string]bool) map[string]bool {
	out := make(map[string]bool, len(a)+len(b))
	for k := range a {
		out[k] = true
	}
	for k := range b {
		out[k] = true
	}
	return out
}
