package keyfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
)

func open(t *testing.T, path string) *keyfile.Cipher {
	t.Helper()
	c, err := keyfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func seal(t *testing.T, c *keyfile.Cipher, plaintext, aad string) []byte {
	t.Helper()
	sealed, err := c.Seal(t.Context(), []byte(plaintext), []byte(aad))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func wantOpen(t *testing.T, c *keyfile.Cipher, sealed []byte, aad, plaintext string) {
	t.Helper()
	if got, err := c.Open(t.Context(), sealed, []byte(aad)); err != nil || string(got) != plaintext {
		t.Errorf("Open = %q, %v, want %q", got, err, plaintext)
	}
}

func wantRefused(t *testing.T, c *keyfile.Cipher, sealed []byte, aad, what string) {
	t.Helper()
	var serr *store.SealError
	if got, err := c.Open(t.Context(), sealed, []byte(aad)); !errors.As(err, &serr) {
		t.Errorf("%s: Open = %q, %v, want a *SealError", what, got, err)
	}
}

func TestSeal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "credentials.key")
	c := open(t, path)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v, want mode 600", info, err)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v, want mode 700", info, err)
	}
	secret := "hunter2-hunter2-hunter2"
	sealed := seal(t, c, secret, "prod")
	if bytes.Contains(sealed, []byte(secret)) || bytes.Equal(sealed, seal(t, c, secret, "prod")) {
		t.Error("the seal shows the secret, or is the same each time")
	}
	wantOpen(t, c, sealed, "prod", secret)
	wantOpen(t, open(t, path), sealed, "prod", secret)
	wantOpen(t, c, seal(t, c, "", ""), "", "")

	wantRefused(t, c, sealed, "lab", "another reference")
	wantRefused(t, open(t, path+"2"), sealed, "prod", "another key file")
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		wantRefused(t, c, changed, "prod", fmt.Sprint("byte ", i, " changed"))
		wantRefused(t, c, sealed[:i], "prod", fmt.Sprint("cut at ", i))
	}
	wantRefused(t, c, append(bytes.Clone(sealed), 0), "prod", "longer")
}

func TestRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.key")
	c, other := open(t, path), open(t, path)
	old := seal(t, c, "old", "a")
	if err := c.Rotate(); err != nil {
		t.Fatal(err)
	}
	fresh := seal(t, c, "new", "a")
	if bytes.Equal(old[:12], fresh[:12]) {
		t.Error("sealed with the old key")
	}
	for name, cipher := range map[string]*keyfile.Cipher{"rotated": c, "another process": other, "opened later": open(t, path)} {
		t.Run(name, func(t *testing.T) {
			wantOpen(t, cipher, old, "a", "old")
			wantOpen(t, cipher, fresh, "a", "new")
		})
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v, want mode 600", info, err)
	}
	wantOneFile(t, path)
}

func wantOneFile(t *testing.T, path string) {
	t.Helper()
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("files: %v, %v, want only the key file", files, err)
	}
}

// TestOpenTogether makes the file from many sides at once: all have one key.
func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials.key")
	const n = 12
	var sealed [n][]byte
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			c, err := keyfile.Open(path)
			if err != nil {
				t.Error(err)
				return
			}
			if sealed[i], err = c.Seal(t.Context(), []byte("s"), nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c := open(t, path)
	for _, s := range sealed {
		wantOpen(t, c, s, "", "s")
	}
	wantOneFile(t, path)
}

func TestBadFile(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	open(t, good)
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	var ring struct {
		Primary string            `json:"primary"`
		Keys    map[string]string `json:"keys"`
	}
	if err := json.Unmarshal(data, &ring); err != nil {
		t.Fatal(err)
	}
	key := ring.Keys[ring.Primary]
	for name, c := range map[string]struct {
		content string
		mode    os.FileMode
	}{
		"readable by others": {string(data), 0o644},
		"readable by group":  {string(data), 0o640},
		"empty":              {"", 0o600},
		"text":               {key, 0o600},
		"a later version":    {strings.Replace(string(data), `"version": 1`, `"version": 2`, 1), 0o600},
		"no primary key":     {strings.Replace(string(data), `"primary": "k`, `"primary": "x`, 1), 0o600},
		"a short key":        {strings.Replace(string(data), key, key[:20], 1), 0o600},
		"no base64":          {strings.Replace(string(data), key, key[:20]+"!", 1), 0o600},
	} {
		path := filepath.Join(dir, "bad")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err := keyfile.Open(path)
		var ferr *keyfile.FileError
		if !errors.As(err, &ferr) || ferr.Path != path {
			t.Errorf("%s: Open = %v, want a *FileError", name, err)
			continue
		}
		if strings.Contains(err.Error(), key[:12]) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
}

func TestDefaultPath(t *testing.T) {
	if p := keyfile.DefaultPath(); !filepath.IsAbs(p) || !strings.HasSuffix(p, filepath.Join("sirocco", "credentials.key")) {
		t.Errorf("DefaultPath() = %s", p)
	}
}
