package e2e_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// fleet forks into two branches that create servers, waits for them and joins.
// With threads in front it takes the form of that name.
const fleet = `
version: '2.0'
fleet:
  input: [image, flavor, names]
  output:
    left: <% $.left %>
    right: <% $.right %>
    listed: <% $.listed %>
  tasks:
    begin:
      action: std.echo output="begin"
      on-success: [left, right]
    left:
      with-items: name in <% $.names %>
      concurrency: 2
      action: nova.servers_create
      input: {action_region: RegionOne, name: <% 'left-' + $.name %>, image: <% $.image %>, flavor: <% $.flavor %>, nics: none}
      publish: {left: <% task().result.name %>, ids: <% task().result.id %>}
      on-success: [wait]
    wait:
      with-items: id in <% $.ids %>
      action: nova.servers_get action_region="RegionOne" server=<% $.id %>
      wait-before: 1
      on-success: [joined]
    right:
      with-items: name in <% $.names %>
      action: nova.servers_create
      input: {action_region: RegionTwo, name: <% 'right-' + $.name %>, image: <% $.image2 %>, flavor: <% $.flavor %>, nics: none}
      publish: {right: <% task().result.name %>}
      on-success: [rest]
    rest:
      workflow: resting
      on-success: [joined]
    joined:
      join: all
      action: nova.servers_list action_region="RegionTwo"
      retry: {count: 2, delay: 1}
      publish: {listed: <% task().result.name.orderBy($) %>}
resting:
  tasks:
    rest: {action: std.echo output="rested"}
`

const threads = `    one: {action: std.noop, on-success: [begin]}
    two: {action: std.noop, on-success: [begin]}
    begin:
      join: one
`

// trap is called by the sandbox for each of its requests after the work is
// done and before the answer is sent: whoever is killed then never learns.
type trap struct {
	slog.Handler
	mu   sync.Mutex
	left int
	path string // only requests whose path ends so
	hit  func()
}

// Enabled implements [slog.Handler].
func (tr *trap) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements [slog.Handler].
func (tr *trap) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "sandbox request" {
		return nil
	}
	path := ""
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "path" {
			path = a.Value.String()
		}
		return true
	})
	tr.mu.Lock()
	hit := tr.hit
	if !strings.HasSuffix(path, tr.path) {
		tr.mu.Unlock()
		return nil
	}
	tr.left--
	if tr.left != 0 {
		hit = nil
	}
	tr.mu.Unlock()
	if hit != nil {
		hit()
	}
	return nil
}

// set lets hit be called at the n-th request from now on.
func (tr *trap) set(n int, hit func()) { tr.setPath(n, "", hit) }

// setPath is set for the requests whose path ends so.
func (tr *trap) setPath(n int, path string, hit func()) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.left, tr.hit, tr.path = n, hit, path
}

// shipyard is a sandbox with a trap and the CLI beside it.
type shipyard struct {
	*cli
	sandbox *sandbox.Sandbox
	trap    *trap
	args    []string // of run
	names   []any
}

func newShipyard(t *testing.T, form string) *shipyard {
	t.Helper()
	y := &shipyard{trap: &trap{Handler: slog.DiscardHandler}, names: []any{"a", "b", "c"}}
	y.sandbox = startSandbox(t, sandbox.Options{
		Clouds: sandbox.DefaultClouds(1, 2), Empty: true, Logger: slog.New(y.trap),
	})
	y.cli = newCLI(t, y.sandbox.CloudsYAML())
	id := func(action, region string) string {
		return at(t, y.json("action", "run", action, "--region", region, "--json"), "result", 0, "id").(string)
	}
	text := fleet
	if form == "threads" {
		text = strings.Replace(text, "    begin:\n", threads, 1)
	}
	text = strings.ReplaceAll(text, "$.image2", "'"+id("glance.images_list", "RegionTwo")+"'")
	input := value.MapOf("image", id("glance.images_list", "RegionOne"), "flavor", id("nova.flavors_list", "RegionOne"), "names", y.names)
	y.args = []string{"run", "--json", "--workflow", "fleet", y.write("fleet.yaml", text), "--input", string(value.MustEncode(input))}
	y.sandbox.ResetCounts()
	return y
}

// creates is how many creations reached the sandbox.
func (y *shipyard) creates() int {
	return y.sandbox.Count(sandbox.RequestKey{Service: "compute", Method: "POST", Route: "/servers"})
}

// executions are the ids of fleet's that the store holds.
func (y *shipyard) executions() []string {
	var ids []string
	for _, e := range y.json("execution", "list", "--json").([]any) {
		if at(y.t, e, "workflow") == "fleet" {
			ids = append(ids, at(y.t, e, "id").(string))
		}
	}
	return ids
}

// wantDone checks an execution's document as `run --json` printed it.
func (y *shipyard) wantDone(r ran) {
	y.t.Helper()
	doc, err := value.Decode([]byte(r.stdout))
	if err != nil || r.status != 0 {
		y.t.Fatalf("exit %d, %v\n%s\n%s", r.status, err, r.stdout, r.stderr)
	}
	want := `{"left":["left-a","left-b","left-c"],"right":["right-a","right-b","right-c"],"listed":["right-a","right-b","right-c"]}`
	if got := string(value.MustEncode(at(y.t, doc, "output"))); got != want {
		y.t.Errorf("output %s, not %s", got, want)
	}
	if n := y.creates(); n != 6 {
		y.t.Errorf("%d servers were created, not 6", n)
	}
}

