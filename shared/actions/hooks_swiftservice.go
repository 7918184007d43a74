package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The actions swiftservice.* do with several requests what SwiftService of
// python-swiftclient does: whole containers, lists of objects. What is done to
// one account or container gives one result, or fails; what is done to a list of
// objects gives a result for each, which says whether it succeeded.

var swiftServiceHooks = map[string]hook{
	"swiftservice.capabilities": swiftServiceCapabilities,
	"swiftservice.copy":         asSwiftService((*swiftService).copy),
	"swiftservice.delete":       asSwiftService((*swiftService).delete),
	"swiftservice.download":     asSwiftService((*swiftService).download),
	"swiftservice.list":         asSwiftService((*swiftService).list),
	"swiftservice.post":         asSwiftService((*swiftService).post),
	"swiftservice.stat":         asSwiftService((*swiftService).stat),
	"swiftservice.upload":       asSwiftService((*swiftService).upload),
}

// swiftService is one call of an action.
type swiftService struct {
	*invocation
	container any
	options   swiftOptions
	header    *value.Map // the option header
	results   []any
	failed    bool // whether one of the results is a failure
}

// swiftOptions are the options of a call, over those of the client.
type swiftOptions struct{ *value.Map }

func (o swiftOptions) has(name string) bool {
	v, _ := o.Get(name)
	return isTrue(v)
}

// text is the option as text, empty where it is not true.
func (o swiftOptions) text(name string) string {
	v, _ := o.Get(name)
	if !isTrue(v) {
		return ""
	}
	return pythonStr(v)
}

// localOptions are the options, by action, that name local files or are of use
// with large ones only, and what is instead of them.
var localOptions = map[string]map[string]string{
	"swiftservice.download": {
		"out_file":       `the contents are in the result; "-" says just that`,
		"out_directory":  "the contents are in the result",
		"skip_identical": "there is no file to compare with",
	},
	"swiftservice.upload": {
		"segment_size": "contents of the size that an action takes need no segments",
		"use_slo":      "contents of the size that an action takes need no segments",
	},
}

func asSwiftService(perform func(*swiftService, context.Context) (any, error)) hook {
	return func(ctx context.Context, inv *invocation) (any, error) {
		s := &swiftService{invocation: inv, container: inv.args["container"], results: []any{}}
		s.options.Map, _ = inv.args["options"].(*value.Map)
		for name, why := range localOptions[inv.action.Name] {
			if s.options.has(name) && s.options.text(name) != "-" {
				return nil, badArgument{"options", "can't have " + name + ": " + why}
			}
		}
		var err error
		if s.header, err = s.splitHeaders("header", ""); err != nil {
			return nil, err
		}
		// What stands in the way of all requests fails the action.
		if _, err := inv.open(ctx, inv.action.spec.base.serviceType); err != nil {
			return nil, err
		}
		return perform(s, ctx)
	}
}

// splitHeaders reads an option that holds headers: a list of "Name: value" or of
// pairs, or a dictionary.
func (s *swiftService) splitHeaders(option, prefix string) (*value.Map, error) {
	v, _ := s.options.Get(option)
	headers := value.NewMap(0)
	switch v := v.(type) {
	case nil:
	case *value.Map:
		for k, e := range v.All() {
			headers.Set(titled(prefix+k), strings.TrimSpace(pythonStr(e)))
		}
	case []any:
		for _, item := range v {
			name, text, ok := headerPair(item)
			if !ok {
				return nil, badArgument{"options", fmt.Sprintf("must be a dictionary with a list of \"Name: value\" as %s, not one with %s", option, pythonRepr(item))}
			}
			headers.Set(titled(prefix+name), strings.TrimSpace(text))
		}
	default:
		return nil, badArgument{"options", "must be a dictionary with a list of \"Name: value\" as " + option + ", not " + value.Kind(v)}
	}
	if _, err := headerFields(headers); err != nil {
		return nil, badArgument{"options", "has a " + option + " that " + err.Error()}
	}
	return headers, nil
}

func headerPair(item any) (name, text string, ok bool) {
	switch item := item.(type) {
	case string:
		return strings.Cut(item, ":")
	case []any:
		if len(item) == 2 {
			return pythonStr(item[0]), pythonStr(item[1]), true
		}
	}
	return "", "", false
}

