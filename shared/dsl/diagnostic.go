package dsl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity says how bad a diagnostic is.
type Severity int

// The severities. Only an error keeps a file from being used.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one finding about a source file.
type Diagnostic struct {
	// ID names the kind of finding; it stays the same between versions.
	ID       string
	Severity Severity
	// Summary is one line without a full stop.
	Summary string
	// Detail is a sentence or more on the cause; may be empty.
	Detail string
	// Advice says what to write instead; may be empty.
	Advice string
	// Subject is the text at fault.
	Subject Span
	// Context is the larger construct that a reader wants to see, or nil.
	Context *Span
}

// Error returns "file:line:col: summary".
func (d *Diagnostic) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", d.Subject.File, d.Subject.Start.Line, d.Subject.Start.Col, d.Summary)
}

// Diagnostics is a list of findings, sorted by place once [Parse] returns it.
type Diagnostics []Diagnostic

// Error returns one line for each finding.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i := range ds {
		lines[i] = ds[i].Error()
	}
	return strings.Join(lines, "\n")
}

// HasErrors reports whether one of the findings is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Err returns the findings as an error if one of them is an error, else nil.
func (ds Diagnostics) Err() error {
	if ds.HasErrors() {
		return ds
	}
	return nil
}

// Sort orders the findings by file, place and id.
func (ds Diagnostics) Sort() {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.Subject.File, b.Subject.File),
			cmp.Compare(a.Subject.Start.Offset, b.Subject.Start.Offset),
			cmp.Compare(a.Severity, b.Severity),
			strings.Compare(a.ID, b.ID),
			strings.Compare(a.Summary, b.Summary),
		)
	})
}
