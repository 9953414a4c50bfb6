package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/groupcommit"
)

const (
	sweepEvery = 6 * time.Hour
	// orphanAge is the age from which audio without a row is removed from the bucket.
	orphanAge = 24 * time.Hour
	// maxAudioAge is the age at which audio is too old for a new row: a machine may have been suspended since it was
	// stored, and another server may remove it.
	maxAudioAge = orphanAge / 2
)

var errOldAudio = errors.New("the audio has waited too long for its row")

// Bucket keeps long audio where every server of a database can read and remove it.
type Bucket interface {
	groupcommit.Audio
	// Node names the bucket in the database.
	Node() string
	// Open opens audio, or returns fs.ErrNotExist.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	// Sweep removes audio that is older than age and that named does not return, and returns how much.
	Sweep(ctx context.Context, age time.Duration,
		named func(ctx context.Context, names []string) (map[string]bool, error)) (int, error)
	// Ready returns an error while the bucket is known to be away.
	Ready() error
	Stats() call.BreakerStats
	Close() error
}

// openBucket opens the bucket and registers it with the database, if there is one.
func (s *Store) openBucket(ctx context.Context, o Options) error {
	if o.OpenBucket == nil {
		return nil
	}
	var name string
	err := s.pool.with(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		return conn.QueryRow(ctx, "SELECT name FROM store").Scan(&name)
	})
	if err != nil {
		return err
	}
	bucket, err := o.OpenBucket(ctx, name)
	if err != nil {
		return err
	}
	s.bucket = bucket
	return s.register(ctx, bucket.Node())
}

// audioNode returns where the long audio of new calls is, as rows name it.
func (s *Store) audioNode() string {
	if s.bucket != nil {
		return s.bucket.Node()
	}
	return s.node
}

// longAudio returns where the long audio of new calls is stored.
func (s *Store) longAudio() groupcommit.Audio {
	if s.bucket != nil {
		return s.bucket
	}
	return s.folder.Audio
}

// openShared opens audio in the bucket, and checks it while it is read.
func (s *Store) openShared(ctx context.Context, id int64, name string, sum []byte) (io.ReadSeekCloser, error) {
	r, err := s.bucket.Open(ctx, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the audio of call %d is missing in %s", id, s.bucket.Node())
	case err != nil:
		return nil, err
	}
	return blob.Verify(r, [32]byte(sum)), nil
}

// reachable returns where audio is that this server can read and remove now. Calls with audio in a bucket that is away
// are neither transcribed nor deleted until it is back.
func (s *Store) reachable() []string {
	nodes := []string{s.node}
	if s.bucket != nil && s.bucket.Ready() == nil {
		nodes = append(nodes, s.bucket.Node())
	}
	return nodes
}

// storedAudio is where the audio of a call is, unless it is in the row.
type storedAudio struct{ Node, File *string }

// removeAudio removes audio whose row is gone.
func (s *Store) removeAudio(ctx context.Context, audio storedAudio) error {
	switch {
	case audio.File == nil:
		return nil
	case *audio.Node == s.node:
		return s.folder.Audio.Remove(ctx, *audio.File)
	default:
		return s.bucket.Remove(ctx, *audio.File)
	}
}

// sweepBucket sweeps the bucket now and then, until ctx ends.
func (s *Store) sweepBucket(ctx context.Context, log *slog.Logger) {
	for {
		removed, err := s.bucket.Sweep(ctx, orphanAge, s.namedInBucket)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.Error("the bucket could not be swept", "error", err)
		case removed > 0:
			log.Info("removed audio without a call", "bucket", s.bucket.Node(), "objects", removed)
		}
		if clock.Sleep(ctx, sweepEvery) != nil {
			return
		}
	}
}

// namedInBucket returns those of some names that calls refer to, whichever bucket they are in: the names are unique.
func (s *Store) namedInBucket(ctx context.Context, names []string) (map[string]bool, error) {
	named := make(map[string]bool)
	err := s.read(ctx, func(ctx context.Context, conn *pgxpool.Conn) error {
		rows, err := conn.Query(ctx, "SELECT audio_file FROM calls WHERE audio_file = ANY($1)", names)
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
