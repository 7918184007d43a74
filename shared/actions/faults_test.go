package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
)

// fault is what goes wrong with a request.
type fault struct {
	name   string
	status int  // that the error carries; 0: none came
	lost   bool // whether it was carried out is open
	shape  bool // the answer is a success that only some results can be made of
	answer func(w http.ResponseWriter, echo string)
}

// answerWith answers with the text, into which goes what was sent.
func answerWith(status int, contentType, text string, headers ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, echo string) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("X-Openstack-Request-Id", "req-1")
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, strings.ReplaceAll(text, "ECHO", echo))
	}
}

const (
	typeJSON = "application/json"
	typeHTML = "text/html"
	said     = `{"error": {"message": "it says ECHO"}}`
)

var faults = []fault{
	{name: "reset", lost: true, answer: func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }},
	{name: "reset in the answer", lost: true, answer: func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"id": "i", "serv`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}},
	{name: "401", status: 401, answer: answerWith(401, typeJSON, said)},
	{name: "409", status: 409, answer: answerWith(409, typeJSON, said)},
	{name: "429", status: 429, answer: answerWith(429, typeJSON, said, "Retry-After", "0.001")},
	{name: "500", status: 500, lost: true, answer: answerWith(500, typeJSON, said)},
	{name: "502 by a proxy", status: 502, lost: true, answer: answerWith(502, typeHTML, "<html><title>it says ECHO</title><hr>nginx")},
	{name: "503", status: 503, answer: answerWith(503, typeJSON, said, "Retry-After", "0.001")},
	{name: "503 until a date", status: 503, answer: answerWith(503, typeJSON, said, "Retry-After", "Mon, 01 Jan 2001 00:00:00 GMT")},
	{name: "300", status: 300, answer: answerWith(300, typeJSON, `{"versions": [{"id": "v2.0"}]}`)},
	{name: "a page", status: 200, shape: true, answer: answerWith(200, typeHTML, "<html><title>it says ECHO</title>")},
	{name: "cut off", status: 200, shape: true, answer: answerWith(200, typeJSON, `{"servers": [{"id": "i", "x": "ECHO`)},
	{name: "a list", status: 200, shape: true, answer: answerWith(200, typeJSON, `[]`)},
	{name: "a list of lists", status: 200, shape: true, answer: answerWith(200, typeJSON, `[[null], "x", 5]`)},
	{name: "null", status: 200, shape: true, answer: answerWith(200, typeJSON, `null`)},
	{name: "text", status: 200, shape: true, answer: answerWith(200, typeJSON, `"ECHO"`)},
	{name: "nothing", status: 204, shape: true, answer: answerWith(204, typeJSON, ``)},
	{name: "another dictionary", status: 200, shape: true, answer: answerWith(200, typeJSON, `{"a": {"b": null}, "c": "ECHO"}`)},
}

