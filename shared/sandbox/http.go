package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// maxBody bounds what a client can send: an image, at most.
const maxBody = 512 << 20

// ServeHTTP finds the cloud, region and service of a request, lets faults
// happen to it and has it answered.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segs := splitPath(r.URL.EscapedPath())
	if len(segs) > 0 && segs[0] == "_sandbox" {
		s.serveAdmin(w, r, segs[1:])
		return
	}
	c, rest := s.locate(r, segs)
	if c == nil {
		htmlPage(w, http.StatusNotFound, "No such cloud, region or service in this sandbox.")
		return
	}
	rt, project := c.resolve(rest)
	s.counters.add(c.key)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client is gone or sends without end
	}
	c.data = body
	faults := s.faults.pick(c.key, c.path, s.float)
	if !s.delay(r, faults) {
		return
	}
	out := c.interrupted(faults)
	if out == nil {
		r := c.perform(rt, project)
		out = &r
	}
	s.log.Debug("sandbox request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
		slog.Int("status", out.status), slog.String("request_id", c.reqID))
	c.write(w, *out, faults)
}

// locate reads cloud, region and service from the path.
func (s *Sandbox) locate(r *http.Request, segs []string) (*call, []string) {
	if len(segs) < 2 {
		return nil, nil
	}
	cl := s.clouds[segs[0]]
	if cl == nil {
		return nil, nil
	}
	c := &call{sb: s, cloud: cl, req: r, query: r.URL.Query(), now: s.now(), reqID: "req-" + uuid.NewString()}
	at := 1
	if serviceSegment(segs[1]) != "identity" {
		c.region = cl.regions[segs[1]]
		at = 2
		if c.region == nil || len(segs) < 3 || segs[2] == "identity" {
			return nil, nil
		}
	}
	c.svc = s.kinds[serviceSegment(segs[at])]
	if c.svc == nil || c.region != nil && !c.region.has(c.svc.kind) {
		return nil, nil
	}
	c.key = RequestKey{Cloud: cl.name, Service: c.svc.kind, Interface: interfaceOf(segs[at]), Method: r.Method, Route: "(unknown)"}
	c.root = s.base + "/" + url.PathEscape(cl.name)
	if c.region != nil {
		c.key.Region = c.region.name
		c.root += "/" + url.PathEscape(c.region.name)
	}
	c.root += "/" + segs[at]
	return c, segs[at+1:]
}

func (r *region) has(kind string) bool {
	return len(r.opts.Services) == 0 || slices.Contains(r.opts.Services, kind)
}

// resolve finds the route for the rest of the path. A version document is a
// route of its own making.
func (c *call) resolve(rest []string) (rt *route, project string) {
	doc := func(f func(*call) reply) *route {
		c.key.Route = ""
		return &route{method: c.req.Method, access: anyone, handle: func(c *call) (reply, error) { return f(c), nil }}
	}
	if len(rest) > 0 && rest[len(rest)-1] == "" && len(rest) <= 2 {
		rest = rest[:len(rest)-1]
	}
	if len(rest) == 0 || rest[0] == "versions" && len(rest) == 1 {
		return doc(c.svc.versions), ""
	}
	if !c.svc.speaks(rest[0]) {
		return nil, ""
	}
	if len(rest) == 1 {
		return doc(c.svc.current), ""
	}
	project, segs := c.svc.cutProject(rest[1:])
	c.path = "/" + strings.Join(segs, "/")
	n := c.svc.router.find(segs)
	if n == nil {
		return nil, project
	}
	c.key.Route = n.pattern
	rt = n.methods[c.req.Method]
	if rt == nil && c.req.Method == http.MethodHead {
		rt = n.methods[http.MethodGet]
	}
	if rt == nil {
		allow := n.allow()
		return &route{handle: func(*call) (reply, error) { return reply{}, noMethod(allow) }}, project
	}
	c.vars = bind(rt.pattern, segs)
	return rt, project
}

// delay waits as long as the sandbox and the faults want; false when the client
// or the sandbox has gone meanwhile.
func (s *Sandbox) delay(r *http.Request, faults []Fault) bool {
	jitter := func(d time.Duration) time.Duration { return time.Duration(s.float() * float64(d)) }
	d := s.opts.Latency
	if s.opts.Jitter > 0 {
		d += jitter(s.opts.Jitter)
	}
	for _, f := range faults {
		d += f.Latency
		if f.Jitter > 0 {
			d += jitter(f.Jitter)
		}
	}
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.done.Done():
		return false
	}
}

// interrupted returns the answer of the first fault that forbids the work.
func (c *call) interrupted(faults []Fault) *reply {
	for _, f := range faults {
		switch {
		case f.Drop == DropBefore || f.Drop == DropReset:
			return &reply{}
		case f.Status == 0 && !f.HTML:
			continue
		case f.HTML:
			status := f.Status
			if status == 0 {
				status = http.StatusOK
			}
			return withRetryAfter(&reply{status: status, body: []byte(pageText(status, f.Message)),
				header: map[string]string{"Content-Type": "text/html"}}, f.RetryAfter)
		case f.Status == http.StatusUnauthorized:
			return unauthorized(c)
		default:
			msg := f.Message
			if msg == "" {
				msg = http.StatusText(f.Status)
			}
			e := fail(f.Status, "Sandbox"+strings.ReplaceAll(http.StatusText(f.Status), " ", ""), "%s", msg)
			if f.RetryAfter != "" {
				e.Header = map[string]string{"Retry-After": f.RetryAfter}
			}
			return withRetryAfter(c.svc.shape(c, e), f.RetryAfter)
		}
	}
	return nil
}

