package storetest

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/call"
)

const window = 500 * time.Millisecond

// at returns an upload of a call of talkgroup 1001 that begins after an offset from the first call, with its own audio.
func at(offset time.Duration, audio string) *call.Upload {
	u := UploadOf(0)
	u.Call.Time = Noon().Add(offset)
	u.Audio, u.Size, u.SHA256 = []byte(audio), int64(len(audio)), sha256.Sum256([]byte(audio))
	return u
}

// Within the window, on both sides and exactly at its end, another call of the talkgroup is a duplicate, also after a
// restart. The same call sent again is stored once, without an error.
func duplicates(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{DuplicateWindow: window})
	first := Put(t, s, at(0, "one"))
	otherTalkgroup, otherSystem := at(0, "one"), at(0, "one")
	otherTalkgroup.Call.Talkgroup++
	otherSystem.Call.System++
	tests := []struct {
		name string
		u    *call.Upload
		want error
		same bool // as the first
	}{
		{"sent again", at(0, "one"), nil, true},
		{"other audio", at(0, "two"), call.ErrDuplicate, false},
		{"a millisecond later", at(time.Millisecond, "one"), call.ErrDuplicate, false},
		{"at the end", at(window, "two"), call.ErrDuplicate, false},
		{"at the beginning", at(-window, "two"), call.ErrDuplicate, false},
		{"before", at(-window-time.Millisecond, "two"), nil, false},
		{"after", at(window+time.Millisecond, "two"), nil, false},
		{"sent again, between others", at(0, "one"), nil, true},
		{"other talkgroup", otherTalkgroup, nil, false},
		{"other system", otherSystem, nil, false},
	}
	for _, tt := range tests {
		id, err := s.Put(t.Context(), tt.u)
		if !errors.Is(err, tt.want) || tt.want == nil && (id == first) != tt.same {
			t.Errorf("%s: %d, %v; the first is %d", tt.name, id, err, first)
		}
	}
	if n := Total(t, s); n != 5 {
		t.Errorf("%d calls, want 5", n)
	}
	if st := s.Stats(); st.Stored != 5 || st.Repeats != 2 || st.Duplicates != 4 {
		t.Errorf("counted %d, %d repeats, %d duplicates; want 5, 2, 4", st.Stored, st.Repeats, st.Duplicates)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = b.open(t, dir, Options{DuplicateWindow: window})
	for _, tt := range tests { // stored calls get their own id again
		if _, err := s.Put(t.Context(), tt.u); !errors.Is(err, tt.want) {
			t.Errorf("%s, after a restart: %v", tt.name, err)
		}
	}
	if _, err := s.Put(t.Context(), at(100*time.Millisecond, "three")); !errors.Is(err, call.ErrDuplicate) {
		t.Errorf("a duplicate after a restart: %v", err)
	}
	if n := Total(t, s); n != 5 {
		t.Errorf("%d calls after a restart, want 5", n)
	}
}

// However calls arrive together, one of the calls within a window is stored, and one of the identical calls.
func duplicatesInOneBatch(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{DuplicateWindow: window})
	release := b.HoldUp(t, dir)
	const each = 20
	var same, others []error
	var ids []int64
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range each {
		wg.Go(func() {
			u := at(0, "one")
			u.Call.Talkgroup = 7
			id, err := s.Put(t.Context(), u)
			mu.Lock()
			defer mu.Unlock()
			same, ids = append(same, err), append(ids, id)
		})
		wg.Go(func() {
			u := at(time.Duration(n)*time.Millisecond, "two")
			u.Call.Talkgroup = 8
			_, err := s.Put(t.Context(), u)
			mu.Lock()
			defer mu.Unlock()
			others = append(others, err)
		})
	}
	eventually(t, "all calls wait", func() bool { return s.Stats().Queued == 2*each })
	release()
	wg.Wait()
	for i, err := range same {
		if err != nil || ids[i] != ids[0] {
			t.Errorf("the same call sent again: %d, %v; another time %d", ids[i], err, ids[0])
		}
	}
	stored := 0
	for _, err := range others {
		if err == nil {
			stored++
		} else if !errors.Is(err, call.ErrDuplicate) {
			t.Errorf("got %v", err)
		}
	}
	if stored != 1 || Total(t, s) != 2 {
		t.Errorf("%d of %d calls within one window stored, %d in all; want 1 and 2", stored, each, Total(t, s))
	}
}