// titled is Python's str.title, in which the client gives headers.
func titled(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		inWord = unicode.IsLetter(r)
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

// metaAnd are the options meta, as fields of metadata, and header.
func (s *swiftService) metaAnd(prefix string) (*value.Map, error) {
	headers, err := s.splitHeaders("meta", prefix)
	if err == nil {
		_ = spread(headers, s.header) // dictionaries spread without error
	}
	return headers, err
}

// objectPath is the path of an object, or of the container if it is nil.
func objectPath(container, object any) (string, error) {
	path, err := pathValue(pathNode{name: "container"}, container)
	if err != nil || object == nil {
		return "/" + path, err
	}
	name, ok := object.(string)
	if !ok || name == "" {
		return "", badArgument{"objects", "must be a list of names, not one with " + pythonRepr(object)}
	}
	rest, err := safePath("objects", name)
	return "/" + path + "/" + rest, err
}

// request sends a request; path may be empty, for the account.
func (s *swiftService) request(ctx context.Context, method, path string, query url.Values, headers *value.Map, body []byte) (*openstack.APIResponse, error) {
	req := request{Method: method, Path: path, Query: query, Header: http.Header{}}
	for k, v := range headers.All() {
		req.Header.Set(k, pythonStr(v))
	}
	if body != nil {
		req.Body = body
	}
	return s.swiftSend(ctx, req)
}

// onObject sends a request for an object, or for the container if it is nil.
func (s *swiftService) onObject(ctx context.Context, method string, container, object any, query url.Values, headers *value.Map) (*openstack.APIResponse, error) {
	path, err := objectPath(container, object)
	if err != nil {
		return nil, err
	}
	return s.request(ctx, method, path, query, headers, nil)
}

// swiftResult begins a result in the form of the client's.
func swiftResult(action string, container, object any) *value.Map {
	return value.MapOf("action", action, "container", container, "object", object)
}

// responseDict is what the client says of an answer.
func responseDict(answer *openstack.APIResponse) *value.Map {
	return value.MapOf("status", answer.Status, "reason", http.StatusText(answer.Status), "headers", headerMap(answer.Header))
}

// add adds the result of a step of several, which failed with err if that is
// not nil. It returns the errors for which the whole ends: those of arguments,
// and that of the context.
func (s *swiftService) add(ctx context.Context, result *value.Map, err error) error {
	if errors.As(err, new(badArgument)) || err != nil && ctx.Err() != nil {
		return err
	}
	result.Set("success", err == nil)
	if err != nil {
		result.Set("error", err.Error())
		s.failed = true
	}
	s.results = append(s.results, result)
	return nil
}

// objects is the argument of that name; ok says whether it is given.
func (s *swiftService) objects() (list []any, ok bool) {
	list, ok = s.args["objects"].([]any)
	return list, ok
}

// names checks that all objects are names.
func names(objects []any) error {
	for _, o := range objects {
		if name, ok := o.(string); !ok || name == "" {
			return badArgument{"objects", "must be a list of names, not one with " + pythonRepr(o)}
		}
	}
	return nil
}

var errNoContainer = badArgument{"container", "is required with objects"}

func swiftServiceCapabilities(ctx context.Context, inv *invocation) (any, error) {
	found, err := swiftCapabilities(ctx, inv)
	if err != nil {
		return nil, err
	}
	result := value.MapOf("action", "capabilities", "success", true, "capabilities", found)
	if u := inv.args["url"]; u != nil {
		result.Set("url", u)
	}
	return result, nil
}

// stat gives the headers of the account, a container or objects, and what of
// them is for people to see.
func (s *swiftService) stat(ctx context.Context) (any, error) {
	objects, _ := s.objects()
	switch {
	case !isTrue(s.container) && len(objects) > 0:
		return nil, errNoContainer
	case !isTrue(s.container):
		return s.statOne(ctx, "stat_account", nil, nil)
	case len(objects) == 0:
		return s.statOne(ctx, "stat_container", s.container, nil)
	}
	if err := names(objects); err != nil {
		return nil, err
	}
	for _, o := range objects {
		result, err := s.statOne(ctx, "stat_object", s.container, o)
		if err := s.add(ctx, result, err); err != nil {
			return nil, err
		}
	}
	return s.results, nil
}

func (s *swiftService) statOne(ctx context.Context, action string, container, object any) (*value.Map, error) {
	result := swiftResult(action, container, object)
	path := ""
	query := url.Values{}
	if container != nil {
		var err error
		if path, err = objectPath(container, object); err != nil {
			return result, err
		}
	}
	if v, _ := s.options.Get("version_id"); v != nil && object != nil {
		query.Set("version-id", pythonStr(v))
	}
	answer, err := s.request(ctx, http.MethodHead, path, query, s.header, nil)
	if err != nil {
		return result, err
	}
	headers := headerMap(answer.Header)
	result.Set("success", true)
	result.Set("items", s.statItems(container, object, headers))
	result.Set("headers", headers)
	return result, nil
}

// list gives the account's containers or a container's objects, in parts.
func (s *swiftService) list(ctx context.Context) (any, error) {
	parts, err := s.listParts(ctx, s.container, s.options, s.header)
	if err != nil || s.container != nil || !s.options.has("long") {
		return parts, err
	}
	for _, p := range parts {
		listing, _ := p.(*value.Map).Get("listing")
		for _, item := range listing.([]any) {
			m, _ := item.(*value.Map)
			name, _ := m.Get("name")
			answer, err := s.onObject(ctx, http.MethodHead, name, nil, nil, nil)
			if err != nil {
				return nil, err
			}
			m.Set("meta", headerMap(answer.Header))
		}
	}
	return parts, nil
}

// listParts lists page by page, until a page is empty.
func (s *swiftService) listParts(ctx context.Context, container any, o swiftOptions, headers *value.Map) ([]any, error) {
	action, path := "list_account_part", ""
	query := url.Values{"format": {"json"}}
	setQuery := func(name, option string) {
		if v := o.text(option); v != "" {
			query.Set(name, v)
		}
	}
	setQuery("prefix", "prefix")
	if container != nil {
		var err error
		if path, err = objectPath(container, nil); err != nil {
			return nil, err
		}
		action = "list_container_part"
		setQuery("marker", "marker")
		setQuery("version_marker", "version_marker")
		setQuery("delimiter", "delimiter")
		if o.has("versions") {
			query.Set("versions", "true")
		}
	}
	prefix, _ := o.Get("prefix")
	parts := []any{}
	for {
		answer, err := s.request(ctx, http.MethodGet, path, query, headers, nil)
		if err != nil {
			return nil, err
		}
		page, err := s.swiftListing(answer)
		if err != nil || len(page) == 0 {
			return parts, err
		}
		parts = append(parts, value.MapOf("action", action, "container", container, "prefix", prefix,
			"success", true, "marker", query.Get("marker"), "listing", page))
		if !nextPage(query, page) {
			return nil, s.badAnswer(errPageLoop)
		}
	}
}

// listed are the entries of all parts that have a name.
func (s *swiftService) listed(ctx context.Context, container any, o swiftOptions, headers *value.Map) ([]*value.Map, error) {
	parts, err := s.listParts(ctx, container, o, headers)
	var out []*value.Map
	for _, p := range parts {
		listing, _ := p.(*value.Map).Get("listing")
		for _, item := range listing.([]any) {
			if m, _ := item.(*value.Map); m.Has("name") {
				out = append(out, m)
			}
		}
	}
	return out, err
}

// post changes the metadata of the account, a container or objects.
func (s *swiftService) post(ctx context.Context) (any, error) {
	objects, _ := s.objects()
	switch {
	case !isTrue(s.container) && len(objects) > 0:
		return nil, errNoContainer
	case !isTrue(s.container):
		headers, err := s.metaAnd("X-Account-Meta-")
		if err != nil {
			return nil, err
		}
		_, err = s.request(ctx, http.MethodPost, "", nil, headers, nil)
		return posted("post_account", nil, headers), err
	case len(objects) == 0:
		return s.postContainer(ctx)
	}
	headers, err := s.metaAnd("X-Object-Meta-")
	if err != nil {
		return nil, err
	}
	if err := names(objects); err != nil {
		return nil, err
	}
	for _, o := range objects {
		result := swiftResult("post_object", s.container, o)
		result.Set("headers", headers)
		answer, err := s.onObject(ctx, http.MethodPost, s.container, o, nil, headers)
		if err == nil {
			result.Set("response_dict", responseDict(answer))
		}
		if err := s.add(ctx, result, err); err != nil {
			return nil, err
		}
	}
	return s.results, nil
}

func posted(action string, container any, headers *value.Map) *value.Map {
	result := swiftResult(action, container, nil)
	result.Set("success", true)
	result.Set("headers", headers)
	return result
}

// postContainer changes a container, which is created if it is not there.
func (s *swiftService) postContainer(ctx context.Context) (any, error) {
	headers, err := s.metaAnd("X-Container-Meta-")
	if err != nil {
		return nil, err
	}
	for _, f := range [][2]string{
		{"read_acl", "X-Container-Read"}, {"write_acl", "X-Container-Write"},
		{"sync_to", "X-Container-Sync-To"}, {"sync_key", "X-Container-Sync-Key"},
	} {
		if v, _ := s.options.Get(f[0]); v != nil {
			headers.Set(f[1], v)
		}
	}
	if _, err := headerFields(headers); err != nil {
		return nil, badArgument{"options", err.Error()}
	}
	_, err = s.onObject(ctx, http.MethodPost, s.container, nil, nil, headers)
	if errors.As(err, new(openstack.NotFound)) {
		_, err = s.onObject(ctx, http.MethodPut, s.container, nil, nil, headers)
	}
	return posted("post_container", s.container, headers), err
}
