package asl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// null is the type of [Null].
type null string

// Null stands for a JSON null in a field of a state that holds any value, where
// Go's nil means that the field is absent. Inside a value null is nil.
const Null null = "null"

// MarshalJSON implements [json.Marshaler].
func (null) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// Value turns what a field of type any of a [State] holds into value data:
// [Null] becomes nil.
func Value(field any) any {
	if field == Null {
		return nil
	}
	return field
}

// Decode reads a definition. Values in it are package value's and keep their
// order; fields that the types here do not know are remembered for [Check]. The
// error, a [Problems], names every place whose JSON has not the type that the
// language gives it, and every key that an object has twice.
func Decode(data []byte) (*Machine, error) {
	v, err := value.Decode(data)
	if err != nil {
		return nil, err
	}
	d := &decoder{}
	if err := d.duplicates(data); err != nil {
		return nil, err
	}
	m := d.machine("", v)
	if len(d.problems) > 0 {
		return nil, d.problems
	}
	return m, nil
}

// UnmarshalJSON implements [json.Unmarshaler] by [Decode].
func (m *Machine) UnmarshalJSON(data []byte) error {
	out, err := Decode(data)
	if err != nil {
		return err
	}
	*m = *out
	return nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (s *State) UnmarshalJSON(data []byte) error {
	v, err := value.Decode(data)
	if err != nil {
		return err
	}
	d := &decoder{}
	out := d.state("", v)
	if len(d.problems) > 0 {
		return d.problems
	}
	*s = *out
	return nil
}

// decoder builds the types from value data and collects what does not fit.
type decoder struct {
	problems Problems
}

func (d *decoder) problem(path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// absent reports a value of the wrong kind; null counts as an absent field.
func (d *decoder) absent(path string, v any, want string) {
	if v != nil {
		d.problem(path, "is %s, not %s", kind(v), want)
	}
}

// fields hands each key of the object v to the setter of that name and returns
// the names that have none.
func (d *decoder) fields(path string, v any, set map[string]func(path string, v any)) []string {
	m, ok := v.(*value.Map)
	if !ok {
		d.problem(path, "is %s, not an object", kind(v))
		return nil
	}
	var unknown []string
	for key, field := range m.All() {
		if f, ok := set[key]; ok {
			f(join(path, key), field)
		} else {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

func (d *decoder) machine(path string, v any) *Machine {
	m := &Machine{}
	m.unknown = d.fields(path, v, map[string]func(string, any){
		"Comment":         d.str(&m.Comment),
		"QueryLanguage":   d.str(&m.QueryLanguage),
		"Version":         d.str(&m.Version),
		"TimeoutSeconds":  d.integer(&m.TimeoutSeconds),
		"StartAt":         d.str(&m.StartAt),
		"ProcessorConfig": func(p string, v any) { m.ProcessorConfig = d.processorConfig(p, v) },
		"States": func(p string, v any) {
			dict, ok := v.(*value.Map)
			if !ok {
				d.absent(p, v, "an object")
				return
			}
			m.States = &States{}
			for name, state := range dict.All() {
				m.States.Add(name, d.state(join(p, name), state))
			}
		},
	})
	return m
}

func (d *decoder) processorConfig(path string, v any) *ProcessorConfig {
	c := &ProcessorConfig{}
	c.unknown = d.fields(path, v, map[string]func(string, any){
		"Mode":          d.str(&c.Mode),
		"ExecutionType": d.str(&c.ExecutionType),
	})
	return c
}

func (d *decoder) state(path string, v any) *State {
	s := &State{}
	s.unknown = d.fields(path, v, map[string]func(string, any){
		"Type":                       d.str(&s.Type),
		"Comment":                    d.str(&s.Comment),
		"QueryLanguage":              d.str(&s.QueryLanguage),
		"Resource":                   d.str(&s.Resource),
		"Arguments":                  anyValue(&s.Arguments),
		"Credentials":                anyValue(&s.Credentials),
		"TimeoutSeconds":             anyValue(&s.TimeoutSeconds),
		"HeartbeatSeconds":           anyValue(&s.HeartbeatSeconds),
		"Branches":                   list(d, &s.Branches, d.machine),
		"Items":                      anyValue(&s.Items),
		"ItemSelector":               anyValue(&s.ItemSelector),
		"ItemReader":                 anyValue(&s.ItemReader),
		"ItemBatcher":                anyValue(&s.ItemBatcher),
		"ResultWriter":               anyValue(&s.ResultWriter),
		"MaxConcurrency":             anyValue(&s.MaxConcurrency),
		"ToleratedFailureCount":      anyValue(&s.ToleratedFailureCount),
		"ToleratedFailurePercentage": anyValue(&s.ToleratedFailurePercentage),
		"Label":                      d.str(&s.Label),
		"ItemProcessor":              func(p string, v any) { s.ItemProcessor = d.machine(p, v) },
		"Seconds":                    anyValue(&s.Seconds),
		"Timestamp":                  anyValue(&s.Timestamp),
		"Choices":                    list(d, &s.Choices, d.choice),
		"Default":                    d.str(&s.Default),
		"Error":                      anyValue(&s.Error),
		"Cause":                      anyValue(&s.Cause),
		"Output":                     anyValue(&s.Output),
		"Assign":                     d.dict(&s.Assign),
		"Retry":                      list(d, &s.Retry, d.retrier),
		"Catch":                      list(d, &s.Catch, d.catcher),
		"Next":                       d.str(&s.Next),
		"End":                        d.boolean(&s.End),
	})
	return s
}

func (d *decoder) choice(path string, v any) *Choice {
	c := &Choice{}
	c.unknown = d.fields(path, v, map[string]func(string, any){
		"Comment":   d.str(&c.Comment),
		"Condition": anyValue(&c.Condition),
		"Assign":    d.dict(&c.Assign),
		"Output":    anyValue(&c.Output),
		"Next":      d.str(&c.Next),
	})
	return c
}

func (d *decoder) retrier(path string, v any) *Retrier {
	r := &Retrier{}
	r.unknown = d.fields(path, v, map[string]func(string, any){
		"Comment":         d.str(&r.Comment),
		"ErrorEquals":     d.strs(&r.ErrorEquals),
		"IntervalSeconds": d.integer(&r.IntervalSeconds),
		"MaxAttempts": func(p string, v any) {
			r.MaxAttempts = new(int64)
			d.integer(r.MaxAttempts)(p, v)
		},
		"BackoffRate":     d.float(&r.BackoffRate),
		"MaxDelaySeconds": d.integer(&r.MaxDelaySeconds),
		"JitterStrategy":  d.str(&r.JitterStrategy),
	})
	return r
}

func (d *decoder) catcher(path string, v any) *Catcher {
	c := &Catcher{}
	c.unknown = d.fields(path, v, map[string]func(string, any){
		"Comment":     d.str(&c.Comment),
		"ErrorEquals": d.strs(&c.ErrorEquals),
		"Output":      anyValue(&c.Output),
		"Assign":      d.dict(&c.Assign),
		"Next":        d.str(&c.Next),
	})
	return c
}

// anyValue sets a field that holds any value.
func anyValue(to *any) func(string, any) {
	return func(_ string, v any) {
		if v == nil {
			v = Null
		}
		*to = v
	}
}

func (d *decoder) str(to *string) func(string, any) {
	return func(path string, v any) {
		s, ok := v.(string)
		if !ok {
			d.problem(path, "is %s, not a string", kind(v))
		}
		*to = s
	}
}

func (d *decoder) strs(to *[]string) func(string, any) {
	return func(path string, v any) {
		l, ok := v.([]any)
		if !ok {
			d.absent(path, v, "a list of strings")
		}
		for i, e := range l {
			var s string
			d.str(&s)(index(path, i), e)
			*to = append(*to, s)
		}
	}
}

func (d *decoder) boolean(to *bool) func(string, any) {
	return func(path string, v any) {
		b, ok := v.(bool)
		if !ok {
			d.problem(path, "is %s, not a boolean", kind(v))
		}
		*to = b
	}
}

func (d *decoder) integer(to *int64) func(string, any) {
	return func(path string, v any) {
		i, ok := v.(int64)
		if !ok {
			d.problem(path, "is %s, not an integer", kind(v))
		}
		*to = i
	}
}

func (d *decoder) float(to *float64) func(string, any) {
	return func(path string, v any) {
		switch v := v.(type) {
		case float64:
			*to = v
		case int64:
			*to = float64(v)
		default:
			d.problem(path, "is %s, not a number", kind(v))
		}
	}
}

func (d *decoder) dict(to **value.Map) func(string, any) {
	return func(path string, v any) {
		m, ok := v.(*value.Map)
		if !ok {
			d.absent(path, v, "an object")
			return
		}
		*to = m
	}
}

func list[T any](d *decoder, to *[]*T, one func(string, any) *T) func(string, any) {
	return func(path string, v any) {
		l, ok := v.([]any)
		if !ok {
			d.absent(path, v, "a list")
			return
		}
		*to = make([]*T, len(l))
		for i, e := range l {
			(*to)[i] = one(index(path, i), e)
		}
	}
}

// duplicates reports keys that one object has twice, which decoding into a
// dictionary would lose. The data is known to be valid JSON.
func (d *decoder) duplicates(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type level struct {
		keys  map[string]bool // nil in a list
		path  string
		isKey bool // the next token is a key
		key   string
		n     int
	}
	stack := []*level{{}}
	for {
		tok, err := dec.Token()
		if err != nil {
			if len(stack) == 1 {
				return nil
			}
			return errors.Join(errors.New("JSON ends early"), err)
		}
		top := stack[len(stack)-1]
		if name, ok := tok.(string); ok && top.isKey {
			if top.keys[name] {
				d.problem(join(top.path, name), "is there twice")
			}
			top.keys[name], top.key, top.isKey = true, name, false
			continue
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			path := top.path
			if top.keys != nil {
				path = join(path, top.key)
			} else if len(stack) > 1 {
				path = index(path, top.n)
			}
			next := &level{path: path}
			if tok == json.Delim('{') {
				next.keys, next.isKey = map[string]bool{}, true
			}
			stack = append(stack, next)
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:len(stack)-1]
			top = stack[len(stack)-1]
		}
		top.isKey = top.keys != nil
		top.n++
	}
}

func kind(v any) string {
	switch v.(type) {
	case nil, null:
		return "null"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	case int64, *big.Int:
		return "an integer"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case *value.Map:
		return "an object"
	default:
		return fmt.Sprintf("a %T", v)
	}
}
