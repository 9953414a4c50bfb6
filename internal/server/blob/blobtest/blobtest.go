// Package blobtest tests what every place for the audio of calls must do. It is for tests only.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
)

// Store is a place for audio.
type Store interface {
	Adopt(ctx context.Context, spooled string, c *rdio.Call) (name string, err error)
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
	Remove(ctx context.Context, name string) error
	Probe(ctx context.Context) error
}

// Run tests a store whose spool files are in the folder spool. Names returns what the store holds.
func Run(t *testing.T, s Store, spool string, names func(t *testing.T) []string) {
	t.Run("a spool file that is gone", func(t *testing.T) {
		if _, err := s.Adopt(t.Context(), filepath.Join(spool, blob.SpoolName()), aCall()); !errors.Is(err,
			fs.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("audio comes back as it was, whole and from anywhere", func(t *testing.T) { testRead(t, s, spool) })
	t.Run("many at once", func(t *testing.T) { testMany(t, s, spool) })
	if err := s.Probe(t.Context()); err != nil {
		t.Errorf("the probe fails: %v", err)
	}
	if left := names(t); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// Spool makes a spool file with a text, and returns its path.
func Spool(t testing.TB, spool string, text []byte) string {
	t.Helper()
	path := filepath.Join(spool, blob.SpoolName())
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func aCall() *rdio.Call {
	return &rdio.Call{
		System: 11, Talkgroup: 1001, AudioName: "call.m4a", AudioType: "audio/mp4",
		Time: time.Date(2026, 11, 24, 21, 20, 59, 0, time.FixedZone("", -5*3600)),
	}
}

var nameForm = regexp.MustCompile(`^2026-11-25/022059_11_1001_[A-Z2-7]{26}\.m4a$`)

func testRead(t *testing.T, s Store, spool string) {
	want := bytes.Repeat([]byte("audio that is not short"), 100_000)
	path := Spool(t, spool, want)
	name, err := s.Adopt(t.Context(), path, aCall())
	if err != nil || !nameForm.MatchString(name) {
		t.Fatalf("got %q, %v", name, err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the spool file is still there: %v", err)
	}
	r, err := s.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); !bytes.Equal(got, want) || err != nil {
		t.Errorf("read %d bytes of %d, %v", len(got), len(want), err)
	}
	if size, err := r.Seek(0, io.SeekEnd); size != int64(len(want)) || err != nil {
		t.Errorf("the size is %d, %v", size, err)
	}
	for _, at := range []int64{1_000_000, 7, int64(len(want)) - 3} {
		part := make([]byte, 3)
		if _, err := r.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, part); string(part) != string(want[at:at+3]) || err != nil {
			t.Errorf("at %d: read %q, %v; want %q", at, part, err, want[at:at+3])
		}
	}
	if _, err := r.Seek(-1, io.SeekStart); err == nil {
		t.Error("it was moved before its start")
	}
	for range 2 { // the second time it does not exist
		if err := s.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	if r, err := s.Open(t.Context(), name); r != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("audio that is gone: %v, %v", r, err)
	}
}

func testMany(t *testing.T, s Store, spool string) {
	var workers sync.WaitGroup
	for range 8 {
		path := Spool(t, spool, []byte("audio"))
		workers.Go(func() {
			name, err := s.Adopt(t.Context(), path, aCall())
			if err == nil {
				err = s.Remove(t.Context(), name)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
}
