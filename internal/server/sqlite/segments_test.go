package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/segment"
	"rdiostress/internal/server/sqlite/migrations"
	"rdiostress/internal/server/storetest"
)

// openIn opens a store that closes with the test.
func openIn(t *testing.T, dir string, seams seams) *Store {
	t.Helper()
	s, err := open(t.Context(), Options{Dir: dir, NoReserve: true, Transcribe: true}, seams)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// longUpload is an upload of call n with 10 kB of its own audio.
func longUpload(n int64) *call.Upload {
	u := storetest.UploadOf(n)
	u.Audio = bytes.Repeat(u.Audio[:8], 1250)
	u.Size, u.SHA256 = int64(len(u.Audio)), sha256.Sum256(u.Audio)
	return u
}

// put stores the calls from one number to another, one after the other.
func put(t *testing.T, s *Store, from, to int64) (ids []int64) {
	t.Helper()
	for n := from; n <= to; n++ {
		ids = append(ids, storetest.Put(t, s, longUpload(n)))
	}
	return ids
}

// wantCalls checks that a store has these calls, whole, under these ids.
func wantCalls(t *testing.T, s call.Store, from int64, ids []int64) {
	t.Helper()
	for i, id := range ids {
		want := longUpload(from + int64(i))
		rec, err := s.Call(t.Context(), id)
		if err != nil || rec.Call.AudioName != want.Call.AudioName || rec.SHA256 != want.SHA256 {
			t.Errorf("call %d: %+v, %v", id, rec, err)
			continue
		}
		if audio := storetest.AudioOf(t, s, id); !bytes.Equal(audio, want.Audio) {
			t.Errorf("call %d has %d bytes of audio, not its own", id, len(audio))
		}
	}
	if n := storetest.Total(t, s); n != int64(len(ids)) {
		t.Errorf("%d calls, want %d", n, len(ids))
	}
}

func segmentFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, segmentsDir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// crashed copies a data folder as a crash would leave it.
func crashed(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "crashed")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// SQLite forgets, without a word, what comes after the first damaged frame of its log, and gives the ids again. The
// segments have those calls.
func TestLostRowsComeBack(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, seams{})
	ids := put(t, s, 1, 3)
	if _, err := s.checkpointer.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	ids = append(ids, put(t, s, 4, 6)...)
	long := storetest.Put(t, s, storetest.Spooled(t, dir, longUpload(7)))
	ids = append(ids, long)
	torn := crashed(t, dir)
	log := filepath.Join(torn, databaseFile+logSuffix)
	if err := os.Truncate(log, 0); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(torn, segmentsDir, segment.FileName(1))
	whole, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(whole, "call and half of a record"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	again := openIn(t, torn, seams{})
	wantCalls(t, again, 1, ids)
	if info, err := os.Stat(file); err != nil || info.Size() != int64(len(whole)) {
		t.Errorf("the torn end is not cut off: %v, %v", info, err)
	}
	if u, err := again.Usage(t.Context()); u.Calls != 7 || u.AudioBytes != 70000 || err != nil {
		t.Errorf("usage %+v, %v", u, err)
	}
	jobs, err := again.ClaimJobs(t.Context(), 10, 10, time.Minute)
	if len(jobs) != 7 || err != nil {
		t.Errorf("%d calls are queued for transcription, %v; want 7", len(jobs), err)
	}
	if next := put(t, again, 8, 8)[0]; next <= long {
		t.Errorf("a new call has the id %d, not above %d", next, long)
	}
}

// Without its database a folder of segments has all of its calls, and the cursors of those who read them.
func TestLostDatabase(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, seams{segmentBytes: 25_000})
	ids := put(t, s, 1, 10)
	_, cursor, err := s.Follow(t.Context(), call.Query{PerPage: 4}, call.CursorStart)
	if err != nil {
		t.Fatal(err)
	}
	lost := crashed(t, dir)
	for _, suffix := range []string{"", logSuffix, indexSuffix} {
		if err := os.Remove(filepath.Join(lost, databaseFile+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	again := openIn(t, lost, seams{})
	wantCalls(t, again, 1, ids)
	page, _, err := again.Follow(t.Context(), call.Query{PerPage: 100}, cursor)
	if len(page) != 6 || err != nil {
		t.Errorf("after the cursor there are %d calls, %v; want 6", len(page), err)
	}
}

// Segments of one database are not read into another.
func TestForeignSegments(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, dir := range []string{dir, other} {
		s := openIn(t, dir, seams{})
		put(t, s, 1, 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(filepath.Join(other, segmentsDir, segment.FileName(1)))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, segmentsDir, segment.FileName(2)), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	openIn(t, dir, seams{}) // its header says that it is number 1
	text, err = os.ReadFile(filepath.Join(other, segmentsDir, segment.FileName(1)))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, segmentsDir, segment.FileName(1)), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), Options{Dir: crashed(t, dir)}); !errors.Is(err, datadir.ErrForeign) {
		t.Errorf("%v, %v", s, err)
	}
}

// A segment goes when its last call is deleted, also the newest one. Calls that are kept longer than the others in
// theirs are moved out of it.
func TestSegmentsAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, seams{segmentBytes: 95_000}) // of ten calls
	ids := put(t, s, 1, 25)
	if names := segmentFiles(t, dir); len(names) != 3 {
		t.Fatalf("segments %q, want 3", names)
	}
	before := storetest.Noon().Add(11 * time.Second)
	if n, err := s.Expire(t.Context(), before, 100); n != 10 || err != nil {
		t.Fatalf("deleted %d, %v", n, err)
	}
	if names := segmentFiles(t, dir); len(names) != 2 || names[0] != segment.FileName(2) {
		t.Errorf("the first ten calls are deleted, and the segments are %q", names)
	}
	if n, err := s.Expire(t.Context(), storetest.Noon().Add(20*time.Second), 100); n != 9 || err != nil {
		t.Fatalf("deleted %d, %v", n, err)
	}
	// Call 20 was alone in the second segment. It is in the newest now, and can be read.
	if names := segmentFiles(t, dir); len(names) != 1 || names[0] != segment.FileName(3) {
		t.Errorf("call 20 is moved, and the segments are %q", names)
	}
	wantCalls(t, s, 20, ids[19:25])
	moved := openIn(t, crashed(t, dir), seams{})
	wantCalls(t, moved, 20, ids[19:25])
	if n, err := s.Expire(t.Context(), storetest.Noon().Add(time.Hour), 100); n != 6 || err != nil {
		t.Fatalf("deleted %d, %v", n, err)
	}
	if names := segmentFiles(t, dir); len(names) != 1 || names[0] != segment.FileName(4) {
		t.Errorf("all calls are deleted, and the segments are %q", names)
	}
	wantCalls(t, s, 26, put(t, s, 26, 27))
}

