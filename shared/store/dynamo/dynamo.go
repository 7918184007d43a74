// Package dynamo is a store.Table in one DynamoDB table, laid out as
// store.Schema says and made by [CreateTableInput] or the deployment's template.
//
// # Writing
//
// A single Put is one conditional UpdateItem, which counts the version on the
// server; a set is one TransactWriteItems. Throttles and lost answers are retried
// by the SDK. Every write carries a random mark, so that an answer that was lost
// is no conflict: the call that finds its own mark has succeeded already.
// Transactions carry the SDK's token for the same purpose. What another
// transaction holds at the moment is tried again for a while and is then a
// *store.BusyError.
//
// # Large bodies
//
// DynamoDB's items have at most 400 KB and its transactions 4 MB. A body that
// does not fit is compressed and, if need be, written in parts, each an item of
// its own, before the item itself, its head. The head names the set of its parts,
// so a head is whole from the moment that it is seen, and parts without a head are
// seen by nobody. A set is never changed: overwriting a head makes a new set and
// then removes the old one. Which set that is, is part of the write's condition:
// at first that there is none, and if that fails DynamoDB tells which. A reader
// whose parts are gone when it comes for them reads the head again.
//
// A process that dies in between leaves parts that no head names. They cost
// their space until they expire with the item they were for, or until
// [Table.Sweep].
//
// # Reading
//
// Reads are strongly consistent. The index holds keys only: a query of it reads
// the items themselves by their keys, and leaves out those that were moved or
// removed meanwhile.
package dynamo

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// Client is the part of *dynamodb.Client that a Table uses.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	BatchGetItem(context.Context, *dynamodb.BatchGetItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error)
	Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error)
	Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
	DeleteItem(context.Context, *dynamodb.DeleteItemInput, ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error)
	TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error)
	BatchWriteItem(context.Context, *dynamodb.BatchWriteItemInput, ...func(*dynamodb.Options)) (*dynamodb.BatchWriteItemOutput, error)
}

var _ Client = (*dynamodb.Client)(nil)

// Options say how to use a table. The zero value works.
type Options struct {
	// Now is the clock that items expire by; nil is the system's.
	Now func() time.Time
	// Logger gets a warning when parts that nobody needs could not be removed.
	Logger *slog.Logger
	// Backoff is how long to wait before the given retry (from 1) of what was
	// held up by another transaction or by throttling within a batch; nil is
	// 20 ms doubling to 1 s, with jitter.
	Backoff func(retry int) time.Duration
}

// Table is a DynamoDB table as a store.Table. Make it with [New].
type Table struct {
	client  Client
	name    string
	schema  store.TableSchema
	codec   store.Codec
	now     func() time.Time
	logger  *slog.Logger
	backoff func(int) time.Duration
}

var _ store.Table = (*Table)(nil)

// New returns the table of that name, or ARN, which exists already.
func New(client Client, name string, opts Options) *Table {
	t := &Table{
		client: client, name: name, schema: store.Schema(),
		now: opts.Now, logger: opts.Logger, backoff: opts.Backoff,
	}
	if t.now == nil {
		t.now = time.Now
	}
	if t.logger == nil {
		t.logger = slog.New(slog.DiscardHandler)
	}
	if t.backoff == nil {
		t.backoff = defaultBackoff
	}
	return t
}

// NewClient returns a client for New, with more patience for throttles than the
// SDK's default.
func NewClient(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.MaxAttempts = 8
			s.MaxBackoff = 5 * time.Second
		})
	})
}

// CreateTableInput is the request that makes a table of the schema. Its
// time-to-live has to be turned on by another: see [TimeToLiveInput].
func CreateTableInput(name string) *dynamodb.CreateTableInput {
	s := store.Schema()
	text := func(attribute string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS}
	}
	keys := func(hash, sortKey string) []types.KeySchemaElement {
		return []types.KeySchemaElement{
			{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash},
			{AttributeName: aws.String(sortKey), KeyType: types.KeyTypeRange},
		}
	}
	return &dynamodb.CreateTableInput{
		TableName:            aws.String(name),
		BillingMode:          types.BillingMode(s.BillingMode),
		AttributeDefinitions: []types.AttributeDefinition{text(s.PartitionKey), text(s.SortKey), text(s.IndexPK), text(s.IndexSK)},
		KeySchema:            keys(s.PartitionKey, s.SortKey),
		GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
			IndexName:  aws.String(s.IndexName),
			KeySchema:  keys(s.IndexPK, s.IndexSK),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		}},
	}
}

// TimeToLiveInput is the request that turns on the removal of expired items.
func TimeToLiveInput(name string) *dynamodb.UpdateTimeToLiveInput {
	return &dynamodb.UpdateTimeToLiveInput{
		TableName: aws.String(name),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(store.Schema().TTL),
			Enabled:       aws.Bool(true),
		},
	}
}
