package actions

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// requestClass is a kind of request, by an action that makes it.
type requestClass struct {
	name, action, input string
	changes             bool // it is not sent again if it may have been carried out
}

var requestClasses = []requestClass{
	{"list", "nova.servers_list", `{}`, false},
	{"whole list", "neutron.list_networks", `{}`, false},
	{"get", "cinder.volumes_get", `{"volume_id": "v"}`, false},
	{"create and read", "nova.servers_create", `{"name": "n", "image": "i", "flavor": "f", "nics": "auto"}`, true},
	{"action", "nova.servers_reboot", `{"server": "s"}`, true},
	{"update", "neutron.update_port", `{"port": "p", "body": {"port": {}}}`, false},
	{"delete", "nova.servers_delete", `{"server": "s"}`, false},
	{"head", "swift.head_object", `{"container": "c", "obj": "o"}`, false},
	{"copy", "swift.copy_object", `{"container": "c", "obj": "o", "destination": "/c/p"}`, true},
	{"upload", "swift.put_object", `{"container": "c", "obj": "o", "contents": "x"}`, false},
	{"upload that is done once", "glance.images_upload", `{"image_id": "i", "image_data": "x"}`, true},
	{"download", "glance.images_data", `{"image_id": "i", "do_checksum": false}`, false},
	{"object", "swift.get_object", `{"container": "c", "obj": "o"}`, false},
	{"find", "nova.servers_find", `{"name": "n"}`, false},
	{"patch", "ironic.node_update", `{"node_id": "n", "patch": []}`, true},
	{"a PUT that does it twice", "neutron.add_interface_router", `{"router": "r", "body": {}}`, true},
	{"a name first", "designate.recordset_list", `{"zone": "z.example."}`, false},
	{"of an alarm", "aodh.alarm_list", `{}`, false},
}

// classAnswer suits all of them.
const classAnswer = `{"id": "1", "servers": [{"id": "1", "name": "n"}], "server": {"id": "1", "name": "n"}, "networks": [], "volume": {},
	"zones": [{"id": "z"}], "recordsets": [], "links": {}}`

func (c requestClass) run(ctx context.Context, t *testing.T, r *Runner) error {
	t.Helper()
	_, err := r.Run(ctx, Call{Action: c.action, Input: decodeInput(t, []byte(c.input))})
	return err
}

// TestPassingFaults: what goes wrong once, for each class of request.
func TestPassingFaults(t *testing.T) {
	date := func() string { return time.Now().UTC().Format(http.TimeFormat) }
	hang := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	trickle := func(w http.ResponseWriter, r *http.Request) { // it begins and does not come to an end
		io.WriteString(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for _, f := range []struct {
		name   string
		answer http.HandlerFunc
		lost   bool
	}{
		{"401", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, false},
		{"429", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0.001")
			w.WriteHeader(http.StatusTooManyRequests)
		}, false},
		{"503", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", date())
			w.WriteHeader(http.StatusServiceUnavailable)
		}, false},
		{"reset", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		{"no answer", hang, true},
		{"an answer without end", trickle, true},
	} {
		t.Run(f.name, func(t *testing.T) {
			for _, c := range requestClasses {
				if f.name == "an answer without end" && c.name == "head" {
					continue // it has no body
				}
				cloud := newStubCloud(t)
				config := openstack.Config{Retry: openstack.RetryConfig{BaseDelay: 1}}
				if f.lost && f.name != "reset" {
					config.Retry.AttemptTimeout = 300 * time.Millisecond
				}
				runner := cloud.runnerWith(config, RunnerOptions{})
				list := classAnswer
				if c.name == "of an alarm" {
					list = "[]"
				}
				cloud.answer = answerJSON(200, list)
				var n atomic.Int32
				cloud.fault = func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
					if n.Add(1) > 1 {
						return false
					}
					f.answer(w, r)
					return true
				}
				err := c.run(t.Context(), t, runner)
				sent := len(cloud.take())
				switch {
				case f.lost && c.changes:
					if !errors.As(err, new(openstack.OutcomeUnknown)) || sent != 1 {
						t.Errorf("%s: %T %v after %d requests", c.name, err, err, sent)
					}
				case err != nil || sent < 2:
					t.Errorf("%s: %v after %d requests", c.name, err, sent)
				}
			}
		})
	}
}

