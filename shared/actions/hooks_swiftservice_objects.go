package actions

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// oneByOne is how many objects are deleted one by one; of more, and where the
// object store can, many are deleted with one request.
const oneByOne = 20

// bulkGroups is in how many groups a page of objects is deleted.
const bulkGroups = 10

// download gives the contents of objects, of a container or, with the option
// yes_all, of all.
func (s *swiftService) download(ctx context.Context) (any, error) {
	objects, given := s.objects()
	if !isTrue(s.container) {
		if !s.options.has("yes_all") {
			return s.results, nil
		}
		containers, err := s.listed(ctx, nil, s.options, s.header)
		if err != nil {
			return nil, err
		}
		left := int64(maxContent)
		for _, c := range containers {
			name, _ := c.Get("name")
			if err := s.downloadAll(ctx, name, &left); err != nil {
				return nil, err
			}
		}
		return s.results, nil
	}
	if strings.Contains(pythonStr(s.container), "/") {
		return nil, badArgument{"container", "must be the name of a container, without a slash"}
	}
	left := int64(maxContent)
	if !given {
		return s.results, s.downloadAll(ctx, s.container, &left)
	}
	if err := names(objects); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if err := s.downloadOne(ctx, s.container, o, &left); err != nil {
			return nil, err
		}
	}
	return s.results, nil
}

func (s *swiftService) downloadAll(ctx context.Context, container any, left *int64) error {
	entries, err := s.listed(ctx, container, s.options, s.header)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, _ := e.Get("name")
		if err := s.downloadOne(ctx, container, name, left); err != nil {
			return err
		}
	}
	return nil
}

// downloadOne gives one object's content, as far as what is left of the bytes
// that a result may have suffices.
func (s *swiftService) downloadOne(ctx context.Context, container, object any, left *int64) error {
	result := swiftResult("download_object", container, object)
	result.Set("path", s.localPath(container, object))
	path, err := objectPath(container, object)
	if err != nil {
		return s.add(ctx, result, err)
	}
	req := request{Method: http.MethodGet, Path: path, Query: url.Values{}, Header: http.Header{}, MaxBody: *left}
	if v, _ := s.options.Get("version_id"); v != nil {
		req.Query.Set("version-id", pythonStr(v))
	}
	for k, v := range s.header.All() {
		req.Header.Set(k, pythonStr(v))
	}
	if *left <= 0 {
		return s.add(ctx, result, fmt.Errorf("the contents are larger than %d bytes together", maxContent))
	}
	answer, err := s.send(ctx, s.action.spec.base.serviceType, req)
	if err != nil {
		return s.add(ctx, result, err)
	}
	result.Set("read_length", len(answer.Body))
	result.Set("response_dict", responseDict(answer))
	if checksum, given := s.options.Get("checksum"); !given || isTrue(checksum) {
		err = checkContent(answer)
	}
	if err == nil && !s.options.has("no_download") {
		*left -= int64(len(answer.Body))
		result.Set("contents", content(answer.Body))
	}
	return s.add(ctx, result, err)
}

// localPath is the path that the client would write an object to.
func (s *swiftService) localPath(container, object any) string {
	path := pythonStr(object)
	if s.options.has("yes_all") {
		path = joined(pythonStr(container), path)
	}
	path = strings.TrimLeft(path, "/")
	if prefix := s.options.text("prefix"); prefix != "" && s.options.has("remove_prefix") {
		path = strings.TrimLeft(path[min(len(prefix), len(path)):], "/")
	}
	return path
}

// joined joins paths as posixpath.join does.
func joined(folder, name string) string {
	if folder == "" || strings.HasPrefix(name, "/") {
		return name
	}
	return strings.TrimSuffix(folder, "/") + "/" + name
}

// checkContent compares an object with its hash. The hash of a large object or
// of a part is not that of its content.
func checkContent(answer *openstack.APIResponse) error {
	for _, k := range []string{"Content-Range", "X-Object-Manifest", "X-Static-Large-Object"} {
		if answer.Header.Get(k) != "" {
			return nil
		}
	}
	want := strings.Trim(answer.Header.Get("Etag"), `"`)
	if got := md5Hex(answer.Body); want != "" && got != want {
		return fmt.Errorf("the content is damaged: its MD5 is %s and not %s", got, want)
	}
	return nil
}

