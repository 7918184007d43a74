package store

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// Position is where in a query a page ended: the key of its last item and, in
// a query of the index, that item's second key.
type Position struct {
	Key   Key
	Index Index
}

// PositionOf is the position of an item that the query met.
func (q Query) PositionOf(item Item) Position {
	p := Position{Key: item.Key}
	if q.Index {
		p.Index = item.Index
	}
	return p
}

const (
	cursorVersion = 1
	cursorSum     = 8
)

// EncodeCursor makes the cursor that continues the query after the position.
// It is text that fits a URL, says nothing to its reader, and holds for queries
// of the same partition, prefix, index and direction only; the page size may
// change.
func (q Query) EncodeCursor(p Position) string {
	parts := []string{p.Key.PK, p.Key.SK, p.Index.PK, p.Index.SK}
	b := []byte{cursorVersion}
	for _, s := range parts {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, q.cursorSum(b)...))
}

// DecodeCursor returns the position in the query's cursor, nil if it has none.
// A cursor that was changed, or belongs to another query, is an *InvalidError.
// The sum in it is no signature: who forges a cursor can at most begin
// elsewhere in the same partition, because position and query are compared.
func (q Query) DecodeCursor() (*Position, error) {
	if q.Cursor == "" {
		return nil, nil
	}
	bad := invalidf("the cursor is damaged or belongs to another query")
	b, err := base64.RawURLEncoding.Strict().DecodeString(q.Cursor)
	if err != nil || len(b) < 1+cursorSum || b[0] != cursorVersion {
		return nil, bad
	}
	b, sum := b[:len(b)-cursorSum], b[len(b)-cursorSum:]
	if string(sum) != string(q.cursorSum(b)) {
		return nil, bad
	}
	var parts [4]string
	b = b[1:]
	for i := range parts {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			return nil, bad
		}
		parts[i] = string(b[size : size+int(n)])
		b = b[size+int(n):]
	}
	p := Position{Key: Key{parts[0], parts[1]}, Index: Index{parts[2], parts[3]}}
	if len(b) > 0 || !q.contains(p) {
		return nil, bad
	}
	return &p, nil
}

// contains says whether the query could have met an item at the position.
func (q Query) contains(p Position) bool {
	if p.Key.check() != nil {
		return false
	}
	if !q.Index {
		return p.Index == (Index{}) && p.Key.PK == q.PK && hasPrefix(p.Key.SK, q.SKPrefix)
	}
	return p.Index.SK != "" && p.Index.PK == q.PK && hasPrefix(p.Index.SK, q.SKPrefix)
}

func (q Query) cursorSum(b []byte) []byte {
	h := sha256.New()
	for _, s := range []string{q.PK, q.SKPrefix, strconv.FormatBool(q.Index), strconv.FormatBool(q.Descending)} {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	h.Write(b)
	return h.Sum(nil)[:cursorSum]
}

func hasPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && s[:len(prefix)] == prefix
}
