package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/cursor"
)

// Reader follows a store and counts how often it has seen each call.
type Reader struct {
	Query  call.Query
	Cursor string
	Seen   map[int64]int
}

// NewReader returns a reader that begins at a cursor and reads pages of at most perPage calls.
func NewReader(at string, perPage int) *Reader {
	return &Reader{Query: call.Query{PerPage: perPage}, Cursor: at, Seen: make(map[int64]int)}
}

// Read reads a page and reports whether it was full.
func (r *Reader) Read(t testing.TB, s call.Store) bool {
	t.Helper()
	page, next, err := s.Follow(t.Context(), r.Query, r.Cursor)
	if err != nil {
		t.Fatalf("following from %s: %v", r.Cursor, err)
	}
	for i := range page {
		r.Seen[page[i].ID]++
	}
	r.Cursor = next
	return len(page) >= r.Query.PerPage || !r.Query.IsWhole(page)
}

// ReadAll reads until a page is not full.
func (r *Reader) ReadAll(t testing.TB, s call.Store) {
	t.Helper()
	for r.Read(t, s) {
	}
}

// CheckOnce checks that each of the calls was seen once, and no other call.
func (r *Reader) CheckOnce(t testing.TB, want []int64) {
	t.Helper()
	for _, id := range want {
		if n := r.Seen[id]; n != 1 {
			t.Errorf("call %d was seen %d times", id, n)
		}
	}
	if len(r.Seen) != len(want) {
		t.Errorf("%d calls were seen, want %d", len(r.Seen), len(want))
	}
}

// A reader from the start sees all calls, and a reader from now sees later calls; each once, however pages are cut.
func follow(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	empty := NewReader(call.CursorNow, 5)
	empty.ReadAll(t, s)
	var all []int64
	for n := range int64(13) {
		all = append(all, Put(t, s, UploadOf(n)))
	}
	now := NewReader(call.CursorNow, 5)
	now.ReadAll(t, s)
	small := NewReader(call.CursorStart, 100)
	small.Query.MaxBytes = 1200
	start := NewReader(call.CursorStart, 5)
	start.ReadAll(t, s)
	start.CheckOnce(t, all)
	for n := range int64(7) {
		all = append(all, Put(t, s, UploadOf(100+n)))
	}
	for _, tt := range []struct {
		r    *Reader
		want []int64
	}{{empty, all}, {now, all[13:]}, {start, all}, {small, all}} {
		tt.r.ReadAll(t, s)
		tt.r.ReadAll(t, s)
		tt.r.CheckOnce(t, tt.want)
	}
	page, _, err := s.Follow(t.Context(), call.Query{PerPage: 1}, call.CursorStart)
	if err != nil || len(page) != 1 || page[0].Call.AudioName != "call-0.mp3" || page[0].AudioSize != UploadOf(0).Size {
		t.Errorf("the first call is %+v, %v", page, err)
	}
}

// A reader that selects calls skips the others.
func followFilters(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	sec := func(n int) time.Time { return Noon().Add(time.Duration(n) * time.Second) }
	var readers []*Reader
	for _, q := range []call.Query{
		{System: 12},
		{Talkgroup: 1002},
		{System: 11, Talkgroup: 1001},
		{From: sec(10)},
		{To: sec(5)},
		{From: sec(3), To: sec(9), System: 12},
		{System: 99},
	} {
		r := NewReader(call.CursorStart, 2)
		q.PerPage, q.MaxBytes = r.Query.PerPage, 500
		r.Query = q
		readers = append(readers, r)
	}
	var all []call.Record
	for n := range int64(30) {
		u := UploadOf(n)
		all = append(all, call.Record{ID: Put(t, s, u), Call: u.Call})
		if n%7 == 0 {
			for _, r := range readers {
				r.Read(t, s)
			}
		}
	}
	for _, r := range readers {
		r.ReadAll(t, s)
		q := r.Query
		q.SortBy = call.SortID
		r.CheckOnce(t, selected(all, q))
	}
}

// Whatever is stored while it reads, a reader sees it once.
func followWhileStoring(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{DuplicateWindow: 500 * time.Millisecond})
	var mu sync.Mutex
	var all []int64
	var wg sync.WaitGroup
	for w := range int64(8) {
		wg.Go(func() {
			for n := range int64(40) {
				u := UploadOf(w*1000 + n/2) // every call is sent twice
				id, err := s.Put(t.Context(), u)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				all = append(all, id)
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	r := NewReader(call.CursorStart, 3)
	for isDone := false; !isDone; {
		select {
		case <-done:
			isDone = true
		default:
		}
		r.ReadAll(t, s)
	}
	slices.Sort(all)
	r.CheckOnce(t, slices.Compact(all))
}

// A malformed cursor is refused, and a cursor of another database.
func followRefuses(t *testing.T, b Backend) {
	s, other := b.open(t, t.TempDir(), Options{}), b.open(t, t.TempDir(), Options{})
	Put(t, s, UploadOf(1))
	r := NewReader(call.CursorStart, 10)
	r.ReadAll(t, s)
	c, err := cursor.Parse(r.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	c.Last += 1 << 20
	for _, tt := range []struct {
		s    call.Store
		at   string
		want error
	}{
		{s, "", call.ErrBadCursor},
		{s, "1", call.ErrBadCursor},
		{s, "a.b", call.ErrBadCursor},
		{other, r.Cursor, call.ErrOldCursor},
		{s, c.String(), call.ErrOldCursor},
	} {
		if _, _, err := tt.s.Follow(t.Context(), call.Query{PerPage: 1}, tt.at); !errors.Is(err, tt.want) {
			t.Errorf("cursor %q: %v, want %v", tt.at, err, tt.want)
		}
	}
}

// The id of a deleted call is not reused, not even after a restart: readers that continue after it would miss the new
// call.
func idsAreNotUsedAgain(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{})
	r := NewReader(call.CursorStart, 10)
	used := make(map[int64]bool)
	last := int64(0)
	for n := range int64(12) {
		u := UploadOf(n)
		id := Put(t, s, u)
		if used[id] || id <= last {
			t.Errorf("call %d gets the id %d after %d", n, id, last)
		}
		used[id], last = true, id
		r.ReadAll(t, s)
		if r.Seen[id] != 1 {
			t.Errorf("call %d was seen %d times", id, r.Seen[id])
		}
		if n%3 == 2 { // all of them
			if _, err := s.Expire(t.Context(), Noon().Add(time.Hour), 100); err != nil {
				t.Fatal(err)
			}
			r.ReadAll(t, s)
		}
		if n%4 == 3 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = b.mustOpen(t, dir, Options{})
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
