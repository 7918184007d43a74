// Package secrets is a store.CredentialSource over AWS Secrets Manager.
//
// A reference is "secretsmanager:" and the ARN or name of a secret. Its value is
// the credential: for a binary secret the bytes, else the text, by custom a JSON
// object. Which secrets can be read is for the policy of the role to say: grant
// secretsmanager:GetSecretValue on those that are credentials of clouds, and no
// others, because a reference comes with a request.
//
// An answer is kept for a minute, so that the calls of a fan-out share it; a
// rotated secret is seen after that.
package secrets

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"golang.org/x/sync/singleflight"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Scheme begins a reference, before a colon.
const Scheme = "secretsmanager"

const (
	defaultTTL = time.Minute
	maxKept    = 64
	callTime   = 20 * time.Second
)

// Client is the part of *secretsmanager.Client that a Source uses.
type Client interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
}

var _ Client = (*secretsmanager.Client)(nil)

// Options say how to use the service. The zero value works.
type Options struct {
	// TTL is how long an answer is kept; 0 is a minute.
	TTL time.Duration
	// Now is the clock of that; nil is the system's.
	Now func() time.Time
}

// Source gives the values of secrets. Make it with [New].
type Source struct {
	client Client
	ttl    time.Duration
	now    func() time.Time
	calls  singleflight.Group

	mu   sync.Mutex
	kept map[string]answer
}

var _ store.CredentialSource = (*Source)(nil)

type answer struct {
	secret []byte
	until  time.Time
}

// New returns the source of a client.
func New(client Client, opts Options) *Source {
	s := &Source{client: client, ttl: opts.TTL, now: opts.Now, kept: map[string]answer{}}
	if s.ttl <= 0 {
		s.ttl = defaultTTL
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Get implements [store.CredentialSource]. The error is store.ErrNoCredential if
// there is no such secret.
func (s *Source) Get(ctx context.Context, ref string) ([]byte, error) {
	id, found := strings.CutPrefix(ref, Scheme+":")
	if !found || id == "" {
		return nil, &store.InvalidError{Problem: fmt.Sprintf("credential reference %q is not %s:ARN", ref, Scheme)}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if secret, ok := s.recall(id); ok {
		return secret, nil
	}
	results := s.calls.DoChan(id, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
		defer cancel()
		return s.fetch(ctx, id)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-results:
		if r.Err != nil {
			return nil, r.Err
		}
		return append([]byte(nil), r.Val.([]byte)...), nil
	}
}

func (s *Source) recall(id string) ([]byte, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.kept[id]
	if !ok || !s.now().Before(a.until) {
		delete(s.kept, id)
		return nil, false
	}
	return append([]byte(nil), a.secret...), true
}

func (s *Source) fetch(ctx context.Context, id string) ([]byte, error) {
	if secret, ok := s.recall(id); ok { // another call brought it just now
		return secret, nil
	}
	out, err := s.client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(id)})
	var missing *types.ResourceNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, fmt.Errorf("%w: %s:%s", store.ErrNoCredential, Scheme, id)
	case err != nil:
		return nil, fmt.Errorf("credential %s:%s: %w", Scheme, id, err)
	}
	secret := out.SecretBinary
	if out.SecretString != nil {
		secret = []byte(*out.SecretString)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= maxKept {
		clear(s.kept)
	}
	s.kept[id] = answer{secret, s.now().Add(s.ttl)}
	return secret, nil
}
