package dbread

import (
	"context"
	"database/sql"
	"strings"
)

// Tables are the columns of each table of a database, all in small letters, since databases differ in which case they
// keep.
type Tables map[string]map[string]bool

// ReadTables reads which tables and columns a database has. It waits for locks.
func ReadTables(ctx context.Context, db *sql.DB, d *Dialect) (Tables, error) {
	found := make(Tables)
	err := QueryAtOpen(ctx, db, d.Tables, nil, func(rows *sql.Rows) error {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return err
		}
		table = strings.ToLower(table)
		if found[table] == nil {
			found[table] = make(map[string]bool)
		}
		found[table][strings.ToLower(column)] = true
		return nil
	})
	return found, err
}

// Has reports whether there is a table with a column, in whichever case their names are written.
func (t Tables) Has(table, column string) bool {
	return t[strings.ToLower(table)][strings.ToLower(column)]
}

// HasAll reports whether there are tables with all of their columns, in whichever case their names are written.
func (t Tables) HasAll(tables map[string][]string) bool {
	for table, columns := range tables {
		for _, column := range columns {
			if !t.Has(table, column) {
				return false
			}
		}
	}
	return true
}
