package asl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/recolabs/gnata"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// maxName is the longest name of a state or a variable, in characters.
const maxName = 80

// Check holds a definition to the language. The error is nil or a [Problems]
// with everything that is wrong, in the definition's order.
func Check(m *Machine) error {
	c := &checker{names: map[string]string{}}
	if m == nil {
		return Problems{{Message: "is missing"}}
	}
	if m.QueryLanguage != QueryLanguage {
		c.problem("QueryLanguage", "is %q; only %q is supported, and it must be named", m.QueryLanguage, QueryLanguage)
	}
	if m.ProcessorConfig != nil {
		c.problem("ProcessorConfig", "belongs to the ItemProcessor of a Map")
	}
	if m.Version != "" && m.Version != "1.0" {
		c.problem("Version", "is %q, not \"1.0\"", m.Version)
	}
	if m.TimeoutSeconds < 0 || m.TimeoutSeconds > maxSeconds {
		c.problem("TimeoutSeconds", "is %d, not within 0 and %d", m.TimeoutSeconds, maxSeconds)
	}
	c.machine("", m, nil)
	if len(c.problems) == 0 {
		return nil
	}
	return c.problems
}

// maxSeconds is the longest time that Step Functions takes.
const maxSeconds = 99999999

type checker struct {
	problems Problems
	names    map[string]string // of all states of the definition: where first seen
}

func (c *checker) problem(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

func (c *checker) unknown(path string, names []string) {
	for _, n := range names {
		if _, ok := jsonPathFields[n]; ok {
			c.problem(join(path, n), "is a field of the query language JSONPath, not of JSONata")
		} else {
			c.problem(join(path, n), "is not a field of the language")
		}
	}
}

// jsonPathFields are the fields that only a state in JSONPath has.
var jsonPathFields = map[string]struct{}{
	"InputPath": {}, "OutputPath": {}, "ResultPath": {}, "Parameters": {}, "ResultSelector": {}, "Result": {},
	"ItemsPath": {}, "TimeoutSecondsPath": {}, "HeartbeatSecondsPath": {}, "SecondsPath": {}, "TimestampPath": {},
	"ErrorPath": {}, "CausePath": {}, "MaxConcurrencyPath": {}, "ToleratedFailureCountPath": {},
	"ToleratedFailurePercentagePath": {}, "Iterator": {}, "Variable": {}, "And": {}, "Or": {}, "Not": {},
	"StringEquals": {}, "BooleanEquals": {}, "NumericEquals": {}, "IsPresent": {}, "IsNull": {},
}

// machine checks one machine and what is nested in it; outer names the
// variables that it may read of the machines around it.
func (c *checker) machine(path string, m *Machine, outer map[string]bool) {
	c.unknown(path, m.unknown)
	if m.StartAt == "" {
		c.problem(join(path, "StartAt"), "is missing")
	} else if m.States.Get(m.StartAt) == nil {
		c.problem(join(path, "StartAt"), "names the state %q, which there is not", m.StartAt)
	}
	if m.States.Len() == 0 {
		c.problem(join(path, "States"), "is empty")
		return
	}
	c.graph(path, m)
	vars := assigned(m, outer)
	for name, s := range m.States.All() {
		p := join(join(path, "States"), name)
		c.name(p, name)
		if s == nil {
			c.problem(p, "is missing")
			continue
		}
		c.state(p, s, vars[name], outer)
		c.targets(p, m, s)
	}
}

func (c *checker) name(path, name string) {
	if n := utf8.RuneCountInString(name); n > maxName {
		c.problem(path, "has a name of %d characters; %d are allowed", n, maxName)
	} else if n == 0 {
		c.problem(path, "has an empty name")
	}
	if first, ok := c.names[name]; ok {
		c.problem(path, "has a name that %s has already", first)
	} else {
		c.names[name] = path
	}
}

// next lists where a state may lead, with the path of the field below it.
func next(s *State) (targets, fields []string) {
	add := func(target, field string) {
		if target != "" {
			targets, fields = append(targets, target), append(fields, field)
		}
	}
	add(s.Next, "Next")
	for i, ch := range s.Choices {
		if ch != nil {
			add(ch.Next, index("Choices", i)+".Next")
		}
	}
	add(s.Default, "Default")
	for i, ca := range s.Catch {
		if ca != nil {
			add(ca.Next, index("Catch", i)+".Next")
		}
	}
	return targets, fields
}

func (c *checker) targets(path string, m *Machine, s *State) {
	targets, fields := next(s)
	for i, t := range targets {
		if m.States.Get(t) == nil {
			c.problem(path+"."+fields[i], "names the state %q, which there is not", t)
		}
	}
}

// graph reports states that nothing leads to, and a machine that cannot end.
func (c *checker) graph(path string, m *Machine) {
	if m.States.Get(m.StartAt) == nil {
		return // said already
	}
	reached := map[string]bool{}
	ends := false
	for todo := []string{m.StartAt}; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		s := m.States.Get(name)
		if s == nil || reached[name] {
			continue
		}
		reached[name] = true
		ends = ends || s.End || s.Type == TypeSucceed || s.Type == TypeFail
		targets, _ := next(s)
		todo = append(todo, targets...)
	}
	for _, name := range m.States.Names() {
		if !reached[name] {
			c.problem(join(join(path, "States"), name), "is never reached")
		}
	}
	if !ends {
		c.problem(join(path, "States"), "has no state that ends the machine")
	}
}

