// Package kmscipher is a store.Cipher whose keys AWS KMS keeps.
//
// It is envelope encryption: KMS makes a data key under the key that is named,
// and gives it in the clear and wrapped. The secret is sealed with the data key
// by AES-256-GCM and the wrapped one lies beside it; to open, KMS unwraps it. The
// data key in the clear never leaves the process. It is kept for a few minutes,
// for sealing and for opening, so that a warm function does not ask KMS each
// time.
//
// Whoever opens needs kms:Decrypt and who seals kms:GenerateDataKey on the key,
// with the encryption context application=sirocco. KMS's own rotation of the key
// needs nothing here; to move to another key, name it and reseal.
package kmscipher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"golang.org/x/sync/singleflight"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/internal/envelope"
)

const (
	defaultTTL = 5 * time.Minute
	maxSeals   = 1 << 16          // by one data key
	maxKeys    = 64               // opened data keys that are kept
	callTime   = 20 * time.Second // for one call of KMS, whoever waits for it
)

// Client is the part of *kms.Client that a Cipher uses.
type Client interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

var _ Client = (*kms.Client)(nil)

// Options say how to use the key. The zero value works.
type Options struct {
	// TTL is how long a data key is kept; 0 is 5 minutes.
	TTL time.Duration
	// Now is the clock of that; nil is the system's.
	Now func() time.Time
}

// Cipher seals with data keys of a KMS key. Make it with [New].
type Cipher struct {
	client Client
	keyID  string
	ttl    time.Duration
	now    func() time.Time
	calls  singleflight.Group

	mu     sync.Mutex
	seal   *dataKey            // for sealing
	opened map[string]*dataKey // by the wrapped key
}

var _ store.Cipher = (*Cipher)(nil)

// dataKey is a data key and how long it may be used.
type dataKey struct {
	plain   []byte
	wrapped []byte
	until   time.Time
	seals   int
}

// New returns the cipher of a KMS key, named by id, ARN or alias.
func New(client Client, keyID string, opts Options) *Cipher {
	c := &Cipher{client: client, keyID: keyID, ttl: opts.TTL, now: opts.Now, opened: map[string]*dataKey{}}
	if c.ttl <= 0 {
		c.ttl = defaultTTL
	}
	if c.now == nil {
		c.now = time.Now
	}
	return c
}

// encryptionContext is bound to data keys, and seen in KMS's audit log.
func encryptionContext() map[string]string { return map[string]string{"application": "sirocco"} }

// Seal implements [store.Cipher].
func (c *Cipher) Seal(ctx context.Context, plaintext, aad []byte) ([]byte, error) {
	key := c.sealKey()
	for key == nil {
		if _, err := c.once(ctx, "seal", c.generate); err != nil {
			return nil, err
		}
		key = c.sealKey()
	}
	return envelope.Seal(envelope.KMS, key.wrapped, key.plain, plaintext, aad)
}

// sealKey counts one use of the data key for sealing, nil if there is none that
// may be used.
func (c *Cipher) sealKey() *dataKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seal == nil || c.seal.seals >= maxSeals || !c.now().Before(c.seal.until) {
		c.seal = nil
		return nil
	}
	c.seal.seals++
	return c.seal
}

func (c *Cipher) generate(ctx context.Context) (*dataKey, error) {
	c.mu.Lock()
	present := c.seal
	c.mu.Unlock()
	if present != nil { // another call brought it just now
		return present, nil
	}
	out, err := c.client.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{
		KeyId:             aws.String(c.keyID),
		KeySpec:           types.DataKeySpecAes256,
		EncryptionContext: encryptionContext(),
	})
	if err != nil {
		return nil, fmt.Errorf("KMS key %s: %w", c.keyID, err)
	}
	key := &dataKey{plain: out.Plaintext, wrapped: out.CiphertextBlob, until: c.now().Add(c.ttl)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seal = key
	c.keep(key)
	return key, nil
}

// Open implements [store.Cipher].
func (c *Cipher) Open(ctx context.Context, sealed, aad []byte) ([]byte, error) {
	e, err := envelope.Parse(sealed)
	if err != nil {
		return nil, err
	}
	if e.Suite != envelope.KMS {
		return nil, &store.SealError{Problem: "it was not sealed with KMS"}
	}
	key := c.openedKey(string(e.KeyName))
	if key == nil {
		key, err = c.once(ctx, "open "+string(e.KeyName), func(ctx context.Context) (*dataKey, error) {
			return c.unwrap(ctx, e.KeyName)
		})
		if err != nil {
			return nil, err
		}
	}
	return e.Open(key.plain, aad)
}

func (c *Cipher) openedKey(wrapped string) *dataKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := c.opened[wrapped]
	if key == nil || !c.now().Before(key.until) {
		delete(c.opened, wrapped)
		return nil
	}
	return key
}

func (c *Cipher) unwrap(ctx context.Context, wrapped []byte) (*dataKey, error) {
	if key := c.openedKey(string(wrapped)); key != nil { // another call brought it just now
		return key, nil
	}
	out, err := c.client.Decrypt(ctx, &kms.DecryptInput{
		CiphertextBlob:    wrapped,
		EncryptionContext: encryptionContext(),
	})
	var bad *types.InvalidCiphertextException
	var wrongKey *types.IncorrectKeyException
	switch {
	case errors.As(err, &bad), errors.As(err, &wrongKey):
		return nil, &store.SealError{Problem: "KMS can't unwrap its key", Err: err}
	case err != nil:
		return nil, fmt.Errorf("KMS: %w", err)
	}
	key := &dataKey{plain: out.Plaintext, wrapped: wrapped, until: c.now().Add(c.ttl)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(key)
	return key, nil
}

// keep remembers an opened key. When there are too many it forgets those out of
// time, or else any one.
func (c *Cipher) keep(key *dataKey) {
	now := c.now()
	if len(c.opened) >= maxKeys {
		for name, k := range c.opened {
			if !now.Before(k.until) {
				delete(c.opened, name)
			}
		}
	}
	for name := range c.opened {
		if len(c.opened) < maxKeys {
			break
		}
		delete(c.opened, name)
	}
	c.opened[string(key.wrapped)] = key
}

// once makes one call of KMS for all who need its answer at the same time. Each
// waits as long as its own context allows.
func (c *Cipher) once(ctx context.Context, name string, call func(context.Context) (*dataKey, error)) (*dataKey, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	results := c.calls.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
		defer cancel()
		return call(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-results:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*dataKey), nil
	}
}
