package kmscipher_test

import (
	"bytes"
	"context"
	"crypto/rand"
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
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/kmscipher"
)

// service stands in for KMS: a wrapped key is a name that it remembers.
type service struct {
	*httptest.Server
	generated, decrypted atomic.Int32
	bodies               bytes.Buffer // all requests
	mu                   sync.Mutex
	keys                 map[string][]byte // by wrapped
	hold                 chan struct{}     // if set, answers wait for it
}

func newService(t *testing.T) *service {
	s := &service{keys: map[string][]byte{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *service) client() *kms.Client {
	return kms.NewFromConfig(aws.Config{
		Region: "eu-central-1", BaseEndpoint: aws.String(s.URL),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	}, func(o *kms.Options) { o.RetryMaxAttempts = 1 })
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		KeyID             string            `json:"KeyId"`
		KeySpec           string            `json:"KeySpec"`
		CiphertextBlob    []byte            `json:"CiphertextBlob"`
		EncryptionContext map[string]string `json:"EncryptionContext"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(&s.bodies, "%s\n%+v\n", r.Header.Get("X-Amz-Target"), in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	fail := func(kind string) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type": %q, "message": "no"}`, kind)
	}
	plain := make([]byte, 32)
	switch {
	case in.EncryptionContext["application"] != "sirocco":
		fail("InvalidCiphertextException")
	case strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".GenerateDataKey"):
		s.generated.Add(1)
		if in.KeyID != "alias/sirocco" || in.KeySpec != "AES_256" {
			fail("NotFoundException")
			return
		}
		rand.Read(plain)
		wrapped := fmt.Sprintf("wrapped key %d", len(s.keys))
		s.keys[wrapped] = plain
		fmt.Fprintf(w, `{"KeyId": "k", "CiphertextBlob": %q, "Plaintext": %q}`,
			base64.StdEncoding.EncodeToString([]byte(wrapped)), base64.StdEncoding.EncodeToString(plain))
	default:
		s.decrypted.Add(1)
		key := s.keys[string(in.CiphertextBlob)]
		if key == nil {
			fail("InvalidCiphertextException")
			return
		}
		fmt.Fprintf(w, `{"KeyId": "k", "Plaintext": %q}`, base64.StdEncoding.EncodeToString(key))
	}
}

func TestCipher(t *testing.T) {
	s := newService(t)
	now := time.Now()
	opts := kmscipher.Options{Now: func() time.Time { return now }}
	c := kmscipher.New(s.client(), "alias/sirocco", opts)
	seal := func(secret, aad string) []byte {
		t.Helper()
		sealed, err := c.Seal(t.Context(), []byte(secret), []byte(aad))
		if err != nil {
			t.Fatal(err)
		}
		return sealed
	}
	calls := func(generated, decrypted int32) {
		t.Helper()
		if g, d := s.generated.Load(), s.decrypted.Load(); g != generated || d != decrypted {
			t.Errorf("%d keys generated and %d decrypted, want %d and %d", g, d, generated, decrypted)
		}
	}
	wantOpen := func(c *kmscipher.Cipher, sealed []byte, aad, want string) {
		t.Helper()
		if got, err := c.Open(t.Context(), sealed, []byte(aad)); err != nil || string(got) != want {
			t.Errorf("Open = %q, %v, want %q", got, err, want)
		}
	}
	one, two := seal("hunter2hunter2", "a"), seal("two", "b")
	wantOpen(c, one, "a", "hunter2hunter2")
	calls(1, 0)
	fresh := kmscipher.New(s.client(), "alias/sirocco", opts)
	wantOpen(fresh, one, "a", "hunter2hunter2")
	wantOpen(fresh, two, "b", "two")
	calls(1, 1)
	now = now.Add(6 * time.Minute)
	wantOpen(fresh, one, "a", "hunter2hunter2")
	calls(1, 2)
	three := seal("three", "c")
	calls(2, 2)
	wantOpen(fresh, three, "c", "three")
	calls(2, 3)

	var serr *store.SealError
	for name, sealed := range map[string][]byte{
		"cut": one[:20], "nothing": nil, "another's": bytes.Replace(one, []byte("wrapped key 0"), []byte("wrapped key 9"), 1),
		"the key of another": bytes.Replace(one, []byte("wrapped key 0"), []byte("wrapped key 1"), 1),
	} {
		if got, err := c.Open(t.Context(), sealed, []byte("a")); !errors.As(err, &serr) {
			t.Errorf("%s: Open = %q, %v, want a *store.SealError", name, got, err)
		}
	}
	if got, err := c.Open(t.Context(), one, []byte("b")); !errors.As(err, &serr) {
		t.Errorf("with another aad: Open = %q, %v", got, err)
	}
	if bytes.Contains(s.bodies.Bytes(), []byte("hunter2")) {
		t.Error("KMS was sent the secret")
	}
}

func TestErrors(t *testing.T) {
	s := newService(t)
	c := kmscipher.New(s.client(), "alias/none", kmscipher.Options{})
	if _, err := c.Seal(t.Context(), []byte("hunter2"), nil); err == nil || !strings.Contains(err.Error(), "alias/none") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("Seal = %v, want an error that names the key and not the secret", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Seal(ctx, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Seal = %v, want context.Canceled", err)
	}
}

// TestSingleFlight: many first calls at once make one request; one that gives up
// does not take it from the others.
func TestSingleFlight(t *testing.T) {
	s := newService(t)
	s.hold = make(chan struct{})
	c := kmscipher.New(s.client(), "alias/sirocco", kmscipher.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	gaveUp := make(chan error, 1)
	go func() {
		_, err := c.Seal(ctx, []byte("x"), nil)
		gaveUp <- err
	}()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			sealed, err := c.Seal(t.Context(), []byte("x"), nil)
			if err == nil {
				_, err = c.Open(t.Context(), sealed, nil)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	cancel()
	if err := <-gaveUp; !errors.Is(err, context.Canceled) {
		t.Errorf("Seal = %v, want context.Canceled", err)
	}
	close(s.hold)
	wg.Wait()
	if n := s.generated.Load(); n != 1 {
		t.Errorf("%d keys were generated, want 1", n)
	}
	if n := s.decrypted.Load(); n != 0 {
		t.Errorf("%d keys were decrypted, want none", n)
	}
}

// TestManyKeys opens what more data keys sealed than are kept.
func TestManyKeys(t *testing.T) {
	s := newService(t)
	var sealed [][]byte
	for range 70 {
		c := kmscipher.New(s.client(), "alias/sirocco", kmscipher.Options{})
		b, err := c.Seal(t.Context(), []byte("x"), nil)
		if err != nil {
			t.Fatal(err)
		}
		sealed = append(sealed, b)
	}
	c := kmscipher.New(s.client(), "alias/sirocco", kmscipher.Options{})
	for range 2 {
		for _, b := range sealed {
			if _, err := c.Open(t.Context(), b, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.decrypted.Load(); n < 71 || n > 140 {
		t.Errorf("%d keys were decrypted", n)
	}
}