// variableName says what is wrong with the name of a variable, or "".
func variableName(name string) string {
	if name == "states" {
		return "is reserved"
	}
	if utf8.RuneCountInString(name) > maxName {
		return fmt.Sprintf("is longer than %d characters", maxName)
	}
	for i, r := range name {
		start := unicode.IsLetter(r) || r == '_'
		if !start && (i == 0 || !unicode.In(r, unicode.Nd, unicode.Mn, unicode.Mc, unicode.Pc)) {
			return fmt.Sprintf("is not a name: %q is not allowed there", r)
		}
	}
	if name == "" {
		return "is empty"
	}
	return ""
}

func (c *checker) assign(path string, a *value.Map, env scope) {
	for name, v := range a.All() {
		p := join(path, name)
		if why := variableName(name); why != "" {
			c.problem(p, "%s", why)
		} else if env.outer[name] {
			c.problem(p, "is a variable of the machine around this one, which it may read but not assign")
		}
		c.value(p, v, env)
	}
}

// scope is what an expression may refer to at its place.
type scope struct {
	vars   map[string]bool // variables that may have been assigned
	outer  map[string]bool // those of the machines around
	states []string        // fields of $states that are there
}

func (s scope) with(fields ...string) scope {
	s.states = append(slices.Clone(s.states), fields...)
	return s
}

// value checks the expressions in a value.
func (c *checker) value(path string, v any, env scope) {
	switch v := v.(type) {
	case string:
		c.text(path, v, env)
	case []any:
		for i, e := range v {
			c.value(index(path, i), e, env)
		}
	case *value.Map:
		for k, e := range v.All() {
			if jsonPathKey(k, e) {
				c.problem(join(path, k), "has a key that ends in .$ as in the query language JSONPath; JSONata keeps it as it is")
			}
			c.value(join(path, k), e, env)
		}
	}
}

func jsonPathKey(key string, v any) bool {
	s, ok := v.(string)
	return ok && strings.HasSuffix(key, ".$") && (strings.HasPrefix(s, "$") || strings.HasPrefix(s, "States."))
}

func (c *checker) text(path, s string, env scope) {
	src, ok := Expression(s)
	if !ok {
		if strings.HasPrefix(strings.TrimSpace(s), "{%") && strings.HasSuffix(strings.TrimSpace(s), "%}") {
			c.problem(path, "looks like an expression, but is taken as text: blanks stand around {%% %%}")
		} else if strings.HasPrefix(s, "{%") {
			c.problem(path, "begins with {%% and does not end with %%}")
		}
		return
	}
	if strings.TrimSpace(src) == "" {
		c.problem(path, "is an empty expression")
		return
	}
	if !strings.ContainsRune(" \t\r\n", rune(src[0])) || !strings.ContainsRune(" \t\r\n", rune(src[len(src)-1])) {
		c.problem(path, "needs a blank after {%% and before %%}")
	}
	if _, err := gnata.Compile(src); err != nil {
		c.problem(path, "does not compile as JSONata: %v", err)
		return
	}
	for _, r := range References(src) {
		c.reference(path, r, env)
	}
}

func (c *checker) reference(path string, r Reference, env scope) {
	switch {
	case r.Name == "" || r.Name == "$":
		// `$` within a predicate or a lambda is the context item; at the top
		// it is nothing in Step Functions. Only running tells them apart.
	case r.Name == "states":
		c.statesField(path, r, env)
	case env.vars[r.Name] && r.Call:
		c.problem(path, "calls $%s, which is a variable here", r.Name)
	case env.vars[r.Name]:
	case r.Name == "eval":
		c.problem(path, "uses $eval, which Step Functions does not have")
	case isFunction(r.Name):
	case r.Call:
		c.problem(path, "calls the function $%s, which there is not", r.Name)
	default:
		c.problem(path, "reads the variable $%s, which no state before it assigns", r.Name)
	}
}

func (c *checker) statesField(path string, r Reference, env scope) {
	if len(r.Path) == 0 || slices.Contains(env.states, r.Path[0]) {
		return
	}
	switch r.Path[0] {
	case "input", "context", "result", "errorOutput":
		c.problem(path, "reads $states.%s, which is not there in this field", r.Path[0])
	default:
		c.problem(path, "reads $states.%s; $states has only %s", r.Path[0], strings.Join(env.states, ", "))
	}
}

// isFunction reports whether JSONata or Step Functions has a function of that
// name.
func isFunction(name string) bool {
	_, ok := functions[name]
	return ok
}

// functions are the names of JSONata's functions and Step Functions' own.
var functions = names(`string length substring substringBefore substringAfter uppercase lowercase trim pad contains
	split join match replace base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl
	number abs floor ceil round power sqrt random formatNumber formatBase formatInteger parseInteger sum max min
	average boolean not exists count append sort reverse shuffle distinct zip keys lookup spread merge sift each
	error assert type now millis fromMillis toMillis map filter single reduce flatten values
	partition range hash uuid parse`)

func names(list string) map[string]struct{} {
	return maps.Collect(func(yield func(string, struct{}) bool) {
		for n := range strings.FieldsSeq(list) {
			if !yield(n, struct{}{}) {
				return
			}
		}
	})
}
