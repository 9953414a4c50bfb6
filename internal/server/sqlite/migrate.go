package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// ErrNewer says that the data folder has been written by a newer version of the program.
var ErrNewer = errors.New("written by a newer version")

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, and refuses one from the future.
func migrate(ctx context.Context, db *sql.DB) error {
	scripts, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, scripts, goose.WithDisableGlobalRegistry(true))
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
