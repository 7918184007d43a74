// Package store keeps what Sirocco remembers: executions, tasks, actions,
// definitions and credentials, in a narrow table that DynamoDB and one local
// file can both be.
//
// # The table
//
// A [Table] maps a [Key] (a partition key PK and a sort key SK, both text) to an
// [Item]: a body of any bytes and any size, a version that counts the writes, an
// optional moment of expiry and an optional second key, the [Index], under which
// it can be found as well. That is all; what the bodies mean is the business of
// the records built on top.
//
//	err := t.Write(ctx,
//	    store.Put(store.Item{Key: task, Body: body}, store.IfVersion(3)),
//	    store.Put(store.Item{Key: action, Body: done}, store.IfAbsent()),
//	    store.Check(execution, store.IfVersion(7)),
//	)
//
// Write is all or nothing over up to [MaxWrites] keys. Each write has a
// [Condition] on the item that is there; if one does not hold nothing is written
// and the error is a [*ConflictError] that names the key. Read an item, change
// it, put it with IfVersion of what was read: that is the whole concurrency
// control, and it works across processes and machines.
//
// Get, BatchGet and a Query of a partition see every write that was acknowledged
// before they began. A Query of the index may be a moment behind as to which
// items it finds (DynamoDB's secondary indexes are); the items themselves are
// current.
//
// # Implementations
//
//   - store/dynamo: one DynamoDB table with one secondary index ([Schema])
//   - store/embedded: one SQLite file that several processes may share
//   - store/memory: maps, for tests
//
// storetest.Run holds all of them to this text, clause by clause. Everything
// that an implementation must check alike is here: [CheckWrites], [CheckKeys],
// [Query.Check], cursors ([Query.EncodeCursor]) and the encoding of bodies
// ([Codec]).
//
// # Credentials
//
// [Credentials] keeps secrets in a table, sealed by a [Cipher] before they reach
// it: store/keyfile with a local key, store/kmscipher with AWS KMS. [Sources]
// adds others, as store/secrets for AWS Secrets Manager.
package store

import (
	"context"
	"fmt"
	"time"
)

// Limits that hold for every table, so that what works on one works on all.
// They leave room for what implementations add to keys.
const (
	// MaxWrites is how many writes one call of Write takes.
	MaxWrites = 100
	// MaxPK is the longest partition key, in bytes.
	MaxPK = 1024
	// MaxSK is the longest sort key, in bytes.
	MaxSK = 768
	// MaxBody is the largest body, in bytes.
	MaxBody = 256 << 20
	// DefaultLimit is the page size of a query without one, in items.
	DefaultLimit = 100
	// MaxLimit is the largest page size, in items.
	MaxLimit = 1000
	// PageBytes is about how many bytes of bodies a page of a query holds
	// before it ends early.
	PageBytes = 32 << 20
)

// Key names an item. Both parts are valid UTF-8 and not empty; order is that
// of their bytes. A partition key does not begin with "~".
type Key struct {
	PK string // partition: what is queried together
	SK string // sort key within the partition
}

func (k Key) String() string { return fmt.Sprintf("%q/%q", k.PK, k.SK) }

// Index is the second key of an item. The zero value keeps the item out of the
// index; otherwise both parts are set. Several items may share one.
type Index struct {
	PK string
	SK string
}

// Item is what a table holds under a key.
type Item struct {
	Key

	// Index is the second key, if any.
	Index Index
	// Version is 1 after the item was created and one more after each Put. It
	// is set by the table: a Put ignores it. After a Delete (or an expiry) the
	// next Put starts again at 1.
	Version int64
	// Expires is when the item ceases to be, in whole seconds (a fraction is
	// rounded up); zero is never. From then on no read finds it and conditions
	// take it as absent; the space is freed some time later.
	Expires time.Time
	// Body is the content. An empty body reads back as nil. It belongs to
	// whoever got it: a table keeps no reference to it.
	Body []byte
}

