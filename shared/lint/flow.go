package lint

import (
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/dsl"
)

// reserved are the names that every context has. In a context that belongs to
// no task there is no `__task_execution`.
var reserved = []string{"openstack", "__env", "__execution"}

const taskExecution = "__task_execution"

// flow is which variables the contexts of a workflow have.
type flow struct {
	wf    *dsl.Workflow
	names []string
	index map[string]int
	// base are the names that every context of a task has, all are those that
	// any publishes besides, and globals those that any publishes for all.
	base, all, globals set
	// pubMay and pubMust are what a task may and does publish at an outcome.
	pubMay, pubMust [][outcomes]set
	// may and must are the names that a task's context may have, and has
	// whichever way leads to it.
	may, must []set
}

// most is how many words the sets of one kind may take. For workflows beyond it
// (thousands of tasks with as many variables) every context may and does have
// whatever any task publishes.
const most = 1 << 22

func newFlow(w *dsl.Workflow) *flow {
	f := &flow{wf: w, index: map[string]int{}}
	base := f.own()
	var pubs [][outcomes]published
	for _, t := range w.Tasks {
		pubs = append(pubs, publishedBy(t))
	}
	for i := range pubs {
		for out := range pubs[i] {
			f.intern(pubs[i][out].sure, pubs[i][out].maybe, pubs[i][out].global)
		}
	}
	n := len(f.names)
	f.base, f.all, f.globals = newSet(n), newSet(n), newSet(n)
	for _, i := range base {
		f.base.add(i)
	}
	f.all.unite(f.base)
	f.pubMay, f.pubMust = make([][outcomes]set, len(pubs)), make([][outcomes]set, len(pubs))
	coarse := len(pubs)*len(f.all)*outcomes > most
	for i := range pubs {
		for out, p := range pubs[i] {
			f.published(i, out, p, coarse)
		}
	}
	f.may, f.must = make([]set, len(pubs)), make([]set, len(pubs))
	if coarse {
		f.flatten()
	}
	return f
}

// own interns the names that no task publishes.
func (f *flow) own() []int {
	var out []int
	add := func(name string) { f.intern([]string{name}); out = append(out, f.index[name]) }
	for _, name := range reserved {
		add(name)
	}
	add(taskExecution)
	for _, p := range f.wf.Input {
		add(p.Name)
	}
	for _, name := range keys(f.wf.Vars) {
		add(name)
	}
	return out
}

func (f *flow) intern(lists ...[]string) {
	for _, names := range lists {
		for _, name := range names {
			if _, ok := f.index[name]; !ok {
				f.index[name] = len(f.names)
				f.names = append(f.names, name)
			}
		}
	}
}

func (f *flow) published(i, out int, p published, coarse bool) {
	for _, names := range [][]string{p.sure, p.maybe, p.global} {
		for _, name := range names {
			f.all.add(f.index[name])
		}
	}
	for _, name := range p.global {
		f.globals.add(f.index[name])
	}
	if coarse {
		return
	}
	may, must := newSet(len(f.names)), newSet(len(f.names))
	for _, name := range slices.Concat(p.sure, p.global) {
		must.add(f.index[name])
	}
	may.unite(must)
	for _, name := range p.maybe {
		may.add(f.index[name])
	}
	f.pubMay[i][out], f.pubMust[i][out] = may, must
}

// flatten makes one context of all.
func (f *flow) flatten() {
	for i := range f.may {
		f.may[i], f.must[i] = f.all, f.all
		f.pubMay[i], f.pubMust[i] = [outcomes]set{f.all, f.all, f.all}, [outcomes]set{f.all, f.all, f.all}
	}
}

// published are the names that a task publishes at one outcome.
type published struct{ sure, maybe, global []string }

func publishedBy(t *dsl.Task) [outcomes]published {
	var out [outcomes]published
	clause := func(o outcome, r *dsl.Routes) { // the scope atomic is not published
		if r != nil && r.Publish != nil {
			out[o].sure = append(out[o].sure, keys(r.Publish.Branch)...)
			out[o].global = append(out[o].global, keys(r.Publish.Global)...)
		}
	}
	out[success].sure = keys(t.Publish)
	out[failure].sure = keys(t.PublishOnError)
	out[skipped].sure = keys(t.PublishOnSkip)
	clause(success, t.OnSuccess)
	clause(failure, t.OnError)
	clause(skipped, t.OnSkip)
	for o := range outcome(outcomes) {
		clause(o, t.OnComplete)
	}
	// A success that fail-on turns into a failure has published already.
	out[failure].maybe = append(out[failure].maybe, out[success].sure...)
	return out
}

func keys(n *dsl.Node) []string {
	if n == nil {
		return nil
	}
	var out []string
	for _, e := range n.Entries {
		if s, ok := e.Key.Str(); ok {
			out = append(out, s)
		}
	}
	return out
}

