package terminal

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/capacity"
	"rdiostress/internal/delivery"
	"rdiostress/internal/field"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/scenario"
	"rdiostress/internal/testenv"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// While a run waits for its start, the line says how long it still does.
func TestWaitForTheStartCountsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said testenv.Output // the line is redrawn meanwhile
		shown := NewTrial(Screen{W: &said, IsTerminal: true})
		defer shown.Close()
		const wait = 11 * time.Second
		shown.Observe(event.AwaitingStart{Until: time.Now().Add(wait), Wait: wait, Window: 10 * time.Second})
		const why = ": a run may have just ended, and calls that begin within 10s are duplicates to this server"
		if got, want := said.String(), "rdiostress: waiting 11s"+why+"\n"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
		for _, want := range []string{
			"waiting 11s", "waiting 8s", "waiting 5s", "waiting 2s", "waiting 0s",
			"waiting 0s",
		} {
			shown.stage.mu.Lock()
			got := shown.stage.words()
			shown.stage.mu.Unlock()
			if got != want+why {
				t.Errorf("%q, want %q", got, want+why)
			}
			time.Sleep(3 * time.Second) // of the bubble's clock
		}
	})
}

// A wait that nobody notices is not told.
func TestShortWaitForTheStartIsNotTold(t *testing.T) {
	var said bytes.Buffer
	shown := NewTrial(Screen{W: &said})
	shown.Observe(event.AwaitingStart{Until: time.Now().Add(time.Second), Wait: time.Second})
	if shown.Close(); said.Len() > 0 {
		t.Errorf("said %q", said.String())
	}
}

// What a process calls itself and its files changes nothing on a terminal.
func TestFoundNamesArePrintable(t *testing.T) {
	const evil = "rdio\x1b[2J\r\nscanner"
	var out bytes.Buffer
	shown := NewTrial(Screen{W: &out})
	shown.Observe(event.StorageFound{Found: verification.Found{Where: evil, How: evil, Source: evil}})
	shown.Observe(event.StorageUnreadable{Why: evil})
	shown.Observe(event.Warning{Text: field.Message(evil)})
	shown.Close()
	if lines := strings.Count(out.String(), "\n"); strings.ContainsAny(out.String(), "\x1b\r") || lines != 3 {
		t.Errorf("says %q", out.String())
	}
}

// On a terminal, the line that says where storage is looked at takes the place of the one that says what is done.
func TestAnnouncedInPlaceOfTheStage(t *testing.T) {
	var out bytes.Buffer
	shown := NewTrial(Screen{W: &out, IsTerminal: true})
	shown.stage.mu.Lock()
	shown.stage.shown = true
	shown.stage.mu.Unlock()
	shown.Observe(event.StorageFound{Found: verification.Found{Where: "calls.db", How: "open", Source: "a test"}})
	shown.Close()
	if want := clearLine + "rdiostress: verifying storage in calls.db (a test), found open\n"; out.String() != want {
		t.Errorf("writes %q, want %q", out.String(), want)
	}
}

// A narrow terminal has what matters of the run, up to how many calls are stored: whole words, in one line.
func TestProgressFitsTheTerminal(t *testing.T) {
	p := progress{scenario: scenario.Scenario{Retries: scenario.Retries{On: true}}}
	p.update(event.Second{
		Snapshot: measure.Snapshot{
			Phase: "warm-up", Accepted: 12_345, Failed: 12, P95: 27 * time.Millisecond, P95Of: 12_345, InFlight: 50,
			Attempts: 12_400, Last: measure.Interval{PerSecond: 102.87},
		},
		Storage: &verification.Progress{Progress: delivery.Progress{Stored: 12_000, Acknowledged: 12_300}},
	})
	const (
		short = "102.9/s, 12345 accepted, 12000 of 12300 stored"
		most  = short + ", 12 failed, p95 27.0 ms"
		all   = "warm-up, " + most + ", 50 in flight, 55 attempts failed, 0 calls to be sent again"
	)
	clock := len("1m12s of 2m ") + 1
	for columns, want := range map[int]string{
		wide: all, 200: all, 80 - clock: most[:len(most)-len(", p95 27.0 ms")], 90 - clock: most, 60 - clock: short,
		9: "102.9/s", 1: "102.9/s",
	} {
		if got := p.format(columns); got != want {
			t.Errorf("in %d columns: %q, want %q", columns, got, want)
		}
	}
}

// What a search finds out while it prepares a step is a line of its own, after which the step's line goes on.
func TestStorageFoundKeepsTheLineOfASearch(t *testing.T) {
	var out bytes.Buffer
	s := NewSearch(Screen{W: &out, IsTerminal: true})
	s.Observe(capacity.Preparing{RatePerS: 50})
	out.Reset()
	found := event.StorageFound{Found: verification.Found{Where: "calls.db", How: "open", Source: "a test"}}
	s.Observe(capacity.StorageFound{StorageFound: found})
	const want = "rdiostress: verifying storage in calls.db (a test), found open\n" + clearLine + "0s: preparing 50/s"
	if got := out.String(); got != clearLine+want {
		t.Errorf("writes %q", got)
	}
	s.Close()
}

// Lines of progress and of hours show no 95th percentile of fewer than 20 uploads.
func TestProgressHidesPercentilesOfFewUploads(t *testing.T) {
	for _, n := range []uint64{11, 19, 20} {
		want := "p95 40.0 ms,"
		if n < 20 {
			want = "p95 –,"
		}
		var p progress
		p.update(event.Second{Snapshot: measure.Snapshot{Accepted: n, P95: 40 * time.Millisecond, P95Of: n}})
		if words := p.format(wide); !strings.Contains(words, want) {
			t.Errorf("%d uploads: %q has no %q", n, words, want)
		}
		var said strings.Builder
		s := NewSearch(Screen{W: &said, IsTerminal: true})
		last := measure.Interval{Accepted: n, P95: 40 * time.Millisecond}
		s.Observe(capacity.Holding{RatePerS: 2, Snapshot: measure.Snapshot{Last: last}})
		p95 := 0.04
		s.Observe(capacity.Ended{CapacityStep: report.CapacityStep{
			OK: true, P95S: &p95,
			FewSamples: measure.FewSamples(n, "p95_s"),
		}})
		s.Close()
		if got := strings.Count(said.String(), "40.0 ms"); got != map[bool]int{true: 2}[n >= 20] {
			t.Errorf("%d uploads in a second and in a step: %q", n, said.String())
		}
	}
}
