package openstack

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Detail says which request failed and how. Every error type of this package
// that stems from a request embeds one. Nothing in it is a secret: the path has
// no query, the message went through the scrubber.
type Detail struct {
	Cloud     string // name of the configured cloud, "" when none was named
	Service   string // official service type, "identity" for Keystone
	Region    string
	Method    string
	Path      string // relative to the endpoint, without the query
	Status    int    // HTTP status, 0 when there was no answer
	RequestID string // OpenStack's request id (req-...)
	Message   string // the service's own words, or what happened

	// RetryAfter is how long the service asked to wait, 0 if it did not say.
	RetryAfter time.Duration

	cause error
}

// Error puts the whole into one line:
//
//	compute in RegionOne: GET /servers/detail: 404: Instance x could not be found. (request req-1)
func (d Detail) Error() string {
	var b strings.Builder
	switch {
	case d.Service != "" && d.Region != "":
		fmt.Fprintf(&b, "%s in %s", d.Service, d.Region)
	case d.Service != "":
		b.WriteString(d.Service)
	}
	if d.Cloud != "" {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "of cloud %s", d.Cloud)
	}
	part := func(s string) {
		if s == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(s)
	}
	if d.Method != "" {
		part(strings.TrimSpace(d.Method + " " + d.Path))
	}
	if d.Status != 0 {
		part(fmt.Sprint(d.Status))
	}
	part(d.Message)
	if d.Message == "" && d.Status != 0 {
		b.WriteString(" " + http.StatusText(d.Status))
	}
	if d.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", d.RequestID)
	}
	return b.String()
}

// Unwrap gives the cause, such as context.DeadlineExceeded, if there is one.
func (d Detail) Unwrap() error { return d.cause }

// Details returns d itself, so that [DetailOf] finds it in any error type.
func (d Detail) Details() Detail { return d }

// DetailOf returns the detail of the first error in err's chain that has one.
func DetailOf(err error) (Detail, bool) {
	var with interface {
		error
		Details() Detail
	}
	if errors.As(err, &with) {
		return with.Details(), true
	}
	return Detail{}, false
}

// The errors of this package. They are values, not pointers, and the name of
// the Go type is the name under which a Lambda function reports the error, so
// that a definition can retry and catch it by that name.
//
// OverLimit, Unavailable and Timeout are the ones worth a retry (see
// [Retryable]): they are only used where repeating the request can't do a thing
// twice. A request that changes something and whose answer was lost ends as
// OutcomeUnknown instead.
type (
	// Unauthorized means that Keystone or a service did not accept the credentials or
	// the token (401), also after the token was renewed once.
	Unauthorized struct{ Detail }
	// Forbidden means that the credentials are known but may not do this (403).
	Forbidden struct{ Detail }
	// NotFound means that the thing does not exist, or not for this project (404).
	NotFound struct{ Detail }
	// Conflict means that the thing is in a state that forbids the request (409).
	Conflict struct{ Detail }
	// BadRequest means that the service refused the request as such (400 and the
	// other 4xx that have no name of their own, 501).
	BadRequest struct{ Detail }
	// OverLimit means a rate limit (429, or 413 with an overLimit body).
	OverLimit struct{ Detail }
	// Unavailable means that the service can't be reached or said 5xx.
	Unavailable struct{ Detail }
	// Timeout means no answer in time.
	Timeout struct{ Detail }
	// OutcomeUnknown means that the request changes something, it was sent, and no
	// answer tells whether it was carried out.
	OutcomeUnknown struct{ Detail }
	// Canceled means that the caller's context was canceled; errors.Is finds
	// context.Canceled.
	Canceled struct{ Detail }
	// BadAnswer means that the service answered with success but the answer can't be
	// used: not JSON, cut off, or larger than the configured limit.
	BadAnswer struct{ Detail }
	// EgressDenied means that the address is link-local, loopback, a metadata service
	// or the Lambda runtime's, and the operator did not open it.
	EgressDenied struct{ Detail }
	// AuthURLNotAllowed means that the policy does not let this auth URL be spoken to.
	AuthURLNotAllowed struct{ Detail }
	// InvalidInput means that the target itself is wrong: an unknown cloud name,
	// credentials that lack a part, an interface that does not exist.
	InvalidInput struct{ Detail }

	// RegionNotFound means that the catalog has the service, but not in that region.
	RegionNotFound struct {
		Detail
		Regions []string // where the service is
	}
	// AmbiguousRegion means that no region was named and the service is in several.
	AmbiguousRegion struct {
		Detail
		Regions []string // to choose from
	}
	// ServiceNotFound means that the catalog has no such service, or not with the
	// interface that was asked for.
	ServiceNotFound struct {
		Detail
		Services []string // the service types that the catalog has
	}
)

// Retryable reports whether the same call may simply be made again: err is
// an OverLimit, Unavailable or Timeout.
//
//	resp, err := service.Do(ctx, req)
//	switch {
//	case openstack.Retryable(err):
//		// wait DetailOf(err).RetryAfter, or back off, and call again
//	case errors.As(err, &openstack.NotFound{}):
//		// it is gone: perhaps what was wanted
//	case err != nil:
//		return err
//	}
func Retryable(err error) bool {
	var (
		limit   OverLimit
		down    Unavailable
		timeout Timeout
	)
	return errors.As(err, &limit) || errors.As(err, &down) || errors.As(err, &timeout)
}

// errorOfStatus gives the error type for a status of 400 or more. safe says
// that repeating the request can't do a thing twice.
func errorOfStatus(d Detail, safe bool) error {
	switch s := d.Status; {
	case s == http.StatusUnauthorized:
		return Unauthorized{d}
	case s == http.StatusForbidden:
		return Forbidden{d}
	case s == http.StatusNotFound:
		return NotFound{d}
	case s == http.StatusConflict:
		return Conflict{d}
	case s == http.StatusTooManyRequests,
		s == http.StatusRequestEntityTooLarge && d.RetryAfter > 0:
		return OverLimit{d}
	case s == http.StatusServiceUnavailable:
		return Unavailable{d}
	case s == http.StatusNotImplemented, s == http.StatusHTTPVersionNotSupported:
		return BadRequest{d}
	case (s >= 500 || s == http.StatusRequestTimeout) && !safe:
		return OutcomeUnknown{d}
	case s == http.StatusRequestTimeout, s == http.StatusGatewayTimeout:
		return Timeout{d}
	case s >= 500:
		return Unavailable{d}
	default:
		return BadRequest{d}
	}
}

func invalid(format string, args ...any) error {
	return InvalidInput{Detail{Message: fmt.Sprintf(format, args...)}}
}

// inCloud puts the name of the cloud into an error of its Keystone.
func inCloud(err error, cloud string) error {
	if cloud == "" {
		return err
	}
	at := func(d Detail) Detail {
		if d.Cloud == "" {
			d.Cloud = cloud
		}
		return d
	}
	switch e := err.(type) { //nolint:errorlint // they come from here and are not wrapped
	case Unauthorized:
		return Unauthorized{at(e.Detail)}
	case Forbidden:
		return Forbidden{at(e.Detail)}
	case NotFound:
		return NotFound{at(e.Detail)}
	case BadRequest:
		return BadRequest{at(e.Detail)}
	case OverLimit:
		return OverLimit{at(e.Detail)}
	case Unavailable:
		return Unavailable{at(e.Detail)}
	case Timeout:
		return Timeout{at(e.Detail)}
	case BadAnswer:
		return BadAnswer{at(e.Detail)}
	case AuthURLNotAllowed:
		return AuthURLNotAllowed{at(e.Detail)}
	default:
		return err
	}
}
