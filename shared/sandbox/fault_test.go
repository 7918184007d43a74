package sandbox_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirocco-workflows/sirocco/shared/sandbox"
)

func TestFaults(t *testing.T) {
	const list = "/alpha/RegionTwo/compute/v2.1/servers/detail"
	isJSON := func(a answer) bool { return json.Valid(a.body) }
	for name, c := range map[string]struct {
		fault string
		want  func(a answer, err error) bool
	}{
		"status": {"region=RegionTwo,status=503,retry_after=7", func(a answer, err error) bool {
			return a.StatusCode == http.StatusServiceUnavailable && a.Header.Get("Retry-After") == "7" && strings.Contains(string(a.body), "serviceUnavailable")
		}},
		"too many": {"service=compute,status=429,retry_after=1,message=slow down", func(a answer, err error) bool {
			return a.StatusCode == http.StatusTooManyRequests && strings.Contains(string(a.body), `"overLimit"`) && strings.Contains(string(a.body), "slow down")
		}},
		"token rejected": {"region=RegionTwo,status=401", func(a answer, err error) bool {
			return a.StatusCode == http.StatusUnauthorized && strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Keystone uri=")
		}},
		"html error": {"status=502,html", func(a answer, err error) bool {
			return a.StatusCode == http.StatusBadGateway && a.Header.Get("Content-Type") == "text/html" && bytes.HasPrefix(a.body, []byte("<html>"))
		}},
		"html instead of JSON": {"html", func(a answer, err error) bool { return a.StatusCode == http.StatusOK && !isJSON(a) }},
		"truncated": {"truncate", func(a answer, err error) bool {
			return err == nil && a.StatusCode == http.StatusOK && !isJSON(a) && len(a.body) > 0
		}},
		"dropped before":   {"drop=before", func(a answer, err error) bool { return errors.Is(err, io.EOF) }},
		"dropped by reset": {"drop=reset", func(a answer, err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }},
		"dropped in the body": {"drop=mid", func(a answer, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && a.StatusCode == http.StatusOK
		}},
		"by route":       {"path=/servers/detail,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusInternalServerError }},
		"by pattern":     {"path=/servers/*,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusInternalServerError }},
		"another path":   {"path=/flavors,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
		"another region": {"region=RegionOne,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
		"another cloud":  {"cloud=beta,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
		"another method": {"method=post,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
		"later":          {"after=1,status=500", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
		"slow":           {"latency=1ms,jitter=1ms", func(a answer, err error) bool { return a.StatusCode == http.StatusOK }},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, sandbox.Options{})
			tok := tokenFor(t, s, "alpha", "demo")
			f, err := sandbox.ParseFault(c.fault)
			if err != nil {
				t.Fatal(err)
			}
			id := s.AddFault(f)
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no retry on a used connection
			a, err := tryAll(t, client, s.URL()+list, tok)
			if !c.want(a, err) {
				t.Errorf("%v, %+v", err, a)
			}
			if !s.RemoveFault(id) || s.RemoveFault(id) {
				t.Error("the fault is not there once")
			}
			if a := do(t, client, "GET", s.URL()+list, tok, ""); a.StatusCode != http.StatusOK || !isJSON(a) {
				t.Errorf("after the fault: %s", a.Status)
			}
		})
	}
}

// tryAll is try that keeps status and headers when the body breaks off.
func tryAll(t *testing.T, client *http.Client, url, token string) (answer, error) {
	t.Helper()
	a, err := try(t.Context(), client, "GET", url, token, "")
	if a.Response == nil {
		a.Response = &http.Response{}
	}
	return a, err
}

// TestAnswerLostAfterTheWork: the server is made although the client hears nothing.
func TestAnswerLostAfterTheWork(t *testing.T) {
	s := start(t, sandbox.Options{Empty: true})
	tok := tokenFor(t, s, "alpha", "demo")
	s.AddFault(sandbox.Fault{Method: "POST", Path: "/servers", Drop: sandbox.DropAfter, Times: 1})
	base := s.URL() + "/alpha/RegionOne"
	img := do(t, http.DefaultClient, "GET", base+"/image/v2/images", tok, "").decode(t)["images"].([]any)[0].(map[string]any)["id"]
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if _, err := try(t.Context(), client, "POST", base+"/compute/v2.1/servers", tok, fmt.Sprintf(`{"server":{"name":"a","flavorRef":"1","imageRef":%q}}`, img)); err == nil {
		t.Fatal("there was an answer")
	}
	if list := do(t, client, "GET", base+"/compute/v2.1/servers", tok, "").decode(t)["servers"].([]any); len(list) != 1 {
		t.Errorf("servers: %v", list)
	}
}

func TestFaultCounts(t *testing.T) {
	s := start(t, sandbox.Options{RandSeed: 1})
	tok := tokenFor(t, s, "alpha", "demo")
	url := s.URL() + "/alpha/RegionOne/compute/v2.1/servers"
	hits := func(n int) (bad int) {
		for range n {
			if do(t, http.DefaultClient, "GET", url, tok, "").StatusCode == http.StatusInternalServerError {
				bad++
			}
		}
		return bad
	}
	id := s.AddFault(sandbox.Fault{Service: "compute", Status: 500, After: 2, Times: 3})
	if n := hits(10); n != 3 || s.FaultHits(id) != 3 {
		t.Errorf("%d of 10 failed, %d hits", n, s.FaultHits(id))
	}
	s.ClearFaults()
	s.AddFault(sandbox.Fault{Service: "compute", Status: 500, Rate: 0.5})
	if n := hits(200); n < 60 || n > 140 {
		t.Errorf("%d of 200 failed at a rate of a half", n)
	}
	s.ClearFaults()
	if n := hits(1); n != 0 {
		t.Error("cleared faults go on")
	}
}

func TestParseFault(t *testing.T) {
	for text, want := range map[string]sandbox.Fault{
		"region=RegionTwo, status=503 ,rate=0.25": {Region: "RegionTwo", Status: 503, Rate: 0.25},
		"METHOD=get,path=/servers/*,times=2":      {Method: "GET", Path: "/servers/*", Times: 2},
		"latency=1s,jitter=20ms":                  {Latency: time.Second, Jitter: 20 * time.Millisecond},
		"html,truncate=true,drop=mid":             {HTML: true, Truncate: true, Drop: sandbox.DropMid},
	} {
		got, err := sandbox.ParseFault(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, text := range []string{"", "status=x", "status=99", "rate=2", "rate=NaN", "drop=never", "times=-1", "path=[", "color=red", "latency=5", "html=maybe"} {
		if f, err := sandbox.ParseFault(text); err == nil {
			t.Errorf("%q gives %+v", text, f)
		}
	}
}

func FuzzParseFault(f *testing.F) {
	f.Add("cloud=a,region=b,service=c,method=get,path=/x/*,status=503,rate=0.5,after=1,times=2,latency=1s,jitter=2s,html,truncate,drop=mid,retry_after=3,message=m")
	f.Add("status=600")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := sandbox.ParseFault(text)
		if err == nil && (fault.Rate < 0 || fault.Rate > 1 || fault.Times < 0 || fault.After < 0 || fault.Status != 0 && (fault.Status < 200 || fault.Status > 599)) {
			t.Errorf("%q gives %+v", text, fault)
		}
	})
}

func TestUnreachableRegion(t *testing.T) {
	c := sandbox.DefaultClouds(1, 2)
	c[0].Regions[1].Unreachable = true
	s := start(t, sandbox.Options{Clouds: c})
	p := login(t, s, "alpha", "demo")
	serverNames(t, computeIn(t, p, "RegionOne"))
	client := computeIn(t, p, "RegionTwo")
	if _, err := try(t.Context(), http.DefaultClient, "GET", client.Endpoint, p.TokenID, ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%s: %v", client.Endpoint, err)
	}
}

func TestCounters(t *testing.T) {
	s := start(t, sandbox.Options{})
	client := computeIn(t, login(t, s, "alpha", "demo"), "RegionTwo")
	s.ResetCounts()
	serverNames(t, client)
	serverNames(t, client)
	want := []sandbox.RequestCount{{RequestKey: sandbox.RequestKey{Cloud: "alpha", Region: "RegionTwo", Service: "compute", Interface: "public", Method: "GET",
		Route: "/servers/detail"}, N: 2}}
	if diff := cmp.Diff(want, s.Requests()); diff != "" {
		t.Error(diff)
	}
	if n := s.Count(sandbox.RequestKey{Service: "identity"}); n != 0 {
		t.Errorf("%d Keystone requests", n)
	}
}

func TestAdminEndpoint(t *testing.T) {
	s := start(t, sandbox.Options{})
	tok := tokenFor(t, s, "alpha", "demo")
	admin, url := s.URL()+"/_sandbox", s.URL()+"/alpha/RegionOne/compute/v2.1/servers"
	status := func() int { return do(t, http.DefaultClient, "GET", url, tok, "").StatusCode }
	a := do(t, http.DefaultClient, "POST", admin+"/faults", "", `{"fault":"region=RegionOne,status=500"}`)
	if a.StatusCode != http.StatusCreated || status() != 500 {
		t.Errorf("fault over HTTP: %s", a.Status)
	}
	if a := do(t, http.DefaultClient, "DELETE", fmt.Sprintf("%s/faults/%v", admin, a.decode(t)["id"]), "", ""); a.StatusCode != http.StatusNoContent || status() != 200 {
		t.Errorf("ending it: %s", a.Status)
	}
	if a := do(t, http.DefaultClient, "POST", admin+"/faults", "", `{"fault":"nonsense"}`); a.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad fault: %s", a.Status)
	}
	if a := do(t, http.DefaultClient, "POST", admin+"/expire", "", `{"cloud":"alpha"}`); a.StatusCode != http.StatusNoContent || status() != 401 {
		t.Errorf("expiring: %s", a.Status)
	}
	if a := do(t, http.DefaultClient, "GET", admin+"/requests", "", ""); len(a.decode(t)["requests"].([]any)) == 0 {
		t.Errorf("requests: %s", a.body)
	}
	if a := do(t, http.DefaultClient, "GET", admin+"/clouds.yaml?all=1", "", ""); !strings.Contains(string(a.body), "alpha-appcred") {
		t.Errorf("clouds.yaml: %s", a.body)
	}
}

// TestManyAtOnce lets clients change and read the same region together; the race
// detector watches.
func TestManyAtOnce(t *testing.T) {
	s := start(t, sandbox.Options{Clouds: sandbox.DefaultClouds(2, 100)})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			cloud := s.Clouds()[i%2]
			tok := tokenFor(t, s, cloud, "demo")
			for j := range 8 {
				region := s.Regions(cloud)[(i/4+j)%4]
				base := s.Endpoint(cloud, region, "")
				net := do(t, http.DefaultClient, "POST", base+"network/v2.0/networks", tok, `{"network":{"name":"n"}}`)
				vol := do(t, http.DefaultClient, "POST", base+"volume/v3/volumes", tok, `{"volume":{"size":1}}`)
				if net.StatusCode != http.StatusCreated || vol.StatusCode != http.StatusAccepted {
					t.Errorf("network %s, volume %s", net.Status, vol.Status)
				}
				for _, path := range []string{"compute/v2.1/servers/detail", "network/v2.0/ports", "volume/v3/volumes/detail", "image/v2/images"} {
					if a := do(t, http.DefaultClient, "GET", base+path, tok, ""); a.StatusCode != http.StatusOK {
						t.Errorf("%s: %s", path, a.Status)
					}
				}
			}
		})
	}
	wg.Wait()
}

