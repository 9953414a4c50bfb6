package traffic

import (
	"strings"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/replay/replaytest"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// DescribeDates says how calls will be dated.
func TestDescribeDates(t *testing.T) {
	for want, change := range map[string]func(*scenario.Scenario){
		"calls are dated about a minute back, and hours back where a talkgroup has more than one a " +
			"second": func(*scenario.Scenario) {},
		"calls are dated about a minute back": func(s *scenario.Scenario) {
			s.Rate, s.Duration = 0.1, 10*time.Second
		},
		"as this is one of several generators": func(s *scenario.Scenario) {
			s.Rate, s.Generator = 1, scenario.GeneratorID{Number: 2, Of: 2}
		},
		"a minute back; what a talkgroup has beyond one in 2 s, up to about": func(s *scenario.Scenario) {
			s.Rate, s.DuplicateWindow = 50, 1500*time.Millisecond
		},
	} {
		s := uploadtest.Scenario()
		change(s)
		got := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}}).DescribeDates(s)
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A replay is described in the result.
func TestReplayIsRecorded(t *testing.T) {
	s, a := uploadtest.Scenario(), replaytest.Archive(t)
	s.Replay = replaytest.Scenario(a, 10)
	s.Duration = s.Replay.Length()
	calls := New(s, Options{RunID: "abc", Start: start, Archive: a})
	if !calls.Waits() || calls.Schedule(s).Count(time.Hour) != 9 {
		t.Errorf("%d calls are due", calls.Schedule(s).Count(time.Hour))
	}
	defer calls.Start()()
	var r upload.Request
	sent := 0
	for n := range uint64(9) {
		if calls.Next(n, 0, &r); !r.Skip {
			sent++
		}
	}
	var res measure.Result
	calls.Record(&res, measure.NewRecorder())
	if got := res.Traffic.Replay; sent != 8 || got.Files != 10 || got.Encrypted != 1 || got.Unreadable != 1 ||
		len(got.Skipped) != 2 {
		t.Errorf("%d were sent: %+v", sent, got)
	}
	if !strings.Contains(res.Traffic.Dates, "keep their distances") || calls.DescribeDates(s) != res.Traffic.Dates {
		t.Error(res.Traffic.Dates)
	}
}

// An extra call is no duplicate of any other.
func TestExtra(t *testing.T) {
	s := uploadtest.Scenario()
	s.Rate = 5
	calls := New(s, Options{RunID: "abc", Start: start, Clips: uploadtest.Silence{}})
	seen := make(map[dated]bool)
	var r upload.Request
	for n := range uint64(200) {
		if calls.Next(n, 0, &r) {
			seen[dated{r.System, r.Talkgroup, r.Time.Unix()}] = true
		}
		if calls.Extra(1<<40+n, 0, &r) && seen[dated{r.System, r.Talkgroup, r.Time.Unix()}] {
			t.Fatalf("%+v comes again", r.Call)
		}
	}
	if calls.Waits() || calls.Schedule(s).Count(time.Minute) != 300 {
		t.Errorf("%d calls are due", calls.Schedule(s).Count(time.Minute))
	}
	calls.Start()()
	var res measure.Result
	calls.Record(&res, measure.NewRecorder())
	if !strings.Contains(res.Traffic.Dates, "calls are dated about a minute back") {
		t.Error(res.Traffic.Dates)
	}
}
