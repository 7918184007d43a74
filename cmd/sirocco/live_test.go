package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/engine"
)

func TestTaskLineText(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := func(l taskLine, took time.Duration) taskLine {
		l.started, l.ended = start, start.Add(took)
		return l
	}
	for _, c := range []struct {
		what  string
		line  taskLine
		width int
		want  string
	}{
		{"a task", ended(taskLine{name: "a", state: engine.Success}, 1234*time.Millisecond), 0, "SUCCESS  a  1.23s"},
		{"not heard of yet", ended(taskLine{name: "a"}, 0), 0, "RUNNING  a  0s"},
		{"all items", ended(taskLine{name: "a", state: engine.Success, items: 4, ok: 4}, time.Minute), 0,
			"SUCCESS  a  [####################] 4/4  1m0s"},
		{"some items", ended(taskLine{name: "a", state: engine.Running, items: 10000, ok: 4999, failed: 2}, time.Second), 0,
			"RUNNING  a  [##########..........] 5001/10000, 2 failed  1s"},
		{"why", ended(taskLine{name: "a", state: engine.Error, info: "first line\n\n   second line\n"}, 0), 0,
			"ERROR    a  0s  first line second line"},
		{"nothing moves the cursor", ended(taskLine{name: "a\x1b[2J", state: engine.Error, info: "b\x1b[H\rc"}, 0), 0,
			"ERROR    a [2J  0s  b[Hc"},
		{"cut at the width", ended(taskLine{name: "a", state: engine.Error, info: "größer als das Terminal"}, 0), 20,
			"ERROR    a  0s  größ"},
	} {
		if got := c.line.text(c.width); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.what, got, c.want)
		}
	}
}

// TestPlainView holds that where there is no terminal a task is one line, once
// it has ended, and that --json keeps even these back.
func TestPlainView(t *testing.T) {
	progress := []engine.Progress{
		{ID: "1", Task: "a", State: engine.Running, Item: -1},
		{ID: "1", Task: "a", State: engine.Running, Items: 2, Item: -1},
		{ID: "1", Task: "a", State: engine.Success, Items: 2, Item: 0},
		{ID: "1", Task: "a", State: engine.Error, Items: 2, Item: 1, Info: "of the item"},
		{ID: "2", Task: "b", State: engine.Running, Item: -1},
		{ID: "1", Task: "a", State: engine.Error, Item: -1, Info: "One or more actions had failed."},
	}
	resumed := []engine.Progress{
		{ID: "3", Task: "c", State: engine.Success, Items: 40, Item: 39},
		{ID: "3", Task: "c", State: engine.Success, Items: 40, Item: -1},
	}
	progress = append(progress, resumed...)
	for range 2 { // tried again: the last outcome of an item counts
		progress = slices.Insert(progress, 2, engine.Progress{ID: "1", Task: "a", State: engine.Error, Items: 2, Item: 0})
	}
	var out bytes.Buffer
	v := newView(&app{err: &out}, false)
	for _, p := range progress {
		v.observe(p)
	}
	v.close()
	got := volatileTook(out.String())
	if want := "ERROR    a  [####################] 2/2, 1 failed  TOOK  One or more actions had failed.\n" +
		"SUCCESS  c  [####################] 40/40  TOOK\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	out.Reset()
	v = newView(&app{err: &out}, true)
	for _, p := range progress {
		v.observe(p)
	}
	v.close()
	if out.Len() != 0 {
		t.Errorf("with --json: %q", out.String())
	}
}

func volatileTook(s string) string {
	for _, v := range volatile {
		if v.with == "TOOK" {
			s = v.find.ReplaceAllString(s, v.with)
		}
	}
	return s
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		done, all, cells int
	}{{0, 0, 0}, {0, 5, 0}, {1, 5, 4}, {5, 5, 20}, {7, 5, 20}, {1, 1000, 0}, {999, 1000, 19}} {
		if got := strings.Count(bar(c.done, c.all), "#"); got != c.cells {
			t.Errorf("bar(%d, %d) has %d cells, want %d", c.done, c.all, got, c.cells)
		}
	}
}
