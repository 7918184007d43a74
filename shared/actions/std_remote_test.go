package actions

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/value"
)

// remoteRunner performs std.email and std.ssh by the given functions.
func remoteRunner(t *testing.T, std Std) *Runner {
	manager, err := openstack.New(openstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return NewRunner(newRegistry(t), manager, RunnerOptions{Std: std, MaxResponse: 1000})
}

func TestStdEmail(t *testing.T) {
	var sent Email
	fails := error(nil)
	runner := remoteRunner(t, Std{Email: func(_ context.Context, _ Dial, m Email) error { sent = m; return fails }})
	for _, tc := range []struct {
		input string
		want  Email
		err   string
	}{
		{
			`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "mail:25"}`,
			Email{Server: "mail:25", TLS: "auto", From: "a@x", User: "a@x", To: []string{"b@x"}, Subject: "<No subject>", Body: "<No body>"}, "",
		},
		{
			`{"from_addr": "a@x", "to_addrs": "b@x", "cc_addrs": ["c@x"], "bcc_addrs": ["d@x"], "reply_to": ["e@x"], "smtp_server": "mail",
			  "smtp_password": "planted", "smtp_user": "u", "smtp_tls": "implicit", "verify": false, "subject": "s", "body": "t", "html_body": "h",
			  "attachments": [{"filename": "f", "content": "YQ==", "encoding": "base64", "content_type": "text/x"}, {"filename": "g", "content": "c"}]}`,
			Email{
				Server: "mail", TLS: "implicit", Insecure: true, From: "a@x", User: "u", Password: "planted", To: []string{"b@x"}, CC: []string{"c@x"},
				BCC: []string{"d@x"}, ReplyTo: []string{"e@x"}, Subject: "s", Body: "t", HTML: "h",
				Attachments: []Attachment{{"f", "text/x", []byte("a")}, {"g", "", []byte("c")}},
			}, "",
		},
		{`{"from_addr": "a@x", "to_addrs": [], "smtp_server": "m"}`, Email{}, "to_addrs must name somebody"},
		{`{"from_addr": "a@x", "to_addrs": [1], "smtp_server": "m"}`, Email{}, "to_addrs must be a list of addresses, and one is a number"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "smtp_tls": "ssl"}`, Email{}, "smtp_tls must be auto"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "smtp_tls": "none", "smtp_password": "planted"}`, Email{}, "in the clear"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "verify": "/etc/ca.pem"}`, Email{}, "a path is not read here"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "attachments": ["x"]}`, Email{}, "dictionaries with filename"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "attachments": [{"filename": "f", "content": "*", "encoding": "base64"}]}`, Email{}, "is no base64"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "attachments": [{"filename": "f", "encoding": "zip"}]}`, Email{}, "must be base64 or none"},
		{`{"from_addr": "a@x", "to_addrs": ["b@x"]}`, Email{}, "smtp_server"},
	} {
		sent = Email{}
		out, err := run(t, runner, "std.email", tc.input)
		if tc.err != "" {
			if !errors.As(err, new(InvalidInput)) || !strings.Contains(err.Error(), tc.err) || sent.Server != "" {
				t.Errorf("%s: %v; want %s", tc.input, err, tc.err)
			}
			continue
		}
		if diff := cmp.Diff(tc.want, sent, cmpopts.EquateEmpty()); err != nil || out.Result != nil || diff != "" {
			t.Errorf("%s: %v %v\n%s", tc.input, out.Result, err, diff)
		}
	}
	fails = errors.New("535 planted is no password")
	_, err := run(t, runner, "std.email", `{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "m", "smtp_password": "planted"}`)
	var failed ActionFailed
	if !errors.As(err, &failed) || failed.Message != "Failed to send an email message: 535 *** is no password" {
		t.Error(err)
	}
}