func withRetryAfter(r *reply, after string) *reply {
	if after != "" {
		if r.header == nil {
			r.header = map[string]string{}
		}
		r.header["Retry-After"] = after
	}
	return r
}

// perform checks microversion and token and calls the handler. The answer's body
// is bytes when it returns: nothing of the state is read after the lock is gone.
func (c *call) perform(rt *route, project string) reply {
	if e := c.negotiate(); e != nil {
		return *c.refuse(e)
	}
	if rt == nil || rt.access != anyone {
		c.token = c.cloud.validate(c.req.Header.Get("X-Auth-Token"), c.now)
		if c.token == nil {
			return encode(unauthorized(c))
		}
	}
	if rt == nil {
		return *c.refuse(noRoute())
	}
	if e := c.permit(rt, project); e != nil {
		return *c.refuse(e)
	}
	unlock := c.lock()
	defer unlock()
	out, err := rt.handle(c)
	if err != nil {
		var e *apiError
		if !errors.As(err, &e) {
			e = fail(500, "InternalServerError", "%s", err)
		}
		return *c.refuse(e)
	}
	return encode(&out)
}

// lock takes the state that a handler works on, filling it first.
func (c *call) lock() func() {
	if c.region == nil {
		c.cloud.mu.Lock()
		return c.cloud.mu.Unlock
	}
	c.region.mu.Lock()
	c.region.seed()
	return c.region.mu.Unlock
}

// permit checks the roles and the project that the path names.
func (c *call) permit(rt *route, project string) *apiError {
	switch {
	case rt.access == anyone:
		return nil
	case rt.access == adminOf && !c.admin():
		return c.denied(rt.rule)
	case rt.access == member && c.region != nil && c.token.project == nil && !c.admin():
		return c.denied(rt.rule)
	case project != "" && project != c.project():
		if c.svc.kind == "compute" {
			return badRequest("Malformed request URL: URL's project_id '%s' doesn't match Context's project_id '%s'", project, c.project())
		}
		if c.svc.kind == "orchestration" {
			return fail(403, "Forbidden", "You are not authorized to use this action.")
		}
		return badRequest("Malformed request url")
	}
	return nil
}

// denied refuses by policy in the words of the service.
func (c *call) denied(rule string) *apiError {
	switch c.svc.kind {
	case "identity":
		return forbidden("You are not authorized to perform the requested action: %s.", rule)
	case "network":
		return forbidden("rule:%s is disallowed by policy", rule)
	case "image":
		return forbidden("You are not authorized to complete %s action.", rule)
	case "orchestration":
		return fail(403, "Forbidden", "You are not authorized to use %s.", rule)
	}
	return forbidden("Policy doesn't allow %s to be performed.", rule)
}

func (c *call) refuse(e *apiError) *reply {
	r := encode(c.svc.shape(c, e))
	for k, v := range e.Header {
		if r.header == nil {
			r.header = map[string]string{}
		}
		r.header[k] = v
	}
	return &r
}

// encode turns the body into bytes.
func encode(r *reply) reply {
	out := *r
	if _, raw := r.body.([]byte); raw || r.body == nil {
		return out
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r.body); err != nil {
		return reply{status: 500, body: []byte(fmt.Sprintf("sandbox: %v", err))}
	}
	out.body = buf.Bytes()
	return out
}

// write sends the answer, spoilt as the faults want.
func (c *call) write(w http.ResponseWriter, r reply, faults []Fault) {
	drop, truncate := Drop(""), false
	for _, f := range faults {
		if f.Drop != "" {
			drop = f.Drop
		}
		truncate = truncate || f.Truncate
	}
	switch drop {
	case DropReset:
		reset(w)
		return
	case DropBefore, DropAfter:
		panic(http.ErrAbortHandler)
	}
	r = encode(&r)
	body, _ := r.body.([]byte)
	c.mark(w.Header())
	if len(body) > 0 || c.region != nil && r.status != http.StatusNoContent {
		w.Header().Set("Content-Type", "application/json")
	}
	for k, v := range r.header {
		w.Header().Set(k, v)
	}
	if truncate {
		body = body[:len(body)/2]
	}
	if r.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(r.status)
	if c.req.Method == http.MethodHead || r.status == http.StatusNoContent {
		return
	}
	if drop == DropMid {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

// reset breaks the connection off with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	inner := conn
	if t, is := conn.(interface{ NetConn() net.Conn }); is {
		inner = t.NetConn()
	}
	if tcp, is := inner.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
	}
}

func pageText(status int, message string) string {
	title := fmt.Sprintf("%d %s", status, http.StatusText(status))
	if message == "" {
		message = "The server is temporarily unable to service your request."
	}
	return "<html>\n<head><title>" + title + "</title></head>\n<body>\n<center><h1>" + title + "</h1></center>\n<p>" + message +
		"</p>\n<hr><center>nginx</center>\n</body>\n</html>\n"
}

func htmlPage(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, pageText(status, message))
}
