package sandbox

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Options describe the clouds to simulate. The zero value gives two clouds,
// alpha and beta, with three regions each and a few servers in every region.
type Options struct {
	Clouds []CloudOptions // none: [DefaultClouds](2, 3)
	Listen string         // address; empty: 127.0.0.1:0, a free port
	TLS    bool           // serve HTTPS with a certificate of a CA made for this run, see [Sandbox.CACert]

	Clock         Clock         // nil: the system's
	Progress      Progress      // how fast resources become ready
	TokenLifetime time.Duration // 0: one hour; a cloud may say otherwise
	Latency       time.Duration // added to every answer
	Jitter        time.Duration // up to so much more, at random
	Faults        []Fault       // as if given to [Sandbox.AddFault]
	Empty         bool          // no demo servers, volumes and stacks; images, flavors and networks are there
	RandSeed      uint64        // of rates and jitter
	Logger        *slog.Logger  // nil: silent; one debug record per request
}

// CloudOptions describe one Keystone and its regions.
type CloudOptions struct {
	Name          string
	Regions       []RegionOptions
	Password      string        // of all users; empty: "sandbox-" and the cloud's name
	TokenLifetime time.Duration // 0: as in Options
	Catalog       CatalogOptions
}

// RegionOptions describe one region.
type RegionOptions struct {
	Name      string
	Services  []string // path segments of the services it has; none: all
	PageLimit int      // most entries of a list answer; 0: 1000 as the services have it
	Bulk      Bulk
	// Unreachable puts a port where nothing listens into the catalog: connections
	// to this region are refused.
	Unreachable bool
}

// Bulk is a number of made-up servers that exist besides those created: they
// are computed when listed, so fifty thousand cost nothing. They are listed
// after the real ones and can be shown, not changed.
type Bulk struct {
	Servers int // how many
	Bytes   int // about so many bytes of metadata in each
}

// CatalogOptions make a catalog as odd as catalogs in the field are.
type CatalogOptions struct {
	Duplicates    bool              // every endpoint is there twice
	StarRegion    bool              // endpoints of the first region are in region "*" too
	TrailingSlash bool              // endpoint URLs end in /
	Unversioned   bool              // endpoint URLs lack /v2.1, /v3 and so on
	Versioned     bool              // image and network URLs have /v2 and /v2.0 too
	ProjectInPath bool              // compute URLs end in the project's id as they once did
	NoIdentity    bool              // Keystone is not in its own catalog
	Types         map[string]string // service types to call otherwise: {"volumev3": "block-storage"}
}

// Progress says how long a resource stays in a passing status (BUILD, creating,
// CREATE_IN_PROGRESS). By count: so many reads of the resource, shown or listed,
// still see the passing status. With a Delay the clock decides instead. The zero
// value lets one read see it; Reads < 0 lets none.
type Progress struct {
	Reads int
	Delay time.Duration
	// The same for what is being deleted; the zero value deletes at once.
	DeleteReads int
	DeleteDelay time.Duration
}

// DefaultClouds returns n clouds (alpha, beta, gamma, ...) with m regions each,
// named RegionOne, RegionTwo, ... on through the clouds.
func DefaultClouds(n, m int) []CloudOptions {
	clouds := make([]CloudOptions, n)
	for i := range clouds {
		clouds[i] = CloudOptions{Name: cloudName(i)}
		for j := range m {
			clouds[i].Regions = append(clouds[i].Regions, RegionOptions{Name: regionName(i*m + j)})
		}
	}
	return clouds
}

func cloudName(i int) string {
	greek := []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"}
	if i < len(greek) {
		return greek[i]
	}
	return fmt.Sprintf("cloud%d", i+1)
}

func regionName(i int) string {
	words := []string{"One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve"}
	if i < len(words) {
		return "Region" + words[i]
	}
	return fmt.Sprintf("Region%d", i+1)
}

// complete fills in defaults and refuses what can't be served.
func (o Options) complete() (Options, error) {
	if len(o.Clouds) == 0 {
		o.Clouds = DefaultClouds(2, 3)
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Progress.Reads == 0 {
		o.Progress.Reads = 1
	}
	clouds := make([]CloudOptions, len(o.Clouds))
	seen := map[string]bool{"_sandbox": true}
	for i, c := range o.Clouds {
		if c.Name == "" || seen[c.Name] || strings.Contains(c.Name, "/") {
			return o, fmt.Errorf("sandbox: cloud %d: name %q is empty, reserved or there twice", i+1, c.Name)
		}
		seen[c.Name] = true
		if c.Password == "" {
			c.Password = "sandbox-" + c.Name
		}
		if c.TokenLifetime == 0 {
			c.TokenLifetime = o.TokenLifetime
		}
		if err := c.checkRegions(); err != nil {
			return o, err
		}
		clouds[i] = c
	}
	o.Clouds = clouds
	return o, nil
}

func (c *CloudOptions) checkRegions() error {
	seen := map[string]bool{}
	regions := make([]RegionOptions, len(c.Regions))
	for i, r := range c.Regions {
		if r.Name == "" || seen[r.Name] || serviceSegment(r.Name) == "identity" {
			return fmt.Errorf("sandbox: cloud %s: region name %q is empty, reserved or there twice", c.Name, r.Name)
		}
		seen[r.Name] = true
		if r.PageLimit <= 0 {
			r.PageLimit = 1000
		}
		regions[i] = r
	}
	c.Regions = regions
	return nil
}
