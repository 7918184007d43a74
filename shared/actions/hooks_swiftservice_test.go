package actions

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// fakeSwift answers as an object store would that holds objects by path, with
// pages of two.
type fakeSwift struct {
	objects map[string]string      // by path: /container/object
	headers map[string]http.Header // of objects, too
	fail    map[string]int         // statuses by method and path
}

func (f *fakeSwift) answer(r stubRequest) (int, http.Header, string) {
	path, _ := url.PathUnescape(r.Path)
	if status := f.fail[r.Method+" "+path]; status != 0 {
		return status, nil, "refused"
	}
	_, object, isObject := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case path == "/info":
		return 200, nil, `{"bulk_delete": {"max_deletes_per_request": 20}}`
	case r.Query.Has("bulk-delete"):
		return 200, nil, `{"Number Deleted": 1}`
	case r.Query.Get("multipart-manifest") == "get":
		return 200, nil, f.headers[path].Get("X-Manifest")
	case r.Method == http.MethodGet && !isObject:
		return 200, nil, f.page(path, r.Query)
	case r.Method == http.MethodPut && isObject && object != "":
		sum := md5.Sum([]byte(r.Body))
		return 201, http.Header{"Etag": {hex.EncodeToString(sum[:])}}, ""
	case r.Method == http.MethodHead || r.Method == http.MethodGet:
		body, ok := f.objects[path]
		if !ok && isObject {
			return 404, nil, ""
		}
		header := http.Header{}
		maps.Copy(header, f.headers[path])
		if r.Method == http.MethodHead {
			body = ""
		}
		return 200, header, body
	default:
		return 204, nil, ""
	}
}

func (f *fakeSwift) page(path string, query url.Values) string {
	names := map[string]bool{}
	for k := range f.objects {
		container, object, _ := strings.Cut(k[1:], "/")
		switch {
		case path == "":
			names[container] = true
		case path == "/"+container && strings.HasPrefix(object, query.Get("prefix")):
			names[object] = true
		}
	}
	list := []any{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if name > query.Get("marker") && len(list) < 2 {
			list = append(list, map[string]any{"name": name})
		}
	}
	text, _ := json.Marshal(list)
	return string(text)
}

