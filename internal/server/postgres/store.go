// Package postgres stores calls in a PostgreSQL database, and their long audio in files of the server's data folder or
// in a bucket that all servers share.
//
// One goroutine writes. It stores all waiting calls in one transaction, sent in one round trip. Each call is
// acknowledged when its transaction is on disk (synchronous_commit=on). Several servers may use one database, each with
// its own data folder.
//
// Each server takes ids from its own blocks ([blockSize] at a time), so that it can send a batch again under the same
// ids if the reply was lost. With one server, ids rise in the order in which calls become visible. With several,
// package cursor records how far a reader is.
package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/disk"
	"rdiostress/internal/server/groupcommit"
	"rdiostress/internal/server/retention"
)

const (
	// DefaultQueue is how many calls may wait to be stored.
	DefaultQueue = 1000

	nodeFile    = "node"          // file in the data folder with its id in the database
	foreignMark = "rdiostress.db" // file in a data folder that the SQLite store has opened

	maxBatch      = 512
	maxBatchBytes = 4 << 20
	retainBatch   = 100 // calls deleted at once: few enough to hardly delay new calls
)

// Options are the options of a Store. A zero value means the default, unless stated otherwise.
type Options struct {
	URL             string        // of the database
	Dir             string        // for long audio; created if missing; only one store at a time may use it
	Queue           int           // calls that may wait to be stored
	DuplicateWindow time.Duration // calls of a talkgroup that begin within this time are duplicates; 0 accepts all
	Retention       time.Duration // how long calls are kept after they began; 0 means forever
	Transcribe      bool          // queue stored calls for transcription
	Pool            PoolOptions
	Breaker         groupcommit.BreakerOptions
	// OpenBucket opens the place for long audio that all servers of a database share, whose name it gets. Without it,
	// long audio is in Dir.
	OpenBucket func(ctx context.Context, database string) (Bucket, error)
	Logger     *slog.Logger
}

// Store is a call.Store on PostgreSQL. Create one with Open.
type Store struct {
	folder *datadir.Folder
	pool   *pool
	node   string
	bucket Bucket // nil: long audio is in folder
	queue  *groupcommit.Queue
	retain sync.WaitGroup
	stop   context.CancelFunc // of retain

	holder string        // of leases: the node, and the run of the server, which the number of the claim follows
	added  chan struct{} // signals that this server added jobs; nil if it does not transcribe

	claims, finishes pace // of jobs
	claimed          atomic.Int64
}

var (
	_ call.Store = (*Store)(nil)
	_ call.Jobs  = (*Store)(nil)
)

// Open connects to the database, migrates its schema and sweeps audio files that a crash left without a call. It fails
// with an UnavailableError if the database cannot be reached, with datadir.ErrInUse if another store has the folder
// open, and with ErrNewer if a newer version of the program has written the database.
func Open(ctx context.Context, o Options) (s *Store, err error) {
	s = &Store{stop: func() {}}
	log := cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	defer func() {
		if err != nil {
			err = errors.Join(explain(err), s.close())
			s = nil
		}
	}()
	if _, err := os.Stat(filepath.Join(o.Dir, foreignMark)); err == nil {
		return s, fmt.Errorf("it %w: the calls of an SQLite database", datadir.ErrForeign)
	}
	if s.folder, err = datadir.Open(ctx, o.Dir, nodeFile, log); err != nil {
		return s, err
	}
	if s.pool, err = newPool(ctx, o.URL, o.Pool); err != nil {
		return s, err
	}
	if err := s.pool.with(ctx, func(context.Context, *pgxpool.Conn) error { return nil }); err != nil {
		return s, err
	}
	if err := migrate(ctx, s.pool.Pool); err != nil {
		return s, fmt.Errorf("bringing the schema up to date: %w", err)
	}
	queue := cmp.Or(o.Queue, DefaultQueue)
	if err := s.openFolder(ctx, queue+retainBatch); err != nil {
		return s, err
	}
	err = errors.Join(s.returnBlocks(ctx), s.folder.Pin(nodeFile), s.folder.Watch(nodeFile))
	if err := errors.Join(err, s.openBucket(ctx, o)); err != nil {
		return s, err
	}
	if o.Transcribe {
		s.added = make(chan struct{}, 1)
	}
	w := newWriter(s.pool, s.node, o.DuplicateWindow, s.added)
	w.audioNode = s.audioNode()
	if err := s.folder.Audio.Probe(ctx); err != nil {
		return s, fmt.Errorf("the data folder cannot be written: %w", err)
	}
	if err := w.Probe(ctx); err != nil && !errors.Is(err, call.ErrNoSpace) { // a full disk can still be read
		return s, fmt.Errorf("%w: %w", call.ErrNotWritable, err)
	}
	s.queue = groupcommit.Start(groupcommit.Options{
		Folder: s.folder, Limit: queue, MaxCalls: maxBatch, MaxBytes: maxBatchBytes, Breaker: o.Breaker, Log: log,
		Audio: s.longAudio(),
	}, w)
	s.holder = s.node + "/" + rand.Text()
	if err := s.releaseJobs(ctx); err != nil {
		log.Warn("calls that were being transcribed when the server ended wait until their leases end", "error", err)
	}
	s.startBackground(o.Retention, log)
	return s, nil
}

