package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/testenv/mariadbtest"
	"rdiostress/internal/testenv/pgtest"
)

// anewCase is what ids a server gives to a run's calls, after it held ten of others' with ids from 5,000 on.
type anewCase struct {
	id    func(n int) int
	clear bool // its tables are empty before
	file  bool // it has another file, where that is a database
}

func anewCases() map[string]anewCase {
	return map[string]anewCase{
		"rising":                          {id: func(n int) int { return 6000 + n }},
		"below all that were there":       {id: func(n int) int { return 100 + n }},
		"in blocks":                       {id: func(n int) int { return 100 + n + 8192*(n%2) }},
		"anew":                            {id: func(n int) int { return 1 + n }, clear: true},
		"anew, to where they were before": {id: func(n int) int { return 4995 + n }, clear: true},
		"in another file":                 {id: func(n int) int { return 1 + n }, file: true},
	}
}

// Calls are counted right in every database, whatever their ids are.
func TestIdsInAnyOrder(t *testing.T) {
	for _, k := range kinds() {
		t.Run(k.product, func(t *testing.T) {
			switch k.driver {
			case "mysql":
				anewIn(t, k, onMariaDB(t))
			case "pgx":
				server := pgtest.Open(t)
				anewIn(t, k, func(t *testing.T) (string, func() (delivery.Prober, error)) {
					url := server.Database(t)
					return url, func() (delivery.Prober, error) { return OpenPostgres(t.Context(), url) }
				})
			default:
				anewIn(t, k, func(t *testing.T) (string, func() (delivery.Prober, error)) { return k.open(t) })
			}
		})
	}
}

// onMariaDB makes databases in one MariaDB.
func onMariaDB(t *testing.T) func(*testing.T) (string, func() (delivery.Prober, error)) {
	server := mariadbtest.Start(t)
	n := 0
	return func(t *testing.T) (string, func() (delivery.Prober, error)) {
		n++
		name := fmt.Sprintf("rdio%d", n)
		dsn := strings.TrimSuffix(mariadbtest.DSN(server), "rdio")
		db, err := sql.Open("mysql", dsn)
		must(t, err)
		defer db.Close()
		_, err = db.Exec("CREATE DATABASE " + name)
		must(t, err)
		return dsn + name, func() (delivery.Prober, error) {
			return OpenMySQL(context.WithoutCancel(t.Context()), strings.TrimSuffix(server, "rdio")+name)
		}
	}
}

func anewIn(t *testing.T, k kind, fresh func(*testing.T) (string, func() (delivery.Prober, error))) {
	for server, m := range databases() {
		for name, c := range anewCases() {
			if c.file && k.driver != "sqlite" {
				continue
			}
			t.Run(server+", "+name, func(t *testing.T) {
				dsn, open := fresh(t)
				db, err := sql.Open(k.driver, dsn)
				must(t, err)
				defer func() { db.Close() }()
				for _, table := range m.tables {
					mustExec(t, k, db, table)
				}
				old := time.Now().AddDate(0, 0, -3)
				for i := range 10 {
					call := rdio.Call{System: 11, Talkgroup: 1001, Time: old}
					storeMade(t, k, db, m, 5000+i, fmt.Sprintf("before-%d.mp3", i), call)
				}
				p, err := open()
				must(t, err)
				defer p.Close()
				must(t, p.Poll(t.Context(), &delivery.Visitor{Row: func(*delivery.Row) {}}))
				switch {
				case c.clear:
					mustExec(t, k, db, `DELETE FROM `+callTable(m))
				case c.file:
					db.Close()
					must(t, os.Rename(dsn, dsn+".old"))
					db, err = sql.Open(k.driver, dsn)
					must(t, err)
					for _, table := range m.tables {
						mustExec(t, k, db, table)
					}
				}
				l := delivery.NewLedger("run-7f3a-", time.Now())
				for n := range 12 {
					call := capturetest.CallOf(n)
					call.Time = time.Now().Add(time.Duration(n-60) * time.Minute).Truncate(time.Second)
					deliverytest.Record(l, uint64(n), call, measure.Accepted)
					storeMade(t, k, db, m, c.id(n), fmt.Sprintf("run-7f3a-%06d.mp3", n), call)
				}
				found := map[string]bool{}
				must(t, p.Poll(t.Context(), &delivery.Visitor{Row: func(r *delivery.Row) { found[r.Name] = true }}))
				if name != "below all that were there" && name != "in blocks" && countOurs(found) != 12 {
					t.Errorf("a look finds %d", countOurs(found))
				}
				a := deliverytest.Account(t, l, p, &delivery.AudioOptions{})
				const want = "12 = 12 stored + 0 altered + 0 dropped + 0 missing + 0 pending; twice 0;"
				if !strings.HasPrefix(deliverytest.Tally(a), want) {
					t.Errorf("\ngot  %s\nwant %s", deliverytest.Tally(a), want)
				}
			})
		}
	}
}

func countOurs(names map[string]bool) (n int) {
	for name := range names {
		if strings.Contains(name, "run-7f3a-") {
			n++
		}
	}
	return n
}