// Condition is what must hold of the item under a key for a write to happen.
// The zero value is IfAbsent, so that overwriting is always a choice.
type Condition int64

const (
	ifAbsent Condition = 0
	always   Condition = -1
)

// IfAbsent holds if there is no such item.
func IfAbsent() Condition { return ifAbsent }

// Always holds.
func Always() Condition { return always }

// IfVersion holds if the item is there with version n, which is at least 1.
func IfVersion(n int64) Condition { return Condition(n) }

// Holds says whether the condition is met by an item of the given version, 0
// meaning that there is none.
func (c Condition) Holds(version int64) bool {
	return c == always || int64(c) == version
}

// Version is the n of IfVersion(n), 0 for IfAbsent and -1 for Always.
func (c Condition) Version() int64 { return int64(c) }

func (c Condition) String() string {
	switch c {
	case always:
		return "always"
	case ifAbsent:
		return "if absent"
	default:
		return fmt.Sprintf("if version %d", int64(c))
	}
}

// Op is what a [Write] does.
type Op int

// The operations.
const (
	OpPut Op = iota
	OpDelete
	OpCheck
)

func (o Op) String() string {
	return [...]string{"put", "delete", "check"}[o]
}

// Write is one part of a set of writes. Make it with [Put], [Delete] or [Check].
type Write struct {
	Op   Op
	Item Item // only its Key for OpDelete and OpCheck
	Cond Condition
}

// Put stores the item whole, in place of what is there. Its version becomes 1
// with IfAbsent, n+1 with IfVersion(n), and with Always one more than that of
// the item that is there.
func Put(item Item, cond Condition) Write {
	return Write{Op: OpPut, Item: item, Cond: cond}
}

// Delete removes the item. With Always it is no error if there is none;
// IfAbsent is not a legal condition of it.
func Delete(key Key, cond Condition) Write {
	return Write{Op: OpDelete, Item: Item{Key: key}, Cond: cond}
}

// Check writes nothing but makes the whole set depend on a condition, IfAbsent
// or IfVersion, of a further key.
func Check(key Key, cond Condition) Write {
	return Write{Op: OpCheck, Item: Item{Key: key}, Cond: cond}
}

// Query asks for the items of one partition in the order of their sort keys.
type Query struct {
	// PK is the partition; with Index the one of the items' second keys.
	PK string
	// SKPrefix, if set, is how the sort keys begin (those of the second keys
	// with Index).
	SKPrefix string
	// Index queries the second keys. Items with equal ones come in an order
	// that is the same each time.
	Index bool
	// Limit is how many items a page has at most; 0 is DefaultLimit and no more
	// than MaxLimit are given. A page may have fewer: see Page.
	Limit int
	// Cursor is where to go on, from the page before.
	Cursor string
	// Descending reverses the order.
	Descending bool
}

// Page is a part of a query's answer.
type Page struct {
	Items []Item
	// Cursor is for the query of the next page. Only an empty one says that
	// there is no more: a page with a cursor may have any number of items, even
	// none.
	Cursor string
}

// Table is the narrow interface over a store. It is safe for concurrent use.
type Table interface {
	// Get returns the item; the error is ErrNotFound if there is none.
	Get(ctx context.Context, key Key) (Item, error)
	// BatchGet returns the items that are there, in the order of the keys, any
	// number of them. It is not a snapshot. A key given twice is answered once.
	BatchGet(ctx context.Context, keys []Key) ([]Item, error)
	// Query returns one page.
	Query(ctx context.Context, q Query) (Page, error)
	// Write does all of the writes, at most MaxWrites to as many different keys,
	// or none. After an error other than *ConflictError, *InvalidError and
	// *BusyError, such as a lost connection or a cancelled context, they may or
	// may not have been done. Without arguments it does nothing.
	Write(ctx context.Context, writes ...Write) error
}
