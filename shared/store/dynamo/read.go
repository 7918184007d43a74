package dynamo

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

const (
	batchKeys     = 100 // keys in one BatchGetItem
	batchesAtOnce = 4
	headReads     = 6  // how often a head is read whose parts are gone
	batchTries    = 12 // how often in a row a batch may make no progress
)

// errPartsGone says that a head was overwritten while its parts were read.
var errPartsGone = errors.New("parts are missing")

// Get implements [store.Table].
func (t *Table) Get(ctx context.Context, key store.Key) (store.Item, error) {
	if _, err := store.CheckKeys(key); err != nil {
		return store.Item{}, err
	}
	for range headReads {
		out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{
			TableName: aws.String(t.name), Key: t.key(key), ConsistentRead: aws.Bool(true),
		})
		if err != nil {
			return store.Item{}, t.wrap(err)
		}
		h, err := t.headOf(out.Item)
		if err != nil {
			return store.Item{}, err
		}
		if !h.live(t.now().Unix()) {
			return store.Item{}, store.ErrNotFound
		}
		items, err := t.bodies(ctx, []head{h})
		if errors.Is(err, errPartsGone) {
			continue
		}
		if err != nil {
			return store.Item{}, err
		}
		return items[0], nil
	}
	return store.Item{}, &store.CorruptError{Key: key, Problem: "parts of its body are missing"}
}

// BatchGet implements [store.Table].
func (t *Table) BatchGet(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	keys, err := store.CheckKeys(keys...)
	if err != nil {
		return nil, err
	}
	return t.batchGet(ctx, keys)
}

func (t *Table) batchGet(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	heads, err := t.heads(ctx, keys)
	if err != nil {
		return nil, err
	}
	return t.items(ctx, heads)
}

// items gives heads their bodies, in the same order. Heads that lost their parts
// to an overwriting are read again, one by one, and left out if they are gone.
func (t *Table) items(ctx context.Context, heads []head) ([]store.Item, error) {
	items, err := t.bodies(ctx, heads)
	if !errors.Is(err, errPartsGone) {
		return items, err
	}
	items = nil
	for _, h := range heads {
		one, err := t.bodies(ctx, []head{h})
		if errors.Is(err, errPartsGone) {
			one = make([]store.Item, 1)
			one[0], err = t.Get(ctx, h.Key)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
		}
		if err != nil {
			return nil, err
		}
		items = append(items, one...)
	}
	return items, nil
}

