package scannerdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/dbread"
	"rdiostress/internal/plain"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
	"rdiostress/internal/replay/folder"
)

// Database is the calls of a server's database. It is a [replay.Source]. A call's number is that of its row.
type Database struct {
	db      *sql.DB
	dialect *dbread.Dialect
	layout  layout
	tables  dbread.Tables
	blocks  map[string]*blocks // of the tables with parts of calls

	ctx    context.Context // ends when the database is closed
	cancel context.CancelFunc
}

var _ replay.Source = (*Database)(nil)

// Is reports whether a place is a database's: sqlite:FILE, postgres://…, postgresql://… or mysql://….
func Is(place string) bool {
	for _, prefix := range []string{"sqlite:", "postgres://", "postgresql://", "mysql://"} {
		if strings.HasPrefix(place, prefix) {
			return true
		}
	}
	return false
}

// Open opens a server's database for reading. The caller closes it. No error names the password of an address.
func Open(ctx context.Context, place string) (*Database, error) {
	d := &Database{blocks: make(map[string]*blocks)}
	var err error
	if path, ok := strings.CutPrefix(place, "sqlite:"); ok {
		if path == "" {
			return nil, errors.New("sqlite: names no file; write it like sqlite:/var/lib/rdio-scanner/rdio-scanner.db")
		}
		d.dialect = dbread.SQLite()
		d.db, err = dbread.OpenSQLite(path)
	} else if strings.HasPrefix(place, "mysql://") {
		d.dialect = dbread.MySQL()
		d.db, err = dbread.OpenMySQL(place)
	} else {
		d.dialect = dbread.Postgres()
		d.db, err = dbread.OpenPostgres(place, "rdiostress replay")
	}
	if err != nil {
		return nil, err
	}
	d.db.SetMaxOpenConns(2)
	d.ctx, d.cancel = context.WithCancel(context.Background())
	if err := d.recognize(ctx); err != nil {
		return nil, errors.Join(inOneLine(err), d.Close())
	}
	return d, nil
}

// Close closes the database. What reads it fails.
func (d *Database) Close() error {
	d.cancel()
	return d.db.Close()
}

// Server returns whose database it is, such as "rdio-scanner 7".
func (d *Database) Server() string { return d.layout.server }

// Index implements [replay.Source].
func (d *Database) Index(ctx context.Context, ix *replay.Index) error {
	values := d.layout.pages.first
	for more := true; more; {
		err := dbread.Retry(ctx, dbread.OpenPatience, dbread.IsTemporary, func() (bool, error) {
			found, next, err := d.readPage(ctx, values)
			if err != nil { // nothing is added twice
				return false, err
			}
			for _, f := range found {
				d.add(ix, f.id, f.at)
			}
			values, more = next, len(found) == pageSize
			return true, nil
		})
		if err != nil {
			return inOneLine(err)
		}
	}
	return inOneLine(d.indexParts(ctx))
}

// inOneLine has an error of a driver, which may be several lines, say the same in one.
func inOneLine(err error) error {
	if err == nil || !strings.Contains(err.Error(), "\n") {
		return err
	}
	return &lineError{err, plain.Line(err.Error(), -1)}
}

type lineError struct {
	error
	text string
}

func (e *lineError) Error() string { return e.text }

func (e *lineError) Unwrap() error { return e.error }

// listed is a call of a page.
type listed struct {
	id int64
	at string
}

// readPage reads a page of calls, and after which values the next one begins.
func (d *Database) readPage(ctx context.Context, values []any) (found []listed, next []any, err error) {
	p := &d.layout.pages
	err = d.each(ctx, p.query, func(rows *sql.Rows) error {
		var f listed
		var at sql.NullString
		more := make([]any, p.more)
		into := []any{&f.id, &at}
		for i := range more {
			into = append(into, &more[i])
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if len(found) == pageSize {
			return errors.New("the database gives more rows than it is asked for")
		}
		f.at = at.String
		found = append(found, f)
		if next = []any{f.id}; p.after != nil {
			next = p.after(f.id, f.at, more)
		}
		return nil
	}, values...)
	return found, next, err
}

// add adds a call to the index.
func (d *Database) add(ix *replay.Index, id int64, text string) {
	at, ok := parseTime(text)
	if !ok {
		ix.Skip(d.Name(uint64(id)), replay.Skipf(replay.NoTime, "it has no time of a call: %s", replay.Label(text)))
		return
	}
	ix.Add(replay.Entry{Ref: uint64(id), Earliest: at, Latest: at, Program: d.layout.server},
		func() string { return d.Name(uint64(id)) })
}

// parseTime reads the time of a call: Unix milliseconds, or a date. A time before 1970 is none: year 1 is what a server
// stores that has no time.
func parseTime(text string) (at time.Time, ok bool) {
	text = strings.TrimSpace(text)
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), ms > 0
	}
	at, ok = parseDate(text)
	return at, ok && at.After(time.Unix(0, 0))
}

