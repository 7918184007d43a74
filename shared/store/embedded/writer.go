package embedded

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

const (
	groupWrites = 512             // requests in one transaction at most
	groupBytes  = 32 << 20        // bytes of bodies in one transaction, about
	sweepEvery  = 5 * time.Minute // how often expired items are removed
	sweepItems  = 1000            // how many of them at once
)

// request is one call of Write on its way through the writer.
type request struct {
	writes  []store.Write // bodies encoded
	bytes   int
	relaxed bool
	taken   atomic.Bool // by the writer, or by its caller who gave up
	result  chan error  // gets one answer if the writer took it
}

// Write implements [store.Table]. A caller whose context ends before the writer
// took the request gets the context's error, and then nothing was written.
func (t *Table) Write(ctx context.Context, writes ...store.Write) error {
	if err := store.CheckWrites(writes); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := t.enter(); err != nil {
		return err
	}
	defer t.leave()
	if len(writes) == 0 {
		return nil
	}
	req, err := t.newRequest(ctx, writes)
	if err != nil {
		return err
	}
	select {
	case t.queue <- req:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-req.result:
		return err
	case <-ctx.Done():
		if req.taken.CompareAndSwap(false, true) {
			return ctx.Err()
		}
		return <-req.result
	}
}

// newRequest encodes the bodies, in the caller's goroutine as that is the
// costly part of a large write.
func (t *Table) newRequest(ctx context.Context, writes []store.Write) (*request, error) {
	req := &request{
		writes:  make([]store.Write, len(writes)),
		relaxed: store.DurabilityOf(ctx) == store.Relaxed,
		result:  make(chan error, 1),
	}
	for i, w := range writes {
		if w.Op == store.OpPut {
			body, err := t.codec.Encode(w.Item.Body)
			if err != nil {
				return nil, err
			}
			w.Item.Body = body
			req.bytes += len(body)
		}
		req.writes[i] = w
	}
	return req, nil
}

// writer owns the one connection that writes.
type writer struct {
	table   *Table
	db      *sql.DB
	conn    *sql.Conn
	version *sql.Stmt
	put     *sql.Stmt
	remove  *sql.Stmt
	sweep   *sql.Stmt
	begin   *sql.Stmt
	commit  *sql.Stmt
	relaxed bool // how the connection syncs now
	swept   time.Time
}

func (t *Table) openWriter(ctx context.Context, opts Options) (_ *writer, err error) {
	w := &writer{table: t}
	if w.db, err = sql.Open("sqlite", dataSource(t.path, opts, "synchronous(FULL)", "wal_autocheckpoint(4000)")); err != nil {
		return nil, t.wrap(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(t.wrap(err), w.close())
		}
	}()
	if w.conn, err = w.db.Conn(ctx); err != nil {
		return nil, err
	}
	if err = walMode(ctx, w.conn, time.Now().Add(opts.BusyTimeout)); err != nil {
		return nil, err
	}
	if err = migrate(ctx, w.conn, t.path); err != nil {
		return nil, err
	}
	return w, w.prepare(ctx)
}

func (w *writer) prepare(ctx context.Context) (err error) {
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&w.version, `SELECT v, exp FROM items WHERE pk = ? AND sk = ?`},
		{&w.put, `INSERT OR REPLACE INTO items (pk, sk, gpk, gsk, v, exp, body) VALUES (?, ?, ?, ?, ?, ?, ?)`},
		{&w.remove, `DELETE FROM items WHERE pk = ? AND sk = ?`},
		{&w.sweep, `DELETE FROM items WHERE (pk, sk) IN (SELECT pk, sk FROM items WHERE exp > 0 AND exp <= ? LIMIT ?)`},
		{&w.begin, `BEGIN IMMEDIATE`},
		{&w.commit, `COMMIT`},
	} {
		if *s.to, err = w.conn.PrepareContext(ctx, s.sql); err != nil {
			return err
		}
	}
	return nil
}

// close ends the statements first: SQLite keeps a connection that has one open.
func (w *writer) close() error {
	var errs []error
	for _, stmt := range []*sql.Stmt{w.version, w.put, w.remove, w.sweep, w.begin, w.commit} {
		if stmt != nil {
			errs = append(errs, stmt.Close())
		}
	}
	if w.conn != nil {
		errs = append(errs, w.conn.Close())
	}
	return errors.Join(append(errs, w.db.Close())...)
}

// run serves requests until the queue is closed, and then closes the file.
func (w *writer) run(queue <-chan *request) error {
	var next *request // did not fit the group before
	for {
		first := next
		if first == nil {
			var ok bool
			if first, ok = <-queue; !ok {
				return w.close()
			}
		}
		var group []*request
		group, next = gather([]*request{first}, queue)
		w.serve(group)
	}
}

