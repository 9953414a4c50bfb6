package load

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload/uploadtest"
)

// Intentional duplicates do not count in the score, however the server answers them.
func TestDuplicatesAreReportedApart(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[string]bool)
	drops := func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		key := fmt.Sprint(r.Host, r.FormValue("system"), r.FormValue("talkgroup"), r.FormValue("dateTime"))
		mu.Lock()
		defer mu.Unlock()
		if seen[key] {
			_, _ = io.WriteString(w, rdio.PhraseDuplicate)
			return
		}
		seen[key] = true
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}
	eachTarget(t, drops, func(t *testing.T, s *scenario.Scenario, open opener) {
		s.DuplicateRatio, s.Total = 0.1, 200
		res := runReal(t.Context(), t, s, open)
		d := res.Traffic.Duplicates
		if d == nil || d.Rejected != 20 || d.Sent != 20+d.Accepted || d.Failed != 0 {
			t.Fatalf("duplicates %+v", d)
		}
		// If a duplicate came first, it was accepted and its original dropped. Then both are duplicates.
		if res.Totals.Attempted != 180-d.Accepted || res.Totals.Failed != 0 || res.Totals.Unsent != 0 {
			t.Errorf("%+v beside %+v, want 180 calls", res.Totals, d)
		}
		series := uint64(0)
		for _, p := range res.Series {
			series += p.Attempted
		}
		if series != res.Totals.Attempted {
			t.Errorf("the series has %d uploads, want %d", series, res.Totals.Attempted)
		}
	})
}

// Recorded calls come in their order, dated as far apart as they were recorded and before now.
func TestReplay(t *testing.T) {
	for name, loop := range map[string]bool{"once": false, "twice": true} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got []string
			var times []time.Time
			takes := func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseMultipartForm(1 << 20); err != nil {
					t.Error(err)
				}
				_, file, err := r.FormFile("audio")
				if err != nil {
					t.Error(err)
				}
				var at int64
				_, _ = fmt.Sscan(r.FormValue("dateTime"), &at)
				mu.Lock()
				got = append(got, fmt.Sprint(r.FormValue("system"), " ", r.FormValue("talkgroup"), " ", file.Size))
				times = append(times, time.Unix(at, 0))
				mu.Unlock()
				if time.Since(time.Unix(at, 0)) < 50*time.Second {
					t.Errorf("a call is dated %v", time.Since(time.Unix(at, 0)))
				}
				_, _ = io.WriteString(w, rdio.PhraseImported)
			}
			server := newServer(t, takes)
			s := uploadtest.Scenario()
			s.URL, s.MaxConcurrent = server, 1
			a := replaytest.Archive(t)
			s.Replay = replaytest.Scenario(a, 20)
			s.Replay.Loop = loop
			s.Duration = s.Replay.Length()
			rounds := 1
			if loop {
				s.Duration, rounds = 1400*time.Millisecond, 2 // the third begins after 1.5 s
			}
			if err := s.Validate(); err != nil {
				t.Fatal(err)
			}
			res := runReal(t.Context(), t, s, accuracyTargets["loops"], a)
			var want []string
			for range rounds {
				for i := range 10 {
					if i != 3 && i != 5 {
						want = append(want, fmt.Sprintf("%d %d %d", 11+i%2, 1001+i, 100+i))
					}
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("received\n%v\nwant\n%v", got, want)
			}
			for i := 1; i < len(times); i++ {
				step := times[i].Sub(times[i-1])
				// From one part of the time to a later one; the parts are as long as the run.
				parts := (step + radio.LaneGap/2) / radio.LaneGap
				step -= parts * (radio.LaneGap - (s.Duration + time.Second - 1).Truncate(time.Second))
				if step < 0 || step > 2*time.Second && (step < 10*time.Second || step > 11*time.Second) {
					t.Errorf("a call is dated %v after the one before it", step)
				}
			}
			r := res.Traffic.Replay
			if r.Files != 10 || r.Encrypted != 1 || r.Unreadable != 1 || len(r.Skipped) != 2 {
				t.Errorf("%+v, %d unsent", r, res.Totals.Unsent)
			}
		})
	}
}

// newServer returns the address of a server for the length of the test.
func newServer(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// Consecutive replays at any speed send only duplicates that were recorded twice to a server that drops duplicates.
func TestReplaysOneAfterTheOther(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[string]bool)
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseMultipartForm(1 << 20)
		key := r.FormValue("system") + " " + r.FormValue("talkgroup") + " " + r.FormValue("dateTime")
		mu.Lock()
		defer mu.Unlock()
		if seen[key] {
			_, _ = io.WriteString(w, rdio.PhraseDuplicate)
			return
		}
		seen[key] = true
		_, _ = io.WriteString(w, rdio.PhraseImported)
	})
	for _, speed := range []float64{100, 100, 60, 200} {
		s := uploadtest.Scenario()
		s.URL, s.MaxConcurrent = server, 4
		a := replaytest.BusyArchive(t)
		s.Replay = replaytest.Scenario(a, speed)
		s.Duration = s.Replay.Length()
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		res := runReal(t.Context(), t, s, accuracyTargets["loops"], a)
		d := res.Traffic.Duplicates
		if d == nil || d.Sent < 4 || d.Failed != 0 {
			t.Fatalf("duplicates: %+v", d)
		}
		// An original that its duplicate has overtaken counts with the duplicates.
		if res.Totals.Failed != 0 || res.Totals.Attempted+d.Sent != 44 || res.Totals.Attempted > 40 {
			t.Errorf("at speed %g: %+v beside %+v", speed, res.Totals, d)
		}
	}
}
