package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sirocco-workflows/sirocco/shared/actions/js"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// stdRunner runs std actions; it does not sleep but notes how long it would.
func stdRunner(t *testing.T, slept *time.Duration, open ...string) *Runner {
	manager, err := openstack.New(openstack.Config{OpenHosts: open})
	if err != nil {
		t.Fatal(err)
	}
	return NewRunner(newRegistry(t), manager, RunnerOptions{
		Std: Std{Script: js.Eval},
		Sleep: func(ctx context.Context, d time.Duration) error {
			if slept != nil {
				*slept = d
			}
			return ctx.Err()
		},
		MaxResponse: 1000,
	})
}

func TestStd(t *testing.T) {
	var slept time.Duration
	runner := stdRunner(t, &slept)
	for _, tc := range []struct {
		action, input, want string
		slept               time.Duration
	}{
		{"std.noop", `{}`, `null`, 0},
		{"std.echo", `{"output": {"b": [1, null], "a": "x"}}`, `{"b":[1,null],"a":"x"}`, 0},
		{"std.echo", `{"output": 1, "delay": 0.5}`, `1`, 500 * time.Millisecond},
		{"std.echo", `{"output": 1, "delay": "2"}`, `1`, 2 * time.Second},
		{"std.echo", `{"output": 1, "delay": -2}`, `1`, 0},
		{"std.echo", `{"output": 1, "delay": "soon"}`, `1`, 0},
		{"std.echo", `{"output": 1, "delay": 1e300}`, `1`, maxSleep},
		{"std.sleep", `{}`, `null`, time.Second},
		{"std.sleep", `{"seconds": 3}`, `null`, 3 * time.Second},
		{"std.sleep", `{"seconds": 2.9}`, `null`, 2 * time.Second},
		{"std.sleep", `{"seconds": -1}`, `null`, 0},
		{"std.test_dict", `{}`, `{}`, 0},
		{"std.test_dict", `{"size": 2, "key_prefix": "k", "val": 5}`, `{"k0":5,"k1":5}`, 0},
		{"std.test_dict", `{"size": -2}`, `{}`, 0},
		{"std.js", `{"script": "return $.a + 1", "context": {"a": 1}}`, `2`, 0},
		{"std.javascript", `{"script": "return $"}`, `null`, 0},
	} {
		slept = 0
		out, err := run(t, runner, tc.action, tc.input)
		if got, _ := value.Encode(out.Result); err != nil || string(got) != tc.want || slept != tc.slept {
			t.Errorf("%s(%s): %s, %v after %s; want %s after %s", tc.action, tc.input, got, err, slept, tc.want, tc.slept)
		}
		if out.Target != (openstack.Target{}) {
			t.Errorf("%s went to %v", tc.action, out.Target)
		}
	}
}

