package sqldb

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Cleanup is how calls of this program are removed from the tables of a server. Nothing has been removed.
type Cleanup struct {
	Source string // whose tables they are, and in which kind of database
	Calls  int64
	// Statements that remove them, in order, for one transaction; none without calls.
	Statements []string
	// Files lists the files with the audio of these calls, which no statement removes. It is empty where all audio is
	// in the tables.
	Files string
	Begin string // begins a transaction; COMMIT ends it
}

// runID matches the ID of a run.
var runID = regexp.MustCompile(`^[a-z2-7]{8}$`)

// CheckRunID returns an error if a text is no ID of a run.
func CheckRunID(id string) error {
	if !runID.MatchString(id) {
		return fmt.Errorf("%q is no ID of a run: those have eight characters, a-z and 2-7", id)
	}
	return nil
}

// ReadCleanup reads from a database, by the method's name, how the calls of some runs are removed, or those of all runs
// without an ID. It only reads.
func ReadCleanup(ctx context.Context, method, address string, runs ...string) (c Cleanup, err error) {
	for _, run := range runs { // they become part of SQL
		if err := CheckRunID(run); err != nil {
			return c, err
		}
	}
	p, err := Open(ctx, method, address)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	d, ok := p.(*database)
	if !ok {
		return c, fmt.Errorf("%w: of a server whose calls could be removed", ErrUnknown)
	}
	return d.cleanup(ctx, runs)
}

