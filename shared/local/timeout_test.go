package local_test

import (
	"fmt"
	"testing"
	"time"
)

// TestTimeoutWhileWaiting: a task that reaches its timeout while it waits
// afterwards goes on from there at that time; one that reached it before waits.
func TestTimeoutWhileWaiting(t *testing.T) {
	for _, c := range []struct {
		task  string
		after time.Duration
	}{
		{"action: std.noop, wait-after: 4, timeout: 2", 2 * time.Second},
		{"action: std.fail, wait-after: 4, timeout: 2", 2 * time.Second},
		{"action: std.fail, wait-after: <% 1 %>, timeout: 2", time.Second},
		{"action: std.noop, wait-before: 2, wait-after: <% 4 %>, timeout: 5", 5 * time.Second},
		{"action: std.sleep seconds=4, wait-after: 3, timeout: 2", 5 * time.Second},
		{"with-items: i in <% range(3) %>, action: std.sleep seconds=<% $.i %>, wait-after: 3, timeout: 3", 3 * time.Second},
		{"with-items: i in <% range(3) %>, action: std.fail, wait-after: 9, timeout: 3", 3 * time.Second},
		{"workflow: sub, wait-after: 2, timeout: <% 4 %>", 4 * time.Second},
	} {
		s := newSimulation(t)
		head, r := s.run(fmt.Sprintf(`
version: '2.0'
wf:
  tasks:
    a: {%s, on-error: after, on-success: never}
    after: {action: std.noop}
    never: {action: std.noop}
sub:
  tasks:
    s: {action: std.sleep seconds=3}
`, c.task))
		tasks, err := r.Records().Tasks(t.Context(), head.ID)
		if err != nil {
			t.Fatal(err)
		}
		got := time.Duration(-1)
		for _, task := range tasks {
			if task.Name == "after" {
				got = task.StartedAt.Sub(epoch)
			}
		}
		if got != c.after || len(tasks) != 2 {
			t.Errorf("%s: goes on after %v, not %v (%d tasks)", c.task, got, c.after, len(tasks))
		}
	}
}
