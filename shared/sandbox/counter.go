package sandbox

import (
	"cmp"
	"slices"
	"sync"
)

// RequestKey is what requests are counted by. Route is the pattern that the path
// after the version fits ("/servers/{id}"), "" for version documents and
// "(unknown)" where there is none. Region is empty for Keystone.
type RequestKey struct {
	Cloud     string `json:"cloud"`
	Region    string `json:"region"`
	Service   string `json:"service"`
	Interface string `json:"interface"`
	Method    string `json:"method"`
	Route     string `json:"route"`
}

// RequestCount is a number of requests of one kind.
type RequestCount struct {
	RequestKey
	N int `json:"n"`
}

type counterSet struct {
	mu sync.Mutex
	n  map[RequestKey]int
}

func (c *counterSet) add(k RequestKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[RequestKey]int)
	}
	c.n[k]++
}

// Requests returns how many requests of each kind have come in since the start
// or the last [Sandbox.ResetCounts], sorted, those hit by faults included.
func (s *Sandbox) Requests() []RequestCount {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	out := make([]RequestCount, 0, len(s.counters.n))
	for k, n := range s.counters.n {
		out = append(out, RequestCount{k, n})
	}
	slices.SortFunc(out, func(a, b RequestCount) int {
		return cmp.Or(cmp.Compare(a.Cloud, b.Cloud), cmp.Compare(a.Region, b.Region), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Interface, b.Interface))
	})
	return out
}

// Count returns how many requests fit a key; an empty field fits all. So
// Count(RequestKey{Service: "identity"}) is the number of Keystone requests.
func (s *Sandbox) Count(want RequestKey) int {
	fits := func(want, got string) bool { return want == "" || want == got }
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	total := 0
	for k, n := range s.counters.n {
		if fits(want.Cloud, k.Cloud) && fits(want.Region, k.Region) && fits(want.Service, k.Service) &&
			fits(want.Interface, k.Interface) && fits(want.Method, k.Method) && fits(want.Route, k.Route) {
			total += n
		}
	}
	return total
}

// ResetCounts sets all counts to zero.
func (s *Sandbox) ResetCounts() {
	s.counters.mu.Lock()
	defer s.counters.mu.Unlock()
	s.counters.n = nil
}
