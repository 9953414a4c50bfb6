package postgres_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// databases gives each data folder its own database.
type databases struct {
	server *pgtest.Server
	mu     sync.Mutex
	urls   map[string]string
}

func (d *databases) of(t testing.TB, dir string) string {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.urls[dir] == "" {
		d.urls[dir] = d.server.Database(t)
	}
	return d.urls[dir]
}

func TestStore(t *testing.T) { storetest.Run(t, backend(t)) }

func TestJobs(t *testing.T) { storetest.RunJobs(t, backend(t)) }

func backend(t *testing.T) storetest.Backend {
	d := &databases{server: pgtest.Open(t), urls: make(map[string]string)}
	return storetest.Backend{
		Open: func(t testing.TB, dir string, o storetest.Options) (storetest.Store, error) {
			s, err := postgres.Open(t.Context(), postgres.Options{
				URL: d.of(t, dir), Dir: dir, Queue: o.Queue, DuplicateWindow: o.DuplicateWindow,
				Transcribe: o.Transcribe,
			})
			if err != nil {
				return nil, err // not s: it would be a non-nil interface
			}
			return s, nil
		},
		HoldUp: func(t testing.TB, dir string) func() { return holdUp(t, d.of(t, dir)) },
		RenameAudio: func(t testing.TB, dir, name string) {
			conn, err := pgx.Connect(t.Context(), d.of(t, dir))
			if err == nil {
				_, err = conn.Exec(t.Context(), "UPDATE calls SET audio_file = $1", name)
				err = errors.Join(err, conn.Close(t.Context()))
			}
			if err != nil {
				t.Fatal(err)
			}
		},
	}
}

// holdUp blocks the writer, as a backup might, until the returned function is called.
func holdUp(t testing.TB, url string) (release func()) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "BEGIN; LOCK TABLE calls IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := conn.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

func BenchmarkPut(b *testing.B) { benchmarkPut(b, false) }

// BenchmarkPutQueued is BenchmarkPut with each call queued for transcription.
func BenchmarkPutQueued(b *testing.B) { benchmarkPut(b, true) }

func benchmarkPut(b *testing.B, transcribe bool) {
	db := pgtest.Open(b)
	storetest.BenchmarkPut(b, func(b *testing.B) call.Store {
		return mustOpen(b, postgres.Options{
			URL: db.Database(b), Dir: b.TempDir(),
			DuplicateWindow: 500 * time.Millisecond, Transcribe: transcribe,
		})
	})
}

func BenchmarkJobs(b *testing.B) {
	db := pgtest.Open(b)
	storetest.BenchmarkJobs(b, func(b *testing.B) storetest.Store {
		return mustOpen(b, postgres.Options{URL: db.Database(b), Dir: b.TempDir(), Transcribe: true})
	})
}
