// Package dbread opens the SQL databases of other programs for reading: SQLite, PostgreSQL, MySQL and MariaDB.
//
// Nothing can be written through it. Reading goes in short transactions, since in SQLite without a write-ahead log a
// reader holds the writer up, and [Retry] reads again where a lock or a crash gets in between.
package dbread
