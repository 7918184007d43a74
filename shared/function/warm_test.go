package function

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// warmCloud is a Keystone and a Nova that count what they are asked.
type warmCloud struct {
	*httptest.Server
	logins, lists, others, opened atomic.Int32

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newWarmCloud(t *testing.T) *warmCloud {
	c := &warmCloud{open: map[net.Conn]bool{}}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(c.serve))
	c.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch state {
		case http.StateNew:
			c.opened.Add(1)
			c.open[conn] = true
		case http.StateClosed, http.StateHijacked:
			delete(c.open, conn)
		}
	}
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func (c *warmCloud) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.Method + " " + r.URL.Path {
	case "POST /v3/auth/tokens":
		c.logins.Add(1)
		w.Header().Set("X-Subject-Token", "planted-token")
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token": {"expires_at": "2099-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z",
			"project": {"id": "p"}, "catalog": [{"type": "compute", "endpoints": [
				{"interface": "public", "region": "R", "region_id": "R", "url": "%s/compute/v2.1"}]}]}}`, c.URL)
	case "GET /compute/v2.1/servers/detail":
		c.lists.Add(1)
		if r.URL.Query().Get("marker") == "" {
			fmt.Fprintf(w, `{"servers": [%s], "servers_links": [{"rel": "next", "href": "%s/compute/v2.1/servers/detail?marker=a"}]}`,
				strings.Repeat(`{"id": "x", "name": "n"},`, 99)+`{"id": "a"}`, c.URL)
			return
		}
		io.WriteString(w, `{"servers": [{"id": "b"}]}`)
	default:
		c.others.Add(1)
		http.NotFound(w, r)
	}
}

func (c *warmCloud) connections() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open)
}

// TestListsFitTheFunction: a list that the function's memory can't hold is an
// error before Lambda ends the function.
func TestListsFitTheFunction(t *testing.T) {
	cloud := newWarmCloud(t)
	f, err := New(Config{MultiCloud: true, AllowedAuthURIs: []string{cloud.URL + "/v3"}, OpenHosts: []string{"127.0.0.1"}, Environ: []string{"HOME=/nonexistent"}, Memory: 30_000},
		Options{Service: "nova", Logger: NewLogger(io.Discard, 0)})
	if err != nil {
		t.Fatal(err)
	}
	out, err := f.Handle(t.Context(), cloud.event())
	if err == nil || !strings.Contains(err.Error(), "larger than 1875 bytes") {
		t.Errorf("%.100s, %v", out, err)
	}
}

// event lists the servers.
func (c *warmCloud) event() []byte {
	return fmt.Appendf(nil, `{"action": "nova.servers_list", "region": "R", "auth_url": "%s/v3", "credentials": {"username": "u",
		"password": "planted-password", "user_domain_name": "D", "project_name": "p", "project_domain_name": "D"}}`, c.URL)
}

// TestHundredCallsOfAWarmFunction: as Lambda calls it, bytes in and bytes out. After
// the first call nothing is asked for but the lists, and nothing is left over.
func TestHundredCallsOfAWarmFunction(t *testing.T) {
	cloud := newWarmCloud(t)
	f, err := New(Config{MultiCloud: true, AllowedAuthURIs: []string{cloud.URL + "/v3"}, OpenHosts: []string{"127.0.0.1"}, Environ: []string{"HOME=/nonexistent"}},
		Options{Service: "nova", Logger: NewLogger(io.Discard, 0)})
	if err != nil {
		t.Fatal(err)
	}
	handler := lambda.NewHandler(f.Handle)
	event := cloud.event()
	call := func() {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // as the runtime gives one
		defer cancel()
		out, err := handler.Invoke(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Result []any }
		if err := json.Unmarshal(out, &answer); err != nil || len(answer.Result) != 101 {
			t.Fatalf("%.200s, %v", out, err)
		}
	}
	for range 10 {
		call()
	}
	goroutines, heap, conns := runtime.NumGoroutine(), liveHeap(), cloud.opened.Load()
	for range 100 {
		call()
	}
	if n := cloud.logins.Load(); n != 1 {
		t.Errorf("%d token requests", n)
	}
	if n := cloud.others.Load(); n != 0 {
		t.Errorf("%d requests besides", n)
	}
	if n := cloud.lists.Load(); n != 220 {
		t.Errorf("%d requests for 110 lists of two pages", n)
	}
	if n := cloud.opened.Load() - conns; n != 0 || cloud.connections() > 2 {
		t.Errorf("%d new connections, %d open", n, cloud.connections())
	}
	if n := runtime.NumGoroutine() - goroutines; n > 2 {
		t.Errorf("%d more goroutines", n)
	}
	grown := liveHeap() - heap
	if grown > 200_000 {
		t.Errorf("%d bytes more are held", grown)
	}
	t.Logf("%d connections, %d goroutines, %d bytes more after 100 calls", cloud.connections(), runtime.NumGoroutine(), grown)
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one made free of finalizers and pools
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
