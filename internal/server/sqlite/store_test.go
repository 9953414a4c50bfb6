package sqlite_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server"
	"rdiostress/internal/server/sqlite"
)

var noon = time.Date(2025, 11, 24, 16, 0, 0, 0, time.UTC)

// mustOpen opens a store that closes with the test.
func mustOpen(t testing.TB, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), o)
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

// uploadOf is an upload of call n with some audio of its own.
func uploadOf(n int64) *server.Upload {
	audio := bytes.Repeat([]byte(fmt.Sprintf("call %d ", n)), 10)
	return &server.Upload{
		Call: rdio.Call{
			System: 11 + n%2, Talkgroup: 1001 + n%3, Time: noon.Add(time.Duration(n) * time.Second),
			AudioName: fmt.Sprintf("call-%d.mp3", n),
		},
		Received: noon.Add(time.Hour), Audio: audio, Size: int64(len(audio)), SHA256: sha256.Sum256(audio),
	}
}

func mustPut(t testing.TB, s *sqlite.Store, u *server.Upload) int64 {
	t.Helper()
	id, err := s.Put(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// spoolName is a name such as the server gives to audio files.
func spoolName(n int64) string {
	return strings.Repeat("A", 25) + string(rune('A'+n)) + ".spool"
}

// spooled makes upload n a long one, whose audio is in a file.
func spooled(t testing.TB, dir string, n int64) *server.Upload {
	t.Helper()
	u := uploadOf(n)
	u.File = filepath.Join(dir, spoolName(n))
	if err := os.WriteFile(u.File, u.Audio, 0o600); err != nil {
		t.Fatal(err)
	}
	u.Audio = nil
	return u
}

func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func audioOf(t testing.TB, s *sqlite.Store, id int64) []byte {
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

func TestEveryFieldComesBack(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	u := uploadOf(0)
	u.Received = noon.Add(1500 * time.Millisecond)
	u.Call = rdio.Call{
		System: 1, Talkgroup: 2, Time: noon.Add(7 * time.Millisecond), AudioName: `a'"ü.mp3`, AudioType: "audio/mpeg",
		Frequency: 3, Source: 4, Site: 5, Units: []rdio.Unit{{ID: 6, OffsetS: 0.5, Label: "E6"}, {ID: 7}},
		Frequencies: []rdio.Frequency{{Hz: 8, OffsetS: 9.5, LengthS: 10, Errors: 11, Spikes: 12, DBm: -90.5}},
		Patches:     []int64{13, 14},
		SystemLabel: "sl", TalkgroupLabel: "tl", TalkgroupName: "tn", TalkgroupTag: "tt",
		TalkgroupGroups: []string{"g1", "g2"}, TalkerAlias: "ta",
	}
	id := mustPut(t, s, u)
	want := server.Record{ID: id, Call: u.Call, Received: u.Received, AudioSize: u.Size, SHA256: u.SHA256}
	got, err := s.Call(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("call differs (-want +got):\n%s", diff)
	}
	page, total, err := s.Calls(t.Context(), server.Query{SortBy: server.SortID, Page: 1, PerPage: 10})
	if diff := gocmp.Diff([]server.Record{want}, page); diff != "" || total != 1 || err != nil {
		t.Errorf("listed %d calls, error %v; differs (-want +got):\n%s", total, err, diff)
	}
	if got := audioOf(t, s, id); !bytes.Equal(got, u.Audio) {
		t.Errorf("audio is %q, want %q", got, u.Audio)
	}
}

func TestLongAudioIsAFile(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	u := spooled(t, spool, 1)
	id := mustPut(t, s, u)
	if got := audioOf(t, s, id); sha256.Sum256(got) != u.SHA256 {
		t.Errorf("audio is %q", got)
	}
	if in, out := files(t, filepath.Join(dir, "audio")), files(t, spool); len(in) != 1 || len(out) != 0 {
		t.Errorf("files %q in the audio folder, %q in the spool folder", in, out)
	}
}

func TestNotFound(t *testing.T) {
	s := mustOpen(t, sqlite.Options{Dir: t.TempDir()})
	if _, err := s.Call(t.Context(), 1); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("Call: %v", err)
	}
	if _, err := s.Audio(t.Context(), 1); !errors.Is(err, server.ErrNotFound) {
		t.Errorf("Audio: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping of an empty store: %v", err)
	}
}

func TestQuery(t *testing.T) {
	s := mustOpen(t, sqlite.Options{Dir: t.TempDir()})
	for n := range int64(12) { // systems 11, 12; talkgroups 1001 to 1003; a second apart
		mustPut(t, s, uploadOf(n))
	}
	sec := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	tests := []struct {
		name  string
		q     server.Query
		want  []int64 // the seconds of the calls
		total int64
	}{
		{"all, newest first", server.Query{Descending: true, PerPage: 3}, []int64{11, 10, 9}, 12},
		{"second page", server.Query{Descending: true, Page: 2, PerPage: 5}, []int64{6, 5, 4, 3, 2}, 12},
		{"last page", server.Query{Page: 3, PerPage: 5}, []int64{10, 11}, 12},
		{"past the last page", server.Query{Page: 4, PerPage: 5}, nil, 12},
		{"system", server.Query{System: 12}, []int64{1, 3, 5, 7, 9, 11}, 6},
		{"talkgroup", server.Query{Talkgroup: 1002}, []int64{1, 4, 7, 10}, 4},
		{"system and talkgroup", server.Query{System: 11, Talkgroup: 1001}, []int64{0, 6}, 2},
		{"none", server.Query{System: 99}, nil, 0},
		{"from, inclusive", server.Query{From: sec(10)}, []int64{10, 11}, 2},
		{"to, inclusive", server.Query{To: sec(1)}, []int64{0, 1}, 2},
		{"one moment", server.Query{From: sec(5), To: sec(5)}, []int64{5}, 1},
		{"just before", server.Query{To: sec(5).Add(-time.Millisecond), From: sec(5).Add(-time.Millisecond)}, nil, 0},
		{"by system", server.Query{SortBy: server.SortSystem, PerPage: 7}, []int64{0, 2, 4, 6, 8, 10, 1}, 12},
		{"by talkgroup, falling", server.Query{SortBy: server.SortTalkgroup, Descending: true, PerPage: 4}, []int64{11, 8, 5, 2}, 12},
		{"after an id", server.Query{AfterID: 9, SortBy: server.SortID}, []int64{9, 10, 11}, 3},
		{"after an id, uncounted", server.Query{AfterID: 9, SortBy: server.SortID, Uncounted: true, PerPage: 2}, []int64{9, 10}, -1},
		{"by id", server.Query{SortBy: server.SortID, Descending: true, PerPage: 2}, []int64{11, 10}, 12},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := tt.q
			q.SortBy, q.Page = cmp.Or(q.SortBy, server.SortTimestamp), cmp.Or(q.Page, 1)
			q.PerPage = cmp.Or(q.PerPage, 50)
			page, total, err := s.Calls(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			var got []int64
			for _, rec := range page {
				got = append(got, rec.Call.Time.Unix()-noon.Unix())
			}
			if !gocmp.Equal(got, tt.want) || total != tt.total {
				t.Errorf("got %d of %d, want %d of %d", got, total, tt.want, tt.total)
			}
		})
	}
	if _, _, err := s.Calls(t.Context(), server.Query{SortBy: "1; DROP TABLE calls", Page: 1, PerPage: 1}); err == nil {
		t.Error("an unknown sort key was taken")
	}
}

// A call that cannot be stored fails alone, whatever is in the same transaction.
func TestPoisonFailsAlone(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	release := holdUp(t, dir) // so that all calls end up in one transaction
	poison := map[int64]func(u *server.Upload){
		3: func(u *server.Upload) { u.Call.System = 0 },
		5: func(u *server.Upload) { u.Call.Units = []rdio.Unit{{ID: 1, OffsetS: math.Inf(1)}} },
		7: func(u *server.Upload) { u.Call.Talkgroup = -1 }, // a long one
	}
	errs := make([]error, 12)
	var wg sync.WaitGroup
	for n := range int64(len(errs)) {
		u := uploadOf(n)
		if n >= 6 {
			u = spooled(t, spool, n)
		}
		if spoil := poison[n]; spoil != nil {
			spoil(u)
		}
		wg.Go(func() { _, errs[n] = s.Put(t.Context(), u) })
	}
	release()
	wg.Wait()
	for n, err := range errs {
		if (err != nil) != (poison[int64(n)] != nil) {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if _, total, err := s.Calls(t.Context(), server.Query{SortBy: server.SortID, Page: 1, PerPage: 1}); total != 9 || err != nil {
		t.Errorf("%d calls stored, error %v; want 9", total, err)
	}
	if names := files(t, filepath.Join(dir, "audio")); len(names) != 5 {
		t.Errorf("audio files %q, want those of the 5 long calls that are stored", names)
	}
}

// holdUp keeps the writer waiting, as somebody's backup might, until the returned function is called.
func holdUp(t testing.TB, dir string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "rdiostress.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

func TestFull(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir, Queue: 3})
	release := holdUp(t, dir)
	const calls = 10
	results := make(chan error, calls)
	for n := range int64(calls) {
		go func() {
			_, err := s.Put(context.WithoutCancel(t.Context()), uploadOf(n))
			results <- err
		}()
	}
	for range calls - 3 { // these do not wait for the writer
		if err := <-results; !errors.Is(err, server.ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
	}
	if _, err := s.Put(t.Context(), spooled(t, spool, 99)); !errors.Is(err, server.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if names := files(t, filepath.Join(dir, "audio")); len(names) != 0 {
		t.Errorf("audio files %q of a call that was refused", names)
	}
	release()
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	mustPut(t, s, uploadOf(100)) // there is room again
}

func TestConcurrentPutsSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, sqlite.Options{Dir: dir})
	const workers, each = 16, 25
	ids := make([]map[int64][sha256.Size]byte, workers)
	var wg sync.WaitGroup
	for w := range ids {
		ids[w] = make(map[int64][sha256.Size]byte)
		wg.Go(func() {
			for n := range each {
				u := uploadOf(int64(w*each + n))
				id, err := s.Put(t.Context(), u)
				if err != nil {
					t.Error(err)
					return
				}
				ids[w][id] = u.SHA256
				if _, err := s.Call(t.Context(), id); err != nil { // readers beside the writer
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), uploadOf(1)); !errors.Is(err, server.ErrClosed) {
		t.Errorf("Put after Close: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "rdiostress.db-wal")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log is still there after Close: %v", err)
	}
	s = mustOpen(t, sqlite.Options{Dir: dir})
	seen := 0
	for _, m := range ids {
		for id, sum := range m {
			seen++
			if rec, err := s.Call(t.Context(), id); err != nil || rec.SHA256 != sum || sha256.Sum256(audioOf(t, s, id)) != sum {
				t.Errorf("call %d: %+v, %v", id, rec, err)
			}
		}
	}
	if seen != workers*each {
		t.Errorf("%d different ids, want %d", seen, workers*each)
	}
}

func TestPutHeedsAContextThatIsOver(t *testing.T) {
	s := mustOpen(t, sqlite.Options{Dir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Put(ctx, uploadOf(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Put(t.Context(), &server.Upload{File: filepath.Join(t.TempDir(), "gone")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a spooled file that is gone: %v", err)
	}
}

func BenchmarkPut16kB(b *testing.B) {
	s := mustOpen(b, sqlite.Options{Dir: b.TempDir()})
	audio := bytes.Repeat([]byte{1, 2, 3, 4}, 4000)
	b.SetBytes(int64(len(audio)))
	b.SetParallelism(50)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		u := uploadOf(1)
		u.Audio, u.Size, u.SHA256 = audio, int64(len(audio)), sha256.Sum256(audio)
		for pb.Next() {
			if _, err := s.Put(b.Context(), u); err != nil {
				b.Error(err)
			}
		}
	})
}
