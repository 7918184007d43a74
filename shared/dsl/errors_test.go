package dsl

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// expectation is the comment at the end of a line that must be found wrong:
//
//	retry: 5   ### wrong-type "must be a dictionary"
//
// the id of the finding and a regular expression that its text or advice matches.
var expectation = regexp.MustCompile(`### (\S+) "((?:[^"\\]|\\.)*)"`)

// TestErrors parses the documents of testdata/errors, separated by lines of
// dashes, and holds that exactly the expected findings come, on their lines.
func TestErrors(t *testing.T) {
	paths, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		line := 1
		for _, chunk := range bytes.SplitAfter(src, []byte("\n----\n")) {
			checkChunk(t, path, line, bytes.TrimSuffix(chunk, []byte("----\n")))
			line += bytes.Count(chunk, []byte("\n"))
		}
	}
}

func checkChunk(t *testing.T, path string, firstLine int, src []byte) {
	t.Helper()
	_, diags := Parse("in.yaml", src, Options{})
	matched := make([]bool, len(diags))
	for i, line := range strings.Split(string(src), "\n") {
		for _, m := range expectation.FindAllStringSubmatch(line, -1) {
			re, found := regexp.MustCompile(m[2]), false
			for j, d := range diags {
				if !matched[j] && d.Subject.Start.Line == i+1 && d.ID == m[1] && re.MatchString(d.Summary+" | "+d.Advice) {
					matched[j], found = true, true
					break
				}
			}
			if !found {
				t.Errorf("%s:%d: no finding %s %q\n%s", path, firstLine+i, m[1], m[2], list(diags))
			}
		}
	}
	for j, d := range diags {
		if !matched[j] {
			t.Errorf("%s:%d: unexpected: %s [%s] | %s", path, firstLine+d.Subject.Start.Line-1, d.Summary, d.ID, d.Advice)
		}
	}
}

func list(ds Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "\t%d:%d %s [%s] | %s\n", d.Subject.Start.Line, d.Subject.Start.Col, d.Summary, d.ID, d.Advice)
	}
	return b.String()
}
