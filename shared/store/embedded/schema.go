package embedded

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// The header of the database file says what it is.
const (
	applicationID = 0x53697263 // "Sirc"
	formatVersion = 1
)

// Keys are blobs, so that they compare byte by byte and may hold any character.
// Items lie in the order of their keys; the index is only over those in it.
var ddl = []string{
	`CREATE TABLE items (
		pk BLOB NOT NULL, sk BLOB NOT NULL,
		gpk BLOB, gsk BLOB,
		v INTEGER NOT NULL,
		exp INTEGER NOT NULL,
		body BLOB,
		PRIMARY KEY (pk, sk)
	) WITHOUT ROWID`,
	`CREATE INDEX items_index ON items (gpk, gsk, pk, sk) WHERE gpk IS NOT NULL`,
	`CREATE INDEX items_exp ON items (exp) WHERE exp > 0`,
	fmt.Sprintf(`PRAGMA application_id = %d`, applicationID),
	fmt.Sprintf(`PRAGMA user_version = %d`, formatVersion),
}

// migrate makes the tables in an empty file, and refuses a file that is another
// application's or a later version's. Several processes may do so at once.
func migrate(ctx context.Context, c *sql.Conn, path string) error {
	if _, err := c.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	defer func() { _, _ = c.ExecContext(ctx, `ROLLBACK`) }() // after COMMIT it does nothing
	var app, version, tables int64
	row := c.QueryRowContext(ctx, `SELECT
		(SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version),
		(SELECT count(*) FROM sqlite_master)`)
	if err := row.Scan(&app, &version, &tables); err != nil {
		return err
	}
	switch {
	case app == applicationID && version == formatVersion:
		return nil
	case app == applicationID:
		return &FormatError{path, fmt.Sprintf("a store of format %d: this version of Sirocco knows %d", version, formatVersion)}
	case app != 0 || tables > 0:
		return &FormatError{path, "not a store of Sirocco"}
	}
	for _, stmt := range ddl {
		if _, err := c.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	_, err := c.ExecContext(ctx, `COMMIT`)
	return err
}

// walMode turns the write-ahead log on. SQLite does not wait for other processes
// here, so that two that make the file together must try again.
func walMode(ctx context.Context, c *sql.Conn, deadline time.Time) error {
	for {
		_, err := c.ExecContext(ctx, `PRAGMA journal_mode = WAL`)
		if !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
