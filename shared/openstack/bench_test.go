package openstack

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
)

const benchRegions = 100

// fanOut is a cloud of 100 regions, each a server of its own that takes 50 ms.
type fanOut struct {
	cloud     *fakeCloud
	endpoints []string
}

func newFanOut(b *testing.B) *fanOut {
	var servers []string
	for i := range 20 {
		servers = append(servers, fmt.Sprintf(`{"id": "%d", "name": "server", "metadata": {"a": "b"}}`, i))
	}
	answer := []byte(`{"servers": [` + strings.Join(servers, ",") + `]}`)
	f := &fanOut{cloud: newFakeCloudFor(b)}
	var catalog []string
	for i := range benchRegions {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(50 * time.Millisecond)
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
		}))
		b.Cleanup(s.Close)
		f.endpoints = append(f.endpoints, s.URL+"/v2.1")
		catalog = append(catalog, fmt.Sprintf(`{"interface": "public", "region": "R%03d", "url": "%s/v2.1"}`, i, s.URL))
	}
	f.cloud.catalog = `[{"type": "compute", "endpoints": [` + strings.Join(catalog, ",") + `]}]`
	return f
}

// everywhere makes the call in all regions at once.
func (f *fanOut) everywhere(b *testing.B, call func(region int) error) {
	var wg sync.WaitGroup
	for i := range benchRegions {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := call(i); err != nil {
				b.Error(err)
			}
		}()
	}
	wg.Wait()
}

func (f *fanOut) sirocco(m *Manager) func(int) error {
	return func(i int) error {
		r := f.cloud.request()
		r.Region = fmt.Sprintf("R%03d", i)
		s, err := m.Session(context.Background(), r)
		if err != nil {
			return err
		}
		service, err := s.Service(context.Background(), ServiceRequest{Type: "compute"})
		if err != nil {
			return err
		}
		resp, err := get(service, "/servers/detail")
		if err != nil {
			return err
		}
		_, err = resp.Value()
		return err
	}
}

func (f *fanOut) gophercloud(p *gophercloud.ProviderClient) func(int) error {
	return func(i int) error {
		client := &gophercloud.ServiceClient{ProviderClient: p, Endpoint: f.endpoints[i] + "/", Type: "compute"}
		var v any
		_, err := client.Get(context.Background(), client.ServiceURL("servers", "detail"), &v, nil)
		return err
	}
}

// BenchmarkFanOut lists the servers of all regions at once: through this
// package, login and catalog included where it is cold, and by plain goroutines
// with gophercloud's client on endpoints that it is told. The answers are
// decoded.
func BenchmarkFanOut(b *testing.B) {
	f := newFanOut(b)
	manager := func() *Manager {
		m, err := New(Config{})
		if err != nil {
			b.Fatal(err)
		}
		return m
	}
	provider := func() *gophercloud.ProviderClient {
		p := &gophercloud.ProviderClient{TokenID: "t"}
		p.HTTPClient = http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
		return p
	}
	b.Run("sirocco/warm", func(b *testing.B) {
		m := manager()
		defer m.Close()
		f.everywhere(b, f.sirocco(m))
		for b.Loop() {
			f.everywhere(b, f.sirocco(m))
		}
	})
	b.Run("gophercloud/warm", func(b *testing.B) {
		p := provider()
		defer p.HTTPClient.CloseIdleConnections()
		f.everywhere(b, f.gophercloud(p))
		for b.Loop() {
			f.everywhere(b, f.gophercloud(p))
		}
	})
	b.Run("sirocco/cold", func(b *testing.B) {
		for b.Loop() {
			m := manager()
			f.everywhere(b, f.sirocco(m))
			m.Close()
		}
	})
	b.Run("gophercloud/cold", func(b *testing.B) {
		for b.Loop() {
			p := provider()
			f.everywhere(b, f.gophercloud(p))
			p.HTTPClient.CloseIdleConnections()
		}
	})
}

// BenchmarkWarmCall is what the package adds to one request of a warm process:
// everything but the network.
func BenchmarkWarmCall(b *testing.B) {
	f := newFakeCloudFor(b)
	m, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := m.Session(context.Background(), f.request())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Service(context.Background(), ServiceRequest{Type: "compute"}); err != nil {
			b.Fatal(err)
		}
	}
}