func md5Hex(data []byte) string {
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}

// copy copies objects; the container that the option destination names is
// created before.
func (s *swiftService) copy(ctx context.Context) (any, error) {
	objects, _ := s.objects()
	destination, err := s.destination(objects)
	if err != nil {
		return nil, err
	}
	headers, err := s.metaAnd("X-Object-Meta-")
	if err != nil {
		return nil, err
	}
	if destination != "" {
		if err := s.createContainer(ctx, strings.Split(destination, "/")[1]); err != nil {
			return nil, err
		}
	}
	fresh, given := s.options.Get("fresh_metadata")
	if !given {
		fresh = false
	}
	for _, o := range objects {
		to, name := any(nil), pythonStr(o)
		target := joinedPath(pythonStr(s.container), name)
		if destination != "" {
			target = destination
			if strings.Count(destination, "/") == 1 {
				target += "/" + name
			}
			to = target
		}
		result := swiftResult("copy_object", s.container, o)
		result.Set("destination", to)
		result.Set("headers", headers)
		result.Set("fresh_metadata", fresh)
		all := value.NewMap(headers.Len() + 2)
		_ = spread(all, headers) // dictionaries spread without error
		all.Set("Destination", escapeAll(target, "/"))
		if fresh != nil {
			all.Set("X-Fresh-Metadata", strconv.FormatBool(isTrue(fresh)))
		}
		answer, err := s.onObject(ctx, "COPY", s.container, o, nil, all)
		if err == nil {
			result.Set("response_dict", responseDict(answer))
		}
		if err := s.add(ctx, result, err); err != nil {
			return nil, err
		}
	}
	return s.results, nil
}

func joinedPath(container, object string) string { return "/" + container + "/" + object }

// destination is the option of that name, checked: /container or
// /container/object, the latter for one object only.
func (s *swiftService) destination(objects []any) (string, error) {
	if err := names(objects); err != nil {
		return "", err
	}
	destination := s.options.text("destination")
	parts := strings.Split(destination, "/")
	switch {
	case destination == "":
	case parts[0] != "" || parts[1] == "":
		return "", badArgument{"options", "must have /container or /container/object as destination"}
	case parts[len(parts)-1] == "":
		return "", badArgument{"options", "must have a destination that does not end in a slash"}
	case len(parts) > 2 && len(objects) > 1:
		return "", badArgument{"options", "can't have the destination of one object for several"}
	}
	return destination, nil
}

// createContainer creates a container in case that it is not there. Whether that
// succeeds shows when something is put into it.
func (s *swiftService) createContainer(ctx context.Context, name string) error {
	headers := value.NewMap(1)
	if policy, ok := s.header.Get("X-Storage-Policy"); ok {
		headers.Set("X-Storage-Policy", policy)
	}
	result := value.MapOf("action", "create_container", "container", name, "headers", headers)
	answer, err := s.onObject(ctx, http.MethodPut, name, nil, nil, headers)
	if err == nil {
		result.Set("response_dict", responseDict(answer))
	}
	return s.add(ctx, result, err)
}

// delete deletes objects, or a container with all that is in it or, with the
// option yes_all, everything.
func (s *swiftService) delete(ctx context.Context) (any, error) {
	objects, given := s.objects()
	switch {
	case s.container == nil && len(objects) > 0:
		return nil, errNoContainer
	case s.container == nil && s.options.has("prefix"):
		return nil, badArgument{"container", "is required with the option prefix"}
	case s.container == nil && s.options.has("yes_all"):
		containers, err := s.listed(ctx, nil, swiftOptions{}, nil)
		if err != nil {
			return nil, err
		}
		for _, c := range containers {
			name, _ := c.Get("name")
			if err := s.deleteContainer(ctx, name); err != nil {
				return nil, err
			}
			if s.stops() {
				break
			}
		}
		return s.results, nil
	case s.container == nil:
		return s.results, nil
	case !given:
		return s.results, s.deleteContainer(ctx, s.container)
	}
	if err := names(objects); err != nil {
		return nil, err
	}
	version, _ := s.options.Get("version_id")
	var which []swiftObject
	for _, o := range objects {
		if strings.HasPrefix(o.(string), s.options.text("prefix")) {
			which = append(which, swiftObject{o.(string), version, false})
		}
	}
	return s.results, s.deleteObjects(ctx, s.container, which)
}

