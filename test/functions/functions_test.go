// Package functions tests the Lambda functions as they are deployed: each is
// built, its zip measured, and its bootstrap run through the Lambda Runtime API
// with the events of the folder events/, against a sandbox.
package functions

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/sandbox"
	"github.com/sirocco-workflows/sirocco/test/events"
	"github.com/sirocco-workflows/sirocco/test/runtimeapi"
)

const repo = "../.."

// maxZip is the largest zip of a function, in bytes.
const maxZip = 12_000_000

// secretsManager answers GetSecretValue as AWS Secrets Manager does.
func secretsManager(t *testing.T, secrets map[string]string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			SecretID string `json:"SecretId"`
		}
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		text, ok := "", false
		if json.Unmarshal(body, &in) == nil && r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue" {
			text, ok = secrets[in.SecretID]
		}
		if !ok {
			w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": in.SecretID, "SecretString": text, "VersionId": "1"})
	}))
	t.Cleanup(s.Close)
	return s
}

// world is what the functions are run against.
type world struct {
	sandbox *sandbox.Sandbox
	values  events.Values
	env     []string
	events  []events.Event
}

func newWorld(t *testing.T) *world {
	t.Helper()
	sb, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	values, err := events.ValuesOf(t.Context(), sb)
	if err != nil {
		t.Fatal(err)
	}
	all, err := events.Load(filepath.Join(repo, "events"), values)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := events.Secrets(sb)
	if err != nil {
		t.Fatal(err)
	}
	return &world{sandbox: sb, values: values, events: all, env: []string{
		"AWS_ENDPOINT_URL=" + secretsManager(t, secrets).URL,
		"CLOUDS_SECRET=" + events.CloudsSecret,
		"DEFAULT_CLOUD=" + values["CLOUD"],
		"MULTI_CLOUD=true",
		"ALLOWED_AUTH_URIS=" + values["AUTH_URL"],
		"OPEN_HOSTS=127.0.0.1",
		"LOG_LEVEL=debug",
	}}
}

func TestFunctions(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(repo, "functions", "*", "main.go"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no functions", err)
	}
	w := newWorld(t)
	bin := t.TempDir()
	if err := runtimeapi.Build(repo, "./functions/...", bin+"/"); err != nil {
		t.Fatal(err)
	}
	var binaries []string
	for _, d := range dirs {
		binaries = append(binaries, filepath.Join(bin, filepath.Base(filepath.Dir(d))))
	}
	checkSizes(t, binaries)
	for _, binary := range binaries {
		name := filepath.Base(binary)
		t.Run(name, func(t *testing.T) { w.run(t, name, binary) })
	}
}

// checkSizes: each binary's zip is at most maxZip.
func checkSizes(t *testing.T, binaries []string) {
	t.Helper()
	zipsize := filepath.Join(t.TempDir(), "zipsize")
	if err := runtimeapi.Build(repo, "./test/zipsize", zipsize); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), zipsize, binaries...).Output()
	sizes := strings.Fields(string(out))
	if err != nil || len(sizes) != len(binaries) {
		t.Fatalf("%d sizes of %d binaries: %v", len(sizes), len(binaries), err)
	}
	for i, text := range sizes {
		if size, err := strconv.Atoi(text); err != nil || size <= 0 || size > maxZip {
			t.Errorf("%s: zip of %s bytes, at most %d wanted: %v", binaries[i], text, maxZip, err)
		}
	}
}

func (w *world) run(t *testing.T, name, binary string) {
	f, err := runtimeapi.Start(binary, w.env...)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	count := 0
	for _, e := range w.events {
		if e.Function != name || needsTable(e) {
			continue
		}
		count++
		t.Run(e.Name, func(t *testing.T) {
			a, err := f.Invoke(t.Context(), e.Body)
			if err != nil {
				t.Fatal(err)
			}
			w.check(t, e, a)
		})
	}
	if count == 0 && name != "engine" {
		t.Errorf("no event for the function %s", name)
	}
	w.noSecrets(t, f.Logs())
	if name == "std" {
		testConfiguration(t, binary)
	}
}

// needsTable: the steps of a workflow and the end of an execution are tested
// where there is a table.
func needsTable(e events.Event) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(e.Body, &members)
	return members["task"] != nil || members["detail-type"] != nil
}

