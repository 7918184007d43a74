package actions

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

var swiftHooks = map[string]hook{
	"swift":              swiftCall,
	"swift.capabilities": swiftCapabilities,
}

// maxContent bounds the contents of one object, up or down, in bytes: they are
// an argument or a result, and those are held in memory and in the store.
const maxContent = 16 << 20

// swiftCall performs the table's call. Of an answer of the object store it is
// the headers that count, so its results are kinds of their own.
func swiftCall(ctx context.Context, inv *invocation) (any, error) {
	c := inv.action.spec.choose(inv.args)
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	full := isTrue(inv.args["full_listing"])
	if q, ok := inv.args["query_string"].(string); ok && !full {
		req.Path += rawQuery(q)
	}
	answer, err := inv.swiftSend(ctx, req)
	if err != nil {
		return nil, err
	}
	switch c.result {
	case "headers":
		return headerMap(answer.Header), nil
	case "etag":
		return strings.Trim(answer.Header.Get("Etag"), `"`), nil
	case "content":
		return []any{headerMap(answer.Header), content(answer.Body)}, nil
	case "listing":
		list, err := inv.swiftListing(answer)
		if err == nil && full {
			list, err = inv.swiftRest(ctx, req, list)
		}
		return []any{headerMap(answer.Header), list}, err
	default:
		return nil, nil
	}
}

// swiftSend sends a request to the object store, where an answer may be as
// large as an object.
func (inv *invocation) swiftSend(ctx context.Context, req request) (*openstack.APIResponse, error) {
	if req.Method == http.MethodGet && req.Query.Get("format") == "" {
		req.MaxBody = maxContent
	}
	return inv.send(ctx, inv.action.spec.base.serviceType, req)
}

// swiftListing is the list in an answer; nothing (204) is an empty one.
func (inv *invocation) swiftListing(answer *openstack.APIResponse) ([]any, error) {
	if err := inv.countPage(answer); err != nil {
		return nil, err
	}
	body, err := answer.Value()
	if err != nil || body == nil {
		return []any{}, err
	}
	list, ok := body.([]any)
	if !ok {
		return nil, inv.badAnswer(fmt.Errorf("the answer is %s and not a list", value.Kind(body)))
	}
	return list, nil
}

// swiftRest goes on with a listing, each time behind the last entry, until
// nothing comes any more.
func (inv *invocation) swiftRest(ctx context.Context, req request, list []any) ([]any, error) {
	for page := list; len(page) > 0; {
		if !nextPage(req.Query, page) {
			return nil, inv.badAnswer(errPageLoop)
		}
		answer, err := inv.swiftSend(ctx, req)
		if err != nil {
			return nil, err
		}
		if page, err = inv.swiftListing(answer); err != nil {
			return nil, err
		}
		list = append(list, page...)
	}
	return list, nil
}

// nextPage makes the query ask for what is behind a page. It reports false if
// that is no other page.
func nextPage(query url.Values, page []any) bool {
	last, _ := page[len(page)-1].(*value.Map)
	marker, ok := last.Get("name")
	if !ok {
		marker, ok = last.Get("subdir")
	}
	version, _ := last.Get("version_id")
	before := query.Encode()
	query.Set("marker", pythonStr(marker))
	query.Del("version_marker")
	if value.Truth(version) {
		query.Set("version_marker", pythonStr(version))
	}
	return ok && query.Encode() != before
}

// headerMap is an answer's headers as the client gives them: names in lower case
// and what is escaped with % unescaped.
func headerMap(h http.Header) *value.Map {
	out := value.NewMap(len(h))
	for _, k := range slices.Sorted(maps.Keys(h)) {
		out.Set(strings.ToLower(unescaped(k)), unescaped(strings.Join(h[k], ", ")))
	}
	return out
}

