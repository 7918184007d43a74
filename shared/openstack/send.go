package openstack

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// call is one request with all that sending and repeating it needs.
type call struct {
	detail Detail // names for errors
	zone   *zone
	url    string
	header http.Header

	body   []byte
	stream io.Reader // a body that can be sent once only

	// safe: repeating it can't do a thing twice.
	safe bool
	// login: the body holds credentials, so no redirect may lead elsewhere
	// but where checkLogin lets it.
	checkLogin func(*url.URL) error

	secrets   []string
	streaming bool // leave the answer's body unread
	maxBody   int64
	timeout   time.Duration
}

type sleeper func(ctx context.Context, d time.Duration) error

func sleepFor(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failure is what one try ended with.
type failure struct {
	err   error
	again bool // another try may go better, and does no harm
	// unsure: the request was sent, and whether it was carried out is open.
	unsure bool
	wait   time.Duration // that the service asked for, 0 if it did not
}

// send makes the request, again where that may help and can't do harm:
//
//   - 429 and 503 always, after Retry-After if the service gave it
//   - what was never sent (no connection) always
//   - a lost answer, 502 and 504 only when repeating is safe
//
// It gives up when the tries are used up, or the wait would outlast the
// context's deadline or the longest delay.
func (m *Manager) send(ctx context.Context, c *call) (*APIResponse, error) {
	unsure := false // an earlier try may have been carried out
	for try := 1; ; try++ {
		started := m.cfg.Now()
		resp, f := m.try(ctx, c)
		m.log(ctx, c, try, resp, f, m.cfg.Now().Sub(started))
		if f == nil {
			return resp, nil
		}
		var gone NotFound
		if unsure && c.detail.Method == http.MethodDelete && errors.As(f.err, &gone) {
			// The try whose answer was lost has deleted it.
			return &APIResponse{Status: http.StatusNoContent, Header: http.Header{}, detail: gone.Detail}, nil
		}
		unsure = unsure || f.unsure
		if !f.again || c.stream != nil || try >= m.cfg.Retry.Attempts || ctx.Err() != nil {
			return nil, f.err
		}
		wait := f.wait
		if wait == 0 {
			wait = m.backoff(try)
		}
		if wait > m.cfg.Retry.MaxDelay {
			return nil, f.err
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
			return nil, f.err
		}
		if err := m.sleep(ctx, wait); err != nil {
			return nil, f.err
		}
	}
}

// backoff doubles per try; half of it is chance, so that many that failed
// together do not come back together.
func (m *Manager) backoff(try int) time.Duration {
	d := m.cfg.Retry.BaseDelay << min(try-1, 16)
	d = min(d, m.cfg.Retry.MaxDelay)
	return d/2 + rand.N(d/2+1)
}

func (m *Manager) log(ctx context.Context, c *call, try int, resp *APIResponse, f *failure, took time.Duration) {
	if !m.cfg.Logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	status, id := 0, ""
	if resp != nil {
		status, id = resp.Status, requestID(resp.Header)
	} else if d, ok := DetailOf(f.err); ok {
		status, id = d.Status, d.RequestID
	}
	m.cfg.Logger.LogAttrs(ctx, slog.LevelDebug, "openstack request",
		slog.String("service", c.detail.Service), slog.String("region", c.detail.Region),
		slog.String("method", c.detail.Method), slog.String("path", c.detail.Path),
		slog.Int("status", status), slog.String("request_id", id),
		slog.Int("try", try), slog.Duration("took", took))
}

// try makes the request once, redirects included.
func (m *Manager) try(ctx context.Context, c *call) (*APIResponse, *failure) {
	tryCtx, cancel := context.WithTimeout(ctx, c.timeout)
	var connected atomic.Bool
	traced := httptrace.WithClientTrace(tryCtx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	resp, err := m.follow(traced, c)
	if err != nil {
		cancel()
		return nil, m.lost(ctx, c, err, connected.Load())
	}
	if c.streaming && resp.StatusCode < 400 {
		return &APIResponse{
			Status: resp.StatusCode, Header: resp.Header,
			Stream: &streamBody{ReadCloser: resp.Body, cancel: cancel},
		}, nil
	}
	defer cancel()
	defer func() { _ = resp.Body.Close() }()
	body, err := readBody(resp, c.maxBody)
	d := c.answered(resp)
	switch {
	case resp.StatusCode >= 400:
		return nil, m.refused(c, d, resp, body)
	case errors.Is(err, errTooLarge):
		d.Message = "the answer is larger than " + strconv.FormatInt(c.maxBody, 10) + " bytes"
		return nil, &failure{err: BadAnswer{d}}
	case err != nil:
		f := m.lost(ctx, c, err, true)
		return nil, f
	}
	return &APIResponse{Status: resp.StatusCode, Header: resp.Header, Body: body, detail: d, secrets: c.secrets}, nil
}

// answered is the call's detail with what an answer adds.
func (c *call) answered(resp *http.Response) Detail {
	d := c.detail
	d.Status = resp.StatusCode
	d.RequestID = scrub(requestID(resp.Header), c.secrets...)
	return d
}

// refused makes the failure of an answer with status 400 or more.
func (m *Manager) refused(c *call, d Detail, resp *http.Response, body []byte) *failure {
	d.RequestID = scrub(requestID(resp.Header, body...), c.secrets...)
	d.Message = scrub(errorMessage(resp.Header.Get("Content-Type"), body), c.secrets...)
	d.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), m.cfg.Now())
	f := &failure{err: errorOfStatus(d, c.safe), wait: d.RetryAfter}
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.again = true
	case http.StatusRequestEntityTooLarge:
		f.again = d.RetryAfter > 0 // Nova's and Cinder's older rate limits
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		f.again, f.unsure = c.safe, true
	}
	return f
}

