package openstack

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"
)

// Config is how a [Manager] is set up. The zero value knows no cloud and
// accepts no auth URL.
type Config struct {
	// MultiCloud lets a request name an auth URL that is not configured.
	MultiCloud bool
	// AllowedAuthURIs are the only unconfigured auth URLs that a request may
	// name under MultiCloud; empty means any.
	AllowedAuthURIs []string
	// DefaultRegion is taken where a request names no region and its cloud
	// has none. It belongs to the default cloud and to requests that name an
	// unconfigured URL, not to the other configured clouds.
	DefaultRegion string
	// DefaultCloud is the configured cloud for requests that name none; empty
	// means Clouds.Default().
	DefaultCloud string
	// Clouds are the operator's configured clouds; nil means none.
	Clouds *CloudsConfig
	// Credentials resolves references; nil means that there are none.
	Credentials CredentialSource
	// OpenHosts are hosts that may be spoken to although their addresses are
	// loopback, link-local or the like: a name, an address, a CIDR range, each
	// but the range also with :port. The hosts of configured clouds' auth URLs
	// are open for those clouds without standing here.
	OpenHosts []string
	// Proxy chooses a proxy per request, as in http.Transport; nil means none.
	// The environment's HTTP_PROXY counts only if the operator's program asks
	// for it here with http.ProxyFromEnvironment.
	Proxy func(*http.Request) (*url.URL, error)

	// RuntimeAPI is the host:port of the Lambda runtime's own interface, which
	// is never spoken to; empty means AWS_LAMBDA_RUNTIME_API.
	RuntimeAPI string

	// Retry bounds the repeating of requests.
	Retry RetryConfig
	// MaxBody is the largest answer in bytes, after decompression, that is
	// read into memory; 0 means 64 MiB.
	MaxBody int64
	// AuthTimeout bounds one authentication, whoever waits for it; 0 means a
	// minute.
	AuthTimeout time.Duration
	// MaxSessions bounds the cache of sessions; 0 means 256.
	MaxSessions int
	// UserAgent is sent with every request; empty means "sirocco".
	UserAgent string
	// Logger gets a debug line per request; nil means none are written.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// RetryConfig bounds the repeating of requests.
type RetryConfig struct {
	// Attempts is the largest number of tries of one request, the first
	// included; 0 means 4.
	Attempts int
	// BaseDelay is the wait before the second try, doubled for each further
	// one and shortened at random by up to half; 0 means 250 ms.
	BaseDelay time.Duration
	// MaxDelay bounds one wait, a Retry-After included: a service that asks
	// for more ends the request with its error at once; 0 means 30 s.
	MaxDelay time.Duration
	// AttemptTimeout bounds one try; 0 means a minute.
	AttemptTimeout time.Duration
}

// Manager opens sessions. It holds the tokens, catalogs and connections, so a
// process needs one. Safe for concurrent use.
type Manager struct {
	cfg     Config
	policy  policy
	open    openSet
	runtime runtimeAPI
	key     [32]byte // of the fingerprints in cache keys
	sleep   sleeper

	mu         sync.Mutex
	identities *lru.LRU[identityKey, *identity]
	zones      *lru.LRU[zoneKey, *zone]
}

// maxZones bounds the sets of connections that are kept.
const maxZones = 64

// New checks the configuration and returns a Manager.
func New(cfg Config) (*Manager, error) {
	cfg.Retry.Attempts = cmp.Or(cfg.Retry.Attempts, 4)
	cfg.Retry.BaseDelay = cmp.Or(cfg.Retry.BaseDelay, 250*time.Millisecond)
	cfg.Retry.MaxDelay = cmp.Or(cfg.Retry.MaxDelay, 30*time.Second)
	cfg.Retry.AttemptTimeout = cmp.Or(cfg.Retry.AttemptTimeout, time.Minute)
	cfg.MaxBody = cmp.Or(cfg.MaxBody, 64<<20)
	cfg.AuthTimeout = cmp.Or(cfg.AuthTimeout, time.Minute)
	cfg.MaxSessions = cmp.Or(cfg.MaxSessions, 256)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "sirocco")
	cfg.DefaultCloud = cmp.Or(cfg.DefaultCloud, cfg.Clouds.Default())
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Manager{
		cfg:     cfg,
		runtime: parseRuntimeAPI(cmp.Or(cfg.RuntimeAPI, os.Getenv("AWS_LAMBDA_RUNTIME_API"))),
		sleep:   sleepFor,
	}
	var err error
	if m.policy, err = newPolicy(cfg); err != nil {
		return nil, err
	}
	for _, h := range cfg.OpenHosts {
		if err := m.open.add(h); err != nil {
			return nil, err
		}
	}
	_, _ = rand.Read(m.key[:]) // never fails
	if m.identities, err = lru.NewLRU[identityKey, *identity](cfg.MaxSessions, nil); err != nil {
		return nil, fmt.Errorf("MaxSessions: %w", err)
	}
	m.zones, err = lru.NewLRU(maxZones, func(_ zoneKey, z *zone) { z.transport.CloseIdleConnections() })
	return m, err
}

// Clouds returns the names of the configured clouds, sorted.
func (m *Manager) Clouds() []string { return m.cfg.Clouds.Names() }

// DefaultCloud returns the configured cloud for requests that name none, or "".
func (m *Manager) DefaultCloud() string { return m.cfg.DefaultCloud }

// Close closes the connections that are idle.
func (m *Manager) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, z := range m.zones.Values() {
		z.transport.CloseIdleConnections()
	}
}

// String says what the manager is and nothing of what it holds.
func (m *Manager) String() string { return "openstack.Manager" }

// GoString is [Manager.String].
func (m *Manager) GoString() string { return m.String() }