// TestKilled kills runs at random points and resumes them until they end. They
// end as if nothing had happened, and nothing is created twice. Where the kill
// came between a creation and its record, the error says that nobody knows.
func TestKilled(t *testing.T) {
	t.Parallel()
	rounds := 4
	if testing.Short() {
		rounds = 1
	}
	seed := uint64(time.Now().UnixNano())
	for round := range rounds {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			t.Logf("seed %d, round %d", seed, round)
			form := []string{"structured", "threads"}[round%2]
			killedOften(t, newShipyard(t, form), rand.New(rand.NewPCG(seed, uint64(round))))
		})
	}
}

func killedOften(t *testing.T, y *shipyard, random *rand.Rand) {
	args, kills := y.args, 0
	for {
		var r ran
		if kills < 4 {
			r = y.killedRun(random, args)
		} else {
			r = y.run(args...)
		}
		if r.status >= 0 {
			y.wantEnd(r, kills)
			return
		}
		kills++
		if ids := y.executions(); len(ids) == 1 {
			args = []string{"run", "--json", "--resume", ids[0]}
		} else if len(ids) > 1 || y.sandbox.Count(sandbox.RequestKey{}) > 0 {
			t.Fatalf("the store holds %d executions", len(ids))
		}
	}
}

// killedRun runs a command and kills it at a request of it or some
// milliseconds later, or some time after it was started.
func (y *shipyard) killedRun(random *rand.Rand, args []string) ran {
	process, wait := y.start(args...)
	kill := func() { _ = process.Kill() }
	n, delay := 1+random.IntN(8), time.Duration(random.IntN(40))*time.Millisecond
	if random.IntN(3) == 0 {
		delay = 0
	}
	y.t.Logf("to be killed %v after request %d", delay, n)
	y.trap.set(n, func() {
		if delay == 0 {
			kill()
			return
		}
		time.AfterFunc(delay, kill)
	})
	r := wait()
	y.trap.set(0, nil)
	return r
}

// wantEnd checks how an execution ended that was killed so often.
func (y *shipyard) wantEnd(r ran, kills int) {
	y.t.Helper()
	for _, region := range y.sandbox.Regions("alpha") {
		seen := map[string]bool{}
		list := y.json("action", "run", "nova.servers_list", "--region", region, "--json")
		for _, e := range at(y.t, list, "result").([]any) {
			name := at(y.t, e, "name").(string)
			if seen[name] {
				y.t.Errorf("%s was created twice", name)
			}
			seen[name] = true
		}
	}
	if r.status == 0 {
		y.wantDone(r)
		return
	}
	if r.status != 1 || kills == 0 || y.creates() > 6 {
		y.t.Fatalf("exit %d after %d kills, %d creations\n%s\n%s", r.status, kills, y.creates(), r.stdout, r.stderr)
	}
	wantWords(y.t, "the document", r.stdout, "nova.servers_create", "was started before and its outcome is not known")
}

// TestKilledBetween kills a run when a creation is done and its answer is not
// sent: the error says so, and the creation is not repeated.
func TestKilledBetween(t *testing.T) {
	t.Parallel()
	y := newShipyard(t, "structured")
	process, wait := y.start(y.args...)
	y.trap.set(2, func() { _ = process.Kill() }) // the first is the token's
	if r := wait(); r.status != -1 {
		t.Fatalf("exit %d\n%s", r.status, r.stderr)
	}
	y.trap.set(0, nil)
	ids := y.executions()
	if len(ids) != 1 {
		t.Fatalf("the store holds %d executions", len(ids))
	}
	r := y.run("run", "--json", "--resume", ids[0])
	y.wantEnd(r, 1)
	if r.status != 1 {
		t.Errorf("exit %d, though nobody can know what became of the creation", r.status)
	}
	if again := y.run("run", "--json", "--resume", ids[0]); again.status != 1 || again.stdout != r.stdout {
		t.Errorf("resumed once more: exit %d\n%s\n%s", again.status, again.stdout, again.stderr)
	}
}

// TestKilledLater kills a run twice when all is created and recorded: the same
// outcome as without, and no creation more.
func TestKilledLater(t *testing.T) {
	t.Parallel()
	for _, form := range []string{"structured", "threads"} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			y := newShipyard(t, form)
			args := y.args
			for range 2 {
				process, wait := y.start(args...)
				y.trap.setPath(1, "/servers/detail", func() { _ = process.Kill() })
				if r := wait(); r.status != -1 {
					t.Fatalf("exit %d\n%s", r.status, r.stderr)
				}
				y.trap.set(0, nil)
				args = []string{"run", "--json", "--resume", y.executions()[0]}
			}
			y.wantDone(y.run(args...))
		})
	}
}

// TestInterrupted: Ctrl-C lets what is under way come to its end, says how to
// go on, and nothing is lost or repeated.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	y := newShipyard(t, "structured")
	process, wait := y.start(y.args...)
	y.trap.set(3, func() { _ = process.Signal(os.Interrupt) })
	r := wait()
	y.trap.set(0, nil)
	ids := y.executions()
	if r.status != 3 || len(ids) != 1 {
		t.Fatalf("exit %d, %d executions\n%s\n%s", r.status, len(ids), r.stdout, r.stderr)
	}
	wantWords(t, "stderr", r.stderr, "sirocco run --store "+y.store+" --resume "+ids[0])
	y.wantDone(y.run("run", "--json", "--resume", ids[0]))
}

// TestTerminated is the same with the signal that service managers send.
func TestTerminated(t *testing.T) {
	t.Parallel()
	y := newShipyard(t, "structured")
	process, wait := y.start(y.args...)
	y.trap.set(6, func() { _ = process.Signal(syscall.SIGTERM) })
	r := wait()
	y.trap.set(0, nil)
	if ids := y.executions(); r.status != 3 || len(ids) != 1 {
		t.Fatalf("exit %d, %d executions\n%s\n%s", r.status, len(ids), r.stdout, r.stderr)
	} else {
		y.wantDone(y.run("run", "--json", "--resume", ids[0]))
	}
}
