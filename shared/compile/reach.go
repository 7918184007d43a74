package compile

import "slices"

// What can follow from what, for the structured form. A fork asks for each of its
// ways, so the answers are bits by the tasks' numbers, and the targets of each task
// are looked up once.

// links are the tasks that each task may go on to, by the tasks' numbers.
func links(tasks []*task, byName map[string]*task) [][]int {
	next := make([][]int, len(tasks))
	for i, t := range tasks {
		for _, name := range t.targets() {
			if to := byName[name]; to != nil {
				next[i] = append(next[i], to.index)
			}
		}
	}
	return next
}

// cyclic reports whether some task can follow from itself. If not, it leaves in
// b.rank the place of each task in an order in which all follow those before them.
func (b *builder) cyclic() bool {
	b.rank = make([]int, len(b.tasks))
	before := make([]int, len(b.tasks))
	for _, next := range b.next {
		for _, to := range next {
			before[to]++
		}
	}
	var ready []int
	for i, n := range before {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	done := 0
	for ; len(ready) > 0; done++ {
		i := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		b.rank[i] = done
		for _, to := range b.next[i] {
			if before[to]--; before[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	return done < len(b.tasks)
}

// meeting finds the join at which the ways of a fork meet: nil if they don't
// meet before the enclosing fork's. False if they meet otherwise than at one
// join that only they lead to.
func (b *builder) meeting(ways []route, outer *task) (*task, bool) {
	times := make([]int, len(b.tasks))
	for _, w := range ways {
		for _, i := range b.reach(w.to, outer) {
			times[i]++
		}
	}
	var join *task // the first of those that several ways come to
	common := 0
	for i, n := range times {
		if n > 1 {
			common++
			if join == nil || b.rank[i] < b.rank[join.index] {
				join = b.tasks[i]
			}
		}
	}
	if join == nil {
		return nil, true
	}
	behind := make([]bool, len(b.tasks))
	for _, i := range b.reach(join, outer) {
		behind[i] = true
		if times[i] > 1 {
			common--
		}
	}
	if common > 0 || join.join == nil || join.join.Count > 0 {
		return nil, false
	}
	return join, closed(join, ways, times, behind)
}

// closed reports whether all that leads to the join lies between the fork and it.
func closed(join *task, ways []route, times []int, behind []bool) bool {
	direct := slices.ContainsFunc(ways, func(w route) bool { return w.to == join })
	outside := 0
	for _, in := range join.inbound {
		if times[in.index] == 0 || behind[in.index] {
			outside++
		}
	}
	return outside == 0 || direct && outside == 1
}

// reach returns the numbers of the tasks that can follow from t, with t, short of
// the enclosing fork's join.
func (b *builder) reach(t, outer *task) []int {
	if t == outer {
		return nil
	}
	b.round++
	b.seen[t.index] = b.round
	found := []int{t.index}
	for k := 0; k < len(found); k++ {
		for _, to := range b.next[found[k]] {
			if b.seen[to] != b.round && b.tasks[to] != outer {
				b.seen[to] = b.round
				found = append(found, to)
			}
		}
	}
	return found
}
