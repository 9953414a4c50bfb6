package sqldb

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/testenv/mariadbtest"
	"rdiostress/internal/testenv/pgtest"
)

// A database as a server leaves it that was sent what the captured ones were: its tables by the columns that the server
// documents. In the texts, names stand in double quotes, AUTO is the type of a key that counts up, BYTES that of bytes
// and $n a value.
type made struct {
	tables []string
	call   string // system, talkgroup, name, type, Unix milliseconds, date and time, audio, length of it
	log    string // message
	want   string
}

func databases() map[string]made {
	return map[string]made{
		"rdio-scanner 7": {
			tables: []string{
				`CREATE TABLE "systems" ("systemId" AUTO, "label" varchar(64) NOT NULL, "systemRef" integer NOT NULL)`,
				`CREATE TABLE "talkgroups" ("talkgroupId" AUTO, "label" varchar(64) NOT NULL, "systemId" bigint NOT ` +
					`NULL, "talkgroupRef" integer NOT NULL)`,
				`CREATE TABLE "calls" ("callId" AUTO, "audio" BYTES NOT NULL, "audioFilename" varchar(255) NOT NULL,
					"audioMime" varchar(64) NOT NULL,
					"siteRef" integer NOT NULL DEFAULT 0, "systemId" bigint NOT NULL, "talkgroupId" bigint NOT NULL,
						"timestamp" bigint NOT NULL)`,
				`CREATE TABLE "logs" ("logId" AUTO, "level" varchar(16) NOT NULL, "message" varchar(255) NOT NULL, ` +
					`"timestamp" bigint NOT NULL)`,
				`INSERT INTO "systems" ("label", "systemRef") VALUES ('a', 11), ('b', 12)`,
				`INSERT INTO "talkgroups" ("label", "systemId", "talkgroupRef")
					SELECT 'x', s."systemId", 1000 + g."systemId" FROM "systems" s, (SELECT 1 AS "systemId" UNION
						SELECT 2 UNION SELECT 3) g`,
			},
			call: `INSERT INTO "calls" ("systemId", "talkgroupId", "audioFilename", "audioMime", "timestamp", "audio")
				SELECT s."systemId", g."talkgroupId", '$3', '$4', $5, $7 FROM "systems" s JOIN "talkgroups" g ON
					g."systemId" = s."systemId"
				WHERE s."systemRef" = $1 AND g."talkgroupRef" = $2`,
			log:  `INSERT INTO "logs" ("level", "message", "timestamp") VALUES ('warn', '$1', 0)`,
			want: asCaptured,
		},
		"rdio-scanner 6": {
			tables: []string{
				`CREATE TABLE "rdioScannerCalls" ("id" AUTO, "audio" BYTES NOT NULL, "audioName" varchar(255),
					"audioType" varchar(255), "dateTime" TIME NOT NULL,
					"frequencies" text, "frequency" integer, "patches" text, "source" integer, "sources" text,
						"system" integer NOT NULL,
					"talkgroup" integer NOT NULL)`,
				`CREATE TABLE "rdioScannerLogs" ("_id" AUTO, "dateTime" TIME, "level" varchar(255) NOT NULL, ` +
					`"message" varchar(255) NOT NULL)`,
			},
			call: `INSERT INTO "rdioScannerCalls" ("system", "talkgroup", "audioName", "audioType", "dateTime", ` +
				`"audio") VALUES ($1, $2, '$3', '$4', '$6', $7)`,
			log:  `INSERT INTO "rdioScannerLogs" ("level", "message") VALUES ('warn', '$1')`,
			want: asCaptured,
		},
		"sdrtrunk-rdio-api": { // which has no duplicates
			tables: []string{
				`CREATE TABLE "radio_calls" ("id" AUTO, "created_at" TIME, "call_timestamp" TIME NOT NULL,
					"system_id" varchar(50) NOT NULL, "system_label" varchar(255),
					"frequency" integer, "talkgroup_id" integer, "source_radio_id" integer, "audio_filename"
						varchar(255), "audio_content_type" varchar(100),
					"audio_size_bytes" integer, "audio_file_path" varchar(500))`,
			},
			call: `INSERT INTO "radio_calls" ("system_id", "talkgroup_id", "audio_filename", "audio_content_type",
				"call_timestamp", "audio_size_bytes", "audio_file_path")
				VALUES ('$1', $2, '$3', '$4', '$6', $8, '$9')`,
			want: "15 = 12 stored + 0 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, " +
				"time 0, audio 0; " +
				"compared 12, reencoded 0; refused 0, unanswered 0",
		},
		"rdiostress serve": {
			tables: []string{
				`CREATE TABLE "calls" ("id" AUTO, "system_id" bigint NOT NULL, "talkgroup_id" bigint NOT NULL,
					"started_ms" bigint NOT NULL,
					"audio_name" varchar(255) NOT NULL, "audio_bytes" bigint NOT NULL, "audio_sha256" BYTES NOT NULL)`,
			},
			call: `INSERT INTO "calls" ("system_id", "talkgroup_id", "audio_name", "started_ms", "audio_bytes", ` +
				`"audio_sha256") VALUES ($1, $2, '$3', $5, $8, $0)`,
			want: "15 = 12 stored + 0 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, " +
				"time 0, audio 0; " +
				"compared 12, reencoded 0; refused 0, unanswered 0",
		},
	}
}

