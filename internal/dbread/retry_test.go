package dbread

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// Only errors that pass are tried again.
func TestIsTemporary(t *testing.T) {
	for _, tt := range []struct {
		err        error
		locked, is bool
	}{
		{&pgconn.PgError{Code: "40001"}, true, true},
		{fmt.Errorf("reading the calls: %w", &pgconn.PgError{Code: "40P01"}), true, true},
		{&pgconn.PgError{Code: "55P03"}, true, true},
		{&pgconn.PgError{Code: "57P03"}, false, true}, // the database system is starting up
		{&pgconn.PgError{Code: "53300"}, false, true},
		{&pgconn.PgError{Code: "08006"}, false, true},
		{&pgconn.PgError{Code: "28P01"}, false, false}, // a wrong password
		{&pgconn.PgError{Code: "42P01"}, false, false}, // no such table
		{&mysql.MySQLError{Number: 1205}, true, true},
		{&mysql.MySQLError{Number: 1213}, true, true},
		{&mysql.MySQLError{Number: 1040}, false, true},
		{&mysql.MySQLError{Number: 1045}, false, false}, // access denied
		{mysql.ErrInvalidConn, false, true},
		{driver.ErrBadConn, false, true},
		{fmt.Errorf("reading the calls: %w", io.ErrUnexpectedEOF), false, true},
		{context.DeadlineExceeded, true, true},
		{context.Canceled, false, false},
		{errors.New("no such column"), false, false},
	} {
		if IsTemporary(tt.err) != tt.is || IsLocked(tt.err) != tt.locked {
			t.Errorf("%v: temporary %t, locked %t", tt.err, IsTemporary(tt.err), IsLocked(tt.err))
		}
	}
}

// Trying again ends with success, with an error that stays, when nothing gets on for too long, and with its context.
func TestRetry(t *testing.T) {
	passing, staying := io.ErrUnexpectedEOF, errors.New("no such table")
	tries := 0
	if err := Retry(t.Context(), time.Minute, IsTemporary, func() (bool, error) {
		if tries++; tries < 4 {
			return false, passing
		}
		return true, nil
	}); err != nil || tries != 4 {
		t.Errorf("%v after %d tries", err, tries)
	}
	tries = 0
	if err := Retry(t.Context(), time.Minute, IsTemporary, func() (bool, error) {
		tries++
		return false,
			staying
	}); err != staying ||
		tries != 1 {
		t.Errorf("%v after %d tries", err, tries)
	}
	began := time.Now()
	if err := Retry(t.Context(), 50*time.Millisecond, IsTemporary, func() (bool, error) {
		return false,
			passing
	}); err != passing ||
		time.Since(began) < 50*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Retry(ctx, time.Hour, IsTemporary, func() (bool, error) { return true, passing }); err != passing {
		t.Error(err)
	}
}