func (w *world) check(t *testing.T, e events.Event, a runtimeapi.Answer) {
	t.Helper()
	want := events.Expected(e.Name)
	if a.Error != nil {
		if a.Error.Type != want {
			t.Errorf("error %v, want %s", a.Error, want)
		}
		w.noSecrets(t, a.Error.Message)
		return
	}
	if want != "ok" {
		t.Fatalf("answered %s, want the error %s", a.Payload, want)
	}
	w.noSecrets(t, string(a.Payload))
	var answer struct {
		Result  any    `json:"result"`
		Region  string `json:"region"`
		AuthURL string `json:"auth_url"`
	}
	if err := json.Unmarshal(a.Payload, &answer); err != nil {
		t.Fatal(err)
	}
	first, other := w.sandbox.Clouds()[0], w.sandbox.Clouds()[1]
	target := func(cloud, region string) {
		t.Helper()
		if answer.AuthURL != w.sandbox.AuthURL(cloud) || answer.Region != region {
			t.Errorf("went to %s, region %q; want %s, region %q", answer.AuthURL, answer.Region, w.sandbox.AuthURL(cloud), region)
		}
	}
	result := func(want any) {
		t.Helper()
		if !reflect.DeepEqual(answer.Result, want) {
			t.Errorf("result %v, want %v", answer.Result, want)
		}
	}
	switch e.Name {
	case "std-echo":
		result(map[string]any{"greeting": "hello", "regions": []any{"RegionOne", "RegionTwo"}})
	case "std-javascript":
		result(42.0)
	case "project-clouds":
		result([]any{first, other})
	case "project-regions":
		regions := w.sandbox.Regions(other)
		slices.Sort(regions)
		result(anys(regions))
	case "keystone-password":
		named(t, answer.Result, "admin")
	case "neutron-cloud":
		target(other, w.values["OTHER_REGION"])
		notEmpty(t, answer.Result)
	default:
		target(first, w.values["REGION"])
		notEmpty(t, answer.Result)
	}
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// named: the result is a list of resources, one of that name.
func named(t *testing.T, result any, name string) {
	t.Helper()
	list, _ := result.([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok && m["name"] == name {
			return
		}
	}
	t.Errorf("no %q in %v", name, result)
}

func notEmpty(t *testing.T, result any) {
	t.Helper()
	switch r := result.(type) {
	case []any:
		if len(r) > 0 {
			return
		}
	case map[string]any:
		if len(r) > 0 {
			return
		}
	}
	t.Errorf("an empty result: %v", result)
}

func (w *world) noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, name := range []string{"TOKEN", "ADMIN_PASSWORD", "APPLICATION_CREDENTIAL_SECRET"} {
		if strings.Contains(text, w.values[name]) {
			t.Errorf("%s shows in %q", name, text)
		}
	}
}

// testConfiguration: what the operator set wrongly, and what the caller asked
// for wrongly, is the answer to the event.
func testConfiguration(t *testing.T, binary string) {
	for _, c := range []struct{ env, event, want string }{
		{"MULTI_CLOUD=perhaps", `{"action": "std.noop"}`, "ConfigError"},
		{"LOG_LEVEL=loud", `{"action": "std.noop"}`, "ConfigError"},
		{"TABLE_NAME=", `{"task": {"execution": "x", "name": "y"}}`, "ConfigError"},
		{"TABLE_NAME=", `{"action": "std.nop"}`, "ActionNotFound"},
		{"TABLE_NAME=", `{"action": "nova.servers_list"}`, "InvalidInput"},
		{"TABLE_NAME=", `{"action": "std.echo"}`, "InvalidInput"},
		{"TABLE_NAME=", `{"action": "std.noop", "inputs": {}}`, "InvalidInput"},
		{"TABLE_NAME=", `{"action": "std.noop", "input": []}`, "InvalidInput"},
		{"TABLE_NAME=", `{"action": "std.noop", "credentials": {"pasword": "planted"}}`, "InvalidInput"},
		{"TABLE_NAME=", `{"action": 1}`, "InvalidInput"},
		{"TABLE_NAME=", `[]`, "InvalidInput"},
		{"TABLE_NAME=", `{"detail-type": "Step Functions Execution Status Change", "detail": {}}`, "InvalidInput"},
	} {
		f, err := runtimeapi.Start(binary, c.env)
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.Invoke(t.Context(), []byte(c.event))
		if err != nil || a.Error == nil || a.Error.Type != c.want {
			t.Errorf("%s %s: got %s %v %v, want %s", c.env, c.event, a.Payload, a.Error, err, c.want)
		}
		if a.Error != nil && strings.Contains(a.Error.Message+f.Logs(), "planted") {
			t.Errorf("%s: a secret shows: %s", c.event, a.Error.Message)
		}
		f.Close()
	}
}
