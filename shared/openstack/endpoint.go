package openstack

import (
	"errors"
	"net/url"
	"strings"
)

// endpoint is a catalog URL cut into the parts from which requests are built.
type endpoint struct {
	base string // what paths are relative to, no slash at the end
	root string // the same without version and project: where version documents are
}

// parseEndpoint turns a catalog's URL into the base that the service's paths
// are relative to. Catalogs list the same service in many ways, with or without
// version, project id and slash at the end; the table of service types says
// what the paths expect:
//
//	image           http://h:9292, http://h/image/v2    -> http://h:9292, http://h/image
//	compute         http://h:8774, http://h:8774/v2.1/  -> http://h:8774/v2.1
//	block-storage   http://h:8776, .../v2/P, .../v3     -> .../v3/P, .../v3/P, .../v3
//	orchestration   http://h:8004/v1                    -> http://h:8004/v1/P
//
// where P is the project id. A service that the table does not know is spoken
// to at its URL as it stands.
func parseEndpoint(raw string, t *serviceType, projectID string) (endpoint, error) {
	raw = expandProject(strings.TrimSpace(raw), projectID)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return endpoint{}, errors.New("the catalog's URL is not one")
	}
	if u.Scheme = strings.ToLower(u.Scheme); u.Scheme != "http" && u.Scheme != "https" {
		return endpoint{}, errors.New("the catalog's URL is neither http nor https")
	}
	if u.User != nil {
		return endpoint{}, errors.New("the catalog's URL has a user or password in it")
	}
	origin := u.Scheme + "://" + u.Host
	var segments []string
	for s := range strings.SplitSeq(u.EscapedPath(), "/") {
		switch s {
		case "":
		case ".", "..":
			return endpoint{}, errors.New("the catalog's URL has dot segments")
		default:
			segments = append(segments, s)
		}
	}
	at := versionAt(segments)
	e := endpoint{
		base: join(origin, segments),
		root: join(origin, segments[:at]),
	}
	if t == nil {
		return e, nil
	}
	switch l := t.layout; {
	case l.rooted:
		e.base = e.root
	case l.version != "":
		e.base = join(e.root, l.tail(segments[at:], projectID))
	}
	return e, nil
}

// tail is what follows the root: the version that is wanted, then the project.
func (l layout) tail(listed []string, projectID string) []string {
	if len(listed) > 0 {
		// An old version is replaced, a newer minor one of the same is kept.
		version := listed[0]
		if l.version != version && !strings.HasPrefix(version, l.version+".") {
			version = l.version
		}
		listed = append([]string{version}, listed[1:]...)
	}
	switch {
	case len(listed) == 0 && l.project != asListed && projectID != "":
		return []string{l.version, projectID}
	case len(listed) == 0:
		return []string{l.version}
	case len(listed) == 1 && l.project == always && projectID != "":
		return append(listed, projectID)
	default:
		return listed
	}
}

// versionAt is the index of the path's version: its last segment, or the one
// before a project id. Without one it is the length.
func versionAt(segments []string) int {
	for i := len(segments) - 1; i >= 0 && i >= len(segments)-2; i-- {
		if versionSegment.MatchString(segments[i]) {
			return i
		}
	}
	return len(segments)
}

func join(origin string, segments []string) string {
	for _, s := range segments {
		origin += "/" + s
	}
	return origin
}

// expandProject fills in the placeholders that a templated catalog and
// clouds.yaml's endpoint_override may have.
func expandProject(raw, projectID string) string {
	for _, p := range []string{"%(project_id)s", "%(tenant_id)s", "$(project_id)s", "$(tenant_id)s", "{project_id}", "{tenant_id}"} {
		raw = strings.ReplaceAll(raw, p, projectID)
	}
	return raw
}
