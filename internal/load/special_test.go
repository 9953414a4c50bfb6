package load

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/radio"
	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// However a server answers intentional duplicates, it has no part in the score.
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
	eachTarget(t, drops, func(t *testing.T, s *Scenario, open func(*Scenario) (Target, error)) {
		s.DuplicateRatio, s.Total = 0.1, 200
		res := runReal(t.Context(), t, s, open)
		d := res.Traffic.Duplicates
		if d == nil || d.Rejected != 20 || d.Sent != 20+d.Accepted || d.Failed != 0 {
			t.Fatalf("duplicates %+v", d)
		}
		// Where a duplicate came first, it was accepted, and its original dropped: both are duplicates then.
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

// archive makes a small archive: ten calls, half a second apart, one of them encrypted and one without its audio.
func archive(t *testing.T) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	for i := range 10 {
		at := 1_772_384_400 + i/2
		stem := filepath.Join(dir, fmt.Sprintf("%d-%d_851012500.0-call_%d", 1001+i, at, i))
		encrypted := 0
		if i == 3 {
			encrypted = 1
		}
		side := fmt.Sprintf(`{"talkgroup":%d,"start_time":%d,"encrypted":%d,"short_name":"net%d"}`, 1001+i, at, encrypted, i%2)
		audio := make([]byte, 100+i)
		if i == 5 {
			audio = nil
		}
		writeRecording(t, stem, side, audio)
	}
	return openArchive(t, dir)
}

// writeRecording writes a recording and its sidecar.
func writeRecording(t *testing.T, stem, side string, audio []byte) {
	t.Helper()
	for name, text := range map[string][]byte{stem + ".json": []byte(side), stem + ".ogg": audio} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func openArchive(t *testing.T, dir string) *replay.Archive {
	t.Helper()
	a, err := replay.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// replayOf sends recordings at a speed.
func replayOf(a *replay.Archive, speed float64) Replay {
	return Replay{Recordings: a.Len(), Span: a.Span(), Speed: speed}
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
			s := testScenario()
			s.URL, s.MaxConcurrent = server, 1
			a := archive(t)
			s.Replay = replayOf(a, 20)
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
				if step > 0 {
					step %= radio.LaneGap // from one part of the time to the next
				}
				if step < 0 || step > 2*time.Second && (step < loopGap || step > loopGap+time.Second) {
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

func TestReplaySchedule(t *testing.T) {
	a := archive(t)
	replay := replayOf(a, 2)
	r := &replayer{Replay: &replay, archive: a}
	if n := r.Count(time.Hour); n != 10 || r.Due(10) < time.Hour || r.Due(9) != r.Span/2 {
		t.Errorf("%d calls, the last at %v", n, r.Due(9))
	}
	r.Loop = true
	if got, want := r.Due(10), (r.Span+loopGap)/2; got != want {
		t.Errorf("the second round begins at %v, want %v", got, want)
	}
	if n := r.Count(r.Due(25)); n != 25 {
		t.Errorf("%d calls before the 26th", n)
	}
	r.Speed = 100_000
	if err := r.validate(time.Minute); err == nil {
		t.Error("a replay of 69 days is taken")
	}
}

// newServer returns the address of a server for the length of the test.
func newServer(t *testing.T, handler http.HandlerFunc) string {
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}
