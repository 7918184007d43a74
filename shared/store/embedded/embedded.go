// Package embedded is a store.Table in one local file.
//
// The file is an SQLite database with a write-ahead log (beside it, while it is
// in use, lie FILE-wal and FILE-shm). Several processes may have it open at once:
// one lists executions while another runs a workflow. It must not lie on a
// network file system, because the processes share memory through it.
//
// # Writing
//
// One goroutine writes. It takes all calls of Write that wait, evaluates the
// conditions of each against what the calls before it left, and commits those
// that hold in one transaction with one sync of the disk: one caller alone costs
// a sync, a hundred at once cost one together. A call whose condition fails gets
// its *store.ConflictError and disturbs no other. Another process that writes at
// the same moment is waited for; after Options.BusyTimeout the error is a
// *store.BusyError with the file's name.
//
// # What survives
//
// Whatever Write acknowledged is found again after a kill of the process at any
// moment, and after a loss of power as well, as far as the disk keeps its word
// on sync. Writes under store.Relaxed are not synced by themselves: a loss of
// power may take the last of them, never one before a later durable one. What
// was not acknowledged is there whole or not at all.
//
// # Reading
//
// Reads go to connections of their own and are not blocked by writes. Each sees
// all that was acknowledged before it began.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite" // also registers the driver
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

// sqliteHeader begins every database of SQLite.
const sqliteHeader = "SQLite format 3\x00"

// readers is how many reads run at the same time; more wait.
const readers = 4

// Options say how to open a store. The zero value works.
type Options struct {
	// MustExist makes it an error, os.ErrNotExist, if there is no such file.
	// Otherwise the file and the directories above are made, for the user only.
	MustExist bool
	// BusyTimeout is how long to wait for another process that writes; 0 is
	// 10 seconds.
	BusyTimeout time.Duration
	// Now is the clock that items expire by; nil is the system's.
	Now func() time.Time
}

// FormatError says that a file is not a store that this version can use.
type FormatError struct {
	Path    string
	Problem string
}

func (e *FormatError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.Problem) }

// Table is an open store. Make it with [Open], end it with Close.
type Table struct {
	path  string
	now   func() time.Time
	codec store.Codec
	db    *sql.DB // for reads
	reads reads
	queue chan *request

	mu     sync.RWMutex // held for reading while a call uses queue or db
	closed bool
	done   chan error // gets how the writer ended
}

var _ store.Table = (*Table)(nil)

// Open opens the store in the file, made if need be.
func Open(ctx context.Context, path string, opts Options) (*Table, error) {
	if opts.BusyTimeout <= 0 {
		opts.BusyTimeout = 10 * time.Second
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	if err := prepareFile(abs, opts.MustExist); err != nil {
		return nil, err
	}
	t := &Table{path: abs, now: opts.Now, queue: make(chan *request), done: make(chan error, 1)}
	w, err := t.openWriter(ctx, opts)
	if err != nil {
		return nil, err
	}
	if t.db, err = sql.Open("sqlite", dataSource(abs, opts, "query_only(1)")); err != nil {
		return nil, errors.Join(t.wrap(err), w.close())
	}
	t.db.SetMaxOpenConns(readers)
	t.db.SetMaxIdleConns(readers)
	go func() { t.done <- w.run(t.queue) }()
	return t, nil
}

// Path is the absolute path of the file.
func (t *Table) Path() string { return t.path }

// Close waits for the calls under way and closes the file. Calls after it get
// store.ErrClosed.
func (t *Table) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	t.mu.Unlock()
	// The writer goes last: it folds the write-ahead log into the file.
	err := errors.Join(t.reads.close(), t.db.Close())
	close(t.queue)
	return t.wrap(errors.Join(err, <-t.done))
}

// enter admits a call; leave must follow.
func (t *Table) enter() error {
	t.mu.RLock()
	if t.closed {
		t.mu.RUnlock()
		return store.ErrClosed
	}
	return nil
}

func (t *Table) leave() { t.mu.RUnlock() }

// prepareFile makes the file before SQLite does, as that would let others read
// it. The files beside it get the same mode.
func prepareFile(path string, mustExist bool) error {
	err := checkFile(path)
	if err == nil || mustExist || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// checkFile refuses a file that is no database and not empty. SQLite itself
// takes a short one for an empty database and overwrites it.
func checkFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer f.Close()
	header := make([]byte, len(sqliteHeader))
	n, err := io.ReadFull(f, header)
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("store: %w", err)
	case string(header[:n]) != sqliteHeader:
		return &FormatError{Path: path, Problem: "not a store of Sirocco"}
	}
	return nil
}

// syncDir makes the file's name survive a loss of power.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func dataSource(path string, opts Options, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{
		fmt.Sprintf("busy_timeout(%d)", opts.BusyTimeout.Milliseconds()),
		"cache_size(-4000)", // KiB
	}, pragmas...)}
	u := url.URL{Scheme: "file", Path: path, RawQuery: q.Encode()}
	return u.String()
}

// wrap gives an error of SQLite the file's name and, where there is one, its
// type.
func (t *Table) wrap(err error) error {
	var serr *sqlite.Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &serr) {
		return fmt.Errorf("store %s: %w", t.path, err)
	}
	switch serr.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &store.BusyError{What: "the store " + t.path + ", which another process writes to,", Err: err}
	case sqlite3.SQLITE_NOTADB:
		return &FormatError{Path: t.path, Problem: "not a store of Sirocco"}
	default:
		return fmt.Errorf("store %s: %w", t.path, err)
	}
}
