package defect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
)

// broken opens a real store with a defect.
func broken(t *testing.T, name string) (call.Store, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	d, err := Parse(name, dir)
	if err != nil {
		t.Fatal(err)
	}
	set := Set{d}
	t.Cleanup(func() {
		set.Stop()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return set.Store(store), dir
}

// upload returns call n, a minute after the previous one and of its own talkgroup.
func upload(n int) *call.Upload {
	audio := []byte(strings.Repeat("audio", 20))
	return &call.Upload{
		Call: rdio.Call{
			System: 1, Talkgroup: int64(100 + n), Time: time.Unix(1_700_000_000+int64(60*n),
				0).UTC(), AudioName: fmt.Sprintf("%d.mp3", n),
		},
		Received: time.Unix(1_700_000_000, 0), Audio: audio, Size: int64(len(audio)),
	}
}

func stored(t *testing.T, s call.Store) int64 {
	t.Helper()
	_, total, err := s.Calls(t.Context(), call.Query{SortBy: call.SortID, Page: 1, PerPage: 1})
	if err != nil {
		t.Fatal(err)
	}
	return total
}

func TestLossyQueueLoses(t *testing.T) {
	dir := t.TempDir()
	real, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer real.Close()
	d, err := Parse("lossy-queue=rate:1", dir)
	if err != nil {
		t.Fatal(err)
	}
	set := Set{d}
	s := set.Store(real)
	for n := range 20 {
		if _, err := s.Put(t.Context(), upload(n)); err != nil {
			t.Fatal(err)
		}
	}
	set.Stop()
	if n := stored(t, s); n >= 20 {
		t.Errorf("%d of 20 acknowledged calls are stored, want some lost", n)
	}
}

func TestPoolRunsOut(t *testing.T) {
	s, _ := broken(t, "pool-exhaustion=connections:1,hold:300ms,timeout:50ms")
	var failed int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			if _, err := s.Put(context.Background(), upload(n)); err != nil {
				mu.Lock()
				failed++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if failed != 3 {
		t.Errorf("%d of 4 calls found no connection, want 3", failed)
	}
	if p := s.Stats().Pool; p.Max != 1 || p.Waits != 3 || p.Waited <= 0 {
		t.Errorf("pool %+v, want 1 connection and 3 waits", p)
	}
}

func TestLockedDatabaseStillStores(t *testing.T) {
	s, _ := broken(t, "locked-database=hold:100ms,free:20ms")
	for n := range 3 {
		if _, err := s.Put(t.Context(), upload(n)); err != nil {
			t.Fatal(err)
		}
	}
	if n := stored(t, s); n != 3 {
		t.Errorf("%d calls stored, want 3", n)
	}
}

func TestDroppedDuplicates(t *testing.T) {
	s, _ := broken(t, "dropped-duplicates=1h")
	if _, err := s.Put(t.Context(), upload(0)); err != nil {
		t.Fatal(err)
	}
	same := upload(1)
	same.Call.Talkgroup = upload(0).Call.Talkgroup
	if _, err := s.Put(t.Context(), same); !errors.Is(err, call.ErrDuplicate) {
		t.Errorf("a call a minute later: %v, want it refused as a duplicate", err)
	}
}

func TestSmallQueueRefuses(t *testing.T) {
	s, _ := broken(t, "small-queue=places:1,work:300ms")
	results := make(chan error, 3)
	for n := range 3 {
		go func() {
			_, err := s.Put(context.Background(), upload(n))
			results <- err
		}()
	}
	full := 0
	for range 3 {
		if errors.Is(<-results, call.ErrFull) {
			full++
		}
	}
	if full == 0 {
		t.Error("no call was refused")
	}
}

func TestLeakKeepsMemory(t *testing.T) {
	s, _ := broken(t, "memory-leak=1MB")
	for n := range 3 {
		if _, err := s.Put(t.Context(), upload(n)); err != nil {
			t.Fatal(err)
		}
	}
	if kept := s.(*leaking).kept; len(kept) != 3 || len(kept[0]) != 1_000_000 {
		t.Errorf("keeps %d pieces", len(kept))
	}
}

// answer sends a body to a handler with a defect.
func answer(t *testing.T, name, dir, body string) (*httptest.ResponseRecorder, Set) {
	t.Helper()
	d, err := Parse(name, dir)
	if err != nil {
		t.Fatal(err)
	}
	set := Set{d}
	h := set.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != body {
			t.Errorf("%s: the server was handed %q, %v", name, got, err)
		}
	}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/call-upload",
		strings.NewReader(body)))
	return w, set
}

func TestHandlersHandOnWhatCame(t *testing.T) {
	for _, name := range []string{
		"buffered-uploads", "temporary-files", "slow-clients", "blocking-work=1ms", "processor=1ms",
		"stalls=for:1ms,every:1h", "rate-limit",
		"overload",
	} {
		dir := t.TempDir()
		w, set := answer(t, name, dir, "a call")
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		left, err := filepath.Glob(filepath.Join(dir, "tmp", "*"))
		if err != nil {
			t.Fatal(err)
		}
		if litters := name == "temporary-files"; litters != (len(left) == 1) {
			t.Errorf("%s: left %v", name, left)
		}
		set.Stop()
		if _, err := os.Stat(filepath.Join(dir, "tmp")); err == nil {
			t.Errorf("%s: litter is there after the server has stopped", name)
		}
	}
	w, _ := answer(t, "unreliable=100", t.TempDir(), "a call")
	if w.Code != http.StatusInternalServerError {
		t.Errorf("unreliable=100: %d", w.Code)
	}
}

// The more requests an overloaded server gets, the less it does: each refusal costs part of an upload.
func TestOverload(t *testing.T) {
	b := newBucket(1e-9, 10) // it gains no tokens during the test
	h := overloaded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), b, 0.25)
	ask := func() int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/call-upload", nil))
		return w.Code
	}
	b.tokens = 2.5
	for i, want := range []int{200, 200, 503, 503, 503} { // half a token is left, and two refusals spend it
		if got := ask(); got != want {
			t.Errorf("upload %d: %d, want %d", i, got, want)
		}
	}
	if b.tokens > 1e-6 {
		t.Errorf("%v tokens are left, want none", b.tokens)
	}
}

func TestConnectionLimit(t *testing.T) {
	d, err := Parse("connection-limit=1", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Listener = Set{d}.Listener(srv.Listener)
	srv.Start()
	defer srv.Close()
	get := func(c *http.Client) error {
		resp, err := c.Get(srv.URL)
		if err == nil {
			_, err = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		return err
	}
	first, second := &http.Client{Transport: &http.Transport{}}, &http.Client{Transport: &http.Transport{}}
	defer first.CloseIdleConnections()
	if err := get(first); err != nil {
		t.Fatal(err)
	}
	if get(second) == nil {
		t.Error("a second connection was served while the first was open")
	}
}