// Audio that an earlier version has stored in the rows is read and deleted as before, by a store and by a reader.
func TestEarlierRows(t *testing.T) {
	dir := t.TempDir()
	db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.Files, goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.UpTo(t.Context(), 4)
	}
	for n := int64(1); n <= 3 && err == nil; n++ {
		u := longUpload(n)
		_, err = db.ExecContext(t.Context(), `INSERT INTO calls (system_id, talkgroup_id, started_ms, received_ms,
			frequency_hz, source_id, site_id, system_label, talkgroup_label, talkgroup_name, talkgroup_tag,
			talker_alias, audio_name, audio_type, audio_bytes, audio_sha256, audio)
			VALUES (?, ?, ?, 0, 0, 0, 0, '', '', '', '', '', ?, '', ?, ?, ?)`, u.Call.System, u.Call.Talkgroup,
			u.Call.Time.UnixMilli(), u.Call.AudioName, u.Size, u.SHA256[:], u.Audio)
	}
	if err == nil {
		_, err = db.ExecContext(t.Context(), `INSERT INTO call_counts SELECT started_ms / 86400000, system_id,
			talkgroup_id, count(*), sum(audio_bytes) FROM calls GROUP BY 1, 2, 3`)
	}
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := OpenReader(t.Context(), crashed(t, dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, r, 1, []int64{1, 2, 3})
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	s := openIn(t, dir, seams{})
	ids := append([]int64{1, 2, 3}, put(t, s, 4, 6)...)
	wantCalls(t, s, 1, ids)
	if n, err := s.Expire(t.Context(), storetest.Noon().Add(5*time.Second), 100); n != 4 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	wantCalls(t, s, 5, ids[4:])
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	after, err := OpenReader(t.Context(), crashed(t, dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	wantCalls(t, after, 5, ids[4:])
	if err := after.Close(); err != nil {
		t.Error(err)
	}
}

// While the database of an earlier version has more room inside than the disk has, audio goes into its rows.
func TestRoomInside(t *testing.T) {
	s := openIn(t, t.TempDir(), seams{})
	s.queue.Close() // makes room for the test's own use of the writer
	w := s.writer
	if err := w.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE TABLE room (bytes BLOB)", "INSERT INTO room VALUES (zeroblob(70000000))", "DELETE FROM room",
	} {
		if _, err := w.conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for free, want := range map[uint64]bool{50 << 20: true, 1 << 40: false} {
		w.looked, w.free = 0, func(string) (uint64, error) { return free, nil }
		if got := w.storesInRows(t.Context()); got != want {
			t.Errorf("with %d bytes free on the disk, audio goes into the rows: %v", free, got)
		}
	}
}

// A read of part of a call's audio reads that part alone.
func TestAudioRanges(t *testing.T) {
	s := openIn(t, t.TempDir(), seams{})
	put(t, s, 1, 1)
	id := put(t, s, 2, 2)[0]
	r, err := s.Audio(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(-3, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	want := longUpload(2).Audio
	if end, err := io.ReadAll(r); !bytes.Equal(end, want[len(want)-3:]) || err != nil {
		t.Errorf("the end is %q, %v", end, err)
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add(appendRow(nil, make([]any, rowValues)))
	f.Add([]byte("\x01i\x02i\x04i\x06" + strings.Repeat("n", 15) + "i\x08b\x02xxn"))
	f.Fuzz(func(t *testing.T, text []byte) {
		values, err := parseRow(text)
		if err != nil {
			return
		}
		again, err := parseRow(appendRow(nil, values))
		if err != nil || len(again) != rowValues {
			t.Fatalf("%q: %v", text, err)
		}
		if !bytes.Equal(appendRow(nil, again), appendRow(nil, values)) {
			t.Errorf("%q changes when it is written again", text)
		}
	})
}

// The numbers of calls are right before and after the changes are moved to their table.
func TestCountsAreFolded(t *testing.T) {
	s := openIn(t, t.TempDir(), seams{})
	put(t, s, 1, 3)
	count := func(table string) (n int64) {
		t.Helper()
		if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count("call_changes"); n != 3 || count("call_counts") != 0 {
		t.Errorf("%d changes after 3 calls, and %d counts", n, count("call_counts"))
	}
	err := s.queue.Do(t.Context(), func(ctx context.Context) error {
		if err := s.writer.connect(ctx); err != nil {
			return err
		}
		s.writer.unfolded = maxChanges - 1
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := []int64{1, 2, 3}
	ids = append(ids, put(t, s, 4, 4)...)
	if n := count("call_changes"); n != 0 || count("call_counts") != 4 {
		t.Errorf("%d changes are left, and %d counts; want 4", n, count("call_counts"))
	}
	ids = append(ids, put(t, s, 5, 9)...)
	wantCalls(t, s, 1, ids)
	if n, err := s.Expire(t.Context(), storetest.Noon().Add(5*time.Second), 100); n != 4 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	wantCalls(t, s, 5, ids[4:])
	if u, err := s.Usage(t.Context()); u.Calls != 5 || u.AudioBytes != 50000 || err != nil {
		t.Errorf("usage %+v, %v", u, err)
	}
}

// What comes after damage in a segment that the database has forgotten is kept: only an interrupted write is cut off.
func TestDamagedSegmentIsKept(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, seams{})
	ids := put(t, s, 1, 6)
	lost := crashed(t, dir)
	for _, suffix := range []string{"", logSuffix, indexSuffix} {
		if err := os.Remove(filepath.Join(lost, databaseFile+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(lost, segmentsDir, segment.FileName(1))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1 // in the audio of call 3 or 4
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	again := openIn(t, lost, seams{})
	n := storetest.Total(t, again)
	if n < 2 || n > 3 {
		t.Errorf("%d calls come back, want those before the damage", n)
	}
	wantCalls(t, again, 1, ids[:n])
	put(t, again, 7, 7)
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, text) {
		t.Errorf("the segment is changed: %d bytes of %d, %v", len(after), len(text), err)
	}
	if names := segmentFiles(t, lost); len(names) != 2 {
		t.Errorf("segments %q; want a new one for the next call", names)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if n := storetest.Total(t, openIn(t, lost, seams{})); n < 3 {
		t.Errorf("%d calls after the next start", n)
	}
}

// fullFolder is a folder of segments on a disk that is full while it is set.
type fullFolder struct {
	segment.Folder
	full *atomic.Bool
}

func (f fullFolder) Create(name string) (segment.File, error) {
	file, err := f.Folder.Create(name)
	return fullFile{file, f.full}, err
}

type fullFile struct {
	segment.File
	full *atomic.Bool
}

func (f fullFile) WriteAt(p []byte, off int64) (int, error) {
	if f.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(p, off)
}

// While the disk is full, uploads are refused for that, however many come: it is no fault of the database.
func TestFullDiskUnderSegments(t *testing.T) {
	dir, full := t.TempDir(), new(atomic.Bool)
	if err := os.MkdirAll(filepath.Join(dir, segmentsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	s := openIn(t, dir, seams{files: fullFolder{
		segment.Folder{Dir: filepath.Join(dir, segmentsDir), SyncDir: disk.SyncDir, Check: func() error { return nil }},
		full,
	}})
	ids := put(t, s, 1, 1)
	full.Store(true)
	for n := range int64(2 * groupcommit.DefaultBreakerFailures) {
		if _, err := s.Put(t.Context(), longUpload(2+n)); !errors.Is(err, call.ErrNoSpace) {
			t.Fatalf("upload %d: %v", n, err)
		}
	}
	if err := s.Probe(t.Context()); !errors.Is(err, call.ErrNoSpace) {
		t.Errorf("the probe: %v", err)
	}
	full.Store(false)
	wantCalls(t, s, 1, append(ids, put(t, s, 2, 3)...))
}
