package function

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/smithy-go"

	"github.com/sirocco-workflows/sirocco/shared/actions"
	"github.com/sirocco-workflows/sirocco/shared/engine"
	"github.com/sirocco-workflows/sirocco/shared/openstack"
	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
)

func TestNamed(t *testing.T) {
	throttled := &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "GetItem",
		Err: &smithy.GenericAPIError{Code: "ThrottlingException", Message: "slow down"}}
	refused := &smithy.OperationError{ServiceID: "DynamoDB", OperationName: "GetItem",
		Err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no", Fault: smithy.FaultClient}}
	unreachable := &smithy.OperationError{ServiceID: "KMS", OperationName: "Decrypt", Err: errors.New("dial tcp: refused")}
	for _, c := range []struct {
		err  error
		want string
	}{
		{openstack.NotFound{}, "NotFound"},
		{fmt.Errorf("around it: %w", openstack.OverLimit{}), "OverLimit"},
		{errors.Join(errors.New("one"), openstack.Conflict{}), "Conflict"},
		{actions.InvalidInput{}, "InvalidInput"},
		{&store.BusyError{What: "x", Err: errors.New("y")}, "BusyError"},
		{&engine.TaskError{Name: "RegionNotFound", Err: openstack.NotFound{}}, "RegionNotFound"},
		{fmt.Errorf("x: %w", &engine.TaskError{Name: "Forbidden"}), "Forbidden"},
		{fmt.Errorf("x: %w", store.ErrNoCredential), "InvalidInput"},
		{fmt.Errorf("x: %w", context.DeadlineExceeded), "Timeout"},
		{throttled, "Unavailable"},
		{refused, "Internal"},
		{unreachable, "Unavailable"},
		{errors.New("plain"), "Internal"},
	} {
		var got messages.InvokeResponse_Error
		if !errors.As(Named(c.err), &got) || got.Type != c.want || got.Message != c.err.Error() {
			t.Errorf("%v: %s %q, want %s", c.err, got.Type, got.Message, c.want)
		}
	}
	if Named(nil) != nil {
		t.Error("no error became one")
	}
}

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig([]string{
		"TABLE_NAME=t", "MULTI_CLOUD=true", "ALLOWED_AUTH_URIS=https://a/v3, https://b/v3\n", "DEFAULT_REGION=R",
		"OPEN_HOSTS=10.0.0.0/8 k", "LOG_LEVEL=warn", "AWS_REGION=one", "AWS_REGION=two",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Table != "t" || !c.MultiCloud || c.DefaultRegion != "R" || c.LogLevel != slog.LevelWarn || c.env("AWS_REGION") != "two" {
		t.Errorf("got %+v", c)
	}
	if want := []string{"https://a/v3", "https://b/v3"}; !slices.Equal(c.AllowedAuthURIs, want) {
		t.Errorf("auth URIs %q", c.AllowedAuthURIs)
	}
	if want := []string{"10.0.0.0/8", "k"}; !slices.Equal(c.OpenHosts, want) {
		t.Errorf("hosts %q", c.OpenHosts)
	}
	if c, err = ParseConfig(nil); err != nil || c.MultiCloud || len(c.AllowedAuthURIs) > 0 {
		t.Errorf("the empty environment: %+v, %v", c, err)
	}
	if c, err = ParseConfig([]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256"}); err != nil || c.maxBody() != 16<<20 || c.maxList() <= c.maxBody() {
		t.Errorf("limits of 256 MB: %+v, %v", c, err)
	}
	for _, bad := range []string{"MULTI_CLOUD=maybe", "LOG_LEVEL=loud"} {
		var config ConfigError
		if _, err := ParseConfig([]string{bad}); !errors.As(err, &config) || !strings.HasPrefix(bad, config.Variable) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestLoggerHidesSecrets(t *testing.T) {
	var b bytes.Buffer
	log := NewLogger(&b, slog.LevelInfo)
	log.Info("m", "token", "planted", "X-Auth-Token", "planted", "admin_pass", "planted", "AdminPassword", "planted",
		"clouds_secret", "planted", "user_data", "planted", slog.Group("auth", "password", "planted"), "region", "shown")
	if s := b.String(); strings.Contains(s, "planted") || !strings.Contains(s, "shown") {
		t.Error(s)
	}
}

// newFunction is a function over a table in memory, and its log.
func newFunction(t *testing.T, options Options) (*Function, store.Table, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	table := memory.New(nil)
	options.Table, options.Logger = table, NewLogger(&log, slog.LevelDebug)
	f, err := New(Config{Environ: []string{"HOME=/nonexistent"}}, options)
	if err != nil {
		t.Fatal(err)
	}
	return f, table, &log
}

// TestSteps takes an execution of one task from its first event to the status
// change that ends it.
func TestSteps(t *testing.T) {
	f, table, log := newFunction(t, Options{Service: "std"})
	const task = `{"action": "std.echo", "input": {"output": "<% $.x %>"}, "task": {"execution": "e1", "name": "say",
		"publish": {"said": "<% task().result %>"}, "start": {"x": "planted-input"},
		"workflow": {"name": "w", "input": [{"name": "x"}], "output": {"all": "<% $.said %>"},
			"tasks": [{"name": "say", "type": "ACTION"}]}}}`
	out, err := f.Handle(t.Context(), json.RawMessage(task))
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		From   []string
		State  string
		Routes []string
	}
	if err := json.Unmarshal(out, &answer); err != nil || answer.State != "SUCCESS" || len(answer.From) != 1 || len(answer.Routes) != 0 {
		t.Fatalf("answer %s, %v", out, err)
	}
	again, err := f.Handle(t.Context(), json.RawMessage(task))
	if err != nil || !bytes.Equal(out, again) {
		t.Errorf("called again: %s, %v; want %s", again, err, out)
	}
	const ended = `{"detail-type": "Step Functions Execution Status Change", "source": "aws.states",
		"detail": {"name": "e1", "status": "SUCCEEDED", "executionArn": "arn:aws:states:x"}}`
	for range 2 {
		if _, err := f.Handle(t.Context(), json.RawMessage(ended)); err != nil {
			t.Fatal(err)
		}
	}
	head, err := store.NewRecords(table).Execution(t.Context(), "e1")
	if err != nil || head.State != engine.Success || !head.Finished {
		t.Errorf("execution %+v, %v", head, err)
	}
	if strings.Contains(log.String(), "planted-input") {
		t.Errorf("the log shows an input: %s", log)
	}
}

func TestStepFailsByName(t *testing.T) {
	f, _, _ := newFunction(t, Options{Service: "std"})
	_, err := f.Handle(t.Context(), json.RawMessage(`{"action": "std.fail", "task": {"execution": "e", "name": "t",
		"workflow": {"name": "w", "tasks": [{"name": "t", "type": "ACTION"}]}}}`))
	var named messages.InvokeResponse_Error
	if !errors.As(err, &named) || named.Type != "ActionFailed" {
		t.Errorf("got %v", err)
	}
}

// TestStatusChange: what Step Functions ends by itself ends the record too.
func TestStatusChange(t *testing.T) {
	for _, c := range []struct{ status, state string }{
		{"ABORTED", engine.Error}, {"TIMED_OUT", engine.Error}, {"FAILED", engine.Error}, {"RUNNING", engine.Running},
	} {
		f, table, _ := newFunction(t, Options{Service: "engine"})
		eng, err := f.steps.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		spec := `{"name": "w", "tasks": [{"name": "t", "type": "ACTION"}]}`
		start := engine.StartRequest{ID: "e"}
		if err := json.Unmarshal([]byte(spec), &start.Workflow); err != nil {
			t.Fatal(err)
		}
		if _, err := eng.(*engine.Engine).Start(t.Context(), start); err != nil {
			t.Fatal(err)
		}
		event := fmt.Sprintf(`{"detail-type": %q, "detail": {"name": "e", "status": %q}}`, statusChangeType, c.status)
		if _, err := f.Handle(t.Context(), json.RawMessage(event)); err != nil {
			t.Fatal(err)
		}
		head, err := store.NewRecords(table).Execution(t.Context(), "e")
		if err != nil || head.State != c.state {
			t.Errorf("%s: execution %+v, %v; want %s", c.status, head, err, c.state)
		}
		unknown := strings.Replace(event, `"e"`, `"nobody"`, 1)
		if _, err := f.Handle(t.Context(), json.RawMessage(unknown)); err != nil {
			t.Errorf("%s of an execution without a record: %v", c.status, err)
		}
	}
}

func TestLazyTriesAgain(t *testing.T) {
	tries := 0
	l := lazy[int]{make: func(context.Context) (int, error) {
		if tries++; tries == 1 {
			return 0, errors.New("not yet")
		}
		return 42, nil
	}}
	if _, err := l.get(t.Context()); err == nil {
		t.Error("no error at first")
	}
	for range 2 {
		if v, err := l.get(t.Context()); v != 42 || err != nil {
			t.Errorf("then %d, %v", v, err)
		}
	}
	if tries != 2 {
		t.Errorf("made %d times", tries)
	}
}

func TestAnswerTooLarge(t *testing.T) {
	f, _, _ := newFunction(t, Options{Service: "std"})
	event := `{"action": "std.echo", "input": {"output": "` + strings.Repeat("x", maxAnswer) + `"}}`
	_, err := f.Handle(t.Context(), json.RawMessage(event))
	var named messages.InvokeResponse_Error
	if !errors.As(err, &named) || named.Type != "ResultTooLarge" {
		t.Errorf("got %.200v", err)
	}
}
