package lint

import "fmt"

// joins finds joins that can never start, and joins that mean nothing.
func (c *checker) joins() {
	var needs []set
	for i, t := range c.g.tasks {
		if t.Join == nil || !c.g.live[i] {
			continue
		}
		in := c.g.inbound(i)
		if len(in) == 1 {
			c.report("join-single", t.Join.Span, note{detail: fmt.Sprintf("Only task %q leads to it.", c.g.tasks[in[0]].Name), advice: "leave it out"},
				"a join of one task")
			continue
		}
		if !t.Join.All && t.Join.Count < len(in) {
			continue
		}
		if needs == nil {
			if needs = c.needs(); needs == nil {
				return
			}
		}
		c.join(i, needs)
	}
}

// join reports one that waits for what can't all come.
func (c *checker) join(i int, needs []set) {
	t := c.g.tasks[i]
	certain := c.sure[i] && !c.g.handlesError(i)
	all := newSet(len(c.g.tasks) * outcomes)
	owner := map[int]string{}
	for _, group := range byTask(c.g, c.g.in[i]) {
		from := c.g.tasks[c.g.edges[group[0]].from].Name
		way := c.waysNeed(group, needs)
		if way == nil {
			c.report("join-never", t.Join.Span, note{detail: fmt.Sprintf("It waits for task %q, which never leads to it.", from), certain: certain},
				"task %q can never start", t.Name)
			return
		}
		for d := range c.g.tasks {
			if other, clash := c.clash(d, way, all, owner); clash && c.once(d) {
				c.report("join-never", t.Join.Span, note{
					detail: fmt.Sprintf("It waits for tasks %q and %q, but one of them comes only if task %q succeeds, the other only if it fails.",
						other, from, c.g.tasks[d].Name),
					advice: "write join: one", certain: certain,
				}, "task %q can never start", t.Name)
				return
			}
		}
		for d := range c.g.tasks {
			for o := range outcomes {
				if k := d*outcomes + o; way.has(k) && !all.has(k) {
					all.add(k)
					owner[k] = from
				}
			}
		}
	}
}

// clash reports whether one way needs d to succeed and another one needs it to
// fail, and whose that other one is.
func (c *checker) clash(d int, way, all set, owner map[int]string) (string, bool) {
	s, f := d*outcomes+int(success), d*outcomes+int(failure)
	switch {
	case way.has(s) && all.has(f):
		return owner[f], true
	case way.has(f) && all.has(s):
		return owner[s], true
	}
	return "", false
}

// needs computes for each task which outcomes of which tasks every way to it
// has in it. nil if the workflow is too large for that.
func (c *checker) needs() []set {
	n := len(c.g.tasks)
	if n*len(newSet(n*outcomes)) > most {
		return nil
	}
	needs := make([]set, n)
	for i := range needs {
		needs[i] = fullSet(n * outcomes)
		if c.g.start(i) {
			needs[i] = newSet(n * outcomes)
		}
	}
	for range 50 {
		changed := false
		for _, i := range c.g.order {
			changed = c.need(i, needs) || changed
		}
		if !changed {
			return needs
		}
	}
	return nil
}

func (c *checker) need(i int, needs []set) bool {
	if c.g.start(i) {
		return false
	}
	n := len(c.g.tasks) * outcomes
	join := c.g.tasks[i].Join != nil && c.g.tasks[i].Join.All
	total := fullSet(n)
	if join {
		total = newSet(n)
	}
	for _, group := range byTask(c.g, c.g.in[i]) {
		way := c.waysNeed(group, needs)
		switch {
		case way == nil:
		case join:
			total.unite(way)
		default:
			total.intersect(way)
		}
	}
	return needs[i].intersect(total)
}

// waysNeed is what all ways from one task to another one need; nil without any.
func (c *checker) waysNeed(group []int, needs []set) set {
	var way set
	for _, k := range group {
		if !c.g.usable(k) || c.g.edges[k].out == skipped {
			continue
		}
		e := c.g.edges[k]
		one := needs[e.from].clone()
		one.add(e.from*outcomes + int(e.out))
		if way == nil {
			way = one
		} else {
			way.intersect(one)
		}
	}
	return way
}

// once reports whether a task runs at most once.
func (c *checker) once(i int) bool {
	for !c.g.cycle[i] {
		if c.g.start(i) {
			return true
		}
		if c.g.tasks[i].Join != nil {
			return c.g.tasks[i].Join.All
		}
		var times [outcomes]int
		for _, n := range c.g.in[i] {
			times[c.g.edges[n].out]++
		}
		if len(c.g.inbound(i)) > 1 || max(times[success], times[failure], times[skipped]) > 1 {
			return false
		}
		i = c.g.edges[c.g.in[i][0]].from
	}
	return false
}
