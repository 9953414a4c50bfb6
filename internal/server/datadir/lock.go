package datadir

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rdiostress/internal/server/disk"
)

// acquireLock locks a data folder until the returned database is closed, or until the process ends for any reason. The
// lock is an exclusive transaction on an empty database: SQLite can lock files on every system.
func acquireLock(ctx context.Context, path string) (*sql.DB, error) {
	// SQLite opens a file read-only if it may not write it, and then an exclusive transaction excludes nobody.
	if err := disk.CheckWritable(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("its lock: %w", err)
	}
	// Its journal would take space on a disk that may be full.
	db, err := OpenSQLite(ctx, path, url.Values{"_busy_timeout": {"0"}, "_journal_mode": {"MEMORY"}})
	if err == nil {
		db.SetMaxOpenConns(1) // the one connection stays open, and with it its transaction
		if _, err = db.ExecContext(ctx, "BEGIN EXCLUSIVE"); err == nil {
			return db, nil
		}
		err = errors.Join(err, db.Close())
	}
	var se *sqlite.Error
	if errors.As(err, &se) && se.Code()&0xff == sqlite3.SQLITE_BUSY {
		err = ErrInUse
	}
	return nil, err
}

// OpenSQLite opens an SQLite database file with the driver's parameters and fails if it cannot be opened.
func OpenSQLite(ctx context.Context, path string, params url.Values) (*sql.DB, error) {
	connector, err := sqliteConnector(path, params)
	if err != nil {
		return nil, err
	}
	return openDB(ctx, connector)
}

// OpenSQLite opens a database file that the folder watches. From then on, no connection is made to another file at its
// path.
func (f *Folder) OpenSQLite(ctx context.Context, name string, params url.Values) (*sql.DB, error) {
	connector, err := sqliteConnector(f.Path(name), params)
	if err != nil {
		return nil, err
	}
	return openDB(ctx, watchedConnector{connector, f})
}

func sqliteConnector(path string, params url.Values) (driver.Connector, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/folder
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: params.Encode()}
	return sqlite.NewConnector(dsn.String())
}

func openDB(ctx context.Context, connector driver.Connector) (*sql.DB, error) {
	db := sql.OpenDB(connector)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// watchedConnector connects to a file only while it is the watched one.
type watchedConnector struct {
	driver.Connector
	folder *Folder
}

// Connect implements driver.Connector.
func (c watchedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := c.folder.Check(); err != nil {
		return nil, err
	}
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.folder.Check(); err != nil { // the file may be gone by now
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
