package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"rdiostress/internal/server/postgres/migrations"
)

// ErrNewer means that a newer version of the program has written the database.
var ErrNewer = errors.New("written by a newer version")

// versionTable keeps this program's schema versions apart from those of other programs that use the same tool in the
// same database.
const versionTable = "rdiostress_version"

// migrate upgrades the schema, and refuses one of a newer version. Servers that start together take turns.
func migrate(ctx context.Context, pool *pgxpool.Pool) (err error) {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithDisableGlobalRegistry(true),
		goose.WithSessionLocker(locker), goose.WithTableName(versionTable))
	if err != nil {
		return err
	}
	if _, err := p.Up(ctx); err != nil { // does nothing to a newer schema
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err == nil && has > knows {
		return fmt.Errorf("%w (its schema is %d, this version knows %d)", ErrNewer, has, knows)
	}
	return err
}
