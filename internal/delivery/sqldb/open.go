package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rdiostress/internal/dbread"
	"rdiostress/internal/delivery"
	"rdiostress/internal/inputfile"
)

// OpenSQLite opens a server's SQLite database read-only, with a rollback journal or a write-ahead log.
func OpenSQLite(ctx context.Context, path string) (delivery.Prober, error) {
	if err := inputfile.Check(path); err != nil { // a pipe would be waited for
		return nil, err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, open: func() (*sql.DB, error) { return dbread.OpenSQLite(full) }}
	if f.info, err = os.Stat(path); err != nil {
		return nil, err
	}
	db, err := f.open()
	if err != nil {
		return nil, err
	}
	p, err := newProber(ctx, db, dbread.SQLite())
	if d, ok := p.(*database); ok {
		d.file = f
		d.files.addParents(filepath.Dir(full))
	}
	return p, err
}

// OpenPostgres opens a server's PostgreSQL database, of which it reads in read-only transactions.
func OpenPostgres(ctx context.Context, address string) (delivery.Prober, error) {
	db, err := dbread.OpenPostgres(address, "rdiostress verify")
	if err != nil {
		return nil, err
	}
	return newProber(ctx, db, dbread.Postgres())
}

// OpenMySQL opens a server's MySQL or MariaDB database, of which it reads in read-only transactions.
func OpenMySQL(ctx context.Context, address string) (delivery.Prober, error) {
	db, err := dbread.OpenMySQL(address)
	if err != nil {
		return nil, err
	}
	return newProber(ctx, db, dbread.MySQL())
}

// newProber looks into a database, and closes it if it cannot be used.
func newProber(ctx context.Context, db *sql.DB, d *dbread.Dialect) (delivery.Prober, error) {
	p, err := newDatabase(ctx, db, d)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return p, nil
}

// Open opens a database by the method's name: "sqlite", "postgres" or "mysql".
func Open(ctx context.Context, method, address string) (delivery.Prober, error) {
	switch method {
	case "sqlite":
		return OpenSQLite(ctx, address)
	case "postgres":
		return OpenPostgres(ctx, address)
	case "mysql":
		return OpenMySQL(ctx, address)
	}
	return nil, fmt.Errorf("there is no kind of database %q", method)
}

// SetLocation has a database's Source say where it is too, such as "in /var/lib/rdio-scanner.db". Others know that from
// having asked for it.
func SetLocation(p delivery.Prober, where string) {
	if d, ok := p.(*database); ok {
		d.where = " " + where
	}
}
