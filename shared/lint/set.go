package lint

// set is a set of small numbers, all of them below a number that its maker knows.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

// fullSet has all numbers below n, and some above.
func fullSet(n int) set {
	s := newSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	return s
}

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) clone() set { return append(set(nil), s...) }

// unite adds all of o and reports whether that changed anything.
func (s set) unite(o set) bool {
	changed := false
	for i, w := range o {
		changed = changed || s[i]|w != s[i]
		s[i] |= w
	}
	return changed
}

// intersect drops what is not in o and reports whether that changed anything.
func (s set) intersect(o set) bool {
	changed := false
	for i, w := range o {
		changed = changed || s[i]&w != s[i]
		s[i] &= w
	}
	return changed
}
