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
// A body that does not fit lies in parts, items of a partition of their own
// that no query meets: pk is "\x00parts\x00" + pk, sk is the item's sk + "\x00" +
// the set's id + "\x00" + the part's number (5 digits).
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
		BillingMode:  "PAY_PER_REQUEST",
	}
}
