// Package sqlite stores calls in an SQLite database in the server's data folder.
//
// One goroutine writes. It commits all waiting calls in one transaction, so that they share the cost of making them
// durable (synchronous=FULL on a write-ahead log, with fdatasync: times need not be). A call is acknowledged when its
// transaction is on disk. Another connection moves the log into the database at the same time. Short audio is in a
// segment (package segment), durable before its row is committed: in a row it would be written twice, to the log and to
// the database. Long audio is a file of its own, on disk under its final name before its row is written. Readers have
// their own connections and do not block the writer.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/segment"
)

const (
	// DefaultQueue is how many calls may wait to be stored.
	DefaultQueue = 1000

	databaseFile = "rdiostress.db"
	logSuffix    = "-wal" // of the files that SQLite has beside the database
	indexSuffix  = "-shm"
	foreignMark  = "node" // in a data folder that the PostgreSQL store has opened

	readers     = 4
	busyTimeout = 30 * time.Second // how long another program's transaction, such as a backup's, may block the writer
	cacheKB     = 8000

	maxBatch      = 512
	maxBatchBytes = 16 << 20
)

// DatabasePath returns the database file of a data folder.
func DatabasePath(dir string) string { return filepath.Join(dir, databaseFile) }

// ErrLogAlone means that a data folder has SQLite's log, but not its database.
var ErrLogAlone = errors.New("the database is missing")

// ErrDamaged means that the file at the database's path is not a database that SQLite can read.
var ErrDamaged = errors.New("the database is damaged, or is not an SQLite database")

