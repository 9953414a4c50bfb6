package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/blob/s3"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/postgres"
	"rdiostress/internal/testenv/pgtest"
)

// bucketRig has one database and one bucket for several servers.
type bucketRig struct {
	database, url string
	backend       *s3mem.Backend
	away          atomic.Bool
}

func newBucketRig(t *testing.T) *bucketRig {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "a-key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
	r := &bucketRig{database: pgtest.Open(t).Database(t), backend: s3mem.New()}
	if err := r.backend.CreateBucket("calls"); err != nil {
		t.Fatal(err)
	}
	works := gofakes3.New(r.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.away.Load() {
			http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
			return
		}
		works.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	r.url = "s3://calls/radio?region=us-east-1&endpoint=" + server.URL
	return r
}

// open opens a store with a data folder of its own.
func (r *bucketRig) open(t *testing.T) (*postgres.Store, string) {
	t.Helper()
	loc, err := s3.ParseLocation(r.url)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s, err := postgres.Open(t.Context(), postgres.Options{
		URL: r.database, Dir: dir, Transcribe: true,
		OpenBucket: func(ctx context.Context, database string) (postgres.Bucket, error) {
			return s3.Open(ctx, s3.Options{
				Location: loc, Database: database, Failures: 2, Delay: 20 * time.Millisecond,
				Log: slog.New(slog.DiscardHandler),
			})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func (r *bucketRig) objects(t *testing.T) int {
	t.Helper()
	list, err := r.backend.ListBucket("calls", nil, gofakes3.ListBucketPage{})
	if err != nil {
		t.Fatal(err)
	}
	return len(list.Contents)
}

// longCall makes an upload whose audio is a spool file.
func longCall(t *testing.T, dir string, talkgroup int64, text []byte) *call.Upload {
	t.Helper()
	path := filepath.Join(datadir.SpoolDir(dir), blob.SpoolName())
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return &call.Upload{
		Call: rdio.Call{System: 1, Talkgroup: talkgroup, Time: time.Now(), AudioName: "a.mp3", AudioType: "audio/mpeg"},
		File: path, Size: int64(len(text)), SHA256: sha256.Sum256(text), Received: time.Now(),
	}
}

// Two servers share no disk: each plays the audio that the other has received, and either can delete it.
func TestServersShareABucket(t *testing.T) {
	r := newBucketRig(t)
	first, dir := r.open(t)
	second, dir2 := r.open(t)
	text := bytes.Repeat([]byte("long audio "), 50_000)
	id, err := first.Put(t.Context(), longCall(t, dir, 1, text))
	if err != nil {
		t.Fatal(err)
	}
	id2, err := second.Put(t.Context(), longCall(t, dir2, 2, text))
	if err != nil {
		t.Fatal(err)
	}
	if jobs := claim(t, second, 5, time.Hour); len(jobs) != 2 {
		t.Errorf("claimed %v, want both calls for transcription", jobs)
	}
	for _, tt := range []struct {
		s  *postgres.Store
		id int64
	}{{second, id}, {first, id2}} {
		audio, err := tt.s.Audio(t.Context(), tt.id)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(audio); !bytes.Equal(got, text) || err != nil {
			t.Errorf("read %d bytes of %d, %v", len(got), len(text), err)
		}
		part := make([]byte, 4)
		if _, err := audio.Seek(110, io.SeekStart); err != nil {
			t.Error(err)
		}
		if _, err := io.ReadFull(audio, part); string(part) != "long" || err != nil {
			t.Errorf("a range: %q, %v", part, err)
		}
		audio.Close()
	}
	if u, err := second.Usage(t.Context()); u.Calls != 2 || u.AudioBytes != 2*int64(len(text)) || err != nil {
		t.Errorf("the usage is %+v, %v", u, err)
	}
	if n := r.objects(t); n != 2 {
		t.Errorf("%d objects", n)
	}
	if n, err := second.Expire(t.Context(), time.Now().Add(time.Hour), 10); n != 2 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	if n := r.objects(t); n != 0 {
		t.Errorf("%d objects are left of calls that are deleted", n)
	}
}

// While the object store is away, a call with long audio is refused and leaves no row, and others are stored. A call
// that is deleted waits for its audio.
func TestBucketAwayAndBack(t *testing.T) {
	r := newBucketRig(t)
	s, dir := r.open(t)
	if _, err := s.Put(t.Context(), longCall(t, dir, 1, []byte("long"))); err != nil {
		t.Fatal(err)
	}
	r.away.Store(true)
	for range 3 {
		_, err := s.Put(t.Context(), longCall(t, dir, 2, []byte("long")))
		var down *call.UnavailableError
		if !errors.As(err, &down) || !errors.Is(err, call.ErrAudioAway) || down.RetryAfter < time.Second {
			t.Fatalf("got %v", err)
		}
	}
	if jobs := claim(t, s, 5, time.Hour); len(jobs) != 0 {
		t.Errorf("claimed %v, whose audio is away", jobs)
	}
	if state := s.Stats().Bucket.State; state == call.BreakerClosed || state == "" {
		t.Errorf("the bucket is %q", state)
	}
	short := longCall(t, dir, 3, []byte("short"))
	short.Audio, short.File = []byte("short"), ""
	if _, err := s.Put(t.Context(), short); err != nil {
		t.Errorf("a call with short audio: %v", err)
	}
	if err := s.Probe(t.Context()); err != nil {
		t.Errorf("the server is not ready: %v", err)
	}
	if n, err := s.Expire(t.Context(), time.Now().Add(time.Hour), 10); n != 1 || err != nil {
		t.Errorf("deleted %d, %v; want the short one", n, err)
	}
	r.away.Store(false)
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); s.Stats().Bucket.State != call.BreakerClosed; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("it is not found again")
		}
	}
	if _, err := s.Put(t.Context(), longCall(t, dir, 2, []byte("long"))); err != nil {
		t.Error(err)
	}
	if u, err := s.Usage(t.Context()); u.Calls != 2 || err != nil {
		t.Errorf("%+v, %v; want 2 calls", u, err)
	}
	for tick := time.NewTicker(time.Millisecond); r.objects(t) != 2; <-tick.C { // that of a probe is removed last
		if time.Now().After(deadline) {
			t.Fatalf("%d objects; want 2", r.objects(t))
		}
	}
}

// A call that cannot be stored leaves no object.
func TestBadCallLeavesNoObject(t *testing.T) {
	r := newBucketRig(t)
	first, dir := r.open(t)
	u := longCall(t, dir, 1, []byte("long"))
	id, err := first.Put(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	again := longCall(t, dir, 1, []byte("long"))
	again.Call.Talkgroup = -1 // no row can have it
	if _, err := first.Put(t.Context(), again); !errors.Is(err, call.ErrBadCall) {
		t.Errorf("got %v", err)
	}
	if n := r.objects(t); n != 1 || id < 1 {
		t.Errorf("%d objects, id %d", n, id)
	}
}