// kind is a kind of database to make them in.
type kind struct {
	product, driver  string
	auto, bytes, tim string
	quote            string
	hex              func(b []byte) string
	open             func(t testing.TB) (dsn string, p func() (delivery.Prober, error))
}

func kinds() []kind {
	asBlob := func(b []byte) string { return fmt.Sprintf("X'%x'", b) }
	return []kind{
		{
			"SQLite",
			"sqlite",
			"INTEGER PRIMARY KEY AUTOINCREMENT",
			"blob",
			"datetime",
			`"`,
			asBlob,
			func(t testing.TB) (string, func() (delivery.Prober, error)) {
				path := filepath.Join(t.TempDir(), "made.db")
				return path, func() (delivery.Prober, error) { return OpenSQLite(t.Context(), path) }
			},
		},
		{
			"PostgreSQL", "pgx", "bigserial PRIMARY KEY", "bytea", "timestamp", `"`,
			func(b []byte) string { return fmt.Sprintf(`'\x%x'`, b) },
			func(t testing.TB) (string, func() (delivery.Prober, error)) {
				url := pgtest.Open(t).Database(t)
				return url, func() (delivery.Prober, error) { return OpenPostgres(t.Context(), url) }
			},
		},
		{
			"MySQL or MariaDB", "mysql", "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY", "longblob", "datetime", "`",
			asBlob,
			func(t testing.TB) (string, func() (delivery.Prober, error)) {
				url := mariadbtest.Start(t)
				return mariadbtest.DSN(url), func() (delivery.Prober, error) { return OpenMySQL(t.Context(), url) }
			},
		},
	}
}

// Every schema is recognised and read in every kind of database.
func TestMadeDatabases(t *testing.T) {
	for _, k := range kinds() {
		for server, m := range databases() {
			t.Run(k.product+"/"+server, func(t *testing.T) {
				dsn, open := k.open(t)
				audio := bytes.Repeat([]byte("made "), 300)
				fill(t, k, dsn, m, audio)
				p, err := open()
				p = fromTheStart(t, p, err)
				if want := server + " on " + k.product; p.Source() != want {
					t.Errorf("recognised %q, want %q", p.Source(), want)
				}
				looked, a := accountOf(t, deliverytest.CapturedRun(capturetest.FirstOfSix), p, sentAs(".mp3", audio))
				if looked.stored != 12 {
					t.Errorf("a look finds %+v", looked)
				}
				checkTally(t, a, m.want)
				if _, err := p.(*database).db.Exec(strings.ReplaceAll(m.tables[0], `"`, k.quote)); err == nil &&
					k.product != "MySQL or MariaDB" {
					t.Error("the connection can write")
				}
			})
		}
	}
}

// fill makes the tables and puts into them what the captured run left.
func fill(t *testing.T, k kind, dsn string, m made, audio []byte) {
	t.Helper()
	db, err := sql.Open(k.driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	write := strings.NewReplacer(`"`, k.quote, "AUTO", k.auto, "BYTES", k.bytes, "TIME", k.tim)
	exec := func(text string) {
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
	}
	for _, table := range m.tables {
		exec(write.Replace(table))
	}
	file := filepath.Join(t.TempDir(), "call.mp3")
	if err := os.WriteFile(file, audio, 0o600); err != nil {
		t.Fatal(err)
	}
	sent, _ := sentAs(".mp3", audio)(0)
	for i := range 12 {
		at := capturetest.FirstOfSix.Add(time.Duration(i) * 5 * time.Second)
		values := strings.NewReplacer(
			"$1", fmt.Sprint(11+i%2), "$2", fmt.Sprint(1001+i%3), "$3", fmt.Sprintf("run-7f3a-%06d.mp3", i),
			"$4", "audio/mpeg", "$5", fmt.Sprint(at.UnixMilli()), "$6", at.Format(time.DateTime), "$7", k.hex(audio),
			"$8", fmt.Sprint(len(audio)), "$9", file, "$0", k.hex(sent.Sum[:]),
		)
		exec(values.Replace(strings.ReplaceAll(m.call, `"`, k.quote)))
	}
	for i := range 3 {
		if m.log != "" {
			message := fmt.Sprintf(
				"newcall: system=%d talkgroup=%d file=run-7f3a-%06d.mp3 duplicate call rejected", 11+i%2, 1001+i,
				100+i,
			)
			exec(strings.ReplaceAll(strings.ReplaceAll(m.log, `"`, k.quote), "$1", message))
		}
	}
}
