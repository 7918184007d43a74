package asl

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with a definition.
type Problem struct {
	Path    string // where, for example `States.Fetch.Retry[0].ErrorEquals`; empty for the definition itself
	Message string // what, to be read after the path: `is missing`
}

// Problems are all the problems of one definition, in its order. It is the
// error of [Decode] and [Check].
type Problems []Problem

// Error implements error: one line per problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, e := range p {
		lines[i] = e.String()
	}
	return strings.Join(lines, "\n")
}

// String gives the problem as one line.
func (p Problem) String() string {
	if p.Path == "" {
		return "the definition " + p.Message
	}
	return p.Path + " " + p.Message
}

func join(path, key string) string {
	if strings.ContainsAny(key, ".[]\" ") || key == "" {
		return fmt.Sprintf("%s[%q]", path, key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string {
	return fmt.Sprintf("%s[%d]", path, i)
}
