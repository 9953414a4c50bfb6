package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"

	"rdiostress/internal/server/sqlite/migrations"
)

// ErrNewer means that a newer version of the program has written the data folder.
var ErrNewer = errors.New("written by a newer version")

// migrate upgrades the schema, and refuses one of a newer version.
func migrate(ctx context.Context, db *sql.DB) error {
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	has, knows, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if has > knows {
		return fmt.Errorf("%w (its schema is %d, this version knows %d)", ErrNewer, has, knows)
	}
	_, err = p.Up(ctx)
	return err
}
