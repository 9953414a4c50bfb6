package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/disk"
)

// ErrURL means that a database's URL cannot be parsed.
var ErrURL = errors.New("the database's URL cannot be read")

// PoolOptions are the options of the connection pool. A zero value means the default, which is the guide's.
type PoolOptions struct {
	Min, Max       int           // connections
	AcquireTimeout time.Duration // maximum wait for a free connection, retries included
	MaxLifetime    time.Duration // of a connection
	MaxIdle        time.Duration // for an unused connection
	MaxQueries     int64         // over one connection
	Retries        int           // after a connection failed or was lost; negative means none
}

// withDefaults fills in the defaults.
func (o PoolOptions) withDefaults() PoolOptions {
	return PoolOptions{
		Min: cmp.Or(o.Min, 5), Max: cmp.Or(o.Max, 20),
		AcquireTimeout: cmp.Or(o.AcquireTimeout, 30*time.Second),
		MaxLifetime:    cmp.Or(o.MaxLifetime, time.Hour),
		MaxIdle:        cmp.Or(o.MaxIdle, 5*time.Minute),
		MaxQueries:     cmp.Or(o.MaxQueries, 50_000),
		Retries:        cmp.Or(o.Retries, 3),
	}
}

const (
	firstBackoff = 100 * time.Millisecond // doubles with each retry, with a jitter of half
	queryLimit   = 30 * time.Second       // for work over a connection
	pingLimit    = 5 * time.Second        // for a connection to show that it is alive
)

// dropLost makes PostgreSQL notice within half a minute that a client is gone, and release its locks.
const dropLost = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"

// pool is a pgxpool whose connections are checked before use and replaced after MaxQueries.
type pool struct {
	*pgxpool.Pool
	o PoolOptions
}

func newPool(ctx context.Context, url string, o PoolOptions) (*pool, error) {
	o = o.withDefaults()
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err) // the error shows no password
	}
	c.MinConns, c.MaxConns = int32(o.Min), int32(o.Max)
	c.MaxConnLifetime, c.MaxConnLifetimeJitter = o.MaxLifetime, o.MaxLifetime/10
	c.MaxConnIdleTime, c.HealthCheckPeriod = o.MaxIdle, min(o.MaxIdle, time.Minute)
	c.PingTimeout = pingLimit
	c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	c.ConnConfig.Tracer = queryCounter{}
	c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, dropLost)
		return err
	}
	c.AfterRelease = func(conn *pgx.Conn) bool { return queries(conn) < o.MaxQueries }
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = o.AcquireTimeout / 3
	}
	// A commit is on disk, whatever the database's own default is.
	c.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	// A transaction that has waited for the lock of a duplicate must see what was stored meanwhile, whatever the
	// database's own default is.
	c.ConnConfig.RuntimeParams["default_transaction_isolation"] = "read committed"
	// A plan for an empty table would otherwise be kept for the full one.
	c.ConnConfig.RuntimeParams["plan_cache_mode"] = "force_custom_plan"
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "rdiostress"
	}
	p, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	return &pool{p, o}, nil
}

// with runs f over a connection. If no connection can be made, or it is lost, with runs f again over another one after
// a pause, so f must be safe to repeat. An error that means that the database is down is an UnavailableError.
func (p *pool) with(ctx context.Context, f func(ctx context.Context, conn *pgxpool.Conn) error) error {
	pause, patience := firstBackoff, p.o.AcquireTimeout
	for retry := 0; ; retry++ {
		err := p.withOnce(ctx, &patience, f)
		switch {
		case err == nil:
			return nil
		case isNoSpace(err):
			return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
		case ctx.Err() != nil || !isLost(err):
			return err
		case retry >= p.o.Retries, patience <= 0, retry > 0 && isReadOnly(err):
			// One new connection shows whether there is a primary.
			return &call.UnavailableError{RetryAfter: time.Second, Err: err}
		}
		if err := clock.Sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return err
		}
		pause *= 2
	}
}

// withOnce runs f over a connection. It waits for one no longer than patience, and subtracts the wait from patience.
func (p *pool) withOnce(ctx context.Context, patience *time.Duration,
	f func(ctx context.Context, conn *pgxpool.Conn) error,
) error {
	began := time.Now()
	acquire, cancel := context.WithTimeout(ctx, *patience)
	conn, err := p.Acquire(acquire)
	cancel()
	*patience -= time.Since(began)
	if err != nil {
		return &acquireError{err}
	}
	defer conn.Release()
	ctx, cancel = context.WithTimeout(ctx, queryLimit)
	defer cancel()
	if err = f(ctx, conn); isReadOnly(err) {
		_ = conn.Conn().Close(ctx) // only matters that it is not used again
	}
	return err
}

// acquireError means that no connection was available.
type acquireError struct{ err error }

// Error returns one line: the driver's error has one for each address that it has tried.
func (e *acquireError) Error() string {
	lines := strings.FieldsFunc(e.err.Error(), func(r rune) bool { return r == '\n' || r == '\t' })
	return "connecting to the database: " + strings.Join(slices.Compact(lines), " ")
}
func (e *acquireError) Unwrap() error { return e.err }

// isLost reports whether an error is one of the connection, or of a server that starts or stops, and not of a
// statement.
func isLost(err error) bool {
	if errors.As(err, new(*acquireError)) {
		return true
	}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		return !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, errTaken) && !errors.Is(err, errUnknownNode)
	}
	switch {
	case pe.Code[:2] == "08", pe.Code[:2] == "57", pe.Code[:2] == "53", pe.Code[:2] == "58", pe.Code == "XX000":
		return true // connection, operator, resources, system
	case pe.Code == "40001", pe.Code == "40P01", pe.Code == "55P03":
		return true // serialization, deadlock, lock not available: not caused by the data
	}
	return isReadOnly(err)
}

// isReadOnly reports whether the database refuses writes: it is a standby, as a primary is after a failover, or it was
// set to read only. A new connection may lead to the primary.
func isReadOnly(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "25006"
}

// isNoSpace reports whether the database's disk is full, or the disk that audio is spooled to.
func isNoSpace(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && pe.Code == "53100" || disk.IsFull(err)
}

// isData reports whether one call's data caused an error: values, constraints, and sizes.
func isData(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code[:2] == "22" || pe.Code[:2] == "23" || pe.Code[:2] == "54")
}

// queryCounter counts the queries over each connection.
type queryCounter struct{}

const queriesKey = "rdiostress.queries"

func queries(conn *pgx.Conn) int64 {
	n, _ := conn.PgConn().CustomData()[queriesKey].(int64)
	return n
}

func count(conn *pgx.Conn) { conn.PgConn().CustomData()[queriesKey] = queries(conn) + 1 }

// TraceQueryStart implements pgx.QueryTracer.
func (queryCounter) TraceQueryStart(ctx context.Context, conn *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	count(conn)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (queryCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (queryCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (queryCounter) TraceBatchQuery(_ context.Context, conn *pgx.Conn, _ pgx.TraceBatchQueryData) {
	count(conn)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (queryCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (p *pool) stats() call.PoolStats {
	s := p.Stat()
	return call.PoolStats{
		InUse: int(s.AcquiredConns()), Idle: int(s.IdleConns()), Max: int(s.MaxConns()),
		Waits: s.EmptyAcquireCount(), Waited: s.AcquireDuration(), Opened: s.NewConnsCount(),
	}
}
