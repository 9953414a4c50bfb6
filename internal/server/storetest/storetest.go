// Package storetest tests every call.Store for what all stores must do. It is for tests only.
package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/blob"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/datadir"
)

// Store is a call.Store as its tests see it.
type Store interface {
	call.Store
	call.Jobs
	Expire(ctx context.Context, before time.Time, limit int) (int, error)
	Close() error
}

// Options are the options that all stores have.
type Options struct {
	Queue           int
	DuplicateWindow time.Duration
	Transcribe      bool
}

// Backend is a kind of store.
type Backend struct {
	// Open opens the store whose files are in dir. The same dir gives the same store.
	Open func(t testing.TB, dir string, o Options) (Store, error)
	// HoldUp blocks writes of the store in dir, as a backup might, until release is called.
	HoldUp func(t testing.TB, dir string) (release func())
	// RenameAudio changes all audio file names in the database in dir to those of an earlier version. The store must be
	// closed.
	RenameAudio func(t testing.TB, dir, name string)
}

// Run tests a kind of store.
func Run(t *testing.T, b Backend) {
	for name, test := range map[string]func(*testing.T, Backend){
		"EveryFieldComesBack":    everyFieldComesBack,
		"LongAudioIsAFile":       longAudioIsAFile,
		"EarlierAudioNames":      earlierAudioNames,
		"NotFound":               notFound,
		"Query":                  queries,
		"UnknownSortKey":         unknownSortKey,
		"DeepPages":              deepPages,
		"Follow":                 follow,
		"FollowFilters":          followFilters,
		"FollowWhileStoring":     followWhileStoring,
		"FollowRefuses":          followRefuses,
		"IDsAreNotUsedAgain":     idsAreNotUsedAgain,
		"PoisonFailsAlone":       poisonFailsAlone,
		"Full":                   full,
		"Reopening":              concurrentPutsSurviveReopening,
		"CancelledContext":       honorsCancelledContext,
		"Duplicates":             duplicates,
		"DuplicatesInOneBatch":   duplicatesInOneBatch,
		"NoDuplicateWindow":      noDuplicateWindow,
		"RepeatedFile":           repeatedFile,
		"Expire":                 expire,
		"SweepsOrphans":          sweepsOrphans,
		"KeepsManyOrphans":       keepsManyOrphans,
		"Stats":                  stats,
		"ForeignAudioIsRefused":  foreignAudioIsRefused,
		"OneServerForEachFolder": oneServerForEachFolder,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// Noon returns when the first call of the tests began.
func Noon() time.Time { return time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC) }

// mustOpen opens a store, which the caller closes.
func (b Backend) mustOpen(t testing.TB, dir string, o Options) Store {
	t.Helper()
	s, err := b.Open(t, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open opens a store that closes with the test.
func (b Backend) open(t testing.TB, dir string, o Options) Store {
	t.Helper()
	s := b.mustOpen(t, dir, o)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// UploadOf returns an upload of call n with its own audio. Calls are a second apart, of two systems and three
// talkgroups.
func UploadOf(n int64) *call.Upload {
	audio := bytes.Repeat([]byte(fmt.Sprintf("call %d ", n)), 10)
	return &call.Upload{
		Call: rdio.Call{
			System: 11 + n%2, Talkgroup: 1001 + n%3, Time: Noon().Add(time.Duration(n) * time.Second),
			AudioName: fmt.Sprintf("call-%d.mp3", n),
		},
		Received: Noon().Add(time.Hour), Audio: audio, Size: int64(len(audio)), SHA256: sha256.Sum256(audio),
	}
}

// Put stores a call, or fails the test.
func Put(t testing.TB, s call.Store, u *call.Upload) int64 {
	t.Helper()
	id, err := s.Put(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Spooled turns an upload into a long one, whose audio is in a file of the data folder's spool.
func Spooled(t testing.TB, dir string, u *call.Upload) *call.Upload {
	t.Helper()
	spool := datadir.SpoolDir(dir)
	if err := os.MkdirAll(spool, 0o700); err != nil {
		t.Fatal(err)
	}
	u.File = filepath.Join(spool, blob.SpoolName())
	if err := os.WriteFile(u.File, u.Audio, 0o600); err != nil {
		t.Fatal(err)
	}
	u.Audio = nil
	return u
}

// AudioFiles lists the files in the audio folder, as relative paths with slashes.
func AudioFiles(t testing.TB, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(filepath.Join(dir, "audio")), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// AudioOf returns a call's audio.
func AudioOf(t testing.TB, s call.Store, id int64) []byte {
	t.Helper()
	r, err := s.Audio(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	audio, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return audio
}

// eventually polls until ok returns true, and fails the test if that takes too long.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

// Total returns how many calls are stored.
func Total(t testing.TB, s call.Store) int64 {
	t.Helper()
	_, total, err := s.Calls(context.WithoutCancel(t.Context()), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1})
	if err != nil {
		t.Fatal(err)
	}
	return total
}
