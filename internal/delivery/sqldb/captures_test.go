package sqldb

import (
	"crypto/sha256"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/delivery"
	"rdiostress/internal/delivery/capturetest"
	"rdiostress/internal/delivery/deliverytest"
	"rdiostress/internal/measure"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// copyOf copies a file of testdata into a temporary folder.
func copyOf(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sentAs has every call sent with the same audio.
func sentAs(ext string, audio []byte) func(uint64) (delivery.Sent, bool) {
	return func(uint64) (delivery.Sent, bool) {
		return delivery.Sent{Ext: ext, Size: int64(len(audio)), Sum: sha256.Sum256(audio)}, true
	}
}

// fromTheStart makes a database's prober look at what was there when it was opened too.
func fromTheStart(t testing.TB, p delivery.Prober, err error) delivery.Prober {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	d := p.(*database)
	d.start, d.startLog, d.at, d.atLog, d.before = 0, 0, 0, 0, 0
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// polled is what a poll shows of the captured run: rows with its names, and lines of the log that drop one of its
// calls.
type polled struct{ stored, dropped int }

// accountOf polls once and accounts.
func accountOf(
	t testing.TB, l *delivery.Ledger, p delivery.Prober, sent func(uint64) (delivery.Sent, bool),
) (found polled, d *measure.Delivery) {
	t.Helper()
	v := delivery.Visitor{
		Row: func(r *delivery.Row) {
			if strings.Contains(r.Name, "run-7f3a-") {
				found.stored++
			}
		},
		Logged: func(line string) {
			if strings.Contains(line, "run-7f3a-") && strings.Contains(line, "duplicate") {
				found.dropped++
			}
		},
	}
	if err := p.Poll(t.Context(), &v); err != nil {
		t.Fatal(err)
	}
	return found, deliverytest.Account(t, l, p, &delivery.AudioOptions{Sent: sent})
}

func checkTally(t testing.TB, d *measure.Delivery, want string) {
	t.Helper()
	if diff := cmp.Diff(want, deliverytest.Tally(d)); diff != "" {
		t.Errorf("account differs (-want +got):\n%s", diff)
	}
	if *d.Stored+*d.Corrupted+*d.Dropped+*d.Missing+*d.Pending != *d.Acknowledged {
		t.Errorf("does not add up: %s", deliverytest.Tally(d))
	}
}

// storedAudio is the audio of the first call in a rdio-scanner 7 database.
func storedAudio(t testing.TB, driver, dsn string) (audio []byte, first time.Time) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ms int64
	if err := db.QueryRow(`SELECT "audio", "timestamp" FROM "calls" ORDER BY "callId" LIMIT 1`).Scan(&audio,
		&ms); err != nil {
		t.Fatal(err)
	}
	return audio, time.UnixMilli(ms)
}

const (
	asCaptured = "15 = 12 stored + 0 altered + 3 dropped + 0 missing + 0 pending; twice 0; system 0, talkgroup 0, " +
		"time 0, audio 0; " +
		"compared 12, reencoded 0; refused 0, unanswered 0"
	asConverted = "15 = 12 stored + 0 altered + 3 dropped + 0 missing + 0 pending; twice 0; system 0, talkgroup 0, " +
		"time 0, audio 0; " +
		"compared 0, reencoded 12; refused 0, unanswered 0"
)

func TestCapturedSQLite(t *testing.T) {
	t.Run("7", func(t *testing.T) {
		path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
		audio, _ := storedAudio(t, "sqlite", path)
		p, err := OpenSQLite(t.Context(), path)
		p = fromTheStart(t, p, err)
		if got := p.Source(); got != "rdio-scanner 7 on SQLite" {
			t.Errorf("recognised %q", got)
		}
		looked, a := accountOf(t, deliverytest.CapturedRun(capturetest.FirstOfSeven), p, sentAs(".mp3", audio))
		if looked.stored != 12 || looked.dropped != 3 {
			t.Errorf("a look finds %+v", looked)
		}
		checkTally(t, a, asCaptured)
	})
	t.Run("7, other audio than was sent", func(t *testing.T) {
		p, err := OpenSQLite(t.Context(), copyOf(t, "rdio-scanner-7.0.0.sqlite"))
		_, a := accountOf(
			t, deliverytest.CapturedRun(capturetest.FirstOfSeven), fromTheStart(t, p, err),
			sentAs(".mp3", make([]byte, 4450)),
		)
		checkTally(
			t,
			a,
			"15 = 0 stored + 12 altered + 3 dropped + 0 missing + 0 pending; twice 0; system 0, talkgroup 0, time "+
				"0, audio 12; "+
				"compared 12, reencoded 0; refused 0, unanswered 0",
		)
	})
	t.Run("6", func(t *testing.T) {
		p, err := OpenSQLite(t.Context(), copyOf(t, "rdio-scanner-6.6.3.sqlite"))
		p = fromTheStart(t, p, err)
		if got := p.Source(); got != "rdio-scanner 6 on SQLite" {
			t.Errorf("recognised %q", got)
		}
		_, a := accountOf(
			t, deliverytest.CapturedRun(capturetest.FirstOfSix), p, sentAs(".mp3", []byte("sent as MP3")),
		)
		checkTally(t, a, asConverted)
	})
	t.Run("another run", func(t *testing.T) {
		p, err := OpenSQLite(t.Context(), copyOf(t, "rdio-scanner-7.0.0.sqlite"))
		l := deliverytest.RunOf("run-other-", capturetest.FirstOfSeven)
		_, a := accountOf(t, l, fromTheStart(t, p, err), nil)
		checkTally(
			t,
			a,
			"15 = 0 stored + 0 altered + 0 dropped + 15 missing + 0 pending; twice 0; system 0, talkgroup 0, time "+
				"0, audio 0; "+
				"compared 0, reencoded 0; refused 0, unanswered 0",
		)
	})
}

// A server that does not keep names is looked up by system, talkgroup and second.
func TestWithoutNames(t *testing.T) {
	path := copyOf(t, "rdio-scanner-7.0.0.sqlite")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE calls SET audioFilename = ''; UPDATE calls SET timestamp = timestamp + 1000 WHERE ` +
		`callId = 12`); err != nil {
		t.Fatal(err)
	}
	db.Close()
	p, err := OpenSQLite(t.Context(), path)
	looked, a := accountOf(t, deliverytest.CapturedRun(capturetest.FirstOfSeven), fromTheStart(t, p, err), nil)
	if looked.stored != 0 {
		t.Errorf("a look names %d calls", looked.stored)
	}
	checkTally(
		t,
		a,
		"15 = 11 stored + 0 altered + 3 dropped + 1 missing + 0 pending; twice 0; system 0, talkgroup 0, time 0, "+
			"audio 0; "+
			"compared 0, reencoded 0; refused 0, unanswered 0",
	)
}

func TestCapturedPostgres(t *testing.T) {
	psql := testenv.Program(t, "psql", "postgresql-client")
	url := pgtest.Open(t).Database(t)
	dump, err := os.ReadFile("../testdata/rdio-scanner-7.0.0.postgres.sql")
	if err != nil {
		t.Fatal(err)
	}
	var plain strings.Builder
	for line := range strings.Lines(string(dump)) {
		// which an older psql does not know
		if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
			plain.WriteString(line)
		}
	}
	load := func(text string) {
		cmd := exec.Command(psql, url, "-q", "-v", "ON_ERROR_STOP=1")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	load(plain.String())
	audio, first := storedAudio(t, "pgx", url)
	p, err := OpenPostgres(t.Context(), url)
	p = fromTheStart(t, p, err)
	if got := p.Source(); got != "rdio-scanner 7 on PostgreSQL" {
		t.Errorf("recognised %q", got)
	}
	_, a := accountOf(t, deliverytest.CapturedRun(first), p, sentAs(".mp3", audio))
	checkTally(t, a, asCaptured)
	if _, err := p.(*database).db.Exec(`DELETE FROM "calls"`); err == nil ||
		!strings.Contains(err.Error(), "read-only") {
		t.Errorf("the connection can write: %v", err)
	}
	load(`CREATE TABLE "userGroups" ("userGroupId" bigserial PRIMARY KEY)`)
	if p, err = OpenPostgres(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if got := p.Source(); got != "ThinLine Radio on PostgreSQL" {
		t.Errorf("recognised %q", got)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestUnknownDatabases(t *testing.T) {
	dir := t.TempDir()
	foreign, text := filepath.Join(dir, "foreign.db"), filepath.Join(dir, "notes.txt")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE calls (id INTEGER PRIMARY KEY, caller TEXT)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		foreign: "no tables of a known server", text: "not a database", dir: "is a folder", filepath.Join(dir,
			"none.db"): "no such file",
	} {
		p, err := OpenSQLite(t.Context(), path)
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", filepath.Base(path), err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "none.db")); err == nil {
		t.Error("a database was made")
	}
	for _, address := range []string{
		"postgres://user:hush@127.0.0.1:1/x?connect_timeout=1",
		"postgres://user:hush@[::1", "mysql://user:hush@127.0.0.1:1/x", "mysql://user:hush@",
	} {
		open := OpenPostgres
		if strings.HasPrefix(address, "mysql") {
			open = OpenMySQL
		}
		if _, err := open(t.Context(), address); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
