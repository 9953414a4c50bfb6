package traffic

import (
	"testing"
	"time"

	"rdiostress/internal/rdio"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/upload/uploadtest"
)

// Later recorded times have later dates, which are never in the future. Consecutive runs share no second.
func TestTilesAreApart(t *testing.T) {
	for _, speed := range []int64{1, 2, 10, 60, 1000} {
		seen := make(map[time.Time]bool)
		start := time.Date(2026, 11, 24, 12, 0, 0, 300_000_000, time.UTC)
		for range 3 {
			const length = 17 * time.Second
			covered := length * time.Duration(speed)
			x := newTiling(start, covered, float64(speed), time.Second, 0)
			var last time.Time
			for at := time.Duration(0); at < covered; at += time.Second {
				date := x.date(at)
				if due := start.Add(at / time.Duration(speed)); !date.After(last) || seen[date] ||
					date.After(due.Add(-50*time.Second)) || due.Sub(date) > 7*24*time.Hour {
					t.Fatalf("speed %d: %v is dated %v after %v", speed, at, date, last)
				}
				last, seen[date] = date, true
			}
			if back := start.Add(length).Sub(last); back < 59*time.Second || back > 62*time.Second {
				t.Errorf("speed %d: the last is dated %v back", speed, back)
			}
			start = start.Add(length + time.Second)
		}
	}
}

// Calls of a talkgroup keep their distances, are moved if they would be within a second, and are duplicates only if
// their recordings are: of one system, within half a second.
func TestReplayDates(t *testing.T) {
	d := replayDates{
		tiling: newTiling(start, time.Hour, 1, time.Second, 0),
		recent: make(map[talkgroupKey][]datedCall),
	}
	for _, tt := range []struct {
		label         string
		ms, wantMs    int
		wantDuplicate bool
	}{
		{"a", 0, 0, false},
		{"a", 400, 0, true},
		{"a", 700, 1000, false},  // a call of its own, within a second
		{"a", 1800, 2000, false}, // of whose second some is taken now
		{"b", 2300, 3000, false}, // another system's of the same number
		{"a", 9000, 9000, false},
		{"a", 8000, 8000, false}, // out of order
		{"a", 8400, 8000, true},
		{"a", -500, 0, true}, // out of order
	} {
		c := rdio.Call{System: 11, Talkgroup: 1001, SystemLabel: tt.label}
		date, duplicate := d.place(&c, time.Duration(tt.ms)*time.Millisecond)
		want := time.Duration(tt.wantMs) * time.Millisecond
		if got := date.Sub(d.date(0)); got != want || duplicate != tt.wantDuplicate {
			t.Errorf("%d ms of %s: dated %v, a duplicate: %t", tt.ms, tt.label, got, duplicate)
		}
	}
}

// An original knows that it has a duplicate, which may overtake it.
func TestOriginalsKnowTheirDuplicates(t *testing.T) {
	s := uploadtest.Scenario()
	a := replaytest.BusyArchive(t)
	s.Replay = replaytest.Scenario(a, 100)
	s.Duration = s.Replay.Length()
	r := newReplayer(s, a, start)
	defer r.start()()
	originals, duplicates := 0, 0
	for rec := range r.ready {
		if rec.Duplicate {
			duplicates++
		} else if rec.HasDuplicate {
			originals++
		}
	}
	if originals != 4 || duplicates != 4 {
		t.Errorf("%d originals of %d duplicates, want 4 of 4", originals, duplicates)
	}
}

func TestReplaySchedule(t *testing.T) {
	a := replaytest.Archive(t)
	replay := replaytest.Scenario(a, 2)
	r := &replayer{Replay: &replay, archive: a}
	// One of the ten is encrypted.
	if n := r.Count(time.Hour); n != 9 || r.Due(9) < time.Hour || r.Due(8) != (r.Span+500*time.Millisecond)/2 {
		t.Errorf("%d calls, the last at %v", n, r.Due(8))
	}
	r.Loop = true
	if got, want := r.Due(9), r.Round()/2; got != want || r.Round()-r.Span < 10*time.Second {
		t.Errorf("the second round begins at %v, want %v", got, want)
	}
	if n := r.Count(r.Due(25)); n != 25 {
		t.Errorf("%d calls before the 26th", n)
	}
}