// gather adds the requests that wait to the group, and returns the one that did
// not fit any more.
func gather(group []*request, queue <-chan *request) ([]*request, *request) {
	size := group[0].bytes
	for len(group) < groupWrites {
		select {
		case req, ok := <-queue:
			if !ok {
				return group, nil
			}
			if size += req.bytes; size > groupBytes {
				return group, req
			}
			group = append(group, req)
		default:
			return group, nil
		}
	}
	return group, nil
}

// serve answers all requests of a group, most by one transaction.
func (w *writer) serve(group []*request) {
	results, err := w.transact(group)
	for i, req := range group {
		switch {
		case err != nil:
			req.taken.Store(true)
			req.result <- w.table.wrap(err)
		case !results[i].skipped:
			req.result <- results[i].err
		}
	}
}

// outcome is what became of a request in a transaction.
type outcome struct {
	skipped bool // its caller had given up
	err     error
}

// transact does the requests of a group in one transaction. Requests are taken
// only once the file is locked, so that a caller can give up waiting for that.
// An error is that of the whole transaction.
func (w *writer) transact(group []*request) (results []outcome, err error) {
	ctx := context.Background() // a group is one caller's no more
	if err := w.setSync(ctx, group); err != nil {
		return nil, err
	}
	if _, err := w.begin.ExecContext(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_, rollback := w.conn.ExecContext(ctx, `ROLLBACK`)
			if rollback != nil && !isCode(err, sqlite3.SQLITE_FULL) {
				err = errors.Join(err, rollback)
			}
		}
	}()
	now := w.table.now()
	results = make([]outcome, len(group))
	for i, req := range group {
		if !req.taken.CompareAndSwap(false, true) {
			results[i].skipped = true
			continue
		}
		if results[i].err, err = w.apply(ctx, req, now); err != nil {
			return results, err
		}
	}
	if err := w.removeExpired(ctx, now); err != nil {
		return results, err
	}
	_, err = w.commit.ExecContext(ctx)
	return results, err
}

// setSync makes the connection sync at commit unless no request needs it.
func (w *writer) setSync(ctx context.Context, group []*request) error {
	relaxed := true
	for _, req := range group {
		relaxed = relaxed && req.relaxed
	}
	if relaxed == w.relaxed {
		return nil
	}
	pragma := `PRAGMA synchronous = FULL`
	if relaxed {
		pragma = `PRAGMA synchronous = NORMAL`
	}
	if _, err := w.conn.ExecContext(ctx, pragma); err != nil {
		return err
	}
	w.relaxed = relaxed
	return nil
}

// apply checks all conditions of a request and then does its writes. refused is
// the answer to this caller alone, err the end of the transaction.
func (w *writer) apply(ctx context.Context, req *request, now time.Time) (refused, err error) {
	versions := make([]int64, len(req.writes))
	for i, wr := range req.writes {
		if wr.Op == store.OpDelete && wr.Cond == store.Always() {
			continue
		}
		if versions[i], err = w.versionOf(ctx, wr.Item.Key, now); err != nil {
			return nil, err
		}
		if !wr.Cond.Holds(versions[i]) {
			return &store.ConflictError{Key: wr.Item.Key, At: i, Cond: wr.Cond}, nil
		}
	}
	for i, wr := range req.writes {
		item := wr.Item
		pk, sk := []byte(item.PK), []byte(item.SK)
		switch wr.Op {
		case store.OpPut:
			_, err = w.put.ExecContext(ctx, pk, sk, nullable(item.Index.PK), nullable(item.Index.SK),
				versions[i]+1, item.ExpiresUnix(), nullable(item.Body))
		case store.OpDelete:
			_, err = w.remove.ExecContext(ctx, pk, sk)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// versionOf returns the version of an item, 0 if there is none.
func (w *writer) versionOf(ctx context.Context, key store.Key, now time.Time) (int64, error) {
	var version, expires int64
	err := w.version.QueryRowContext(ctx, []byte(key.PK), []byte(key.SK)).Scan(&version, &expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && store.Expired(expires, now) {
		return 0, nil
	}
	return version, err
}

func (w *writer) removeExpired(ctx context.Context, now time.Time) error {
	if !w.swept.IsZero() && now.Sub(w.swept) < sweepEvery {
		return nil
	}
	w.swept = now
	_, err := w.sweep.ExecContext(ctx, now.Unix(), sweepItems)
	return err
}

// nullable is SQL's NULL for what is empty.
func nullable[T string | []byte](s T) any {
	if len(s) == 0 {
		return nil
	}
	return []byte(s)
}

func isBusy(err error) bool { return isCode(err, sqlite3.SQLITE_BUSY) }

func isCode(err error, code int) bool {
	var serr *sqlite.Error
	return errors.As(err, &serr) && serr.Code()&0xff == code
}
