package dynamo

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

const (
	// inlineBytes is the largest encoded body within its item. The item's keys
	// and attributes, up to 4 KB, fit DynamoDB's 400 KB beside it.
	inlineBytes = 350 << 10
	// setBytes is what the encoded bodies of a set may have together within
	// their items: a transaction has at most 4 MB.
	setBytes = 3 << 20
	// conflictTries is how often a write is tried that others hold up.
	conflictTries = 10
)

// change is one write on its way.
type change struct {
	store.Write
	body     []byte  // encoded, of a put
	parts    partSet // where the body lies, if parts.count > 0
	replaces string  // the set of parts that the item has now: part of the condition
}

// Write implements [store.Table].
func (t *Table) Write(ctx context.Context, writes ...store.Write) error {
	if err := store.CheckWrites(writes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil || len(writes) == 0 {
		return err
	}
	changes, err := t.changes(writes)
	if err != nil {
		return err
	}
	if err := t.writeParts(ctx, changes); err != nil {
		return err
	}
	err = t.commit(ctx, changes)
	switch {
	case err == nil:
		t.removeReplaced(ctx, changes)
	case notWritten(err):
		t.removeWritten(ctx, changes)
	}
	return err
}

// notWritten says whether an error of commit leaves no doubt. Parts of a write
// that may have happened must stay.
func notWritten(err error) bool {
	var conflict *store.ConflictError
	var invalid *store.InvalidError
	return errors.As(err, &conflict) || errors.As(err, &invalid)
}

// changes encodes bodies and decides which of them go into parts: those that
// are too large, and then the largest until the set fits.
func (t *Table) changes(writes []store.Write) ([]*change, error) {
	changes := make([]*change, len(writes))
	total := 0
	for i, w := range writes {
		c := &change{Write: w}
		changes[i] = c
		if w.Op != store.OpPut {
			continue
		}
		var err error
		if c.body, err = t.codec.Encode(w.Item.Body); err != nil {
			return nil, err
		}
		if len(c.body) > inlineBytes {
			c.parts = newPartSet(len(c.body))
		} else {
			total += len(c.body)
		}
	}
	bySize := slices.SortedFunc(slices.Values(changes), func(a, b *change) int { return len(b.body) - len(a.body) })
	for _, c := range bySize {
		if total <= setBytes {
			break
		}
		if c.parts.count == 0 {
			c.parts = newPartSet(len(c.body))
			total -= len(c.body)
		}
	}
	return changes, nil
}

// commit writes the heads. It repeats what failed for a reason that is not the
// caller's: parts to replace that it did not know of, or another transaction.
func (t *Table) commit(ctx context.Context, changes []*change) error {
	mark := []byte(randomID())
	for try := 1; ; {
		again, err := t.attempt(ctx, changes, mark)
		if again == nil || err != nil {
			return err
		}
		if try++; try > conflictTries {
			return &store.BusyError{What: changes[0].Item.String(), Err: again}
		}
		if !errors.Is(again, errReplaces) { // those are known now
			if err := t.pause(ctx, try-1); err != nil {
				return err
			}
		}
	}
}

// errReplaces says that the item has other parts than the write expected.
var errReplaces = errors.New("other parts than expected")

// attempt writes the heads once. again is a reason to repeat that, err one not
// to. A single delete of a certain version is a transaction too: only that tells
// a repeated request from a second delete.
func (t *Table) attempt(ctx context.Context, changes []*change, mark []byte) (again, err error) {
	c := changes[0]
	x := t.expressions(c, mark)
	switch {
	case len(changes) == 1 && c.Op == store.OpPut:
		_, err = t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: aws.String(t.name), Key: t.key(c.Item.Key),
			UpdateExpression: x.update, ConditionExpression: x.condition,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
	case len(changes) == 1 && c.Op == store.OpDelete && c.Cond == store.Always():
		_, err = t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName: aws.String(t.name), Key: t.key(c.Item.Key), ConditionExpression: x.condition,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		})
	default:
		return t.transact(ctx, changes, mark)
	}
	var failed *types.ConditionalCheckFailedException
	if errors.As(err, &failed) {
		return t.judge(c, 0, failed.Item, x.now, mark)
	}
	if reason := transient(err); reason != nil {
		return reason, nil
	}
	return nil, t.wrap(err)
}

// transact writes the heads in one transaction.
func (t *Table) transact(ctx context.Context, changes []*change, mark []byte) (again, err error) {
	input := &dynamodb.TransactWriteItemsInput{}
	var now int64
	for _, c := range changes {
		x := t.expressions(c, mark)
		now = x.now
		input.TransactItems = append(input.TransactItems, t.transactItem(c, x))
	}
	_, err = t.client.TransactWriteItems(ctx, input)
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		if reason := transient(err); reason != nil {
			return reason, nil
		}
		return nil, t.wrap(err)
	}
	for i, reason := range canceled.CancellationReasons {
		switch code := aws.ToString(reason.Code); {
		case code == "" || code == "None" || i >= len(changes):
		case code == "ConditionalCheckFailed":
			retry, err := t.judge(changes[i], i, reason.Item, now, mark)
			if err != nil || retry == nil {
				return nil, err
			}
			again = retry
		case transientCode(code):
			if again == nil {
				again = reasonError(reason)
			}
		default:
			return nil, t.wrap(reasonError(reason))
		}
	}
	if again == nil {
		return nil, t.wrap(err)
	}
	return again, nil
}

func (t *Table) transactItem(c *change, x expressions) types.TransactWriteItem {
	name, key := aws.String(t.name), t.key(c.Item.Key)
	allOld := types.ReturnValuesOnConditionCheckFailureAllOld
	switch c.Op {
	case store.OpPut:
		return types.TransactWriteItem{Update: &types.Update{
			TableName: name, Key: key, UpdateExpression: x.update, ConditionExpression: x.condition,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld,
		}}
	case store.OpDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: name, Key: key, ConditionExpression: x.condition,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld,
		}}
	default:
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: name, Key: key, ConditionExpression: x.condition,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld,
		}}
	}
}

// judge finds why a condition failed, given the item that failed it. Neither
// again nor err means that the write was done.
func (t *Table) judge(c *change, at int, there attributes, now int64, mark []byte) (again, err error) {
	h, err := t.headOf(there)
	if err != nil {
		return nil, err
	}
	if c.Op == store.OpPut && h.writer == string(mark) {
		return nil, nil // the answer to an earlier try was lost
	}
	version := int64(0)
	if h.live(now) {
		version = h.Version
	}
	if !c.Cond.Holds(version) {
		return nil, &store.ConflictError{Key: c.Item.Key, At: at, Cond: c.Cond}
	}
	c.replaces = h.parts
	return errReplaces, nil
}
