// Package openstack finds the way from a target's names to a request that a
// cloud answers: cloud and region to Keystone, token, catalog, endpoint.
//
// A [Manager] is made once per process from a [Config]. [Manager.Session] takes
// a [Request] (which cloud or auth URL, which region, whose credentials), looks
// the names up in the operator's configuration ([CloudsConfig], read from
// clouds.yaml and OS_* as openstacksdk reads them), asks the policy whether
// that auth URL may be spoken to, and authenticates, or finds a token that is
// still good. [Session.Service] chooses an endpoint of the token's catalog, and
// [Service.Do] sends a request there. Nothing but the first session of an
// identity asks Keystone anything, and no service is asked for its versions.
//
// # Targets
//
// The region is the request's, else the cloud's own default (OS_REGION_NAME,
// region_name, the first of its regions: list), else Config.DefaultRegion, else
// the only one that has the service; several without a choice are an error that
// lists them. Types are matched with their official aliases, interfaces
// exactly. What a catalog's URL lacks (a version, a project id) or has too much
// of is mended by what the service's paths expect, so that "/servers",
// "/v2/images", "/v2.0/networks", "/volumes" and "/stacks" each work on the base
// that a [Service] has, however the catalog spells it.
//
// # Policy
//
// Auth URLs are compared and used in one canonical spelling. A URL of the
// operator's configuration is allowed; one that comes with a request must be a
// configured cloud's, or Config.MultiCloud be on and Config.AllowedAuthURIs
// empty or hold it. Credentials go to no other URL than the one that they were
// given or configured for.
//
// Independently of that, the dialer checks each address after it was resolved
// and right before connecting: loopback, link-local, unspecified, multicast,
// the metadata services, and IPv6 forms that stand for such an IPv4 address are
// closed, for Keystone, for what the catalog lists, for redirects and for
// [Manager.HTTPClient]. The host of a configured cloud's auth URL is open to
// that cloud's sessions alone (any loopback address opens this machine's
// loopback); Config.OpenHosts are open to all. The Lambda runtime's own
// interface is always closed. A proxy is used only if the operator's program
// passes one in Config.Proxy; HTTP_PROXY alone does nothing. A redirect to
// another host is followed only by a plain read, without credentials; a login
// follows none that leaves the auth URL.
//
// # Tokens
//
// One token is kept per auth URL, credentials, scope and rules of connecting,
// under a keyed hash. However many calls need it at once, one request gets it,
// each caller waiting no longer than its own context; it is renewed a minute
// before it ends, or once a service answers 401, and the call is then made once
// more. A token that was given as credentials can't be renewed: it ends as an
// Unauthorized that says so. What a login asks for is written by gophercloud's
// identity package; sending it and reading what a Keystone answers is done here.
//
// # Errors and repeating
//
// Errors are values of one type per name ([Unauthorized], [NotFound], ...), each
// with a [Detail]: service, region, method, path, status, OpenStack's request
// id and message, and never a secret. 429 and 503 are repeated after
// Retry-After, what could not be sent at once, lost answers and 502 and 504 only
// for GET, HEAD, OPTIONS, PUT and DELETE. (A DELETE whose first answer was lost
// and whose second is 404 has succeeded.) So [OverLimit], [Unavailable] and
// [Timeout] may always be retried by whoever gets them; a request with effects
// whose answer was lost ends as [OutcomeUnknown]. An answer of 3xx that leads
// nowhere, such as a list of versions, is a [BadAnswer].
package openstack
