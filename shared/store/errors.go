package store

import (
	"errors"
	"fmt"
)

// ErrNotFound says that there is no item under a key.
var ErrNotFound = errors.New("no such item")

// ErrClosed says that a table is used after it was closed.
var ErrClosed = errors.New("the store is closed")

// ConflictError says that a condition did not hold, so nothing was written.
// Read again, decide again.
type ConflictError struct {
	Key  Key       // whose condition failed; the first one if several did
	At   int       // its position among the writes
	Cond Condition // the condition
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s was changed by another writer (%s does not hold)", e.Key, e.Cond)
}

// InvalidError says that a call can't be carried out by any table: too many
// writes, a key twice, a key too long, a damaged cursor. Nothing was written.
type InvalidError struct {
	Problem string
}

func (e *InvalidError) Error() string { return e.Problem }

// BusyError says that others kept the table or its items busy for as long as
// the implementation was willing to wait. Nothing was written; the same call
// may succeed later.
type BusyError struct {
	What string // what is busy: a file, a key
	Err  error  // the last cause, if any
}

func (e *BusyError) Error() string {
	if e.Err == nil {
		return e.What + " is busy"
	}
	return fmt.Sprintf("%s is busy: %v", e.What, e.Err)
}

func (e *BusyError) Unwrap() error { return e.Err }

// CorruptError says that stored bytes are not what was written.
type CorruptError struct {
	Key     Key
	Problem string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged: %s", e.Key, e.Problem)
}

func invalidf(format string, args ...any) error {
	return &InvalidError{Problem: fmt.Sprintf(format, args...)}
}
