package openstack

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

var errSoon = errors.New("not built yet")

// Manager opens sessions.
type Manager struct{ cfg Config }

// New checks the configuration and returns a Manager.
func New(cfg Config) (*Manager, error) { return &Manager{cfg: cfg}, nil }

// Session authenticates, or finds the token in the cache.
func (m *Manager) Session(ctx context.Context, r Request) (*Session, error) { return nil, errSoon }

// Describe says where a request would go, as far as that is known without asking anybody.
func (m *Manager) Describe(r Request) (Target, error) { return Target{}, errSoon }

// HTTPOptions are the options of [Manager.HTTPClient].
type HTTPOptions struct {
	Insecure    bool
	CACert      string // PEM
	NoRedirects bool
	Timeout     time.Duration
	Proxy       string
}

// HTTPClient returns an egress-guarded client.
func (m *Manager) HTTPClient(o HTTPOptions) (*http.Client, error) { return nil, errSoon }

// Clouds returns the configured clouds' names.
func (m *Manager) Clouds() []string { return nil }

// Target names where the session goes.
func (s *Session) Target() Target { return Target{} }

// Catalog returns the catalog of the current token.
func (s *Session) Catalog() *Catalog { return nil }

// Service finds an endpoint.
func (s *Session) Service(ctx context.Context, r ServiceRequest) (*Service, error) {
	return nil, errSoon
}

// Regions returns the regions that offer the service type, sorted.
func (c *Catalog) Regions(serviceType string) []string { return nil }

// Services returns the service types of the catalog, sorted.
func (c *Catalog) Services() []string { return nil }

// Target names where requests of the service go.
func (s *Service) Target() Target { return Target{} }

// Type is the official service type.
func (s *Service) Type() string { return "" }

// Endpoint is the URL that paths are relative to, without a slash at the end.
func (s *Service) Endpoint() string { return "" }

// APIResponse is an answer with a status below 400.
type APIResponse struct {
	Status int
	Header http.Header
	Body   []byte        // nil when the request was made with Stream
	Stream io.ReadCloser // only with Stream; the caller closes it
}

// Value decodes the body as package value data; an empty body is nil.
func (r *APIResponse) Value() (any, error) { return nil, errSoon }

// CloudsConfig holds the configured clouds.
type CloudsConfig struct{}

// LoadOptions say where to look; the zero value is the process's own environment and files.
type LoadOptions struct{ Environ []string }

// LoadClouds reads clouds.yaml and the OS_* variables as openstacksdk does.
func LoadClouds(o LoadOptions) (*CloudsConfig, error) { return nil, errSoon }

// ParseClouds reads clouds.yaml text, with secure.yaml's and clouds-public.yaml's (each may be nil).
func ParseClouds(clouds, secure, public []byte) (*CloudsConfig, error) { return nil, errSoon }

// Names returns the names of the clouds, sorted.
func (c *CloudsConfig) Names() []string { return nil }

// Default returns the name of the cloud for requests that name none, or "".
func (c *CloudsConfig) Default() string { return "" }

func scrubURL(s string) string { return s }
