package delivery

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/testenv/pgtest"
)

// trEngineTables are those of tr-engine, by the columns that matter: calls are partitioned by month, and their key
// has the time.
const trEngineTables = `
CREATE TABLE systems (system_id serial PRIMARY KEY, system_type text NOT NULL, name text, sysid text NOT NULL DEFAULT '0',
	wacn text NOT NULL DEFAULT '0');
CREATE TABLE talkgroups (system_id int NOT NULL, tgid int NOT NULL, alpha_tag text, PRIMARY KEY (system_id, tgid));
CREATE TABLE calls (
	call_id bigserial, system_id int NOT NULL, tgid int NOT NULL, tr_call_id text, start_time timestamptz NOT NULL, duration real,
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
	const insert = `INSERT INTO calls (system_id, tgid, start_time, audio_file_path, audio_file_size, call_filename, system_name)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`
	for i := range 12 {
		at := firstOfSix.Add(time.Duration(i) * 5 * time.Second)
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
	exec(insert, 2, 77, firstOfSix, folder+"/77-1.m4a", 5, nil, "butco")
	return url, exec
}

// Calls that tr-engine keeps are known by their files' names, and their systems by the labels that this program gives.
func TestTREngine(t *testing.T) {
	audio := []byte("as it was sent")
	const well = "15 = 12 stored + 0 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, time 0, audio 0; "
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
			"15 = 6 stored + 6 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 6, talkgroup 0, time 0, audio 0; ",
		},
		{
			"another time",
			[2]string{"rdiostress-11", "rdiostress-12"},
			"UPDATE calls SET start_time = start_time + interval '1 s' WHERE call_id = 3",
			"15 = 11 stored + 1 altered + 0 dropped + 3 missing + 0 pending; twice 0; system 0, talkgroup 0, time 1, audio 0; ",
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
			looked, a := accountOf(t, capturedRun(firstOfSix), p, sentAs(".mp3", audio))
			if looked.stored != 12 {
				t.Errorf("a look finds %+v", looked)
			}
			if got := tallyOf(a); !strings.HasPrefix(got, tt.want) {
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
	l := capturedRun(firstOfSix)
	m := &matcher{ledger: l}
	tell := &Visitor{Row: func(r *Row) { m.markStored(r, 0) }}
	for _, want := range []int64{11, 12} {
		if err := p.Poll(t.Context(), tell); err != nil {
			t.Fatal(err)
		}
		if got := l.counts().stored; got != want {
			t.Errorf("found %d, want %d", got, want)
		}
		exec("UPDATE calls c SET audio_file_path = l.audio_file_path FROM late l WHERE l.call_id = c.call_id")
	}
}

// engine lists calls as tr-engine does: the latest or highest first whatever is asked for, at most 1,000 at once, in
// no certain order where they are alike, and for those with the key alone.
type engine struct {
	*httptest.Server
	calls   []engineCall
	key     string
	busy    int // so manieth requests are refused
	asked   int
	largest int // page that was given
}

type engineCall struct {
	ID        int64     `json:"call_id"`
	SystemID  int       `json:"system_id"`
	Label     string    `json:"system_name,omitempty"`
	Talkgroup int64     `json:"tgid"`
	Start     time.Time `json:"start_time"`
	Size      *int64    `json:"audio_size,omitempty"`
}

func newEngine(t *testing.T, key string) *engine {
	e := &engine{key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/calls", e.list)
	e.Server = httptest.NewServer(mux)
	t.Cleanup(e.Close)
	return e
}

func (e *engine) list(w http.ResponseWriter, r *http.Request) {
	e.asked++
	q := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != "Bearer "+e.key:
		http.Error(w, `{"error":"unauthorized"}`, http.StatusUnauthorized)
		return
	case e.busy > 0 && e.asked%e.busy == 0:
		http.Error(w, `{"code":"rate_limited","error":"rate limit exceeded"}`, http.StatusTooManyRequests)
		return
	}
	from, err := time.Parse(time.RFC3339, q.Get("start_time"))
	hasFrom := err == nil
	to, err := time.Parse(time.RFC3339, q.Get("end_time"))
	hasTo := err == nil
	tgid, err := strconv.ParseInt(q.Get("tgid"), 10, 64)
	hasTgid := err == nil
	calls := slices.DeleteFunc(slices.Clone(e.calls), func(c engineCall) bool {
		return hasFrom && c.Start.Before(from) || hasTo && !c.Start.Before(to) || hasTgid && c.Talkgroup != tgid
	})
	total := len(calls)
	rand.Shuffle(total, func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	slices.SortStableFunc(calls, func(a, b engineCall) int {
		if strings.TrimPrefix(q.Get("sort"), "-") == "tgid" {
			return cmp.Compare(b.Talkgroup, a.Talkgroup)
		}
		return b.Start.Compare(a.Start)
	})
	limit, _ := strconv.Atoi(q.Get("limit"))
	limit = min(limit, 1000)
	offset, _ := strconv.Atoi(q.Get("offset"))
	calls = calls[min(offset, total):min(offset+limit, total)]
	e.largest = max(e.largest, len(calls))
	_ = json.NewEncoder(w).Encode(map[string]any{"calls": calls, "total": total, "limit": limit, "offset": offset})
}

// A run whose calls share few seconds, as where talkgroups are many and the window is wide, is read in full through
// the list.
func TestTREngineList(t *testing.T) {
	e := newEngine(t, "hush")
	e.busy = 7
	start := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	l := NewLedger("rs-abcdefgh-", start)
	size := int64(5000)
	const systems, talkgroups, seconds = 12, 300, 2 // 3,600 calls in each second
	n := uint64(0)
	add := func(system, talkgroup int64, at time.Time, keep bool) {
		record(l, n, rdio.Call{System: system, Talkgroup: talkgroup, Time: at}, measure.Accepted)
		if n++; keep {
			label := fmt.Sprintf("rdiostress-%d", system)
			e.calls = append(e.calls, engineCall{int64(n), int(system) + 100, label, talkgroup, at, &size})
		}
	}
	for second := range seconds {
		for system := range systems {
			for talkgroup := range talkgroups {
				add(int64(11+system), int64(1001+talkgroup), start.Add(-time.Duration(second)*11*time.Second), talkgroup != 0 || system != 0)
			}
		}
	}
	add(11, 1001, start.Add(-50*time.Hour), true)
	e.calls = append(e.calls, engineCall{99999, 7, "butco", 5, start, nil})
	open := func(key string) (*trEngineAPI, error) {
		p, err := OpenTREngine(t.Context(), e.Client(), e.URL+"/api/v1/call-upload", key)
		if err != nil {
			return nil, err
		}
		api := p.(*trEngineAPI)
		api.pause, api.start = time.Millisecond, 0
		return api, nil
	}
	if _, err := open("wrong"); err == nil || strings.Contains(err.Error(), "wrong") || !strings.Contains(err.Error(), "401") {
		t.Errorf("with a wrong key: %v", err)
	}
	p, err := open("hush")
	if err != nil {
		t.Fatal(err)
	}
	counted := int64(0)
	if err := p.Poll(t.Context(), &Visitor{Count: func(calls int64) { counted = calls }}); err != nil || counted != int64(len(e.calls)) {
		t.Errorf("a look counts %d of %d: %v", counted, len(e.calls), err)
	}
	m := &matcher{ledger: l, sent: func(uint64) (Sent, bool) { return Sent{Ext: ".mp3", Size: size}, true }}
	from, to := l.span()
	if err := p.ReadAll(t.Context(), &Visitor{From: from, To: to, Row: m.accountRow}); err != nil {
		t.Fatal(err)
	}
	a := newAccount(l, forever, -1, m.copyReasons())
	const want = "7201 = 7199 stored + 0 altered + 0 dropped + 2 missing + 0 pending; twice 0; system 0, talkgroup 0, time 0, audio 0; "
	if got := tallyOf(a); !strings.HasPrefix(got, want) {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	if e.largest > 1000 || e.asked > 60 {
		t.Errorf("%d requests, the largest page %d", e.asked, e.largest)
	}
}

// What has no such list is said to have none; and whoever is asked for it is looked at rarely.
func TestNoTREngine(t *testing.T) {
	for _, answer := range []string{"<html>", `{"results":[],"count":0}`, `{"calls":[]}`, `{"calls":7,"total":0}`} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		_, err := OpenTREngine(t.Context(), s.Client(), s.URL, "hush")
		if err == nil || !strings.Contains(err.Error(), ErrNoAPI.Error()) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", answer, err)
		}
		s.Close()
	}
	w := Start(t.Context(), NewLedger("x-", time.Now()), &trEngineAPI{client: &http.Client{}, pause: trEnginePause}, Options{})
	defer func() {
		w.cancel()
		w.poller.Wait()
	}()
	if w.Every != 5*time.Second {
		t.Errorf("looked at every %v", w.Every)
	}
}

// A list that takes few requests is not looked at every second.
func TestHowOftenListsAreLookedAt(t *testing.T) {
	own, other := &api{byID: true, pause: plainPause}, &api{pause: plainPause}
	if own.Every() != 0 || other.Every() != 3*time.Second {
		t.Errorf("one's own every %v, others every %v", own.Every(), other.Every())
	}
}