func TestStdFailures(t *testing.T) {
	runner := stdRunner(t, nil)
	for _, tc := range []struct {
		action, input, message string
		data                   any
	}{
		{"std.fail", `{}`, "Fail action expected exception.", nil},
		{"std.fail", `{"error_data": ""}`, "Fail action expected exception.", nil},
		{"std.fail", `{"error_data": {"code": 5}}`, "{'code': 5}", value.MapOf("code", 5)},
		{"std.js", `{"script": "throw new Error('no')"}`, "JavaScriptAction failed: Error: no", nil},
	} {
		_, err := run(t, runner, tc.action, tc.input)
		var failed ActionFailed
		if !errors.As(err, &failed) || failed.Error() != tc.message || !value.Equal(failed.Data, tc.data) {
			t.Errorf("%s(%s): %#v", tc.action, tc.input, err)
		}
	}
	if _, err := run(t, runner, "std.test_dict", `{"size": 100000000}`); !errors.As(err, new(InvalidInput)) {
		t.Errorf("%v", err)
	}
	bare := NewRunner(newRegistry(t), nil, RunnerOptions{})
	for _, call := range []string{"std.js", "std.http", "nova.servers_list"} {
		input := map[string]string{"std.js": `{"script": "return 1"}`, "std.http": `{"url": "http://x"}`, "nova.servers_list": `{}`}[call]
		if _, err := run(t, bare, call, input); !errors.As(err, new(ActionFailed)) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if out, err := run(t, bare, "openstack.clouds", `{}`); err != nil || len(out.Result.([]any)) != 0 {
		t.Errorf("%v %v", out, err)
	}
}

func TestStdSleepStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := NewRunner(newRegistry(t), nil, RunnerOptions{})
	for _, action := range []string{"std.sleep", "std.echo"} {
		input := value.MapOf("seconds", 1000)
		if action == "std.echo" {
			input = value.MapOf("output", 1, "delay", 1000)
		}
		if _, err := r.Run(ctx, Call{Action: action, Input: input}); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// echoServer answers with what it was sent.
func echoServer(t *testing.T) (*httptest.Server, string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/text":
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			io.WriteString(w, "só")
		case "/latin":
			w.Header().Set("Content-Type", "text/plain")
			w.Write([]byte{'s', 0xf3})
		case "/status":
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"gone": true}`)
		case "/redirect":
			http.Redirect(w, r, "/text", http.StatusFound)
		case "/large":
			io.WriteString(w, strings.Repeat("x", 2000))
		default:
			w.Header().Set("Set-Cookie", "c=1")
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]any{
				"method": r.Method, "url": r.URL.String(), "body": string(body), "type": r.Header.Get("Content-Type"),
				"auth": r.Header.Get("Authorization"), "cookie": r.Header.Get("Cookie"), "x": r.Header.Get("X-Y"),
			})
		}
	}))
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL)
	return s, u.Host
}

func TestStdHTTP(t *testing.T) {
	server, host := echoServer(t)
	runner := stdRunner(t, nil, host)
	for _, tc := range []struct{ input, want string }{
		{`{"url": "URL/a?b=1"}`, `{"method":"GET","url":"/a?b=1"}`},
		{`{"url": "URL/a?b=1", "params": {"c": "d e", "f": [1, true], "g": null}}`, `{"url":"/a?b=1&c=d+e&f=1&f=True"}`},
		{`{"url": "URL/a", "params": "x=1"}`, `{"url":"/a?x=1"}`},
		{`{"url": "URL", "method": "post", "body": {"a": 1}}`, `{"method":"POST","body":"{\"a\":1}","type":""}`},
		{`{"url": "URL", "method": "PUT", "body": "text"}`, `{"method":"PUT","body":"text","type":""}`},
		{`{"url": "URL", "method": "POST", "json": [1, "x"]}`, `{"body":"[1,\"x\"]","type":"application/json"}`},
		{`{"url": "URL", "headers": {"X-Y": 5, "Content-Type": "a/b"}, "json": 1, "method": "POST"}`, `{"x":"5","type":"a/b"}`},
		{`{"url": "URL", "cookies": {"k": "v"}}`, `{"cookie":"k=v"}`},
		{`{"url": "URL", "auth": "user:planted"}`, `{"auth":"Basic dXNlcjpwbGFudGVk"}`},
	} {
		out, err := run(t, runner, "std.http", strings.ReplaceAll(tc.input, "URL", server.URL))
		if err != nil {
			t.Errorf("%s: %v", tc.input, err)
			continue
		}
		content, _ := out.Result.(*value.Map).Get("content")
		for k, want := range decodeInput(t, json.RawMessage(tc.want)).All() {
			if got, _ := content.(*value.Map).Get(k); got != want {
				t.Errorf("%s: %s is %q; want %q", tc.input, k, got, want)
			}
		}
	}
}

func TestStdHTTPResults(t *testing.T) {
	server, host := echoServer(t)
	runner := stdRunner(t, nil, host)
	for _, tc := range []struct{ input, want string }{
		{`{"url": "URL/text"}`, `{"status":200,"content":"só","encoding":"utf-8","reason":"OK","url":"URL/text","history":[],"cookies":{}}`},
		{`{"url": "URL/latin"}`, `{"content":"só","encoding":"ISO-8859-1"}`},
		{`{"url": "URL/"}`, `{"encoding":"utf-8","cookies":{"c":"1"}}`},
		{`{"url": "URL/redirect"}`, `{"status":302,"url":"URL/redirect"}`},
		{`{"url": "URL/redirect", "allow_redirects": true}`, `{"status":200,"url":"URL/text","history":[{"status":302,"url":"URL/redirect"}]}`},
	} {
		out, err := run(t, runner, "std.http", strings.ReplaceAll(tc.input, "URL", server.URL))
		if err != nil {
			t.Errorf("%s: %v", tc.input, err)
			continue
		}
		for k, want := range decodeInput(t, json.RawMessage(strings.ReplaceAll(tc.want, "URL", server.URL))).All() {
			if got, _ := out.Result.(*value.Map).Get(k); !value.Equal(got, want) {
				t.Errorf("%s: %s is %v; want %v", tc.input, k, got, want)
			}
		}
	}
}

func TestStdHTTPErrors(t *testing.T) {
	server, host := echoServer(t)
	runner := stdRunner(t, nil, host)
	_, err := run(t, runner, "std.http", fmt.Sprintf(`{"url": "%s/status"}`, server.URL))
	var failed ActionFailed
	if !errors.As(err, &failed) || failed.Message != "std.http: HTTP status 404 Not Found" {
		t.Fatalf("%v", err)
	}
	if content, _ := failed.Data.(*value.Map).Get("content"); !value.Equal(content, value.MapOf("gone", true)) {
		t.Errorf("%v", content)
	}
	for _, tc := range []struct {
		input, text string
		want        error
	}{
		{`{"url": "URL/large"}`, "too large", ActionFailed{}},
		{`{"url": "ftp://x/"}`, "url must be", InvalidInput{}},
		{`{"url": "x"}`, "url must be", InvalidInput{}},
		{`{"url": "URL", "body": "x", "json": 1}`, "can't be given with body", InvalidInput{}},
		{`{"url": "URL", "body": [1]}`, "body must be", InvalidInput{}},
		{`{"url": "URL", "method": "A B"}`, "method must be", InvalidInput{}},
		{`{"url": "URL", "auth": "planted-user"}`, "auth must be user:password", InvalidInput{}},
		{`{"url": "URL", "verify": "/etc/ssl/ca.pem"}`, "a path is not read", InvalidInput{}},
		{`{"url": "http://127.0.0.1:1/?key=planted"}`, "", openstack.EgressDenied{}},
		{`{"url": "http://169.254.169.254/latest"}`, "", openstack.EgressDenied{}},
	} {
		_, err := run(t, runner, "std.http", strings.ReplaceAll(tc.input, "URL", server.URL))
		if fmt.Sprintf("%T", err) != fmt.Sprintf("%T", tc.want) || !strings.Contains(fmt.Sprint(err), tc.text) {
			t.Errorf("%s: %T %v; want %T with %q", tc.input, err, err, tc.want, tc.text)
		}
		if strings.Contains(fmt.Sprint(err), "planted") {
			t.Errorf("%s: a secret in %v", tc.input, err)
		}
	}
}

func TestStdHTTPTimeout(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	u, _ := url.Parse(server.URL)
	_, err := run(t, stdRunner(t, nil, u.Host), "std.http", fmt.Sprintf(`{"url": "%s", "timeout": 0.05}`, server.URL))
	if !errors.As(err, new(ActionFailed)) || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("%T %v", err, err)
	}
}
