// Package migrations holds the steps that bring the schema of a PostgreSQL store up to date, forward only.
package migrations

import "embed"

// Files are the steps, by number.
//
//go:embed *.sql
var Files embed.FS
