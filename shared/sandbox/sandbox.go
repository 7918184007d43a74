// Package sandbox simulates OpenStack clouds: any number of Keystones with any
// number of regions each, every region with a Nova, Glance, Neutron, Cinder and
// Heat of its own. It is for demos and tests; nothing of the product knows it.
//
// Everything runs in one process behind one listener, told apart by path:
//
//	/{cloud}/identity/v3                    Keystone
//	/{cloud}/{region}/compute/v2.1          Nova
//	/{cloud}/{region}/image/v2              Glance
//	/{cloud}/{region}/network/v2.0          Neutron
//	/{cloud}/{region}/volume/v3             Cinder
//	/{cloud}/{region}/orchestration/v1      Heat
//	/_sandbox                               faults and counters over HTTP
//
// "compute-internal" and "compute-admin" are the same service under the URL of
// another catalog interface. State is kept in memory and is real: what is
// created is listed, shown, changed and gone once deleted, belongs to a project,
// and is in one region only. A region's content comes into being with the first
// request to it, so a cloud of a hundred regions starts at once.
//
// Answers have the shapes of the real services: field names, status codes,
// error bodies, request ids, microversion headers, version documents, links,
// paging, and the statuses that a resource passes through ([Progress]). Tokens
// expire and every service checks them. What no client of a workflow would
// notice (policies beyond "admin only", scheduling, a data plane) is not there,
// and an unknown route is a 404 as it would be at the real service.
//
// A [Fault] makes chosen requests slow, fail, break off or answer nonsense; see
// [Sandbox.AddFault]. [Sandbox.Count] tells which requests have come in.
package sandbox

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Clock tells the time to everything that the sandbox dates or lets expire.
// Latency is real time and does not ask it.
type Clock interface{ Now() time.Time }

type systemClock struct{}

// Now implements Clock.
func (systemClock) Now() time.Time { return time.Now() }

// ManualClock stands still until it is moved. It is safe for concurrent use.
type ManualClock struct {
	mu  sync.Mutex
	now time.Time
}

// NewManualClock returns a clock that shows start.
func NewManualClock(start time.Time) *ManualClock { return &ManualClock{now: start} }

// Now returns the time that the clock shows.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock by d.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Sandbox is a running set of simulated clouds. Its methods may be called from
// several goroutines at any time.
type Sandbox struct {
	opts     Options
	base     string // http(s)://host:port
	listener net.Listener
	server   *http.Server
	ca       []byte // PEM, nil without TLS
	log      *slog.Logger

	clouds map[string]*cloud
	order  []*cloud
	kinds  map[string]*service // by path segment

	faults   faultSet
	counters counterSet

	randMu sync.Mutex
	rand   *rand.Rand

	done context.Context
	stop context.CancelFunc
}

// cloud is one Keystone and its regions.
type cloud struct {
	name string
	opts CloudOptions
	sb   *Sandbox

	mu      sync.Mutex // guards the fields below it
	id      *identity
	regions map[string]*region
	order   []*region
}

// region is the state of one region's services, made when first asked for.
type region struct {
	name  string
	cloud *cloud
	opts  RegionOptions
	index int // over all regions of the sandbox: seeds addresses and names

	mu     sync.Mutex // guards the fields below it
	seeded bool
	bulk   Bulk
	comp   *compute
	img    *images
	net    *network
	vol    *volumes
	heat   *heat
}

