package dynamo

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// attributes is an item as DynamoDB has it.
type attributes = map[string]types.AttributeValue

// head is an item as it lies in the table: with its body, or the parts' set.
type head struct {
	store.Item        // Body encoded, and nil if it lies in parts
	parts      string // the attribute, "" for none
	writer     string // the mark of the call that wrote it
}

func (t *Table) key(k store.Key) attributes {
	return attributes{t.schema.PartitionKey: text(k.PK), t.schema.SortKey: text(k.SK)}
}

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func textOf(a attributes, name string) string {
	v, _ := a[name].(*types.AttributeValueMemberS)
	if v == nil {
		return ""
	}
	return v.Value
}

func bytesOf(a attributes, name string) []byte {
	v, _ := a[name].(*types.AttributeValueMemberB)
	if v == nil {
		return nil
	}
	return v.Value
}

// numberOf is 0 for an attribute that is not there.
func numberOf(a attributes, name string) (int64, error) {
	switch v := a[name].(type) {
	case nil:
		return 0, nil
	case *types.AttributeValueMemberN:
		return strconv.ParseInt(v.Value, 10, 64)
	default:
		return 0, fmt.Errorf("attribute %s is no number", name)
	}
}

func (t *Table) keyOf(a attributes) store.Key {
	return store.Key{PK: textOf(a, t.schema.PartitionKey), SK: textOf(a, t.schema.SortKey)}
}

func (t *Table) indexOf(a attributes) store.Index {
	return store.Index{PK: textOf(a, t.schema.IndexPK), SK: textOf(a, t.schema.IndexSK)}
}

func (t *Table) headOf(a attributes) (head, error) {
	h := head{
		Item:   store.Item{Key: t.keyOf(a), Index: t.indexOf(a), Body: bytesOf(a, t.schema.Body)},
		parts:  textOf(a, t.schema.Parts),
		writer: string(bytesOf(a, t.schema.Writer)),
	}
	var err error
	if h.Version, err = numberOf(a, t.schema.Version); err != nil {
		return head{}, &store.CorruptError{Key: h.Key, Problem: err.Error()}
	}
	expires, err := numberOf(a, t.schema.TTL)
	if err != nil {
		return head{}, &store.CorruptError{Key: h.Key, Problem: err.Error()}
	}
	h.Expires = store.ExpiresAt(expires)
	return h, nil
}

// live says whether the item is there, for readers and conditions.
func (h head) live(now int64) bool {
	e := h.ExpiresUnix()
	return h.Version > 0 && (e == 0 || e > now)
}

// partSet is a set of parts, as the attribute of a head names it.
type partSet struct {
	id    string
	count int
	size  int // bytes of the encoded body
}

func newPartSet(size int) partSet {
	return partSet{
		id:    randomID(),
		count: (size + partSize - 1) / partSize,
		size:  size,
	}
}

func randomID() string {
	id := make([]byte, 15)
	rand.Read(id) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(id))
}

func (s partSet) String() string { return fmt.Sprintf("%s:%d:%d", s.id, s.count, s.size) }

func parsePartSet(attribute string) (partSet, error) {
	fields := strings.Split(attribute, ":")
	if len(fields) == 3 && fields[0] != "" {
		count, err1 := strconv.Atoi(fields[1])
		size, err2 := strconv.Atoi(fields[2])
		if err1 == nil && err2 == nil && count > 0 && size > 0 && size <= store.MaxBody+1 && count <= size {
			return partSet{fields[0], count, size}, nil
		}
	}
	return partSet{}, fmt.Errorf("%q names no parts", attribute)
}

func (t *Table) partKey(set string, n int) store.Key {
	return store.Key{PK: t.schema.PartPrefix + set + "#" + strconv.Itoa(n), SK: t.schema.PartSK}
}

func (t *Table) partKeys(s partSet) []store.Key {
	keys := make([]store.Key, s.count)
	for i := range keys {
		keys[i] = t.partKey(s.id, i)
	}
	return keys
}