// parseDate reads a date and time of day in UTC, perhaps with a fraction, an offset and more.
func parseDate(text string) (time.Time, bool) {
	if len(text) < len(time.DateTime) {
		return time.Time{}, false
	}
	text = text[:10] + " " + text[11:]
	fields := strings.Fields(text)
	for _, layout := range []string{"2006-01-02 15:04:05 Z0700", "2006-01-02 15:04:05 Z07:00"} {
		if len(fields) > 2 {
			if at, err := time.Parse(layout, strings.Join(fields[:3], " ")); err == nil {
				return at.UTC(), true
			}
		}
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07"} {
		if at, err := time.Parse(layout, strings.Join(fields[:2], " ")); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// Start implements [replay.Source]. The index has it already.
func (d *Database) Start(ref uint64) (time.Time, error) {
	var s stored
	err := d.readStored(ref, &s)
	return s.call.Time, err
}

// Name implements [replay.Source].
func (d *Database) Name(ref uint64) string { return fmt.Sprintf("call %d of %s", ref, d.layout.server) }

// stored is a call as the database has it.
type stored struct {
	call  rdio.Call
	name  sql.NullString
	media sql.NullString
	time  sql.NullString
	audio []byte
}

// patience is how long a locked database is waited for when a call is due.
const patience = 10 * time.Second

// errGone says that a call was deleted since the database was looked through, as servers do with old ones.
var errGone = errors.New("it is not there any more")

// readStored reads a call.
func (d *Database) readStored(ref uint64, s *stored) error {
	err := dbread.Retry(d.ctx, patience, dbread.IsTemporary, func() (bool, error) {
		*s = stored{}
		return false, d.layout.read(d.ctx, d, int64(ref), s)
	})
	if err != nil {
		return replay.Skipf(replay.CannotBeRead, "%w", inOneLine(err))
	}
	s.call.Time, _ = parseTime(s.time.String)
	return nil
}

// Read implements [replay.Source].
func (d *Database) Read(ref uint64, buf []byte, c *rdio.Call) ([]byte, error) {
	var s stored
	if err := d.readStored(ref, &s); err != nil {
		return buf, err
	}
	*c = s.call
	c.AudioName, c.AudioType = nameAudio(s.name.String, s.media.String)
	buf = append(buf[:0], s.audio...)
	if c.Talkgroup == 0 {
		return buf, replay.Skipf(replay.NoTalkgroup, "its talkgroup is not in the database, or its number is none")
	}
	if err := folder.CheckSize(int64(len(buf))); err != nil {
		return buf, err
	}
	if c.AudioType == "" {
		return buf, replay.Skipf(replay.BadAudio, "its audio is of a kind that servers do not take: %s",
			replay.Label(s.media.String))
	}
	return buf, folder.CheckAudio(c.AudioName, buf)
}

// nameAudio returns a call's file name and media type. A name without an extension of audio gets that of its type.
func nameAudio(name, media string) (string, string) {
	name = filepath.Base(strings.ReplaceAll(replay.Label(name), `\`, "/"))
	if name == "." || name == "/" {
		name = "call"
	}
	if is := folder.AudioType(filepath.Ext(name)); is != "" {
		return name, is
	}
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	ext := map[string]string{
		"audio/mp4": ".m4a", "audio/x-m4a": ".m4a", "audio/m4a": ".m4a", "audio/mpeg": ".mp3", "audio/mp3": ".mp3",
		"audio/wav": ".wav", "audio/x-wav": ".wav", "audio/wave": ".wav", "audio/vnd.wave": ".wav",
		"audio/ogg": ".ogg", "audio/opus": ".opus", "audio/aac": ".aac",
	}[strings.TrimSpace(media)]
	if ext == "" {
		return name, ""
	}
	return name + ext, folder.AudioType(ext)
}