// lost makes the failure of a request that got no answer. sent says that a
// connection was there, so the service may have got the request.
func (m *Manager) lost(ctx context.Context, c *call, err error, sent bool) *failure {
	d := c.detail
	var denied EgressDenied
	if errors.As(err, &denied) {
		d.Message = denied.Message
		if c.checkLogin != nil {
			return &failure{err: AuthURLNotAllowed{d}}
		}
		return &failure{err: EgressDenied{d}}
	}
	var typed interface {
		error
		Details() Detail
	}
	if errors.As(err, &typed) { // a redirect that is not followed
		return &failure{err: typed}
	}
	harmless := c.safe || !sent
	timeout := errors.Is(err, context.DeadlineExceeded) || isTimeout(err)
	d.Message = scrub(cleanText(err), c.secrets...)
	d.cause = stripURL(err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		d.Message, d.cause = "canceled", context.Canceled
		if !harmless {
			d.Message = "canceled while the answer was awaited"
		}
		return &failure{err: Canceled{d}}
	case ctx.Err() != nil:
		d.Message, d.cause = "no answer before the deadline", context.DeadlineExceeded
	case timeout && sent:
		d.Message = "no answer within " + c.timeout.String()
	}
	switch {
	case !harmless:
		d.Message += "; whether the request was carried out is not known"
		return &failure{err: OutcomeUnknown{d}}
	case timeout:
		return &failure{err: Timeout{d}, again: true, unsure: sent}
	default:
		return &failure{err: Unavailable{d}, again: !permanent(err), unsure: sent}
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// permanent reports errors of connecting that the next try would meet again.
func permanent(err error) bool {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
	)
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &cert) ||
		strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// stripURL takes off the wrapper that repeats the URL with its query.
func stripURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}

func cleanText(err error) string { return stripURL(err).Error() }

// follow sends the request and follows redirects as OpenStack's clients do: the
// method stays, but for 303. A redirect to another host gets no credentials,
// and only a request without effects follows it.
func (m *Manager) follow(ctx context.Context, c *call) (*http.Response, error) {
	at, err := url.Parse(c.url)
	if err != nil {
		return nil, BadRequest{c.detailWith("the request's URL is not one")}
	}
	method, body, header := c.detail.Method, c.body, c.header
	for hop := 0; ; hop++ {
		resp, err := c.zone.RoundTrip(c.request(ctx, method, at, header, body))
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
			http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		if location == "" {
			return resp, nil
		}
		drain(resp)
		next, err := at.Parse(location)
		if err != nil || next.Scheme != "http" && next.Scheme != "https" || next.Host == "" || next.User != nil {
			return nil, BadAnswer{c.detailWith("redirected to what is no plain http URL")}
		}
		if resp.StatusCode == http.StatusSeeOther && method != http.MethodHead {
			method, body = http.MethodGet, nil
		}
		if hop == maxRedirects {
			return nil, BadAnswer{c.detailWith("redirected too often")}
		}
		if header, err = c.redirected(at, next, method, header); err != nil {
			return nil, err
		}
		at = next
	}
}

// redirected decides whether a redirect is followed, and with which headers.
func (c *call) redirected(at, next *url.URL, method string, header http.Header) (http.Header, error) {
	if c.stream != nil {
		return nil, BadAnswer{c.detailWith("redirected, and the body can be sent only once")}
	}
	if c.checkLogin != nil {
		if err := c.checkLogin(next); err != nil {
			return nil, err
		}
	}
	if sameHost(at, next) {
		return header, nil
	}
	if c.checkLogin != nil || method != http.MethodGet && method != http.MethodHead {
		return nil, BadAnswer{c.detailWith("redirected to another host (" + next.Host + "), where nothing but a plain read follows")}
	}
	header = header.Clone()
	dropAuth(header)
	return header, nil
}

func (c *call) detailWith(message string) Detail {
	d := c.detail
	d.Message = scrub(message, c.secrets...)
	return d
}

func (c *call) request(ctx context.Context, method string, at *url.URL, header http.Header, body []byte) *http.Request {
	r := (&http.Request{
		Method: method, URL: at, Host: at.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	switch {
	case c.stream != nil:
		r.Body, r.ContentLength = io.NopCloser(c.stream), -1
		if l, ok := c.stream.(interface{ Len() int }); ok {
			r.ContentLength = int64(l.Len())
		}
	case body != nil:
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	return r
}

// drain reads a short rest, so that the connection can be used again.
func drain(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10)
	_ = resp.Body.Close()
}
