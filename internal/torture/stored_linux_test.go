package torture

import (
	"crypto/sha256"
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver

	"rdiostress/internal/server/segment"
)

// stored is a call as the store has it, read past the server.
type stored struct {
	id     int64
	isGood bool // the audio is there and has the checksum that the row says
	sum    [sha256.Size]byte
}

// row is a row of the table of calls.
type row struct {
	id         int64
	name       string
	sum, audio []byte
	file       *string
	place      segment.Place // of the call's record in SQLite's segments
	size       int64         // of the audio there
}

// rows are such rows, as the drivers of both databases read them.
type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// What of a call is in both databases, and in SQLite alone.
const (
	selectCalls   = "SELECT id, audio_name, audio_sha256, audio_file, audio FROM calls"
	selectInPlace = `SELECT id, audio_name, audio_sha256, audio_file, audio, coalesce(segment_id, 0),
		coalesce(segment_offset, 0), audio_bytes FROM calls`
)

// readStored returns what is stored, by the calls' names.
func (s *server) readStored() map[string][]stored {
	s.r.Helper()
	found := make(map[string][]stored)
	files := make(map[string]bool)
	take := func(c row) {
		switch {
		case c.file != nil:
			c.audio = s.readFile(*c.file, files)
		case c.place.Segment > 0:
			c.audio = s.readSegment(c.place, c.size)
		}
		sum := sha256.Sum256(c.audio)
		found[c.name] = append(found[c.name], stored{c.id, string(sum[:]) == string(c.sum), sum})
	}
	var err error
	if s.database == "" {
		err = s.readSQLite(take)
	} else {
		err = s.readPostgres(take)
	}
	if err != nil {
		s.r.Fatalf("reading what is stored: %v", err)
	}
	s.checkFolder(files)
	if s.beside != nil {
		s.beside.checkFolder(files)
	}
	return found
}

// readFile returns the audio in a file, which is in the data folder of the server that took it. Without it the call
// is altered.
func (s *server) readFile(name string, files map[string]bool) []byte {
	path := filepath.Join(s.dir, "audio", name)
	files[path] = true
	audio, err := os.ReadFile(path)
	if err != nil && s.beside != nil {
		return s.beside.readFile(name, files)
	}
	return audio
}

// readSegment returns the audio of a record. Without it the call is altered.
func (s *server) readSegment(at segment.Place, size int64) []byte {
	file, err := os.Open(filepath.Join(s.dir, "segments", segment.FileName(at.Segment)))
	if err != nil {
		return nil
	}
	defer file.Close()
	audio := make([]byte, size)
	n, err := file.ReadAt(audio, at.Audio())
	if err != nil {
		return audio[:n]
	}
	return audio
}

func (s *server) readSQLite(take func(row)) error {
	db, err := sql.Open("sqlite", s.sqliteSource())
	if err != nil {
		return err
	}
	defer db.Close()
	var sound string
	if err := db.QueryRow("PRAGMA integrity_check(1)").Scan(&sound); err != nil {
		return err
	}
	if sound != "ok" {
		s.r.breaks("the database is damaged: %s", sound)
	}
	rows, err := db.Query(selectInPlace)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c row
		err := rows.Scan(&c.id, &c.name, &c.sum, &c.file, &c.audio, &c.place.Segment, &c.place.Offset, &c.size)
		if err != nil {
			return err
		}
		take(c)
	}
	return rows.Err()
}

// countOf counts the calls of a run in SQLite, which have numbers in their names; those before the load have words.
func (s *server) countOf(run string) (n uint64) {
	s.r.Helper()
	db, err := sql.Open("sqlite", s.sqliteSource())
	if err == nil {
		defer db.Close()
		err = db.QueryRow("SELECT count(*) FROM calls WHERE audio_name GLOB ?", "*-"+run+"-[0-9]*").Scan(&n)
	}
	if err != nil {
		s.r.Fatal(err)
	}
	return n
}

// sqliteSource names the database, to be read alone.
func (s *server) sqliteSource() string {
	return "file:" + filepath.Join(s.dir, "rdiostress.db") + "?mode=ro&_pragma=busy_timeout(10000)"
}

func (s *server) readPostgres(take func(row)) error {
	conn, err := pgx.Connect(s.r.Context(), s.database)
	if err != nil {
		return err
	}
	defer conn.Close(s.r.Context())
	rows, err := conn.Query(s.r.Context(), selectCalls)
	if err != nil {
		return err
	}
	defer rows.Close()
	return takeAll(rows, take)
}

// takeAll takes all rows of the table of calls.
func takeAll(rows rows, take func(row)) error {
	for rows.Next() {
		var c row
		if err := rows.Scan(&c.id, &c.name, &c.sum, &c.file, &c.audio); err != nil {
			return err
		}
		take(c)
	}
	return rows.Err()
}

// compare counts what became of the calls of loads: each one that was acknowledged must be stored once, unaltered, as
// the call that the acknowledgement names; each other one at most once, and whole.
func (s *server) compare(loads ...*load) {
	s.r.Helper()
	found := s.readStored()
	all := make(map[string]*sent)
	for _, l := range loads {
		maps.Copy(all, l.calls)
		l.count()
	}
	var lost, doubled, altered, others []string
	for name, calls := range found {
		c := all[name]
		switch {
		case c == nil:
			others = append(others, name)
			continue
		case len(calls) > 1:
			doubled = append(doubled, name)
		}
		if !slices.ContainsFunc(calls, func(one stored) bool { return one.is(c) }) {
			altered = append(altered, name)
		}
	}
	for name, c := range all {
		if c.id != "" && len(found[name]) == 0 {
			lost = append(lost, name)
		}
	}
	t := &s.r.tally
	t.lost, t.doubled, t.altered = t.lost+len(lost), t.doubled+len(doubled), t.altered+len(altered)
	for what, names := range map[string][]string{
		"acknowledged calls are lost": lost, "calls are stored twice": doubled, "calls are altered": altered,
		"calls are stored that nobody sent": others,
	} {
		if len(names) > 0 {
			s.r.breaks("%d %s, such as %s", len(names), what, names[0])
		}
	}
}

// is reports whether a stored call is what was sent, under the id that was acknowledged if one was.
func (one stored) is(c *sent) bool {
	return one.isGood && one.sum == c.sum && (c.id == "" || c.id == strconv.FormatInt(one.id, 10))
}

// count counts what a load was answered.
func (l *load) count() {
	l.r.Helper()
	for _, c := range l.calls {
		if c.id != "" {
			l.r.tally.acknowledged++
		}
	}
	for why, n := range l.refused {
		l.r.tally.refuse(why, n)
	}
	if len(l.odd) > 0 {
		l.r.breaks("%d replies that no fault explains, such as: %s", len(l.odd), l.odd[0])
	}
}
