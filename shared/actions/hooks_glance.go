package actions

import (
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

var glanceHooks = map[string]hook{
	"glance.images_list":      glanceImagesList,
	"glance.images_update":    glanceImagesUpdate,
	"glance.delete_locations": glanceDeleteLocations,
	"glance.update_location":  glanceUpdateLocation,
	"glance.images_data":      glanceImagesData,
	"glance.replace":          glanceReplace,
}

// imagesPageSize is how many images the client asks for at once.
const imagesPageSize = 200

// glanceImagesList asks for pages no larger than the limit.
func glanceImagesList(ctx context.Context, inv *invocation) (any, error) {
	size, ok := asInt(inv.args["kwargs.page_size"])
	if n, huge := inv.args["kwargs.page_size"].(*big.Int); huge && n.Sign() > 0 {
		size, ok = math.MaxInt64, true
	}
	if !ok || size <= 0 {
		size = imagesPageSize
	}
	if limit, ok := asInt(inv.args["kwargs.limit"]); ok && limit != 0 {
		size = min(size, limit)
	}
	if inv.args["kwargs.sort"] != nil && (inv.args["kwargs.sort_key"] != nil || inv.args["kwargs.sort_dir"] != nil) {
		return nil, badArgument{"sort", "can't be given with sort_key or sort_dir"}
	}
	if err := glanceSort(inv.args["kwargs.sort"]); err != nil {
		return nil, err
	}
	inv.args["@page_size"] = int64(size)
	if size == math.MaxInt64 {
		inv.args["@page_size"] = inv.args["kwargs.page_size"]
	}
	if filters, ok := inv.args["kwargs.filters"].(*value.Map); ok {
		filters = value.Clone(filters).(*value.Map)
		if tags, has := filters.Get("tag"); has { // each is a parameter of its own, other lists are text
			if m, ok := tags.(*value.Map); ok {
				tags = keys(m)
			}
			list, _ := items(tags)
			for _, tag := range list.(many) {
				if _, ok := tag.(string); !ok {
					return nil, badArgument{"filters", "has the tag " + pythonRepr(tag) + ", which is no text"}
				}
			}
			filters.Set("tag", list)
		}
		inv.args["kwargs.filters"] = filters
	}
	return inv.perform(ctx)
}

// glanceSort checks key[:dir],key[:dir], which the client does, too.
func glanceSort(v any) error {
	if v == nil {
		return nil
	}
	s, _ := v.(string)
	keys := []string{"name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"}
	for part := range strings.SplitSeq(strings.TrimSpace(s), ",") {
		key, dir, _ := strings.Cut(part, ":")
		if !slices.Contains(keys, key) || dir != "" && dir != "asc" && dir != "desc" {
			return badArgument{"sort", fmt.Sprintf("must be one of %s, or several with commas, each with :asc or :desc or neither, not %s", strings.Join(keys, ", "), pythonRepr(v))}
		}
	}
	return nil
}

// glanceGet gets the resource at the path of the action's own call.
func (inv *invocation) glanceGet(ctx context.Context) (*value.Map, error) {
	c := inv.action.spec.choose(inv.args)
	v, err := inv.get(ctx, c, &follow{path: c.path})
	if err != nil {
		return nil, err
	}
	m, ok := v.(*value.Map)
	if !ok {
		return nil, inv.badAnswer(fmt.Errorf("the answer is %s and not an image", value.Kind(v)))
	}
	m.Delete("self")
	return m, nil
}

// glanceImagesUpdate makes a JSON patch of what changes: the image is read, and
// only properties that differ are sent.
func glanceImagesUpdate(ctx context.Context, inv *invocation) (any, error) {
	image, err := inv.glanceGet(ctx)
	if err != nil {
		return nil, err
	}
	props, _ := inv.args["kwargs"].(*value.Map)
	removed, _ := inv.args["remove_props"].([]any)
	patch := []any{}
	for k := range image.All() {
		if !props.Has(k) && slices.Contains(removed, any(k)) {
			patch = append(patch, value.MapOf("op", "remove", "path", pointer(k)))
		}
	}
	for k, v := range props.All() {
		switch old, ok := image.Get(k); {
		case !ok:
			patch = append(patch, value.MapOf("op", "add", "path", pointer(k), "value", v))
		case !value.Equal(old, v):
			patch = append(patch, value.MapOf("op", "replace", "path", pointer(k), "value", v))
		}
	}
	inv.args["@patch"] = patch
	return inv.perform(ctx)
}

// pointer is a JSON pointer to a key at the top.
func pointer(key string) string {
	return "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

// glanceLocations reads an image and its locations.
func (inv *invocation) glanceLocations(ctx context.Context) (*value.Map, []any, error) {
	image, err := inv.glanceGet(ctx)
	if err != nil {
		return nil, nil, err
	}
	v, _ := image.Get("locations")
	locations, ok := v.([]any)
	if !ok {
		return nil, nil, inv.badAnswer(fmt.Errorf("the service does not show the locations of images"))
	}
	return image, locations, nil
}

// location returns the index of the location with that URL.
func (inv *invocation) location(locations []any, url any) (int, error) {
	for i, l := range locations {
		m, _ := l.(*value.Map)
		if u, _ := m.Get("url"); u == url {
			return i, nil
		}
	}
	d := inv.answered
	d.Message, d.Status = "the image has no location "+pythonStr(url), http.StatusNotFound
	return 0, openstack.NotFound{Detail: d}
}

func glanceDeleteLocations(ctx context.Context, inv *invocation) (any, error) {
	_, locations, err := inv.glanceLocations(ctx)
	if err != nil {
		return nil, err
	}
	var at []int
	urls, _ := inv.args["url_set"].([]any)
	for _, u := range urls {
		i, err := inv.location(locations, u)
		if err != nil {
			return nil, err
		}
		at = append(at, i)
	}
	slices.Sort(at)
	patch := []any{}
	for _, i := range slices.Backward(slices.Compact(at)) { // from the end, so that the indexes hold
		patch = append(patch, value.MapOf("op", "remove", "path", fmt.Sprintf("/locations/%d", i)))
	}
	inv.args["@patch"] = patch
	return inv.perform(ctx)
}

func glanceUpdateLocation(ctx context.Context, inv *invocation) (any, error) {
	image, locations, err := inv.glanceLocations(ctx)
	if err != nil {
		return nil, err
	}
	i, err := inv.location(locations, inv.args["url"])
	if err != nil {
		return nil, err
	}
	location := locations[i].(*value.Map)
	if old, _ := location.Get("metadata"); value.Equal(old, inv.args["metadata"]) {
		return image, nil
	}
	location.Set("metadata", inv.args["metadata"])
	inv.args["@patch"] = []any{value.MapOf("op", "replace", "path", "/locations", "value", locations)}
	return inv.perform(ctx)
}

// serviceOwn are the fields that the service sets itself and does not take back.
var serviceOwn = map[string][]string{
	"glance.metadefs_namespace_update": {"schema", "created_at", "updated_at"},
	"glance.metadefs_object_update":    {"schema", "created_at", "updated_at"},
	"glance.metadefs_tag_update":       {"created_at", "updated_at"},
}

// glanceReplace puts a metadata definition back with the given fields changed.
func glanceReplace(ctx context.Context, inv *invocation) (any, error) {
	resource, err := inv.glanceGet(ctx)
	if err != nil {
		return nil, err
	}
	for _, k := range serviceOwn[inv.action.Name] {
		resource.Delete(k)
	}
	if name := inv.args["prop_name"]; name != nil {
		resource.Set("name", name)
	}
	kwargs, _ := inv.args["kwargs"].(*value.Map)
	for k, v := range kwargs.All() {
		resource.Set(k, v)
	}
	inv.args["@new"] = resource
	inv.known = true // the answer may not say the name under which it is found
	inv.remember(resource)
	return inv.perform(ctx)
}

// glanceImagesData gives an image's data as text, in base64 if it is not UTF-8,
// checked against the image's checksum.
func glanceImagesData(ctx context.Context, inv *invocation) (any, error) {
	c := inv.action.spec.choose(inv.args)
	var image *value.Map
	if value.Truth(inv.args["do_checksum"]) {
		v, err := inv.get(ctx, c, c.before)
		if err != nil {
			return nil, err
		}
		image, _ = v.(*value.Map)
	}
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	answer, err := inv.send(ctx, c.serviceType, req)
	if err != nil {
		return nil, err
	}
	if err := checkImage(image, answer.Body, value.Truth(inv.args["allow_md5_fallback"])); err != nil {
		return nil, inv.badAnswer(err)
	}
	out := value.MapOf("size", len(answer.Body), "encoding", "utf-8", "data", "")
	if utf8.Valid(answer.Body) {
		out.Set("data", string(answer.Body))
	} else {
		out.Set("encoding", "base64")
		out.Set("data", base64.StdEncoding.EncodeToString(answer.Body))
	}
	return out, nil
}

// checkImage compares data with the image's hash. An image without a hash that
// is known here passes.
func checkImage(image *value.Map, data []byte, md5Too bool) error {
	algorithm, _ := image.Get("os_hash_algo")
	want, _ := image.Get("os_hash_value")
	known := map[any]func() hash.Hash{"sha512": sha512.New, "sha256": sha256.New, "sha384": sha512.New384, "md5": md5.New}
	newHash := known[algorithm]
	if want == nil || newHash == nil {
		if want != nil && !md5Too {
			return fmt.Errorf("the image's hash is %v, which is not known here", algorithm)
		}
		newHash = md5.New
		want, _ = image.Get("checksum")
	}
	if want == nil {
		return nil
	}
	h := newHash()
	h.Write(data)
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("the data is damaged: its %v is %s and not %v", cmp.Or(algorithm, "md5"), got, want)
	}
	return nil
}
