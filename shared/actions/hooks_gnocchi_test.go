package actions

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sentLines are requests as one line each: method, path with query, body.
func sentLines(requests []stubRequest) []string {
	var out []string
	for _, r := range requests {
		path := r.Path
		if len(r.Query) > 0 {
			path += "?" + r.Query.Encode()
		}
		out = append(out, strings.TrimSpace(r.Method+" "+path+" "+r.Body))
	}
	return out
}

// sendCase is a call and what it sends, or the error that it is.
type sendCase struct {
	action, input string
	want          []string
	err           string
}

func checkSends(t *testing.T, cloud *stubCloud, cases []sendCase) {
	t.Helper()
	runner := cloud.runner()
	for _, tc := range cases {
		cloud.take()
		_, err := run(t, runner, tc.action, tc.input)
		if (err == nil) != (tc.err == "") || err != nil && !strings.Contains(err.Error(), tc.err) {
			t.Errorf("%s(%s): %v, want %q", tc.action, tc.input, err, tc.err)
		}
		if tc.err != "" && tc.want == nil && !errors.As(err, new(InvalidInput)) {
			t.Errorf("%s(%s): %v is no InvalidInput", tc.action, tc.input, err)
		}
		if diff := cmp.Diff(tc.want, sentLines(cloud.take())); diff != "" {
			t.Errorf("%s(%s):\n%s", tc.action, tc.input, diff)
		}
	}
}

func TestGnocchiSends(t *testing.T) {
	const id = "11111111-1111-4111-8111-111111111111"
	cloud := newStubCloud(t)
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		if strings.HasPrefix(r.Path, "/v1/metric") && r.Method == http.MethodPost {
			return 201, nil, `{"id": "` + id + `"}`
		}
		return 200, nil, `[{"id": "m", "name": "cpu"}]`
	}
	checkSends(t, cloud, []sendCase{
		{action: "gnocchi.metric_create", input: `{"metric": {}, "name": "n"}`, want: []string{"POST /v1/metric/ {}", "GET /v1/metric/" + id}},
		{action: "gnocchi.metric_create", input: `{"name": "", "unit": "B"}`, want: []string{`POST /v1/metric/ {"name":"","unit":"B"}`, "GET /v1/metric/" + id}},
		{action: "gnocchi.metric_create", input: `{"metric": {"resource_id": "r", "name": "cpu", "unit": null}, "refetch_metric": false}`, want: []string{
			`POST /v1/resource/generic/r/metric/ {"cpu":{"name":"cpu","unit":null}}`, "GET /v1/resource/generic/r/metric/cpu"}},
		{action: "gnocchi.metric_create", input: `{"resource_id": "r"}`, err: "name is required for a metric of a resource"},
		{action: "gnocchi.metric_get", input: `{"metric": "cpu"}`, err: "only together with the resource"},
		{action: "gnocchi.metric_delete", input: `{"metric": "cpu", "resource_id": "r/1"}`, want: []string{"DELETE /v1/resource/generic/r/1/metric/cpu"}},
		{action: "gnocchi.measures_get", input: `{"metric": "` + id + `", "start": null, "a": [1, null, [2, 3]], "b": {"k": 1}, "c": null, "d": true}`, want: []string{
			"GET /v1/metric/" + id + "/measures?a=1&a=2&a=3&b=k&d=True&refresh=False"}},
		{action: "gnocchi.measures_aggregation", input: `{"metrics": []}`, want: []string{"GET /v1/aggregation/metric?refresh=False"}},
		{action: "gnocchi.measures_aggregation", input: `{"metrics": ["cpu"]}`, err: `not "cpu"`},
		{action: "gnocchi.measures_aggregation", input: `{"metrics": "cpu", "query": {}, "groupby": ["a", "b"], "fill": null}`, want: []string{
			"POST /v1/aggregation/resource/generic/metric/cpu?groupby=a&groupby=b&refresh=False {}"}},
		{action: "gnocchi.measures_aggregation", input: `{"metrics": "cpu", "query": "host=a&b"}`, want: []string{
			"POST /v1/aggregation/resource/generic/metric/cpu?filter=host%3Da%26b&refresh=False"}},
		{action: "gnocchi.resource_search", input: `{"query": "", "limit": 0, "sorts": []}`, want: []string{"POST /v1/search/resource/generic {}"}},
		{action: "gnocchi.resource_search", input: `{"query": "host=a", "sorts": ["a:asc", "b:desc"]}`, want: []string{
			"POST /v1/search/resource/generic?filter=host%3Da&sort=a%3Aasc&sort=b%3Adesc"}},
		{action: "gnocchi.resource_batch_delete_resource", input: `{"query": "host=a"}`, want: []string{"DELETE /v1/resource/generic/?filter=host%3Da"}},
	})
}

// TestGnocchiPages follows the Link header to the list's end, or to the limit.
func TestGnocchiPages(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	cloud.answer = func(r stubRequest) (int, http.Header, string) {
		switch marker := r.Query.Get("marker"); marker {
		case "":
			return 200, http.Header{"Link": {`<http://elsewhere/v1/x?limit=2&marker=b>; rel="next", <http://elsewhere/>; rel="prev"`}}, `[{"id": "a"}, {"id": "b"}]`
		case "b":
			return 200, http.Header{"Link": {`<http://elsewhere/>; rel=prev`, `<http://elsewhere/v1/x?marker=d>; title="x"; rel="last next"`}}, `[{"id": "c"}, {"id": "d"}]`
		default:
			return 200, nil, `[{"id": "e"}]`
		}
	}
	for _, tc := range []struct{ action, input, want string }{
		{"gnocchi.metric_list", `{}`, `[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"}]`},
		{"gnocchi.metric_list", `{"limit": 3}`, `[{"id":"a"},{"id":"b"},{"id":"c"}]`},
		{"gnocchi.resource_search", `{"query": {"=": {"a": 1}}, "limit": 2}`, `[{"id":"a"},{"id":"b"}]`},
		{"gnocchi.resource_list", `{"limit": 5}`, `[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"}]`},
	} {
		out, err := run(t, runner, tc.action, tc.input)
		if err != nil || encode(out.Result) != tc.want {
			t.Errorf("%s(%s): %s, %v", tc.action, tc.input, encode(out.Result), err)
		}
	}
	cloud.answer = func(stubRequest) (int, http.Header, string) {
		return 200, http.Header{"Link": {`<http://elsewhere/v1/x?marker=b>; rel=next`}}, `[{"id": "a"}]`
	}
	if _, err := run(t, runner, "gnocchi.metric_list", `{}`); err == nil || !strings.Contains(err.Error(), errPageLoop.Error()) {
		t.Errorf("pages without end: %v", err)
	}
}
