// Package generate makes random workflows and random expressions of the Mistral
// language, for tests that compare two implementations of it.
//
// A [Case] is a tree of YAML values rather than a text, so that a test may take
// parts of it away. Its graph is made from the front: each task gets clauses that
// lead to it from tasks before, a join where several meet (or none, and it runs
// once for each), sometimes a way back with a counter. Its expressions are typed:
// they know which variables a task may see, and mostly ask for what is there.
// The same seed gives the same case.
//
// What it leaves out on purpose, because Mistral's own outcome depends on timing
// there: delays other than 0, and joins inside of cycles.
package generate

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// Case is a file of workflows, or a workbook, of which the first is started, with
// its input and parameters (`env`, and `task_name` of a reverse one).
type Case struct {
	Doc, Input, Params *value.Map
	// Before are files which are defined before.
	Before []*value.Map
}

// YAML is the file's text.
func (c Case) YAML() []byte { return YAML(c.Doc) }

// Files are the texts of all files, in order.
func (c Case) Files() [][]byte {
	var out [][]byte
	for _, doc := range append(slices.Clone(c.Before), c.Doc) {
		out = append(out, YAML(doc))
	}
	return out
}

// Workflows are the workflows of a file, or of a workbook.
func Workflows(doc *value.Map) *value.Map {
	if v, _ := doc.Get("workflows"); doc.Has("name") {
		m, _ := v.(*value.Map)
		return m
	}
	return doc
}

// Options says what of the language is used.
type Options struct {
	// MaxTasks is the largest number of tasks of the first workflow; 0 = 12.
	MaxTasks int
	// Reverse makes most of the workflows reverse ones.
	Reverse bool
}

// Workflow makes a case.
func Workflow(seed uint64, opts Options) Case {
	if opts.MaxTasks == 0 {
		opts.MaxTasks = 12
	}
	g := &gen{Rand: rand.New(rand.NewPCG(seed, 1)), opts: opts, wild: 4}
	return g.file()
}

type gen struct {
	*rand.Rand
	opts Options
	subs []subWorkflow
	acts []*adhoc
	env  []variable
	book string // the workbook's name
	wild int    // in a thousand: how often an expression is of the wrong kind
}

// subWorkflow is one that tasks may call.
type subWorkflow struct {
	name  string
	input []string
	tasks []string // of a reverse one
}

// variable is a name that `$` may have.
type variable struct {
	name string
	kind kind
	sure bool // it is always there
}

// chance is true in p of 100 cases.
func (g *gen) chance(p int) bool { return g.IntN(100) < p }

func pick[T any](g *gen, list ...T) T { return list[g.IntN(len(list))] }

func (g *gen) file() Case {
	c := Case{Doc: value.MapOf("version", "2.0"), Input: value.NewMap(0), Params: value.NewMap(0)}
	g.environment(c)
	for name, wf := range g.workflows(c).All() {
		c.Doc.Set(name, wf)
	}
	return c
}

// environment gives the case one, sometimes.
func (g *gen) environment(c Case) {
	if !g.chance(15) {
		return
	}
	env := value.NewMap(0)
	for _, v := range g.variables("e", 2) {
		g.env = append(g.env, v)
		env.Set(v.name, g.data(v.kind, 2))
	}
	c.Params.Set("env", env)
}

// workflows makes the workflow that is started and those that it may call, and
// fills in input and parameters.
func (g *gen) workflows(c Case) *value.Map {
	subs := value.NewMap(0)
	for i := range pick(g, 0, 0, 0, 1, 1, 2) {
		name := fmt.Sprintf("sub%d", i+1)
		wf, input := g.workflow(3, false)
		subs.Set(name, wf)
		g.subs = append(g.subs, subWorkflow{name, input, targets(wf)})
	}
	wf, _ := g.workflow(g.opts.MaxTasks, true)
	if names := targets(wf); len(names) > 0 {
		c.Params.Set("task_name", pick(g, names...))
	}
	out := value.MapOf("wf", wf)
	for name, sub := range subs.All() {
		out.Set(name, sub)
	}
	g.fillInput(c, wf)
	return out
}

// fillInput gives what the workflow requires, and some of what has a default.
func (g *gen) fillInput(c Case, wf *value.Map) {
	list, _ := wf.Get("input")
	params, _ := list.([]any)
	for _, p := range params {
		if name, ok := p.(string); ok {
			if !g.chance(2) {
				c.Input.Set(name, g.data(kindOf(name), 2))
			}
			continue
		}
		for name := range p.(*value.Map).All() {
			if g.chance(40) {
				c.Input.Set(name, g.data(kindOf(name), 2))
			}
		}
	}
}

// workflow makes a workflow of up to n tasks and returns the names of its input.
func (g *gen) workflow(n int, top bool) (*value.Map, []string) {
	wf := value.NewMap(0)
	w := &workflow{gen: g, reverse: g.opts.Reverse && g.chance(75)}
	if w.reverse {
		wf.Set("type", "reverse")
	}
	if g.chance(5) {
		wf.Set("description", "about "+pick(g, words...))
	}
	if g.chance(50) || !top {
		wf.Set("input", w.input())
	}
	if g.chance(30) {
		vars := value.NewMap(0)
		set := g.variables("c", 2)
		for _, v := range set {
			vars.Set(v.name, g.templated(v.kind, w.known)) // they do not see each other
		}
		w.known = append(w.known, set...)
		wf.Set("vars", vars)
	}
	tasks := w.tasks(1 + g.IntN(n))
	if g.chance(8) {
		wf.Set("task-defaults", w.defaults())
	}
	wf.Set("tasks", tasks)
	if g.chance(40) {
		wf.Set("output", w.output())
	}
	if g.chance(12) {
		wf.Set("output-on-error", w.output())
	}
	return wf, w.required
}

func (w *workflow) output() *value.Map {
	out := value.NewMap(0)
	for range 1 + w.IntN(3) {
		out.Set(pick(w.gen, "o1", "o2", "o3"), w.templated(anyKind, slices.Concat(w.known, w.published)))
	}
	return out
}

func (w *workflow) input() []any {
	var list []any
	for _, v := range w.variables("p", 3) {
		w.known = append(w.known, v)
		if w.chance(50) {
			list = append(list, value.MapOf(v.name, w.data(v.kind, 2)))
			continue
		}
		list = append(list, v.name)
		w.required = append(w.required, v.name)
	}
	return list
}

// variables makes up to n names which tell their kind: p_int, say.
func (g *gen) variables(prefix string, n int) []variable {
	var out []variable
	for range 1 + g.IntN(n) {
		k := pick(g, intKind, intKind, strKind, boolKind, listKind, dictKind)
		v := variable{prefix + "_" + string(k), k, true}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
