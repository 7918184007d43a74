package local_test

import "testing"

// TestReport holds what compile reports of the straight path to what a run of it
// takes.
func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		items int
		text  string
	}{
		"chain":      {text: "    a: {on-success: b}\n    b: {on-complete: c}\n    c: {action: std.noop}\n"},
		"guard":      {text: "    a: {on-success: [{b: <% true %>}], on-error: h}\n    b: {action: std.noop}\n    h: {action: std.noop}\n"},
		"fork":       {text: "    a: {on-success: [b, c]}\n    b: {on-success: d}\n    c: {on-success: d}\n    d: {join: all}\n"},
		"nested":     {text: "    a: {on-success: [b, c]}\n    b: {on-success: [e, f]}\n    c: {on-success: d}\n    d: {join: all}\n    e: {on-success: g}\n    f: {on-success: g}\n    g: {join: all, on-success: d}\n"},
		"start":      {text: "    a: {action: std.noop}\n    b: {action: std.noop}\n"},
		"items":      {items: 7, text: "    a: {with-items: i in <% range(7) %>, action: std.noop, on-success: b}\n    b: {action: std.noop}\n"},
		"retry":      {text: "    a: {retry: {count: 2, delay: 1}, on-success: b}\n    b: {action: std.noop}\n"},
		"break":      {text: "    a: {retry: {count: 2, delay: 1, break-on: <% false %>}, on-success: b}\n    b: {action: std.noop}\n"},
		"waits":      {text: "    a: {wait-before: 1, wait-after: 1, on-success: b}\n    b: {action: std.noop}\n"},
		"one":        {text: "    a: {on-success: c}\n    b: {on-success: c}\n    c: {join: one, on-success: d}\n    d: {action: std.noop}\n"},
		"grid":       {text: "    a: {on-success: [b, c]}\n    b: {on-success: [d, e]}\n    c: {on-success: [d, e]}\n    d: {join: all, on-success: f}\n    e: {join: all, on-success: f}\n    f: {join: all}\n"},
		"itemsFork":  {items: 3, text: "    a: {on-success: [b, c]}\n    b: {with-items: i in <% range(3) %>, action: std.noop, on-success: d}\n    c: {on-success: d}\n    d: {join: all}\n"},
		"itemsGrid":  {items: 2, text: "    a: {on-success: c}\n    b: {on-success: c}\n    c: {join: one, with-items: i in <% range(2) %>, action: std.noop}\n"},
		"errorsOnly": {text: "    a: {on-error: b, on-success: c}\n    b: {on-success: c}\n    c: {action: std.noop}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "version: '2.0'\nw:\n  tasks:\n" + c.text
			w := newSimulation(t).compiled(text)[0]
			r, err := w.Report()
			if err != nil {
				t.Fatal(err)
			}
			got, want := r.Transitions+c.items*r.PerItem, len(entered(t, w.Form(), text))
			if got != want {
				t.Errorf("the report says %d transitions (%+v), a run takes %d", got, r, want)
			}
		})
	}
}
