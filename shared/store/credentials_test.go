package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/keyfile"
	"github.com/sirocco-workflows/sirocco/shared/store/memory"
)

func newCredentials(t *testing.T) (*store.Credentials, *memory.Table, *keyfile.Cipher) {
	t.Helper()
	cipher, err := keyfile.Open(filepath.Join(t.TempDir(), "credentials.key"))
	if err != nil {
		t.Fatal(err)
	}
	table := memory.New(nil)
	return store.NewCredentials(table, cipher), table, cipher
}

func TestCredentials(t *testing.T) {
	creds, _, _ := newCredentials(t)
	ctx := t.Context()
	put := func(ref, secret string) {
		t.Helper()
		if err := creds.Put(ctx, ref, []byte(secret)); err != nil {
			t.Fatal(err)
		}
	}
	want := func(ref, secret string) {
		t.Helper()
		if got, err := creds.Get(ctx, ref); err != nil || string(got) != secret {
			t.Errorf("Get(%s) = %s, %v, want %s", ref, got, err, secret)
		}
	}
	wantNone := func(ref string, err error) {
		t.Helper()
		if !errors.Is(err, store.ErrNoCredential) || !strings.Contains(err.Error(), ref) {
			t.Errorf("error %v, want ErrNoCredential that names %s", err, ref)
		}
	}
	_, err := creds.Get(ctx, "prod")
	wantNone("prod", err)
	wantNone("prod", creds.Delete(ctx, "prod"))

	put("prod", `{"password": "one"}`)
	put("lab/user@site", "")
	want("prod", `{"password": "one"}`)
	put("prod", `{"password": "two"}`)
	want("prod", `{"password": "two"}`)
	want("lab/user@site", "")

	expires := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	if err := creds.PutUntil(ctx, "token", []byte("t"), expires); err != nil {
		t.Fatal(err)
	}
	if err := creds.PutUntil(ctx, "old", []byte("t"), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err = creds.Get(ctx, "old")
	wantNone("old", err)
	list, err := creds.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]store.Credential{{Ref: "lab/user@site", Version: 1}, {Ref: "prod", Version: 2}, {Ref: "token", Version: 1, Expires: expires}}, list); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if err := creds.Delete(ctx, "prod"); err != nil {
		t.Fatal(err)
	}
	_, err = creds.Get(ctx, "prod")
	wantNone("prod", err)
}

func TestCheckRef(t *testing.T) {
	for ref, ok := range map[string]bool{
		"a": true, "prod-1_x.y/z@w+v": true, "0": true, strings.Repeat("a", 256): true,
		"": false, "-a": false, "/a": false, "a b": false, "a:b": false, "é": false, "a\x00": false, strings.Repeat("a", 257): false,
	} {
		var invalid *store.InvalidError
		if err := store.CheckRef(ref); ok != (err == nil) || err != nil && !errors.As(err, &invalid) {
			t.Errorf("CheckRef(%.20q) = %v, want it legal: %v", ref, err, ok)
		}
	}
	creds, _, _ := newCredentials(t)
	for name, err := range map[string]error{
		"Put": creds.Put(t.Context(), "a:b", nil), "Delete": creds.Delete(t.Context(), "a:b"),
	} {
		var invalid *store.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCredentialMoved puts one reference's seal under another, as someone could
// who can write to the table only.
func TestCredentialMoved(t *testing.T) {
	creds, table, _ := newCredentials(t)
	if err := creds.Put(t.Context(), "admin", []byte("secret")); err != nil {
		t.Fatal(err)
	}
	items, err := table.Query(t.Context(), store.Query{PK: "credentials", Index: true})
	if err != nil || len(items.Items) != 1 {
		t.Fatal(items, err)
	}
	moved := items.Items[0]
	moved.PK = strings.Replace(moved.PK, "admin", "guest", 1)
	if err := table.Write(t.Context(), store.Put(moved, store.IfAbsent())); err != nil {
		t.Fatal(err)
	}
	var seal *store.SealError
	if got, err := creds.Get(t.Context(), "guest"); !errors.As(err, &seal) {
		t.Errorf("Get = %s, %v, want a *SealError", got, err)
	}
}

func TestReseal(t *testing.T) {
	creds, table, cipher := newCredentials(t)
	ctx := t.Context()
	for i := range 3 {
		if err := creds.Put(ctx, fmt.Sprint("c", i), []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := creds.PutUntil(ctx, "c3", []byte{3}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	keyOf := func() []byte {
		item, err := table.Get(ctx, store.Key{PK: "credential#c0", SK: "sealed"})
		if err != nil {
			t.Fatal(err)
		}
		return item.Body[:12] // with the key's name
	}
	old := keyOf()
	if err := cipher.Rotate(); err != nil {
		t.Fatal(err)
	}
	if n, err := creds.Reseal(ctx); n != 4 || err != nil {
		t.Errorf("Reseal = %d, %v, want 4", n, err)
	}
	if bytes.Equal(old, keyOf()) {
		t.Error("still sealed with the old key")
	}
	for i := range 4 {
		if got, err := creds.Get(ctx, fmt.Sprint("c", i)); err != nil || !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("c%d = %v, %v", i, got, err)
		}
	}
	list, err := creds.List(ctx)
	if err != nil || len(list) != 4 || list[3].Expires.IsZero() || !list[2].Expires.IsZero() {
		t.Errorf("List = %v, %v: an expiry was lost", list, err)
	}
}

// source is a CredentialSource that answers with the reference.
type source string

func (s source) Get(_ context.Context, ref string) ([]byte, error) {
	return []byte(string(s) + "<" + ref), nil
}

func TestSources(t *testing.T) {
	s := store.Sources{Default: source("default"), Schemes: map[string]store.CredentialSource{"secretsmanager": source("sm")}}
	for ref, want := range map[string]string{
		"prod":                     "default<prod",
		"secretsmanager:arn:aws:x": "sm<secretsmanager:arn:aws:x",
		"vault:x":                  "no such credential: vault:x (credentials of \"vault\" are not set up)",
		":x":                       "no such credential: :x (credentials of \"\" are not set up)",
		"secretsmanager":           "default<secretsmanager",
	} {
		got, err := s.Get(t.Context(), ref)
		if err != nil {
			got = []byte(err.Error())
			if !errors.Is(err, store.ErrNoCredential) {
				t.Errorf("%s: %v is not ErrNoCredential", ref, err)
			}
		}
		if string(got) != want {
			t.Errorf("Get(%s) = %s, want %s", ref, got, want)
		}
	}
	if _, err := (store.Sources{}).Get(t.Context(), "prod"); !errors.Is(err, store.ErrNoCredential) {
		t.Errorf("without any source: %v", err)
	}
}
