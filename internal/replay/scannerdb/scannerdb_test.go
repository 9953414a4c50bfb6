package scannerdb

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/dbread"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/mariadbtest"
	"rdiostress/internal/testenv/pgtest"
)

// captured is the path of a database that a real server left.
func captured(name string) string { return filepath.Join("..", "..", "delivery", "testdata", name) }

// copyOf copies a captured database into a temporary folder, and returns its path.
func copyOf(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(captured(name))
	must(t, err)
	path := filepath.Join(t.TempDir(), "a copy#1.db")
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// open opens the calls of a database.
func open(t testing.TB, place string) *replay.Archive {
	t.Helper()
	d, err := Open(t.Context(), place)
	must(t, err)
	a, err := replay.Open(t.Context(), d)
	must(t, err)
	t.Cleanup(func() { must(t, a.Close()) })
	return a
}

// owner opens a database as its server does.
func owner(t testing.TB, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	return db
}

// readAll reads the calls of an archive in order.
func readAll(t testing.TB, a *replay.Archive) (calls []rdio.Call) {
	t.Helper()
	var buf []byte
	for n := range a.Len() {
		var c rdio.Call
		var err error
		if buf, err = a.Read(n, buf, &c); err != nil {
			t.Errorf("%s: %v", a.Name(n), err)
			continue
		}
		if len(buf) < 1000 {
			t.Errorf("%s has %d bytes of audio", c.AudioName, len(buf))
		}
		calls = append(calls, c)
	}
	return calls
}

// asCaptured is call i of the captured databases, as it was sent.
func asCaptured(i int, first time.Time) rdio.Call {
	return rdio.Call{
		System: int64(11 + i%2), Talkgroup: int64(1001 + i%3),
		Time:      first.Add(time.Duration(i) * 5 * time.Second).UTC(),
		Frequency: 851012500, Source: 4424000, Units: []rdio.Unit{{ID: 4424000}},
		SystemLabel: fmt.Sprint("county", 11+i%2), TalkgroupLabel: fmt.Sprint("TG ", 1001+i%3),
		TalkgroupName: fmt.Sprint("Talkgroup ", 1001+i%3), TalkgroupTag: "Fire Dispatch",
		TalkgroupGroups: []string{"Fire"},
	}
}

func checkCaptured(t *testing.T, place, program string, first time.Time) {
	t.Helper()
	ext, media := ".mp3", "audio/mpeg"
	if program == "rdio-scanner 6" {
		ext, media = ".m4a", "audio/mp4"
	}
	a := open(t, place)
	if got := a.Programs(); len(got) != 1 || got[program] != 12 {
		t.Errorf("programs are %v", got)
	}
	calls := readAll(t, a)
	if len(calls) != 12 {
		t.Fatalf("%d calls", len(calls))
	}
	for i, got := range calls {
		want := asCaptured(i, first)
		want.AudioName, want.AudioType = fmt.Sprintf("run-7f3a-%06d%s", i, ext), media
		if program != "rdio-scanner 6" {
			want.Frequencies = []rdio.Frequency{{Hz: 851012500}}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("call %d differs (-want +got):\n%s", i, diff)
		}
	}
	if due, ok := a.Due(11); !ok || due != 55*time.Second {
		t.Errorf("the last is due after %v", due)
	}
}

func TestCaptured(t *testing.T) {
	for name, tt := range map[string]struct {
		place, program string
		first          time.Time
	}{
		"7 on SQLite": {
			"sqlite:" + captured("rdio-scanner-7.0.0.sqlite"), "rdio-scanner 7", time.UnixMilli(1795472069000),
		},
		"6 on SQLite": {
			"sqlite:" + captured("rdio-scanner-6.6.3.sqlite"), "rdio-scanner 6",
			time.Date(2026, 11, 23, 22, 14, 37, 0, time.UTC),
		},
		"7 on PostgreSQL": {
			capturedPostgres(t), "rdio-scanner 7", time.Date(2026, 11, 23, 22, 15, 14, 0, time.UTC),
		},
	} {
		t.Run(name, func(t *testing.T) { checkCaptured(t, tt.place, tt.program, tt.first) })
	}
}

// capturedPostgres restores the captured PostgreSQL database, and returns its address.
func capturedPostgres(t *testing.T) string {
	t.Helper()
	psql := testenv.Program(t, "psql", "postgresql-client")
	address := pgtest.Open(t).Database(t)
	dump, err := os.ReadFile(captured("rdio-scanner-7.0.0.postgres.sql"))
	must(t, err)
	var plain strings.Builder
	for line := range strings.Lines(string(dump)) {
		// which an older psql does not know
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			plain.WriteString(line)
		}
	}
	cmd := exec.Command(psql, address, "-q", "-v", "ON_ERROR_STOP=1")
	cmd.Stdin = strings.NewReader(plain.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return address
}

// statements are executed, each with names in the dialect's quotes.
func execute(t testing.TB, db *sql.DB, quote string, statements ...string) {
	t.Helper()
	for _, text := range statements {
		text = strings.NewReplacer(`"`, quote, "§", `"`).Replace(text)
		if _, err := db.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// detailed has a captured database of 7 know more of its fifth call.
func detailed() []string {
	return []string{
		`INSERT INTO "callPatches" ("callId", "talkgroupId") SELECT 5, "talkgroupId" FROM "talkgroups" ` +
			`WHERE "talkgroupRef" IN (1001, 1003) AND "systemId" = 1`,
		`INSERT INTO "callUnits" ("callId", "offset", "unitRef") VALUES (5, 2.5, 7030221)`,
		`INSERT INTO "callFrequencies" ("callId", "dbm", "errors", "frequency", "offset", "spikes") ` +
			`VALUES (5, -71, 3, 852012500, 1.5, 1)`,
		`INSERT INTO "units" ("label", "systemId", "unitRef") VALUES ('Engine 5', 1, 7030221)`,
		`UPDATE "calls" SET "siteRef" = 3 WHERE "callId" = 5`,
		`UPDATE "calls" SET "audioFilename" = 'no extension' WHERE "callId" = 6`,
	}
}

// checkDetails compares what the fifth call is with what detailed has made of it.
func checkDetails(t *testing.T, place string) {
	t.Helper()
	calls := readAll(t, open(t, place))
	if len(calls) < 6 {
		t.Fatalf("%d calls", len(calls))
	}
	got := calls[4]
	if diff := cmp.Diff([]int64{1001, 1003}, got.Patches); diff != "" {
		t.Errorf("patches differ (-want +got):\n%s", diff)
	}
	units := []rdio.Unit{{ID: 4424000}, {ID: 7030221, OffsetS: 2.5, Label: "Engine 5"}}
	if diff := cmp.Diff(units, got.Units); diff != "" {
		t.Errorf("units differ (-want +got):\n%s", diff)
	}
	frequencies := []rdio.Frequency{{Hz: 851012500}, {Hz: 852012500, OffsetS: 1.5, Errors: 3, Spikes: 1, DBm: -71}}
	if diff := cmp.Diff(frequencies, got.Frequencies); diff != "" {
		t.Errorf("frequencies differ (-want +got):\n%s", diff)
	}
	if got.Site != 3 || calls[5].AudioName != "no extension.mp3" {
		t.Errorf("site %d, name %q", got.Site, calls[5].AudioName)
	}
}

func TestDetails(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
		execute(t, owner(t, "sqlite", "file:"+strings.ReplaceAll(path, "#", "%23")), `"`, detailed()...)
		checkDetails(t, "sqlite:"+path)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		address := capturedPostgres(t)
		execute(t, owner(t, "pgx", address), `"`, detailed()...)
		checkDetails(t, address)
	})
}

// ThinLine Radio keeps one frequency with the call, names of units with their transmissions, and sites as texts.
func TestThinLine(t *testing.T) {
	address := capturedPostgres(t)
	execute(t, owner(t, "pgx", address), `"`,
		`DROP TABLE "callFrequencies"`, `CREATE TABLE "userGroups" ("userGroupId" bigserial PRIMARY KEY)`,
		`ALTER TABLE "calls" ADD COLUMN "frequency" integer NOT NULL DEFAULT 851012500`,
		`ALTER TABLE "calls" ALTER COLUMN "siteRef" DROP DEFAULT`,
		`ALTER TABLE "calls" ALTER COLUMN "siteRef" TYPE text`, `UPDATE "calls" SET "siteRef" = '021'`,
		`ALTER TABLE "callUnits" ADD COLUMN "label" text NOT NULL DEFAULT 'ENG 5'`)
	a := open(t, address)
	calls := readAll(t, a)
	if a.Programs()["ThinLine Radio"] != 12 || len(calls) != 12 {
		t.Fatalf("programs are %v", a.Programs())
	}
	want := []rdio.Unit{{ID: 4424000, Label: "ENG 5"}}
	if c := calls[3]; c.Frequency != 851012500 || c.Site != 21 || !cmp.Equal(c.Units, want) || c.Frequencies != nil {
		t.Errorf("read %+v", c)
	}
}

// sixTables are the tables of rdio-scanner 6 and of its fork on PostgreSQL, with types for AUTO, BYTES and DATE, and
// calls in another order than that of their times.
func sixTables() []string {
	lists := strings.ReplaceAll( // whose quotes are no dialect's
		`'[{"errorCount":2,"freq":851012500,"len":3.5,"pos":0,"spikeCount":1},{"freq":"none"}]', 851012500, `+
			`'[1002,"x",1003]', NULL, '[{"pos":0,"src":52},{"pos":2.5,"src":53,"tag":"Truck"},{"src":-1}]'`, `"`, "§")
	return []string{
		`CREATE TABLE "rdioScannerCalls" ("id" AUTO, "audio" BYTES NOT NULL, "audioName" varchar(255), ` +
			`"audioType" varchar(255), "dateTime" DATE NOT NULL, "frequencies" text NOT NULL, "frequency" integer, ` +
			`"patches" text NOT NULL, "source" integer, "sources" text NOT NULL, "system" integer NOT NULL, ` +
			`"talkgroup" integer NOT NULL)`,
		`CREATE TABLE "rdioScannerSystems" ("_id" AUTO, "id" integer NOT NULL, "label" varchar(255) NOT NULL)`,
		`CREATE TABLE "rdioScannerTalkgroups" ("_id" AUTO, "groupId" integer NOT NULL, "id" integer NOT NULL, ` +
			`"label" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "systemId" integer NOT NULL, ` +
			`"tagId" integer NOT NULL)`,
		`CREATE TABLE "rdioScannerTags" ("_id" AUTO, "label" varchar(255) NOT NULL)`,
		`CREATE TABLE "rdioScannerGroups" ("_id" AUTO, "label" varchar(255) NOT NULL)`,
		`CREATE TABLE "rdioScannerUnits" ("_id" AUTO, "id" integer NOT NULL, "label" varchar(255) NOT NULL, ` +
			`"systemId" integer NOT NULL)`,
		`INSERT INTO "rdioScannerSystems" ("id", "label") VALUES (11, 'Elm County')`,
		`INSERT INTO "rdioScannerTags" ("label") VALUES ('Fire Dispatch')`,
		`INSERT INTO "rdioScannerGroups" ("label") VALUES ('Fire')`,
		`INSERT INTO "rdioScannerTalkgroups" ("groupId", "id", "label", "name", "systemId", "tagId") ` +
			`VALUES (1, 1001, 'FD 1', 'Fire 1', 11, 1)`,
		`INSERT INTO "rdioScannerUnits" ("id", "label", "systemId") VALUES (52, 'Engine 5', 11)`,
		`INSERT INTO "rdioScannerCalls" ("audio", "audioName", "audioType", "dateTime", "frequencies", "frequency", ` +
			`"patches", "source", "sources", "system", "talkgroup") VALUES (AUDIO, 'b', 'audio/ogg', ` +
			`'2026-11-21 18:00:07', ` + lists + `, 11, 1001)`,
		`INSERT INTO "rdioScannerCalls" ("audio", "audioName", "audioType", "dateTime", "frequencies", "frequency", ` +
			`"patches", "source", "sources", "system", "talkgroup") VALUES (AUDIO, 'a.ogg', NULL, ` +
			`'2026-11-21 18:00:02', '', NULL, '', 54, '', 12, 7)`,
	}
}

// checkSix compares what is read of sixTables.
func checkSix(t *testing.T, place string) {
	t.Helper()
	at := time.Date(2026, 11, 21, 18, 0, 2, 0, time.UTC)
	want := []rdio.Call{
		{
			System: 12, Talkgroup: 7, Time: at, AudioName: "a.ogg", AudioType: "audio/ogg", Source: 54,
			Units: []rdio.Unit{{ID: 54}},
		},
		{
			System: 11, Talkgroup: 1001, Time: at.Add(5 * time.Second), AudioName: "b.ogg", AudioType: "audio/ogg",
			Frequency: 851012500, Source: 52, Patches: []int64{1002, 1003},
			Units:       []rdio.Unit{{ID: 52, Label: "Engine 5"}, {ID: 53, OffsetS: 2.5, Label: "Truck"}},
			Frequencies: []rdio.Frequency{{Hz: 851012500, LengthS: 3.5, Errors: 2, Spikes: 1}},
			SystemLabel: "Elm County", TalkgroupLabel: "FD 1", TalkgroupName: "Fire 1", TalkgroupTag: "Fire Dispatch",
			TalkgroupGroups: []string{"Fire"},
		},
	}
	if diff := cmp.Diff(want, readAll(t, open(t, place))); diff != "" {
		t.Errorf("calls differ (-want +got):\n%s", diff)
	}
}

func TestSix(t *testing.T) {
	fill := func(t *testing.T, db *sql.DB, quote string, types ...string) {
		for _, text := range sixTables() {
			execute(t, db, quote, strings.NewReplacer(append(types, "AUDIO", "'"+strings.Repeat("OggS", 300)+"'")...).
				Replace(text))
		}
	}
	t.Run("SQLite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "six.db")
		fill(t, owner(t, "sqlite", path), `"`,
			"AUTO", "integer PRIMARY KEY AUTOINCREMENT", "BYTES", "longblob", "DATE", "datetime")
		checkSix(t, "sqlite:"+path)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		address := pgtest.Open(t).Database(t)
		fill(t, owner(t, "pgx", address), `"`, "AUTO", "serial PRIMARY KEY", "BYTES", "bytea", "DATE", "timestamp")
		checkSix(t, address)
	})
}

