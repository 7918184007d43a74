package actions

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/value"
)

// The recordings are what the Python clients send for each action that they can
// perform, for the required arguments alone ("required") and for all ("full"):
// one JSON line per call.

type recording struct {
	Action   string            `json:"action"`
	Label    string            `json:"label"`
	Input    json.RawMessage   `json:"input"`
	Requests []recordedRequest `json:"requests"`
	Answer   map[string]any    `json:"answer"` // the resource that was read before, where it matters
}

type recordedRequest struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Root    bool              `json:"root"`
	Query   map[string]any    `json:"query"`
	Body    any               `json:"body"`
	Headers map[string]string `json:"headers"`
}

// readDifferences gives the recordings that we differ from on purpose, and why:
// lines of "action/label: why".
func readDifferences(t *testing.T) map[string]string {
	files, err := filepath.Glob("testdata/recordings/*.differences")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	all := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			call, why, ok := strings.Cut(strings.TrimSpace(line), ": ")
			if !ok || why == "" || all[call] != "" {
				t.Fatalf("%s: %q is not \"action/label: why\", or is there twice", name, line)
			}
			all[call] = why
		}
	}
	return all
}

func readRecordings(t *testing.T) []recording {
	files, err := filepath.Glob("testdata/recordings/*.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []recording
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		lines := bufio.NewScanner(f)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r recording
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatal(name, err)
			}
			all = append(all, r)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(name, err)
		}
	}
	return all
}

// TestRecordings holds what every table entry sends to what the clients send.
func TestRecordings(t *testing.T) {
	cloud := newStubCloud(t)
	runner := cloud.runner()
	equal, actions := 0, map[string]bool{}
	recordings, differences := readRecordings(t), readDifferences(t)
	meaningful := headerNames(recordings)
	for _, rec := range recordings {
		if differences[rec.Action+"/"+rec.Label] != "" {
			continue
		}
		a, ok := runner.Registry().Lookup(rec.Action)
		if !ok {
			t.Errorf("no table has %s", rec.Action)
			continue
		}
		t.Run(rec.Action+"/"+strings.ReplaceAll(rec.Label, "/", "_"), func(t *testing.T) {
			input := decodeInput(t, rec.Input)
			cloud.answer = plausible(a, input, rec)
			_, err := runner.Run(context.Background(), Call{Action: rec.Action, Input: input})
			if err != nil {
				t.Fatalf("%v", err)
			}
			if diff := cmp.Diff(comparable(rec.Requests), sent(t, cloud.take(), meaningful[a.Service])); diff != "" {
				t.Fatalf("requests differ (-client +ours):\n%s", diff)
			}
			equal++
			actions[rec.Action] = true
		})
		cloud.take()
	}
	if equal < 1790 || len(actions) < 1090 {
		t.Errorf("only %d calls of %d actions were compared", equal, len(actions))
	}
	t.Logf("%d calls of %d actions are as the clients'", equal, len(actions))
}

func decodeInput(t *testing.T, raw json.RawMessage) *value.Map {
	v, err := value.Decode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v.(*value.Map)
}

// wire is a request in the form in which two are compared.
type wire struct {
	Method, Path string
	Root         bool
	Query        url.Values
	Body         any
	Headers      map[string]string
}

// comparable is what the clients sent.
func comparable(requests []recordedRequest) []wire {
	var out []wire
	for _, r := range requests {
		w := wire{Method: r.Method, Path: samePath(r.Path), Root: r.Root, Query: url.Values{}, Body: r.Body, Headers: map[string]string{}}
		for k, v := range r.Query {
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, e := range list {
				w.Query.Add(k, fmt.Sprint(e))
			}
		}
		for k, v := range r.Headers {
			w.Headers[http.CanonicalHeaderKey(k)] = v
		}
		out = append(out, w)
	}
	return out
}

// samePath is a path with its segments escaped in one way, as the clients
// don't escape all characters that may be.
func samePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if plain, err := url.PathUnescape(s); err == nil {
			segments[i] = url.PathEscape(plain)
		}
	}
	return strings.Join(segments, "/")
}

// headerNames gives, by service, the headers that the recordings hold; only
// these are compared.
func headerNames(recordings []recording) map[string]map[string]bool {
	names := map[string]map[string]bool{}
	for _, rec := range recordings {
		service, _, _ := strings.Cut(rec.Action, ".")
		if names[service] == nil {
			names[service] = map[string]bool{}
		}
		for _, r := range rec.Requests {
			for k := range r.Headers {
				names[service][http.CanonicalHeaderKey(k)] = true
			}
		}
	}
	return names
}