// Start listens and serves the clouds that opts describe, until ctx ends or
// [Sandbox.Close] is called.
func Start(ctx context.Context, opts Options) (*Sandbox, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	s := &Sandbox{
		opts: opts, clouds: make(map[string]*cloud), log: opts.Logger,
		rand: rand.New(rand.NewPCG(opts.RandSeed, 0x5172)),
	}
	s.kinds = services()
	if s.listener, err = net.Listen("tcp", opts.Listen); err != nil {
		return nil, fmt.Errorf("sandbox: listen on %s: %w", opts.Listen, err)
	}
	scheme, listener := "http", s.listener
	if opts.TLS {
		cert, ca, err := newCertificate(s.listener.Addr(), time.Now())
		if err != nil {
			_ = s.listener.Close()
			return nil, fmt.Errorf("sandbox: certificate: %w", err)
		}
		s.ca, scheme = ca, "https"
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}})
	}
	s.base = scheme + "://" + s.listener.Addr().String()
	index := 0
	for _, co := range opts.Clouds {
		c := s.newCloud(co, &index)
		s.clouds[co.Name] = c
		s.order = append(s.order, c)
	}
	for _, f := range opts.Faults {
		s.AddFault(f)
	}
	s.done, s.stop = context.WithCancel(ctx)
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: time.Minute,
		ErrorLog: slog.NewLogLogger(opts.Logger.Handler(), slog.LevelDebug),
	}
	go func() { _ = s.server.Serve(listener) }()
	context.AfterFunc(s.done, func() { _ = s.server.Close() })
	return s, nil
}

// Close stops listening and drops all connections.
func (s *Sandbox) Close() error {
	s.stop()
	return s.server.Close()
}

// Done is closed when the sandbox has been closed.
func (s *Sandbox) Done() <-chan struct{} { return s.done.Done() }

// URL returns the root of the listener, without a slash at the end.
func (s *Sandbox) URL() string { return s.base }

// AuthURL returns the Keystone of a cloud, with its /v3.
func (s *Sandbox) AuthURL(cloud string) string {
	return s.base + "/" + url.PathEscape(cloud) + "/identity/v3"
}

// Endpoint returns the public URL of a service in a region without its version:
// service is compute, image, network, volume or orchestration.
func (s *Sandbox) Endpoint(cloud, region, service string) string {
	return s.base + "/" + url.PathEscape(cloud) + "/" + url.PathEscape(region) + "/" + service
}

// CACert returns the certificate authority of a TLS sandbox in PEM, else nil.
func (s *Sandbox) CACert() []byte { return s.ca }

// Clouds returns the names of the clouds in order.
func (s *Sandbox) Clouds() []string {
	names := make([]string, len(s.order))
	for i, c := range s.order {
		names[i] = c.name
	}
	return names
}

// Regions returns the names of a cloud's regions in order, nil for an unknown cloud.
func (s *Sandbox) Regions(cloud string) []string {
	c := s.clouds[cloud]
	if c == nil {
		return nil
	}
	names := make([]string, len(c.order))
	for i, r := range c.order {
		names[i] = r.name
	}
	return names
}

// SetBulk gives a region that many made-up servers from now on, besides its
// real ones; see [Bulk].
func (s *Sandbox) SetBulk(cloud, region string, b Bulk) error {
	r := s.region(cloud, region)
	if r == nil {
		return fmt.Errorf("sandbox: no region %q in cloud %q", region, cloud)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bulk = b
	return nil
}

func (s *Sandbox) region(cloud, region string) *region {
	c := s.clouds[cloud]
	if c == nil {
		return nil
	}
	return c.regions[region]
}

func (s *Sandbox) now() time.Time { return s.opts.Clock.Now().UTC() }

func (s *Sandbox) float() float64 {
	s.randMu.Lock()
	defer s.randMu.Unlock()
	return s.rand.Float64()
}

func (s *Sandbox) newCloud(opts CloudOptions, index *int) *cloud {
	c := &cloud{name: opts.Name, opts: opts, sb: s, regions: make(map[string]*region)}
	for _, ro := range opts.Regions {
		r := &region{name: ro.Name, cloud: c, opts: ro, index: *index, bulk: ro.Bulk}
		*index++
		c.regions[ro.Name] = r
		c.order = append(c.order, r)
	}
	c.id = newIdentity(c)
	return c
}

// writeJSON is for the answers outside of the simulated services.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
