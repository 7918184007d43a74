package embedded

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/sirocco-workflows/sirocco/shared/store"
)

const columns = `SELECT pk, sk, gpk, gsk, v, exp, body FROM items`

// reads holds prepared statements by their text.
type reads struct {
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

// close ends the statements, for the reason that the writer's close has.
func (r *reads) close() error {
	var errs []error
	for _, stmt := range r.stmts {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

func (t *Table) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	t.reads.mu.Lock()
	defer t.reads.mu.Unlock()
	if stmt := t.reads.stmts[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if t.reads.stmts == nil {
		t.reads.stmts = map[string]*sql.Stmt{}
	}
	t.reads.stmts[text] = stmt
	return stmt, nil
}

// Get implements [store.Table].
func (t *Table) Get(ctx context.Context, key store.Key) (store.Item, error) {
	return store.One(t.BatchGet(ctx, []store.Key{key}))
}

// BatchGet implements [store.Table].
func (t *Table) BatchGet(ctx context.Context, keys []store.Key) ([]store.Item, error) {
	keys, err := store.CheckKeys(keys...)
	if err != nil {
		return nil, err
	}
	if err := t.enter(); err != nil {
		return nil, err
	}
	defer t.leave()
	stmt, err := t.prepared(ctx, columns+` WHERE pk = ? AND sk = ?`)
	if err != nil {
		return nil, t.readError(ctx, err)
	}
	now := t.now()
	var out []store.Item
	for _, k := range keys {
		item, err := t.scan(stmt.QueryRowContext(ctx, []byte(k.PK), []byte(k.SK)))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, t.readError(ctx, err)
		}
		if !store.Expired(item.ExpiresUnix(), now) {
			out = append(out, item)
		}
	}
	return out, nil
}

// Query implements [store.Table].
func (t *Table) Query(ctx context.Context, q store.Query) (store.Page, error) {
	q, after, err := q.Check()
	if err != nil {
		return store.Page{}, err
	}
	if err := t.enter(); err != nil {
		return store.Page{}, err
	}
	defer t.leave()
	text, args := statement(q, after)
	stmt, err := t.prepared(ctx, text)
	if err != nil {
		return store.Page{}, t.readError(ctx, err)
	}
	// One row more than the page tells whether there is another page.
	rows, err := stmt.QueryContext(ctx, append(args, t.now().Unix(), q.Limit+1)...)
	if err != nil {
		return store.Page{}, t.readError(ctx, err)
	}
	defer rows.Close()
	page, err := t.page(q, rows)
	if err != nil {
		return store.Page{}, t.readError(ctx, err)
	}
	return page, nil
}

func (t *Table) page(q store.Query, rows *sql.Rows) (store.Page, error) {
	var page store.Page
	size := 0
	for rows.Next() {
		if len(page.Items) == q.Limit || size > store.PageBytes {
			last := page.Items[len(page.Items)-1]
			page.Cursor = q.EncodeCursor(q.PositionOf(last))
			return page, nil
		}
		item, err := t.scan(rows)
		if err != nil {
			return store.Page{}, err
		}
		page.Items = append(page.Items, item)
		size += len(item.Body)
	}
	return page, rows.Err()
}

// statement is the SQL of a query with all its arguments but the last two, the
// time and the limit.
func statement(q store.Query, after *store.Position) (string, []any) {
	pk, sk, order := "pk", "sk", "sk"
	if q.Index {
		pk, sk, order = "gpk", "gsk", "gsk, pk, sk"
	}
	var b strings.Builder
	b.WriteString(columns + ` WHERE ` + pk + ` = ?`)
	args := []any{[]byte(q.PK)}
	if q.SKPrefix != "" {
		b.WriteString(` AND ` + sk + ` >= ?`)
		args = append(args, []byte(q.SKPrefix))
		if end := prefixEnd(q.SKPrefix); end != nil {
			b.WriteString(` AND ` + sk + ` < ?`)
			args = append(args, end)
		}
	}
	op, direction := ">", ""
	if q.Descending {
		op, direction = "<", " DESC"
	}
	if after != nil {
		if q.Index {
			b.WriteString(` AND (gsk, pk, sk) ` + op + ` (?, ?, ?)`)
			args = append(args, []byte(after.Index.SK), []byte(after.Key.PK))
		} else {
			b.WriteString(` AND sk ` + op + ` ?`)
		}
		args = append(args, []byte(after.Key.SK))
	}
	b.WriteString(` AND (exp = 0 OR exp > ?) ORDER BY ` + strings.ReplaceAll(order, ",", direction+",") + direction + ` LIMIT ?`)
	return b.String(), args
}

// prefixEnd is the first text after all that begin with the prefix, nil if
// there is none.
func prefixEnd(prefix string) []byte {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}

func (t *Table) scan(row interface{ Scan(...any) error }) (store.Item, error) {
	var item store.Item
	var pk, sk, gpk, gsk, body []byte
	var expires int64
	err := row.Scan(&pk, &sk, &gpk, &gsk, &item.Version, &expires, &body)
	if err != nil {
		return store.Item{}, err
	}
	item.Key = store.Key{PK: string(pk), SK: string(sk)}
	item.Index = store.Index{PK: string(gpk), SK: string(gsk)}
	item.Expires = store.ExpiresAt(expires)
	decoded, err := t.codec.Decode(body)
	if err != nil {
		return store.Item{}, &store.CorruptError{Key: item.Key, Problem: err.Error()}
	}
	item.Body = decoded
	return item, nil
}

// readError is the context's error if the context ended, as SQLite then only
// says that it was interrupted.
func (t *Table) readError(ctx context.Context, err error) error {
	var corrupt *store.CorruptError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &corrupt):
		return corrupt
	}
	return t.wrap(err)
}