// sent is what we sent, with the headers of these names.
func sent(t *testing.T, requests []stubRequest, names map[string]bool) []wire {
	var out []wire
	for _, r := range requests {
		w := wire{Method: r.Method, Path: samePath(r.Path), Root: r.Root, Query: r.Query, Headers: map[string]string{}}
		for k := range names {
			if v := r.Header.Get(k); v != "" && k != "Content-Type" {
				w.Headers[k] = v
			}
		}
		if r.Body != "" {
			if ct := r.Header.Get("Content-Type"); ct != "application/json" && ct != "" {
				w.Headers["Content-Type"] = ct
			}
			if err := json.Unmarshal([]byte(r.Body), &w.Body); err != nil {
				w.Body = r.Body
			}
		}
		out = append(out, w)
	}
	return out
}

// plausible answers an action's requests with something that has every key that
// its table asks for: a list for what is listed, else a resource.
func plausible(a *Action, input *value.Map, rec recording) func(stubRequest) (int, http.Header, string) {
	lists, resources := answerKeys(a)
	seen := 0
	return func(r stubRequest) (int, http.Header, string) {
		seen++
		if a.Name == "heat.stacks_get" && r.Path == "/stacks/x-stack_id" { // as heat leads from a name to its stack
			to := "/heat/v1/p1/stacks/NAME1/ID1?" + r.Query.Encode()
			return http.StatusFound, http.Header{"Location": {to}}, ""
		}
		if strings.HasSuffix(a.spec.hookName, "_token") { // of OAuth
			return 200, nil, "oauth_token=OT1&oauth_token_secret=OS1"
		}
		if a.Service == "ironic" && len(rec.Requests) == 1 && r.Method == http.MethodPut { // begun, and nothing to say yet
			return http.StatusAccepted, nil, ""
		}
		if rec.Answer != nil && r.Method == http.MethodPut {
			return 200, nil, r.Body
		}
		if r.Query.Get("format") == "json" { // a listing of the object store
			page := map[string]string{"": `[{"name": "NAME1"}]`, "/x-container": `[{"name": "OBJ1"}]`}[r.Path]
			if a.Service == "swift" || r.Query.Has("marker") {
				page = "[]"
			}
			return 200, nil, page
		}
		body := resource()
		if rec.Answer != nil {
			body = rec.Answer
		}
		for _, k := range resources {
			if k != "metadata" {
				body[k] = resource()
			}
		}
		for _, k := range lists {
			item := resource()
			if id, ok := input.Get("id"); ok {
				item["id"] = id
			}
			body[k] = []any{item}
			if a.spec.base.page == pageMarker && seen == len(rec.Requests) && seen > 1 {
				body[k] = []any{} // the last page
			}
		}
		text, _ := json.Marshal(body)
		return 200, nil, string(text)
	}
}

func resource() map[string]any {
	return map[string]any{
		"id": "ID1", "name": "NAME1", "stack_name": "NAME1", "description": "DESC1", "zoneName": "ZONE1", "version": "2.1", "password": "PASSWORD1",
		"provision_state": "active", "finished": true, "volume_type_id": "ID1", "tenant_id": "TENANT1", "metadata": map[string]any{"mk": "mv"}, "namespace": "x-namespace",
		"locations": []any{map[string]any{"url": "x-url", "metadata": map[string]any{}}},
	}
}

// answerKeys are the keys that an action's entry takes results from.
func answerKeys(a *Action) (lists, resources []string) {
	calls := []call{a.spec.base}
	for _, c := range a.spec.cases {
		calls = append(calls, c.call)
	}
	for _, c := range calls {
		switch {
		case c.page != "" || strings.HasPrefix(a.spec.hookName, "find") || strings.HasPrefix(a.spec.hookName, "trove.find") || a.spec.hookName == "nova.find_image":
			lists = append(lists, c.result)
		case c.result != resultNull && c.result != resultFound:
			resources = append(resources, strings.TrimSuffix(c.result, ".*"))
		}
		for _, f := range []*follow{c.then, c.before} {
			if f != nil {
				resources = append(resources, f.result)
			}
		}
	}
	del := func(k string) bool { return k == "" }
	return slices.DeleteFunc(lists, del), slices.DeleteFunc(resources, del)
}
