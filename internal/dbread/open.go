package dbread

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"rdiostress/internal/inputfile"
)

// BusyTimeout is how long one query of an SQLite database waits for a writer.
const BusyTimeout = 2 * time.Second

// queryTimeout bounds one query.
const queryTimeout = 20 * time.Second

// OpenSQLite opens an SQLite database read-only, with a rollback journal or a write-ahead log.
func OpenSQLite(path string) (*sql.DB, error) {
	if err := inputfile.Check(path); err != nil { // a pipe would be waited for
		return nil, err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if full = filepath.ToSlash(full); !strings.HasPrefix(full, "/") {
		full = "/" + full // C:/folder
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: full, RawQuery: url.Values{
		"mode": {"ro"}, "_busy_timeout": {fmt.Sprint(BusyTimeout.Milliseconds())}, "_pragma": {"query_only(1)"},
	}.Encode()}
	return sql.Open("sqlite", dsn.String())
}

// OpenPostgres opens a PostgreSQL database by its address, for read-only transactions. The server sees the name of the
// application. No error names the password.
func OpenPostgres(address, application string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address is not like postgres://user:password@host:5432/database")
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = application
	return stdlib.OpenDB(*config), nil
}

// OpenMySQL opens a MySQL or MariaDB database by its address, for read-only transactions.
func OpenMySQL(address string) (*sql.DB, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New("the address is not like mysql://user:password@host:3306/database")
	}
	config := mysql.NewConfig()
	config.User = u.User.Username()
	config.Passwd, _ = u.User.Password()
	config.Net, config.Addr = "tcp", u.Host
	if u.Port() == "" {
		config.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	if socket := u.Query().Get("socket"); socket != "" {
		config.Net, config.Addr = "unix", socket
	}
	config.Logger = &mysql.NopLogger{} // errors are returned too
	config.DBName = strings.Trim(u.Path, "/")
	config.Timeout, config.ReadTimeout = 10*time.Second, queryTimeout
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Query makes a query in a read-only transaction and calls each with every row.
func Query(ctx context.Context, db *sql.DB, query string, args []any, each func(*sql.Rows) error) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback() // it has only read
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("reading the calls: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return fmt.Errorf("reading the calls: %w", err)
		}
	}
	return rows.Err()
}

// QueryAtOpen makes a query as [Query] does when a database is opened: again from its beginning while it is locked.
func QueryAtOpen(ctx context.Context, db *sql.DB, query string, args []any, each func(*sql.Rows) error) error {
	return Retry(ctx, OpenPatience, IsLocked, func() (bool, error) {
		return false, Query(ctx, db, query, args, each)
	})
}
