package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	credentialPrefix = "credential#"
	credentialSK     = "sealed"
	credentialsIndex = "credentials"
	maxRef           = 256
)

// ErrNoCredential is returned for a reference under which there is nothing.
var ErrNoCredential = errors.New("no such credential")

// Cipher seals secrets before they are stored.
//
// Seal encrypts and authenticates a plaintext together with aad, which is not
// secret and not part of the answer: Open gives the plaintext back only with the
// same aad. What Seal answers says by itself with which key and in which format
// it was sealed, so that keys can be changed while old seals remain readable.
// Errors hold neither plaintext nor key.
type Cipher interface {
	Seal(ctx context.Context, plaintext, aad []byte) (sealed []byte, err error)
	Open(ctx context.Context, sealed, aad []byte) (plaintext []byte, err error)
}

// SealError says that a sealed secret can't be opened: it was changed, belongs
// to another reference, or its key is not there.
type SealError struct {
	Problem string
	Err     error // the cause, if there is one
}

func (e *SealError) Error() string {
	if e.Err == nil {
		return "sealed secret: " + e.Problem
	}
	return fmt.Sprintf("sealed secret: %s: %v", e.Problem, e.Err)
}

func (e *SealError) Unwrap() error { return e.Err }

// Credential tells of a stored secret all but the secret.
type Credential struct {
	Ref     string
	Version int64
	Expires time.Time // zero: never
}

// Credentials keeps secrets under references, the names that executions and
// events hold instead of them. A secret is any bytes, by custom a JSON object. It
// is sealed with its reference as aad, so that one can't be passed off as another
// by who can write to the table.
type Credentials struct {
	table  Table
	cipher Cipher
}

// NewCredentials returns the secrets that table holds, sealed by cipher.
func NewCredentials(table Table, cipher Cipher) *Credentials {
	return &Credentials{table, cipher}
}

// Put stores a secret under a reference, in place of the one that is there. A
// reference is 1 to 256 letters, digits and . _ - / @ + and begins with a letter
// or digit.
func (c *Credentials) Put(ctx context.Context, ref string, plaintext []byte) error {
	return c.PutUntil(ctx, ref, plaintext, time.Time{})
}

// PutUntil is Put of a secret that ceases to be at a moment; zero is never.
func (c *Credentials) PutUntil(ctx context.Context, ref string, plaintext []byte, expires time.Time) error {
	return c.put(ctx, ref, plaintext, expires, Always())
}

func (c *Credentials) put(ctx context.Context, ref string, plaintext []byte, expires time.Time, cond Condition) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	sealed, err := c.cipher.Seal(ctx, plaintext, credentialAAD(ref))
	if err != nil {
		return fmt.Errorf("credential %s: %w", ref, err)
	}
	return c.table.Write(ctx, Put(Item{
		Key:     credentialKey(ref),
		Index:   Index{PK: credentialsIndex, SK: ref},
		Expires: expires,
		Body:    sealed,
	}, cond))
}

// Get returns the secret. The error is ErrNoCredential if there is none and a
// *SealError if it can't be opened.
func (c *Credentials) Get(ctx context.Context, ref string) ([]byte, error) {
	plaintext, _, err := c.get(ctx, ref)
	return plaintext, err
}

func (c *Credentials) get(ctx context.Context, ref string) ([]byte, Item, error) {
	if err := CheckRef(ref); err != nil {
		return nil, Item{}, err
	}
	item, err := c.table.Get(ctx, credentialKey(ref))
	if errors.Is(err, ErrNotFound) {
		return nil, Item{}, fmt.Errorf("%w: %s", ErrNoCredential, ref)
	}
	if err != nil {
		return nil, Item{}, fmt.Errorf("credential %s: %w", ref, err)
	}
	plaintext, err := c.cipher.Open(ctx, item.Body, credentialAAD(ref))
	if err != nil {
		return nil, Item{}, fmt.Errorf("credential %s: %w", ref, err)
	}
	return plaintext, item, nil
}

// Delete removes the secret. The error is ErrNoCredential if there is none.
func (c *Credentials) Delete(ctx context.Context, ref string) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	for {
		item, err := c.table.Get(ctx, credentialKey(ref))
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: %s", ErrNoCredential, ref)
		}
		if err != nil {
			return fmt.Errorf("credential %s: %w", ref, err)
		}
		err = c.table.Write(ctx, Delete(item.Key, IfVersion(item.Version)))
		var conflict *ConflictError
		if !errors.As(err, &conflict) {
			return err
		}
	}
}

// List returns all that is stored, by reference, without opening it.
func (c *Credentials) List(ctx context.Context) ([]Credential, error) {
	var out []Credential
	for item, err := range All(ctx, c.table, Query{PK: credentialsIndex, Index: true}) {
		if err != nil {
			return nil, fmt.Errorf("credentials: %w", err)
		}
		out = append(out, Credential{Ref: item.Index.SK, Version: item.Version, Expires: item.Expires})
	}
	return out, nil
}

// Reseal seals every secret anew, with the cipher's present key, and returns how
// many. After a change of keys it makes the old one dispensable. A secret that
// is changed or deleted meanwhile is left as it is then.
func (c *Credentials) Reseal(ctx context.Context) (int, error) {
	all, err := c.List(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, info := range all {
		plaintext, item, err := c.get(ctx, info.Ref)
		if errors.Is(err, ErrNoCredential) {
			continue
		}
		if err == nil {
			err = c.put(ctx, info.Ref, plaintext, item.Expires, IfVersion(item.Version))
		}
		var conflict *ConflictError
		switch {
		case errors.As(err, &conflict):
		case err != nil:
			return n, err
		default:
			n++
		}
	}
	return n, nil
}

func credentialKey(ref string) Key { return Key{PK: credentialPrefix + ref, SK: credentialSK} }

func credentialAAD(ref string) []byte { return []byte("sirocco credential\x00" + ref) }

// CheckRef says whether text can be a reference of [Credentials]. The error is
// an *InvalidError.
func CheckRef(ref string) error {
	if ref == "" || len(ref) > maxRef {
		return invalidf("a credential reference has 1 to %d characters, not %d", maxRef, len(ref))
	}
	for i, r := range ref {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune("._-/@+", r)) {
			return invalidf("credential reference %q: only letters, digits and . _ - / @ + are possible, a letter or digit first", ref)
		}
	}
	return nil
}

// CredentialSource gives the secret of a reference. [Credentials] is one; the
// error is ErrNoCredential if the source has none.
type CredentialSource interface {
	Get(ctx context.Context, ref string) ([]byte, error)
}

var _ CredentialSource = (*Credentials)(nil)

// Sources joins sources: a reference "scheme:rest" goes, whole, to the source of
// that scheme (such as "secretsmanager"), one without a colon to the default.
type Sources struct {
	Default CredentialSource
	Schemes map[string]CredentialSource
}

var _ CredentialSource = Sources{}

// Get implements [CredentialSource].
func (s Sources) Get(ctx context.Context, ref string) ([]byte, error) {
	scheme, _, found := strings.Cut(ref, ":")
	switch source := s.Schemes[scheme]; {
	case !found && s.Default != nil:
		return s.Default.Get(ctx, ref)
	case !found:
		return nil, fmt.Errorf("%w: %s (no store of credentials is set up)", ErrNoCredential, ref)
	case source == nil:
		return nil, fmt.Errorf("%w: %s (credentials of %q are not set up)", ErrNoCredential, ref, scheme)
	default:
		return source.Get(ctx, ref)
	}
}
