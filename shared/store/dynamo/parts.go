package dynamo

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

const (
	partSize    = 350 << 10        // bytes of an encoded body in one part
	batchWrites = 25               // requests in one BatchWriteItem, which has at most 16 MB
	partGrace   = int64(3600)      // seconds that parts outlive their head
	cleanTime   = 10 * time.Second // for removing parts once a write is done
)

// writeParts writes the parts of all bodies that lie in parts. If that fails, it
// removes what it wrote.
func (t *Table) writeParts(ctx context.Context, changes []*change) error {
	var requests []types.WriteRequest
	at := t.now().Unix()
	for _, c := range changes {
		n := 0
		if c.parts.count == 0 {
			continue
		}
		for chunk := range slices.Chunk(c.body, partSize) {
			a := t.key(t.partKey(c.parts.id, n))
			a[t.schema.Body] = &types.AttributeValueMemberB{Value: chunk}
			a[t.schema.PartOf] = &types.AttributeValueMemberL{Value: []types.AttributeValue{text(c.Item.PK), text(c.Item.SK)}}
			a[t.schema.PartAt] = number(at)
			if e := c.Item.ExpiresUnix(); e > 0 {
				a[t.schema.TTL] = number(e + partGrace)
			}
			requests = append(requests, types.WriteRequest{PutRequest: &types.PutRequest{Item: a}})
			n++
		}
	}
	err := t.batchWrite(ctx, requests)
	if err != nil {
		t.removeWritten(ctx, changes)
	}
	return err
}

// removeReplaced removes the parts that the changes replaced.
func (t *Table) removeReplaced(ctx context.Context, changes []*change) {
	var keys []store.Key
	for _, c := range changes {
		if set, err := parsePartSet(c.replaces); err == nil {
			keys = append(keys, t.partKeys(set)...)
		}
	}
	t.clean(ctx, keys)
}

// removeWritten removes the parts that were written for changes that then did
// not happen.
func (t *Table) removeWritten(ctx context.Context, changes []*change) {
	var keys []store.Key
	for _, c := range changes {
		if c.parts.count > 0 {
			keys = append(keys, t.partKeys(c.parts)...)
		}
	}
	t.clean(ctx, keys)
}

// clean removes parts that nobody needs, even if the caller gives up meanwhile.
// A failure costs space and no more.
func (t *Table) clean(ctx context.Context, keys []store.Key) {
	if len(keys) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTime)
	defer cancel()
	if err := t.removeParts(ctx, keys); err != nil {
		t.logger.WarnContext(ctx, "parts of a replaced value were not removed", "parts", len(keys), "error", err)
	}
}

func (t *Table) removeParts(ctx context.Context, keys []store.Key) error {
	requests := make([]types.WriteRequest, len(keys))
	for i, k := range keys {
		requests[i] = types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: t.key(k)}}
	}
	return t.batchWrite(ctx, requests)
}

func (t *Table) batchWrite(ctx context.Context, requests []types.WriteRequest) error {
	for chunk := range slices.Chunk(requests, batchWrites) {
		for try := 0; len(chunk) > 0; {
			out, err := t.client.BatchWriteItem(ctx, &dynamodb.BatchWriteItemInput{
				RequestItems: map[string][]types.WriteRequest{t.name: chunk},
			})
			if err != nil {
				return t.wrap(err)
			}
			var left []types.WriteRequest
			for _, requests := range out.UnprocessedItems {
				left = requests
			}
			if len(left) == 0 {
				break
			}
			if len(left) < len(chunk) {
				try = 0
			}
			chunk = left
			if try++; try > batchTries {
				return &store.BusyError{What: "table " + t.name}
			}
			if err := t.pause(ctx, try); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sweep removes parts that no item names and that were written at least age ago,
// and returns how many. Such parts are left by processes that died while they
// wrote. Age must be more than any write takes; an hour is. It reads the whole
// table.
func (t *Table) Sweep(ctx context.Context, age time.Duration) (int, error) {
	s := t.schema
	input := &dynamodb.ScanInput{
		TableName:            aws.String(t.name),
		FilterExpression:     aws.String("begins_with(#pk, :prefix) AND #at <= :at"),
		ProjectionExpression: aws.String("#pk, #sk, #of"),
		ExpressionAttributeNames: map[string]string{
			"#pk": s.PartitionKey, "#sk": s.SortKey, "#of": s.PartOf, "#at": s.PartAt,
		},
		ExpressionAttributeValues: attributes{
			":prefix": text(s.PartPrefix),
			":at":     number(t.now().Add(-age).Unix()),
		},
		ConsistentRead: aws.Bool(true),
	}
	removed := 0
	for {
		out, err := t.client.Scan(ctx, input)
		if err != nil {
			return removed, t.wrap(err)
		}
		orphans, err := t.orphans(ctx, out.Items)
		if err == nil {
			err = t.removeParts(ctx, orphans)
		}
		if err != nil {
			return removed, err
		}
		removed += len(orphans)
		if len(out.LastEvaluatedKey) == 0 {
			return removed, nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// orphans returns the keys of those parts that their item does not name.
func (t *Table) orphans(ctx context.Context, parts []attributes) ([]store.Key, error) {
	of := make(map[store.Key]store.Key, len(parts)) // part: its item
	var heads []store.Key
	for _, a := range parts {
		list, _ := a[t.schema.PartOf].(*types.AttributeValueMemberL)
		if list == nil || len(list.Value) != 2 {
			continue
		}
		pk, _ := list.Value[0].(*types.AttributeValueMemberS)
		sk, _ := list.Value[1].(*types.AttributeValueMemberS)
		if pk == nil || sk == nil {
			continue
		}
		head := store.Key{PK: pk.Value, SK: sk.Value}
		of[t.keyOf(a)] = head
		heads = append(heads, head)
	}
	heads, err := store.CheckKeys(heads...)
	if err != nil {
		return nil, err
	}
	found, err := t.batchAttributes(ctx, heads)
	if err != nil {
		return nil, err
	}
	named := map[store.Key]bool{}
	for _, a := range found {
		if set, err := parsePartSet(textOf(a, t.schema.Parts)); err == nil {
			for _, k := range t.partKeys(set) {
				named[k] = true
			}
		}
	}
	var orphans []store.Key
	for part := range of {
		if !named[part] {
			orphans = append(orphans, part)
		}
	}
	return orphans, nil
}