// MariaDB keeps both versions' tables.
func TestMariaDB(t *testing.T) {
	address := mariadbtest.Start(t)
	db := owner(t, "mysql", mariadbtest.DSN(address))
	audio := "'" + strings.Repeat("OggS", 300) + "'"
	types := strings.NewReplacer("AUTO", "integer AUTO_INCREMENT PRIMARY KEY", "BYTES", "longblob", "DATE", "datetime",
		"AUDIO", audio)
	for _, text := range sixTables() {
		execute(t, db, "`", types.Replace(text))
	}
	checkSix(t, address)
	execute(t, db, "`", `DROP TABLE "rdioScannerCalls"`)
	for _, text := range []string{
		`CREATE TABLE "systems" ("systemId" AUTO, "label" text NOT NULL, "systemRef" integer NOT NULL)`,
		`CREATE TABLE "tags" ("tagId" AUTO, "label" text NOT NULL)`,
		`CREATE TABLE "groups" ("groupId" AUTO, "label" text NOT NULL)`,
		`CREATE TABLE "talkgroups" ("talkgroupId" AUTO, "label" text NOT NULL, "name" text NOT NULL, ` +
			`"systemId" bigint NOT NULL, "tagId" bigint NOT NULL, "talkgroupRef" integer NOT NULL)`,
		`CREATE TABLE "talkgroupGroups" ("talkgroupGroupId" AUTO, "groupId" bigint NOT NULL, "talkgroupId" bigint)`,
		`CREATE TABLE "units" ("unitId" AUTO, "label" text NOT NULL, "systemId" bigint, "unitRef" integer NOT NULL)`,
		`CREATE TABLE "calls" ("callId" AUTO, "audio" BYTES NOT NULL, "audioFilename" text NOT NULL, ` +
			`"audioMime" text NOT NULL, "siteRef" integer NOT NULL DEFAULT 0, "systemId" bigint NOT NULL, ` +
			`"talkgroupId" bigint NOT NULL, "timestamp" bigint NOT NULL)`,
		`CREATE TABLE "callUnits" ("callUnitId" AUTO, "callId" bigint NOT NULL, "offset" real NOT NULL, ` +
			`"unitRef" integer NOT NULL)`,
		`CREATE TABLE "callFrequencies" ("callFrequencyId" AUTO, "callId" bigint NOT NULL, "dbm" real NOT NULL, ` +
			`"errors" integer NOT NULL, "frequency" integer NOT NULL, "offset" real NOT NULL, ` +
			`"spikes" integer NOT NULL)`,
		`CREATE TABLE "callPatches" ("callPatchId" AUTO, "callId" bigint NOT NULL, "talkgroupId" bigint NOT NULL)`,
		`INSERT INTO "systems" ("label", "systemRef") VALUES ('other', 12), ('Elm County', 11)`,
		`INSERT INTO "tags" ("label") VALUES ('Fire Dispatch')`, `INSERT INTO "groups" ("label") VALUES ('Fire')`,
		`INSERT INTO "talkgroups" ("label", "name", "systemId", "tagId", "talkgroupRef") VALUES ` +
			`('FD 1', 'Fire 1', 2, 1, 1001), ('', '', 2, 9, 1002)`,
		`INSERT INTO "talkgroupGroups" ("groupId", "talkgroupId") VALUES (1, 1)`,
		`INSERT INTO "units" ("label", "systemId", "unitRef") VALUES ('Engine 5', 2, 52), ('wrong', 1, 52)`,
		`INSERT INTO "calls" ("audio", "audioFilename", "audioMime", "systemId", "talkgroupId", "timestamp") VALUES ` +
			`(AUDIO, 'a.ogg', 'audio/ogg', 2, 1, 1795284002125)`,
		`INSERT INTO "callUnits" ("callId", "offset", "unitRef") VALUES ` +
			`(1, 0, 52), (1, 0, 52), (1, 2.5, 53), (2, 0, 54)`,
		`INSERT INTO "callFrequencies" ("callId", "dbm", "errors", "frequency", "offset", "spikes") VALUES ` +
			`(1, -70, 2, 851012500, 0, 1)`,
		`INSERT INTO "callPatches" ("callId", "talkgroupId") VALUES (1, 2)`,
	} {
		execute(t, db, "`", types.Replace(text))
	}
	want := []rdio.Call{{
		System: 11, Talkgroup: 1001, Time: time.UnixMilli(1795284002125).UTC(), AudioName: "a.ogg",
		AudioType: "audio/ogg", Frequency: 851012500, Source: 52, Patches: []int64{1002},
		Units:       []rdio.Unit{{ID: 52, Label: "Engine 5"}, {ID: 53, OffsetS: 2.5}},
		Frequencies: []rdio.Frequency{{Hz: 851012500, Errors: 2, Spikes: 1, DBm: -70}},
		SystemLabel: "Elm County", TalkgroupLabel: "FD 1", TalkgroupName: "Fire 1", TalkgroupTag: "Fire Dispatch",
		TalkgroupGroups: []string{"Fire"},
	}}
	if diff := cmp.Diff(want, readAll(t, open(t, address))); diff != "" {
		t.Errorf("calls differ (-want +got):\n%s", diff)
	}
}

