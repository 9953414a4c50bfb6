package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrInUse says that another server has the data folder open.
var ErrInUse = errors.New("in use by another server")

// acquireLock takes the lock of a data folder until the database it returns is closed, or the process ends in whatever way.
// It is an exclusive transaction on an empty database: SQLite knows how to lock files on every system.
func acquireLock(ctx context.Context, path string) (*sql.DB, error) {
	db, err := open(ctx, path, url.Values{"_busy_timeout": {"0"}})
	if err == nil {
		db.SetMaxOpenConns(1) // the one connection stays, and its transaction with it
		if _, err = db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err == nil {
			return db, nil
		}
		err = errors.Join(err, db.Close())
	}
	if code(err) == sqlite3.SQLITE_BUSY {
		err = ErrInUse
	}
	return nil, err
}

// code is the primary SQLite result code of an error, or 0 if it is not one of SQLite's.
func code(err error) int {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return 0
	}
	return se.Code() & 0xff
}
