package store

import (
	"time"
	"unicode/utf8"
)

// reserved begins the partition keys that implementations use for themselves.
const reserved = '~'

// CheckWrites says whether the writes are legal: at most MaxWrites, each key
// once, keys and bodies within the limits, conditions that fit the operations.
// Every table calls it first. The error is an *InvalidError.
func CheckWrites(writes []Write) error {
	if len(writes) > MaxWrites {
		return invalidf("%d writes at once: at most %d are possible", len(writes), MaxWrites)
	}
	seen := make(map[Key]bool, len(writes))
	for _, w := range writes {
		if err := w.check(); err != nil {
			return err
		}
		if seen[w.Item.Key] {
			return invalidf("two writes to %s at once", w.Item.Key)
		}
		seen[w.Item.Key] = true
	}
	return nil
}

func (w Write) check() error {
	if err := w.Item.Key.check(); err != nil {
		return err
	}
	if w.Cond < always {
		return invalidf("condition on version %d of %s: versions begin at 1", int64(w.Cond), w.Item.Key)
	}
	switch w.Op {
	case OpPut:
		return w.Item.check()
	case OpDelete:
		if w.Cond == ifAbsent {
			return invalidf("delete of %s if absent does nothing", w.Item.Key)
		}
		return nil
	case OpCheck:
		if w.Cond == always {
			return invalidf("check of %s without a condition", w.Item.Key)
		}
		return nil
	default:
		return invalidf("unknown operation %d on %s", int(w.Op), w.Item.Key)
	}
}

func (i Item) check() error {
	if len(i.Body) > MaxBody {
		return invalidf("body of %s has %d bytes: at most %d are possible", i.Key, len(i.Body), MaxBody)
	}
	if !i.Expires.IsZero() && i.Expires.Unix() <= 0 {
		return invalidf("%s expires before 1970", i.Key)
	}
	if i.Index == (Index{}) {
		return nil
	}
	if err := (Key)(i.Index).check(); err != nil {
		return invalidf("index of %s: %v", i.Key, err)
	}
	return nil
}

func (k Key) check() error {
	if err := checkPart("partition key", k.PK, MaxPK); err != nil {
		return err
	}
	if k.PK[0] == reserved {
		return invalidf("the partition key %.40q begins with %c, which is for the table's own use", k.PK, reserved)
	}
	return checkPart("sort key", k.SK, MaxSK)
}

func checkPart(name, s string, limit int) error {
	switch {
	case s == "":
		return invalidf("the %s is empty", name)
	case len(s) > limit:
		return invalidf("the %s %.40q... has %d bytes: at most %d are possible", name, s, len(s), limit)
	case !utf8.ValidString(s):
		return invalidf("the %s %q is not UTF-8", name, s)
	}
	return nil
}

// CheckKeys says whether all keys are legal and returns them with repetitions
// left out, in their order. The error is an *InvalidError.
func CheckKeys(keys ...Key) ([]Key, error) {
	seen := make(map[Key]bool, len(keys))
	unique := make([]Key, 0, len(keys))
	for _, k := range keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		if !seen[k] {
			seen[k] = true
			unique = append(unique, k)
		}
	}
	return unique, nil
}

// One makes of what BatchGet answers to one key what Get answers to it.
func One(items []Item, err error) (Item, error) {
	if err != nil {
		return Item{}, err
	}
	if len(items) == 0 {
		return Item{}, ErrNotFound
	}
	return items[0], nil
}

// Check says whether the query is legal and returns it with the page size to
// use, and the position behind which it begins, nil for the beginning. The error
// is an *InvalidError.
func (q Query) Check() (Query, *Position, error) {
	if err := checkPart("partition key", q.PK, MaxPK); err != nil {
		return q, nil, err
	}
	if q.SKPrefix != "" {
		if err := checkPart("prefix", q.SKPrefix, MaxSK); err != nil {
			return q, nil, err
		}
	}
	switch {
	case q.Limit < 0:
		return q, nil, invalidf("limit %d is negative", q.Limit)
	case q.Limit == 0:
		q.Limit = DefaultLimit
	case q.Limit > MaxLimit:
		q.Limit = MaxLimit
	}
	after, err := q.DecodeCursor()
	return q, after, err
}

// ExpiresUnix is the moment of expiry as tables keep it: whole seconds since
// 1970, rounded up, 0 for never.
func (i Item) ExpiresUnix() int64 {
	if i.Expires.IsZero() {
		return 0
	}
	s := i.Expires.Unix()
	if i.Expires.Nanosecond() > 0 {
		s++
	}
	return s
}

// ExpiresAt is the inverse of [Item.ExpiresUnix].
func ExpiresAt(unix int64) time.Time {
	if unix == 0 {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

// Expired says whether an item with this moment of expiry has ceased to be.
func Expired(unix int64, now time.Time) bool {
	return unix != 0 && now.Unix() >= unix
}