func TestSwiftServiceSends(t *testing.T) {
	cloud := newStubCloud(t)
	fake := &fakeSwift{
		objects: map[string]string{"/c/a": "A", "/c/b/é": "B", "/c/slo": "", "/c/dlo": "", "/s/x/1": "", "/s/x/2": "", "/s/y": ""},
		headers: map[string]http.Header{
			"/c/slo": {"X-Static-Large-Object": {"True"}, "X-Manifest": {`[{"name": "/s/1"}, {"name": "/s/sub", "sub_slo": true}]`}},
			"/s/sub": {"X-Manifest": {`[{"name": "/s/2"}]`}},
			"/c/dlo": {"X-Object-Manifest": {"s/x"}},
		},
	}
	cloud.answer = fake.answer
	many := make([]string, 25)
	for i := range many {
		many[i] = fmt.Sprintf(`"o%d é"`, i)
	}
	listC := []string{"GET /c?format=json", "GET /c?format=json&marker=b%2F%C3%A9", "GET /c?format=json&marker=slo"}
	checkSends(t, cloud, []sendCase{
		{action: "swiftservice.stat", input: `{}`, want: []string{"HEAD"}},
		{action: "swiftservice.stat", input: `{"container": "c", "objects": []}`, want: []string{"HEAD /c"}},
		{action: "swiftservice.stat", input: `{"container": "c", "objects": ["a", "b/é"], "options": {"version_id": 7}}`, want: []string{"HEAD /c/a?version-id=7", "HEAD /c/b/%C3%A9?version-id=7"}},
		{action: "swiftservice.stat", input: `{"objects": ["a"]}`, err: "container is required with objects"},
		{action: "swiftservice.stat", input: `{"container": "c", "objects": [1]}`, err: "objects must be a list of names, not one with 1"},
		{action: "swiftservice.list", input: `{"container": "c", "options": {"prefix": "b", "delimiter": "/", "versions": true}}`, want: []string{
			"GET /c?delimiter=%2F&format=json&prefix=b&versions=true", "GET /c?delimiter=%2F&format=json&marker=b%2F%C3%A9&prefix=b&versions=true"}},
		{action: "swiftservice.list", input: `{"options": {"long": true, "marker": "x"}}`, want: []string{"GET ?format=json", "GET ?format=json&marker=s", "HEAD /c", "HEAD /s"}},
		{action: "swiftservice.post", input: `{"container": "c"}`, want: []string{"POST /c"}},
		{action: "swiftservice.post", input: `{"container": "c", "options": {"header": ["no colon"]}}`, err: `"Name: value"`},
		{action: "swiftservice.copy", input: `{"container": "c", "objects": ["a"], "options": {"destination": "/d"}}`, want: []string{"PUT /d", "COPY /c/a"}},
		{action: "swiftservice.copy", input: `{"container": "c", "objects": ["a", "b"], "options": {"destination": "/d/e"}}`, err: "one object for several"},
		{action: "swiftservice.copy", input: `{"container": "c", "objects": ["a"], "options": {"destination": "d/e"}}`, err: "/container or /container/object"},
		{action: "swiftservice.delete", input: `{"container": "c", "objects": ["slo"]}`, want: []string{"HEAD /c/slo?symlink=get", "DELETE /c/slo?multipart-manifest=delete"}},
		{action: "swiftservice.delete", input: `{"container": "c", "objects": ["dlo"], "options": {"version_id": "v&1"}}`, want: []string{
			"HEAD /c/dlo?symlink=get", "DELETE /c/dlo?version-id=v%261", "GET /s?format=json&prefix=x%2F", "GET /s?format=json&marker=x%2F2&prefix=x%2F", "DELETE /s/x/1", "DELETE /s/x/2"}},
		{action: "swiftservice.delete", input: `{"container": "c", "objects": ["gone", "b"], "options": {"prefix": "g"}}`, want: []string{"HEAD /c/gone?symlink=get", "DELETE /c/gone"}},
		{action: "swiftservice.delete", input: `{"container": "c", "options": {"leave_segments": true}}`, want: append(slices.Clone(listC),
			"DELETE /c/a", "DELETE /c/b/%C3%A9", "DELETE /c/dlo", "DELETE /c/slo", "DELETE /c")},
		{action: "swiftservice.delete", input: `{"container": "c", "options": {"leave_segments": true, "prefix": "a"}}`, want: []string{
			"GET /c?format=json&prefix=a", "GET /c?format=json&marker=a&prefix=a", "DELETE /c/a"}},
		{action: "swiftservice.delete", input: `{"options": {"prefix": "a"}}`, err: "container is required"},
		{action: "swiftservice.delete", input: `{}`},
		{action: "swiftservice.download", input: `{"container": "c", "options": {"prefix": "a"}}`, want: []string{
			"GET /c?format=json&prefix=a", "GET /c?format=json&marker=a&prefix=a", "GET /c/a"}},
		{action: "swiftservice.download", input: `{"container": "c/d", "objects": ["a"]}`, err: "without a slash"},
		{action: "swiftservice.download", input: `{"container": "c", "options": {"out_directory": "/tmp"}}`, err: "can't have out_directory: the contents are in the result"},
		{action: "swiftservice.upload", input: `{"container": "c/f/", "objects": [{"object_name": "/a", "contents": "x"}]}`, want: []string{"PUT /c", "HEAD /c/f/a", "PUT /c/f/a x"}},
		{action: "swiftservice.upload", input: `{"container": "c", "objects": [{"object_name": "dir"}], "options": {"dir_marker": true, "skip_container_put": true}}`, want: []string{"PUT /c/dir"}},
		{action: "swiftservice.upload", input: `{"container": "c", "objects": [{"object_name": "slo", "contents": "x"}]}`, want: []string{
			"PUT /c", "HEAD /c/slo", "GET /c/slo?multipart-manifest=get", "GET /s/sub?multipart-manifest=get", "PUT /c/slo x", "DELETE /s/1", "DELETE /s/2"}},
		{action: "swiftservice.upload", input: `{"container": "c", "objects": ["/etc/passwd"]}`, err: "a function has no files of yours"},
		{action: "swiftservice.upload", input: `{"container": "c", "objects": [{"object_name": "a", "content": "x"}]}`, err: "without content"},
		{action: "swiftservice.upload", input: `{"container": "c", "objects": [], "options": {"use_slo": true}}`, err: "need no segments"},
		{action: "swiftservice.capabilities", input: `{}`, want: []string{"GET /info"}},
	})
	// Of more than 20 objects, many are deleted with one request.
	lines := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "/c/o%d%%20%%C3%%A9\n", i)
		}
		return "POST ?bulk-delete= " + strings.TrimSpace(b.String())
	}
	want := []string{"GET /info"}
	for i := 0; i < 20; i += 2 {
		want = append(want, lines(i, i+2))
	}
	for i := 20; i < 25; i++ {
		want = append(want, lines(i, i+1))
	}
	checkSends(t, cloud, []sendCase{{action: "swiftservice.delete", input: `{"container": "c", "objects": [` + strings.Join(many, ",") + `]}`, want: want}})
}

