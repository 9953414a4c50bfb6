package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

// Reader is a call.Store that only shows the calls of a data folder. It works on a disk without any free space, even
// for the files that SQLite usually needs to open a database.
type Reader struct {
	store   *Store
	isEmpty bool // there is no database, or one without calls

	hasTranscripts bool // the database has a table of them
}

var _ call.Store = (*Reader)(nil)

// OpenReader opens a data folder for reading. Like a Store, it locks out other servers.
func OpenReader(ctx context.Context, dir string, log *slog.Logger) (*Reader, error) {
	folder, err := datadir.Open(ctx, dir, databaseFile, log)
	if err != nil {
		return nil, err
	}
	r := &Reader{store: &Store{folder: folder}}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reader) open(ctx context.Context) error {
	path := r.store.folder.Path(databaseFile)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 && !hasLog(path) {
		r.isEmpty = true
		return nil
	}
	// With exclusive access, SQLite keeps the index of its log in memory and needs no file for it.
	db, err := r.store.open(ctx, url.Values{"mode": {"rw"}, "_pragma": {"locking_mode(EXCLUSIVE)"}})
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	r.store.read, r.store.ping = db, db
	err = db.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'calls'),
		EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'transcripts'),
		NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'segments')`).
		Scan(&r.isEmpty, &r.hasTranscripts, &r.store.isOld)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	return nil
}

func hasLog(path string) bool {
	info, err := os.Stat(path + logSuffix)
	return err == nil && info.Size() > 0
}

// Close closes the database and the folder.
func (r *Reader) Close() error {
	var errs []error
	if db := r.store.read; db != nil {
		errs = append(errs, db.Close())
	}
	return errors.Join(append(errs, r.store.folder.Close())...)
}

// Put implements call.Store.
func (r *Reader) Put(context.Context, *call.Upload) (int64, error) { return 0, call.ErrNoSpace }

// Probe implements call.Store.
func (r *Reader) Probe(context.Context) error { return call.ErrNoSpace }

// Gone implements call.Store.
func (r *Reader) Gone() error { return nil }

// Calls implements call.Store.
func (r *Reader) Calls(ctx context.Context, q call.Query) (page []call.Record, total int64, err error) {
	if r.isEmpty {
		return nil, 0, nil
	}
	return r.store.Calls(ctx, q)
}

// Follow implements call.Store. Its cursors remain valid in the database that the real store may create.
func (r *Reader) Follow(ctx context.Context, q call.Query, at string) (page []call.Record, next string, err error) {
	if r.isEmpty {
		return nil, "", &call.UnavailableError{RetryAfter: time.Second, Err: call.ErrNoSpace}
	}
	return r.store.Follow(ctx, q, at)
}

// Listed implements call.Store.
func (r *Reader) Listed(ctx context.Context, id int64) (call.Record, error) {
	if r.isEmpty {
		return call.Record{}, call.ErrNotFound
	}
	return r.store.Listed(ctx, id)
}

// Call implements call.Store.
func (r *Reader) Call(ctx context.Context, id int64) (call.Record, error) {
	if r.isEmpty {
		return call.Record{}, call.ErrNotFound
	}
	return r.store.Call(ctx, id)
}

// Audio implements call.Store.
func (r *Reader) Audio(ctx context.Context, id int64) (io.ReadSeekCloser, error) {
	if r.isEmpty {
		return nil, call.ErrNotFound
	}
	return r.store.Audio(ctx, id)
}

// Transcripts implements call.Store. It returns none from a database of an earlier version, which has no table of them.
func (r *Reader) Transcripts(ctx context.Context, ids []int64, brief bool) ([]call.Transcript, error) {
	if r.isEmpty || !r.hasTranscripts {
		return nil, nil
	}
	return r.store.Transcripts(ctx, ids, brief)
}

// Ping implements call.Store.
func (r *Reader) Ping(ctx context.Context) error {
	if r.isEmpty {
		return nil
	}
	return r.store.Ping(ctx)
}

// Usage implements call.Store.
func (r *Reader) Usage(ctx context.Context) (u call.Usage, err error) {
	if r.isEmpty {
		return u, nil
	}
	return r.store.Usage(ctx)
}

// Stats implements call.Store.
func (r *Reader) Stats() call.Stats {
	stats := call.Stats{Breaker: call.BreakerStats{State: call.BreakerClosed}}
	if db := r.store.read; db != nil {
		stats.Pool = call.PoolStats{Max: 1, InUse: db.Stats().InUse, Idle: db.Stats().Idle}
	}
	return stats
}
