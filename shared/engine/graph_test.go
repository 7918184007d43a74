package engine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/step"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"pgregory.net/rapid"
)

func routes(names ...string) []hit {
	var out []hit
	for _, n := range names {
		out = append(out, hit{Route: step.Route{To: n}})
	}
	return out
}

// walk plays an execution: each step says which task ends and where it goes, and
// what must start then, a blocked join with a !.
type move struct {
	task   string
	to     []string
	starts []string
}

func starts(arrivals []step.Arrival) []string {
	var out []string
	for _, a := range arrivals {
		name := a.Task
		if a.Blocked != "" {
			name += "!"
		}
		out = append(out, name)
	}
	return out
}

func TestAdvance(t *testing.T) {
	join := func(count int, in ...string) *step.JoinSpec { return &step.JoinSpec{Inbound: in, Count: count} }
	diamond := func(count int) *step.Workflow {
		return &step.Workflow{Tasks: []step.TaskInfo{
			{Name: "a", To: []string{"b", "c"}}, {Name: "b", To: []string{"d"}}, {Name: "c", To: []string{"d"}},
			{Name: "d", Join: join(count, "b", "c")},
		}}
	}
	far := &step.Workflow{Tasks: []step.TaskInfo{
		{Name: "a", To: []string{"b", "j"}}, {Name: "b", To: []string{"c"}}, {Name: "c", To: []string{"j"}},
		{Name: "j", Join: join(0, "a", "c")},
	}}
	for _, c := range []struct {
		name  string
		spec  *step.Workflow
		moves []move
	}{
		{"all arrive", diamond(0), []move{
			{"a", []string{"b", "c"}, []string{"b", "c"}}, {"b", []string{"d"}, nil}, {"c", []string{"d"}, []string{"d"}}, {"d", nil, nil}}},
		{"one does not", diamond(0), []move{
			{"a", []string{"b", "c"}, []string{"b", "c"}}, {"b", []string{"d"}, nil}, {"c", nil, []string{"d!"}}}},
		{"none does", diamond(0), []move{
			{"a", []string{"b", "c"}, []string{"b", "c"}}, {"b", nil, nil}, {"c", nil, nil}}},
		{"only one started", diamond(0), []move{
			{"a", []string{"b"}, []string{"b"}}, {"b", []string{"d"}, []string{"d!"}}}},
		{"the first is enough, once", diamond(1), []move{
			{"a", []string{"b", "c"}, []string{"b", "c"}}, {"b", []string{"d"}, []string{"d"}}, {"c", []string{"d"}, nil}}},
		{"waits for what may still come", far, []move{
			{"a", []string{"b", "j"}, []string{"b"}}, {"b", []string{"c"}, []string{"c"}}, {"c", []string{"j"}, []string{"j"}}}},
		{"fails once it can't come", far, []move{
			{"a", []string{"b", "j"}, []string{"b"}}, {"b", nil, []string{"j!"}}}},
	} {
		g := newGraph(c.spec, "x", nil)
		for i, mv := range c.moves {
			got := starts(advance(c.spec, g, mv.task, fmt.Sprint("id-", mv.task), routes(mv.to...), mv.to))
			if diff := cmp.Diff(mv.starts, got); diff != "" {
				t.Errorf("%s, move %d: -want +got:\n%s", c.name, i, diff)
			}
		}
	}
}

// TestAdvanceEnds runs random graphs to their end: every task that started ends,
// each join starts at most once, and no join with an arrival is left waiting.
func TestAdvanceEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "tasks")
		spec := &step.Workflow{}
		in := map[string][]string{}
		for i := range n {
			info := step.TaskInfo{Name: fmt.Sprint("t", i)}
			for j := i + 1; j < n; j++ {
				if rapid.IntRange(0, 2).Draw(t, "edge") == 0 {
					info.To = append(info.To, fmt.Sprint("t", j))
					in[fmt.Sprint("t", j)] = append(in[fmt.Sprint("t", j)], info.Name)
				}
			}
			spec.Tasks = append(spec.Tasks, info)
		}
		for i := range spec.Tasks {
			if from := in[spec.Tasks[i].Name]; len(from) > 1 {
				spec.Tasks[i].Join = &step.JoinSpec{Inbound: from, Count: rapid.IntRange(0, len(from)).Draw(t, "count")}
			}
		}
		g := newGraph(spec, "x", nil)
		var running []string
		for _, task := range spec.Tasks {
			if len(in[task.Name]) == 0 {
				running = append(running, task.Name)
			}
		}
		joined := map[string]int{}
		for len(running) > 0 {
			i := rapid.IntRange(0, len(running)-1).Draw(t, "next")
			name := running[i]
			running = slices.Delete(running, i, i+1)
			var to []string
			for _, next := range spec.Tasks[number(name)].To {
				if rapid.Bool().Draw(t, "taken") {
					to = append(to, next)
				}
			}
			for _, a := range advance(spec, g, name, "id-"+name, routes(to...), to) {
				running = append(running, a.Task)
				if spec.Tasks[number(a.Task)].Join != nil {
					joined[a.Task]++
				}
			}
			if g.Running != len(running) {
				t.Fatalf("the graph counts %d running tasks, there are %d", g.Running, len(running))
			}
		}
		checkJoins(t, spec, g, joined)
	})
}

func checkJoins(t *rapid.T, spec *step.Workflow, g *store.Graph, joined map[string]int) {
	for _, task := range spec.Tasks {
		if task.Join == nil {
			continue
		}
		arrived := 0
		for _, from := range task.Join.Inbound {
			if gt := g.Tasks[from]; gt != nil && slices.Contains(gt.Next, task.Name) {
				arrived++
			}
		}
		if joined[task.Name] > 1 || arrived > 0 && joined[task.Name] == 0 {
			t.Fatalf("join %s started %d times with %d arrivals", task.Name, joined[task.Name], arrived)
		}
	}
}

func number(name string) int {
	var n int
	fmt.Sscanf(name, "t%d", &n)
	return n
}

// TestJoinBehindTaskThatRunsTwice: a join waits for all executions of a task
// that are under way, and gets them all.
func TestJoinBehindTaskThatRunsTwice(t *testing.T) {
	spec := &step.Workflow{Tasks: []step.TaskInfo{
		{Name: "a", To: []string{"t"}}, {Name: "b", To: []string{"t"}}, {Name: "t", To: []string{"j"}},
		{Name: "j", Join: &step.JoinSpec{Inbound: []string{"t"}}},
	}}
	g := newGraph(spec, "x", nil)
	to := func(name string) ([]hit, []string) { return []hit{{Route: step.Route{To: name}}}, []string{name} }
	for _, s := range []struct{ name, id, to string }{{"a", "a1", "t"}, {"b", "b1", "t"}, {"t", "t1", "j"}} {
		hits, next := to(s.to)
		for _, a := range advance(spec, g, s.name, s.id, hits, next) {
			if a.Task == "j" {
				t.Fatalf("the join starts with %v", a.From)
			}
		}
	}
	hits, next := to("j")
	got := advance(spec, g, "t", "t2", hits, next)
	if len(got) != 1 || !slices.Equal(got[0].From, []string{"t1", "t2"}) || g.Running != 1 {
		t.Errorf("got %+v, %d running", got, g.Running)
	}
}
