package dbread

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"rdiostress/internal/clock"
)

// OpenPatience is how long opening a database is tried again while it is locked.
const OpenPatience = 15 * time.Second

// The pauses between two tries.
const (
	firstPause = 10 * time.Millisecond
	maxPause   = time.Second
)

// Retry calls read until it succeeds, fails with an error that again does not take for one of the moment, or has not
// got on for as long as patience. Read goes on from where it was each time, and reports whether it has got on.
func Retry(
	ctx context.Context, patience time.Duration, again func(error) bool, read func() (gotOn bool, err error),
) error {
	since, pause := time.Now(), firstPause
	for {
		gotOn, err := read()
		if err == nil || !again(err) || ctx.Err() != nil {
			return err
		}
		if gotOn {
			since, pause = time.Now(), firstPause
		}
		if time.Since(since) >= patience {
			return err
		}
		// Half of the pause is left to chance, so that several who wait for one lock do not come at the same time.
		if clock.Sleep(ctx, pause/2+rand.N(pause/2)) != nil {
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

// IsTemporary reports whether reading a database failed for a moment: it was locked, or its server was away or busy.
func IsTemporary(err error) bool { return IsLocked(err) || isAway(err) }

// IsLocked reports whether somebody else held a lock, or had changed what was being read.
func IsLocked(err error) bool {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	switch {
	case errors.As(err, &lite):
		return slices.Contains(lockedSQLite(), lite.Code()&0xff)
	case errors.As(err, &pg):
		// serialization_failure, deadlock_detected, lock_not_available, query_canceled
		return slices.Contains([]string{"40001", "40P01", "55P03", "57014"}, pg.Code)
	case errors.As(err, &my):
		return my.Number == 1205 || my.Number == 1213 // ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
	default:
		return errors.Is(err, context.DeadlineExceeded) // a query's own
	}
}

// lockedSQLite are the result codes of locks, of a journal that its server has yet to roll back after a crash (8), of
// an interrupted query and of a schema that was just changed.
func lockedSQLite() []int {
	const busy, locked, readOnly, interrupt, protocol, schema = 5, 6, 8, 9, 15, 17
	return []int{busy, locked, readOnly, interrupt, protocol, schema}
}

// awaySQLite are the result codes of files that could not be read or opened, as while a crashed server begins anew.
func awaySQLite() []int {
	const inputOutput, cantOpen = 10, 14
	return []int{inputOutput, cantOpen}
}

// isAway reports whether a database could not be reached, or its server sent its clients away.
func isAway(err error) bool {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	var my *mysql.MySQLError
	var op *net.OpError
	switch {
	case errors.As(err, &lite):
		return slices.Contains(awaySQLite(), lite.Code()&0xff)
	case errors.As(err, &pg):
		// Class 08 is connections, 57P0x a server that stops or starts, 53300 too many connections.
		return strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P0") || pg.Code == "53300"
	case errors.As(err, &my):
		// ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN, ER_TOO_MANY_USER_CONNECTIONS
		return my.Number == 1040 || my.Number == 1053 || my.Number == 1203
	default:
		return errors.As(err, &op) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, mysql.ErrInvalidConn) ||
			errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || pgconn.SafeToRetry(err)
	}
}
