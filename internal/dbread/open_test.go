package dbread

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/testenv/mariadbtest"
	"rdiostress/internal/testenv/pgtest"
)

// kind is a kind of database, opened by its owner and for reading.
type kind struct {
	dialect     *Dialect
	owner, read func() (*sql.DB, error)
}

// kinds returns an empty database of each kind.
func kinds(t *testing.T) map[string]kind {
	lite := filepath.Join(t.TempDir(), "odd name#1.db")
	pg, my := pgtest.Open(t).Database(t), mariadbtest.Start(t)
	own := func(driver, dsn string) func() (*sql.DB, error) {
		return func() (*sql.DB, error) { return sql.Open(driver, dsn) }
	}
	return map[string]kind{
		"SQLite": {
			SQLite(), own("sqlite", "file:"+strings.ReplaceAll(lite, "#", "%23")),
			func() (*sql.DB, error) { return OpenSQLite(lite) },
		},
		"PostgreSQL": {
			Postgres(), own("pgx", pg), func() (*sql.DB, error) { return OpenPostgres(pg, "a test") },
		},
		"MariaDB": {MySQL(), own("mysql", mariadbtest.DSN(my)), func() (*sql.DB, error) { return OpenMySQL(my) }},
	}
}

// Each kind of database shows its columns in small letters, and takes nothing that writes.
func TestReadOnly(t *testing.T) {
	for name, tt := range kinds(t) {
		t.Run(name, func(t *testing.T) {
			owner, err := tt.owner()
			if err != nil {
				t.Fatal(err)
			}
			defer owner.Close()
			if _, err := owner.Exec(tt.dialect.Translate(`CREATE TABLE "Calls" ("callId" integer)`)); err != nil {
				t.Fatal(err)
			}
			db, err := tt.read()
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			found, err := ReadTables(t.Context(), db, tt.dialect)
			if err != nil || !found["calls"]["callid"] {
				t.Errorf("%v, %v", found, err)
			}
			if !found.Has("CALLS", "callId") || found.Has("calls", "audio") ||
				!found.HasAll(map[string][]string{"Calls": {"callID"}}) ||
				found.HasAll(map[string][]string{"calls": {"callId", "audio"}}) {
				t.Errorf("not looked up right: %v", found)
			}
			write := tt.dialect.Translate(`INSERT INTO "Calls" ("callId") VALUES (1)`)
			if err := Query(t.Context(), db, write, nil, nil); err == nil {
				t.Error("a row was written")
			}
			if _, err := db.Exec(write); err == nil && name != "MariaDB" { // only its transactions are read-only
				t.Error("a row was written")
			}
		})
	}
}

// An address that is none is refused without a word of the password that stands in it.
func TestAddresses(t *testing.T) {
	for _, open := range []func() (*sql.DB, error){
		func() (*sql.DB, error) { return OpenPostgres("postgres://me:hush hush@host:x/calls", "a test") },
		func() (*sql.DB, error) { return OpenMySQL("mysql://me:hush@host") },
		func() (*sql.DB, error) { return OpenMySQL("mysql://me:hush@ho st:1/x") },
	} {
		if _, err := open(); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("error is %v", err)
		}
	}
	if _, err := OpenMySQL("mysql://me:hush@host/calls?socket=/run/mysqld.sock"); err != nil {
		t.Error(err)
	}
	if _, err := OpenSQLite(os.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}
