// Package sqlite keeps calls in an SQLite database in the server's data folder.
//
// One goroutine writes. It commits all calls that wait in one transaction, so that the cost of making them durable
// (synchronous=FULL on a write-ahead log) is shared by as many as there are; a call is acknowledged when its transaction is
// on disk. Short audio is in the call's row; long audio is a file of its own, on disk under its final name before the row
// that names it is written. Readers have connections of their own, which the writer does not wait for.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"rdiostress/internal/server"
)

// DefaultQueue is how many calls may wait to be stored.
const DefaultQueue = 1000

// The names in the data folder.
const (
	databaseFile = "rdiostress.db"
	lockFile     = "lock.db"
	audioDir     = "audio" // its files keep the names that they had in the spool folder
	spoolDir     = "spool"
)

// DatabasePath is the database file of a data folder.
func DatabasePath(dir string) string { return filepath.Join(dir, databaseFile) }

// SpoolDir is the folder of a data folder in which a server keeps what it is about to Put.
func SpoolDir(dir string) string { return filepath.Join(dir, spoolDir) }

const (
	readers     = 4
	busyTimeout = 30 * time.Second // for which somebody else's transaction, such as a backup's, may hold the writer up
	checkpoint  = 4000             // pages in the log before they are moved into the database: 16 MB
	cacheKB     = 8000
)

// Options say where and how a Store keeps calls.
type Options struct {
	Dir   string // made if it is not there; one store at a time may use it
	Queue int    // calls that may wait to be stored; 0 means DefaultQueue
}

// Store is a server.Store.
type Store struct {
	audio string // the folder of long audio
	lock  *sql.DB
	read  *sql.DB
	ping  *sql.DB // a connection of its own, which no list holds up
	write *sql.DB

	limit   int64 // of waiting
	waiting atomic.Int64

	mu     sync.RWMutex // held for writing to close the queue
	closed bool
	queue  chan *pending
	writer sync.WaitGroup
}

var _ server.Store = (*Store)(nil)

// Open opens the store in a folder, brings its schema up to date and sweeps audio files that a crash left without a call. It
// fails with ErrInUse if another store has the folder open and ErrNewer if a newer version of the program has written it.
func Open(ctx context.Context, o Options) (s *Store, err error) {
	s = &Store{audio: filepath.Join(o.Dir, audioDir), limit: int64(cmp.Or(o.Queue, DefaultQueue))}
	s.queue = make(chan *pending, s.limit)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.closeDatabases())
			s = nil
		}
	}()
	if err := checkForeign(o.Dir); err != nil {
		return s, err
	}
	made, err := makeDir(s.audio)
	if err != nil {
		return s, err
	}
	if s.lock, err = acquireLock(ctx, filepath.Join(o.Dir, lockFile)); err != nil {
		return s, err
	}
	if err := s.openDatabases(ctx, DatabasePath(o.Dir)); err != nil {
		return s, fmt.Errorf("opening the database: %w", err)
	}
	if err := s.sweep(ctx); err != nil {
		return s, fmt.Errorf("sweeping the audio folder: %w", err)
	}
	// What has been made must itself be there after a crash.
	if err := syncDirs(o.Dir, made); err != nil {
		return s, err
	}
	w := &writer{db: s.write}
	s.writer.Go(func() { w.run(s.queue) })
	return s, nil
}

func (s *Store) openDatabases(ctx context.Context, path string) (err error) {
	s.write, err = open(ctx, path, url.Values{
		"_journal_mode": {"WAL"},
		"_synchronous":  {"FULL"},
		"_pragma": {
			fmt.Sprintf("wal_autocheckpoint(%d)", checkpoint), fmt.Sprintf("cache_size(-%d)", cacheKB),
			// On macOS, fsync leaves data in the drive's own memory. Elsewhere these two do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
		},
	})
	if err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := migrate(ctx, s.write); err != nil {
		return err
	}
	if s.read, err = openReaders(ctx, path, readers); err != nil {
		return err
	}
	s.ping, err = openReaders(ctx, path, 1)
	return err
}

func openReaders(ctx context.Context, path string, n int) (*sql.DB, error) {
	db, err := open(ctx, path, url.Values{"mode": {"ro"}})
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// open opens a database file, and fails if it cannot.
func open(ctx context.Context, path string, params url.Values) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/folder
	}
	if !params.Has("_busy_timeout") {
		params.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	}
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: params.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Close waits until every call that waits is stored, and closes the store. Put fails with server.ErrClosed from then on.
func (s *Store) Close() error {
	s.mu.Lock()
	already := s.closed
	if !already {
		s.closed = true
		close(s.queue)
	}
	s.mu.Unlock()
	if already {
		return nil
	}
	s.writer.Wait()
	return s.closeDatabases()
}

// closeDatabases closes the readers before the writer, which then moves the log into the database, and the lock last.
func (s *Store) closeDatabases() error {
	var errs []error
	for _, db := range []*sql.DB{s.ping, s.read, s.write, s.lock} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
