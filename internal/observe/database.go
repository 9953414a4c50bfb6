package observe

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/address"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
)

// database observes a PostgreSQL server through one read-only connection.
type database struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
	sizeAt time.Time // when the size was read last
}

const (
	databaseTimeout = 2 * time.Second
	sizeEvery       = 10 * time.Second // the database's size: PostgreSQL visits every file for it
)

func databaseSignals() []measure.Signal {
	return []measure.Signal{
		measure.DBConnections, measure.DBConnectionsLimit, measure.DBWaitingLocks, measure.DBLongestTransaction,
		measure.DBSize,
	}
}

func (d *database) signals() []measure.Signal { return databaseSignals() }

func (d *database) close() {
	if d.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	_ = d.conn.Close(ctx)
}

// ParseDatabase checks a database address. The error does not show the address, since it contains a password.
func ParseDatabase(address string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, field.Errorf("watch_db", "{watch_db} must be like postgres://user:password@host:5432/database")
	}
	config.ConnectTimeout = databaseTimeout
	config.RuntimeParams["application_name"] = "rdiostress"
	config.RuntimeParams["default_transaction_read_only"] = "on"
	config.RuntimeParams["statement_timeout"] = fmt.Sprint(databaseTimeout.Milliseconds())
	return config, nil
}

// openDatabase connects to the server's database, if one is configured.
func (w *Watcher) openDatabase(ctx context.Context, o *Options) (probe, error) {
	if o.Database == "" {
		w.setAllAbsent(databaseSignals(), w.names.Text("no {watch_db} names the server's database"))
		return nil, nil
	}
	config, err := ParseDatabase(o.Database)
	if err != nil {
		return nil, err
	}
	d := &database{config: config}
	if err := d.connect(ctx); err != nil {
		return nil, field.Errorf("watch_db", "{watch_db}: %w", err)
	}
	w.info.Database = fmt.Sprintf("%s on %s:%d", config.Database, config.Host, config.Port)
	return d, nil
}

func (d *database) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return fmt.Errorf(
			"no connection to database %s on %s:%d: %w", d.config.Database, d.config.Host, d.config.Port,
			lastCause(err),
		)
	}
	d.conn = conn
	return nil
}

// lastCause returns the innermost cause of an error, for the first of several attempts: pgx's own text repeats the
// address, on one line for each attempt.
func lastCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if all, ok := err.(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
			inner = all.Unwrap()[0]
		}
		if inner == nil {
			return err
		}
		err = inner
	}
}

// The query excludes the watching connection itself. Connections are counted for the whole server, since its limit is
// for the whole server; sessions that wait for a lock, and transactions that are not idle, are counted for this
// database.
const databaseQuery = `
select (select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <>
	pg_backend_pid())::float8,
       current_setting('max_connections')::float8,
       (select count(distinct l.pid) from pg_locks l join pg_stat_activity a using (pid)
         where not l.granted and a.datname = current_database())::float8,
       (select coalesce(extract(epoch from max(clock_timestamp() - xact_start)), 0) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null)::float8`

func (d *database) read(ctx context.Context, seen *measure.Observation) (bool, error) {
	if d.conn == nil || d.conn.IsClosed() {
		if err := d.connect(ctx); err != nil {
			return false, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	var v [4]float64
	if err := d.conn.QueryRow(ctx, databaseQuery).Scan(&v[0], &v[1], &v[2], &v[3]); err != nil {
		return false, fmt.Errorf("database: %w", lastCause(err))
	}
	for i, sig := range databaseSignals()[:len(v)] {
		seen.Set(sig, v[i])
	}
	if time.Since(d.sizeAt) < sizeEvery {
		return false, nil
	}
	var size float64
	if err := d.conn.QueryRow(ctx, `select pg_database_size(current_database())::float8`).Scan(&size); err != nil {
		return false, fmt.Errorf("database size: %w", lastCause(err))
	}
	seen.Set(measure.DBSize, size)
	d.sizeAt = time.Now()
	return false, nil
}

// databaseNames returns the process names of a database that runs on this machine, by its address; none for another
// machine.
func databaseNames(ctx context.Context, database string) []string {
	if database == "" {
		return nil
	}
	config, err := ParseDatabase(database)
	if err != nil {
		return nil
	}
	here := strings.HasPrefix(config.Host, "/") ||
		(address.Target{Host: config.Host}).IsLocal(ctx, net.DefaultResolver.LookupNetIP)
	if !here {
		return nil
	}
	return []string{"postgres"}
}