func noDuplicateWindow(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	if first, second := Put(t, s, at(0, "one")), Put(t, s, at(0, "one")); first == second || Total(t, s) != 2 {
		t.Errorf("ids %d and %d of %d calls", first, second, Total(t, s))
	}
}

// A long call that is sent again, or is a duplicate, leaves no second file.
func repeatedFile(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{DuplicateWindow: window})
	first := Put(t, s, Spooled(t, dir, at(0, "one")))
	kept := AudioFiles(t, dir)
	if again := Put(t, s, Spooled(t, dir, at(0, "one"))); again != first {
		t.Errorf("sent again it is %d, at first %d", again, first)
	}
	if _, err := s.Put(t.Context(), Spooled(t, dir, at(0, "two"))); !errors.Is(err, call.ErrDuplicate) {
		t.Errorf("a duplicate: %v", err)
	}
	if names := AudioFiles(t, dir); len(names) != 1 || !slices.Equal(names, kept) {
		t.Errorf("audio files %q, at first %q", names, kept)
	}
	if got := AudioOf(t, s, first); string(got) != "one" {
		t.Errorf("audio is %q", got)
	}
}

// Old calls are deleted with their files and from the totals; the others remain.
func expire(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{})
	for n := range int64(20) {
		u := UploadOf(n)
		if n%4 == 0 {
			u = Spooled(t, dir, u)
		}
		Put(t, s, u)
	}
	before := Noon().Add(13 * time.Second) // 13 calls, 4 of them with files
	for _, want := range []int{6, 6, 1, 0} {
		if n, err := s.Expire(t.Context(), before, 6); n != want || err != nil {
			t.Fatalf("deleted %d, %v; want %d", n, err, want)
		}
	}
	page, total, err := s.Calls(t.Context(), call.Query{SortBy: call.SortTimestamp, Page: 1, PerPage: 50})
	if err != nil || total != 7 || len(page) != 7 || page[0].Call.Time.Before(before) {
		t.Errorf("%d calls of %d are left, %v; want 7", len(page), total, err)
	}
	var bytes int64
	for _, rec := range page {
		bytes += rec.AudioSize
	}
	if u, err := s.Usage(t.Context()); u.Calls != 7 || u.AudioBytes != bytes || err != nil {
		t.Errorf("usage is %+v, %v; want 7 calls, %d bytes", u, err, bytes)
	}
	if names := AudioFiles(t, dir); len(names) != 1 {
		t.Errorf("audio files %q, want the one of a call that is left", names)
	}
	if n := s.Stats().Expired; n != 13 {
		t.Errorf("counted %d", n)
	}
}

func stats(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.open(t, dir, Options{Queue: 50})
	release := b.HoldUp(t, dir)
	var wg sync.WaitGroup
	for n := range int64(30) {
		wg.Go(func() {
			if _, err := s.Put(t.Context(), UploadOf(n)); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all calls wait", func() bool { return s.Stats().Queued == 30 })
	release()
	wg.Wait()
	st := s.Stats()
	if st.Queued != 0 || st.QueueLimit != 50 || st.Stored != 30 || st.Breaker.State != call.BreakerClosed ||
		st.Pool.Max == 0 {
		t.Errorf("got %+v", st)
	}
	if st.BatchCalls.Sum != 30 || st.BatchCalls.Count >= 30 || st.Commit.Count != st.BatchCalls.Count ||
		st.QueueWait.Count != 30 {
		t.Errorf("measured %+v, %+v, %+v", st.BatchCalls, st.Commit, st.QueueWait)
	}
}