// heads reads the heads that are there, in the order of the keys.
func (t *Table) heads(ctx context.Context, keys []store.Key) ([]head, error) {
	found, err := t.batchAttributes(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := t.now().Unix()
	var heads []head
	for _, k := range keys {
		if found[k] == nil {
			continue
		}
		h, err := t.headOf(found[k])
		if err != nil {
			return nil, err
		}
		if h.live(now) {
			heads = append(heads, h)
		}
	}
	return heads, nil
}

// batchAttributes reads raw items, some batches at a time.
func (t *Table) batchAttributes(ctx context.Context, keys []store.Key) (map[store.Key]attributes, error) {
	found := make(map[store.Key]attributes, len(keys))
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(batchesAtOnce)
	for chunk := range slices.Chunk(keys, batchKeys) {
		group.Go(func() error {
			return t.batch(ctx, chunk, func(a attributes) {
				mu.Lock()
				defer mu.Unlock()
				found[t.keyOf(a)] = a
			})
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return found, nil
}

// batch reads one batch, in as many requests as DynamoDB needs for it.
func (t *Table) batch(ctx context.Context, keys []store.Key, found func(attributes)) error {
	request := make([]attributes, len(keys))
	for i, k := range keys {
		request[i] = t.key(k)
	}
	for try := 0; len(request) > 0; {
		out, err := t.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{t.name: {Keys: request, ConsistentRead: aws.Bool(true)}},
		})
		if err != nil {
			return t.wrap(err)
		}
		got := 0
		for _, items := range out.Responses { // one table, by name or ARN
			got += len(items)
			for _, a := range items {
				found(a)
			}
		}
		request = nil
		for _, left := range out.UnprocessedKeys {
			request = left.Keys
		}
		if len(request) == 0 || got > 0 { // what is left by size alone needs no pause
			try = 0
			continue
		}
		if try++; try > batchTries {
			return &store.BusyError{What: "table " + t.name}
		}
		if err := t.pause(ctx, try); err != nil {
			return err
		}
	}
	return nil
}

// bodies gives heads their decoded bodies. The error is errPartsGone if a part
// of one is not there.
func (t *Table) bodies(ctx context.Context, heads []head) ([]store.Item, error) {
	sets := make([]partSet, len(heads))
	var keys []store.Key
	for i, h := range heads {
		if h.parts == "" {
			continue
		}
		set, err := parsePartSet(h.parts)
		if err != nil {
			return nil, &store.CorruptError{Key: h.Key, Problem: err.Error()}
		}
		sets[i] = set
		keys = append(keys, t.partKeys(set)...)
	}
	parts, err := t.batchAttributes(ctx, keys)
	if err != nil {
		return nil, err
	}
	items := make([]store.Item, len(heads))
	for i, h := range heads {
		items[i] = h.Item
		encoded := h.Body
		if h.parts != "" {
			if encoded, err = t.join(sets[i], parts); err != nil {
				return nil, err
			}
		}
		if items[i].Body, err = t.codec.Decode(encoded); err != nil {
			return nil, &store.CorruptError{Key: h.Key, Problem: err.Error()}
		}
	}
	return items, nil
}

func (t *Table) join(set partSet, parts map[store.Key]attributes) ([]byte, error) {
	body := make([]byte, 0, set.size)
	for _, k := range t.partKeys(set) {
		body = append(body, bytesOf(parts[k], t.schema.Body)...)
		delete(parts, k) // to hold the bytes only once
	}
	if len(body) != set.size {
		return nil, errPartsGone
	}
	return body, nil
}

// Query implements [store.Table].
func (t *Table) Query(ctx context.Context, q store.Query) (store.Page, error) {
	q, after, err := q.Check()
	if err != nil {
		return store.Page{}, err
	}
	input := t.queryInput(q, after)
	var page store.Page
	for size := 0; ; {
		input.Limit = aws.Int32(int32(q.Limit - len(page.Items)))
		out, err := t.client.Query(ctx, input)
		if err != nil {
			return store.Page{}, t.wrap(err)
		}
		items, last, err := t.answered(ctx, q, out.Items, store.PageBytes-size)
		if err != nil {
			return store.Page{}, err
		}
		page.Items = append(page.Items, items...)
		for _, i := range items {
			size += len(i.Body)
		}
		switch {
		case last != nil: // the rest of this answer is for the next page
			page.Cursor = q.EncodeCursor(*last)
			return page, nil
		case len(out.LastEvaluatedKey) == 0:
			return page, nil
		case len(page.Items) >= q.Limit || size >= store.PageBytes:
			page.Cursor = q.EncodeCursor(t.positionOf(q, out.LastEvaluatedKey))
			return page, nil
		}
		input.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

func (t *Table) queryInput(q store.Query, after *store.Position) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName:                 aws.String(t.name),
		ScanIndexForward:          aws.Bool(!q.Descending),
		ExpressionAttributeNames:  map[string]string{"#p": t.schema.PartitionKey},
		ExpressionAttributeValues: attributes{":p": text(q.PK)},
	}
	sk := t.schema.SortKey
	if q.Index {
		in.IndexName = aws.String(t.schema.IndexName)
		in.ExpressionAttributeNames["#p"] = t.schema.IndexPK
		sk = t.schema.IndexSK
	} else {
		in.ConsistentRead = aws.Bool(true)
	}
	condition := "#p = :p"
	if q.SKPrefix != "" {
		condition += " AND begins_with(#s, :s)"
		in.ExpressionAttributeNames["#s"] = sk
		in.ExpressionAttributeValues[":s"] = text(q.SKPrefix)
	}
	in.KeyConditionExpression = aws.String(condition)
	if after != nil {
		in.ExclusiveStartKey = t.key(after.Key)
		if q.Index {
			in.ExclusiveStartKey[t.schema.IndexPK] = text(after.Index.PK)
			in.ExclusiveStartKey[t.schema.IndexSK] = text(after.Index.SK)
		}
	}
	return in
}

func (t *Table) positionOf(q store.Query, a attributes) store.Position {
	return q.PositionOf(store.Item{Key: t.keyOf(a), Index: t.indexOf(a)})
}

// answered makes items of what DynamoDB answered to the query. If their bodies
// would be more than room, it stops after one that passes it and says where.
func (t *Table) answered(ctx context.Context, q store.Query, raw []attributes, room int) ([]store.Item, *store.Position, error) {
	heads, err := t.answeredHeads(ctx, q, raw)
	if err != nil {
		return nil, nil, err
	}
	var last *store.Position
	for i, h := range heads {
		size := len(h.Body)
		if set, err := parsePartSet(h.parts); err == nil {
			size = set.size
		}
		if room -= size; room <= 0 && i < len(heads)-1 {
			p := q.PositionOf(h.Item)
			last, heads = &p, heads[:i+1]
			break
		}
	}
	items, err := t.items(ctx, heads)
	if err != nil {
		return nil, nil, err
	}
	return slices.DeleteFunc(items, func(i store.Item) bool { return !t.belongs(q, i) }), last, nil
}

func (t *Table) answeredHeads(ctx context.Context, q store.Query, raw []attributes) ([]head, error) {
	if q.Index {
		keys := make([]store.Key, len(raw))
		at := make(map[store.Key]store.Index, len(raw))
		for i, a := range raw {
			keys[i] = t.keyOf(a)
			at[keys[i]] = t.indexOf(a)
		}
		heads, err := t.heads(ctx, keys)
		return slices.DeleteFunc(heads, func(h head) bool { return h.Index != at[h.Key] }), err
	}
	now := t.now().Unix()
	var heads []head
	for _, a := range raw {
		h, err := t.headOf(a)
		if err != nil {
			return nil, err
		}
		if h.live(now) {
			heads = append(heads, h)
		}
	}
	return heads, nil
}

// belongs is false for an item that left the query's partition of the index
// while its parts were read.
func (t *Table) belongs(q store.Query, i store.Item) bool {
	return !q.Index || i.Index.PK == q.PK
}
