package dsl

import (
	"regexp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// mistralParams is the pattern that paramScanner stands for.
var mistralParams = regexp.MustCompile(`([-\pL\pN_]+)=("[^"]*"\s*|'[^']*'\s*|\{\{.*?\}\}|<%.*?%>|\[.*\]\s*|true|false|null|\d+)`)

// TestParamScanner holds the scanner to the pattern on random texts of the pieces
// that matter.
func TestParamScanner(t *testing.T) {
	pieces := []string{"a", "é", "-", "_", "=", "=", "\"", "'", "{{", "}}", "{", "<%", "%>", "[", "]", "]", "true", "null", "12", " ", " ", "\n", "\t", "(", "."}
	rapid.Check(t, func(t *rapid.T) {
		text := ""
		for _, p := range rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 40).Draw(t, "pieces") {
			text += p
		}
		var want, got []paramMatch
		for _, m := range mistralParams.FindAllStringSubmatchIndex(text, -1) {
			want = append(want, paramMatch{m[2], m[3], m[1]})
		}
		s := paramScanner{text: text}
		for m, ok := s.next(0); ok; m, ok = s.next(m.end) {
			got = append(got, m)
		}
		if !slices.Equal(want, got) {
			t.Fatalf("%q: %v, the pattern finds %v", text, got, want)
		}
	})
}
