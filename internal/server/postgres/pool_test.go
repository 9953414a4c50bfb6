package postgres

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
)

// The store waits once for a database that accepts connections but does not answer, not once for each retry.
func TestPatienceIncludesRetries(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	p, err := newPool(t.Context(), "postgres://nobody@"+ln.Addr().String()+"/none?sslmode=disable",
		PoolOptions{AcquireTimeout: time.Second, Retries: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err = p.with(ctx, func(context.Context, *pgxpool.Conn) error { return nil })
	if !errors.As(err, new(*call.UnavailableError)) {
		t.Errorf("got %v, want that the database is unavailable", err)
	}
}
