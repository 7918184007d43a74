package envelope_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/sirocco-workflows/sirocco/shared/store"
	"github.com/sirocco-workflows/sirocco/shared/store/internal/envelope"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, envelope.KeySize) }

func TestEnvelope(t *testing.T) {
	sealed, err := envelope.Seal(envelope.KMS, []byte("name"), key(1), []byte("secret"), []byte("aad"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := envelope.Parse(sealed)
	if err != nil || e.Suite != envelope.KMS || string(e.KeyName) != "name" {
		t.Fatalf("Parse = %v, %v", e, err)
	}
	if got, err := e.Open(key(1), []byte("aad")); err != nil || string(got) != "secret" {
		t.Errorf("Open = %q, %v", got, err)
	}
	for name, try := range map[string]func() ([]byte, error){
		"another key":  func() ([]byte, error) { return e.Open(key(2), []byte("aad")) },
		"another aad":  func() ([]byte, error) { return e.Open(key(1), []byte("aae")) },
		"no aad":       func() ([]byte, error) { return e.Open(key(1), nil) },
		"a short key":  func() ([]byte, error) { return e.Open(key(1)[:16], []byte("aad")) },
		"a moved edge": func() ([]byte, error) { return e.Open(key(1), append([]byte("e"), "aad"...)) },
	} {
		var serr *store.SealError
		if got, err := try(); !errors.As(err, &serr) {
			t.Errorf("%s: Open = %q, %v, want a *store.SealError", name, got, err)
		}
	}
	if _, err := envelope.Seal(envelope.KMS, nil, key(1)[:5], nil, nil); err == nil {
		t.Error("sealed with a short key")
	}
	if _, err := envelope.Seal(envelope.KMS, make([]byte, 10000), key(1), nil, nil); err == nil {
		t.Error("sealed with a huge key name")
	}
}

func FuzzParse(f *testing.F) {
	sealed, _ := envelope.Seal(envelope.KeyFile, []byte("k1"), key(1), []byte("secret"), nil)
	f.Add(sealed)
	f.Add([]byte{1, 1, 0})
	f.Add([]byte{1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := envelope.Parse(data)
		if err != nil {
			return
		}
		if got, err := e.Open(key(1), nil); err == nil && string(got) != "secret" {
			t.Errorf("opened what nobody sealed: %q", got)
		}
	})
}
