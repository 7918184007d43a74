package sandbox

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Drop says where a connection breaks.
type Drop string

// Where a connection can break. "before" closes it without an answer (the
// client sees EOF), "reset" does so with a TCP reset, "after" does the work
// first and then closes without an answer, "mid" breaks off in the body.
const (
	DropBefore Drop = "before"
	DropReset  Drop = "reset"
	DropAfter  Drop = "after"
	DropMid    Drop = "mid"
)

// Fault makes requests fail. The first group of fields chooses the requests (an
// empty field fits all), the second thins them out, the third says what happens.
// A fault with nothing in the third group but Latency only slows the request.
type Fault struct {
	Cloud   string
	Region  string // regions of Keystone requests are empty
	Service string // compute, image, network, volume, orchestration, identity
	Method  string
	Path    string // the route ("/servers/{id}") or a pattern of package path over the path after the version ("/servers/*")

	Rate  float64 // share of the chosen requests, 0 to 1; 0: all
	After int     // so many chosen requests pass first
	Times int     // so many are hit, then no more; 0: no end

	Latency    time.Duration
	Jitter     time.Duration
	Status     int    // answer with this error in the service's own shape
	RetryAfter string // its Retry-After header, seconds or an HTTP date
	Message    string // its message
	HTML       bool   // answer with an HTML page as a proxy does (with Status, or 200)
	Truncate   bool   // do the work and answer with the first half of the JSON
	Drop       Drop
}

// Convenient faults for a whole region.

// Down breaks every connection to a region's services.
func Down(cloud, region string) Fault { return Fault{Cloud: cloud, Region: region, Drop: DropReset} }

// Slow delays every answer of a region's services.
func Slow(cloud, region string, d time.Duration) Fault {
	return Fault{Cloud: cloud, Region: region, Latency: d}
}

// RejectToken makes a region answer 401 to every token.
func RejectToken(cloud, region string) Fault {
	return Fault{Cloud: cloud, Region: region, Status: 401}
}

// ParseFault reads a fault from text, as a command line gives it: comma-separated
// key=value pairs with the fields of [Fault] in lower case
// ("region=RegionTwo,service=compute,status=503,rate=0.2,retry_after=2"); the
// flags html and truncate need no value.
func ParseFault(text string) (Fault, error) {
	var f Fault
	for part := range strings.SplitSeq(text, ",") {
		key, val, _ := strings.Cut(strings.TrimSpace(part), "=")
		if err := f.set(strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(val)); err != nil {
			return Fault{}, fmt.Errorf("fault %q: %w", text, err)
		}
	}
	return f, nil
}

func (f *Fault) set(key, val string) (err error) {
	switch key {
	case "cloud":
		f.Cloud = val
	case "region":
		f.Region = val
	case "service":
		f.Service = val
	case "method":
		f.Method = strings.ToUpper(val)
	case "path":
		_, err = path.Match(val, "")
		f.Path = val
	case "message":
		f.Message = val
	case "retry_after":
		f.RetryAfter = val
	case "html":
		f.HTML, err = parseFlag(val)
	case "truncate":
		f.Truncate, err = parseFlag(val)
	case "rate":
		if f.Rate, err = strconv.ParseFloat(val, 64); err == nil && !(f.Rate >= 0 && f.Rate <= 1) {
			err = fmt.Errorf("rate %s is not between 0 and 1", val)
		}
	case "after":
		f.After, err = parseCount(key, val)
	case "times":
		f.Times, err = parseCount(key, val)
	case "latency":
		f.Latency, err = time.ParseDuration(val)
	case "jitter":
		f.Jitter, err = time.ParseDuration(val)
	case "status":
		if f.Status, err = strconv.Atoi(val); err == nil && (f.Status < 200 || f.Status > 599) {
			err = fmt.Errorf("status %s is no HTTP status", val)
		}
	case "drop":
		f.Drop = Drop(val)
		switch f.Drop {
		case DropBefore, DropReset, DropAfter, DropMid:
		default:
			err = fmt.Errorf("drop is before, reset, after or mid, not %q", val)
		}
	default:
		err = fmt.Errorf("no field %q; there are cloud, region, service, method, path, status, message, retry_after, "+
			"drop, latency, jitter, rate, after, times, html and truncate", key)
	}
	return err
}

func parseFlag(val string) (bool, error) {
	if val == "" {
		return true, nil
	}
	return strconv.ParseBool(val)
}

func parseCount(key, val string) (int, error) {
	n, err := strconv.Atoi(val)
	if err == nil && n < 0 {
		err = fmt.Errorf("%s %s is negative", key, val)
	}
	return n, err
}

// matches reports whether the fault is meant for a request.
func (f *Fault) matches(k RequestKey, p string) bool {
	fits := func(want, got string) bool { return want == "" || want == got }
	if !fits(f.Cloud, k.Cloud) || !fits(f.Region, k.Region) || !fits(f.Service, k.Service) || !fits(f.Method, k.Method) {
		return false
	}
	if f.Path == "" || f.Path == k.Route {
		return true
	}
	ok, _ := path.Match(f.Path, p)
	return ok
}

type activeFault struct {
	Fault
	id   int
	seen int
	hit  int
}

// faultSet is what is wrong at the moment.
type faultSet struct {
	mu   sync.Mutex
	next int
	list []*activeFault
}

// pick returns the faults that hit a request, counting them.
func (s *faultSet) pick(k RequestKey, p string, float func() float64) []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Fault
	for _, f := range s.list {
		if !f.matches(k, p) {
			continue
		}
		f.seen++
		if f.seen <= f.After || f.Times > 0 && f.hit >= f.Times || f.Rate > 0 && float() >= f.Rate {
			continue
		}
		f.hit++
		out = append(out, f.Fault)
	}
	return out
}

// AddFault lets f happen from now on and returns a number to remove it by.
func (s *Sandbox) AddFault(f Fault) int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.next++
	s.faults.list = append(s.faults.list, &activeFault{Fault: f, id: s.faults.next})
	return s.faults.next
}

// RemoveFault ends a fault and reports whether it was there.
func (s *Sandbox) RemoveFault(id int) bool {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for i, f := range s.faults.list {
		if f.id == id {
			s.faults.list = append(s.faults.list[:i], s.faults.list[i+1:]...)
			return true
		}
	}
	return false
}

// ClearFaults ends all faults.
func (s *Sandbox) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// FaultHits returns how many requests a fault has hit.
func (s *Sandbox) FaultHits(id int) int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	for _, f := range s.faults.list {
		if f.id == id {
			return f.hit
		}
	}
	return 0
}