func TestStdSSH(t *testing.T) {
	var ran []SSHCommand
	runner := remoteRunner(t, Std{SSH: func(_ context.Context, _ Dial, c SSHCommand) (SSHResult, error) {
		ran = append(ran, c)
		switch c.Command {
		case "broken":
			return SSHResult{}, errors.New("no route, planted")
		case "bad":
			return SSHResult{"out", "planted wrong", 2}, nil
		}
		return SSHResult{Stdout: c.Host + "\n"}, nil
	}})
	for _, tc := range []struct{ action, input, want, err string }{
		{"std.ssh", `{"cmd": "x", "host": "a", "username": "u", "password": "planted", "any_host_key": true}`, `"a\n"`, ""},
		{"std.ssh", `{"cmd": "x", "host": ["a"], "username": "u", "password": "planted", "any_host_key": true}`, `"a\n"`, ""},
		{"std.ssh", `{"cmd": "x", "host": ["a", "b:23"], "username": "u", "private_key": "k", "known_hosts": "a key"}`, `["a\n","b:23\n"]`, ""},
		{"std.ssh", `{"cmd": "bad", "host": ["a", "b"], "username": "u", "password": "planted", "any_host_key": true, "return_result_on_error": true}`,
			`[{"stdout":"out","stderr":"planted wrong","exit_code":2},{"stdout":"out","stderr":"planted wrong","exit_code":2}]`, ""},
		{"std.ssh", `{"cmd": "bad", "host": "a", "username": "u", "password": "planted", "any_host_key": true}`, "", "Failed to execute ssh cmd 'bad' on a: exit status 2, stderr: *** wrong"},
		{"std.ssh", `{"cmd": "broken", "host": "a", "username": "u", "password": "planted", "any_host_key": true}`, "", "Failed to execute ssh cmd 'broken' on a: no route, ***"},
		{"std.ssh", `{"cmd": "x", "host": "a", "username": "u", "password": "planted"}`, "", "known_hosts must be given"},
		{"std.ssh", `{"cmd": "x", "host": "a", "username": "u", "any_host_key": true}`, "", "private_key or password must be given"},
		{"std.ssh", `{"cmd": "x", "host": [], "username": "u", "password": "planted", "any_host_key": true}`, "", "host must name a host"},
		{"std.ssh", `{"cmd": "x", "host": "a", "username": "u", "private_key_filename": "id_rsa", "any_host_key": true}`, "", "give the key itself as private_key"},
		{"std.ssh_proxied", `{"cmd": "x", "host": "a", "username": "u", "gateway_host": "g", "private_key": "k", "any_host_key": true}`, `"a\n"`, ""},
		{"std.ssh_proxied", `{"cmd": "x", "host": "a", "username": "u", "gateway_host": "g", "private_key": "k", "any_host_key": true, "proxy_command": "nc"}`, "", "is not run here"},
	} {
		ran = nil
		out, err := run(t, runner, tc.action, tc.input)
		got, _ := value.Encode(out.Result)
		if tc.err == "" && (err != nil || string(got) != tc.want) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s(%s): %s, %v; want %s%s", tc.action, tc.input, got, err, tc.want, tc.err)
		}
		if tc.action == "std.ssh_proxied" && len(ran) > 0 && (ran[0].Gateway != "g" || ran[0].GatewayUser != "u") {
			t.Errorf("%+v", ran)
		}
	}
}

// TestStdRemoteObeysEgress: what these actions connect with is guarded.
func TestStdRemoteObeysEgress(t *testing.T) {
	dials := func(ctx context.Context, dial Dial) error {
		conn, err := dial(ctx, "tcp", "127.0.0.1:1")
		if err == nil {
			conn.Close()
		}
		return err
	}
	runner := remoteRunner(t, Std{
		Email: func(ctx context.Context, dial Dial, _ Email) error { return dials(ctx, dial) },
		SSH: func(ctx context.Context, dial Dial, _ SSHCommand) (SSHResult, error) {
			return SSHResult{}, dials(ctx, dial)
		},
	})
	for action, input := range map[string]string{
		"std.email": `{"from_addr": "a@x", "to_addrs": ["b@x"], "smtp_server": "127.0.0.1:1"}`,
		"std.ssh":   `{"cmd": "x", "host": "127.0.0.1:1", "username": "u", "password": "p", "any_host_key": true}`,
	} {
		if _, err := run(t, runner, action, input); !errors.As(err, new(openstack.EgressDenied)) {
			t.Errorf("%s: %v", action, err)
		}
	}
	bare := NewRunner(newRegistry(t), nil, RunnerOptions{})
	if _, err := run(t, bare, "std.ssh", `{"cmd": "x", "host": "h", "username": "u", "password": "p", "any_host_key": true}`); !errors.As(err, new(ActionFailed)) {
		t.Error(err)
	}
}

func TestStdMistralHTTP(t *testing.T) {
	var got http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	runner := stdRunner(t, nil, "127.0.0.1")
	input, _ := json.Marshal(map[string]any{"url": server.URL, "headers": map[string]any{"X-Own": "1", "mistral-task-id": "other"}})
	_, err := runner.Run(t.Context(), Call{Action: "std.mistral_http", Input: decodeInput(t, input), Context: ExecContext{
		WorkflowName: "w", ExecutionID: "e", TaskID: "t", ActionID: "a",
	}})
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range map[string]string{
		"Mistral-Workflow-Name": "w", "Mistral-Workflow-Execution-Id": "e", "Mistral-Task-Id": "t", "Mistral-Action-Execution-Id": "a",
		"Mistral-Callback-URL": "", "X-Own": "1",
	} {
		if got.Get(k) != want {
			t.Errorf("%s: %q, want %q", k, got.Get(k), want)
		}
	}
}
