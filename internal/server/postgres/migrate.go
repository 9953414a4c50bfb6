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

// ErrNewer says that the database has been written by a newer version of the program.
var ErrNewer = errors.New("written by a newer version")

// versionTable keeps this program's schema apart from others' that use the same tool in the same database.
const versionTable = "rdiostress_version"

// migrate brings the schema up to date, and refuses one from the future. Servers that start together take turns.
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
	if _, err := p.Up(ctx); err != nil { // which does nothing to a schema that is newer
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err == nil && has > knows {
		return fmt.Errorf("%w (its schema is %d, this version knows %d)", ErrNewer, has, knows)
	}
	return err
}
