package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// A large object is a manifest of segments. A static one names them, and the
// object store deletes them with it; a dynamic one says in X-Object-Manifest in
// which container and under which prefix they lie.

// deleteObject deletes one object and, unless the option leave_segments says
// otherwise, its segments.
func (s *swiftService) deleteObject(ctx context.Context, container any, o swiftObject) error {
	result := swiftResult("delete_object", container, o.name)
	query, manifest := url.Values{}, ""
	if !s.options.has("leave_segments") {
		head, err := s.onObject(ctx, http.MethodHead, container, o.name, url.Values{"symlink": {"get"}}, s.header)
		if err != nil && !errors.As(err, new(openstack.NotFound)) {
			return s.add(ctx, result, err)
		}
		if err == nil {
			manifest = head.Header.Get("X-Object-Manifest")
			if isStatic(head) {
				query.Set("multipart-manifest", "delete")
			}
		}
	}
	if o.version != nil {
		query.Set("version-id", pythonStr(o.version))
	}
	answer, err := s.onObject(ctx, http.MethodDelete, container, o.name, query, s.header)
	if err != nil {
		return s.add(ctx, result, err)
	}
	result.Set("response_dict", responseDict(answer))
	if manifest != "" {
		segments, err := s.dynamicSegments(ctx, manifest)
		if err != nil {
			return s.add(ctx, result, err)
		}
		deleted, err := s.deleteSegments(ctx, segments)
		if err != nil {
			return err
		}
		result.Set("dlo_segments_deleted", allSucceeded(deleted))
	}
	return s.add(ctx, result, nil)
}

// segment is where a segment lies.
type segment struct{ container, object string }

func isStatic(head *openstack.APIResponse) bool {
	switch strings.ToLower(head.Header.Get("X-Static-Large-Object")) {
	case "true", "1", "yes", "on", "t", "y":
		return true
	}
	return false
}

// dynamicSegments lists the segments of a dynamic large object.
func (s *swiftService) dynamicSegments(ctx context.Context, manifest string) ([]segment, error) {
	container, prefix, _ := strings.Cut(unescaped(manifest), "/")
	entries, err := s.listed(ctx, container, swiftOptions{value.MapOf("prefix", strings.TrimRight(prefix, "/")+"/")}, nil)
	out := make([]segment, 0, len(entries))
	for _, e := range entries {
		name, _ := e.Get("name")
		out = append(out, segment{container, pythonStr(name)})
	}
	return out, err
}

// maxManifests bounds how deep manifests name manifests.
const maxManifests = 16

// staticSegments reads the segments of a static large object, and those of the
// large objects among them.
func (s *swiftService) staticSegments(ctx context.Context, container, object any, depth int) ([]segment, error) {
	if depth > maxManifests {
		return nil, fmt.Errorf("the manifests of %s are nested too deeply", pythonStr(object))
	}
	answer, err := s.onObject(ctx, http.MethodGet, container, object, url.Values{"multipart-manifest": {"get"}}, nil)
	if err != nil {
		return nil, err
	}
	list, err := s.swiftListing(answer)
	var out []segment
	for _, e := range list {
		m, _ := e.(*value.Map)
		path, _ := m.Get("name")
		at, name, ok := strings.Cut(strings.TrimLeft(pythonStr(path), "/"), "/")
		if !ok {
			continue
		}
		if sub, _ := m.Get("sub_slo"); isTrue(sub) {
			inner, err := s.staticSegments(ctx, at, name, depth+1)
			if err != nil {
				return nil, err
			}
			out = append(out, inner...)
			continue
		}
		out = append(out, segment{at, name})
	}
	return out, err
}

// deleteSegments deletes segments. One that is not there any more is no failure.
func (s *swiftService) deleteSegments(ctx context.Context, segments []segment) ([]any, error) {
	before := len(s.results)
	for _, seg := range segments {
		result := swiftResult("delete_segment", seg.container, seg.object)
		answer, err := s.onObject(ctx, http.MethodDelete, seg.container, seg.object, nil, nil)
		if errors.As(err, new(openstack.NotFound)) {
			err = nil
		} else if err == nil {
			result.Set("response_dict", responseDict(answer))
		}
		if err := s.add(ctx, result, err); err != nil {
			return nil, err
		}
	}
	return s.results[before:len(s.results):len(s.results)], nil
}

func allSucceeded(results []any) bool {
	for _, r := range results {
		if ok, _ := r.(*value.Map).Get("success"); ok != true {
			return false
		}
	}
	return true
}

// upload is an object to upload.
type upload struct {
	name   string
	data   []byte
	marker bool // for a directory: an empty object of that type
}