// swiftObject is an object to delete, in a version if that is not nil.
type swiftObject struct {
	name    string
	version any
	single  bool // has a version of its own, so it can't be deleted with others
}

// stops reports whether a failure ends it all.
func (s *swiftService) stops() bool { return s.failed && s.options.has("fail_fast") }

// deleteContainer deletes what is in a container, and then the container unless
// the option prefix says what in it.
func (s *swiftService) deleteContainer(ctx context.Context, container any) error {
	result := swiftResult("delete_container", container, nil)
	entries, err := s.listed(ctx, container, s.options, s.header)
	if err != nil {
		return s.add(ctx, result, err)
	}
	version, _ := s.options.Get("version_id")
	var which []swiftObject
	for _, e := range entries {
		name, _ := e.Get("name")
		o := swiftObject{pythonStr(name), version, false}
		if own, ok := e.Get("version_id"); ok && s.options.has("versions") {
			o.version, o.single = own, true
		}
		which = append(which, o)
	}
	if err := s.deleteObjects(ctx, container, which); err != nil || s.options.has("prefix") || s.stops() {
		return err
	}
	answer, err := s.onObject(ctx, http.MethodDelete, container, nil, nil, s.header)
	if err == nil {
		result.Set("response_dict", responseDict(answer))
	}
	return s.add(ctx, result, err)
}

func (s *swiftService) deleteObjects(ctx context.Context, container any, objects []swiftObject) error {
	if page := s.bulkPage(ctx, objects); page > 1 {
		for part := range slices.Chunk(objects, page) {
			for group := range slices.Chunk(part, (len(part)-1)/bulkGroups+1) {
				if err := s.deleteBulk(ctx, container, group); err != nil || s.stops() {
					return err
				}
			}
		}
		return nil
	}
	for _, o := range objects {
		if err := s.deleteObject(ctx, container, o); err != nil || s.stops() {
			return err
		}
	}
	return nil
}

// bulkPage is how many objects the object store deletes with one request; 0 if
// they are to be deleted one by one.
func (s *swiftService) bulkPage(ctx context.Context, objects []swiftObject) int {
	if len(objects) <= oneByOne || slices.ContainsFunc(objects, func(o swiftObject) bool { return o.single }) {
		return 0
	}
	found, err := s.sendJSON(ctx, s.action.spec.base.serviceType, request{
		Method: http.MethodGet, Path: "/info", FromRoot: true, Anonymous: true,
	})
	if err != nil {
		return 0 // an old one, which has no such thing
	}
	info, _ := found.(*value.Map)
	v, ok := info.Get("bulk_delete")
	if !ok {
		return 0
	}
	bulk, _ := v.(*value.Map)
	if n, ok := bulk.Get("max_deletes_per_request"); ok {
		size, _ := asInt(n)
		return size
	}
	return 10000
}

func (s *swiftService) deleteBulk(ctx context.Context, container any, objects []swiftObject) error {
	list := make([]any, len(objects))
	var body strings.Builder
	for i, o := range objects {
		list[i] = o.name
		body.WriteString(escapeAll(joinedPath(pythonStr(container), o.name), "/") + "\n")
	}
	result := value.MapOf("action", "bulk_delete", "container", container, "objects", list)
	headers := value.MapOf("Accept", "application/json", "Content-Type", "text/plain")
	answer, err := s.request(ctx, http.MethodPost, "?bulk-delete", nil, headers, []byte(body.String()))
	if err == nil {
		result.Set("response_dict", responseDict(answer))
		var did any
		if did, err = answer.Value(); err == nil && did == nil {
			err = errors.New("the answer is empty; the object store does not delete many at once")
		}
		result.Set("result", did)
	}
	return s.add(ctx, result, err)
}