// TestAnswersWithoutEnd: an answer of 200 MB, said before or not, and one that
// grows when it is unpacked, are errors of each class of request that reads
// one, in a memory that the limit bounds.
func TestAnswersWithoutEnd(t *testing.T) {
	const size, limit = 200 << 20, 4 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	blank := bytes.Repeat([]byte(" "), 1<<20)
	for range size / len(blank) {
		z.Write(blank)
	}
	z.Close()
	var mu sync.Mutex // the server looks, too
	var highest uint64
	look := func() {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		mu.Lock()
		defer mu.Unlock()
		highest = max(highest, m.HeapAlloc)
	}
	seen := func() uint64 {
		mu.Lock()
		defer mu.Unlock()
		got := highest
		highest = 0
		return got
	}
	chunks := func(w http.ResponseWriter) {
		for range size / len(blank) {
			if _, err := w.Write(blank); err != nil {
				return
			}
			look()
		}
	}
	for name, answer := range map[string]func(w http.ResponseWriter){
		"chunked": chunks,
		"said": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			chunks(w)
		},
		"gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb.Bytes())
		},
	} {
		t.Run(name, func(t *testing.T) {
			cloud := newStubCloud(t)
			runner := cloud.runnerWith(openstack.Config{MaxBody: limit}, RunnerOptions{})
			cloud.fault = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				w.Header().Set("X-Openstack-Request-Id", "req-1")
				answer(w)
				return true
			}
			for _, c := range requestClasses {
				runtime.GC()
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				seen()
				err := c.run(t.Context(), t, runner)
				look()
				top := seen()
				if c.name == "head" {
					continue // has no body
				}
				d, _ := openstack.DetailOf(err)
				if !errors.As(err, new(openstack.BadAnswer)) || !strings.Contains(err.Error(), "larger than") || d.Status != 200 || d.RequestID != "req-1" || d.Path == "" {
					t.Errorf("%s: %T %v", c.name, err, err)
				}
				bound := uint64(5 * limit)
				if c.name == "object" || c.action == "swift.get_object" {
					bound = 5 * maxContent
				}
				if top > m.HeapAlloc+bound {
					t.Errorf("%s: %d MiB more on the heap", c.name, (top-m.HeapAlloc)>>20)
				}
			}
		})
	}
}

// pagedBy answers pages of every kind: n items from an offset, and where the
// next one is.
func pagedBy(key string, total, size int) func(stubRequest) (int, http.Header, string) {
	return func(r stubRequest) (int, http.Header, string) {
		if strings.HasPrefix(r.Path, "/instances/") {
			return 200, nil, `{"instance": {}}` // trove's client reads each
		}
		start := 0
		for _, name := range []string{"marker", "offset"} {
			if v := r.Query.Get(name); v != "" {
				start, _ = strconv.Atoi(v)
			}
		}
		n := size
		if l, err := strconv.Atoi(r.Query.Get("limit")); err == nil {
			n = min(n, l)
		}
		end := min(start+n, total)
		var items []string
		for i := start; i < end; i++ {
			items = append(items, fmt.Sprintf(`{"id": "%d", "name": "%[1]d"}`, i+1))
		}
		list := "[" + strings.Join(items, ",") + "]"
		next := fmt.Sprintf("http://elsewhere.invalid/x?marker=%d", end)
		header := http.Header{}
		more := ""
		if end < total {
			header.Set("Link", "<"+next+`>; rel="next"`)
			links := fmt.Sprintf(`[{"rel": "next", "href": %q}]`, next)
			more = fmt.Sprintf(`, "%s_links": %s, "next": %q`, key, links, next)
			if key == "instances" {
				more = `, "links": ` + links
			} else {
				more += fmt.Sprintf(`, "links": {"next": %q}`, next)
			}
		}
		if key == "" {
			return 200, header, list
		}
		return 200, nil, fmt.Sprintf(`{"%s": %s%s}`, key, list, more)
	}
}

