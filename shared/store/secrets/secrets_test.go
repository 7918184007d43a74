package secrets_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/secrets"
)

const arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:clouds/prod-AbCdEf"

// newClient returns a client of a stand-in for the service, and its count of
// requests.
func newClient(t *testing.T) (*secretsmanager.Client, *atomic.Int32) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		var in struct{ SecretId string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch in.SecretId {
		case arn:
			fmt.Fprintf(w, `{"ARN": %q, "SecretString": "{\"token\": \"t%d\"}"}`, arn, calls.Load())
		case "binary":
			fmt.Fprintf(w, `{"SecretBinary": %q}`, base64.StdEncoding.EncodeToString([]byte{0, 1, 2}))
		case "denied":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type": "AccessDeniedException", "Message": "no"}`)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type": "ResourceNotFoundException", "Message": "no"}`)
		}
	}))
	t.Cleanup(server.Close)
	return secretsmanager.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}), &calls
}

func TestGet(t *testing.T) {
	client, calls := newClient(t)
	now := time.Now()
	s := secrets.New(client, secrets.Options{Now: func() time.Time { return now }})
	get := func(ref, want string) {
		t.Helper()
		got, err := s.Get(t.Context(), ref)
		if err != nil || string(got) != want {
			t.Errorf("Get(%s) = %q, %v, want %q", ref, got, err, want)
		}
		clear(got) // what is kept must not change
	}
	get("secretsmanager:"+arn, `{"token": "t1"}`)
	get("secretsmanager:"+arn, `{"token": "t1"}`)
	now = now.Add(61 * time.Second)
	get("secretsmanager:"+arn, `{"token": "t2"}`)
	get("secretsmanager:binary", "\x00\x01\x02")
	if n := calls.Load(); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

func TestErrors(t *testing.T) {
	client, calls := newClient(t)
	s := secrets.New(client, secrets.Options{})
	if _, err := s.Get(t.Context(), "secretsmanager:gone"); !errors.Is(err, store.ErrNoCredential) || !strings.Contains(err.Error(), "secretsmanager:gone") {
		t.Errorf("a secret that is not there: %v", err)
	}
	if _, err := s.Get(t.Context(), "secretsmanager:denied"); err == nil || errors.Is(err, store.ErrNoCredential) || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("a secret that may not be read: %v", err)
	}
	before := calls.Load()
	var invalid *store.InvalidError
	for _, ref := range []string{"", "prod", "secretsmanager:", "vault:x"} {
		if _, err := s.Get(t.Context(), ref); !errors.As(err, &invalid) {
			t.Errorf("Get(%q) = %v, want an *InvalidError", ref, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Get(ctx, "secretsmanager:"+arn); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	if calls.Load() != before {
		t.Error("a request was made for nothing")
	}
}

func TestManyAtOnce(t *testing.T) {
	client, calls := newClient(t)
	s := secrets.New(client, secrets.Options{})
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if got, err := s.Get(t.Context(), "secretsmanager:"+arn); err != nil || string(got) != `{"token": "t1"}` {
				t.Errorf("Get = %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}