// A database that its server has locked is waited for, when it is opened and when a call is due.
func TestLocked(t *testing.T) {
	path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
	server, err := owner(t, "sqlite", "file:"+strings.ReplaceAll(path, "#", "%23")).Conn(t.Context())
	must(t, err)
	defer server.Close()
	lock := func() (unlocked chan error) {
		_, err := server.ExecContext(t.Context(), "BEGIN EXCLUSIVE")
		must(t, err)
		unlocked = make(chan error, 1)
		time.AfterFunc(dbread.BusyTimeout+dbread.BusyTimeout/4, func() {
			_, err := server.ExecContext(context.Background(), "ROLLBACK")
			unlocked <- err
		})
		return unlocked
	}
	unlocked := lock()
	a := open(t, "sqlite:"+path)
	must(t, <-unlocked)
	unlocked = lock()
	if got := len(readAll(t, a)); got != 12 {
		t.Errorf("%d calls", got)
	}
	must(t, <-unlocked)
}

// What a server has deleted since, or never had, is named and costs no other call.
func TestMissing(t *testing.T) {
	path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
	db := owner(t, "sqlite", "file:"+strings.ReplaceAll(path, "#", "%23"))
	execute(t, db, `"`, `UPDATE "calls" SET "timestamp" = -62135596800000 WHERE "callId" = 3`,
		`UPDATE "calls" SET "talkgroupId" = 99 WHERE "callId" = 4`,
		`UPDATE "calls" SET "audio" = 'short' WHERE "callId" = 5`,
		`UPDATE "calls" SET "audioFilename" = 'x', "audioMime" = 'video/x' WHERE "callId" = 6`,
		`UPDATE "calls" SET "audio" = zeroblob(5000) WHERE "callId" = 7`)
	a := open(t, "sqlite:"+path)
	if a.Found() != 11 {
		t.Errorf("%d found", a.Found())
	}
	execute(t, db, `"`, `DELETE FROM "calls" WHERE "callId" = 2`)
	reasons := make(map[replay.Reason]int)
	for n := range a.Len() {
		if _, err := a.Read(n, nil, &rdio.Call{}); err != nil {
			reasons[replay.ReasonOf(err)]++
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has several lines", err)
			}
		}
	}
	for _, f := range a.Skipped() {
		reasons[f.Reason] += int(f.Count)
	}
	want := map[replay.Reason]int{
		replay.NoTime: 1, replay.NoTalkgroup: 1, replay.NoAudio: 1, replay.BadAudio: 2, replay.CannotBeRead: 1,
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons differ (-want +got):\n%s", diff)
	}
}