func TestOptionsThatCantBeServed(t *testing.T) {
	for name, opts := range map[string]sandbox.Options{
		"two clouds of a name":  {Clouds: []sandbox.CloudOptions{{Name: "a"}, {Name: "a"}}},
		"no name":               {Clouds: []sandbox.CloudOptions{{}}},
		"reserved cloud":        {Clouds: []sandbox.CloudOptions{{Name: "_sandbox"}}},
		"reserved region":       {Clouds: []sandbox.CloudOptions{{Name: "a", Regions: []sandbox.RegionOptions{{Name: "identity"}}}}},
		"two regions of a name": {Clouds: []sandbox.CloudOptions{{Name: "a", Regions: []sandbox.RegionOptions{{Name: "r"}, {Name: "r"}}}}},
		"address":               {Listen: "127.0.0.1:x"},
	} {
		if s, err := sandbox.Start(t.Context(), opts); err == nil {
			t.Errorf("%s: no error", name)
			_ = s.Close()
		}
	}
}

func BenchmarkStart100Regions(b *testing.B) {
	for b.Loop() {
		s, err := sandbox.Start(b.Context(), sandbox.Options{Clouds: sandbox.DefaultClouds(1, 100)})
		if err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
}

func BenchmarkListServers(b *testing.B) {
	s := start(b, sandbox.Options{})
	tok := tokenFor(b, s, "alpha", "demo")
	for b.Loop() {
		do(b, http.DefaultClient, "GET", s.URL()+"/alpha/RegionOne/compute/v2.1/servers/detail", tok, "")
	}
}
