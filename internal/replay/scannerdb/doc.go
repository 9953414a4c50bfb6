// Package scannerdb reads recorded calls from the database of an rdio-scanner server: version 6 or 7, and forks that
// keep to their tables, such as ThinLine Radio, on SQLite, PostgreSQL, MySQL or MariaDB.
//
// The server may go on working meanwhile. The database is opened for reading only, pages of calls and single calls are
// read in transactions of their own, and a lock is waited for. Of each call, only its number and its time are kept; its
// audio is read when it is due.
package scannerdb
