package dbread

import "strings"

// Dialect is how a kind of database wants SQL to be written.
type Dialect struct {
	Method, Product string // such as "postgres" and "PostgreSQL"
	Quote           string // of names
	First, Second   string // placeholders
	Length          string // function for the length of bytes
	Text            string // type that a cast turns anything into
	Hash            string // expression for the SHA-256 of %s; empty if the database has none
	Tables          string // query that lists the tables and their columns
	Overtakes       bool   // a row may become visible before one with a lower id
}

// SQLite returns the dialect of SQLite.
func SQLite() *Dialect {
	return &Dialect{
		Method: "sqlite", Product: "SQLite", Quote: `"`, First: "?", Second: "?", Length: "length", Text: "text",
		Tables: `SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'`,
	}
}

// Postgres returns the dialect of PostgreSQL.
func Postgres() *Dialect {
	return &Dialect{
		Method: "postgres", Product: "PostgreSQL", Quote: `"`, First: "$1", Second: "$2", Length: "octet_length",
		Text: "text", Hash: "sha256(%s)",
		Tables: `SELECT table_name, column_name FROM information_schema.columns ` +
			`WHERE table_schema = ANY (current_schemas(false))`,
		// Sequences give out ids before the transactions that use them commit.
		Overtakes: true,
	}
}

// MySQL returns the dialect of MySQL and MariaDB.
func MySQL() *Dialect {
	return &Dialect{
		Method: "mysql", Product: "MySQL or MariaDB", Quote: "`", First: "?", Second: "?", Length: "octet_length",
		Text: "char", Hash: "UNHEX(SHA2(%s, 256))",
		Tables:    `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()`,
		Overtakes: true,
	}
}

// Translate writes a template as the dialect does. In a template, names stand in double quotes, and {length} is the
// function for the length of bytes.
func (d *Dialect) Translate(template string) string {
	return strings.NewReplacer(`"`, d.Quote, "{length}", d.Length).Replace(template)
}
