package store

// TableSchema describes the DynamoDB table, for the code that uses it, the
// template that deploys it and the test that compares the two.
//
// An item has these attributes, all but the keys and v left out when empty:
//
//	pk   S  partition key
//	sk   S  sort key
//	gpk  S  partition key of the index
//	gsk  S  sort key of the index
//	v    N  version
//	exp  N  expiry in seconds since 1970, the time-to-live attribute
//	b    B  body, encoded by Codec; not there if the body lies in parts
//	p    S  set of parts that the body lies in: id, count, bytes
//	w    B  mark of the call that wrote it last, to know its own write again
//
// A body that does not fit lies in parts, items that are no item's neighbours, so
// that no query reads them and no partition has to bear them all:
//
//	pk   S  "~part#" + the set's id + "#" + the part's number from 0
//	sk   S  "part"
//	b    B  the part of the encoded body
//	of   L  pk and sk of the item that it belongs to
//	at   N  when it was written, in seconds since 1970
//	exp  N  as the item's, and an hour more
//
// The index holds keys only, so that a change of the body does not write to it.
type TableSchema struct {
	PartitionKey string // attribute, S
	SortKey      string // attribute, S
	IndexName    string // global secondary index, projection KEYS_ONLY
	IndexPK      string // attribute, S
	IndexSK      string // attribute, S
	TTL          string // time-to-live attribute, N
	Version      string // attribute, N
	Body         string // attribute, B
	Parts        string // attribute, S
	Writer       string // attribute, B
	PartOf       string // attribute, L
	PartAt       string // attribute, N
	PartPrefix   string // how the pk of parts begins
	PartSK       string // the sk of parts
	BillingMode  string
}

// Schema is the table as it is deployed.
func Schema() TableSchema {
	return TableSchema{
		PartitionKey: "pk",
		SortKey:      "sk",
		IndexName:    "index",
		IndexPK:      "gpk",
		IndexSK:      "gsk",
		TTL:          "exp",
		Version:      "v",
		Body:         "b",
		Parts:        "p",
		Writer:       "w",
		PartOf:       "of",
		PartAt:       "at",
		PartPrefix:   "~part#",
		PartSK:       "part",
		BillingMode:  "PAY_PER_REQUEST",
	}
}
