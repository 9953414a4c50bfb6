package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/inputfile"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

func onSQLite() *dialect {
	return &dialect{
		method: "sqlite", product: "SQLite", quote: `"`, first: "?", second: "?", length: "length", text: "text",
		tables: `SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'`,
	}
}

func onPostgres() *dialect {
	return &dialect{
		method: "postgres", product: "PostgreSQL", quote: `"`, first: "$1", second: "$2", length: "octet_length",
		text: "text", hash: "sha256(%s)",
		tables: `SELECT table_name, column_name FROM information_schema.columns ` +
			`WHERE table_schema = ANY (current_schemas(false))`,
		// Sequences give out ids before the transactions that use them commit.
		overtakes: true,
	}
}

func onMySQL() *dialect {
	return &dialect{
		method: "mysql", product: "MySQL or MariaDB", quote: "`", first: "?", second: "?", length: "octet_length",
		text: "char", hash: "UNHEX(SHA2(%s, 256))",
		tables:    `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()`,
		overtakes: true,
	}
}

// busyTimeout is how long a look at an SQLite database waits for a writer; it comes again later anyway.
const busyTimeout = 2 * time.Second

// OpenSQLite opens a server's SQLite database read-only, with a rollback journal or a write-ahead log.
func OpenSQLite(ctx context.Context, path string) (delivery.Prober, error) {
	if err := inputfile.Check(path); err != nil { // which would be waited for
		return nil, err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	folder := filepath.Dir(full)
	if full = filepath.ToSlash(full); !strings.HasPrefix(full, "/") {
		full = "/" + full // C:/folder
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: full, RawQuery: url.Values{
		"mode": {"ro"}, "_busy_timeout": {fmt.Sprint(busyTimeout.Milliseconds())}, "_pragma": {"query_only(1)"},
	}.Encode()}
	f := &file{path: path, open: func() (*sql.DB, error) { return sql.Open("sqlite", dsn.String()) }}
	if f.info, err = os.Stat(path); err != nil {
		return nil, err
	}
	db, err := f.open()
	if err != nil {
		return nil, err
	}
	p, err := newProber(ctx, db, onSQLite())
	if d, ok := p.(*database); ok {
		d.file = f
		d.files.addParents(folder)
	}
	return p, err
}

// OpenPostgres opens a server's PostgreSQL database, of which it reads in read-only transactions.
func OpenPostgres(ctx context.Context, address string) (delivery.Prober, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address is not like postgres://user:password@host:5432/database")
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "rdiostress verify"
	return newProber(ctx, stdlib.OpenDB(*config), onPostgres())
}

// OpenMySQL opens a server's MySQL or MariaDB database, of which it reads in read-only transactions.
func OpenMySQL(ctx context.Context, address string) (delivery.Prober, error) {
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
	config.DBName = strings.Trim(u.Path, "/")
	config.Timeout, config.ReadTimeout = 10*time.Second, queryTimeout
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return newProber(ctx, sql.OpenDB(connector), onMySQL())
}

// newProber looks into a database, and closes it if it cannot be used.
func newProber(ctx context.Context, db *sql.DB, d *dialect) (delivery.Prober, error) {
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
