package store_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

func TestCodec(t *testing.T) {
	random := make([]byte, 100<<10)
	rand.NewChaCha8([32]byte{1}).Read(random)
	var codec store.Codec
	for _, c := range []struct {
		name string
		body []byte
		size int // at most, encoded
	}{
		{"nil", nil, 0},
		{"empty", []byte{}, 0},
		{"short text", []byte(strings.Repeat("a", 100)), 101},
		{"text", []byte(strings.Repeat("status: ACTIVE\n", 1000)), 200},
		{"random", random, len(random) + 1},
		{"20 MB of JSON", bytes.Repeat([]byte(`{"id": 1, "name": "server"}, `), 20<<20/29), 200 << 10},
	} {
		encoded, err := codec.Encode(c.body)
		if err != nil || len(encoded) > c.size {
			t.Errorf("%s: %d bytes, %v, want at most %d", c.name, len(encoded), err, c.size)
		}
		decoded, err := codec.Decode(encoded)
		if err != nil || !bytes.Equal(decoded, c.body) {
			t.Errorf("%s: decoded to %d bytes, %v", c.name, len(decoded), err)
		}
	}
}

func TestCodecDamaged(t *testing.T) {
	var codec store.Codec
	encoded, err := codec.Encode([]byte(strings.Repeat("status: ACTIVE\n", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(encoded)
	flipped[len(flipped)/2] ^= 4
	for name, data := range map[string][]byte{
		"unknown encoding": {7, 1, 2}, "no frame": {1}, "cut": encoded[:len(encoded)-3], "one bit": flipped,
	} {
		if body, err := codec.Decode(data); err == nil {
			t.Errorf("%s: decoded to %d bytes", name, len(body))
		}
	}
}

func TestCodecConcurrently(t *testing.T) {
	var codec store.Codec
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			body := bytes.Repeat([]byte{byte(i), 'x'}, 5000*(i+1))
			for range 20 {
				encoded, err := codec.Encode(body)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := codec.Decode(encoded); err != nil || !bytes.Equal(got, body) {
					t.Errorf("worker %d: %d bytes, %v", i, len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzCodec(f *testing.F) {
	f.Add([]byte(nil))
	f.Add([]byte{0, 1})
	f.Add([]byte{1, 0x28, 0xb5, 0x2f, 0xfd, 4, 0})
	f.Add([]byte(strings.Repeat("a", 3000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var codec store.Codec
		_, _ = codec.Decode(data) // whatever it is, no panic
		encoded, err := codec.Encode(data)
		if err != nil {
			t.Fatal(err)
		}
		if decoded, err := codec.Decode(encoded); err != nil || !bytes.Equal(decoded, data) {
			t.Fatalf("%d bytes decoded to %d, %v", len(data), len(decoded), err)
		}
	})
}

func text(t *rapid.T, label string) string {
	return rapid.StringN(1, 20, 60).Draw(t, label)
}

// TestCursor: a cursor gives its position back to the query that it is for.
func TestCursor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q := store.Query{PK: text(rt, "pk"), SKPrefix: rapid.StringN(0, 5, 20).Draw(rt, "prefix"),
			Index: rapid.Bool().Draw(rt, "index"), Descending: rapid.Bool().Draw(rt, "descending")}
		p := store.Position{Key: store.Key{PK: q.PK, SK: q.SKPrefix + text(rt, "sk")}}
		if q.Index {
			p.Index = store.Index{PK: q.PK, SK: p.Key.SK}
			p.Key = store.Key{PK: text(rt, "key pk"), SK: text(rt, "key sk")}
		}
		if p.Key.PK[0] == '~' {
			return
		}
		q.Cursor = q.EncodeCursor(p)
		got, err := q.DecodeCursor()
		if err != nil || *got != p {
			rt.Fatalf("DecodeCursor = %v, %v, want %v", got, err, p)
		}
	})
}

func FuzzCursor(f *testing.F) {
	q := store.Query{PK: "a", SKPrefix: "b"}
	f.Add("a", "b", false, q.EncodeCursor(store.Position{Key: store.Key{PK: "a", SK: "bc"}}))
	f.Add("a", "", true, "AQ")
	f.Fuzz(func(t *testing.T, pk, prefix string, index bool, cursor string) {
		q := store.Query{PK: pk, SKPrefix: prefix, Index: index, Cursor: cursor}
		p, err := q.DecodeCursor()
		if err != nil || p == nil {
			return
		}
		if again := q.EncodeCursor(*p); again != cursor {
			t.Errorf("%q and %q are cursors of one position", cursor, again)
		}
	})
}
