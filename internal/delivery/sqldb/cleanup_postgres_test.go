package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"rdiostress/internal/testenv/pgtest"
)

// onPostgres is a server that keeps calls in PostgreSQL alone: the tables that have to do with calls, by the columns
// and references that they have there.
type onPostgres struct {
	tables string
	call   string   // a call with the name $1, the number $2 from 1 on, and a row of each table that refers to it
	rows   []string // tables that have a row for each call
	source string
	files  bool
}

func onPostgresAlone() []onPostgres {
	return []onPostgres{
		{
			source: "tr-engine on PostgreSQL",
			tables: trEngineTables + `
				CREATE TABLE call_groups (id serial PRIMARY KEY, system_id int NOT NULL REFERENCES systems (system_id),
					tgid int NOT NULL, start_time timestamptz NOT NULL, primary_call_id bigint,
					UNIQUE (system_id, tgid, start_time));
				ALTER TABLE calls ADD call_group_id int REFERENCES call_groups (id);
				CREATE TABLE call_frequencies (id bigserial, call_id bigint NOT NULL,
					call_start_time timestamptz NOT NULL, freq bigint NOT NULL, PRIMARY KEY (id, call_start_time),
					FOREIGN KEY (call_id, call_start_time) REFERENCES calls (call_id, start_time)
				) PARTITION BY RANGE (call_start_time);
				CREATE TABLE call_frequencies_rest PARTITION OF call_frequencies DEFAULT;
				CREATE TABLE call_transmissions (id bigserial, call_id bigint NOT NULL,
					call_start_time timestamptz NOT NULL, src int NOT NULL, PRIMARY KEY (id, call_start_time),
					FOREIGN KEY (call_id, call_start_time) REFERENCES calls (call_id, start_time)
				) PARTITION BY RANGE (call_start_time);
				CREATE TABLE call_transmissions_rest PARTITION OF call_transmissions DEFAULT;
				CREATE TABLE transcriptions (id serial PRIMARY KEY, call_id bigint NOT NULL,
					call_start_time timestamptz NOT NULL, text text,
					FOREIGN KEY (call_id, call_start_time) REFERENCES calls (call_id, start_time));
				CREATE VIEW latest AS SELECT call_id, start_time FROM calls`,
			call: `WITH t AS (SELECT timestamptz '2026-11-30 12:00:00Z' + $2::int * interval '1 day' AS at),
				g AS (INSERT INTO call_groups (system_id, tgid, start_time, primary_call_id)
					SELECT 1, 1001, t.at, $2 FROM t RETURNING id),
				c AS (INSERT INTO calls (system_id, tgid, start_time, audio_file_path, audio_file_size, system_name,
					call_group_id) SELECT 1, 1001, t.at, '900/2026-11-30/' || $1::text, 5, 'rdiostress-900', g.id
					FROM t, g RETURNING call_id, start_time),
				f AS (INSERT INTO call_frequencies (call_id, call_start_time, freq) SELECT c.*, 851012500 FROM c),
				s AS (INSERT INTO call_transmissions (call_id, call_start_time, src) SELECT c.*, 52 FROM c)
				INSERT INTO transcriptions (call_id, call_start_time, text) SELECT c.*, 'fire' FROM c`,
			rows:  []string{"calls", "call_groups", "call_frequencies", "call_transmissions", "transcriptions"},
			files: true,
		},
		{
			source: "ThinLine Radio on PostgreSQL",
			tables: thinLineTables(),
			call: `WITH c AS (INSERT INTO "calls" ("audio", "audioFilename", "audioMime", "systemId", "talkgroupId",
					"timestamp") VALUES ('x', $1, 'audio/mpeg', 1, 1, $2::int * 1000) RETURNING "callId"),
				u AS (INSERT INTO "callUnits" ("callId", "offset", "unitRef") SELECT "callId", 0, 52 FROM c),
				p AS (INSERT INTO "callPatches" ("callId", "talkgroupId") SELECT "callId", 1 FROM c),
				d AS (INSERT INTO "delayed" ("callId", "timestamp") SELECT "callId", 0 FROM c),
				a AS (INSERT INTO "alerts" ("callId", "systemId", "talkgroupId", "createdAt")
					SELECT "callId", 1, 1, 0 FROM c),
				k AS (INSERT INTO "keywordMatches" ("callId", "userId", "keyword") SELECT "callId", 1, 'fire' FROM c)
				INSERT INTO "transcriptions" ("callId", "transcript", "createdAt") SELECT "callId", 'fire', 0 FROM c`,
			rows: []string{
				"calls", "callUnits", "callPatches", "delayed", "alerts", "keywordMatches", "transcriptions",
			},
		},
	}
}

