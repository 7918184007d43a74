package openstack

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"
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

// Session is an authenticated way into one cloud, for one project. It is cheap:
// the token, the catalog and the connections behind it are shared by all
// sessions with the same auth URL, credentials and project. Safe for concurrent
// use.
type Session struct {
	_ struct{}
}

// Service is one endpoint of a session's catalog.
type Service struct {
	_ struct{}
}

// Catalog is the service catalog of a token.
type Catalog struct {
	_ struct{}
}

// ServiceRequest asks for an endpoint.
type ServiceRequest struct {
	// Type is a service type, official or any of its aliases, or a project's
	// name: "compute", "volumev3", "block-storage", "nova".
	Type string
	// Region and Interface, when not empty, stand above the session's.
	Region, Interface string
}

// APIRequest is one request to a service.
type APIRequest struct {
	Method string
	// Path is relative to the endpoint, escaped, and may be empty.
	Path  string
	Query url.Values
	// Header adds to the headers that the package sets.
	Header http.Header
	// Body is nil, []byte, string, io.Reader (sent once, never repeated) or
	// anything else, which is sent as JSON.
	Body any
	// Microversion, such as "2.90", is sent in the service's own header.
	Microversion string
	// FromRoot takes Path relative to the service's root, before any version
	// and project in the endpoint's path.
	FromRoot bool
	// Unsafe says that a request whose method should be idempotent (PUT,
	// DELETE) is not: it is then repeated only as a POST is.
	Unsafe bool
	// Stream leaves the body unread in [APIResponse.Stream].
	Stream bool
	// Timeout bounds each try instead of the configured one.
	Timeout time.Duration
	// MaxBody bounds the answer instead of the configured limit.
	MaxBody int64
}

// Do sends a request; an answer with status 400 or more is an error.
func (s *Service) Do(ctx context.Context, r APIRequest) (*APIResponse, error) { return nil, ctx.Err() }
