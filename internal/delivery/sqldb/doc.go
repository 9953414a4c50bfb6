// Package sqldb reads the calls that a server keeps in an SQL database: SQLite, PostgreSQL, MySQL or MariaDB.
//
// Which server's database it is shows by its tables and columns (schema.go), whose texts each dialect of SQL spells in
// its own way. Rows are read few at a time in read-only transactions, since in SQLite without a write-ahead log a
// reader holds the writer up, and again where a lock or a crash gets in between (retry.go). Audio that the database
// only names is read from its file (files.go).
package sqldb
