// Package envelope is the format of a sealed secret, for the ciphers of store:
//
//	1 byte    format version, 1
//	1 byte    suite: who made the key (1 key file, 2 KMS)
//	uvarint   length of the key's name, then the name: the id of a key in a key
//	          file, or a data key as KMS wrapped it
//	12 bytes  nonce, random
//	rest      AES-256-GCM ciphertext with its tag
//
// All before the nonce is authenticated with the caller's aad, so that no part
// can be exchanged.
package envelope

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Suite says who made the key.
type Suite byte

// The suites.
const (
	KeyFile Suite = 1
	KMS     Suite = 2
)

const (
	formatVersion = 1
	// KeySize is the size of a key in bytes.
	KeySize = 32
	// maxName bounds the key's name; KMS's wrapped keys have some 200 bytes.
	maxName = 6144
)

// Envelope is a sealed secret taken apart.
type Envelope struct {
	Suite   Suite
	KeyName []byte
	header  []byte
	sealed  []byte // nonce and ciphertext
}

// Seal seals plaintext and aad with a key of KeySize bytes.
func Seal(suite Suite, keyName, key, plaintext, aad []byte) ([]byte, error) {
	if len(keyName) > maxName {
		return nil, fmt.Errorf("a key name of %d bytes", len(keyName))
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	out := []byte{formatVersion, byte(suite)}
	out = binary.AppendUvarint(out, uint64(len(keyName)))
	out = append(out, keyName...)
	full := bind(out, aad)
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce) // never fails
	return aead.Seal(append(out, nonce...), nonce, plaintext, full), nil
}

// Parse takes a sealed secret apart. The error is a *store.SealError.
func Parse(sealed []byte) (Envelope, error) {
	if len(sealed) < 2 || sealed[0] != formatVersion {
		return Envelope{}, &store.SealError{Problem: "unknown format"}
	}
	n, size := binary.Uvarint(sealed[2:])
	if size <= 0 || n > maxName || n > uint64(len(sealed)-2-size) {
		return Envelope{}, &store.SealError{Problem: "damaged"}
	}
	start := 2 + size
	end := start + int(n)
	return Envelope{
		Suite:   Suite(sealed[1]),
		KeyName: sealed[start:end:end],
		header:  sealed[:end:end],
		sealed:  sealed[end:],
	}, nil
}

// Open returns the plaintext. The error is a *store.SealError.
func (e Envelope) Open(key, aad []byte) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, &store.SealError{Problem: "unusable key", Err: err}
	}
	if len(e.sealed) < aead.NonceSize() {
		return nil, &store.SealError{Problem: "damaged"}
	}
	nonce, ciphertext := e.sealed[:aead.NonceSize()], e.sealed[aead.NonceSize():]
	plaintext, err := aead.Open(nil, nonce, ciphertext, bind(e.header, aad))
	if err != nil {
		return nil, &store.SealError{Problem: "it was changed, or belongs to another reference"}
	}
	return plaintext, nil
}

// bind joins the header and the caller's aad so that neither can pass for a part
// of the other.
func bind(header, aad []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(len(header)))
	out = append(out, header...)
	return append(out, aad...)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("a key of %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
