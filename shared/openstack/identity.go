package openstack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// identity is who we are at one Keystone, for one scope: the credentials and
// the token that they last gave. All sessions of the same identity share it.
type identity struct {
	m     *Manager
	url   authURL
	creds *Credentials // a pointer, so that no %+v of what holds it prints them
	zone  *zone
	names Detail // for errors

	mu     sync.Mutex
	token  *token
	flight *flight
	v3     string // Keystone's v3 URL, once it was found
}

type identityKey [sha256.Size]byte

// token is what a Keystone gave; it is never changed.
type token struct {
	id                     string
	issued, expires        time.Time // on our clock; expires is zero if unknown
	projectID, projectName string
	userID, userName       string
	endpoints              []catalogEndpoint
}

// flight is one authentication under way, and who waits for it.
type flight struct {
	done    chan struct{}
	token   *token
	err     error
	waiters int
	cancel  context.CancelFunc
}

// identity returns the shared identity of a plan.
func (m *Manager) identity(p *plan) (*identity, error) {
	key, z, err := m.identityKey(p)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if id, ok := m.identities.Get(key); ok {
		return id, nil
	}
	id := &identity{m: m, url: p.url, creds: p.creds, zone: z, names: Detail{Service: "identity"}}
	m.identities.Add(key, id)
	return id, nil
}

// identityKey tells identities apart: Keystone, rules of connecting,
// credentials and scope. It is a hash under the manager's own random key, so
// that a dump of the cache shows nothing that could be tried against guesses.
func (m *Manager) identityKey(p *plan) (identityKey, *zone, error) {
	z, err := m.zone(p.tls, p.open, "")
	if err != nil {
		return identityKey{}, nil, err
	}
	material, err := json.Marshal([]any{p.url.base, p.url.versioned, p.creds, z.key[:]})
	if err != nil {
		return identityKey{}, nil, err
	}
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write(material)
	return identityKey(mac.Sum(nil)), z, nil
}

// current returns a token that is good for a while yet and is not the rejected
// one. However many ask, one authentication runs; it ends early only when all
// who wait for it have gone.
func (id *identity) current(ctx context.Context, rejected string) (*token, error) {
	id.mu.Lock()
	t, now := id.token, id.m.cfg.Now()
	if t != nil && t.id != rejected && !id.stale(t, now) {
		id.mu.Unlock()
		return t, nil
	}
	f := id.flight
	if f == nil {
		f = id.depart(ctx)
	}
	f.waiters++
	id.mu.Unlock()

	select {
	case <-f.done:
	case <-ctx.Done():
		id.leave(f)
		return nil, id.gaveUp(ctx)
	}
	if f.err != nil && t != nil && t.id != rejected && Retryable(f.err) && now.Before(t.expires) {
		return t, nil // Keystone is away, and the old token still holds
	}
	return f.token, f.err
}

func (id *identity) gaveUp(ctx context.Context) error {
	d := id.names
	d.Method, d.Path, d.cause = "POST", "/auth/tokens", ctx.Err()
	if ctx.Err() == context.Canceled {
		d.Message = "canceled while waiting for a token"
		return Canceled{d}
	}
	d.Message = "no token before the deadline"
	return Timeout{d}
}

// stale says that a token should be renewed before it is used again: it has
// less than a minute, or less than a fifth of its life, to go. A token that was
// given to us can't be renewed, so it is used to its end.
func (id *identity) stale(t *token, now time.Time) bool {
	if t.expires.IsZero() {
		return false
	}
	margin := time.Duration(0)
	if id.creds.Kind() != "token" {
		margin = min(time.Minute, t.expires.Sub(t.issued)/5)
	}
	return !now.Add(margin).Before(t.expires)
}

// depart starts an authentication; id.mu is held. It outlives the context of
// whoever started it, as others may wait too, but keeps its values.
func (id *identity) depart(ctx context.Context) *flight {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), id.m.cfg.AuthTimeout)
	f := &flight{done: make(chan struct{}), cancel: cancel}
	id.flight = f
	go func() {
		defer cancel()
		t, err := id.authenticate(ctx)
		id.mu.Lock()
		defer id.mu.Unlock()
		f.token, f.err = t, err
		if err == nil {
			id.token = t
		}
		if id.flight == f {
			id.flight = nil
		}
		close(f.done)
	}()
	return f
}

func (id *identity) leave(f *flight) {
	id.mu.Lock()
	defer id.mu.Unlock()
	if f.waiters--; f.waiters == 0 && id.flight == f {
		id.flight = nil // nobody may join what is about to end
		f.cancel()
	}
}

// String names the Keystone.
func (id *identity) String() string { return "identity at " + id.url.v3() }

// GoString is the same, so that %#v shows no credentials.
func (id *identity) GoString() string { return id.String() }
