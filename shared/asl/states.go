package asl

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
)

// States is the dictionary of a machine's states, in the order in which they
// were added, so that a definition reads from its start to its end. The zero
// value is empty and ready to use.
type States struct {
	names  []string
	states map[string]*State
}

// Len returns the number of states.
func (s *States) Len() int {
	if s == nil {
		return 0
	}
	return len(s.names)
}

// Get returns the state of that name, or nil.
func (s *States) Get(name string) *State {
	if s == nil {
		return nil
	}
	return s.states[name]
}

// Add puts state under name. A known name keeps its place.
func (s *States) Add(name string, state *State) {
	if s.states == nil {
		s.states = map[string]*State{}
	}
	if _, ok := s.states[name]; !ok {
		s.names = append(s.names, name)
	}
	s.states[name] = state
}

// Names returns the names in order, as a slice that the caller owns.
func (s *States) Names() []string {
	if s == nil {
		return nil
	}
	return slices.Clone(s.names)
}

// All iterates over names and states in order.
func (s *States) All() iter.Seq2[string, *State] {
	return func(yield func(string, *State) bool) {
		if s == nil {
			return
		}
		for _, n := range s.names {
			if !yield(n, s.states[n]) {
				return
			}
		}
	}
}

// MarshalJSON implements [json.Marshaler]: an object in the states' order.
func (s *States) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	buf.WriteByte('{')
	for i, name := range s.names {
		if i > 0 {
			buf.WriteByte(',')
		}
		if err := enc.Encode(name); err != nil {
			return nil, err
		}
		buf.WriteByte(':')
		if err := enc.Encode(s.states[name]); err != nil {
			return nil, err
		}
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}
