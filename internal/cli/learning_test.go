package cli

import (
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

// learningServer answers as rdio-scanner 7 does, before it stores a call, and stores one call after the other in tables
// of rdio-scanner 7. A talkgroup that is new takes it longer than others, and longer with each that it has.
type learningServer struct {
	// what learning the first takes, how much more each further one, and storing a call
	learn, more, store time.Duration
	greet              time.Duration // how long the connection test takes

	url, path string
	db        *sql.DB
	queue     chan *rdio.Call
	worker    sync.WaitGroup
	fault     error
}

// start starts the server for the length of a test.
func (s *learningServer) start(t *testing.T) *learningServer {
	t.Helper()
	empty, err := os.ReadFile("../../internal/delivery/testdata/rdio-scanner-7.0.0.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	s.path = filepath.Join(t.TempDir(), "rdio-scanner.db")
	if err := os.WriteFile(s.path, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	if s.db, err = sql.Open("sqlite", s.path+"?_busy_timeout=10000"); err != nil {
		t.Fatal(err)
	}
	s.queue = make(chan *rdio.Call, 8192)
	s.worker.Go(s.work)
	web := httptest.NewServer(s)
	s.url = web.URL
	t.Cleanup(func() {
		web.Close()
		close(s.queue)
		s.worker.Wait()
		_ = s.db.Close()
		if s.fault != nil {
			t.Errorf("the server failed: %v", s.fault)
		}
	})
	return s
}

func (s *learningServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	boundary, err := rdio.Boundary(r.Header.Get("Content-Type"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	form, err := rdio.ReadForm(r.Body, boundary, discardAudio)
	if err == nil && !form.HasAudio {
		time.Sleep(s.greet)
		http.Error(w, "Incomplete call data: no audio\n", http.StatusExpectationFailed)
		return
	}
	if err == nil {
		var call rdio.Call
		if call, _, err = form.Call(time.Now()); err == nil {
			s.queue <- &call
			_, _ = io.WriteString(w, rdio.PhraseImported+"\n")
			return
		}
	}
	http.Error(w, err.Error(), http.StatusExpectationFailed)
}

// discardAudio reads the audio of a form.
func discardAudio(_ *rdio.Form, audio io.Reader) (int64, error) { return io.Copy(io.Discard, audio) }

// The statements by which it stores.
const (
	findSystem    = `SELECT "systemId" FROM "systems" WHERE "systemRef" = ?`
	addSystem     = `INSERT INTO "systems" ("label", "systemRef") VALUES ('new', ?)`
	findTalkgroup = `SELECT "talkgroupId" FROM "talkgroups" WHERE "systemId" = ? AND "talkgroupRef" = ?`
	addTalkgroup  = `INSERT INTO "talkgroups" ("label", "name", "systemId", "tagId", "talkgroupRef")
		VALUES ('new', 'new', ?, 1, ?)`
	addCall = `INSERT INTO "calls" ("audio", "audioFilename", "audioMime", "systemId", "talkgroupId", "timestamp")
		VALUES ('', ?, '', ?, ?, ?)`
)

// work stores the calls.
func (s *learningServer) work() {
	for call := range s.queue {
		time.Sleep(s.store)
		system, err := s.id(findSystem, call.System)
		if err == sql.ErrNoRows {
			system, err = s.insert(addSystem, call.System)
		}
		talkgroup := int64(0)
		if err == nil {
			talkgroup, err = s.id(findTalkgroup, system, call.Talkgroup)
		}
		if err == sql.ErrNoRows {
			known, _ := s.id(`SELECT COUNT(*) FROM "talkgroups"`)
			time.Sleep(s.learn + time.Duration(known)*s.more)
			talkgroup, err = s.insert(addTalkgroup, system, call.Talkgroup)
		}
		if err == nil {
			_, err = s.insert(addCall, call.AudioName, system, talkgroup, call.Time.UnixMilli())
		}
		if err != nil {
			s.fault = err
		}
	}
}

func (s *learningServer) id(query string, args ...any) (id int64, err error) {
	err = s.db.QueryRow(query, args...).Scan(&id)
	return id, err
}

func (s *learningServer) insert(query string, args ...any) (id int64, err error) {
	res, err := s.db.Exec(query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

// count is a number in the database.
func (s *learningServer) count(t *testing.T, query string, args ...any) int64 {
	t.Helper()
	n, err := s.id(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