// Errors that Open wraps if a database refuses all writes, or those of this user.
var (
	ErrReadOnly = errors.New("it is a standby, or set to be read only")
	ErrDenied   = errors.New("its user may not write there")
)

// explain wraps an error of opening the database in an error that states the cause.
func explain(err error) error {
	var pe *pgconn.PgError
	switch {
	case isNoSpace(err) && !errors.Is(err, call.ErrNoSpace):
		return fmt.Errorf("%w: %w", call.ErrNoSpace, err)
	case isReadOnly(err):
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	case errors.As(err, &pe) && pe.Code == "42501":
		return fmt.Errorf("%w: %w", ErrDenied, err)
	default:
		return err
	}
}

// openFolder registers the data folder with the database and sweeps it.
func (s *Store) openFolder(ctx context.Context, orphans int) error {
	if err := s.identify(ctx); err != nil {
		return err
	}
	named, err := s.audioNames(ctx)
	if err != nil {
		return fmt.Errorf("reading the names of audio files: %w", err)
	}
	if err := s.folder.Audio.Sweep(ctx, orphans, named); err != nil {
		return fmt.Errorf("sweeping the audio folder: %w", err)
	}
	return s.folder.Sync() // new names must survive a crash
}

// identify registers the data folder with the database, or finds it there. A folder with the audio of another database
// is foreign: it must not be swept because this database does not know its calls.
func (s *Store) identify(ctx context.Context) error {
	path := s.folder.Path(nodeFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.node = rand.Text()
		if err := s.register(ctx, s.node); err != nil {
			return err
		}
		return disk.WriteFile(path, []byte(s.node+"\n"))
	case err != nil:
		return err
	}
	s.node = strings.TrimSpace(string(text))
	var known bool
	err = s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM nodes WHERE id = $1)", s.node).Scan(&known)
	})
	switch {
	case err != nil || known:
		return err
	case s.folder.Audio.Sweep(ctx, 0, nil) != nil: // there is audio
		return fmt.Errorf("it %w: the audio of calls in another database", datadir.ErrForeign)
	}
	return s.register(ctx, s.node)
}

// register adds a data folder or a bucket to the database.
func (s *Store) register(ctx context.Context, node string) error {
	return s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, "INSERT INTO nodes (id) VALUES ($1) ON CONFLICT DO NOTHING", node)
		return err
	})
}

// returnBlocks returns the block of ids that this server had before a crash, and the blocks of servers that are gone.
func (s *Store) returnBlocks(ctx context.Context) error {
	return s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		batch := &pgx.Batch{}
		batch.Queue(lockNode, s.node)
		batch.Queue(returnBlock, s.node)
		batch.Queue(returnOldBlocks)
		return conn.SendBatch(ctx, batch).Close()
	})
}

// audioNames returns the audio files in this data folder that calls refer to.
func (s *Store) audioNames(ctx context.Context) (map[string]bool, error) {
	named := make(map[string]bool)
	err := s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, "SELECT audio_file FROM calls WHERE audio_file IS NOT NULL AND audio_node = $1",
			s.node)
		if err != nil {
			return err
		}
		var name string
		_, err = pgx.ForEachRow(rows, []any{&name}, func() error {
			named[name] = true
			return nil
		})
		return err
	})
	return named, err
}

// Put implements call.Store.
func (s *Store) Put(ctx context.Context, u *call.Upload) (int64, error) { return s.queue.Put(ctx, u) }

// Gone implements call.Store.
func (s *Store) Gone() error { return s.queue.Gone() }

// Probe implements call.Store.
func (s *Store) Probe(ctx context.Context) error { return s.queue.Probe(ctx) }

// Stats implements call.Store.
func (s *Store) Stats() call.Stats {
	stats := s.queue.Stats()
	stats.Pool = s.pool.stats()
	if s.bucket != nil {
		stats.Bucket = s.bucket.Stats()
	}
	return stats
}

// startBackground starts to delete old calls, unless calls are kept forever, and to sweep the bucket.
func (s *Store) startBackground(keep time.Duration, log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	if keep > 0 {
		s.retain.Go(func() { retention.Run(ctx, s, keep, retainBatch, log) })
	}
	if s.bucket != nil {
		s.retain.Go(func() { s.sweepBucket(ctx, log) })
	}
}

// Close waits until all queued calls are stored, and closes the store. Put then fails with call.ErrClosed.
func (s *Store) Close() error {
	s.stop()
	if !s.queue.Close() {
		return nil
	}
	s.retain.Wait()
	return s.close()
}

func (s *Store) close() error {
	if s.pool != nil {
		s.pool.Close()
	}
	var errs []error
	if s.bucket != nil {
		errs = append(errs, s.bucket.Close())
	}
	if s.folder != nil {
		errs = append(errs, s.folder.Close())
	}
	return errors.Join(errs...)
}

// Remove removes what this program created in a data folder that no store has open, and the folder itself if it is then
// empty. It does not change the database.
func Remove(dir string) error { return datadir.Remove(dir, nodeFile) }