func TestSwiftServiceResults(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	fake := &fakeSwift{
		objects: map[string]string{"/c/a": "A", "/c/bad": "B", "/c/bin": "\xff"},
		headers: map[string]http.Header{"/c/bad": {"Etag": {"0"}}, "": {"X-Account-Bytes-Used": {"2048"}, "X-Account-Storage-Policy-Gold-Object-Count": {"3"}}},
		fail:    map[string]int{"DELETE /c/a": 403, "PUT /d": 403},
	}
	cloud.answer = fake.answer
	for _, tc := range []struct{ action, input, want string }{
		{"swiftservice.stat", `{"options": {"human": true}}`, `{"action":"stat_account","container":null,"object":null,"success":true,"items":[["Account","AUTH_p1"],["Containers",0],["Objects","0"],["Bytes","2.0K"],["Objects in policy \"gold\"","3"],["Bytes in policy \"gold\"","0"]]}`},
		{"swiftservice.stat", `{"container": "c", "objects": ["none"]}`, `[{"action":"stat_object","container":"c","object":"none","success":false,"error":"ERROR"}]`},
		{"swiftservice.list", `{"container": "c"}`, `[{"action":"list_container_part","container":"c","prefix":null,"success":true,"marker":"","listing":[{"name":"a"},{"name":"bad"}]},{"action":"list_container_part","container":"c","prefix":null,"success":true,"marker":"bad","listing":[{"name":"bin"}]}]`},
		{"swiftservice.download", `{"container": "c", "objects": ["a", "bin"]}`, `[{"action":"download_object","container":"c","object":"a","path":"a","read_length":1,"contents":"A","success":true},{"action":"download_object","container":"c","object":"bin","path":"bin","read_length":1,"contents":{"size":1,"encoding":"base64","data":"/w=="},"success":true}]`},
		{"swiftservice.download", `{"container": "c", "objects": ["bad"]}`, `[{"action":"download_object","container":"c","object":"bad","path":"bad","read_length":1,"success":false,"error":"the content is damaged: its MD5 is 9d5ed678fe57bcca610140957afab571 and not 0"}]`},
		{"swiftservice.download", `{"container": "c", "objects": ["bad"], "options": {"checksum": false, "no_download": true}}`, `[{"action":"download_object","container":"c","object":"bad","path":"bad","read_length":1,"success":true}]`},
		{"swiftservice.delete", `{"container": "c", "objects": ["a", "bin"], "options": {"fail_fast": true}}`, `[{"action":"delete_object","container":"c","object":"a","success":false,"error":"ERROR"}]`},
		{"swiftservice.post", `{"container": "c", "options": {"meta": {"colour": " red "}, "header": [["x-a", 1], "x-b: c:d"], "read_acl": ".r:*"}}`,
			`{"action":"post_container","container":"c","object":null,"success":true,"headers":{"X-Container-Meta-Colour":"red","X-A":"1","X-B":"c:d","X-Container-Read":".r:*"}}`},
		{"swiftservice.copy", `{"container": "c", "objects": ["a"], "options": {"destination": "/d"}}`,
			`[{"action":"create_container","container":"d","headers":{},"success":false,"error":"ERROR"},{"action":"copy_object","container":"c","object":"a","destination":"/d/a","headers":{},"fresh_metadata":false,"success":true}]`},
		{"swiftservice.upload", `{"container": "c", "objects": [{"object_name": "a", "contents": "A"}], "options": {"skip_container_put": true, "skip_identical": true}}`,
			`[{"action":"upload_object","container":"c","object":"a","status":"uploaded","success":true}]`},
		{"swiftservice.capabilities", `{}`, `{"action":"capabilities","success":true,"capabilities":{"bulk_delete":{"max_deletes_per_request":20}}}`},
	} {
		out, err := run(t, runner, tc.action, tc.input)
		if got := stable(out.Result); err != nil || got != tc.want {
			t.Errorf("%s(%s): %v\n%s\nwant %s", tc.action, tc.input, err, got, tc.want)
		}
	}
}

