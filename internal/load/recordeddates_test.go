package load

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay"
)

// busyArchive makes one of 40 calls of one talkgroup, three seconds apart, of which every tenth was recorded twice.
func busyArchive(t *testing.T) *replay.Archive {
	t.Helper()
	dir := t.TempDir()
	for i := range 44 {
		at := 1_772_384_400 + 3*min(i, 39)
		if i >= 40 {
			at = 1_772_384_400 + 30*(i-40)
		}
		stem := filepath.Join(dir, fmt.Sprintf("1001-%d_851012500.0-call_%d", at, i))
		side := fmt.Sprintf(`{"talkgroup":1001,"start_time":%d,"short_name":"net"}`, at)
		writeRecording(t, stem, side, make([]byte, 100))
	}
	return openArchive(t, dir)
}

// Replays one after the other, at whatever speed, send a server that drops duplicates none but what was recorded twice.
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
		s := testScenario()
		s.URL, s.MaxConcurrent = server, 4
		a := busyArchive(t)
		s.Replay = replayOf(a, speed)
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

// Dates rise as recorded times do, are never in the future, and those of runs one after the other have no second in common.
func TestTilesAreApart(t *testing.T) {
	for _, speed := range []int64{1, 2, 10, 60, 1000} {
		seen := make(map[time.Time]bool)
		start := time.Date(2026, 11, 24, 12, 0, 0, 300_000_000, time.UTC)
		for range 3 {
			const length = 17 * time.Second
			x := newTiling(start, length+700*time.Millisecond, length*time.Duration(speed), time.Second, 0)
			var last time.Time
			for at := time.Duration(0); at < length*time.Duration(speed); at += time.Second {
				date := x.date(at)
				if due := start.Add(at / time.Duration(speed)); !date.After(last) || seen[date] || date.After(due.Add(-50*time.Second)) || due.Sub(date) > 7*24*time.Hour {
					t.Fatalf("speed %d: %v is dated %v after %v", speed, at, date, last)
				}
				last, seen[date] = date, true
			}
			start = start.Add(length + time.Second)
		}
	}
}

// Calls of a talkgroup keep their distances, move on where they would share a second, and are duplicates only where the recordings
// are: of one system, within half a second.
func TestReplayDates(t *testing.T) {
	d := replayDates{tiling: newTiling(start, time.Hour, time.Hour, time.Second, 0), recent: make(map[talkgroupKey]*recentCalls)}
	for _, tt := range []struct {
		label         string
		ms, wantMs    int
		wantDuplicate bool
	}{
		{"a", 0, 0, false},
		{"a", 400, 0, true},
		{"a", 700, 1000, false},  // a call of its own, in the same second
		{"a", 1800, 2000, false}, // whose second is taken now
		{"b", 2300, 3000, false}, // another system's of the same number
		{"a", 9000, 9000, false},
		{"a", 8000, 8000, false}, // it ended later
		{"a", 8400, 8000, true},
		{"a", -500, 0, true}, // began before the first ended
	} {
		c := rdio.Call{System: 11, Talkgroup: 1001, SystemLabel: tt.label}
		date, duplicate := d.place(&c, time.Duration(tt.ms)*time.Millisecond)
		if got := date.Sub(d.first); got != time.Duration(tt.wantMs)*time.Millisecond || duplicate != tt.wantDuplicate {
			t.Errorf("%d ms of %s: dated %v, a duplicate: %t", tt.ms, tt.label, got, duplicate)
		}
	}
}

// An original knows of its duplicate, since that may overtake it.
func TestOriginalsKnowTheirDuplicates(t *testing.T) {
	s := testScenario()
	a := busyArchive(t)
	s.Replay = replayOf(a, 100)
	s.Duration = s.Replay.Length()
	r := newReplayer(s, a, start)
	defer r.start()()
	originals, duplicates := 0, 0
	for rec := range r.ready {
		if rec.Duplicate {
			duplicates++
		} else if rec.Echoed {
			originals++
		}
	}
	if originals != 4 || duplicates != 4 {
		t.Errorf("%d originals of %d duplicates, want 4 of 4", originals, duplicates)
	}
}
