package sqldb

import (
	"context"
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
	"rdiostress/internal/testenv/pgtest"
)

// trEngineTables are those of tr-engine, by the columns that matter: calls are partitioned by month, and their key
// has the time.
const trEngineTables = `
CREATE TABLE systems (system_id serial PRIMARY KEY, system_type text NOT NULL, name text, sysid text NOT NULL DEFAULT
	'0',
	wacn text NOT NULL DEFAULT '0');
CREATE TABLE talkgroups (system_id int NOT NULL, tgid int NOT NULL, alpha_tag text, PRIMARY KEY (system_id, tgid));
CREATE TABLE calls (
	call_id bigserial, system_id int NOT NULL, tgid int NOT NULL, tr_call_id text, start_time timestamptz NOT NULL,
		duration real,
	audio_file_path text, audio_file_size int, call_filename text, system_name text, PRIMARY KEY (call_id, start_time)
) PARTITION BY RANGE (start_time);
CREATE TABLE calls_2026_11 PARTITION OF calls FOR VALUES FROM ('2026-11-01') TO ('2026-12-01');
CREATE TABLE calls_rest PARTITION OF calls DEFAULT;
INSERT INTO systems (system_type, name) VALUES ('conventional', 'a'), ('conventional', 'b');`

// trEngineDatabase makes a database as tr-engine leaves it that was sent the twelve calls of the captured run, of
// systems with these labels, and one of somebody else's.
func trEngineDatabase(t *testing.T, labels [2]string, audio []byte) (url string, exec func(text string, args ...any)) {
	t.Helper()
	url = pgtest.Open(t).Database(t)
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	exec = func(text string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(context.WithoutCancel(t.Context()), text, args...); err != nil {
			t.Fatalf("%v in %.200s", err, text)
		}
	}
	exec(trEngineTables)
	folder := t.TempDir()
	const insert = `INSERT INTO calls (system_id, tgid, start_time, audio_file_path, audio_file_size, call_filename,
		system_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	for i := range 12 {
		at := capturetest.FirstOfSix.Add(time.Duration(i) * 5 * time.Second)
		path := filepath.Join(folder, fmt.Sprintf("run-7f3a-%06d.mp3", i))
		if err := os.WriteFile(path, audio, 0o600); err != nil {
			t.Fatal(err)
		}
		var file, original any = path, nil
		if i == 11 { // as calls come to it that are not uploaded
			file, original = nil, path
		}
		exec(insert, 1+i%2, 1001+i%3, at, file, len(audio), original, labels[i%2])
	}
	exec(insert, 2, 77, capturetest.FirstOfSix, folder+"/77-1.m4a", 5, nil, "butco")
	return url, exec
}

// Calls that tr-engine keeps are known by their files' names, and their systems by the labels that this program gives.
func TestTREngine(t *testing.T) {
	audio := []byte("as it was sent")
	const well = "15 = 12 stored + 0 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, " +
		"time 0, audio 0; "
	tests := []struct {
		name   string
		labels [2]string
		change string
		want   string
	}{
		{"labels with numbers", [2]string{"rdiostress-11", "rdiostress-12"}, "", well},
		{"labels of others, which say nothing", [2]string{"butco", "Site 5"}, "", well},
		{"labels without numbers", [2]string{"rdiostress", "rdiostress"}, "", well},
		{
			"another system",
			[2]string{"rdiostress-11", "rdiostress-13"},
			"",
			"15 = 6 stored + 6 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 6, talkgroup 0, time 0, " +
				"audio 0; ",
		},
		{
			"another time",
			[2]string{"rdiostress-11", "rdiostress-12"},
			"UPDATE calls SET start_time = start_time + interval '1 s' WHERE call_id = 3",
			"15 = 11 stored + 1 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, time " +
				"1, audio 0; ",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url, exec := trEngineDatabase(t, tt.labels, audio)
			if tt.change != "" {
				exec(tt.change)
			}
			p, err := OpenPostgres(t.Context(), url)
			p = fromTheStart(t, p, err)
			if got := p.Source(); got != "tr-engine on PostgreSQL" {
				t.Errorf("recognised %q", got)
			}
			looked, a := accountOf(t, deliverytest.CapturedRun(capturetest.FirstOfSix), p, sentAs(".mp3", audio))
			if looked.stored != 12 {
				t.Errorf("a look finds %+v", looked)
			}
			if got := deliverytest.Tally(a); !strings.HasPrefix(got, tt.want) {
				t.Errorf("\ngot  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A call becomes visible before the path of its audio does: a look that comes between sees it the next time.
func TestTREngineNamesLate(t *testing.T) {
	url, exec := trEngineDatabase(t, [2]string{"rdiostress-11", "rdiostress-12"}, []byte("x"))
	p, err := OpenPostgres(t.Context(), url)
	p = fromTheStart(t, p, err)
	exec(`CREATE TABLE late AS SELECT call_id, audio_file_path FROM calls WHERE call_id = 10;
		UPDATE calls SET audio_file_path = NULL WHERE call_id = 10`)
	found := make(map[string]bool)
	v := &delivery.Visitor{Row: func(r *delivery.Row) {
		if name := filepath.Base(r.Name); strings.HasPrefix(name, "run-7f3a-") {
			found[name] = true
		}
	}}
	for _, want := range []int{11, 12} {
		if err := p.Poll(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		if got := len(found); got != want {
			t.Errorf("found %d, want %d", got, want)
		}
		exec("UPDATE calls c SET audio_file_path = l.audio_file_path FROM late l WHERE l.call_id = c.call_id")
	}
}

// PostgreSQL reads labels as this program does.
func TestOwnLabelsInPostgreSQL(t *testing.T) {
	url, exec := trEngineDatabase(t, [2]string{"a", "b"}, nil)
	p, err := OpenPostgres(t.Context(), url)
	p = fromTheStart(t, p, err)
	for label, want := range deliverytest.Labels() {
		exec("UPDATE calls SET system_name = $1 WHERE call_id = 1", label)
		must(t, p.ReadAll(t.Context(), &delivery.Visitor{Row: func(r *delivery.Row) {
			if r.ID == 1 && r.System != want {
				t.Errorf("%q is system %d, want %d", label, r.System, want)
			}
		}}))
	}
}