// stable is a result as text, without the headers of answers and the words of
// the services' errors.
func stable(result any) string {
	drop := func(m *value.Map) {
		m.Delete("response_dict")
		headers, _ := m.Get("headers")
		if h, ok := headers.(*value.Map); ok && (h.Has("date") || h.Has("x-object-meta-mtime")) {
			m.Delete("headers")
		}
		message, _ := m.Get("error")
		if s, ok := message.(string); ok && strings.HasPrefix(s, "object-store") {
			m.Set("error", "ERROR")
		}
	}
	switch r := result.(type) {
	case *value.Map:
		drop(r)
	case []any:
		for _, e := range r {
			drop(e.(*value.Map))
		}
	}
	return encode(result)
}

func TestSwiftServiceHeaders(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = (&fakeSwift{}).answer
	for _, tc := range []struct {
		action, input string
		at            int
		want          map[string]string
	}{
		{"swiftservice.copy", `{"container": "c é", "objects": ["a/ö"], "options": {"fresh_metadata": 1, "meta": ["k:v"]}}`, 0,
			map[string]string{"Destination": "/c%20%C3%A9/a/%C3%B6", "X-Fresh-Metadata": "true", "X-Object-Meta-K": "v"}},
		{"swiftservice.copy", `{"container": "c", "objects": ["a"], "options": {"fresh_metadata": null, "destination": "/d/e f"}}`, 1,
			map[string]string{"Destination": "/d/e%20f", "X-Fresh-Metadata": ""}},
		{"swiftservice.upload", `{"container": "c", "objects": [{"object_name": "a"}], "options": {"header": ["x-storage-policy: gold"]}}`, 0,
			map[string]string{"X-Storage-Policy": "gold"}},
		{"swiftservice.upload", `{"container": "c", "objects": [{"object_name": "d"}], "options": {"dir_marker": true}}`, 1,
			map[string]string{"Content-Type": "application/directory"}},
		{"swiftservice.delete", `{"container": "c", "objects": ["a"], "options": {"header": {"x-a": "b"}}}`, 1, map[string]string{"X-A": "b"}},
	} {
		if _, err := run(t, runner, tc.action, tc.input); err != nil {
			t.Errorf("%s(%s): %v", tc.action, tc.input, err)
		}
		got := map[string]string{}
		header := cloud.take()[tc.at].Header
		for k := range tc.want {
			got[k] = header.Get(k)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s(%s):\n%s", tc.action, tc.input, diff)
		}
	}
}

// TestSwiftServiceLimit: contents are given as far as they are no more than the
// limit together.
func TestSwiftServiceLimit(t *testing.T) {
	cloud := newStubCloud(t)
	half := strings.Repeat("x", maxContent/2)
	cloud.answer = (&fakeSwift{objects: map[string]string{"/c/a": half, "/c/b": half, "/c/c": "y"}}).answer
	out, err := run(t, cloud.runner(), "swiftservice.download", `{"container": "c"}`)
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for _, r := range out.Result.([]any) {
		ok, _ := r.(*value.Map).Get("success")
		got = append(got, ok)
	}
	if diff := cmp.Diff([]any{true, true, false}, got); diff != "" {
		t.Error(diff)
	}
}
