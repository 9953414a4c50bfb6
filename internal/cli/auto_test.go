package cli

import (
	"database/sql"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite"

	"rdiostress/internal/rdio"
)

// keeperTables are those of rdio-scanner 7 that calls are read from.
const keeperTables = `
CREATE TABLE IF NOT EXISTS systems (systemId integer PRIMARY KEY, systemRef integer UNIQUE,
	autoPopulate integer NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS talkgroups (talkgroupId integer PRIMARY KEY, systemId integer, talkgroupRef integer,
	UNIQUE (systemId, talkgroupRef));
CREATE TABLE IF NOT EXISTS calls (callId integer PRIMARY KEY AUTOINCREMENT, audio blob, audioFilename text,
	audioMime text,
	systemId integer, talkgroupId integer, timestamp integer);
CREATE TABLE IF NOT EXISTS logs (logId integer PRIMARY KEY AUTOINCREMENT, level text, message text, timestamp integer);
CREATE TABLE IF NOT EXISTS options (optionId integer PRIMARY KEY, key text, value text);`

// keeper is a call server that keeps calls in a database as rdio-scanner 7 does, and lists none.
func keeper() {
	dir := flag.String("base_dir", ".", "`folder` of its configuration and its database")
	file := flag.String("keep", "", "database; none is kept without one")
	closing := flag.Bool("closing", false, "open the database for each call")
	lose := flag.Int64("lose", 0, "acknowledge every `n`th call and lose it")
	flag.Parse()
	var db *sql.DB
	var err error
	if *file != "" {
		db, err = sql.Open("sqlite", "file:"+filepath.Join(*dir, *file)+"?_busy_timeout=10000")
		if err == nil {
			db.SetMaxOpenConns(1)
			if *closing {
				db.SetMaxIdleConns(-1)
			}
			_, err = db.Exec(keeperTables)
		}
	}
	var l net.Listener
	if err == nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var calls atomic.Int64
	fmt.Println(listening + "http://" + l.Addr().String())
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		boundary, _ := rdio.Boundary(r.Header.Get("Content-Type"))
		var sound []byte
		form, err := rdio.ReadForm(r.Body, boundary, func(_ *rdio.Form, a io.Reader) (int64, error) {
			var err error
			sound, err = io.ReadAll(a)
			return int64(len(sound)), err
		})
		call, _, err2 := form.Call(time.Now())
		switch {
		case err != nil || err2 != nil: // such as the connection test, or a request for a list
			http.Error(w, rdio.PhraseTest, http.StatusExpectationFailed)
			return
		case *lose > 0 && calls.Add(1)%*lose == 0:
		case db != nil:
			if err := keep(db, &call, sound); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
		}
		_, _ = io.WriteString(w, rdio.PhraseImported+"\n")
	}))
}

// keep stores a call.
func keep(db *sql.DB, c *rdio.Call, sound []byte) error {
	for _, write := range []struct {
		text string
		args []any
	}{
		{`INSERT OR IGNORE INTO systems (systemRef) VALUES (?)`, []any{c.System}},
		{
			`INSERT OR IGNORE INTO talkgroups (systemId, talkgroupRef)
				SELECT systemId, ? FROM systems WHERE systemRef = ?`,
			[]any{c.Talkgroup, c.System},
		},
		{
			`INSERT INTO calls (audio, audioFilename, audioMime, timestamp, systemId, talkgroupId)
				SELECT ?, ?, 'audio/mpeg', ?, s.systemId, t.talkgroupId
				FROM systems s JOIN talkgroups t ON t.systemId = s.systemId
				WHERE s.systemRef = ? AND t.talkgroupRef = ?`,
			[]any{sound, c.AudioName, c.Time.UnixMilli(), c.System, c.Talkgroup},
		},
	} {
		if _, err := db.Exec(write.text, write.args...); err != nil {
			return err
		}
	}
	return nil
}