// callTable is the table of calls of a made database.
func callTable(m made) string { return `"` + strings.Split(m.call, `"`)[1] + `"` }

func mustExec(t *testing.T, k kind, db *sql.DB, text string) {
	t.Helper()
	text = strings.NewReplacer(`"`, k.quote, "AUTO", k.auto, "BYTES", k.bytes, "TIME", k.tim).Replace(text)
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
}

// storeMade stores a call with an id.
func storeMade(t *testing.T, k kind, db *sql.DB, m made, id int, name string, c rdio.Call) {
	t.Helper()
	key := strings.Fields(m.tables[len(m.tables)-1])[0]
	for _, table := range m.tables {
		if strings.HasPrefix(table, "CREATE TABLE "+callTable(m)) {
			key = strings.Split(table, `"`)[3]
		}
	}
	call := strings.Replace(m.call, callTable(m)+" (", callTable(m)+` ("`+key+`", `, 1)
	if strings.Contains(call, "VALUES (") {
		call = strings.Replace(call, "VALUES (", fmt.Sprintf("VALUES (%d, ", id), 1)
	} else {
		call = strings.Replace(call, "SELECT s.", fmt.Sprintf("SELECT %d, s.", id), 1)
	}
	file := filepath.Join(t.TempDir(), "none.mp3")
	sum := make([]byte, 32)
	values := strings.NewReplacer(
		"$1", fmt.Sprint(c.System), "$2", fmt.Sprint(c.Talkgroup), "$3", name, "$4", "audio/mpeg",
		"$5", fmt.Sprint(c.Time.UnixMilli()), "$6", c.Time.UTC().Format(time.DateTime), "$7", k.hex([]byte("audio")),
		"$8", "5", "$9", file, "$0", k.hex(sum))
	text := values.Replace(strings.ReplaceAll(call, `"`, k.quote))
	if _, err := db.ExecContext(t.Context(), text); err != nil {
		t.Fatalf("%v in %.300s", err, text)
	}
}

// What is dated as the run's calls are is found by indexes that the servers really have.
func TestDatedCallsAreFoundByAnIndex(t *testing.T) {
	for file, want := range map[string]string{
		"rdio-scanner-7.0.0.sqlite": "USING INDEX calls_idx " +
			"(systemId=? AND siteRef=? AND talkgroupId=? AND timestamp>? AND timestamp<?)",
		"rdio-scanner-6.6.3.sqlite": "USING INDEX rdio_scanner_calls_date_time_system_talkgroup " +
			"(dateTime>? AND dateTime<?)",
	} {
		p, err := OpenSQLite(t.Context(), copyOf(t, file))
		must(t, err)
		defer p.Close()
		d := p.(*database)
		wheres, err := d.datedConditions(t.Context(), capturetest.FirstOfSix, capturetest.FirstOfSix.Add(time.Hour))
		must(t, err)
		if len(wheres) == 0 {
			t.Errorf("%s: no conditions", file)
		}
		for _, where := range wheres {
			var plan string
			var id, parent, unused int
			must(t, d.db.QueryRow("EXPLAIN QUERY PLAN "+d.datedText(where)).Scan(&id, &parent, &unused, &plan))
			if !strings.Contains(plan, want) {
				t.Errorf("%s: %s, want %s", file, plan, want)
			}
		}
	}
}

// A look at a database never goes through all of its calls, or its whole log: there may be millions.
func TestLooksDoNotScan(t *testing.T) {
	for _, file := range []string{"rdio-scanner-7.0.0.sqlite", "rdio-scanner-6.6.3.sqlite"} {
		p, err := OpenSQLite(t.Context(), copyOf(t, file))
		must(t, err)
		defer p.Close()
		d := p.(*database)
		byID := d.selectHashed + d.dialect.Translate(" WHERE "+d.schema.id+" IN (1, 2, 3)")
		for _, query := range []string{
			d.last, d.lastLog, d.rows, d.hashedRows, d.log, byID, d.upTo(d.rows, 7), d.upTo(d.hashedRows, 7),
		} {
			args := []any{5, 10}[:strings.Count(query, "?")]
			rows, err := d.db.Query("EXPLAIN QUERY PLAN "+query, args...)
			must(t, err)
			for rows.Next() {
				var plan string
				var id, parent, unused int
				must(t, rows.Scan(&id, &parent, &unused, &plan))
				if strings.HasPrefix(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s: %s: %s", file, query, plan)
				}
			}
			must(t, rows.Err())
			must(t, rows.Close())
		}
	}
}

// A database that gives rows without end is not read on.
func TestRowsWithoutEnd(t *testing.T) {
	path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
	p, err := OpenSQLite(t.Context(), path)
	must(t, err)
	defer p.Close()
	d := p.(*database)
	d.hashedRows = strings.Replace(d.hashedRows, "LIMIT ?", "LIMIT 11 + 0 * ?", 1)
	d.start = 0
	v := delivery.Visitor{Row: func(*delivery.Row) {}}
	if _, _, err := d.batch(t.Context(), d.hashedRows, 0, 10, &v); !errors.Is(err, errEndless) {
		t.Errorf("ended with %v", err)
	}
}