// A database of another kind is refused, and no password is shown.
func TestRefused(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other.db")
	execute(t, owner(t, "sqlite", other), `"`, `CREATE TABLE "calls" ("callId" integer)`)
	for place, want := range map[string]string{
		"sqlite:" + other: "no tables of rdio-scanner",
		"sqlite:":         "names no file",
		"sqlite:" + filepath.Join(t.TempDir(), "none"): "no such file",
		"postgres://me:hush@host:x/calls":              "not like postgres://",
		"mysql://me:hush@host":                         "not like mysql://",
		"postgres://me:hush@127.0.0.1:1/calls":         "connect",
	} {
		_, err := Open(t.Context(), place)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error is %v, want %q", place, err, want)
		}
	}
}

// A hundred thousand calls are gone through without their audio, by the index that the server has, and take some
// megabytes. The units of each are found without a look at all of them.
func TestMany(t *testing.T) {
	path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
	const calls = 100_000
	execute(t, owner(t, "sqlite", "file:"+strings.ReplaceAll(path, "#", "%23")), `"`,
		fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) `+
			`INSERT INTO "calls" ("audio", "audioFilename", "audioMime", "systemId", "talkgroupId", "timestamp") `+
			`SELECT zeroblob(100), 'x.ogg', 'audio/ogg', 1 + i %% 2, 1 + i %% 6, `+
			`1795480000000 + (i * 7919 %% %d) * 1000 FROM n`, calls, calls),
		`INSERT INTO "callUnits" ("callId", "offset", "unitRef") SELECT "callId", 0, "callId" FROM "calls" `+
			`WHERE "callId" > 12 ORDER BY "callId"`)
	d, err := Open(t.Context(), "sqlite:"+path)
	must(t, err)
	if !strings.Contains(d.layout.pages.query, `"siteRef"`) {
		t.Error("the calls are not read from the index")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	a, err := replay.Open(t.Context(), d)
	must(t, err)
	defer a.Close()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 10<<20 {
		t.Errorf("%d bytes are kept", used)
	}
	if a.Len() != calls+12 {
		t.Fatalf("%d calls", a.Len())
	}
	last := time.Duration(-1)
	for n := range a.Len() {
		due, ok := a.Due(n)
		if !ok || due < last {
			t.Fatalf("call %d is due after %v, the one before after %v", n, due, last)
		}
		last = due
	}
	b := d.blocks["callUnits"]
	wide := 0
	for _, k := range b.all {
		if k.highest-k.lowest > 2*b.width {
			wide++
		}
	}
	if len(b.all) > maxBlocks+1 || wide > 1 {
		t.Errorf("%d blocks of %d, %d of them wide", len(b.all), b.width, wide)
	}
	var c rdio.Call
	if _, err := d.Read(54_321, nil, &c); err != nil || c.Source != 54_321 || len(c.Units) != 1 {
		t.Errorf("read %+v: %v", c, err)
	}
	if at, err := d.Start(54_321); err != nil || !at.Equal(c.Time) {
		t.Errorf("starts at %v, not %v: %v", at, c.Time, err)
	}
}

func TestParseTime(t *testing.T) {
	at := time.Date(2026, 11, 21, 18, 0, 2, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"1795284002125":                            at.Add(125 * time.Millisecond),
		"2026-11-21 18:00:02 +0000 UTC":            at,
		"2026-11-21 18:00:02.125 +0000 UTC m=+0.1": at.Add(125 * time.Millisecond),
		"2026-11-21 13:00:02 -0500 EST":            at,
		"2026-11-21 18:00:02.000 +00:00":           at,
		"2026-11-21 18:00:02":                      at,
		"2026-11-21T18:00:02Z":                     at,
		"2026-11-21 20:00:02+02":                   at,
		"0":                                        {},
		"-62135596800000":                          {},
		"yesterday":                                {},
		"0000-00-00 00:00:00":                      {},
	} {
		got, ok := parseTime(text)
		if ok == want.IsZero() || ok && !got.Equal(want) {
			t.Errorf("%q is %v, %t", text, got, ok)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-11-21 18:00:02.125 +0000 UTC m=+0.1")
	f.Add("1795284002125")
	f.Add("0001-01-01 00:00:00")
	f.Fuzz(func(t *testing.T, text string) {
		if at, ok := parseTime(text); ok && !at.After(time.Unix(0, 0)) {
			t.Errorf("%q is not a time", text)
		}
	})
}

func FuzzParseLists(f *testing.F) {
	f.Add(`[{"errorCount":2,"freq":851012500,"len":3.5,"pos":0}]`, `[1002,1003]`, `[{"pos":0,"src":52,"tag":"x"}]`)
	f.Add(`[null, {"freq":"1e99"}]`, `["1", -1, 1e9]`, `[{"src":null}]`)
	f.Fuzz(func(t *testing.T, frequencies, patches, sources string) {
		var c rdio.Call
		parseLists(&c, frequencies, patches, sources)
		for _, u := range c.Units {
			if !replay.IsID(u.ID) || u.OffsetS < 0 || u.Label != replay.Label(u.Label) {
				t.Errorf("%q has %+v", sources, u)
			}
		}
		for _, id := range c.Patches {
			if !replay.IsID(id) {
				t.Errorf("%q has %d", patches, id)
			}
		}
		for _, f := range c.Frequencies {
			if f.Hz <= 0 || f.OffsetS < 0 || f.LengthS < 0 {
				t.Errorf("%q has %+v", frequencies, f)
			}
		}
	})
}