// TestPagingToTheEnd: 20,000 items by each kind of paging, none missing, none
// twice, no more in memory than the items.
func TestPagingToTheEnd(t *testing.T) {
	const total = 20_000
	for _, c := range []struct{ kind, action, input, key string }{
		{pageLinks, "cinder.volumes_list", `{}`, "volumes"},
		{pageWhole, "neutron.list_networks", `{}`, "networks"},
		{pageRel, "trove.instances_list", `{}`, "instances"},
		{pageNext, "glance.images_list", `{"page_size": 1000}`, "images"},
		{pageNext, "ironic.node_list", `{"limit": 0}`, "nodes"},
		{pageMarker, "heat.stacks_list", `{"limit": 20000}`, "stacks"},
		{pageNested, "designate.pools_list", `{}`, "pools"},
		{pageHeader, "gnocchi.metric_list", `{}`, ""},
		{pageOffset, "manila.shares_list", `{}`, "shares"},
		{"listing", "swift.get_container", `{"container": "c", "full_listing": true}`, ""},
	} {
		t.Run(c.kind+" "+c.action, func(t *testing.T) {
			cloud := newStubCloud(t)
			runner := cloud.runner()
			cloud.answer = pagedBy(c.key, total, 1000)
			out, err := run(t, runner, c.action, c.input)
			if err != nil {
				t.Fatal(err)
			}
			cloud.take()
			list, ok := out.Result.([]any)
			if m, isMap := out.Result.(*value.Map); isMap {
				v, _ := m.Get(c.key)
				list, ok = v.([]any)
			}
			if c.kind == "listing" {
				list, ok = list[1].([]any)
			}
			if !ok || len(list) != total {
				t.Fatalf("%d items, %v", len(list), ok)
			}
			for i, item := range list {
				if id, _ := item.(*value.Map).Get("id"); id != strconv.Itoa(i+1) {
					t.Fatalf("item %d is %v", i+1, id)
				}
			}
		})
	}
}

// TestPagingWithoutEnd: a service that has ever another page.
func TestPagingWithoutEnd(t *testing.T) {
	for _, c := range []struct{ action, input, key string }{
		{"cinder.volumes_list", `{}`, "volumes"},
		{"neutron.list_networks", `{}`, "networks"},
		{"glance.images_list", `{}`, "images"},
		{"designate.pools_list", `{}`, "pools"},
		{"gnocchi.metric_list", `{}`, ""},
		{"manila.shares_list", `{}`, "shares"},
		{"trove.instances_list", `{}`, "instances"},
		{"swift.get_container", `{"container": "c", "full_listing": true}`, ""},
		{"swiftservice.list", `{"container": "c"}`, ""},
	} {
		cloud := newStubCloud(t)
		runner := cloud.runnerWith(openstack.Config{}, RunnerOptions{MaxList: 1 << 20})
		cloud.answer = pagedBy(c.key, 1<<40, 1000)
		_, err := run(t, runner, c.action, c.input)
		if !errors.As(err, new(openstack.BadAnswer)) || !strings.Contains(err.Error(), "the list is larger than 1048576 bytes after") {
			t.Errorf("%s: %v %v", c.action, reflect.TypeOf(err), err)
		}
		if n := len(cloud.take()); n > 100 {
			t.Errorf("%s: %d requests", c.action, n)
		}
	}
}

func TestTooManyPages(t *testing.T) {
	inv := &invocation{runner: NewRunner(newRegistry(t), nil, RunnerOptions{}), pages: maxPages - 1}
	if err := inv.countPage(&openstack.APIResponse{}); err != nil {
		t.Error(err)
	}
	if err := inv.countPage(&openstack.APIResponse{}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("%v", err)
	}
}
