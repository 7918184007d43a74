package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// service is what the regions' services of one kind have in common.
type service struct {
	kind      string // path segment and name in counters and faults
	stype     string // type in the catalog
	name      string // name in the catalog
	version   string // first segment of its paths
	older     []string
	path      string // what the catalog has after the root
	inProject projectPath

	major, minMinor, maxMinor int    // microversions; maxMinor 0: none
	mvName                    string // the service's name in OpenStack-API-Version

	router   *node
	versions func(*call) reply             // the document at the root
	current  func(*call) reply             // the document at the version
	shape    func(*call, *apiError) *reply // an error in the service's own form
}

// projectPath says whether the path names the project after the version.
type projectPath int

const (
	projectNever projectPath = iota
	projectMay
	projectMust
)

func services() map[string]*service {
	out := make(map[string]*service)
	for _, s := range []*service{
		identityService(), computeService(), imageService(), networkService(), volumeService(), heatService(),
	} {
		out[s.kind] = s
	}
	return out
}

// regionKinds are the services of a region in the order of the catalog.
var regionKinds = []string{"compute", "image", "network", "volume", "orchestration"}

// serviceSegment cuts "compute-internal" to "compute".
func serviceSegment(seg string) string {
	for _, iface := range []string{"-internal", "-admin"} {
		if base, found := strings.CutSuffix(seg, iface); found {
			return base
		}
	}
	return seg
}

func interfaceOf(seg string) string {
	switch {
	case strings.HasSuffix(seg, "-internal"):
		return "internal"
	case strings.HasSuffix(seg, "-admin"):
		return "admin"
	}
	return "public"
}

// Shapes of errors.

// faultShape is Nova's and Cinder's {"itemNotFound": {"code", "message"}}.
func faultShape(c *call, e *apiError) *reply {
	if e.Type == "HTTPNotFound" && e.Status == http.StatusNotFound {
		return webobShape(c, e)
	}
	names := map[int]string{
		400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
		409: "conflictingRequest", 413: "overLimit", 415: "badMediaType", 429: "overLimit", 501: "notImplemented",
		503: "serviceUnavailable",
	}
	name := names[e.Status]
	if name == "" {
		name = "computeFault"
	}
	inner := object{"code": e.Status, "message": e.Message}
	if after := e.Header["Retry-After"]; after != "" {
		inner["retryAfter"] = after
	}
	return &reply{status: e.Status, body: object{name: inner}}
}

// webobShape is what WebOb makes of an exception: JSON for who accepts it, else text.
func webobShape(c *call, e *apiError) *reply {
	title := http.StatusText(e.Status)
	status := fmt.Sprintf("%d %s", e.Status, title)
	if strings.Contains(c.req.Header.Get("Accept"), "json") || c.svc.kind != "image" {
		return &reply{status: e.Status, body: object{
			"message": e.Message + "<br /><br />\n\n\n", "code": status, "title": title}}
	}
	return &reply{status: e.Status, body: []byte(status + "\n\n" + e.Message + "\n\n   "),
		header: map[string]string{"Content-Type": "text/plain; charset=UTF-8"}}
}

// unauthorized is the token middleware's answer, the same for most services.
func unauthorized(c *call) *reply {
	header := map[string]string{"WWW-Authenticate": fmt.Sprintf("Keystone uri=%q", c.sb.AuthURL(c.cloud.name))}
	if c.svc.kind == "image" {
		r := webobShape(c, fail(401, "", "This server could not verify that you are authorized to access the document you requested. "+
			"Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."))
		if r.header == nil {
			r.header = header
		}
		r.header["WWW-Authenticate"] = header["WWW-Authenticate"]
		return r
	}
	return &reply{status: 401, header: header, body: object{"error": object{
		"code": 401, "title": "Unauthorized", "message": "The request you have made requires authentication."}}}
}

// Microversions.

var microversion = regexp.MustCompile(`^([1-9]\d*)\.([1-9]\d*|0)$`)

// negotiate reads the microversion that a request asks for.
func (c *call) negotiate() *apiError {
	s := c.svc
	c.minor = s.minMinor
	if s.maxMinor == 0 {
		return nil
	}
	want := ""
	for _, part := range strings.Split(strings.Join(c.req.Header.Values("OpenStack-API-Version"), ","), ",") {
		if name, v, found := strings.Cut(strings.TrimSpace(part), " "); found && strings.EqualFold(name, s.mvName) {
			want = strings.TrimSpace(v)
		}
	}
	if want == "" && s.kind == "compute" {
		want = c.req.Header.Get("X-OpenStack-Nova-API-Version")
	}
	switch want {
	case "":
		return nil
	case "latest":
		c.minor = s.maxMinor
		return nil
	}
	m := microversion.FindStringSubmatch(want)
	if m == nil {
		return fail(400, "", "API Version String %s is of invalid format. Must be of format MajorNum.MinorNum.", want)
	}
	major, _ := strconv.Atoi(m[1])
	minor, err := strconv.Atoi(m[2])
	if err != nil || major != s.major || minor < s.minMinor || minor > s.maxMinor {
		return fail(406, "", "Version %s is not supported by the API. Minimum is %d.%d and maximum is %d.%d.",
			want, s.major, s.minMinor, s.major, s.maxMinor)
	}
	c.minor = minor
	return nil
}

// mark sets the headers that every answer of the service has.
func (c *call) mark(h http.Header) {
	h.Set("X-Openstack-Request-Id", c.reqID)
	if c.svc.kind == "compute" || c.svc.maxMinor > 0 && c.key.Route != "(unknown)" {
		h.Set("X-Compute-Request-Id", c.reqID)
	}
	if c.svc.maxMinor == 0 || c.key.Route == "(unknown)" {
		return
	}
	v := fmt.Sprintf("%d.%d", c.svc.major, c.minor)
	h.Set("OpenStack-API-Version", c.svc.mvName+" "+v)
	h.Set("Vary", "OpenStack-API-Version")
	if c.svc.kind == "compute" {
		h.Set("X-OpenStack-Nova-API-Version", v)
		h.Add("Vary", "X-OpenStack-Nova-API-Version")
	}
}

// selfLink is the list of links of a version document.
func (c *call) selfLink(version string) []any {
	return []any{object{"rel": "self", "href": c.root + "/" + version + "/"}}
}

// hexID tells a project's id in a path.
var hexID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// cutProject takes the project out of the path's segments.
func (s *service) cutProject(segs []string) (project string, rest []string) {
	if len(segs) == 0 || s.inProject == projectNever {
		return "", segs
	}
	if s.inProject == projectMust || hexID.MatchString(segs[0]) {
		return segs[0], segs[1:]
	}
	return "", segs
}

func (s *service) speaks(version string) bool {
	return version == s.version || slices.Contains(s.older, version)
}
