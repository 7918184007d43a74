package asl

import (
	"bytes"
	"encoding/json"
)

// Format writes a definition as a person would read it: two blanks of
// indentation, fields in the order of the types here, states in their own
// order, <, > and & as they are, and a newline at the end. Equal definitions
// give equal bytes.
func Format(m *Machine) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