// TestFaults lets each request of each recorded action, and all after it, go
// wrong in each way. The error must say where and be of the right type, show no
// secret, and nothing that changes something may be sent again that could have
// been carried out.
func TestFaults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runnerWith(openstack.Config{Retry: openstack.RetryConfig{Attempts: 2, BaseDelay: 1}},
		RunnerOptions{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	runs, failed := 0, 0
	differences := readDifferences(t)
	recordings, full := readRecordings(t), map[string]bool{}
	for _, rec := range recordings {
		full[rec.Action] = full[rec.Action] || rec.Label == "full"
	}
	for _, rec := range recordings {
		a, ok := runner.Registry().Lookup(rec.Action)
		again := rec.Label == "required" && full[rec.Action] // the same requests with less in them
		if !ok || again || differences[rec.Action+"/"+rec.Label] != "" {
			continue
		}
		for first := range rec.Requests {
			for _, f := range faults {
				c := faultCase{t: t, a: a, rec: rec, fault: f, first: first}
				runs++
				if c.run(cloud, runner) != nil {
					failed++
				}
			}
		}
	}
	t.Logf("%d runs, %d of them failed", runs, failed)
	if runs < 15_000 || failed < runs/2 {
		t.Errorf("only %d runs, of which %d failed", runs, failed)
	}
}

type faultCase struct {
	t     *testing.T
	a     *Action
	rec   recording
	fault fault
	first int // the request that goes wrong first
}

func (c *faultCase) errorf(format string, args ...any) {
	c.t.Errorf("%s/%s, request %d, %s: %s", c.rec.Action, c.rec.Label, c.first+1, c.fault.name, fmt.Sprintf(format, args...))
}

func (c *faultCase) run(cloud *stubCloud, runner *Runner) error {
	input := decodeInput(c.t, c.rec.Input)
	secrets := c.a.secrets(input)
	var n atomic.Int64 // requests come on several connections
	cloud.mu.Lock()
	cloud.answer = plausible(c.a, input, c.rec)
	cloud.fault = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if n.Add(1) <= int64(c.first) {
			return false
		}
		echo, _ := json.Marshal(r.Header.Get("X-Auth-Token") + " " + strings.Join(secrets, " ") + string(body))
		c.fault.answer(w, strings.Trim(string(echo), `"`))
		return true
	}
	cloud.mu.Unlock()
	_, err := runner.Run(context.Background(), Call{Action: c.rec.Action, Input: input})
	sent := cloud.take()
	c.checkRepeats(sent)
	c.checkError(err, sent, append(secrets, "planted"))
	return err
}

// checkRepeats looks for what was sent twice though it may have been done.
func (c *faultCase) checkRepeats(sent []stubRequest) {
	if !c.fault.lost {
		return
	}
	seen := map[string]bool{}
	for _, r := range sent {
		safe := r.Method == http.MethodGet || r.Method == http.MethodHead || (r.Method == http.MethodPut || r.Method == http.MethodDelete) && !c.a.spec.onlyOnce()
		key := r.Method + " " + r.Path + "?" + r.Query.Encode() + " " + r.Body
		if !safe && seen[key] {
			c.errorf("sent twice: %s", key)
		}
		seen[key] = true
	}
}

// onlyOnce reports whether all calls of an entry are marked `once`.
func (s *spec) onlyOnce() bool {
	for _, c := range s.cases {
		if !c.call.once {
			return false
		}
	}
	return s.base.once
}

func (c *faultCase) checkError(err error, sent []stubRequest, secrets []string) {
	if err == nil {
		swift := c.a.Service == "swiftservice" // whose results hold the errors
		bodiless := c.fault.name == "reset in the answer" && sent[len(sent)-1].Method == http.MethodHead
		if c.first == 0 && !c.fault.shape && !swift && !bodiless {
			c.errorf("no error")
		}
		return
	}
	text := fmt.Sprintf("%v %+v", err, err)
	for _, s := range secrets {
		if len(s) >= 4 && strings.Contains(text, s) {
			c.errorf("the error shows %q: %s", s, err)
		}
	}
	d, ok := openstack.DetailOf(err)
	if !ok {
		if !errors.As(err, new(ActionFailed)) || !c.fault.shape {
			c.errorf("%T %v", err, err)
		}
		return
	}
	last := sent[len(sent)-1]
	if d.Service == "" || d.Region != "RegionOne" || d.Method != last.Method || d.Path == "" && last.Path != "" {
		c.errorf("%+v at %s %s", d, last.Method, last.Path)
	}
	if c.fault.shape {
		return
	}
	if d.Status != c.fault.status || c.fault.status > 0 && d.RequestID != "req-1" {
		c.errorf("status %d, request id %q: %v", d.Status, d.RequestID, err)
	}
	head := last.Method == http.MethodHead // has no body
	if c.fault.status >= 400 && !head && !strings.Contains(d.Message, "it says") {
		c.errorf("message %q", d.Message)
	}
	unknown := errors.As(err, new(openstack.OutcomeUnknown))
	changes := slices.Contains([]string{"POST", "PATCH", "COPY"}, last.Method)
	if c.fault.lost && changes && !unknown || unknown && (last.Method == http.MethodGet || !c.fault.lost) {
		c.errorf("%T", err)
	}
}