// follow computes the contexts of a direct workflow's tasks.
func (f *flow) follow(g *graph) {
	if len(f.may) == 0 || f.may[0] != nil {
		return
	}
	n := len(f.names)
	for i := range f.may {
		f.may[i], f.must[i] = f.base.clone(), fullSet(n)
		f.may[i].unite(f.globals)
	}
	const passes = 50 // an order of definition that fits takes two
	for range passes {
		changed := false
		for _, i := range g.order {
			changed = f.enter(g, i) || changed
		}
		if !changed {
			return
		}
	}
	f.flatten()
}

// enter brings a task's context up to date with those that lead to it.
func (f *flow) enter(g *graph, i int) bool {
	join := g.tasks[i].Join != nil && g.tasks[i].Join.All
	must := fullSet(len(f.names))
	if g.start(i) || join {
		must = f.base.clone()
	}
	changed := false
	for _, group := range byTask(g, g.in[i]) {
		way := fullSet(len(f.names))
		taken := false
		for _, n := range group {
			e := g.edges[n]
			changed = f.may[i].unite(f.may[e.from]) || changed
			changed = f.may[i].unite(f.pubMay[e.from][e.out]) || changed
			if !g.usable(n) || e.out == skipped {
				continue
			}
			taken = true
			one := f.must[e.from].clone()
			one.unite(f.pubMust[e.from][e.out])
			way.intersect(one)
		}
		switch {
		case !taken:
		case join:
			must.unite(way)
		default:
			must.intersect(way)
		}
	}
	return f.must[i].intersect(must) || changed
}

// byTask groups edges by the tasks that they come from.
func byTask(g *graph, edges []int) [][]int {
	var out [][]int
	for k, n := range edges {
		if k == 0 || g.edges[edges[k-1]].from != g.edges[n].from {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], n)
	}
	return out
}

// require computes the contexts of a reverse workflow's tasks: they have what
// the tasks that they require have published.
func (f *flow) require() {
	if len(f.may) == 0 || f.may[0] != nil {
		return
	}
	index := map[string]int{}
	for i, t := range f.wf.Tasks {
		index[t.Name] = i
	}
	for i := range f.wf.Tasks {
		f.requireOf(i, index)
	}
}

func (f *flow) requireOf(i int, index map[string]int) {
	if f.may[i] != nil {
		return
	}
	f.may[i], f.must[i] = f.base.clone(), f.base.clone()
	f.may[i].unite(f.globals)
	for _, ref := range f.wf.Required(f.wf.Tasks[i]) {
		j, ok := index[ref.Name]
		if !ok {
			continue
		}
		f.requireOf(j, index)
		for out := range f.pubMay[j] {
			f.may[i].unite(f.pubMay[j][out])
		}
		f.may[i].unite(f.may[j])
		f.must[i].unite(f.pubMust[j][success])
		f.must[i].unite(f.must[j])
	}
}

// after is a task's context once it has ended.
func (f *flow) after(i int, outs ...outcome) (may, must set) {
	may, must = f.may[i].clone(), fullSet(len(f.names))
	for _, out := range outs {
		may.unite(f.pubMay[i][out])
		one := f.must[i].clone()
		one.unite(f.pubMust[i][out])
		must.intersect(one)
	}
	return may, must
}

// guaranteed are the names that the final context of a run has that succeeds.
func (f *flow) guaranteed(g *graph) set {
	n := len(f.names)
	gets := make([]set, len(g.tasks))
	for i := range gets {
		gets[i] = fullSet(n)
	}
	for range 50 {
		changed := false
		for _, i := range slices.Backward(g.order) {
			changed = gets[i].intersect(f.leads(g, i, gets)) || changed
		}
		if !changed {
			total := f.base.clone()
			for i := range g.tasks {
				if g.start(i) {
					total.unite(gets[i])
				}
			}
			return total
		}
	}
	return f.all
}

// leads is what a task and all that must follow it publish, however it ends.
func (f *flow) leads(g *graph, i int, gets []set) set {
	n := len(f.names)
	out := fullSet(n)
	for _, o := range []outcome{success, failure} {
		if o == success && alwaysFails(g.tasks[i]) || o == failure && !g.handlesError(i) || g.stopped[i][o] == "fail" {
			continue // a run that ends like this does not succeed
		}
		one := f.pubMust[i][o].clone()
		one.unite(f.onward(g, i, o, gets))
		out.intersect(one)
	}
	return out
}

// onward is what follows an outcome publishes. Of several guards one is taken
// to hold.
func (f *flow) onward(g *graph, i int, o outcome, gets []set) set {
	n := len(f.names)
	sure, either := newSet(n), fullSet(n)
	guards, unguarded := 0, false
	for _, k := range g.next[i] {
		e := g.edges[k]
		switch {
		case e.out != o || e.dead:
		case e.guarded:
			guards++
			either.intersect(gets[e.to])
		default:
			unguarded = true
			sure.unite(gets[e.to])
		}
	}
	for _, c := range clausesOf[o] {
		for _, r := range g.wf.Routes(g.tasks[i], c) {
			if r.Command == "" || r.Guard == nil {
				continue
			}
			guards++
			if r.Command != "fail" {
				either = newSet(n)
			}
		}
	}
	if guards > 1 && !unguarded {
		return either
	}
	return sure
}