// cleanup returns how the calls of some runs, or of all, are removed.
func (p *database) cleanup(ctx context.Context, runs []string) (Cleanup, error) {
	s := p.schema
	table, _, _ := strings.Cut(s.from, " ")
	bare := func(column string) string { return strings.ReplaceAll(column, `c."`, `"`) }
	id, where := bare(s.id), p.markCondition(bare(s.columns[colName]), runs)
	c := Cleanup{Source: p.Source(), Begin: "BEGIN"}
	if p.dialect.Method == "mysql" {
		c.Begin = "START TRANSACTION"
	}
	t := p.dialect.Translate
	count := t(fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE %s", table, where))
	err := p.queryAtOpen(ctx, count, func(rows *sql.Rows) error { return rows.Scan(&c.Calls) })
	if err != nil || c.Calls == 0 {
		return c, err
	}
	children, err := p.children(ctx, strings.Trim(table, `"`), strings.Trim(id, `"`))
	if err != nil {
		return c, err
	}
	for _, child := range children {
		c.Statements = append(c.Statements, t(fmt.Sprintf(`DELETE FROM "%s" WHERE "%s" IN (SELECT %s FROM %s WHERE %s)`,
			child.table, child.column, id, table, where)))
	}
	c.Statements = append(c.Statements, t(fmt.Sprintf("DELETE FROM %s WHERE %s", table, where)))
	if s.grouped {
		before, after := groupStatements(table, where)
		c.Statements = append(append([]string{t(before)}, c.Statements...), t(after))
	}
	c.Files, err = p.filesOf(ctx, table, bare(cmp.Or(s.file, s.columns[colFile])), where)
	return c, err
}

// groupStatements remove the groups that tr-engine puts calls of several recorders into, if no other call is in them.
// Calls refer to their group, so that it can only go after them, when nothing shows any more which group was theirs.
func groupStatements(table, where string) (before, after string) {
	const group, kept = `"call_group_id"`, `"rdiostress_groups"`
	return fmt.Sprintf("CREATE TEMPORARY TABLE %s ON COMMIT DROP AS SELECT DISTINCT %s FROM %s WHERE %s AND %[2]s IS "+
			"NOT NULL", kept, group, table, where),
		fmt.Sprintf(`DELETE FROM "call_groups" WHERE "id" IN (SELECT %s FROM %s) AND NOT EXISTS (SELECT 1 FROM %s c `+
			`WHERE c.%[1]s = "call_groups"."id")`, group, kept, table)
}

// filesOf returns the query that lists the files with the audio of calls; empty if none of these calls has a file.
func (p *database) filesOf(ctx context.Context, table, column, where string) (string, error) {
	if column == "" {
		return "", nil
	}
	from := fmt.Sprintf("FROM %s WHERE %s AND %s IS NOT NULL", table, where, column)
	var files int64
	count := p.dialect.Translate("SELECT COUNT(*) " + from)
	err := p.queryAtOpen(ctx, count, func(rows *sql.Rows) error { return rows.Scan(&files) })
	if err != nil || files == 0 {
		return "", err
	}
	return p.dialect.Translate(fmt.Sprintf("SELECT %s %s", column, from)), nil
}

// markCondition is true of the names of some runs' calls, or of all runs' without an ID.
func (p *database) markCondition(name string, runs []string) string {
	var any []string
	for _, run := range runs {
		any = append(any, fmt.Sprintf("%s LIKE '%%rs-%s-%%'", name, run))
	}
	switch {
	case len(any) == 1:
		return any[0]
	case len(any) > 1:
		return "(" + strings.Join(any, " OR ") + ")"
	}
	const pattern = "rs-[a-z2-7]{8}-([0-9]{7}|probe|prime-|bad-[a-z])"
	switch p.dialect.Method {
	case "postgres":
		return fmt.Sprintf("%s ~ '%s'", name, pattern)
	case "mysql":
		return fmt.Sprintf("%s REGEXP '%s'", name, pattern)
	}
	mark := "*rs-" + strings.Repeat("[a-z2-7]", 8) + "-"
	for _, end := range []string{strings.Repeat("[0-9]", 7), "probe", "prime-", "bad-[a-z]"} {
		any = append(any, fmt.Sprintf("%s GLOB '%s%s*'", name, mark, end))
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// child is a column of another table that holds calls' keys.
type child struct{ table, column string }

// children returns the columns of other tables that refer to the calls: by a foreign key, or by the name of their key
// if it is more than "id". Where a foreign key is set to nothing when the call goes, the row may stay.
func (p *database) children(ctx context.Context, table, id string) ([]child, error) {
	refers, named := childQueries(p.dialect.Method)
	var found, stay []child
	read := func(query, of string, each func(c child, rule string)) error {
		return p.queryAtOpen(ctx, query, func(rows *sql.Rows) error {
			var c child
			var rule string
			err := rows.Scan(&c.table, &c.column, &rule)
			if err == nil && !strings.EqualFold(c.table, table) {
				each(c, rule)
			}
			return err
		}, of)
	}
	add := func(c child) {
		if !slices.Contains(found, c) && !slices.Contains(stay, c) {
			found = append(found, c)
		}
	}
	err := read(refers, table, func(c child, rule string) {
		if strings.EqualFold(rule, "SET NULL") || rule == "n" {
			stay = append(stay, c)
			return
		}
		add(c)
	})
	if err == nil && id != "id" {
		err = read(named, id, func(c child, _ string) { add(c) })
	}
	slices.SortFunc(found, func(a, b child) int {
		return cmp.Or(strings.Compare(a.table, b.table), strings.Compare(a.column, b.column))
	})
	return found, err
}

// childQueries are the queries for foreign keys to a table, and for columns of a name, of real tables alone: table,
// column, and what becomes of a row when what it refers to is deleted.
func childQueries(method string) (refers, named string) {
	switch method {
	case "postgres":
		const of = ` FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid `
		const real = ` AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND pg_table_is_visible(c.oid)`
		return `SELECT c.relname, a.attname, k.confdeltype::text` + of + `JOIN pg_constraint k ON k.conrelid = c.oid ` +
				`AND k.conkey[1] = a.attnum AND k.contype = 'f' JOIN pg_class r ON r.oid = k.confrelid ` +
				`WHERE r.relname = $1` + real,
			`SELECT c.relname, a.attname, ''` + of + `WHERE a.attname = $1 AND a.attnum > 0` + real
	case "mysql":
		return `SELECT k.table_name, k.column_name, r.delete_rule FROM information_schema.key_column_usage k ` +
				`JOIN information_schema.referential_constraints r ON r.constraint_schema = k.constraint_schema AND ` +
				`r.constraint_name = k.constraint_name WHERE k.table_schema = DATABASE() AND ` +
				`k.referenced_table_name = ?`,
			`SELECT c.table_name, c.column_name, '' FROM information_schema.columns c JOIN ` +
				`information_schema.tables t ON t.table_schema = c.table_schema ` +
				`AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE' ` +
				`WHERE c.table_schema = DATABASE() AND c.column_name = ?`
	default:
		return `SELECT m.name, f."from", f.on_delete FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f ` +
				`WHERE m.type = 'table' AND lower(f."table") = lower(?)`,
			`SELECT m.name, p.name, '' FROM sqlite_master m JOIN pragma_table_info(m.name) p ` +
				`WHERE m.type = 'table' AND lower(p.name) = lower(?)`
	}
}