// wrapDamaged wraps an error of opening a database in ErrDamaged if SQLite cannot read it.
func wrapDamaged(err error) error {
	switch resultCode(err) {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// Options are the options of a Store. A zero value means the default, unless stated otherwise.
type Options struct {
	Dir             string        // created if missing; only one store at a time may use it
	Queue           int           // calls that may wait to be stored
	DuplicateWindow time.Duration // calls of a talkgroup that begin within this time are duplicates; 0 accepts all
	Retention       time.Duration // how long calls are kept after they began; 0 means forever
	Transcribe      bool          // queue stored calls for transcription
	NoReserve       bool          // keep no space for a full disk, for a temporary folder
	Breaker         groupcommit.BreakerOptions
	Logger          *slog.Logger
}

// Store is a call.Store on SQLite. Create one with Open.
type Store struct {
	folder       *datadir.Folder
	read         *sql.DB
	ping         *sql.DB // its own connection, so that no list blocks it
	write        *sql.DB
	checkpointer *sql.DB // moves the log into the database

	writer     *writer
	queue      *groupcommit.Queue
	background sync.WaitGroup     // retention and checkpoints
	stop       context.CancelFunc // of background

	isOld bool // the database is of an earlier version, and only read
	seams seams
}

var (
	_ call.Store = (*Store)(nil)
	_ call.Jobs  = (*Store)(nil)
)

// seams are where tests see what is written.
type seams struct {
	vfs          string        // of SQLite
	files        segment.Files // of the segments
	segmentBytes int64         // at which a segment is full
}

// Open opens the store in a folder, migrates its schema and sweeps audio files that a crash left without a call. It
// fails with datadir.ErrInUse if another store has the folder open, and with ErrNewer if a newer version of the program
// has written it.
func Open(ctx context.Context, o Options) (s *Store, err error) { return open(ctx, o, seams{}) }

func open(ctx context.Context, o Options, seams seams) (s *Store, err error) {
	s = &Store{seams: seams}
	// The switch is the driver's for the whole process. Elsewhere than on Linux and some BSDs there is none.
	_, _ = sqlite.Fdatasync(true)
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	defer func() {
		if err != nil {
			err = errors.Join(wrapDamaged(err), s.close())
			s = nil
		}
	}()
	if _, err := os.Stat(filepath.Join(o.Dir, foreignMark)); err == nil {
		return s, fmt.Errorf("it %w: the audio of calls in a PostgreSQL database", datadir.ErrForeign)
	}
	if err := checkLog(o.Dir); err != nil {
		return s, err
	}
	if s.folder, err = datadir.Open(ctx, o.Dir, databaseFile, log); err != nil {
		return s, wrapFull(o.Dir, err)
	}
	queue := cmp.Or(o.Queue, DefaultQueue)
	s.writer = &writer{
		dir: o.Dir, free: disk.Free, window: o.DuplicateWindow.Milliseconds(), counts: make(map[countKey]countSum),
		changes: make(map[int64]segmentChange),
		due:     make(chan struct{}, 1), jobs: make(map[string]*sql.Stmt), transcribes: o.Transcribe,
		added: make(chan struct{}, 1),
	}
	err = s.prepare(ctx, queue, log)
	if errors.Is(err, call.ErrNoSpace) && s.folder.ReleaseReserve() {
		if err = s.closeDatabases(); err == nil {
			err = s.prepare(ctx, queue, log)
		}
	}
	if err != nil {
		return s, err
	}
	if err := s.checkWritable(ctx, log); err != nil {
		return s, err
	}
	if err := s.keepReserve(o); err != nil {
		log.Warn("the reserve for a full disk cannot be created: old calls could not be deleted on a full disk",
			"error", err)
	}
	s.queue = groupcommit.Start(groupcommit.Options{
		Folder: s.folder, Limit: queue, MaxCalls: maxBatch, MaxBytes: maxBatchBytes, Log: log,
		Breaker: o.Breaker,
	}, s.writer)
	if err := s.releaseJobs(ctx); err != nil {
		log.Warn("calls that were being transcribed when the server ended wait until their leases end", "error", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.startRetention(background, o.Retention, log)
	s.startCheckpoints(background, log)
	return s, nil
}

// prepare opens the database in the folder and makes the two consistent. It fails with call.ErrNoSpace if the disk is
// too full.
func (s *Store) prepare(ctx context.Context, queue int, log *slog.Logger) error {
	if err := s.openDatabases(ctx); err != nil {
		return wrapFull(s.folder.Path("."), fmt.Errorf("opening the database: %w", err))
	}
	s.writer.db = s.write
	err := s.prepareSegments(ctx, log)
	s.writer.release(err != nil)
	if err != nil {
		return wrapFull(s.folder.Path("."), fmt.Errorf("opening the segments: %w", err))
	}
	named, err := s.audioNames(ctx)
	if err != nil {
		return fmt.Errorf("reading the names of audio files: %w", err)
	}
	if err := s.folder.Audio.Sweep(ctx, queue+retainBatch, named); err != nil {
		return fmt.Errorf("sweeping the audio folder: %w", err)
	}
	// New folders must survive a crash, too.
	return s.folder.Sync()
}

// wrapFull wraps an error of opening a data folder in call.ErrNoSpace if the disk is full. Not all of SQLite's errors
// say so.
func wrapFull(dir string, err error) error {
	const room = 64 << 10 // more than the initial index of the log takes
	isFull := disk.IsFull(err)
	switch resultCode(err) {
	case sqlite3.SQLITE_FULL:
		isFull = true
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		free, ferr := disk.Free(dir)
		isFull = ferr == nil && free < room
	}
	if isFull {
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	}
	return err
}

// checkWritable watches the open files and checks whether they can be written. A full disk is not an error: calls can
// be read, and old ones can be deleted with the space of the reserve.
func (s *Store) checkWritable(ctx context.Context, log *slog.Logger) error {
	err := s.folder.Watch(databaseFile, databaseFile+logSuffix, databaseFile+indexSuffix, segmentsDir)
	if err == nil {
		err = s.folder.Pin(segmentsDir)
	}
	if err != nil {
		return err
	}
	err = s.probeOnce(ctx)
	if errors.Is(err, call.ErrNoSpace) && s.folder.ReleaseReserve() {
		err = s.probeOnce(ctx)
	}
	if err != nil && !errors.Is(err, call.ErrNoSpace) {
		return fmt.Errorf("%w: %w", call.ErrNotWritable, err)
	}
	if s.folder.IsFull() {
		log.Error("the disk is full: no uploads are accepted until it has room")
	}
	return nil
}

func (s *Store) keepReserve(o Options) error {
	if o.NoReserve {
		return nil
	}
	return s.folder.KeepReserve()
}

func (s *Store) probeOnce(ctx context.Context) error {
	err := s.folder.Audio.Probe(ctx)
	if err == nil {
		err = s.writer.Probe(ctx)
		s.writer.release(err != nil)
	}
	return wrapFull(s.folder.Path("."), err)
}

// checkLog refuses a folder that has a log but no database. SQLite would create a new database and remove the log, and
// the calls in the log would be lost.
func checkLog(dir string) error {
	path := DatabasePath(dir)
	if info, err := os.Stat(path); err == nil && info.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // opening it gives a better error
	}
	if info, err := os.Stat(path + logSuffix); err != nil || info.Size() == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s holds calls of a database that is not beside it", ErrLogAlone, databaseFile+logSuffix)
}

func (s *Store) openDatabases(ctx context.Context) (err error) {
	// The connections themselves never create a file: if the database is removed, no empty one replaces it.
	made, err := os.OpenFile(s.folder.Path(databaseFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err == nil {
		err = made.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if s.write, err = s.openWriter(ctx); err != nil {
		return err
	}
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if s.checkpointer, err = s.openWriter(ctx); err != nil {
		return err
	}
	if s.read, err = s.openReaders(ctx, readers); err != nil {
		return err
	}
	s.ping, err = s.openReaders(ctx, 1)
	return err
}

// openWriter opens the database for a connection that writes.
func (s *Store) openWriter(ctx context.Context) (*sql.DB, error) {
	db, err := s.open(ctx, url.Values{
		"mode":          {"rw"},
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_pragma": {
			fmt.Sprintf("wal_autocheckpoint(%d)", maxLogPages), fmt.Sprintf("cache_size(-%d)", cacheKB),
			// On macOS, fsync leaves data in the drive's own memory. On other systems these two do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
		},
	})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func (s *Store) openReaders(ctx context.Context, n int) (*sql.DB, error) {
	db, err := s.open(ctx, url.Values{"mode": {"ro"}})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// open opens the database. It waits up to busyTimeout for locks.
func (s *Store) open(ctx context.Context, params url.Values) (*sql.DB, error) {
	params.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	if s.seams.vfs != "" {
		params.Set("vfs", s.seams.vfs)
	}
	return s.folder.OpenSQLite(ctx, databaseFile, params)
}

// audioNames returns the audio files that calls refer to.
func (s *Store) audioNames(ctx context.Context) (map[string]bool, error) {
	rows, err := s.write.QueryContext(ctx, "SELECT audio_file FROM calls WHERE audio_file IS NOT NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	named := make(map[string]bool)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		named[name] = true
	}
	return named, rows.Err()
}

// Put implements call.Store.
func (s *Store) Put(ctx context.Context, u *call.Upload) (int64, error) { return s.queue.Put(ctx, u) }

// Gone implements call.Store.
func (s *Store) Gone() error { return s.queue.Gone() }

// Probe implements call.Store.
func (s *Store) Probe(ctx context.Context) error { return s.queue.Probe(ctx) }

// Stats implements call.Store. Its pool is the readers' pool.
func (s *Store) Stats() call.Stats {
	stats, pool := s.queue.Stats(), s.read.Stats()
	stats.Pool = call.PoolStats{
		InUse: pool.InUse, Idle: pool.Idle, Max: pool.MaxOpenConnections, Waits: pool.WaitCount,
		Waited: pool.WaitDuration,
	}
	return stats
}

// Close waits until all queued calls are stored, and closes the store. Put then fails with call.ErrClosed.
func (s *Store) Close() error {
	s.stop()
	if !s.queue.Close() {
		return nil
	}
	s.background.Wait()
	return s.close()
}

func (s *Store) close() error {
	err := s.closeDatabases()
	if s.folder != nil {
		err = errors.Join(err, s.folder.Close())
	}
	return err
}

// closeDatabases closes the readers before the writer, which then moves the log into the database. If the database is
// no longer at its path, SQLite does not touch the log: it may be another server's by then.
func (s *Store) closeDatabases() error {
	var errs []error
	if s.writer != nil {
		s.writer.release(false)
		if s.writer.segments != nil {
			s.writer.segments.Close()
		}
	}
	for _, db := range []*sql.DB{s.ping, s.read, s.checkpointer, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Remove removes what this program created in a data folder that no store has open, and the folder itself if it is then
// empty.
func Remove(dir string) error {
	err := segment.RemoveAll(filepath.Join(dir, segmentsDir))
	return errors.Join(err, datadir.Remove(dir, databaseFile))
}

// resultCode returns the primary SQLite result code of an error, or 0 if the error is not SQLite's.
func resultCode(err error) int {
	var se *sqlite.Error
	if !errors.As(err, &se) {
		return 0
	}
	return se.Code() & 0xff
}
