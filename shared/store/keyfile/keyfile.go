// Package keyfile is a store.Cipher with keys in a local file.
//
// The file is for its user only (mode 0600) and made, whole, on first use:
//
//	{"version": 1, "primary": "k1a2b3c4d", "keys": {"k1a2b3c4d": "base64 of 32 bytes"}}
//
// Secrets are sealed with AES-256-GCM under the primary key. A sealed secret
// names its key, so that [Cipher.Rotate] can add a new primary one while what
// older keys sealed stays readable. Whoever has the file and the store can read
// the secrets; losing the file loses them.
package keyfile

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/adrg/xdg"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/internal/envelope"
)

const formatVersion = 1

// Cipher seals with the keys of a file. Make it with [Open].
type Cipher struct {
	path string
	mu   sync.Mutex
	ring *ring // as last read
}

var _ store.Cipher = (*Cipher)(nil)

// ring is the content of the file.
type ring struct {
	Version int               `json:"version"`
	Primary string            `json:"primary"`
	Keys    map[string][]byte `json:"keys"`
}

// FileError says that a key file can't be used. It never holds a part of the
// file.
type FileError struct {
	Path    string
	Problem string
}

func (e *FileError) Error() string { return fmt.Sprintf("key file %s: %s", e.Path, e.Problem) }

// DefaultPath is where the key file lies unless told otherwise: credentials.key
// in Sirocco's directory under the user's state directory (XDG_STATE_HOME).
func DefaultPath() string {
	return filepath.Join(xdg.StateHome, "sirocco", "credentials.key")
}

// Open returns the cipher of a key file, which is made, with one random key, if
// there is none. A file that others may read is refused.
func Open(path string) (*Cipher, error) {
	c := &Cipher{path: path}
	err := c.load()
	if errors.Is(err, fs.ErrNotExist) {
		err = c.create()
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Seal implements [store.Cipher].
func (c *Cipher) Seal(_ context.Context, plaintext, aad []byte) ([]byte, error) {
	c.mu.Lock()
	name := c.ring.Primary
	key := c.ring.Keys[name]
	c.mu.Unlock()
	return envelope.Seal(envelope.KeyFile, []byte(name), key, plaintext, aad)
}

// Open implements [store.Cipher]. A key that is not known may have been added by
// another process: the file is read again then.
func (c *Cipher) Open(_ context.Context, sealed, aad []byte) ([]byte, error) {
	e, err := envelope.Parse(sealed)
	if err != nil {
		return nil, err
	}
	if e.Suite != envelope.KeyFile {
		return nil, &store.SealError{Problem: "it was not sealed with a key file"}
	}
	key, err := c.key(string(e.KeyName))
	if err != nil {
		return nil, err
	}
	return e.Open(key, aad)
}

func (c *Cipher) key(name string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := c.ring.Keys[name]; key != nil {
		return key, nil
	}
	if err := c.load(); err != nil {
		return nil, &store.SealError{Problem: "its key is not known", Err: err}
	}
	if key := c.ring.Keys[name]; key != nil {
		return key, nil
	}
	return nil, &store.SealError{Problem: fmt.Sprintf("its key %q is not in %s", name, c.path)}
}

// Rotate adds a new key and makes it the primary one. Processes that have the
// file open go on sealing with the old one until they end. Rotations by several
// processes at the same moment are not coordinated.
func (c *Cipher) Rotate() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return err
	}
	next := newRing()
	for name, key := range c.ring.Keys {
		next.Keys[name] = key
	}
	tmp, err := c.writeTemp(next)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Rename(tmp, c.path); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	c.ring = next
	return syncDir(filepath.Dir(c.path))
}

// create makes the file if there still is none: it is linked, complete, to its
// name, which only one process can do.
func (c *Cipher) create() error {
	if err := os.MkdirAll(filepath.Dir(c.path), 0o700); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	tmp, err := c.writeTemp(newRing())
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, c.path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("key file: %w", err)
	}
	if err := syncDir(filepath.Dir(c.path)); err != nil {
		return err
	}
	return c.load()
}

func newRing() *ring {
	id := make([]byte, 4)
	key := make([]byte, envelope.KeySize)
	rand.Read(id) // never fails
	rand.Read(key)
	name := "k" + hex.EncodeToString(id)
	return &ring{Version: formatVersion, Primary: name, Keys: map[string][]byte{name: key}}
}

// writeTemp writes the keys to a new file beside the one they are for.
func (c *Cipher) writeTemp(r *ring) (path string, err error) {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(c.path), ".key-*") // mode 0600
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	_, err = f.Write(append(data, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", fmt.Errorf("key file: %w", err)
	}
	return f.Name(), nil
}

func (c *Cipher) load() error {
	f, err := os.Open(c.path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &FileError{c.path, fmt.Sprintf("others may read it (mode %04o): make it 0600", info.Mode().Perm())}
	}
	var r ring
	if err := json.NewDecoder(f).Decode(&r); err != nil {
		return &FileError{c.path, "it is damaged"} // the cause could quote a key
	}
	if r.Version != formatVersion {
		return &FileError{c.path, fmt.Sprintf("its format is %d: this version of Sirocco knows %d", r.Version, formatVersion)}
	}
	for _, key := range r.Keys {
		if len(key) != envelope.KeySize {
			return &FileError{c.path, "it is damaged: a key has the wrong size"}
		}
	}
	if r.Keys[r.Primary] == nil {
		return &FileError{c.path, "it is damaged: the primary key is missing"}
	}
	c.ring = &r
	return nil
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}