func unescaped(s string) string {
	if plain := percentDecoded(s); utf8.ValidString(plain) {
		return plain
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

// percentDecoded decodes what is an escape and leaves what only looks like one.
func percentDecoded(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if i+2 < len(s) && s[i] == '%' {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// content is an object's content: a text or, if it is none, a dictionary of
// size, encoding and data, which the filter contents takes back.
func content(body []byte) any {
	if utf8.Valid(body) {
		return string(body)
	}
	return value.MapOf("size", len(body), "encoding", "base64", "data", base64.StdEncoding.EncodeToString(body))
}

// contents makes the bytes of an object of an argument. What is not true in
// Python's sense is an empty object.
func contents(v any) (any, error) {
	var data []byte
	switch v := v.(type) {
	case string:
		data = []byte(v)
	case *value.Map:
		var err error
		if data, err = encodedContent(v); err != nil {
			return nil, err
		}
	default:
		if value.Truth(v) {
			return nil, errors.New("must be a text, not " + value.Kind(v))
		}
	}
	if len(data) > maxContent {
		return nil, fmt.Errorf("must not be larger than %d bytes; it has %d", maxContent, len(data))
	}
	if len(data) == 0 {
		return nil, nil
	}
	return data, nil
}

// encodedContent reads what content gives.
func encodedContent(m *value.Map) ([]byte, error) {
	if m.Len() == 0 {
		return nil, nil
	}
	encoding, _ := m.Get("encoding")
	v, _ := m.Get("data")
	data, ok := v.(string)
	if !ok || encoding != "base64" && encoding != "utf-8" {
		return nil, errors.New("must be a text or a dictionary of encoding (base64 or utf-8) and data")
	}
	if encoding == "utf-8" {
		return []byte(data), nil
	}
	out, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil, errors.New("must have data in base64")
	}
	return out, nil
}

// headerFields checks headers that are an argument.
func headerFields(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	m, ok := v.(*value.Map)
	if !ok {
		return nil, errors.New("must be a dictionary, not " + value.Kind(v))
	}
	out := value.NewMap(m.Len())
	for k, e := range m.All() {
		switch e.(type) {
		case nil, []any, *value.Map:
			return nil, fmt.Errorf("must be a dictionary of texts: %s must be a text, not %s", k, value.Kind(e))
		}
		if !httpguts.ValidHeaderFieldName(k) {
			return nil, fmt.Errorf("must have names that can be sent: letters of ASCII, digits and dashes, not %q", k)
		}
		if text := pythonStr(e); !httpguts.ValidHeaderFieldValue(text) || text != strings.TrimLeft(text, " \t") {
			return nil, fmt.Errorf("must have values of one line that begin with no blank; that of %s is not", k)
		}
		out.Set(k, e)
	}
	return out, nil
}

// objectName checks the name of an object, which may have slashes.
func objectName(v any) (any, error) {
	if v == nil || v == "" {
		return nil, errors.New("must be an id or a name, not empty: without it the container is meant")
	}
	return v, nil
}

// quoted escapes as urllib.parse.quote does; a slash stays.
func quoted(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	return escapeAll(pythonStr(v), "/"), nil
}

// escapeAll escapes all bytes but letters, digits, _.-~ and those of safe.
func escapeAll(s, safe string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.-~"+safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// rawQuery is a query that an argument gives whole, to be put behind a path.
// Escapes in it stay; what can't stand in an address is escaped.
func rawQuery(q string) string {
	q, _, _ = strings.Cut(strings.TrimLeft(q, "?"), "#") // a fragment is not sent
	if q == "" {
		return ""
	}
	const reserved = "!$&'()*+,/:;=?@[]"
	if _, err := url.PathUnescape(q); err == nil {
		return "?" + escapeAll(q, reserved+"%")
	}
	return "?" + escapeAll(q, reserved)
}

// swiftCapabilities asks the object store, without a token, what it can do. The
// address is that of the region; a request to any other is what std.http is for.
func swiftCapabilities(ctx context.Context, inv *invocation) (any, error) {
	c := inv.action.spec.choose(inv.args)
	service, err := inv.open(ctx, c.serviceType)
	if err != nil {
		return nil, err
	}
	if given, ok := inv.args["url"].(string); ok && given != "" {
		own, err1 := url.Parse(service.Endpoint())
		other, err2 := url.Parse(given)
		if cmp.Or(err1, err2) != nil || own.Host != other.Host || own.Scheme != other.Scheme {
			return nil, badArgument{"url", "must be an address of the region's object store, " + service.Root() +
				", not " + pythonRepr(given) + "; another region is named by action_region"}
		}
	}
	req, err := inv.build(c)
	if err != nil {
		return nil, err
	}
	req.Anonymous = true
	return inv.sendJSON(ctx, c.serviceType, req)
}