// thinLineTables are those of ThinLine Radio that have to do with calls. What refers to a call goes with it.
func thinLineTables() string {
	tables := `
		CREATE TABLE "users" ("userId" bigserial PRIMARY KEY);
		CREATE TABLE "userGroups" ("userGroupId" bigserial PRIMARY KEY);
		CREATE TABLE "systems" ("systemId" bigserial PRIMARY KEY, "systemRef" integer NOT NULL);
		CREATE TABLE "talkgroups" ("talkgroupId" bigserial PRIMARY KEY, "systemId" bigint NOT NULL REFERENCES "systems"
			("systemId") ON UPDATE CASCADE ON DELETE CASCADE, "talkgroupRef" integer NOT NULL);
		CREATE TABLE "logs" ("logId" bigserial PRIMARY KEY, "message" text NOT NULL);
		CREATE TABLE "calls" ("callId" bigserial PRIMARY KEY, "audio" bytea NOT NULL, "audioFilename" text NOT NULL,
			"audioMime" text NOT NULL, "siteRef" integer NOT NULL DEFAULT 0,
			"systemId" bigint NOT NULL REFERENCES "systems" ("systemId") ON UPDATE CASCADE ON DELETE CASCADE,
			"talkgroupId" bigint NOT NULL REFERENCES "talkgroups" ("talkgroupId") ON UPDATE CASCADE ON DELETE CASCADE,
			"timestamp" bigint NOT NULL);
		INSERT INTO "users" DEFAULT VALUES;
		INSERT INTO "systems" ("systemRef") VALUES (900);
		INSERT INTO "talkgroups" ("systemId", "talkgroupRef") VALUES (1, 1001);`
	for _, table := range []struct{ name, key, columns string }{
		{"callUnits", "callUnitId", `"offset" double precision NOT NULL, "unitRef" bigint NOT NULL`},
		{"callPatches", "callPatchId", `"talkgroupId" bigint NOT NULL REFERENCES "talkgroups" ("talkgroupId")`},
		{"delayed", "delayedId", `"timestamp" bigint NOT NULL`},
		{
			"alerts", "alertId", `"systemId" bigint NOT NULL REFERENCES "systems" ("systemId"), ` +
				`"talkgroupId" bigint NOT NULL REFERENCES "talkgroups" ("talkgroupId"), "createdAt" bigint NOT NULL`,
		},
		{"keywordMatches", "keywordMatchId", `"userId" bigint NOT NULL REFERENCES "users", "keyword" text NOT NULL`},
		{"transcriptions", "transcriptionId", `"transcript" text NOT NULL, "createdAt" bigint NOT NULL`},
	} {
		tables += fmt.Sprintf(`
			CREATE TABLE "%s" ("%s" bigserial PRIMARY KEY, "callId" bigint NOT NULL REFERENCES "calls" ("callId")
				ON UPDATE CASCADE ON DELETE CASCADE, %s);`, table.name, table.key, table.columns)
	}
	return tables
}

// The printed SQL removes a run's calls, with all that refers to them, from the tables of servers that PostgreSQL alone
// has, in one transaction.
func TestCleanupOnPostgresAlone(t *testing.T) {
	first, second, others := marked()
	for _, server := range onPostgresAlone() {
		t.Run(server.source, func(t *testing.T) {
			url := pgtest.Open(t).Database(t)
			db, err := sql.Open("pgx", url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			exec := func(text string, args ...any) {
				t.Helper()
				if _, err := db.ExecContext(context.WithoutCancel(t.Context()), text, args...); err != nil {
					t.Fatalf("%v in %.200s", err, text)
				}
			}
			exec(server.tables)
			for i, name := range append(append(append([]string{}, first...), second...), others...) {
				exec(server.call, name, i+1)
			}
			for _, step := range []struct {
				runs       []string
				gone, left int
			}{
				{[]string{"abcdefg2"}, len(first), len(second) + len(others)},
				{[]string{"abcdefg2"}, 0, len(second) + len(others)},
				{nil, len(second), len(others)},
			} {
				c, err := ReadCleanup(t.Context(), "postgres", url, step.runs...)
				if err != nil || c.Source != server.source || int(c.Calls) != step.gone {
					t.Fatalf("%+v, %v; want %d calls of %s", c, err, step.gone, server.source)
				}
				if c.Files != "" {
					exec(c.Files)
				}
				if (c.Files != "") != (server.files && step.gone > 0) {
					t.Errorf("files: %q", c.Files)
				}
				exec(strings.Join(append(append([]string{c.Begin}, c.Statements...), "COMMIT"), ";"))
				for _, table := range server.rows {
					var n int
					query := fmt.Sprintf(`SELECT COUNT(*) FROM "%s"`, table)
					if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil || n != step.left {
						t.Errorf("after runs %q: %d rows in %s, want %d: %v", step.runs, n, table, step.left, err)
					}
				}
			}
		})
	}
}

// A group of tr-engine that has calls of others too stays.
func TestCleanupKeepsSharedGroups(t *testing.T) {
	server := onPostgresAlone()[0]
	url := pgtest.Open(t).Database(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, _, others := marked()
	exec := func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
	}
	exec(server.tables)
	exec(server.call, first[0], 1)
	exec(server.call, others[0], 2)
	exec(`UPDATE calls SET call_group_id = 1; DELETE FROM call_groups WHERE id = 2`)
	c, err := ReadCleanup(t.Context(), "postgres", url, "abcdefg2")
	if err != nil {
		t.Fatal(err)
	}
	exec(c.Begin + ";" + strings.Join(c.Statements, ";") + ";COMMIT")
	var calls, groups int
	query := `SELECT (SELECT COUNT(*) FROM calls), (SELECT COUNT(*) FROM call_groups)`
	if err := db.QueryRowContext(t.Context(), query).Scan(&calls, &groups); err != nil || calls != 1 || groups != 1 {
		t.Errorf("%d calls and %d groups are left: %v", calls, groups, err)
	}
}
