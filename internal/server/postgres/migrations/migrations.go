// Package migrations holds the steps that upgrade the schema of a PostgreSQL store, forward only.
package migrations

import "embed"

// Files are the steps, by number.
//
//go:embed *.sql
var Files embed.FS
