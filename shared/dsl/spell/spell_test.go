package spell

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	keys := []string{"action", "workflow", "on-success", "on-error", "on-complete", "publish", "publish-on-error", "retry", "join", "input"}
	for _, c := range []struct{ word, want string }{
		{"actoin", "action"},  // two letters swapped
		{"acton", "action"},   // one missing
		{"actionn", "action"}, // one too many
		{"on_success", "on-success"},
		{"On-Success", "on-success"},
		{"onsuccess", "on-success"},
		{"on-succes", "on-success"},
		{"on-succ", "on-success"}, // three letters missing, three allowed for seven
		{"on-eror", "on-error"},
		{"jion", "join"},
		{"jn", ""},           // two letters from join, one allowed
		{"retries", "retry"}, // three of seven
		{"pubilsh", "publish"},
		{"inputs", "input"},
		{"xyz", ""},
		{"", ""},
		{"action", ""}, // the word itself
		{"complete", "on-complete"},
		{"errors", ""},
	} {
		if got := Nearest(c.word, keys); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
}

func TestNearestPrefersTheNearer(t *testing.T) {
	if got := Nearest("task12", []string{"task22", "task1", "tisk11"}); got != "task22" {
		t.Errorf("got %q; of equally near ones the first counts", got)
	}
	if got := Nearest("taska", []string{"tsk", "taskb"}); got != "taskb" {
		t.Errorf("got %q", got)
	}
}

// TestDistance compares with the definition, computed without shortcuts.
func TestDistance(t *testing.T) {
	word := rapid.StringOfN(rapid.RuneFrom([]rune("abc-é")), 0, 6, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		bound := rapid.IntRange(1, 12).Draw(t, "bound")
		want := min(slow([]rune(a), []rune(b)), bound)
		if got := min(distance([]rune(a), []rune(b), bound), bound); got != want {
			t.Fatalf("distance(%q, %q, %d) = %d, want %d", a, b, bound, got, want)
		}
	})
}

func slow(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	}
	cost := 1
	if a[len(a)-1] == b[len(b)-1] {
		cost = 0
	}
	d := slow(a[:len(a)-1], b[:len(b)-1]) + cost
	if cost == 0 {
		return d
	}
	d = min(d, slow(a[:len(a)-1], b)+1, slow(a, b[:len(b)-1])+1)
	if n, m := len(a), len(b); n > 1 && m > 1 && a[n-1] == b[m-2] && a[n-2] == b[m-1] {
		d = min(d, slow(a[:n-2], b[:m-2])+1)
	}
	return d
}

func TestLongWords(t *testing.T) {
	long := strings.Repeat("x", 5000)
	if got := Nearest(long, []string{long + "y", "short"}); got != long+"y" {
		t.Error("a long word is not found")
	}
}