// upload puts objects, whose contents are given, into a container, which is
// created before. What stands behind a slash in its name is a folder in it.
func (s *swiftService) upload(ctx context.Context) (any, error) {
	place, _ := s.container.(string)
	container, folder, _ := strings.Cut(place, "/")
	if container == "" {
		return nil, badArgument{"container", "must be the name of a container"}
	}
	objects, _ := s.objects()
	var uploads []upload
	for _, o := range objects {
		u, err := s.uploadOf(o, folder)
		if err != nil {
			return nil, err
		}
		uploads = append(uploads, u)
	}
	headers, err := s.metaAnd("X-Object-Meta-")
	if err != nil {
		return nil, err
	}
	if !s.options.has("skip_container_put") {
		if err := s.createContainer(ctx, container); err != nil {
			return nil, err
		}
		s.failed = false // it may be there, or shows with the objects
	}
	for _, u := range uploads {
		if err := s.uploadOne(ctx, container, u, headers); err != nil {
			return nil, err
		}
		if s.stops() {
			break
		}
	}
	return s.results, nil
}

// uploadOf reads one of the objects to upload.
func (s *swiftService) uploadOf(o any, folder string) (upload, error) {
	m, ok := o.(*value.Map)
	if !ok {
		return upload{}, badArgument{"objects", "must be a list of dictionaries of object_name and contents, not one with " + pythonRepr(o) +
			": a function has no files of yours"}
	}
	for k := range m.All() {
		if k != "object_name" && k != "contents" {
			return upload{}, badArgument{"objects", "must be dictionaries of object_name and contents, without " + k}
		}
	}
	v, _ := m.Get("object_name")
	name, ok := v.(string)
	if !ok || strings.TrimLeft(name, "/") == "" {
		return upload{}, badArgument{"objects", "must have a name as object_name"}
	}
	name = joined(folder, strings.TrimLeft(name, "/"))
	name = strings.TrimPrefix(strings.TrimPrefix(name, "./"), "/")
	given, has := m.Get("contents")
	data, err := contents(given)
	if err != nil {
		return upload{}, badArgument{"objects", "must have contents that can be sent; they " + err.Error()}
	}
	u := upload{name: name, marker: !has && s.options.has("dir_marker")}
	u.data, _ = data.([]byte)
	return u, nil
}

// uploadOne puts one object and then deletes the segments of the one that was
// there before, as far as that was a large one.
func (s *swiftService) uploadOne(ctx context.Context, container string, u upload, more *value.Map) error {
	action := "upload_object"
	headers := value.MapOf("x-object-meta-mtime", fmt.Sprintf("%d.000000", time.Now().Unix()))
	if u.marker {
		action = "create_dir_marker"
	}
	result := swiftResult(action, container, u.name)
	result.Set("headers", headers)
	var old []segment
	if !u.marker {
		var same bool
		var err error
		if old, same, err = s.before(ctx, container, u); err != nil || same {
			result.Set("status", "skipped-identical")
			if err != nil {
				result.Delete("status")
			}
			return s.add(ctx, result, err)
		}
		_ = spread(headers, more) // dictionaries spread without error
	} else {
		headers.Set("content-type", "application/directory")
	}
	answer, err := s.put(ctx, container, u, headers)
	if err != nil {
		return s.add(ctx, result, err)
	}
	result.Set("response_dict", responseDict(answer))
	if len(old) > 0 {
		deleted, err := s.deleteSegments(ctx, old)
		if err != nil {
			return err
		}
		result.Set("segment_delete_results", deleted)
	}
	result.Set("status", "uploaded")
	return s.add(ctx, result, nil)
}

// before looks at what an upload replaces: the segments that it leaves behind,
// and whether it is the same.
func (s *swiftService) before(ctx context.Context, container string, u upload) (old []segment, same bool, err error) {
	leave := s.options.has("leave_segments")
	if leave && !s.options.has("skip_identical") && !s.options.has("changed") {
		return nil, false, nil
	}
	head, err := s.onObject(ctx, http.MethodHead, container, u.name, nil, nil)
	if err != nil {
		if errors.As(err, new(openstack.NotFound)) {
			err = nil
		}
		return nil, false, err
	}
	manifest := head.Header.Get("X-Object-Manifest")
	if s.options.has("skip_identical") && manifest == "" && !isStatic(head) &&
		strings.Trim(head.Header.Get("Etag"), `"`) == md5Hex(u.data) {
		return nil, true, nil
	}
	switch {
	case leave || head.Header.Get("Content-Location") != "":
		return nil, false, nil
	case isStatic(head):
		old, err = s.staticSegments(ctx, container, u.name, 0)
	case manifest != "":
		old, err = s.dynamicSegments(ctx, manifest)
	}
	return old, false, err
}

// put puts the object and checks that it arrived as it is.
func (s *swiftService) put(ctx context.Context, container string, u upload, headers *value.Map) (*openstack.APIResponse, error) {
	path, err := objectPath(container, u.name)
	if err != nil {
		return nil, err
	}
	answer, err := s.request(ctx, http.MethodPut, path, nil, headers, u.data)
	if err != nil {
		return nil, err
	}
	etag := strings.Trim(answer.Header.Get("Etag"), `"`)
	checksum, given := s.options.Get("checksum")
	if got := md5Hex(u.data); etag != "" && etag != got && !u.marker && (!given || isTrue(checksum)) {
		return nil, fmt.Errorf("the object is damaged on the way: its MD5 is %s there and %s here", etag, got)
	}
	return answer, nil
}
