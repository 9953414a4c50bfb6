package sqldb

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"rdiostress/internal/rdio"
)

// marked are the names of two runs' calls, with those before the runs, and of calls that are others'.
func marked() (first, second, others []string) {
	for n := range uint64(4) {
		first = append(first, fmt.Sprintf("20261130_1200%02d.000_%s.mp3", n, rdio.AppendMark(nil, "abcdefg2", n)))
		mark := rdio.AppendMark(nil, "zyxwvut7", n)
		second = append(second, fmt.Sprintf("%d-1764000000_851012500-call_%s.m4a", n, mark))
	}
	before := "x_" + rdio.MarkPattern("abcdefg2")
	first = append(first, before+"probe.mp3", before+"prime-0000001.mp3")
	// of mischief
	mischief := rdio.MarkPattern("zyxwvut7") + "bad-"
	second = append(second, mischief+"garbage-audio-000000.mp3", "rs-"+mischief+"path-traversal-000001.mp3",
		mischief+"slow-000002.mp3")
	others = []string{
		"20261130_120000.000.mp3", "1001-1764000000_851012500.0-call_42.m4a", "rs-short-0000001.mp3",
		"police-rs-abcdefg-0000001.mp3", "rs-abcdefg2.mp3", "rs-short-bad-slow-000001.mp3", "cars-ABCDEFG1-1234567.wav",
	}
	return first, second, others
}

// The printed SQL removes the calls of a run, or of all runs, with what belongs to them, and nothing else, from every
// kind of table in every kind of database.
func TestCleanup(t *testing.T) {
	for _, k := range kinds() {
		for server, m := range databases() {
			t.Run(k.product+"/"+server, func(t *testing.T) {
				dsn, _ := k.open(t)
				address := map[string]string{"SQLite": dsn, "PostgreSQL": dsn}[k.product]
				if address == "" {
					address = "mysql://" + strings.NewReplacer("@tcp(", "@", ")/", "/").Replace(dsn)
				}
				testCleanup(t, k, dsn, address, m)
			})
		}
	}
}

func testCleanup(t *testing.T, k kind, dsn, address string, m made) {
	db, err := sql.Open(k.driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fillNames(t, k, db, m)
	method := map[string]string{"SQLite": "sqlite", "PostgreSQL": "postgres"}[k.product]
	if method == "" {
		method = "mysql"
	}
	first, second, others := marked()
	apply := func(want int, runs ...string) {
		t.Helper()
		c, err := ReadCleanup(t.Context(), method, address, runs...)
		if err != nil || int(c.Calls) != want {
			t.Fatalf("%d calls to remove, want %d: %v", c.Calls, want, err)
		}
		for _, statement := range c.Statements {
			if _, err := db.Exec(statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		if want == 0 && len(c.Statements) > 0 {
			t.Errorf("without calls: %q", c.Statements)
		}
		if c.Files != "" {
			if _, err := db.Exec(c.Files); err != nil {
				t.Errorf("%s: %v", c.Files, err)
			}
		}
	}
	total := len(first) + len(second) + len(others)
	checkLeft(t, k, db, m, total)
	both, err := ReadCleanup(t.Context(), method, address, "zyxwvut7", "bcdefgh3", "abcdefg2")
	if err != nil || int(both.Calls) != len(first)+len(second) {
		t.Errorf("%d calls of two runs, want %d: %v", both.Calls, len(first)+len(second), err)
	}
	apply(0, "bcdefgh3")
	apply(len(first), "abcdefg2", "bcdefgh3")
	checkLeft(t, k, db, m, total-len(first))
	apply(0, "abcdefg2")
	apply(len(second))
	checkLeft(t, k, db, m, len(others))
	apply(0)
	if _, err := ReadCleanup(t.Context(), method, address, "x' OR 1=1 --"); err == nil {
		t.Error("any text is an ID")
	}
}

// callsTable is the table that a server keeps calls in, and their key.
func callsTable(m made) (table, id string) {
	for _, text := range m.tables {
		for _, s := range schemas() {
			name := strings.Fields(s.from)[0]
			if !strings.Contains(text, strings.TrimPrefix(s.id, "c.")+" AUTO") {
				continue
			}
			if strings.Contains(text, "CREATE TABLE "+name+" ") {
				return name, strings.TrimPrefix(s.id, "c.")
			}
		}
	}
	return "", ""
}

// fillNames makes the tables, and a call for each name with a row of another table that refers to it.
func fillNames(t *testing.T, k kind, db *sql.DB, m made) {
	t.Helper()
	exec := func(text string) {
		t.Helper()
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	write := strings.NewReplacer(`"`, k.quote, "AUTO", k.auto, "BYTES", k.bytes, "TIME", k.tim)
	for _, table := range m.tables {
		exec(write.Replace(table))
	}
	table, id := callsTable(m)
	exec(write.Replace(fmt.Sprintf(`CREATE TABLE "callParts" ("partId" AUTO, "ofCall" bigint NOT NULL, `+
		`FOREIGN KEY ("ofCall") REFERENCES %s (%s))`, table, id)))
	audio := bytes.Repeat([]byte("x"), 50)
	first, second, others := marked()
	for i, name := range append(append(first, second...), others...) {
		values := strings.NewReplacer("$1", fmt.Sprint(11+i%2), "$2", fmt.Sprint(1001+i%3), "$3", name,
			"$4", "audio/mpeg", "$5", fmt.Sprint(1764000000000+1000*i), "$6", "2026-11-30 12:00:00",
			"$7", k.hex(audio), "$8", fmt.Sprint(len(audio)), "$9", "/audio/"+name, "$0", k.hex(audio[:32]))
		exec(values.Replace(strings.ReplaceAll(m.call, `"`, k.quote)))
	}
	insert := fmt.Sprintf(`INSERT INTO "callParts" ("ofCall") SELECT %s FROM %s`, id, table)
	exec(strings.ReplaceAll(insert, `"`, k.quote))
}

// checkLeft checks how many calls are left, and as many rows that refer to them.
func checkLeft(t *testing.T, k kind, db *sql.DB, m made, want int) {
	t.Helper()
	table, _ := callsTable(m)
	for _, of := range []string{table, `"callParts"`} {
		var n int
		count := strings.ReplaceAll("SELECT COUNT(*) FROM "+of, `"`, k.quote)
		if err := db.QueryRow(count).Scan(&n); err != nil || n != want {
			t.Fatalf("%d rows left in %s, want %d: %v", n, of, want, err)
		}
	}
}
